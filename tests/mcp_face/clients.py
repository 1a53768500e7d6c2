"""The official client, to a `sidelight mcp` process or to a server's `/mcp`, in the old protocol and the new."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

OLD, NEW = "legacy", "auto"
PATIENCE = 60


def stdio(home: Path, **env: str) -> Any:
    """A way to a `sidelight mcp` of one's own, with this environment and no other."""
    around = {"PATH": os.environ["PATH"], "HOME": str(home.parent), "SIDELIGHT_HOME": str(home), "CI": "true", **env}
    return within(around, home.parent)


def within(env: dict[str, str], cwd: Path) -> Any:
    """A way to a `sidelight mcp` that is started with this environment in this directory."""
    program = StdioServerParameters(command=sys.executable, args=["-m", "sidelight", "mcp"], env=env, cwd=cwd)
    return lambda: stdio_client(program)


def http(url: str, **headers: str) -> Any:
    """A way to a server's `/mcp`."""

    @contextlib.asynccontextmanager
    async def connect() -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with (
            httpx2.AsyncClient(headers=named, timeout=PATIENCE) as client,
            streamable_http_client(f"{url}/mcp", http_client=client) as streams,
        ):
            yield streams

    return connect


def talk(way: Callable[[], Any], do: Callable[[Client], Awaitable[Any]], mode: str = NEW) -> Any:
    """Connect, do something, hang up."""

    async def whole() -> Any:
        async with asyncio.timeout(PATIENCE), Client(way(), mode=mode) as client:
            return await do(client)

    return asyncio.run(whole())


def call(way: Callable[[], Any], tool: str, mode: str = NEW, meta: Any = None, **arguments: Any) -> Any:
    """One call of one tool."""
    return talk(way, lambda client: client.call_tool(tool, arguments, meta=meta), mode)


def said(result: Any) -> str:
    """What a model reads."""
    assert [one.type for one in result.content] == ["text"]
    return result.content[0].text
