"""Every route of the server, on one screen, and the ASGI application made of them.

`capabilities` and the OpenAPI document are read off this table; nothing lists routes a second time.
"""

from __future__ import annotations

import asyncio
import contextlib

from starlette.routing import Route as Path
from starlette.routing import Router
from starlette.types import Receive, Scope, Send

from sidelight import wire
from sidelight.config import ConfigError
from sidelight.server import coordination, home, messages, metrics, openapi, page
from sidelight.server.exchange import Answer, Ask, Gate, Resource, Route, reply
from sidelight.server.log import Log
from sidelight.server.mounted import PATH, Mounted
from sidelight.server.served import Served
from sidelight.server.store import ROUTE, Far
from sidelight.stores import StoreError


def _capabilities(served: Served, ask: Ask) -> Answer:  # noqa: ARG001 - every route is asked the same way
    return Answer(200, home.capabilities(served, ROUTES))


def _openapi(served: Served, ask: Ask) -> Answer:  # noqa: ARG001 - as above
    return Answer(200, openapi.document(ROUTES))


# fmt: off
ROUTES: tuple[Route, ...] = (
    Route("POST", "/coordination/intent", coordination.announce, "Announce what you are about to do.",
          messages.Announced, messages.Intent, status=201, also=(413,)),
    Route("POST", "/coordination/intent/{id}/finish", coordination.finish, "It is done.",
          messages.Finished, also=(404,), waits=True),
    Route("POST", "/coordination/check", coordination.check, "What would I be warned about? Records nothing.",
          messages.Checked, messages.Check, also=(413,), waits=True),
    Route("GET", "/coordination/recent", coordination.recent, "What was announced and done of late, newest first.",
          messages.Recent, asks=(coordination.LIMIT, coordination.WINDOW, coordination.QUIET)),
    Route("GET", "/coordination/notices", coordination.notices, "What others did to this session's work.",
          messages.Notices, needs_session=True),
    Route("GET", "/coordination/sessions", coordination.sessions, "Who is here, and what each has announced.",
          messages.Sessions),
    Route("GET", "/coordination/stream", coordination.follow, "The record as it grows, as server-sent events.",
          messages.Action, media=("text/event-stream",),
          asks=(coordination.AFTER, coordination.QUIET, coordination.EVERYWHERE)),
    Route("GET", "/coordination/view", page.view, "What the page draws: lanes, marks, and where sessions met.",
          messages.View, asks=(page.WINDOW, page.UNTIL, page.BEHIND), waits=True),
    Route("GET", "/config", home.show, "The settings; secrets are `***`.", messages.Settings, group="config"),
    Route("PATCH", "/config", home.patch, "Change settings by a merge patch (RFC 7396).",
          messages.Patched, messages.Patch, also=(413,), group="config", waits=True),
    Route("POST", "/commitments", home.promise, "Keep a commitment to a user.",
          messages.Commitment, messages.Promise, status=201, also=(413,), group="commitments", waits=True),
    Route("GET", "/commitments", home.promises, "The commitments, newest first.",
          messages.Commitments, asks=(home.STATUS,), group="commitments"),
    Route("GET", "/commitments/{id}", home.one_promise, "One commitment.",
          messages.Commitment, also=(404,), group="commitments"),
    Route("POST", "/commitments/{id}/withdraw", home.withdraw, "Withdraw an active commitment.",
          messages.Withdrawn, messages.Withdrawal, also=(404, 413), group="commitments", waits=True),
    Route("GET", "/", page.index, "The page that people look at.",
          messages.Text, media=("text/html",), group="dashboard", open=True),
    Route("GET", "/assets/{name}", page.asset, "A file of the page.",
          messages.Text, also=(404,), media=page.MEDIA, group="dashboard", open=True),
    Route("POST", "/session", page.sign_in, "Sign a browser in: the token once, or a one-time code. Gives a cookie.",
          messages.SignedIn, messages.Credentials, also=(400, 403, 413, 429), group="dashboard", waits=True, open=True),
    Route("DELETE", "/session", page.sign_out, "Sign a browser out.",
          messages.SignedIn, also=(403,), group="dashboard", open=True),
    Route("GET", "/metrics", metrics.show, "Numbers for Prometheus; only where the setting `metrics` is true.",
          messages.Text, also=(404,), media=metrics.MEDIA, group="server", waits=True),
    Route("GET", "/capabilities", _capabilities, "What this server can do.", messages.Capabilities, group="server"),
    Route("GET", "/openapi.json", _openapi, "This description.", messages.Settings, group="server"),
    Route("GET", "/health", home.health, "It is alive.", messages.Health, group="server", open=True),
)
# fmt: on


def make_app(served: Served, log: Log) -> App:
    """The ASGI application for one home."""
    by_path: dict[str, list[Route]] = {}
    for route in ROUTES:
        by_path.setdefault(route.path, []).append(route)
    paths = [Path(path, Resource(served, of_path, log)) for path, of_path in by_path.items()]
    mounted = Mounted(served, log)
    router = Router(
        [*paths, Path(PATH, mounted), Path(ROUTE, Far(served, log))], redirect_slashes=False, default=_nowhere
    )
    return App(served, mounted, Gate(served, router, frozenset(one.path for one in ROUTES if one.open), log), log)


async def _nowhere(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - an ASGI application
    await reply(send, 404, wire.error("there is nothing here; `GET /openapi.json` lists what there is"))


class App:
    """What uvicorn runs: HTTP goes through the gate, the rest is start and end."""

    def __init__(self, served: Served, mounted: Mounted, gate: Gate, log: Log) -> None:
        self._served, self._mounted, self._gate, self._log = served, mounted, gate, log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._gate(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        housekeeper = asyncio.get_running_loop().create_task(self._keep_house())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._mounted.close()
        housekeeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await housekeeper
        await send({"type": "lifespan.shutdown.complete"})

    async def _keep_house(self) -> None:
        while True:
            try:
                await asyncio.get_running_loop().run_in_executor(self._served.threads, self._served.keep_house)
            except (StoreError, ConfigError) as error:
                self._log.say(f"housekeeping: {error}")
            await asyncio.sleep(60)
