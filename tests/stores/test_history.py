"""The embedded engine's index of who touched a key: it changes how fast an answer comes, never what it is."""

import pytest

from sidelight.stores.sqlite import history
from tests.stores.engines import Ledger, file


@pytest.fixture
def ledger(tmp_path, monkeypatch):
    monkeypatch.setattr(history, "TAIL", 3)
    monkeypatch.setattr(history, "BATCH", 4)
    stage = Ledger(tmp_path, "sqlite")
    yield stage
    stage.store.dispose()


def indexed(ledger):
    with ledger.store._reading() as db:
        return [tuple(row) for row in db.execute("SELECT key, seq FROM keys ORDER BY seq, key")]


def seqs(ledger, key, **options):
    return [one.seq for one in ledger.store.history(key, **options)]


def test_a_record_that_is_indexed_answers_as_one_that_is_not(ledger):
    for number in range(20):
        ledger.acts("a", file(f"src/{number % 3}.py"), file("README.md"))
        expected = [seq for seq in range(number + 1, 0, -1) if (seq - 1) % 3 == 1]
        assert seqs(ledger, "path:m1:/repo/src/1.py") == expected
    assert len(indexed(ledger)) >= 32
    assert seqs(ledger, "path:m1:/repo", limit=3) == [20, 19, 18]
    assert seqs(ledger, "path:m1:/repo/src/9.py") == []


def test_what_is_forgotten_leaves_the_index_too(ledger):
    for actor in "abababab":
        ledger.acts(actor, file("src/a.py"))
    assert seqs(ledger, "path:m1:/repo/src/a.py") == [8, 7, 6, 5, 4, 3, 2, 1]
    ledger.store.forget(actor="a")
    assert {seq for _, seq in indexed(ledger)} <= {2, 4, 6, 8}
    assert seqs(ledger, "path:m1:/repo/src/a.py") == [8, 6, 4, 2]


def test_an_index_made_anew_is_as_it_was(ledger):
    for number in range(8):
        ledger.acts("a", file(f"{number}.py"))
    assert seqs(ledger, "path:m1:/repo/7.py") == [8]
    before = indexed(ledger)
    ledger.store.rebuild()
    assert indexed(ledger) == []
    assert seqs(ledger, "path:m1:/repo/7.py") == [8]
    assert indexed(ledger) == before


def test_what_is_indexed_is_found_without_reading_other_bodies(ledger):
    for number in range(8):
        ledger.acts("a", file(f"{number}.py"))
    seqs(ledger, "path:m1:/repo/0.py")
    with ledger.store._writing() as db:
        db.execute("UPDATE actions SET body = '{\"k\": []}' WHERE seq BETWEEN 2 AND 7")
    assert seqs(ledger, "path:m1:/repo/0.py") == [1]
