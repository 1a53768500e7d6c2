"""`sidelight mcp`: an agent program's messages, passed on to the user's server, which has the SDK loaded.

    raise SystemExit(main(os.environ))

Loading the SDK takes most of a second and 60 MB for every session; passing a line on takes neither. Each line from
standard input becomes one request to the server's `/mcp`, so that a server may end and start again between two of them.
Where none runs and none may be started, or it cannot answer, this process serves its client itself from there on.

Source: issue "MCP: five tools, any host".
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from sidelight import __version__, rendezvous, space

#: A call may wait for a ledger that is held by others; this is longer than any does.
ANSWERS_WITHIN = 60.0
#: What starting the server may take before this process does its work itself, in seconds.
STARTS_WITHIN = 5.0

#: Who names a store or a server means another one than the user's own.
_ELSEWHERE = ("SIDELIGHT_STORE", "SIDELIGHT_SERVER")
_VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
_NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
MISSING = "this needs the MCP SDK; install it: pip install 'sidelight[mcp]'"
Message = dict[str, Any]


class Unanswered(Exception):
    """The server is not there, or this is none that answers here."""


def run() -> int:
    """`sidelight mcp` without anything else on its line, from the quick way in."""
    try:
        return main(os.environ)
    except ImportError as error:
        sys.stderr.write(f"sidelight: {MISSING} ({error})\n")
        return 1
    except KeyboardInterrupt:
        return 130


def main(env: Mapping[str, str], home: str | None = None) -> int:
    """Serve the client on standard input and output until it hangs up. Raises `ImportError` where the SDK is needed and
    absent.
    """
    bridge = Bridge(env)
    if home is not None or any(env.get(name) for name in _ELSEWHERE) or not bridge.stands():
        return _alone(env, home)
    for line in sys.stdin.buffer:
        try:
            answer = bridge.passed_on(line)
        except (Unanswered, OSError):
            again = [*bridge.greeting, line.decode("utf-8", "replace")]
            return _alone(env, None, again, bridge.greeted, bridge.key)
        if answer:
            sys.stdout.buffer.write(answer.replace(b"\n", b"") + b"\n")
            sys.stdout.buffer.flush()
    return 0


def _alone(
    env: Mapping[str, str],
    home: str | None,
    earlier: Sequence[str] = (),
    unheard: Sequence[object] = (),
    key: str = "",
) -> int:
    """Serve the client with the SDK in this process, from where it stands."""
    if sys.flags.no_site:  # the SDK may be where only `site` looks
        import site

        site.main()
    import anyio

    from sidelight.desk import Desk
    from sidelight.mcp_server import stdio

    anyio.run(stdio, Desk.of(env, home), earlier, unheard, key)
    return 0


class Bridge:
    """The way to the user's server, and what a client of the old protocol has agreed with it: to be said again to who
    takes over.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._place: rendezvous.Place | None = None
        self._head = b""
        self._version: str | None = None
        self.key = ""  # the idempotency key of the line at hand: a server may die after the deed and before its answer
        self.greeting: list[str] = []
        self.greeted: list[object] = []

    def stands(self) -> bool:
        """Is the server there, started if that is wanted?"""
        self._place = rendezvous.place(self._env) or self._prepared()
        if self._place is None:
            return False
        if not _listens(self._place) and not self._started(self._place):
            return False
        self._head = _head(self._place, self._env)
        return True

    def _prepared(self) -> rendezvous.Place | None:
        """A home that is not there yet is made, if a server may be started in it."""
        if not rendezvous.may_start(self._env):
            return None
        with contextlib.suppress(OSError):
            space.prepare(space.state_dir(self._env))
        return rendezvous.place(self._env)

    def _started(self, place: rendezvous.Place) -> bool:
        if not rendezvous.may_start(self._env) or not _installed():
            return False
        rendezvous.spawn(sys.executable, self._env)
        deadline = time.monotonic() + STARTS_WITHIN
        while not _listens(place):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def passed_on(self, line: bytes) -> bytes:
        """The server's answer to a line; empty where there is none. Raises `Unanswered` or `OSError`."""
        if not line.strip():
            return b""
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):  # the server's to answer
            found = None
        message: Message = found if isinstance(found, dict) else {}
        self.key = os.urandom(16).hex()
        answer = self._asked(line, self._about(message))
        if message.get("method") == "initialize":
            self._agreed(line, message, answer)
        elif message.get("method") == "notifications/initialized":
            self.greeting.append(line.decode("utf-8", "replace"))
        return answer

    def _agreed(self, line: bytes, message: Message, answer: bytes) -> None:
        result = json.loads(answer).get("result")
        version = result.get("protocolVersion") if isinstance(result, dict) else None
        self._version = version if isinstance(version, str) else None
        self.greeting, self.greeted = [line.decode("utf-8", "replace")], [message.get("id")]

    def _about(self, message: Message) -> bytes:
        """The headers of this message: its protocol's version, and in the current one what it is about."""
        params = message.get("params")
        meta = params.get("_meta") if isinstance(params, dict) else None
        version = meta.get(_VERSION_KEY) if isinstance(meta, dict) else None
        method = message.get("method")
        if not isinstance(version, str) or not isinstance(method, str) or not isinstance(params, dict):
            return _header("mcp-protocol-version", self._version) if self._version else b""
        named = params.get(_NAMED.get(method, ""))
        about = _header("mcp-protocol-version", version) + _header("mcp-method", method)
        return about + (_header("mcp-name", named) if isinstance(named, str) else b"")

    def _asked(self, body: bytes, about: bytes) -> bytes:
        try:
            status, answer = self._sent(body, about)
            if status in (b"401", b"403"):  # the token was made, or changed, since it was read
                raise ConnectionRefusedError
        except OSError:  # it ended, idle or overtaken; a newer one may be there
            if not self.stands():
                raise
            status, answer = self._sent(body, about)
        if status == b"202":
            return b""
        if b'"jsonrpc"' not in answer:  # no MCP there, or cut off
            raise Unanswered
        return answer

    def _sent(self, body: bytes, about: bytes) -> tuple[bytes, bytes]:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(ANSWERS_WITHIN)
            _connect(line, self._place)
            about += _header("idempotency-key", self.key)
            line.sendall(self._head + about + b"content-length: %d\r\n\r\n" % len(body) + body)
            head, _, answer = _all_of(line).partition(b"\r\n\r\n")
        return head[9:12], answer


def _connect(line: socket.socket, place: rendezvous.Place | None) -> None:
    path = rendezvous.socket_of(place) if place is not None else ""
    if not path:
        raise FileNotFoundError(2, "no server is there")
    line.connect(path)


def _listens(place: rendezvous.Place) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(1)
        try:
            _connect(line, place)
        except OSError:
            return False
        return True


def _installed() -> bool:
    from importlib.util import find_spec

    return all(find_spec(name) is not None for name in ("uvicorn", "starlette", "msgspec", "mcp"))


def _all_of(line: socket.socket) -> bytes:
    parts = []
    while part := line.recv(65_536):
        parts.append(part)
    return b"".join(parts)


def _head(place: rendezvous.Place, env: Mapping[str, str]) -> bytes:
    """What every request begins with: who asks, and from where."""
    known = space.who_am_i(env)
    named = {
        "host": "localhost",
        "connection": "close",
        "authorization": f"Bearer {_token(place)}",
        "content-type": "application/json",
        "accept": "application/json, text/event-stream",
        rendezvous.VERSION_HEADER: __version__,
        "x-sidelight-session": known.session,
        "x-sidelight-agent": known.agent,
        "x-sidelight-host": known.host,
        "x-sidelight-cwd": os.getcwd(),
    }
    return b"POST /mcp HTTP/1.1\r\n" + b"".join(_header(name, text) for name, text in named.items() if text)


def _token(place: rendezvous.Place) -> str:
    try:
        with open(f"{place.home}/config.json", encoding="utf-8") as file:
            kept = json.load(file)
    except (OSError, ValueError, RecursionError):
        return ""
    token = kept.get("authToken") if isinstance(kept, dict) else None
    return token if isinstance(token, str) else ""


def _header(name: str, text: str | None) -> bytes:
    """A header; what may not stand in one as it is, is wrapped as the protocol says."""
    text = text or ""
    if name.startswith("mcp-") and not (text.isascii() and text.isprintable() and text == text.strip()):
        from binascii import b2a_base64

        text = f"=?base64?{b2a_base64(text.encode('utf-8', 'replace'), newline=False).decode()}?="
    return f"{name}: {text}\r\n".encode("utf-8", "surrogateescape") if text.isprintable() else b""
