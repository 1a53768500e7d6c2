"""A real server that keeps ledgers for others, its clock in the hands of a test: what `stores.remote` speaks to.

One process for all ledgers of a test run's worker; each has a home of its own below the path of its URL. The clock of a
ledger is what the newest request says it is: the engine below writes it to a file of the home before each call.

    python -m tests.stores.far      # prints its URL
"""

from __future__ import annotations

import atexit
import io
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from sidelight.stores import Clock, Store
from sidelight.stores.remote import RemoteStore

ROOT = Path(__file__).parents[2]
TOKEN = "of-these-tests"
_running: list[tuple[str, subprocess.Popen[str]]] = []


def url() -> str:
    """Where it is; started by whoever is first."""
    if not _running:
        env = {name: os.environ[name] for name in ("PATH", "HOME", "LD_LIBRARY_PATH") if name in os.environ}
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.stores.far"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**env, "SIDELIGHT_TOKEN": TOKEN},
        )
        assert process.stdout is not None
        said = process.stdout.readline().strip()
        assert said.startswith("http://"), "the server did not start"
        _running.append((said, process))
        atexit.register(_stop)
    return _running[0][0]


def _stop() -> None:
    for _, process in _running:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
    _running.clear()


def opened(directory: Path, clock: Clock) -> Store:
    """The ledger of a directory, on the server."""
    return Timed(directory, clock)


class Timed(RemoteStore):
    """A remote store whose server's clock is this one."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        host = url().removeprefix("http://")
        super().__init__(f"http://{TOKEN}@{host}/{str(directory).encode().hex()}")
        self._clock, self._file = clock, directory / "clock.json"

    def _ask(self, call: str, **body: Any) -> Any:
        beside = self._file.with_suffix(f".{os.urandom(4).hex()}")
        beside.write_text(json.dumps([self._clock.wall(), self._clock.ticks(), self._clock.boot()]))
        beside.replace(self._file)
        return super()._ask(call, **body)

    def prune(self, *, older_than_ms: int, max_bytes: int, batch: int = 500) -> int:
        """What the server does once a minute, now and for the test."""
        return int(self._ask("prune", older_than_ms=older_than_ms, max_bytes=max_bytes, batch=batch))


# ── the server ────────────────────────────────────────────────────────────────────────────────────────────────────


def clock_of(directory: str) -> Clock:
    """The clock that the file of a directory shows."""

    def said() -> list[Any]:
        with open(os.path.join(directory, "clock.json"), encoding="utf-8") as file:
            found: list[Any] = json.load(file)
            return found

    return Clock(lambda: int(said()[0]), lambda: int(said()[1]), lambda: str(said()[2]))


class Homes:
    """The server's application: for each directory a home, and the usual application for it."""

    def __init__(self) -> None:
        self._apps: dict[str, Any] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        name, _, rest = scope["path"].removeprefix("/").partition("/")
        if name not in self._apps:
            self._apps[name] = _app(bytes.fromhex(name).decode())
        await self._apps[name]({**scope, "path": f"/{rest}"}, receive, send)


@cache
def _log() -> Any:
    from sidelight.server.log import Log

    return Log(io.StringIO())


def _app(directory: str) -> Any:
    from sidelight.ledger import Ledger
    from sidelight.server.app import make_app
    from sidelight.server.served import Served
    from sidelight.stores.guarded import guarded

    served = Served(os.path.join(directory, "far"), os.environ)
    served.ledger.close()
    home = served.home
    served.ledger = Ledger(guarded(os.path.join(home, "ledger.db"), home, clock=clock_of(directory)), home)
    return make_app(served, _log())


def main() -> None:
    import socket
    import threading

    import uvicorn

    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()  # ends with who started it
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    bound.listen(64)
    print(f"http://127.0.0.1:{bound.getsockname()[1]}", flush=True)
    config = uvicorn.Config(Homes(), log_config=None, access_log=False, lifespan="off", ws="none")
    uvicorn.Server(config).run(sockets=[bound])


if __name__ == "__main__":
    main()
