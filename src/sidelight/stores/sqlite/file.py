"""The file of a ledger: made whole or not at all, opened once a process, written by one at a time.

A process has one connection, used by one thread at a time: threads that waited for each other inside SQLite would do so
by sleeping. The connection is opened anew when somebody has put another file in its place, and is let go before a fork.
"""

from __future__ import annotations

import _thread
import os
import sqlite3
import time
from _weakrefset import WeakSet
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from sidelight.stores import StoreBusy, StoreDamaged, StoreError, StoreFrozen, StoreNewer

#: Schema versions are `MAJOR * 1000 + minor`. Minor changes only add; code one minor behind goes on working.
SCHEMA = 1000
APPLICATION = 0x53444C54  # "SDLT": tells our file from any other program's
PAGE_BYTES = 1024  # a write costs by the page
FROZEN = ".frozen"  # a file of this name beside the ledger sends its writers to the spool
CHECKPOINT_PAGES = 4000  # SQLite's own limit is a thousand pages of four times the size
ROUND_MS = 50  # SQLite waits ever longer between two tries; begun anew this often it stays quick

TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS actions (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL, ts INTEGER NOT NULL, kind TEXT NOT NULL, space TEXT, actor TEXT NOT NULL,
  agent TEXT NOT NULL, listed INTEGER NOT NULL, expires INTEGER, outcome TEXT, outcome_ts INTEGER, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS actions_listed ON actions (space, seq, actor) WHERE listed = 1;
CREATE INDEX IF NOT EXISTS actions_intents ON actions (actor, outcome, seq) WHERE kind = 'intent';
CREATE TABLE IF NOT EXISTS marks (
  role TEXT, key TEXT, actor TEXT, agent TEXT, effect TEXT, slot TEXT, seq INTEGER NOT NULL, was INTEGER NOT NULL,
  PRIMARY KEY (role, key, actor, agent, effect, slot)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS marks_newest ON marks (role, key, seq);
CREATE TABLE IF NOT EXISTS changes (
  tree TEXT, actor TEXT, agent TEXT, seq INTEGER, path TEXT, PRIMARY KEY (tree, actor, agent, seq, path)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS plans (
  key TEXT, seq INTEGER, actor TEXT NOT NULL, agent TEXT NOT NULL, PRIMARY KEY (key, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS keys (key TEXT, seq INTEGER, PRIMARY KEY (key, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sessions (
  actor TEXT, agent TEXT, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, ended INTEGER, seq INTEGER NOT NULL,
  space TEXT, machine TEXT, body TEXT NOT NULL, PRIMARY KEY (actor, agent)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sessions_seen ON sessions (last_seen);
CREATE TABLE IF NOT EXISTS touched (
  addressee TEXT, seq INTEGER, agent TEXT, ts INTEGER NOT NULL, found TEXT NOT NULL, told INTEGER,
  PRIMARY KEY (addressee, seq, agent)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS touched_untold ON touched (addressee, seq) WHERE told IS NULL;
CREATE TABLE IF NOT EXISTS told (
  actor TEXT, agent TEXT, about TEXT, resource TEXT, step TEXT, seq INTEGER NOT NULL, ts INTEGER NOT NULL,
  PRIMARY KEY (actor, agent, about, resource, step)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS delivered (
  key TEXT PRIMARY KEY, ts INTEGER NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL, found TEXT NOT NULL)
  WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS documents (
  number INTEGER PRIMARY KEY, collection TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL,
  ts INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE (collection, name));
"""

THEIRS = (sqlite3.Error, OSError, ValueError, OverflowError)


class File:
    """One ledger file, open: `with file.writing() as db` is one transaction, alone from its begin to its commit."""

    def __init__(self, path: str, *, busy_ms: int, begin: str, on_close: Callable[[], None]) -> None:
        self.path = path
        self._frozen = path + FROZEN
        self._busy_ms = busy_ms
        self._begin = begin
        self._on_close = on_close
        self._turn = _thread.allocate_lock()
        self._db: sqlite3.Connection | None = None
        self._open: tuple[int, int] | None = None  # device and inode of what is open
        self._opened = 0  # how often it was opened
        _every_file.add(self)

    def writing(self) -> Transaction:
        """A transaction that may write."""
        return Transaction(self, self._begin_writing)

    def reading(self) -> Transaction:
        """A transaction that sees one moment and waits for no writer."""
        return Transaction(self, self._begin_reading)

    @contextmanager
    def alone(self) -> Iterator[sqlite3.Connection | None]:
        """The connection, if there is one, outside of a transaction."""
        self.wait_turn()
        try:
            yield self._db
        finally:
            self.end_turn()

    def stamp(self) -> tuple[object, ...]:
        """Changes with whatever anybody writes: this connection, another one, another process."""
        with self._out_of_transaction() as db:
            return self._opened, db.execute("PRAGMA data_version").fetchone()[0], db.total_changes

    def write_back(self) -> None:
        """Write the log of changes back into the file, as far as that holds nobody up."""
        with self._out_of_transaction() as db:
            db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    @contextmanager
    def _out_of_transaction(self) -> Iterator[sqlite3.Connection]:
        """The connection, opened if need be. Raises `StoreError` only."""
        self.wait_turn()
        try:
            yield self._connection()
        except THEIRS as error:
            raise our_error(self.path, error) from error
        finally:
            self.end_turn()

    def close(self) -> None:
        """Let go of the file; it is opened again when it is needed."""
        with self.alone():
            self.let_go()

    # ── one thread at a time ──

    def wait_turn(self) -> None:
        """Wait until no other thread of this process uses the connection."""
        if not self._turn.acquire(timeout=self._busy_ms / 1000):
            raise StoreBusy(f"{self.path}: another thread holds the ledger")

    def end_turn(self) -> None:
        """Let the next thread."""
        self._turn.release()

    def begin(self, how: Callable[[], sqlite3.Connection]) -> sqlite3.Connection:
        """Begin, waiting for other processes as long as we may."""
        deadline = time.monotonic() + self._busy_ms / 1000
        while True:
            try:
                return how()
            except sqlite3.OperationalError as error:
                if _code(error) in _UNOPENED:
                    self._try_to_open()
                if not _is_busy(error) or time.monotonic() >= deadline:
                    raise

    def _try_to_open(self) -> None:
        """SQLite says only that it could not; the system says why. Raises `OSError` if it does."""
        os.close(os.open(self.path, os.O_RDWR | getattr(os, "O_CLOEXEC", 0)))

    def _begin_writing(self) -> sqlite3.Connection:
        db = self._connection()
        if self._begin:
            db.execute(self._begin)
        if os.access(self._frozen, os.F_OK):  # asked while alone: who froze it waits for those before us
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise StoreFrozen(f"{self.path} is being moved to another store", heir=_heir(self._frozen))
        return db

    def _begin_reading(self) -> sqlite3.Connection:
        db = self._connection()
        db.execute("BEGIN")
        try:
            db.execute("SELECT 1 FROM meta LIMIT 1").fetchone()  # takes the moment, and may have to wait for it
        except BaseException:
            db.execute("ROLLBACK")
            raise
        return db

    # ── the connection ──

    def _connection(self) -> sqlite3.Connection:
        found = _identity(self.path)
        if self._db is None or found != self._open:
            self.let_go()
            if found is None:
                create(self.path)
            self._open = _identity(self.path)
            self._opened += 1
            self._db = _opened(self.path, min(self._busy_ms, ROUND_MS))
        return self._db

    def let_go(self) -> None:
        """Close the connection; only in one's turn."""
        db, self._db = self._db, None
        self._on_close()
        if db is not None:
            with suppress(sqlite3.Error):
                db.close()


class Transaction:
    """One transaction, ours alone from begin to commit; taken back if anything goes wrong. Raises `StoreError` only."""

    __slots__ = ("_db", "_file", "_how")

    def __init__(self, file: File, how: Callable[[], sqlite3.Connection]) -> None:
        self._file, self._how = file, how

    def __enter__(self) -> sqlite3.Connection:
        self._file.wait_turn()
        try:
            self._db = self._file.begin(self._how)
        except BaseException as error:
            self._file.end_turn()
            if isinstance(error, THEIRS):
                raise our_error(self._file.path, error) from error
            raise
        return self._db

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        db = self._db
        try:
            if error is None and db.in_transaction:
                db.execute("COMMIT")
        except sqlite3.Error as failed:
            error = failed
        finally:
            if error is not None and db.in_transaction:
                with suppress(sqlite3.Error):  # what went wrong before is what counts
                    db.execute("ROLLBACK")
            self._file.end_turn()
        if isinstance(error, THEIRS):
            raise our_error(self._file.path, error) from error


def our_error(path: str, error: Exception) -> StoreError:
    """Everything SQLite or the disk can say, as one of our own errors."""
    if _is_busy(error):
        return StoreBusy(f"{path}: {error}")
    if _code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return StoreDamaged(f"{path}: {error}")
    if isinstance(error, OSError) and error.filename == path:
        return StoreError(f"{path} cannot be opened: {error.strerror}")
    return StoreError(f"{path}: {error}")


_UNOPENED = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM})


def _code(error: Exception) -> int:
    """What SQLite calls it; 0 for what is not SQLite's."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _is_busy(error: Exception) -> bool:
    return _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


# ── freezing ──────────────────────────────────────────────────────────────────────────────────────────────────────


def freeze(path: str, heir: str) -> None:
    """Let nobody write to this ledger any more, for it moves to the store `heir` names (a URL without its password).

    Returns when nobody writes: who comes later gets `StoreFrozen`. Reading goes on.
    """
    beside = f"{path}{FROZEN}-{os.getpid()}"
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(heir)
    os.replace(beside, path + FROZEN)  # with its heir from the first moment: order rests on one spool
    db = connect(path, wait_ms=10_000)
    try:
        db.execute("BEGIN IMMEDIATE")  # whoever began before the marker was there has ended now
        db.execute("ROLLBACK")
    except sqlite3.Error as error:
        raise our_error(path, error) from error
    finally:
        db.close()


def thaw(path: str) -> None:
    """Let it be written again."""
    with suppress(FileNotFoundError):
        os.unlink(path + FROZEN)


def _heir(marker: str) -> str | None:
    try:
        with open(marker, encoding="utf-8") as file:
            return file.read(2000).strip() or None
    except (OSError, ValueError):
        return None


# ── making and opening ────────────────────────────────────────────────────────────────────────────────────────────


def create(path: str) -> None:
    """Make an empty ledger. It appears whole or not at all, private from its first byte (SQLite's -wal and -shm follow
    its mode); of several processes that make one at once the first wins.
    """
    new = f"{path}.new-{os.getpid()}-{os.urandom(4).hex()}"
    os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        db = connect(new)
        try:
            db.execute(f"PRAGMA page_size = {PAGE_BYTES}")
            db.execute("PRAGMA journal_mode = WAL")
            _lay_out(db)
        finally:
            db.close()
        with suppress(FileExistsError):
            _place(new, path)
    finally:
        for suffix in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                os.unlink(new + suffix)


def _place(new: str, path: str) -> None:
    try:
        os.link(new, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if os.path.exists(path):
            raise FileExistsError(path) from None
        os.rename(new, path)


def connect(path: str, wait_ms: int = 1000) -> sqlite3.Connection:
    """A connection as we like it."""
    db = sqlite3.connect(
        path, timeout=wait_ms / 1000, isolation_level=None, check_same_thread=False, cached_statements=512
    )
    try:
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    except BaseException:  # what is no database is found out here
        db.close()
        raise
    return db


def _opened(path: str, wait_ms: int) -> sqlite3.Connection:
    db = connect(path, wait_ms)
    try:
        _check_version(db, path)
    except BaseException:
        db.close()
        raise
    return db


def _check_version(db: sqlite3.Connection, path: str) -> None:
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version == SCHEMA:
        return
    if int(db.execute("PRAGMA application_id").fetchone()[0]) != APPLICATION:
        if os.path.getsize(path) == 0:
            raise StoreDamaged(f"{path} is empty; a ledger never is")
        raise StoreError(f"{path} is not a ledger but another program's database")
    if version // 1000 > SCHEMA // 1000:
        raise StoreNewer(f"{path} has schema {version}, this Sidelight knows {SCHEMA}")
    if version < SCHEMA:
        _lay_out(db)


def _lay_out(db: sqlite3.Connection) -> None:
    """Make what tables are missing, also in a file of an older minor version."""
    db.execute("BEGIN IMMEDIATE")
    for statement in TABLES.split(";"):
        if statement.strip():
            db.execute(statement)
    db.execute(f"PRAGMA application_id = {APPLICATION}")
    db.execute(f"PRAGMA user_version = {SCHEMA}")
    db.execute("COMMIT")


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


# ── forks ─────────────────────────────────────────────────────────────────────────────────────────────────────────

_every_file: WeakSet[File] = WeakSet()
_held: list[File] = []


def _before_fork() -> None:
    """A connection must not be inherited: the child would think that it holds locks which only its parent has."""
    for file in list(_every_file):
        with suppress(StoreBusy):
            file.wait_turn()
            _held.append(file)
            file.let_go()


def _after_fork() -> None:
    while _held:
        _held.pop().end_turn()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)
