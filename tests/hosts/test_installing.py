"""`init` and `uninstall`, from the command line: what is written, what is kept, and what is the same afterwards."""

from __future__ import annotations

import json
import os
import shutil
import stat
import tempfile
import tomllib
from pathlib import Path

import pytest

from sidelight.cli import main
from sidelight.hosts import HOSTS, choosing, installing, launcher
from sidelight.hosts.choosing import Chosen
from sidelight.server import user_server
from tests.hosts.calling import PATIENCE, Claude, run_shell
from tests.terminals import git, repository

SETTINGS = '{\r\n\t"theirs": true, // a comment\r\n\t"hooks": {"Stop": [{"hooks": [{"command": "lint"}]},]},\r\n}'


@pytest.fixture
def user(tmp_path, monkeypatch, capsys):
    """A user with a home, standing in a repository."""
    home, here = tmp_path / "me", repository(tmp_path / "repo")
    home.mkdir()
    for name in [one for one in os.environ if one != "PATH" and not one.startswith("PYTEST")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.chdir(here)
    return User(home, here, capsys)


class User:
    def __init__(self, home: Path, here: Path, capsys) -> None:
        self.home, self.here, self.capsys = home, here, capsys

    def run(self, *arguments, code=0):
        got = main(list(arguments))
        out, err = self.capsys.readouterr()
        assert got == code, out + err
        return out + err

    def asked(self, *arguments, code=0):
        """What each file became, by the end of its name."""
        body = json.loads(self.run(*arguments, "--json", code=code))
        return {file["file"]: file["what"] for host in body["hosts"] for file in host["files"]}

    def write(self, name, text):
        file = self.home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def files(self):
        """Every file below the home but the state directory, with its bytes and mode."""
        return {
            str(file.relative_to(self.home)): (file.read_bytes(), stat.S_IMODE(file.lstat().st_mode))
            for file in sorted(self.home.rglob("*"))
            if file.is_file() and ".local" not in file.parts
        }

    def folders(self):
        return {str(one.relative_to(self.home)) for one in self.home.rglob("*") if one.is_dir()} - {
            str(one.relative_to(self.home)) for one in [self.home / ".local", *self.home.glob(".local/**/*")]
        }


EVERY = [part for host in HOSTS for part in ("--host", host)]


# ── init ──


def test_init_writes_for_the_hosts_in_use_and_for_no_others(user):
    (user.home / ".codex").mkdir()
    user.run("init")
    assert (user.home / ".codex/hooks.json").exists()
    assert not (user.home / ".cursor").exists()


def test_init_says_which_hosts_it_knows_where_none_is_in_use(user, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert "codex" in user.run("init", code=2)


def test_twice_changes_nothing(user):
    user.run("init", *EVERY)
    before = user.files()
    assert set(user.asked("init", *EVERY).values()) == {"unchanged"}
    assert "Nothing had to be changed" in user.run("init", *EVERY)
    assert user.files() == before


def test_a_dry_run_shows_every_line_and_writes_nothing(user):
    shown = user.run("init", *EVERY, "--dry-run")
    assert "sidelight hook claude-code" in shown
    assert "[mcp_servers.sidelight]" in shown
    assert "would be written; nothing was" in shown
    assert list(user.home.iterdir()) == []


def test_each_host_calls_the_constant_command_and_the_server_by_an_absolute_path(user):
    user.run("init", *EVERY)
    written = "\n".join(data.decode() for data, _ in user.files().values())
    for host in HOSTS:
        assert json.dumps(launcher.command(host))[1:-1] in written
    server = tomllib.loads((user.home / ".codex/config.toml").read_text())["mcp_servers"]["sidelight"]
    assert os.path.isabs(server["command"])
    assert server["args"] == ["mcp"]


def test_what_is_written_is_private_and_what_was_there_keeps_its_mode(user):
    hooks = user.write(".codex/hooks.json", "{}")
    hooks.chmod(0o644)
    user.run("init", "--host", "codex")
    assert stat.S_IMODE(hooks.stat().st_mode) == 0o644
    assert stat.S_IMODE((user.home / ".codex/config.toml").stat().st_mode) == 0o600
    copies = [
        one for one in (user.home / ".local/state/sidelight/installed").iterdir() if one.name.endswith("hooks.json")
    ]
    assert [one.read_text() for one in copies] == ["{}"]
    assert {stat.S_IMODE(one.stat().st_mode) for one in copies} == {0o600}


def test_a_link_is_followed_and_stays_a_link(user):
    real = user.write("dotfiles/codex-hooks.json", SETTINGS)
    (user.home / ".codex").mkdir()
    (user.home / ".codex/hooks.json").symlink_to(real)
    user.run("init", "--host", "codex")
    assert (user.home / ".codex/hooks.json").is_symlink()
    assert "sidelight hook codex" in real.read_text()
    user.run("uninstall")
    assert (user.home / ".codex/hooks.json").is_symlink()
    assert real.read_bytes().decode() == SETTINGS


@pytest.mark.parametrize("broken", ['{"hooks": ', "[]", b'{"a": "\xff"}', '{"hooks": {"PreToolUse": 1}}'])
def test_settings_that_cannot_be_read_are_refused_and_left_alone(user, broken):
    hooks = user.write(".codex/hooks.json", broken)
    before = hooks.read_bytes()
    told = user.run("init", "--host", "codex", code=1)
    assert "refused" in told
    assert "Nothing was written there" in told
    assert hooks.read_bytes() == before
    assert (user.home / ".codex/config.toml").exists(), "what can be written is"
    user.run("uninstall")
    assert hooks.read_bytes() == before


def test_somebody_elses_file_in_our_place_is_refused(user):
    theirs = user.write(".claude/skills/sidelight/.mcp.json", '{"mine": 1}')
    assert "not ours" in user.run("init", "--host", "claude-code", code=1)
    assert theirs.read_text() == '{"mine": 1}'


def test_a_file_that_changes_under_our_hands_is_not_overwritten(user):
    hooks = user.write(".codex/hooks.json", "{}")
    env = dict(os.environ)
    plan, wanted = choosing.plan_install([Chosen("codex")], env)
    hooks.write_text('{"new": 1}')
    with pytest.raises(OSError, match="changed meanwhile"):
        installing.install(plan, wanted, env)
    assert hooks.read_text() == '{"new": 1}'


# ── uninstall ──


def test_uninstall_takes_away_what_init_wrote_to_the_byte(user):
    user.write(".codex/hooks.json", SETTINGS)
    user.write(".codex/config.toml", 'model = "x"\n[mcp_servers.docs]\ncommand = "d"')
    user.write(".cursor/hooks.json", '{"version": 1}')
    user.write(".claude/settings.json", SETTINGS)
    files, folders = user.files(), user.folders()
    user.run("init", *EVERY)
    assert user.files() != files
    user.run("uninstall")
    assert user.files() == files
    assert user.folders() == folders
    assert not (user.home / ".local/state/sidelight/installed").exists()


def whole(home: Path) -> dict[str, bytes | None]:
    """Every file and directory below a home."""
    return {str(one.relative_to(home)): one.read_bytes() if one.is_file() else None for one in sorted(home.rglob("*"))}


def test_after_init_and_uninstall_the_whole_home_is_as_it_was(user):
    user.write(".codex/hooks.json", SETTINGS)
    (user.home / ".local/state").mkdir(parents=True)
    before = whole(user.home)
    user.run("init", *EVERY, "--git-hooks")
    user.run("uninstall")
    assert whole(user.home) == before
    user.run("uninstall")
    assert whole(user.home) == before, "nor does uninstalling nothing leave anything"


def test_what_stays_after_uninstall_is_the_users_ledger_settings_and_logs(user, tmp_path):
    (user.home / ".local/state").mkdir(parents=True)
    before = whole(user.home)
    user.run("init", *EVERY, "--git-hooks")
    runtime = tempfile.mkdtemp(prefix="sl-")  # a socket's path must be short
    env = {"PATH": os.environ["PATH"], "HOME": str(user.home), "XDG_RUNTIME_DIR": runtime}
    try:
        assert user_server.start(env, seconds=PATIENCE) is not None
        Claude("session-aaaa", user.here, env).before("Write", file_path=str(user.here / "a.py"))
        Claude("session-aaaa", user.here, env).before("Bash", command="git reset --hard")
        done = run_shell(f"{launcher.script_file()} uninstall", b"", env)
        assert done.code == 0
        assert os.listdir(runtime) == []
        after = whole(user.home)
    finally:
        user_server.stop(env)
        shutil.rmtree(runtime)
    assert {name: data for name, data in after.items() if name in before} == before
    home = ".local/state/sidelight"
    left = {name for name in after if name not in before and not name.startswith(f"{home}/logs/")}
    ledger = {f"{home}/ledger.db{end}" for end in ("", "-wal", "-shm")}
    assert left - ledger == {home, f"{home}/logs", f"{home}/config.json"}


def test_what_the_user_changed_meanwhile_stays(user):
    hooks = user.write(".codex/hooks.json", SETTINGS)
    user.run("init", "--host", "codex")
    hooks.write_bytes(hooks.read_bytes().replace(b"a comment", b"another"))
    user.run("uninstall")
    assert hooks.read_bytes().decode() == SETTINGS.replace("a comment", "another")


def test_a_host_goes_alone_and_shares_its_skill_until_the_last_one_went(user):
    user.run("init", *EVERY)
    skill = user.home / ".agents/skills/sidelight/SKILL.md"
    sharing = [
        host
        for host in HOSTS
        if any(
            one.piece.file == str(skill)
            for one in choosing.wanted([Chosen(host)], dict(os.environ), installing.read_record(dict(os.environ)))
        )
    ]
    assert "codex" in sharing
    for host in sharing:
        assert skill.exists()
        user.run("uninstall", "--host", host)
    assert not skill.exists()
    assert (user.home / ".claude/skills/sidelight/hooks/hooks.json").exists()


def test_uninstall_finds_what_is_ours_without_its_record(user):
    hooks = user.write(".codex/hooks.json", SETTINGS)
    user.run("init", "--host", "codex")
    (user.home / ".local/state/sidelight/installed/record.json").write_text("broken")
    user.run("uninstall")
    assert hooks.read_bytes().decode() == SETTINGS
    assert "sidelight" not in str(user.files())


def test_uninstalling_nothing_is_no_fault(user):
    assert "Nothing had to be changed" in user.run("uninstall")
    assert user.files() == {}


# ── in a project ──


def test_in_a_project_nothing_can_be_committed_and_nothing_stays(user):
    exclude = user.here / ".git/info/exclude"
    before = exclude.read_bytes()
    user.run("init", *EVERY, "--project")
    assert git(user.here, "status", "--porcelain", "--untracked-files=all") == ""
    assert (user.here / ".claude/skills/sidelight/hooks/hooks.json").exists()
    assert set(user.asked("init", *EVERY, "--project").values()) == {"unchanged"}
    user.run("uninstall", "--project")
    assert exclude.read_bytes() == before
    assert sorted(one.name for one in user.here.iterdir()) == [".git", "redrive.py"]


def test_a_file_that_git_tracks_is_never_changed(user):
    tracked = user.here / ".codex/hooks.json"
    tracked.parent.mkdir()
    tracked.write_text("{}")
    git(user.here, "add", ".")
    git(user.here, "commit", "-qm", "ours")
    assert "git tracks it" in user.run("init", "--host", "codex", "--project", code=1)
    assert tracked.read_text() == "{}"


def test_user_and_project_do_not_take_each_others_away(user):
    user.run("init", "--host", "codex")
    mine = user.files()
    user.run("init", "--host", "codex", "--project")
    user.run("uninstall", "--project")
    assert user.files() == mine
    user.run("init", "--host", "codex", "--project")
    user.run("uninstall")
    assert user.files() == {}
    assert not (user.here / ".codex").exists()
