"""The record as it grows, as server-sent events: `seq` is the event's id, so a reader that comes back misses nothing.

One look at the store for all readers: a *bell* is rung by the routes of this server, and looks four times a second for
what other processes have written, but only while somebody listens. Each reader then reads on from where it is; nothing
is queued for a slow one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

import msgspec
from sse_starlette import EventSourceResponse, ServerSentEvent

from sidelight import wire
from sidelight.stores import Store, StoreBusy, StoreError

if TYPE_CHECKING:
    from sidelight.actions import Action

LOOK_EVERY = 0.25  # seconds
PING_EVERY = 15  # seconds
RETRY_MS = 1000
_PAGE = 200


class Bell:
    """Wakes those who wait for something new in the record."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: set[asyncio.Event] = set()
        self._looking: asyncio.Task[None] | None = None

    def ring(self) -> None:
        """Something was recorded here. Call it on the event loop."""
        for one in self._waiting:
            one.set()

    async def wait(self, after: int) -> None:
        """Until there is something behind `after`, or it is worth looking."""
        woken = asyncio.Event()
        self._waiting.add(woken)
        try:
            with contextlib.suppress(StoreBusy):
                if self._store.last_seq() > after:
                    return
            if self._looking is None or self._looking.done():
                self._looking = asyncio.get_running_loop().create_task(self._look())
            await woken.wait()
        finally:
            self._waiting.discard(woken)

    async def _look(self) -> None:
        """See what others wrote, for as long as somebody waits."""
        known = self._store.last_seq()
        while self._waiting:
            await asyncio.sleep(LOOK_EVERY)
            try:
                newest = self._store.last_seq()
            except StoreError:  # busy or gone for a moment: the next look tells
                continue
            if newest != known:
                known = newest
                self.ring()


def follow(bell: Bell, store: Store, after: int, wanted: Callable[[Action], bool]) -> EventSourceResponse:
    """The actions behind `after`, and then each as it is recorded."""
    return EventSourceResponse(
        _events(bell, store, after, wanted),
        ping=PING_EVERY,
        ping_message_factory=lambda: ServerSentEvent(comment="still here"),
        sep="\n",
    )


async def _events(
    bell: Bell, store: Store, after: int, wanted: Callable[[Action], bool]
) -> AsyncIterator[ServerSentEvent]:
    yield ServerSentEvent(comment="the record of this home, as it grows", retry=RETRY_MS, sep="\n")
    while True:
        try:
            page = store.follow(after, _PAGE)
        except StoreBusy:  # somebody writes just now
            await asyncio.sleep(LOOK_EVERY)
            continue
        for action in page:
            after = action.seq
            if wanted(action):
                yield _event(wire.action(action), action.seq)
        if not page:
            await bell.wait(after)


def _event(body: dict[str, Any], seq: int) -> ServerSentEvent:
    return ServerSentEvent(msgspec.json.encode(body).decode(), id=str(seq), event="action", sep="\n")
