"""A store for an event loop writes its log of changes back beside those who commit (design 9)."""

import sqlite3
import threading

import pytest

from sidelight.stores.sqlite.file import File
from sidelight.stores.sqlite.writeback import EVERY
from tests.stores.engines import entry, file, question


def commit(store, many, start=0):
    for number in range(start, start + many):
        touch = file(f"f{number}.py")
        store.append([entry("a", touch)], question([touch]))


def in_the_file_itself(directory):
    """How many actions the file holds without its log."""
    copy = directory / "copy.db"
    copy.write_bytes((directory / "ledger.db").read_bytes())
    database = sqlite3.connect(copy)
    try:
        return database.execute("SELECT count(*) FROM actions").fetchone()[0]
    finally:
        database.close()


@pytest.fixture
def written_back(monkeypatch):
    """Set when a log was written back."""
    done = threading.Event()
    real = File.write_back

    def write_back(self):
        real(self)
        done.set()

    monkeypatch.setattr(File, "write_back", write_back)
    return done


def threads():
    return [one for one in threading.enumerate() if one.name == "sidelight-writeback"]


def test_the_log_is_written_back_while_no_commit_does_it(sqlite, written_back):
    store = sqlite.store.hasty(5000)
    try:
        commit(store, EVERY - 1)
        assert in_the_file_itself(sqlite.directory) == 0
        assert not written_back.is_set()
        commit(store, 1, EVERY)
        assert written_back.wait(60)
        assert in_the_file_itself(sqlite.directory) == EVERY
    finally:
        store.dispose()


def test_nothing_runs_before_there_is_something_to_do_and_nothing_after_the_end(sqlite):
    before = threads()
    store = sqlite.store.hasty(5000)
    commit(store, 3)
    assert threads() == before
    commit(store, EVERY, 3)
    assert len(threads()) == len(before) + 1
    store.dispose()
    assert threads() == before
