"""`home.commitments`: promises with a version, one writer at a time (O19)."""

import threading

import pytest

from sidelight.home import commitments
from sidelight.stores import Clock, open_store


class Clockwork:
    def __init__(self):
        self.ms = 1_780_000_000_000

    def clock(self):
        return Clock(lambda: self.ms, lambda: self.ms - 1_700_000_000_000, lambda: "boot")


@pytest.fixture
def clockwork():
    return Clockwork()


@pytest.fixture(params=["sqlite", "memory"])
def store(request, tmp_path, clockwork, record_property):
    record_property("engine", request.param)
    url = "memory:" if request.param == "memory" else str(tmp_path / "ledger.db")
    opened = open_store(url, clock=clockwork.clock())
    yield opened
    opened.dispose()


def promise(store, **more):
    return commitments.make(store, {"type": "one-time-action", "userRequest": "deploy it", **more})


def found(store):
    one = commitments.find(store, "CMT-1")
    assert one is not None
    return one


def test_ids_are_numbers_in_order_and_never_given_twice(store):
    assert [promise(store)["id"] for _ in range(3)] == ["CMT-1", "CMT-2", "CMT-3"]


def test_no_promise_is_too_old_to_be_listed_or_to_end(store, clockwork):
    promise(store, expiresAt="2026-06-01T00:00:00Z")
    for number in range(1_100):
        store.put_document("commitments", f"other-{number}", {"status": "withdrawn"}, version=0)
    assert [one["id"] for one in commitments.listed(store, "active")] == ["CMT-1"]
    clockwork.ms += 365 * 86_400_000
    assert commitments.expire(store) == ["CMT-1"]


@pytest.mark.parametrize("status", commitments.STATUSES)
def test_every_status_can_be_reached_from_an_active_one(store, status):
    promise(store)
    done = commitments.resolve(store, "CMT-1", status, "so it is")
    assert (done["status"], done["version"]) == (status, 2)
    assert (done["resolvedAt"] is None) == (status in commitments.ACTIVE)
    assert found(store) == done


@pytest.mark.parametrize("ended", sorted(set(commitments.STATUSES) - commitments.ACTIVE))
def test_what_has_ended_does_not_change_any_more(store, ended):
    promise(store)
    commitments.resolve(store, "CMT-1", ended)
    with pytest.raises(commitments.NoSuchCommitmentError, match=ended):
        commitments.withdraw(store, "CMT-1", "again")


def test_a_verified_one_is_still_active_and_may_be_withdrawn(store):
    promise(store)
    commitments.resolve(store, "CMT-1", "verified")
    assert [one["id"] for one in commitments.listed(store, "active")] == ["CMT-1"]
    assert commitments.withdraw(store, "CMT-1", "enough")["version"] == 3


def test_one_whose_time_is_over_is_expired_for_every_reader_at_once(store, clockwork):
    promise(store, expiresAt="2026-06-01T00:00:00+02:00")
    assert found(store)["expiresAt"] == "2026-05-31T22:00:00.000Z"
    assert commitments.expire(store) == []
    clockwork.ms += 60 * 86_400_000
    assert found(store)["status"] == "expired"
    assert commitments.listed(store, "active") == []
    with pytest.raises(commitments.NoSuchCommitmentError, match="expired"):
        commitments.withdraw(store, "CMT-1", "too late")
    assert found(store)["version"] == 1
    assert commitments.expire(store) == ["CMT-1"]
    assert found(store)["version"] == 2
    assert commitments.expire(store) == []


@pytest.mark.parametrize(
    "fields",
    [{"type": "x"}, {"userRequest": " "}, {"expiresAt": "soon"}, {"userRequest": "x" * 20_001}],
)
def test_what_is_none_is_not_kept(store, fields):
    with pytest.raises(commitments.BadCommitmentError):
        promise(store, **fields)
    assert commitments.listed(store) == []


def test_a_writer_that_was_overtaken_decides_anew_on_what_is_there(store):
    """Compare and swap: of eight that withdraw at once, one does."""
    promise(store)
    barrier = threading.Barrier(8)
    done, refused = [], []

    def withdraw(number):
        barrier.wait()
        try:
            done.append(commitments.withdraw(store, "CMT-1", f"by {number}"))
        except commitments.NoSuchCommitmentError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=withdraw, args=(number,)) for number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert (len(done), len(refused)) == (1, 7)
    assert found(store) == done[0]


def test_a_stale_version_is_not_written(store):
    promise(store)
    assert store.put_document("commitments", "CMT-1", {"status": "pending"}, version=7) is False
    assert found(store)["userRequest"] == "deploy it"


def test_secrets_in_it_are_masked(store):
    made = promise(store, configPath="tunnel.token", configExpectedValue="abc", note="Bearer abcdef123456789")
    assert (made["configExpectedValue"], made["note"]) == ("***", "Bearer ***")
