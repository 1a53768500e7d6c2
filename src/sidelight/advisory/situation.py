"""What others have going on that would matter to work in this tree: said early, once, when it changes. Pure.

Hosts hand what a pre-tool hook says to their model only with the tool's result, so to be in time it must be said
earlier: at session start, at the next prompt, after the last tool call. An entry is keyed by (other session, tree,
class), not by file: uncommitted work, an open intent, a running operation. It is said again only when a class is new
or after half an hour; three sessions at most.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sidelight.actions import EDITS, FILES_COUNTED, REPLACES, USES, Action, Sighting, Told, Work
from sidelight.advisory.case import Case, Past, actor_of, counts
from sidelight.advisory.wording import age, name_of, resource
from sidelight.records import NamedTuple
from sidelight.redact import line
from sidelight.targets import scheme_of, short

AGAIN_MS = 30 * 60_000
SESSIONS = 3
STEP = "situation"
UNCOMMITTED, ANNOUNCED, RUNNING = "uncommitted work", "open intent", "running operation"


class Going(NamedTuple):
    """What one other session has going on here, of one class; `ended`: what it left behind."""

    actor: str | None
    host: str | None
    tree: str
    sort: str
    action: Action
    work: Work | None = None
    ended: bool = False


def going_on(case: Case, tree: str) -> list[Going]:
    """Everything of others that matters to this tree, newest first, whether said before or not."""
    past = Past(case)
    found: dict[tuple[str | None, str], Going] = {}
    for one in sorted(case.before, key=lambda sighting: -sighting.action.seq):
        made = _going(one, tree, case, past)
        if made is not None:
            found.setdefault((made.actor, made.sort), made)
    return list(found.values())


def _going(one: Sighting, tree: str, case: Case, past: Past) -> Going | None:
    action = one.action
    if action.actor is None or action.actor == actor_of(case)[0] or not counts(one, case.now):
        return None
    if one.role != "plan" and one.key == tree + "//" and one.effect in (EDITS, REPLACES):
        if action.seq <= past.committed(tree, action.actor, action.agent):
            return None
        work = past.work(tree, action.actor, action.agent)
        return Going(action.actor, action.host, tree, UNCOMMITTED, action, work, one.ended is not None)
    if one.ended is not None:  # what it announced or ran has ended with it
        return None
    if one.role == "plan":
        return Going(action.actor, action.host, tree, ANNOUNCED, action) if _here(one, tree) else None
    if one.effect == USES and action.kind == "server-start" and scheme_of(one.key) in ("path", "tree"):
        return Going(action.actor, action.host, tree, RUNNING, action)
    return None


def _here(one: Sighting, tree: str) -> bool:
    return any(tree in (touch.key, touch.within) for touch in one.action.touches)


def news(found: Sequence[Going], told: Sequence[Told], now: int) -> list[Going]:
    """What of it has not been said yet, or not for half an hour; of three sessions at most."""
    known = {(one.about, one.resource): one for one in told if one.step == STEP}
    fresh = [one for one in found if _is_news(one, known.get((one.actor or "", _resource(one))), now)]
    sessions = list(dict.fromkeys(one.actor for one in fresh))[:SESSIONS]
    return [one for one in fresh if one.actor in sessions]


def _is_news(one: Going, before: Told | None, now: int) -> bool:
    if before is None:
        return True
    return one.action.seq > before.seq and now - before.ts >= AGAIN_MS


def _resource(one: Going) -> str:
    return f"{one.tree} {one.sort}"


def told_rows(said: Iterable[Going], now: int) -> list[Told]:
    """What to remember as said."""
    return [Told(one.actor or "", _resource(one), STEP, one.action.seq, now) for one in said]


def sentence(said: Sequence[Going], now: int) -> str | None:
    """One line a session: who, what it announced, how much uncommitted work, which server. None if there is nothing."""
    actors = list(dict.fromkeys(one.actor for one in said))
    ids = [actor for actor in actors if actor is not None]
    lines = [_line([one for one in said if one.actor == actor], ids, now) for actor in actors]
    return "\n".join(f"Sidelight: {text}" for text in lines) or None


def _line(parts: Sequence[Going], ids: Sequence[str], now: int) -> str:
    first = parts[0]
    plan = next((one for one in parts if one.sort == ANNOUNCED), None)
    rest = [_phrase(one, now) for one in parts if one.sort != ANNOUNCED]
    about = [line(first.host, 20)] if first.host else []
    if plan is not None and rest:
        about.append(f'announced "{line(plan.action.reason or "", 100)}"')
    who = name_of(first.actor, ids) + (f" ({', '.join(about)})" if about else "")
    if not rest and plan is not None:
        rest = [f'announced "{line(plan.action.reason or "", 160)}" {age(now - plan.action.ts)} ago in this tree']
    return f"{who} {' and '.join(rest)}."


def _phrase(one: Going, now: int) -> str:
    base = short(one.tree)
    if one.sort == RUNNING:
        return f"runs `{line(one.action.summary or 'a server', 60)}` from this tree"
    newest = one.work.newest[0] if one.work is not None and one.work.newest else None
    count = one.work.files if one.work is not None else 1
    many = str(count) if count < FILES_COUNTED else f"{FILES_COUNTED} or more"
    files = f"{many} uncommitted file{'s' if count != 1 else ''}"
    where = f", {resource(newest[0], base)} {age(now - newest[2])} ago" if newest else ""
    return f"left {files} in this tree{where}; it has ended" if one.ended else f"has {files} in this tree{where}"
