"""What waits to be delivered is shown to people, and sent by those who have the time."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from sidelight import backlog, doctor
from sidelight.ledger import Ledger
from sidelight.stores import ENGINES
from sidelight.stores.guarded import guarded
from sidelight.stores.sqlite import SqliteStore
from tests.server.running import serving


@pytest.fixture
def url(tmp_path, monkeypatch, record_property):
    record_property("engine", "flaky")
    monkeypatch.setitem(ENGINES, "flaky", ("tests.stores.flaky", ("flaky",)))
    monkeypatch.setenv("SIDELIGHT_HOME", str(tmp_path / "home"))
    return f"flaky://{tmp_path}/far.db"


def keep_two(tmp_path, url):
    """Two announcements while the store is gone."""
    gone = tmp_path / "far.db.gone"
    gone.touch()
    with Ledger.open(url) as ledger:
        assert ledger.announce("one", actor="a").spooled
        assert ledger.announce("two", actor="a").spooled
    gone.unlink()


def findings(tmp_path, url):
    found = doctor.examine(doctor.Patient(str(tmp_path / "home"), url, None))
    return {one.name: one for one in found}


def test_the_doctor_shows_how_much_waits_and_since_when_and_sends_it_when_told(tmp_path, url):
    keep_two(tmp_path, url)
    spool = findings(tmp_path, url)["spool"]
    assert spool.what.startswith("2 requests wait to be delivered, the oldest since ")
    assert spool.cause == "they are about to be sent", "for it answers again"
    done = doctor.repair(doctor.Patient(str(tmp_path / "home"), url, None))
    assert "2 requests that waited were delivered" in done
    assert "spool" not in findings(tmp_path, url)
    store = SqliteStore(str(tmp_path / "far.db"))
    assert [one.late for one in store.follow(0)] == [True, True]
    store.dispose()


def test_the_doctor_says_whether_a_store_elsewhere_answers(tmp_path, url):
    assert "answers; its newest action is number 0" in findings(tmp_path, url)["ledger"].what
    (tmp_path / "far.db.gone").touch()
    assert "nobody answers" in findings(tmp_path, url)["ledger"].what
    found = findings(tmp_path, "http://secret@127.0.0.1:9/team")["ledger"]
    assert found.wrong
    assert "http://127.0.0.1:9/team cannot be used" in found.what
    assert "secret" not in found.what


def test_what_no_store_took_is_shown_where_it_lies(tmp_path, url):
    keep_two(tmp_path, url)
    (parcel, _) = sorted((tmp_path / "home").glob("spool/*/waiting/*"))
    parcel.write_text("torn")
    store = guarded(url, str(tmp_path / "home"))
    assert backlog.deliver([store]) == (1, 1, 0, None)
    store.dispose()
    assert "1 request that no store would take" in findings(tmp_path, url)["spool"].what


def test_a_server_sends_what_its_home_left_behind(tmp_path, record_property):
    """What a process could not write, because the ledger was held for too long, goes with the next housekeeping."""
    record_property("engine", "sqlite")
    home = tmp_path / "agent"
    with Ledger.open(home) as ledger:
        assert ledger.announce("first", actor="a").recorded
        kept = ledger.store
        assert hasattr(kept, "spool")
        kept.spool.put("end", {"actor": "a", "agent": None}, None)
    waiting = list(Path(home).glob("spool/*/waiting"))
    assert len(waiting) == 1
    with serving(home):
        deadline = time.monotonic() + 90
        while os.path.exists(waiting[0]):
            assert time.monotonic() < deadline
            time.sleep(0.02)
    store = SqliteStore(str(home / "ledger.db"))
    assert [closed for _, closed in store.intents()] == ["ended"]
    store.dispose()
