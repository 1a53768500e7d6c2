"""A ledger moves from a file to PostgreSQL while its sessions go on; both hold the same afterwards (design 7)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sidelight.actions import DESTROYS, Session, Told
from sidelight.cli import main
from sidelight.stores import Clock, StoreError, StoreFrozen, open_store
from sidelight.stores import moving as mover
from sidelight.stores.guarded import Spooled, guarded
from sidelight.stores.moving import Move, look, move
from sidelight.stores.spool import spool_of
from sidelight.stores.sqlite.file import FROZEN, freeze
from tests.postgres_server import postgres
from tests.stores.engines import SPACE, TREE, actors, entry, file, on, question

ROOT = Path(__file__).parents[2]


@pytest.fixture
def target(record_property) -> Iterator[str]:
    """The URL of a ledger that is not there yet; it goes afterwards."""
    record_property("engine", "postgres")
    name = f"moved_{os.urandom(4).hex()}"
    yield postgres().url(name)
    with psycopg.connect(postgres().url(), autocommit=True) as db:
        db.execute(f"DROP SCHEMA IF EXISTS sidelight_{name} CASCADE")


@pytest.fixture
def what(sqlite, target) -> Move:
    """A ledger in which a good deal has happened, and where it is to go."""
    sqlite.acts("a", file("x.py"), key="once")
    failed = sqlite.acts("a", file("x.py"), file("nul\0.py"))
    sqlite.acts("b", file("x.py", DESTROYS), on("config:h#m.a"), agent="sub")
    sqlite.announces("a", "path:m1:/repo/src/**")
    sqlite.acts("c", file("src/y.py"), ago_ms=500)
    sqlite.acts(None, file("x.py"), key="again")
    sqlite.store.outcome(failed.added[0].id, "failed")
    sqlite.store.tell("a", None, [Told("b", "x.py", "notice", 3, 5)])
    sqlite.store.put_document("proposals", "p", {"what": "this"}, version=0)
    sqlite.store.next_number("proposals")
    sqlite.store.end("c")
    sqlite.acts("d", file("gone.py"))
    sqlite.store.forget(actor="d")  # its number is not given again
    sqlite.acts("a", file("z.py"))
    return Move.of(sqlite.store.path, target)


def holds(store: Any) -> dict[str, Any]:
    """All that a ledger says of what happened."""
    record = store.follow(0)
    touches = [file("x.py"), file("src", DESTROYS), on(TREE, DESTROYS), on("config:h#m"), on("config:h#m.a")]
    found = store.append([], question(touches, window_ms=10**12), dry=True)
    return {
        "record": [one._replace(touches=()) for one in record],
        "before": sorted((one.key, one.role, one.effect, one.action.seq) for one in found.before),
        "work": sorted(found.work, key=str),
        "outcomes": store.state_of([one.id for one in record]),
        "intents": [(one.id, how) for one, how in store.intents()],
        "notices": [
            (one.seq, one.agent, [later.seq for later in one.later], [(met.key, met.action.seq) for met in one.earlier])
            for actor in "abc"
            for one in store.notices(actor)
        ],
        "sessions": sorted(store.sessions(), key=str),
        "delivered": [one.seq for key in ("once", "again") for one in store.delivered(key)],
        "documents": store.documents("proposals"),
        "last": store.last_seq(),
    }


def test_both_hold_the_same_and_numbers_and_time_go_on(what):
    old = open_store(what.path)
    before = holds(old)
    told: list[tuple[int, int]] = []
    moved = move(what, progress=lambda done, of: told.append((done, of)))
    assert moved.rows["actions"] == len(before["record"])
    assert told[-1] == (len(before["record"]), len(before["record"]))
    assert not moved.before
    new = open_store(what.url)
    assert [touch.key for one in new.follow(0) for touch in one.touches if "nul" in touch.key] == [
        "path:m1:/repo/nul\0.py"
    ]
    assert holds(new) == before == holds(old)
    assert new.now() >= old.now() - 60_000
    with pytest.raises(StoreFrozen):
        old.append([entry("a", file("x.py"))], question([file("x.py")]))
    added = new.append([entry("e", file("x.py"))], question([file("x.py")]), me=Session("e", space=SPACE))
    assert added.added[0].seq == before["last"] + 1
    assert actors(added) == {"a", "b", None}
    assert new.next_number("proposals") == 2
    again = new.append([entry("a", file("x.py"))], question([file("x.py")]), me=Session("a"), key="once")
    assert again.duplicate
    old.dispose()
    new.dispose()


WRITER = """
import sys
from sidelight.actions import Session
from sidelight.stores.guarded import Spooled, guarded
from tests.stores.engines import entry, file, question

path, home, actor = sys.argv[1:]
store, number, kept = guarded(path, home), 0, 0
while kept < 10:
    number += 1
    try:
        mine = file(f"{actor}-{number}.py")
        store.append([entry(actor, mine)], question([mine]), me=Session(actor))
    except Spooled:
        kept += 1
    if number == 20:
        print("ready", flush=True)
store.dispose()
print(number, flush=True)
"""


@pytest.mark.long
def test_sessions_go_on_while_it_moves_and_nothing_is_lost_or_done_twice(what):
    names = ("w1", "w2", "w3")
    command = [sys.executable, "-c", WRITER, what.path, what.home]
    writers = {name: subprocess.Popen([*command, name], stdout=subprocess.PIPE, text=True, cwd=ROOT) for name in names}
    try:
        for one in writers.values():
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n"
        move(what)
        numbers = {name: int(one.communicate(timeout=120)[0]) for name, one in writers.items()}
    finally:
        for one in writers.values():
            one.kill()
            one.communicate()
    assert [one.returncode for one in writers.values()] == [0, 0, 0]
    again = move(what)
    assert again.before
    assert again.delivery.left == again.delivery.aside == 0
    assert spool_of(what.home, what.url).empty()
    assert spool_of(what.home, what.path).empty()
    old, new = open_store(what.path), open_store(what.url)
    then, now = old.follow(0, 100_000), new.follow(0, 100_000)
    assert now[: len(then)] == then
    assert [one.seq for one in now[len(then) :]] == list(
        range(then[-1].seq + 1, then[-1].seq + 1 + len(now) - len(then))
    )
    for name, many in numbers.items():
        written = [one.targets[0].rpartition("/")[2] for one in now if one.actor == name]
        assert written == [f"{name}-{number}.py" for number in range(1, many + 1)]
        assert sum(one.actor == name and one.late for one in now) == 10
    old.dispose()
    new.dispose()


def test_what_is_kept_for_the_heir_keeps_its_order_also_within_a_moment_and_what_waited_goes_first(what):
    freeze(what.path, what.heir)
    still = Clock(lambda: 1_000, lambda: 1_000, lambda: "boot")
    mine = guarded(what.path, what.home, clock=still)
    mine.spool.put("end", {"actor": "z", "agent": None}, None)
    for number in range(20):
        with pytest.raises(Spooled):
            mine.append([entry("a", file(f"{number}.py"))], question([]))
    mine.dispose()
    assert mine.spool.empty()
    kept = spool_of(what.home, what.url, still)
    parcels = [kept.read(name) for name in kept.names()]
    assert [one.op for one in parcels if one] == ["end", *["append"] * 20]
    touched = [one.body["entries"][0]["draft"]["touches"][0]["key"] for one in parcels[1:] if one]
    assert [key.rpartition("/")[2] for key in touched] == [f"{number}.py" for number in range(20)]


def test_a_ledger_that_holds_something_is_left_alone_and_the_file_is_written_on(what):
    there = open_store(what.url)
    there.append([entry("other", file("x.py"))], question([file("x.py")]))
    with pytest.raises(StoreError, match="holds actions already"):
        move(what)
    assert len(there.follow(0)) == 1
    there.dispose()
    assert not os.path.exists(what.path + FROZEN)
    mine = guarded(what.path, what.home)
    assert mine.append([entry("a", file("x.py"))], question([file("x.py")])).added
    mine.dispose()


def test_a_move_that_fails_gives_the_file_back_with_what_was_kept_meanwhile(what, monkeypatch):
    def fails(*_: object) -> None:
        session = guarded(what.path, what.home)
        with pytest.raises(StoreError, match="It is kept here"):
            session.append([entry("a", file("meanwhile.py"))], question([file("meanwhile.py")]))
        session.dispose()
        raise StoreError("the line broke")

    monkeypatch.setattr(mover, "load", fails)
    with pytest.raises(StoreError, match="the line broke"):
        move(what)
    mine = guarded(what.path, what.home)
    mine.append([entry("a", file("after.py"))], question([file("after.py")]))
    assert [one.targets[0].rpartition("/")[2] for one in mine.follow(0)][-2:] == ["meanwhile.py", "after.py"]
    mine.dispose()


def test_a_move_that_ended_before_the_new_ledger_was_opened_is_begun_anew(what, monkeypatch):
    def killed(_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(mover, "admit", killed)
        with pytest.raises(KeyboardInterrupt):
            move(what)
    new = open_store(what.url)
    with pytest.raises(StoreFrozen):
        new.append([entry("a", file("x.py"))], question([file("x.py")]))
    assert not move(what).before
    assert new.append([entry("a", file("x.py"))], question([file("x.py")])).added
    new.dispose()


def test_what_arrives_changed_is_noticed_and_nothing_is_moved(what, monkeypatch):
    from sidelight.stores.postgres import loading

    monkeypatch.setattr(loading, "_go_on", lambda db, where, *_: db.execute(f"DELETE FROM {where.schema}.told"))
    with pytest.raises(StoreError, match=r"does not hold what was sent \(told\)"):
        move(what)
    new = open_store(what.url)
    assert new.follow(0) == []
    new.dispose()
    assert not os.path.exists(what.path + FROZEN)


def test_the_command_says_what_it_would_do_and_does_it(what, capsys):
    assert main(["migrate-store", what.path, what.url, "--dry-run", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["moved"] is False
    assert said["rows"] == look(what)
    assert not os.path.exists(what.path + FROZEN)
    assert main(["migrate-store", what.path, what.url]) == 0
    printed = capsys.readouterr()
    assert f"{said['rows']['actions']} actions moved; 0 requests delivered" in printed.out
    assert "is frozen: its sessions go on" in printed.err
    assert main(["migrate-store", what.path, what.url, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["before"] is True


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        ("/no/ledger.db", "postgresql://h/x", "there is no ledger at /no/ledger.db"),
        ("postgresql://h/x", "postgresql://h/y", "moves from a file to PostgreSQL"),
        ("ledger.db", "other.db", "moves from a file to PostgreSQL"),
    ],
)
def test_what_cannot_be_moved_is_one_clear_sentence(source, target, said):
    with pytest.raises(StoreError, match=said):
        Move.of(source, target)


def test_whoever_writes_is_told_no_password():
    url = "postgresql://me:s3cret@db.example:5433/x?ledger=a&password=s3cret&host=/run"
    heir = Move("/l.db", url, "/home").heir
    assert heir == "postgresql://db.example:5433/x?ledger=a&host=%2Frun"
    assert spool_of("/home", heir).directory == spool_of("/home", url).directory
