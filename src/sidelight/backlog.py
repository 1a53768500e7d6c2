"""What waits to be delivered: how much and since when, for people; and sending it, for who has the time.

A caller that reaches its store sends what waits as it goes (`stores.guarded`). Where nobody calls, the user's server
and the server of a home do, once a minute; `sidelight doctor` shows what waits and `doctor --repair` sends it.

Source: design 7.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sidelight.stores import MACHINE_CLOCK, Store
from sidelight.stores.breaker import Breaker
from sidelight.stores.guarded import Delivery, Guarded
from sidelight.stores.spool import Spool

SENDING_MS = 30_000


class Waiting(NamedTuple):
    """One store's spool: how many requests wait, the oldest one's age (ms), how many were set aside because no store
    took them, and why the store was last left alone ("" if it answers).
    """

    directory: str
    waiting: int
    oldest_ms: int
    aside: int
    why: str


def waiting(home: str) -> list[Waiting]:
    """The spools of a home in which there is anything."""
    found = []
    for directory in _spools(home):
        many = Spool(directory).backlog()
        if many.waiting or many.aside:
            why = Breaker(directory, MACHINE_CLOCK).state().why
            found.append(Waiting(directory, many.waiting, many.oldest_ms, many.aside, why))
    return found


def _spools(home: str) -> Iterator[str]:
    try:
        names = sorted(os.listdir(os.path.join(home, "spool")))
    except OSError:
        return
    yield from (os.path.join(home, "spool", name) for name in names)


def deliver(stores: Iterable[Store], ms: int = SENDING_MS) -> Delivery:
    """Send what waits for each of these stores, patiently, for so long each. What can't be sent still waits."""
    total = Delivery()
    for store in stores:
        if isinstance(store, Guarded) and not store.spool.empty():
            one = store.deliver(ms, patient=True)
            total = Delivery(
                total.sent + one.sent, total.aside + one.aside, total.left + one.left, one.stopped or total.stopped
            )
    return total
