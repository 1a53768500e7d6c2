"""The engines that the suite holds to one contract, how each is opened, and short words for what is put in and asked.

A new engine is one entry in `OPENERS`: the whole suite then runs on it.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from sidelight.actions import EDITS, KINDS, Draft, Session, Touch
from sidelight.stores import Appended, Clock, Entry, Question, Store, open_store
from sidelight.stores.guarded import guarded
from sidelight.stores.postgres import PostgresStore
from sidelight.stores.postgres.connection import Connections, address
from sidelight.stores.projections import probes_of, sweeps
from tests.postgres_server import ledger_url, postgres
from tests.stores import far

START = 1_700_000_000_000
SPACE = "repo:acme/app"
TREE = "tree:m1:/repo"

#: engine → how to open the ledger of a test's directory with its clock (opened again: the same ledger, if it lasts)
OPENERS: dict[str, Callable[[Path, Clock], Store]] = {
    "memory": lambda _, clock: open_store("memory:", clock=clock),
    "guarded": lambda directory, clock: guarded(str(directory / "ledger.db"), str(directory), clock=clock),
    "sqlite": lambda directory, clock: open_store(str(directory / "ledger.db"), clock=clock),
    "postgres": lambda directory, clock: postgres_store(str(directory), clock),
    "remote": far.opened,
}


def postgres_store(owner: str, clock: Clock) -> Store:
    """An owner's ledger, over connections that all tests of this process share: a new one has much to prepare."""
    where = address(ledger_url(owner))
    return PostgresStore(where, wall=clock.wall, connections=_connections(where.conninfo))


@cache
def _connections(conninfo: str) -> Connections:
    del conninfo  # of one server there is one set
    shared = Connections(address(postgres().url()))
    atexit.register(shared.close)
    return shared


#: Engines whose clock is another machine's: what is done to this one's changes nothing.
ELSEWHERE = frozenset({"postgres"})


class Machine:
    """The clocks of a machine, as a test turns them."""

    def __init__(self) -> None:
        self.wall, self.ticks, self.boot = START, 5_000, "boot-1"
        self.elsewhere = START  # what a server's clock says
        self.clock = Clock(lambda: self.wall, lambda: self.ticks, lambda: self.boot)
        self.server = Clock(lambda: self.elsewhere, lambda: self.elsewhere, lambda: "another machine")

    def later(self, *, ms: int = 0, seconds: int = 0, minutes: int = 0, hours: int = 0) -> None:
        """Let time pass."""
        passed = ms + 1000 * (seconds + 60 * minutes + 3600 * hours)
        self.wall += passed
        self.elsewhere += passed
        self.ticks += passed

    def reboot(self, *, wall: int) -> None:
        """Start the machine again, with what its battery says the time is."""
        self.wall, self.ticks, self.boot = wall, 100, self.boot + "+"


class Ledger:
    """A store on stage: `ledger.acts("a", path("x.py"))` records one action of session a and returns what it found."""

    def __init__(self, directory: Path, engine: str) -> None:
        self.engine = engine
        self.directory = directory
        self.machine = Machine()
        self.store = self._opened()

    def _opened(self) -> Store:
        clock = self.machine.server if self.engine in ELSEWHERE else self.machine.clock
        return OPENERS[self.engine](self.directory, clock)

    def reopen(self) -> None:
        """As another process would find it."""
        if self.engine != "memory":
            self.store.dispose()
            self.store = self._opened()

    def acts(self, actor: str | None, *touches: Touch, later_ms: int = 1000, **about: Any) -> Appended:
        """One action, a second after whatever came before."""
        return self.acts_at_once(actor, [touches], later_ms=later_ms, **about)

    def acts_at_once(
        self,
        actor: str | None,
        requests: Iterable[Iterable[Touch]],
        *,
        agent: str | None = None,
        key: str | None = None,
        dry: bool = False,
        ago_ms: int | None = None,
        later_ms: int = 1000,
        window_ms: int = 600_000,
        me: Session | None = None,
        space: str = SPACE,
        **about: Any,
    ) -> Appended:
        """Several actions in one request."""
        self.machine.later(ms=later_ms)
        entries = [entry(actor, *touches, agent=agent, space=space, **about) for touches in requests]
        touches = [touch for one in entries for touch in one.draft.touches]
        who = me or (Session(actor, agent, space=space) if actor else None)
        asked = question(touches, space=space, window_ms=window_ms)
        return self.store.append(entries, asked, me=who, key=key, dry=dry, ago_ms=ago_ms)

    def announces(self, actor: str | None, *keys: str, ttl_ms: int | None = None, **about: Any) -> Appended:
        """An intent that names keys."""
        touches = [Touch(key, "announces", None, TREE if key.startswith("path:") else None) for key in keys]
        return self.acts(actor, *touches, kind="intent", expires_in=ttl_ms, **about)

    def looks(self, actor: str | None, *touches: Touch, **about: Any) -> Appended:
        """What an action would find; nothing is recorded."""
        return self.acts(actor, *touches, dry=True, later_ms=0, **about)


_FETCHED = (
    "SELECT coalesce(sum(s.seq_tup_read + coalesce(s.idx_tup_fetch, 0)), 0) FROM pg_stat_xact_user_tables AS s "
    "JOIN pg_class AS c ON c.oid = s.relid WHERE c.relnamespace = to_regnamespace(%s)"
)


def rows_read(store: Any, statement: str, *values: object) -> tuple[list[Any], int]:
    """What a statement gives in PostgreSQL, and how many rows of the ledger were fetched for that."""
    with store._using() as db, db.transaction():

        def fetched() -> int:  # in this session, since it last said so to the server
            return int(db.execute(_FETCHED, (store.where.schema,)).fetchone()[0])

        before = fetched()
        found = db.execute(store._sql(statement), values).fetchall()
        return found, fetched() - before


def entry(
    actor: str | None,
    *touches: Touch,
    kind: str = "edit",
    stem: str | None = None,
    expires_in: int | None = None,
    listed: bool | None = None,
    **about: Any,
) -> Entry:
    """A draft made ready."""
    draft = Draft(kind, actor=actor, touches=touches, **about)
    return Entry(draft, stem or f"{kind}-x", expires_in, KINDS[kind].listed if listed is None else listed)


def question(touches: Iterable[Touch], *, space: str | None = SPACE, window_ms: int = 600_000) -> Question:
    """What a ledger asks before an action with these touches."""
    touches = list(touches)
    stakes: dict[str, None] = {}
    for touch in touches:
        stakes[touch.key] = None
        for tree in (touch.within, touch.key if touch.key.startswith("tree:") else None):
            if tree:
                stakes.update({tree: None, tree + "//": None})
    return Question(
        probes_of(touches),
        stakes=list(stakes),
        sweeps=list(dict.fromkeys(touch.key for touch in touches if sweeps(touch))),
        space=space,
        window_ms=window_ms,
    )


def file(name: str, effect: str = EDITS, value: Any = None) -> Touch:
    """A file of the tree."""
    return Touch(f"path:m1:/repo/{name}", effect, value, TREE)


def on(key: str, effect: str = EDITS, value: Any = None) -> Touch:
    """Anything else."""
    return Touch(key, effect, value)


def found(look: Appended) -> set[tuple[str | None, int]]:
    """Whose actions were found, and which."""
    return {(one.action.actor, one.action.seq) for one in look.before}


def actors(look: Appended) -> set[str | None]:
    """Whose actions were found."""
    return {one.action.actor for one in look.before}
