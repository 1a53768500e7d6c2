"""The user's own server: started on demand, so that a hook need not open the ledger itself, and gone when it is idle.

One for each state directory of a user, on a socket in the file system that nobody else can reach. Whoever holds the
lock file is the server, for as long as it lives; only the holder binds the socket or removes it. It runs in a session
of its own with nothing of its starter but a few variables, ends after half an hour without a request, and when somebody
newer asks. Both ends check that the other is the same user.

    start(os.environ)       # no matter how many do so at once, one comes of it
    status(os.environ)      # Status(pid=…, version='0.1.0', socket='/run/user/1000/sidelight/3f1c2d.sock')
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from sidelight import __version__, rendezvous, space
from sidelight.rendezvous import VERSION_HEADER, Place

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

Found = TypeVar("Found")

IDLE_SECONDS = 1800.0
STOPS_WITHIN = 5.0
#: Whoever asks whether a server runs has its lock for an instant: one that starts waits so long before it gives way.
ASKING_SECONDS = 0.5
_LOG_MOST = 1024 * 1024


class Status(NamedTuple):
    """A server that runs."""

    pid: int
    version: str
    socket: str
    answers: bool


def wanted(env: Mapping[str, str]) -> bool:
    """May a server be started here, and are its parts installed?"""
    return rendezvous.may_start(env) and all(
        find_spec(name) is not None for name in ("uvicorn", "starlette", "msgspec")
    )


def place(env: Mapping[str, str]) -> Place:
    """Where the user's server is, or would be. Makes the directories; `OSError` if somebody else could get at one."""
    home = space.prepare(space.state_dir(env))
    found = rendezvous.place({**env, "SIDELIGHT_HOME": home})
    if found is None:
        raise OSError(0, "there is no such thing here", home)
    made = (found.run, found.above, found.directory) if found.above != home else (found.run,)
    for one in made:
        os.makedirs(one, 0o700, exist_ok=True)
        if not rendezvous.is_mine(one):
            raise PermissionError(1, "somebody else could get at it", one)
    return found


# ── starting, asking, stopping ────────────────────────────────────────────────────────────────────────────────────


def start(env: Mapping[str, str], *, seconds: float = STOPS_WITHIN) -> Status | None:
    """Start the server unless it runs, and wait until it answers; None if none is wanted, or none came of it."""
    if not wanted(env):
        return None
    found = status(env)
    if found is None:
        rendezvous.spawn(sys.executable, env)
    return _until(lambda: _answering(env), seconds)


def status(env: Mapping[str, str]) -> Status | None:
    """The server that runs; None if none does."""
    where = place(env)
    if not _is_held(where.lock):
        return None
    said = rendezvous.said_in(where.lock)
    if len(said) < 3 or not said[0].isdigit():  # it is just starting
        return None
    return Status(int(said[0]), said[1], said[2], answers=_health(said[2]))


def stop(env: Mapping[str, str]) -> bool:
    """Stop the server: kindly, and after a while not so kindly. False if none ran."""
    found = status(env)
    if found is None:
        return False
    lock = place(env).lock
    for kind in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(found.pid, kind)
        if _until(lambda: (not _is_held(lock)) or None, STOPS_WITHIN):
            return True
    return True


def forget(env: Mapping[str, str]) -> None:
    """Take away what a server leaves behind, unless one runs."""
    where = rendezvous.place(env)
    lock = _locked(where.lock) if where is not None and os.path.isdir(where.run) else None
    if where is None or lock is None:
        return
    try:
        for file in (where.socket, where.tried, where.lock):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(file)
    finally:
        os.close(lock)
    with contextlib.suppress(OSError):
        os.rmdir(where.run)
    with contextlib.suppress(OSError):  # another home's server may use it too
        os.rmdir(where.directory)


def _answering(env: Mapping[str, str]) -> Status | None:
    found = status(env)
    return found if found is not None and found.answers else None


def _until(look: Callable[[], Found | None], seconds: float) -> Found | None:
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found is not None or time.monotonic() >= deadline:
            return found
        time.sleep(0.02)


def _is_held(lock: str) -> bool:
    """Does a living process hold the lock? Asking takes it for an instant, if nobody does."""
    descriptor = _locked(lock)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def _locked(lock: str) -> int | None:
    """The lock, taken; None if somebody else has it."""
    import fcntl

    while True:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        if space.is_still(lock, descriptor):
            return descriptor
        os.close(descriptor)  # `forget` removed it between the two


def connected(path: str, seconds: float = 1.0) -> socket.socket:
    """A connection to the server behind a socket of mine. `OSError` if it is somebody else's, or nobody's."""
    if not rendezvous.is_private_socket(path):
        raise PermissionError(1, "this is no socket that is private to me", path)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.settimeout(seconds)
    try:
        made.connect(path)
        if not same_user(made):
            raise PermissionError(1, "somebody else listens there", path)  # noqa: TRY301 - closed below
    except BaseException:
        made.close()
        raise
    return made


def same_user(peer: socket.socket) -> bool:
    """Is the process at the other end of this socket run by the same user? Where the system can't say, the socket's
    own mode must do.
    """
    option = getattr(socket, "SO_PEERCRED", None)
    if option is not None:
        _, uid, _ = struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, option, struct.calcsize("3i")))
        return bool(uid == os.getuid())
    if sys.platform == "darwin":  # struct xucred: version, uid, …
        uid = struct.unpack_from("2i", peer.getsockopt(0, 0x001, 76))[1]
        return bool(uid == os.getuid())
    return True


def _health(path: str) -> bool:
    try:
        with contextlib.closing(http.client.HTTPConnection("localhost")) as ask:
            ask.sock = connected(path)
            ask.request("GET", "/health")
            return ask.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False


# ── being it ──────────────────────────────────────────────────────────────────────────────────────────────────────


def main(env: Mapping[str, str]) -> int:
    """Be the user's server until idle, told to stop, or overtaken; at once if there is one already."""
    os.umask(0o077)
    where = place(env)
    lock = _until(lambda: _locked(where.lock), ASKING_SECONDS)
    if lock is None:
        return 0
    try:
        os.truncate(lock, 0)
        os.pwrite(lock, os.fsencode(f"{os.getpid()}\n{__version__}\n{where.socket}\n"), 0)
        _serve(where, env)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(where.socket)
        os.truncate(lock, 0)
        os.close(lock)
    return 0


def _serve(where: Place, env: Mapping[str, str]) -> None:
    import uvicorn

    from sidelight.server.app import make_app
    from sidelight.server.hooks import Hooks
    from sidelight.server.log import Log
    from sidelight.server.served import Served

    space.prepare(where.home)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(where.socket)  # left by one that was killed; the lock says nobody uses it
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    bound.bind(where.socket)
    os.chmod(where.socket, 0o600)
    bound.listen(512)
    with open(_log_file(where.home), "a", encoding="utf-8") as file:
        log = Log(file, requests=False)
        log.say(f"{__version__} started, process {os.getpid()}")
        served = Served(where.home, env)
        try:

            def end(*_: object) -> None:
                server.should_exit = True

            idle_seconds = float(env.get("SIDELIGHT_SERVER_IDLE") or IDLE_SECONDS)
            config = uvicorn.Config(
                Watched(Hooks(make_app(served, log), served, log), idle_seconds, end),
                http=private_protocol(),
                log_config=None,
                access_log=False,
                server_header=False,
                ws="none",
                lifespan="on",
                timeout_graceful_shutdown=3,
            )
            server = uvicorn.Server(config)
            for one in (signal.SIGINT, signal.SIGTERM):
                signal.signal(one, end)
            server.run(sockets=[bound])
            log.say("ended")
        finally:
            served.close()
            log.close()


def _log_file(home: str) -> str:
    file = os.path.join(home, "logs", "server.log")
    with contextlib.suppress(OSError):
        if os.path.getsize(file) > _LOG_MOST:
            os.replace(file, file + ".1")
    return file


def private_protocol() -> type[asyncio.Protocol]:
    """Uvicorn's protocol, for callers of the same user only."""
    from uvicorn.protocols.http.auto import AutoHTTPProtocol

    class Private(AutoHTTPProtocol):  # type: ignore[misc, valid-type] # it is one of two classes
        def connection_made(self, transport: asyncio.Transport) -> None:
            peer = transport.get_extra_info("socket")
            if peer is None or not same_user(peer):
                transport.abort()
                return
            super().connection_made(transport)

    return Private


class Watched:
    """An application that ends its server when nobody has asked for a while, or somebody newer does."""

    def __init__(
        self, app: ASGIApp, idle_seconds: float, end: Callable[[], None], *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._app, self._idle_seconds, self._end, self._now = app, idle_seconds, end, now
        self._busy = 0
        self._last = now()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            watcher = asyncio.get_running_loop().create_task(self._watch())
            await self._app(scope, receive, send)
            watcher.cancel()
            return
        self._busy += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._busy -= 1
            self._last = self._now()
        asked_by = next((value for name, value in scope.get("headers", ()) if name == VERSION_HEADER.encode()), b"")
        if _newer(asked_by.decode("latin-1"), __version__):
            self._end()

    def left(self) -> float:
        """How many seconds it may still be idle; while it is busy, all of them."""
        return self._idle_seconds - (0 if self._busy else self._now() - self._last)

    async def _watch(self) -> None:
        while (left := self.left()) > 0:  # noqa: ASYNC110 - time going by is what it waits for
            await asyncio.sleep(left)
        self._end()


def _newer(one: str, other: str) -> bool:
    """Is version `one` newer than `other`? What is no version is not.

    >>> _newer("0.10.0", "0.9.1"), _newer("0.1.0", "0.1.0"), _newer("", "0.1.0")
    (True, False, False)
    """
    try:
        return tuple(map(int, one.split(".")[:3])) > tuple(map(int, other.split(".")[:3]))
    except ValueError:
        return False


if __name__ == "__main__":
    raise SystemExit(main(os.environ))
