"""Two machines with one ledger: the database restarts, the link is cut, a clock is wrong, and the promise holds."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sidelight.stores import Store
from sidelight.stores.spool import spool_of
from tests.machines.link import FAR, NEAR, ROOT, SKEW_SECONDS, Link, environment, linked
from tests.postgres_server import Postgres
from tests.stores import writers

A_SIDE = 8
BOUND_SECONDS = 400
SLACK_MS = 2_000  # between two clocks that are right

pytestmark = [pytest.mark.long, pytest.mark.timeout(1500)]


class Writer:
    """A session on one of the machines, and what it said."""

    def __init__(self, stage: Stage, machine: int, number: int) -> None:
        self.actor = f"{'near' if machine == NEAR else 'far'}{number}"
        self.machine = machine
        self.said: list[dict[str, Any]] = []
        self._news = stage.news
        self.process = subprocess.Popen(
            [*stage.link.inside(machine), sys.executable, "-m", "tests.machines.writer",
             stage.urls[machine], str(stage.homes[machine]), self.actor],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment(machine, stage.homes[machine]),
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read)
        self.clock = 0.0
        self.ended = False

    def ready(self) -> None:
        assert self.process.stdout is not None
        said = json.loads(self.process.stdout.readline())
        assert said["ready"] == self.actor
        self.clock = said["clock"] - time.time()
        self._reader.start()

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._news:
                self.said.append(json.loads(line))
                self._news.notify_all()
        with self._news:
            self.ended = True
            self._news.notify_all()

    def acknowledged(self) -> int:
        return sum("seq" in one for one in self.said)

    def spooled(self) -> int:
        return sum("spooled" in one for one in self.said)

    def finish(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.wait(BOUND_SECONDS) == 0
        self._reader.join(BOUND_SECONDS)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        if self._reader.ident is not None:
            self._reader.join()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


class Stage:
    """Two machines, a PostgreSQL on the near one, and the sessions on both."""

    def __init__(self, link: Link, database: Postgres, directory: Path) -> None:
        self.link, self.database = link, database
        self.homes = [directory / "near", directory / "far"]
        far = f"postgresql://postgres@:{link.port(database.port)}/postgres?host={link.address}"
        self.urls = [database.url(), far]
        self.news = threading.Condition()
        self.writers: list[Writer] = []
        for home in self.homes:
            home.mkdir()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Eight sessions a side."""
        try:
            for machine in (NEAR, FAR):
                self.writers += [Writer(self, machine, number) for number in range(A_SIDE)]
            for one in self.writers:
                one.ready()
            for one in self.writers:
                one.go()
            yield
            for one in self.writers:
                one.finish()
        finally:
            for one in self.writers:
                one.close()

    def until_each(self, many: int, what: Callable[[Writer], int], machine: int | None = None) -> None:
        """Wait until each session (of a machine) has had so much more of something."""
        each = [one for one in self.writers if machine in (None, one.machine)]
        with self.news:
            wanted = {one.actor: what(one) + many for one in each}
            self.news.wait_for(
                lambda: any(one.ended for one in each) or all(what(one) >= wanted[one.actor] for one in each),
                BOUND_SECONDS,
            )
            late = {one.actor: one.said[-3:] for one in each if what(one) < wanted[one.actor]}
        assert late == {}

    def restart(self) -> None:
        """As `pg_ctl restart -m fast` does."""
        self.database.stop("fast")
        self.database.start()

    def deliver(self) -> None:
        """What a person would run on each machine."""
        for machine in (NEAR, FAR):
            spool = spool_of(str(self.homes[machine]), self.urls[machine])
            deadline = time.monotonic() + BOUND_SECONDS
            while spool.many():
                assert time.monotonic() < deadline, spool.backlog()
                subprocess.run(
                    [*self.link.inside(machine), sys.executable, "-m", "sidelight", "doctor", "--repair"],
                    check=False,  # there is more that it may find wanting in a home as bare as this
                    capture_output=True,
                    cwd=self.homes[machine],
                    env=environment(machine, self.homes[machine], SIDELIGHT_STORE=self.urls[machine]),
                )
            assert spool.backlog().aside == 0

    def said(self) -> list[dict[str, Any]]:
        return [{**line, "actor": one.actor} for one in self.writers for line in one.said]


@pytest.fixture
def stage(tmp_path, record_property):
    with linked() as link, contextlib.ExitStack() as stack:
        record_property("engine", f"postgres between {link.name}")
        database = Postgres(tcp=True, address=link.address, inside=link.inside(NEAR))
        stack.callback(database.remove)
        yield Stage(link, database, tmp_path)


def test_two_machines_keep_the_promise_while_the_database_restarts_and_the_link_is_cut(stage):
    """Issue 8, "Seen to work": 0 lost and 0 blind pairs, 8 sessions a side, one side's clock two hours ahead."""
    store = writers.opened(f"postgresql://postgres@:{stage.database.port}/postgres?host={stage.database.directory}")
    began = store.now()
    with stage.writing():
        assert all(abs(one.clock) < 60 for one in stage.writers[:A_SIDE])
        assert all(abs(one.clock - SKEW_SECONDS) < 60 for one in stage.writers[A_SIDE:])
        stage.until_each(3, Writer.acknowledged)
        _restarted(stage)
        for how in (0, 1):
            stage.link.cut(how)
            stage.until_each(3, Writer.spooled, FAR)
            if how == 1:
                stage.restart()
            stage.until_each(3, Writer.acknowledged, NEAR)
            stage.link.mend()
            stage.until_each(3, Writer.acknowledged)
        _restarted(stage)
    stage.deliver()
    _balance(store, stage.said(), began)
    store.dispose()


def _restarted(stage: Stage) -> None:
    stage.restart()
    stage.until_each(3, Writer.acknowledged)


def _balance(store: Store, said: list[dict[str, Any]], began: int) -> None:
    """Hold what was said against what is there."""
    kept, ended = list(store.export()), store.now()
    assert store.check() == []
    _all_is_there_once(kept, said)
    _in_order(kept, began, ended)
    _nobody_is_blind(kept, said)


def _all_is_there_once(kept: list[Any], said: list[dict[str, Any]]) -> None:
    assert [one for one in said if "lost" in one] == []
    assert len({one["id"] for one in kept}) == len(kept), "an id was given twice"
    there = Counter((one["actor"], int(one["reason"])) for one in kept)
    assert there == Counter((one["actor"], one["n"]) for one in said)
    by_seq = {one["seq"]: one for one in kept}
    for one in said:
        if "seq" in one:
            its = by_seq[one["seq"]]
            assert (its["id"], its["ts"], its["reason"], its["late"]) == (one["id"], one["ts"], str(one["n"]), False)


def _in_order(kept: list[Any], began: int, ended: int) -> None:
    assert [one["seq"] for one in kept] == list(range(1, len(kept) + 1))
    times = [one["ts"] for one in kept if not one["late"]]
    assert times == sorted(times)
    assert began - SLACK_MS <= min(one["ts"] for one in kept)
    assert max(one["ts"] for one in kept) <= ended
    last: dict[str, int] = {}
    for one in kept:  # what a session kept is delivered before what it does later
        assert last.get(one["actor"], -1) < int(one["reason"])
        last[one["actor"]] = int(one["reason"])


def _nobody_is_blind(kept: list[Any], said: list[dict[str, Any]]) -> None:
    """Stronger than the promise: who was answered saw, of everybody, what had been answered last, or newer."""
    saw = {one["seq"]: one["saw"] for one in said if "seq" in one}
    newest: dict[str, int] = {}
    for one in kept:
        if one["seq"] in saw:
            blind = {actor: seq for actor, seq in newest.items() if saw[one["seq"]].get(actor, 0) < seq}
            blind.pop(one["actor"], None)
            assert not blind, (one["actor"], one["seq"], blind)
            newest[one["actor"]] = one["seq"]
    assert len(newest) == 2 * A_SIDE
