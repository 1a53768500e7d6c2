"""What `init` writes and `uninstall` takes away: from the pieces that a host wants, to a plan, to the files.

A piece is a file of our own, or our part of somebody else's. A plan says every change before any is made. What was
written is kept in a private record beside the ledger, with a copy of what was there before, so that taking it away
leaves the same bytes; where somebody changed the file since, only our part is taken out of it.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping

from sidelight import space
from sidelight.facts import read_bytes
from sidelight.hosts.merging import RefusedError
from sidelight.hosts.pieces import OwnFile, Piece
from sidelight.records import Any, NamedTuple

_LARGEST = 16 * 1024 * 1024
_KEPT = "installed"

Reader = Callable[[str], bytes | None]


class Wanted(NamedTuple):
    """A piece, and whose it is: `codex`, or `codex@/a/project`."""

    owner: str
    piece: Piece


class Change(NamedTuple):
    """What is to become of a file (None: it is not there), or why nothing can."""

    owner: str
    file: str
    before: bytes | None
    after: bytes | None
    refused: str = ""

    @property
    def what(self) -> str:
        """In a word."""
        if self.refused:
            return "refused"
        if self.before == self.after:
            return "unchanged"
        return "removed" if self.after is None else "made" if self.before is None else "changed"


# ── the record ────────────────────────────────────────────────────────────────────────────────────────────────────


class Kept(NamedTuple):
    """What the record says of a file: whose it is, how it was before us (None: not there), and the hash of what we
    made of it.
    """

    owners: tuple[str, ...]
    before: bytes | None
    after: str


class Record(NamedTuple):
    """All that was installed: the files, and the folders that had to be made for them."""

    files: dict[str, Kept]
    made: list[str]

    @property
    def owners(self) -> list[str]:
        """Whose pieces there are, in the order of their names."""
        return sorted({owner for kept in self.files.values() for owner in kept.owners})


def read_record(env: Mapping[str, str]) -> Record:
    """What was installed. A record that cannot be read counts as none: what is ours is known by its text as well."""
    folder = os.path.join(space.state_dir(env), _KEPT)
    try:
        said = json.loads(read_bytes(os.path.join(folder, "record.json"), _LARGEST) or b"")
        return Record({file: _kept(folder, one) for file, one in said["files"].items()}, list(map(str, said["made"])))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Record({}, [])


def _kept(folder: str, one: Mapping[str, Any]) -> Kept:
    copy = one["before"]
    before = read_bytes(os.path.join(folder, os.path.basename(str(copy))), _LARGEST) if copy else None
    return Kept(tuple(map(str, one["owners"])), before, str(one["after"]))


def _write_record(env: Mapping[str, str], record: Record) -> None:
    folder = os.path.join(space.state_dir(env), _KEPT)
    if not record.files and not record.made:
        shutil.rmtree(folder, ignore_errors=True)
        return
    os.makedirs(folder, 0o700, exist_ok=True)
    copies: set[str] = {"record.json"}
    files = {}
    for file, kept in sorted(record.files.items()):
        name = None
        if kept.before is not None:
            name = f"{_sum(file.encode())[:12]}-{os.path.basename(file)}"
            space.replace_file(os.path.join(folder, name), kept.before)
            copies.add(name)
        files[file] = {"owners": kept.owners, "before": name, "after": kept.after}
    body = {"files": files, "made": sorted(set(record.made))}
    space.replace_file(os.path.join(folder, "record.json"), json.dumps(body, indent=1).encode())
    for name in set(os.listdir(folder)) - copies:
        os.unlink(os.path.join(folder, name))


def _sum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# ── the plan ──────────────────────────────────────────────────────────────────────────────────────────────────────


def to_install(wanted: Iterable[Wanted], read: Reader) -> list[Change]:
    """What has to be written so that every piece is there; pieces of one file follow each other."""
    return _planned(wanted, read, lambda _, piece, now: piece.put(now))


def to_remove(wanted: Iterable[Wanted], record: Record, read: Reader) -> list[Change]:
    """What has to be written so that none of the pieces is there any more."""
    pieces = list(wanted)
    going = {owner for owner, _ in pieces}

    def without(file: str, piece: Piece, now: bytes | None) -> bytes | None:
        kept = record.files.get(file)
        stays = kept is not None and set(kept.owners) - going
        if now is None or (isinstance(piece, OwnFile) and stays) or (kept is None and b"sidelight" not in now):
            return now
        if kept is not None and not stays and _sum(now) == kept.after:
            return kept.before
        return piece.take(now, kept.before if kept is not None else b"")

    return [one for one in _planned(reversed(pieces), read, without) if one.refused or one.before != one.after]


def _planned(
    wanted: Iterable[Wanted], read: Reader, change: Callable[[str, Piece, bytes | None], bytes | None]
) -> list[Change]:
    plan: list[Change] = []
    now: dict[str, bytes | None] = {}
    for owner, piece in wanted:
        file = piece.file
        try:
            before = now[file] if file in now else read(file)
            now[file] = change(file, piece, before)
        except RefusedError as error:
            plan.append(Change(owner, file, None, None, str(error)))
        else:
            plan.append(Change(owner, file, before, now[file]))
    return plan


# ── doing it ──────────────────────────────────────────────────────────────────────────────────────────────────────


def read_file(file: str) -> bytes | None:
    """A file's bytes; None if it is not there. Raises `RefusedError` for what cannot be read as a whole."""
    if not os.path.exists(file):
        return None
    data = read_bytes(file, _LARGEST)
    if data is None:
        raise RefusedError("it cannot be read: no regular file, too large, or not yours")
    return data


def install(plan: Iterable[Change], wanted: Iterable[Wanted], env: Mapping[str, str]) -> None:
    """Write a plan of `to_install`, and keep in the record what was there before. Raises `OSError`."""
    pieces = {(one.owner, one.piece.file): one.piece for one in wanted}
    with _alone(env):
        record = read_record(env)
        for owner, file, before, after, refused in plan:
            if refused or after is None:
                continue
            record.made.extend(_write(file, before, after))
            record.files[file] = _recorded(record.files.get(file), pieces[owner, file], owner, before, after)
        _write_record(env, record)


def _recorded(kept: Kept | None, piece: Piece, owner: str, before: bytes | None, after: bytes) -> Kept:
    owners = tuple(dict.fromkeys((*(kept.owners if kept is not None else ()), owner)))
    if isinstance(piece, OwnFile) or before is None:
        return Kept(owners, None, _sum(after))
    if kept is not None and (before == after or _sum(before) == kept.after):
        return Kept(owners, kept.before, _sum(after))
    # New to us, or changed by somebody since: what it is without our part is what it is to be again.
    return Kept(owners, piece.take(before, kept.before if kept is not None else before), _sum(after))


def remove(plan: Iterable[Change], owners: Iterable[str], env: Mapping[str, str]) -> None:
    """Write a plan of `to_remove`, and forget these owners. Raises `OSError`."""
    going = set(owners)
    left = set()
    with _alone(env):
        record = read_record(env)
        for _, file, before, after, refused in plan:
            if refused:
                left.add(file)
                continue
            _write(file, before, after)
            if file in record.files and after is not None:
                record.files[file] = record.files[file]._replace(after=_sum(after))
        for file, kept in list(record.files.items()):
            owned = tuple(one for one in kept.owners if one not in going or file in left)
            if owned:
                record.files[file] = kept._replace(owners=owned)
            else:
                del record.files[file]
        _write_record(env, record._replace(made=_tidied(record.made)))


def _tidied(made: Iterable[str]) -> list[str]:
    """Remove the folders of these that are empty, and return the others."""
    for folder in sorted(set(made), key=len, reverse=True):
        try:
            os.rmdir(folder)
        except OSError:  # something of ours or of somebody else's is in it
            continue
    return [folder for folder in made if os.path.isdir(folder)]


def _alone(env: Mapping[str, str]) -> space.alone:
    return space.alone(os.path.join(space.prepare(space.state_dir(env)), f".{_KEPT}"))


def _write(file: str, before: bytes | None, after: bytes | None) -> list[str]:
    """Whole or not at all; over what a link leads to, with the rights that it had. Returns the folders that were made.
    Raises `OSError`, also if the file changed meanwhile.
    """
    if before == after:
        return []
    if read_file(file) != before:
        raise BlockingIOError(errno.EAGAIN, "it was changed meanwhile; do it again", file)
    target = os.path.realpath(file)
    if after is None:
        os.unlink(target)
        return []
    made = _made_for(target)
    for folder in made:
        os.mkdir(folder, 0o700)
    about = os.stat(target) if before is not None else None
    temporary = f"{target}.{os.getpid()}.{os.urandom(4).hex()}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(after)
            stream.flush()
            os.fsync(stream.fileno())
        if about is not None:
            os.chmod(temporary, about.st_mode & 0o7777)
            if os.name != "nt" and (about.st_uid, about.st_gid) != (os.geteuid(), os.getegid()):
                os.chown(temporary, about.st_uid, about.st_gid)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
    return made


def _made_for(file: str) -> list[str]:
    """The folders that are missing above a file, the outermost first."""
    missing: list[str] = []
    folder = os.path.dirname(file)
    while not os.path.isdir(folder) and os.path.dirname(folder) != folder:
        missing.insert(0, folder)
        folder = os.path.dirname(folder)
    return missing
