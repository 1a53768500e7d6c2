"""The names of the wire, in one place (design 10)."""

from __future__ import annotations

import json

import pytest

from sidelight import wire
from sidelight.actions import Action, Draft, Notice, Session, Touch
from sidelight.ledger import Concurrent, NoticeView, Presence, Receipt

INTENT = Action(
    seq=7,
    id="intent-1",
    ts=1_800_000_000_000,
    kind="intent",
    target="redrive",
    value=None,
    reason="fix the redrive flood",
    actor="a",
    agent=None,
    host="codex",
    space="repo:acme/app",
    touches=(
        Touch("area:repo:acme/app#redrive", "announces"),
        Touch("word:repo:acme/app#flood", "announces"),
        Touch("path:m:/repo/a.py", "announces"),
        Touch("path:m:/repo/a.py", "announces"),
    ),
    summary=None,
    area="redrive",
    expires=None,
    listed=True,
)
FLIP = INTENT._replace(
    id="config-flag-2",
    kind="config-flag",
    target="tunnel.on",
    value=False,
    touches=(Touch("config:home#tunnel.on", "edits"),),
)


def test_an_action_has_every_name_that_others_rely_on():
    body = wire.action(INTENT)
    wanted = {"id", "seq", "kind", "reason", "target", "targets", "value", "actor", "agent", "ts"}
    assert wanted <= set(body)
    assert body["reason"] == "fix the redrive flood"
    assert body["target"] == "redrive"


def test_targets_are_full_keys_once_each_and_without_the_words_of_the_index():
    assert wire.action(INTENT)["targets"] == ["area:repo:acme/app#redrive", "path:m:/repo/a.py"]


def test_a_removed_value_is_null_and_a_false_one_stays_false():
    assert wire.action(FLIP)["value"] is False
    assert wire.action(FLIP._replace(value=None))["value"] is None


def test_what_matters_also_says_how_grave_and_why():
    body = wire.concurrent(Concurrent(INTENT, "overlap", "both edit it"))
    assert (body["severity"], body["why"], body["actor"]) == ("overlap", "both edit it", "a")
    assert set(wire.action(INTENT)) < set(body)


def test_a_receipt_with_nothing_to_say_has_a_null_warning_and_no_error_o15():
    body = wire.announced(Receipt(recorded=True, actions=(INTENT,)))
    assert body == {
        "recorded": True,
        "id": "intent-1",
        "concurrent": [],
        "coordinationWarning": None,
        "severity": None,
    }


def test_a_receipt_says_why_it_was_not_recorded():
    body = wire.announced(Receipt(recorded=False, error="disk full"))
    assert (body["recorded"], body["id"], body["error"]) == (False, None, "disk full")


def test_another_wording_of_the_warning_can_be_given():
    receipt = Receipt(recorded=True, actions=(INTENT,), warning="short")
    assert wire.announced(receipt)["coordinationWarning"] == "short"
    assert wire.announced(receipt, "long")["coordinationWarning"] == "long"


def test_looking_answers_the_origins_names_and_what_became_of_an_intent_o11():
    body = wire.recent([FLIP, INTENT], {"intent-1": "finished"}, enabled=True)
    assert (body["enabled"], body["count"]) == (True, 2)
    assert [one["state"] for one in body["actions"]] == [None, "finished"]


def test_a_session_is_listed_with_its_state_and_its_open_intents():
    known = Session("a", host="codex", branch="main", first_seen=1, last_seen=2)
    body = wire.sessions([Presence(known, "live", (INTENT,))], {"intent-1": "open"}, enabled=True)
    one = body["sessions"][0]
    assert (one["actor"], one["state"], one["branch"], one["lastSeen"]) == ("a", "live", "main", 2)
    assert one["intents"][0]["state"] == "open"


def test_a_notice_names_both_sides():
    view = NoticeView("conflict", "it undoes it", FLIP, INTENT, "a sentence", Notice(9, None, (FLIP,), ()))
    body = wire.notices([view])
    assert body["count"] == 1
    one = body["notices"][0]
    assert (one["severity"], one["action"]["id"], one["about"]["id"]) == ("conflict", "config-flag-2", "intent-1")
    assert one["text"] == "a sentence"


@pytest.mark.parametrize(
    "body",
    [
        wire.action(INTENT),
        wire.announced(Receipt(recorded=True, actions=(INTENT,), concurrent=(Concurrent(FLIP, "conflict", "why"),))),
        wire.checked(Receipt(recorded=False), [Draft("tree-reset", touches=(Touch("tree:m:/r", "destroys"),))]),
        wire.finished(Receipt(recorded=True, actions=(INTENT,))),
        wire.error("a sentence"),
    ],
)
def test_every_body_is_json(body):
    assert json.loads(json.dumps(body)) == body
