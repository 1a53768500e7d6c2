"""Claude Code, the real program: what its model is told, and when."""

from __future__ import annotations

import json
import shutil
import subprocess
import time

import pytest

from tests.hosts_live.stage import DONE, ROOT, Stage, hostlab, versions

pytestmark = [pytest.mark.hosts, pytest.mark.skipif(not versions()["claude-code"], reason="no Claude Code")]

HOST = "claude-code"
EDIT = "echo 'limit = 2' > redrive.py"
SITUATION = "has 1 uncommitted file in this tree, redrive.py"
WARNING = "⚠ Cross-session: conflict. Your `git reset --hard` discards uncommitted edits of session"
NOTICE = "Sidelight notice: session"


def marked(stage: Stage, mark: str) -> list[tuple[int, str]]:
    return [(number, role) for number, role, _ in stage.heard(mark)]


def test_two_sessions_in_one_repository_are_both_told_in_time_and_once(stage):
    stage.init(HOST)
    stage.script(HOST)
    b = stage.open()
    stage.says(b, "hello")

    stage.script(HOST, EDIT)
    a = stage.open()
    stage.says(a, "edit it")
    assert "limit = 2" in (stage.lab.proj / "redrive.py").read_text()

    # B has had one answer; its next prompt tells it what A has going on, before it calls anything.
    stage.script(HOST, "git reset --hard", skip=1)
    stage.says(b, "throw it away")
    assert marked(stage, SITUATION) == [(1, "system")]
    assert marked(stage, WARNING) == [(2, "system")], "the warning comes with the call's result"
    assert stage.lab.ran("HEAD is now at"), "and nothing was blocked"

    # A has had two answers; it hears at its next step, once.
    stage.script(HOST, "git status", "git log", skip=2)
    stage.says(a, "go on")
    assert marked(stage, NOTICE) == [(1, "system")]
    stage.script(HOST, "git status", skip=5)
    stage.says(a, "and on")
    assert len(stage.heard("Sidelight notice:")) == 1, "what it was told before is all there is"


def test_a_session_that_was_killed_is_not_live_any_more_within_30_seconds(stage):
    stage.init(HOST)
    stage.script(HOST, EDIT)
    a = stage.open()
    stage.says(a, "edit it")
    assert list(stage.states().values()) == ["live"]
    a.kill()
    killed = time.monotonic()
    stage.until(lambda: list(stage.states().values()) == ["gone"], "the session is gone")
    assert time.monotonic() - killed < 30


def test_with_the_files_of_sidelight_deleted_the_host_goes_on_undisturbed(stage):
    stage.init(HOST)
    stage.sidelight("server", "stop", code=None)
    shutil.rmtree(stage.python.parents[1])
    stage.script(HOST, EDIT)
    done = stage.run(HOST)
    assert "limit = 2" in (stage.lab.proj / "redrive.py").read_text()
    trouble = [
        one for one in done.events() if one.get("subtype") == "hook_response" and one.get("outcome") != "success"
    ]
    assert trouble == []


def collide(stage, *more):
    """Somebody edits; then a new session resets the tree, and does `more`."""
    stage.script(HOST, EDIT)
    stage.says(stage.open(), "edit it")
    stage.script(HOST, "git reset --hard", *more)
    return stage.run(HOST, prompt="throw it away")


def test_ask_lets_a_person_decide_and_with_nobody_there_the_call_is_not_run(stage):
    stage.init(HOST)
    stage.attention("ask")
    collide(stage)
    assert "limit = 2" in (stage.lab.proj / "redrive.py").read_text()
    assert marked(stage, WARNING), "the reason reaches the model"


@pytest.mark.skipif(shutil.which("tmux") is None, reason="no tmux")
def test_ask_shows_a_person_the_reason_in_the_terminal_and_yes_lets_it_run(stage):
    stage.init(HOST)
    stage.attention("ask")
    stage.script(HOST, EDIT)
    stage.says(stage.open(), "edit it")
    stage.script(HOST, "git reset --hard")
    terminal = stage.terminal(HOST, "--allowedTools", "Bash")
    stage.until(lambda: len(stage.states()) == 2, "the terminal's session has started")
    terminal.type("throw it away")
    stage.until(lambda: "discards uncommitted edits" in " ".join(terminal.screen().split()), "the reason is shown")
    assert "limit = 2" in (stage.lab.proj / "redrive.py").read_text(), "it waits for the person"
    terminal.keys("Enter")  # the first answer is yes
    stage.until(lambda: "limit = 1" in (stage.lab.proj / "redrive.py").read_text(), "and then it ran")


def test_pause_once_denies_the_call_the_first_time_and_lets_the_second_pass(stage):
    stage.init(HOST)
    stage.attention("pause-once")
    collide(stage, "git reset --hard")
    told = stage.heard("paused this once")
    assert [number for number, _, _ in told] == [2]
    assert "limit = 1" in (stage.lab.proj / "redrive.py").read_text(), "repeated, it ran"


def test_the_model_announces_by_mcp_under_the_sessions_own_id(stage):
    stage.init(HOST)
    stage.lab.extra_env["ENABLE_TOOL_SEARCH"] = "false"
    tool = "mcp__plugin_sidelight_sidelight__announce"
    stage.lab.script([{"tool": tool, "input": {"activity": "fix the redrive flood"}}, DONE])
    done = stage.run(HOST, tools=tool)
    session = next(one["session_id"] for one in done.events() if "session_id" in one)
    announced = stage.json("recent")["actions"]
    assert [(one["actor"], one["reason"]) for one in announced] == [(session, "fix the redrive flood")]


def test_the_shell_of_the_session_says_who_it_is(stage):
    stage.init(HOST)
    stage.script(HOST, f"{stage.python.parent / 'sidelight'} intent 'mend the flood'")
    done = stage.run(HOST)
    session = next(one["session_id"] for one in done.events() if "session_id" in one)
    assert [one["actor"] for one in stage.json("recent")["actions"]] == [session]


def test_the_plugin_of_the_repository_is_valid_and_works_from_its_folder(stage):
    stage.script(HOST, "true")
    env = {**stage.lab.claude_env(), "PATH": f"{stage.python.parent}:{hostlab.PATH}"}
    for folder in (ROOT / "plugin", ROOT):
        valid = subprocess.run(
            [hostlab.client("claude"), "plugin", "validate", "--strict", folder],
            env=env,
            cwd=stage.lab.proj,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert valid.returncode == 0, valid.stdout + valid.stderr
    stage.lab.extra_env["PATH"] = env["PATH"]
    stage.lab.claude("go on", "--plugin-dir", str(ROOT / "plugin"))
    assert marked(stage, "Sidelight shows sessions") == [(1, "system")]


def test_everything_that_uninstall_leaves_is_as_it_was_and_says_nothing(stage):
    (stage.lab.home / ".claude").mkdir()
    settings = stage.lab.home / ".claude" / "settings.json"
    settings.write_text(json.dumps({"model": "sonnet"}))
    stage.init(HOST)
    stage.sidelight("uninstall")
    assert settings.read_text() == json.dumps({"model": "sonnet"})
    stage.script(HOST, "true")
    stage.run(HOST)
    assert stage.heard("idelight") == []
