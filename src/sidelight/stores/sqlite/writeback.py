"""Writing the log of changes back into the file, beside those who write, so that hardly a commit has to do it.

A commit that finds the log too long writes it back itself, which takes it a thousand times as long as any other: that
is the slowest one in a hundred. A passive checkpoint waits for nobody and holds nobody up; where it falls behind, the
limit still holds (design 9).
"""

from __future__ import annotations

import threading
from contextlib import suppress

from sidelight.stores import StoreError
from sidelight.stores.sqlite.file import File

EVERY = 128  # commits, of about ten pages each; a commit does it itself after `CHECKPOINT_PAGES`


class Writeback:
    """A thread that writes back now and then, for as long as somebody commits. Safe to use from any thread."""

    def __init__(self, path: str) -> None:
        self._file = File(path, busy_ms=1000, begin="", on_close=lambda: None)
        self._commits = 0
        self._due = threading.Event()
        self._ended = False
        self._thread: threading.Thread | None = None

    def committed(self) -> None:
        """Something was committed."""
        self._commits += 1
        if self._commits >= EVERY:
            self._commits = 0
            if self._thread is None or not self._thread.is_alive():  # the first time, or after a fork
                self._thread = threading.Thread(target=self._run, name="sidelight-writeback", daemon=True)
                self._thread.start()
            self._due.set()

    def close(self) -> None:
        """End the thread."""
        self._ended = True
        self._due.set()
        if self._thread is not None:
            self._thread.join(5)
        self._file.close()

    def _run(self) -> None:
        while not self._ended:
            self._due.wait()
            self._due.clear()
            with suppress(StoreError):  # whoever writes next is told what is wrong
                self._file.write_back()
