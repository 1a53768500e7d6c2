"""Taking in a ledger that comes from another store: all of it or nothing, and compared before anybody may write.

The rows come in one transaction, which also makes the projections and reads everything back; until `admit` the ledger
is frozen, so that one which was left half-way holds nothing of anybody's and is begun anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

import psycopg

from sidelight.stores import StoreError
from sidelight.stores.postgres import PostgresStore
from sidelight.stores.postgres.connection import Address, Connections, Patient, our_error
from sidelight.stores.postgres.schema import ensure

#: What is taken over, and the columns of a row. All else is made from it.
COLUMNS: dict[str, tuple[str, ...]] = {
    "actions": (
        "seq", "id", "ts", "at", "kind", "space", "actor", "agent", "listed", "expires", "outcome", "outcome_ts", "body"
    ),
    "sessions": ("actor", "agent", "first_seen", "last_seen", "ended", "seq", "space", "machine", "body"),
    "touched": ("addressee", "seq", "agent", "ts", "count", "planned", "sightings", "told"),
    "told": ("actor", "agent", "about", "resource", "step", "seq", "ts"),
    "delivered": ("key", "ts", "first", "count", "sightings"),
    "documents": ("number", "collection", "name", "version", "ts", "body"),
    "meta": ("name", "value"),
}  # fmt: skip

_PATIENCE = 660.0  # seconds for one answer
_FROM = "moved-from"
_LOCK = "SELECT pg_advisory_xact_lock(1396984916, ('{schema}.state'::regclass::oid::bigint % 2147483647)::integer)"

Row = tuple[Any, ...]


class Sum(NamedTuple):
    """How many rows, and what they come to in whatever order they are read."""

    rows: int = 0
    digest: int = 0

    def plus(self, row: Row) -> Sum:
        """With one more."""
        data = json.dumps(row, sort_keys=True).encode()
        return Sum(self.rows + 1, (self.digest + int.from_bytes(sha256(data).digest()[:16])) % (1 << 128))


class Floor(NamedTuple):
    """Where the sequence and the clock go on: the last number and moment, and when old rows were last seen to."""

    seq: int
    ts: int
    tended: int | None


def holds(where: Address) -> tuple[int, str | None]:
    """The actions that a ledger holds (0 if there is none yet), and what it was or is being moved from."""
    try:
        return _held(where)
    except psycopg.Error as error:
        raise our_error(where, error) from error


def _held(where: Address) -> tuple[int, str | None]:
    with Connections(where).alone() as db:
        if not _value(db, f"SELECT to_regclass('{where.schema}.meta') IS NOT NULL"):
            return 0, None
        if _value(db, f"SELECT frozen IS NOT NULL FROM {where.schema}.state"):
            return 0, None
        came = _value(db, f"SELECT max(value) FROM {where.schema}.meta WHERE name = '{_FROM}'")
        return int(_value(db, f"SELECT count(*) FROM {where.schema}.actions")), came


def load(where: Address, origin: str, tables: Mapping[str, Iterable[Row]], floor: Floor, itself: str) -> dict[str, Sum]:
    """Take in all rows of a ledger that comes from `origin`; what came to be. Raises `StoreError`.

    `itself`: this ledger's own URL, without a password, told to whoever would write to it before `admit`.
    """
    with Connections(where).alone() as db:
        db.patience = _PATIENCE
        try:
            ensure(db, where)
            with db.transaction():
                db.execute(_LOCK.format(schema=where.schema))
                _make_empty(db, where)
                sent = {name: _copied(db, where, name, rows) for name, rows in tables.items()}
                _go_on(db, where, origin, floor, itself)
                store = PostgresStore(where)
                try:
                    store.project_anew(db)
                finally:
                    store.dispose()
                _compare(db, where, sent)
        except (psycopg.Error, ValueError, OverflowError) as error:
            raise our_error(where, error) from error
        return sent


def _compare(db: Patient, where: Address, sent: Mapping[str, Sum]) -> None:
    wrong = [name for name in sent if _found(db, where, name) != sent[name]]
    if wrong:
        raise StoreError(f"{where.shown} does not hold what was sent ({', '.join(wrong)}); nothing was moved")


def admit(where: Address) -> None:
    """Let it be written to."""
    with Connections(where).alone() as db:
        try:
            db.execute(f"UPDATE {where.schema}.state SET frozen = NULL")
        except psycopg.Error as error:
            raise our_error(where, error) from error


def _make_empty(db: Patient, where: Address) -> None:
    if not _value(db, f"SELECT frozen IS NOT NULL FROM {where.schema}.state"):
        if _value(db, f"SELECT EXISTS (SELECT 1 FROM {where.schema}.actions)"):
            raise StoreError(f"{where.shown} holds actions already; name another ledger (`?ledger=…`)")
        if _value(db, f"SELECT EXISTS (SELECT 1 FROM {where.schema}.documents)"):
            raise StoreError(f"{where.shown} holds proposals already; name another ledger (`?ledger=…`)")
    for name in (*COLUMNS, "marks", "changes", "keys"):
        db.execute(f"DELETE FROM {where.schema}.{name}" + (" WHERE name <> 'schema'" if name == "meta" else ""))


def _copied(db: Patient, where: Address, name: str, rows: Iterable[Row]) -> Sum:
    total = Sum()
    columns = ", ".join(COLUMNS[name])
    with db.cursor() as cursor, cursor.copy(f"COPY {where.schema}.{name} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([json.dumps(one) if isinstance(one, (dict, list)) else one for one in row])
            total = total.plus(row)
    return total


def _found(db: Patient, where: Address, name: str) -> Sum:
    total = Sum()
    with db.cursor(name="sidelight_moving") as cursor:
        cursor.itersize = 2000
        query = f"SELECT {', '.join(COLUMNS[name])} FROM {where.schema}.{name}"
        cursor.execute(query + (f" WHERE name NOT IN ('schema', '{_FROM}')" if name == "meta" else ""))
        for row in cursor:
            total = total.plus(row)
    return total


def _go_on(db: Patient, where: Address, origin: str, floor: Floor, itself: str) -> None:
    db.execute(f"INSERT INTO {where.schema}.meta VALUES ('{_FROM}', %s)", (origin,))
    db.execute(f"UPDATE {where.schema}.state SET seq = %s, ts = %s, tended = %s, frozen = %s", (*floor, itself))


def _value(db: Patient, statement: str) -> Any:
    row = db.execute(statement).fetchone()
    return row[0] if row is not None else None
