"""One request and its answer: what every route shares, so that a route is a table row and a few lines.

In order: the name it was addressed by, the token, the route, the size, the JSON, the bounds. Whatever is wrong is one
sentence (`{"error": …}`); what nobody foresaw is a 500 that is logged and tells the caller nothing of the inside.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import msgspec
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from sidelight import wire
from sidelight.config import BoundsError, ConfigError, Range, check_whole
from sidelight.home.commitments import BadCommitmentError, NoSuchCommitmentError
from sidelight.home.settings import UnpatchableError
from sidelight.home.tokens import OWN, READ, WRITE, allows
from sidelight.ledger import ACTOR_MOST
from sidelight.redact import MASK, line, secrets_out
from sidelight.server.encoding import encoded
from sidelight.server.log import Log
from sidelight.server.served import Served
from sidelight.server.signin import Visit
from sidelight.stores import StoreBusy, StoreError
from sidelight.stores.calls import PATH

BODY_MOST = 1024 * 1024
_DRAINED_MOST = 32 * 1024 * 1024  # a body that is too large is read to its end, so that the answer arrives
_KEY_MOST = 200

#: Where the session's name is looked for, in order (O16); the body's `actor` comes last.
SESSION_HEADERS = ("x-sidelight-session", "x-instar-session", "x-instar-actor")
AGENT_HEADER = "x-sidelight-agent"
_BYTES = {name: name.encode() for name in (*SESSION_HEADERS, AGENT_HEADER, "idempotency-key")}


class Refusal(Exception):
    """A request that is not carried out, with the status and the sentence for its caller."""

    def __init__(self, status: int, sentence: str, **headers: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.headers = [(name.replace("_", "-").lower().encode(), value.encode()) for name, value in headers.items()]


class Answer(NamedTuple):
    """A status and a JSON body, or its bytes."""

    status: int
    body: dict[str, Any] | bytes


class Parameter(NamedTuple):
    """A query parameter: its name, its JSON schema, what it says. It is documented and checked by its schema."""

    name: str
    schema: dict[str, Any]
    says: str

    def check(self, text: str) -> None:
        """Refuses a text that does not fit the schema; an empty one fits none."""
        kind, values = self.schema["type"], self.schema.get("enum")
        if kind == "integer":
            check_whole(self.name, text, Range(self.schema["minimum"], self.schema["maximum"]))
        elif kind == "boolean" and text not in ("true", "false"):
            raise Refusal(400, f"{self.name} must be true or false")
        elif values is not None and text not in values:
            raise Refusal(400, f"{self.name} must be one of {', '.join(values)}")


class Route(NamedTuple):
    """A row of the table: what is asked for how, what does it, what it takes and gives, and what else may come of it.

    `waits` routes may wait for a disk, a lock or git, or take more than one step, so they run in a thread; the others
    run on the event loop, where the ledger is quickest. `open` routes need no token. `gives` describes JSON; what is
    not JSON says so by its `media`.
    """

    method: str
    path: str
    do: Callable[[Served, Ask], Answer | Response]
    says: str
    gives: type[msgspec.Struct]
    takes: type[msgspec.Struct] | None = None
    status: int = 200
    also: Sequence[int] = ()
    asks: Sequence[Parameter] = ()
    group: str = "coordination"
    media: Sequence[str] = ("application/json",)
    waits: bool = False
    open: bool = False
    needs_session: bool = False


class Ask:
    """A request, read: who asks, the names in its path, its query, its body as the route's struct."""

    __slots__ = ("_headers", "_query", "_text", "_who", "body", "names", "raw", "route", "secure")

    def __init__(self, route: Route, scope: Scope, text: bytes) -> None:
        self.route = route
        self.names: dict[str, str] = scope["path_params"]
        self.secure: bool = scope.get("scheme") == "https"
        self._headers: list[tuple[bytes, bytes]] = scope["headers"]
        self._who: tuple[str | None, str | None] | None = None
        self._query = _asked(route, scope["query_string"])
        self._text = text
        self.body: Any = None
        self.raw: Any = None

    def read(self) -> None:
        """The body, as JSON and as what the route takes. Refuses what does not fit."""
        self._who = None
        takes = self.route.takes
        if takes is None:
            return
        text = self._text.removeprefix(b"\xef\xbb\xbf")
        try:
            self.raw = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError) as error:
            raise Refusal(400, f"the body is not JSON: {line(str(error), 200)}") from error
        try:
            self.body = msgspec.convert(self.raw, takes)
        except msgspec.ValidationError as error:
            raise Refusal(400, f"the body does not fit: {line(str(error), 300)}") from error

    def header(self, name: str) -> str | None:
        """A header's trimmed text; None if it is absent or empty."""
        wanted = _BYTES.get(name) or name.encode()
        for given, value in self._headers:
            if given == wanted:
                try:
                    text = value.decode().strip()
                except UnicodeDecodeError:
                    text = value.decode("latin-1").strip()
                if text:
                    return text
        return None

    def query(self, name: str) -> str | None:
        """A query parameter; the last one counts."""
        return self._query.get(name)

    def number(self, name: str) -> int | None:
        """A query parameter that is a whole number; None if it was not given."""
        text = self.query(name)
        return int(text) if text is not None else None

    def flag(self, name: str) -> bool:
        """A query parameter that is true or false."""
        return self.query(name) == "true"

    @property
    def visit(self) -> Visit:
        """Where a browser that asks says it comes from."""
        return Visit.of(self._headers)

    @property
    def actor(self) -> str | None:
        """The session that asks: a header, else the body's `actor`; None if it does not say (O16)."""
        return self._asking()[0]

    @property
    def agent(self) -> str | None:
        """The sub-agent that asks."""
        return self._asking()[1]

    def _asking(self) -> tuple[str | None, str | None]:
        if self._who is None:
            actor, agent = (_name(name, getattr(self.body, name, None)) for name in ("actor", "agent"))
            given = next(((name, text) for name in SESSION_HEADERS if (text := self.header(name)) is not None), None)
            self._who = (
                _name(*given) if given is not None else actor,
                _name(AGENT_HEADER, self.header(AGENT_HEADER)) or agent,
            )
        return self._who

    def given_key(self) -> str | None:
        """The idempotency key as it was sent."""
        given = self.header("idempotency-key")
        if given is not None and len(given) > _KEY_MOST:
            raise Refusal(400, f"Idempotency-Key must be at most {_KEY_MOST} characters")
        return given

    @property
    def key(self) -> str | None:
        """The idempotency key of a request, made its session's, its route's and its body's own; None without one.

        So a key that is used again for something else hides nothing: that is another request.
        """
        given = self.given_key()
        if given is None:
            return None
        whole = "\0".join((self.route.method, self.route.path, *self.names.values(), self.actor or "", given))
        body = msgspec.json.encode(self.raw, order="deterministic")
        return "http:" + hashlib.sha256(whole.encode() + b"\0" + body).hexdigest()


def _asked(route: Route, query: bytes) -> dict[str, str]:
    """The query; a parameter that is not known is refused, because a misspelt `windowMs` would be a false all-clear."""
    if not query:
        return {}
    found = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True, errors="replace"))
    known = [one.name for one in route.asks]
    unknown = [name for name in found if name not in known]
    if unknown:
        rest = f"; known are {', '.join(known)}" if known else ": this takes none"
        raise Refusal(400, f"unknown query parameter {line(unknown[0], 60)}{rest}")
    for one in route.asks:
        if one.name in found:
            one.check(found[one.name])
    return found


def _name(where: str, text: str | None) -> str | None:
    text = (text or "").strip()
    if len(text) > ACTOR_MOST:
        raise Refusal(400, f"{where} must be at most {ACTOR_MOST} characters, not {len(text):,}")
    return text or None


# ── the way of a request ──────────────────────────────────────────────────────────────────────────────────────────


class Resource:
    """The routes of one path: an ASGI application that picks the one for the method."""

    def __init__(self, served: Served, routes: Sequence[Route], log: Log) -> None:
        self._served = served
        self._log = log
        self._by_method = {route.method: route for route in routes}
        if "GET" in self._by_method:
            self._by_method["HEAD"] = self._by_method["GET"]
        self._allowed = ", ".join(sorted(self._by_method))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            route = self._by_method.get(scope["method"])
            if route is None:
                raise Refusal(405, f"this takes {self._allowed}", allow=self._allowed)  # noqa: TRY301 - one way out
            ask = Ask(route, scope, await body_of(receive) if route.takes is not None else b"")
            answer = await self._done(route, ask)
        except Refusal as refusal:
            await reply(send, refusal.status, wire.error(str(refusal)), refusal.headers)
            return
        except Exception as error:  # noqa: BLE001 - every mistake is an answer; what nobody foresaw is logged whole
            status, sentence = problem(error)
            if status == 500:
                self._log.failure(f"{scope['method']} {scope['path']}", error)
            await reply(send, status, wire.error(sentence))
            return
        if isinstance(answer, Response):
            await answer(scope, receive, send)
        else:
            await reply(send, answer.status, answer.body)

    async def _done(self, route: Route, ask: Ask) -> Answer | Response:
        served = self._served
        answer = None
        if not (route.waits or served.ledger.store.waits):
            with contextlib.suppress(StoreBusy):  # nothing was done yet: where it may wait, again
                answer = _do(route, served.hasty, ask)
        if answer is None:
            answer = await asyncio.get_running_loop().run_in_executor(served.threads, _do, route, served, ask)
        if route.method != "GET":
            served.bell.ring()
        return answer


def _do(route: Route, served: Served, ask: Ask) -> Answer | Response:
    ask.read()
    if not route.open:
        actor, agent, _ = ask.actor, ask.agent, ask.given_key()  # what is wrong with them is wrong for every route
        if route.method == "GET":  # what is recorded notes it by itself
            served.seen(actor, agent)
    return route.do(served, ask)


def problem(error: Exception) -> tuple[int, str]:
    """The status and the sentence for what went wrong."""
    if isinstance(error, (BoundsError, UnpatchableError, BadCommitmentError)):
        return 400, str(error)
    if isinstance(error, NoSuchCommitmentError):
        return 404, str(error)
    if isinstance(error, (StoreError, ConfigError)):
        return 503, str(error)
    if isinstance(error, OSError):
        return 503, f"the home cannot be used: {error.strerror or type(error).__name__}"
    return 500, "something went wrong here; the server's log says what"


async def body_of(receive: Receive, most: int = BODY_MOST) -> bytes:
    """The whole body. Refuses one that is too large, after reading it, so that the caller gets to hear it."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refusal(400, "the request was not sent to its end")
        part = message.get("body", b"")
        size += len(part)
        if size <= most:
            parts.append(part)
        if not message.get("more_body", False) or size > _DRAINED_MOST:
            break
    if size > most:
        raise Refusal(413, f"the body must be at most {most:,} bytes", connection="close")
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def reply(
    send: Send, status: int, body: dict[str, Any] | bytes, headers: Sequence[tuple[bytes, bytes]] = ()
) -> None:
    """Send a JSON answer."""
    content = body if isinstance(body, bytes) else encoded(body)
    start: Message = {
        "type": "http.response.start",
        "status": status,
        "headers": [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(content)).encode()),
            (b"cache-control", b"no-store"),
            *headers,
        ],
    }
    await send(start)
    await send({"type": "http.response.body", "body": content})


# ── the way in ────────────────────────────────────────────────────────────────────────────────────────────────────


#: Where in a request's scope it stands what its token may do.
RIGHT = "sidelight.right"


def wanted_right(method: str, path: str) -> str:
    """What a request needs the right to. The store's own calls say it each for itself."""
    if method in ("GET", "HEAD") or path == "/coordination/check" or path.startswith(f"{PATH}/"):
        return READ
    return OWN if path == "/config" else WRITE


class Gate:
    """The way in, for every request: its name, its token, and a line in the log when it is done."""

    def __init__(self, served: Served, inner: Callable[..., Any], open_paths: Iterable[str], log: Log) -> None:
        self._served, self._inner, self._log = served, inner, log
        self._open = frozenset(one for one in open_paths if "{" not in one)
        self._open_below = tuple(one.partition("{")[0] for one in open_paths if "{" in one)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        status = 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            refused = self._refused(scope)
            if refused is not None:
                await reply(noted, refused.status, wire.error(str(refused)), refused.headers)
            else:
                await self._inner(scope, receive, noted)
        finally:
            self._log.request(scope["method"], self._shown(scope["path"]), status, time.perf_counter() - began)

    def _refused(self, scope: Scope) -> Refusal | None:
        host = authorization = None
        for name, value in scope["headers"]:
            if name == b"authorization":
                authorization = value
            elif name == b"host":
                host = value
        if not self._served.names.mine(host):
            return Refusal(421, "this server does not go by the name in the Host header; see `serve --allow-host`")
        if scope["path"] in self._open or scope["path"].startswith(self._open_below):
            return None
        right, problem = self._served.keys.right(authorization)
        if problem is not None and authorization is None and self._signed_in(scope):
            right, problem = READ, None
        if problem is None:
            scope[RIGHT] = right
            problem = self._forbidden(scope, right)
        if problem is None:
            return None
        status, sentence = problem
        return Refusal(status, sentence, www_authenticate="Bearer") if status == 401 else Refusal(status, sentence)

    def _forbidden(self, scope: Scope, right: str) -> tuple[int, str] | None:
        """What a token that was given out may not do (`home.tokens`)."""
        wanted = wanted_right(scope["method"], scope["path"])
        return None if allows(right, wanted) else (403, f"this token has the right to {right}; this needs {wanted}")

    def _signed_in(self, scope: Scope) -> bool:
        """A browser that is signed in may read, and nothing else."""
        return scope["method"] in ("GET", "HEAD") and self._served.signin.holds(Visit.of(scope["headers"]))

    def _shown(self, path: str) -> str:
        """A path for the log: one line, no secrets."""
        if len(path) < 40 and path.isascii() and path.isprintable():
            return path
        return line(secrets_out(path.replace(self._served.keys.token().decode(), MASK)), 200)
