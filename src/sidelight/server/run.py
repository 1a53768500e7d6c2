"""`sidelight serve`: bind, say where, and run until told to stop."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import stat
import sys
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import uvicorn

from sidelight import space
from sidelight.home import awareness, settings
from sidelight.server.app import make_app
from sidelight.server.auth import Names, is_loopback
from sidelight.server.log import Log
from sidelight.server.served import Served

GRACE = 3  # seconds that requests which are still running get


class RefusedError(Exception):
    """The server is not started: the sentence says why, and what to do instead."""


class Where(NamedTuple):
    """Where to listen: a host and a port (0 picks one), or a socket in the file system, or both."""

    host: str = "127.0.0.1"
    port: int | None = 0
    uds: str | None = None
    allow_remote: bool = False
    allow_hosts: tuple[str, ...] = ()


def serve(home: str, where: Where, env: Mapping[str, str], *, agent_home: bool = False) -> int:
    """Serve a home until SIGTERM or SIGINT. The first line on standard output is the URL.

    An agent home is first brought up to date: the defaults it lacks, and what it tells its sessions. Raises
    `RefusedError`, or what opening the ledger raises.
    """
    sockets = [*_tcp(where), *_unix(where)]
    log = Log()
    if agent_home:
        _bring_up_to_date(home, env, log)
    served = Served(home, env, names=Names((*where.allow_hosts, where.host)))
    try:
        _note_url(home, url_of(sockets[0]))
        log.say(f"serving {served.home}; the token is its authToken, or SIDELIGHT_TOKEN")
        _run(served, log, sockets)
    finally:
        for one in sockets:
            one.close()
        if where.uds is not None:
            with contextlib.suppress(OSError, RefusedError):
                _unlink(os.path.abspath(where.uds))
        _note_url(home, None)
        served.close()
        log.close()
    return 0


def _bring_up_to_date(home: str, env: Mapping[str, str], log: Log) -> None:
    """Defaults (O22) and the instruction files (O23) of an agent home; what was done is said."""
    fresh = not any(os.path.exists(os.path.join(home, name)) for name in ("config.json", "ledger.db"))
    space.prepare(home)
    done = settings.apply_defaults(home)
    for verb, names in (("added to config.json", done.added), ("not wanted in config.json", done.skipped)):
        if names:
            log.say(f"{verb}: {', '.join(names)}")
    try:
        for one in awareness.write(home, fresh=fresh):
            log.say(str(one))
        if os.path.basename(home) == ".sidelight":
            space.register(home, env)
    except OSError as error:
        log.say(f"{error.filename}: {error.strerror}")


def _note_url(home: str, url: str | None) -> None:
    """Where this home is served, for those who share its directory: `curl "$(cat server.url)/…"`."""
    file = os.path.join(home, "server.url")
    with contextlib.suppress(OSError):  # a convenience; the first line of the output says it too
        if url is not None:
            space.replace_file(file, f"{url}\n".encode())
        else:
            os.unlink(file)


def _run(served: Served, log: Log, sockets: list[socket.socket]) -> None:
    config = uvicorn.Config(
        make_app(served, log),
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        lifespan="on",
        timeout_graceful_shutdown=GRACE,
        timeout_keep_alive=75,
    )
    server = uvicorn.Server(config)

    def stop(*_: object) -> None:
        server.should_exit = True

    # Before uvicorn's own handlers are there, and after: being asked to stop is no failure, at no time.
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, stop)
    for bound in sockets:
        sys.stdout.write(url_of(bound) + "\n")
    sys.stdout.flush()
    server.run(sockets=sockets)


def url_of(bound: socket.socket) -> str:
    """How a client calls a socket."""
    if bound.family == getattr(socket, "AF_UNIX", None):
        return f"unix:{bound.getsockname()}"
    host, port = bound.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"


def _tcp(where: Where) -> list[socket.socket]:
    if where.port is None:
        return []
    if not where.allow_remote and not is_loopback(where.host):
        raise RefusedError(
            f"{where.host} is reachable from other machines, and the token would cross the network in the clear; "
            "say --allow-remote if that is meant, best behind a proxy with TLS"
        )
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(2048)
    except (OSError, OverflowError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise RefusedError(f"cannot listen on {where.host}:{where.port}: {said}; --port 0 picks a free one") from error
    return [bound]


def _unix(where: Where) -> Iterable[socket.socket]:
    if where.uds is None:
        return []
    if not hasattr(socket, "AF_UNIX"):
        raise RefusedError("this machine has no sockets in the file system; use --port")
    path = os.path.abspath(where.uds)
    _unlink(path)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)  # private from its first moment
    try:
        bound.bind(path)
        bound.listen(2048)
    except OSError as error:
        raise RefusedError(f"cannot listen on {path}: {error.strerror or error}") from error
    finally:
        os.umask(before)
    return [bound]


def _unlink(path: str) -> None:
    """Remove a socket that nobody listens on any more. Never anything that is no socket."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise RefusedError(f"{path} is there and is no socket; name another path")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(path)
        except OSError:
            os.unlink(path)
            return
    raise RefusedError(f"another server listens on {path}")
