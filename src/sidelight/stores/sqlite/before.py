"""What came before a request, found by key: never by reading the window, and at the same cost however long the record.

Of each key and role the newest rows are read; where a few chatty sessions fill them, reading goes on past those.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from sidelight.actions import EDITS, FILES_COUNTED, REPLACES, Session, Told, Work
from sidelight.records import Any, NamedTuple
from sidelight.stores import Question
from sidelight.stores.projections import (
    ACTORS_A_KEY,
    ACTORS_INSIDE,
    CHANGES_READ,
    FILES_SHOWN,
    HARM,
    INSIDE,
    PLAN,
    ROWS_A_KEY,
    ROWS_INSIDE,
    SETTLING,
    WORK,
    Found,
    Mark,
    Probe,
    at_work,
    interior,
    nearest,
)
from sidelight.stores.sqlite.rows import Rows, as_json

_BARE_MOST = 10_000
_SELECTS_MOST = 400  # SQLite takes 500 in one statement
_STAKES_MOST = 60
_CLOSER_MOST = 25

_Who = tuple[str, str]
_NOBODY = ("\0", "")  # nobody's name: an unknown session leaves out nothing

# ?1 and ?2 are the asking session and sub-agent, whose own marks are left out.
_OTHERS = "(actor <> ?1 OR agent <> ?2)"
_OF_WORK = (
    "SELECT * FROM (SELECT key, role, effect, actor, agent, seq FROM marks INDEXED BY marks_newest "
    f"WHERE role = '{WORK}' AND key = ?{{place}} AND {_OTHERS} ORDER BY seq DESC LIMIT {{rows}})"
)
_OF_HARM = _OF_WORK.replace(f"'{WORK}'", f"'{HARM}'")
_OF_PLAN = (
    f"SELECT * FROM (SELECT key, '{PLAN}', 'announces', actor, agent, seq FROM plans "
    f"WHERE key = ?{{place}} AND {_OTHERS} ORDER BY seq DESC LIMIT {{rows}})"
)
_INSIDE = (
    f"SELECT effect, actor, agent, max(seq) FROM marks WHERE key > ?3 AND key < ?4 AND role = ?5 AND {_OTHERS} "
    "GROUP BY actor, agent, effect"
)
_INSIDE_PLAN = f"SELECT DISTINCT 'announces', actor, agent, seq FROM plans WHERE key > ?3 AND key < ?4 AND {_OTHERS}"

_OF_ANYBODY = {
    HARM: f"SELECT EXISTS (SELECT 1 FROM marks INDEXED BY marks_newest WHERE role = '{HARM}' AND key = ?)",
    PLAN: "SELECT EXISTS (SELECT 1 FROM plans WHERE key = ?)",
}

# What certain sessions (?2) last did to certain resources (?1).
_CLOSER = (
    "SELECT k.value, m.role, m.effect, m.actor, m.agent, m.seq "
    f"FROM json_each(?1) AS k CROSS JOIN (SELECT '{WORK}' AS role UNION ALL SELECT '{HARM}') AS r "
    "CROSS JOIN json_each(?2) AS w CROSS JOIN marks AS m "
    "WHERE m.role = r.role AND m.key = k.value AND m.actor = w.value "
    f"AND (r.role = '{WORK}' OR k.value NOT LIKE '%{INSIDE}') UNION ALL "  # no harm is kept by what lies around it
    f"SELECT k.value, '{PLAN}', 'announces', p.actor, p.agent, p.seq FROM json_each(?1) AS k CROSS JOIN plans AS p "
    "WHERE p.key = k.value AND p.actor IN (SELECT value FROM json_each(?2)) AND p.seq >= ifnull(("
    f"SELECT n.seq FROM plans AS n WHERE n.key = k.value ORDER BY n.seq DESC LIMIT 1 OFFSET {ROWS_A_KEY}), 0)"
)

# The uncommitted files of one actor (?2, ?3): what it changed before ?4 and since it last committed in that tree (?1),
# without files that it has committed by themselves.
_SETTLED = (
    f"ifnull((SELECT max(+c.seq) FROM marks AS c WHERE c.role = '{WORK}' AND c.key = ?1 AND c.actor = ?2 "
    f"AND c.agent = ?3 AND c.effect IN {SETTLING}), 0)"
)
_COMMITTED = (  # most sessions never commit single files; whether this one has is asked once
    f"(EXISTS (SELECT 1 FROM marks AS t WHERE t.role = '{WORK}' AND t.key = ?1 || '{INSIDE}' AND t.actor = ?2 "
    "AND t.agent = ?3 AND t.effect LIKE 'commits%') AND "
    f"EXISTS (SELECT 1 FROM marks AS c WHERE c.role = '{WORK}' AND c.key = f.path AND c.actor = ?2 AND c.agent = ?3 "
    "AND +c.seq >= f.seq AND c.effect LIKE 'commits%'))"  # +: by session, not through all marks on the key
)
_FILES_IN_TREE = (
    "SELECT path, seq FROM (SELECT path, seq FROM changes WHERE tree = ?1 AND actor = ?2 AND agent = ?3 "
    f"AND seq > {_SETTLED} AND seq < ?4 ORDER BY seq DESC, path LIMIT {CHANGES_READ}) AS f WHERE NOT {_COMMITTED}"
)
_FILES_IN_DIRECTORY = (
    f"SELECT key AS path, seq FROM marks AS f WHERE role = '{WORK}' AND key > ?5 AND key < ?6 "
    f"AND actor = ?2 AND agent = ?3 AND effect IN ('{EDITS}', '{REPLACES}') AND seq > {_SETTLED} AND seq < ?4 "
    f"AND NOT {_COMMITTED.replace('f.path', 'f.key')} ORDER BY seq DESC, key LIMIT {CHANGES_READ}"
)


class Bare:
    """Keys on which nobody has left any harm or plan, as far as that is known: the directories of one file are those of
    the next. Good for as long as nobody else writes, and told of what is written here.
    """

    __slots__ = ("_asked", "_looked", "keys")

    def __init__(self) -> None:
        self.keys: dict[str, set[str]] = {WORK: set(), HARM: set(), PLAN: set()}  # by role; never any of work
        self._asked: dict[str, list[str]] = {HARM: [], PLAN: []}
        self._looked: set[tuple[str, str]] = set()

    def learn(self, db: sqlite3.Connection, role: str, keys: list[str]) -> None:
        """Nobody else has left anything on these keys; about oneself, of those that are asked for again, see once."""
        before, self._asked[role] = self._asked[role], keys
        for key in keys:
            if key in before and (role, key) not in self._looked and len(self._looked) < _BARE_MOST:
                self._looked.add((role, key))
                if not db.execute(_OF_ANYBODY[role], (key,)).fetchone()[0]:
                    self.keys[role].add(key)

    def left(self, marks: Iterable[Mark]) -> None:
        """Somebody leaves these marks."""
        for key, role, _, _ in marks:
            self.keys[role].discard(key)


def marks_before(db: sqlite3.Connection, question: Question, me: Session | None, bare: Bare) -> list[Found]:
    """The marks of others that a question meets, and what they and I last did to the same resources."""
    mine = (me.actor, me.agent or "") if me is not None and me.actor else _NOBODY
    found = _probed(db, question.probes, mine, bare)
    if not found:
        return []
    return list(dict.fromkeys(found + _closer(db, question.stakes, found, mine[0])))


def _probed(db: sqlite3.Connection, probes: Sequence[Probe], mine: _Who, bare: Bare) -> list[Found]:
    asked = _Asked([], [], [], [], [])
    keys = {WORK: asked.work, HARM: asked.harm, PLAN: asked.plan}
    for probe in probes:
        key, role = probe
        if key in bare.keys[role]:
            continue
        bounds = interior(key) if key[-2:] == INSIDE else None
        if bounds is None:
            keys[role].append(key)
        elif role == PLAN:
            asked.plans_inside.append((probe, bounds))
        else:
            asked.inside.append((probe, bounds))
    if not _is_anything(db, asked, mine):
        bare.learn(db, HARM, asked.harm)
        bare.learn(db, PLAN, asked.plan)
        return []
    found: list[Found] = []
    for (key, role), bounds in (*asked.inside, *asked.plans_inside):
        is_plan = role == PLAN
        values = (*mine, *bounds) if is_plan else (*mine, *bounds, role)
        found += nearest(Found(key, role, *row) for row in db.execute(_INSIDE_PLAN if is_plan else _INSIDE, values))
    return found + _newest(db, mine, asked.work, asked.harm, asked.plan)


class _Asked(NamedTuple):
    """The keys of a question by role, and the ranges of keys."""

    work: list[str]
    harm: list[str]
    plan: list[str]
    inside: list[tuple[Probe, tuple[str, str]]]
    plans_inside: list[tuple[Probe, tuple[str, str]]]


_statements: dict[tuple[int, ...], str] = {}
_unions: dict[tuple[int, ...], str] = {}


def _rows_of(key: str) -> int:
    return ROWS_INSIDE if key[-2:] == INSIDE else ROWS_A_KEY


def _is_anything(db: sqlite3.Connection, asked: _Asked, mine: _Who) -> bool:
    """Has anybody else left anything that is asked for? Mostly not: so that is asked first, and all at once."""
    shape = tuple([len(part) for part in asked])
    sql = _statements.get(shape)
    if sql is None:
        sql = _statements[shape] = _of_anything(asked)
    bounds: list[str] = [bound for probe, both in asked.inside for bound in (*both, probe.role)]
    bounds += [bound for _, both in asked.plans_inside for bound in both]
    if len(bounds) + len(asked.work) + len(asked.harm) + len(asked.plan) > _SELECTS_MOST:
        return True
    values = (*mine, *asked.work, *asked.harm, *asked.plan, *bounds)
    return bool(db.execute(sql, values).fetchone()[0])


def _of_anything(asked: _Asked) -> str:
    place = 3

    def places(many: int) -> list[str]:
        nonlocal place
        place += many
        return [f"?{one}" for one in range(place - many, place)]

    parts = [
        f"SELECT 1 FROM {table} key IN ({','.join(places(len(keys)))}) AND {_OTHERS}"
        for table, keys in (
            (f"marks INDEXED BY marks_newest WHERE role = '{WORK}' AND", asked.work),
            (f"marks INDEXED BY marks_newest WHERE role = '{HARM}' AND", asked.harm),
            ("plans WHERE", asked.plan),
        )
        if keys
    ]
    for _ in asked.inside:
        low, high, role = places(3)
        parts.append(f"SELECT 1 FROM marks WHERE role = {role} AND key > {low} AND key < {high} AND {_OTHERS}")
    for _ in asked.plans_inside:
        low, high = places(2)
        parts.append(f"SELECT 1 FROM plans WHERE key > {low} AND key < {high} AND {_OTHERS}")
    return "SELECT " + (" OR ".join(f"EXISTS ({part})" for part in parts) or "?1 <> ?1 OR ?2 <> ?2")


def _newest(db: sqlite3.Connection, mine: _Who, work: list[str], harm: list[str], plan: list[str]) -> list[Found]:
    """The newest marks on keys, by role; all in one statement."""
    if len(work) + len(harm) + len(plan) > _SELECTS_MOST:
        odd, even = slice(1, None, 2), slice(0, None, 2)
        return [one for half in (even, odd) for one in _newest(db, mine, *(keys[half] for keys in (work, harm, plan)))]
    keys = (*work, *harm, *plan)
    shape = len(work), len(harm), len(plan), *[place for place, key in enumerate(keys) if key[-2:] == INSIDE]
    sql = _unions.get(shape)
    if sql is None:
        parts = [_OF_WORK] * len(work) + [_OF_HARM] * len(harm) + [_OF_PLAN] * len(plan)
        union = " UNION ALL ".join(
            part.format(place=place, rows=_rows_of(key))
            for place, (part, key) in enumerate(zip(parts, keys, strict=True), 3)
        )
        sql = _unions[shape] = union or "SELECT ?1, ?2 WHERE 0"
    rows = db.execute(sql, (*mine, *keys)).fetchall()
    return _of_each_key(db, mine, rows) if rows else []


def _of_each_key(db: sqlite3.Connection, mine: _Who, rows: Sequence[tuple[Any, ...]]) -> list[Found]:
    groups: dict[tuple[str, str], list[Found]] = {}
    for row in rows:
        groups.setdefault(row[:2], []).append(Found(*row))
    found: list[Found] = []
    for (key, role), marks in groups.items():
        if len(marks) == _rows_of(key):
            found += nearest(marks + _hidden(db, key, role, mine, {one.actor for one in marks}))
        else:
            found += nearest(marks)
    return found


def _hidden(db: sqlite3.Connection, key: str, role: str, mine: _Who, actors: set[str]) -> list[Found]:
    """A few chatty sessions fill what is read of a key: go on to those behind them."""
    is_plan = role == PLAN
    effect, table = ("'announces'", "plans") if is_plan else ("effect", "marks INDEXED BY marks_newest")
    sql = (
        f"SELECT {effect}, actor, agent, seq FROM {table} WHERE key = ?3 {'' if is_plan else 'AND role = ?5'} "
        f"AND actor NOT IN (SELECT value FROM json_each(?4)) AND {_OTHERS} ORDER BY seq DESC LIMIT {ROWS_A_KEY}"
    )
    found: list[Found] = []
    while len(actors) < (ACTORS_INSIDE if key[-2:] == INSIDE else ACTORS_A_KEY):
        values = (*mine, key, as_json(list(actors)), role)
        more = [Found(key, role, *row) for row in db.execute(sql, values[:4] if is_plan else values)]
        found += more
        actors.update(one.actor for one in more)
        if len(more) < ROWS_A_KEY:
            break
    return found


def _closer(db: sqlite3.Connection, stakes: Sequence[str], found: Sequence[Found], actor: str) -> list[Found]:
    """What those who acted and I last did to the same resources, so that nothing is judged by half."""
    acted = sorted((one for one in found if one.role != PLAN), key=lambda one: -one.seq)
    if not stakes or not acted:
        return []
    who = list(dict.fromkeys([actor, *(one.actor for one in acted)]))[:_CLOSER_MOST]
    return [Found(*row) for row in db.execute(_CLOSER, (as_json(list(stakes)[:_STAKES_MOST]), as_json(who)))]


def work_before(
    db: sqlite3.Connection, rows: Rows, sweeps: Sequence[str], marks: Sequence[Found], me: Session | None, floor: int
) -> tuple[Work, ...]:
    """The uncommitted files inside what a request puts at risk."""
    actor, agent = (me.actor, me.agent) if me is not None else (None, None)
    found = [_work_of(db, rows, key, one, floor) for key in sweeps for one in at_work(marks, key, actor, agent)]
    return tuple(one for one in found if one is not None)


def _work_of(db: sqlite3.Connection, known: Rows, key: str, last: Found, floor: int) -> Work | None:
    """What the session of this mark inside `key` has changed there and not committed."""
    bounds = interior(key + INSIDE)
    if bounds is None:
        rows = db.execute(_FILES_IN_TREE, (key, last.actor, last.agent, floor))
    else:
        touches = known.actions(db, [last.seq])[last.seq].touches
        tree = next((one.within for one in touches if one.within and one.key.startswith(bounds[0])), None)
        rows = db.execute(_FILES_IN_DIRECTORY, (tree, last.actor, last.agent, floor, *bounds))
    files: dict[str, int] = {}
    for path, seq in rows:
        files.setdefault(path, seq)
        if len(files) == FILES_COUNTED:
            rows.close()
            break
    if not files:
        return None
    shown = list(files.items())[:FILES_SHOWN]
    actions = known.actions(db, {seq for _, seq in shown})
    newest = tuple((path, seq, actions[seq].ts) for path, seq in shown)
    return Work(key, last.actor or None, last.agent or None, len(files), newest)


def told_before(db: sqlite3.Connection, me: Session | None) -> tuple[Told, ...]:
    """What a session has been told."""
    if me is None:
        return ()
    rows = db.execute(
        "SELECT about, resource, step, seq, ts FROM told WHERE actor = ? AND agent = ?", (me.actor, me.agent or "")
    )
    return tuple(Told(*row) for row in rows)
