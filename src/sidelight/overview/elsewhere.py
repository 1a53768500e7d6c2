"""The same file edited in two worktrees at once: no conflict, for each has its own copy, but worth seeing. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from sidelight.actions import EDITS, REPLACES, Action
from sidelight.records import NamedTuple
from sidelight.targets import scheme_of, short

SHOWN = 50


class Edit(NamedTuple):
    """The newest edit of the file by one session in one worktree."""

    action: Action
    tree: str


class Elsewhere(NamedTuple):
    """A file, by its path within its worktree, and who edits it where, newest first."""

    file: str
    space: str | None
    edits: tuple[Edit, ...]


def elsewhere(actions: Iterable[Action]) -> list[Elsewhere]:
    """The files of a space that different sessions edited in different worktrees, last edited first."""
    found: dict[tuple[str | None, str], dict[tuple[str, str | None, str | None], Edit]] = {}
    roots: dict[str, str] = {}
    for one in actions:
        for touch in one.touches:
            if touch.within and touch.effect in (EDITS, REPLACES) and scheme_of(touch.key) == "path":
                root = roots.get(touch.within) or roots.setdefault(touch.within, short(touch.within).rstrip("/") + "/")
                path = short(touch.key)
                if path.startswith(root):
                    here = found.setdefault((one.space, path[len(root) :]), {})
                    who = (touch.within, one.actor, one.agent)
                    if who not in here or here[who].action.seq < one.seq:
                        here[who] = Edit(one, touch.within)
    several = [
        Elsewhere(file, space, tuple(sorted(edits.values(), key=lambda one: -one.action.seq)))
        for (space, file), edits in found.items()
        if _apart(edits.values())
    ]
    several.sort(key=lambda one: -one.edits[0].action.seq)
    return several[:SHOWN]


def _apart(edits: Iterable[Edit]) -> bool:
    """Are there two worktrees and two sessions in it?"""
    edits = list(edits)
    return len({one.tree for one in edits}) > 1 and len({one.action.actor for one in edits}) > 1
