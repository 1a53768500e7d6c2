"""space: which space and home a directory has, and who is asking."""

import json
import os
import pathlib
import stat
import subprocess
import sys

import pytest

from sidelight.facts import LiveFacts
from sidelight.space import (
    Home,
    Identity,
    find_home,
    home_space,
    prepare,
    register,
    registered,
    space_of,
    state_dir,
    who_am_i,
)
from tests.fakes import FakeFacts

# ── homes ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def env(tmp_path):
    return {"HOME": str(tmp_path / "me"), "XDG_STATE_HOME": str(tmp_path / "state")}


@pytest.fixture
def agent(tmp_path):
    home = tmp_path / "agent" / ".sidelight"
    home.mkdir(parents=True)
    (home / "config.json").write_text("{}")
    return home


@pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="the places of Linux")
def test_the_default_home_is_in_the_state_directory(tmp_path, env):
    assert state_dir(env) == str(tmp_path / "state" / "sidelight")
    assert state_dir({"HOME": "/home/me"}) == "/home/me/.local/state/sidelight"
    assert state_dir({"HOME": "/home/me", "XDG_STATE_HOME": "relative"}) == "/home/me/.local/state/sidelight"


def test_each_platform_has_its_own_place(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert state_dir({"HOME": "/Users/me"}) == "/Users/me/Library/Application Support/sidelight"


def test_sidelight_home_is_the_home(env, tmp_path, agent):
    env["SIDELIGHT_HOME"] = str(tmp_path / "ours")
    register(str(agent), env)
    assert state_dir(env) == str(tmp_path / "ours")
    assert find_home(str(agent.parent), env) == Home(str(tmp_path / "ours"), is_agent_home=False)
    assert state_dir({**env, "SIDELIGHT_HOME": "~/x"}) == str(tmp_path / "me" / "x")
    assert state_dir({**env, "SIDELIGHT_HOME": " "}) != " "


def test_an_explicit_home_wins(env, tmp_path):
    env["SIDELIGHT_HOME"] = str(tmp_path / "ours")
    assert find_home("/", env, str(tmp_path / "x")) == Home(str(tmp_path / "x"), is_agent_home=False)
    assert find_home("/", env, "") == Home(str(tmp_path / "ours"), is_agent_home=False)


def test_an_agent_home_counts_only_if_it_was_registered_here(env, agent):
    """A cloned repository can ship one."""
    below = agent.parent / "src" / "deep"
    below.mkdir(parents=True)
    assert find_home(str(below), env) == Home(state_dir(env), is_agent_home=False)
    register(str(agent.parent.parent / "another" / ".sidelight"), env)
    assert find_home(str(below), env) == Home(state_dir(env), is_agent_home=False)
    register(str(agent), env)
    assert find_home(str(below), env) == Home(str(agent), is_agent_home=True)
    assert find_home(str(agent.parent.parent), env) == Home(state_dir(env), is_agent_home=False)


def test_an_agent_home_without_its_settings_does_not_count(env, agent):
    register(str(agent), env)
    (agent / "config.json").unlink()
    assert not find_home(str(agent.parent), env).is_agent_home


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="owners of POSIX")
def test_an_agent_home_that_others_can_write_to_or_own_does_not_count(env, agent, monkeypatch):
    register(str(agent), env)
    agent.chmod(0o777)
    assert not find_home(str(agent.parent), env).is_agent_home
    agent.chmod(0o700)
    assert find_home(str(agent.parent), env).is_agent_home
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert not find_home(str(agent.parent), env).is_agent_home


def test_a_link_in_place_of_an_agent_home_does_not_count(env, agent, tmp_path):
    register(str(agent), env)
    (tmp_path / "clone").mkdir()
    (tmp_path / "clone" / ".sidelight").symlink_to(agent)
    assert not find_home(str(tmp_path / "clone"), env).is_agent_home


def test_the_instar_directory_is_never_found_by_itself(env, tmp_path):
    (tmp_path / ".instar").mkdir()
    (tmp_path / ".instar" / "config.json").write_text("{}")
    register(str(tmp_path / ".instar"), env)
    assert not find_home(str(tmp_path), env).is_agent_home


def test_registering_twice_is_once_and_the_file_is_private(env, agent):
    register(str(agent), env)
    register(str(agent), env)
    assert registered(env) == (str(agent),)
    file = pathlib.Path(state_dir(env), "homes.json")
    assert json.loads(file.read_text()) == [str(agent)]
    if os.name != "nt":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "{", "null", "{}", "[5]", "[" * 100_000])
def test_a_damaged_register_registers_nothing(env, agent, content):
    prepare(state_dir(env))
    pathlib.Path(state_dir(env), "homes.json").write_text(content)
    assert registered(env) == ()
    register(str(agent), env)
    assert registered(env) == (str(agent),)


def test_many_processes_register_at_once_and_none_is_lost(env, tmp_path):
    code = "import sys, os; from sidelight.space import register; register(sys.argv[1], dict(os.environ))"
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path / f"h{number}")], env={**os.environ, **env})
        for number in range(8)
    ]
    assert [process.wait() for process in started] == [0] * 8
    assert set(registered(env)) == {str(tmp_path / f"h{number}") for number in range(8)}


def test_a_home_is_made_private_with_its_logs(tmp_path):
    home = tmp_path / "a" / "b"
    assert prepare(str(home)) == str(home)
    prepare(Home(str(home), is_agent_home=False))
    if os.name != "nt":
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        assert stat.S_IMODE((home / "logs").stat().st_mode) == 0o700


def test_a_file_in_place_of_a_home_is_an_error(tmp_path):
    (tmp_path / "f").write_text("")
    with pytest.raises(OSError):  # noqa: PT011 - any will do
        prepare(str(tmp_path / "f"))


# ── spaces ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_repository_with_a_remote_is_one_space_on_every_machine():
    assert space_of(FakeFacts()) == space_of(FakeFacts(machine="m2", cwd="/repo")) == "repo:acme/app"


def test_worktrees_of_a_repository_without_a_remote_are_one_space():
    here = FakeFacts(trees=["/repo", "/repo-wt"], remote=None)
    assert space_of(here) == space_of(here.at("/repo-wt")) == "repo:m1:/repo/.git"


def test_outside_a_repository_the_directory_is_the_space():
    assert space_of(FakeFacts("/tmp/x", trees=[])) == "dir:m1:/tmp/x"


def test_an_agent_home_is_a_space_of_its_own():
    assert home_space("/agents/echo/.sidelight", "m1") == "home:m1:/agents/echo/.sidelight"


def test_the_space_of_a_real_directory(tmp_path):
    here = LiveFacts(str(tmp_path))
    assert space_of(here) == f"dir:{here.machine}:{tmp_path}"


# ── who is asking ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_order_in_which_a_session_is_found():
    """Design 10: stdin payload, then --session, then SIDELIGHT_SESSION, then the host's own variable."""
    env = {"SIDELIGHT_SESSION": "variable", "CLAUDE_CODE_SESSION_ID": "host"}
    assert who_am_i(env, {"session": "payload"}, "option").session == "payload"
    assert who_am_i(env, {"session": " "}, "option").session == "option"
    assert who_am_i(env, None, "").session == "variable"
    assert who_am_i({"CLAUDE_CODE_SESSION_ID": "host"}).session == "host"
    assert who_am_i({}) == Identity(None, None, None)


@pytest.mark.parametrize(
    ("variable", "host"),
    [
        ("CLAUDE_CODE_SESSION_ID", "claude-code"),
        ("CODEX_SESSION_ID", "codex"),
        ("CODEX_THREAD_ID", "codex"),
        ("GEMINI_SESSION_ID", "gemini-cli"),
        ("COPILOT_AGENT_SESSION_ID", "copilot-cli"),
    ],
)
def test_each_host_says_its_session_in_a_variable_of_its_own(variable, host):
    assert who_am_i({variable: " s1 "}) == Identity("s1", None, host)


@pytest.mark.parametrize(
    ("env", "host"),
    [
        ({"CLAUDECODE": "1"}, "claude-code"),
        ({"AI_AGENT": "claude-code_2-1-330_agent"}, "claude-code"),
        ({"AI_AGENT": "codex"}, "codex"),
        ({"GEMINI_CLI": "1"}, "gemini-cli"),
        ({"OPENCODE": "1", "AGENT": "1"}, "opencode"),
        ({"CLAUDECODE": ""}, None),
    ],
)
def test_a_host_is_known_without_a_session(env, host):
    assert who_am_i(env) == Identity(None, None, host)


def test_the_host_whose_mark_a_process_bears_is_asked_first():
    env = {"CLAUDE_CODE_SESSION_ID": "outer", "GEMINI_SESSION_ID": "inner", "AI_AGENT": "gemini-cli"}
    assert who_am_i(env) == Identity("inner", None, "gemini-cli")


def test_a_sub_agent_is_named_beside_its_session():
    assert who_am_i({"SIDELIGHT_AGENT": " a1 "}, {"session": "s"}) == Identity("s", "a1", None)
    assert who_am_i({"SIDELIGHT_AGENT": "a1"}, {"agent": "a2", "host": "codex"}) == Identity(None, "a2", "codex")


@pytest.mark.parametrize("value", [None, 5, "", " \n", [], True])
def test_what_is_no_name_is_unknown(value):
    assert who_am_i({}, {"session": value, "agent": value, "host": value}) == Identity(None, None, None)


def test_a_name_is_bounded():
    assert len(who_am_i({}, {"session": "x" * 500}).session or "") == 128
