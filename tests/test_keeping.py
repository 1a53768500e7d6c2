"""What keeps a home in order: audit lines that a dead process did not write, and the end of the history."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter

import pytest

from sidelight import audit, config
from sidelight.ledger import Ledger, keeping
from sidelight.stores import MACHINE_CLOCK, Clock
from tests.fakes import FakeFacts


def later(seconds):
    """The machine's clocks, some time from now."""
    ms = int(seconds * 1000)
    return Clock(lambda: MACHINE_CLOCK.wall() + ms, lambda: MACHINE_CLOCK.ticks() + ms, MACHINE_CLOCK.boot)


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def opened(home, **about):
    return Ledger.open(home, facts=FakeFacts(), **about)


def looked_long_ago(home):
    """As if whoever last saw to the audit had done so more than a minute ago."""
    file = home / "logs" / ".complete"
    os.utime(file, (0, file.stat().st_mtime - 61))


def written(home):
    """Every line of the audit, in the order it was written."""
    file = home / "logs" / audit.NAME
    return [json.loads(text) for text in file.read_text().splitlines()] if file.exists() else []


DIES_AFTER_THE_COMMIT = """
import os, signal, sys
from sidelight import Ledger, audit

audit.append = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
Ledger.open(sys.argv[1]).announce("died in between", actor="dead", area="billing")
"""


def test_the_line_of_a_process_that_was_killed_after_its_commit_is_made_up_on_opening(home, record_property):
    """Design 4: the commit decides, the audit line follows, missing ones are made up from `seq`."""
    record_property("engine", "sqlite")
    with opened(home) as ledger:
        ledger.announce("before", actor="a", area="x")
    done = subprocess.run([sys.executable, "-c", DIES_AFTER_THE_COMMIT, str(home)], cwd=home, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    with opened(home) as ledger:
        ledger.announce("after", actor="a", area="x")
    assert [one["seq"] for one in written(home)] == [1, 3]
    looked_long_ago(home)
    with opened(home, clock=later(90)) as ledger:
        assert [one.reason for one in ledger.recent()] == ["after", "died in between", "before"]
    lines = written(home)
    assert [one["seq"] for one in lines] == [1, 3, 2]
    assert (lines[2]["reason"], lines[2]["actor"], lines[2]["kind"]) == ("died in between", "dead", "intent")
    assert lines[2]["concurrentCount"] is None, "what mattered to it then is not known any more"
    looked_long_ago(home)
    with opened(home, clock=later(180)):
        pass
    assert Counter(one["seq"] for one in written(home)) == Counter([1, 2, 3])


def test_who_has_just_committed_is_left_to_write_its_own_line(home):
    with opened(home) as ledger:
        ledger.announce("one", actor="a")
        (home / "logs" / audit.NAME).unlink()
        ledger.tend()
        assert written(home) == []


def test_every_two_hundred_actions_it_is_seen_to(home, monkeypatch):
    with opened(home) as ledger:
        seen = []
        monkeypatch.setattr(keeping, "make_up_audit", lambda store, _: seen.append(store.last_seq()))
        for number in range(401):
            ledger.announce(f"step {number}", actor="a")
    assert seen == [200, 400]


def test_on_opening_it_is_looked_at_once_a_minute_at_most(home, monkeypatch):
    with opened(home) as ledger:
        ledger.announce("one", actor="a")
    with opened(home, clock=later(90)):
        pass
    asked = []
    monkeypatch.setattr(keeping, "make_up_audit", lambda *_: asked.append(1))
    with opened(home):
        assert asked == []
    looked_long_ago(home)
    with opened(home):
        assert asked == [1]


def test_what_was_forgotten_is_not_made_up_again(home):
    with opened(home) as ledger:
        for number in range(5):
            ledger.announce(f"step {number}", actor="a" if number % 2 else "b")
        ledger.store.forget(actor="b")
        audit.forget(str(home), lambda one: one["actor"] == "b")
    with opened(home, clock=later(90)) as ledger:
        ledger.tend()
    assert [one["seq"] for one in written(home)] == [2, 4]


def test_a_ledger_that_was_set_up_anew_starts_its_audit_anew(home):
    with opened(home) as ledger:
        for number in range(5):
            ledger.announce(f"step {number}", actor="a")
        ledger.tend()
    audit.note_complete(str(home), 5_000)
    (home / "logs" / audit.NAME).unlink()
    with opened(home, clock=later(90)) as ledger:
        ledger.tend()
    assert [one["seq"] for one in written(home)] == [1, 2, 3, 4, 5]


def test_logs_that_cannot_be_written_are_noted_and_nobody_minds(home):
    with opened(home) as ledger:
        ledger.announce("one", actor="a")
    file = home / "logs" / audit.NAME
    file.unlink()
    file.mkdir()
    with opened(home, clock=later(90)) as ledger:
        ledger.tend()
        assert ledger.recent()[0].reason == "one"
    assert "could not be written" in (home / "logs" / "errors.log").read_text()


def test_tending_deletes_what_is_beyond_the_history(home):
    with opened(home) as ledger:
        ledger.announce("long ago", actor="a")
    with opened(home, clock=later(config.load(home).history_ms / 1000 + 60)) as ledger:
        ledger.tend()
        assert ledger.store.last_seq() == 0
