"""What an append costs with a longer record and with more sessions, on every engine, against little of both.

python -m benchmarks scale

Records are written by the engines themselves, in large requests. PostgreSQL is Debian's, on this machine, without
waiting for the disk: what is compared is finding and writing, not the disk (`simulation` waits for it).
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import psycopg

from benchmarks.measuring import Measured, Row, Work, in_turns
from sidelight.actions import DESTROYS, EDITS, Draft, Session, Touch
from sidelight.stores import Entry, Question, Store, open_store
from sidelight.stores.projections import probes_of, sweeps
from tests.postgres_server import Postgres

SPACE = "repo:acme/app"
TREE = "tree:m1:/repo"
FEWEST_ROWS = 1_000
FEWEST_SESSIONS = 2
ROWS = (10_000, 100_000, 1_000_000)
SESSIONS = 1_000
CROWD = 20  # sessions in one working tree: so many are answered with, and told, however many more there are
REQUEST = 500  # actions in one request while a record is filled

_Opening = Callable[[str], Store]


# ── the engines ───────────────────────────────────────────────────────────────────────────────────────────────────


@contextlib.contextmanager
def sqlite(directory: str) -> Iterator[_Opening]:
    """Ledgers in files."""
    yield lambda name: open_store(os.path.join(directory, f"{name}.db"))


@contextlib.contextmanager
def postgres(directory: str) -> Iterator[_Opening]:
    """Ledgers on a server of their own."""
    server = Postgres(settings={"shared_buffers": "128MB", "max_wal_size": "4GB", "autovacuum_naptime": "1min"})
    try:
        yield lambda name: open_store(server.url(name))
    finally:
        server.remove()


ENGINES = {"SQLite": sqlite, "PostgreSQL": postgres}


def settled(store: Store) -> None:
    """What an engine does by itself after much was written, done now rather than while others are measured."""
    if store.name == "postgres":
        with psycopg.connect(store.where.conninfo, autocommit=True) as db:  # type: ignore[attr-defined]
            db.execute("VACUUM ANALYZE")
            db.execute("CHECKPOINT")


# ── a record, and what is done to it ──────────────────────────────────────────────────────────────────────────────


def fill(store: Store, rows: int, sessions: int, *, trees: int = 1) -> None:
    """A record of so many edits of different files by so many sessions, in so many working trees."""
    for done in range(0, rows, REQUEST):
        store.append(
            [_edit(number, sessions, trees) for number in range(done, min(rows, done + REQUEST))], Question(())
        )
    for session in range(sessions):
        store.see(Session(f"s{session}", machine="m1", space=SPACE))


def _edit(number: int, sessions: int, trees: int) -> Entry:
    session = number % sessions
    root = f"/repo{session % trees or ''}"
    touch = Touch(f"path:m1:{root}/src/d{number % 97}/f{number % 20_011}.py", EDITS, None, f"tree:m1:{root}")
    return Entry(Draft("edit", actor=f"s{session}", touches=(touch,), space=SPACE), "edit-x", None, listed=False)


def question(touch: Touch) -> Question:
    """What a ledger asks before an action in the working tree."""
    within = [touch.within, touch.within + "//"] if touch.within else []
    stakes = [touch.key, *within, TREE, TREE + "//"]
    return Question(probes_of((touch,)), stakes=stakes, sweeps=[touch.key] if sweeps(touch) else [])


def leaf(store: Store, actor: str = "me") -> Work:
    """An edit of a file nobody else has touched."""
    me = Session(actor, machine="m1", space=SPACE)

    def work(number: int) -> object:
        touch = Touch(f"path:m1:/repo/own/{actor}/er/f{number}.py", EDITS, None, TREE)
        draft = Draft("edit", actor=actor, touches=(touch,), space=SPACE)
        return store.append([Entry(draft, "edit-x", None, listed=False)], question(touch), me=me)

    return work


def reset(store: Store) -> Work:
    """A hard reset of the working tree in which the sessions work."""
    me = Session("me", machine="m1", space=SPACE)
    touch = Touch(TREE, DESTROYS)
    draft = Draft("tree-reset", actor="me", touches=(touch,), space=SPACE)

    def work(_: int) -> object:
        return store.append([Entry(draft, "tree-reset-x", None, listed=True)], question(touch), me=me)

    return work


# ── side by side ──────────────────────────────────────────────────────────────────────────────────────────────────


class Shape(NamedTuple):
    """A record: how many rows of how many sessions in how many working trees, and the bounds of design 8.

    `crowd`: a reset is held against the record of `CROWD` sessions in one tree, where its answer is as large.
    """

    rows: int
    sessions: int = FEWEST_SESSIONS
    trees: int = 1
    leaf: float | None = None
    reset: float | None = None
    crowd: float | None = None


def records(rows: tuple[int, ...]) -> dict[str, Shape]:
    """The records to compare, the smallest first."""
    few, many = rows[0], SESSIONS
    return {
        f"{FEWEST_ROWS:,} rows of {FEWEST_SESSIONS} sessions": Shape(FEWEST_ROWS),
        **{f"{one:,} rows": Shape(one, leaf=1.25, reset=1.25) for one in rows},
        f"{many:,} sessions, {FEWEST_SESSIONS} in each tree": Shape(few, many, many // FEWEST_SESSIONS, 1.5, 1.5),
        _CROWDED: Shape(few, CROWD),
        f"{many:,} sessions in this tree": Shape(few, many, leaf=1.5, crowd=1.5),
    }


_CROWDED = f"{CROWD} sessions in this tree"


def engine(name: str, opening: _Opening, rows: tuple[int, ...], turns: int) -> list[Row]:
    """One engine: a leaf written and a working tree reset, in all records in turns."""
    shapes = records(rows)
    stores: dict[str, Store] = {}
    try:
        for number, (what, shape) in enumerate(shapes.items()):
            stores[what] = opening(f"scale{number}")
            fill(stores[what], shape.rows, shape.sessions, trees=shape.trees)
        for store in stores.values():
            settled(store)
        edits = in_turns({what: leaf(store) for what, store in stores.items()}, turns=turns, runs=100)
        resets = in_turns({what: reset(store) for what, store in stores.items()}, turns=turns, runs=40, warm=20)
    finally:
        for store in stores.values():
            store.dispose()
    found = _against(edits, f"{name}, a leaf", {what: shape.leaf for what, shape in shapes.items()})
    found += _against(resets, f"{name}, a tree reset", {what: shape.reset for what, shape in shapes.items()})
    crowd = resets[_CROWDED]
    found += [
        resets[what].row(f"{name}, a tree reset: {what}, against {CROWD}", crowd, shape.crowd)
        for what, shape in shapes.items()
        if shape.crowd is not None
    ]
    return found


def _against(took: Mapping[str, Measured], what: str, targets: Mapping[str, float | None]) -> list[Row]:
    base, *others = took.values()
    return [base.row(f"{what}: {base.name}")] + [
        one.row(f"{what}: {one.name}", base, targets[one.name]) for one in others
    ]


def run(quick: bool) -> list[Row]:
    """The rows of the report."""
    found: list[Row] = []
    for name, of in ENGINES.items():
        with tempfile.TemporaryDirectory(prefix="sidelight-bench-") as directory, of(directory) as opening:
            found += engine(name, opening, ROWS[:-1] if quick else ROWS, 5 if quick else 12)
    return found
