"""`sidelight serve` as a process: how it starts, where it listens, how it stops."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time

import httpx
import pytest

from tests.server.running import STOPS_WITHIN, serving, start


def refused(home, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "sidelight", "serve", "--home", str(home), *arguments],
        capture_output=True, text=True, timeout=30, env={**os.environ, "HOME": str(home.parent)}, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    return done.stderr


def test_the_first_line_is_its_url_and_port_0_picks_one(server):
    assert server.url.startswith("http://127.0.0.1:")
    assert int(server.url.rpartition(":")[2]) > 1024
    assert (server.home / "server.url").read_text() == server.url + "\n"
    assert stat.S_IMODE((server.home / "server.url").stat().st_mode) == 0o600
    assert stat.S_IMODE(server.home.stat().st_mode) == 0o700
    assert stat.S_IMODE((server.home / "ledger.db").stat().st_mode) == 0o600


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_cleanly_with_stream_readers_and_a_half_sent_request(home, with_signal):
    with serving(home) as server:
        _stops_cleanly(server, with_signal)
    assert not (home / "server.url").exists()
    assert "Traceback" not in server.log


def _stops_cleanly(server, with_signal):
    host, port = server.url.removeprefix("http://").split(":")
    with (
        server.client().stream("GET", "/coordination/stream") as one,
        server.client().stream("GET", "/coordination/stream") as two,
        socket.create_connection((host, int(port))) as half,
    ):
        assert next(one.iter_lines()).startswith(":")
        assert two.status_code == 200
        half.sendall(b"POST /coordination/intent HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n")
        began = time.monotonic()
        server.process.send_signal(with_signal)
        assert server.process.wait(STOPS_WITHIN) == 0
    assert time.monotonic() - began < STOPS_WITHIN


def test_it_refuses_an_address_that_other_machines_reach(home):
    assert "--allow-remote" in refused(home, "--host", "0.0.0.0", "--port", "0")
    assert "--allow-remote" in refused(home, "--host", "::", "--port", "0")
    assert not home.exists(), "nothing was made"


def test_with_leave_it_listens_on_every_address(home):
    with serving(home, "--host", "0.0.0.0", "--port", "0", "--allow-remote", "--allow-host", "box.example") as server:
        port = server.url.rpartition(":")[2]
        client = server.client()
        assert client.get(f"http://127.0.0.1:{port}/health").status_code == 200
        assert client.get(f"http://127.0.0.1:{port}/health", headers={"Host": "box.example"}).status_code == 200
        assert client.get(f"http://127.0.0.1:{port}/health", headers={"Host": "fox.example"}).status_code == 421


def test_a_port_that_is_taken_is_one_sentence(server, home):
    said = refused(home.with_name("other"), "--port", server.url.rpartition(":")[2])
    assert "--port 0" in said
    assert "65535" in refused(home, "--port", "99999")


def test_it_listens_on_a_private_socket_in_the_file_system(home, tmp_path):
    path = tmp_path / "s.sock"
    with serving(home, "--uds", str(path)) as server:
        assert server.url == f"unix:{path}"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        answer = server.client(session="alpha").post("/coordination/intent", json={"activity": "x"})
        assert answer.status_code == 201
        assert "another server" in refused(home.with_name("other"), "--uds", str(path))
        assert server.client().get("/health").status_code == 200
    assert not path.exists()
    path.write_text("precious")
    assert "no socket" in refused(home, "--uds", str(path))
    assert path.read_text() == "precious"


def test_a_socket_that_a_killed_server_left_behind_is_taken_over(home, tmp_path):
    path = tmp_path / "s.sock"
    first = start(home, "--uds", str(path))
    first.stop(signal.SIGKILL)
    assert path.exists()
    with serving(home, "--uds", str(path)) as second:
        assert second.client().get("/health").status_code == 200


def test_a_home_that_cannot_be_used_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    done = subprocess.run(
        [sys.executable, "-m", "sidelight", "serve", "--home", str(tmp_path / "file"), "--port", "0"],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.json").write_text("{")
    done = subprocess.run(
        [sys.executable, "-m", "sidelight", "serve", "--home", str(broken), "--port", "0"],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert "config.json" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_log_that_nobody_reads_does_not_hold_it_up(home):
    """A pipe holds 64 KiB; a server that waits for its log would stand still after a thousand requests."""
    env = {**os.environ, "HOME": str(home.parent)}
    process = subprocess.Popen(
        [sys.executable, "-m", "sidelight", "serve", "--home", str(home), "--port", "0"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with httpx.Client(base_url=url, transport=httpx.HTTPTransport(verify=False)) as client:
            for _ in range(3000):
                assert client.get("/health").status_code == 200
    finally:
        process.terminate()
        process.communicate(timeout=10)
    assert process.returncode == 0


def test_a_fresh_home_gets_its_instruction_files_and_an_existing_one_the_section(home):
    """O23."""
    with serving(home) as server:
        for name in ("CLAUDE.md", "AGENTS.md"):
            assert "## Cross-Session Coordination (light, advisory)" in (home / name).read_text()
        server.stop()
        assert "CLAUDE.md: made" in server.log
    other = home.with_name("existing")
    other.mkdir()
    (other / "config.json").write_text("{}")
    (other / "CLAUDE.md").write_text("# Mine\nno newline at the end")
    with serving(other) as server:
        server.stop()
        assert "AGENTS.md: is missing; skipped" in server.log
    text = (other / "CLAUDE.md").read_text()
    assert text.startswith("# Mine\nno newline at the end\n")
    assert text.count("## Cross-Session Coordination") == 1
    assert not (other / "AGENTS.md").exists()
    with serving(other):
        assert (other / "CLAUDE.md").read_text() == text
