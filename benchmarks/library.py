"""The library against the same SQLite transaction written by hand, and against itself with a longer record.

python -m benchmarks library
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping

from benchmarks.measuring import Measured, Row, Work, in_turns
from sidelight.actions import DESTROYS, EDITS, Draft, Session, Touch
from sidelight.ledger import Ledger
from sidelight.stores import Entry, Question
from sidelight.stores.projections import probes_of, sweeps
from sidelight.stores.sqlite import SqliteStore
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


# ── flat cost ─────────────────────────────────────────────────────────────────────────────────────────────────────


def fill(store: SqliteStore, rows: int, sessions: int, *, trees: int = 1) -> None:
    """A record of so many edits by so many sessions, spread over so many trees."""
    with store._writing() as db:
        db.execute("PRAGMA cache_size = -64000")
        start = store._started(db)
        for done in range(0, rows, 500):
            entries = []
            for number in range(done, min(rows, done + 500)):
                session = number % sessions
                tree = session % trees
                root = f"/repo{tree or ''}"
                key = f"path:m1:{root}/src/d{number % 97}/f{number % 20_011}.py"
                draft = Draft(
                    "edit", actor=f"s{session}", touches=(Touch(key, EDITS, None, f"tree:m1:{root}"),), space=SPACE
                )
                entries.append(Entry(draft, "edit-x", None, listed=False))
            store._add(db, entries, start._replace(last=start.last + done), 0)
    with store._file.alone() as db:
        if db is not None:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            db.execute("PRAGMA cache_size = -2000")


def question(*touches: Touch) -> Question:
    """What a ledger asks."""
    stakes = [
        key for touch in touches for key in (touch.key, *([touch.within, touch.within + "//"] if touch.within else ()))
    ]
    return Question(
        probes_of(touches),
        stakes=[*stakes, TREE, TREE + "//"],
        sweeps=[t.key for t in touches if sweeps(t)],
        space=None,
    )


def leaf(store: SqliteStore) -> Work:
    """An edit of a file nobody else has touched."""
    me = Session("me", machine="m1", space=SPACE)

    def work(number: int) -> object:
        touch = Touch(f"path:m1:/repo/own/deep/er/f{number}.py", EDITS, None, TREE)
        draft = Draft("edit", actor="me", touches=(touch,), space=SPACE)
        return store.append([Entry(draft, "edit-x", None, listed=False)], question(touch), me=me)

    return work


def reset(store: SqliteStore) -> Work:
    """A hard reset of the tree in which the sessions work."""
    me = Session("me", machine="m1", space=SPACE)
    touch = Touch(TREE, DESTROYS)
    draft = Draft("tree-reset", actor="me", touches=(touch,), space=SPACE)

    def work(_: int) -> object:
        return store.append([Entry(draft, "tree-reset-x", None, listed=True)], question(touch), me=me)

    return work


def flat(directory: str, rows: int) -> list[Row]:
    """What an append costs with a longer record and with more sessions, against little of both."""
    stores: dict[str, SqliteStore] = {}
    for name, many, sessions, trees in (
        ("few", 1_000, 2, 1),
        ("long", rows, 2, 1),
        ("busy", 1_000, 1_000, 100),
        ("crowd", 1_000, 1_000, 1),
    ):
        stores[name] = SqliteStore(os.path.join(directory, f"{name}.db"))
        fill(stores[name], many, sessions, trees=trees)
    edits = in_turns({name: leaf(store) for name, store in stores.items()})
    resets = in_turns({name: reset(store) for name, store in stores.items()}, runs=60, warm=20)
    for store in stores.values():
        store.dispose()

    return _against(edits, "append, a leaf", rows) + _against(resets, "append, a tree reset", rows)


def _against(took: Mapping[str, Measured], what: str, rows: int) -> list[Row]:
    few = took["few"]
    return [
        few.row(f"{what}: 1,000 rows of 2 sessions"),
        took["long"].row(f"{what}: {rows:,} rows", few, 1.25),
        took["busy"].row(f"{what}: 1,000 sessions in 100 trees", few, 1.5),
        took["crowd"].row(f"{what}: 1,000 sessions in this tree", few, 1.5),
    ]


def run(quick: bool) -> list[Row]:
    """The rows of the report."""
    with tempfile.TemporaryDirectory(prefix="sidelight-bench-") as directory:
        return overhead(directory, turns=4 if quick else 12) + flat(directory, 10_000 if quick else 100_000)
