"""The library against the same SQLite transaction written by hand, and against itself with a longer record.

python -m benchmarks.library            # about a minute
python -m benchmarks.library --rows 1000000
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Iterator

from benchmarks.measuring import Measured, Work, in_turns, line
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


def overhead(directory: str) -> list[str]:
    """What a record costs, relevance, redaction, notices and audit included."""
    with (
        opened(directory, "edits") as edits,
        opened(directory, "intents") as intents,
        opened(directory, "overlaps") as overlaps,
    ):
        took = in_turns(
            {
                "hand": by_hand(os.path.join(directory, "hand.db")),
                "footprint": footprint(edits),
                "announce": announcement(intents),
                "overlap": announcement(overlaps, area="customers"),
            }
        )
    hand = took["hand"]
    return [
        f"  {'the transaction by hand':<58} {hand.us:8.0f} µs",
        line("Ledger.record: a footprint, nothing related", took["footprint"], hand, 3),
        line("Ledger.announce: with an area, nothing related", took["announce"], hand, 5),
        line("Ledger.announce: in an area where another works", took["overlap"], hand, 5),
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
            store._add(db, entries, start._replace(last=start.last + done))
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


def flat(directory: str, rows: int) -> list[str]:
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

    def against(took: dict[str, Measured], what: str) -> list[str]:
        few = took["few"]
        return [
            f"  {what + ': 1,000 rows of 2 sessions':<58} {few.us:8.0f} µs",
            line(f"{what}: {rows:,} rows", took["long"], few, 1.25),
            line(f"{what}: 1,000 sessions in 100 trees", took["busy"], few, 1.5),
            line(f"{what}: 1,000 sessions in this tree", took["crowd"], few, 1.5),
        ]

    return against(edits, "append, a leaf") + against(resets, "append, a tree reset")


def main(arguments: list[str] | None = None) -> int:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000, help="the long record (default 100,000)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="sidelight-bench-") as directory:
        print("\n".join(["The library", *overhead(directory), *flat(directory, options.rows)]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
