"""Where the play takes place: a home, a repository and a server of its own, on a small disk of its own where one can be
had.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from sidelight.server import user_server

PATIENCE = 120
DISK_MIB = 96
LEDGER_MIB = 32  # its oldest has to go in every long play
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


class Stage:
    """The directories and the environment of one play, and the server that it starts and restarts."""

    def __init__(self, root: Path, *, own_disk: bool) -> None:
        self.root, self.own_disk = root, own_disk
        self.home = root / "home"
        self.repo = self.home / "repo"
        self.state = self.home / ".local/state/sidelight"
        runtime = root / "run"
        for directory in (self.home, runtime):
            directory.mkdir(mode=0o700)
        subprocess.run(["git", "init", "-q", "-b", "main", str(self.repo)], check=True)
        self.state.mkdir(mode=0o700, parents=True)
        settings = {"monitoring": {"crossSessionCoordination": {"maxBytes": LEDGER_MIB * 1024 * 1024}}}
        (self.state / "config.json").write_text(json.dumps(settings))
        (self.state / "config.json").chmod(0o600)
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "XDG_RUNTIME_DIR": str(runtime),
            "SIDELIGHT_TOKEN": "of-this-play",
            "SIDELIGHT_HOOK_SECONDS": str(PATIENCE),
        }
        #: Set by the fault that turns clocks: what processes started meanwhile get besides.
        self.clock: dict[str, str] = {}
        self.url = ""
        self._server: subprocess.Popen[bytes] | None = None
        self._changing = threading.Lock()

    def environment(self) -> dict[str, str]:
        """What a process that is started now gets."""
        return {**self.env, **self.clock}

    # ── the server that HTTP sessions speak to ──

    def serve(self) -> None:
        """Start `sidelight serve`, and wait until it listens."""
        with self._changing:
            command = [sys.executable, "-m", "sidelight", "serve", "--port", self.url.rpartition(":")[2] or "0"]
            ends = time.monotonic() + PATIENCE
            while time.monotonic() < ends:
                self._server = subprocess.Popen(
                    command,
                    env=self.environment(),
                    cwd=self.home,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                )
                assert self._server.stdout is not None
                said = self._server.stdout.readline().decode().strip()
                self._server.stdout.close()
                if said:
                    self.url = said
                    return
                self._server.wait()  # its port is still held, or the disk is full: once more
            raise AssertionError("the server could not be started again")

    def end_server(self, how: int) -> None:
        """Send it a signal and wait until it is gone."""
        with self._changing:
            if self._server is not None:
                self._server.send_signal(how)
                try:
                    self._server.wait(PATIENCE)
                except subprocess.TimeoutExpired:
                    self._server.kill()
                    self._server.wait()

    def pids(self) -> list[int]:
        """The servers that run: the one that was started, and the user's own."""
        running = user_server.status(self.env)
        own = [self._server.pid] if self._server is not None and self._server.poll() is None else []
        return own + ([running.pid] if running else [])

    def close(self) -> None:
        """End what still runs."""
        self.end_server(signal.SIGTERM)
        user_server.stop(self.env)


@contextlib.contextmanager
def staged() -> Iterator[Stage]:
    """A stage, taken down at the end."""
    root = Path(tempfile.mkdtemp(prefix="sl-"))  # short: a socket's path must be
    own_disk = _small_disk(root)
    stage = Stage(root, own_disk=own_disk)
    try:
        stage.serve()
        yield stage
    finally:
        stage.close()
        if own_disk:
            subprocess.run(["umount", "--lazy", str(root)], check=False)
        shutil.rmtree(root, ignore_errors=True)


def _small_disk(root: Path) -> bool:
    """Mount a small disk, so that it can be filled. Only in a mount namespace of one's own (see `__main__`)."""
    if not os.environ.get("SIDELIGHT_SOAK_ALONE"):
        return False
    options = f"size={DISK_MIB}m,mode=0700"
    return subprocess.run(["mount", "-t", "tmpfs", "-o", options, "soak", str(root)], check=False).returncode == 0
