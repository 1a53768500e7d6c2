"""Where two sessions met: what the later did to what the earlier had, how gravely, and why. Pure.

The store noted at the time which marks of others a request found. What that is worth is decided here, by the same
judgement as the notice that the earlier side gets, so that the line on the page and the sentence in the session agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sidelight.actions import KINDS, Action, Notice, Session
from sidelight.advisory import CONFLICT, NEARBY, Case, Finding, advise, at_least
from sidelight.advisory.wording import clash, name_of, resource
from sidelight.ledger import notice_text
from sidelight.records import NamedTuple
from sidelight.stores.projections import UNDONE
from sidelight.targets import short

SHOWN_A_REQUEST = 3

DENIED = "denied"  # the outcome of a call that a person, a rule or a pause did not let run

#: What became of a meeting: the call did not run, the same session came back to that target, or nobody can tell.
NOT_RUN, CAME_BACK, UNKNOWN = "not run", "came back", "unknown"
HEEDED = (NOT_RUN, CAME_BACK)
CAME_BACK_MS = 5 * 60_000
RULE = (
    "A warning counts as heeded if the call was denied and so not run, or if the same session acted again on one of "
    "its targets within 5 minutes; of the others, those that ran and failed too, it is not known."
)


class Meeting(NamedTuple):
    """One thing of one session that a later action of another met. `key` is the resource they share."""

    severity: str
    why: str
    later: Action
    earlier: Action
    key: str
    finding: Finding

    @property
    def seq(self) -> int:
        """The place of the request that brought them together."""
        return self.later.seq

    @property
    def group(self) -> str:
        """Equal for meetings that read alike: nineteen withdrawals are not nineteen lines in a list."""
        sides = (self.later.actor, self.later.agent, self.earlier.actor, self.earlier.agent)
        return "\x1f".join([self.severity, self.later.kind, self.earlier.kind, *(one or "" for one in sides)])

    def told_later(self, ids: Sequence[str] = ()) -> str:
        """What the later side was told, as it read at the time."""
        return clash(self.finding, self.later.ts, ids, None)

    def told_earlier(self, now: int) -> str:
        """What the earlier side is told."""
        return notice_text(self.finding, self.later, now)

    def shared(self) -> str:
        """The resource, as a person would call it."""
        base = next((short(touch.within) for touch in self.later.touches if touch.within), None)
        return resource(self.key, base)


def judged(notice: Notice) -> list[Meeting]:
    """The meetings of one notice, gravest first: of severity `nearby` or more, at most three."""
    if not notice.later or not notice.earlier:
        return []
    first = notice.later[0]
    me = Session(first.actor, first.agent) if first.actor else None
    advisory = advise(Case(mine=notice.later, me=me, before=notice.earlier, now=first.ts))
    found = [one for one in advisory.findings if at_least(one.severity, NEARBY)]
    return [_meeting(one, first) for one in found[:SHOWN_A_REQUEST]]


def _meeting(one: Finding, first: Action) -> Meeting:
    later = one.mine if isinstance(one.mine, Action) else first
    why = one.why.format(who=name_of(one.action.actor, (), one.action.host))
    return Meeting(one.severity, why, later, one.action, one.key, one)


def came_of(later: Action, outcome: str | None, following: Iterable[Action]) -> str:
    """What came of a warning: the rule of `sidelight cost` and of the report.

    Heeded is that the warned call was not run (it was denied), or that another call of the same session on one of its
    targets followed within five minutes; else nobody can tell: one that failed was run, warning or not. `following` are
    later actions, in any order.
    """
    if outcome == DENIED:
        return NOT_RUN
    targets = frozenset(later.targets)
    for one in following:
        same = (one.actor, one.agent) == (later.actor, later.agent)
        if same and later.seq < one.seq and one.ts - later.ts <= CAME_BACK_MS and targets.intersection(one.targets):
            return CAME_BACK
    return UNKNOWN


def is_near_miss(one: Meeting, states: Mapping[str, str]) -> bool:
    """A conflict that was about to happen and did not: the call was denied or failed, or it was only announced."""
    if one.severity != CONFLICT:
        return False
    return states.get(one.later.id) in UNDONE or KINDS[one.later.kind].step == "announce"
