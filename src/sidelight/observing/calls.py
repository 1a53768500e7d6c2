"""Which calls are under way in a repository, and how it last stood: a few small private files beside the ledger.

    looks/<repository>/calls/<call>.json     one file a call that is under way
    looks/<repository>/<tree>.json           how a tree last stood; `shared.json`: its refs and stash

Not in the ledger: they are about this machine's disk, change with every call, and losing them costs one comparison.
"""

from __future__ import annotations

import binascii
import contextlib
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence

from sidelight import space
from sidelight.facts import read_bytes
from sidelight.records import Any, NamedTuple

LARGEST = 4_000_000
STALE_SECONDS = 2 * 3600  # a call whose end nobody reported counts for so long
EXACT_SECONDS = 300  # and one of an editing tool, which takes a moment
CALLS_MOST = 200
NAMES_MOST = 200
WAIT_SECONDS = 0.5


class Met(NamedTuple):
    """A call of somebody else that ended while mine went on: `unseen` are the trees it may have changed without having
    looked at them itself; `only` are the keys it can have touched, None where that is not known.
    """

    actor: str | None
    agent: str | None
    unseen: tuple[str, ...]
    only: tuple[str, ...] | None = None


class Open(NamedTuple):
    """A call that is under way. `start` is on the file system's clock (ns), 0 where its start was missed.

    `trees` are the roots it may work in. `touches` are key and effect of what it was understood to touch; `exact`: that
    is all it can touch. `shared` are paths that another call, which ended meanwhile, could not tell from this one's.
    """

    name: str
    actor: str | None
    agent: str | None = None
    start: int = 0
    trees: tuple[str, ...] = ()
    touches: tuple[tuple[str, str], ...] = ()
    exact: bool = False
    background: bool = False
    summary: str | None = None
    action: str | None = None
    met: tuple[Met, ...] = ()
    shared: tuple[str, ...] = ()


class Folder:
    """The files of one repository. Whatever cannot be read counts as not there."""

    def __init__(self, home: str, common_dir: str) -> None:
        self.path = os.path.join(home, "looks", _short(common_dir))
        self._calls = os.path.join(self.path, "calls")

    def prepare(self) -> None:
        """Make the directories, private."""
        for directory in (os.path.dirname(self.path), self.path, self._calls):
            with contextlib.suppress(FileExistsError):
                os.mkdir(directory, 0o700)

    # ── calls ──

    def begin(self, call: Open, *, may_be_over: bool = False) -> Open | None:
        """Write down that a call is under way; returns it with its start. None where its end was said before."""
        file = self._file(call.name)
        try:
            start = _noted(file, _dumped(call))
        except FileNotFoundError:
            self.prepare()
            start = _noted(file, _dumped(call))
        if may_be_over and os.path.exists(self._file(call.name, "over")):
            self.end(call.name)
            return None
        return call._replace(start=start)

    def close(self, name: str) -> None:
        """Say that a call is over whose beginning may come later than its end."""
        os.close(os.open(self._file(name, "over"), os.O_WRONLY | os.O_CREAT, 0o600))

    def find(self, name: str) -> Open | None:
        """The call of this name, if it is under way."""
        return _loaded(self._file(name))

    def tell(self, call: Open, met: Met, shared: Sequence[str] = ()) -> None:
        """Leave with a call that goes on that another one has met it, and what could be either's."""
        said = json.dumps([met.actor, met.agent, met.unseen, met.only, list(shared)]) + "\n"
        descriptor = os.open(self._file(call.name, "met"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, said.encode())
        finally:
            os.close(descriptor)

    def end(self, name: str) -> None:
        """A call is over."""
        for sort in ("json", "met"):
            with contextlib.suppress(OSError):
                os.unlink(self._file(name, sort))

    def calls(self) -> list[Open]:
        """The calls under way; those whose end was never reported only for a while, and as long as they are few."""
        found: list[Open] = []
        now = time.time_ns()
        try:
            with os.scandir(self._calls) as entries:
                newest_first = sorted(((_written(entry), entry) for entry in entries), key=lambda one: -one[0])
        except OSError:
            return found
        with contextlib.suppress(OSError):
            for number, (written, entry) in enumerate(newest_first):
                seconds = (now - written) // 1_000_000_000
                if seconds > STALE_SECONDS or number >= CALLS_MOST:
                    os.unlink(entry.path)
                elif entry.name.endswith(".json"):
                    call = _loaded(entry.path)
                    found += [call] if call is not None and not (call.exact and seconds > EXACT_SECONDS) else []
        return found

    def _file(self, name: str, sort: str = "json") -> str:
        return os.path.join(self._calls, f"{_short(name)}.{sort}")

    # ── how things stood ──

    def known(self, tree: str | None) -> dict[str, Any]:
        """What was kept of a tree (None: of what all trees share); {} if nothing was."""
        return _object(self._known(tree))

    def remember(self, tree: str | None, known: Mapping[str, Any]) -> None:
        """Keep how it stands."""
        space.replace_file(self._known(tree), json.dumps(known, separators=(",", ":")).encode())

    def _known(self, tree: str | None) -> str:
        return os.path.join(self.path, "shared.json" if tree is None else f"{_short(tree)}.json")

    @contextlib.contextmanager
    def alone(self) -> Iterator[bool]:
        """One comparison at a time. Yields False where others take too long; then nothing may be compared."""
        if os.name == "nt":
            yield True
            return
        import fcntl

        descriptor = os.open(os.path.join(self.path, ".alone"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            until = time.monotonic() + WAIT_SECONDS
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except OSError:
                    if time.monotonic() > until:
                        yield False
                        return
                    time.sleep(0.005)
            yield True
        finally:
            os.close(descriptor)


def _short(text: str) -> str:
    """A file's name for any text; that two share one costs a comparison."""
    data = os.fsencode(text)
    return f"{binascii.crc32(data):08x}{binascii.crc32(data[::-1], 1):08x}"


def _noted(file: str, data: bytes) -> int:
    """Write a small private file, and return when that was on its file system's clock (ns). Who reads it meanwhile sees
    no call yet.
    """
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, data)
        return os.fstat(descriptor).st_ctime_ns
    finally:
        os.close(descriptor)


def _dumped(call: Open) -> bytes:
    said = call._asdict()
    del said["start"], said["met"], said["shared"]
    return json.dumps(said).encode()


def _written(entry: os.DirEntry[str]) -> int:
    """When a file was last written (ns); 0 if it is gone."""
    with contextlib.suppress(OSError):
        return entry.stat().st_mtime_ns
    return 0


def _loaded(path: str) -> Open | None:
    """A call as it was written down, with what others left for it; None for anything else."""
    try:
        said = json.loads(read_bytes(path, LARGEST) or b"{}")
        said["trees"] = tuple(said["trees"])
        said["touches"] = tuple((str(key), str(effect)) for key, effect in said["touches"])
        told = read_bytes(path.removesuffix("json") + "met", LARGEST) or b""
        lines = [json.loads(line) for line in told.splitlines()[-NAMES_MOST:]]
        met = tuple(
            Met(line[0], line[1], tuple(line[2]), None if line[3] is None else tuple(line[3])) for line in lines
        )
        shared = dict.fromkeys(name for line in lines for name in line[4])
        return Open(**said, start=os.stat(path).st_ctime_ns, met=met, shared=tuple(shared)[:NAMES_MOST])
    except (OSError, ValueError, TypeError, KeyError, IndexError, RecursionError):
        return None


def forget(home: str) -> None:
    """Forget how every tree stood, and what is under way: it costs the next call in each a comparison."""
    import shutil

    shutil.rmtree(os.path.join(home, "looks"), ignore_errors=True)


def resting(home: str) -> list[str]:
    """The trees that took too long to look at, and are left alone for a while."""
    found = []
    with contextlib.suppress(OSError):
        for repository in os.scandir(os.path.join(home, "looks")):
            for file in os.scandir(repository.path):
                if file.name.endswith(".json"):
                    known = _object(file.path)
                    rests = known.get("rests", 0)
                    if isinstance(rests, (int, float)) and rests > time.time():
                        found.append(str(known.get("tree")))
    return sorted(found)


def _object(file: str) -> dict[str, Any]:
    try:
        found = json.loads(read_bytes(file, LARGEST) or b"{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
