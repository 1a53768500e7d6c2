"""The tables and functions of a ledger: made where they are missing, brought up to date where they are older.

Every ledger has a schema of its own (`sidelight`, or `sidelight_NAME` for `?ledger=NAME`), so that one can be dumped,
moved or dropped alone. Versions are `MAJOR * 1000 + minor`; within a major version a schema is only added to.
"""

from __future__ import annotations

import re
from importlib import resources

import psycopg

from sidelight.stores import StoreError, StoreNewer
from sidelight.stores.postgres.connection import Address

SCHEMA = 1002
_SETTING_UP = 1396984917  # the advisory lock of whoever sets ledgers up in this database


def sql(where: Address, name: str) -> str:
    """One of our files of statements, for this ledger's schema."""
    text = resources.files(__package__).joinpath(name).read_text("utf-8")
    return re.sub(r"\bsidelight\.(?=\w)", f"{where.schema}.", text)


def ensure(db: psycopg.Connection[tuple[object, ...]], where: Address) -> None:
    """Make sure that the ledger is there and that this Sidelight knows it. Raises `StoreNewer`, or the driver's."""
    version = _version(db, where)
    if version is not None and version // 1000 > SCHEMA // 1000:
        raise StoreNewer(f"{where.shown} has schema {version}, this Sidelight knows {SCHEMA}")
    if version is not None and version >= SCHEMA:
        return
    with db.transaction():
        db.execute("SELECT pg_advisory_xact_lock(%s)", (_SETTING_UP,))
        if (_version(db, where) or 0) < SCHEMA:
            _set_up(db, where)


def _version(db: psycopg.Connection[tuple[object, ...]], where: Address) -> int | None:
    """The schema's version; None if there is no ledger yet."""
    row = db.execute("SELECT to_regclass(%s)", (f"{where.schema}.meta",)).fetchone()
    if row is None or row[0] is None:
        return None
    found = db.execute(f"SELECT value FROM {where.schema}.meta WHERE name = 'schema'").fetchone()
    if found is None or not str(found[0]).isdigit():
        raise StoreError(f"{where.shown}: the schema {where.schema} is not a ledger but another program's")
    return int(str(found[0]))


def _set_up(db: psycopg.Connection[tuple[object, ...]], where: Address) -> None:
    there = db.execute("SELECT to_regnamespace(%s)", (where.schema,)).fetchone()
    if there is None or there[0] is None:
        db.execute(f"CREATE SCHEMA {where.schema}")
    db.execute(sql(where, "tables.sql"))
    db.execute(sql(where, "append.sql"))
    db.execute(sql(where, "verbs.sql"))
    db.execute(
        f"INSERT INTO {where.schema}.meta VALUES ('schema', %s) "
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (str(SCHEMA),),
    )
