"""A call ended: what of how the repository stands now is its doing, and whose it may be besides.

Source: design 6; issue "What really changed, and who did it".
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from sidelight.actions import Draft
from sidelight.facts import LiveFacts
from sidelight.facts.looks import Stamp, reflog, stamp
from sidelight.observing import Seen, compare
from sidelight.observing.calls import Folder, Met, Open
from sidelight.observing.compare import ONE_OF, Change, Witness
from sidelight.observing.footprints import Maker
from sidelight.observing.standing import Tree
from sidelight.targets import normal_path
from sidelight.targets import path as path_key

SHARED_MOST = 100


def finished(
    folder: Folder, facts: LiveFacts, name: str, watched: tuple[str, ...], seconds: float, *, may_begin: bool
) -> Seen:
    """What a call changed, as `observing.finish` says it."""
    try:
        if may_begin:
            folder.prepare()
            folder.close(name)
        call = folder.find(name)
        if call is None:
            return Seen()
        if call.exact:
            _tell(folder, call, (), ())
            folder.end(name)
            return Seen()
        with folder.alone() as is_alone:
            seen = Seen(not_checked="others were looking")
            if is_alone:
                seen = _compared(folder, facts, call, watched, seconds)
            else:
                _tell(folder, call, (), ())
            if not call.background:
                folder.end(name)
        return seen
    except (OSError, ValueError) as error:
        return Seen(not_checked=str(error)[:200])


def _compared(folder: Folder, facts: LiveFacts, call: Open, watched: tuple[str, ...], seconds: float) -> Seen:
    places = [facts if root in (None, facts.worktree) else facts.at(root or "") for root in call.trees or (None,)]
    trees = [Tree(folder, there, watched if number == 0 else (), seconds) for number, there in enumerate(places)]
    # Only now: whoever ended before this has left a word with this call, whoever has not is still there.
    call = folder.find(call.name) or call
    others = [one for one in folder.calls() if (one.actor, one.agent) != (call.actor, call.agent)]
    drafts: list[Draft] = []
    share: dict[str, None] = {}
    stashed: tuple[str, ...] = ()
    for number, tree in enumerate(trees):
        one = _Comparison(tree, call, others)
        drafts += one.drafts(names=number == 0)
        stashed += one.stashed
        share.update(dict.fromkeys(one.doubtful))
    failed = dict.fromkeys(tree.after.gave_up for tree in trees if tree.after.gave_up)
    looked = tuple(tree.root for tree in trees if tree.root and not tree.after.gave_up)
    _tell(folder, call, looked, tuple(share)[:SHARED_MOST])
    return Seen(tuple(drafts), "; ".join(failed), stashed)


def _tell(folder: Folder, call: Open, looked: tuple[str, ...], doubtful: tuple[str, ...]) -> None:
    """Leave with every call of others that goes on what this one saw, and what could be either's."""
    unseen = tuple(root for root in call.trees if root not in looked)
    for other in folder.calls():
        if (other.actor, other.agent) != (call.actor, call.agent):
            folder.tell(other, Met(call.actor, call.agent, unseen, _only(call)), () if other.exact else doubtful)


class _Comparison:
    """One tree before and after one call."""

    def __init__(self, tree: Tree, call: Open, others: Sequence[Open]) -> None:
        self._facts, self._tree = tree.facts, tree.root
        self._before, self._after = tree.before, tree.after
        self._call, self._others = call, others
        self.doubtful: list[str] = []
        self.stashed: tuple[str, ...] = ()

    # ── who else it may have been ──

    def _rivals(self, *, everywhere: bool) -> list[Open | Met]:
        """Calls of others that were under way at the same time and may have changed this tree (or its repository)."""
        met = [one for one in self._call.met if everywhere or self._tree in one.unseen]
        still = [one for one in self._others if everywhere or self._tree in one.trees]
        return [*still, *met]

    def _doubt(self, name: str) -> bool:
        """May another call have changed this path?"""
        key = path_key(self._facts.machine, normal_path(f"{self._tree}/{name}", windows=self._facts.os == "windows"))
        for one in self._rivals(everywhere=False):
            only = one.only if isinstance(one, Met) else _only(one)
            if only is None or key in only:
                return True
        return False

    def _is_explained(self, change: Change) -> bool:
        """Another call that was under way said beforehand that it would change this path: it is that one's."""
        key = path_key(self._facts.machine, normal_path(f"{self._tree}/{change.name}"))
        said = [dict.fromkeys(touched for touched, _ in one.touches) for one in self._others]
        said += [dict.fromkeys(one.only) for one in self._call.met if one.only]
        is_edit = change.what == compare.CHANGED and change.surely == ONE_OF
        return is_edit and any(key in keys for keys in said)

    # ── what changed ──

    def drafts(self, *, names: bool) -> list[Draft]:
        """What this call did here; with `names`, also to what all trees of the repository share."""
        rivals = self._rivals(everywhere=True)
        maker = Maker(self._facts, self._tree, self._call, (one.actor for one in rivals))
        changes = [one for one in self._path_changes() if not self._is_explained(one)]
        self.doubtful = [os.path.join(self._tree or "", one.name) for one in changes if one.surely == ONE_OF]
        found = maker.paths([*changes, *self._shared(changes)])
        head = self._head(doubtful=bool(self._rivals(everywhere=False)))
        found += maker.head(head, *self._operations())
        if names:
            found += maker.declared(self._extras())
            found += self._names(maker, doubtful=bool(rivals))
        return found

    def _path_changes(self) -> list[Change]:
        after, before = self._after, self._before
        if after.paths is None or self._tree is None:
            return []
        known = before.paths if before is not None else None
        left = {path: stamp(os.path.join(self._tree, path)) for path in (known or {}) if path not in after.paths}
        left = self._without_committed(left)
        witness = Witness(self._call.start, self._doubt, self._went, after.staging)
        return compare.path_changes(known, after.paths, left, witness)

    def _without_committed(self, left: dict[str, Stamp]) -> dict[str, Stamp]:
        """Where HEAD moved, what is in the difference was committed or came with it; it was not lost."""
        before = self._before
        if not left or before is None or before.head == self._after.head or not before.head or not self._after.head:
            return left
        said = self._facts.git("diff-tree", "-r", "-z", "--name-only", "--no-renames", before.head, self._after.head)
        if said is None:
            return {}
        moved = set(said.split("\0"))
        return {path: one for path, one in left.items() if path not in moved}

    def _went(self, path: str) -> int:
        """When something last came into or went from the directory of a path."""
        place = os.path.dirname(os.path.join(self._tree or "", path))
        while len(place) > len(self._tree or ""):
            found = stamp(place)
            if found.size >= 0:
                return found.modified
            place = os.path.dirname(place)
        return stamp(place).modified

    def _shared(self, own: Sequence[Change]) -> list[Change]:
        """What another call, which ended while this one went on, could not tell from this one's."""
        names = {change.name for change in own}
        root = f"{self._tree}/"
        shared_here = [path.removeprefix(root) for path in self._call.shared if path.startswith(root)]
        there = self._after.paths or {}
        return [Change(compare.CHANGED, name, ONE_OF) for name in shared_here if name in there and name not in names]

    def _head(self, *, doubtful: bool) -> Change | None:
        log = self._facts.git_dir or ""
        when = stamp(os.path.join(log, "logs", "HEAD")).modified
        moves = reflog(log, "HEAD", 20)
        return compare.head_change(self._before, self._after, moves, self._call.start, when, doubtful=doubtful)

    def _operations(self) -> tuple[str | None, str | None]:
        was = self._before.operation if self._before is not None else None
        now = self._after.operation
        return (now if self._before is not None and now != was else None), (was if was and not now else None)

    def _names(self, maker: Maker, *, doubtful: bool) -> list[Draft]:
        common, start, before = self._facts.common_dir or "", self._call.start, self._before
        if before is None:
            return []

        def when(name: str) -> int:
            return stamp(os.path.join(common, *name.split("/"))).changed

        refs = compare.ref_changes(before.refs, self._after.refs, start, when, doubtful=doubtful)
        moved = stamp(os.path.join(common, "logs", "refs", "stash")).modified
        entries = compare.stash_changes(before, self._after, start, moved, doubtful=doubtful)
        self.stashed = tuple(one.name for one in entries if one.what == "made")
        branches = (self._facts.at(root).branch for root in self._facts.worktrees())
        checked_out = frozenset(f"refs/heads/{name}" for name in branches if name)
        pushed = frozenset(one.name for one in refs if _was_pushed(common, one.name))
        return maker.refs(refs, checked_out, pushed) + maker.stash(entries)

    def _extras(self) -> list[Change]:
        before = self._before
        if before is None:
            return []
        found = []
        for path, now in self._after.extras.items():
            was = before.extras.get(path)
            if was is None or was[2:4] == now[2:4]:
                continue
            doubtful = bool(self._rivals(everywhere=True))
            how = compare.surely(now.changed, self._call.start, doubtful=doubtful)
            if how:
                found.append(Change(compare.GONE if now.size < 0 else compare.CHANGED, path, how))
        return found


def _only(call: Open) -> tuple[str, ...] | None:
    return tuple(key for key, _ in call.touches) if call.exact else None


def _was_pushed(common: str, name: str) -> bool:
    moves = reflog(common, name, 1)
    return bool(moves) and moves[-1].says.startswith("update by push")
