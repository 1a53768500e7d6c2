"""Commitments over HTTP, against a real `sidelight serve`: rows O14, O15, O19."""

import threading
from typing import Any

import pytest


def promised(client, text="answer in Danish", **more):
    body = {"type": "behavioral", "userRequest": text, "agentResponse": "I will", **more}
    answer = client.post("/commitments", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def withdrawals(server):
    actions = server.client().get("/coordination/recent").json()["actions"]
    return [one["target"] for one in actions if one["kind"] == "commitment-withdraw"]


def test_a_commitment_is_made_found_and_listed(server):
    """O19: ids `CMT-<n>`, a version, a status."""
    client = server.client(session="alpha")
    first, second = promised(client), promised(client, "deploy it", type="one-time-action")
    assert (first["id"], second["id"]) == ("CMT-1", "CMT-2")
    assert (first["status"], first["version"], first["userRequest"]) == ("pending", 1, "answer in Danish")
    assert client.get("/commitments/CMT-1").json() == first
    assert [one["id"] for one in client.get("/commitments").json()["commitments"]] == ["CMT-2", "CMT-1"]
    assert client.get("/commitments", params={"status": "active"}).json()["count"] == 2
    assert client.get("/commitments", params={"status": "violated"}).json()["count"] == 0
    assert client.get("/commitments/CMT-9").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"type": "wish", "userRequest": "x"}, {"type": "behavioral"}, {"userRequest": "x"}, [],
        {"type": "behavioral", "userRequest": "  "}, {"type": "behavioral", "userRequest": 7},
        {"type": "behavioral", "userRequest": "x", "expiresAt": "soon"},
    ],
)  # fmt: skip
def test_what_is_no_commitment_is_refused(shared, body):
    assert shared.client().post("/commitments", json=body).status_code == 400
    assert shared.client().get("/commitments?status=nonsense").status_code == 400


def test_what_a_caller_may_not_decide_is_decided_here(server):
    made = promised(server.client(), id="CMT-77", status="delivered", version=9, topicId=12, source="sentinel")
    assert (made["id"], made["status"], made["version"]) == ("CMT-1", "pending", 1)
    assert (made["topicId"], made["source"]) == (12, "sentinel")


def test_withdrawing_is_recorded_once_in_the_route_and_the_warning_rides_on_the_answer(server):
    """O14: one source, no double count."""
    alpha, beta = server.client(session="alpha"), server.client(session="beta")
    promised(alpha)
    alpha.post("/coordination/intent", json={"activity": "keep CMT-1", "targets": ["commitment:CMT-1"]})
    answer = beta.post("/commitments/CMT-1/withdraw", json={"reason": "the user changed their mind"})
    assert answer.status_code == 200
    body = answer.json()
    assert (body["withdrawn"], body["id"], body["severity"]) == (True, "CMT-1", "conflict")
    assert body["coordinationWarning"].startswith("⚠ Cross-session:")
    assert withdrawals(server) == ["CMT-1"]
    kept = beta.get("/commitments/CMT-1").json()
    assert (kept["status"], kept["resolution"], kept["version"]) == ("withdrawn", "the user changed their mind", 2)
    assert beta.get("/commitments?status=active").json()["count"] == 0


def test_withdrawing_says_nothing_when_there_is_nothing_to_say(server):
    """O15: absent, not null."""
    promised(server.client())
    body = server.client().post("/commitments/CMT-1/withdraw", json={"reason": "done"}).json()
    assert body == {"withdrawn": True, "id": "CMT-1"}


def test_without_a_reason_400_and_unknown_or_resolved_404_and_nothing_is_recorded(server):
    """O14."""
    client = server.client(session="alpha")
    promised(client)
    bodies: list[Any] = [{}, {"reason": ""}, {"reason": "  "}, {"reason": 7}, {"reason": "x" * 2000}, []]
    for body in bodies:
        assert client.post("/commitments/CMT-1/withdraw", json=body).status_code == 400
    assert client.post("/commitments/CMT-9/withdraw", json={"reason": "x"}).status_code == 404
    assert withdrawals(server) == []
    assert client.post("/commitments/CMT-1/withdraw", json={"reason": "x"}).status_code == 200
    again = client.post("/commitments/CMT-1/withdraw", json={"reason": "x"})
    assert again.status_code == 404
    assert "withdrawn" in again.json()["error"]
    assert withdrawals(server) == ["CMT-1"]


def test_a_withdrawal_delivered_again_gets_the_first_answer(server):
    """Design 4, "once"."""
    promised(server.client())
    client = server.client(session="alpha", Idempotency_Key="k")
    first = client.post("/commitments/CMT-1/withdraw", json={"reason": "x"})
    assert client.post("/commitments/CMT-1/withdraw", json={"reason": "x"}).json() == first.json()
    assert withdrawals(server) == ["CMT-1"]
    for _ in range(2):
        assert promised(client)["id"] == "CMT-2"


def test_expiry_is_no_withdrawal_and_is_not_recorded(server):
    """O14, O19."""
    client = server.client()
    made = promised(client, expiresAt="2001-01-01T00:00:00Z")
    assert made["status"] == "pending"
    assert client.get("/commitments/CMT-1").json()["status"] == "expired"
    assert client.get("/commitments?status=expired").json()["count"] == 1
    assert client.post("/commitments/CMT-1/withdraw", json={"reason": "x"}).status_code == 404
    assert withdrawals(server) == []


def test_of_sixteen_that_withdraw_one_commitment_at_once_one_does(server):
    """O19: one writer at a time, compare and swap."""
    promised(server.client())
    clients = [server.client(session=f"s{number}") for number in range(16)]
    barrier = threading.Barrier(len(clients))
    statuses = []

    def withdraw(client):
        barrier.wait()
        statuses.append(client.post("/commitments/CMT-1/withdraw", json={"reason": "x"}).status_code)

    threads = [threading.Thread(target=withdraw, args=(one,)) for one in clients]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(statuses) == [200] + [404] * 15
    assert withdrawals(server) == ["CMT-1"]
