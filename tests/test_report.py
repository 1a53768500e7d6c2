"""The report: what is counted is what happened, and the file that people open is whole, foreign to nothing and safe."""

import io
import json
import re
from functools import partial
from html.parser import HTMLParser

import pytest

from sidelight import cost, report
from sidelight.cli.progress import Bar
from tests.stories import START, Story
from tests.terminals import Terminal, repository

WEEK = 7 * 24 * 3_600_000


@pytest.fixture
def story(tmp_path):
    one = Story(tmp_path)
    yield one
    one.close()


def gathered(story, since=START - 1, **options):
    return report.gather(story.store, since, story.now, **options)


def collision(story, file="/repo/src/a.py"):
    """Session a edits, b resets the tree."""
    a, b = story.session("alpha"), story.session("beta")
    a.edits(file)
    return b.runs("git reset --hard"), b


class Page(HTMLParser):
    """What a browser would make of it: elements with their attributes, and the text."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


# ── what is counted ───────────────────────────────────────────────────────────────────────────────────────────────


def test_collisions_are_counted_by_kind_and_by_the_gravest_of_a_request(story):
    collision(story)
    story.session("gamma").edits("/repo/src/a.py")
    found = gathered(story)
    kinds = {one.kind: (one.conflict, one.overlap, one.nearby) for one in found.kinds}
    assert kinds["tree-reset"] == (1, 0, 0)
    assert sum(one.conflict for one in found.slices) == sum(one.conflict for one in found.kinds)
    assert (found.actions, found.sessions) == (3, 3)


def test_only_the_time_that_was_asked_for_counts(story):
    collision(story)
    story.later(hours=2)
    before = story.now
    assert gathered(story, before).actions == 0
    assert gathered(story, before).kinds == ()
    story.session("gamma").edits("/repo/b.py")
    assert [one.file for one in gathered(story, before).files] == ["b.py"]


@pytest.mark.parametrize(
    ("after", "came"),
    [("nothing", (0, 0, 1)), ("denied", (1, 0, 0)), ("came back", (0, 1, 0)), ("too late", (0, 0, 1))],
)
def test_what_came_of_a_warning_is_what_cost_says_of_it(story, after, came):
    receipt, b = collision(story)
    if after == "denied":
        story.store.outcome(receipt.id, "denied")
    elif after != "nothing":
        story.later(minutes=1 if after == "came back" else 6)
        story.session("elsewhere", cwd="/other").edits("/other/x.py")
        b.runs("git reset --soft HEAD~1")
    warned = gathered(story, story.now - WEEK).warned
    noted = {"host": "codex", "session": "beta", "ts": 1, "severity": receipt.severity, "action": receipt.id}
    (costs,) = cost.costs([noted], story.store)
    ours = report.gather(story.store, START - 1, receipt.actions[0].ts).warned
    if after in ("nothing", "denied"):
        assert (warned.not_run, warned.came_back, warned.unknown) == came
        assert (ours.heeded, ours.unknown) == (costs.heeded, costs.warnings - costs.heeded)
    else:
        assert warned.came_back == came[1]
        assert warned.heeded == costs.heeded


def test_what_is_not_told_is_no_warning(story):
    story.session("alpha").announces("calm the alarms", area="monitoring")
    story.session("beta").announces("calm the alarms too", area="monitoring")
    assert gathered(story).warned.all == 1
    assert gathered(story, told_from="conflict").warned.all == 0


def test_a_conflict_that_was_denied_is_a_near_miss_and_one_that_happened_is_none(story):
    receipt, _ = collision(story)
    assert (gathered(story).misses, gathered(story).near_misses) == (0, ())
    story.store.outcome(receipt.id, "denied")
    (miss,) = gathered(story).near_misses
    assert "session beta" in miss.later
    assert "git reset --hard" in miss.later
    assert "session alpha (claude-code) edited src/a.py" in miss.earlier


def test_a_file_is_one_file_in_whichever_worktree_it_is_edited(story):
    for name, tree in (("alpha", "/repo"), ("beta", "/repo-wt"), ("beta", "/repo-wt")):
        story.session(name, cwd=tree, trees=["/repo", "/repo-wt"]).edits(f"{tree}/src/a.py")
    story.session("alpha").edits("/repo/b.py")
    assert gathered(story).files == (report.Busy("src/a.py", 3, 2), report.Busy("b.py", 1, 1))


def test_progress_is_told_to_the_end(story):
    collision(story)
    told = []
    gathered(story, progress=lambda done, of: told.append((done, of)))
    assert told == sorted(told)
    assert told[-1] == (4, 4)


# ── the file ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_page_holds_what_was_counted_and_loads_nothing(story):
    receipt, _ = collision(story)
    story.store.outcome(receipt.id, "denied")
    text = report.page(gathered(story))
    shown = Page(text)
    for words in ("tree-reset", "src/a.py", "session beta", "1 warnings: 1 not run", "Near misses"):
        assert words in shown.text, words
    drawn = [attrs for tag, attrs in shown.elements if tag == "svg"]
    assert any("aria-label" in one for one in drawn)
    assert all("aria-label" in one or one["aria-hidden"] == "true" for one in drawn)
    assert not {"script", "link", "img", "iframe", "image", "use"} & {tag for tag, _ in shown.elements}
    assert not re.search(r"https?:|url\(|@import", text)
    assert "default-src 'none'" in text


def test_what_sessions_wrote_stays_text(story):
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&"
    story.session(evil).announces(evil, area="monitoring")
    story.session("beta" + evil).announces(evil, area="monitoring")
    story.session(evil).edits(f"/repo/{evil}.py")
    receipt = story.session("b" + evil).runs("git reset --hard")
    story.store.outcome(receipt.id, "denied")
    found = gathered(story)
    assert found.near_misses
    assert found.files
    kinds = tuple(one._replace(kind=evil) for one in found.kinds)
    files = tuple(one._replace(file=evil) for one in found.files)
    misses = tuple(one._replace(later=evil, earlier=evil, resource=evil) for one in found.near_misses)
    for one in (found, found._replace(kinds=kinds, files=files, near_misses=misses)):
        shown = Page(report.page(one))
        assert not {"script", "img"} & {tag for tag, _ in shown.elements}
        assert not [name for _, attrs in shown.elements for name in attrs if name.startswith("on")]
    assert shown.text.count("<script>alert(1)</script>") >= 5


def test_a_report_of_nothing_is_a_page_too(story):
    shown = Page(report.page(gathered(story)))
    for words in ("Nobody met anybody.", "Nobody was warned.", "There were none.", "No file was edited."):
        assert words in shown.text


# ── on the terminal ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def here(tmp_path):
    return Terminal(tmp_path / "me", repository(tmp_path / "repo"), session="a")


def test_the_terminal_says_it_in_words_as_json_and_as_a_file(here, tmp_path):
    here.run("intent", "calm the alarms", "--area", "monitoring")
    here.run("intent", "calm the alarms too", "--area", "monitoring", "--session", "b")
    file = tmp_path / "report.html"
    said = here.run("report", "--since", "7d", "--html", str(file))
    assert said.stderr == ""
    assert "2 actions of 2 sessions" in said.stdout
    assert re.search(r"^  intent +1 overlap$", said.stdout, re.MULTILINE)
    assert "1 in all: 0 heeded" in said.stdout
    assert file.read_text().startswith("<!doctype html>")
    assert file.stat().st_mode & 0o077 == 0
    body = json.loads(here.run("report", "--json").stdout)
    assert body["collisions"] == [{"kind": "intent", "conflict": 0, "overlap": 1, "nearby": 0}]
    assert (body["warnings"]["all"], body["nearMisses"]["all"]) == (1, 0)


def test_a_report_replaces_a_report_and_nothing_else(here, tmp_path):
    mine, file = tmp_path / "mine.html", tmp_path / "report.html"
    mine.write_text("of mine")
    refused = here.run("report", "--html", str(mine), code=2)
    assert "no report; name another file" in refused.stderr
    assert mine.read_text() == "of mine"
    for _ in range(2):
        here.run("report", "--html", str(file))
    nowhere = here.run("report", "--html", str(tmp_path / "not" / "there.html"), code=1)
    assert nowhere.stderr
    assert sorted(one.name for one in tmp_path.iterdir() if one.is_file()) == ["mine.html", "report.html"]


class Screen(io.StringIO):
    """A terminal, as far as anybody asks it."""

    def isatty(self):
        return True


def test_a_bar_is_shown_after_a_second_and_only_to_people(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    for shown in (True, False):
        now, out = [0.0], Screen()
        with Bar("Reading the record", out, shown=shown, clock=partial(now.__getitem__, 0)) as bar:
            bar.show(1, 10)
            assert out.getvalue() == ""
            now[0] = 1.5
            bar.show(5, 10)
        assert ("Reading the record" in out.getvalue()) == shown
