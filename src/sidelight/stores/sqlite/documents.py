"""Small things that are kept beside the ledger and may change. Imported when they are wanted: no hook asks for them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from sidelight.records import Any
from sidelight.stores import Document
from sidelight.stores.sqlite.rows import as_json, document_of, put_meta


def one(db: sqlite3.Connection, collection: str, name: str) -> Document | None:
    """One document of a collection; None if there is none of this name."""
    row = db.execute(
        "SELECT name, version, ts, body FROM documents WHERE collection = ? AND name = ?", (collection, name)
    ).fetchone()
    return document_of(row) if row is not None else None


def newest(db: sqlite3.Connection, collection: str, limit: int) -> list[Document]:
    """The documents of a collection, the last added first."""
    rows = db.execute(
        "SELECT name, version, ts, body FROM documents WHERE collection = ? ORDER BY number DESC LIMIT ?",
        (collection, limit),
    )
    return [document_of(row) for row in rows]


def put(db: sqlite3.Connection, now: int, collection: str, name: str, body: Mapping[str, Any], version: int) -> bool:
    """Keep a document if `version` is the one that is stored (0: there is none yet)."""
    if version == 0:
        done = db.execute(
            "INSERT OR IGNORE INTO documents (collection, name, version, ts, body) VALUES (?,?,1,?,?)",
            (collection, name, now, as_json(body)),
        )
    else:
        done = db.execute(
            "UPDATE documents SET body = ?, ts = ?, version = version + 1 "
            "WHERE collection = ? AND name = ? AND version = ?",
            (as_json(body), now, collection, name, version),
        )
    return done.rowcount == 1


def drop(db: sqlite3.Connection, collection: str, before: int) -> int:
    """Delete what was last changed before a moment. Returns how many."""
    return db.execute("DELETE FROM documents WHERE collection = ? AND ts < ?", (collection, before)).rowcount


def next_number(db: sqlite3.Connection, collection: str) -> int:
    """1, 2, 3 …: never the same twice for a collection."""
    name = f"number:{collection}"
    row = db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    number = int(row[0]) + 1 if row is not None else 1
    put_meta(db, name, str(number))
    return number
