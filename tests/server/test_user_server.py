"""The user's own server (design 6): one a user, private, gone when idle or overtaken. Real processes."""

import asyncio
import http.client
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import pytest

from sidelight.rendezvous import VERSION_HEADER
from sidelight.server import user_server


@pytest.fixture
def env(tmp_path):
    runtime = Path(tempfile.mkdtemp(prefix="sl-"))  # a socket's path must be short
    around = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(runtime),
        "SECRET_KEY": "not-for-the-server",
    }
    yield around
    user_server.stop(around)


def ask(path, route="/health", **headers):
    with closing(http.client.HTTPConnection("localhost")) as connection:
        connection.sock = user_server.connected(path)
        connection.request("GET", route, headers=headers)
        return connection.getresponse().status


def started(env):
    found = user_server.start(env, seconds=20)
    assert found is not None
    return found


def gone(pid):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def test_it_starts_on_demand_answers_on_a_private_socket_and_stops(env):
    assert user_server.status(env) is None
    found = started(env)
    assert found.answers
    about = os.lstat(found.socket)
    assert stat.S_IMODE(about.st_mode) == 0o600
    assert stat.S_IMODE(os.stat(os.path.dirname(found.socket)).st_mode) == 0o700
    assert ask(found.socket) == 200
    assert ask(found.socket, "/coordination/recent") == 401, "the token is asked for here too"
    assert user_server.start(env) == found, "one is enough"
    assert user_server.stop(env) is True
    assert gone(found.pid)
    assert not os.path.exists(found.socket)
    assert user_server.stop(env) is False


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks into /proc")
def test_it_keeps_nothing_of_its_starter(env):
    found = started(env)
    about = f"/proc/{found.pid}"
    assert os.readlink(f"{about}/cwd") == "/"
    assert b"not-for-the-server" not in Path(f"{about}/environ").read_bytes()
    assert os.getsid(found.pid) != os.getsid(0)
    assert {os.readlink(f"{about}/fd/{number}") for number in (0, 1, 2)} == {"/dev/null"}


def test_of_eight_that_start_it_at_once_one_comes(env):
    code = "import os, sys; from sidelight.server import user_server; sys.stdin.readline(); "
    code += "found = user_server.start(os.environ, seconds=20); print(found.pid)"
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", code], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(8)
    ]
    pids = {one.communicate("go\n", timeout=60)[0].strip() for one in starters}
    assert len(pids) == 1
    assert pids == {str(started(env).pid)}


def test_one_that_was_killed_is_replaced(env):
    first = started(env)
    os.kill(first.pid, signal.SIGKILL)
    assert gone(first.pid)
    assert os.path.exists(first.socket)
    assert user_server.status(env) is None
    second = started(env)
    assert second.pid != first.pid
    assert ask(second.socket) == 200


def test_it_ends_when_it_is_idle(env):
    env["SIDELIGHT_SERVER_IDLE"] = "0.3"
    found = started(env)
    assert gone(found.pid)
    assert user_server.status(env) is None


def test_it_is_not_idle_while_somebody_listens():
    clock = [0.0]
    ended: list[bool] = []
    left: list[float] = []

    async def app(scope, receive, send):
        clock[0] += 1000
        left.append(watched.left())

    watched = user_server.Watched(app, 60, lambda: ended.append(True), now=lambda: clock[0])
    asyncio.run(watched({"type": "http", "headers": []}, None, None))  # type: ignore[arg-type]
    assert left == [60]
    clock[0] += 59
    assert watched.left() == 1
    assert ended == []


def test_it_makes_way_for_a_newer_one(env):
    found = started(env)
    assert ask(found.socket, **{VERSION_HEADER: "0.0.1"}) == 200
    assert user_server.status(env) is not None
    assert ask(found.socket, **{VERSION_HEADER: "99.0.0"}) == 200
    assert gone(found.pid)


@pytest.mark.parametrize("variable", [{"CI": "true"}, {"SIDELIGHT_NO_SERVER": "1"}])
def test_where_none_is_wanted_none_is_started(env, variable):
    assert user_server.start({**env, **variable}) is None
    assert user_server.status(env) is None


def test_a_directory_or_a_socket_that_others_can_get_at_is_not_used(env, tmp_path):
    directory = Path(env["XDG_RUNTIME_DIR"]) / "sidelight"
    directory.mkdir()
    directory.chmod(0o777)
    with pytest.raises(PermissionError):
        user_server.place(env)
    directory.chmod(0o700)
    path = str(directory / "s")
    with closing(socket.socket(socket.AF_UNIX)) as bound:
        bound.bind(path)
        os.chmod(path, 0o666)
        with pytest.raises(PermissionError):
            user_server.connected(path)


def test_a_state_directory_with_a_long_path_gets_a_short_socket(tmp_path):
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    where = user_server.place({"HOME": str(deep), "SIDELIGHT_HOME": str(deep / "h")})
    assert len(where.socket) <= 100


def test_the_terminal_says_whether_it_runs_and_stops_it(env):
    def run(*arguments):
        done = subprocess.run(
            [sys.executable, "-m", "sidelight", "server", *arguments, "--json"],
            env=env, capture_output=True, text=True, timeout=30, check=True,
        )  # fmt: skip
        return json.loads(done.stdout)

    assert run("status") == {"running": False}
    assert run("start")["running"] is True
    assert run("status")["answers"] is True
    assert run("stop") == {"running": False, "stopped": True}
    assert run("status") == {"running": False}
