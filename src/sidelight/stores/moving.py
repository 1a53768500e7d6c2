"""Moving a ledger from a file to PostgreSQL while its sessions go on.

The file is frozen: it is read, and whoever would write to it spools for its heir. Then its rows are taken over with
their numbers, compared, and the heir is opened; what was spooled meanwhile is delivered there. The file stays as it is,
frozen, so that nobody goes on with it by mistake. What ends half-way is begun anew by the same command; what fails is
taken back: the file is written to again, and gets what was spooled.

Source: design 7, issue "Many machines".
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from sidelight.stores import StoreError, open_store
from sidelight.stores.guarded import Delivery, guarded
from sidelight.stores.postgres.connection import Address, address
from sidelight.stores.postgres.loading import Floor, Row, admit, holds, load
from sidelight.stores.postgres.request import key_of, text
from sidelight.stores.projections import PLAN
from sidelight.stores.spool import spool_of
from sidelight.stores.sqlite.file import FROZEN, connect, freeze, our_error, thaw

DELIVERING_MS = 60_000
_SECRETS = frozenset({"user", "password", "sslpassword", "passfile"})


class Move(NamedTuple):
    """What is to be moved: a file, the URL it moves to, and the home in which its sessions spool."""

    path: str
    url: str
    home: str

    @classmethod
    def of(cls, source: str, target: str, home: str | None = None) -> Move:
        """From what a command line says. Raises `StoreError`."""
        path = os.path.abspath(source.removeprefix("sqlite://"))
        if "://" in source.removeprefix("sqlite://") or not target.startswith(("postgresql://", "postgres://")):
            raise StoreError(
                "a ledger moves from a file to PostgreSQL: sidelight migrate-store ledger.db postgresql://…"
            )
        if not os.path.isfile(path):
            raise StoreError(f"there is no ledger at {path}")
        return cls(path, target, home or os.path.dirname(path))

    @property
    def where(self) -> Address:
        """Where it moves to."""
        return address(self.url)

    @property
    def heir(self) -> str:
        """The URL without who and password: what the file's writers are told."""
        parts = urlsplit(self.url)
        query = urlencode([one for one in parse_qsl(parts.query) if one[0] not in _SECRETS], quote_via=quote)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))


class Moved(NamedTuple):
    """How many rows of each table both hold now; whether it had been moved before; what was delivered afterwards."""

    rows: dict[str, int]
    before: bool
    delivery: Delivery


def look(what: Move) -> dict[str, int]:
    """How many rows would be moved. Changes nothing. Raises `StoreError` if they could not be."""
    already, origin = holds(what.where)
    if already and origin != what.path:
        raise StoreError(f"{what.where.shown} holds {already:,} actions already; name another ledger (`?ledger=…`)")
    _floor(what.path)
    with closing(connect(what.path)) as db:
        return {name: sum(1 for _ in rows) for name, rows in _tables(db).items()}


def move(
    what: Move, say: Callable[[str], object] = lambda _: None, progress: Callable[[int, int], object] = lambda *_: None
) -> Moved:
    """Move it; `say` hears what was done, `progress` how many actions of how many were sent. Raises `StoreError`."""
    already, origin = holds(what.where)
    frozen = os.path.exists(what.path + FROZEN)
    rows: dict[str, int] = {}
    if origin != what.path or not frozen:
        rows = _loaded(what, say, progress)
    admit(what.where)
    say("the new ledger is open; delivering what was kept meanwhile")
    spool_of(what.home, what.path).hand_over(spool_of(what.home, what.heir))
    new = guarded(what.url, what.home)
    try:
        delivery = new.deliver(DELIVERING_MS, patient=True)
    finally:
        new.dispose()
    return Moved(rows or {"actions": already}, not rows, delivery)


def _loaded(what: Move, say: Callable[[str], object], progress: Callable[[int, int], object]) -> dict[str, int]:
    floor = _floor(what.path)  # also sees that it is a ledger of ours
    freeze(what.path, what.heir)
    say(f"{what.path} is frozen: its sessions go on, and what they do is kept for the new ledger")
    try:
        with closing(connect(what.path)) as db:
            db.execute("BEGIN")
            floor = _floor(what.path)
            tables = _tables(db)
            tables["actions"] = _counted(tables["actions"], db, progress)
            found = load(what.where, what.path, tables, floor, what.heir)
    except BaseException as error:
        thaw(what.path)
        with suppress(OSError):
            spool_of(what.home, what.heir).hand_over(spool_of(what.home, what.path))
        if isinstance(error, sqlite3.Error):
            raise our_error(what.path, error) from error
        raise
    say(f"{found['actions'].rows:,} actions are there, compared")
    return {name: one.rows for name, one in found.items()}


# ── reading the file ──────────────────────────────────────────────────────────────────────────────────────────────


def _floor(path: str) -> Floor:
    store = open_store(path)
    try:
        seq, now = store.last_seq(), store.now()
    finally:
        store.dispose()
    with closing(connect(path)) as db:
        said = dict(db.execute("SELECT name, value FROM meta WHERE name IN ('clock', 'tended')"))
    last = int(said.get("clock", "0").rsplit(" ", 1)[-1])  # numbers that were deleted are not given again
    return Floor(max(seq, last), now, int(said["tended"]) if "tended" in said else None)


def _tables(db: sqlite3.Connection) -> dict[str, Iterator[Row]]:
    """The rows as `loading.COLUMNS` has them."""
    return {
        "actions": _actions(db),
        "sessions": (
            (*map(_text, row[:-1]), _clean(json.loads(row[-1])))
            for row in db.execute(
                "SELECT actor, agent, first_seen, last_seen, ended, seq, space, machine, body FROM sessions"
            )
        ),
        "touched": map(_touched, db.execute("SELECT addressee, seq, agent, ts, found, told FROM touched")),
        "told": (
            (_text(actor), _text(agent), key_of(about), key_of(resource), _text(step), seq, ts)
            for actor, agent, about, resource, step, seq, ts in db.execute(
                "SELECT actor, agent, about, resource, step, seq, ts FROM told"
            )
        ),
        "delivered": (
            (key_of(key), ts, first, count, _clean(json.loads(found)))
            for key, ts, first, count, found in db.execute("SELECT key, ts, first, count, found FROM delivered")
        ),
        "documents": (
            tuple(map(_text, row))
            for row in db.execute("SELECT number, collection, name, version, ts, body FROM documents")
        ),
        "meta": (
            tuple(map(_text, row)) for row in db.execute("SELECT name, value FROM meta WHERE name LIKE 'number:%'")
        ),
    }


def _actions(db: sqlite3.Connection) -> Iterator[Row]:
    at = 0
    for seq, name, ts, kind, space, actor, agent, listed, *rest in db.execute(
        "SELECT seq, id, ts, kind, space, actor, agent, listed, expires, outcome, outcome_ts, body FROM actions "
        "ORDER BY seq"
    ):
        at = max(at, ts)  # when it was recorded: in the order of the numbers, also what was delivered late
        on = key_of(space) if space is not None else None
        yield (seq, _text(name), ts, at, kind, on, _text(actor), _text(agent), bool(listed), *rest)


def _counted(rows: Iterator[Row], db: sqlite3.Connection, progress: Callable[[int, int], object]) -> Iterator[Row]:
    (whole,) = db.execute("SELECT count(*) FROM actions").fetchone()
    for number, row in enumerate(rows, 1):
        yield row
        if number % 1000 == 0 or number == whole:
            progress(number, whole)


def _touched(row: Row) -> Row:
    addressee, seq, agent, ts, found, told = row
    count, marks = json.loads(found)
    planned = any(role == PLAN for _, _, role, _ in marks)
    return text(addressee), seq, text(agent), ts, count, planned, _marks(marks), told


def _marks(marks: list[Any]) -> list[Any]:
    return [[seq, key_of(key), role, effect] for seq, key, role, effect in marks]


def _text(value: Any) -> Any:
    return text(value) if isinstance(value, str) else value


def _clean(value: Any) -> Any:
    """JSON as `jsonb` can hold it."""
    if isinstance(value, dict):
        return {name: _text(one) for name, one in value.items()}
    return _marks(value)
