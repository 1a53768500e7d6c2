"""The user's own ledger beside an agent home's: what concerns the whole machine is recorded there too (design 3).

A port, a process or a global install knows no home: sessions of other homes and of plain repositories meet it in the
user's ledger. Best effort: what fails here is noted and costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sidelight.actions import Action, Draft, Session
from sidelight.advisory import PRESENT, at_least
from sidelight.ledger.receipts import CONCURRENT_MOST, Receipt
from sidelight.records import Protocol
from sidelight.targets import MACHINE_WIDE, scheme_of


class Recorder(Protocol):
    """What is needed of the other ledger."""

    def record(self, *drafts: Draft, key: str | None = None, me: Session | None = None) -> Receipt:
        """Record, and say what matters."""

    def hasty(self, ms: int) -> Recorder:
        """The same for a caller that must not wait."""

    def close(self) -> None:
        """Let go of it."""


class Beside:
    """The other ledger, opened when it is first needed."""

    def __init__(self, opened: Callable[[], Recorder]) -> None:
        self._opened = opened
        self._other: Recorder | None = None

    @property
    def other(self) -> Recorder:
        """The user's own ledger. Raises what opening it raises."""
        if self._other is None:
            self._other = self._opened()
        return self._other

    def noted(self, receipt: Receipt, who: Session | None, key: str | None) -> Receipt:
        """Record there what of these actions concerns the whole machine; the receipt, with what that met there."""
        drafts = machine_wide(receipt.actions)
        return joined(receipt, self.other.record(*drafts, key=key, me=who)) if drafts else receipt

    def hasty(self, ms: int) -> Beside:
        """The same for a caller that must not wait."""
        return Beside(lambda: self.other.hasty(ms))

    def close(self) -> None:
        """Let go of the other ledger, if it was opened."""
        if self._other is not None:
            self._other.close()
            self._other = None


def machine_wide(actions: Sequence[Action]) -> list[Draft]:
    """What of these actions touches something that all of the machine shares, as drafts for its ledger."""
    found = []
    for one in actions:
        touches = tuple(touch for touch in one.touches if scheme_of(touch.key) in MACHINE_WIDE)
        if touches:
            ttl = one.expires - one.ts if one.expires is not None else None
            found.append(
                Draft(
                    one.kind,
                    one.target,
                    one.value,
                    one.reason,
                    one.actor,
                    one.agent,
                    touches=touches,
                    summary=one.summary,
                    area=one.area,
                    ttl_ms=ttl,
                    host=one.host,
                    space=one.space,
                    quiet=not one.listed,
                )
            )
    return found


def joined(receipt: Receipt, other: Receipt) -> Receipt:
    """A receipt with what was met in the other ledger; who is merely present there is not."""
    if other.severity is None or other.severity == PRESENT:
        return receipt
    graver = tuple(one for one in other.concurrent if one.severity != PRESENT)
    first, second = (other, receipt) if at_least(other.severity, receipt.severity or PRESENT) else (receipt, other)
    return receipt._replace(
        concurrent=(*graver, *receipt.concurrent)[:CONCURRENT_MOST],
        severity=first.severity,
        warning=first.warning or second.warning,
        advisory=receipt.advisory._replace(
            findings=(*first.advisory.findings, *second.advisory.findings), severity=first.severity
        ),
        said=receipt.said._replace(findings=(*first.said.findings, *second.said.findings), severity=first.severity),
    )
