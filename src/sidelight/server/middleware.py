"""For other people's servers: declared routes record themselves, and the warning rides on their answer.

    app = Starlette(
        routes=[Route("/flags/{name}", set_flag, methods=["PUT"])],
        middleware=[
            Middleware(
                CoordinationMiddleware,
                ledger="~/agent",
                records=[Recorded("PUT", "/flags/{name}", "config-flag", target="flags.{name}", value="enabled")],
            )
        ],
    )

A declared route that succeeded (its status is below 400) is recorded, once, with the session that its request names
(`X-Sidelight-Session` and the others the server knows). What matters of others' actions is put on the same answer: as a
`Coordination-Warning` header, and where the body is a JSON object as its field `coordinationWarning`. Nothing is ever
blocked, other routes pass untouched, and where recording fails the answer is the application's own.
"""

from __future__ import annotations

import json
import logging
import os
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sidelight.actions import KINDS, Draft, Session
from sidelight.ledger import ACTIVITY_MOST, ACTOR_MOST, Ledger, Receipt
from sidelight.server.bursts import Bursts, worded
from sidelight.server.exchange import AGENT_HEADER, BODY_MOST, SESSION_HEADERS
from sidelight.stores import StoreBusy

HEADER = "coordination-warning"
FIELD = "coordinationWarning"

_log = logging.getLogger("sidelight")


class Recorded(NamedTuple):
    """A route that records itself: its method and path, the kind of action it is, and on what.

    `target` is a template with the names of the path (`"flags.{name}"`). `value` and `reason` name a field of the
    request's JSON body, as far as the application has read it. `draft` makes the whole draft instead, from the names of
    the path and the body.
    """

    method: str
    path: str
    kind: str = "other"
    target: str = ""
    value: str | None = None
    reason: str | None = None
    draft: Callable[[Mapping[str, Any], Any], Draft] | None = None

    def drafted(self, names: Mapping[str, Any], body: Any, actor: str | None, agent: str | None) -> Draft:
        """What a request does."""
        if self.draft is not None:
            return self.draft(names, body)._replace(actor=actor, agent=agent)
        fields = body if isinstance(body, dict) else {}
        reason = fields.get(self.reason) if self.reason else None
        return Draft(
            self.kind,
            target=self.target.format(**names) or None,
            value=fields.get(self.value) if self.value else None,
            reason=reason[:ACTIVITY_MOST] if isinstance(reason, str) else None,
            actor=actor,
            agent=agent,
        )


class CoordinationMiddleware:
    """ASGI middleware that records the declared routes of an application in a ledger."""

    def __init__(self, app: ASGIApp, *, ledger: Ledger | str, records: Sequence[Recorded]) -> None:
        for one in records:
            if one.draft is None and one.kind not in KINDS:
                raise ValueError(f"{one.method} {one.path}: unknown kind {one.kind}; known are {', '.join(KINDS)}")
        self._app = app
        if isinstance(ledger, str):
            self._ledger = Ledger.open(os.path.expanduser(ledger))
            weakref.finalize(self, self._ledger.close)
        else:
            self._ledger = ledger
        self._hasty = self._ledger.hasty(20)
        weakref.finalize(self, self._hasty.close)
        self._bursts = Bursts()
        self._records = [(one, *compile_path(one.path)[::2]) for one in records]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._declared(scope) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        recorded, names = found
        request = _Overheard(receive)

        async def record() -> str | None:
            return await self._record(recorded, names, request.json(), Headers(scope=scope))

        await self._app(scope, request.receive, _Answer(send, record).send)

    def _declared(self, scope: Scope) -> tuple[Recorded, dict[str, Any]] | None:
        path = scope["path"].removeprefix(scope.get("root_path", "").rstrip("/"))
        for recorded, regex, convertors in self._records:
            match = regex.match(path) if recorded.method == scope["method"] else None
            if match is not None:
                return recorded, {name: convertors[name].convert(text) for name, text in match.groupdict().items()}
        return None

    async def _record(self, recorded: Recorded, names: dict[str, Any], body: Any, headers: Headers) -> str | None:
        """Record it, and say what is to be said. Whatever fails here is logged, and the answer stays as it is."""
        try:
            actor = next((name for one in SESSION_HEADERS if (name := headers.get(one, "").strip())), None)
            if actor is None and isinstance(body, dict) and isinstance(body.get("actor"), str):
                actor = body["actor"].strip() or None
            actor = actor[:ACTOR_MOST] if actor else None
            agent = headers.get(AGENT_HEADER, "").strip()[:ACTOR_MOST] or None
            draft = recorded.drafted(names, body, actor, agent)
            receipt = await self._receipt(draft, Session(actor, agent, space=self._ledger.space) if actor else None)
            if receipt.error is not None:
                _log.warning("not recorded: %s", receipt.error)
            if receipt.error is not None or receipt.passive:
                return None
            return worded(self._bursts, receipt, receipt.actions, self._ledger.config.window_ms)[0]
        except Exception:  # noqa: BLE001 - a template or a draft of the application's; its answer goes out all the same
            _log.exception("recording %s %s failed", recorded.method, recorded.path)
            return None

    async def _receipt(self, draft: Draft, me: Session | None) -> Receipt:
        if not self._ledger.store.waits:
            try:
                return self._hasty.record(draft, me=me, present=True)
            except StoreBusy:  # held by others for longer than an event loop should wait
                pass
        return await run_in_threadpool(lambda: self._ledger.record(draft, me=me, present=True))


class _Overheard:
    """A request's body, kept as the application reads it."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._parts: list[bytes] = []
        self._size = 0

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            part = message.get("body", b"")
            self._size += len(part)
            if self._size <= BODY_MOST:
                self._parts.append(part)
        return message

    def json(self) -> Any:
        """The body as JSON; None if it is none, or too large."""
        if self._size > BODY_MOST:
            return None
        try:
            return json.loads(b"".join(self._parts) or b"null")
        except (ValueError, RecursionError):
            return None


class _Answer:
    """An answer on its way: held until it is known whether it succeeded, and a JSON object until it is whole."""

    def __init__(self, send: Send, record: Callable[[], Any]) -> None:
        self._send, self._record = send, record
        self._start: Message | None = None
        self._held: list[bytes] = []

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] < 400:
            self._start = dict(message)
            if not self._is_json():
                await self._begin(await self._record())
        elif message["type"] == "http.response.body" and self._start is not None:
            await self._body(message)
        else:
            await self._send(message)

    def _is_json(self) -> bool:
        headers = Headers(raw=(self._start or {}).get("headers", []))
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        return (kind == "application/json" or kind.endswith("+json")) and "content-encoding" not in headers

    async def _body(self, message: Message) -> None:
        self._held.append(message.get("body", b""))
        more = message.get("more_body", False)
        if more and sum(map(len, self._held)) <= BODY_MOST:
            return
        warning = await self._record()
        body = b"".join(self._held)
        if not more:
            body = _with_field(body, warning)
        await self._begin(warning, None if more else len(body))
        await self._send({**message, "body": body})

    async def _begin(self, warning: str | None, length: int | None = None) -> None:
        start, self._start = self._start or {}, None
        headers = MutableHeaders(raw=list(start.get("headers", [])))
        if warning is not None:
            headers[HEADER] = _plain(warning)
        if length is not None and "content-length" in headers:
            headers["content-length"] = str(length)
        await self._send({**start, "headers": headers.raw})


def _with_field(body: bytes, warning: str | None) -> bytes:
    """A JSON object with the warning in it; anything else as it is."""
    if warning is None:
        return body
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return body
    if not isinstance(found, dict) or FIELD in found:
        return body
    return json.dumps(found | {FIELD: warning}, ensure_ascii=False, separators=(",", ":")).encode()


def _plain(warning: str) -> str:
    """A warning as a header can hold it: one line of ASCII."""
    return " ".join(warning.replace("⚠ ", "").split()).encode("ascii", "backslashreplace").decode()
