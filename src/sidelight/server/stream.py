"""The record as it grows, as server-sent events: `seq` is the event's id, so a reader that comes back misses nothing.

One look at the store for all readers: a *bell* is rung by the routes of this server, and by the store where it can say
that others have written (PostgreSQL); elsewhere it looks four times a second, but only while somebody listens. Each
reader then reads on from where it is; nothing is queued for a slow one. A store that waits is asked in a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from sse_starlette import EventSourceResponse, ServerSentEvent

from sidelight import wire
from sidelight.stores import Store, StoreBusy, StoreError, StoreGone

if TYPE_CHECKING:
    from sidelight.actions import Action

T = TypeVar("T")

LOOK_EVERY = 0.25  # seconds
LISTENING_LOOK_EVERY = 5.0  # where the store says itself when it is worth looking
PING_EVERY = 15  # seconds
RETRY_MS = 1000
_PAGE = 200


class Bell:
    """Wakes those who wait for something new in the record."""

    def __init__(self, store: Store, threads: Executor) -> None:
        self._store = store
        self._threads = threads
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
            with contextlib.suppress(StoreBusy, StoreGone):
                if await self.asked(self._store.last_seq) > after:
                    return
            if self._looking is None or self._looking.done():
                self._looking = asyncio.get_running_loop().create_task(self._look())
            await woken.wait()
        finally:
            self._waiting.discard(woken)

    async def asked(self, call: Callable[..., T], *values: object) -> T:
        """What the store answers, without holding up the event loop."""
        if not self._store.waits:
            return call(*values)
        return await asyncio.get_running_loop().run_in_executor(self._threads, call, *values)

    async def _look(self) -> None:
        """See what others wrote, for as long as somebody waits."""
        heard, known = asyncio.Event(), -1
        end = await self._listen(heard)
        try:
            while self._waiting:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(heard.wait(), LOOK_EVERY if end is None else LISTENING_LOOK_EVERY)
                heard.clear()
                with contextlib.suppress(StoreError):  # busy or gone for a moment: the next look tells
                    newest = await self.asked(self._store.last_seq)
                    if newest != known:
                        known = newest
                        self.ring()
        finally:
            if end is not None:
                end()

    async def _listen(self, heard: asyncio.Event) -> Callable[[], None] | None:
        """Have the store say when somebody writes; None where it can't."""
        loop = asyncio.get_running_loop()

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended: nobody is left to hear it
                loop.call_soon_threadsafe(heard.set)

        with contextlib.suppress(StoreError):
            return await self.asked(self._store.listen, wake)
        return None


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
            page = await bell.asked(store.follow, after, _PAGE)
        except (StoreBusy, StoreGone):  # somebody writes just now, or it is away for a moment
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
