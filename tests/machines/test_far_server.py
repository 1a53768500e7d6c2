"""Sessions on another machine than the one that serves their ledger, and the link between the two."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hosts.calling import until
from tests.machines.link import FAR, NEAR, SKEW_SECONDS, Link, environment, linked

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

SLACK_MS = 60_000


class Desk:
    """A served home on the near machine, and a clone of one repository on each."""

    def __init__(self, link: Link, directory: Path) -> None:
        self.link, self.directory = link, directory
        self.homes = [directory / "near", directory / "far"]
        for home in self.homes:
            subprocess.run(["git", "init", "-q", "-b", "main", str(home / "app")], check=True)
            origin = ["remote", "add", "origin", "https://github.com/acme/app.git"]
            subprocess.run(["git", "-C", str(home / "app"), *origin], check=True)
        self.token = self._said(NEAR, directory, "token", "new", "far", "--home", str(directory / "agent"))["token"]
        self.urls: list[str] = []

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """A real server, reachable over the link as its owner allowed."""
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port = listening.getsockname()[1]
        words = ["serve", "--home", str(self.directory / "agent"), "--host", self.link.address, "--port", str(port)]
        process = subprocess.Popen(
            [*self.link.inside(NEAR), sys.executable, "-m", "sidelight", *words, "--allow-remote"],
            env=environment(NEAR, self.homes[NEAR]),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("http://")
            self.urls = [f"http://{self.link.address}:{one}" for one in (port, self.link.port(port))]
            yield
        finally:
            process.terminate()
            try:
                process.wait(30)
            finally:
                process.kill()
                process.wait()
                if process.stdout is not None:
                    process.stdout.close()

    def runs(self, machine: int, session: str, *words: str) -> dict[str, Any]:
        """A command of a session, and what it says; {} if it could not say anything in time."""
        about = {"SIDELIGHT_SERVER": self.urls[machine], "SIDELIGHT_TOKEN": self.token, "SIDELIGHT_SESSION": session}
        return self._said(machine, self.homes[machine] / "app", *words, **about)

    def _said(self, machine: int, cwd: Path, *words: str, **about: str) -> dict[str, Any]:
        done = subprocess.run(
            [*self.link.inside(machine), sys.executable, "-m", "sidelight", *words, "--json"],
            check=False,
            capture_output=True,
            text=True,
            cwd=cwd,
            env=environment(machine, self.homes[machine], **about),
        )
        said: dict[str, Any] = json.loads(done.stdout or "{}")
        return said


@pytest.fixture
def desk(tmp_path, record_property):
    with linked() as link:
        record_property("engine", f"remote between {link.name}")
        made = Desk(link, tmp_path)
        with made.serving():
            yield made


def recorded(ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What was said once it was recorded: on a busy machine it may first have been kept (design 7)."""
    deadline = time.monotonic() + 180
    while not (body := ask()).get("recorded"):
        assert body.get("spooled"), body
        assert time.monotonic() < deadline, body
    return body


def test_sessions_meet_over_the_link_and_lose_nothing_while_it_is_cut(desk):
    """Issue 8: `SIDELIGHT_SERVER` with a token; the far machine's clock is two hours ahead, which changes nothing."""
    before = time.time() * 1000
    recorded(lambda: desk.runs(FAR, "session-far", "intent", "rewrite the redrive", "--area", "redrive"))
    body = recorded(lambda: desk.runs(NEAR, "session-near", "intent", "redrive what failed", "--area", "redrive"))
    assert body["severity"] == "overlap"
    (seen,) = {one["actor"]: one for one in body["concurrent"]}.values()
    assert seen["actor"] == "session-far"
    assert before - SLACK_MS < seen["ts"] < time.time() * 1000 + SLACK_MS < before + SKEW_SECONDS * 1000

    desk.link.cut(1)
    kept = desk.runs(FAR, "session-far", "intent", "drop the old queue", "--area", "queue")
    assert (kept["recorded"], kept["spooled"]) == (False, True)
    recorded(lambda: desk.runs(NEAR, "session-near", "intent", "drain the old queue", "--area", "queue"))
    desk.link.mend()
    assert until(lambda: desk.runs(FAR, "session-far", "doctor", "--repair") and _arrived(desk, "drop the old queue"))
    late = [one for one in _listed(desk) if one["reason"] == "drop the old queue"]
    assert len(late) == 1
    assert before - SLACK_MS < late[0]["ts"] < time.time() * 1000 + SLACK_MS


def _listed(desk: Desk) -> list[dict[str, Any]]:
    return list(desk.runs(NEAR, "session-near", "recent").get("actions", ()))


def _arrived(desk: Desk, text: str) -> bool:
    return any(one["reason"] == text for one in _listed(desk))
