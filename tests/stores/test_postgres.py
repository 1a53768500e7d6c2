"""What only a server brings: its address and its secrets, its turns and its clock, restarts, and several ledgers."""

from __future__ import annotations

import os
import subprocess
import threading
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import psycopg
import pytest

from sidelight.actions import EDITS, Session, Touch
from sidelight.stores import Store, StoreBusy, StoreError, StoreFrozen, StoreGone, StoreNewer, open_store
from sidelight.stores.postgres import PostgresStore
from sidelight.stores.postgres.connection import address
from sidelight.stores.postgres.schema import SCHEMA, sql
from sidelight.stores.projections import Probe
from tests.postgres_server import Postgres, program
from tests.postgres_server import postgres as server
from tests.stores.engines import SPACE, START, actors, entry, file, on, question

LOCK = "PERFORM pg_advisory_xact_lock(1396984916, ('sidelight.state'::regclass::oid::bigint % 2147483647)::integer);"


@pytest.fixture
def db(record_property):
    """A connection of one's own to the server."""
    record_property("engine", "postgres")
    with psycopg.connect(server().url(), autocommit=True) as own:
        yield own


@pytest.fixture
def fresh(db):
    """A new ledger's name; its schema goes afterwards."""
    name = f"fresh_{os.urandom(4).hex()}"
    yield name
    db.execute(f"DROP SCHEMA IF EXISTS sidelight_{name} CASCADE")


def acts(store: Store, actor: str, *touches: Touch, **about: Any):
    return store.append([entry(actor, *touches)], question(touches), me=Session(actor, space=SPACE), **about)


def at_once(*works: Callable[[], object]) -> list[BaseException]:
    """Start them together, and wait; what they raised."""
    failed: list[BaseException] = []

    def run(work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - handed to the test
            failed.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return failed


# ── where it is ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_shown_of_an_address_holds_no_secret():
    where = address("postgresql://me:s3cret@db.example:5433/app?ledger=team&sslmode=require")
    assert where.shown == "postgresql://db.example:5433/app?ledger=team"
    assert where.schema == '"sidelight_team"'
    assert "ledger" not in where.conninfo
    assert "s3cret" in where.conninfo


@pytest.mark.parametrize("url", ["postgresql://me:s3c@ret:x@h:no/app", "postgresql://me:s3c%ret@h/app?nonsense=s3cret"])
def test_an_address_that_cannot_be_read_is_not_repeated(url):
    with pytest.raises(StoreError, match="cannot be read") as wrong:
        open_store(url)
    assert "s3c" not in str(wrong.value)
    assert wrong.value.__cause__ is None


@pytest.mark.parametrize("name", ["Team", 'a"b', "a-b", "x" * 41, "ä", "a;b"])
def test_the_name_of_a_ledger_is_plain(name):
    with pytest.raises(StoreError, match="name of a ledger"):
        address(f"postgresql://h/app?ledger={name}")


def test_a_server_that_is_not_there_is_said_without_the_password():
    with pytest.raises(StoreGone) as gone:
        open_store("postgresql://me:s3cret@127.0.0.1:1/app")
    assert "s3cret" not in str(gone.value)
    assert "127.0.0.1:1" in str(gone.value)


def test_a_wrong_password_is_said_without_it(db):
    """The server repeats nothing, and neither do we."""
    with pytest.raises(StoreError) as refused:
        open_store(server().url().replace("postgres@", "nobody_here:s3cret@"))
    assert "s3cret" not in str(refused.value)
    assert "nobody_here" in str(refused.value)


# ── several ledgers, set up once ──────────────────────────────────────────────────────────────────────────────────


def test_ledgers_of_one_database_know_nothing_of_each_other(db, fresh):
    one, other = (open_store(server().url(name)) for name in (fresh, f"{fresh}_b"))
    try:
        acts(one, "a", file("a.py"))
        assert acts(other, "b", file("a.py")).before == ()
        assert acts(one, "b", file("a.py")).added[0].seq == 2
    finally:
        one.dispose()
        other.dispose()
        db.execute(f"DROP SCHEMA sidelight_{fresh}_b CASCADE")


def test_several_that_set_up_a_ledger_at_once_set_it_up_once(db, fresh):
    def use():
        store = open_store(server().url(fresh))
        acts(store, "a", file("a.py"))
        store.dispose()

    assert at_once(*[use] * 6) == []
    store = open_store(server().url(fresh))
    assert store.last_seq() == 6
    store.dispose()


def test_a_ledger_of_a_newer_major_version_is_left_alone(db, fresh):
    open_store(server().url(fresh)).dispose()
    db.execute(f"UPDATE sidelight_{fresh}.meta SET value = '{SCHEMA + 1000}' WHERE name = 'schema'")
    with pytest.raises(StoreNewer):
        open_store(server().url(fresh))


def test_a_newer_minor_version_is_used_and_an_older_one_brought_up_to_date(db, fresh):
    for version, after in ((SCHEMA + 7, SCHEMA + 7), (SCHEMA - 1, SCHEMA)):
        open_store(server().url(fresh)).dispose()
        db.execute(f"UPDATE sidelight_{fresh}.meta SET value = '{version}' WHERE name = 'schema'")
        store = open_store(server().url(fresh))
        acts(store, "a", file("a.py"))
        store.dispose()
        found = db.execute(f"SELECT value FROM sidelight_{fresh}.meta WHERE name = 'schema'").fetchone()
        assert found == (str(after),)


def test_another_programs_schema_is_not_taken_over(db, fresh):
    db.execute(f"CREATE SCHEMA sidelight_{fresh}; CREATE TABLE sidelight_{fresh}.meta (name text, value text)")
    with pytest.raises(StoreError, match="another program's"):
        open_store(server().url(fresh))


# ── whose turn it is ──────────────────────────────────────────────────────────────────────────────────────────────


def test_who_must_not_wait_is_told_that_the_ledger_is_busy(postgres, db):
    schema = postgres.store.where.schema
    with db.transaction():
        db.execute(f"SELECT {schema}.begin_1(1000, NULL)")
        with pytest.raises(StoreBusy):
            acts(postgres.store.hasty(50), "a", file("a.py"))
        assert postgres.store.last_seq() == 0
        assert acts(postgres.store, "a", file("a.py"), dry=True).before == (), "looking waits for nobody"
    assert acts(postgres.store.hasty(30_000), "a", file("a.py")).added[0].seq == 1


def test_another_isolation_level_cannot_break_the_promise(postgres, db):
    """Whatever the database's default is; and where it was forced all the same, nothing is written."""
    schema = postgres.store.where.schema
    db.execute("ALTER ROLE postgres SET default_transaction_isolation = 'repeatable read'")
    try:
        store = open_store(server().url(postgres.store.where.ledger))
        acts(store, "a", file("a.py"))
        assert actors(acts(store, "b", file("a.py"))) == {"a"}
        store.dispose()
        db.execute("SET default_transaction_isolation = 'serializable'")
        with pytest.raises(psycopg.Error, match="READ COMMITTED"):
            db.execute(f"SELECT {schema}.begin_1(1000, NULL)")
    finally:
        db.execute("ALTER ROLE postgres RESET default_transaction_isolation")


def test_a_frozen_ledger_is_read_but_not_written_and_says_where_it_goes(postgres, db):
    """Design 7, `migrate-store`: a freeze marker sends its writers to the spool."""
    acts(postgres.store, "a", file("a.py"))
    db.execute(f"UPDATE {postgres.store.where.schema}.state SET frozen = 'sqlite:///there.db'")
    with pytest.raises(StoreFrozen) as refused:
        acts(postgres.store, "b", file("a.py"))
    assert refused.value.heir == "sqlite:///there.db"
    assert actors(acts(postgres.store, "b", file("a.py"), dry=True)) == {"a"}
    assert postgres.store.last_seq() == 1


class Meeting:
    """Two sessions act on one target at the same moment: both have looked before either adds, if nothing prevents it.

    Each stops behind its look until both wait: there, or for their turn.
    """

    GATE = 4711

    def __init__(self, db: psycopg.Connection[Any], name: str, *, lock: bool) -> None:
        self.db, self.url = db, server().url(name)
        open_store(self.url).dispose()
        text = sql(address(self.url), "append.sql").replace(
            "  -- what is new\n", f"  PERFORM pg_advisory_xact_lock_shared({self.GATE});\n"
        )
        own = LOCK.replace("sidelight.", f"{address(self.url).schema}.")
        assert own in text
        db.execute(text if lock else text.replace(own, ""))

    def looks(self) -> list[set[str | None]]:
        """Whom each saw that was recorded."""
        saw = []
        stores = {actor: PostgresStore(address(self.url), wait_ms=60_000) for actor in "ab"}

        def act(actor: str) -> None:
            saw.append(actors(acts(stores[actor], actor, file("shared.py"))))

        self.db.execute(f"SELECT pg_advisory_lock({self.GATE})")
        threads = [threading.Thread(target=lambda actor=actor: at_once(partial(act, actor))) for actor in "ab"]
        for one in threads:
            one.start()
        while self._waiting() < 2 and any(one.is_alive() for one in threads):
            pass
        self.db.execute(f"SELECT pg_advisory_unlock({self.GATE})")
        for one in threads:
            one.join()
        for store in stores.values():
            store.dispose()
        return sorted(saw, key=len)

    def _waiting(self) -> int:
        row = self.db.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        ).fetchone()
        assert row is not None
        return int(row[0])


def test_of_two_at_the_same_moment_one_sees_the_other(db, fresh):
    blind, seeing = Meeting(db, fresh, lock=True).looks()
    assert blind == set()
    assert len(seeing) == 1


def test_without_the_advisory_lock_both_are_blind_and_one_is_lost(db, fresh):
    """The very same interleaving with the lock taken away: neither saw the other, and only one could be recorded."""
    assert Meeting(db, fresh, lock=False).looks() == [set()]


def test_without_the_advisory_lock_the_promise_is_broken(db, fresh):
    """The checks of the promise can fail."""
    from tests.stores.test_promise import run_ledgers

    url = server().url(fresh)
    open_store(url).dispose()
    text = sql(address(url), "append.sql")
    own = LOCK.replace("sidelight.", f"{address(url).schema}.")
    # Everyone stops a moment between looking and adding, so that it does not take luck.
    db.execute(text.replace(own, "").replace("  -- what is new\n", "  PERFORM pg_sleep(0.01);\n"))
    with pytest.raises((AssertionError, StoreError)):
        run_ledgers(url, threads=4, many=50)


# ── time ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_where_nothing_else_is_said_the_time_is_the_servers(db, fresh):
    store = open_store(server().url(fresh))
    row = db.execute("SELECT extract(epoch FROM clock_timestamp()) * 1000").fetchone()
    assert row is not None
    assert abs(store.now() - int(row[0])) < 60_000
    first = acts(store, "a", file("a.py")).added[0]
    assert first.ts <= acts(store, "a", file("b.py")).added[0].ts <= store.now()
    store.dispose()


def test_a_server_whose_clock_is_set_back_goes_on_at_its_pace(postgres):
    """A clock that jumps back never hides an action, and nobody is told "0m ago" for hours."""
    first = acts(postgres.store, "a", file("a.py")).added[0]
    postgres.machine.elsewhere -= 7_200_000
    second = acts(postgres.store, "b", file("a.py")).added[0]
    assert second.ts == first.ts
    postgres.machine.later(minutes=5)
    postgres.reopen()
    assert postgres.store.now() == first.ts + 300_000
    assert acts(postgres.store, "a", file("a.py")).added[0].ts == first.ts + 300_000


def test_small_steps_back_do_not_add_up(postgres):
    acts(postgres.store, "a", file("a.py"))
    for _ in range(50):
        postgres.machine.elsewhere -= 5
        acts(postgres.store, "a", file("a.py"))
        postgres.machine.elsewhere += 10
        acts(postgres.store, "a", file("a.py"))
    assert postgres.store.now() - postgres.machine.elsewhere <= 10


# ── what a column cannot hold ─────────────────────────────────────────────────────────────────────────────────────


def test_keys_of_any_length_are_found(postgres):
    deep = "d/" * 1500
    for name in (f"{deep}a.py", "ü" * 3000, "x" * 5000):
        assert acts(postgres.store, f"a {name[0]}", file(name)).before == ()
        look = acts(postgres.store, f"b {name[0]}", file(name))
        assert (f"a {name[0]}", file(name).key) in {(one.action.actor, one.key) for one in look.before}
    look = acts(postgres.store, "c", file("d", "destroys"))
    assert actors(look) == {"a d", "b d"}, "and in a directory by their beginning"


def test_a_null_character_is_kept_in_what_was_said_and_pictured_elsewhere(postgres):
    value = {"deep": "a\0b"}
    look = postgres.acts("a\0b", on("config:home#a.b", EDITS, value), reason="so\0so", space="s\0p")
    assert postgres.store.follow(0)[0].reason == "so\0so"
    assert postgres.store.follow(0)[0].touches[0].value == value
    assert postgres.store.sessions()[0].actor == "a\u2400b"
    assert look.added[0].seq == 1
    assert actors(postgres.acts("b", on("config:home#a.b"))) == {"a\u2400b"}


def test_half_a_character_is_refused(postgres):
    with pytest.raises(StoreError):
        postgres.acts("a", file("a.py"), reason="\ud800")
    assert postgres.store.last_seq() == 0


# ── size ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_ledger_that_is_too_large_loses_its_oldest(postgres):
    for number in range(30):
        acts(postgres.store, "a", file(f"{number}.py"))
    assert postgres.store.prune(older_than_ms=10**10, max_bytes=1 << 40, batch=10) == 0
    assert postgres.store.prune(older_than_ms=10**10, max_bytes=25_000, batch=10) == 10
    assert postgres.store.follow(0)[0].seq == 11
    assert postgres.store.prune(older_than_ms=10**10, max_bytes=25_000, batch=10) == 0


# ── when it goes away ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def own(record_property):
    """A server that may be stopped."""
    record_property("engine", "postgres")
    mine = Postgres(tcp=True)
    yield mine
    mine.remove()


def test_a_store_outlives_its_servers_restarts(own):
    store = open_store(own.url("team"))
    acts(store, "a", file("a.py"))
    for how in ("fast", "immediate"):
        own.stop(how)
        with pytest.raises(StoreGone):
            acts(store, "b", file("a.py"))
        own.start()
        assert actors(acts(store, "b", file("a.py"))) >= {"a"}
    assert [one.seq for one in store.follow(0)] == [1, 2, 3]
    store.dispose()


def test_a_fork_does_not_share_its_parents_connections(postgres):
    """As a server under a pre-forking manager would."""
    acts(postgres.store, "a", file("a.py"))
    store = PostgresStore(postgres.store.where)
    assert store.last_seq() == 1
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # newer Pythons warn of forks beside threads: the subject here
        child = os.fork()
    if child == 0:
        done = 1
        try:
            acts(store, "b", file("a.py"))
            done = 0
        finally:
            os._exit(done)
    assert os.waitpid(child, 0)[1] == 0
    assert store.last_seq() == 2
    store.dispose()


# ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_reader_that_follows_while_many_write_skips_nothing(postgres):
    """Numbers become visible in order: whoever has seen n has seen all before it."""
    read: list[int] = []

    def follow():
        after = 0
        while after < 200:
            page = postgres.store.follow(after)
            read.extend(one.seq for one in page)
            after = page[-1].seq if page else after

    def write(actor):
        for number in range(50):
            acts(postgres.store, actor, file(f"{number}.py"))

    assert at_once(follow, *[partial(write, actor) for actor in "abcd"]) == []
    assert read == list(range(1, 201))


def test_a_directory_is_asked_for_by_range_and_by_role(postgres):
    acts(postgres.store, "a", file("src/a.py"))
    look = postgres.store.append(
        [], question([]).__class__([Probe("path:m1:/repo/src//", role) for role in ("work", "harm", "plan")]), dry=True
    )
    assert [(one.key, one.role) for one in look.before] == [("path:m1:/repo/src//", "work")]
    assert look.now >= START


# ── hearing ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_listens_is_woken_by_what_others_write(postgres, db, fresh):
    store, writer = (open_store(server().url(fresh)) for _ in range(2))
    woken = threading.Event()
    end = store.listen(woken.set)
    try:
        assert end is not None
        assert woken.wait(60), "once, when it begins to listen"
        for number in range(3):
            woken.clear()
            acts(writer, "a", file(f"{number}.py"))
            assert woken.wait(60)
    finally:
        if end is not None:
            end()
        store.dispose()
        writer.dispose()


def test_where_nobody_listens_nobody_is_notified(db, fresh):
    """Notifications of all ledgers of a database queue up behind each other."""
    store = open_store(server().url(fresh))
    row = db.execute(f"SELECT 'sidelight_{fresh}.state'::regclass::oid::text").fetchone()
    assert row is not None
    db.execute(f'LISTEN "{row[0]}"')
    acts(store, "a", file("a.py"))
    store.dispose()
    assert list(db.notifies(timeout=0.2)) == []


def test_an_ear_outlives_its_servers_restart(own):
    store = open_store(own.url("team"))
    woken = threading.Event()
    end = store.listen(woken.set)
    try:
        assert woken.wait(60)
        own.stop()
        woken.clear()
        own.start()
        assert woken.wait(60), "it listens again"
    finally:
        if end is not None:
            end()
        store.dispose()


def test_a_dump_brings_a_ledger_back(tmp_path, record_property):
    """As `docs/postgresql.md` says it: a dump of its schema, restored over what is there."""
    record_property("engine", "postgres")
    name = f"dumped_{os.urandom(4).hex()}"
    store = open_store(server().url(name))
    acts(store, "a", file("x.py"))
    acts(store, "b", file("x.py"))
    dump = ["--format=custom", f"--file={tmp_path / 'ledger.dump'}", server().url()]
    subprocess.run([program("pg_dump"), f"--schema=sidelight_{name}", *dump], check=True)
    acts(store, "c", file("x.py"))
    store.dispose()
    back = ["--clean", "--if-exists", f"--dbname={server().url()}", tmp_path / "ledger.dump"]
    subprocess.run([program("pg_restore"), *back], check=True)
    store = open_store(server().url(name))
    assert [one.actor for one in store.follow(0)] == ["a", "b"]
    assert [one.actor for one in store.notices("a", None)[0].later] == ["b"]
    assert actors(acts(store, "d", file("x.py"))) == {"a", "b"}
    assert [one.seq for one in store.follow(0)] == [1, 2, 3]
    store.dispose()
