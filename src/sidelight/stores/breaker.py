"""Whether it is worth asking a store that may be gone: kept between processes, so that not each finds out by waiting.

A store that did not answer is left alone for a while, ever longer from a quarter of a second to half a minute. When
that is over one caller tries; the others still do without. An answer ends it. The file also remembers whether the store
was ever reached and how long a first call usually takes, for that is how long it may take.

Times are of the clock of this boot: what another boot wrote about a pause is over.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sidelight.records import NamedTuple
from sidelight.space import replace_file
from sidelight.stores import Clock
from sidelight.stores.spool import only_one

ADDED_MS = 150  # what a store that is gone may cost a call
FIRST_MS = 3_000  # what the first contact with a store that was never reached may take
USUAL_MOST = 1_000
PAUSE_LEAST, PAUSE_MOST = 250, 30_000


class State(NamedTuple):
    """What is known: failures in a row, since when and how long to leave it alone, and how it usually answers (ms)."""

    failed: int = 0
    boot: str = ""
    since: int = 0
    pause: int = 0
    reached: bool = False
    usual: int = 0
    why: str = ""

    def patience(self) -> int:
        """How long to wait for an answer: as long as usual and a little, or for the first contact there ever was."""
        if not self.reached and not self.failed:
            return FIRST_MS
        return ADDED_MS + min(self.usual, USUAL_MOST)

    def pauses(self, clock: Clock) -> bool:
        """Is it to be left alone now?"""
        if not self.failed or self.boot != clock.boot():
            return False
        return 0 <= clock.ticks() - self.since < self.pause


def after_failure(state: State, clock: Clock, why: str) -> State:
    """It did not answer."""
    failed = state.failed + 1
    pause = min(PAUSE_MOST, PAUSE_LEAST << min(failed - 1, 16))
    return state._replace(failed=failed, boot=clock.boot(), since=clock.ticks(), pause=pause, why=why)


def after_answer(state: State, first_ms: int | None) -> State:
    """It answered; `first_ms`: the first call of this process, its connection included, took so long."""
    usual = state.usual
    if first_ms is not None:
        usual = (3 * usual + first_ms) // 4 if state.reached else first_ms
        if abs(usual - state.usual) < max(20, state.usual // 4):
            usual = state.usual  # not worth a file
    return State(reached=True, usual=usual)


class Breaker:
    """The state for one store, shared by all processes of a home."""

    def __init__(self, directory: str, clock: Clock) -> None:
        self._file = os.path.join(directory, "breaker.json")
        self._trial = os.path.join(directory, "trying")
        self._clock = clock
        self._stamp: tuple[int, int] | None = None
        self._state = State()

    def state(self) -> State:
        """What is known now."""
        try:
            about = os.stat(self._file)
            stamp = (about.st_mtime_ns, about.st_ino)
        except OSError:
            stamp = None
        if stamp != self._stamp:
            self._stamp, self._state = stamp, self._read() if stamp is not None else State()
        return self._state

    def left_alone(self) -> bool:
        """Is nobody but a patient one to ask now?"""
        return self.state().pauses(self._clock)

    @contextmanager
    def trying(self, *, patient: bool = False) -> Iterator[State | None]:
        """The state if it may be asked now; None if it is to be left alone, or somebody else is trying.

        `patient` callers (a delivery, `doctor`) ask even while it is left alone.
        """
        state = self.state()
        if not state.failed or patient:
            yield state
        elif state.pauses(self._clock):
            yield None
        else:
            with only_one(self._trial) as mine:
                yield state if mine else None

    def failed(self, why: str) -> None:
        """Note that it did not answer."""
        self._write(after_failure(self.state(), self._clock, why))

    def answered(self, first_ms: int | None = None) -> None:
        """Note that it answered; written only if that is news."""
        before = self.state()
        after = after_answer(before, first_ms)
        if after != before:
            self._write(after)

    def _read(self) -> State:
        try:
            with open(self._file, encoding="utf-8") as file:
                said = json.loads(file.read(10_000))
            return State(**{name: type(default)(said[name]) for name, default in State()._asdict().items()})
        except (OSError, ValueError, KeyError, TypeError):  # being written, or by another version: nothing is known
            return State()

    def _write(self, state: State) -> None:
        self._state = state
        with suppress(OSError):  # then the next process finds out by itself
            os.makedirs(os.path.dirname(self._file), 0o700, exist_ok=True)
            replace_file(self._file, json.dumps(state._asdict()).encode())
