"""Who touched a key: an index of the record that is written when somebody asks, so that recording pays nothing for it.

It lags behind the record by what was recorded since; of that tail the bodies are read, of all else only the index.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from sidelight.actions import Action
from sidelight.stores.sqlite.rows import ACTION, action_of, as_json

TAIL = 1000  # so many actions may be unindexed before somebody who asks has them indexed
BATCH = 10_000  # indexed in one transaction, so that nobody who records waits long

_NAME = "keyed"
_LAST = "\U0010ffff"  # after every other character


def behind(db: sqlite3.Connection) -> int:
    """How many places of the record are not in the index."""
    row = db.execute("SELECT MAX(seq) FROM actions").fetchone()
    return max(0, (row[0] or 0) - _keyed(db))


def catch_up(db: sqlite3.Connection) -> bool:
    """Index the next batch; is there more to do?"""
    start = _keyed(db)
    row = db.execute("SELECT MAX(seq), COUNT(*) FROM (SELECT seq FROM actions WHERE seq > ? LIMIT ?)", (start, BATCH))
    last, number = row.fetchone()
    if not number:
        return False
    db.execute(
        "INSERT OR IGNORE INTO keys SELECT json_extract(t.value, '$[0]'), a.seq FROM actions AS a, "
        "json_each(a.body, '$.k') AS t WHERE a.seq > ? AND a.seq <= ?",
        (start, last),
    )
    _keep(db, last)
    return bool(number == BATCH)


def of(db: sqlite3.Connection, key: str, limit: int) -> list[Action]:
    """The newest actions that touched a key, or something in it."""
    start = _keyed(db)
    rows = db.execute(
        f"SELECT {ACTION} FROM actions AS a WHERE a.seq > ? AND instr(a.body, ?) ORDER BY a.seq DESC",
        (start, as_json(key)[1:-1]),
    )
    found = [one for one in map(action_of, rows) if any(target.startswith(key) for target in one.targets)][:limit]
    older = db.execute(
        f"SELECT {ACTION} FROM (SELECT DISTINCT seq FROM keys WHERE key >= ? AND key < ? AND seq <= ? "
        "ORDER BY seq DESC LIMIT ?) AS k CROSS JOIN actions AS a ON a.seq = k.seq ORDER BY a.seq DESC",
        (key, key + _LAST, start, limit - len(found)),
    )
    return found + [action_of(row) for row in older]


def drop(db: sqlite3.Connection, actions: Iterable[Action]) -> None:
    """Take actions that are to be deleted out of the index."""
    rows = [(key, one.seq) for one in actions for key in one.targets]
    db.executemany("DELETE FROM keys WHERE key = ? AND seq = ?", rows)


def begin_anew(db: sqlite3.Connection) -> None:
    """Nothing is indexed any more; whoever asks next will have it done."""
    db.execute("DELETE FROM keys")
    _keep(db, 0)


def _keyed(db: sqlite3.Connection) -> int:
    row = db.execute("SELECT value FROM meta WHERE name = ?", (_NAME,)).fetchone()
    return int(row[0]) if row is not None else 0


def _keep(db: sqlite3.Connection, seq: int) -> None:
    db.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (_NAME, str(seq)))
