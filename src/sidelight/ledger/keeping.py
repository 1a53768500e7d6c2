"""What keeps a home in order beside the record: audit lines that a dead process did not write, and pruning."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence

from sidelight import audit
from sidelight.config import Config
from sidelight.ledger.receipts import audit_line
from sidelight.records import Any
from sidelight.stores import Store, StoreError

PRUNE_EVERY = 200  # actions
LOOK_EVERY = 60.0  # seconds
SETTLED_MS = 5_000  # who committed longer ago and has not written its audit line does so no more
MADE_UP_MOST = 10_000  # lines, for a home whose logs were deleted
_BATCH = 500


def on_opening(store: Store, home: str) -> None:
    """Make up the audit if nobody has looked for a minute; else it costs one look at a small file. Never raises: a home
    that cannot be written is said by whatever is then recorded.
    """
    with contextlib.suppress(StoreError):
        seen = audit.complete(home)
        if seen is None or seen.age >= LOOK_EVERY:
            make_up_audit(store, home)


def make_up_audit(store: Store, home: str) -> str | None:
    """Write the audit lines that are missing (design 4). None, or a sentence that says why it could not be done.

    What was committed within the last seconds is left out, for its process is about to write. Raises `StoreError`.
    """
    newest = _settled(store)
    seen = audit.complete(home)
    known = seen.seq if seen is not None and seen.seq <= newest else 0
    since = max(known, newest - MADE_UP_MOST)
    failure = audit.catch_up(home, newest, lambda gaps: _lines(store, gaps), since)
    if failure is None:
        try:
            audit.note_complete(home, newest)
        except OSError as error:
            return f"{error.filename}: {error.strerror}."
    return failure


def _settled(store: Store) -> int:
    """An action that was committed a while ago, about the newest such; 0 if there is none."""
    before = store.now() - SETTLED_MS
    newest = store.last_seq()
    back = 0
    while back < newest:
        page = store.follow(newest - 1 - back, 1)
        if page and page[0].ts <= before:
            return page[0].seq
        back = 2 * back + 1
    return 0


def _lines(store: Store, seqs: Sequence[int]) -> Iterator[Mapping[str, Any]]:
    """The lines of these actions, as far as they are in the record; what mattered to them is not known any more."""
    wanted = set(seqs)
    after, last = min(seqs) - 1, max(seqs)
    while after < last and (page := store.follow(after, _BATCH)):
        yield from (audit_line(one, None) for one in page if one.seq in wanted)
        after = page[-1].seq


def prune(store: Store, settings: Config) -> None:
    """Delete what is beyond the history. Raises `StoreError`."""
    store.prune(older_than_ms=settings.history_ms, max_bytes=settings.max_bytes)
