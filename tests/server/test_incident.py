"""The founding incident, end to end over HTTP: one session builds the fix, another hits the safety brake."""

import json

import pytest

from sidelight.ledger import Ledger
from tests.server.running import serving

WITHDRAWN = 19


def replay(server, *, area, reason):
    """A announces; B flips the flag and withdraws 19 commitments. What B was answered, in order."""
    alpha, beta = server.client(session="session-alpha"), server.client(session="session-beta")
    for number in range(WITHDRAWN):
        alpha.post("/commitments", json={"type": "behavioral", "userRequest": f"promise {number}"})
    said = {"activity": "build the proper fix for the redrive flood", **({"area": area} if area else {})}
    assert alpha.post("/coordination/intent", json=said).json()["coordinationWarning"] is None
    answers = [beta.patch("/config", json={"monitoring": {"promiseBeacon": {"enabled": False}}}).json()]
    for number in range(1, WITHDRAWN + 1):
        answer = beta.post(f"/commitments/CMT-{number}/withdraw", json={"reason": reason})
        assert answer.status_code == 200, "nothing is ever blocked"
        answers.append(answer.json())
    return answers


@pytest.mark.parametrize(
    ("area", "reason", "severity"),
    [
        ("monitoring", "stop the redrive flood", "conflict"),
        (None, "they feed the redrive flood", "conflict"),
        ("monitoring", "test bed no longer needed", "present"),
    ],
)
def test_the_flip_and_the_first_withdrawal_carry_the_warning_the_others_one_line(server, area, reason, severity):
    """The incident; O6, O13, O14: the origin gave A nothing, and B twenty warnings, all after the write."""
    flip, first, *rest = replay(server, area=area, reason=reason)
    for answer in (flip, first):
        warning = answer["coordinationWarning"]
        assert warning.startswith("⚠ Cross-session:")
        assert "another/unknown session" in warning
        assert "build the proper fix for the redrive flood" in warning
    assert first["severity"] == severity
    assert [one["coordinationWarning"] for one in rest] == [
        f"⚠ Cross-session: as above, {number} of this burst ({severity}, another/unknown session)."
        for number in range(2, WITHDRAWN + 1)
    ]
    assert server.config["monitoring"]["promiseBeacon"] == {"enabled": False}
    assert server.client().get("/commitments?status=withdrawn").json()["count"] == WITHDRAWN


def test_the_one_who_was_there_first_has_been_told(server):
    """Both sides: the table of faults, "A gets 0 warnings … A's next warning leaves the flip out"."""
    replay(server, area="monitoring", reason="stop the redrive flood")
    alpha = server.client(session="session-alpha")
    told = alpha.get("/coordination/notices").json()["notices"]
    assert [one["action"]["kind"] for one in told] == ["config-flag"] + ["commitment-withdraw"] * WITHDRAWN
    assert all("session-beta" in one["text"] or "…beta" in one["text"] for one in told)
    next_step = alpha.post(
        "/coordination/intent", json={"activity": "ship the redrive fix", "area": "monitoring"}
    ).json()
    assert "monitoring.promiseBeacon.enabled" in next_step["coordinationWarning"]


def test_who_asks_first_is_told_before_it_is_too_late(server):
    """In time: the check one asks for."""
    alpha, beta = server.client(session="session-alpha"), server.client(session="session-beta")
    alpha.post("/coordination/intent", json={"activity": "build the redrive fix", "area": "monitoring"})
    told = beta.post(
        "/coordination/check", json={"activity": "switch the redrive beacon off", "area": "monitoring"}
    ).json()
    assert "build the redrive fix" in told["coordinationWarning"]
    assert len(beta.get("/coordination/recent").json()["actions"]) == 1


def test_a_session_that_has_ended_is_never_shown_as_still_working(server):
    """The second incident: `active: true` after its session had finished, and "still working" was reported."""
    alpha = server.client(session="session-alpha")
    alpha.post("/coordination/intent", json={"activity": "drain the queue", "area": "queue"})
    with Ledger.open(str(server.home)) as ledger:  # as the session-end hook does, in a process of its own
        ledger.end("session-alpha")
    beta = server.client(session="session-beta")
    assert beta.get("/coordination/recent").json()["actions"][0]["state"] == "ended"
    who = {one["actor"]: one for one in beta.get("/coordination/sessions").json()["sessions"]}["session-alpha"]
    assert who["state"].startswith("ended")
    assert who["intents"] == []
    told = beta.post("/coordination/intent", json={"activity": "drain the queue", "area": "queue"}).json()
    assert told["severity"] == "present"


def test_two_homes_do_not_hear_of_each_other(server, home):
    with serving(home.with_name("other")) as other:
        server.client(session="a").post("/coordination/intent", json={"activity": "x", "area": "y"})
        answer = other.client(session="b").post("/coordination/intent", json={"activity": "x", "area": "y"}).json()
    assert (answer["concurrent"], answer["coordinationWarning"]) == ([], None)
    assert json.loads((home / "config.json").read_text())["authToken"] == server.token
