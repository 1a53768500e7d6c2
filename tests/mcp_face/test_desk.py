"""The desk on its own: what is told counts as told only once the answer is out, and who it is that calls."""

import contextlib

import pytest

from sidelight import Ledger
from sidelight.desk import TOOLS, Caller, Desk, Mistake
from sidelight.stores import StoreBusy
from tests.fakes import FakeFacts

ANNOUNCE, CHECK, FINISH, LOOK, WHO = TOOLS
A, B = Caller("session-a"), Caller("session-b")


@pytest.fixture
def desk(tmp_path, record_property):
    record_property("engine", "sqlite")
    with Ledger.open(tmp_path / "home", facts=FakeFacts()) as ledger:
        yield Desk(lambda _: contextlib.nullcontext(ledger))


def test_a_notice_waits_until_the_answer_that_carried_it_is_out(desk):
    desk.call(ANNOUNCE, {"activity": "rewrite the parser", "area": "parsing"}, A)
    desk.call(ANNOUNCE, {"activity": "delete the old parser", "area": "parsing"}, B)
    lost, _ = desk.call(LOOK, {}, A)
    assert lost.data.notices
    told, done = desk.call(CHECK, {"targets": ["port:3000"]}, A)
    assert told.data.notices == lost.data.notices
    assert told.data.notices[0] in told.text
    done()
    again, _ = desk.call(LOOK, {}, A)
    assert again.data.notices == []


def test_a_notice_is_told_to_the_session_it_concerns_only(desk):
    desk.call(ANNOUNCE, {"activity": "rewrite the parser", "area": "parsing"}, A)
    desk.call(ANNOUNCE, {"activity": "delete the old parser", "area": "parsing"}, B)
    for who in (B, Caller("session-c"), Caller()):
        assert desk.call(LOOK, {}, who)[0].data.notices == []


def test_checking_records_nothing(desk):
    desk.call(CHECK, {"targets": ["config:a.b"], "command": "git reset --hard"}, A)
    assert desk.call(LOOK, {}, A)[0].data.actions == []


def test_an_announcement_that_is_open_is_shown_however_much_was_done_since(desk):
    mine, _ = desk.call(ANNOUNCE, {"activity": "rewrite the parser"}, A)
    for number in range(5):
        desk.call(ANNOUNCE, {"activity": f"something else {number}"}, Caller(f"session-{number}"))
    found, _ = desk.call(LOOK, {"limit": 20}, B)
    assert mine.data.id in [one.id for one in found.data.actions]
    assert "[open]" in found.text


def test_finishing_without_an_id_ends_the_newest(desk):
    desk.call(ANNOUNCE, {"activity": "first"}, A)
    desk.call(ANNOUNCE, {"activity": "second"}, A)
    desk.call(ANNOUNCE, {"activity": "another's"}, B)
    assert [desk.call(FINISH, {}, A)[0].text for _ in range(2)] == ['Finished "second".', 'Finished "first".']
    with pytest.raises(Mistake, match="nothing announced that is still open"):
        desk.call(FINISH, {}, A)


def test_a_ledger_that_cannot_be_opened_is_a_mistake_with_a_remedy():
    def busy(_):
        raise StoreBusy("the ledger is in use by another process")

    for tool, given in ((ANNOUNCE, {"activity": "x"}), (FINISH, {}), (LOOK, {}), (WHO, {"target": "src"})):
        with pytest.raises(Mistake, match=r"in use by another process.*sidelight doctor"):
            Desk(busy).call(tool, given, A)


@pytest.mark.parametrize(
    ("given", "meta", "expected"),
    [
        (None, None, Caller("own", host="claude-code")),
        (None, {"threadId": "t"}, Caller("t", host="claude-code")),
        (Caller("header"), None, Caller("header")),
        (Caller("header"), {"threadId": "t"}, Caller("t", host="codex")),
        (Caller(), {"threadId": 7}, Caller()),
        (Caller(), {"threadId": " "}, Caller()),
    ],
)
def test_who_calls_is_what_the_way_in_says(given, meta, expected):
    desk = Desk(lambda _: contextlib.nullcontext(), Caller("own", host="claude-code"))  # type: ignore[arg-type, return-value]
    assert desk.caller(given, meta) == expected


def test_who_did_it_is_answered_by_the_resource(desk):
    desk.call(ANNOUNCE, {"activity": "restart the preview", "targets": ["port:3000"]}, A)
    found, _ = desk.call(WHO, {"target": "port:3000"}, B)
    assert [one.session for one in found.data.actions] == ["session-a"]
    assert 'announced "restart the preview"' in found.text
    assert "Nothing is on record" in desk.call(WHO, {"target": "port:3001"}, B)[0].text
