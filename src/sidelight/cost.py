"""What Sidelight itself has cost, in tokens and milliseconds, and what came of its warnings; for a session and a host.

A token is counted as four bytes of UTF-8. What came of a warning is `overview.meetings.came_of`, as in the report.

Source: issue "Agent hosts", design 8.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from statistics import median

from sidelight.hosts.costs import BYTES_A_TOKEN
from sidelight.overview.meetings import HEEDED, came_of
from sidelight.overview.meetings import RULE as HEEDED_RULE
from sidelight.records import Any, NamedTuple
from sidelight.stores import Store

RULE = f"{HEEDED_RULE} A token is counted as 4 bytes."


class Cost(NamedTuple):
    """What one session in one host has cost: hook calls, their time in ms, the tokens given to its model, and how many
    warnings it got and heeded.
    """

    host: str
    session: str
    calls: int
    ms: float
    median_ms: float
    tokens: int
    warnings: int
    heeded: int

    def as_json(self) -> dict[str, Any]:
        """By names, with what is not known."""
        return {**self._asdict(), "unknown": self.warnings - self.heeded}


def costs(
    entries: Iterable[Mapping[str, Any]], store: Store, *, since: int = 0, session: str | None = None
) -> list[Cost]:
    """The cost of every session with a call at or after `since` (epoch ms), the dearest in tokens first."""
    sorted_out: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for one in entries:
        who = str(one.get("session"))
        if _number(one.get("ts")) >= since and session in (None, who):
            sorted_out.setdefault((str(one.get("host")), who), []).append(one)
    found = [_cost(host, who, calls, store) for (host, who), calls in sorted_out.items()]
    return sorted(found, key=lambda one: (-one.tokens, -one.ms, one.session))


def _cost(host: str, session: str, calls: list[Mapping[str, Any]], store: Store) -> Cost:
    times = [_number(one.get("ms")) for one in calls]
    warned = {str(one["action"]) for one in calls if one.get("severity") and one.get("action")}
    return Cost(
        host,
        session,
        len(calls),
        round(sum(times), 1),
        round(median(times), 1),
        sum(math.ceil(_number(one.get("bytes")) / BYTES_A_TOKEN) for one in calls),
        len(warned),
        sum(_heeded(action, store) for action in warned),
    )


def _heeded(action_id: str, store: Store) -> bool:
    action = store.find(action_id)
    if action is None:
        return False
    later = (one for key in action.targets for one in store.history(key))
    return came_of(action, store.state_of([action_id]).get(action_id), later) in HEEDED


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 0.0
