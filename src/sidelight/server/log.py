"""The server's log: a line for each request, on standard error, never a body and never a token.

Written by a thread of its own, because a terminal or a pipe that nobody reads must not hold up the server; what does
not fit into the queue is counted and dropped.
"""

from __future__ import annotations

import contextlib
import functools
import queue
import sys
import threading
import time
import traceback
from datetime import datetime
from typing import IO

from sidelight.redact import line, secrets_out

_WAITING_MOST = 10_000
_GATHER = 0.05  # seconds


@functools.lru_cache(2)
def _clock(second: int) -> str:
    return f"{datetime.fromtimestamp(second).astimezone():%H:%M:%S}"


class Log:
    """Lines that are written some time later, in order."""

    def __init__(self, out: IO[str] | None = None, *, requests: bool = True) -> None:
        self._requests = requests
        self._out = out or sys.stderr
        self._lines: queue.Queue[str | None] = queue.Queue(_WAITING_MOST)
        self._dropped = 0
        self._ended = threading.Event()
        self._writer = threading.Thread(target=self._write, name="sidelight-log", daemon=True)
        self._writer.start()

    def request(self, method: str, path: str, status: int, seconds: float) -> None:
        """A request that was answered."""
        if self._requests:
            self.say(f"{method} {path} {status} {seconds * 1000:.1f}ms")

    def failure(self, what: str, error: BaseException) -> None:
        """What nobody foresaw, with where it happened."""
        where = "".join(traceback.format_exception(error))
        for one in (f"{what} failed", *where.splitlines()):
            self.say(line(secrets_out(one), 400))

    def say(self, text: str) -> None:
        """A line."""
        try:
            self._lines.put_nowait(f"{_clock(int(time.time()))} {text}\n")
        except queue.Full:
            self._dropped += 1

    def close(self, seconds: float = 0.5) -> None:
        """Write what waits, for so long at most."""
        self._ended.set()
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(None)
        self._writer.join(seconds)

    def _write(self) -> None:
        while True:
            text = self._lines.get()
            if text is None:
                return
            self._ended.wait(_GATHER)  # a busy server writes many lines at once
            waiting: list[str | None] = [text]
            with contextlib.suppress(queue.Empty):
                while waiting[-1] is not None:
                    waiting.append(self._lines.get_nowait())
            lost, self._dropped = self._dropped, 0
            if lost:
                waiting.insert(0, f"… {lost} lines were dropped\n")
            with contextlib.suppress(OSError, ValueError):  # nobody reads it any more
                self._out.write("".join(one for one in waiting if one is not None))
                self._out.flush()
            if waiting[-1] is None:
                return
