"""The store itself, for machines that keep their ledger here: one message a call, at `/store/1/…`.

It is the way in of `stores.remote` and no part of the documented HTTP interface. What cannot be done now is said with
what kind of failure it is; whoever asked keeps it and comes again. Nothing is spooled here for others.

Source: design 7.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from starlette.types import Receive, Scope, Send

from sidelight import wire
from sidelight.home.tokens import allows
from sidelight.server.exchange import RIGHT, Refusal, body_of, reply
from sidelight.server.log import Log
from sidelight.server.served import Served
from sidelight.stores import StoreBusy, StoreError, StoreFrozen, StoreGone
from sidelight.stores.calls import CALLS, PATH, answered
from sidelight.stores.guarded import Guarded

ROUTE = PATH + "/{call}"
BODY_MOST = 16 * 1024 * 1024

#: An error's name on the wire, the most particular one first.
KINDS: tuple[tuple[type[StoreError], str], ...] = (
    (StoreBusy, "busy"),
    (StoreFrozen, "frozen"),
    (StoreGone, "gone"),
    (StoreError, "error"),
)


class Far:
    """The ASGI application at `/store/1/…`."""

    def __init__(self, served: Served, log: Log) -> None:
        self._served, self._log = served, log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = scope["path_params"]["call"]
        try:
            body = _message(scope, name, await body_of(receive, BODY_MOST))
            loop = asyncio.get_running_loop()
            answer = await loop.run_in_executor(self._served.threads, self._done, name, body)
        except Refusal as refusal:
            await reply(send, refusal.status, wire.error(str(refusal)), refusal.headers)
        except StoreError as error:
            kind = next(kind for of, kind in KINDS if isinstance(error, of))
            await reply(send, 400 if kind == "error" else 503, wire.error(str(error)) | {"kind": kind})
        except (TypeError, ValueError, KeyError, AttributeError, OverflowError):
            await reply(send, 400, wire.error(f"this is no message for {name}") | {"kind": "error"})
        else:
            await reply(send, 200, {"answer": answer})
            if CALLS[name].right != "read":
                self._served.bell.ring()

    def _done(self, name: str, body: dict[str, Any]) -> Any:
        store = self._served.ledger.store
        if isinstance(store, Guarded):  # in time or not at all; keeping it is the business of who asks
            return store.ask(lambda engine: answered(engine, name, body))
        return answered(store, name, body)


def _message(scope: Scope, name: str, text: bytes) -> dict[str, Any]:
    if scope["method"] != "POST":
        raise Refusal(405, "this takes POST", allow="POST")
    call = CALLS.get(name)
    if call is None:
        raise Refusal(404, "this server knows no such call; it may be older than who asks")
    if not allows(scope.get(RIGHT, ""), call.right):
        raise StoreError(f"this token may not do that: it has the right to {scope.get(RIGHT)}, not to {call.right}")
    body = msgspec.json.decode(text)
    if not isinstance(body, dict):
        raise TypeError("a message is an object")
    return body
