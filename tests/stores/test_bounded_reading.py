"""What a request reads does not grow with the record, nor with the sessions in it: counted, not timed."""

from __future__ import annotations

from typing import Any

import pytest

from sidelight.actions import DESTROYS, EDITS, Session, Touch
from sidelight.stores import Question
from sidelight.stores.postgres.request import asked, dumped
from sidelight.stores.projections import probes_of, sweeps
from tests.stores.engines import SPACE, TREE, Ledger, file, on, rows_read

STEPS = 50  # instructions of SQLite's machine between two counts
FULL = 140  # sessions: more than one request looks at, and so are those that have committed


def fill(ledger: Ledger, footprints: int, sessions: int) -> None:
    """So many footprints of each of so many sessions in one working tree; every other session has committed its own."""
    for session in range(sessions):
        requests: list[Any] = [[file(f"src/s{session}/f{number}.py")] for number in range(footprints)]
        ledger.acts_at_once(f"s{session:04}", requests, later_ms=1)
        if session % 2:
            ledger.acts(f"s{session:04}", on(TREE, "commits", {"takes": "all"}), kind="commit", later_ms=1)


def asking(touch: Touch) -> Question:
    """What a ledger asks before an action."""
    return Question(
        probes_of((touch,)), stakes=[touch.key, TREE, TREE + "//"], sweeps=[touch.key] if sweeps(touch) else []
    )


def cost(ledger: Ledger, touch: Touch) -> int:
    """What one look costs: fifties of SQLite's instructions, or rows that PostgreSQL fetched."""
    store: Any = ledger.store
    me = Session("me", machine="m1", space=SPACE)
    if ledger.engine == "postgres":
        request = dumped(asked([], asking(touch), me, None, dry=True, ago_ms=None))
        return rows_read(store, "SELECT sidelight.append_1(%s)", request)[1]
    counted = [0]

    def count() -> None:
        counted[0] += 1

    store.append([], asking(touch), me=me, dry=True)
    with store._file.alone() as db:
        db.set_progress_handler(count, STEPS)
    try:
        store.append([], asking(touch), me=me, dry=True)
    finally:
        with store._file.alone() as db:
            db.set_progress_handler(None, STEPS)
    return counted[0]


@pytest.fixture(params=["sqlite", "postgres"])
def ledgers(request, tmp_path, record_property):
    record_property("engine", request.param)
    made: list[Ledger] = []

    def make(footprints: int, sessions: int) -> Ledger:
        directory = tmp_path / str(len(made))
        directory.mkdir()
        made.append(Ledger(directory, request.param))
        fill(made[-1], footprints, sessions)
        return made[-1]

    yield make
    for one in made:
        one.store.dispose()


@pytest.mark.parametrize("touch", [on(TREE, DESTROYS), file("src/s1/f1.py", EDITS)], ids=["reset", "leaf"])
def test_what_a_look_reads_does_not_grow_with_the_record(ledgers, touch):
    few, many = cost(ledgers(250, 4), touch), cost(ledgers(1000, 4), touch)
    assert many <= 1.1 * few + 5, (few, many)


@pytest.mark.parametrize("touch", [on(TREE, DESTROYS), file("own.py", EDITS)], ids=["reset", "leaf"])
def test_what_a_look_reads_does_not_grow_with_the_sessions_in_a_tree(ledgers, touch):
    few, many = cost(ledgers(4, FULL), touch), cost(ledgers(4, 2 * FULL), touch)
    assert many <= 1.1 * few + 5, (few, many)
