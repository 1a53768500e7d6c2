"""Settings, commitments and words: where the value or the subject decides, not the effect alone. Pure."""

from __future__ import annotations

import json

from sidelight.actions import ANNOUNCES, DESTROYS, EDITS, EFFECTS, KINDS, Action, Draft, Sighting, Touch
from sidelight.advisory.case import AREA, WORDS, Finding, Past, finding, judge_by_table, relation_of
from sidelight.advisory.lexical import distinctive, distinctive_of
from sidelight.advisory.rules import CONFLICT, NEARBY, OVERLAP
from sidelight.records import Any
from sidelight.targets import fold, scheme_of, section, short


def same_value(one: Any, other: Any) -> bool:
    """Equal by their JSON form (O5): 1 and 1.0 differ, key order does not matter."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def judge_config(mine: Draft | Action, touch: Touch, sighting: Sighting, past: Past) -> Finding | None:
    """One settings key: another value contradicts, the same value repeats, a neighbour of the section is nearby."""
    relation = relation_of(touch, sighting.key)
    if relation in ("same", "around", "inside"):
        return _on_one_key(mine, touch, sighting, past)
    if relation == "section":
        near = [one for one in sighting.action.touches if section(one.key) == section(touch.key)]
        related = any(_nested(touch.key, one.key) for one in near)
        if near and not related:
            return finding(
                mine, touch, sighting, NEARBY, "changes a key beside one that {who} changed",
                key=section(touch.key), exactness=AREA, aftermath=False,
            )  # fmt: skip
        if related:
            return _on_one_key(mine, touch, sighting, past)
    return None


def _nested(one: str, other: str) -> bool:
    return one == other or one.startswith(other + ".") or other.startswith(one + ".")


def _on_one_key(mine: Draft | Action, touch: Touch, sighting: Sighting, past: Past) -> Finding | None:
    theirs = [one for one in sighting.action.touches if _nested(one.key, touch.key)]
    if not theirs or touch.effect != EDITS:
        return judge_by_table(mine, touch, sighting, past, "same") if theirs else None
    equal = any(one.key == touch.key and same_value(one.value, touch.value) for one in theirs)
    if equal and past.acted_since(touch.key, sighting.action.seq, {EDITS}):
        return None
    severity, why = (
        (OVERLAP, "sets what {who} has set to this very value")
        if equal
        else (CONFLICT, "contradicts the value that {who} set")
    )
    return finding(mine, touch, sighting, severity, why, key=theirs[0].key, aftermath=False)


def judge_commitment(mine: Draft | Action, touch: Touch, sighting: Sighting, past: Past) -> Finding | None:
    """One commitment: any two writes collide; withdrawing it twice is duplicate work, not a contradiction."""
    relation = relation_of(touch, sighting.key)
    if relation != "same":
        return None
    made = judge_by_table(mine, touch, sighting, past, relation)
    return made._replace(aftermath=False) if made is not None else None


# ── areas and words ───────────────────────────────────────────────────────────────────────────────────────────────

_OFF_WHEN_TRUE = frozenset({"disabled", "disable", "paused", "pause", "off", "stopped", "frozen"})


def switches_off(touch: Touch) -> bool:
    """Does this set a switch to off (`enabled: false`, `paused: true`), or remove or zero something?"""
    leaf = short(touch.key).rpartition(".")[2].casefold()
    if touch.value is None or touch.value is False:
        return True
    return touch.value is True and leaf in _OFF_WHEN_TRUE


def about(draft: Draft | Action, most: int) -> list[str]:
    """The words that say what a draft is about, out of its text and its names, for matching open intents."""
    names = [short(touch.key) for touch in draft.touches if scheme_of(touch.key) in ("config", "commitment", "area")]
    texts = (draft.reason, draft.target, draft.area, getattr(draft, "words", ""), *names)
    return distinctive_of((text for text in texts if text), most)


def _namesake(named: str, mine: str) -> bool:
    """Do two different keys end in the same name (one secret's name in two repositories)?"""
    plain = scheme_of(mine) not in ("", "area", "word", "tree")
    return plain and named != mine and scheme_of(named) == scheme_of(mine) and _leaf(named) == _leaf(mine)


def _leaf(key: str) -> str:
    return key.rpartition("#")[2].rpartition("/")[2]


def judge_words(
    mine: Draft | Action, touch: Touch, sighting: Sighting, met: frozenset[str] = frozenset()
) -> Finding | None:
    """Another's open intent, found by area or words (`met`: words known to have matched when it happened).

    To another announcement it is an overlap (one job announced twice). To a change it counts only where area or words
    name the thing changed: a conflict if that takes back or switches off, otherwise nearby.
    """
    plan = sighting.action
    if any(one.effect == ANNOUNCES and _namesake(one.key, touch.key) for one in plan.touches):
        return None  # they said which one they mean, and mine is another of the same name
    by_area = scheme_of(sighting.key) == "area"
    shared = (set(about(mine, 40)) & set(distinctive(plan.reason or "", 40))) | met
    if by_area:  # the area's own name says nothing beyond the area
        shared = {word for word in shared if word not in distinctive(plan.area or "", 40)}
    if not by_area and len(shared) < 2 and not _names_area(mine, plan):
        return None
    if any(one.effect == ANNOUNCES for one in mine.touches) or mine.kind == "intent":
        why = (
            "is in an area where {who} announced work"
            if by_area
            else f"is about the same as an intent of {{who}} ({', '.join(sorted(shared)[:3])})"
        )
        return finding(
            mine, Touch(sighting.key, ANNOUNCES), sighting, OVERLAP, why, exactness=AREA if by_area else WORDS
        )
    takes_back = touch.effect == DESTROYS or (scheme_of(touch.key) == "config" and switches_off(touch))
    if scheme_of(touch.key) not in _BY_WORDS:
        return None
    severity = CONFLICT if takes_back or (shared and by_area) else NEARBY
    if EFFECTS[KINDS[mine.kind].effect] != "harm" and scheme_of(touch.key) != "config":
        return None
    why = (
        "takes back what {who} announced work on"
        if severity == CONFLICT
        else "is in an area where {who} announced work"
    )
    return finding(
        mine, touch, sighting, severity, why, key=sighting.key, exactness=AREA if by_area else WORDS, aftermath=False
    )


#: Where an intent without a target still says enough about what it means to touch.
_BY_WORDS = frozenset({"config", "commitment", "secret", "workflow", "service", "db", "issue", "pr"})


def _names_area(mine: Draft | Action, plan: Action) -> bool:
    return bool(plan.area) and fold(plan.area or "") in {fold(word) for word in about(mine, 40)}
