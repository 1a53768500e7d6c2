"""Tokens that are given out: what each may do, that they can be taken away, and that nobody learns them from a file."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys

import pytest

from sidelight.home import tokens
from sidelight.stores import StoreError, StoreGone
from sidelight.stores.remote import RemoteStore
from tests.server.running import files_with, serving
from tests.stores.engines import entry, file, question


def run(home, *given):
    done = subprocess.run(
        [sys.executable, "-m", "sidelight", "token", *given, "--home", str(home)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "HOME": str(home.parent), "XDG_STATE_HOME": str(home.parent / "state")},
    )
    return done.returncode, done.stdout.strip(), done.stderr


@pytest.fixture
def server(tmp_path):
    with serving(tmp_path / "agent") as running:
        yield running


def asks(server, token, method, path, **given):
    with server.client() as client:
        return client.request(method, path, headers={"Authorization": f"Bearer {token}"}, **given)


def far(server, token):
    return RemoteStore(server.url.replace("http://", f"http://{token}@"))


def test_each_token_does_what_it_has_the_right_to_and_no_more(server):
    """O17, design 7: a read token can't write, a write token can't administer."""
    _, write, said = run(server.home, "new", "build-machine")
    assert "shown this once" in said
    _, read, _ = run(server.home, "new", "wall-display", "--read")
    activity = {"activity": "try the tokens"}
    done = {
        name: [
            asks(server, token, "GET", "/coordination/recent").status_code,
            asks(server, token, "POST", "/coordination/check", json=activity).status_code,
            asks(server, token, "POST", "/coordination/intent", json=activity).status_code,
            asks(server, token, "PATCH", "/config", json={"updates": {"auto": False}}).status_code,
        ]
        for name, token in (("read", read), ("write", write), ("own", server.token), ("none", "sidelight_" + "x" * 43))
    }
    assert done == {
        "read": [200, 200, 403, 403],
        "write": [200, 200, 201, 403],
        "own": [200, 200, 201, 200],
        "none": [403, 403, 403, 403],
    }


def test_the_store_behind_a_server_is_held_to_the_same_rights(server):
    write = tokens.make(str(server.home), "w", "write", "2026-01-01")
    read = tokens.make(str(server.home), "r", "read", "2026-01-01")
    touch = file("a.py")

    def append(token):
        store = far(server, token)
        try:
            return store.append([entry("a", touch)], question([touch])).added
        finally:
            store.dispose()

    assert len(append(write)) == 1
    with pytest.raises(StoreError, match="not to write") as refused:
        append(read)
    assert not isinstance(refused.value, StoreGone), "it would wait in the spool for ever"
    writer, reader = far(server, write), far(server, read)
    assert reader.last_seq() == 1
    with pytest.raises(StoreError, match="not to own"):
        writer.forget(actor="a")
    tokens.revoke(str(server.home), "w")
    with pytest.raises(StoreGone, match="not this server's"):
        writer.last_seq()
    writer.dispose()
    reader.dispose()


def test_a_token_is_rotated_and_revoked_while_the_server_runs(server):
    _, first, _ = run(server.home, "new", "laptop")
    _, second, _ = run(server.home, "rotate", "laptop")
    status = [asks(server, token, "GET", "/coordination/recent").status_code for token in (first, second)]
    assert status == [403, 200]
    assert run(server.home, "revoke", "laptop")[:2] == (0, "laptop counts no more.")
    assert asks(server, second, "GET", "/coordination/recent").status_code == 403
    assert asks(server, server.token, "GET", "/coordination/recent").status_code == 200


def test_a_token_is_kept_nowhere_but_as_a_hash_that_nobody_else_reads(server):
    _, token, _ = run(server.home, "new", "laptop")
    assert len(token) > 40
    asks(server, token, "GET", f"/nowhere/{token}")
    assert files_with(token, server.home.parent) == []
    server.stop()
    assert token not in server.log
    kept = server.home / "tokens.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [one["name"] for one in json.loads(kept.read_text())] == ["laptop"]
    code, listed, _ = run(server.home, "list")
    assert (code, listed.split()[:2]) == (0, ["laptop", "write"])


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("new", "a b"), "letters"),
        (("new",), "name the token"),
        (("rotate", "nobody"), "no token of this name"),
        (("revoke", "nobody"), "no token of this name"),
    ],
)
def test_what_cannot_be_done_with_a_token_is_said(tmp_path, given, says):
    code, _, said = run(tmp_path / "agent", *given)
    assert code == 2
    assert says in said


def test_a_name_is_given_once(tmp_path):
    assert run(tmp_path / "agent", "new", "laptop")[0] == 0
    code, _, said = run(tmp_path / "agent", "new", "laptop")
    assert code == 2
    assert "rotate" in said


def test_tokens_that_cannot_be_read_let_nobody_in_but_the_owner(server):
    _, token, _ = run(server.home, "new", "laptop")
    (server.home / "tokens.json").write_text("[{")
    assert asks(server, token, "GET", "/coordination/recent").status_code == 403
    assert asks(server, server.token, "GET", "/coordination/recent").status_code == 200
    assert run(server.home, "list")[0] == 2
