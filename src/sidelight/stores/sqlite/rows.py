"""The record's rows: how actions are kept in SQLite and read back. What was parsed is kept; rows never change."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence

from sidelight.actions import Action, Notice, Sighting, Touch
from sidelight.records import Any
from sidelight.stores import Document, Session
from sidelight.stores.projections import UNDONE, Found

ACTION = "a.seq, a.id, a.ts, a.kind, a.space, a.actor, a.agent, a.listed, a.expires, a.body"
PUT_ACTION = (
    "INSERT INTO actions (seq, id, ts, kind, space, actor, agent, listed, expires, body) VALUES (?,?,?,?,?,?,?,?,?,?)"
)
HAPPENED = f"(a.outcome IS NULL OR a.outcome NOT IN {UNDONE})"
LATE = """(a.body LIKE '%,"l":true}')"""  # such rows are not in the order of their times
SESSION_BODY = frozenset({"host", "cwd", "tree", "branch", "pid", "pid_start", "boot"})

as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Rows:
    """Reads actions and what is known of their sessions."""

    def __init__(self) -> None:
        self._known: dict[int, Action] = {}

    def clear(self) -> None:
        """Forget what was read: some of it may have been deleted."""
        self._known.clear()

    def actions(self, db: sqlite3.Connection, seqs: Iterable[int]) -> dict[int, Action]:
        """Actions that are known to be there, by their place in the record."""
        wanted = list(seqs)
        if len(self._known) > 1000:
            self._known.clear()
        unknown = [seq for seq in wanted if seq not in self._known]
        if unknown:
            rows = db.execute(
                f"SELECT {ACTION} FROM json_each(?) AS w CROSS JOIN actions AS a ON a.seq = w.value",
                (as_json(unknown),),
            )
            self._known.update((row[0], action_of(row)) for row in rows)
        return {seq: self._known[seq] for seq in wanted if seq in self._known}

    def there(self, db: sqlite3.Connection, seqs: Iterable[int]) -> dict[int, Action]:
        """Those of these actions that have not been forgotten and did not fail."""
        rows = db.execute(
            f"SELECT a.seq FROM json_each(?) AS w CROSS JOIN actions AS a ON a.seq = w.value WHERE {HAPPENED}",
            (as_json(list(seqs)),),
        )
        return self.actions(db, [seq for (seq,) in rows])

    def sightings(self, db: sqlite3.Connection, marks: Sequence[Found]) -> tuple[Sighting, ...]:
        """Marks with the actions that left them."""
        if not marks:
            return ()
        actions = self.actions(db, {one.seq for one in marks})
        seen = _last_seen(db, actions.values())
        return tuple(_sighting(actions[one.seq], one.key, one.role, one.effect, seen) for one in marks)

    def notices(
        self, db: sqlite3.Connection, rows: Sequence[tuple[int, str, str]], *, undone: bool = False
    ) -> tuple[Notice, ...]:
        """Rows left for a session, with the actions they are about as far as those are still there (and happened,
        unless the `undone` are wanted too).
        """
        noted = [(seq, agent, *json.loads(found)) for seq, agent, found in rows]
        later = {one for seq, _, count, _ in noted for one in range(seq, seq + count)}
        find = self.actions if undone else self.there
        there = find(db, later | {mark[0] for *_, marks in noted for mark in marks}) if noted else {}
        seen = _last_seen(db, there.values()) if there else {}
        return tuple(
            Notice(
                seq,
                agent or None,
                tuple(there[one] for one in range(seq, seq + count) if one in there),
                tuple(
                    _sighting(there[about], key, role, effect, seen)
                    for about, key, role, effect in marks
                    if about in there
                ),
            )
            for seq, agent, count, marks in noted
        )


_Seen = dict[str, tuple[int, "int | None"]]


def _last_seen(db: sqlite3.Connection, actions: Iterable[Action]) -> _Seen:
    rows = db.execute(
        "SELECT s.actor, s.last_seen, s.ended FROM json_each(?) AS w CROSS JOIN sessions AS s "
        "WHERE s.actor = w.value AND s.agent = ''",
        (as_json(list({one.actor for one in actions if one.actor})),),
    )
    return {actor: (last, ended) for actor, last, ended in rows}


def _sighting(action: Action, key: str, role: str, effect: str, seen: _Seen) -> Sighting:
    return Sighting(action, key, role, effect, *seen.get(action.actor or "", (None, None)))


# ── one row ───────────────────────────────────────────────────────────────────────────────────────────────────────


def place_of(action_id: str) -> int:
    """The place in the record that an id ends with; 0 if it is no id."""
    number = action_id.rpartition("-")[2]
    return int(number) if number.isascii() and number.isdigit() and len(number) < 19 else 0


def row_of(one: Action) -> tuple[Any, ...]:
    """An action as `PUT_ACTION` takes it."""
    fields = {"t": one.target, "v": one.value, "r": one.reason, "h": one.host, "s": one.summary, "a": one.area}
    body: dict[str, Any] = {name: value for name, value in fields.items() if value is not None}
    body["k"] = [_short(touch) for touch in one.touches]
    if one.late:
        body["l"] = True  # the last of the body: see LATE
    return (
        one.seq, one.id, one.ts, one.kind, one.space, one.actor or "", one.agent or "", int(one.listed), one.expires,
        as_json(body),
    )  # fmt: skip


def _short(touch: Touch) -> list[Any]:
    if touch.within is not None:
        return list(touch)
    return [touch.key, touch.effect] if touch.value is None else [touch.key, touch.effect, touch.value]


def action_of(row: Sequence[Any]) -> Action:
    """An action from the columns of `ACTION`. Raises `ValueError` for a row that somebody else has changed."""
    seq, action_id, ts, kind, space, actor, agent, listed, expires, text = row[:10]
    try:
        body = json.loads(text)
        return Action(
            seq, action_id, ts, kind, body.get("t"), body.get("v"), body.get("r"), actor or None, agent or None,
            body.get("h"), space, tuple([Touch(*touch) for touch in body["k"]]), body.get("s"), body.get("a"),
            expires, bool(listed), "l" in body,
        )  # fmt: skip
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"row {seq} is not an action") from error


def document_of(row: Sequence[Any]) -> Document:
    """A document from name, version, ts and body."""
    name, version, ts, text = row
    return Document(name, version, ts, json.loads(text))


def session_of(row: Sequence[Any]) -> Session:
    """A session from actor, agent, first_seen, last_seen, ended, space, machine and body."""
    actor, agent, first, last, ended, space, machine, text = row
    return Session(
        actor, agent or None, first_seen=first, last_seen=last, ended=ended, space=space, machine=machine,
        **json.loads(text),
    )  # fmt: skip


def put_meta(db: sqlite3.Connection, name: str, value: str) -> None:
    """Remember something of the ledger as a whole."""
    db.execute(
        "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )
