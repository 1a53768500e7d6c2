"""Mending a damaged ledger file: it is set aside as it is, and what can still be read goes on in a new one.

What SQLite itself can read is taken from it. Where it stops (a broken page hides all that a tree leads to through it),
the pages are read one by one: every page of the record that is whole still holds its actions, each with its number.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from sidelight.records import Any, NamedTuple
from sidelight.stores import StoreError
from sidelight.stores.sqlite.file import PAGE_BYTES, THEIRS, connect, create, our_error

#: The columns of the record, and the other tables with theirs; a file of a newer minor version may have more.
_RECORD = "seq, id, ts, kind, space, actor, agent, listed, expires, outcome, outcome_ts, body"
_BESIDE = {
    "meta": "name, value",
    "sessions": "actor, agent, first_seen, last_seen, ended, seq, space, machine, body",
    "touched": "addressee, seq, agent, ts, found, told",
    "told": "actor, agent, about, resource, step, seq, ts",
    "delivered": "key, ts, first, count, found",
    "documents": "number, collection, name, version, ts, body",
}
_WIDTH = _RECORD.count(",") + 1
_Row = tuple[Any, ...]


class Salvaged(NamedTuple):
    """What a repair did: how many actions were kept, how many numbers between them are missing, where the old file is.

    What is missing is lost at most: what had been forgotten or pruned before is missing too.
    """

    path: str
    kept: int
    lost: int
    aside: str

    def __str__(self) -> str:
        if not self.kept:
            return (
                f"{self.path} was damaged, and nothing in it could be read: what was recorded there is gone from the "
                "ledger. The audit log beside it still tells it, as far back as it goes. An empty ledger is in its "
                f"place; the damaged file is now {self.aside}"
            )
        missing = f", at most {self.lost:,} lost" if self.lost else ", none lost"
        return f"{self.path} was damaged: {self.kept:,} actions are kept{missing}; the damaged file is now {self.aside}"


def salvage(path: str) -> Salvaged:
    """Set a damaged ledger file aside and keep, in a new one, every action that can still be read.

    Actions keep number, id and time; the projections are made anew. What a process that has the file open writes
    meanwhile goes to the file that is set aside. Raises `StoreError` if nothing could be done; then nothing was.
    """
    try:
        return _salvage(path)
    except THEIRS as error:
        raise our_error(path, error) from error


def _salvage(path: str) -> Salvaged:
    scratch = f"{path}.salvage-{os.getpid()}-{os.urandom(4).hex()}"
    new = f"{scratch}.new"
    try:
        copied = _copied(path, scratch)
        rows, beside = _readable(scratch), _tables(scratch)
        if not rows.whole:
            rows = _Read({**_carved(*copied), **rows.rows}, whole=False)
        _write(new, rows.rows, beside)
        aside = _swap(path, new)
    finally:
        for name in (scratch, new):
            for suffix in ("", "-wal", "-shm", "-journal"):
                with suppress(FileNotFoundError):
                    os.unlink(name + suffix)
    return Salvaged(path, len(rows.rows), _missing(rows.rows), aside)


def _missing(rows: Mapping[int, _Row]) -> int:
    return max(rows) - min(rows) + 1 - len(rows) if rows else 0


def _copied(path: str, scratch: str) -> tuple[bytes, bytes]:
    """A copy to read from, because reading alone may change a file; its bytes, and those of its log of changes."""
    found = []
    for suffix in ("", "-wal"):
        data = b""
        with suppress(FileNotFoundError), open(path + suffix, "rb") as file:
            data = file.read()
        found.append(data)
        if data:
            descriptor = os.open(scratch + suffix, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with open(descriptor, "wb") as copy:
                copy.write(data)
    return found[0], found[1]


# ── what SQLite can read ──────────────────────────────────────────────────────────────────────────────────────────


class _Read(NamedTuple):
    rows: dict[int, _Row]
    whole: bool


def _readable(file: str) -> _Read:
    """The record as far as SQLite can follow it, from both ends."""
    found: dict[int, _Row] = {}
    whole = os.path.exists(file)
    if whole:
        for sql in (f"SELECT {_RECORD} FROM actions ORDER BY seq", f"SELECT {_RECORD} FROM actions ORDER BY seq DESC"):
            whole = _read(file, sql, lambda row: found.setdefault(row[0], row)) and whole
            if whole:
                break
    return _Read({seq: row for seq, row in found.items() if _is_action(seq, row)}, whole)


def _tables(file: str) -> dict[str, list[_Row]]:
    found: dict[str, list[_Row]] = {}
    for table, columns in _BESIDE.items():
        found[table] = []
        _read(file, f"SELECT {columns} FROM {table}", found[table].append)
    return found


def _read(file: str, sql: str, keep: Callable[[_Row], object]) -> bool:
    """Row by row until the end or the first that cannot be read."""
    try:
        db = connect(file)
        try:
            for row in db.execute(sql):
                keep(row)
            # A broken page that no row needed is found by asking for it.
            return all(text == "ok" for (text,) in db.execute("PRAGMA quick_check(1)"))
        finally:
            db.close()
    except sqlite3.Error:
        return False


# ── what the pages hold ───────────────────────────────────────────────────────────────────────────────────────────


def _carved(data: bytes, log: bytes) -> dict[int, _Row]:
    """Every action in every page that is whole: the file's, and newer ones from the log of changes."""
    size = _page_size(data)
    pages = {number: data[start : start + size] for number, start in enumerate(range(0, len(data), size), 1)}
    pages.update(_logged(log, size))
    found: dict[int, _Row] = {}
    for number, page in pages.items():
        for seq, row in _cells(page, 100 if number == 1 else 0, pages, size):
            if _is_action(seq, row):
                found[seq] = (seq, *row[1:_WIDTH])
    return found


def _page_size(data: bytes) -> int:
    said = int.from_bytes(data[16:18], "big")
    is_size = data[:6] == b"SQLite" and said >= 512 and said & (said - 1) == 0
    return said if is_size else PAGE_BYTES


def _logged(log: bytes, size: int) -> dict[int, bytes]:
    """The pages of the log up to the last commit in it."""
    committed: dict[int, bytes] = {}
    since: dict[int, bytes] = {}
    for start in range(32, len(log) - size - 23, 24 + size):
        header = log[start : start + 24]
        if header[8:16] != log[16:24]:  # left over from before the log was begun anew
            break
        since[int.from_bytes(header[:4], "big")] = log[start + 24 : start + 24 + size]
        if int.from_bytes(header[4:8], "big"):
            committed.update(since)
            since = {}
    return committed


_LEAF = 0x0D


def _cells(page: bytes, start: int, pages: Mapping[int, bytes], size: int) -> Iterator[tuple[int, _Row]]:
    """Number and columns of every row in a leaf page of a table."""
    if len(page) < size or page[start] != _LEAF:
        return
    for place in range(int.from_bytes(page[start + 3 : start + 5], "big")):
        pointer = int.from_bytes(page[start + 8 + 2 * place : start + 10 + 2 * place], "big")
        try:
            length, pointer = _varint(page, pointer)
            number, pointer = _varint(page, pointer)
            yield number, _columns(_payload(page, pointer, length, pages, size))
        except (IndexError, KeyError, ValueError):
            continue


def _payload(page: bytes, start: int, length: int, pages: Mapping[int, bytes], size: int) -> bytes:
    """A row's bytes, with what of them was put into pages of its own."""
    most = size - 35
    if length <= most:
        return page[start : start + length]
    least = (size - 12) * 32 // 255 - 23
    here = least + (length - least) % (size - 4)
    here = here if here <= most else least
    parts, missing = [page[start : start + here]], length - here
    after = int.from_bytes(page[start + here : start + here + 4], "big")
    while missing > 0:
        more = pages[after]
        parts.append(more[4 : 4 + missing])
        missing -= size - 4
        after = int.from_bytes(more[:4], "big")
    return b"".join(parts)


def _columns(payload: bytes) -> _Row:
    end, place = _varint(payload, 0)
    if end > len(payload):
        raise ValueError("not a row")
    found: list[Any] = []
    data = end
    while place < end:
        kind, place = _varint(payload, place)
        value, data = _value(payload, data, kind)
        found.append(value)
    return tuple(found)


def _value(payload: bytes, start: int, kind: int) -> tuple[Any, int]:
    if kind == 0:
        return None, start
    if kind in (8, 9):
        return kind - 8, start
    if kind >= 13 and kind % 2:
        end = start + (kind - 13) // 2
        if end > len(payload):
            raise ValueError("cut short")
        return payload[start:end].decode(), end
    width = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}[kind]  # the record holds no real numbers and no blobs
    return int.from_bytes(payload[start : start + width], "big", signed=True), start + width


def _varint(data: bytes, start: int) -> tuple[int, int]:
    value = 0
    for place in range(start, start + 8):
        byte = data[place]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + 1
    return value << 8 | data[start + 8], start + 9


def _is_action(seq: int, row: _Row) -> bool:
    """Is this a row of the record? Its id ends with its number, and its body can be read."""
    if len(row) < _WIDTH or not isinstance(row[1], str) or not row[1].endswith(f"-{seq}"):
        return False
    numbers = isinstance(row[2], int) and isinstance(row[7], int)
    if not numbers or not all(isinstance(row[place], str) for place in (3, 5, 6, 11)):
        return False
    try:
        return isinstance(json.loads(row[11]).get("k"), list)
    except (ValueError, AttributeError):
        return False


# ── the new file ──────────────────────────────────────────────────────────────────────────────────────────────────


def _write(new: str, rows: Mapping[int, _Row], beside: Mapping[str, list[_Row]]) -> None:
    from sidelight.stores.sqlite import SqliteStore

    create(new)
    db = connect(new)
    try:
        db.execute("BEGIN IMMEDIATE")
        db.executemany(_insert("actions", _RECORD), [rows[seq] for seq in sorted(rows)])
        for table, found in beside.items():
            db.executemany(_insert(table, _BESIDE[table]), found)
        db.execute("COMMIT")
    finally:
        db.close()
    store = SqliteStore(new)
    try:
        store.rebuild()
        wrong = store.check()
        if wrong:
            raise StoreError(f"the repaired ledger is not sound: {wrong[0]}")
    finally:
        store.dispose()


def _insert(table: str, columns: str) -> str:
    return f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({','.join('?' * (columns.count(',') + 1))})"


def _swap(path: str, new: str) -> str:
    """Put the new file in the old one's place in one step; the old one's new name."""
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    aside = next(
        name
        for name in (f"{path}.damaged-{stamp}", *(f"{path}.damaged-{stamp}-{number}" for number in range(2, 1000)))
        if not os.path.exists(name)
    )
    try:
        os.link(path, aside)
    except OSError:  # a file system without links
        shutil.copy2(path, aside)
    # The log goes first: with the new file in place it would be taken for its own.
    for suffix in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            os.replace(path + suffix, aside + suffix)
    os.replace(new, path)
    return aside
