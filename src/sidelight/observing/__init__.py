"""What a tool call turned out to have changed: effects, not spellings.

    begin(home, facts, Open("call-1", "session-a"), drafts=drafts)      # before it runs
    seen = finish(home, facts, "call-1")                                # after it: one look
    ledger.record(*seen.drafts, me=me)

A Python script rewrites ten files, a Makefile resets the tree: none of it is on the command line. So after every call
that is not provably a read the repository is looked at once and compared with how it last stood; what the call did, or
may have done, becomes drafts that say how surely (`compare`). Only a destructive call looks beforehand too
(`look_before`). Never raises; never writes into the repository; where it cannot look it says why.

Source: design 6; issue "What really changed, and who did it".
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence

from sidelight.actions import DESTROYS, Action, Draft
from sidelight.facts import LiveFacts
from sidelight.facts.looks import Look, Stamp, look, reflog, stamp
from sidelight.observing import compare
from sidelight.observing.calls import Folder, Met, Open, kept, remembered, resting, shared
from sidelight.observing.compare import ONE_OF, Change, Witness
from sidelight.observing.footprints import Maker
from sidelight.records import Any, NamedTuple
from sidelight.targets import normal_path, scheme_of, short
from sidelight.targets import path as path_key

BEFORE_SECONDS = 0.15
AFTER_SECONDS = 0.75
REST_SECONDS = 600  # a tree that took too long is left alone for so long
TREES_MOST = 4
SHARED_MOST = 100
TOUCHES_MOST = 200


class Seen(NamedTuple):
    """What was seen after a call: the drafts, and why something was not looked at ('' if all was).

    `stashed` are the entries that came onto the stash.
    """

    drafts: tuple[Draft, ...] = ()
    not_checked: str = ""
    stashed: tuple[str, ...] = ()


# ── before the call ───────────────────────────────────────────────────────────────────────────────────────────────


def is_destructive(drafts: Iterable[Draft | Action]) -> bool:
    """Does it destroy something in a working tree, the stash, or a branch?"""
    schemes = ("tree", "path", "stash", "ref")
    return any(touch.effect == DESTROYS and scheme_of(touch.key) in schemes for one in drafts for touch in one.touches)


def look_before(facts: LiveFacts, *, seconds: float = BEFORE_SECONDS) -> Look:
    """How things stand before a destructive call; what cannot be seen in 150 ms is not checked."""
    return look(facts, seconds=seconds)


def begin(
    home: str,
    facts: LiveFacts,
    call: Open,
    *,
    drafts: Sequence[Draft | Action] = (),
    line: str = "",
    may_be_over: bool = False,
) -> Open | None:
    """A call that is not provably a read starts. None where there is no repository, or it cannot be noted.

    Of `call` its name (which no other has), whose it is, and whether it is exact (an editing tool) or goes on in the
    background are to be said; `drafts` are what it was understood to do, as recorded, and `line` its text, for the
    other trees that it names. `may_be_over`: this runs beside the call, which may have ended already.
    """
    common = facts.common_dir
    if common is None:
        return None
    touches = tuple((touch.key, touch.effect) for one in drafts for touch in one.touches)
    call = call._replace(
        trees=_trees(facts, drafts, line),
        touches=touches[:TOUCHES_MOST],
        summary=next((one.summary for one in drafts if one.summary), None),
        action=next((one.id for one in drafts if isinstance(one, Action)), None),
    )
    try:
        return Folder(home, common).begin(call, may_be_over=may_be_over)
    except OSError:  # a full or read-only disk: then nothing is observed
        return None


def _trees(facts: LiveFacts, drafts: Sequence[Draft | Action], line: str) -> tuple[str, ...]:
    """The trees of this repository that a call may work in: where it stands, and those it names."""
    roots = facts.worktrees()
    named = {short(touch.within) for one in drafts for touch in one.touches if touch.within}
    named |= {short(touch.key) for one in drafts for touch in one.touches if scheme_of(touch.key) == "tree"}
    found = [facts.worktree, *(root for root in roots if root in named or (line and root in line))]
    return tuple(dict.fromkeys(root for root in found if root))[:TREES_MOST]


# ── after it ──────────────────────────────────────────────────────────────────────────────────────────────────────


def finish(
    home: str,
    facts: LiveFacts,
    name: str,
    *,
    watched: Iterable[str] = (),
    seconds: float = AFTER_SECONDS,
    may_begin: bool = False,
) -> Seen:
    """A call ended: what it changed. `watched` are further paths to look at, absolute or of the tree.

    A call of which no beginning is known leaves nothing: it was a read, or there is no repository. `may_begin`: its
    beginning may be noted later than this; it is then no beginning any more.
    """
    common = facts.common_dir
    if common is None:
        return Seen(not_checked="no repository")
    folder = Folder(home, common)
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
                seen = _compared(folder, facts, call, tuple(watched), seconds)
            else:
                _tell(folder, call, (), ())
            if not call.background:
                folder.end(name)
        return seen
    except (OSError, ValueError) as error:
        return Seen(not_checked=str(error)[:200])


def is_busy(home: str, facts: LiveFacts, *, besides: str | None = None) -> bool:
    """Is a call of a session (of another than `besides`) under way in the tree here?"""
    common = facts.common_dir
    calls = Folder(home, common).calls() if common is not None else []
    return any(one.actor != besides and not one.exact and facts.worktree in one.trees for one in calls)


def over(home: str, facts: LiveFacts, actor: str, agent: str | None = None, *, background: bool = False) -> None:
    """A turn is over: what of it was under way is not any more. `background`: the session (or sub-agent) is over, with
    whatever it left running; then a session's sub-agents are, too.
    """
    common = facts.common_dir
    if common is None:
        return
    folder = Folder(home, common)
    for call in folder.calls():
        mine = call.actor == actor and (call.agent == agent or (background and agent is None))
        if mine and (background or not call.background):
            folder.end(call.name)


def _compared(folder: Folder, facts: LiveFacts, call: Open, watched: tuple[str, ...], seconds: float) -> Seen:
    places = [facts if root in (None, facts.worktree) else facts.at(root or "") for root in call.trees or (None,)]
    trees = [_Tree(folder, there, watched if number == 0 else (), seconds) for number, there in enumerate(places)]
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


class _Tree:
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


class _Comparison:
    """One tree before and after one call."""

    def __init__(self, tree: _Tree, call: Open, others: Sequence[Open]) -> None:
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


__all__ = ["Open", "Seen", "begin", "finish", "is_busy", "is_destructive", "look_before", "over", "resting"]
