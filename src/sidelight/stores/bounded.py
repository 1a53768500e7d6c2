"""Calls that may hang, made in threads of their own, so that whoever asks goes on after its patience.

A name that does not resolve, a connection that nobody answers and a link that was cut in the middle of an answer each
hang in a place of their own, and no time-out covers them all. A thread does: who gave up leaves it behind, and it ends
when the system gives up too. An idle thread is used again; handing a call over costs some ten microseconds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

from sidelight.records import Any, TypeVar
from sidelight.stores import StoreGone

T = TypeVar("T")
IDLE_MOST = 16


class Bounded:
    """Threads for calls. Safe to share between threads."""

    def __init__(self) -> None:
        self._idle: list[_Worker] = []
        self._closed = False

    def run(self, call: Callable[[], T], ms: int) -> T:
        """What the call returns or raises; `StoreGone` if it takes longer than this."""
        job = _Job(call)
        try:
            worker = self._idle.pop()
        except IndexError:
            worker = _Worker(self._rest)
            worker.start()
        worker.jobs.put(job)
        if not job.done.acquire(timeout=ms / 1000):
            raise StoreGone(f"it did not answer within {ms} ms")
        if job.error is not None:
            raise job.error
        result: T = job.result
        return result

    def close(self) -> None:
        """Let the threads end; those that hang end when their call does."""
        self._closed = True
        while self._idle:
            self._idle.pop().jobs.put(None)

    def _rest(self, worker: _Worker) -> bool:
        """Should it wait for another call?"""
        if self._closed or len(self._idle) >= IDLE_MOST:
            return False
        self._idle.append(worker)
        return True


class _Job:
    __slots__ = ("call", "done", "error", "result")

    def __init__(self, call: Callable[[], Any]) -> None:
        self.call = call
        self.done = threading.Lock()
        self.done.acquire()
        self.result: Any = None
        self.error: BaseException | None = None


class _Worker(threading.Thread):
    def __init__(self, rest: Callable[[_Worker], bool]) -> None:
        super().__init__(name="sidelight-store", daemon=True)
        self.jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._rest = rest

    def run(self) -> None:
        while (job := self.jobs.get()) is not None:
            try:
                job.result = job.call()
            except BaseException as error:  # noqa: BLE001 - it is raised where the call was asked for
                job.error = error
            more = self._rest(self)  # before the answer: whoever asks again at once finds it idle
            job.done.release()
            if not more:
                return
