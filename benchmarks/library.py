"""The library against the same SQLite transaction written by hand.

python -m benchmarks library
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Iterator

from benchmarks.measuring import Row, Work, in_turns
from sidelight.actions import EDITS, Draft, Session, Touch
from sidelight.ledger import Ledger
from tests.fakes import FakeFacts

TREE = "tree:m1:/repo"
SPACE = "repo:acme/app"


# ── by hand ───────────────────────────────────────────────────────────────────────────────────────────────────────


def by_hand(path: str) -> Work:
    """BEGIN IMMEDIATE; a keyed select; an insert; COMMIT; WAL, synchronous=NORMAL."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute(
        "CREATE TABLE actions (seq INTEGER PRIMARY KEY, id TEXT, ts INTEGER, kind TEXT, key TEXT, actor TEXT, "
        "body TEXT)"
    )
    db.execute("CREATE INDEX actions_key ON actions (key, seq)")
    body = '{"reason":"fix the redrive flood","targets":["path:m1:/repo/src/a.py"],"host":"claude-code"}'

    def work(number: int) -> None:
        key = f"path:m1:/repo/a/b/c/d/e/f{number}.py"
        db.execute("BEGIN IMMEDIATE")
        db.execute(
            "SELECT seq, id, ts, kind, actor, body FROM actions "
            "WHERE key = ? AND actor <> ? ORDER BY seq DESC LIMIT 20",
            (key, "session-a"),
        ).fetchall()
        db.execute(
            "INSERT INTO actions (id, ts, kind, key, actor, body) VALUES (?,?,?,?,?,?)",
            (f"edit-{number}", number, "edit", key, "session-a", body),
        )
        db.execute("COMMIT")

    return work


# ── the library ───────────────────────────────────────────────────────────────────────────────────────────────────


def footprint(ledger: Ledger) -> Work:
    """An edit of a file five directories deep in a tree, with nothing related."""
    me = Session("session-a", host="claude-code", machine="m1", space=SPACE, cwd="/repo", tree="/repo")

    def work(number: int) -> object:
        touches = (Touch(f"path:m1:/repo/a/b/c/d/e/f{number}.py", EDITS, None, TREE),)
        return ledger.record(Draft("edit", actor="session-a", touches=touches, host="claude-code", space=SPACE), me=me)

    return work


def announcement(ledger: Ledger, *, area: str = "billing") -> Work:
    """An intent with an area; another session has announced work elsewhere."""

    def work(number: int) -> object:
        return ledger.announce(f"fix the redrive flood, attempt {number}", actor="session-a", area=area)

    return work


@contextlib.contextmanager
def opened(directory: str, name: str) -> Iterator[Ledger]:
    """A home of its own."""
    ledger = Ledger.open(os.path.join(directory, name), facts=FakeFacts())
    ledger.announce("a long migration of the customer table", actor="session-b", area="customers")
    try:
        yield ledger
    finally:
        ledger.close()


def rows_by_hand(path: str) -> Work:
    """The same transaction, with the rows that finding an edit by its key takes: the record, a mark for the file and
    one for its working tree, and the changed file. What a ledger of any make has to write.
    """
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("CREATE TABLE actions (seq INTEGER PRIMARY KEY, id TEXT, ts INTEGER, kind TEXT, actor TEXT, body TEXT)")
    db.execute("CREATE TABLE marks (key TEXT, actor TEXT, seq INTEGER, PRIMARY KEY (key, actor)) WITHOUT ROWID")
    db.execute("CREATE INDEX marks_newest ON marks (key, seq)")
    db.execute("CREATE TABLE changes (tree TEXT, actor TEXT, seq INTEGER, path TEXT, PRIMARY KEY (tree, actor, seq))")
    body = '{"reason":"fix the redrive flood","targets":["path:m1:/repo/src/a.py"],"host":"claude-code"}'

    def work(number: int) -> None:
        key = f"path:m1:/repo/a/b/c/d/e/f{number}.py"
        db.execute("BEGIN IMMEDIATE")
        db.execute(
            "SELECT m.seq, a.body FROM marks AS m JOIN actions AS a ON a.seq = m.seq "
            "WHERE m.key = ? AND m.actor <> ? ORDER BY m.seq DESC LIMIT 20",
            (key, "session-a"),
        ).fetchall()
        put = db.execute(
            "INSERT INTO actions (id, ts, kind, actor, body) VALUES (?,?,?,?,?)",
            (f"edit-{number}", number, "edit", "session-a", body),
        )
        for on in (key, TREE):
            db.execute("INSERT OR REPLACE INTO marks VALUES (?,?,?)", (on, "session-a", put.lastrowid))
        db.execute("INSERT INTO changes VALUES (?,?,?,?)", (TREE, "session-a", put.lastrowid, key))
        db.execute("COMMIT")

    return work


def overhead(directory: str, *, turns: int = 12) -> list[Row]:
    """What a record costs, relevance, redaction, notices and audit included."""
    with (
        opened(directory, "edits") as edits,
        opened(directory, "intents") as intents,
        opened(directory, "overlaps") as overlaps,
    ):
        took = in_turns(
            {
                "by hand": by_hand(os.path.join(directory, "hand.db")),
                "by hand, all rows": rows_by_hand(os.path.join(directory, "rows.db")),
                "footprint": footprint(edits),
                "announce": announcement(intents),
                "overlap": announcement(overlaps, area="customers"),
            },
            turns=turns,
        )
    hand, rows = took["by hand"], took["by hand, all rows"]
    return [
        hand.row("a transaction by hand: one select, one insert"),
        rows.row("a transaction by hand: the same rows as a footprint", hand),
        took["footprint"].row("Ledger.record: a footprint, nothing related", hand, 3),
        took["footprint"].row("Ledger.record: the same, against the same rows", rows),
        took["announce"].row("Ledger.announce: with an area, nothing related", hand, 5),
        took["overlap"].row("Ledger.announce: in an area where another works", hand, 5),
    ]


def run(quick: bool) -> list[Row]:
    """The rows of the report."""
    with tempfile.TemporaryDirectory(prefix="sidelight-bench-") as directory:
        return overhead(directory, turns=4 if quick else 12)
