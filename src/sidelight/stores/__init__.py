"""Where a ledger is kept: the contract every engine fulfils, and the one list of engines.

An engine keeps an append-only record of actions plus projections of it (marks, plans, uncommitted changes) that could
be rebuilt from the record at any time. The promise (design 4): `append` is one atomic step across processes and
threads; of two appends on one key the later finds the earlier; the engine owns `seq` and the clock. One behavioural
suite (`tests/stores/`) holds all engines to it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from sidelight.actions import Action, Draft, Notice, Session, Sighting, Told, Work
from sidelight.records import Any, NamedTuple, Protocol
from sidelight.stores.projections import Probe


class StoreError(Exception):
    """The ledger's store did not do what was asked; nothing was recorded. `sidelight doctor` names the remedy."""


class StoreDamaged(StoreError):
    """The ledger file is damaged. `sidelight doctor --repair` sets it aside and keeps what can be read."""


class StoreBusy(StoreError):
    """Another process holds the ledger for too long. Try again; `sidelight doctor` shows who holds it."""


class StoreNewer(StoreError):
    """The ledger was written by a newer major version of Sidelight. Upgrade Sidelight to use it."""


class StoreGone(StoreError):
    """The store cannot be reached now: its machine, its server or the way there is down. It may be whole."""


class StoreFrozen(StoreError):
    """The ledger is being moved to another store; what happens meanwhile is kept and delivered there.

    `heir` is the URL of the store it moves to, where that is known already.
    """

    def __init__(self, sentence: str = "", *, heir: str | None = None) -> None:
        super().__init__(sentence or "the ledger is being moved to another store")
        self.heir = heir


class Appended(NamedTuple):
    """What `append` found and added. `duplicate`: this idempotency key was recorded before; nothing was added."""

    added: tuple[Action, ...]
    before: tuple[Sighting, ...]
    work: tuple[Work, ...]
    told: tuple[Told, ...]
    met: tuple[Notice, ...]
    present: tuple[Action, ...]
    alive: tuple[Sighting, ...]
    now: int
    duplicate: bool = False


class Clock(NamedTuple):
    """The clocks an embedded engine asks: the wall clock and the boot-time clock (ms), and which boot this is."""

    wall: Callable[[], int]
    ticks: Callable[[], int]
    boot: Callable[[], str]


class Anchor(NamedTuple):
    """Where a ledger's time hangs: at this tick of this boot it was `ts`.

    From there on the boot-time clock carries it, so setting the wall clock forward or back changes nothing. Only after
    a reboot the wall clock is asked again, and even then time does not run backwards.
    """

    boot: str
    ts: int
    ticks: int

    def reading(self, clock: Clock) -> int | None:
        """The ledger's time now; None when this anchor is another boot's."""
        ticks = clock.ticks()
        return self.ts + (ticks - self.ticks) if clock.boot() == self.boot and ticks >= self.ticks else None


def anchor(clock: Clock, floor: int) -> Anchor:
    """A new anchor: the wall clock's time, or the last moment the ledger knows of if that is later."""
    return Anchor(clock.boot(), max(clock.wall(), floor), clock.ticks())


def _ticks() -> int:
    # CLOCK_BOOTTIME goes on through suspend; where it is missing the monotonic clock must do.
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
    return time.monotonic_ns() // 1_000_000


_this_boot = ""


def _boot() -> str:
    global _this_boot  # noqa: PLW0603 - a process does not outlive its boot, so it asks once
    if not _this_boot:
        try:
            with open("/proc/sys/kernel/random/boot_id", encoding="utf-8") as file:
                _this_boot = file.read().strip()
        except OSError:
            # No boot id: the moment of boot, to the minute, says as much.
            _this_boot = str((time.time_ns() // 1_000_000 - _ticks()) // 60_000)
    return _this_boot


MACHINE_CLOCK = Clock(lambda: time.time_ns() // 1_000_000, _ticks, _boot)


class Entry(NamedTuple):
    """A draft made ready for the store: bounded, redacted, with its expiry and the first part of its id.

    The store completes the id with the action's place in the record, so that it is unique and found by it.
    """

    draft: Draft
    id: str
    expires_in: int | None
    listed: bool


class Document(NamedTuple):
    """A small thing that is kept beside the ledger and may change: a commitment. `version` grows by one a change."""

    name: str
    version: int
    ts: int
    body: Mapping[str, Any]


class Question(NamedTuple):
    """What an append wants to know of the past.

    Marks by `probes`; where others are found, what they and I last did to `stakes`; uncommitted files inside `sweeps`;
    who is present in `space` within the window; who is alive on `machine` (asked only by what kills sessions).
    """

    probes: Sequence[Probe]
    stakes: Sequence[str] = ()
    sweeps: Sequence[str] = ()
    machine: str | None = None
    space: str | None = None
    window_ms: int = 0


class Store(Protocol):
    """One ledger's store. Every method is one transaction; all raise `StoreError` and nothing else."""

    name: str
    waits: bool  # True where a call can block on a network (then servers use an executor)

    def append(
        self,
        entries: Sequence[Entry],
        question: Question,
        *,
        me: Session | None = None,
        key: str | None = None,
        dry: bool = False,
        ago_ms: int | None = None,
    ) -> Appended:
        """Find what came before and add what is new, in one atomic step. `dry` adds nothing (for `check`).

        `ago_ms` marks a delivery as `late`: it happened so long ago, while the store could not be reached, and gets
        that time; its place in the record is the one in which it arrives. It says nothing new about when its session
        was last seen.
        """

    def delivered(self, key: str) -> tuple[Action, ...]:
        """What was recorded under an idempotency key; () if nothing was, or nothing yet."""

    def tell(self, actor: str | None, agent: str | None, rows: Sequence[Told]) -> None:
        """Remember what a session has been told. Losing it costs a repeat, never a silence."""

    def see(self, session: Session) -> None:
        """Note that a session is there (at most once a minute is written)."""

    def end(self, actor: str, agent: str | None = None) -> int:
        """A session ended: its intents are closed. Returns how many."""

    def close(self, action_id: str, how: str = "finished") -> Action | None:
        """Close an open intent; None if there is no such open intent."""

    def outcome(self, action_id: str, outcome: str) -> bool:
        """How it ended: `done`, `failed` or `denied`. The latter two did not happen: their marks are taken back."""

    def notices(self, actor: str, agent: str | None, *, limit: int = 50) -> list[Notice]:
        """What others did to this session's work since, oldest first, not yet told."""

    def take(self, actor: str, notices: Sequence[Notice]) -> None:
        """Mark notices as told."""

    def met(self, after: int, *, limit: int = 500) -> list[Notice]:
        """What requests behind a sequence number met of others, taken or not, oldest first: everybody's notices.

        What failed or was denied is there too. About `limit`: a request's notices are never parted.
        """

    def recent(self, *, space: str | None, limit: int, since: int, quiet: bool = False) -> list[Action]:
        """The newest listed actions (footprints too with `quiet`), newest first."""

    def follow(self, after: int, limit: int = 500) -> list[Action]:
        """The record from a sequence number on, oldest first."""

    def listen(self, wake: Callable[[], None]) -> Callable[[], None] | None:
        """Call `wake`, in another thread, whenever something may have been written; what is returned ends that.

        None where the store can't say: then look now and then.
        """

    def find(self, action_id: str) -> Action | None:
        """One action by its id."""

    def history(self, key: str, *, limit: int = 50) -> list[Action]:
        """Every recorded action that touched a key (or something in it), newest first."""

    def intents(self, *, space: str | None = None, actor: str | None = None) -> list[tuple[Action, str | None]]:
        """Intents that are not yet pruned, newest first, each with how it was closed (None = open)."""

    def sessions(self, *, space: str | None = None) -> list[Session]:
        """Sessions seen, most recently seen first."""

    def state_of(self, ids: Sequence[str]) -> dict[str, str]:
        """How intents were closed and calls ended: id → finished, expired, ended, failed, denied; open ones absent."""

    def ended_at(self, ids: Sequence[str]) -> dict[str, int]:
        """When that was noted: id → epoch ms, for those of `state_of`."""

    def rebuild(self) -> None:
        """Make the projections anew from the record. The result is what they were, or should have been."""

    def forget(self, *, actor: str | None = None, space: str | None = None, before: int | None = None) -> int:
        """Delete actions for good, with all that points to them. Returns how many."""

    def prune(self, *, older_than_ms: int, max_bytes: int, batch: int = 500) -> int:
        """Delete what is beyond the history, a batch at a time. Returns how many."""

    def document(self, collection: str, name: str) -> Document | None:
        """One document of a collection; None if there is none of this name."""

    def documents(self, collection: str, *, limit: int = 1000) -> list[Document]:
        """The documents of a collection, the last added first."""

    def put_document(self, collection: str, name: str, body: Mapping[str, Any], *, version: int) -> bool:
        """Keep a document if `version` is the one that is stored (0: there is none yet); it then has the next one.

        False, and nothing changed, if somebody else was first: read it again and decide anew.
        """

    def drop_documents(self, collection: str, *, older_than_ms: int) -> int:
        """Delete what was last changed longer ago than this. Returns how many."""

    def next_number(self, collection: str) -> int:
        """1, 2, 3 …: never the same twice for a collection."""

    def export(self) -> Iterator[Mapping[str, Any]]:
        """The whole record as plain dicts, oldest first."""

    def hasty(self, ms: int) -> Store:
        """The same store for a caller that must not wait: `StoreBusy` after so long. To be disposed of as well."""

    def now(self) -> int:
        """The ledger's clock, epoch ms. It never runs backwards."""

    def last_seq(self) -> int:
        """The newest sequence number, 0 when empty."""

    def check(self) -> list[str]:
        """What is wrong with the store, a sentence each; [] when sound."""

    def dispose(self) -> None:
        """Let go of files and connections."""


#: engine name → (module, URL schemes). The only list of engines.
ENGINES: dict[str, tuple[str, tuple[str, ...]]] = {
    "memory": ("sidelight.stores.memory", ("memory",)),
    "sqlite": ("sidelight.stores.sqlite", ("sqlite", "")),
    "postgres": ("sidelight.stores.postgres", ("postgresql", "postgres")),
    "remote": ("sidelight.stores.remote", ("https", "http", "unix")),
}


#: The engines whose ledger is a file or the memory of this machine: they are there as long as it is.
_HERE = frozenset({"memory", "sqlite"})


def can_be_gone(url: str) -> bool:
    """Is there a way between here and the store that a URL names, so that it can be gone while we are not?"""
    scheme = _scheme(url)
    return not any(scheme in schemes for name, (_, schemes) in ENGINES.items() if name in _HERE)


def is_url(text: str) -> bool:
    """Does this name a store, and not a directory?"""
    return "://" in text or text == "memory:" or text.startswith("unix:")


def _scheme(url: str) -> str:
    return url.partition(":")[0] if is_url(url) else ""


def stamp_of(store: Store | None) -> object:
    """Something that changes whenever anybody writes into a store; None where the store cannot tell cheaply.

    Raises `StoreError`.
    """
    stamp = getattr(store, "stamp", None)
    return stamp() if stamp is not None else None


def open_store(url: str, *, clock: Clock | None = None) -> Store:
    """Open the store a URL names: `sqlite:///path`, a plain path, `memory:`, `postgresql://…`.

    `clock` replaces the machine's clocks in tests. Raises `StoreError` with the known schemes for any other.
    """
    scheme = _scheme(url)
    for module, schemes in ENGINES.values():
        if scheme in schemes:
            engine = __import__(module, fromlist=["open"])  # `importlib` would be an import more
            store: Store = engine.open(url, clock=clock or MACHINE_CLOCK)
            return store
    known = ", ".join(s for _, schemes in ENGINES.values() for s in schemes if s)
    raise StoreError(f"unknown store {scheme}://… ; known are {known}, or a file's path")


__all__ = [
    "ENGINES",
    "Appended",
    "Document",
    "Entry",
    "Notice",
    "Probe",
    "Question",
    "Session",
    "Sighting",
    "Store",
    "StoreBusy",
    "StoreDamaged",
    "StoreError",
    "StoreNewer",
    "Told",
    "Work",
    "open_store",
    "stamp_of",
]
