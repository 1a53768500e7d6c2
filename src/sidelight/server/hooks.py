"""Hooks of agent programs, answered by the user's own server: what a hook process forwards, and the host's JSON back.

An ASGI application around the other one: `POST /hook` is its own, the rest it hands on. It exists on the user's
private socket alone, where the peer's user was checked, so it asks for no token. It says that it is there as soon as
the head of a request came in (100 Continue); a hook that hears nothing does the work itself, and since both carry the
same idempotency key, whoever comes second finds it done.

Source: design 6.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from sidelight import audit, rendezvous
from sidelight.facts import LiveFacts
from sidelight.hosts import costs
from sidelight.hosts.dialogue import BrokenInputError, Caller, Said, hold
from sidelight.ledger import Ledger
from sidelight.ledger.opening import Place
from sidelight.stores import Store
from sidelight.stores.guarded import guarded

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from sidelight.server.log import Log
    from sidelight.server.served import Served

_HEAD_MOST = 1024 * 1024


class Hooks:
    """The hooks' way in."""

    def __init__(self, app: ASGIApp, served: Served, log: Log) -> None:
        self._app, self._served, self._log = app, served, log
        self._stores: dict[tuple[str, str], Store] = {(served.store_url, served.home): served.ledger.store}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == rendezvous.PATH and scope["method"] == "POST":
            await self._answer(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            if scope["type"] == "lifespan":
                for store in list(self._stores.values())[1:]:
                    store.dispose()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        body = await _whole(receive)
        loop = asyncio.get_running_loop()
        status, said = 200, Said(None)
        try:
            letter, payload = _opened(scope, body)
            said = await loop.run_in_executor(self._served.threads, self._held, letter, payload)
        except BrokenInputError as error:  # the hook process need not try as well
            audit.note_error(self._served.home, f"hook: {error}")
        except Exception as error:  # noqa: BLE001 - the hook does it itself, and says so to its own
            self._log.failure("hook", error)
            status = 500
        await _reply(send, status, said.output or b"")
        if status == 200 and said.moment is not None:
            spent = letter.spent_us / 1e6 + time.perf_counter() - began
            await loop.run_in_executor(self._served.threads, self._settled, said, spent)
            self._served.bell.ring()

    def _held(self, letter: rendezvous.Letter, payload: bytes) -> Said:
        caller = Caller(letter.host, letter.cwd, letter.pid, letter.env)
        return hold(caller, payload, lambda facts: self._ledger(facts, letter.env))

    def _ledger(self, facts: LiveFacts, env: dict[str, str]) -> Ledger:
        return Ledger.open(facts=facts, cwd=facts.cwd, env=env, opener=self._store)

    def _store(self, place: Place) -> Store:
        which = place.url, place.home or self._served.home
        if which not in self._stores:
            self._stores[which] = guarded(*which)
            self._served.stores.append(self._stores[which])
        return self._stores[which]

    def _settled(self, said: Said, seconds: float) -> None:
        try:
            said.settle()
            costs.note(self._served.home, said, seconds)
        except Exception as error:  # noqa: BLE001 - it was answered; what was not remembered is said once more
            self._log.failure("hook, afterwards", error)


def _opened(scope: Scope, body: bytes) -> tuple[rendezvous.Letter, bytes]:
    size = dict(scope["headers"]).get(rendezvous.ENVELOPE_HEADER.encode(), b"")
    try:
        length = int(size)
        if not 0 < length <= min(len(body), _HEAD_MOST):
            raise ValueError("the envelope is not whole")  # noqa: TRY301 - one way out
        return rendezvous.Letter(body[:length]), body[length:]
    except ValueError as error:
        raise BrokenInputError(f"what came is no hook's: {error}") from error


async def _whole(receive: Receive) -> bytes:
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        part = message.get("body", b"")
        size += len(part)
        if size <= rendezvous.INPUT_MOST + _HEAD_MOST:
            parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


async def _reply(send: Send, status: int, body: bytes) -> None:
    headers: list[Any] = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
