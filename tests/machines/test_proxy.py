"""The proxy of the documentation, as it stands there: nginx with TLS before a served home, and sessions behind it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from sidelight.server import user_server
from sidelight.stores.remote import RemoteStore
from tests.hosts import calling
from tests.machines.link import ROOT
from tests.server.running import Server, serving

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

TOKEN = "of-these-tests"
PAGE = ROOT / "docs" / "many-machines.md"


class Proxied:
    """A served home behind nginx: where it is for others, and the certificate that they have to trust."""

    def __init__(self, server: Server, port: int, authority: Path) -> None:
        self.server, self.url, self.authority = server, f"https://localhost:{port}", authority

    def away(self, home: Path, *words: str, session: str, authority: Path | None = None) -> dict[str, Any]:
        """A command of a session on another machine, and what it says."""
        done = subprocess.run(
            [sys.executable, "-m", "sidelight", *words, "--json"],
            check=False,
            capture_output=True,
            text=True,
            cwd=home,
            env={**self.environment(home, authority), "SIDELIGHT_SESSION": session},
        )
        assert done.stdout, done.stderr
        body: dict[str, Any] = json.loads(done.stdout)
        return body

    def environment(self, home: Path, authority: Path | None = None) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
        return {
            **kept,
            "HOME": str(home),
            "SIDELIGHT_HOME": str(home / "state"),
            "SIDELIGHT_SERVER": self.url,
            "SIDELIGHT_TOKEN": TOKEN,
            "SIDELIGHT_NO_SERVER": "1",
            "SSL_CERT_FILE": str(authority or self.authority),
        }


@pytest.fixture
def proxied(tmp_path, record_property):
    record_property("engine", "remote behind nginx")
    port = _free_port()
    own = _certificate(tmp_path / "certificate", "localhost")
    with serving(tmp_path / "agent", "--port", "0", "--allow-host", "localhost", SIDELIGHT_TOKEN=TOKEN) as server:
        block = _block(port, own, server.url.rpartition(":")[2])
        with _nginx(tmp_path / "nginx", block, port):
            yield Proxied(server, port, own / "fullchain.pem")


def _block(port: int, certificate: Path, behind: str) -> str:
    """What the documentation shows, with the names that a reader puts in its place."""
    (block,) = re.findall(r"```nginx\n(.*?)```", PAGE.read_text(), re.DOTALL)
    places = {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "/etc/ssl/ledger.example": str(certificate),
        "server_name ledger.example": "server_name localhost",
        "127.0.0.1:8321": f"127.0.0.1:{behind}",
    }
    for shown, here in places.items():
        assert shown in block
        block = block.replace(shown, here)
    return str(block)


@contextlib.contextmanager
def _nginx(directory: Path, block: str, port: int) -> Iterator[None]:
    program = shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
    assert program is not None, "there is no nginx here; `make test-long` adds Debian's package"
    directory.mkdir()
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    scratch = "".join(f"{kind}_temp_path {directory}/{kind};" for kind in kinds)
    (directory / "nginx.conf").write_text(
        ("user root;\n" if os.geteuid() == 0 else "")
        + f"daemon off; pid {directory}/pid; error_log stderr;\nevents {{}}\n"
        + f"http {{ access_log off; {scratch}\n{block}}}\n"
    )
    with open(directory / "log", "wb") as log:
        process = subprocess.Popen(
            [program, "-p", str(directory), "-e", "stderr", "-c", str(directory / "nginx.conf")],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        assert calling.until(lambda: process.poll() is not None or _listens(port))
        assert process.poll() is None, (directory / "log").read_text()
        yield
    finally:
        process.terminate()
        try:
            process.wait(30)
        finally:
            process.kill()
            process.wait()


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5):
        return True
    return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _certificate(directory: Path, name: str) -> Path:
    """A certificate for a name that vouches for itself, as an authority of one's own would."""
    directory.mkdir()
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
            "-addext", "keyUsage=critical,digitalSignature,keyCertSign",
            "-keyout", str(directory / "privkey.pem"), "-out", str(directory / "fullchain.pem"),
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return directory


def _clone(home: Path) -> Path:
    subprocess.run(["git", "init", "-q", "-b", "main", str(home)], check=True)
    subprocess.run(["git", "-C", str(home), "remote", "add", "origin", "https://github.com/acme/app.git"], check=True)
    return home


def _recorded(ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What was said once it was recorded: on a busy machine it may first have been kept (design 7)."""
    deadline = time.monotonic() + 120
    while not (body := ask())["recorded"]:
        assert body["spooled"], body
        assert time.monotonic() < deadline, body
    return body


def test_sessions_meet_through_the_proxy_of_the_documentation(proxied, tmp_path):
    one, two = _clone(tmp_path / "one"), _clone(tmp_path / "two")
    first = ("intent", "redrive the failed queue", "--area", "redrive")
    _recorded(lambda: proxied.away(one, *first, session="session-a"))
    second = ("intent", "rewrite the redrive", "--area", "redrive")
    body = _recorded(lambda: proxied.away(two, *second, session="session-b"))
    assert body["severity"] == "overlap"
    assert {each["actor"] for each in body["concurrent"]} == {"session-a"}
    assert calling.until(lambda: proxied.away(two, "recent", session="session-b").get("count") == 2)


def test_the_live_stream_comes_through_the_proxy_as_it_grows(proxied, tmp_path):
    """Each action is read before the next is recorded: a proxy that buffers would keep the first back."""
    trust = ssl.create_default_context(cafile=str(proxied.authority))
    headers = {"Authorization": f"Bearer {TOKEN}", "X-Sidelight-Session": "session-a"}
    with httpx.Client(base_url=proxied.url, headers=headers, verify=trust, timeout=60) as client:
        with client.stream("GET", "/coordination/stream") as answer:
            lines = answer.iter_lines()
            assert next(lines).startswith(":")
            for text in ("one", "two", "three"):
                posted = client.post("/coordination/intent", json={"activity": text})
                assert posted.status_code == 201, posted.text
                assert json.loads(_next_event(lines))["reason"] == text
        whole = client.get("/coordination/recent").json()
    assert [each["reason"] for each in whole["actions"]] == ["three", "two", "one"]


def _next_event(lines: Iterator[str]) -> str:
    return next(line.removeprefix("data: ") for line in lines if line.startswith("data: "))


@pytest.mark.parametrize("name", ["localhost", "elsewhere.example"])
def test_a_certificate_of_an_authority_that_is_not_trusted_is_refused_and_said_so(proxied, tmp_path, name):
    other = _certificate(tmp_path / "other", name) / "fullchain.pem"
    home = _clone(tmp_path / "one")
    said = _refused(lambda: proxied.away(home, "intent", "anything", session="session-a", authority=other), "SSL_CERT")
    assert "its certificate is not trusted: self-signed" in said
    kept = _recorded(lambda: proxied.away(home, "intent", "once more", session="session-a"))
    assert kept["recorded"], "with the right one it goes on"


def test_a_certificate_for_another_name_is_refused_and_said_so(proxied, tmp_path):
    home = _clone(tmp_path / "one")
    proxied.url = proxied.url.replace("localhost", "127.0.0.1")
    _refused(lambda: proxied.away(home, "intent", "anything", session="session-a"), "not valid for '127.0.0.1'")


def _refused(ask: Callable[[], dict[str, Any]], why: str) -> str:
    """What is said of a request that is kept here for a reason; a busy machine may first have another one."""
    said = [""]

    def once_more() -> bool:
        body = ask()
        assert (body.get("recorded"), body.get("spooled")) == (False, True), body
        said[0] = body["error"]
        assert TOKEN not in said[0]
        return why in said[0]

    assert calling.until(once_more), said
    return said[0]


def test_hooks_reach_it_through_the_users_own_server_with_the_same_authority(proxied, tmp_path):
    """The user's server keeps little of the environment it was started from; what it trusts is of that."""
    homes = [_clone(tmp_path / name) for name in ("one", "two")]
    with contextlib.ExitStack() as stack:
        sessions = [stack.enter_context(_session(proxied, home, f"session-{home.name}")) for home in homes]
        for one, home in zip(sessions, homes, strict=True):
            one.before("Bash", command=f"git -C {home} push --force origin main")
        far = RemoteStore(proxied.server.url.replace("://", f"://{TOKEN}@"))
        stack.callback(far.dispose)
        assert calling.until(lambda: {each.actor for each in far.follow(0)} == {"session-one", "session-two"})


@contextlib.contextmanager
def _session(proxied: Proxied, home: Path, name: str) -> Iterator[calling.Claude]:
    env: Mapping[str, str] = calling.around(home) | proxied.environment(home) | {"SIDELIGHT_NO_SERVER": "0"}
    try:
        assert user_server.start(env, seconds=calling.PATIENCE) is not None
        yield calling.Claude(name, home, env)
    finally:
        user_server.stop(env)
        shutil.rmtree(env["XDG_RUNTIME_DIR"], ignore_errors=True)
