"""The record as server-sent events, against a real `sidelight serve`."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sidelight.ledger import Ledger


def announced(client, text):
    return client.post("/coordination/intent", json={"activity": text}).json()["id"]


def events(response, wanted):
    """The first so many events: (id, data)."""
    found: list[tuple[int, Any]] = []
    current: dict[str, str] = {}
    lines = response if isinstance(response, Iterator) else response.iter_lines()
    for line in lines:
        if line.startswith(":"):
            continue
        if not line:
            if "data" in current:
                found.append((int(current["id"]), json.loads(current["data"])))
            current = {}
            if len(found) == wanted:
                return found
            continue
        name, _, value = line.partition(": ")
        current[name] = value
    return found


def test_a_reader_sees_each_action_as_it_is_recorded_with_its_seq_as_id(server):
    alpha = server.client(session="alpha")
    announced(alpha, "before anybody listened")
    with server.client().stream("GET", "/coordination/stream") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert next(response.iter_lines()).startswith(":"), "it listens now"
        announced(alpha, "one")
        with Ledger.open(str(server.home)) as ledger:  # another process's write, as far as the server can tell
            ledger.announce("two", actor="beta")
    with server.client().stream("GET", "/coordination/stream?after=0") as response:
        found = events(response, 3)
    assert [data["reason"] for _, data in found] == ["before anybody listened", "one", "two"]
    assert [number for number, data in found] == [data["seq"] for _, data in found]


def test_what_other_processes_write_wakes_a_reader(server):
    with server.client().stream("GET", "/coordination/stream") as response:
        lines = response.iter_lines()
        assert next(lines).startswith(":")
        with Ledger.open(str(server.home)) as ledger:
            ledger.announce("from elsewhere", actor="beta")
        assert [data["reason"] for _, data in events(lines, 1)] == ["from elsewhere"]


def test_a_reader_that_comes_back_misses_nothing_and_sees_nothing_twice(server):
    alpha = server.client(session="alpha")
    for number in range(3):
        announced(alpha, f"step {number}")
    with server.client().stream("GET", "/coordination/stream?after=0") as response:
        last = events(response, 2)[-1][0]
    for number in range(3, 600):
        announced(alpha, f"step {number}")
    with server.client(Last_Event_ID=str(last)).stream("GET", "/coordination/stream?after=0") as response:
        found = events(response, 598)
    assert [data["reason"] for _, data in found] == [f"step {number}" for number in range(2, 600)]


def test_footprints_are_shown_to_who_asks_for_them(server):
    server.client(session="alpha").patch("/config", json={"jobs": {"a": 1}, "tunnel": {"on": True}})
    with server.client().stream("GET", "/coordination/stream?after=0&quiet=true") as response:
        assert {data["kind"] for _, data in events(response, 2)} == {"config-set", "config-flag"}
    with server.client().stream("GET", "/coordination/stream?after=0") as response:
        assert [data["kind"] for _, data in events(response, 1)] == ["config-flag"]


@pytest.mark.parametrize("last", ["abc", "-1", "1.5", "9" * 30])
def test_an_id_that_is_no_seq_is_refused(server, last):
    assert server.client(Last_Event_ID=last).get("/coordination/stream").status_code == 400


def test_readers_that_leave_leave_nothing_behind(server):
    for _ in range(20):
        with server.client().stream("GET", "/coordination/stream") as response:
            assert next(response.iter_lines()).startswith(":")
    assert announced(server.client(session="alpha"), "still alive").startswith("intent-")
    with (
        pytest.raises(httpx.ReadTimeout),
        httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {server.token}"}, timeout=0.5).stream(
            "GET", "/coordination/stream"
        ) as response,
    ):
        list(response.iter_lines())
    server.stop()
    assert "Traceback" not in server.log
