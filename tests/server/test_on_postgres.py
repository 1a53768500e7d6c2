"""Servers on one store: `sidelight serve` with `SIDELIGHT_STORE=postgresql://…`."""

from __future__ import annotations

import pytest

from tests.postgres_server import ledger_url
from tests.server.running import serving
from tests.server.test_stream import announced, events


@pytest.fixture
def two(tmp_path, record_property):
    """Two servers of one home, as on two machines: nothing but the store is shared."""
    record_property("engine", "postgres")
    url = ledger_url(str(tmp_path))
    with (
        serving(tmp_path / "agent", SIDELIGHT_STORE=url) as one,
        serving(tmp_path / "agent", SIDELIGHT_STORE=url) as other,
    ):
        yield one, other


def test_who_announces_at_one_server_is_met_at_the_other(two, tmp_path):
    one, other = two
    body = {"activity": "rebuild the index", "area": "search"}
    assert one.client(session="alpha").post("/coordination/intent", json=body).json()["recorded"]
    answer = other.client(session="beta").post("/coordination/intent", json=body).json()
    assert [found["actor"] for found in answer["concurrent"]] == ["alpha"]
    assert "⚠ Cross-session" in answer["coordinationWarning"]
    assert one.client(session="alpha").get("/coordination/notices").json()["notices"]
    assert not (tmp_path / "agent" / "ledger.db").exists()


def test_a_reader_hears_of_what_is_written_through_another_server(two):
    one, other = two
    with one.client().stream("GET", "/coordination/stream") as response:
        lines = response.iter_lines()
        assert next(lines).startswith(":")
        announced(other.client(session="alpha"), "from elsewhere")
        assert [data["reason"] for _, data in events(lines, 1)] == ["from elsewhere"]
