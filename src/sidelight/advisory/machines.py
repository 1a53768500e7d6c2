"""Processes, ports and ambient contexts: where a pattern, a number or a switch reaches others on one machine. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from sidelight.actions import DESTROYS, SWITCHES, USES, Action, Draft, Sighting, Touch
from sidelight.advisory.case import REACH_MS, Case, Finding, Past, finding, is_self, judge_by_table
from sidelight.advisory.rules import CONFLICT, OVERLAP
from sidelight.targets import process_matches, scheme_of


def _pattern(touch: Touch) -> dict[str, object]:
    return touch.value if isinstance(touch.value, dict) else {}


def _kills(pattern: dict[str, object], title: object) -> bool:
    return process_matches(
        str(pattern.get("pattern", "")),
        full=bool(pattern.get("full")),
        exact=bool(pattern.get("exact")),
        title=str(title or ""),
    )


def judge_process(mine: Draft | Action, touch: Touch, sighting: Sighting, past: Past) -> Finding | None:
    """A pattern kill meets the processes it matches; a process started again meets the pattern that killed it."""
    theirs = sighting.action
    if touch.effect == DESTROYS and sighting.effect == USES:
        pattern = _pattern(touch)
        if pattern and not any(_kills(pattern, one.value) for one in theirs.touches if scheme_of(one.key) == "process"):
            return None
        return finding(mine, touch, sighting, CONFLICT, "kills a process that {who} started")
    if touch.effect == USES and sighting.effect == DESTROYS:
        patterns = [_pattern(one) for one in theirs.touches if one.key == sighting.key]
        meant = sighting.key == touch.key or not any(patterns)  # this very one, or all of its kind
        matched = meant or any(_kills(pattern, touch.value) for pattern in patterns if pattern)
        if matched and past.had_stake(touch.key, theirs.seq):
            severity = OVERLAP if mine.kind == "server-start" else CONFLICT  # starting anew works, going on does not
            return finding(mine, touch, sighting, severity, "comes after {who} killed your process")
    return None


def judge_port(mine: Draft | Action, touch: Touch, sighting: Sighting, past: Past) -> Finding | None:
    """A server on another's port overlaps, unless that server has been stopped by its owner."""
    theirs = sighting.action
    if sighting.effect == USES and past.newest(touch.key, theirs.actor, theirs.agent, {DESTROYS}) > theirs.seq:
        return None
    return judge_by_table(mine, touch, sighting, past, "same")


def judge_context(mine: Draft | Action, touch: Touch, sighting: Sighting, past: Past) -> Finding | None:
    """An ambient context: switching it concerns whoever works through it; a switch I made later settles the matter."""
    if past.acted_since(touch.key, sighting.action.seq, {SWITCHES}) and touch.effect == USES:
        return None
    return judge_by_table(mine, touch, sighting, past, "same")


def sessions_at_stake(case: Case, mine: Draft | Action) -> Iterable[Finding]:
    """Killing agent programs by name concerns every session alive on the machine."""
    touch = next((one for one in mine.touches if scheme_of(one.key) == "session"), None)
    if touch is None or touch.effect != DESTROYS:
        return
    for one in case.alive:
        if not is_self(case, one.action, mine) and case.now - one.action.ts <= REACH_MS:
            yield finding(mine, touch, one, CONFLICT, "may kill {who} in the middle of its work", key=touch.key)
