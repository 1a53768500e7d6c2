"""What was recorded, one JSON line an action, in `<home>/logs/cross-session-events.jsonl` (O20).

For people with `jq` and `tail -f`, and for the day the database is damaged. The ledger is the truth and commits first;
the lines follow, and those that a process did not come to write are made up later from `seq` (`missing`, `catch_up`).

Any number of processes write at once. Each appends with a single `write` to a file opened for appending, so no line is
torn. Who finds the file too large sets it aside by renaming; a line that another process is just writing then lands in
the file that was set aside, and is not lost either. Only one sets aside at a time: a side file sees to that.

Whatever goes wrong is returned as a sentence and never raised: the caller's work goes on.

    error = append(home, [{"seq": 7, "kind": "intent", "ts": 1_764_000_000_123, "concurrentCount": 0}])
"""

from __future__ import annotations

import _thread
import errno
import functools
import json
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from sidelight.records import Any, NamedTuple
from sidelight.redact import bounded, line, mask, secrets_out
from sidelight.space import replace_file

NAME = "cross-session-events.jsonl"
ERRORS = "errors.log"
_COMPLETE = ".complete"

#: The file is set aside when it is larger than this; so many are kept, as `….jsonl.1` (the newest) to `….3`.
MAX_BYTES = 5 * 1024 * 1024
KEEP = 3

_LARGEST_LINE = 16 * 1024

#: What the ledger itself made; everything else came from a caller.
_PLAIN = frozenset({"recordedAt", "seq", "id", "kind", "ts", "concurrentCount", "severity"})
_TAIL = 256 * 1024


def append(
    home: str, lines: Sequence[Mapping[str, Any]], *, max_bytes: int = MAX_BYTES, keep: int = KEEP
) -> str | None:
    """Write a line for each action, all in one piece. None, or a sentence that says why it could not be done.

    A line has the names of the wire, with `seq`, `ts` and `concurrentCount`; `recordedAt` is added, secrets are masked
    (the ledger has done that; the audit does not rely on it), and a line is at most 16 KiB.
    """
    if not lines:
        return None
    return _written(home, NAME, "".join(_line(one) + "\n" for one in lines), max_bytes, keep)


def note_error(home: str, sentence: str) -> str | None:
    """Write a failure to `logs/errors.log`, with the time. None, or a sentence that says why it could not be done."""
    text = f"{iso(time.time_ns() // 1_000_000)} {line(sentence, 1000)}\n"
    return _written(home, ERRORS, text, 1024 * 1024, 1)


def _line(one: Mapping[str, Any]) -> str:
    """One action as JSON on one line: when it was recorded first, its `seq` second, no secrets."""
    ts = one.get("ts")
    shown = {
        "recordedAt": iso(ts if isinstance(ts, int) else time.time_ns() // 1_000_000),
        "seq": one.get("seq"),
        **one,
    }
    name = str(one.get("target") or "")
    clean = shown if _is_plain(one) else _masked(shown, name)
    text = _compact(clean)
    if len(text) > _LARGEST_LINE // 4 and len(text.encode()) > _LARGEST_LINE:
        room = {"targets": 4096, "reason": 4096, "value": 2048}
        text = _compact({key: bounded(value, room.get(key, 256)).value for key, value in clean.items()})
    return text


def _is_plain(one: Mapping[str, Any]) -> bool:
    """Is there no value, and no text with a secret in it, as in most lines?"""
    texts = [value for key, value in one.items() if key not in _PLAIN and key != "targets" and value is not None]
    # No key of a file is a secret by its scheme, and what comes after that was looked through when it was recorded.
    texts += [text.removeprefix("path:") if isinstance(text, str) else text for text in one.get("targets") or ()]
    return one.get("value") is None and all(isinstance(text, str) and secrets_out(text) is text for text in texts)


def _masked(shown: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {
        key: mask(value, name if key == "value" else "") if key not in _PLAIN and value is not None else value
        for key, value in shown.items()
    }


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode


def _compact(value: Mapping[str, Any]) -> str:
    """JSON without anything that some reader takes for the end of a line, and without halves of characters."""
    text = _encode(value)
    if not text.isprintable():
        text = "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)
    return text


def iso(ts: int) -> str:
    """Epoch milliseconds as ISO 8601 in UTC.

    >>> iso(1_764_000_000_123)
    '2025-11-24T16:00:00.123Z'
    """
    seconds, milliseconds = divmod(ts, 1000)
    try:
        return f"{_iso_second(seconds)}.{milliseconds:03d}Z"
    except (OverflowError, ValueError, OSError):
        return str(ts)


@functools.lru_cache(4)
def _iso_second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


# ── writing, by many processes at once ────────────────────────────────────────────────────────────────────────────


def _written(home: str, name: str, text: str, max_bytes: int, keep: int) -> str | None:
    file = os.path.join(home, "logs", name)
    data = text.encode("utf-8", "backslashreplace")
    try:
        try:
            size = _append(file, data)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(file), mode=0o700, exist_ok=True)
            size = _append(file, data)
        if size > max_bytes:
            with _writing:
                _let_go(file)
            _set_aside(file, max_bytes, keep)
    except (OSError, ValueError) as error:
        return f"{file} could not be written: {getattr(error, 'strerror', None) or error}."
    return None


class _Pen(NamedTuple):
    """A file that is open for appending: its descriptor, which file that is, and its size after my last line."""

    descriptor: int
    which: tuple[int, int]
    size: int


#: The files written last stay open: to open one takes longer than to write a line.
_pens: dict[str, _Pen] = {}
_PENS_MOST = 4
_writing = _thread.allocate_lock()
_PATIENCE = 50  # times 2 ms
_KEEPS_OPEN = os.name != "nt"  # Windows lets nobody rename or delete an open file


def _append(file: str, data: bytes) -> int:
    """Append in one call; the size of the file afterwards."""
    with _writing:
        pen = _pens.get(file) or _opened(file)
        try:
            end = os.lseek(pen.descriptor, 0, os.SEEK_END)
            if end != pen.size and _unfinished(pen.descriptor):
                data = b"\n" + data
            _write(pen.descriptor, data)
            there = _stat(file)
            if there is not None and (there.st_dev, there.st_ino) == pen.which and _KEEPS_OPEN:
                # Bigger if somebody else has written too: then it is looked at before the next line.
                _pens[file] = pen._replace(size=end + len(data))
                return there.st_size
            after = os.fstat(pen.descriptor)
        except BaseException:
            _let_go(file)
            raise
        _let_go(file)
    if after.st_nlink:
        return 0 if _KEEPS_OPEN else after.st_size  # it was set aside meanwhile, and has the line
    return _append(file, data)  # deleted: nobody will read what was written


def _write(descriptor: int, data: bytes) -> None:
    if os.write(descriptor, data) < len(data):
        os.write(descriptor, b"\n")  # the disk is full: the next line stays whole
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _stat(file: str) -> os.stat_result | None:
    try:
        return os.stat(file)
    except FileNotFoundError:
        return None


def _opened(file: str) -> _Pen:
    # Never waits: a pipe of that name has no reader, and is then an error.
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(file, flags, 0o600)
    there = os.fstat(descriptor)
    while len(_pens) >= _PENS_MOST:
        _let_go(next(iter(_pens)))
    pen = _pens[file] = _Pen(descriptor, (there.st_dev, there.st_ino), -1)
    return pen


def _let_go(file: str) -> None:
    pen = _pens.pop(file, None)
    if pen is not None:
        os.close(pen.descriptor)


def _before_fork() -> None:
    """A child may close whatever is open, and then the number of ours is another file's."""
    _writing.acquire()
    for file in list(_pens):
        _let_go(file)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_writing.release, after_in_child=_writing.release)


def _unfinished(descriptor: int) -> bool:
    """Does the file end inside a line, because the disk had no room for all of it?"""
    size = _torn_at(descriptor)
    for _ in range(_PATIENCE):
        if size < 0:
            return False
        time.sleep(0.002)  # or because somebody is just writing it, and may have lost its turn on a busy machine
        before, size = size, _torn_at(descriptor)
        if size != before:
            return False
    return True


def _torn_at(descriptor: int) -> int:
    """The size of a file that does not end with a line break, else -1."""
    size = os.lseek(descriptor, 0, os.SEEK_END)
    if size == 0:
        return -1
    os.lseek(descriptor, size - 1, os.SEEK_SET)
    return -1 if os.read(descriptor, 1) == b"\n" else size


def _set_aside(file: str, max_bytes: int, keep: int) -> None:
    """Make the file `.1`, `.1` `.2` and so on, the oldest goes; unless somebody else is just doing that."""
    directory, name = os.path.split(file)
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
    side = os.open(os.path.join(directory, f".{name}.rotating"), flags, 0o600)
    try:
        if _alone(side) and _size(file) > max_bytes:
            _shift(file, keep)
    except FileNotFoundError:
        pass  # without `flock` somebody else may have been quicker
    finally:
        os.close(side)


def _alone(descriptor: int) -> bool:
    """Am I the only one who holds this side file? Asked once, never waited for: whoever has it does the work."""
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:  # Windows, which lets nobody rename an open file
        return True
    except BlockingIOError:
        return False
    return True


def _size(file: str) -> int:
    try:
        return os.stat(file).st_size
    except FileNotFoundError:
        return 0


def _shift(file: str, keep: int) -> None:
    for number in range(keep - 1, 0, -1):
        if os.path.exists(f"{file}.{number}"):
            os.replace(f"{file}.{number}", f"{file}.{number + 1}")
    os.replace(file, f"{file}.1")


# ── catching up ───────────────────────────────────────────────────────────────────────────────────────────────────


def last_seq(home: str) -> int:
    """The highest `seq` among the last lines written, 0 if there are none. Reads only the end of the file."""
    file = os.path.join(home, "logs", NAME)
    return max(_seqs(file)[0] or _seqs(f"{file}.1")[0], default=0)


def missing(home: str, newest: int, since: int = 0) -> list[int]:
    """Which `seq` above `since`, up to `newest`, have no line. Looks as far back as the ends of the files reach; what
    lies further back counts as written. Without any file everything is missing.
    """
    file = os.path.join(home, "logs", NAME)
    there, whole = _seqs(file)
    if whole:  # else what lies between this end and the older file's was not read
        older, _ = _seqs(f"{file}.1")
        there, whole = there | older, not os.path.exists(f"{file}.1")
    start = max(since, 0 if whole else min(there, default=0))
    return [seq for seq in range(start + 1, newest + 1) if seq not in there]


def catch_up(
    home: str, newest: int, lines_of: Callable[[Sequence[int]], Iterable[Mapping[str, Any]]], since: int = 0
) -> str | None:
    """Make up the lines of actions that were committed and not written, because a process died in between.

    `lines_of` gives the lines of the missing `seq`, leaving out those that never were. `newest` is best a little
    behind, for who has just committed is about to write. Two that catch up at once may write a line twice, never not
    at all.
    """
    gaps = missing(home, newest, since)
    return append(home, list(lines_of(gaps))) if gaps else None


class Complete(NamedTuple):
    """Up to which `seq` the audit was found complete, and how long ago that was looked at (seconds)."""

    seq: int
    age: float


def complete(home: str) -> Complete | None:
    """What the last one who caught up noted; None if nobody has."""
    file = os.path.join(home, "logs", _COMPLETE)
    try:
        with open(file, encoding="ascii") as text:
            seq = int(text.read(20))
            return Complete(seq, abs(time.time() - os.fstat(text.fileno()).st_mtime))
    except (OSError, ValueError):
        return None


def note_complete(home: str, seq: int) -> None:
    """Note up to where the audit is complete. Raises `OSError`."""
    replace_file(os.path.join(home, "logs", _COMPLETE), str(seq).encode())


def _seqs(file: str) -> tuple[frozenset[int], bool]:
    """The `seq` of the last whole lines of a file, and whether that is all of it."""
    try:
        with open(file, "rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - _TAIL))
            lines = stream.read(_TAIL).split(b"\n")
    except (OSError, ValueError):
        return frozenset(), True
    whole = lines[1 if size > _TAIL else 0 : -1]
    found = (re.match(rb'\{"recordedAt":"[^"]{0,40}","seq":(\d{1,18})[,}]', one) for one in whole)
    return frozenset(int(one[1]) for one in found if one), size <= _TAIL


# ── forgetting ────────────────────────────────────────────────────────────────────────────────────────────────────


def forget(home: str, gone: Callable[[Mapping[str, Any]], bool]) -> str | None:
    """Take the lines out of which `gone` says so, in every file there is. None, or why it could not be done.

    A line that is written at the same moment may have to be made up again by `catch_up`.
    """
    file = os.path.join(home, "logs", NAME)
    try:
        for one in (file, *(f"{file}.{number}" for number in range(1, KEEP + 1))):
            _take_out(one, gone)
    except OSError as error:
        return f"{file} could not be written: {error.strerror or error}."
    return None


def _take_out(file: str, gone: Callable[[Mapping[str, Any]], bool]) -> None:
    try:
        with open(file, "rb") as stream:
            lines = stream.readlines()
    except FileNotFoundError:
        return
    kept = [one for one in lines if not _is_gone(one, gone)]
    if len(kept) < len(lines):
        replace_file(file, b"".join(kept))


def _is_gone(one: bytes, gone: Callable[[Mapping[str, Any]], bool]) -> bool:
    try:
        value = json.loads(one)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and gone(value)
