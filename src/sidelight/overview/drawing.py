"""Lanes and marks: how sessions and their actions are drawn. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sidelight.actions import DESTROYS, KINDS, Action, Session
from sidelight.advisory.wording import resource, what
from sidelight.ledger import Presence
from sidelight.records import NamedTuple
from sidelight.redact import line
from sidelight.targets import scheme_of, short

LIVE, QUIET, GONE, ENDED = "live", "quiet", "gone", "ended"
RESOURCES_SHOWN = 6

Who = tuple[str | None, str | None]  # actor, agent


class Mark(NamedTuple):
    """An action as it is drawn: in which lane, in which shape, and what it says."""

    action: Action
    lane: str
    shape: str
    says: str
    resources: tuple[str, ...]


class Lane(NamedTuple):
    """A session (or a sub-agent of one) as it is drawn. `name` is short; `state` is said, `alive` is drawn.

    `session` is None for actions that nobody put a name to.
    """

    id: str
    name: str
    actor: str | None
    agent: str | None
    session: Session | None
    alive: str
    state: str
    intents: tuple[Action, ...]


# ── marks ─────────────────────────────────────────────────────────────────────────────────────────────────────────

_SHAPES = {"announce": "intent", "edit": "edit", "commit": "commit", "publish": "publish", "run": "run"}


def shape_of(action: Action) -> str:
    """How it is drawn: intent, destroy, edit, commit, publish, run, or change for the rest."""
    kind = KINDS.get(action.kind)
    if kind is None:  # a newer version wrote it
        return "change"
    return "destroy" if kind.effect == DESTROYS else _SHAPES.get(kind.step, "change")


def base_of(action: Action) -> str | None:
    """The worktree from which its paths are told."""
    return next((short(touch.within) for touch in action.touches if touch.within), None)


def mark(action: Action) -> Mark:
    """The mark of an action."""
    base = base_of(action)
    keys = dict.fromkeys(key for key in action.targets if scheme_of(key) not in ("word", "area"))
    named = [resource(key, base) for key in list(keys)[:RESOURCES_SHOWN]]
    if action.area:
        named.append(line(action.area, 80))
    says = what(action, base) if action.kind in KINDS else line(action.kind, 60)
    return Mark(action, lane_id(action.actor, action.agent), shape_of(action), says, tuple(dict.fromkeys(named)))


def lane_id(actor: str | None, agent: str | None) -> str:
    """The lane of a session or of a sub-agent."""
    return f"{actor or ''}\x1f{agent or ''}"


# ── lanes ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def lanes(found: Sequence[Presence], active: Iterable[Who], since: int) -> list[Lane]:
    """The lanes to draw: who acted, who is live, who has something open, and who was seen since. A session's
    sub-agents stand below it; who is live comes first, then who was seen last.
    """
    known: dict[Who, Presence] = {(one.session.actor, one.session.agent): one for one in found}
    wanted: dict[Who, None] = dict.fromkeys(active)
    wanted.update((who, None) for who, one in known.items() if one.session.last_seen >= since or one.intents)
    parents = {actor: None for actor, agent in wanted if agent is not None}
    wanted.update(((actor, None), None) for actor in parents)
    ids = [actor for actor, _ in wanted if actor is not None]
    names = short_names(ids)
    made = [_lane(actor, agent, known.get((actor, agent)), names) for actor, agent in wanted]
    return _ordered(made)


def _lane(actor: str | None, agent: str | None, one: Presence | None, names: Mapping[str, str]) -> Lane:
    name = names[actor] if actor is not None else "unattributed"
    if agent is not None:
        name = line(agent, 40)
    if one is None:
        return Lane(lane_id(actor, agent), name, actor, agent, None, QUIET, "", ())
    mine = tuple(intent for intent in one.intents if intent.agent == agent)
    return Lane(lane_id(actor, agent), name, actor, agent, one.session, alive(one.state), one.state, mine)


def alive(state: str) -> str:
    """The sort of state a session is in."""
    if state in (LIVE, GONE):
        return state
    return ENDED if state.startswith("ended") else QUIET


_ORDER = (LIVE, QUIET, GONE, ENDED)


def _ordered(made: Sequence[Lane]) -> list[Lane]:
    def rank(one: Lane) -> tuple[int, int, str]:
        seen = one.session.last_seen if one.session is not None else 0
        return _ORDER.index(one.alive), -seen, one.id

    tops = sorted((one for one in made if one.agent is None), key=rank)
    below: dict[str | None, list[Lane]] = {}
    for one in sorted((one for one in made if one.agent is not None), key=rank):
        below.setdefault(one.actor, []).append(one)
    return [lane for top in tops for lane in (top, *below.get(top.actor, ()))]


def short_names(ids: Iterable[str]) -> dict[str, str]:
    """Each id by its shortest suffix of at least four characters that no other one ends with; a short one whole.

    >>> short_names(["0f3c-4f2a-aaaa-1111", "0f3c-4f2a-bbbb-1111", "me"])
    {'0f3c-4f2a-aaaa-1111': '…a-1111', '0f3c-4f2a-bbbb-1111': '…b-1111', 'me': 'me'}
    """
    whole = list(dict.fromkeys(ids))
    found: dict[str, str] = {}
    waiting, size = whole, 4
    while waiting:
        ends: dict[str, int] = {}
        for one in whole:
            ends[one[-size:]] = ends.get(one[-size:], 0) + 1
        for one in waiting:
            if len(one) <= max(size, 12):
                found[one] = line(one, 40)
            elif ends[one[-size:]] == 1:
                found[one] = "…" + line(one[-size:].lstrip("-_./"), 40)
        waiting, size = [one for one in waiting if one not in found], size + 1
    return {one: found[one] for one in whole}
