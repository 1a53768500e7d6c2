"""A real PostgreSQL for tests: Debian's, in a scratch directory of its own, reached by a unix socket, or on loopback.

Every process that runs tests has one, started by the first test that needs it; where it can't be started they fail.
"""

from __future__ import annotations

import atexit
import glob
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any

import psycopg

_TIMEOUT = 120
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "autovacuum_naptime": "1s",
    "logging_collector": "off",
    "unix_socket_permissions": "0777",
}


def program(name: str) -> str:
    """One of PostgreSQL's programs: Debian keeps them off the PATH."""
    versions = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: float(path.split("/")[4]))
    found = shutil.which(name, path=os.pathsep.join([*reversed(versions), os.environ.get("PATH", "")]))
    if found is None:
        raise RuntimeError(f"there is no {name} here; the tests need Debian's package postgresql (`make test` adds it)")
    return found


class Postgres:
    """A server that a test may also stop and start again."""

    def __init__(
        self,
        *,
        tcp: bool = False,
        address: str = "127.0.0.1",
        inside: Sequence[str] = (),
        settings: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """With `tcp` it listens at `address`, to all of that network. `inside`: what runs a command on its machine."""
        self._settings = _SETTINGS | dict(settings)
        self._inside = inside
        self._where = address if tcp else ""
        self.directory = tempfile.mkdtemp(prefix="sidelight-pg-")
        self.data = os.path.join(self.directory, "data")
        self.port = _free_port() if tcp else 5432
        self._process: subprocess.Popen[bytes] | None = None
        self._user = _unprivileged()
        os.chmod(self.directory, 0o711)
        if self._user is not None:
            os.chown(self.directory, self._user.pw_uid, self._user.pw_gid)
        self._run(program("initdb"), "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync",
                  "--no-instructions", "--locale=C.UTF-8")  # fmt: skip
        if tcp:
            with open(os.path.join(self.data, "pg_hba.conf"), "a", encoding="utf-8") as file:
                file.write(f"host all all {address}/24 trust\n")
        self.start()

    def url(self, ledger: str = "", *, role: str = "postgres", database: str = "postgres") -> str:
        """Where a ledger of this server is."""
        where = self._where or self.directory
        more = f"&ledger={ledger}" if ledger else ""
        return f"postgresql://{role}@:{self.port}/{database}?host={where}{more}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = self._settings | {
            "unix_socket_directories": self.directory,
            "listen_addresses": self._where,
            "port": str(self.port),
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        log = open(os.path.join(self.directory, "log"), "ab")  # noqa: SIM115 - the server's own descriptor
        try:
            self._process = subprocess.Popen(
                [*self._inside, *self._as_user(dies=True), program("postgres"), "-D", self.data, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.directory,
            )
        finally:
            log.close()
        deadline = time.monotonic() + _TIMEOUT
        while subprocess.run(
            [program("pg_isready"), "-q", "-h", self.directory, "-p", str(self.port)], check=False
        ).returncode:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {self.log()[-2000:]}")
            time.sleep(0.05)

    def stop(self, how: str = "fast") -> None:
        """Stop it: `smart`, `fast` (clients are disconnected) or `immediate` (as if it had crashed)."""
        if self._process is not None:
            self._run(program("pg_ctl"), "stop", "-D", self.data, "-m", how, "-w", "-t", str(_TIMEOUT))
            self._process.wait()
            self._process = None

    def log(self) -> str:
        """What it said."""
        with open(os.path.join(self.directory, "log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def remove(self) -> None:
        """Stop it, and leave nothing behind."""
        try:
            self.stop("immediate")
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)

    def _run(self, *command: str) -> None:
        done = subprocess.run(
            [*self._as_user(), *command], capture_output=True, text=True, check=False, cwd=self.directory
        )
        if done.returncode:
            raise RuntimeError(f"{os.path.basename(command[0])} failed: {done.stderr or done.stdout}")

    def _as_user(self, *, dies: bool = False) -> list[str]:
        """PostgreSQL refuses to run as root; and it is to end with the tests, however they end."""
        words = []
        if self._user is not None:
            words += [f"--reuid={self._user.pw_uid}", f"--regid={self._user.pw_gid}", "--clear-groups"]
        if dies and shutil.which("setpriv"):
            words += ["--pdeathsig=INT"]
        return ["setpriv", *words] if words else []


@cache
def postgres() -> Postgres:
    """This process's server."""
    server = Postgres()
    atexit.register(server.remove)
    return server


def _unprivileged() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


#: Ledgers are emptied and used again: setting one up takes longer than most tests.
_LEDGERS_MOST = 6
_ledger_of: dict[str, str] = {}


def ledger_url(owner: str) -> str:
    """The URL of an owner's own ledger (a test's directory): empty when it is first asked for."""
    from sidelight.stores import open_store

    server = postgres()
    name = _ledger_of.pop(owner, None)
    if name is None:
        taken = list(_ledger_of)
        name = _ledger_of.pop(taken[0]) if len(taken) == _LEDGERS_MOST else f"test{len(taken)}"
        if f"test{len(taken)}" == name:
            open_store(server.url(name)).dispose()
        _empty(server, f"sidelight_{name}")
    _ledger_of[owner] = name
    return server.url(name)


def _empty(server: Postgres, schema: str) -> None:
    """As after setting up. Row by row: for a few rows it is quicker than to cut off files."""
    tables = "actions marks changes sessions touched told delivered documents"
    _owner(server).execute(
        "".join(f"DELETE FROM {schema}.{table};" for table in tables.split())
        + f"DELETE FROM {schema}.state; INSERT INTO {schema}.state DEFAULT VALUES;"
        f"DELETE FROM {schema}.meta WHERE name <> 'schema'"
    )


@cache
def _owner(server: Postgres) -> psycopg.Connection[Any]:
    """A connection of the tests' own."""
    db = psycopg.connect(server.url(), autocommit=True)
    atexit.register(db.close)
    return db
