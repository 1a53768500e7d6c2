"""What a session of an agent home does to the whole machine is in the user's own ledger too (design 3)."""

import pytest

from sidelight import space
from sidelight.actions import DESTROYS, EDITS, USES, Draft, Touch
from sidelight.ledger import Ledger
from tests.fakes import FakeFacts

PORT = "port:m1:3000"
STARTED = Draft("server-start", target="3000", touches=(Touch(PORT, USES),), summary="vite")
KILLED = Draft("process-kill", target="3000", touches=(Touch(PORT, DESTROYS),), summary="fuser -k 3000/tcp")
EDITED = Draft("edit", touches=(Touch("path:m1:/repo/a.py", EDITS, None, "tree:m1:/repo"),))


@pytest.fixture
def env(tmp_path):
    return {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}


@pytest.fixture
def agents(tmp_path, env):
    """The ledger of a registered agent home, found on the way up."""
    home = tmp_path / "work" / ".sidelight"
    space.prepare(str(home))
    (home / "config.json").write_text("{}")
    space.register(str(home), env)
    with Ledger.open(env=env, cwd=str(home.parent), facts=FakeFacts()) as ledger:
        assert ledger.home == str(home)
        yield ledger


@pytest.fixture
def users(env, agents):
    """The user's own."""
    with Ledger.open(env=env, cwd="/", facts=FakeFacts()) as ledger:
        assert ledger.home != agents.home
        yield ledger


def test_who_meets_it_from_elsewhere_is_warned(agents, users):
    agents.record(STARTED._replace(actor="a"))
    receipt = users.record(KILLED._replace(actor="b"))
    assert [(one.actor, one.severity) for one in receipt.concurrent] == [("a", "conflict")]
    assert receipt.warning is not None


def test_who_does_it_from_the_home_is_warned_of_what_the_home_does_not_know(agents, users):
    users.record(STARTED._replace(actor="b"))
    receipt = agents.record(KILLED._replace(actor="a"))
    assert [(one.actor, one.severity) for one in receipt.concurrent] == [("b", "conflict")]
    assert receipt.severity == "conflict"
    assert "3000" in receipt.warning
    assert [one.actor for one in users.notices("b")[0].source.later] == ["a"]


def test_an_announcement_of_it_is_known_on_the_whole_machine(agents, users):
    agents.announce("restart the preview server", actor="a", targets=["port:3000"])
    receipt = users.record(KILLED._replace(actor="b"))
    assert "a" in [one.actor for one in receipt.concurrent if one.severity != "present"]


def test_what_is_not_of_the_whole_machine_stays_in_the_home(agents, users):
    agents.record(EDITED._replace(actor="a"))
    agents.announce("rework the billing pages", actor="a", area="billing")
    assert users.recent(quiet=True, everywhere=True) == []
    assert len(agents.recent(quiet=True)) == 2


def test_only_what_is_machine_wide_of_an_action_is_passed_on_and_once(agents, users):
    both = STARTED._replace(actor="a", touches=(*STARTED.touches, *EDITED.touches))
    for _ in range(2):
        agents.record(both, key="the-same-request")
    (passed,) = users.recent(quiet=True, everywhere=True)
    assert passed.targets == (PORT,)
    assert passed.space == agents.space


def test_a_home_that_is_not_registered_tells_nobody(tmp_path, env, agents, users):
    with Ledger.open(tmp_path / "other", env=env, facts=FakeFacts()) as ledger:
        ledger.record(STARTED._replace(actor="a"))
    assert users.recent(quiet=True, everywhere=True) == []


def test_a_registered_home_that_is_named_does(env, agents, users):
    with Ledger.open(agents.home, env=env, facts=FakeFacts()) as ledger:
        ledger.record(STARTED._replace(actor="a"))
        quick = ledger.hasty(5000)
        quick.record(STARTED._replace(actor="c"))
        quick.close()
    assert [one.actor for one in users.recent(quiet=True, everywhere=True)] == ["c", "a"]


def test_a_users_ledger_that_cannot_be_used_costs_nothing_and_is_noted(tmp_path, env, agents):
    state = tmp_path / "state" / "sidelight"
    (state / "ledger.db").mkdir()
    receipt = agents.record(STARTED._replace(actor="a"))
    assert receipt.recorded
    assert receipt.error is None
    assert "ledger.db" in (tmp_path / "work" / ".sidelight" / "logs" / "errors.log").read_text()
