"""How a tree last stood, and how it stands now; what of that is kept for the next time.

Source: design 6 (`effects/observed`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence

from sidelight.facts import LiveFacts
from sidelight.facts.looks import Look, Stamp, look
from sidelight.observing.calls import Folder
from sidelight.records import Any

REST_SECONDS = 600  # a tree that took too long is left alone for so long


class Tree:
    """A tree as it last stood and as it stands now, which is what it last stood as from now on."""

    def __init__(self, folder: Folder, facts: LiveFacts, watched: tuple[str, ...], seconds: float) -> None:
        self.facts, self.root = facts, facts.worktree
        known = folder.known(self.root or "")
        self.before = remembered(known, folder.known(None), self.root)
        resting = known.get("rests", 0) > time.time()
        extras = [os.path.join(self.root or "/", path) for path in watched]
        after = look(facts, extras=extras, seconds=0 if resting else seconds)
        if resting and after.gave_up:
            after = after._replace(gave_up="this tree is too large to look at after every call")
        self.after = after
        self._remember(folder, known)

    def _remember(self, folder: Folder, known: dict[str, Any]) -> None:
        after = self.after
        if after.refs is not None and (self.before is None or self._names(after) != self._names(self.before)):
            folder.remember(None, shared(after))
        now = kept(after)
        if after.gave_up:
            slow = after.gave_up == "it took too long"
            now = {
                **known,
                "tree": self.root,
                "paths": None,
                "rests": time.time() + REST_SECONDS if slow else known.get("rests", 0),
            }
        if now != known:
            folder.remember(self.root or "", now)

    @staticmethod
    def _names(seen: Look) -> object:
        return seen.refs, seen.stash


# ── a look as it is kept ──────────────────────────────────────────────────────────────────────────────────────────


def kept(look: Look) -> dict[str, Any]:
    """The part of a look that belongs to its tree."""
    paths = None if look.paths is None else {path: list(one) for path, one in look.paths.items()}
    return {
        "tree": look.tree,
        "head": look.head,
        "branch": look.branch,
        "operation": look.operation,
        "paths": paths,
        "extras": {path: list(one) for path, one in look.extras.items()},
    }


def shared(look: Look) -> dict[str, Any]:
    """The part of a look that all trees of its repository share."""
    return {"refs": look.refs, "stash": look.stash and list(look.stash)}


def remembered(known: Mapping[str, Any], common: Mapping[str, Any], tree: str | None) -> Look | None:
    """The last look at a tree, from what was kept; None if there was none."""
    if known.get("tree") != tree or (tree is not None and "head" not in known):
        return None
    try:
        stash = common.get("stash")
        return Look(
            tree,
            head=known.get("head") or "",
            branch=known.get("branch"),
            operation=known.get("operation"),
            paths=_stamps(known.get("paths")),
            refs=common.get("refs"),
            stash=None if stash is None else tuple(stash),
            extras=_stamps(known.get("extras")) or {},
        )
    except (TypeError, ValueError, AttributeError):
        return None


def _stamps(said: Mapping[str, Sequence[Any]] | None) -> dict[str, Stamp] | None:
    return None if said is None else {path: Stamp(*one) for path, one in said.items()}
