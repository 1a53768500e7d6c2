"""How far a command is that takes longer than a second: a bar for people, gone when it is done."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress

    from sidelight.cli.terminal import Terminal

_PATIENCE = 1.0  # seconds


class Bar:
    """A bar on a terminal once it has taken a second. `says` is what is being done."""

    def __init__(self, says: str, out: IO[str], *, shown: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._says, self._out, self._shown, self._clock = says, out, shown, clock
        self._began = clock()
        self._progress: Progress | None = None

    @classmethod
    def on(cls, terminal: Terminal, says: str) -> Self:
        """On standard error, if that is a terminal and nobody asked for JSON."""
        return cls(says, sys.stderr, shown=sys.stderr.isatty() and not terminal.as_json)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def show(self, done: int, of: int) -> None:
        """So far along, of so much."""
        if not self._shown or self._clock() - self._began < _PATIENCE:
            return
        if self._progress is None:
            from rich.console import Console
            from rich.progress import Progress

            self._progress = Progress(console=Console(file=self._out), transient=True)
            self._progress.add_task(self._says, total=of)
            self._progress.start()
        self._progress.update(self._progress.task_ids[0], completed=done, total=of)
