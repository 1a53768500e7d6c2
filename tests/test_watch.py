"""`sidelight watch` and `sidelight dashboard`, as a person calls them."""

import os
import pty
import select
import subprocess
import time

import httpx
import pytest

from sidelight.cli.watching import AT_LEAST_EVERY, _Eyes, screen
from sidelight.overview import Overview
from tests.server.running import serving
from tests.stories import Story
from tests.terminals import SIDELIGHT, Terminal, repository

PATIENCE = 60


@pytest.fixture
def shell(tmp_path):
    return Terminal(tmp_path / "me", repository(tmp_path / "repo"), session="alpha")


@pytest.fixture
def view(tmp_path):
    story = Story(tmp_path)
    alpha, beta = story.session("alpha"), story.session("beta")
    alpha.announces("calm the alarms")
    alpha.edits("/repo/src/a.py")
    beta.runs("git reset --hard")
    yield Overview(story.session("onlooker").ledger).look()
    story.close()


def test_the_screen_shows_who_is_here_where_they_met_and_what_was_done(view):
    texts = [row.text for row in screen(view, 20)]
    assert texts[0].startswith("Sidelight · 2 live · 1 open · ")
    assert any("● alpha  claude-code live" in text and '"calm the alarms"' in text for text in texts)
    assert any("‼ beta   conflict: ran `git reset --hard`; it discards" in text for text in texts)
    assert any("  alpha  edited src/a.py" in text for text in texts)


def test_a_narrow_pane_leaves_out_what_matters_least(view):
    texts = [row.text for row in screen(view, 7, 40)]
    assert any(text.endswith('● alpha  "calm the alarms"') for text in texts)
    assert any("‼ beta   discards uncommitted edits of" in text for text in texts)


def test_a_tall_pane_parts_who_is_here_from_what_met_and_what_was_done(view):
    assert [row.text for row in screen(view, 30)].count("") == 3
    assert "" not in [row.text for row in screen(view, 12)]


def test_it_looks_when_something_was_recorded_and_now_and_then(tmp_path):
    story, now = Story(tmp_path), [0.0]
    ledger = story.session("onlooker").ledger
    eyes = _Eyes(Overview(ledger), ledger.store, 3_600_000, lambda: now[0])
    assert eyes.wake()
    assert not eyes.wake()
    story.session("alpha").announces("calm the alarms")
    assert eyes.wake()
    assert not eyes.wake()
    now[0] += AT_LEAST_EVERY
    assert eyes.wake()
    story.close()


@pytest.mark.parametrize("height", [1, 2, 3, 5, 8])
def test_a_small_pane_holds_no_more_than_it_can(view, height):
    rows = screen(view, height)
    assert 1 <= len(rows) <= height
    assert rows[0].text.startswith("Sidelight")


def test_where_there_is_no_terminal_it_prints_lines(shell):
    shell.run("intent", "calm the alarms", "--area", "monitoring")
    said = shell.run("watch", "--once").stdout
    assert 'announced "calm the alarms"' in said
    assert "\x1b" not in said


def test_json_is_an_object_a_line(shell):
    import json

    shell.run("intent", "calm the alarms")
    (one,) = map(json.loads, shell.run("watch", "--once", "--json").stdout.splitlines())
    assert one["action"]["lane"]["actor"] == "alpha"


def test_a_window_that_makes_no_sense_is_refused(shell):
    assert "--window" in shell.run("watch", "--once", "--window", "30d", code=2).stderr


def test_q_ends_it_and_leaves_the_terminal_as_it_was(shell):
    shell.run("intent", "calm the alarms")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*SIDELIGHT, "watch"],
        cwd=shell.cwd,
        env={**shell.env, "TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    try:
        seen = read_until(ours, b"calm the alarms")
        os.write(ours, b"q")
        seen += read_until(ours, b"\x1b[?1049l")  # back from the screen of its own
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert b"\x1b[?1049h" in seen


def read_until(handle, wanted):
    """What the terminal shows until it shows this."""
    seen, ends = b"", time.monotonic() + PATIENCE
    while wanted not in seen:
        assert time.monotonic() < ends, seen
        if select.select([handle], [], [], 1)[0]:
            try:
                seen += os.read(handle, 65536)
            except OSError:  # the other side is closed
                break
    assert wanted in seen
    return seen


def test_the_dashboards_code_signs_a_browser_in_once(tmp_path):
    home = tmp_path / "agent"
    with serving(home) as server:
        shell = Terminal(tmp_path / "me", tmp_path)
        found = shell.json("dashboard", "--home", str(home))
        assert found["url"] == server.url
        with httpx.Client(base_url=server.url, transport=httpx.HTTPTransport(verify=False)) as browser:
            assert browser.post("/session", json={"code": found["code"]}, headers=page(server)).status_code == 200
            assert browser.get("/coordination/view", headers=page(server)).status_code == 200
            assert browser.post("/session", json={"code": found["code"]}, headers=page(server)).status_code == 403


def page(server):
    return {"Origin": server.url, "Sec-Fetch-Site": "same-origin"}


def test_the_dashboard_of_a_home_that_is_not_served_says_what_to_do(shell):
    assert "sidelight serve" in shell.run("dashboard", code=1).stderr
