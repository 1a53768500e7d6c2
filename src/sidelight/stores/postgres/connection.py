"""The way to a PostgreSQL server: its address, a few connections kept open, how long to wait, and what its errors mean.

The only module that imports the driver. Every wait has an end: for a connection, for others who write, and for the
answer. One that died while it lay idle (the server was started anew) is noticed and replaced.
"""

from __future__ import annotations

import logging
import os
import select
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple, Self
from urllib.parse import unquote

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from sidelight.redact import line
from sidelight.stores import StoreBusy, StoreError, StoreFrozen, StoreGone

CONNECT_SECONDS = 3
CONNECTIONS_MOST = 8  # of one process
IDLE_SECONDS = 300
ANSWER_SLACK = 2.0  # seconds for the work itself, beside waiting for others
OLDEST = 140000  # PostgreSQL 14

#: Said once to every new connection. The isolation is what the promise rests on; a statement whose client is gone, and
#: a transaction left open, hold nobody up.
SETTINGS = """
SET search_path = pg_catalog; SET default_transaction_isolation = 'read committed';
SET default_transaction_read_only = off; SET client_min_messages = error; SET statement_timeout = '10min';
SET jit = off; SET idle_in_transaction_session_timeout = '1min'; SET client_connection_check_interval = '2s'
"""

_NOT_NOW = frozenset({"55P03", "57014", "40P01", "40001", "53300", "53400", "25P03"})
_FROZEN, _UNREADY = "SL001", frozenset({"3F000", "42P01", "42883", "42704"})
_FORBIDDEN, _READ_ONLY = "42501", "25006"

logging.getLogger("psycopg").addHandler(logging.NullHandler())  # what goes wrong is in our own errors


class Address(NamedTuple):
    """Where a ledger is: what the driver takes (a secret may be in it), the ledger's name, and how it is shown."""

    conninfo: str
    ledger: str
    shown: str

    @property
    def schema(self) -> str:
        """The schema of the ledger, quoted."""
        name = "sidelight" if self.ledger == "" else f"sidelight_{self.ledger}"
        return f'"{name}"'


def address(url: str) -> Address:
    """Read `postgresql://user@host/database?ledger=team`. Raises `StoreError`, which never repeats what is wrong."""
    base, _, query = url.partition("?")
    parts = [part for part in query.split("&") if part]
    names = [unquote(part.partition("=")[2]) for part in parts if part.startswith("ledger=")]
    rest = "&".join(part for part in parts if not part.startswith("ledger="))
    ledger = names[-1] if names else ""
    if not (ledger == "" or (ledger.isascii() and ledger.replace("_", "a").isalnum() and ledger.lower() == ledger)):
        raise StoreError("the name of a ledger (`?ledger=…`) is made of a-z, 0-9 and _")
    if len(ledger) > 40:
        raise StoreError("the name of a ledger (`?ledger=…`) has at most 40 characters")
    conninfo = base + ("?" + rest if rest else "")
    try:
        said = conninfo_to_dict(conninfo)
    except psycopg.Error:
        said = {"port": "unreadable"}
    ports = str(said.get("port") or "0").split(",")
    if not all(port.isdigit() or not port for port in ports) or "@" in str(said.get("host", "")):
        raise StoreError(  # what stands where a port should may be half a password
            "the store's URL cannot be read; it is postgresql://user@host:5432/database, and what is special in a "
            "password is written in percent (@ is %40)"
        )
    place = ",".join(str(said.get(name) or "") for name in ("host", "port")).strip(",").replace(",", ":")
    shown = f"postgresql://{place}/{said.get('dbname') or ''}" + (f"?ledger={ledger}" if ledger else "")
    return Address(conninfo, ledger, line(shown, 200))


# ── one connection ────────────────────────────────────────────────────────────────────────────────────────────────


class Patient(psycopg.Connection[tuple[Any, ...]]):
    """A connection whose waiting ends, and that tells why it could not be opened."""

    patience: float | None = None  # seconds

    @classmethod
    def connect(  # type: ignore[override]  # the pool hands on what it was given for us
        cls, conninfo: str = "", *, failures: deque[tuple[float, psycopg.Error]] | None = None, **about: Any
    ) -> Self:
        """Open one; why it failed is noted in `failures`."""
        try:
            return super().connect(conninfo, **about)
        except psycopg.Error as error:
            if failures is not None:
                failures.append((time.monotonic(), error))
            raise

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait for the server, for so long at most."""
        return super().wait(gen, interval, self.patience if timeout is None else timeout)


def settle(db: psycopg.Connection[Any]) -> None:
    """Make a new connection one of ours."""
    if db.info.server_version < OLDEST:
        raise psycopg.NotSupportedError(f"PostgreSQL {OLDEST // 10000} or newer is needed")
    db.execute(SETTINGS, prepare=False)


def _still_there(db: Patient) -> None:
    """Raise if the server has closed this idle connection. Costs nothing while it is silent, as it should be."""
    waiting = select.poll() if hasattr(select, "poll") else None
    if waiting is None:
        ConnectionPool.check_connection(db)
        return
    waiting.register(db.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    if waiting.poll(0):
        db.patience = ANSWER_SLACK
        ConnectionPool.check_connection(db)


# ── a few of them ─────────────────────────────────────────────────────────────────────────────────────────────────


class Connections:
    """The connections of one process to one server. Safe to share between threads, and after a fork."""

    def __init__(self, where: Address) -> None:
        self.where = where
        self._pool: ConnectionPool[Patient] | None = None
        self._owner = 0
        self._lent = 0
        self._failures: deque[tuple[float, psycopg.Error]] = deque(maxlen=1)

    @contextmanager
    def one(self, wait_ms: int, *, patience: float | None = None) -> Iterator[Patient]:
        """A connection, waiting so long at most; its answers may take `patience` seconds (None: a long time).

        Raises nothing but `StoreError`.
        """
        try:
            pool, db = self._taken(wait_ms / 1000)
        except psycopg.Error as error:
            raise our_error(self.where, error) from error
        self._lent += 1
        db.patience = patience if patience is not None else 660.0
        try:
            yield db
        except (psycopg.Error, ValueError, OverflowError) as error:
            raise our_error(self.where, error) from error
        finally:
            self._lent -= 1
            if db.pgconn.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                with suppress(psycopg.Error):  # in the middle of something: of no more use
                    db.close()
            with suppress(PoolClosed, ValueError):
                pool.putconn(db)

    def _taken(self, wait: float) -> tuple[ConnectionPool[Patient], Patient]:
        pool = self._opened()
        began = time.monotonic()
        while True:
            left = began + wait - time.monotonic()
            try:
                return pool, pool.getconn(timeout=max(min(left, 0.1), 0.001))
            except PoolTimeout:
                if self._failures and self._failures[-1][0] >= began:
                    raise self._failures[-1][1] from None
                if time.monotonic() < began + wait:
                    continue
                if self._lent:
                    raise StoreBusy(f"{self.where.shown}: all connections are in use") from None
                raise StoreGone(f"{self.where.shown} does not answer") from None
            except PoolClosed:
                pool = self._opened()

    def _opened(self) -> ConnectionPool[Patient]:
        if self._pool is None or self._owner != os.getpid() or self._pool.closed:
            # After a fork the connections are the parent's: they are left alone.
            self._owner, self._lent = os.getpid(), 0
            self._pool = ConnectionPool(
                self.where.conninfo,
                connection_class=Patient,
                kwargs={"autocommit": True, "failures": self._failures, **self._defaults()},
                min_size=0,
                max_size=CONNECTIONS_MOST,
                max_idle=IDLE_SECONDS,
                open=True,
                configure=settle,
                check=_still_there,
                reconnect_timeout=0.1,
                num_workers=1,
                name="sidelight",
            )
        return self._pool

    def _defaults(self) -> dict[str, Any]:
        """What a URL may say and mostly does not: how soon a dead line is noticed, and who this is."""
        said = conninfo_to_dict(self.where.conninfo)
        ours = {
            "connect_timeout": CONNECT_SECONDS,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": 10_000,
            "application_name": "sidelight",
        }
        return {name: value for name, value in ours.items() if name not in said}

    def alone(self) -> Patient:
        """A connection of one's own, outside of the pool. Raises `StoreError`."""
        try:
            db = Patient.connect(self.where.conninfo, autocommit=True, **self._defaults())
            try:
                settle(db)
            except BaseException:
                db.close()
                raise
        except psycopg.Error as error:
            raise our_error(self.where, error) from error
        return db

    def close(self) -> None:
        """Let go of all connections; they are opened again when they are needed."""
        pool, self._pool = self._pool, None
        if pool is not None and self._owner == os.getpid():
            pool.close()


# ── errors ────────────────────────────────────────────────────────────────────────────────────────────────────────


def our_error(where: Address, error: Exception) -> StoreError:
    """Everything that the server, the driver or the line can say, as one of our own errors, without secrets."""
    state = getattr(error, "sqlstate", None) or ""
    said = _sentence(where, error)
    if state == _FROZEN:
        heir = error.diag.message_detail if isinstance(error, psycopg.Error) else None
        return StoreFrozen(f"{where.shown} is being moved to another store", heir=heir or None)
    if state in _NOT_NOW:
        return StoreBusy(said)
    if state == _FORBIDDEN:
        return StoreError(f"{said}: this role may not do that; docs/postgresql.md says which rights it needs")
    if state in _UNREADY:
        return StoreError(f"{said}: the ledger was not set up here, or was dropped")
    if state == _READ_ONLY:
        return StoreError(f"{said}: this server only reads; name the one that writes (target_session_attrs=read-write)")
    if isinstance(error, psycopg.OperationalError) and (not state or state[:2] in ("08", "57", "58", "53")):
        return StoreGone(said)
    return StoreError(said)


def _sentence(where: Address, error: Exception) -> str:
    primary = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    said = primary or next((text for text in str(error).splitlines() if text.strip()), type(error).__name__)
    with suppress(psycopg.Error):
        secret = conninfo_to_dict(where.conninfo).get("password")
        if secret:
            said = said.replace(str(secret), "***")
    return f"{where.shown}: {line(said, 300)}"
