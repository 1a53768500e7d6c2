"""Codex, Gemini CLI, Copilot CLI and OpenCode, the real programs: each beside a session of another host."""

from __future__ import annotations

import shutil
import time

import pytest

from tests.hosts_live.stage import DONE, SHELLS, Stage, killed, versions

CLAUDE = "claude-code"
HOSTS = [host for host in versions() if host != CLAUDE]
pytestmark = [
    pytest.mark.hosts,
    pytest.mark.skipif(not versions()[CLAUDE], reason="no Claude Code"),
    pytest.mark.parametrize("host", HOSTS),
]

EDIT = "echo 'limit = 2' > redrive.py"
SITUATION = "has 1 uncommitted file in this tree, redrive.py"
# Without its sign: Gemini CLI's requests are read as JSON, which spells it.
WARNING = "Cross-session: conflict. Your `git reset --hard` discards uncommitted edits of session"
NOTICE = "Sidelight notice: session"
#: How each host's model calls our tool.
ANNOUNCE = {
    "codex": {"tool": "announce", "namespace": "mcp__sidelight"},
    "gemini-cli": {"tool": "mcp_sidelight_announce"},
    "copilot-cli": {"tool": "sidelight-announce"},
    "opencode": {"tool": "sidelight_announce"},
}


@pytest.fixture(autouse=True)
def there(host):
    if not versions()[host]:
        pytest.skip(f"no {host}")


def requests(stage: Stage, mark: str) -> list[int]:
    return sorted({number for number, _, _ in stage.heard(mark)})


def beside_claude(stage: Stage, host: str):
    """A session of Claude Code that has edited a file, and stays open."""
    stage.init(CLAUDE, host)
    stage.script(CLAUDE, EDIT)
    claude = stage.open()
    stage.says(claude, "edit it")
    return claude


def redrive(stage: Stage) -> str:
    return (stage.lab.proj / "redrive.py").read_text()


def test_it_is_told_in_time_and_the_other_side_hears_of_it(stage, host):
    claude = beside_claude(stage, host)
    stage.script(host, "git reset --hard")
    stage.run(host)
    assert redrive(stage) == "limit = 1\n", "nothing was blocked"
    assert requests(stage, SITUATION)[0] == 1, "before it decides anything"
    assert requests(stage, WARNING)[0] == 2, "and with the call's result"
    stage.script(CLAUDE, skip=2)
    stage.says(claude, "go on")
    assert requests(stage, f"({host}) ran `git reset --hard`") == [1]


def test_what_it_did_is_known_when_it_has_ended(stage, host):
    stage.init(CLAUDE, host)
    stage.script(host, EDIT)
    stage.run(host)
    assert redrive(stage) == "limit = 2\n"
    stage.script(CLAUDE, "git reset --hard")
    stage.run(CLAUDE)
    assert requests(stage, WARNING)[0] == 2


def test_what_was_done_to_its_work_it_hears_when_it_goes_on_once(stage, host):
    stage.init(CLAUDE, host)
    stage.script(host, EDIT)
    stage.run(host)
    stage.script(CLAUDE, "git reset --hard")
    stage.run(CLAUDE)
    stage.script(host, "git status", "git log", skip=2)
    stage.go_on(host)
    assert requests(stage, NOTICE) == [1]
    stage.script(host, "git status", skip=5)
    stage.go_on(host)
    for call in stage.lab.model_calls():
        assert sum(NOTICE in text for _, text in stage.lab.texts(call["body"])) <= 1, "it is not said again"


def test_one_that_was_killed_is_not_live_any_more_within_30_seconds(stage, host):
    stage.init(host)
    stage.script(host, EDIT, "sleep 300")
    process = stage.start(host)
    stage.until(
        lambda: list(stage.states().values()) == ["live"] and redrive(stage) == "limit = 2\n", "it is at work", 300
    )
    killed(process)
    end = time.monotonic()
    stage.until(lambda: list(stage.states().values()) != ["live"], "it is not live")
    assert time.monotonic() - end < 30


def test_where_a_person_cannot_be_asked_it_is_told(stage, host):
    beside_claude(stage, host)
    stage.attention("ask")
    stage.script(host, "git reset --hard")
    stage.run(host)
    assert redrive(stage) == "limit = 1\n", "nothing was blocked"
    assert requests(stage, WARNING)[0] == 2


def test_pause_once_denies_a_call_the_first_time_and_lets_the_second_pass(stage, host):
    beside_claude(stage, host)
    stage.attention("pause-once")
    stage.script(host, "git reset --hard; echo ONE", "git reset --hard; echo ONE")
    stage.run(host)
    assert requests(stage, "paused this once")[0] == 2
    assert redrive(stage) == "limit = 1\n", "repeated, it ran"


def test_its_model_announces_by_mcp_under_the_sessions_own_id(stage, host):
    stage.init(host)
    if host == "codex":  # it goes on while a server starts, unless that is required
        config = stage.lab.home / ".codex/config.toml"
        config.write_text(f"{config.read_text()}\nrequired = true\nstartup_timeout_sec = 240\n")
    call = {**ANNOUNCE[host], "input": {"activity": "fix the redrive flood"}}
    stage.lab.script([SHELLS[host]("true"), call, DONE])
    done = stage.run(host)
    (known,) = stage.states()
    announced = [(one["actor"], one["reason"]) for one in stage.json("recent")["actions"]]
    assert announced == [(known, "fix the redrive flood")], done.stdout[-3000:] + done.stderr[-3000:]


def test_with_the_files_of_sidelight_deleted_it_goes_on_undisturbed(stage, host):
    stage.init(host)
    stage.sidelight("server", "stop", code=None)
    shutil.rmtree(stage.python.parents[1])
    stage.script(host, EDIT)
    stage.run(host)
    assert redrive(stage) == "limit = 2\n"
