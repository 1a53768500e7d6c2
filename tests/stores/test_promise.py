"""The one promise (design 4), for real: many processes and threads on one ledger, some of them killed in the middle.

Nothing acknowledged is lost, no id is given twice, nothing is torn; of every two sessions acting on one target at least
one saw the other, and the earlier one is told.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sidelight.actions import Session
from sidelight.stores import Appended, Store, StoreError
from sidelight.stores.sqlite import SqliteStore
from tests.postgres_server import ledger_url
from tests.stores import writers
from tests.stores.engines import entry, question

ROOT = Path(__file__).parents[2]


class Writer:
    """One writing process."""

    def __init__(self, path: str, actor: str, many: int) -> None:
        self.actor = actor
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.stores.writers", path, actor, str(many)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self.said: list[dict[str, Any]] = []

    def ready(self) -> None:
        assert self.process.stdout is not None
        assert json.loads(self.process.stdout.readline()) == {"ready": self.actor}

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def listen(self, many: int | None = None) -> None:
        """Read what it acknowledges: so many lines, or all until it ends."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with contextlib.suppress(ValueError):  # half a line of one that was killed
                self.said.append(json.loads(line))
            if many is not None and len(self.said) >= many:
                return

    def kill(self) -> None:
        """-9, in the middle of whatever it does; what it still had said is read."""
        self.process.kill()
        self.listen()
        self.process.wait()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


@contextlib.contextmanager
def writing(path: str, actors: Iterable[str], many: int) -> Iterator[list[Writer]]:
    """Writers that start at once."""
    started = [Writer(path, actor, many) for actor in actors]
    try:
        for one in started:
            one.ready()
        for one in started:
            one.go()
        yield started
    finally:
        for one in started:
            one.close()


def listening(each: Iterable[Writer]) -> list[threading.Thread]:
    threads = [threading.Thread(target=one.listen) for one in each]
    for one in threads:
        one.start()
    return threads


def check_the_promise(path: str, said: list[dict[str, Any]]) -> None:
    """Hold what was acknowledged against what is there."""
    store = writers.opened(path)
    try:
        assert store.check() == []
        kept = list(store.export())
        _nothing_is_lost(kept, said)
        _nobody_is_blind(kept, said)
        _the_earlier_are_told(store, kept)
    finally:
        store.dispose()


def _nothing_is_lost(kept: list[Any], said: list[dict[str, Any]]) -> None:
    by_id = {one["id"]: one for one in kept}
    assert len(by_id) == len(kept), "an id was given twice"
    assert [one["seq"] for one in kept] == list(range(1, len(kept) + 1))
    assert [one["ts"] for one in kept] == sorted(one["ts"] for one in kept)
    lost = [one for one in said if one["id"] not in by_id or by_id[one["id"]]["seq"] != one["seq"]]
    assert lost == []


def _nobody_is_blind(kept: list[Any], said: list[dict[str, Any]]) -> None:
    """Stronger than the promise: each saw the newest of everybody who was before it."""
    said_at = {one["seq"]: one["saw"] for one in said}
    newest: dict[str, int] = {}
    for one in kept:
        if one["seq"] in said_at:
            assert said_at[one["seq"]] == {actor: seq for actor, seq in newest.items() if actor != one["actor"]}
        newest[one["actor"]] = one["seq"]


def _the_earlier_are_told(store: Store, kept: list[Any]) -> None:
    actors = {one["actor"]: one["seq"] for one in reversed(kept)}  # each with its first action
    for actor, first in actors.items():
        later = {one["seq"] for one in kept if one["actor"] != actor and one["seq"] > first}
        assert {one.seq for one in store.notices(actor, None, limit=100_000)} == later


def run_processes(path: str, *, processes: int, many: int, kills: int) -> None:
    said: list[dict[str, Any]] = []
    with writing(path, [f"p{number}" for number in range(processes)], many) as each:
        threads = listening(each)
        for number in range(kills):
            with writing(path, [f"victim{number}"], 100_000) as (victim,):
                victim.listen(3 + 7 * number % 11)
                victim.kill()
                assert victim.said
                said += victim.said
        for one in threads:
            one.join()
        assert all(one.process.wait() == 0 for one in each)
        assert all(len(one.said) == many for one in each)
        said += [line for one in each for line in one.said]
    check_the_promise(path, said)


def in_threads(works: list[Callable[[], None]]) -> None:
    """All at once; the first failure is raised here."""
    failed: list[BaseException] = []
    start = threading.Barrier(len(works))

    def run(work: Callable[[], None]) -> None:
        start.wait()
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised in the test's own thread
            failed.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    if failed:
        raise failed[0]


def run_ledgers(path: str, *, threads: int, many: int, store: Store | None = None) -> None:
    """Threads that write, on one store or each on its own, and the check afterwards."""
    said: list[dict[str, Any]] = []

    def write(actor: str) -> None:
        own = store or writers.opened(path)
        try:
            said.extend(writers.record(own, actor, many))
        finally:
            if own is not store:
                own.dispose()

    in_threads([partial(write, f"t{number}") for number in range(threads)])
    assert len(said) == threads * many
    check_the_promise(path, said)


@pytest.fixture
def path(tmp_path, record_property):
    record_property("engine", "sqlite")
    return str(tmp_path / "ledger.db")


@pytest.fixture
def url(tmp_path, record_property):
    record_property("engine", "postgres")
    return ledger_url(str(tmp_path))


def test_eight_processes_and_one_that_is_killed_over_and_over_keep_the_promise(path):
    """Issue 2, "Seen to work": 8 × 500, a writer killed -9 and replaced."""
    run_processes(path, processes=8, many=500, kills=10)


def test_processes_on_one_server_and_one_that_is_killed_keep_the_promise(url):
    run_processes(url, processes=3, many=40, kills=2)


@pytest.mark.long
def test_eight_processes_on_one_server_and_one_that_is_killed_over_and_over_keep_the_promise(url):
    run_processes(url, processes=8, many=500, kills=10)


def test_sixteen_threads_keep_the_promise(path):
    """Issue 2, "Seen to work": 16 × 200 in one process."""
    store = writers.opened(path)
    run_ledgers(path, threads=16, many=200, store=store)
    store.dispose()


def test_sixteen_threads_on_one_server_keep_the_promise(url):
    """More threads than connections: some wait for one."""
    store = writers.opened(url)
    run_ledgers(url, threads=16, many=20, store=store)
    store.dispose()


def test_threads_with_ledgers_of_their_own_keep_the_promise(path):
    """As two servers would in one process: nothing but the file is shared."""
    run_ledgers(path, threads=4, many=100)


def test_threads_with_connections_of_their_own_keep_the_promise(url):
    run_ledgers(url, threads=4, many=40)


# ── the transaction is what keeps it ──────────────────────────────────────────────────────────────────────────────


class Interleaved(SqliteStore):
    """Stops between looking and adding until the other has looked too, or is made to wait for its turn."""

    patience = 0.3

    def __init__(self, path: str, meeting: threading.Barrier) -> None:
        super().__init__(path)
        self.meeting = meeting
        self.look: Appended | None = None

    def _look(self, *args: Any, **kwargs: Any) -> Appended:
        self.look = super()._look(*args, **kwargs)
        with contextlib.suppress(threading.BrokenBarrierError):
            self.meeting.wait(timeout=self.patience)
        return self.look


class WithoutTransaction(Interleaved):
    begin = ""  # each statement is a transaction of its own
    patience = 30


def at_the_same_moment(kind: type[Interleaved], path: str) -> list[set[str | None]]:
    """Whom each of two sessions saw that act on one target at the same moment."""
    meeting = threading.Barrier(2)
    stores = {actor: kind(path, meeting) for actor in "ab"}

    def act(actor: str) -> None:
        with contextlib.suppress(StoreError):  # both may take the same number, and then one is refused
            asked = question([writers.TARGET])
            stores[actor].append([entry(actor, writers.TARGET)], asked, me=Session(actor))

    in_threads([partial(act, actor) for actor in "ab"])
    looks = [one.look for one in stores.values()]
    for one in stores.values():
        one.dispose()
    return sorted(({found.action.actor for found in look.before} for look in looks if look is not None), key=len)


def test_of_two_at_the_same_moment_one_sees_the_other(path):
    blind, seeing = at_the_same_moment(Interleaved, path)
    assert blind == set()
    assert len(seeing) == 1


def test_without_the_transaction_pairs_are_blind(path):
    """The very same interleaving with `BEGIN IMMEDIATE` taken away: neither sees the other."""
    assert at_the_same_moment(WithoutTransaction, path) == [set(), set()]


def test_without_the_transaction_the_promise_is_broken(path, monkeypatch):
    """The checks above can fail: the same writers, without `BEGIN IMMEDIATE`, break what is checked."""
    monkeypatch.setattr(SqliteStore, "begin", "")
    with pytest.raises((AssertionError, StoreError)), switching_often():
        run_ledgers(path, threads=4, many=200)


@contextlib.contextmanager
def switching_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
