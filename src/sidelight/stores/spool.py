"""What could not be written, kept privately until the store is back: one small file for each request.

A request that no store took is put down as a *parcel*: whole or not at all (it is written beside, then renamed), for
nobody else to read, without waiting for the disk. Any number of processes put parcels down; one at a time takes them
up, in the order in which they were put down, and sends each with its idempotency key: so a parcel that was sent by a
process which died before it could remove it is no second action. A parcel that cannot be read (a torn one), or that no
store will take, is set aside and stops nobody.

Parcels say when they were put down by the clock of the boot they were put down in, so that setting the wall clock
changes nothing; across a restart of the machine the wall clock must do.

Source: design 7.
"""

from __future__ import annotations

import json
import os
from binascii import crc32
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import takewhile

from sidelight.records import Any, NamedTuple
from sidelight.stores import MACHINE_CLOCK, Clock, StoreError

PARCELS_MOST = 5_000
BYTES_MOST = 64 * 1024 * 1024
PARCEL_MOST = 512 * 1024
ASIDE_MOST = 100  # parcels that no store took are kept for a look, so many of them
VERSION = 1
TRIED = "~"  # in a parcel's name, before how often the store was lost while it was sent
_WAITING, _ASIDE = "waiting", "aside"
_WHICH = frozenset(
    {"ledger", "host", "hostaddr", "port", "dbname", "service"}
)  # of a URL's query: which store it names


class SpoolFull(StoreError):
    """The spool is full: what happens now is not kept. `sidelight doctor` says why nothing is delivered."""


class Parcel(NamedTuple):
    """A request that waits: what it asks of the store (`op`), with what, and when it was put down."""

    op: str
    body: Mapping[str, Any]
    key: str | None
    boot: str
    ticks: int
    wall: int

    def ago_ms(self, clock: Clock) -> int:
        """How long ago it was put down."""
        if self.boot == clock.boot():
            return max(0, clock.ticks() - self.ticks)
        return max(0, clock.wall() - self.wall)


class Backlog(NamedTuple):
    """How many parcels wait, since when (the oldest one's age, ms; 0 if none), and how many were set aside."""

    waiting: int
    oldest_ms: int
    aside: int


class Spool:
    """The parcels for one store, in a directory of their own: there when there are any, and gone when they are."""

    def __init__(self, directory: str, clock: Clock = MACHINE_CLOCK) -> None:
        self.directory = directory
        self._clock = clock
        self._waiting = os.path.join(directory, _WAITING)
        self._aside = os.path.join(directory, _ASIDE)
        self._last = 0

    # ── putting down ──

    def put(self, op: str, body: Mapping[str, Any], key: str | None) -> None:
        """Put a request down. Raises `SpoolFull`, or `OSError` where that can't be done."""
        clock = self._clock
        ticks = clock.ticks()
        parcel = {
            "version": VERSION,
            "op": op,
            "body": body,
            "key": key,
            "boot": clock.boot(),
            "ticks": ticks,
            "wall": clock.wall(),
        }
        data = json.dumps(parcel, separators=(",", ":")).encode()
        if len(data) > PARCEL_MOST:
            raise SpoolFull(f"the request is too large to be kept: {len(data):,} bytes")
        self._check_room(len(data))
        self._place(self._name(ticks, len(data)), data)

    def _name(self, ticks: int, size: int) -> str:
        """A name by which parcels of one boot sort in the order in which they were put down. It ends with the size."""
        self._last = max(self._last + 1, ticks * 1000)
        return f"{_boot_mark(self._clock.boot())}-{self._last:018d}-{os.getpid()}-{os.urandom(3).hex()}-{size}"

    def _check_room(self, more: int) -> None:
        names = self._listed()
        if len(names) >= PARCELS_MOST or sum(map(self._size, names)) + more > BYTES_MOST:
            raise SpoolFull(f"{len(names):,} requests wait to be delivered already, and no more are kept")

    def _size(self, name: str) -> int:
        """How long a parcel is: its name says so. (Asking for the files' takes milliseconds when many wait.)"""
        parts = name.partition(TRIED)[0].split("-")
        if len(parts) == 5 and parts[4].isdigit():
            return int(parts[4])
        with suppress(OSError):  # put down by an earlier version
            return os.stat(os.path.join(self._waiting, name)).st_size
        return 0

    def _place(self, name: str, data: bytes) -> None:
        os.makedirs(self.directory, 0o700, exist_ok=True)
        beside = os.path.join(self.directory, f".{name}")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            while True:
                with suppress(FileExistsError):
                    os.mkdir(self._waiting, 0o700)
                with suppress(FileNotFoundError):  # whoever delivered the last one took the empty directory away
                    os.rename(beside, os.path.join(self._waiting, name))
                    return
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(beside)
            raise

    # ── taking up ──

    def empty(self) -> bool:
        """Does nothing wait?"""
        return not os.access(self._waiting, os.F_OK)

    def names(self) -> list[str]:
        """The parcels that wait, the one put down first first. Those of earlier boots come before those of this one.

        A listing that is made while parcels are put down may hold one and miss an earlier one of the same process: what
        a second one shows besides, and all that was put down later, is left for the next time.
        """
        first, names = self._listed(), self._listed()
        here = _boot_mark(self._clock.boot())
        began: dict[str, float] = {}
        for name in names:
            mark = name.partition("-")[0]
            if mark not in began:
                began[mark] = float("inf") if mark == here else self._put_at(name)
        ordered = sorted(names, key=lambda name: (began[name.partition("-")[0]], name))
        return list(takewhile(frozenset(first).__contains__, ordered))

    def many(self) -> int:
        """How many parcels wait."""
        return len(self._listed())

    def _listed(self) -> list[str]:
        try:
            return os.listdir(self._waiting)
        except FileNotFoundError:
            return []

    def _put_at(self, name: str) -> float:
        try:
            return os.stat(os.path.join(self._waiting, name)).st_mtime
        except OSError:  # it was just delivered
            return 0.0

    def read(self, name: str) -> Parcel | None:
        """A parcel; None if it is torn or not one. Raises `FileNotFoundError` if somebody else has delivered it."""
        with open(os.path.join(self._waiting, name), "rb") as file:
            data = file.read(PARCEL_MOST + 1)
        try:
            said = json.loads(data)
            if said["version"] != VERSION:
                return None
            return Parcel(
                str(said["op"]),
                dict(said["body"]),
                said["key"],
                str(said["boot"]),
                int(said["ticks"]),
                int(said["wall"]),
            )
        except (ValueError, KeyError, TypeError, RecursionError):
            return None

    def remove(self, name: str) -> None:
        """It is delivered."""
        with suppress(FileNotFoundError):
            os.unlink(os.path.join(self._waiting, name))

    def again(self, name: str) -> int:
        """Note that the store was lost while this one was sent; returns how often now."""
        number = tries(name) + 1
        new = f"{name.partition(TRIED)[0]}{TRIED}{number}"
        with suppress(FileNotFoundError):
            os.rename(os.path.join(self._waiting, name), os.path.join(self._waiting, new))
        return number

    def set_aside(self, name: str) -> None:
        """No store will take it: out of the way of the others, for a look."""
        os.makedirs(self._aside, 0o700, exist_ok=True)
        kept = sorted(os.listdir(self._aside))
        for old in kept[: max(0, len(kept) + 1 - ASIDE_MOST)]:
            with suppress(FileNotFoundError):
                os.unlink(os.path.join(self._aside, old))
        with suppress(FileNotFoundError):
            os.rename(os.path.join(self._waiting, name), os.path.join(self._aside, name))

    def retire(self) -> bool:
        """Take the directory away if nothing waits any more; False if somebody has just put a parcel down."""
        try:
            os.rmdir(self._waiting)
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True

    @contextmanager
    def delivering(self) -> Iterator[bool]:
        """One process and thread at a time delivers; False for the others."""
        if not os.path.isdir(self.directory):
            yield False
            return
        with only_one(os.path.join(self.directory, "delivering")) as mine:
            yield mine

    # ── looking, moving ──

    def backlog(self) -> Backlog:
        """What waits."""
        names = self.names()
        oldest = 0
        with suppress(OSError):
            first = self.read(names[0]) if names else None
            oldest = first.ago_ms(self._clock) if first is not None else 0
        try:
            aside = len(os.listdir(self._aside))
        except OSError:
            aside = 0
        return Backlog(self.many(), oldest, aside)

    def hand_over(self, heir: Spool) -> int:
        """Give all parcels to the spool of the store that this one's moves to. Returns how many."""
        many = 0
        for name in self._listed():
            os.makedirs(heir._waiting, 0o700, exist_ok=True)
            with suppress(FileNotFoundError):
                os.rename(os.path.join(self._waiting, name), os.path.join(heir._waiting, name))
                many += 1
        heir._last = max(heir._last, self._last)  # within one moment too, what was put down here comes first
        self.retire()
        return many


def spool_of(home: str, url: str, clock: Clock = MACHINE_CLOCK) -> Spool:
    """The spool of a home for the store that a URL (or a file's path) names. Its name tells no password, and a store
    never gets what was meant for another.
    """
    if url.startswith("unix:"):
        plain = "unix:" + url.removeprefix("unix:").rpartition("@")[2]
    elif "://" in url and not url.startswith("sqlite"):
        from urllib.parse import parse_qsl, urlsplit  # a hook with the default store does without

        parts = urlsplit(url)
        which = sorted(one for one in parse_qsl(parts.query) if one[0] in _WHICH)
        plain = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}" + (f"?{which}" if which else "")
    else:
        plain = os.path.abspath(url.removeprefix("sqlite://"))
    return Spool(os.path.join(home, "spool", _checksum(plain)), clock)


def _checksum(text: str) -> str:
    """A short name for a text. (`hashlib` costs a hook process more than opening the ledger does.)"""
    data = text.encode("utf-8", "surrogateescape")
    return f"{crc32(data):08x}{crc32(data[::-1]):08x}"


def tries(name: str) -> int:
    """How often the store was lost while the parcel of this name was sent."""
    number = name.partition(TRIED)[2]
    return int(number) if number.isascii() and number.isdigit() else 0


@contextmanager
def only_one(file: str) -> Iterator[bool]:
    """Is it me? One process or thread at a time gets True, without waiting; where the platform can't say, everybody."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        yield _taken(descriptor)
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    if os.name == "nt":
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _boot_mark(boot: str) -> str:
    return _checksum(boot)[:8]
