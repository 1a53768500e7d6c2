"""The books: what every session did and was told, and what must be true of them at the end."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from sidelight.actions import Action

#: Faults under which a call may have gone unrecorded without its caller being told: there is nowhere to write it.
UNWRITABLE = ("disk full", "ledger held")


class Act(NamedTuple):
    """One thing a session did: `mark` is in it and nowhere else. `acknowledged`: its caller was told it is recorded;
    `sure`: even while nothing could be written. (A hook says nothing, so its caller can't know.)
    """

    mark: str
    began: float
    ended: float
    acknowledged: bool
    sure: bool


class Heard(NamedTuple):
    """What a session was told, and from when to when the call took that told it."""

    text: str
    began: float
    ended: float


class Due(NamedTuple):
    """A session that is due a notice about a mark, because both sides' actions were recorded."""

    session: str
    mark: str


class Books:
    """Written by all players at once."""

    def __init__(self) -> None:
        self._alone = threading.Lock()
        self.acts: list[Act] = []
        self.heard: dict[str, list[Heard]] = {}
        self.meetings: list[tuple[Due, Act, Act]] = []
        self.faults: list[tuple[str, float, float]] = []
        self.faulty: list[str] = []

    def act(self, mark: str, began: float, *, acknowledged: bool, sure: bool = True) -> Act:
        """A session did something, just now."""
        done = Act(mark, began, time.monotonic(), acknowledged, sure)
        with self._alone:
            self.acts.append(done)
        return done

    def hears(self, session: str, text: str, began: float) -> None:
        """A session was told something by a call that began then."""
        if text:
            with self._alone:
                self.heard.setdefault(session, []).append(Heard(text, began, time.monotonic()))

    def met(self, session: str, mark: str, first: Act, second: Act) -> None:
        """`second` touched what `first` had done, so the first session is due a notice."""
        with self._alone:
            self.meetings.append((Due(session, mark), first, second))

    def fault(self, name: str, began: float) -> None:
        """Something went wrong from then until now."""
        with self._alone:
            self.faults.append((name, began, time.monotonic()))

    def wrong(self, what: str) -> None:
        """Something that must never happen."""
        with self._alone:
            self.faulty.append(what)

    # ── at the end ──

    def unwritable(self, act: Act | Heard) -> bool:
        """Was there a moment of it at which nothing could be written?"""
        return any(name in UNWRITABLE and began < act.ended and act.began < ended for name, began, ended in self.faults)

    def _meanwhile(self, first: Act, second: Act) -> str:
        """What went wrong from the first act until a little after the second."""
        names = [name for name, began, ended in self.faults if began < second.ended + 2 and first.began < ended]
        return f" ({', '.join(names)})" if names else ""

    def imbalance(self, ledger: Sequence[Action]) -> list[str]:
        """What does not balance, a sentence each; [] when all is well."""
        found = Counter(mark for one in ledger for mark in _marks(one))
        order = {mark: one.seq for one in ledger for mark in _marks(one)}
        wrong = list(self.faulty)
        for act in self.acts:
            n = found[act.mark]
            if n > 1:
                wrong.append(f"{act.mark} is there {n} times")
            if n == 0 and act.acknowledged and (act.sure or not self.unwritable(act)):
                wrong.append(f"{act.mark} was acknowledged and is not there{self._meanwhile(act, act)}")
        for due, first, second in self.meetings:
            if found[first.mark] != 1 or found[second.mark] != 1 or order[first.mark] > order[second.mark]:
                continue  # one of them did not happen as far as the ledger knows, or was delivered late
            told = [one for one in self.heard.get(due.session, ()) if _tells(one.text, due.mark)]
            # While nothing can be written, nobody can note that it was told.
            if not told or sum(not self.unwritable(one) for one in told) > 2:
                wrong.append(f"{due.session} was told {len(told)} times of {due.mark}{self._meanwhile(first, second)}")
        ids = Counter(one.id for one in ledger)
        wrong += [f"the id {name} is there {n} times" for name, n in ids.items() if n > 1]
        seqs = [one.seq for one in ledger]
        if seqs != sorted(set(seqs)):
            wrong.append("the sequence is out of order")
        return wrong


def _tells(text: str, mark: str) -> bool:
    """Is there a notice about it?"""
    return any(mark in line and "notice" in line for line in text.splitlines())


def _marks(action: Action) -> list[str]:
    """The marks in an action: in its text, or its path with who did it."""
    text = f"{action.reason or ''} {' '.join(action.targets)}"
    marks = {word.removesuffix(".py") for part in text.replace("/", " ").split() for word in [part] if "mark-" in word}
    return [f"{mark} by {action.actor}" for mark in marks]
