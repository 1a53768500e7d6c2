"""Requests to our own service, made directly and by `curl`."""

import pytest

from sidelight.actions import Touch
from sidelight.effects import Call, Effects, effects_of
from sidelight.effects.http import request
from tests.fakes import FakeFacts


def facts(**changes):
    return FakeFacts(scope="home", **changes)


def asked(method, path, body=None):
    return request(method, path, body, facts())


def typed(line, **changes):
    return effects_of(Call("Bash", {"command": line}), facts(**changes))


def test_each_leaf_of_a_patch_is_a_change_of_its_own():
    effects = asked(
        "PATCH", "/config", {"monitoring": {"redrive": {"enabled": False, "rate": 5}}, "jobs": {"list": [1]}}
    )
    assert [(draft.kind, draft.target, draft.value) for draft in effects.drafts] == [
        ("config-flag", "monitoring.redrive.enabled", False),
        ("config-flag", "monitoring.redrive.rate", 5),
        ("config-flag", "jobs.list", [1]),
    ]
    assert effects.drafts[0].touches == (Touch("config:home#monitoring.redrive.enabled", "edits", False),)


def test_null_takes_a_key_away():
    (draft,) = asked("PATCH", "/config", {"jobs": {"a": None}}).drafts
    assert (draft.target, draft.value, draft.touches[0].value) == ("jobs.a", None, None)


def test_an_empty_patch_does_nothing():
    assert asked("PATCH", "/config", {}) == Effects()


def test_a_body_may_be_text():
    assert asked("PATCH", "/config", '{"jobs": {"a": 1}}').drafts[0].target == "jobs.a"


@pytest.mark.parametrize("body", [None, "{", "[]", 5, [1], b"\xff"])
def test_a_body_that_is_no_object_is_unknown(body):
    assert asked("PATCH", "/config", body) == Effects(unknown=True)


def test_a_body_without_end_is_bounded():
    deep: dict = {}
    for _ in range(5000):
        deep = {"a": deep}
    assert len(asked("PATCH", "/config", deep).drafts) <= 1
    assert len(asked("PATCH", "/config", {str(n): n for n in range(5000)}).drafts) <= 400


COMMITMENTS = {
    "withdrawn": ("POST", "/commitments/CMT-1/withdraw", {"reason": "no"}, "commitment-withdraw", "destroys"),
    "deleted": ("DELETE", "/commitments/CMT-1", None, "commitment-withdraw", "destroys"),
    "changed": ("PATCH", "/commitments/CMT-1", {"text": "x"}, "commitment-change", "edits"),
    "replaced": ("PUT", "/commitments/CMT-1", {}, "commitment-change", "replaces"),
    "delivered": ("POST", "/commitments/CMT-1/deliver", {}, "commitment-change", "edits"),
    "made": ("POST", "/commitments", {"id": "CMT-1"}, "commitment-change", "adds"),
    "with a query and a blank": ("DELETE", "/api/commitments/CMT-1?x=1", None, "commitment-withdraw", "destroys"),
}


@pytest.mark.parametrize("sentence", COMMITMENTS)
def test_a_commitment_is(sentence):
    method, path, body, kind, effect = COMMITMENTS[sentence]
    (draft,) = asked(method, path, body).drafts
    assert (draft.kind, draft.target) == (kind, "CMT-1")
    assert draft.touches == (Touch("commitment:home#CMT-1", effect),)


def test_the_reason_may_be_matched_but_is_not_kept():
    (draft,) = asked("POST", "/commitments/CMT-1/withdraw", {"reason": "duplicate of the flood work"}).drafts
    assert draft.words == "duplicate of the flood work"
    assert "flood" not in f"{draft.summary}{draft.reason}"


def test_a_new_commitment_without_an_id_concerns_nobody():
    assert asked("POST", "/commitments", {"text": "x"}) == Effects()


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "get"])
def test_asking_is_a_read(method):
    assert asked(method, "/config") == Effects(reads=True)


def test_other_paths_are_unknown():
    assert asked("POST", "/elsewhere", {}) == Effects(unknown=True)


def test_an_announcement_is_an_intent():
    body = {"activity": "fix the flood", "area": "redrive", "targets": ["path:src/**"], "ttlMs": 1000}
    (draft,) = asked("POST", "/coordination/intent", body).drafts
    assert (draft.kind, draft.reason, draft.area, draft.targets, draft.ttl_ms) == (
        "intent",
        "fix the flood",
        "redrive",
        ("path:src/**",),
        1000,
    )


def test_an_http_event_goes_the_same_way():
    given = {"method": "PATCH", "path": "/config", "body": {"jobs": {"a": 1}}}
    assert effects_of(Call("http", given), facts()) == asked("PATCH", "/config", {"jobs": {"a": 1}})


CURLS = {
    "with -d": """curl -sS -X PATCH http://127.0.0.1:4040/config -d '{"jobs":{"a":1}}'""",
    "with --json": """curl --json '{"jobs":{"a":1}}' -X PATCH localhost:4040/config""",
    "with --data=": """curl --request PATCH --url http://[::1]:4040/config --data='{"jobs":{"a":1}}'""",
    "from a file": "curl -X PATCH http://localhost:4040/config -d @body.json",
    "from its input": """echo '{"jobs":{"a":1}}' | curl -X PATCH http://localhost:4040/config -d @-""",
    "from a here-document": """curl -X PATCH http://localhost:4040/config -d @- <<E\n{"jobs":{"a":1}}\nE""",
    "through a variable": """B=http://localhost:4040; curl -X PATCH "$B/config" -d '{"jobs":{"a":1}}'""",
    "at an unknown host": """curl -X PATCH "$AGENT/config" -d '{"jobs":{"a":1}}'""",
    "at a host the environment names": """curl -X PATCH https://agent.test/config -d '{"jobs":{"a":1}}'""",
    "by wget": """wget --method=PATCH --body-data='{"jobs":{"a":1}}' http://localhost:4040/config""",
    "by HTTPie": """http PATCH :4040/config jobs:='{"a":1}'""",
    "with a token": """curl -H "Authorization: Bearer $T" -X PATCH localhost:4040/config -d '{"jobs":{"a":1}}'""",
}


@pytest.mark.parametrize("sentence", CURLS)
def test_a_patch_by_curl(sentence):
    env = {"SIDELIGHT_SERVER": "https://agent.test"}
    effects = typed(CURLS[sentence], files={"/repo/body.json": '{"jobs":{"a":1}}'}, env=env)
    assert [(draft.kind, draft.target, draft.value) for draft in effects.drafts] == [("config-flag", "jobs.a", 1)]


def test_a_withdrawal_by_curl():
    (draft,) = typed("curl -X POST localhost:4040/commitments/CMT-1/withdraw").drafts
    assert (draft.kind, draft.target) == ("commitment-withdraw", "CMT-1")


def test_a_loop_withdraws_each():
    effects = typed("for i in 1 2; do curl -X POST localhost:4040/commitments/CMT-$i/withdraw; done")
    assert [draft.target for draft in effects.drafts] == ["CMT-1", "CMT-2"]


def test_asking_by_curl_is_a_read():
    assert typed("curl -s localhost:4040/config | jq .").reads


def test_another_host_is_not_ours():
    effects = typed("""curl -X PATCH https://api.example.test/config -d '{"a":1}'""")
    assert not any(draft.kind == "config-flag" for draft in effects.drafts)
    assert not effects.reads
