"""The index of who touched a key: it changes how fast an answer comes, never what it is."""

import pytest

from sidelight.stores import postgres as postgres_engine
from sidelight.stores.sqlite import history
from tests.stores.engines import Ledger, file, rows_read


@pytest.fixture(params=["sqlite", "postgres"])
def ledger(request, tmp_path, monkeypatch, record_property):
    record_property("engine", request.param)
    for module in (history, postgres_engine):
        monkeypatch.setattr(module, "TAIL", 3)
        monkeypatch.setattr(module, "BATCH", 4)
    stage = Ledger(tmp_path, request.param)
    yield stage
    stage.store.dispose()


def asks(ledger, statement):
    """Rows, from behind the store's back."""
    if ledger.engine == "postgres":
        with ledger.store._using() as db:
            cursor = db.execute(ledger.store._sql(statement))
            return cursor.fetchall() if cursor.description else []
    statement = statement.replace("sidelight.", "")
    with ledger.store._writing() as db:
        return db.execute(statement).fetchall()


def indexed(ledger):
    return [tuple(row) for row in asks(ledger, "SELECT key, seq FROM sidelight.keys ORDER BY seq, key")]


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
    asks(ledger, "UPDATE sidelight.actions SET body = '{\"k\": []}' WHERE seq BETWEEN 2 AND 7")
    assert seqs(ledger, "path:m1:/repo/0.py") == [1]


def test_whatever_a_key_holds_it_is_found_when_it_is_indexed(ledger):
    names = ["back\\slash", "\\u0000", "quote'\"", "ümläut", "%", "long" * 100 + "a", "long" * 100 + "b"]
    for name in names:
        ledger.acts("a", file(name))
    for _ in range(2):  # not indexed, and indexed
        assert [seqs(ledger, f"path:m1:/repo/{name}") for name in names] == [[place] for place in range(1, 8)]
    assert len(indexed(ledger)) >= 7


def test_in_postgresql_a_key_that_no_text_can_hold_is_found_too(postgres):
    postgres.acts("a", file("nul\0"), file("\\\0"))
    for _ in range(2):
        assert [one.seq for one in postgres.store.history("path:m1:/repo/nul\0")] == [1]
        assert [one.seq for one in postgres.store.history("path:m1:/repo/\\\0")] == [1]
        postgres.store._ask("index_1", {"batch": 10})


def test_of_a_long_record_a_question_reads_what_touched_the_key(postgres):
    """The rows that PostgreSQL fetches do not grow with the record."""

    statement = "SELECT a.seq FROM sidelight.actions AS a " + postgres_engine.INDEXED
    asked = (1 << 62, "path:m1:/repo/0.py", 50, 50)
    reads = []
    for rows in (600, 3000):
        while postgres.store.last_seq() < rows:
            first = postgres.store.last_seq()
            postgres.acts_at_once("a", [[file(f"{number}.py")] for number in range(first, first + 300)])
        while postgres.store._ask("index_1", {"batch": 2000}):
            pass
        found, read = rows_read(postgres.store, statement, *asked)
        assert found == [(1,)]
        reads.append(read)
    assert reads[1] <= reads[0] + 5, reads
