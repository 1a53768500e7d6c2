"""Rows O3, O4, O5 and O9 against a plain model of them: window, retention, cap, dedupe and order, whatever is done.

The model knows nothing of keys, marks or the advisory: it is a list of what was recorded and the rows' own sentences.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidelight.actions import Draft
from sidelight.ledger import Ledger, Receipt
from sidelight.stores import open_store
from tests.fakes import FakeFacts
from tests.stores.engines import Machine

WINDOW, RETENTION, CAP = 60_000, 300_000, 9
CONFIG = {"monitoring": {"crossSessionCoordination": {"windowMs": WINDOW, "retentionMs": RETENTION, "maxActions": CAP}}}

ACTORS = st.sampled_from(["a", "b", "c", None])
VALUES = st.sampled_from([True, False, 1, "1", None, {"x": [1, 2], "y": 0}, {"y": 0, "x": [1, 2]}])
STATES = st.builds(
    lambda kind, target, value, actor: Draft(kind, target=target, value=value, actor=actor),
    st.sampled_from(["config-flag", "other"]),
    st.sampled_from(["tunnel.on", "updates.channel", "monitoring.redrive.enabled"]),
    VALUES,
    ACTORS,
)
WITHDRAWALS = st.builds(
    lambda name, actor: Draft("commitment-withdraw", target=name, actor=actor),
    st.sampled_from(["CMT-1", "CMT-2"]),
    ACTORS,
)
INTENTS = st.builds(
    lambda text, area, actor: Draft("intent", reason=text, area=area, actor=actor),
    st.sampled_from(["fix the redrive flood", "rename the invoice columns", "bump the linter"]),
    st.sampled_from([None, "billing", "docs"]),
    ACTORS,
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("record"), st.one_of(STATES, WITHDRAWALS, INTENTS)),
        st.tuples(st.just("record"), st.one_of(STATES, INTENTS)),
        st.tuples(st.just("wait"), st.sampled_from([0, 1, 999, WINDOW - 1, WINDOW, WINDOW + 1, RETENTION])),
        st.tuples(st.just("again"), st.integers(0, 30)),
        st.tuples(st.just("look"), st.integers(1, 12), st.sampled_from([None, 1, WINDOW, RETENTION, 86_400_000])),
        st.tuples(st.just("clock"), st.sampled_from([-86_400_000, -1000, 3_600_000])),
    ),
    max_size=18,
)


class Done(NamedTuple):
    """What was recorded, as the model knows it."""

    id: str
    ts: int
    draft: Draft


def state(draft: Draft) -> object:
    """O5: equal for the same write; an intent is never the same as another (O4)."""
    if draft.kind == "intent":
        return object()
    return draft.kind, draft.target, json.dumps(draft.value, sort_keys=True)


class Model:
    """The rows, word by word, over a list."""

    def __init__(self) -> None:
        self.done: list[Done] = []

    def others(self, draft: Draft, now: int) -> list[Done]:
        """O3: no older than the window, by a different or unknown actor."""
        return [
            one
            for one in self.done
            if now - one.ts <= WINDOW and (draft.actor is None or one.draft.actor != draft.actor)
        ]

    def recent(self, now: int, limit: int, window: int | None) -> list[str]:
        """O9, O11: newest first, no older than retention and window, at most limit and cap."""
        reach = min(RETENTION, window or RETENTION)
        return [one.id for one in reversed(self.done) if now - one.ts <= reach][: min(limit, CAP)]


class Stage:
    """A ledger, and the same ledger as another process has it open."""

    def __init__(self, directory: Path, engine: str) -> None:
        (directory / "config.json").write_text(json.dumps(CONFIG))
        self.machine = Machine()
        url = "memory:" if engine == "memory" else str(directory / "ledger.db")
        store = open_store(url, clock=self.machine.clock)
        other = store if engine == "memory" else open_store(url, clock=self.machine.clock)
        self.sides = [Ledger(one, str(directory), facts=FakeFacts(), space_name="s") for one in (store, other)]
        self.model = Model()
        self.started = self.machine.ticks

    @property
    def now(self) -> int:
        return self.sides[0].store.now()

    def close(self) -> None:
        for one in self.sides:
            one.close()


def check_receipt(stage: Stage, draft: Draft, receipt: Receipt) -> None:
    """The receipt says what the rows say."""
    others = stage.model.others(draft, receipt.now)
    told = [one.action for one in receipt.concurrent]
    collapsed = {more.id for one in (*receipt.advisory.findings, *receipt.advisory.echoes) for more in one.more}
    echoed = {one.action.id for one in receipt.advisory.echoes}
    assert len({one.id for one in told}) == len(told), "nothing is named twice"
    for one in receipt.concurrent:
        assert one.actor is None or one.actor != draft.actor, "O3: never the same known actor"
        if one.severity == "present":
            assert receipt.now - one.action.ts <= WINDOW, "O3: merely present only within the window"
    merely = [one.action for one in receipt.concurrent if one.severity == "present"]
    states = [(one.kind, one.targets, json.dumps(one.value, sort_keys=True)) for one in merely if one.kind != "intent"]
    assert len(set(states)) == len(states), "O5: an identical write does not count twice"
    named = {one.id for one in told} | collapsed | echoed
    same = [state(draft), *(state(one.draft) for one in stage.model.done if one.id in named)]
    for other in others:
        assert other.id in named or state(other.draft) in same, "O3: whoever is in the window is counted"
    for one in receipt.concurrent:
        known = next(done for done in stage.model.done if done.id == one.id)
        if state(known.draft) == state(draft):
            assert one.severity != "conflict", "O5: an identical write is no contradiction"


def record(stage: Stage, side: int, draft: Draft, key: str) -> None:
    stage.machine.later(ms=1)
    receipt = stage.sides[side].record(draft, key=key)
    assert receipt.recorded, receipt.error
    check_receipt(stage, draft, receipt)
    assert receipt.id is not None
    stage.model.done.append(Done(receipt.id, receipt.actions[0].ts, draft))


def again(stage: Stage, side: int, which: int) -> None:
    """The same request, delivered a second time, is recorded once."""
    if not stage.model.done:
        return
    number = which % len(stage.model.done)
    one = stage.model.done[number]
    receipt = stage.sides[side].record(one.draft, key=f"key-{number}")
    assert receipt.duplicate
    assert receipt.id == one.id


def look(stage: Stage, side: int, limit: int, window: int | None) -> None:
    found = [one.id for one in stage.sides[side].recent(limit=limit, window_ms=window)]
    assert found == stage.model.recent(stage.now, limit, window)


def take(stage: Stage, number: int, step: tuple[Any, ...]) -> None:
    name, *about = step
    side = number % 2  # two processes take turns: each sees what the other wrote (O9)
    actions: dict[str, Callable[[], None]] = {
        "record": lambda: record(stage, side, about[0], f"key-{len(stage.model.done)}"),
        "wait": lambda: stage.machine.later(ms=about[0]),
        "again": lambda: again(stage, side, about[0]),
        "look": lambda: look(stage, side, *about),
        "clock": lambda: setattr(stage.machine, "wall", stage.machine.wall + about[0]),
    }
    actions[name]()


def hold(engine: str, steps: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        stage = Stage(Path(directory), engine)
        try:
            for number, step in enumerate(steps):
                take(stage, number, step)
            for side in (0, 1):
                look(stage, side, 500, None)
        finally:
            stage.close()


@pytest.mark.parametrize("engine", ["memory", "sqlite"])
@settings(max_examples=60)
@given(steps=STEPS)
def test_window_retention_cap_dedupe_and_order_are_what_the_rows_say(engine, steps):
    """O3, O4, O5, O9; a clock that is set changes nothing."""
    hold(engine, steps)


@pytest.mark.long
@pytest.mark.timeout(900)  # half a minute on an idle machine
@pytest.mark.parametrize("engine", ["memory", "sqlite"])
@settings(max_examples=1500)
@given(steps=STEPS)
def test_window_retention_cap_dedupe_and_order_are_what_the_rows_say_for_long(engine, steps):
    hold(engine, steps)


@pytest.mark.parametrize("engine", ["memory", "sqlite"])
def test_two_announcements_of_the_same_words_are_two_the_origins_lost_warning(tmp_path, engine):
    """O4: once keyed on kind, target and value, two intents collapsed into one and the warning was lost."""
    stage = Stage(tmp_path, engine)
    draft = Draft("intent", reason="fix the redrive flood", area="monitoring")
    for actor in ("a", "b", "c"):
        record(stage, 0, draft._replace(actor=actor), actor)
    receipt = stage.sides[1].record(draft._replace(actor="d"))
    assert sorted(one.actor or "" for one in receipt.concurrent) == ["a", "b", "c"]
    assert receipt.warning is not None
    stage.close()


@pytest.mark.parametrize("engine", ["memory", "sqlite"])
def test_the_same_write_of_two_unknown_callers_is_not_counted_beside_a_known_one(tmp_path, engine):
    """O5, among those that are merely present too."""
    stage = Stage(tmp_path, engine)
    flip = Draft("config-flag", target="tunnel.on", value=False)
    for actor in ("a", None):
        record(stage, 0, flip._replace(actor=actor), str(actor))
    other = stage.sides[0].record(flip._replace(value=True))
    assert [(one.actor, one.severity) for one in other.concurrent] == [("a", "conflict")]
    same = stage.sides[1].record(flip)
    assert "present" not in [one.severity for one in same.concurrent if one.action.value is False]
    stage.close()
