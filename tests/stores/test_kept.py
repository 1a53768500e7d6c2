"""What SQLite's engine keeps from one transaction to the next never outlives what somebody else writes."""

from __future__ import annotations

import sqlite3

import pytest

from sidelight.actions import ANNOUNCES, DESTROYS, REPLACES
from tests.stores.engines import TREE, Ledger, actors, file, on


@pytest.fixture
def other(sqlite):
    """The same ledger, as another process has it open."""
    stage = Ledger(sqlite.directory, "sqlite")
    stage.machine = sqlite.machine
    stage.store.dispose()
    stage.store = stage._opened()
    yield stage
    stage.store.dispose()


def settles_in(ledger, actor="a"):
    """Enough footprints in one directory that what lies around them is known to be free of marks."""
    ledger.acts("b", file("elsewhere.py"))  # so that it is known of, and need not be noted when it acts
    for number in range(4):
        assert actors(ledger.acts(actor, file(f"src/deep/f{number}.py"))) == set()


OVER = [
    (file("src", DESTROYS), "delete"),
    (file("src/deep", REPLACES), "write"),
    (on(TREE, DESTROYS), "tree-reset"),
    (file("src/**", ANNOUNCES), "intent"),
]


@pytest.mark.parametrize(("touch", "kind"), OVER, ids=[kind for _, kind in OVER])
@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_what_somebody_does_around_my_files_is_found_by_the_next_one(sqlite, other, touch, kind, where):
    settles_in(sqlite)
    (sqlite if where == "here" else other).acts("b", touch, kind=kind)
    assert "b" in actors(sqlite.acts("a", file("src/deep/next.py")))


def test_what_i_did_around_my_files_is_found_by_others(sqlite):
    settles_in(sqlite)
    sqlite.acts("a", file("src", DESTROYS), kind="delete")
    assert actors(sqlite.acts("a", file("src/deep/next.py"))) == set()
    assert "a" in actors(sqlite.acts("b", file("src/deep/next.py")))


def test_a_harm_that_did_not_happen_gives_way_to_the_one_before(sqlite, other):
    settles_in(sqlite)
    other.acts("b", on(TREE, DESTROYS), kind="tree-reset")
    failed = sqlite.acts("b", on(TREE, DESTROYS), kind="tree-reset").added[0]
    assert sqlite.store.outcome(failed.id, "failed")
    assert "b" in actors(sqlite.acts("a", file("src/deep/next.py")))


def test_numbers_go_on_after_what_others_recorded(sqlite, other):
    settles_in(sqlite)
    assert [stage.acts("a", file("x.py")).added[0].seq for stage in (other, sqlite, sqlite, other)] == [6, 7, 8, 9]


def test_what_could_not_be_committed_leaves_nothing_behind(sqlite, monkeypatch):
    settles_in(sqlite)
    store = sqlite.store
    monkeypatch.setattr(store, "_touch", lambda *_: (_ for _ in ()).throw(sqlite3.OperationalError("disk I/O error")))
    with pytest.raises(Exception, match="disk I/O error"):
        sqlite.acts("b", file("src/deep/f1.py"))
    monkeypatch.undo()
    found = sqlite.acts("b", file("src/deep/f1.py"))
    assert (found.added[0].seq, "a" in actors(found)) == (6, True)


def test_an_intent_announced_elsewhere_in_my_name_is_known_here(sqlite, other):
    settles_in(sqlite)
    plan = other.announces("a", "path:m1:/repo/lib/**").added[0]
    other.acts("b", file("lib/x.py"))
    met = sqlite.acts("a", file("src/deep/next.py")).met
    assert [one.earlier[0].action.seq for one in met] == [plan.seq]
