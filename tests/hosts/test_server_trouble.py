"""The user's server and its hooks when things go wrong: killed, stopped, of another version, or none there yet."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from sidelight import rendezvous
from sidelight.ledger import Ledger
from sidelight.server import user_server
from tests.hosts.calling import PATIENCE, Claude, command_of, until


def recorded(env) -> list[str]:
    with closing(Ledger.open(env=env, cwd="/")) as ledger:
        return [f"{one.actor} {one.kind}" for one in ledger.store.follow(0)]


def running(env):
    found = user_server.start(env, seconds=PATIENCE)
    assert found is not None
    return found


@pytest.fixture
def served(env):
    return {**env, "SIDELIGHT_NO_SERVER": "", "SIDELIGHT_HOOK_SECONDS": "30"}


def test_the_first_hook_starts_the_server_and_the_next_one_is_answered_by_it(served, repo):
    a = Claude("session-aaaa", repo, served)
    a.says("SessionStart", source="startup")  # nobody was there: this one did the work itself
    assert until(lambda: user_server.status(served) is not None)
    heard: list[bytes] = []

    def answer(request: bytes) -> bytes:
        heard.append(request)
        return b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"

    with replaced(served, answer):
        assert a.before("Bash", command="git reset --hard").output == b""
    assert b"git reset --hard" in heard[0]
    assert recorded(served) == []


class replaced:  # noqa: N801 - reads as what it does
    """Somebody else of the same user behind the server's socket, who answers as the test says (None: not at all)."""

    def __init__(self, env, answer):
        user_server.stop(env)
        self._path = user_server.place(env).socket
        self._answer = answer
        self._bound = socket.socket(socket.AF_UNIX)
        self._bound.bind(self._path)
        os.chmod(self._path, 0o600)
        self._bound.listen(8)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._open: list[socket.socket] = []

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._bound.shutdown(socket.SHUT_RDWR)
        self._bound.close()
        self._thread.join(PATIENCE)
        for one in self._open:
            one.close()
        Path(self._path).unlink()

    def _serve(self):
        while True:
            try:
                link, _ = self._bound.accept()
            except OSError:
                return
            self._open.append(link)
            answer = self._answer(link.recv(1 << 20))
            if answer is not None:
                link.sendall(answer)
                link.close()


@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}",
        b'HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"hook',
        b"what is this",
    ],
    ids=["silence", "gone at once", "gone after it said it is there", "a failure", "an older one", "half", "nonsense"],
)
def test_a_hook_that_gets_no_whole_answer_does_the_work_itself(served, repo, answer):
    env = {**served, "SIDELIGHT_HOOK_SECONDS": "15"}
    a, b = Claude("session-aaaa", repo, env), Claude("session-bbbb", repo, env)
    with replaced(env, lambda _: answer):
        a.before("Write", file_path=str(repo / "a.py"))
        assert "conflict" in b.before("Bash", command="git reset --hard").text
    assert recorded(env) == ["session-aaaa write", "session-bbbb tree-reset"]


def test_a_stopped_server_holds_nobody_up_and_loses_nothing(served, repo):
    env = {**served, "SIDELIGHT_HOOK_SECONDS": "15"}
    found = running(env)
    a, b = Claude("session-aaaa", repo, env), Claude("session-bbbb", repo, env)
    a.before("Write", file_path=str(repo / "a.py"))
    os.kill(found.pid, signal.SIGSTOP)
    try:
        assert "conflict" in b.before("Bash", "one", command="git reset --hard").text
    finally:
        os.kill(found.pid, signal.SIGCONT)
    b.before("Bash", "one", command="git reset --hard")  # when it goes on, it finds the stopped call done
    assert recorded(env) == ["session-aaaa write", "session-bbbb tree-reset"]


def test_a_server_that_is_killed_at_any_moment_loses_nothing_and_records_nothing_twice(served, repo):
    a = Claude("session-aaaa", repo, served)
    calls = 8
    for number in range(calls):
        killer = None
        if number in (2, 5):
            found = running(served)
            killer = threading.Timer(0.03 * number, os.kill, (found.pid, signal.SIGKILL))
            killer.start()
        a.before("Write", f"call-{number}", file_path=str(repo / f"{number}.py"))
        if killer is not None:
            killer.join()
    assert recorded(served) == ["session-aaaa write"] * calls


def test_a_newer_hook_makes_an_older_server_leave(served, repo):
    found = running(served)
    head = rendezvous.envelope("claude-code", str(repo), os.getpid(), 0, served)
    with user_server.connected(found.socket, PATIENCE) as link:
        link.sendall(rendezvous.request("99.0.0", head, b"{}"))
        while link.recv(65536):
            pass
    assert until(lambda: user_server.status(served) is None)


def test_a_socket_that_others_can_use_is_not_trusted(served, repo):
    heard: list[bytes] = []
    with replaced(served, heard.append) as other:
        os.chmod(other._path, 0o666)
        Claude("session-aaaa", repo, served).before("Write", file_path=str(repo / "a.py"))
    assert heard == []
    assert recorded(served) == ["session-aaaa write"]


def test_an_envelope_carries_what_counts_and_no_secret(tmp_path):
    env = {"HOME": "/h", "PGHOST": "db", "GH_TOKEN": "ghp_x", "LONG_URL": "x" * 9000, "EDITOR_THEME": "dark", "A": "b"}
    letter = rendezvous.Letter(rendezvous.envelope("codex", "/a b", 7, 1200, env))
    assert (letter.host, letter.cwd, letter.pid, letter.spent_us) == ("codex", "/a b", 7, 1200)
    assert letter.env == {"HOME": "/h", "PGHOST": "db", "GH_TOKEN": "***"}
    with pytest.raises(ValueError, match="no envelope"):
        rendezvous.Letter(b"codex")


def test_what_hooks_leave_behind_is_private(served, repo):
    a = Claude("session-aaaa", repo, served)
    a.before("Write", file_path=str(repo / "a.py"))
    home = Path(served["HOME"], ".local/state/sidelight")
    kinds = {path: stat.S_IMODE(path.stat().st_mode) for path in [home, *home.rglob("*")]}
    assert {mode for path, mode in kinds.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in kinds.items() if path.is_file()} == {0o600}
    lines = (home / "logs" / "hooks.jsonl").read_text().splitlines()
    assert json.loads(lines[0])["what"] == "before"


def test_of_many_first_hooks_at_once_one_server_comes(served, repo):
    calls = [
        subprocess.Popen(
            ["/bin/sh", "-c", command_of("claude-code")],
            env=served, cwd=repo, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        for _ in range(10)
    ]  # fmt: skip
    for number, one in enumerate(calls):
        body = {"session_id": f"session-{number}", "hook_event_name": "UserPromptSubmit", "cwd": str(repo)}
        assert one.communicate(json.dumps(body).encode(), timeout=PATIENCE)[0] == b""
    assert until(lambda: (found := user_server.status(served)) is not None and found.answers)
    Claude("session-0", repo, served).says("UserPromptSubmit")
    log = Path(served["HOME"], ".local/state/sidelight/logs/server.log").read_text().splitlines()
    assert len([line for line in log if " started" in line or " ended" in line]) == 1


def test_who_asks_whether_a_server_runs_keeps_none_from_starting(served):
    lock = user_server._locked(user_server.place(served).lock)  # as who asks has it, for longer than an instant
    assert lock is not None
    rendezvous.spawn(sys.executable, served)
    rendezvous.spawn(sys.executable, served)
    os.close(lock)
    assert until(lambda: (found := user_server.status(served)) is not None and found.answers)


def test_a_home_has_one_server_though_a_host_hands_not_every_variable_on(served, repo):
    found = running(served)
    bare = {name: value for name, value in served.items() if name != "XDG_RUNTIME_DIR"}
    assert user_server.start(bare, seconds=PATIENCE) == found
    Claude("session-aaaa", repo, bare).before("Write", file_path=str(repo / "a.py"))
    assert recorded(bare) == ["session-aaaa write"]
    assert not Path(user_server.place(bare).socket).exists()
    assert user_server.stop(bare)
    assert until(lambda: user_server.status(served) is None)
