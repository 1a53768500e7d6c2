"""Answers of `GET /coordination/recent`, kept while they are true: nothing was written, and no time ran out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from sidelight import wire
from sidelight.actions import Action
from sidelight.config import Config
from sidelight.ledger import Ledger
from sidelight.server.encoding import encoded
from sidelight.stores import stamp_of

_MOST = 64
_HOLDS_MS = 1000  # processes come and go without a word: what became of an intent is looked at anew so often


class Asked(NamedTuple):
    """What is asked for: how many, how far back, footprints too."""

    limit: int | None
    window_ms: int | None
    quiet: bool


class _Kept(NamedTuple):
    stamp: object
    settings: Config
    until: float  # by the monotonic clock
    body: bytes


class Recently:
    """The answers that were given last. Losing them costs making them again."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, Asked], _Kept] = {}

    def answer(self, ledger: Ledger, asked: Asked) -> bytes:
        """The body of the answer. Raises what looking raises."""
        stamp, settings, key = stamp_of(ledger.store), ledger.config, (ledger.space, asked)
        kept = self._kept.get(key)
        if (
            kept is not None
            and stamp is not None
            and kept.stamp == stamp
            and kept.settings is settings
            and time.monotonic() < kept.until
        ):
            return kept.body
        actions = ledger.recent(limit=asked.limit, window_ms=asked.window_ms, quiet=asked.quiet)
        body = encoded(wire.recent(actions, ledger.states(actions), enabled=settings.enabled))
        if len(self._kept) >= _MOST:
            self._kept.clear()
        left = _left(actions, min(settings.retention_ms, asked.window_ms or settings.retention_ms), ledger.store.now())
        self._kept[key] = _Kept(stamp, settings, time.monotonic() + left / 1000, body)
        return body


def _left(actions: Sequence[Action], reach_ms: int, now: int) -> int:
    """For how many ms an answer stays true if nothing is written: until one of it expires, or is too long ago."""
    ends = [one.ts + reach_ms for one in actions[-1:]]
    ends += [one.expires for one in actions if one.expires is not None and one.expires > now]
    return max(0, min([_HOLDS_MS, *(end - now for end in ends)]))
