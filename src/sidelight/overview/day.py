"""Where sessions met in the last 24 hours: judged once, and kept; and where a moment lies in the record."""

from __future__ import annotations

from collections.abc import Collection

from sidelight.overview.meetings import Meeting, judged
from sidelight.stores import Store

DAY_MS = 86_400_000
MEETINGS_MOST = 5_000
_PAGE = 1_000
_FIRST_STEP = 250


class Day:
    """The meetings of one store's last 24 hours. Not to be shared between threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: list[Meeting] = []
        self._until: int | None = None

    def read(self, now: int) -> list[Meeting]:
        """All of them, oldest first, the newest 5,000 at most; what is new is judged, the rest is kept."""
        oldest = now - DAY_MS
        if self._until is None:
            self._begin(oldest)
        else:
            self._go_on(self._until)
        self._kept = [one for one in self._kept if one.later.ts >= oldest][-MEETINGS_MOST:]
        return self._kept

    def forget(self, seqs: Collection[int]) -> None:
        """Keep none in which one of these actions takes part."""
        self._kept = [one for one in self._kept if one.later.seq not in seqs and one.earlier.seq not in seqs]

    def _begin(self, oldest: int) -> None:
        """From the newest backwards, for of a crowd's day only the newest are kept, and judging takes its time."""
        newest, first = self._store.last_seq(), seq_at(self._store, oldest)
        low, step = newest + 1, _FIRST_STEP
        found: list[Meeting] = []
        while low > first and len(found) < MEETINGS_MOST:
            high, low = low, max(first, low - step)
            found[:0] = self._between(low, high)
            step *= 2
        self._kept, self._until = found, newest

    def _between(self, low: int, high: int) -> list[Meeting]:
        found: list[Meeting] = []
        after = low - 1
        while after < high - 1 and (page := self._store.met(after, limit=_PAGE)):
            found += [met for notice in page if notice.seq < high for met in judged(notice)]
            after = page[-1].seq
        return found

    def _go_on(self, after: int) -> None:
        while page := self._store.met(after, limit=_PAGE):
            for notice in page:
                self._kept += judged(notice)
            after = self._until = page[-1].seq


def seq_at(store: Store, ts: int) -> int:
    """The place of the first action that is not older than `ts`; one behind the newest if there is none.

    The ledger's time never runs backwards along the record (but for what was delivered late), so it is found by
    halving, whatever engine keeps it.
    """
    low, high = 0, store.last_seq()
    while low < high:
        middle = (low + high) // 2
        page = store.follow(middle, 1)
        if page and page[0].ts < ts:
            low = page[0].seq
        else:
            high = middle
    page = store.follow(low, 1)
    return page[0].seq if page else low + 1
