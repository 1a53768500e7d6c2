"""A store that may be gone, made so that nobody has to wait for it: what it can't take now is spooled, and sent later.

    store = guarded("postgresql://db.example/sidelight", home)
    store.append(entries, question, me=me)     # `Spooled`, within a bounded time, if the database can't be reached

Whatever is written goes through here. If requests wait in the spool, they go first: order is kept. A caller that
reaches the store sends what waits, for as long as one call may take; the rest is for the next one, the user's server or
`sidelight doctor`. A file (SQLite) is asked directly and is never "gone", but it can be frozen or held for too long.

How long a call may take, and when it is not even tried, is `breaker`'s; the contract of every method is `Store`'s.

Source: design 7.
"""

from __future__ import annotations

import _thread
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial

from sidelight.actions import Action, Notice, Session, Told
from sidelight.records import TYPE_CHECKING, Any, NamedTuple, TypeVar
from sidelight.stores import (
    MACHINE_CLOCK,
    Appended,
    Clock,
    Document,
    Entry,
    Question,
    Store,
    StoreBusy,
    StoreError,
    StoreFrozen,
    StoreGone,
    can_be_gone,
    open_store,
    stamp_of,
)
from sidelight.stores.projections import exported

if TYPE_CHECKING:
    from sidelight.stores.bounded import Bounded
    from sidelight.stores.breaker import Breaker
    from sidelight.stores.spool import Parcel, Spool

T = TypeVar("T")
Ask = Callable[[Store], T]

SENDING_MS = 150  # what a caller spends on what others left behind
PATIENT_MS = 5_000  # how long a delivery waits for one answer
LOST_MOST = 3  # when the store was lost so often at a parcel, it is asked for something else first
READING_MS = 5_000  # what reads far back may take
LONG_MS = 600_000  # what goes through the whole record may take, when a person asks for it


class Spooled(StoreGone):
    """It could not be recorded now; it is kept, and will be delivered."""


class Delivery(NamedTuple):
    """What sending the spool came to: how many were taken, set aside, and still wait; why it stopped."""

    sent: int = 0
    aside: int = 0
    left: int = 0
    stopped: str | None = None


def guarded(url: str, home: str, *, clock: Clock | None = None) -> Guarded:
    """The store that a URL or a file's path names, with a spool in this home. A file is opened at once, and raises
    `StoreError` as `open_store` does; what can be gone is reached when it is first asked.
    """
    return Guarded(url, home, clock=clock or MACHINE_CLOCK)


class Guarded:
    """A `Store` around another one."""

    def __init__(self, url: str, home: str, *, clock: Clock = MACHINE_CLOCK, engine: Store | None = None) -> None:
        self._url, self._home, self._clock = url, home, clock
        self.waits = can_be_gone(url)
        self._hasty = engine is not None and not self.waits
        self._engine = engine
        self._opening = _thread.allocate_lock()
        self._answered = False  # has it, in this process?
        self._disposed = False
        self._spool: Spool | None = None
        self._heirs: dict[str, Spool] = {}
        self._breaker: Breaker | None = None
        self._bounded: Bounded | None = None
        self._process = os.getpid()
        #: What callers learned from this store that does not change while it is open.
        self.remembered: dict[str, str] = {}
        if not self.waits and engine is None:
            self._engine = open_store(url, clock=clock)
        self.name = self._engine.name if self._engine is not None else url.partition(":")[0]
        self._spools = os.path.join(home, "spool")  # not there where nothing was ever kept

    # ── parts, made when they are needed ──

    @property
    def spool(self) -> Spool:
        """Where what can't be written is kept."""
        if self._spool is None:
            from sidelight.stores.spool import spool_of

            self._spool = spool_of(self._home, self._url, self._clock)
        return self._spool

    @property
    def breaker(self) -> Breaker:
        """Whether it is worth asking."""
        if self._breaker is None:
            from sidelight.stores.breaker import Breaker

            self._breaker = Breaker(self.spool.directory, self._clock)
        return self._breaker

    def _is_any_waiting(self) -> bool:
        return os.access(self._spools, os.F_OK) and os.access(os.path.join(self.spool.directory, "waiting"), os.F_OK)

    def _threads(self) -> Bounded:
        if self._bounded is None or self._process != os.getpid():  # threads do not survive a fork, nor connections
            from sidelight.stores.bounded import Bounded

            if self._process != os.getpid():
                self._engine, self._answered, self._process = None, False, os.getpid()
            self._bounded = Bounded()
        return self._bounded

    def _opened(self) -> Store:
        with self._opening:
            if self._engine is None:
                self._engine = open_store(self._url, clock=self._clock)
            return self._engine

    def _asked(self, call: Ask[T]) -> T:
        """The call, in a thread that whoever asked may have left behind: what it opens then, it lets go of itself."""
        try:
            return call(self._opened())
        finally:
            if self._disposed and self._engine is not None:
                self._engine.dispose()

    # ── asking ──

    def ask(self, call: Ask[T], *, within_ms: int = 0, patient: bool = False) -> T:
        """What the store answers, nothing spooled: `StoreGone` within a bounded time if it doesn't.

        `within_ms`: the call itself may take longer than others. `patient` asks also what is being left alone.
        """
        if not self.waits:
            return call(self._opened())
        with self.breaker.trying(patient=patient) as state:
            if state is None:
                why = self.breaker.state().why or "it did not answer"
                raise StoreGone(f"the {self.name} store cannot be reached: {why}")
            began = time.monotonic()
            try:
                answer = self._threads().run(partial(self._asked, call), max(within_ms, state.patience()))
            except StoreGone as error:
                self.breaker.failed(str(error))
                raise StoreGone(f"the {self.name} store cannot be reached: {error}") from error
            except StoreError:  # it has answered
                self._noted(began)
                raise
            self._noted(began)
            return answer

    def _noted(self, began: float) -> None:
        first = None if self._answered else int((time.monotonic() - began) * 1000)
        self._answered = True
        self.breaker.answered(first)

    def _write(
        self,
        op: str,
        body: Callable[[], Mapping[str, Any]],
        key: str | None,
        call: Ask[T],
        worth: Callable[[], bool] | None = None,
    ) -> T:
        """Write, after what waits; or put it down, to be sent later, if that is worth it."""
        why: StoreError | None = None
        if self._is_any_waiting():
            if self._hasty:
                raise StoreBusy("what was kept earlier goes first")
            why = self._waits_still()
        if why is None:
            try:
                return self.ask(call)
            except StoreBusy as error:
                if self._hasty:
                    raise
                why = error
            except (StoreGone, StoreFrozen) as error:
                why = error
        if worth is not None and not worth():
            raise why
        heir = why.heir if isinstance(why, StoreFrozen) else None
        if op == "append" and key is None:
            key = _new_key()  # it may be delivered twice
        self._put_down(heir, op, body(), key, why)
        raise Spooled(f"{why}. It is kept here and delivered as soon as that is possible") from why

    def _waits_still(self) -> StoreGone | None:
        """Send what was kept earlier, for a while; why something of it still waits."""
        if self.waits and self.breaker.left_alone():
            return StoreGone(f"the {self.name} store cannot be reached: {self.breaker.state().why}")
        left = self.deliver(SENDING_MS)
        return StoreGone(left.stopped or "what was kept earlier goes first") if left.left else None

    def _put_down(self, heir: str | None, op: str, body: Mapping[str, Any], key: str | None, why: StoreError) -> None:
        from sidelight.stores.spool import SpoolFull

        spool = self._spool_of(heir) if heir is not None else self.spool
        try:
            spool.put(op, body, key)
        except SpoolFull as error:
            raise StoreGone(f"{why}; {error}") from why
        except OSError as error:
            raise StoreGone(f"{why}; and it could not be kept here: {error.strerror or error}") from why

    # ── delivering ──

    def deliver(self, ms: int, *, patient: bool = False) -> Delivery:
        """Send what waits, in order, for about so long; a patient one also tries what is being left alone."""
        spool, until = self.spool, time.monotonic() + ms / 1000
        sent = aside = 0
        stopped: str | None = None
        with spool.delivering() as mine:
            if not mine:
                return Delivery(left=spool.many(), stopped="somebody else is delivering what was kept earlier")
            while stopped is None:
                names = spool.names()
                if not names and spool.retire():
                    break
                for name in names:
                    if time.monotonic() >= until:
                        stopped = "what was kept earlier goes first"
                        break
                    try:
                        taken = self._sent(name, patient=patient)
                    except (StoreGone, StoreBusy, StoreFrozen) as error:
                        stopped = str(error)
                        self._hand_over(error)
                        break
                    sent, aside = sent + taken, aside + (not taken)
        return Delivery(sent, aside, spool.many(), stopped)

    def _hand_over(self, error: StoreError) -> None:
        """What waits for a store that moves waits for its heir, before what comes later."""
        if isinstance(error, StoreFrozen) and error.heir is not None:
            heir = self._spool_of(error.heir)
            if heir.directory != self.spool.directory:
                self.spool.hand_over(heir)

    def _spool_of(self, heir: str) -> Spool:
        """The spool of the store that this one moves to; one and the same, for it keeps the order."""
        if heir not in self._heirs:
            from sidelight.stores.spool import spool_of

            self._heirs[heir] = spool_of(self._home, heir, self._clock)
        return self._heirs[heir]

    def _sent(self, name: str, *, patient: bool) -> bool:
        """Send one parcel. False if it was set aside, because no store will take it."""
        from sidelight.stores.spool import tries

        spool, within = self.spool, PATIENT_MS if patient else 0
        try:
            parcel = spool.read(name)
        except FileNotFoundError:
            return True
        if parcel is not None:
            suspect = tries(name) >= LOST_MOST
            if suspect:  # is it the store that is gone, or does it go whenever it gets this?
                self.ask(lambda store: store.now(), within_ms=within, patient=patient)
            try:
                self.ask(
                    partial(_send, parcel=parcel, ago=parcel.ago_ms(self._clock)), within_ms=within, patient=patient
                )
            except StoreGone:
                if not suspect:
                    spool.again(name)
                    raise
                parcel = None
            except (StoreBusy, StoreFrozen):
                raise
            except (StoreError, TypeError, ValueError, KeyError, AttributeError, IndexError):
                parcel = None  # what it asks makes no sense to this store, now or ever
        if parcel is None:
            spool.set_aside(name)
            return False
        spool.remove(name)
        return True

    # ── writing ──

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
        if dry:
            return self.ask(lambda store: store.append(entries, question, me=me, dry=True))
        if self.waits and key is None:
            key = _new_key()  # it may arrive although no answer does

        def body() -> Mapping[str, Any]:
            from sidelight.stores.plain import plain

            return {"entries": plain(entries), "question": plain(question), "me": plain(me)}

        return self._write(
            "append",
            body,
            key,
            lambda store: store.append(entries, question, me=me, key=key, ago_ms=ago_ms),
        )

    def end(self, actor: str, agent: str | None = None) -> int:
        return self._write("end", lambda: {"actor": actor, "agent": agent}, None, lambda one: one.end(actor, agent))

    def close(self, action_id: str, how: str = "finished") -> Action | None:
        return self._write("close", lambda: {"id": action_id, "how": how}, None, lambda one: one.close(action_id, how))

    def outcome(self, action_id: str, outcome: str) -> bool:
        return self._write(
            "outcome", lambda: {"id": action_id, "how": outcome}, None, lambda one: one.outcome(action_id, outcome)
        )

    def settle(self, key: str, outcome: str, worth: Callable[[], bool]) -> bool:
        """Say how the call ended that was recorded under a key, or waits in the spool under it (`settling.settle`).
        `worth` is asked if it cannot be said now: is there anything that it would be said of?
        """
        from sidelight.stores.settling import settle

        return self._write(
            "settle", lambda: {"key": key, "how": outcome}, None, lambda one: settle(one, key, outcome), worth
        )

    def see(self, session: Session) -> None:
        with suppress(StoreGone, StoreFrozen):  # losing it says "last seen" a minute less well
            self.ask(lambda store: store.see(session))

    def delivered(self, key: str) -> tuple[Action, ...]:
        return self.ask(lambda store: store.delivered(key))

    def tell(self, actor: str | None, agent: str | None, rows: Sequence[Told]) -> None:
        self.ask(lambda store: store.tell(actor, agent, rows))

    def take(self, actor: str, notices: Sequence[Notice]) -> None:
        self.ask(lambda store: store.take(actor, notices))

    # ── reading ──

    def notices(self, actor: str, agent: str | None = None, *, limit: int = 50) -> list[Notice]:
        return self.ask(lambda store: store.notices(actor, agent, limit=limit))

    def met(self, after: int, *, limit: int = 500) -> list[Notice]:
        return self.ask(lambda store: store.met(after, limit=limit))

    def recent(self, *, space: str | None, limit: int, since: int, quiet: bool = False) -> list[Action]:
        return self.ask(lambda store: store.recent(space=space, limit=limit, since=since, quiet=quiet))

    def follow(self, after: int, limit: int = 500) -> list[Action]:
        return self.ask(lambda store: store.follow(after, limit))

    def listen(self, wake: Callable[[], None]) -> Callable[[], None] | None:
        return self.ask(lambda store: store.listen(wake))

    def find(self, action_id: str) -> Action | None:
        return self.ask(lambda store: store.find(action_id))

    def history(self, key: str, *, limit: int = 50) -> list[Action]:
        return self.ask(lambda store: store.history(key, limit=limit), within_ms=READING_MS)

    def intents(self, *, space: str | None = None, actor: str | None = None) -> list[tuple[Action, str | None]]:
        return self.ask(lambda store: store.intents(space=space, actor=actor))

    def sessions(self, *, space: str | None = None) -> list[Session]:
        return self.ask(lambda store: store.sessions(space=space))

    def state_of(self, ids: Sequence[str]) -> dict[str, str]:
        return self.ask(lambda store: store.state_of(ids))

    def ended_at(self, ids: Sequence[str]) -> dict[str, int]:
        return self.ask(lambda store: store.ended_at(ids))

    def export(self) -> Iterator[Mapping[str, Any]]:
        return exported(self.follow)

    def now(self) -> int:
        return self.ask(lambda store: store.now())

    def last_seq(self) -> int:
        return self.ask(lambda store: store.last_seq())

    # ── keeping ──

    def rebuild(self) -> None:
        self.ask(lambda store: store.rebuild(), within_ms=LONG_MS)

    def forget(self, *, actor: str | None = None, space: str | None = None, before: int | None = None) -> int:
        return self.ask(lambda store: store.forget(actor=actor, space=space, before=before), within_ms=LONG_MS)

    def prune(self, *, older_than_ms: int, max_bytes: int, batch: int = 500) -> int:
        return self.ask(
            lambda store: store.prune(older_than_ms=older_than_ms, max_bytes=max_bytes, batch=batch),
            within_ms=READING_MS,
        )

    def document(self, collection: str, name: str) -> Document | None:
        return self.ask(lambda store: store.document(collection, name))

    def documents(self, collection: str, *, limit: int = 1000) -> list[Document]:
        return self.ask(lambda store: store.documents(collection, limit=limit))

    def put_document(self, collection: str, name: str, body: Mapping[str, Any], *, version: int) -> bool:
        return self.ask(lambda store: store.put_document(collection, name, body, version=version))

    def drop_documents(self, collection: str, *, older_than_ms: int) -> int:
        return self.ask(lambda store: store.drop_documents(collection, older_than_ms=older_than_ms))

    def next_number(self, collection: str) -> int:
        return self.ask(lambda store: store.next_number(collection))

    def check(self) -> list[str]:
        return self.ask(lambda store: store.check(), within_ms=LONG_MS)

    def stamp(self) -> object:
        """What changes whenever anything is written (`stores.stamp_of`); None where only asking would tell."""
        return stamp_of(self._engine)

    def hasty(self, ms: int) -> Guarded:
        if self.waits or self._engine is None:  # event loops leave it to their threads anyway
            return self
        return Guarded(self._url, self._home, clock=self._clock, engine=self._engine.hasty(ms))

    def dispose(self) -> None:
        self._disposed = True
        if self._engine is not None:
            self._engine.dispose()
        if self._bounded is not None:
            self._bounded.close()
            self._bounded = None


def _new_key() -> str:
    return f"spool:{os.urandom(12).hex()}"


def _send(store: Store, parcel: Parcel, ago: int) -> None:
    """Do what a parcel asks for, so long after it was meant."""
    from sidelight.stores.plain import made, many

    body = parcel.body
    if parcel.op == "append":
        me = made(Session, body["me"]) if body["me"] is not None else None
        store.append(many(Entry)(body["entries"]), made(Question, body["question"]), me=me, key=parcel.key, ago_ms=ago)
    elif parcel.op == "close":
        store.close(body["id"], body["how"])
    elif parcel.op == "outcome":
        store.outcome(body["id"], body["how"])
    elif parcel.op == "settle":
        from sidelight.stores.settling import settle

        settle(store, body["key"], body["how"])
    elif parcel.op == "end":
        _end(store, body["actor"], body["agent"], ago)
    else:
        raise ValueError(f"unknown request {parcel.op!r}")


def _end(store: Store, actor: str, agent: str | None, ago: int) -> None:
    """A session ended then; if it was seen since, it is back, and its intents are meant."""
    known = [one for one in store.sessions() if one.actor == actor and one.agent == agent]
    if not any(one.last_seen > store.now() - ago for one in known):
        store.end(actor, agent)
