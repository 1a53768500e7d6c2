"""A working tree that is mounted in a container, at another path than its host's, and one ledger for both."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.hosts import calling
from tests.postgres_server import ledger_url
from tests.server.running import serving

TOKEN = "of-these-tests"


class Side:
    """One machine: its own home and name, and, as in a container, its own view of the files."""

    def __init__(self, name: str, tree: Path, home: Path, around: dict[str, str], inside: Sequence[str] = ()) -> None:
        home.mkdir()
        self.tree, self.inside, self._calls = tree, inside, 0
        self.env = {
            **{one: os.environ[one] for one in ("PATH", "LD_LIBRARY_PATH") if one in os.environ},
            "HOME": str(home),
            "SIDELIGHT_HOME": str(home),
            "SIDELIGHT_MACHINE": name,
            "SIDELIGHT_NO_SERVER": "1",
            "SIDELIGHT_HOOK_SECONDS": str(calling.PATIENCE),
            **around,
        }

    def runs(self, session: str, *words: str, stdin: str = "") -> str:
        """What a command of a session prints that stands in the tree."""
        line = ["env", "-C", str(self.tree), sys.executable, "-m", "sidelight", *words]
        done = subprocess.run(
            [*self.inside, *line],
            input=stdin,
            capture_output=True,
            text=True,
            env={**self.env, "SIDELIGHT_SESSION": session},
            cwd="/",
            timeout=2 * calling.PATIENCE,
            check=False,
        )
        return done.stdout

    def calls(self, session: str, tool: str, **given: str) -> str:
        """What a session's model reads with a call of a tool."""
        self._calls += 1
        event = {
            "session_id": session,
            "hook_event_name": "PreToolUse",
            "cwd": str(self.tree),
            "tool_name": tool,
            "tool_input": given,
            "tool_use_id": f"{session}-{self._calls}",
        }
        said = self.runs(session, "hook", "claude-code", stdin=json.dumps(event))
        return str(json.loads(said)["hookSpecificOutput"].get("additionalContext", "")) if said else ""

    def edits(self, session: str, name: str) -> str:
        """The same with an edit of a file."""
        return self.calls(session, "Edit", file_path=str(self.tree / name))

    def until_told(self, session: str, tool: str, **given: str) -> str:
        """The same, once it says something: on a busy machine a call may only have been kept (design 7)."""
        said = [""]

        def again() -> bool:
            said.append(self.calls(session, tool, **given))
            return "⚠ Cross-session" in said[-1]

        assert calling.until(again), said
        return said[-1]

    def recorded(self, session: str) -> bool:
        """Is something of this session in the ledger?"""
        said = self.runs(session, "recent", "--quiet", "--json")  # or nothing, if it did not answer in time
        return any(one["actor"] == session for one in json.loads(said or "{}").get("actions", ()))


def repository(root: Path) -> Path:
    subprocess.run(["git", "init", "-q", "-b", "main", str(root)], check=True)
    (root / "src").mkdir()
    (root / "src" / "a.py").write_text("print()\n")
    return root


def mounted(tree: Path, at: Path) -> list[str]:
    """What runs a command where the tree is mounted at another path and hidden at its own; [] where that is refused."""
    at.mkdir()
    script = f'mount --bind "{tree}" "{at}" && mount -t tmpfs none "{tree}" && exec "$@"'
    inside = ["unshare", "--mount", "--", "sh", "-c", script, "sh"]
    if shutil.which("unshare") and not subprocess.run([*inside, "true"], capture_output=True, check=False).returncode:
        return inside
    at.rmdir()
    at.symlink_to(tree)
    return []


@pytest.fixture(params=["postgres", "remote"])
def around(request, tmp_path):
    """The variables by which both sides share a ledger."""
    if request.param == "postgres":
        yield {"SIDELIGHT_STORE": ledger_url(str(tmp_path))}
        return
    with serving(tmp_path / "agent", SIDELIGHT_TOKEN=TOKEN) as server:
        yield {"SIDELIGHT_SERVER": server.url, "SIDELIGHT_TOKEN": TOKEN}


@pytest.fixture
def sides(tmp_path, around, record_property):
    """A host, and a container on it that has the host's tree at another path; where mounting is refused, another
    machine that has it at the same one.
    """
    tree, inner = repository(tmp_path / "app"), tmp_path / "workspace"
    inside = mounted(tree, inner)
    kind = "postgres" if "SIDELIGHT_STORE" in around else "remote"
    record_property("engine", f"{kind} with a tree that is {'mounted elsewhere' if inside else 'not mounted'}")
    return Side("laptop", tree, tmp_path / "h1", around), Side("box", inner, tmp_path / "h2", around, inside)


@pytest.mark.long
def test_two_sessions_meet_on_one_file_that_each_has_under_another_path(sides):
    host, box = sides
    host.edits("session-aaaa", "src/a.py")
    said = box.until_told("session-bbbb", "Edit", file_path=str(box.tree / "src/a.py"))
    assert "overlap" in said
    assert "aaaa" in said
    assert "src/a.py" in said
    assert calling.until(lambda: knows_both(host))
    assert calling.until(lambda: knows_both(box))


def knows_both(side: Side) -> bool:
    """Does it find who did what to the file, asked by its own path?"""
    said = side.runs("session-cccc", "whodid", "src/a.py", "--json")
    return "session-aaaa" in said and "session-bbbb" in said


@pytest.mark.long
def test_a_reset_in_the_container_discards_what_the_host_has_under_way(sides):
    host, box = sides
    (host.tree / "src" / "a.py").write_text("print('hello')\n")
    host.edits("session-aaaa", "src/a.py")
    said = box.until_told("session-bbbb", "Bash", command="git reset --hard")
    assert "conflict" in said
    assert "src/a.py" in said
    assert calling.until(lambda: "git reset --hard" in host.runs("session-aaaa", "notices"))


@pytest.mark.long
def test_clones_on_two_machines_are_two_trees(around, tmp_path, record_property):
    """Even a copy to the last bit, at the same path below another directory: what is done to it arrives by a push."""
    record_property("engine", "postgres" if "SIDELIGHT_STORE" in around else "remote")
    one = repository(tmp_path / "app")
    two = Path(shutil.copytree(one, tmp_path / "copy" / "app", copy_function=shutil.copy2))
    host, box = Side("laptop", one, tmp_path / "h1", around), Side("box", two, tmp_path / "h2", around)
    host.edits("session-aaaa", "src/a.py")
    assert box.edits("session-bbbb", "src/a.py") == ""
    assert calling.until(lambda: box.recorded("session-bbbb"))
    assert box.edits("session-bbbb", "src/a.py") == ""
