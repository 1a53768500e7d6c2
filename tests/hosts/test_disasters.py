"""The classic disasters, with real hook processes and real git: the warning before, the notice after, who did it, and
the way back.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing

import pytest

from sidelight import undoing, whodid
from sidelight.facts import LiveFacts
from sidelight.ledger import Ledger
from sidelight.server import user_server
from tests.hosts.calling import PATIENCE, Claude
from tests.repositories import git, own_git, tick, write

__all__ = ["own_git"]
pytestmark = pytest.mark.usefixtures("own_git")


class Session(Claude):
    """A session whose commands really run, with its hooks around them."""

    afterwards = ""  # what it read after its last command

    def runs(self, line):
        """A command line through the hooks; what its model reads, before and after it."""
        tick(self.tree.parent)
        warned = self.before("Bash", command=line).text
        tick(self.tree.parent)
        done = subprocess.run(["bash", "-c", line], cwd=self.tree, capture_output=True, text=True, check=False)
        tick(self.tree.parent)
        call = f"{self.session}-{self._calls}"
        answer = {"stdout": done.stdout, "stderr": done.stderr}
        given = {"tool_name": "Bash", "tool_input": {"command": line}, "tool_use_id": call, "tool_response": answer}
        self.afterwards = self.says("PostToolUse", **given).text
        return warned

    def hidden(self, tool, line):
        """A program of which nothing is known, that runs a command line."""
        text = f"#!{sys.executable}\nimport subprocess\nsubprocess.run({line!r}, shell=True, capture_output=True)\n"
        write(tool, text).chmod(0o755)
        return self.runs(str(tool))

    def edits(self, name, text):
        """An edit by the editing tool."""
        given = {"file_path": str(self.tree / name), "content": text}
        self.before("Write", **given)
        write(self.tree / name, text)
        ended = {"tool_name": "Write", "tool_input": given, "tool_use_id": f"{self.session}-{self._calls}"}
        self.says("PostToolBatch", tool_calls=[ended])

    @property
    def news(self):
        """What it is told at the end of a batch of calls."""
        return self.says("PostToolBatch", tool_calls=[]).text


@pytest.fixture
def two(repo, env):
    a, b = Session("session-aaaa", repo, env), Session("session-bbbb", repo, env)
    a.runs("make nothing")
    return a, b


def asked(session, what):
    """`whodid`, as JSON."""
    return _cli(session, "whodid", what)


def hinted(session, *more):
    return _cli(session, "undo-hint", *more)


def _cli(session, *words):
    done = subprocess.run(
        [sys.executable, "-m", "sidelight", *words, "--json"],
        cwd=session.tree, env=session.env, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def doers(found):
    return [(one["action"]["actor"], one["action"]["kind"]) for one in found["deeds"]]


def test_a_reset_over_foreign_edits(two):
    a, b = two
    for text in ("one", "more"):
        git(a.tree, "commit", "-q", "--allow-empty", "-m", text)
    before = git(a.tree, "rev-parse", "HEAD~1")
    a.edits("src/redrive.py", "a's work\n")
    git(a.tree, "add", "src/redrive.py")
    warned = b.runs(f"git reset --hard {before}")
    assert warned.startswith("⚠ Cross-session: conflict.")
    assert "src/redrive.py" in warned
    assert "sidelight undo-hint " in warned
    told = a.news
    assert "git reset --hard" in told
    assert "sidelight undo-hint " in told
    assert doers(asked(a, "src/redrive.py")) == [("session-bbbb", "tree-reset"), ("session-aaaa", "write")]
    hint = hinted(a)
    assert hint["action"]["actor"] == "session-bbbb"
    assert [(one["path"], one["actor"]) for one in hint["lost"]] == [("src/redrive.py", "session-aaaa")]
    ways = {one["what"]: one["id"] for one in hint["ways"]}
    assert git(a.tree, "show", ways["src/redrive.py as it was staged"]) == "a's work"
    assert git(a.tree, "log", "-1", "--format=%s", ways["HEAD as it was before (branch main)"]) == "more"


@pytest.mark.parametrize("served", [False, True], ids=["alone", "served"])
def test_a_reset_that_a_program_hides(env, repo, tmp_path, served):
    if served:
        env |= {"SIDELIGHT_NO_SERVER": "", "CI": ""}
        assert user_server.start(env, seconds=PATIENCE) is not None
    a, b = Session("session-aaaa", repo, env), Session("session-bbbb", repo, env)
    write(a.tree / "src/a.py", "one\n")
    git(a.tree, "add", ".")
    git(a.tree, "commit", "-qm", "a file")
    a.runs("make nothing")
    a.edits("src/a.py", "a's work\n")
    b.runs("make nothing")
    assert b.hidden(tmp_path / "tool", "git reset --hard") == ""
    assert b.afterwards.startswith("⚠ Cross-session: conflict.")
    assert "src/a.py" in b.afterwards
    assert "src/a.py" in a.news
    found = asked(a, "src/a.py")
    assert doers(found) == [("session-bbbb", "restore"), ("session-aaaa", "write")]
    assert found["deeds"][0]["how"] == "own call"
    assert found["stands"] == "as committed"


def test_a_foreign_stash_entry_is_popped(two):
    a, b = two
    write(a.tree / "src/a.py", "one\n")
    git(a.tree, "add", ".")
    git(a.tree, "commit", "-qm", "a file")
    a.edits("src/a.py", "a's work\n")
    a.runs("git stash push -m mine")
    entry = git(a.tree, "rev-parse", "stash@{0}")
    assert doers(asked(b, "stash@{0}")) == [("session-aaaa", "stash-push")]
    assert "conflict" in b.runs("git stash pop")
    assert "git stash pop" in a.news
    assert "src/a.py" in [path for key in asked(a, "src/a.py")["keys"] for path in [key.rpartition("/repo/")[2]]]
    ways = [one["id"] for one in hinted(a)["ways"]]
    assert entry[:12] in ways


def test_the_branch_is_switched_underneath(two):
    a, b = two
    git(a.tree, "commit", "-q", "--allow-empty", "-m", "one")
    git(a.tree, "branch", "other")
    git(a.tree, "commit", "-q", "--allow-empty", "-m", "two")
    before = git(a.tree, "rev-parse", "HEAD")
    a.edits("src/a.py", "a's work\n")
    assert "moves the tree away" in b.runs("git switch other")
    assert "git switch other" in a.news
    assert doers(asked(a, "HEAD"))[0] == ("session-bbbb", "tree-switch")
    assert doers(asked(a, "src/a.py")) == [("session-aaaa", "write")]
    (way,) = hinted(a, asked(a, "HEAD")["deeds"][0]["action"]["id"])["ways"]
    assert (way["what"], way["id"]) == ("HEAD as it was before", before[:12])


def test_everything_is_swept_into_a_commit(two):
    a, b = two
    a.edits("src/a.py", "a's work\n")
    assert "session-aaaa" in b.runs("git add -A && git commit -m 'all of it'")
    assert a.news
    found = asked(a, "src/a.py")
    assert found["deeds"][-1]["commit"]["subject"] == "all of it"
    assert found["stands"] == "as committed"
    assert doers(asked(a, "."))[0] == ("session-bbbb", "commit")


def test_settings_of_the_home_that_a_program_changes_are_seen(two, tmp_path):
    a, _ = two
    settings = tmp_path / ".local/state/sidelight/config.json"
    a.hidden(tmp_path / "tool", f"echo '{{}}' > {settings}")
    assert doers(asked(a, str(settings))) == [("session-aaaa", "change")]


def test_new_files_are_cleaned_away(two):
    a, b = two
    git(a.tree, "commit", "-q", "--allow-empty", "-m", "one")
    a.edits("new/feature.py", "a's work\n")
    assert "new/feature.py" in b.runs("git clean -fd")
    assert "git clean -fd" in a.news
    assert doers(asked(a, "new/feature.py")) == [("session-bbbb", "tree-clean"), ("session-aaaa", "write")]
    assert [(one["path"], one["actor"]) for one in hinted(a)["lost"]] == [("new/feature.py", "session-aaaa")]


def test_a_worktree_is_removed_under_a_live_session(repo, env, tmp_path):
    git(repo, "commit", "-q", "--allow-empty", "-m", "one")
    git(repo, "worktree", "add", "-q", "-b", "topic", str(tmp_path / "wt"))
    a, b = Session("session-aaaa", tmp_path / "wt", env), Session("session-bbbb", repo, env)
    a.edits("src/a.py", "a's work\n")
    assert "conflict" in b.runs(f"git worktree remove --force {tmp_path}/wt")
    assert not (tmp_path / "wt").exists()
    c = Session("session-aaaa", repo, env)
    assert "worktree remove" in c.news
    found = asked(b, str(tmp_path / "wt/src/a.py"))
    assert doers(found) == [("session-bbbb", "tree-remove"), ("session-aaaa", "write")]
    assert [one["path"] for one in hinted(b)["lost"]] == ["src/a.py"]


def test_foreign_commits_are_pushed_away_by_force(repo, env, tmp_path):
    git(repo, "commit", "-q", "--allow-empty", "-m", "one")
    git(tmp_path, "clone", "-q", "--bare", str(repo), "far.git")
    git(tmp_path, "clone", "-q", "-b", "main", str(tmp_path / "far.git"), "hers")
    git(repo, "remote", "add", "origin", str(tmp_path / "far.git"))
    a, b = Session("session-aaaa", tmp_path / "hers", env), Session("session-bbbb", repo, env)
    a.runs("git commit -q --allow-empty -m hers && git push -q origin main")
    hers = git(a.tree, "rev-parse", "HEAD")
    assert "conflict" in b.runs("git push -q --force origin main")
    assert "push" in a.news
    found = asked(b, "branch:main")
    assert doers(found)[:2] == [("session-bbbb", "push-force"), ("session-aaaa", "push")]
    assert [one["id"] for one in hinted(b)["ways"]] == [hers[:12]]
    assert [one["id"] for one in hinted(a)["ways"]] == [hers[:12]]


def test_what_was_kept_before_is_told_to_people_too(two):
    a, b = two
    a.edits("src/a.py", "a's work\n")
    git(a.tree, "add", ".")
    b.runs("git clean -fd && git rm -rfq --cached . && rm -rf src")
    with closing(Ledger.open(env=a.env, cwd=str(a.tree), facts=LiveFacts(str(a.tree), a.env))) as ledger:
        action = undoing.newest(ledger)
        assert action is not None
        assert [one.path for one in undoing.hint(ledger, LiveFacts(str(a.tree), a.env), action).lost] == ["src/a.py"]
        found = whodid.ask(ledger, LiveFacts(str(a.tree), a.env), action.id)
        assert found.deeds[0].action.id == action.id
