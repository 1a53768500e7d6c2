"""A ledger behind a server, as sessions of other machines use it: the terminal, and a server that comes and goes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sidelight.actions import Session
from sidelight.stores import StoreError, StoreGone, can_be_gone, open_store
from sidelight.stores.guarded import Guarded, Spooled, guarded
from sidelight.stores.remote import RemoteStore
from tests.server.running import Server, serving
from tests.stores.engines import entry, file, question

ROOT = Path(__file__).parents[2]


@pytest.fixture
def server(tmp_path, record_property):
    record_property("engine", "remote")
    with serving(tmp_path / "agent", SIDELIGHT_TOKEN="of-these-tests") as running:
        yield running


def away(server: Server, home: Path, *given: str, session: str) -> tuple[int, dict]:
    """A command on another machine: its own home and state, and the server's address."""
    env = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    env |= {
        "HOME": str(home),
        "SIDELIGHT_HOME": str(home / "state"),
        "SIDELIGHT_SERVER": server.url,
        "SIDELIGHT_TOKEN": server.token,
        "SIDELIGHT_SESSION": session,
    }
    home.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "sidelight", *given, "--json"],
        check=False,
        capture_output=True,
        text=True,
        env=env,
        cwd=home,
    )
    return done.returncode, json.loads(done.stdout)


def checkout(home: Path) -> Path:
    """A clone of the one repository that both machines work on."""
    subprocess.run(["git", "init", "-q", str(home)], check=True)
    subprocess.run(["git", "-C", str(home), "remote", "add", "origin", "https://github.com/acme/app.git"], check=True)
    return home


def recorded(answer, server, home, *given, session):
    """The answer of a command once it was recorded: on a busy machine it may first have been kept (design 7)."""
    deadline = time.monotonic() + 90
    code, body = answer
    while not body["recorded"] and time.monotonic() < deadline:
        assert body["spooled"], body
        code, body = away(server, home, *given, session=session)
    return code, body


def test_two_machines_with_one_repository_meet_on_one_server(server, tmp_path):
    """Design 7: a repository is its remote's, wherever its clones are."""
    one, two = checkout(tmp_path / "one"), checkout(tmp_path / "two")
    first = ("intent", "redrive the failed queue", "--area", "redrive", "--target", "branch:main")
    second = ("intent", "rewrite the redrive", "--area", "redrive", "--target", "branch:main")
    recorded(away(server, one, *first, session="a"), server, one, *first, session="a")
    _, body = recorded(away(server, two, *second, session="b"), server, two, *second, session="b")
    assert body["severity"] == "overlap"
    assert {one["actor"] for one in body["concurrent"]} == {"a"}
    assert not (tmp_path / "one" / "state" / "ledger.db").exists(), "there is one ledger, and it is the server's"


def test_with_the_server_gone_it_is_kept_and_arrives_late_and_once(server, tmp_path):
    home = checkout(tmp_path / "one")
    url = f"http://of-these-tests@{server.url.removeprefix('http://')}"
    guard = guarded(url, str(home / "state"))
    touch = file("a.py")

    def act(name):
        return guard.append([entry("a", touch, reason=name)], question([touch]), me=Session("a"))

    assert guard.ask(lambda store: store.last_seq(), within_ms=60_000, patient=True) == 0
    server.process.send_signal(signal.SIGSTOP)  # it neither answers nor refuses: as behind a link that was cut
    for name in "xyz":
        with pytest.raises(Spooled):
            act(name)
    server.process.send_signal(signal.SIGCONT)
    _deliver(guard)
    far = RemoteStore(url)
    kept = far.follow(0)
    assert [one.reason for one in kept] == ["x", "y", "z"]
    assert [one.late for one in kept][1:] == [True, True], "what x had sent may have arrived after all"
    far.dispose()
    guard.dispose()


def _deliver(guard: Guarded) -> None:
    deadline = time.monotonic() + 90
    while guard.deliver(60_000, patient=True).left:
        assert time.monotonic() < deadline


def test_a_server_that_is_not_there_is_gone_and_says_so(tmp_path):
    store = open_store("http://127.0.0.1:9")
    with pytest.raises(StoreGone, match=r"127\.0\.0\.1:9"):
        store.now()
    store.dispose()
    store = open_store(f"unix:{tmp_path}/nobody.sock")
    with pytest.raises(StoreGone):
        store.last_seq()


def test_a_socket_in_the_file_system_does_as_well(tmp_path, record_property):
    record_property("engine", "remote")
    with serving(tmp_path / "agent", "--uds", str(tmp_path / "s"), SIDELIGHT_TOKEN="t"):
        store = open_store(f"unix:t@{tmp_path}/s")
        touch = file("a.py")
        assert store.append([entry("a", touch)], question([touch])).added[0].seq == 1
        assert store.last_seq() == 1
        store.dispose()


def test_a_token_is_never_in_what_is_said(tmp_path, monkeypatch):
    store = RemoteStore("http://sl_secret@127.0.0.1:9/team")
    with pytest.raises(StoreGone) as error:
        store.now()
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("url", ["http://", "https://:80", "http://x:notaport"])
def test_what_is_no_address_is_refused_at_once(url):
    with pytest.raises(StoreError):
        open_store(url)


def test_how_much_is_kept_is_the_servers_business_and_no_callers(server):
    """One machine's `historyMs` must not delete what the others still want."""
    store = RemoteStore(f"http://of-these-tests@{server.url.removeprefix('http://')}")
    touch = file("a.py")
    store.append([entry("a", touch)], question([touch]))
    assert store.prune(older_than_ms=-10_000, max_bytes=0) == 0
    assert [one.seq for one in store.follow(0)] == [1]
    store.dispose()


def test_a_kept_connection_that_was_closed_meanwhile_costs_nothing(server):
    store = RemoteStore(f"http://of-these-tests@{server.url.removeprefix('http://')}")
    assert store.last_seq() == 0
    (kept,) = store._idle
    assert kept.sock is not None
    kept.sock.shutdown(2)
    assert store.last_seq() == 0
    store.dispose()


def test_a_call_that_a_server_does_not_know_and_a_message_that_is_none_are_refused(server):
    with server.client() as client:
        assert client.post("/store/1/nonsense", json={}).status_code == 404
        assert client.get("/store/1/now").status_code == 405
        for body in ("{", "[]", '{"entries": 1}', '{"entries": [], "question": {"probes": [1]}}'):
            assert client.post("/store/1/append", content=body).status_code == 400
        assert client.post("/store/1/now", json={}).status_code == 200
        assert client.post("/store/2/now", json={}).status_code == 404


def test_which_stores_can_be_gone():
    assert all(map(can_be_gone, ("https://x", "http://x", "unix:/x", "postgresql://x")))
    assert not any(map(can_be_gone, ("sqlite:///x", "/x/ledger.db", "memory:")))
