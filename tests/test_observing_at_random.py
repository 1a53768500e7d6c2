"""Three sessions and a person at random in one repository with two trees: nobody is ever told to have surely done what
they did not touch, and what a session did alone is found. And a tree of many files.
"""

import random
import subprocess

import pytest

from sidelight.facts import LiveFacts
from sidelight.facts.looks import look
from tests.repositories import git, make, own_git, tick, write
from tests.test_observing import SCRIPT, Stage, told

pytestmark = [pytest.mark.usefixtures("own_git"), pytest.mark.long]
__all__ = ["own_git"]

NAMES = [f"src/{name}.py" for name in "abcdefgh"] + ["README.md", "new/one.txt", "new/two.txt", "with space.txt"]


class Session:
    """One of them: where it works, and what its call that is under way has touched."""

    def __init__(self, name, tree):
        self.name, self.tree = name, tree
        self.call = None
        self.touched: set[str] = set()
        self.written: set[str] = set()
        self.alone = True


class World:
    """All of them, and what they do next."""

    def __init__(self, tmp_path, seed):
        self.dice = random.Random(seed)
        self.stage = Stage(tmp_path)
        main = make(tmp_path / "repo", files=tuple(NAMES[:9]))
        git(main, "worktree", "add", "-q", "-b", "topic", str(tmp_path / "wt"))
        self.trees = [main, tmp_path / "wt"]
        for tree in self.trees:
            self.stage.runs("nobody", "make nothing", tree)
        self.sessions = [Session("a", main), Session("b", main), Session("c", self.trees[1])]
        self.sure = 0

    def step(self):
        one = self.dice.choice(self.sessions)
        chance = self.dice.random()
        if chance < 0.12:
            self.person()
        elif one.call is None:
            self.begin(one)
        elif chance < 0.55:
            self.end(one)
        else:
            self.act(one)

    def begin(self, one):
        one.call = self.stage.begins(one.name, "make something", one.tree)
        one.touched, one.written = set(), set()
        one.alone = not any(other.call and other.tree == one.tree for other in self.sessions if other is not one)
        for other in self.sessions:
            if other is not one and other.tree == one.tree:
                other.alone = False

    def person(self):
        """Somebody without hooks, where nobody is at work just now."""
        free = [tree for tree in self.trees if not any(one.call and one.tree == tree for one in self.sessions)]
        if free:
            write(self.dice.choice(free) / self.dice.choice(NAMES), f"person {self.dice.random()}\n")
            tick(self.stage.home)

    def act(self, one):
        verb = self.dice.choice(
            ["write", "write", "write", "delete", "add", "commit", "stash", "pop", "reset", "branch"]
        )
        name = self.dice.choice(NAMES)
        before = self.dirty(one.tree)
        if verb == "write":
            write(one.tree / name, f"{one.name} {self.dice.random()}\n")
            one.written.add(name)
        elif verb == "delete":
            (one.tree / name).unlink(missing_ok=True)
            one.written.discard(name)
        else:
            lines = {
                "add": "git add -A",
                "commit": "git add -A && git commit -q --allow-empty -m x",
                "stash": "git stash -q -u",
                "pop": "git stash pop -q",
                "reset": "git reset -q --hard",
                "branch": f"git branch {one.name}-{self.dice.randrange(10**9)}",
            }
            subprocess.run(["bash", "-c", lines[verb]], cwd=one.tree, capture_output=True, check=False)
        after = self.dirty(one.tree)
        # Only what changed was touched; a whole-tree verb may have touched all that was dirty.
        one.touched |= {name} if verb in ("write", "delete") else before | after
        one.written &= after
        tick(self.stage.home)

    def dirty(self, tree):
        return set(look(LiveFacts(str(tree)), seconds=60).paths or ())

    def end(self, one):
        seen = self.stage.ends(one.call, one.tree)
        one.call = None
        assert seen.not_checked == ""
        found = told(seen, one.tree)
        sure = {key[5:] for kind, _, key, how in found if how == "own call" and key.startswith("path:")}
        assert sure <= one.touched, (one.name, sure - one.touched)
        self.sure += len(sure)
        if one.alone:
            assert one.written <= sure, (one.name, one.written - sure)
            assert "one of" not in {how for _, _, key, how in found if key.startswith("path:")}


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.timeout(900)
def test_nobody_is_surely_said_to_have_done_what_they_did_not(tmp_path, seed):
    world = World(tmp_path, seed)
    for _ in range(300):
        world.step()
    for one in world.sessions:
        if one.call:
            world.end(one)
    assert world.sure > 5, "too little was seen to prove anything"


@pytest.mark.timeout(900)
def test_a_tree_of_fifty_thousand_files_is_looked_at_and_its_one_change_found(tmp_path):
    stage = Stage(tmp_path)
    repo = make(tmp_path / "repo", files=tuple(f"d{number // 500}/f{number}.txt" for number in range(50_000)))
    for name in ("a", "b"):
        write(repo / f"src/{name}.py", "x\n")
    git(repo, "add", ".")
    git(repo, "commit", "-qm", "sources")
    stage.runs("a", "make nothing", repo)
    seen = stage.hidden("a", SCRIPT, repo)
    assert {name for _, _, name, _ in told(seen, repo)} == {"path:src/a.py", "path:src/b.py"}
    many = stage.hidden("a", "for f in d7/* d8/*; do echo x >> $f; done", repo)
    assert many.not_checked == ""
    assert sum(len(one.touches) for one in many.drafts) == 102  # a hundred by name, the rest by their two directories
    assert stage.hidden("a", "for f in d1?/*; do echo x >> $f; done", repo).not_checked == "6,002 paths have changed"
