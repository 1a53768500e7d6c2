"""What `sidelight doctor` says of the agent programs: with files that `init` wrote, and hooks that really run."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from sidelight.hosts import HOSTS, checking, choosing, installing, launcher
from sidelight.hosts.choosing import Chosen
from sidelight.hosts.claude_code import install as claude_code
from sidelight.hosts.remarks import Remark
from tests.terminals import Terminal, git, repository


class User:
    """A user with a home and a repository, and no program but what every system has."""

    def __init__(self, tmp_path: Path) -> None:
        self.home, self.here = tmp_path / "me", repository(tmp_path / "repo")
        self.home.mkdir()
        self.env = {"PATH": os.defpath, "HOME": str(self.home), "GIT_CONFIG_GLOBAL": os.devnull}

    def init(self, *hosts: str, project: bool = False) -> None:
        choice = [Chosen(host, str(self.here) if project else None) for host in hosts]
        plan, wanted = choosing.plan_install(choice, self.env)
        installing.install(plan, wanted, self.env)

    def found(self, mode: str = "tell") -> dict[str, Remark]:
        """What there is to say beyond that a hook answers, by name; every cause comes with a remedy."""
        said = checking.check(str(self.here), self.env, mode)
        for one in said:
            assert bool(one.cause) or not one.wrong
        return {one.name: one for one in said if one.cause}

    def write(self, name: str, text: str) -> Path:
        file = self.home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def approve(self) -> None:
        """As Codex notes that a person has approved the hooks."""
        file = self.home / ".codex/hooks.json"
        events = ("session_start", "user_prompt_submit", "pre_tool_use", "post_tool_use", "session_end")
        with open(self.home / ".codex/config.toml", "a") as config:
            config.writelines(f'\n[hooks.state."{file}:{event}:0:0"]\ntrusted_hash = "sha256:00"\n' for event in events)


@pytest.fixture
def user(tmp_path, monkeypatch):
    monkeypatch.setattr(checking, "SECONDS", 60.0)  # a loaded machine is slow, which is not the subject
    return User(tmp_path)


# ── does it run ──


def test_every_installed_hook_is_run_and_leaves_nothing_behind(user):
    user.init(*HOSTS)
    user.approve()
    said = checking.check(str(user.here), user.env, "tell")
    assert [one.name for one in said] == [f"{host} hook" for host in HOSTS]
    assert all("answers in" in one.what and not one.wrong for one in said), said
    left = user.home / ".local/state/sidelight"
    assert {one.name for one in left.iterdir()} <= {"installed", "logs"}, "no ledger was made by trying"
    assert list(left.glob("logs/*")) == []


def test_where_nothing_is_installed_there_is_nothing_to_say(user):
    assert user.found() == {}


def test_a_host_in_use_that_was_not_told_is_named(user):
    (user.home / ".gemini").mkdir()
    assert "Gemini CLI" in user.found()["hosts"].what
    user.init("gemini-cli")
    assert user.found() == {}


@pytest.mark.parametrize("part", ["python", "sidelight"])
def test_a_hook_whose_program_was_moved_is_named_with_what_is_gone(user, part):
    user.init("cursor")
    hooks = user.home / ".cursor/hooks.json"
    ours = launcher.command("cursor")
    there = launcher.command("cursor", **{"python" if part == "python" else "script": f"/gone/{part}"})
    hooks.write_text(hooks.read_text().replace(json.dumps(ours)[1:-1], json.dumps(there)[1:-1]))
    found = user.found()
    assert found["cursor hook"].wrong
    assert f"/gone/{part} is not there any more" in found["cursor hook"].cause
    assert "sidelight init --host cursor" in found["cursor hook"].remedy
    assert "an older Sidelight wrote it" in found["cursor files"].cause
    user.init("cursor")
    assert user.found() == {}


def test_a_hook_that_fails_is_named_with_its_last_word(user, tmp_path):
    broken = tmp_path / "sidelight"
    broken.write_text("raise SystemExit('no such luck')\n")
    answered, cause = checking.trial("codex", launcher.command("codex", script=str(broken)), user.env)
    assert (answered, cause) == (False, "no such luck")


def test_a_file_that_was_removed_is_named(user):
    user.init("copilot-cli")
    (user.home / ".copilot/hooks/sidelight.json").unlink()
    found = user.found()
    assert found["copilot-cli hook"].wrong
    assert "not there any more" in found["copilot-cli files"].cause


def test_in_a_project_only_what_this_installation_writes_is_run(user, tmp_path):
    user.init("codex", project=True)
    hooks, ran = user.here / ".codex/hooks.json", tmp_path / "ran"
    evil = f"touch {ran}; {launcher.command('codex')}"
    hooks.write_text(hooks.read_text().replace(json.dumps(launcher.command("codex"))[1:-1], json.dumps(evil)[1:-1]))
    assert "was not tried" in user.found()["codex hook"].what
    assert not ran.exists()


def test_a_project_that_is_gone_is_named(user, tmp_path):
    user.init("gemini-cli", project=True)
    shutil.rmtree(user.here)
    said = checking.check(str(tmp_path), user.env, "tell")
    assert [one.name for one in said] == ["gemini-cli files"]
    assert "the project is not there any more" in said[0].what


# ── does the host let it run ──


def test_hooks_that_codex_was_not_told_to_trust_are_named_until_it_was(user):
    user.init("codex")
    waiting = user.found()["codex trust"]
    assert waiting.wrong
    assert "5 of our 5" in waiting.what
    assert "/hooks" in waiting.remedy
    user.approve()
    assert user.found() == {}


def test_an_approval_is_for_the_place_in_the_file(user):
    theirs = {"hooks": {"PreToolUse": [{"hooks": [{"type": "command", "command": "lint"}]}]}}
    user.write(".codex/hooks.json", json.dumps(theirs))
    user.init("codex")
    user.approve()
    assert "1 of our 5 hooks are not approved (PreToolUse)" in user.found()["codex trust"].what


@pytest.mark.parametrize(
    ("host", "file", "text"),
    [
        ("claude-code", ".claude/settings.json", '{"disableAllHooks": true, // for now\n}'),
        ("claude-code", ".claude/settings.json", '{"enabledPlugins": {"sidelight@skills-dir": false}}'),
        ("gemini-cli", ".gemini/settings.json", '{"hooksConfig": {"enabled": false}}'),
        ("gemini-cli", ".gemini/settings.json", '{"hooksConfig": {"disabled": ["sidelight"]}}'),
        ("codex", ".codex/config.toml", "[features]\nhooks = false\n"),
    ],
)
def test_hooks_that_are_switched_off_are_named_with_the_setting(user, host, file, text):
    where = user.write(file, text)
    user.init(host)
    found = user.found()[f"{host} off"]
    assert found.wrong
    assert str(where) in found.cause


def test_a_project_and_who_looks_after_the_machine_can_switch_hooks_off(user, monkeypatch):
    user.init("claude-code")
    (user.here / ".claude").mkdir()
    (user.here / ".claude/settings.local.json").write_text('{"disableAllHooks": true}')
    assert "settings.local.json" in user.found()["claude-code off"].cause
    (user.here / ".claude/settings.local.json").unlink()
    managed = user.write("managed.json", '{"allowManagedHooksOnly": true}')
    monkeypatch.setattr(claude_code, "MANAGED", (str(managed),))
    assert "allowManagedHooksOnly" in user.found()["claude-code off"].cause


@pytest.mark.parametrize("text", ["[]", '{"enabledPlugins": 1, "hooksConfig": [], "hooks": 3}', "{", "\udcff"])
def test_settings_of_any_kind_harm_nothing(user, text):
    user.init("claude-code", "gemini-cli")
    for file in (".claude/settings.json", ".gemini/settings.json"):
        user.write(file, "").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert user.found() == {}


# ── twice, and not as it was wished ──


def test_the_plugin_beside_init_is_named(user):
    user.write(".claude/settings.json", '{"enabledPlugins": {"sidelight@sidelight": true, "other@x": true}}')
    user.init("claude-code")
    assert "claude plugin uninstall sidelight@sidelight" in user.found()["claude-code twice"].remedy


def test_a_projects_claude_hooks_are_named_for_copilot(user):
    (user.here / ".claude").mkdir()
    hook = {"hooks": [{"type": "command", "command": launcher.command("claude-code")}]}
    (user.here / ".claude/settings.json").write_text(json.dumps({"hooks": {"PreToolUse": [hook]}}))
    user.init("copilot-cli")
    assert "Copilot CLI runs a project's Claude Code hooks" in user.found()["copilot-cli twice"].cause


def test_user_and_project_are_named_but_who_stands_at_home_has_one(user):
    user.init("gemini-cli")
    user.init("gemini-cli", project=True)
    assert "--project --host gemini-cli" in user.found()["gemini-cli twice"].remedy
    user.init("cursor")
    git(user.home, "init", "-q")
    said = checking.check(str(user.home), user.env, "tell")
    assert "cursor twice" not in [one.name for one in said]


def test_a_mode_that_a_host_cannot_do_is_named(user):
    user.init("claude-code", "gemini-cli")
    assert set(user.found("ask")) == {"gemini-cli attention"}
    assert "`pause-once` works there" in user.found("ask")["gemini-cli attention"].remedy
    assert user.found("pause-once") == {}


def test_an_older_program_than_was_tried_is_named(user):
    binary = user.write("lib/gemini/bundle/gemini.js", "")
    binary.chmod(0o755)
    package = user.write("lib/gemini/package.json", '{"version": "0.9.1", "bin": {"gemini": "bundle/gemini.js"}}')
    (user.home / "bin").mkdir()
    (user.home / "bin/gemini").symlink_to(binary)
    user.env["PATH"] = f"{user.home}/bin:{os.defpath}"
    user.init("gemini-cli")
    assert "Gemini CLI is 0.9.1" in user.found()["gemini-cli version"].what
    package.write_text('{"version": "0.61.0", "bin": {"gemini": "bundle/gemini.js"}}')
    assert user.found() == {}


# ── from the command line ──


def test_doctor_says_it_and_fails_where_a_hook_cannot_run(tmp_path):
    here = Terminal(tmp_path / "me", repository(tmp_path / "repo"), env={"PATH": os.defpath})
    here.run("init", "--host", "cursor")
    assert "Cursor: its hook was run, and answers" in here.run("doctor").stdout
    (here.user / ".cursor/hooks.json").write_text("{}")
    names = [one["name"] for one in here.json("doctor", code=1)["findings"] if one["wrong"]]
    assert names == ["cursor hook"]
