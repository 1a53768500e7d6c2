"""A person at a real shell: what they do is recorded, they are warned, and nobody waits."""

import os
import pty
import select
import subprocess
import sys
import time

import pytest

from sidelight.actions import EDITS, Draft, Touch
from sidelight.cli.shells import script
from sidelight.facts import LiveFacts
from sidelight.hosts.launcher import script_file
from sidelight.ledger import Ledger
from tests.repositories import git, make, own_git, write

pytestmark = pytest.mark.usefixtures("own_git")
__all__ = ["own_git"]

PATIENCE = 90
SHELLS = {
    "bash": ["bash", "--noprofile", "--rcfile", "{rc}", "-i"],
    "zsh": ["zsh", "-d", "-i"],
    "fish": ["fish", "--no-config", "--init-command", "source {rc}", "-i"],
}


class Shell:
    """An interactive shell on a terminal of its own."""

    def __init__(self, name, repo, home):
        self.home = home
        home.mkdir()
        self.state = home / "state"
        own = write(home / ".zshrc", script(name, script_file()))
        self.env = {
            "PATH": os.environ["PATH"], "HOME": str(home), "ZDOTDIR": str(home), "USER": "me", "TERM": "dumb",
            "SIDELIGHT_HOME": str(self.state), "SIDELIGHT_NO_SERVER": "1", "GIT_CONFIG_GLOBAL": os.devnull,
            "XDG_CONFIG_HOME": str(home), "XDG_DATA_HOME": str(home),
            **{f"GIT_{role}_{what}": "a@b.test" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        }  # fmt: skip
        self._terminal, theirs = pty.openpty()
        words = [word.format(rc=own) for word in SHELLS[name]]
        alone = "import fcntl, os, sys, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0)"
        self._process = subprocess.Popen(
            [sys.executable, "-c", f"{alone}; os.execvp(sys.argv[1], sys.argv[1:])", *words],
            cwd=repo, env=self.env, stdin=theirs, stdout=theirs, stderr=theirs,
        )  # fmt: skip
        os.close(theirs)
        self.shown = ""

    def types(self, line):
        os.write(self._terminal, f"{line}\n".encode())

    def shows(self, text):
        """Wait until the terminal shows a text."""
        self._until(lambda: text in self.shown, text)

    def recorded(self, *wanted):
        """Wait until these kinds of action of this shell are in the ledger; returns its actions by kind."""
        self._until(lambda: set(wanted) <= set(self._actions()), wanted)
        return self._actions()

    def _actions(self):
        with Ledger.open(str(self.state)) as ledger:
            return {one.kind: one for one in ledger.store.follow(0) if (one.actor or "").startswith("shell-")}

    def _until(self, is_so, what):
        until = time.monotonic() + PATIENCE
        while not is_so():
            assert time.monotonic() < until, f"{what!r} did not come; the terminal shows {self.shown[-2000:]!r}"
            if select.select([self._terminal], [], [], 0.1)[0]:
                try:
                    self.shown += os.read(self._terminal, 65536).decode("utf-8", "replace")
                except OSError as error:  # Linux's word for a terminal that nobody holds any more
                    raise AssertionError(f"the shell ended: {self.shown!r}") from error

    def close(self):
        self._process.kill()
        self._process.wait()
        os.close(self._terminal)


@pytest.fixture
def repo(tmp_path):
    return make(tmp_path / "repo")


@pytest.fixture(params=SHELLS)
def shell(request, repo, tmp_path):
    made = Shell(request.param, repo, tmp_path / "me")
    yield made
    made.close()


def somebody_edits(shell, repo, name):
    """A session edits a file, as its hooks would have recorded it."""
    facts = LiveFacts(str(repo))
    write(repo / name, "somebody's work\n")
    path, tree = f"path:{facts.machine}:{repo / name}", f"tree:{facts.machine}:{repo}"
    with Ledger.open(str(shell.state)) as ledger:
        ledger.record(Draft("edit", actor="session-aaaa", touches=(Touch(path, EDITS, None, tree),)))


def test_what_a_person_does_at_a_prompt_is_recorded_and_warned_about(shell, repo):
    somebody_edits(shell, repo, "src/a.py")
    shell.types("git reset -q --hard")
    found = shell.recorded("tree-reset")["tree-reset"]
    assert found.host == "shell"
    assert found.summary == "git reset -q --hard"
    shell.shows("Cross-session")
    shell.types("git stash list; git status")
    shell.types("git commit -q --allow-empty -m x")
    kinds = shell.recorded("tree-reset", "commit")
    assert set(kinds) == {"tree-reset", "commit"}


def test_a_shell_that_an_agent_started_is_left_alone(repo, tmp_path):
    for name in ("bash", "zsh", "fish"):
        text = script(name, "/nowhere/sidelight")
        done = subprocess.run(
            [name, "-c", text + "\ntype __sidelight_before"],
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "CLAUDECODE": "1"},
            capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode != 0, name


def test_a_bash_that_has_a_debug_trap_keeps_it(tmp_path):
    text = "trap 'echo theirs >/dev/null' DEBUG\n" + script("bash", "/nowhere/sidelight") + "\ntrap -p DEBUG\nexit\n"
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-i"],
        input=text,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "theirs" in done.stdout
    assert "__sidelight_debug" not in done.stdout


# ── git's hooks ──


def hooked(repo, env, *words, given="", **more):
    """What git would run in its hook."""
    return subprocess.run(
        [sys.executable, "-m", "sidelight", "git-hook", *words],
        cwd=repo, env={**env, **more}, input=given, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip


@pytest.fixture
def env(tmp_path):
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "SIDELIGHT_HOME": str(tmp_path / "state"), "USER": "me"}


def actions(env):
    with Ledger.open(env["SIDELIGHT_HOME"]) as ledger:
        return [(one.actor, one.kind) for one in ledger.store.follow(0)]


def test_each_hook_of_git_is_read_for_what_it_says(repo, env, tmp_path):
    one = git(repo, "rev-parse", "HEAD")
    git(repo, "commit", "-q", "--allow-empty", "-m", "second")
    two = git(repo, "rev-parse", "HEAD")
    shell = {"SIDELIGHT_SHELL": "shell-me-1"}
    none = "0" * 40
    pushed = [f"refs/heads/main {two} refs/heads/main {one}", f"refs/heads/main {one} refs/heads/main {two}"]
    pushed += [f"(delete) {none} refs/heads/old {one}", f"refs/heads/new {one} refs/heads/new {none}"]
    for words, given in (
        (("post-checkout", one, two, "1"), ""),
        (("post-checkout", one, two, "0"), ""),
        (("post-checkout", none, two, "1"), ""),
        (("post-commit",), ""),
        (("post-rewrite", "rebase"), f"{one} {two}\n"),
        (("post-rewrite", "amend"), f"{one} {two}\n"),
        (("pre-push", "origin", "url"), "\n".join(pushed) + "\nnonsense\n"),
        (("another", "hook"), ""),
    ):
        done = hooked(repo, env, *words, given=given, **shell)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), words
    assert [kind for _, kind in actions(env)] == [
        "tree-switch", "commit", "tree-merge", "commit", "push", "push-force", "ref-delete", "push",
    ]  # fmt: skip
    assert {actor for actor, _ in actions(env)} == {"shell-me-1"}


def test_what_an_agents_git_does_is_left_to_its_own_hooks(repo, env):
    assert hooked(repo, env, "post-commit", CLAUDECODE="1", CLAUDE_CODE_SESSION_ID="x").returncode == 0
    assert actions(env) == []


def test_a_ledger_that_cannot_be_opened_is_no_trouble_for_git(repo, env, tmp_path):
    write(tmp_path / "state", "a file")
    assert hooked(repo, env, "post-commit").returncode == 0
