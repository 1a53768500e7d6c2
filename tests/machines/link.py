"""Two machines and the link between them: network namespaces, or, where those are refused, a wire on loopback.

    with linked() as link:
        subprocess.run([*link.inside(FAR), "python", …], env=environment(FAR, home))
        link.cut(0); link.mend()

The near machine keeps the ledger (`link.address`); the far one's clock is two hours ahead.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).parents[2]
NEAR, FAR = 0, 1
SKEW_SECONDS = 7_200
_ADDRESSES = ("192.0.2.1", "192.0.2.2")  # for documentation, so nobody's


class Link(Protocol):
    """A link that can be cut: 0, the far end knows at once; 1, what is sent vanishes."""

    name: str
    address: str  # where the near machine listens

    def inside(self, machine: int) -> list[str]:
        """What runs a command on a machine."""

    def port(self, port: int) -> int:
        """Where the far machine finds a port of the near one."""

    def cut(self, how: int) -> None: ...

    def mend(self) -> None: ...

    def remove(self) -> None: ...


@contextlib.contextmanager
def linked() -> Iterator[Link]:
    """A link, of namespaces if this system allows it."""
    link: Link
    try:
        link = Namespaces()
    except Refused:
        link = Wire()
    try:
        yield link
    finally:
        link.remove()


#: Read by each Python where libfaketime (0.9.10) fakes the wall clock alone: it answers `clock_nanosleep` with EINVAL.
_SLEEP_BY_SELECT = "import select, time\ntime.sleep = lambda seconds: (select.select([], [], [], seconds), None)[1]\n"


def environment(machine: int, home: Path, **more: str) -> dict[str, str]:
    """Nothing of the machine these tests run on but what it takes to start Python; and the clock of that machine."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    clock = _two_hours_ahead(home) if machine == FAR else {}
    return {**kept, "HOME": str(home), "SIDELIGHT_HOME": str(home), "SIDELIGHT_NO_SERVER": "1", **clock, **more}


def _two_hours_ahead(home: Path) -> dict[str, str]:
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
    if library is None:
        raise RuntimeError("there is no libfaketime here; `make test-long` adds Debian's package faketime")
    custom = home / "python" / "sitecustomize.py"
    if not custom.exists():  # those that are running may be reading it
        custom.parent.mkdir()
        custom.write_text(_SLEEP_BY_SELECT)
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME": f"+{SKEW_SECONDS}s",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
        "PYTHONPATH": str(custom.parent),
    }


class Refused(Exception):
    """This system gives us no network namespaces."""


class Namespaces:
    """Two network namespaces, and a pair of virtual cards."""

    name = "two network namespaces"
    address = _ADDRESSES[NEAR]

    def __init__(self) -> None:
        self._names = [f"sidelight-{os.getpid()}-{number}" for number in (NEAR, FAR)]
        self._made: list[str] = []
        try:
            for name in self._names:
                _ip("netns", "add", name)
                self._made.append(name)
            near, far = self._names
            _ip("-n", near, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", far)
            for name, own in zip(self._names, _ADDRESSES, strict=True):
                _ip("-n", name, "address", "add", f"{own}/24", "dev", "eth0")
                for device in ("lo", "eth0"):
                    _ip("-n", name, "link", "set", device, "up")
        except (OSError, subprocess.CalledProcessError) as error:
            self.remove()
            raise Refused from error

    def inside(self, machine: int) -> list[str]:
        return ["ip", "netns", "exec", self._names[machine]]

    def port(self, port: int) -> int:
        return port

    def cut(self, how: int) -> None:
        """Take the card of the far end, or that of the near one, down."""
        _ip("-n", self._names[FAR if how == 0 else NEAR], "link", "set", "eth0", "down")

    def mend(self) -> None:
        for name in self._names:
            _ip("-n", name, "link", "set", "eth0", "up")

    def remove(self) -> None:
        for name in self._made:
            with contextlib.suppress(subprocess.CalledProcessError):
                _ip("netns", "delete", name)
        self._made = []


def _ip(*words: str) -> None:
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    subprocess.run(["ip", *words], check=True, capture_output=True, env={**os.environ, "PATH": path})


class Wire:
    """Two homes on one machine, and a process between the far one and the server."""

    name = "two clock-skewed homes and a wire"
    address = "127.0.0.1"

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self._port = int(listening.getsockname()[1])
        self._to = 0
        self._process: subprocess.Popen[str] | None = None

    def inside(self, machine: int) -> list[str]:
        del machine
        return []

    def port(self, port: int) -> int:
        if self._process is None:
            self._to = port
            self._start()
        assert self._to == port
        return self._port

    def cut(self, how: int) -> None:
        assert self._process is not None
        if how == 0:
            self.remove()
        else:
            self._process.send_signal(signal.SIGSTOP)

    def mend(self) -> None:
        if self._process is None:
            self._start()
        else:
            self._process.send_signal(signal.SIGCONT)

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.machines.wire", str(self._port), str(self._to)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def remove(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()
