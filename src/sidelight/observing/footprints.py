"""From what changed to the drafts of it: one footprint a sort of change, with how surely it is the call's. Pure.

What the call was understood to do before it ran is recorded already, and left out here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from sidelight import targets
from sidelight.actions import ADDS, COMMITS, DESTROYS, EDITS, PUSHES, REPLACES, STAGES, SWITCHES, USES, Draft, Touch
from sidelight.facts import Facts
from sidelight.observing.calls import Open
from sidelight.observing.compare import CHANGED, GONE, REVERTED, STAGED, Change
from sidelight.records import Any
from sidelight.stores.projections import BULK

EXACT_MOST = 100  # more paths than these are recorded by the directories they lie in
DIRECTORIES_MOST = 20

#: What happened to paths: the kind it is, and the effect.
_PATHS = {
    CHANGED: ("change", EDITS),
    GONE: ("delete", DESTROYS),
    REVERTED: ("restore", DESTROYS),
    STAGED: ("stage", STAGES),
}
#: Git's own word for a move of HEAD, and the kind and effect on the tree. Any other moves HEAD.
_HEAD: dict[str, tuple[str, str]] = {
    "commit": ("commit", COMMITS),
    "checkout": ("tree-switch", SWITCHES),
    **dict.fromkeys(("merge", "pull", "rebase", "cherry-pick", "revert", "am"), ("tree-merge", SWITCHES)),
}
_SWEEPS = frozenset({DESTROYS, SWITCHES, REPLACES})


class Maker:
    """Makes the drafts of one call in one tree. `others` are the actors it may have to share a change with."""

    def __init__(self, facts: Facts, tree: str | None, call: Open, others: Iterable[str | None] = ()) -> None:
        self._facts, self._tree, self._call = facts, tree, call
        self._others = sorted({one or "unknown" for one in others})
        self._named = dict.fromkeys(key for key, effect in call.touches if effect not in ("uses", "announces"))
        self._swept = {key for key, effect in call.touches if effect in _SWEEPS}

    @property
    def tree_key(self) -> str:
        """The key of the tree."""
        return targets.tree(self._facts.machine, self._tree or "")

    def paths(self, changes: Sequence[Change]) -> list[Draft]:
        """What happened to paths: a draft for each sort and each degree of certainty."""
        groups: dict[tuple[str, str], list[str]] = {}
        for one in changes:
            if not self._is_named(one):
                groups.setdefault((one.what, one.surely), []).append(one.name)
        return [self._on_paths(what, how, sorted(names)) for (what, how), names in sorted(groups.items())]

    def _is_named(self, change: Change) -> bool:
        """Was it understood before that the call does this? By name, or because it sweeps all that holds it."""
        key = self._path(change.name)
        if key in self._named:
            return True
        lost = change.what in (GONE, REVERTED)
        return lost and (self.tree_key in self._swept or any(one in self._swept for one in targets.ancestors(key)))

    def _path(self, name: str) -> str:
        absolute = targets.normal_path(f"{self._tree or ''}/{plain(name)}", windows=self._facts.os == "windows")
        return targets.path(self._facts.machine, absolute)

    def _on_paths(self, what: str, how: str, names: list[str]) -> Draft:
        kind, effect = _PATHS[what]
        within = self.tree_key
        touches = [Touch(self._path(name), effect, within=within) for name in names[:EXACT_MOST]]
        directories = list(dict.fromkeys(_top(name) for name in names[EXACT_MOST:]))[:DIRECTORIES_MOST]
        touches += [Touch(self._path(directory), effect, BULK, within) for directory in directories]
        more = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
        return self._draft(kind, how, *touches, target=plain(names[0]) + more)

    def declared(self, changes: Sequence[Change]) -> list[Draft]:
        """Declared paths, wherever they lie."""
        found = []
        for one in changes:
            key = targets.path(self._facts.machine, self._facts.real(plain(one.name)))
            if key not in self._named:
                kind, effect = _PATHS[one.what]
                found.append(self._draft(kind, one.surely, Touch(key, effect), target=plain(one.name)))
        return found

    def head(self, change: Change | None, operation: str | None, ended: str | None) -> list[Draft]:
        """HEAD and the branch; an operation that stopped on its way, or that is over."""
        found = []
        if change is not None and self.tree_key not in self._named:
            kind, effect = _HEAD.get(change.what, ("head-move", SWITCHES))
            value: Any = {"takes": "index"} if effect == COMMITS else {"branch": change.name} if change.name else None
            value = None if kind == "head-move" else value
            found.append(self._draft(kind, change.surely, Touch(self.tree_key, effect, value), target=self._tree))
        if operation:
            touch = Touch(self.tree_key, SWITCHES, {"running": True})
            found.append(self._draft("tree-merge", change.surely if change else "own call", touch, target=operation))
        if ended and self.tree_key not in self._named:
            found.append(self._draft("tree-merge", "observed during", Touch(self.tree_key, USES, {"ends": True})))
        return found

    def refs(self, changes: Sequence[Change], checked_out: frozenset[str], pushed: frozenset[str]) -> list[Draft]:
        """Branches and tags. What happened to a branch that is checked out is HEAD's; what a fetch brought is
        nobody's; `pushed` are the remote-tracking branches that a push moved.
        """
        found = []
        local = f"{self._facts.machine}:{self._facts.common_dir}"
        for one in changes:
            sort, _, name = one.name.removeprefix("refs/").partition("/")
            if sort == "remotes":
                remote, _, branch = name.partition("/")
                key = targets.ref(self._facts.remote or local, branch)
                if one.name in pushed and remote == "origin" and key not in self._named:
                    found.append(self._draft("push", one.surely, Touch(key, PUSHES), target=branch))
                continue
            key = targets.ref(local, f"tags/{name}" if sort == "tags" else name)
            if key in self._named or (one.what != "deleted" and one.name in checked_out):
                continue
            kind, effect = {"deleted": ("ref-delete", DESTROYS), "made": ("ref-create", ADDS)}.get(
                one.what, ("ref-create", REPLACES)
            )
            found.append(self._draft(kind, one.surely, Touch(key, effect, {"was": one.before or None}), target=name))
        return found

    def stash(self, changes: Sequence[Change]) -> list[Draft]:
        """The stash, where the call was not understood to work on it."""
        key = targets.stash(self._facts.machine, self._facts.common_dir or "")
        if key in self._named:
            return []
        kinds = {"made": ("stash-push", ADDS), "deleted": ("stash-drop", DESTROYS)}
        return [
            self._draft(kinds[one.what][0], one.surely, Touch(key, kinds[one.what][1], {"commit": one.name}))
            for one in changes
        ]

    def _draft(self, kind: str, how: str, *touches: Touch, target: str | None = None) -> Draft:
        about: dict[str, Any] = {"observed": how}
        if self._call.action:
            about["call"] = self._call.action
        if how == "one of" and self._others:
            about["with"] = self._others[:8]
        summary = self._call.summary
        return Draft(kind, target=target, value=about, touches=touches, summary=summary, quiet=True)


def plain(name: str) -> str:
    r"""A path as text that every store takes: bytes that are none are written out.

    >>> plain("caf\udce9.py")
    'caf\\xe9.py'
    """
    return name if name.isascii() else os.fsencode(name).decode("utf-8", "backslashreplace")


def _top(name: str) -> str:
    """The directory that stands for a path among many: the topmost one."""
    return name.partition("/")[0] if "/" in name else "."
