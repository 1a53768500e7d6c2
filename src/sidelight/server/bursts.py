"""When one session does one thing many times over: the full warning first, then one line each.

Which answers carried a full warning is remembered here, in the server's memory; what a session has been told is in the
ledger. Losing this memory costs a wrong count in a line that says "as above".
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from sidelight.actions import KINDS, Action, Draft
from sidelight.advisory import PRESENT, at_least
from sidelight.advisory.case import REPEAT_MS
from sidelight.advisory.wording import HEAD, origin_warning
from sidelight.ledger import Receipt

_MOST = 4096


class Bursts:
    """How often each session has been given the same warning of late."""

    def __init__(self) -> None:
        self._said: OrderedDict[tuple[str, str, str], tuple[int, int]] = OrderedDict()

    def first(self, who: tuple[str, str, str], now: int) -> None:
        """A full warning was given."""
        self._said[who] = (1, now)
        self._said.move_to_end(who)
        while len(self._said) > _MOST:
            self._said.popitem(last=False)

    def next(self, who: tuple[str, str, str], now: int) -> int | None:
        """Which one of the burst this is; None if the full warning is too long ago, or there was none."""
        count, then = self._said.get(who, (0, 0))
        if not count or now - then >= REPEAT_MS:
            return None
        self._said[who] = (count + 1, now)
        return count + 1


def worded(
    bursts: Bursts, receipt: Receipt, mine: Sequence[Draft | Action], window_ms: int, *, dry: bool = False
) -> tuple[str | None, str | None]:
    """The warning of an HTTP answer and its severity: O6's full wording, or one line within a burst."""
    said = receipt.said
    shown = receipt.actions or mine
    step = KINDS[shown[0].kind].step if shown else ""
    first = shown[0] if shown else None
    who = ((first.actor if first else None) or "", (first.agent if first else None) or "", step)
    if said.findings or said.present:
        if first is not None and first.actor and not dry and _begins_a_burst(receipt, step):
            bursts.first(who, receipt.now)
        return origin_warning(said, receipt.now, window_ms, shown), receipt.severity
    if dry or first is None or not first.actor:
        return None, receipt.severity
    # What was done underneath me is said once; only what I go on doing to others is a burst.
    left_out = [one.severity for one in said.echoes if not one.aftermath]
    if not left_out and not (step == "destroy" and receipt.advisory.present):
        return None, receipt.severity
    number = bursts.next(who, receipt.now) or (2 if left_out else None)
    if number is None:
        return None, receipt.severity
    gravest = _gravest([*left_out, PRESENT])
    return f"{HEAD} as above, {number} of this burst ({gravest}, another/unknown session).", gravest


def _begins_a_burst(receipt: Receipt, step: str) -> bool:
    """Repeating what was said of those merely present is worth a line only while something is being destroyed."""
    return bool(receipt.said.findings) or step == "destroy"


def _gravest(severities: Sequence[str]) -> str:
    found = severities[0]
    for one in severities[1:]:
        found = one if at_least(one, found) else found
    return found
