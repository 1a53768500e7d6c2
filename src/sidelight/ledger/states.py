"""What became of intents and sessions: open, stale, ended; live, gone."""

from __future__ import annotations

from sidelight.actions import Action, Session
from sidelight.advisory.wording import age
from sidelight.records import NamedTuple

SILENT_MS = 2 * 3_600_000  # an intent without a ttl is stale when its owner was silent for this long
LIVE_MS = 120_000  # seen this recently counts as live where no process can be checked


class Presence(NamedTuple):
    """A session of the space: its state (`live`, `seen 12m ago`, `ended …`, `gone`) and its open intents."""

    session: Session
    state: str
    intents: tuple[Action, ...]


def intent_state(action: Action, owner: Session | None, now: int) -> str:
    """What an intent that nobody finished is now: `open`, `expired`, `ended` with its session, or `stale`."""
    if action.expires is not None and action.expires <= now:
        return "expired"
    last = max(action.ts, owner.last_seen if owner is not None else 0)
    if owner is not None and owner.ended is not None and owner.ended >= action.ts:
        return "ended"
    if owner is not None and session_state(owner, now) == "gone":
        return "stale"
    return "stale" if action.expires is None and now - last > SILENT_MS else "open"


def session_state(session: Session, now: int) -> str:
    """`live` (its process runs, or it was seen within two minutes), `gone`, `ended 5m ago` or `last seen 12m ago`."""
    from sidelight import facts

    if session.ended is not None:
        return f"ended {age(now - session.ended)} ago"
    if session.pid is not None and session.boot is not None:
        running = facts.alive(session.pid, session.pid_start, session.boot, machine=session.machine)
        if running is not None:
            return "live" if running else "gone"
    quiet = now - session.last_seen
    return "live" if quiet < LIVE_MS else f"last seen {age(quiet)} ago"
