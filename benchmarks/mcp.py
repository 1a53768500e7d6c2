"""MCP: how long until `sidelight mcp` gives its first answer, against the start of a bare interpreter, and what the
server weighs without and with its `/mcp`.

python -m benchmarks mcp
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measuring import Row, Work, in_turns
from sidelight.server import user_server

BARE = [sys.executable, "-I", "-S", "-E", "-c", "import json, socket"]
SIDELIGHT = [str(Path(sys.executable).with_name("sidelight")), "mcp"]
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}
FIRST = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": HELLO}).encode() + b"\n"


def bare(env: dict[str, str]) -> Work:
    """An interpreter that imports json and socket, and ends."""

    def work(_: int) -> None:
        subprocess.run(BARE, env=env, check=True)

    return work


def answered(env: dict[str, str]) -> Work:
    """The process, its first question, its first answer, its end."""

    def work(_: int) -> None:
        with subprocess.Popen(SIDELIGHT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(FIRST)
            process.stdin.flush()
            if b'"result"' not in process.stdout.readline():
                raise RuntimeError("no answer")
            process.stdin.close()

    return work


def weight(pid: int) -> float:
    """The resident memory of a process, in MB."""
    (found,) = (row for row in Path(f"/proc/{pid}/status").read_text().splitlines() if row.startswith("VmRSS"))
    return int(found.split()[1]) / 1024


def run(quick: bool) -> list[Row]:
    """The rows of the report."""
    with tempfile.TemporaryDirectory(prefix="slb-") as home:
        env = {"PATH": os.environ["PATH"], "HOME": home, "XDG_RUNTIME_DIR": home, "SIDELIGHT_SESSION": "bench"}
        found = user_server.start(env, seconds=30)
        if found is None:
            raise RuntimeError("no server can be started here")
        try:
            rest = weight(found.pid)
            answered(env)(0)
            loaded = weight(found.pid)
            alone = env | {"SIDELIGHT_NO_SERVER": "1", "SIDELIGHT_STORE": f"sqlite://{home}/alone/ledger.db"}
            works = {"bare": bare(env), "bridge": answered(env), "alone": answered(alone)}
            took = in_turns(works, turns=3 if quick else 8, runs=2, warm=1)
        finally:
            user_server.stop(env)
    base = took["bare"]
    return [
        base.row("python -I -S, importing json and socket"),
        took["bridge"].row("sidelight mcp, first answer, by the user's server", base, 4),
        took["alone"].row("sidelight mcp, first answer, with the SDK in its own process", base),
        Row("the server at rest, of at most 70", rest, "MB", rest / 70, "the bound", 1),
        Row("the server with /mcp loaded, of at most 120", loaded, "MB", loaded / 120, "the bound", 1),
    ]
