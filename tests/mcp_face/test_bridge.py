"""`sidelight mcp` beside the user's server: it passes lines on and loads no SDK, and serves by itself where it must."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from sidelight import Ledger
from sidelight.server import user_server
from tests.mcp_face.clients import NEW, OLD, said, talk, within

PATIENCE = 60
#: A machine that is busy with other tests may take its time to start a server.
PATIENT = (
    f"import sys; from sidelight import bridge, cli; bridge.STARTS_WITHIN = {PATIENCE}; sys.exit(cli.main(['mcp']))"
)


@pytest.fixture
def env(tmp_path, record_property):
    """A user's environment, where a server may be started."""
    record_property("engine", "sqlite")
    runtime = Path(tempfile.mkdtemp(prefix="sl-"))  # a socket's path must be short
    around = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(runtime),
        "CLAUDECODE": "1",
        "CLAUDE_CODE_SESSION_ID": "claude-1",
    }
    yield around
    user_server.stop(around)


class Line:
    """A `sidelight mcp` process, a line at a time."""

    def __init__(self, env, cwd, program=PATIENT):
        self.process = subprocess.Popen(
            [sys.executable, "-c", program],
            env=env, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.given, self.taken = self.process.stdin, self.process.stdout
        self._number = 0

    def send(self, line):
        self.given.write(line.encode() + b"\n")
        self.given.flush()

    def hear(self):
        return json.loads(self.taken.readline())

    def ask(self, method, **params):
        self._number += 1
        self.send(json.dumps({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params}))
        answer = self.hear()
        assert answer["id"] == self._number, answer
        return answer

    def greet(self, version="2025-06-18"):
        about = {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
        answer = self.ask("initialize", **about)["result"]
        self.send(json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}))
        return answer

    def call(self, tool, **given):
        return self.ask("tools/call", name=tool, arguments=given)["result"]

    def has_the_sdk(self):
        return "pydantic_core" in Path(f"/proc/{self.process.pid}/maps").read_text()

    def hang_up(self):
        self.given.close()
        try:
            return self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.process.wait()
            self.taken.close()


@pytest.fixture
def line(env, tmp_path):
    (tmp_path / "work").mkdir()
    one = Line(env, tmp_path / "work")
    yield one
    one.hang_up()


linux = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks into /proc")


@linux
def test_it_starts_the_server_and_passes_on_who_calls_and_from_where(env, line, tmp_path):
    assert line.greet()["protocolVersion"] == "2025-06-18"
    assert line.call("announce", activity="move the parser")["structuredContent"]["recorded"] is True
    assert not line.has_the_sdk()
    assert user_server.status(env) is not None
    with Ledger.open(user_server.place(env).home) as ledger:
        (one,) = ledger.recent(everywhere=True)
        assert (one.actor, one.host) == ("claude-1", "claude-code")
        assert str(one.space).endswith(str(tmp_path / "work")), "a directory of its own is a space of its own"
        assert [known.session.cwd for known in ledger.who(everywhere=True)] == [str(tmp_path / "work")]
    assert line.hang_up() == 0


@pytest.mark.parametrize("mode", [OLD, NEW])
def test_the_official_client_works_through_it(env, tmp_path, mode):
    async def story(client):
        assert len((await client.list_tools()).tools) == 5
        assert "Announced" in said(await client.call_tool("announce", {"activity": "move the parser"}))
        assert (await client.call_tool("announce", {})).is_error
        assert "there is no tool anná" in said(await client.call_tool("anná", {}))
        return json.loads((await client.read_resource("sidelight://ledger")).contents[0].text)

    body = talk(within(env, tmp_path), story, mode)
    assert [one["reason"] for one in body["actions"]] == ["move the parser"]


@linux
def test_where_no_server_may_be_started_it_serves_by_itself(env, tmp_path):
    (tmp_path / "work").mkdir()
    line = Line({**env, "SIDELIGHT_NO_SERVER": "1"}, tmp_path / "work")
    try:
        line.greet()
        assert line.call("announce", activity="move the parser")["structuredContent"]["recorded"] is True
        assert line.has_the_sdk()
        assert user_server.status(env) is None
    finally:
        line.hang_up()


@linux
def test_a_server_that_ended_is_started_again(env, line):
    line.greet()
    first = line.call("announce", activity="move the parser")["structuredContent"]["id"]
    assert user_server.stop(env) is True
    assert line.call("finish")["structuredContent"] == {"finished": True, "id": first}
    assert not line.has_the_sdk()


@linux
@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGKILL])
def test_where_the_server_is_gone_for_good_it_takes_over_in_the_middle(env, tmp_path, with_signal):
    found = user_server.start(env, seconds=PATIENCE)
    assert found is not None
    line = Line({**env, "SIDELIGHT_NO_SERVER": "1"}, tmp_path)
    try:
        line.greet()
        first = line.call("announce", activity="move the parser")["structuredContent"]["id"]
        assert not line.has_the_sdk()
        os.kill(found.pid, with_signal)
        if with_signal == signal.SIGTERM:
            user_server.stop(env)
        assert line.call("finish")["structuredContent"] == {"finished": True, "id": first}
        assert line.has_the_sdk()
    finally:
        line.hang_up()


FORGETFUL = """
from sidelight import bridge
sent, lost = bridge.Bridge._sent, [{}]
def loses_answers(self, body, about):
    answer = sent(self, body, about)
    if b"tools/call" in body and lost[0]:
        lost[0] -= 1
        raise ConnectionResetError
    return answer
bridge.Bridge._sent = loses_answers
"""


@linux
@pytest.mark.parametrize("lost", [1, 2])
def test_what_was_done_though_its_answer_was_lost_is_done_once(env, tmp_path, lost):
    """A server is killed between the two: the line is sent again, to the next one or, lost once more, to ourselves."""
    user_server.start(env, seconds=PATIENCE)
    line = Line(env, tmp_path, FORGETFUL.format(lost) + PATIENT)
    try:
        line.greet()
        assert line.call("announce", activity="move the parser")["structuredContent"]["recorded"] is True
        assert line.has_the_sdk() is (lost == 2)
        assert line.call("announce", activity="move the parser")["structuredContent"]["recorded"] is True
    finally:
        line.hang_up()
    with Ledger.open(user_server.place(env).home) as ledger:
        assert len(ledger.recent(everywhere=True)) == 2, "one announcement each, and each its own (O4)"


def test_a_line_that_is_no_message_breaks_nothing(line):
    line.greet()
    for odd in ("", "{", "[]", "null", '{"jsonrpc": "2.0"}', '"\\ud800"', "[" * 100_000):
        line.send(odd)
    line._number = 99
    line.send(json.dumps({"jsonrpc": "2.0", "id": 100, "method": "tools/list"}))
    answers = [line.hear()]
    while answers[-1].get("id") != 100:
        answers.append(line.hear())
    assert len(answers[-1]["result"]["tools"]) == 5
    assert all("error" in one for one in answers[:-1])


def test_a_store_or_a_server_that_was_named_is_the_one_that_counts(env, tmp_path):
    user_server.start(env, seconds=PATIENCE)
    elsewhere = f"sqlite://{tmp_path}/elsewhere/ledger.db"
    line = Line({**env, "SIDELIGHT_STORE": elsewhere}, tmp_path)
    try:
        line.greet()
        line.call("announce", activity="move the parser")
    finally:
        line.hang_up()
    with Ledger.open(elsewhere) as ledger:
        assert len(ledger.recent(everywhere=True)) == 1


def test_another_users_socket_is_not_spoken_to(env, tmp_path):
    found = user_server.start(env, seconds=PATIENCE)
    assert found is not None
    os.chmod(found.socket, 0o666)
    line = Line({**env, "SIDELIGHT_NO_SERVER": "1"}, tmp_path)
    try:
        line.greet()
        assert line.has_the_sdk() or not os.path.isdir("/proc/self")
    finally:
        line.hang_up()
