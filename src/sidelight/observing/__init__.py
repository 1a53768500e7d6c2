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

from collections.abc import Callable, Iterable, Sequence

from sidelight.actions import DESTROYS, Action, Draft
from sidelight.facts import LiveFacts
from sidelight.observing.calls import Folder, Open, forget, resting
from sidelight.records import TYPE_CHECKING, NamedTuple
from sidelight.targets import scheme_of, short

if TYPE_CHECKING:  # most calls begin without a look, and a hook is a fresh process
    from sidelight.facts.looks import Look

BEFORE_SECONDS = 0.15
AFTER_SECONDS = 0.75
TREES_MOST = 4
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
    return begin_look(facts, seconds=seconds)()


def begin_look(facts: LiveFacts, *, seconds: float = BEFORE_SECONDS) -> Callable[[], Look]:
    """The same, begun: git looks while the call is recorded. What was seen has to be fetched, once."""
    from sidelight.facts import looks

    return looks.begin_look(facts, seconds=seconds)


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
    from sidelight.observing.ending import finished

    return finished(Folder(home, common), facts, name, tuple(watched), seconds, may_begin=may_begin)


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


__all__ = [
    "Open",
    "Seen",
    "begin",
    "begin_look",
    "finish",
    "forget",
    "is_busy",
    "is_destructive",
    "look_before",
    "over",
    "resting",
]
