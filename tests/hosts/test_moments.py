"""What is recorded and said at which moment of a session, whatever its host."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sidelight.actions import Draft, Session
from sidelight.hosts import announcing, news
from sidelight.hosts.dialogue import Caller, hold
from sidelight.ledger import Ledger
from sidelight.stores import ENGINES, StoreGone
from tests.hosts.calling import PATIENCE


class Desk:
    """A ledger and the sessions that talk to it through their hooks, in this process."""

    def __init__(self, home: Path, repo: Path) -> None:
        self.home, self.repo = home, repo
        self.ledger = Ledger.open(home)
        self._calls = 0

    def attention(self, mode: str) -> None:
        settings = {"monitoring": {"crossSessionCoordination": {"attention": {"mode": mode}}}}
        (self.home / "config.json").write_text(json.dumps(settings))

    def call(self, host: str, payload: dict[str, Any], env: dict[str, str] | None = None) -> dict[str, Any]:
        caller = Caller(host, str(self.repo), os.getpid(), env or {})
        said = hold(caller, json.dumps(payload).encode(), lambda facts: self.ledger)
        said.settle()
        return json.loads(said.output) if said.output else {}

    def claude(self, session: str, event: str, env: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
        body = {"session_id": session, "hook_event_name": event, "cwd": str(self.repo), "transcript_path": "/t"}
        return self.call("claude-code", body | more, env).get("hookSpecificOutput", {})

    def text(self, session: str, event: str, **more: Any) -> str:
        return str(self.claude(session, event, **more).get("additionalContext", ""))

    def before(self, session: str, tool: str, *, agent: str | None = None, **given: Any) -> dict[str, Any]:
        self._calls += 1
        more: dict[str, Any] = {"agent_id": agent} if agent else {}
        return self.claude(
            session, "PreToolUse", tool_name=tool, tool_input=given, tool_use_id=f"t{self._calls}", **more
        )

    def kinds(self) -> list[str]:
        return [one.kind for one in self.ledger.store.follow(0)]


@pytest.fixture
def desk(tmp_path, repo) -> Iterator[Desk]:
    made = Desk(tmp_path / "home", repo)
    yield made
    made.ledger.close()


def edits(desk, session, name="a.py", agent=None):
    return desk.before(session, "Edit", agent=agent, file_path=str(desk.repo / name))


RESET = {"command": "git reset --hard"}


def test_by_default_a_warning_is_told_and_decides_nothing(desk):
    edits(desk, "session-a")
    said = desk.before("session-b", "Bash", **RESET)
    assert said["additionalContext"].startswith("⚠ Cross-session: conflict.")
    assert "permissionDecision" not in said


def test_in_ask_mode_a_person_sees_the_reason_where_the_host_can_ask(desk):
    desk.attention("ask")
    edits(desk, "session-a")
    said = desk.before("session-b", "Bash", **RESET)
    assert (said["permissionDecision"], said["permissionDecisionReason"][:1]) == ("ask", "⚠")
    codex = {"session_id": "session-c", "hook_event_name": "PreToolUse", "cwd": str(desk.repo), "tool_use_id": "x"}
    told = desk.call("codex", codex | {"tool_name": "Bash", "tool_input": RESET})["hookSpecificOutput"]
    assert set(told) == {"hookEventName", "additionalContext"}


def test_in_pause_once_mode_a_call_is_denied_once_with_the_reason_and_then_goes_ahead(desk):
    desk.attention("pause-once")
    edits(desk, "session-a")
    said = desk.before("session-b", "Bash", **RESET)
    assert said["permissionDecision"] == "deny"
    assert "repeated, the same call goes ahead" in said["permissionDecisionReason"]
    assert desk.kinds() == ["edit"]
    assert "permissionDecision" not in desk.before("session-b", "Bash", **RESET)
    assert desk.kinds() == ["edit", "tree-reset"]


@pytest.mark.parametrize(("host", "mark"), [("codex", "deny"), ("copilot-cli", "deny"), ("gemini-cli", "deny")])
def test_every_host_that_can_deny_does_so_in_its_own_words(desk, host, mark):
    desk.attention("pause-once")
    edits(desk, "session-a")
    assert mark in json.dumps(desk.call(host, reset_in(host, desk.repo)))


def reset_in(host, repo, after=False):
    shell = {"codex": "Bash", "gemini-cli": "run_shell_command", "copilot-cli": "bash"}[host]
    if host == "copilot-cli":
        call = {"sessionId": "s", "timestamp": 5 + after, "cwd": str(repo), "toolName": shell, "toolArgs": RESET}
        return call | ({"toolResult": {"resultType": "success", "textResultForLlm": ""}} if after else {})
    events = {"codex": ("PreToolUse", "PostToolUse"), "gemini-cli": ("BeforeTool", "AfterTool")}[host]
    call = {"session_id": "s", "hook_event_name": events[after], "cwd": str(repo), "tool_name": shell}
    call |= {"tool_input": RESET, "timestamp": f"2026-11-24T00:32:1{int(after)}.000Z"}
    return call | ({"tool_use_id": "t"} if host == "codex" else {})


def test_gemini_hears_after_a_call_what_it_drops_before_it(desk):
    edits(desk, "session-a")
    assert desk.call("gemini-cli", reset_in("gemini-cli", desk.repo)) == {}
    told = desk.call("gemini-cli", reset_in("gemini-cli", desk.repo, after=True))
    assert "conflict" in told["hookSpecificOutput"]["additionalContext"]


def test_shells_of_a_session_are_told_whose_they_are_once_and_quoted(desk, tmp_path):
    file = tmp_path / "env"
    for _ in range(2):
        desk.claude("it's $(me)", "SessionStart", {"CLAUDE_ENV_FILE": str(file)}, source="startup")
    printed = subprocess.run(
        ["/bin/sh", "-c", f'. {file}; printf %s "$SIDELIGHT_SESSION"'], capture_output=True, text=True, check=True
    )
    assert (printed.stdout, len(file.read_text().splitlines())) == ("it's $(me)", 1)


def test_after_compaction_what_others_have_going_on_is_said_again(desk):
    edits(desk, "session-a")
    assert "a.py" in desk.text("session-b", "SessionStart", source="startup")
    assert desk.text("session-b", "SessionStart", source="resume") == ""
    assert "a.py" in desk.text("session-b", "SessionStart", source="compact")


def test_a_start_costs_at_most_three_hundred_tokens(desk):
    for number in range(12):
        name = f"session-{number}-{'x' * 90}"
        edits(desk, name, f"{'d' * 60}/{number}.py")
        desk.ledger.record(Draft("intent", reason=f"rewrite {'y' * 400} {number}", actor=name))
    said = desk.text("session-b", "SessionStart", source="startup")
    assert len(said.encode()) / 4 <= 300
    assert said.endswith(news.INSTRUCTION)


def test_what_others_announced_in_another_tree_is_said_at_the_start(desk, tmp_path):
    other = tmp_path / "other"
    subprocess.run(["git", "-C", str(desk.repo), "commit", "-q", "--allow-empty", "-m", "x"],
                   check=True, env={**os.environ, "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b",
                                    "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"})  # fmt: skip
    subprocess.run(["git", "-C", str(desk.repo), "worktree", "add", "-q", str(other)], check=True)
    desk.claude("session-a", "UserPromptSubmit", cwd=str(other))
    desk.claude("session-a", "PreToolUse", cwd=str(other), tool_name="Bash", tool_use_id="i",
                tool_input={"command": "sidelight intent 'migrate the orders table' --area billing"})  # fmt: skip
    said = desk.text("session-b", "SessionStart", source="startup")
    assert 'announced "migrate the orders table"' in said
    assert "another tree" in said


def test_a_notice_goes_to_the_sub_agent_that_was_touched_and_to_the_session_once_it_is_gone(desk):
    for agent in ("agent-1", "agent-2"):
        desk.claude("session-a", "SubagentStart", agent_id=agent)
        edits(desk, "session-a", f"{agent}.py", agent=agent)
    desk.before("session-b", "Bash", **RESET)
    assert desk.text("session-a", "PostToolBatch", tool_calls=[]) == ""
    assert "git reset --hard" in desk.text("session-a", "PostToolBatch", agent_id="agent-1", tool_calls=[])
    desk.claude("session-a", "SubagentStop", agent_id="agent-2")
    assert "git reset --hard" in desk.text("session-a", "PostToolBatch", tool_calls=[])
    assert desk.text("session-a", "PostToolBatch", tool_calls=[]) == ""


def test_a_session_whose_process_was_killed_is_not_live(desk):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as host:
        desk.claude("session-a", "UserPromptSubmit", {"CLAUDE_PID": str(host.pid)})
        assert [one.state for one in desk.ledger.who(everywhere=True)] == ["live"]
        os.kill(host.pid, signal.SIGKILL)
        host.wait(PATIENCE)
    assert [one.state for one in desk.ledger.who(everywhere=True)] == ["gone"]


def test_what_is_said_counts_as_said_only_once_it_was_written(desk):
    edits(desk, "session-a")
    body = {"session_id": "session-b", "hook_event_name": "UserPromptSubmit", "cwd": str(desk.repo)}
    lost = hold(Caller("claude-code", "/", 1, {}), json.dumps(body).encode(), lambda facts: desk.ledger)
    assert lost.output is not None  # and then the process dies
    assert "a.py" in desk.text("session-b", "UserPromptSubmit")
    assert desk.text("session-b", "UserPromptSubmit") == ""


def test_a_muted_session_hears_nothing_but_is_recorded(desk):
    ours = {"mute": {"sessions": ["session-b"]}}
    (desk.home / "config.json").write_text(json.dumps({"monitoring": {"crossSessionCoordination": ours}}))
    edits(desk, "session-a")
    assert desk.text("session-b", "UserPromptSubmit") == ""
    assert desk.before("session-b", "Bash", **RESET) == {}
    assert desk.kinds() == ["edit", "tree-reset"]


@pytest.fixture
def far(tmp_path, repo, monkeypatch, record_property):
    """A desk whose ledger is far away, and can be gone."""
    record_property("engine", "flaky")
    monkeypatch.setitem(ENGINES, "flaky", ("tests.stores.flaky", ("flaky",)))
    made = Desk(tmp_path / "home", repo)
    made.ledger.close()
    made.ledger = Ledger.open(tmp_path / "home", store=f"flaky://{tmp_path}/far.db")
    yield made
    made.ledger.close()


def test_how_a_call_ended_while_the_store_was_gone_is_not_lost(far, tmp_path):
    gone = tmp_path / "far.db.gone"
    gone.touch()
    edits(far, "session-a")
    for call, tool in (("t1", "Edit"), ("t9", "Grep")):  # what was only read leaves nothing to say
        given = {"file_path": str(far.repo / "a.py")} if tool == "Edit" else {"pattern": "x"}
        with contextlib.suppress(StoreGone):
            far.claude("session-a", "PostToolUseFailure", tool_name=tool, tool_input=given, tool_use_id=call)
    gone.unlink()
    assert far.ledger.store.deliver(60_000, patient=True).sent == 2
    (edit,) = far.ledger.store.follow(0)
    assert far.ledger.store.state_of([edit.id]) == {edit.id: "failed"}


def test_an_announcement_while_the_store_is_gone_is_kept_and_its_hook_and_its_shell_say_it_once(
    far, tmp_path, monkeypatch
):
    monkeypatch.setattr(announcing, "minute", lambda: 7)
    gone = tmp_path / "far.db.gone"
    gone.touch()
    far.before("session-a", "Bash", command="sidelight intent 'redo the queue' --area queue")
    me = Session("session-a")
    key = announcing.by_shell(far.ledger.store, me, announcing.Announced("redo the queue", "queue"))
    assert far.ledger.announce("redo the queue", area="queue", actor="session-a", key=key, me=me).spooled
    gone.unlink()
    assert far.ledger.store.deliver(60_000, patient=True).sent == 2
    assert [one.reason for one in far.ledger.store.follow(0)] == ["redo the queue"]


def test_where_sidelight_is_switched_off_hooks_are_silent(desk):
    (desk.home / "config.json").write_text('{"monitoring": {"crossSessionCoordination": {"enabled": false}}}')
    edits(desk, "session-a")
    assert desk.text("session-b", "SessionStart", source="startup") == ""
    assert desk.kinds() == []


# ── announcing in a shell ─────────────────────────────────────────────────────────────────────────────────────────


def shell(desk, session, *words):
    """`sidelight intent` as the session's shell runs it, after the hook saw it."""
    done = subprocess.run(
        [sys.executable, "-m", "sidelight", "--home", str(desk.home), "intent", *words],
        env={**os.environ, "SIDELIGHT_SESSION": session}, cwd=desk.repo, capture_output=True,
        timeout=PATIENCE, check=True,
    )  # fmt: skip
    return done.stdout.decode()


def test_an_announcement_in_a_shell_is_recorded_once_and_every_further_one_once_more(desk):
    line = {"command": "cd . && sidelight intent 'fix the flood' --area billing"}
    for times in (1, 2):
        desk.before("session-a", "Bash", **line)
        assert desk.kinds() == ["intent"] * times
        assert "Announced" in shell(desk, "session-a", "fix the flood", "--area", "billing")
        assert desk.kinds() == ["intent"] * times
    shell(desk, "session-a", "fix the flood", "--area", "billing")  # from a script, which no hook sees
    assert desk.kinds() == ["intent"] * 3
    desk.before("session-a", "Bash", **line)  # and one that the sandbox will stop
    assert desk.kinds() == ["intent"] * 4


def test_an_announcement_that_a_sandbox_stops_is_warned_of_all_the_same(desk):
    desk.before("session-a", "Bash", command="sidelight intent 'move the orders table' --area billing")
    said = desk.before("session-b", "Bash", command="sidelight intent 'drop the orders table' --area billing")
    assert "session-a" in said["additionalContext"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("sidelight intent fix it", [announcing.Announced("fix it")]),
        ("sidelight intent 'a b' --target path:x --target=y --ttl 30m", [("a b", None, ("path:x", "y"), "30m")]),
        ("git status; sidelight intent a && sidelight intent b --json", [("a", None, (), None), ("b", None, (), None)]),
        ('sidelight intent "$WHAT"', []),
        ("sidelight intent x --home /elsewhere", []),
        ("sidelight intent x --session other", []),
        ("echo sidelight intent x", []),
        ("sidelight who; grep intent sidelight", []),
        ("sidelight intent", []),
    ],
)
def test_what_a_command_line_announces_is_read_where_it_stands_in_plain_words(line, expected):
    from sidelight.effects import Call
    from tests.fakes import FakeFacts

    assert announcing.announced(Call("Bash", {"command": line}), FakeFacts()) == expected
