"""The file of `sidelight report --html` in a real browser: it loads nothing, and everybody can read it."""

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

from sidelight import report
from tests.stories import START, Story

pytestmark = pytest.mark.browser

WEEK = 7 * 24 * 3_600_000
EVIL = "<img src=x onerror='window.pwned=1'><script>window.pwned=1</script></title></svg>"
KINDS = ("empty", "full", "hostile")


def written(tmp_path, kind):
    """The report of a ledger in which nothing was done, or two met; and one whose every word is the worst there is."""
    story = Story(tmp_path)
    if kind != "empty":
        one, two = story.session("one"), story.session("two")
        for who in (one, two):
            who.announces("calm the alarms", area="monitoring")
            who.edits("/repo/src/a.py")
        story.store.outcome(two.runs("git reset --hard").id or "", "denied")
    found = report.gather(story.store, START - WEEK, story.now)
    story.close()
    if kind == "hostile":
        found = found._replace(
            kinds=tuple(one._replace(kind=EVIL) for one in found.kinds),
            files=tuple(one._replace(file=EVIL) for one in found.files),
            near_misses=tuple(one._replace(later=EVIL, earlier=EVIL, resource=EVIL) for one in found.near_misses),
        )
    file = tmp_path / "report.html"
    file.write_text(report.page(found))
    return str(file.as_uri())


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_loads_nothing_and_runs_nothing(browser, tmp_path, kind):
    address, asked = written(tmp_path, kind), []
    page = browser.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address, wait_until="networkidle")
    assert asked == [address]
    assert page.evaluate("window.pwned") is None
    assert page.locator("script, img, iframe, object, link").count() == 0
    if kind == "hostile":
        assert page.locator("body").inner_text().count(EVIL) >= 5
    page.close()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1100])
def test_axe_finds_nothing_wrong_with_a_report(browser, tmp_path, kind, scheme, width):
    page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True)
    page.goto(written(tmp_path, kind))
    found = Axe().run(page).response["violations"]
    assert [one["id"] for one in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.close()
