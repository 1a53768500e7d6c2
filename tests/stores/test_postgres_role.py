"""The role that `docs/postgresql.md` hands out: it can do all that a ledger does every day, and nothing else."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sidelight.actions import DESTROYS, Session, Told
from sidelight.stores import Store, StoreError, open_store
from tests.postgres_server import postgres, program
from tests.stores.engines import SPACE, actors, entry, file, question

SCRIPT = Path(__file__).parents[2] / "examples" / "postgresql" / "role.sql"


@pytest.fixture
def ledger(record_property) -> Iterator[str]:
    """The name of a ledger that its owner has set up and given to the role of the same name."""
    record_property("engine", "postgres")
    name = f"role_{os.urandom(4).hex()}"
    with psycopg.connect(postgres().url(), autocommit=True) as owner:
        open_store(postgres().url(name)).dispose()
        owner.execute(f"CREATE ROLE {name} LOGIN")
        for _ in range(2):  # it may be run again
            done = subprocess.run(
                [program("psql"), "-q", "-X", "-v", f"role={name}", "-v", f"schema=sidelight_{name}", "-f", SCRIPT,
                 postgres().url()],
                capture_output=True, text=True, check=False, timeout=60,
            )  # fmt: skip
            assert (done.returncode, done.stderr) == (0, "")
        yield name
        owner.execute(f"DROP SCHEMA sidelight_{name} CASCADE")
        owner.execute(f"DROP OWNED BY {name}")
        owner.execute(f"DROP ROLE {name}")


@pytest.fixture
def store(ledger) -> Iterator[Store]:
    """The ledger, as the role opens it."""
    opened = open_store(postgres().url(ledger, role=ledger))
    yield opened
    opened.dispose()


def acts(store: Store, actor: str, *touches: Any, kind: str = "edit", key: str | None = None):
    asked = question(touches)
    return store.append([entry(actor, *touches, kind=kind)], asked, me=Session(actor, space=SPACE), key=key)


def test_the_role_can_do_all_that_a_ledger_does_every_day(store):
    acts(store, "a", file("x.py"))
    second = acts(store, "a", file("x.py"), key="once")
    assert actors(acts(store, "b", file("x.py", DESTROYS))) == {"a"}
    assert acts(store, "a", file("x.py"), key="once").duplicate
    assert store.outcome(second.added[0].id, "failed")
    plan = acts(store, "a", file("src/**", "announces"), kind="intent").added[0]
    assert store.close(plan.id) is not None
    notices = store.notices("a")
    assert [one.seq for one in notices] == [3]
    store.take("a", notices)
    assert store.notices("a") == []
    store.tell("a", None, [Told("b", "x.py", "notice", 3, store.now())])
    store.see(Session("c", space=SPACE))
    assert store.end("a") == 0
    assert {one.actor for one in store.sessions()} == {"a", "b", "c"}
    assert store.put_document("proposals", "p", {"what": "this"}, version=0)
    assert [store.next_number("proposals") for _ in range(2)] == [1, 2]
    assert store.drop_documents("proposals", older_than_ms=-1000) == 1
    store.rebuild()
    assert [one.seq for one in store.history("path:m1:/repo/x.py")] == [3, 2, 1]
    assert len(list(store.export())) == 4
    assert store.forget(actor="b") == 1
    assert store.prune(older_than_ms=-10_000, max_bytes=1 << 40) == 3
    assert store.check() == []


def test_the_role_hears_what_others_write(store, ledger):
    heard = threading.Semaphore(0)
    end = store.listen(heard.release)
    assert end is not None
    try:
        assert heard.acquire(timeout=60), "it listens"
        other = open_store(postgres().url(ledger))
        acts(other, "b", file("x.py"))
        other.dispose()
        assert heard.acquire(timeout=60)
    finally:
        end()


FORBIDDEN = {
    "make a table": "CREATE TABLE {schema}.mine (x int)",
    "make a function": "CREATE FUNCTION {schema}.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "replace a function": (
        "CREATE OR REPLACE FUNCTION {schema}.now_1(wall bigint) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'"
    ),
    "change a table": "ALTER TABLE {schema}.actions ADD COLUMN mine int",
    "empty a table at once": "TRUNCATE {schema}.actions",
    "take the ledger's clock away": "DELETE FROM {schema}.state",
    "drop a table": "DROP TABLE {schema}.told",
    "drop the ledger": "DROP SCHEMA {schema} CASCADE",
    "set another ledger up": "CREATE SCHEMA sidelight_mine",
    "read another ledger": "SELECT * FROM {other}.actions",
    "make a role": "CREATE ROLE somebody_else",
    "give its rights away": "GRANT ALL ON SCHEMA {schema} TO PUBLIC",
    "run a program": "COPY {schema}.meta TO PROGRAM 'cat'",
}


def test_the_role_can_do_nothing_else(ledger):
    other = f"{ledger}_b"
    open_store(postgres().url(other)).dispose()
    names = {"schema": f"sidelight_{ledger}", "other": f"sidelight_{other}"}
    with psycopg.connect(postgres().url(), autocommit=True) as owner:
        try:
            with psycopg.connect(postgres().url(role=ledger), autocommit=True) as mine:
                for what, statement in FORBIDDEN.items():
                    try:
                        mine.execute(statement.format(**names))
                    except psycopg.errors.InsufficientPrivilege:
                        continue
                    if what == "give its rights away":  # a warning in PostgreSQL; it has changed nothing
                        continue
                    pytest.fail(f"it may {what}")
            row = owner.execute(
                "SELECT nspacl::text FROM pg_namespace WHERE nspname = %s", (names["schema"],)
            ).fetchone()
            assert row is not None
            assert f"{ledger}=U/" in row[0]
            assert "{=" not in row[0]
            assert ",=" not in row[0]
        finally:
            owner.execute(f"DROP SCHEMA {names['other']} CASCADE")


def test_a_ledger_that_the_role_may_not_use_is_one_clear_sentence(ledger):
    with pytest.raises(StoreError, match=r"this role may not do that; docs/postgresql\.md says"):
        open_store(postgres().url(f"{ledger}_c", role=ledger))
