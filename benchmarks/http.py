"""The server over HTTP, against a bare ASGI handler under the same uvicorn: requests a second, and the slowest percent.

python -m benchmarks http
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.measuring import Row

FILLED = 200  # actions in the ledger before anything is measured
TOKEN = "of-this-benchmark"


class Load(NamedTuple):
    """What some clients got: requests a second, and the ms within which all but one in a hundred were answered."""

    per_second: float
    p99: float


class Asked(NamedTuple):
    """A request as it goes over the wire, and the port it goes to."""

    port: int
    bytes: bytes


def post(port: int) -> Asked:
    """An intent with an area."""
    body = json.dumps({"activity": "fix the redrive flood in the worker", "area": "billing", "actor": "session-a"})
    return Asked(port, _request("POST", "/coordination/intent", body.encode()))


def get(port: int) -> Asked:
    """The newest hundred."""
    return Asked(port, _request("GET", "/coordination/recent?limit=100"))


def _request(method: str, path: str, body: bytes = b"") -> bytes:
    head = [
        f"{method} {path} HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {TOKEN}",
        "X-Instar-Session: session-a",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*head, "", ""]).encode() + body


# ── clients ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def _one(asked: Asked, deadline: float, took: list[float]) -> None:
    """One client on one connection, until time is up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", asked.port, limit=1 << 20)
    try:
        while (begin := time.perf_counter()) < deadline:
            writer.write(asked.bytes)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")):
                raise RuntimeError(head.decode())
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            took.append((time.perf_counter() - begin) * 1000)
    finally:
        writer.close()
        await writer.wait_closed()


async def _many(asked: Asked, clients: int, seconds: float) -> list[float]:
    took: list[float] = []
    deadline = time.perf_counter() + seconds
    await asyncio.gather(*(_one(asked, deadline, took) for _ in range(clients)))
    return took


def loads(works: dict[str, Asked], clients: int, *, turns: int, seconds: float) -> dict[str, Load]:
    """Each for a moment, in turns, so that a busy machine slows all alike."""
    rates: dict[str, list[float]] = {name: [] for name in works}
    took: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(turns + 1):
        for name, asked in works.items():
            times = asyncio.run(_many(asked, clients, seconds))
            if turn:  # the first is for warming up
                rates[name].append(len(times) / seconds)
                took[name] += times
    return {name: Load(statistics.median(rates[name]), statistics.quantiles(took[name], n=100)[98]) for name in works}


# ── servers ───────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def started(*arguments: str, **env: str) -> Iterator[str]:
    """A server in a process of its own; the first line it prints."""
    around = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    command = [sys.executable, "-m", *arguments]
    with subprocess.Popen(
        command, env={**around, **env}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.send_signal(signal.SIGTERM)


@contextmanager
def both(directory: Path) -> Iterator[dict[str, int]]:
    """Sidelight's port and the bare handler's."""
    home, answer = directory / "agent", directory / "answer"
    with started(
        "sidelight", "serve", "--home", str(home), "--port", "0", HOME=str(directory), SIDELIGHT_TOKEN=TOKEN
    ) as url:
        port = int(url.rpartition(":")[2])
        answer.write_bytes(asyncio.run(_filled(port)))
        with started("benchmarks.bare", str(directory / "bare.db"), str(home / "ledger.db"), str(answer)) as other:
            yield {"sidelight": port, "bare": int(other)}


async def _filled(port: int) -> bytes:
    """Announce by so many sessions, and return what GET then answers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    content = b""
    requests = [
        _request(
            "POST",
            "/coordination/intent",
            json.dumps({"activity": f"step {number} of something else", "area": f"area {number % 20}"}).encode(),
        ).replace(b"session-a", b"session-%d" % (number % 20 + 2))
        for number in range(FILLED)
    ]
    for one in [*requests, get(port).bytes]:
        writer.write(one)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        content = await reader.readexactly(length)
    writer.close()
    await writer.wait_closed()
    return content


def run(quick: bool) -> list[Row]:
    """The rows of the report."""
    rows: list[Row] = []
    turns, seconds = (3, 0.5) if quick else (8, 1.0)
    with tempfile.TemporaryDirectory(prefix="sidelight-bench-") as directory, both(Path(directory)) as ports:
        for what, ask in (("GET /coordination/recent of 100", get), ("POST /coordination/intent", post)):
            for clients in (1, 16):
                asked = {name: ask(port) for name, port in ports.items()}
                found = loads(asked, clients, turns=turns, seconds=seconds)
                rows += _rows(f"{what}, {clients} client{'s' if clients > 1 else ''}", found, slow=ask is post)
    return rows


def _rows(what: str, found: dict[str, Load], *, slow: bool) -> list[Row]:
    ours, bare = found["sidelight"], found["bare"]
    rows = [
        Row(f"{what}: the bare handler", bare.per_second, "/s"),
        Row(f"{what}: Sidelight", ours.per_second, "/s", ours.per_second / bare.per_second, "bare", 0.6, more=True),
    ]
    p99 = Row(f"{what}: p99", ours.p99 * 1000, "µs", ours.p99 / bare.p99, "bare", 2 if slow else None)
    return [*rows, p99]
