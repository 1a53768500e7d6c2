"""The ledger's verbs: what they promise a caller, on a real store."""

import json
from pathlib import Path
from typing import cast

import pytest

from sidelight import config, wire
from sidelight.actions import Draft, Session
from sidelight.ledger import Ledger
from sidelight.stores import ENGINES, open_store
from sidelight.stores.guarded import Guarded
from tests.fakes import FakeFacts

SECRET = "ghp_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def ledger(home):
    with Ledger.open(home, facts=FakeFacts()) as opened:
        yield opened


def test_a_receipt_says_what_was_recorded_and_what_matters(ledger):
    """O1, O2"""
    first = ledger.announce("building the fix for the redrive flood", actor="a", area="monitoring")
    second = ledger.announce("another thing", actor="b", area="monitoring")
    assert first.recorded
    assert first.id.startswith("intent-")
    assert first.concurrent == ()
    assert first.warning is None
    assert [(one.id, one.actor, one.severity) for one in second.concurrent] == [(first.id, "a", "overlap")]
    assert second.warning.startswith("⚠ Cross-session:")


def test_what_is_merely_present_is_listed_and_never_warned(ledger):
    """O3, design 5"""
    ledger.announce("one thing", actor="a", area="x")
    receipt = ledger.announce("quite another", actor="b", area="y")
    assert [(one.actor, one.severity) for one in receipt.concurrent] == [("a", "present")]
    assert receipt.severity == "present"
    assert receipt.warning is None


def test_one_request_of_many_drafts_never_warns_about_itself(ledger):
    receipt = ledger.record(
        Draft("config-flag", target="tunnel.port", value=1), Draft("config-flag", target="tunnel.host", value="x")
    )
    assert receipt.recorded
    assert len(receipt.actions) == 2
    assert receipt.concurrent == ()


def test_a_repeated_delivery_is_recorded_once_and_answered_alike(ledger):
    ledger.announce("one thing", actor="a", area="x")
    first = ledger.announce("the same job", actor="b", area="x", key="claude-code:b:tool-1:pre")
    again = ledger.announce("the same job", actor="b", area="x", key="claude-code:b:tool-1:pre")
    assert again.duplicate
    assert again.recorded
    assert again.id == first.id
    assert again.warning == first.warning
    assert len(ledger.recent()) == 2


@pytest.mark.parametrize(
    ("draft", "sentence"),
    [
        (Draft("intent", reason=""), "activity must be a text of 1 to 1,999 characters"),
        (Draft("intent", reason="   "), "activity must be a text of 1 to 1,999 characters"),
        (Draft("intent", reason="x" * 2000), "activity must be at most 1,999 characters, not 2,000"),
        (Draft("intent", reason="x", area="y" * 201), "area must be at most 200 characters"),
        (Draft("intent", reason="x", actor="y" * 129), "actor must be at most 128 characters"),
        (Draft("intent", reason="lone \ud800 surrogate"), "lone surrogate"),
        (Draft("intent", reason=7), "activity must be a text"),  # type: ignore[arg-type]
        (Draft("intent", reason="x", ttl_ms=0), "ttl must be from 1 ms to 30 days"),
        (Draft("no-such-kind", target="x"), "unknown kind no-such-kind; known are"),
        (Draft("intent", reason="x", targets=("",)), "a target must not be empty"),
        (Draft("intent", reason="x", targets=("t",) * 65), "targets must be at most 64"),
    ],
)
def test_bad_input_is_one_clear_error_and_nothing_is_written(ledger, draft, sentence):
    """O10, design 10"""
    receipt = ledger.record(draft)
    assert not receipt.recorded
    assert receipt.invalid
    assert sentence in receipt.error
    assert ledger.recent(quiet=True) == []


def test_an_activity_of_exactly_1999_characters_is_fine(ledger):
    """O10"""
    assert ledger.announce("ä" * 1999).recorded


def test_a_huge_value_is_bounded_and_the_rest_recorded(ledger):
    receipt = ledger.record(Draft("config-flag", target="monitoring.big", value="x" * 10_000_000, actor="a"))
    assert receipt.recorded
    assert len(json.dumps(receipt.actions[0].value)) < 20_000


def test_a_circular_value_is_bounded_too(ledger):
    circle: dict = {}
    circle["again"] = circle
    assert ledger.record(Draft("config-flag", target="monitoring.x", value=circle)).recorded


def test_control_and_bidirectional_characters_are_kept_and_escaped_wherever_shown(ledger):
    text = "one\n\x1b[31mtwo\u202e"
    made = ledger.announce(text, actor="a", area="x")
    assert ledger.store.find(made.id).reason == text
    shown = ledger.announce("other", actor="b", area="x").warning
    assert "\\n" in shown
    assert "\\x1b" in shown
    assert "\\u202e" in shown
    assert "\x1b" not in shown


def test_no_secret_reaches_the_ledger_the_audit_or_a_warning(ledger, home):
    ledger.announce(f"deploying with {SECRET}", actor="a", area="deploy")
    ledger.record(Draft("config-flag", target="tunnel.token", value=SECRET, actor="a"))
    receipt = ledger.announce("deploying too", actor="b", area="deploy")
    assert SECRET not in str(receipt)
    for file in Path(home).rglob("*"):
        if file.is_file():
            assert SECRET[4:20].encode() not in file.read_bytes(), file


def test_a_ledger_switched_off_is_passive_and_still_answers_reads(ledger, home):
    """O8"""
    made = ledger.announce("one", actor="a", area="x")
    (home / "config.json").write_text('{"monitoring": {"crossSessionCoordination": {"enabled": false}}}')
    receipt = ledger.announce("two", actor="b", area="x")
    assert (receipt.recorded, receipt.passive, receipt.warning, receipt.error) == (False, True, None, None)
    assert [one.id for one in ledger.recent()] == [made.id]


def test_a_change_of_the_settings_counts_at_once_however_soon_it_comes(tmp_path):
    """The person's settings too, where an agent home was found on the way up."""
    home, own = tmp_path / "home", tmp_path / "own"
    for one in (home, own):
        one.mkdir()
    section = {"crossSessionCoordination": {"attention": {"from": "conflict"}, "windowMs": 1}}
    with Ledger(open_store("memory:"), str(home), facts=FakeFacts(), personal=str(own)) as ledger:
        for window in (1, 10, 100, 1000):  # within one tick of the file system's clock
            section["crossSessionCoordination"]["windowMs"] = window
            (home / "config.json").write_text(json.dumps({"monitoring": section}))
            assert ledger.config.window_ms == window
        assert ledger.config.attention_from == "nearby"
        (own / "config.json").write_text(json.dumps({"monitoring": section}))
        assert ledger.config.attention_from == "conflict"


def test_a_setting_that_makes_no_sense_is_an_error_and_never_an_all_clear(ledger, home):
    ledger.announce("one", actor="a", area="x")
    (home / "config.json").write_text('{"monitoring": {"crossSessionCoordination": {"windowMs": "abc"}}}')
    receipt = ledger.announce("two", actor="b", area="x")
    assert not receipt.recorded
    assert "windowMs" in receipt.error


@pytest.mark.parametrize("bad", [{"limit": 0}, {"limit": 501}, {"window_ms": 0}, {"window_ms": 86_400_001}])
def test_a_look_outside_the_bounds_is_refused(ledger, bad):
    """O11, design 10"""
    with pytest.raises(config.BoundsError):
        ledger.recent(**bad)


def test_every_record_leaves_an_audit_line(ledger, home):
    """O20"""
    ledger.announce("one", actor="a", area="x")
    ledger.announce("two", actor="b", area="x")
    lines = [json.loads(line) for line in (home / "logs" / "cross-session-events.jsonl").read_text().splitlines()]
    assert [line["concurrentCount"] for line in lines] == [0, 1]
    assert all(line["recordedAt"].endswith("Z") for line in lines)


def test_files_are_private(ledger, home):
    ledger.announce("one", actor="a")
    for file in [home, *home.rglob("*")]:
        assert file.stat().st_mode & 0o077 == 0, file


def test_a_fault_in_judging_does_not_call_a_committed_record_lost(ledger, monkeypatch):
    def broken(case):
        raise RuntimeError("a bug")

    ledger.announce("one", actor="b")
    monkeypatch.setattr("sidelight.ledger.receipts.advise", broken)
    receipt = ledger.announce("one", actor="a")
    assert receipt.recorded
    assert "a bug" in receipt.error
    assert len(ledger.recent()) == 2


def test_a_fault_in_the_store_costs_the_caller_nothing_but_the_record(ledger, monkeypatch):
    """O7"""

    def broken(*args, **more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ledger.store, "append", broken)
    receipt = ledger.announce("one", actor="a")
    assert not receipt.recorded
    assert "No space left" in receipt.error


def test_checking_records_nothing(ledger):
    ledger.announce("one", actor="a", area="x")
    receipt = ledger.check(Draft("intent", reason="two", actor="b", area="x"))
    assert receipt.severity == "overlap"
    assert not receipt.recorded
    assert len(ledger.recent()) == 1
    assert ledger.notices("a") == []


def test_finishing_an_intent_ends_it_and_an_unknown_one_is_said(ledger):
    made = ledger.announce("one", actor="a", area="x")
    assert ledger.finish(made.id).recorded
    again = ledger.finish(made.id)
    assert not again.recorded
    assert "no open intent" in again.error
    assert ledger.states(ledger.recent()) == {made.id: "finished"}


def test_who_is_here_is_said_with_open_intents(ledger):
    ledger.see(Session("a", host="claude-code", space=ledger.space))
    ledger.announce("one", me=Session("a", space=ledger.space))
    (one,) = ledger.who()
    assert one.session.actor == "a"
    assert one.state == "live"
    assert [intent.reason for intent in one.intents] == ["one"]


def test_who_touched_a_thing_is_found_by_path_and_by_id(ledger):
    made = ledger.record(Draft("edit", targets=("path:/repo/src/a.py",), actor="a"))
    assert [one.actor for one in ledger.whodid("src/a.py")] == ["a"]
    assert [one.id for one in ledger.whodid(made.id)] == [made.id]
    assert ledger.whodid("src/b.py") == []


def test_an_ignored_path_leaves_no_trace(ledger, home):
    (home / "config.json").write_text('{"monitoring": {"crossSessionCoordination": {"ignore": ["*.log"]}}}')
    assert not ledger.record(Draft("edit", targets=("path:/repo/x.log",), actor="a")).recorded
    assert ledger.record(Draft("edit", targets=("path:/repo/x.py",), actor="a")).recorded


# ── while the store is gone ───────────────────────────────────────────────────────────────────────────────────────


def test_a_receipt_says_that_it_is_kept_until_the_store_is_back(tmp_path, monkeypatch):
    """Design 7, issue "Many machines": the receipt says so, and nothing stops."""
    monkeypatch.setitem(ENGINES, "flaky", ("tests.stores.flaky", ("flaky",)))
    monkeypatch.setenv("SIDELIGHT_HOME", str(tmp_path / "home"))
    gone = tmp_path / "far.db.gone"
    gone.touch()
    with Ledger.open(f"flaky://{tmp_path}/far.db") as ledger:
        receipt = ledger.announce("redrive the queue", actor="a", area="x")
        assert (receipt.recorded, receipt.spooled, receipt.id, receipt.warning) == (False, True, None, None)
        assert receipt.error is not None
        assert "It is kept here" in receipt.error
        assert wire.announced(receipt)["spooled"] is True
        ended = ledger.finish("intent-1")
        assert (ended.recorded, ended.spooled) == (False, True)
        gone.unlink()
        assert cast("Guarded", ledger.store).deliver(60_000, patient=True).left == 0
        assert [one.late for one in ledger.recent(everywhere=True)] == [True]
        other = ledger.announce("redrive it too", actor="b", area="x")
        assert [one.actor for one in other.concurrent] == ["a"]
