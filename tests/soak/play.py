"""One play, from the first step to the balance."""

from __future__ import annotations

import contextlib
import os
import random
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import NamedTuple

from sidelight.actions import Action
from sidelight.ledger import Ledger
from sidelight.stores import StoreError
from tests.soak.books import UNWRITABLE, Books
from tests.soak.faults import FAULTS
from tests.soak.players import Calling, Hooked, Modelled, Pair, Player
from tests.soak.stage import FAKETIME, Stage, staged

PAUSE_SECONDS = 0.3  # a session thinks for about so long between two steps
SERVER_MIB = 200
STATE_MIB = 80
FILES_MOST = 400


class Report(NamedTuple):
    """How a play ended: what does not balance, and figures."""

    wrong: list[str]
    figures: dict[str, int]


def play(seconds: float, sessions: int, *, seed: int = 1, say: Callable[[str], None] = print) -> Report:
    """Play for so many seconds with so many sessions, then see whether the books balance."""
    books = Books()
    with staged() as stage:
        cast = _cast(sessions, stage, books, seed)
        over = threading.Event()
        threads = [threading.Thread(target=_plays, args=(one, over, books)) for one in cast]
        threads.append(threading.Thread(target=_goes_wrong, args=(stage, books, over, random.Random(seed))))
        follower = Follower(stage)
        threads.append(threading.Thread(target=follower.follows, args=(over,)))
        for thread in threads:
            thread.start()
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            over.wait(min(30, left))
            say(f"{max(0, round(ends - time.monotonic()))} s left, {len(books.acts)} acts, {len(books.faults)} faults")
        over.set()
        for thread in threads:
            thread.join()
        for one in cast:
            one.rest()
            one.close()
        with contextlib.closing(Ledger.open(str(stage.state))) as ledger:
            follower.catches_up(ledger)
        figures = _figures(stage, books, follower.found)
        return Report(books.imbalance(follower.found) + _beyond_bounds(figures), figures)


def _cast(sessions: int, stage: Stage, books: Books, seed: int) -> list[Player]:
    kinds: tuple[type[Player], ...] = (Hooked, Calling, Pair, Hooked, Modelled, Calling)
    made: list[Player] = []
    while sum(2 if isinstance(one, Pair) else 1 for one in made) < sessions:
        number = len(made)
        kind = kinds[number % len(kinds)]
        made.append(kind(f"{kind.__name__.lower()}{number:02}", stage, books, seed * 1000 + number))
    return made


def _plays(player: Player, over: threading.Event, books: Books) -> None:
    while not over.wait(PAUSE_SECONDS * 2 * player.roll.random()):
        try:
            player.play()
        except Exception:  # noqa: BLE001 - it goes into the books, and the play goes on
            books.wrong(f"{player.name}: {traceback.format_exc(limit=3)}")


def _goes_wrong(stage: Stage, books: Books, over: threading.Event, roll: random.Random) -> None:
    faults: list[int] = []
    while not over.wait(1 + 2 * roll.random()):
        if not faults:
            faults = roll.sample(range(len(FAULTS)), len(FAULTS))
        fault = FAULTS[faults.pop()]
        began = time.monotonic()
        try:
            fault(stage, books, roll, over)
        except Exception:  # noqa: BLE001 - as above
            books.wrong(f"{fault.__name__}: {traceback.format_exc(limit=3)}")
        books.fault(fault.__name__, began)


class Follower:
    """Reads the ledger as it grows, by its numbers: what is skipped, because a number appeared out of order, or because
    more went than the bound asks for, is missing in the books.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.found: list[Action] = []

    def follows(self, over: threading.Event) -> None:
        """Until it is over."""
        while not over.wait(1):
            with contextlib.suppress(StoreError), contextlib.closing(Ledger.open(str(self._stage.state))) as ledger:
                self.catches_up(ledger)

    def catches_up(self, ledger: Ledger) -> None:
        """Read what is new."""
        while more := ledger.store.follow(self.found[-1].seq if self.found else 0):
            self.found += more


def _figures(stage: Stage, books: Books, ledger: list[Action]) -> dict[str, int]:
    files = [file for file in stage.state.rglob("*") if file.is_file()]
    resident = [_resident_mib(pid) for pid in stage.pids()]
    return {
        "acts": len(books.acts),
        "acknowledged": sum(one.acknowledged for one in books.acts),
        "recorded": len(ledger),
        "meetings": len(books.meetings),
        "faults": sum(name not in UNWRITABLE for name, _, _ in books.faults),
        "largest server MiB": max(resident, default=0),
        "state MiB": sum(file.stat().st_size for file in files) // 1024 // 1024,
        "state files": len(files),
        "kept for later": sum(file.parent.name == "waiting" for file in files),
        "set aside": sum(file.parent.name == "aside" for file in files),
        "disk of its own": int(stage.own_disk),
        "clocks turned": int(FAKETIME is not None),
    }


def _resident_mib(pid: int) -> int:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next((int(line.split()[1]) // 1024 for line in file if line.startswith("VmRSS")), 0)
    return 0


def _beyond_bounds(figures: dict[str, int]) -> list[str]:
    bounds = {"largest server MiB": SERVER_MIB, "state MiB": STATE_MIB, "state files": FILES_MOST}
    return [f"{name}: {figures[name]}, at most {most}" for name, most in bounds.items() if figures[name] > most]


def alone(arguments: list[str]) -> None:
    """Run this program again in a mount namespace of its own, where a small disk can be mounted and filled."""
    if os.environ.get("SIDELIGHT_SOAK_ALONE") is None and os.geteuid() == 0:
        os.environ["SIDELIGHT_SOAK_ALONE"] = "1"
        with contextlib.suppress(OSError):
            os.execvp(
                "unshare",
                ["unshare", "--mount", "--propagation", "private", sys.executable, "-m", "tests.soak", *arguments],
            )
        del os.environ["SIDELIGHT_SOAK_ALONE"]
