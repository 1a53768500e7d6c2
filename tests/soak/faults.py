"""What goes wrong: each a function that does it for a while and mends it again."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import threading
import time
from collections.abc import Callable

from sidelight.server import user_server
from tests.soak.books import Books
from tests.soak.stage import FAKETIME, Stage

Fault = Callable[[Stage, Books, random.Random, threading.Event], None]


def server_killed(stage: Stage, books: Books, roll: random.Random, over: threading.Event) -> None:
    """The server of the HTTP sessions dies, or is restarted."""
    stage.end_server(roll.choice((signal.SIGKILL, signal.SIGTERM)))
    over.wait(roll.random())
    stage.serve()


def users_server_killed(stage: Stage, books: Books, roll: random.Random, over: threading.Event) -> None:
    """The user's own server dies; the next hook starts another."""
    running = user_server.status(stage.env)
    if running is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(running.pid, signal.SIGKILL)


def users_server_stopped(stage: Stage, books: Books, roll: random.Random, over: threading.Event) -> None:
    """The user's own server stands still for a while."""
    running = user_server.status(stage.env)
    if running is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(running.pid, signal.SIGSTOP)
            over.wait(1 + roll.random())
            os.kill(running.pid, signal.SIGCONT)


def ledger_held(stage: Stage, books: Books, roll: random.Random, over: threading.Event) -> None:
    """Somebody else holds the ledger's file."""
    began = time.monotonic()
    with contextlib.suppress(sqlite3.Error):
        holder = sqlite3.connect(stage.state / "ledger.db", isolation_level=None, timeout=5)
        try:
            holder.execute("BEGIN IMMEDIATE")
            over.wait(0.2 + 2 * roll.random())
            holder.execute("ROLLBACK")
        finally:
            holder.close()
    books.fault("ledger held", began)


def disk_full(stage: Stage, books: Books, roll: random.Random, over: threading.Event) -> None:
    """Nothing more can be written."""
    if not stage.own_disk:
        return
    began = time.monotonic()
    ballast = stage.root / "ballast"
    try:
        with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1024 * 1024) if _room(stage) > 2 * 1024 * 1024 else bytes(512))
        over.wait(1 + roll.random())
    finally:
        ballast.unlink(missing_ok=True)
        books.fault("disk full", began)


def _room(stage: Stage) -> int:
    found = os.statvfs(stage.root)
    return found.f_bavail * found.f_frsize


def clock_turned(stage: Stage, books: Books, roll: random.Random, over: threading.Event) -> None:
    """The clock of what is started meanwhile is hours off."""
    if FAKETIME is None:
        return
    # Turning a machine's clock leaves its time since boot alone, so that is not faked.
    stage.clock = {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME": roll.choice(("-2h", "+2h", "+1d")),
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }
    over.wait(1 + roll.random())
    stage.clock = {}


#: Every fault; each is as likely as the next.
FAULTS: tuple[Fault, ...] = (
    server_killed,
    users_server_killed,
    users_server_stopped,
    ledger_held,
    disk_full,
    clock_turned,
)
