"""What came before a request, found by key: never by reading the window, and at the same cost however long the record.

Of each key and role the newest rows are read; where a few chatty sessions fill them, reading goes on past those.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from sidelight.actions import EDITS, REPLACES, Session, Told, Work
from sidelight.stores import Question
from sidelight.stores.projections import (
    ACTORS_A_KEY,
    CHANGES_READ,
    FILES_COUNTED,
    FILES_SHOWN,
    HARM,
    INSIDE,
    PLAN,
    SETTLING,
    WORK,
    Found,
    Probe,
    at_work,
    interior,
    nearest,
    others_among,
)
from sidelight.stores.sqlite.rows import Rows, as_json

ROWS_A_KEY = 64
_SELECTS_MOST = 400  # SQLite takes 500 in one statement
_STAKES_MOST = 60

_OF_WORK = (
    "SELECT * FROM (SELECT key, role, effect, actor, agent, seq FROM marks INDEXED BY marks_newest "
    f"WHERE role = '{WORK}' AND key = ? ORDER BY seq DESC LIMIT {ROWS_A_KEY})"
)
_OF_HARM = _OF_WORK.replace(f"'{WORK}'", f"'{HARM}'")
_OF_PLAN = (
    f"SELECT * FROM (SELECT key, '{PLAN}', 'announces', actor, agent, seq FROM plans "
    f"WHERE key = ? ORDER BY seq DESC LIMIT {ROWS_A_KEY})"
)
_INSIDE = (
    "SELECT effect, actor, agent, max(seq) FROM marks WHERE key > ? AND key < ? AND role = ? "
    "GROUP BY actor, agent, effect"
)
_INSIDE_PLAN = "SELECT DISTINCT 'announces', actor, agent, seq FROM plans WHERE key > ? AND key < ?"

# What certain sessions (?2) last did to certain resources (?1).
_CLOSER = (
    "SELECT k.value, m.role, m.effect, m.actor, m.agent, m.seq "
    "FROM json_each(?1) AS k CROSS JOIN json_each(?2) AS w CROSS JOIN marks AS m "
    f"WHERE m.role IN ('{WORK}', '{HARM}') AND m.key = k.value AND m.actor = w.value UNION ALL "
    f"SELECT k.value, '{PLAN}', 'announces', p.actor, p.agent, p.seq FROM json_each(?1) AS k CROSS JOIN plans AS p "
    "WHERE p.key = k.value AND p.actor IN (SELECT value FROM json_each(?2)) AND p.seq >= ifnull(("
    f"SELECT n.seq FROM plans AS n WHERE n.key = k.value ORDER BY n.seq DESC LIMIT 1 OFFSET {ROWS_A_KEY}), 0)"
)

# The uncommitted files of one actor (?2, ?3): what it changed before ?4 and since it last committed in that tree (?1),
# without files that it has committed by themselves.
_SETTLED = (
    f"ifnull((SELECT max(c.seq) FROM marks AS c WHERE c.role = '{WORK}' AND c.key = ?1 AND c.actor = ?2 "
    f"AND c.agent = ?3 AND c.effect IN {SETTLING}), 0)"
)
_COMMITTED = (
    f"EXISTS (SELECT 1 FROM marks AS c WHERE c.role = '{WORK}' AND c.key = f.path AND c.actor = ?2 AND c.agent = ?3 "
    "AND c.seq >= f.seq AND c.effect LIKE 'commits%')"
)
_FILES = (
    "SELECT f.path, max(f.seq) AS last FROM ({changes}) AS f "
    f"WHERE NOT {_COMMITTED} GROUP BY f.path ORDER BY last DESC, f.path LIMIT {FILES_COUNTED}"
)
_FILES_IN_TREE = _FILES.format(
    changes="SELECT path, seq FROM changes WHERE tree = ?1 AND actor = ?2 AND agent = ?3 "
    f"AND seq > {_SETTLED} AND seq < ?4 ORDER BY seq DESC LIMIT {CHANGES_READ}"
)
_FILES_IN_DIRECTORY = _FILES.format(
    changes=f"SELECT key AS path, seq FROM marks WHERE role = '{WORK}' AND key > ?5 AND key < ?6 "
    f"AND actor = ?2 AND agent = ?3 AND effect IN ('{EDITS}', '{REPLACES}') AND seq > {_SETTLED} AND seq < ?4"
)


def marks_before(db: sqlite3.Connection, question: Question, me: Session | None) -> list[Found]:
    """The marks that matter to a question; none if all of them are my own."""
    actor, agent = (me.actor, me.agent) if me is not None else (None, None)
    found = _probed(db, question.probes)
    if not others_among(found, actor, agent):
        return []
    return list(dict.fromkeys(found + _closer(db, question.stakes, found, actor)))


def _probed(db: sqlite3.Connection, probes: Sequence[Probe]) -> list[Found]:
    found: list[Found] = []
    keys: dict[str, list[str]] = {WORK: [], HARM: [], PLAN: []}
    for key, role in probes:
        bounds = interior(key) if key.endswith(INSIDE) else None
        if bounds is None:
            keys[role].append(key)
            continue
        rows = (db.execute(_INSIDE_PLAN, bounds) if role == PLAN else db.execute(_INSIDE, (*bounds, role))).fetchall()
        if rows:
            found += nearest(Found(key, role, *row) for row in rows)
    return found + _newest(db, keys[WORK], keys[HARM], keys[PLAN])


_statements: dict[tuple[int, int, int], str] = {}


def _newest(db: sqlite3.Connection, work: list[str], harm: list[str], plan: list[str]) -> list[Found]:
    """The newest marks on keys, by role; all in one statement."""
    if len(work) + len(harm) + len(plan) > _SELECTS_MOST:
        halves = (
            _newest(db, *(keys[some] for keys in (work, harm, plan))) for some in (slice(0, None, 2), slice(1, None, 2))
        )
        return [one for half in halves for one in half]
    shape = len(work), len(harm), len(plan)
    sql = _statements.get(shape)
    if sql is None:
        parts = [_OF_WORK] * len(work) + [_OF_HARM] * len(harm) + [_OF_PLAN] * len(plan)
        sql = _statements[shape] = " UNION ALL ".join(parts) or "SELECT 1 WHERE 0"
    rows = db.execute(sql, work + harm + plan).fetchall()
    return _of_each_key(db, rows) if rows else []


def _of_each_key(db: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> list[Found]:
    groups: dict[tuple[str, str], list[Found]] = {}
    for row in rows:
        groups.setdefault(row[:2], []).append(Found(*row))
    found: list[Found] = []
    for (key, role), marks in groups.items():
        if len(marks) == ROWS_A_KEY:
            found += nearest(marks + _hidden(db, key, role, {one.actor for one in marks}))
        else:
            found += nearest(marks)
    return found


def _hidden(db: sqlite3.Connection, key: str, role: str, actors: set[str]) -> list[Found]:
    """A few chatty sessions fill what is read of a key: go on to those behind them."""
    is_plan = role == PLAN
    effect, table = ("'announces'", "plans") if is_plan else ("effect", "marks INDEXED BY marks_newest")
    sql = (
        f"SELECT {effect}, actor, agent, seq FROM {table} WHERE key = ?1 {'' if is_plan else 'AND role = ?3'} "
        "AND actor NOT IN (SELECT value FROM json_each(?2)) "
        f"ORDER BY seq DESC LIMIT {ROWS_A_KEY}"
    )
    found: list[Found] = []
    while len(actors) < ACTORS_A_KEY:
        values = (key, as_json(list(actors)), role)
        more = [Found(key, role, *row) for row in db.execute(sql, values[:2] if is_plan else values)]
        found += more
        actors.update(one.actor for one in more)
        if len(more) < ROWS_A_KEY:
            break
    return found


def _closer(db: sqlite3.Connection, stakes: Sequence[str], found: Sequence[Found], actor: str | None) -> list[Found]:
    """Where others were found: what they and I last did to the same resources, so that nothing is judged by half."""
    acted = sorted((one for one in found if one.role != PLAN), key=lambda one: -one.seq)
    if not stakes or not acted:
        return []
    who = dict.fromkeys(one.actor for one in acted)
    some = [*([actor] if actor else ()), *(one for one in who if one != actor)][:25]
    values = as_json(list(stakes)[:_STAKES_MOST]), as_json(some)
    return [Found(*row) for row in db.execute(_CLOSER, values)]


def work_before(
    db: sqlite3.Connection, rows: Rows, sweeps: Sequence[str], marks: Sequence[Found], me: Session | None, floor: int
) -> tuple[Work, ...]:
    """The uncommitted files inside what a request puts at risk."""
    actor, agent = (me.actor, me.agent) if me is not None else (None, None)
    found = [_work_of(db, rows, key, one, floor) for key in sweeps for one in at_work(marks, key, actor, agent)]
    return tuple(one for one in found if one is not None)


def _work_of(db: sqlite3.Connection, rows: Rows, key: str, last: Found, floor: int) -> Work | None:
    """What the session of this mark inside `key` has changed there and not committed."""
    bounds = interior(key + INSIDE)
    if bounds is None:
        files = db.execute(_FILES_IN_TREE, (key, last.actor, last.agent, floor)).fetchall()
    else:
        touches = rows.actions(db, [last.seq])[last.seq].touches
        tree = next((one.within for one in touches if one.within and one.key.startswith(bounds[0])), None)
        files = db.execute(_FILES_IN_DIRECTORY, (tree, last.actor, last.agent, floor, *bounds)).fetchall()
    if not files:
        return None
    actions = rows.actions(db, {seq for _, seq in files[:FILES_SHOWN]})
    newest = tuple((path, seq, actions[seq].ts) for path, seq in files[:FILES_SHOWN])
    return Work(key, last.actor or None, last.agent or None, len(files), newest)


def told_before(db: sqlite3.Connection, me: Session | None) -> tuple[Told, ...]:
    """What a session has been told."""
    if me is None:
        return ()
    rows = db.execute(
        "SELECT about, resource, step, seq, ts FROM told WHERE actor = ? AND agent = ?", (me.actor, me.agent or "")
    )
    return tuple(Told(*row) for row in rows)
