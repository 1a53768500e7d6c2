"""Keys of a repository that another machine has named first: on their way to a shared store, and back."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Any

import pytest

from sidelight.actions import Session
from sidelight.facts import LiveFacts, mount_mark
from sidelight.ledger.ground import Ground
from sidelight.ledger.mounts import Mounted
from sidelight.stores import StoreGone, open_store
from tests.stores.engines import entry, on, question


class Shared:
    """A store that counts what it is asked, and can be gone."""

    def __init__(self) -> None:
        self.store = open_store("memory:")
        self.remembered: dict[str, str] = {}
        self.documents_asked = 0
        self.gone = self.read_only = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def put_document(self, *given: Any, **named: Any) -> Any:
        assert not self.read_only, "a token that may only look was asked to write"
        return self.store.put_document(*given, **named)

    def document(self, collection: str, name: str) -> Any:
        self.documents_asked += 1
        if self.gone:
            raise StoreGone("nobody answers")
        return self.store.document(collection, name)


@pytest.fixture
def repo(tmp_path):
    tree = tmp_path / "repo"
    subprocess.run(["git", "init", "-q", "-b", "main", str(tree)], check=True)
    return tree


@pytest.fixture
def shared():
    return Shared()


def seen_from(machine, tree, shared):
    """The shared store as a session has it that stands in a tree."""
    return Mounted(shared, Ground(LiveFacts(str(tree), {**os.environ, "SIDELIGHT_MACHINE": machine}), None))


def edits(store, actor, machine, tree):
    """A session edits the one file by its own path; what it finds of others, and where."""
    touch = on(f"path:{machine}:{tree}/a.py")._replace(within=f"tree:{machine}:{tree}")
    found = store.append([entry(actor, touch)], question([touch]), me=Session(actor))
    assert found.added[0].touches[0] == touch, "to itself nothing is renamed"
    return {(one.action.actor, one.action.touches[0].key) for one in found.before}


def test_keys_go_as_the_first_machine_named_them_and_come_back_as_ones_own(repo, shared):
    assert edits(seen_from("laptop", repo, shared), "a", "laptop", repo) == set()
    box = seen_from("box", repo, shared)
    assert edits(box, "b", "box", repo) == {("a", f"path:box:{repo}/a.py")}
    assert [one.touches[0].key for one in shared.follow(0)] == [f"path:laptop:{repo}/a.py"] * 2
    assert [one.actor for one in box.history(f"path:box:{repo}/a.py")] == ["b", "a"]
    found = edits(seen_from("laptop", repo, shared), "c", "laptop", repo)
    assert found == {("a", f"path:laptop:{repo}/a.py"), ("b", f"path:laptop:{repo}/a.py")}


def test_the_store_is_asked_once_for_as_long_as_it_is_open(repo, shared):
    for _ in range(3):
        edits(seen_from("laptop", repo, shared), "a", "laptop", repo)
    assert shared.documents_asked == 2, "is there a name, and whose is it"
    seen_from("laptop", repo, shared).now()
    assert shared.documents_asked == 2, "and not at all for what holds no keys"


def test_while_the_store_cannot_be_asked_keys_go_as_they_are(repo, shared):
    edits(seen_from("laptop", repo, shared), "a", "laptop", repo)
    shared.remembered.clear()
    shared.gone = True
    box = seen_from("box", repo, shared)
    assert edits(box, "b", "box", repo) == set()
    shared.gone = False
    assert edits(box, "c", "box", repo) == {("a", f"path:box:{repo}/a.py")}


def test_who_only_looks_writes_nothing_down(repo, shared):
    shared.read_only = True
    box = seen_from("box", repo, shared)
    touch = on(f"path:box:{repo}/a.py")
    assert box.history(touch.key) == []
    assert box.append([entry("b", touch)], question([touch]), me=Session("b"), dry=True).before == ()
    shared.read_only = False
    edits(seen_from("laptop", repo, shared), "a", "laptop", repo)
    shared.read_only = True
    assert [one.touches[0].key for one in box.history(touch.key)] == [touch.key], "it learns the name as soon as it is"


def test_a_copy_is_another_repository_and_the_same_one_has_one_mark(repo, tmp_path):
    copy = shutil.copytree(repo, tmp_path / "copy", copy_function=shutil.copy2)
    marks = [mount_mark(f"{one}/.git") for one in (repo, copy, repo)]
    assert marks[0] == marks[2]
    assert marks[0] != marks[1]
    os.unlink(f"{copy}/.git/description")
    assert mount_mark(f"{copy}/.git") is None, "then it is nobody's but its own"
