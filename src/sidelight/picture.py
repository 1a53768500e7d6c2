"""The overview as JSON: what the page draws, and what `sidelight watch --json` prints. Its names are made here only.

A module beside `wire`, so that a hook or `sidelight intent` does not load what only people look at.
"""

from __future__ import annotations

from collections.abc import Mapping

from sidelight.actions import Action
from sidelight.advisory.wording import narrated
from sidelight.overview import Elsewhere, Lane, Mark, Meeting, View
from sidelight.overview.advice import recovery
from sidelight.overview.drawing import base_of, lane_id, shape_of
from sidelight.records import Any
from sidelight.redact import line
from sidelight.targets import short

Json = dict[str, Any]


def view(found: View, spent: tuple[int, float] | None = None) -> Json:
    """The overview: lanes, marks, meetings, and the strip of the last 24 hours. Marks name their lane by its place.
    `spent`: tokens said to models in 24 hours, and what a hook call takes in ms (`sidelight cost` has the whole).
    """
    places = {one.id: place for place, one in enumerate(found.lanes)}
    return {
        "enabled": found.enabled,
        "now": found.now,
        "since": found.since,
        "until": found.until,
        "seq": found.seq,
        "after": found.after,
        "cut": found.cut,
        "space": found.space,
        "spaces": list(found.spaces),
        "live": found.live,
        "openIntents": found.open_intents,
        "lanes": [_lane(one) for one in found.lanes],
        "marks": [_mark(one, places) for one in found.marks],
        "meetings": [_meeting(one, found, places) for one in found.meetings],
        "states": {str(seq): state for seq, state in found.states.items()},
        "ends": {str(seq): ts for seq, ts in found.ends.items()},
        "standing": [_mark(one, places) for one in found.standing],
        "elsewhere": [_elsewhere(one, places) for one in found.elsewhere],
        "strip": [one._asdict() for one in found.strip],
        "cost": {"tokens": spent[0], "ms": spent[1]} if spent is not None else None,
    }


def _lane(one: Lane) -> Json:
    known = one.session
    return {
        "id": one.id,
        "name": one.name,
        "actor": one.actor,
        "agent": one.agent,
        "alive": one.alive,
        "state": one.state,
        "host": known.host if known else None,
        "machine": known.machine if known else None,
        "space": known.space if known else None,
        "tree": known.tree if known else None,
        "branch": known.branch if known else None,
        "firstSeen": known.first_seen if known else None,
        "lastSeen": known.last_seen if known else None,
        "ended": known.ended if known else None,
        "intents": [{"seq": intent.seq, "id": intent.id, "reason": intent.reason} for intent in one.intents],
    }


def _mark(one: Mark, places: Mapping[str, int]) -> Json:
    action = one.action
    return {
        "seq": action.seq,
        "id": action.id,
        "ts": action.ts,
        "lane": places[one.lane],
        "kind": action.kind,
        "shape": one.shape,
        "says": one.says,
        "resources": list(one.resources),
        "space": action.space,
        "expires": action.expires,
        "late": action.late,
    }


def _meeting(one: Meeting, found: View, places: Mapping[str, int]) -> Json:
    names = list(found.names)
    helps = recovery(one)
    return {
        "seq": one.seq,
        "group": one.group,
        "severity": one.severity,
        "why": one.why,
        "resource": one.shared(),
        "later": _side(one.later, found, places),
        "earlier": _side(one.earlier, found, places),
        "toldLater": one.told_later(names),
        "toldEarlier": one.told_earlier(found.now),
        "recovery": {"says": helps.says, "commands": list(helps.commands)},
    }


def _side(one: Action, found: View, places: Mapping[str, int]) -> Json:
    return {
        "seq": one.seq,
        "id": one.id,
        "ts": one.ts,
        "lane": places[lane_id(one.actor, one.agent)],
        "actor": one.actor,
        "agent": one.agent,
        "host": one.host,
        "shape": shape_of(one),
        "says": narrated(one, base_of(one)),
        "announced": found.announced.get(one.seq),
    }


def _elsewhere(one: Elsewhere, places: Mapping[str, int]) -> Json:
    return {
        "file": line(one.file, 200),
        "space": one.space,
        "edits": [
            {
                "lane": places[lane_id(edit.action.actor, edit.action.agent)],
                "seq": edit.action.seq,
                "ts": edit.action.ts,
                "tree": line(short(edit.tree), 200),
            }
            for edit in one.edits
        ],
    }
