"""Deleting what is beyond the history, forgotten or over. Imported when it is wanted: no hook does this."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from sidelight.actions import Action
from sidelight.stores.projections import DAY_MS, HERE, TENDED_EVERY_MS
from sidelight.stores.sqlite import history
from sidelight.stores.sqlite.marks import ONE_MARK, drop_plans, rebuild, unmark
from sidelight.stores.sqlite.rows import ACTION, action_of, as_json, put_meta

NEVER = 1 << 62


def forget(db: sqlite3.Connection, actor: str | None, space: str | None, before: int | None) -> int:
    """Delete actions with all that points to them. Returns how many."""
    rows = db.execute(
        f"SELECT {ACTION} FROM actions AS a WHERE (?1 IS NULL OR a.actor = ?1) "
        "AND (?2 IS NULL OR a.space = ?2) AND (?3 IS NULL OR a.ts < ?3)",
        (actor, space, before),
    ).fetchall()
    gone = [action_of(row) for row in rows]
    delete(db, gone)
    _delete_traces(db, gone, actor)
    if space is not None and gone:  # what the same actors did elsewhere before counts again
        rebuild(db)
    return len(gone)


def delete(db: sqlite3.Connection, actions: Sequence[Action]) -> None:
    """Delete actions with their marks. What the same actor did before them goes too, or is marked anew after."""
    history.drop(db, actions)
    drop_plans(db, actions)
    for one in actions:
        unmark(db, one)
        db.execute("DELETE FROM actions WHERE seq = ?", (one.seq,))
        here = (HERE, one.space, one.actor or "", "", "", "", one.seq)
        db.execute(f"DELETE FROM marks WHERE {ONE_MARK} AND seq = ?", here)


def _delete_traces(db: sqlite3.Connection, gone: Sequence[Action], actor: str | None) -> None:
    """What was said of actions that are forgotten, and all there is of a session that is."""
    seqs = as_json([one.seq for one in gone])
    for table in ("touched", "told"):
        db.execute(f"DELETE FROM {table} WHERE seq IN (SELECT value FROM json_each(?))", (seqs,))
    db.execute("DELETE FROM delivered WHERE found <> '[]' OR first IN (SELECT value FROM json_each(?))", (seqs,))
    if actor is not None:
        for table, name in (("sessions", "actor"), ("told", "actor"), ("told", "about"), ("touched", "addressee")):
            db.execute(f"DELETE FROM {table} WHERE {name} = ?", (actor,))


def oldest(db: sqlite3.Connection, limit: int, batch: int) -> list[Action]:
    """The next actions to delete: the oldest from before a moment."""
    first = db.execute("SELECT ts FROM actions ORDER BY seq LIMIT 1").fetchone()
    if first is None or first[0] >= limit:
        return []
    rows = db.execute(
        f"SELECT * FROM (SELECT {ACTION} FROM actions AS a ORDER BY a.seq LIMIT ?) AS a WHERE a.ts < ?", (batch, limit)
    ).fetchall()
    return [action_of(row) for row in rows]


def size(db: sqlite3.Connection) -> int:
    """The bytes that the ledger takes of its file."""
    pages, free, bytes_each = (
        int(db.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * bytes_each


# ── once an hour ──────────────────────────────────────────────────────────────────────────────────────────────────


def is_due(db: sqlite3.Connection, now: int) -> bool:
    """Is it an hour since what is over was put away? If so, it is noted that it is done now."""
    row = db.execute("SELECT value FROM meta WHERE name = 'tended'").fetchone()
    if row is not None and now - int(row[0]) < TENDED_EVERY_MS:
        return False
    put_meta(db, "tended", str(now))
    return True


def over(db: sqlite3.Connection, now: int) -> list[int]:
    """Open intents that are over; without a ttl one is when its owner was silent for a day."""
    rows = db.execute(
        "SELECT a.seq FROM actions AS a LEFT JOIN sessions AS s ON s.actor = a.actor AND s.agent = '' "
        "WHERE a.kind = 'intent' AND a.outcome IS NULL AND (a.expires <= ?1 OR (a.expires IS NULL "
        "AND max(a.ts, ifnull(s.last_seen, 0)) <= ?2))",
        (now, now - DAY_MS),
    )
    return [seq for (seq,) in rows]


def drop_old(db: sqlite3.Connection, now: int, old: int) -> None:
    """Drop what was said a day ago, and seen or told too long ago to matter."""
    day = now - DAY_MS
    db.execute("DELETE FROM delivered WHERE ts < ?", (day,))
    db.execute("DELETE FROM told WHERE ts < ?", (day,))
    db.execute("DELETE FROM touched WHERE told < ?", (old,))
    db.execute("DELETE FROM sessions WHERE last_seen < ?", (old,))
