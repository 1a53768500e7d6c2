"""What `append_1` takes and gives, and rows of the record as PostgreSQL hands them over. Pure.

PostgreSQL's text cannot hold U+0000, and its indices hold no key that is longer than a third of a page. Bodies are JSON
text, where U+0000 is an escape; everywhere else it becomes U+2400, its picture, and long keys keep their beginning (by
which they are found inside a directory) and get a digest for the rest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sidelight.actions import Action, Notice, Session, Sighting, Told, Work
from sidelight.stores import Appended, Entry, Question
from sidelight.stores.projections import (
    HERE,
    INSIDE,
    PLAN,
    UNDONE,
    WORK,
    changes_of,
    interior,
    marks_of,
    present,
    taken,
)
from sidelight.stores.sqlite.rows import SESSION_BODY, action_of, as_json, row_of

KEY_BYTES = 700
_KEPT_BYTES = 600
_KNOWN_MOST = 2000


def text(value: str) -> str:
    """A text as a column can hold it."""
    return value.replace("\0", "\u2400") if "\0" in value else value


def key_of(value: str) -> str:
    """A key as an index can hold it.

    >>> key_of("path:m1:/a"), len(key_of("path:m1:/" + "a" * 4000))
    ('path:m1:/a', 617)
    """
    value = text(value)
    if len(value) <= KEY_BYTES // 4 or len(data := value.encode()) <= KEY_BYTES:
        return value
    digest = hashlib.sha256(data).hexdigest()[:16]
    inside = INSIDE if value.endswith(INSIDE) else ""
    return data[:_KEPT_BYTES].decode("utf-8", "ignore") + "~" + digest + inside


# ── asking ────────────────────────────────────────────────────────────────────────────────────────────────────────


def asked(
    entries: Sequence[Entry], question: Question, me: Session | None, key: str | None, *, dry: bool, ago_ms: int | None
) -> dict[str, Any]:
    """What `append_1` is asked."""
    found: dict[str, Any] = {"dry": dry, "stakes": [key_of(one) for one in question.stakes][:60]}
    if me is not None:
        found["actor"], found["agent"] = text(me.actor), text(me.agent or "")
        if me.actor:
            found["session"] = session(me)
    probes, ranges = [], []
    for on, role in question.probes:
        bounds = interior(on) if on.endswith(INSIDE) else None
        if bounds is None:
            probes.append((key_of(on), role))
        else:
            ranges.append((key_of(on), role, *map(key_of, bounds)))
    found["probes"] = probes
    if ranges:
        found["ranges"] = ranges
    if question.sweeps:
        found["sweeps"] = [_sweep(one) for one in question.sweeps]
    if question.machine is not None:
        found["machine"] = text(question.machine)
    if question.space is not None:
        found["space"], found["window"] = key_of(question.space), question.window_ms
    if key is not None:
        found["key"] = key_of(key)
    if ago_ms is not None:
        found["ago"] = max(0, ago_ms)
    if entries and not dry:
        actions = [taken(entry, number, 0, late=ago_ms is not None) for number, entry in enumerate(entries, 1)]
        found["entries"] = [
            (text(entry.id), *_columns(action), entry.expires_in, row_of(action)[-1])
            for entry, action in zip(entries, actions, strict=True)
        ]
        found["marks"], found["changes"] = projected(actions)
    return found


def _sweep(key: str) -> tuple[str | None, ...]:
    bounds = interior(key + INSIDE)
    return (key_of(key), *map(key_of, bounds)) if bounds is not None else (key_of(key),)


def _columns(one: Action) -> tuple[Any, ...]:
    space = key_of(one.space) if one.space is not None else None
    return one.kind, space, text(one.actor or ""), text(one.agent or ""), int(one.listed)


def projected(actions: Iterable[Action]) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Marks and changes of actions as `project_1` takes them, each with its action's number.

    Where several leave one mark the last one counts, and says which came before it.
    """
    marks: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    changes: list[tuple[Any, ...]] = []
    for one in actions:
        who = text(one.actor or ""), text(one.agent or "")
        trees = {touch.key: key_of(touch.within) for touch in one.touches if touch.within}
        found = [
            (mark.role, key_of(mark.key), mark.effect, None if mark.role == PLAN else key_of(mark.slot), mark.key)
            for mark in marks_of(one.touches)
        ]
        if one.listed and one.space is not None:
            found.append((HERE, key_of(one.space), "", "", ""))
        for role, key, effect, slot, whole in found:
            same = (role, key, *who, effect, slot if slot is not None else one.seq)
            earlier = marks.pop(same, (None,))[0]
            marks[same] = (one.seq, role, key, effect, slot, trees.get(whole), *who, earlier)
        changes += [(one.seq, key_of(tree), key_of(path), *who) for tree, path in changes_of(one.touches)]
    return list(marks.values()), changes


def session(me: Session) -> dict[str, Any]:
    """What a session says of itself."""
    body = {name: value for name, value in me._asdict().items() if name in SESSION_BODY and value is not None}
    return {
        "actor": text(me.actor),
        "agent": text(me.agent or ""),
        "space": text(me.space) if me.space else None,
        "machine": text(me.machine) if me.machine else None,
        "body": {name: text(value) if isinstance(value, str) else value for name, value in body.items()},
    }


# ── the answer ────────────────────────────────────────────────────────────────────────────────────────────────────


class Record:
    """Actions as they are read, parsed once: rows of the record never change."""

    def __init__(self) -> None:
        self._known: dict[int, Action] = {}

    def action(self, row: Sequence[Any]) -> Action:
        """An action from its row."""
        found = self._known.get(row[0])
        if found is None or found.id != row[1]:
            if len(self._known) >= _KNOWN_MOST:
                self._known.clear()
            found = self._known[row[0]] = action_of(row)
        return found

    def read(self, rows: Sequence[Sequence[Any]] | None) -> Rows:
        """What `actions_1` gives."""
        return Rows((row[0], (self.action(row), *row[10:13])) for row in rows or ())


class Rows(dict[int, tuple[Action, str | None, int | None, int | None]]):
    """Actions by number, each with its outcome and when its session was last seen and ended."""

    def happened(self, seq: int) -> bool:
        """Is it there, and did it not fail?"""
        return seq in self and self[seq][1] not in UNDONE

    def sighting(self, seq: int, key: str, role: str, effect: str) -> Sighting:
        """A mark with the action that left it."""
        action, _, seen, ended = self[seq]
        return Sighting(action, key, role, effect, seen, ended)

    def notice(self, row: Sequence[Any], *, undone: bool = False) -> Notice:
        """A row of `touched` with the actions it is about, as far as those are there (and happened)."""
        seq, agent, count, marks = row
        there = self.__contains__ if undone else self.happened
        later = tuple(self[one][0] for one in range(seq, seq + count) if there(one))
        return Notice(seq, agent or None, later, tuple(self.sighting(*mark) for mark in marks if there(mark[0])))


def answered(
    answer: Mapping[str, Any],
    record: Record,
    entries: Sequence[Entry],
    question: Question,
    me: Session | None,
    ago_ms: int | None,
) -> Appended:
    """What `append_1` answered, as every engine hands it on."""
    now, first = answer["now"], answer["first"]
    rows = record.read(answer["actions"])
    here = [rows[seq][0] for seq in dict.fromkeys(answer["present"] or ()) if seq in rows]
    if first is not None:
        added = tuple(rows[seq][0] for seq in range(first, first + answer["count"]) if rows.happened(seq))
    else:
        then = now - max(0, ago_ms or 0)
        numbers = enumerate(entries, answer["last"] + 1)
        added = tuple(taken(entry, seq, then, late=ago_ms is not None) for seq, entry in numbers)
    long = {key_of(key): key for key in _keys(question)}
    return Appended(
        added=added,
        before=tuple(
            rows.sighting(seq, long.get(key, key), role, effect)
            for seq, key, role, effect in answer["before"] or ()
            if seq in rows
        ),
        work=_work(answer["work"] or (), question.sweeps),
        told=tuple(Told(*row) for row in answer["told"] or ()),
        met=tuple(rows.notice(row) for row in answer["met"] or ()),
        present=present(here, me.actor or None if me is not None else None, now - question.window_ms),
        alive=tuple(rows.sighting(seq, "", WORK, "uses") for seq in answer["alive"] or () if seq in rows),
        now=now,
        duplicate=first is not None,
    )


def _keys(question: Question) -> Iterator[str]:
    """The keys that may have been shortened."""
    for key in (*(probe.key for probe in question.probes), *question.stakes):
        if len(key) > KEY_BYTES // 4 or "\0" in key:
            yield key


def _work(rows: Sequence[Sequence[Any]], sweeps: Sequence[str]) -> tuple[Work, ...]:
    long = {key_of(key): key for key in sweeps}
    order = {key: place for place, key in enumerate(long.values())}
    found = [
        Work(long[key], actor or None, agent or None, files, tuple((path, seq, ts) for path, seq, ts in newest))
        for key, actor, agent, files, newest in rows
    ]
    return tuple(sorted(found, key=lambda one: order[one.key]))


def dumped(asking: Mapping[str, Any]) -> str:
    """A request as JSON."""
    return as_json(asking)


def loaded(answer: str | None) -> Any:
    """An answer; None for none."""
    return json.loads(answer) if answer is not None else None
