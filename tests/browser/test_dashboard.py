"""The page in a real browser: what people see of sessions that act, while they act."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import expect

from sidelight import facts
from tests.server import life
from tests.server.running import serving

pytestmark = pytest.mark.browser

WIDTHS = (390, 1024, 1600)
VIEW = "**/coordination/view*"


def announce(server, session, activity, **more):
    answer = server.client(session=session).post("/coordination/intent", json={"activity": activity, **more})
    assert answer.status_code == 201, answer.text


def rows(page):
    """The actions of the Activity list, oldest first, by their places in the record."""
    page.locator("#tab-activity").click()
    return [int(one.get_attribute("data-seq")) for one in reversed(page.locator("#activity .item").all())]


# ── seeing it happen ──


def test_who_types_the_token_sees_two_sessions_meet_without_a_reload(server, visit):
    page, asked = visit(server, signed_in=False), []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_label("One-time code, or the token").fill("not the token")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("sidelight dashboard")
    page.get_by_label("One-time code, or the token").fill(server.token)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Nobody to see")).to_be_visible()
    assert server.token not in page.url
    (cookie,) = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert page.evaluate("document.cookie") == ""
    page.evaluate("window.sameDocument = true")

    announce(server, "alpha", "calm the redrive alarms", area="monitoring")
    expect(page.locator("#lanes .lane")).to_have_count(1)
    announce(server, "beta", "switch the redrive off", area="monitoring")
    met = page.locator("#met .item")
    expect(met).to_have_count(1)
    expect(met).to_contain_text("switch the redrive off")
    expect(page.locator("#met")).not_to_contain_text(re.compile("false|null|undefined"))
    expect(page.locator("#lanes .name")).to_have_count(2)
    assert page.evaluate("window.sameDocument") is True

    met.click()
    detail = page.locator("#detail")
    expect(detail.locator(".side .who")).to_have_text(["alpha", "beta"])
    expect(detail).to_contain_text("calm the redrive alarms")
    expect(detail.get_by_role("heading", name="How to recover")).to_be_visible()
    assert asked
    assert all(one.startswith(server.url) and server.token not in one for one in asked), "nothing from elsewhere"


def test_the_policy_runs_no_text_that_came_from_elsewhere(server, browser):
    context = browser.new_context(base_url=server.url)
    page = context.new_page()
    page.goto("/")
    for attempt in (
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=window.pwned=1>')",
        "Object.assign(document.createElement('script'), { textContent: 'window.pwned = 1' })",
        "document.body.setAttribute('onclick', 'window.pwned = 1')",
    ):
        refused = page.evaluate(
            f"() => {{ try {{ {attempt}; return ''; }} catch (error) {{ return error.message; }} }}"
        )
        assert "Trusted" in refused, attempt
    assert page.evaluate("window.pwned") is None
    context.close()


ARRIVALS = """
window.arrived = 0;
window.EventSource = class extends EventSource {
  constructor(...given) {
    super(...given);
    this.addEventListener("action", () => { window.arrived += 1; });
  }
};
"""


@pytest.fixture
def stopped(visit):
    """Opens a page whose time stands still until a test lets it go on: its timers, its frames, its clock."""

    def opened(server):
        page = visit(server, signed_in=False)
        assert page.context.request.post("/session", data={"token": server.token}).ok
        page.add_init_script(ARRIVALS)
        page.clock.install(time=0)
        page.clock.pause_at(1_000)
        page.reload()
        expect(page.locator("#connection")).to_have_attribute("data-state", "live")
        return page

    return opened


def arrives(page, number):
    page.wait_for_function("(wanted) => window.arrived >= wanted", arg=number, polling=50)


def test_what_a_session_does_is_on_the_page_within_a_second_of_its_time(server, stopped):
    page = stopped(server)
    for number in range(1, 4):
        announce(server, "alpha", f"step {number}")
        arrives(page, number)
        page.clock.run_for(400)
        expect(page.locator("body")).to_have_attribute("data-marks", str(number))


def test_after_a_look_that_took_long_the_next_comes_soon_all_the_same(server, stopped):
    page, looks = stopped(server), []

    def slowly(route):
        looks.append(route)
        if len(looks) == 1:
            page.clock.run_for(5_000)
        route.continue_()

    page.route(VIEW, slowly)
    for number in (1, 2):
        announce(server, "alpha", f"step {number}")
        arrives(page, number)
        page.clock.run_for(450)
        expect(page.locator("body")).to_have_attribute("data-marks", str(number))


def test_signing_out_takes_the_record_out_of_sight(server, visit):
    announce(server, "alpha", "a private plan")
    page = visit(server)
    expect(page.locator("#lanes .lane")).to_have_count(1)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("One-time code, or the token")).to_be_focused()
    page.reload()
    expect(page.get_by_label("One-time code, or the token")).to_be_visible()
    expect(page.get_by_text("a private plan")).to_have_count(0)


def test_a_server_that_starts_again_leaves_no_gap_and_nothing_twice(home, visit):
    with serving(home) as first:
        port = first.url.rpartition(":")[2]
        page = visit(first)
        for number in range(3):
            announce(first, "alpha", f"step {number}")
        expect(page.locator("body")).to_have_attribute("data-marks", "3")
        first.stop()
        expect(page.locator("#connection")).to_have_attribute("data-state", re.compile("waiting|lost"))
    with serving(home, "--port", port) as again:
        for number in range(3, 6):
            announce(again, "beta", f"step {number}")
        expect(page.locator("#connection")).to_have_attribute("data-state", "live")
        expect(page.locator("body")).to_have_attribute("data-marks", "6")
        announce(again, "alpha", "step 6")
        expect(page.locator("body")).to_have_attribute("data-marks", "7")
        seen = rows(page)
        assert seen == [one["seq"] for one in again.client().get("/coordination/view").json()["marks"]]
        assert len(set(seen)) == 7


def test_a_page_that_cannot_look_says_why_and_asks_nobody_to_sign_in(server, visit):
    announce(server, "alpha", "calm the alarms")
    page = visit(server)
    page.route(VIEW, lambda route: route.abort())
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("does not answer")
    expect(page.get_by_label("One-time code, or the token")).to_be_hidden()
    page.unroute(VIEW)
    page.route(VIEW, lambda route: route.fulfill(status=503, json={"error": "the ledger is busy"}))
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("alert")).to_have_text("the ledger is busy")
    page.unroute(VIEW)
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#lanes .lane")).to_have_count(1)

    page.route(VIEW, lambda route: route.fulfill(status=500, body="<html>oops"))
    page.get_by_role("button", name="15 min").click()
    expect(page.locator("#problem")).to_contain_text("could not answer (500)")
    expect(page.locator("#lanes .lane")).to_have_count(1)
    page.unroute(VIEW)
    page.get_by_role("button", name="1 h", exact=True).click()
    expect(page.locator("#problem")).to_be_empty()


def test_while_the_first_look_takes_its_time_the_page_says_so(server, visit):
    page = visit(server, signed_in=False)
    page.route(VIEW, lambda route: None)
    page.reload()
    expect(page.get_by_text("Reading the record…")).to_be_visible()
    page.unroute_all(behavior="ignoreErrors")
    page.reload()
    expect(page.get_by_label("One-time code, or the token")).to_be_focused()
    expect(page.get_by_text("Reading the record…")).to_be_hidden()


def test_an_intent_is_shown_with_its_end(server, visit):
    client = server.client(session="alpha")
    activity = {"activity": "calm the alarms"}
    known = client.post("/coordination/intent", json=activity).json()["id"]
    assert client.post(f"/coordination/intent/{known}/finish").status_code == 200
    page = visit(server)
    page.locator("#tab-activity").click()
    item = page.locator("#activity .item")
    expect(item).to_contain_text("finished, after ")
    item.click()
    expect(page.locator("#detail .facts")).to_contain_text("Over")


# ── foreign text ──

# What is narrated has its brackets turned round by the server; names are left as they are.
SHOWN = re.compile(r"[<(]img src=x")
EVIL = "<img src=x onerror='window.pwned=1'><script>window.pwned=1</script>"
IN_BRACKETS = "&lt;b&gt;${window.pwned=1}\"'`</title>"


def test_text_of_others_stays_text_wherever_it_stands(server, home, visit):
    story = life.Life(home)
    story.at(2)
    one = story.joins(name=f"s{EVIL}", agent=f"a{EVIL}", host=f"h{EVIL}", branch=f"b{EVIL}")
    assert one.me is not None
    one.me = one.me._replace(tree=f"/t{EVIL}")
    two = story.joins(name="plain", branch=IN_BRACKETS)
    for who in (one, two):
        who.announces(f"activity {EVIL} {IN_BRACKETS}", f"area{EVIL}", targets=(f"config:k{EVIL}", f"path:/p{EVIL}"))
        who.sets(f"setting{EVIL}", EVIL)
    one.edits(f"/src/shop/{EVIL}.py")
    two.edits(f"/src/shop-checkout/{EVIL}.py")
    two.edits(f"/src/shop/{EVIL}.py")
    story.close()
    # The page's policy would stop a script as well; here its own escaping has to.
    page = visit(server, bypass_csp=True)
    expect(page.locator("#lanes .lane")).not_to_have_count(0)
    expect(page.locator("#lanes .lane").filter(has_text="<img src=x")).not_to_have_count(0)

    for tab in ("met", "activity", "elsewhere"):
        page.locator(f"#tab-{tab}").click()
        panel = page.get_by_role("tabpanel")
        expect(panel).to_contain_text(SHOWN)
        for place in range(min(4, panel.locator(".item").count())):
            panel.locator(".item").nth(place).click()
            expect(page.locator("#detail")).to_contain_text(SHOWN)
            page.keyboard.press("Escape")
    assert page.locator("img, script:not([src]), #app b, #app title").count() == 0
    assert page.evaluate("window.pwned") is None


# ── with the keyboard ──


@pytest.fixture
def seen(server, home, visit):
    """A page with two sessions on it that edited the same two files."""
    story = life.Life(home)
    story.at(5)
    alpha, beta = story.joins(name="alpha"), story.joins(name="beta")
    for file in ("a", "b"):
        alpha.edits(f"/src/shop/{file}.py")
        beta.edits(f"/src/shop/{file}.py")
    story.close()
    page = visit(server)
    expect(page.locator("#met .item")).not_to_have_count(0)
    return page


def test_the_lists_are_reached_and_read_with_the_keyboard(seen):
    page, keys = seen, seen.keyboard
    keys.press("Tab")
    expect(page.get_by_role("link", name="Skip to what met")).to_be_focused()
    keys.press("Enter")
    expect(page.locator("#panel")).to_be_focused()

    keys.press("a")
    expect(page.locator("#tab-activity")).to_be_focused()
    keys.press("Tab")
    keys.press("Tab")
    item = page.locator("#activity .item").first
    expect(item).to_be_focused()
    keys.press("ArrowDown")
    second = page.locator("#activity .item").nth(1)
    expect(second).to_be_focused()
    keys.press("Enter")
    expect(page.locator("#detail")).to_be_focused()
    expect(page.locator("#detail h2")).to_be_visible()
    keys.press("Escape")
    expect(page.locator("#detail")).to_be_hidden()
    expect(second).to_be_focused()

    keys.press("m")
    expect(page.locator("#met")).to_be_visible()
    keys.press("ArrowRight")
    keys.press("ArrowRight")
    expect(page.locator("#tab-elsewhere")).to_be_focused()
    expect(page.locator("#elsewhere-list")).to_be_visible()


def test_the_timeline_the_filter_and_the_help_answer_to_keys(seen):
    page, keys = seen, seen.keyboard
    page.locator("#scroller").focus()
    keys.press("ArrowLeft")
    expect(page.locator("#told")).to_contain_text("b.py")
    keys.press("Enter")
    expect(page.locator("#detail")).to_contain_text("b.py")
    keys.press("Escape")
    expect(page.locator("#scroller")).to_be_focused()

    keys.press("/")
    expect(page.locator("#filter")).to_be_focused()
    keys.type("a.py")
    expect(page.locator("#found")).to_have_text("2 of 4 actions")
    keys.press("Escape")
    expect(page.locator("#found")).to_have_text("")
    page.locator("#scroller").focus()
    keys.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    keys.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_every_button_of_the_page_does_what_it_says(seen):
    page = seen
    page.get_by_label("Edits and runs").uncheck()
    expect(page.locator("#found")).to_have_text("0 of 4 actions")
    page.get_by_label("Edits and runs").check()
    expect(page.locator("#found")).to_have_text("")
    page.get_by_role("button", name="Keyboard shortcuts").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    theme = page.get_by_role("button", name="Theme")
    for name in ("light", "dark", "auto"):
        theme.click()
        expect(page.locator("html")).to_have_attribute("data-theme", name)
        expect(theme).to_have_accessible_name(f"Theme: {name}")
    page.get_by_role("button", name="Earlier").click()
    expect(page.locator("#connection")).to_have_text("Looking back")
    page.get_by_role("button", name="Live", exact=True).click()
    expect(page.locator("#connection")).to_have_text("Live")
    alpha = page.locator("#lanes").get_by_role("button", name="alpha")
    alpha.click()
    expect(page.locator("#found")).to_have_text("2 of 4 actions")
    alpha.click()
    expect(page.locator("#found")).to_have_text("")


# ── for everybody ──


def faults(page):
    """What axe-core finds wrong with the page as it stands: `rule: node, node`."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {', '.join(str(node['target']) for node in one['nodes'])}" for one in found]


def meet(home):
    """A conflict, an overlap, an edit in another worktree, and somebody who is gone."""
    story = life.Life(home)
    story.at(5)
    alpha, beta, gamma = story.joins(name="alpha"), story.joins(name="beta"), story.joins(life.TREES[1], name="gamma")
    gone = story.joins(name="gone", pid=2_000_000_000, pid_start="1", boot=facts.boot_id())
    for who, value in ((alpha, True), (beta, False)):
        who.announces(*life.PLANS[0])
        who.sets("monitoring.redrive.enabled", value)
        who.edits("/src/shop/a.py")
    gamma.edits("/src/shop-checkout/a.py")
    gone.edits("/src/shop/b.py")
    story.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong_with_what_met(server, home, visit, scheme):
    meet(home)
    page = visit(server, color_scheme=scheme, bypass_csp=True)
    expect(page.locator("#lanes .lane")).to_have_count(4)
    expect(page.locator("#met .item")).not_to_have_count(0)
    assert faults(page) == []
    page.locator("#met .item").first.click()
    expect(page.locator("#detail")).to_be_visible()
    assert faults(page) == []


@pytest.mark.long
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing_wrong_anywhere(server, home, visit, scheme, width):
    about = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}, "bypass_csp": True}
    stranger = visit(server, signed_in=False, **about)
    expect(stranger.locator("#secret")).to_be_focused()
    assert faults(stranger) == [], "signing in"

    page = visit(server, **about)
    expect(page.locator("#nobody")).to_be_visible()
    assert faults(page) == [], "nobody"

    life.day(home)
    page.reload()
    expect(page.locator("#lanes .lane")).not_to_have_count(0)
    assert fits(page)
    for tab in ("activity", "elsewhere", "met"):
        page.locator(f"#tab-{tab}").click()
        assert faults(page) == [], tab
    page.locator("#met .item").first.click()
    expect(page.locator("#detail")).to_be_visible()
    assert faults(page) == [], "what met"
    assert fits(page)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert faults(page) == [], "help"


def fits(page):
    """Nothing makes the page wider than what it is looked at with."""
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


SCROLL = """(node, to) => new Promise((done) => {
  node.addEventListener("scroll", done, { once: true });
  node.scrollTop = to;
})"""


def scrolled(page, to):
    """Scroll the timeline elsewhere and let a few frames of page time go by: how often it has been drawn then."""
    page.locator("#scroller").evaluate(SCROLL, to)
    page.clock.run_for(200)
    return int(page.locator("#plot").get_attribute("data-drawn") or 0)


def reach(page):
    """How far the timeline scrolls."""
    return page.locator("#scroller").evaluate("(node) => node.scrollHeight - node.clientHeight")


def test_scrolling_through_forty_sessions_draws_nothing_anew(server, home, stopped):
    life.crowd(home, actions=200)
    page = stopped(server)
    expect(page.locator("#lanes .lane")).to_have_count(40)
    end = reach(page)
    assert end > 400, "there is something to scroll"
    scrolled(page, 1)
    drawn = scrolled(page, 0)
    for part in (0.25, 0.5, 0.75, 1, 0.6, 0.3, 0):
        assert scrolled(page, round(end * part)) == drawn
    page.locator("#lanes .lane").last.scroll_into_view_if_needed()
    expect(page.locator("#lanes .lane").last).to_be_in_viewport()


def test_another_window_chosen_while_the_first_look_is_under_way_is_what_is_shown(server, home, visit):
    story = life.Life(home)
    for minutes in (90, 30):
        story.at(minutes)
        story.joins().edits(f"/src/shop/{minutes}.py")
    story.close()
    page, held = visit(server), []
    page.route(VIEW, lambda route: held.append(route) if "windowMs=3600000" in route.request.url else route.continue_())
    with page.expect_request(lambda request: "windowMs=3600000" in request.url):
        page.reload()
    page.get_by_role("button", name="4 h", exact=True).click()
    expect(page.locator("#lanes .lane")).to_have_count(2)
    expect(page.locator("body")).to_have_attribute("data-marks", "2")


def test_very_many_lanes_are_drawn_a_band_at_a_time(server, home, stopped):
    life.crowd(home, sessions=160, actions=160)
    page = stopped(server)
    page.get_by_role("button", name="4 h", exact=True).click()
    expect(page.locator("#lanes .lane")).to_have_count(160)
    end = reach(page)
    scrolled(page, 1)
    first = scrolled(page, 0)
    assert page.locator("#plot").evaluate("(node) => node.clientHeight") < end, "not all of it is drawn at once"
    assert scrolled(page, end) == first + 1
    covers = "(node) => [node.offsetTop, node.offsetTop + node.clientHeight, node.parentElement.clientHeight]"
    top, foot, whole = page.locator("#plot").evaluate(covers)
    assert top > 0
    assert foot == whole, "what is in sight is drawn"
    assert scrolled(page, end - 300) == first + 1


@pytest.mark.long
def test_forty_sessions_with_thousands_of_actions_stay_readable(server, home, visit):
    life.crowd(home)
    page = visit(server)
    page.get_by_role("button", name="4 h", exact=True).click()
    expect(page.locator("#lanes .lane")).to_have_count(40)
    expect(page.locator("body")).to_have_attribute("data-marks", re.compile(r"^[78]\d{3}$"))
    for place in (39, 20, 0):
        lane = page.locator("#lanes .lane").nth(place)
        lane.scroll_into_view_if_needed()
        expect(lane).to_be_in_viewport()
    page.locator("#tab-activity").click()
    assert page.locator("#activity .item").count() == 100, "a long list is drawn a page at a time"
    assert page.locator("*").count() < 3_000, "the page stays light"
    page.locator("#filter").fill("src/cart/model.py")
    expect(page.locator("#found")).to_contain_text(" of ")
    expect(page.locator("#told")).to_contain_text(" of ")
    assert fits(page)


# ── other ways to look ──


SEVERAL_INKS = """() => {
  const plot = document.getElementById("plot");
  const drawn = plot.getContext("2d").getImageData(0, 0, plot.width, plot.height);
  return new Set(new Uint32Array(drawn.data.buffer)).size > 3;
}"""


def test_who_chose_few_colours_still_tells_things_apart(server, home, visit):
    meet(home)
    page = visit(server, forced_colors="active", bypass_csp=True)
    expect(page.locator("#lanes .lane")).to_have_count(4)
    page.wait_for_function(SEVERAL_INKS, polling=100)
    assert faults(page) == []


def test_on_paper_nothing_is_cut_off_and_no_button_is_printed(server, home, visit):
    meet(home)
    page = visit(server)
    expect(page.locator("#lanes .lane")).to_have_count(4)
    page.emulate_media(media="print")
    for name in ("#theme", "#filter", "#earlier", "#follow"):
        expect(page.locator(name)).to_be_hidden()
    for name in ("#scroller", "#met"):
        assert page.locator(name).evaluate("(node) => getComputedStyle(node).overflowY") == "visible"
    assert fits(page)


def test_nothing_moves_for_who_wants_no_motion(server, visit):
    moving = "document.getAnimations().length"
    announce(server, "alpha", "calm the alarms")
    assert visit(server, reduced_motion="reduce").evaluate(moving) == 0
    assert visit(server, reduced_motion="no-preference").evaluate(moving) == 1, "the dot that says live"


def test_a_new_conflict_is_said_to_who_listens_once_and_politely(server, home, visit):
    page = visit(server)
    expect(page.locator("#told")).to_have_attribute("aria-live", "polite")
    meet(home)
    expect(page.locator("#told")).to_contain_text("New conflict: beta")
    assert page.locator("[aria-live=assertive]").count() == 0
    page.reload()
    expect(page.locator("#met .item")).not_to_have_count(0)
    expect(page.locator("#told")).to_be_empty()
