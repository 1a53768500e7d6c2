"""`sidelight hook HOST` as a process: what an agent program sends and gets, with a server, without, and in trouble."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
from contextlib import closing
from pathlib import Path

import pytest

import sidelight
from sidelight.hosts import launcher
from sidelight.ledger import Ledger
from sidelight.server import user_server
from tests.hosts.calling import PATIENCE, Claude, command_of, run, run_shell


def ledger_of(env) -> Ledger:
    return Ledger.open(env=env, cwd="/")


def errors_of(env) -> list[str]:
    file = Path(env["HOME"], ".local/state/sidelight/logs/errors.log")
    return file.read_text().splitlines() if file.exists() else []


def recorded(env) -> list[str]:
    with closing(ledger_of(env)) as ledger:
        return [f"{one.actor} {one.kind}" for one in ledger.store.follow(0)]


@pytest.fixture(params=["alone", "served"])
def served(request, env):
    """The same story with the user's server running and without one."""
    if request.param == "served":
        env = {**env, "SIDELIGHT_NO_SERVER": "", "CI": ""}
        assert user_server.start(env, seconds=PATIENCE) is not None
    return env


def test_two_sessions_in_one_repository_are_told_in_time_and_once(served, repo):
    a, b = Claude("session-aaaa", repo, served), Claude("session-bbbb", repo, served)
    assert "sidelight intent" in a.says("SessionStart", source="startup").text
    assert a.before("Edit", file_path=str(repo / "src" / "redrive.py")).output == b""
    told = b.says("UserPromptSubmit", prompt="go on").text
    assert "uncommitted file in this tree" in told
    assert "redrive.py" in told
    assert b.says("UserPromptSubmit", prompt="go on").output == b""
    warned = b.before("Bash", command="git reset --hard").text
    assert warned.startswith("⚠ Cross-session: conflict.")
    notice = a.says("PostToolBatch", tool_calls=[]).text
    assert "git reset --hard" in notice
    assert a.says("PostToolBatch", tool_calls=[]).output == b""
    assert errors_of(served) == []


def test_a_call_that_is_delivered_twice_is_recorded_once_and_answered_alike(served, repo):
    a, b = Claude("session-aaaa", repo, served), Claude("session-bbbb", repo, served)
    a.before("Write", file_path=str(repo / "a.py"))
    first = b.before("Bash", "twice", command="git reset --hard")
    again = b.before("Bash", "twice", command="git reset --hard")
    texts = {re.sub(r"\d+[sm] ago", "… ago", one.text) for one in (first, again)}
    assert len(texts) == 1
    assert "conflict" in texts.pop()
    assert recorded(served) == ["session-aaaa write", "session-bbbb tree-reset"]


def test_a_read_records_nothing_and_says_nothing(served, repo):
    a = Claude("session-aaaa", repo, served)
    assert a.before("Bash", command="ls -la").output == b""
    assert a.before("Read", file_path=str(repo / "a.py")).output == b""
    assert recorded(served) == []


def test_what_failed_did_not_happen(served, repo):
    a, b = Claude("session-aaaa", repo, served), Claude("session-bbbb", repo, served)
    file = str(repo / "a.py")
    a.before("Edit", "t1", file_path=file)
    a.says("PostToolUseFailure", tool_name="Edit", tool_input={"file_path": file}, tool_use_id="t1", error="no")
    assert b.before("Bash", command="git reset --hard").output == b""


def test_a_session_that_ended_announces_nothing_any_more(served, repo):
    a = Claude("session-aaaa", repo, served)
    a.says("SessionStart", source="startup")
    with closing(ledger_of(served)) as ledger:
        ledger.announce("a long migration", actor="session-aaaa")
        a.says("SessionEnd", reason="prompt_input_exit")
        assert [closed for _, closed in ledger.store.intents(actor="session-aaaa")] == ["ended"]


def test_a_call_of_our_own_tool_says_whose_it_is(served, repo):
    a = Claude("session-aaaa", repo, served)
    done = json.loads(a.before("mcp__sidelight__announce", text="x").output)["hookSpecificOutput"]
    assert done["updatedInput"] == {"text": "x", "session": "session-aaaa"}
    assert "permissionDecision" not in done


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"\xff\xfe\x00",
        b'{"hook_event_name": "PreToolUse", "session_id": ',
        b"[" * 99_999,
    ],
    ids=["nothing", "half", "a list", "null", "a text", "no text", "cut off", "deep"],
)
def test_broken_input_is_success_without_output_and_one_line_in_the_log(env, payload):
    assert run("claude-code", payload, env) == (0, b"", b"")
    assert len(errors_of(env)) == 1


@pytest.mark.parametrize(
    "payload",
    [{"hook_event_name": "Invented", "session_id": "s"}, {"session_id": "s"}, {}, {"hook_event_name": "PreToolUse"}],
)
def test_an_unknown_event_is_silence(env, payload):
    assert run("claude-code", json.dumps(payload).encode(), env) == (0, b"", b"")


def test_a_host_that_nobody_knows_is_silence_and_a_line_in_the_log(env):
    assert run("invented", b"{}", env) == (0, b"", b"")
    assert "known are claude-code" in errors_of(env)[0]


def test_fifty_megabytes_do_no_harm(env):
    assert run("claude-code", b'{"x": "' + b"y" * 50_000_000 + b'"}', env) == (0, b"", b"")
    assert len(errors_of(env)) == 1


def test_without_standard_input_at_all_it_is_silent(env):
    done = subprocess.run(
        ["sh", "-c", f"exec 0<&-; {command_of('claude-code')}"],
        env=env,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_without_git_and_in_a_deleted_directory_it_goes_on(env, repo, tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    call: dict[str, object] = {"session_id": "s", "hook_event_name": "PreToolUse", "cwd": str(gone), "tool_use_id": "t"}
    call |= {"tool_name": "Write", "tool_input": {"file_path": str(repo / "a.py")}}
    line = f"cd {gone} && /bin/rmdir {gone} && {command_of('claude-code')}"
    assert run_shell(line, json.dumps(call).encode(), {**env, "PATH": "/nowhere"}) == (0, b"", b"")
    assert recorded(env) == ["s write"]


def test_a_sidelight_that_was_removed_is_silent_success(env):
    command = command_of("copilot-cli").replace(sys.executable, "/removed/bin/python")
    done = subprocess.run(
        ["sh", "-c", command], input=b"{}", env=env, capture_output=True, timeout=PATIENCE, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_hook_that_nobody_answers_ends_by_itself(env):
    with subprocess.Popen(
        ["sh", "-c", command_of("claude-code")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**env, "SIDELIGHT_HOOK_SECONDS": "0.2"},
    ) as open_ended:  # its input is never closed  # fmt: skip
        assert open_ended.wait(PATIENCE) == 0


@pytest.mark.parametrize("env_more", [{"CI": "true"}, {"SIDELIGHT_NO_SERVER": "1"}])
def test_no_server_is_started_where_none_is_wanted(env, repo, env_more):
    around = {**env, "SIDELIGHT_NO_SERVER": "", **env_more}
    Claude("session-aaaa", repo, around).before("Bash", command="ls")
    where = user_server.place(around)
    assert not os.path.exists(where.tried)
    assert user_server.status(around) is None


def imported(code: str) -> set[str]:
    """The modules that a bare interpreter has in the end which it had not before."""
    source = str(Path(sidelight.__file__).parents[1])
    packages = sysconfig.get_path("purelib")
    whole = f"import sys; had = set(sys.modules); sys.path += {[source, packages]!r}; {code}; "
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-E", "-c", whole + "print(*(set(sys.modules) - had))"],
        capture_output=True, text=True, check=True, timeout=PATIENCE,
    )  # fmt: skip
    return set(done.stdout.split())


def test_a_hook_that_forwards_imports_next_to_nothing():
    found = imported("import sidelight.hook, _socket")
    assert found == {"_socket", "sidelight", "sidelight.hook", "sidelight.rendezvous"}


def test_a_hook_that_works_alone_imports_nothing_heavy():
    code = (
        "import sidelight.hosts.moments, sidelight.hosts.claude_code.speech, sidelight.stores.sqlite, sidelight.hook; "
        "from sidelight.effects.shell import commands; from sidelight.facts import LiveFacts; "
        "assert commands('for f in a; do rm $f; done', LiveFacts('/'))[1]"
    )
    heavy = (
        "asyncio dataclasses http importlib mcp msgspec pathlib psycopg rich starlette subprocess tempfile threading "
        "typing uvicorn weakref"
    )
    assert imported(code) & set(heavy.split()) == set()


def test_an_edit_looks_at_nothing_and_so_imports_nothing_that_looks():
    code = "import sidelight.hosts.moments; from sidelight import observing; observing.begin"
    looks = {"sidelight.facts.looks", "sidelight.observing.ending", "sidelight.hosts.news", "subprocess"}
    assert imported(code) & looks == set()


def test_a_read_needs_neither_the_ledger_nor_its_file(env, repo):
    Claude("session-aaaa", repo, env).before("Bash", command="ls -la")
    assert not Path(env["HOME"], ".local/state/sidelight/ledger.db").exists()
    code = "import sidelight.hosts.dialogue, sidelight.hosts.claude_code.speech"
    assert imported(code) & {"sqlite3", "sidelight.ledger", "sidelight.stores"} == set()


def test_the_installed_program_answers_a_hook_by_itself_and_through_a_link(env, repo, tmp_path):
    link = tmp_path / "sidelight"
    link.symlink_to(launcher.script_file())
    call = {"session_id": "s", "hook_event_name": "SessionStart", "cwd": str(repo), "source": "startup"}
    for program in (launcher.script_file(), link):
        done = run_shell(f"{program} hook claude-code", json.dumps(call).encode(), env)
        assert (done.code, done.errors) == (0, b"")
        assert "sidelight intent" in done.text
