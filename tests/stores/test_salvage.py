"""Mending a damaged ledger: it is set aside as it was, and every action that can still be read goes on."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from sidelight.actions import DESTROYS, Told
from sidelight.stores.sqlite import SqliteStore, rescue, salvage
from tests.stores.engines import START, TREE, Ledger, actors, entry, file, on, question
from tests.stores.test_sqlite_file import DAMAGE, act

MANY = 300


@pytest.fixture
def stage(sqlite):
    """A ledger of 300 actions of three sessions; some are long, one intent is closed, one edit failed."""
    for number in range(MANY):
        sqlite.acts(f"s{number % 3}", file(f"{number}.py"), reason="x" * (number * 37 % 3000), value={"n": number})
    sqlite.store.outcome("edit-x-7", "failed")
    sqlite.store.close(sqlite.announces("s0", "area:s#x").added[0].id)
    sqlite.store.tell("s0", None, [Told("s1", "k", "edit", 3, START)])
    sqlite.store.put_document("commitments", "CMT-1", {"status": "pending"}, version=0)
    return sqlite


def record(store):
    return {one.seq: one for one in store.follow(0, 10_000)}


def break_file(path, how):
    data = bytearray(Path(path).read_bytes())
    Path(path).write_bytes(how(data))
    return Path(path).read_bytes()


def path_of(stage):
    return str(stage.directory / "ledger.db")


def pages(*numbers):
    def broken(data):
        for number in numbers:
            data[number * 1024 : (number + 1) * 1024] = b"\xee" * 1024
        return data

    return broken


ALL_READABLE = {"no header": DAMAGE["no header"], "no schema": DAMAGE["no schema"]}


@pytest.mark.parametrize("how", ALL_READABLE.values(), ids=ALL_READABLE)
def test_every_action_in_a_whole_page_is_kept_with_number_id_and_time(stage, how):
    before = record(stage.store)
    stage.store.dispose()
    broken = break_file(path_of(stage), how)
    done = salvage(path_of(stage))
    assert Path(done.aside).read_bytes() == broken, "set aside as it was"
    assert (done.kept, done.lost) == (MANY + 1, 0)
    store = SqliteStore(path_of(stage), clock=stage.machine.clock)
    assert record(store) == before
    assert store.check() == []
    assert store.state_of(["edit-x-7"]) == {"edit-x-7": "failed"}
    stage.store = store
    assert actors(stage.acts("new", file("5.py"))) == {"s2"}
    assert stage.looks("newer", file("6.py")).before == (), "what failed is still taken back"
    assert {one.actor for one in stage.looks("new", on(TREE, DESTROYS)).work} >= {"s0", "s1", "s2"}


@pytest.mark.parametrize("how", DAMAGE.values(), ids=DAMAGE)
def test_whatever_is_wrong_with_it_what_remains_goes_on(stage, how):
    before = record(stage.store)
    stage.store.dispose()
    broken = break_file(path_of(stage), how)
    done = salvage(path_of(stage))
    assert Path(done.aside).read_bytes() == broken
    store = SqliteStore(path_of(stage))
    after = record(store)
    assert all(before[seq] == one for seq, one in after.items())
    assert len(after) == done.kept
    assert act(store).added[0].seq == max(after, default=0) + 1
    assert str(done.kept) in str(done)
    assert done.aside in str(done)
    store.dispose()


def test_a_broken_page_costs_no_more_than_what_was_in_it(stage):
    """In the middle of the record, where SQLite alone would lose all that lies behind."""
    before = record(stage.store)
    stage.store.dispose()
    with sqlite3.connect(path_of(stage)) as db:
        row = "SELECT pageno FROM dbstat WHERE name = 'actions' AND pagetype = 'leaf' ORDER BY pageno LIMIT 1 OFFSET 20"
        try:
            (leaf,) = db.execute(row).fetchone()
        except sqlite3.OperationalError:
            pytest.skip("this SQLite cannot say which page holds what")
    db.close()
    break_file(path_of(stage), pages(leaf - 1))
    done = salvage(path_of(stage))
    assert 1 <= done.lost <= 10
    assert done.kept == MANY + 1 - done.lost
    store = SqliteStore(path_of(stage))
    assert record(store).items() <= before.items()
    assert store.document("commitments", "CMT-1") is not None
    store.dispose()


def test_what_was_only_in_the_log_of_changes_is_kept(stage, tmp_path):
    """A process was killed: the newest actions are in the -wal file, and the database proper is damaged."""
    act(stage.store, "last", "last.py")
    copy = tmp_path / "copy"
    copy.mkdir()
    for suffix in ("", "-wal"):
        (copy / f"ledger.db{suffix}").write_bytes(Path(path_of(stage) + suffix).read_bytes())
    path = str(copy / "ledger.db")
    assert os.path.getsize(path + "-wal") > 0
    before = record(stage.store)
    break_file(path, DAMAGE["no header"])
    done = salvage(path)
    store = SqliteStore(path)
    assert record(store)[max(before)].actor == "last"
    assert record(store).items() <= before.items()
    assert os.path.exists(done.aside + "-wal")
    store.dispose()


def test_what_was_forgotten_does_not_come_back(stage):
    """Forgetting is for good: neither the pages nor the log still hold it, so that no repair finds it again."""
    secret = stage.acts("gone", file("x.py"), reason="a most secret reason").added[0]
    stage.store.forget(actor="gone")
    stage.store.dispose()
    files = [one for one in stage.directory.iterdir() if one.name.startswith("ledger.db")]
    assert not any(b"most secret reason" in one.read_bytes() for one in files)
    break_file(path_of(stage), DAMAGE["no header"])
    salvage(path_of(stage))
    store = SqliteStore(path_of(stage))
    assert secret.seq not in record(store)
    store.dispose()


def test_a_process_that_has_the_damaged_file_open_goes_on_with_the_new_one(stage):
    break_file(path_of(stage), lambda data: data)
    salvage(path_of(stage))
    assert stage.acts("a", file("1.py")).added[0].seq == MANY + 2
    fresh = SqliteStore(path_of(stage))
    assert fresh.last_seq() == MANY + 2
    fresh.dispose()


def test_a_sound_ledger_is_kept_whole_with_all_that_is_beside_it(stage):
    before = record(stage.store)
    notices = stage.store.notices("s0")
    sessions = stage.store.sessions()
    now = stage.store.now()
    stage.store.dispose()
    done = salvage(path_of(stage))
    assert done.lost == 0
    store = SqliteStore(path_of(stage), clock=stage.machine.clock)
    assert record(store) == before
    assert store.notices("s0") == notices
    assert store.sessions() == sessions
    assert store.now() == now
    assert store.append([], question([file("1.py")]), dry=True).before
    store.dispose()


def test_a_repair_that_cannot_be_done_changes_nothing(stage, monkeypatch):
    stage.store.dispose()
    broken = break_file(path_of(stage), DAMAGE["no header"])
    monkeypatch.setattr(rescue, "_write", lambda *_: (_ for _ in ()).throw(OSError("no room")))
    with pytest.raises(Exception, match="no room"):
        salvage(path_of(stage))
    assert os.listdir(stage.directory) == ["ledger.db"]
    assert Path(path_of(stage)).read_bytes() == broken


def test_a_row_is_an_action_only_if_all_of_it_says_so():
    row = (None, "edit-x-5", 1, "edit", None, "a", "", 0, None, None, None, '{"k":[]}')
    assert rescue._is_action(5, row)
    for place, value in ((1, "edit-x-6"), (1, None), (2, "1"), (3, None), (11, "{"), (11, "[]"), (11, '{"k":1}')):
        assert not rescue._is_action(5, (*row[:place], value, *row[place + 1 :]))
    assert not rescue._is_action(5, row[:8])
    assert entry("a").id == "edit-x"


def test_a_ledger_that_grew_on_larger_pages_is_read_too(tmp_path, record_property):
    record_property("engine", "sqlite")
    stage = Ledger(tmp_path, "sqlite")
    stage.store.dispose()
    path = str(tmp_path / "ledger.db")
    with sqlite3.connect(path, isolation_level=None) as db:
        db.execute("PRAGMA journal_mode = DELETE")
        db.execute("PRAGMA page_size = 4096")
        db.execute("VACUUM")
        db.execute("PRAGMA journal_mode = WAL")
    db.close()
    stage.reopen()
    for number in range(50):
        stage.acts("a", file(f"{number}.py"), reason="y" * number * 300)
    before = record(stage.store)
    stage.store.dispose()
    break_file(path, lambda data: data[:200] + b"\0" * 3896 + data[4096:])
    assert salvage(path).kept == 50
    store = SqliteStore(path)
    assert record(store) == before
    store.dispose()
