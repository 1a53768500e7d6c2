"""A real `sidelight serve` in a process of its own, and a client that speaks to it over its socket."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

#: Nothing of the machine these tests run on reaches the server, but what it takes to start Python.
_KEPT = ("PATH", "SYSTEMROOT", "COVERAGE_PROCESS_START", "LD_LIBRARY_PATH")
STOPS_WITHIN = 5


class Server:
    """A running server: its URL, its home, what it logged, and a client for each session."""

    def __init__(self, process: subprocess.Popen[str], url: str, home: Path, env: Mapping[str, str]) -> None:
        self.process, self.url, self.home = process, url, home
        self._env = env
        self._log: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._clients: list[httpx.Client] = []

    @property
    def token(self) -> str:
        return self._env.get("SIDELIGHT_TOKEN") or json.loads(self.config_text)["authToken"]

    @property
    def config_text(self) -> str:
        return (self.home / "config.json").read_text()

    @property
    def config(self) -> Any:
        return json.loads(self.config_text)

    def client(self, **headers: str) -> httpx.Client:
        """A client with the token and these headers (`session` stands for X-Instar-Session)."""
        named = {
            ("X-Instar-Session" if name == "session" else name.replace("_", "-")): headers[name] for name in headers
        }
        given = {"Authorization": f"Bearer {self.token}", **named}
        unix = self.url.startswith("unix:")
        # `verify` is about TLS, which is not used here; setting it up would take longer than most tests.
        transport = httpx.HTTPTransport(uds=self.url.removeprefix("unix:") if unix else None, verify=False)
        base = "http://localhost" if unix else self.url
        client = httpx.Client(base_url=base, headers=given, transport=transport, timeout=30)
        self._clients.append(client)
        return client

    def stop(self, with_signal: int = signal.SIGTERM) -> int:
        """Stop it, and return its exit code."""
        for client in self._clients:
            client.close()
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        try:
            code = self.process.wait(STOPS_WITHIN + 5)
        finally:
            self.process.kill()
            self.process.wait()
            self._reader.join(5)
            for stream in (self.process.stdout, self.process.stderr):
                if stream is not None:
                    stream.close()
        return code

    @property
    def log(self) -> str:
        """What it has written to standard error so far; whole once it is stopped."""
        return "".join(self._log)

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._log.append(line)


def start(home: Path, *arguments: str, **env: str) -> Server:
    """Start a server on a home; its first line of output is its URL."""
    around = {name: os.environ[name] for name in _KEPT if name in os.environ}
    whole = {**around, "HOME": str(home.parent), "XDG_STATE_HOME": str(home.parent / "state"), **env}
    given = arguments or ("--port", "0")
    process = subprocess.Popen(
        [sys.executable, "-m", "sidelight", "serve", "--home", str(home), *given],
        env=whole,
        cwd=home.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    if not url:
        said = process.communicate(timeout=10)[1]
        raise AssertionError(f"the server did not start: {said}")
    return Server(process, url, home, whole)


@contextmanager
def serving(home: Path, *arguments: str, **env: str) -> Iterator[Server]:
    server = start(home, *arguments, **env)
    try:
        yield server
    finally:
        server.stop()


def files_with(secret: str, directory: Path) -> list[str]:
    """The files below a directory whose bytes hold a text."""
    return sorted(
        str(file.relative_to(directory))
        for file in directory.rglob("*")
        if file.is_file() and secret.encode() in file.read_bytes()
    )
