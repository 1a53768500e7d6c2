"""The OpenAPI document is correct: Schemathesis, made of it, finds nothing against a real `sidelight serve`."""

import inspect
from typing import Any

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from sidelight import picture, wire
from sidelight.actions import Action, Draft, Notice, Session, Touch
from sidelight.effects import Call, effects_of
from sidelight.ledger import Concurrent, Ledger, NoticeView, Presence, Receipt
from sidelight.overview import Overview
from sidelight.server import messages, openapi
from sidelight.server.app import ROUTES
from sidelight.stores import open_store
from tests.fakes import FakeFacts
from tests.server.running import serving

TOUCH = Touch("config:h#tunnel.on", "edits", True)
ACTION = Action(
    1, "intent-1", 5, "intent", "a", True, "r", "s", None, None, "sp", (TOUCH,), None, "a", None, listed=True
)  # fmt: skip
RECEIPT = Receipt(True, (ACTION,), (Concurrent(ACTION, "overlap", "both"),), "overlap", "⚠")
NOTICE = NoticeView("overlap", "why", ACTION, ACTION, "text", Notice(1, None, (), ()))


def _pictures() -> dict[type[msgspec.Struct], Any]:
    """A view in which everything occurs."""
    store = open_store("memory:")
    facts = [FakeFacts(cwd=tree, trees=["/repo", "/repo-wt"]) for tree in ("/repo", "/repo-wt")]
    for number, (actor, place) in enumerate([("a", 0), ("b", 0), ("c", 1)]):
        ledger = Ledger(store, facts=facts[place], space_name="repo:acme/app")
        ledger.announce("the same", actor=actor, area="here")
        draft = Draft("edit", actor=actor, touches=effects_of(EDIT[number], facts[place]).drafts[0].touches)
        assert ledger.record(draft).recorded
    body = picture.view(Overview(ledger).look(), (120, 9.5))
    met = body["meetings"][0]
    return {
        messages.View: body,
        messages.Lane: body["lanes"][0],
        messages.LaneIntent: body["lanes"][0]["intents"][0],
        messages.Mark: body["marks"][0],
        messages.Meeting: met,
        messages.Side: met["later"],
        messages.Recovery: met["recovery"],
        messages.Elsewhere: body["elsewhere"][0],
        messages.ElsewhereEdit: body["elsewhere"][0]["edits"][0],
        messages.Bucket: body["strip"][0],
        messages.Spent: body["cost"],
    }


EDIT = [
    Call("Edit", {"file_path": f"{tree}/a.py", "old_string": "a", "new_string": "b"})
    for tree in ("/repo", "/repo", "/repo-wt")
]

ANSWERS: dict[type[msgspec.Struct], Any] = {
    messages.Action: wire.action(ACTION, "open"),
    messages.ConcurrentAction: wire.concurrent(RECEIPT.concurrent[0]),
    messages.Announced: wire.announced(RECEIPT),
    messages.Checked: wire.checked(RECEIPT, [Draft("other", touches=(TOUCH,))]),
    messages.Understood: wire.draft(Draft("other", touches=(TOUCH,))),
    messages.Finished: wire.finished(RECEIPT),
    messages.Recent: wire.recent([ACTION], {}, enabled=True),
    messages.Sessions: wire.sessions([Presence(Session("s"), "live", (ACTION,))], {}, enabled=True),
    messages.Session: wire.sessions([Presence(Session("s"), "live", ())], {}, enabled=True)["sessions"][0],
    messages.Notices: wire.notices([NOTICE]),
    messages.Notice: wire.notices([NOTICE])["notices"][0],
    messages.Problem: wire.error("x"),
    **_pictures(),
}


@pytest.mark.parametrize("struct", ANSWERS, ids=lambda one: one.__name__)
def test_the_answers_that_are_described_are_those_that_are_given(struct):
    """One truth each: where two lists must agree, a test compares them."""
    assert sorted(one.encode_name for one in msgspec.structs.fields(struct)) == sorted(ANSWERS[struct])
    msgspec.convert(ANSWERS[struct], struct)


def test_every_answer_of_a_route_is_described():
    document = openapi.document(ROUTES)
    assert document["openapi"].startswith("3.1")
    for route in ROUTES:
        operation = document["paths"][route.path][route.method.lower()]
        assert str(route.status) in operation["responses"]
        assert ("security" in operation) == route.open
        assert inspect.getdoc(route.do) or route.says


def test_it_is_served(shared):
    found = shared.client().get("/openapi.json").json()
    assert set(found["paths"]) == {route.path for route in ROUTES}


ASKED = [(route.path, one) for route in ROUTES for one in route.asks]


@pytest.mark.parametrize(("path", "one"), ASKED, ids=[f"{path}?{one.name}" for path, one in ASKED])
@pytest.mark.parametrize("given", ["", "x", "1.0", "-1", "null"])
def test_a_query_parameter_that_does_not_fit_its_schema_is_refused(shared, path, one, given):
    """Given but empty, too: it is no number, no flag and no name, and never what is meant without it."""
    answer = shared.client().get(f"{path}?{one.name}={given}")
    assert answer.status_code == 400
    assert one.name in answer.json()["error"]


# A stream has no end; it has tests of its own.
api = schemathesis.openapi.from_dict(openapi.document(ROUTES)).exclude(path="/coordination/stream")
QUICK = settings(max_examples=12, suppress_health_check=list(HealthCheck))
LONG = settings(QUICK, max_examples=150)
TOKEN = "of-these-tests"


@api.auth()
class Bearer:
    def get(self, case, context):
        return TOKEN

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("described") / "agent", SIDELIGHT_TOKEN=TOKEN) as running:
        yield running.url


@api.parametrize()
@QUICK
def test_schemathesis_finds_nothing(case, target):
    case.call_and_validate(base_url=target)


@pytest.mark.long
@api.parametrize()
@LONG
def test_schemathesis_finds_nothing_for_long(case, target):
    case.call_and_validate(base_url=target)
