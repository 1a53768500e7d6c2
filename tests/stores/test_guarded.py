"""With the store gone nobody waits and nothing is lost: what stands between a ledger and a store that may be gone."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sidelight.actions import Session
from sidelight.stores import ENGINES, MACHINE_CLOCK, StoreError, StoreGone
from sidelight.stores.breaker import ADDED_MS, FIRST_MS, PAUSE_MOST, State, after_answer, after_failure
from sidelight.stores.guarded import Guarded, Spooled, guarded
from sidelight.stores.spool import ASIDE_MOST, SpoolFull, spool_of
from sidelight.stores.sqlite import SqliteStore
from sidelight.stores.sqlite.file import freeze
from tests.stores import flaky
from tests.stores.engines import Machine, entry, file, question

ROOT = Path(__file__).parents[2]


class Stage:
    """A store that can be gone, the clocks around it, and processes (`guard`) that use it."""

    def __init__(self, directory: Path) -> None:
        self.path, self.home = str(directory / "far.db"), str(directory / "home")
        self.machine = Machine()
        self.made: list[Guarded] = []
        self.first = self.guard()

    def guard(self, url: str | None = None) -> Guarded:
        self.made.append(guarded(url or f"flaky://{self.path}", self.home, clock=self.machine.clock))
        return self.made[-1]

    def becomes(self, how: str, kind: str = "") -> None:
        Path(f"{self.path}.{how}").write_text(kind)

    def is_back(self, *, later_ms: int = PAUSE_MOST) -> None:
        """It answers again, and it has been left alone for long enough."""
        for how in ("gone", "deaf", "hangs", "minds", "refuses"):
            Path(f"{self.path}.{how}").unlink(missing_ok=True)
        self.machine.later(ms=later_ms)

    def acts(self, actor: str = "a", name: str = "a.py", guard: Guarded | None = None, **about):
        self.machine.later(ms=1)
        touch = file(name)
        key = about.pop("key", None)
        who = about.pop("me", Session(actor))
        return (guard or self.first).append([entry(actor, touch, **about)], question([touch]), me=who, key=key)

    def is_spooled(self, *given, **about) -> str:
        with pytest.raises(Spooled) as error:
            self.acts(*given, **about)
        return str(error.value)

    def record(self) -> list:
        store = SqliteStore(self.path, clock=self.machine.clock)
        try:
            return store.follow(0)
        finally:
            store.dispose()

    def files(self) -> list[str | None]:
        return [one.targets[0].rpartition("/")[2] for one in self.record()]

    def parcels(self) -> list[Path]:
        return sorted(Path(self.first.spool.directory, "waiting").glob("*"))


@pytest.fixture
def stage(tmp_path, monkeypatch, record_property):
    record_property("engine", "flaky")
    monkeypatch.setitem(ENGINES, "flaky", ("tests.stores.flaky", ("flaky",)))
    monkeypatch.setattr(flaky.Flaky, "asked", 0)
    flaky.released.clear()
    made = Stage(tmp_path)
    yield made
    flaky.released.set()
    for one in made.made:
        one.dispose()


# ── kept, and delivered ───────────────────────────────────────────────────────────────────────────────────────────


def test_what_a_store_that_is_gone_cannot_take_is_delivered_when_it_is_back(stage):
    stage.acts(name="before.py")
    stage.becomes("gone")
    said = stage.is_spooled(name="first.py")
    assert "nobody answers" in said
    assert "kept here" in said
    stage.machine.later(minutes=10)
    stage.is_spooled(name="second.py")
    stage.is_back()
    stage.acts(name="third.py")
    assert stage.files() == ["before.py", "first.py", "second.py", "third.py"]
    assert [one.late for one in stage.record()] == [False, True, True, False]
    assert stage.parcels() == []
    assert not os.path.exists(Path(stage.first.spool.directory, "waiting"))


def test_late_actions_have_the_time_at_which_they_happened(stage):
    before = stage.acts().added[0]
    stage.becomes("gone")
    stage.machine.later(minutes=1)
    stage.is_spooled(name="late.py")
    stage.machine.later(minutes=9)
    stage.machine.wall -= 86_400_000  # and somebody sets the clock
    stage.is_back(later_ms=0)
    stage.first.deliver(60_000, patient=True)
    late = stage.record()[1]
    assert late.ts - before.ts == 60_001


def test_across_a_restart_of_the_machine_the_wall_clock_says_how_long_it_was(stage):
    stage.acts()
    stage.becomes("gone")
    stage.is_spooled(name="late.py")
    stage.machine.reboot(wall=stage.machine.wall + 300_000)
    stage.is_back(later_ms=0)
    stage.acts("b", "new.py", guard=stage.guard())
    late, new = stage.record()[1:]
    assert (late.late, new.ts - late.ts) == (True, 300_001)


def test_parcels_of_an_earlier_boot_go_before_those_of_this_one(stage):
    stage.becomes("gone")
    stage.machine.ticks = 900_000_000
    stage.is_spooled(name="old.py")
    stage.machine.reboot(wall=stage.machine.wall + 60_000)
    stage.is_spooled(name="new.py", guard=stage.guard())
    stage.is_back()
    assert stage.guard().deliver(60_000, patient=True).sent == 2
    assert stage.files() == ["old.py", "new.py"]


def test_what_arrived_though_its_answer_did_not_is_recorded_once(stage):
    stage.acts(name="before.py")
    stage.becomes("deaf")
    stage.is_spooled(name="once.py")
    stage.is_spooled(name="keyed.py", key="toolu_1")
    stage.is_back()
    assert stage.first.deliver(60_000, patient=True).left == 0
    stage.acts(name="keyed.py", key="toolu_1")
    assert stage.files() == ["before.py", "once.py", "keyed.py"]


def test_a_parcel_that_was_sent_but_not_removed_is_recorded_once(stage):
    """Whoever delivers may be killed between the two."""
    stage.becomes("gone")
    stage.is_spooled(name="once.py")
    (parcel,) = stage.parcels()
    kept = parcel.read_bytes()
    stage.is_back()
    stage.acts(name="next.py")
    parcel.parent.mkdir()
    parcel.write_bytes(kept)
    stage.acts(name="last.py")
    assert stage.files() == ["once.py", "next.py", "last.py"]


def test_everybody_elses_process_delivers_too(stage):
    stage.becomes("gone")
    stage.is_spooled("a", "a.py")
    stage.is_back()
    stage.acts("b", "b.py", guard=stage.guard())
    assert stage.files() == ["a.py", "b.py"]


def test_the_victim_of_a_late_action_is_told_and_its_sender_is_not_warned(stage):
    """Design 4, both sides: of two that could not see each other, one sees it when the other arrives."""
    stage.becomes("gone")
    stage.is_spooled("a", "shared.py")
    os.unlink(f"{stage.path}.gone")
    elsewhere = SqliteStore(stage.path, clock=stage.machine.clock)
    asked = question([file("shared.py")])
    assert elsewhere.append([entry("b", file("shared.py"))], asked, me=Session("b")).before == ()
    stage.is_back()
    stage.first.deliver(60_000, patient=True)
    (notice,) = elsewhere.notices("b", None)
    assert [one.actor for one in notice.later] == ["a"]
    assert elsewhere.notices("a", None) == []
    elsewhere.dispose()


def test_the_end_of_intents_calls_and_sessions_is_delivered_too(stage):
    done = stage.acts("a", kind="intent").added[0].id
    failed = stage.acts("a", name="b.py").added[0].id
    stage.acts("back", me=Session("back", cwd="/x"))
    stage.becomes("gone")
    stage.machine.later(minutes=5)
    for call in (
        lambda: stage.first.close(done),
        lambda: stage.first.outcome(failed, "failed"),
        lambda: stage.first.end("a"),
        lambda: stage.first.end("back"),
    ):
        with pytest.raises(Spooled):
            call()
    stage.is_back()
    store = SqliteStore(stage.path, clock=stage.machine.clock)
    store.see(Session("back", cwd="/y"))
    assert stage.first.deliver(60_000, patient=True) == (4, 0, 0, None)
    assert store.state_of([done, failed]) == {done: "finished", failed: "failed"}
    assert {one.actor: one.ended is not None for one in store.sessions()} == {"a": True, "back": False}
    store.dispose()


def test_being_seen_is_not_worth_keeping(stage):
    stage.becomes("gone")
    stage.first.see(Session("a"))
    assert stage.parcels() == []


# ── within bounds ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_store_that_hangs_holds_nobody(stage):
    stage.acts()
    stage.becomes("hangs")
    assert "did not answer within" in stage.is_spooled(name="b.py")
    with pytest.raises(StoreGone):
        stage.first.now()


def test_a_call_that_ends_after_everything_was_let_go_leaves_nothing_open(stage):
    earlier = set(threading.enumerate())
    stage.acts()
    stage.becomes("hangs")
    stage.is_spooled(name="b.py")
    left_behind = set(threading.enumerate()) - earlier
    engine = stage.first._engine
    stage.first.dispose()
    flaky.released.set()
    for thread in left_behind:
        thread.join(60)
        assert not thread.is_alive()
    assert len(stage.record()) == 2, "it came after all"
    assert engine._file._db is None


def test_a_store_that_is_left_alone_is_not_asked_not_even_by_another_process(stage):
    stage.acts()
    stage.becomes("gone")
    stage.is_spooled()
    asked = flaky.Flaky.asked
    other = stage.guard()
    for _ in range(5):
        stage.is_spooled(guard=other)
    assert flaky.Flaky.asked == asked
    stage.is_back(later_ms=State().pause)
    stage.machine.later(ms=250)
    stage.acts(name="again.py", guard=other)
    assert flaky.Flaky.asked > asked
    assert len(stage.files()) == 8


def test_when_the_pause_is_over_one_of_them_tries(stage):
    stage.acts()
    stage.becomes("gone")
    stage.is_spooled()
    stage.machine.later(ms=PAUSE_MOST)
    with stage.first.breaker.trying() as first, stage.guard().breaker.trying() as second:
        assert first is not None
        assert second is None


def test_pauses_grow_to_half_a_minute_and_end_with_an_answer():
    machine = Machine()
    state, pauses = State(reached=True, usual=10), []
    for _ in range(12):
        state = after_failure(state, machine.clock, "gone")
        assert state.pauses(machine.clock)
        pauses.append(state.pause)
        machine.later(ms=state.pause)
        assert not state.pauses(machine.clock)
    assert pauses[:4] == [250, 500, 1000, 2000]
    assert pauses[-1] == PAUSE_MOST
    assert after_answer(state, None) == State(reached=True, usual=10)


def test_a_pause_of_another_boot_is_over():
    machine = Machine()
    state = after_failure(State(), machine.clock, "gone")
    machine.reboot(wall=machine.wall)
    assert not state.pauses(machine.clock)


def test_the_first_contact_there_ever_was_may_take_longer_and_later_ones_what_is_usual():
    """Design 7 leaves it open; `docs/many-machines.md` says it."""
    assert State().patience() == FIRST_MS
    assert after_failure(State(), MACHINE_CLOCK, "gone").patience() == ADDED_MS
    assert after_answer(State(), 40).patience() == ADDED_MS + 40
    assert after_answer(after_answer(State(), 40), 45) == State(reached=True, usual=40), "not worth a file"


# ── how calls ended ───────────────────────────────────────────────────────────────────────────────────────────────


def outcomes(stage) -> dict[str, str]:
    store = SqliteStore(stage.path, clock=stage.machine.clock)
    try:
        names = {one.id: one.targets[0].rpartition("/")[2] for one in store.follow(0)}
        return {names[one]: how for one, how in store.state_of(list(names)).items()}
    finally:
        store.dispose()


def always() -> bool:
    return True


@pytest.mark.parametrize("how", ["done", "failed", "denied"])
def test_how_a_call_ended_that_waits_in_the_spool_is_delivered_after_it(stage, how):
    stage.acts(name="before.py", key="toolu_0")
    stage.becomes("gone")
    stage.is_spooled(name="kept.py", key="toolu_1")
    for key in ("toolu_1", "toolu_0"):
        with pytest.raises(Spooled):
            stage.first.settle(key, how, always)
    stage.is_back()
    assert stage.first.deliver(60_000, patient=True) == (3, 0, 0, None)
    assert outcomes(stage) == {"before.py": how, "kept.py": how}


def test_how_a_call_ended_goes_behind_what_still_waits(stage):
    """The store is back and another process delivers: the call itself has not arrived yet."""
    stage.becomes("gone")
    stage.is_spooled(name="kept.py", key="toolu_1")
    stage.is_back()
    with stage.guard().spool.delivering() as mine:
        assert mine
        with pytest.raises(Spooled):
            stage.first.settle("toolu_1", "failed", always)
    assert stage.first.deliver(60_000, patient=True).sent == 2
    assert outcomes(stage) == {"kept.py": "failed"}


def test_how_a_call_ended_that_recorded_nothing_takes_no_room(stage):
    stage.becomes("gone")
    with pytest.raises(StoreGone):
        stage.first.settle("toolu_1", "done", lambda: False)
    assert stage.parcels() == []


def test_a_line_of_several_that_failed_may_have_done_its_part(stage):
    touches = [file("a.py"), file("b.py")]
    entries = [entry("a", touch) for touch in touches]
    stage.first.append(entries, question(touches), me=Session("a"), key="toolu_1")
    assert not stage.first.settle("toolu_1", "failed", always)
    assert stage.first.settle("toolu_1", "denied", always)
    assert set(outcomes(stage).values()) == {"denied"}


# ── parcels that do not go ────────────────────────────────────────────────────────────────────────────────────────


def test_torn_parcels_and_those_of_another_version_stop_nobody(stage):
    stage.becomes("gone")
    for name in ("one.py", "two.py", "three.py", "four.py"):
        stage.is_spooled(name=name)
    one, two, three, _ = stage.parcels()
    one.write_bytes(one.read_bytes()[:100])
    two.write_bytes(b"")
    three.write_text(json.dumps(json.loads(three.read_text()) | {"version": 99}))
    stage.is_back()
    stage.acts(name="five.py")
    assert stage.files() == ["four.py", "five.py"]
    assert stage.first.spool.backlog() == (0, 0, 3)


def test_a_parcel_that_no_store_takes_stops_nobody(stage):
    stage.becomes("gone")
    stage.is_spooled(name="bad.py", kind="write")
    stage.is_spooled(name="good.py")
    stage.is_back()
    stage.becomes("refuses", "write")
    assert stage.first.deliver(60_000, patient=True) == (1, 1, 0, None)
    assert stage.files() == ["good.py"]


def test_a_parcel_at_which_the_store_goes_every_time_stops_nobody_forever(stage):
    stage.becomes("gone")
    stage.is_spooled(name="bad.py", kind="write")
    stage.is_spooled(name="good.py")
    stage.is_back()
    stage.becomes("minds", "write")
    for _ in range(5):
        stage.first.deliver(60_000, patient=True)
    assert stage.files() == ["good.py"]
    assert stage.first.spool.backlog() == (0, 0, 1)


def test_a_store_that_is_gone_for_long_costs_no_parcel(stage):
    stage.becomes("gone")
    stage.is_spooled(name="good.py")
    for _ in range(20):
        stage.first.deliver(60_000, patient=True)
    stage.is_back()
    assert stage.first.deliver(60_000, patient=True) == (1, 0, 0, None)
    assert stage.files() == ["good.py"]


def test_what_was_set_aside_is_bounded(stage):
    spool = stage.first.spool
    for _ in range(ASIDE_MOST + 5):
        spool.put("nonsense", {}, None)
    assert stage.first.deliver(60_000, patient=True).aside == ASIDE_MOST + 5
    assert spool.backlog().aside == ASIDE_MOST


def test_a_full_spool_is_said_to_be_full(stage, monkeypatch):
    monkeypatch.setattr("sidelight.stores.spool.PARCELS_MOST", 2)
    stage.becomes("gone")
    stage.is_spooled(name="one.py")
    stage.is_spooled(name="two.py")
    with pytest.raises(StoreGone, match="no more are kept") as error:
        stage.acts(name="three.py")
    assert not isinstance(error.value, Spooled)
    assert len(stage.parcels()) == 2


def test_a_request_that_is_too_large_is_not_kept(stage):
    with pytest.raises(SpoolFull):
        stage.first.spool.put("append", {"x": "y" * 600_000}, None)


def test_a_spool_that_holds_too_many_bytes_is_full(stage, monkeypatch):
    """Of parcels that an earlier version put down too, whose names do not tell their size."""
    stage.becomes("gone")
    stage.is_spooled(name="one.py")
    (parcel,) = stage.parcels()
    size = parcel.stat().st_size
    parcel.rename(parcel.with_name(parcel.name.rpartition("-")[0]))
    monkeypatch.setattr("sidelight.stores.spool.BYTES_MOST", size * 2 + 10)
    stage.is_spooled(name="two.py")
    with pytest.raises(StoreGone, match="2 requests wait"):
        stage.acts(name="three.py")


def test_a_spool_that_cannot_be_written_is_said_so(stage):
    Path(stage.home).write_text("a file where the home should be")
    stage.becomes("gone")
    with pytest.raises(StoreGone, match="could not be kept here") as error:
        stage.acts()
    assert not isinstance(error.value, Spooled)


def test_the_spool_is_nobody_elses_to_read(stage):
    stage.becomes("gone")
    stage.is_spooled()
    for place, _, names in os.walk(stage.first.spool.directory):
        assert stat.S_IMODE(os.stat(place).st_mode) == 0o700
        for name in names:
            assert stat.S_IMODE(os.stat(os.path.join(place, name)).st_mode) == 0o600


# ── a file is not gone, but it may be held or moving ──────────────────────────────────────────────────────────────


def test_what_is_meant_for_a_ledger_that_moves_is_delivered_where_it_goes(stage, tmp_path):
    """`migrate-store`: a freeze marker sends its writers to the spool, and both hold the same afterwards."""
    old = stage.guard(str(tmp_path / "ledger.db"))
    stage.acts(name="before.py", guard=old)
    heir = f"flaky://{stage.path}"
    freeze(str(tmp_path / "ledger.db"), heir)
    assert "is being moved" in stage.is_spooled(name="meanwhile.py", guard=old)
    assert old.last_seq() == 1
    stage.acts(name="after.py")
    assert stage.files() == ["meanwhile.py", "after.py"]


def test_a_ledger_that_is_held_for_too_long_gets_it_later(stage, tmp_path):
    path = str(tmp_path / "ledger.db")
    mine = stage.guard(path)
    stage.acts(name="before.py", guard=mine)
    everyday = mine._engine
    mine._engine = everyday.hasty(30)  # its five seconds would be long here
    everyday.dispose()
    holder = SqliteStore(path)
    with holder._writing():
        stage.is_spooled(name="held.py", guard=mine)
    holder.dispose()
    stage.acts(name="after.py", guard=mine)
    assert [one.late for one in mine.follow(0)] == [False, True, False]


def test_parcels_are_handed_over_to_another_spool(stage, tmp_path):
    stage.becomes("gone")
    stage.is_spooled(name="a.py")
    other = spool_of(stage.home, "flaky:///elsewhere.db")
    assert stage.first.spool.hand_over(other) == 1
    assert stage.first.spool.empty()
    assert len(other.names()) == 1


def test_the_name_of_a_spool_knows_no_password_and_keeps_stores_apart():
    def name(url):
        return spool_of("/home", url).directory

    assert name("postgresql://u:secret@db.example/x") == name("postgresql://v:other@db.example/x?sslmode=require")
    assert (
        len({name("postgresql://db.example/x"), name("postgresql://db.example/y"), name("https://db.example/x")}) == 3
    )
    assert name("sqlite:///a/ledger.db") == name("/a/ledger.db")
    database = "postgresql://db.example/x"
    ledgers = (
        database,
        f"{database}?ledger=a",
        f"{database}?ledger=b",
        "postgresql:///x?host=/a",
        "postgresql:///x?host=/b",
    )
    assert len(set(map(name, ledgers))) == 5
    assert name(f"{database}?password=secret&ledger=a") == name(f"{database}?ledger=a&sslmode=require&password=other")


# ── many at once ──────────────────────────────────────────────────────────────────────────────────────────────────

WRITER = """
import sys
sys.path.insert(0, {root!r})
from sidelight.actions import Session
from sidelight.stores import ENGINES, StoreGone
ENGINES["flaky"] = ("tests.stores.flaky", ("flaky",))
from sidelight.stores.guarded import Spooled, guarded
from tests.stores.engines import entry, file, question
url, home, actor, many = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
store, touch = guarded(url, home), file("shared.py")
print("ready", flush=True); sys.stdin.readline()
for number in range(many):
    try:
        store.append([entry(actor, touch, reason=str(number))], question([touch]), me=Session(actor))
        print("now", number, flush=True)
    except Spooled:
        print("later", number, flush=True)
store.dispose()
"""


def test_eight_processes_lose_nothing_while_the_store_comes_and_goes(stage):
    actors, many = [f"p{number}" for number in range(8)], 40
    writers = [
        subprocess.Popen(
            [
                sys.executable,
                "-c",
                WRITER.format(root=str(ROOT)),
                f"flaky://{stage.path}",
                stage.home,
                actor,
                str(many),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for actor in actors
    ]
    said: dict[str, list[str]] = {actor: [] for actor in actors}

    def listen(actor, process):
        for number, line in enumerate(process.stdout):
            said[actor].append(line.strip())
            if actor == "p0" and number % 10 == 3:  # the store comes and goes with what one of them has done
                stage.becomes("gone")
            if actor == "p0" and number % 10 == 8:
                Path(f"{stage.path}.gone").unlink(missing_ok=True)

    for one in writers:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    threads = [threading.Thread(target=listen, args=pair) for pair in zip(actors, writers, strict=True)]
    for thread in threads:
        thread.start()
    for one in writers:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.close()
    for thread in threads:
        thread.join(90)
    codes = [one.wait(90) for one in writers]
    for one in writers:
        assert one.stdout is not None
        one.stdout.close()
    assert codes == [0] * 8
    assert all(len(lines) == many for lines in said.values())
    assert any(line.startswith("later") for lines in said.values() for line in lines)
    stage.is_back()
    real = guarded(f"flaky://{stage.path}", stage.home)
    stage.made.append(real)
    while real.deliver(60_000, patient=True).left:
        pass
    store = SqliteStore(stage.path)
    kept = store.follow(0, 10_000)
    store.dispose()
    by_actor = {actor: [int(one.reason or "") for one in kept if one.actor == actor] for actor in actors}
    assert by_actor == {actor: list(range(many)) for actor in actors}, "each once, and in each one's order"


def test_an_error_that_is_not_about_being_gone_is_nobodys_to_keep(stage):
    stage.acts()
    stage.becomes("refuses", "write")
    with pytest.raises(StoreError, match="never") as error:
        stage.acts(kind="write")
    assert not isinstance(error.value, StoreGone)
    assert stage.parcels() == []
