"""The projections of the record: the marks by which actions are found, left, taken back and made anew."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from sidelight.actions import Action
from sidelight.records import Any
from sidelight.stores.projections import HERE, INSIDE, PLAN, Mark, changes_of, marks_of, still_marking
from sidelight.stores.sqlite.rows import ACTION, HAPPENED, Rows, action_of, as_json

_PUT_MARK = (
    "INSERT INTO marks (role, key, actor, agent, effect, slot, seq, was) VALUES (?,?,?,?,?,?,?,0) "
    "ON CONFLICT (role, key, actor, agent, effect, slot) DO UPDATE SET was = seq, seq = excluded.seq"
)
_PUT_CHANGE = "INSERT OR IGNORE INTO changes (tree, actor, agent, seq, path) VALUES (?,?,?,?,?)"
_PUT_PLAN = "INSERT OR IGNORE INTO plans (key, seq, actor, agent) VALUES (?,?,?,?)"
ONE_MARK = "role = ? AND key = ? AND actor = ? AND agent = ? AND effect = ? AND slot = ?"


def project(db: sqlite3.Connection, actions: Iterable[Action]) -> list[Mark]:
    """Leave the marks of actions, in order of the record; those that were left."""
    left: list[Mark] = []
    marks: list[tuple[Any, ...]] = []
    plans: list[tuple[Any, ...]] = []
    changes: list[tuple[Any, ...]] = []
    for one in actions:
        actor, agent, seq = one.actor or "", one.agent or "", one.seq
        mine = marks_of(one.touches)
        left += mine
        for key, role, effect, slot in mine:
            if role == PLAN:
                plans.append((key, seq, actor, agent))
            else:
                marks.append((role, key, actor, agent, effect, slot, seq))
        changes += [(tree, actor, agent, seq, path) for tree, path in changes_of(one.touches)]
        if one.listed and one.space is not None:
            marks.append((HERE, one.space, actor, "", "", "", seq))
    for sql, values in ((_PUT_MARK, marks), (_PUT_PLAN, plans), (_PUT_CHANGE, changes)):
        if values:
            db.executemany(sql, values)
    return left


def drop_plans(db: sqlite3.Connection, actions: Iterable[Action]) -> None:
    """What these actions announced is announced no more."""
    plans = [(key, one.seq) for one in actions for key, role, _, _ in marks_of(one.touches) if role == PLAN]
    if plans:
        db.executemany("DELETE FROM plans WHERE key = ? AND seq = ?", plans)


def unmark(db: sqlite3.Connection, action: Action) -> dict[Mark, int]:
    """Delete the marks of work and harm of an action; those that were, each with the place of the one before (0: none,
    -1: unknown).
    """
    actor, agent, seq = action.actor or "", action.agent or "", action.seq
    marks = marks_of(action.touches)
    lost: dict[Mark, int] = {}
    for mark in marks:
        if mark.role == PLAN:
            continue
        one = (mark.role, mark.key, actor, agent, mark.effect, mark.slot)
        row = db.execute(f"SELECT was FROM marks WHERE {ONE_MARK} AND seq = ?", (*one, seq)).fetchone()
        if row is not None:
            lost[mark] = row[0]
            db.execute(f"DELETE FROM marks WHERE {ONE_MARK}", one)
    changes = [(tree, actor, agent, seq) for tree, _ in changes_of(action.touches)]
    if changes:
        db.executemany("DELETE FROM changes WHERE tree = ? AND actor = ? AND agent = ? AND seq = ?", changes)
    return lost


def put_back(db: sqlite3.Connection, action: Action, mark: Mark) -> None:
    """Leave a mark of an earlier action again; what was before that is not known any more."""
    db.execute(
        "INSERT OR IGNORE INTO marks (role, key, actor, agent, effect, slot, seq, was) VALUES (?,?,?,?,?,?,?,-1)",
        (mark.role, mark.key, action.actor or "", action.agent or "", mark.effect, mark.slot, action.seq),
    )


def refill(db: sqlite3.Connection, action: Action, mark: Mark) -> None:
    """Look backwards through the record for who left this mark before. Rare: two calls in flight have failed."""
    rows = db.execute(
        f"SELECT {ACTION} FROM actions AS a WHERE a.seq < ? AND a.actor = ? AND a.agent = ? AND {HAPPENED} "
        "AND instr(a.body, ?) ORDER BY a.seq DESC",
        (action.seq, action.actor or "", action.agent or "", as_json(mark.key.removesuffix(INSIDE))[1:-1]),
    )
    for row in rows:
        earlier = action_of(row)
        if mark in marks_of(earlier.touches):
            put_back(db, earlier, mark)
            return


def rebuild(db: sqlite3.Connection) -> None:
    """Make all projections anew from the record."""
    from sidelight.stores.sqlite import history

    for table in ("marks", "plans", "changes"):
        db.execute(f"DELETE FROM {table}")
    history.begin_anew(db)
    after = 0
    while True:
        rows = db.execute(
            f"SELECT {ACTION}, a.outcome FROM actions AS a WHERE a.seq > ? ORDER BY a.seq LIMIT 500", (after,)
        ).fetchall()
        if not rows:
            return
        actions = [(action_of(row), row[-1]) for row in rows]
        project(db, [one if still_marking(one, outcome) else one._replace(touches=()) for one, outcome in actions])
        after = rows[-1][0]


def take_back(db: sqlite3.Connection, known: Rows, action: Action) -> None:
    """The marks of an action fall back to what the same actor did there before."""
    for mark, was in unmark(db, action).items():
        if was == 0:  # it was the first
            continue
        there = known.there(db, [was]) if was > 0 else {}
        if was in there:
            put_back(db, there[was], mark)
        else:
            refill(db, action, mark)
