"""Kept answers of `GET /coordination/recent` are never anything but what looking again would answer."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from sidelight import wire
from sidelight.ledger import Ledger
from sidelight.server.recently import Asked, Recently
from sidelight.stores import MACHINE_CLOCK, Clock
from tests.fakes import FakeFacts

ALL = Asked(None, None, quiet=False)


class Stage:
    """A ledger as a server has it, the same one as another process has it, and how often was really looked."""

    def __init__(self, home, monkeypatch):
        self.passed = 0
        self.moment = 0.0
        clock = Clock(
            lambda: MACHINE_CLOCK.wall() + self.passed, lambda: MACHINE_CLOCK.ticks() + self.passed, MACHINE_CLOCK.boot
        )
        self.ledger = Ledger.open(home, facts=FakeFacts(), clock=clock)
        self.other = Ledger.open(home, facts=FakeFacts(), clock=clock)
        self.recently = Recently()
        self.looks = 0
        real = self.ledger.recent

        def recent(**asked):
            self.looks += 1
            return real(**asked)

        monkeypatch.setattr(self.ledger, "recent", recent)

    def answer(self, asked=ALL):
        return json.loads(self.recently.answer(self.ledger, asked))

    def truth(self):
        actions = self.other.recent()
        return wire.recent(actions, self.other.states(actions), enabled=self.other.config.enabled)


@pytest.fixture
def stage(tmp_path, monkeypatch, record_property):
    record_property("engine", "sqlite")
    # Time stands still, so that what is kept does not run out by itself.
    made = Stage(tmp_path / "home", monkeypatch)
    monkeypatch.setattr("sidelight.server.recently.time", SimpleNamespace(monotonic=lambda: made.moment))
    yield made
    made.ledger.close()
    made.other.close()


def test_asked_twice_it_is_looked_up_once(stage):
    stage.ledger.announce("one", actor="a")
    assert stage.answer() == stage.answer() == stage.truth()
    assert stage.looks == 1


def test_what_anybody_writes_shows_at_once(stage):
    for side in (stage.ledger, stage.other, stage.ledger, stage.other):
        made = side.announce("one more", actor="a")
        assert stage.answer()["actions"][0]["id"] == made.id
        side.finish(made.id)
        assert stage.answer() == stage.truth()
        assert stage.answer()["actions"][0]["state"] == "finished"


def test_what_expires_is_kept_until_then(stage):
    stage.ledger.announce("soon over", actor="a", ttl_ms=500)
    assert stage.answer()["actions"][0]["state"] == "open"
    stage.passed, stage.moment = 501, 0.501
    assert stage.answer()["actions"][0]["state"] == "expired"


def test_what_is_too_long_ago_falls_out(stage):
    stage.ledger.announce("one", actor="a")
    asked = Asked(None, 300, quiet=False)
    assert stage.answer(asked)["count"] == 1
    stage.passed, stage.moment = 301, 0.301
    assert stage.answer(asked)["count"] == 0


def test_after_a_second_it_is_looked_up_anew(stage):
    """Processes come and go without writing anything."""
    stage.ledger.announce("one", actor="a")
    stage.answer()
    stage.moment = 1.01
    stage.answer()
    assert stage.looks == 2


def test_a_change_of_the_settings_counts_at_once(stage):
    stage.ledger.announce("one", actor="a")
    assert stage.answer()["enabled"] is True
    ours = {"monitoring": {"crossSessionCoordination": {"enabled": False}}}
    Path(stage.ledger.home, "config.json").write_text(json.dumps(ours))
    assert stage.answer()["enabled"] is False


def test_each_question_has_its_own_answer(stage):
    for number in range(5):
        stage.ledger.announce(f"step {number}", actor="a")
    assert stage.answer(Asked(2, None, quiet=False))["count"] == 2
    assert stage.answer(Asked(3, None, quiet=False))["count"] == 3
    assert stage.answer()["count"] == 5
