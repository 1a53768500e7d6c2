"""`/mcp`: the tools of the desk over streamable HTTP, loaded when the first one asks, because the SDK weighs 40 MB.

The SDK lives in a task of its own, as it must be left where it was entered. What a model was told counts as told once
the answer is out.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Receive, Scope, Send

from sidelight import space, wire
from sidelight.facts import LiveFacts
from sidelight.ledger import ACTOR_MOST, Ledger
from sidelight.server.exchange import AGENT_HEADER, SESSION_HEADERS, reply
from sidelight.server.log import Log
from sidelight.server.served import Served

if TYPE_CHECKING:
    from sidelight.desk import Caller

PATH = "/mcp"
#: Who passes on the calls of another program says which one, and where that one stands.
HOST_HEADER, CWD_HEADER = "x-sidelight-host", "x-sidelight-cwd"
MISSING = "this needs the MCP SDK; install it where the server runs: pip install 'sidelight[mcp]'"


class Mounted:
    """The ASGI application at `/mcp`."""

    def __init__(self, served: Served, log: Log) -> None:
        self._served, self._log = served, log
        self._app: asyncio.Future[ASGIApp] | None = None
        self._task: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            app = await self._loaded()
        except ImportError as error:
            self._log.failure("loading the MCP SDK", error)
            await reply(send, 501, wire.error(MISSING))
            return
        from sidelight.mcp_server import AFTERWARDS, CALLER

        afterwards: list[Callable[[], None]] = []
        await app({**scope, CALLER: caller_of(scope), AFTERWARDS: afterwards}, receive, send)
        for one in afterwards:
            await asyncio.get_running_loop().run_in_executor(self._served.threads, one)
        self._served.bell.ring()

    async def _loaded(self) -> ASGIApp:
        if self._app is None:
            self._app = asyncio.get_running_loop().create_future()
            self._task = asyncio.create_task(self._live(self._app))
        return await asyncio.shield(self._app)

    async def _live(self, app: asyncio.Future[ASGIApp]) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(self._served.threads, _load)
            from sidelight.desk import Desk
            from sidelight.mcp_server import serving

            async with serving(Desk(lambda caller: seen_from(self._served, caller))) as found:
                app.set_result(found)
                await asyncio.Event().wait()  # until `close`
        except ImportError as error:
            app.set_exception(error)

    async def close(self) -> None:
        """Let go of the SDK, if it was loaded."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task


def _load() -> None:
    """The import takes most of a second, which the event loop does not have."""
    import sidelight.mcp_server  # noqa: F401 - it is in `sys.modules` from here on


def caller_of(scope: Scope) -> Caller:
    """Who calls, as the headers say (O16)."""
    from sidelight.desk import Caller

    said = {name.decode("latin-1"): value.decode("utf-8", "replace").strip() for name, value in scope["headers"]}
    session = next((said[name] for name in SESSION_HEADERS if said.get(name)), "")
    cwd = said.get(CWD_HEADER, "")
    return Caller(
        session[:ACTOR_MOST] or None,
        said.get(AGENT_HEADER, "")[:ACTOR_MOST] or None,
        said.get(HOST_HEADER, "")[:40] or None,
        cwd if os.path.isabs(cwd) and "\0" not in cwd else None,
        said.get("idempotency-key") or None,
    )


def seen_from(served: Served, caller: Caller) -> AbstractContextManager[Ledger]:
    """The ledger of a home, as seen from where a caller stands.

    An agent home is one space, wherever its callers stand. The user's own holds many, and is not meant where an agent
    home of the user's lies above the caller.
    """
    if caller.cwd is None or not served.is_users_own:
        return contextlib.nullcontext(served.ledger)
    if space.find_home(caller.cwd, os.environ).is_agent_home:
        from sidelight.desk import opened

        return opened(None, caller.cwd)
    return _standing(served, caller.cwd)


@contextlib.contextmanager
def _standing(served: Served, cwd: str) -> Iterator[Ledger]:
    facts = LiveFacts(cwd, served.facts.env, machine=served.facts.machine)
    facts.scope = space.space_of(facts)
    yield served.ledger.seen_from(facts, facts.scope)
