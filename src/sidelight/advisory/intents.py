"""Intents of others, found by target, then by area, then by words; and one's own, changed by others. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from sidelight.actions import (
    ADDS,
    ANNOUNCES,
    COMMITS,
    DESTROYS,
    EDITS,
    EFFECTS,
    KINDS,
    PUSHES,
    REPLACES,
    STAGES,
    SWITCHES,
    USES,
    Action,
    Draft,
    Sighting,
    Touch,
)
from sidelight.advisory.case import EXACT, NAMED, Case, Finding, counts, covers, finding, is_self
from sidelight.advisory.rules import CONFLICT, OVERLAP, against_plan, at_least
from sidelight.advisory.values import judge_words
from sidelight.targets import aliases, is_glob, scheme_of

_ACTED_ON = frozenset({EDITS, REPLACES, DESTROYS, SWITCHES, ADDS, STAGES, COMMITS, PUSHES})


def judge_against_plan(
    mine: Draft | Action, touch: Touch, sighting: Sighting, words: frozenset[str] = frozenset()
) -> Finding | None:
    """Another's open intent: by its targets, else by its area and words."""
    scheme = scheme_of(sighting.key.removesuffix("//"))
    if scheme in ("area", "word"):
        return judge_words(mine, touch, sighting, words)
    if scheme_of(touch.key) in ("", "area", "word"):  # those are judged where they were found
        return None
    named = [one.key for one in sighting.action.touches if one.effect == ANNOUNCES and _meets(touch, one)]
    if not named:
        return None
    effect = touch.effect
    if effect == USES and EFFECTS[KINDS[mine.kind].effect] == "harm":
        effect = KINDS[mine.kind].effect
    severity = against_plan(scheme_of(touch.key), effect)
    if severity is None:
        return None
    why = "touches what {who} announced work on" if severity != CONFLICT else "goes against what {who} announced"
    exactness = EXACT if touch.key in named else NAMED
    return finding(mine, touch, sighting, severity, why, exactness=exactness, aftermath=False)


def _meets(touch: Touch, plan: Touch) -> bool:
    """Does my touch meet what an intent names: the same, something in it, or something that holds it?"""
    if scheme_of(plan.key) == "tree" or scheme_of(touch.key) == "tree":
        # An intent is "in" a working tree without naming it; only verbs on the whole tree meet it there.
        return plan.key == touch.key or (plan.within == touch.key and scheme_of(touch.key) == "tree")
    if scheme_of(plan.key) == "host":  # found only by what destroys something on that machine
        return touch.effect == DESTROYS
    if touch.effect == ANNOUNCES and is_glob(touch.key):
        return covers(touch.key, plan.key) or covers(plan.key, touch.key) or touch.key == plan.key
    if covers(plan.key, touch.key) or touch.key == plan.key or plan.key in aliases(touch.key):
        return True
    holds = covers(touch.key, plan.key) or (is_glob(plan.key) and plan.key.startswith(touch.key.rstrip("/") + "/"))
    return holds and (touch.effect in (DESTROYS, REPLACES, SWITCHES, EDITS) or touch.effect == ANNOUNCES)


def changed_under_my_intent(case: Case) -> Iterable[Finding]:
    """The owner of an open intent is told at its next write when somebody changed what the intent names."""
    writes = [one for one in case.mine if any(touch.effect in _ACTED_ON for touch in one.touches)]
    if case.hears:
        writes = writes or list(case.mine)
    if not writes:
        return
    for notice in case.met:
        for earlier in notice.earlier:
            if earlier.role != "plan" or not counts(earlier, case.now):
                continue
            back = Sighting(earlier.action, earlier.key, "plan", ANNOUNCES, earlier.last_seen, earlier.ended)
            words = frozenset(
                one.key.partition("#")[2]
                for one in notice.earlier
                if one.action.seq == earlier.action.seq and scheme_of(one.key) == "word"
            )
            for later in notice.later:
                if not is_self(case, later, writes[0]):
                    yield from _told_back(writes[0], later, back, words)


def _told_back(mine: Draft | Action, later: Action, plan: Sighting, words: frozenset[str]) -> Iterable[Finding]:
    for touch in later.touches:
        if scheme_of(touch.key) == "tree" or touch.effect in (ANNOUNCES, USES):
            continue
        met = judge_against_plan(later, touch, plan, words)
        if met is not None and at_least(met.severity, OVERLAP):
            yield Finding(
                met.severity,
                "comes after {who} changed what you announced",
                later,
                touch.key,
                mine,
                met.exactness if met.exactness < EXACT else NAMED,
                "harm",
                aftermath=True,
                group=f"{plan.action.id} {later.kind}",
            )
            return
