"""From an action to the marks it leaves, and from a draft to the marks it asks for. Pure; shared by every engine.

A *mark* is "this actor last did that to this key": what `append` finds an earlier action by. One actor leaves one mark
a key and effect, however often it acts, so a chatty session hides nobody. Intents leave one mark each: they are
events and never collapse (O4). What lies inside a container (a file in a directory, a config leaf in its section)
also marks the container's inside, `key//`, so that a verb on the whole finds it without a scan.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sidelight.actions import ANNOUNCES, COMMITS, DESTROYS, EDITS, EFFECTS, REPLACES, SWITCHES, Touch
from sidelight.targets import aliases, ancestors, is_glob, literal_prefix, scheme_of, section

PLAN, WORK, HARM = "plan", "work", "harm"
INSIDE = "//"

#: The value of an edit that reaches everything in a directory (a formatter), so that files in it find it.
BULK = {"bulk": True}

_CHANGES = frozenset({EDITS, REPLACES})
_SWEEPING = frozenset({DESTROYS, SWITCHES, REPLACES, EDITS})


class Mark(NamedTuple):
    """One row of the index: `slot` keeps apart what must not collapse (each intent, each server of one session)."""

    key: str
    role: str
    effect: str
    slot: str


class Probe(NamedTuple):
    """One question to the index: the newest marks with this key and role, of each actor."""

    key: str
    role: str


class Stake(NamedTuple):
    """Uncommitted work: a file that an actor changed in a working tree (or, outside of one, in its directory)."""

    tree: str
    path: str


def marks_of(touches: Iterable[Touch], action_id: str) -> list[Mark]:
    """The marks an action with these touches leaves."""
    found: dict[Mark, None] = {}
    for touch in touches:
        for mark in _marks_of_touch(touch, action_id):
            found[mark] = None
    return list(found)


def _marks_of_touch(touch: Touch, action_id: str) -> Iterable[Mark]:
    key, effect = touch.key, mark_effect(touch)
    scheme = scheme_of(key)
    if touch.effect == ANNOUNCES:
        key = literal_prefix(key) if is_glob(key) else key
    for role in _roles(touch):
        slot = action_id if role == PLAN else ""
        yield Mark(key, role, effect, slot)
        if role == HARM:
            continue
        # Files roll up (their directory holds one mark an actor); everything else stays apart, leaf by leaf.
        inside_slot = slot or ("" if scheme == "path" else key)
        for container in _containers(key, touch.within):
            yield Mark(container + INSIDE, role, effect, inside_slot)


def mark_effect(touch: Touch) -> str:
    """The effect as the index keeps it: commits stay apart by what they take (`commits:all|index|paths`)."""
    if touch.effect == COMMITS and isinstance(touch.value, dict):
        return f"{COMMITS}:{touch.value.get('takes', 'index')}"
    return touch.effect


def _roles(touch: Touch) -> tuple[str, ...]:
    if touch.effect in (REPLACES, SWITCHES) or touch.value == BULK:
        return (WORK, HARM)  # done underneath others, and itself something others can undo
    return (EFFECTS[touch.effect],)


def _containers(key: str, within: str | None) -> tuple[str, ...]:
    found = ancestors(key)
    return (*found, within) if within else found


def stakes_of(touches: Iterable[Touch]) -> list[Stake]:
    """The uncommitted work an action with these touches leaves."""
    return [
        Stake(touch.within or "", touch.key)
        for touch in touches
        if touch.effect in _CHANGES and touch.within and scheme_of(touch.key) == "path"
    ]


def probes_of(touches: Sequence[Touch], words: Iterable[str] = ()) -> list[Probe]:
    """What to ask the index for before an action with these touches: complete by key, never a scan."""
    found: dict[Probe, None] = {}
    for touch in touches:
        for probe in _probes_of_touch(touch):
            found[probe] = None
    for key in words:
        found[Probe(key, PLAN)] = None
    return list(found)


def _probes_of_touch(touch: Touch) -> Iterable[Probe]:
    key = touch.key
    if is_glob(key) and scheme_of(key) == "path":
        key = literal_prefix(key)
    yield from (Probe(key, WORK), Probe(key, HARM), Probe(key, PLAN))
    yield from (Probe(alias, PLAN) for alias in aliases(key))
    for container in ancestors(key):
        yield from (Probe(container, HARM), Probe(container, PLAN))
        if scheme_of(key) != "path":
            yield Probe(container, WORK)
    if touch.within:
        yield Probe(touch.within, HARM)
    if touch.effect in _SWEEPING or touch.effect == ANNOUNCES or scheme_of(key) == "tree":
        yield from (Probe(key + INSIDE, WORK), Probe(key + INSIDE, PLAN))
    top = section(key)
    if top is not None:
        yield from (Probe(top + INSIDE, WORK), Probe(top, PLAN))


def sweeps(touch: Touch) -> bool:
    """Does this touch put at risk whatever lies inside its key (so that the store lists others' stakes there)?"""
    return touch.effect in (DESTROYS, SWITCHES, REPLACES, EDITS, "stages", COMMITS) and scheme_of(touch.key) in (
        "tree",
        "path",
    )
