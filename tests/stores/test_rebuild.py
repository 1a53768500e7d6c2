"""The projections can be made anew from the record: after whatever happened, the result is what they were."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidelight.actions import ADDS, ANNOUNCES, COMMITS, DESTROYS, EDITS, REPLACES, SWITCHES, USES
from sidelight.stores.projections import HARM, PLAN, WORK, Probe
from tests.stores.engines import OPENERS, TREE, Ledger, file, on

KEYS = [
    *(
        file(name, effect)
        for name in ("a.py", "src/a.py", "src/b.py")
        for effect in (EDITS, REPLACES, DESTROYS, COMMITS)
    ),
    file("src", DESTROYS),
    file("src", EDITS, {"bulk": True}),
    *(on(TREE, effect) for effect in (DESTROYS, SWITCHES)),
    on(TREE, COMMITS, {"takes": "all"}),
    *(on(key, effect) for key in ("config:h#m.a", "config:h#m.b", "config:h#m") for effect in (EDITS, DESTROYS)),
    *(on("port:m1:3000", effect) for effect in (USES, DESTROYS, ADDS)),
]
PLANS = [file("src/**", ANNOUNCES), on("area:s#x", ANNOUNCES), on("config:h#m.a", ANNOUNCES), on(TREE, ANNOUNCES)]
ACTORS = st.sampled_from(["a", "b", None])
AGENTS = st.sampled_from([None, None, "sub"])
SPACES = st.sampled_from(["one", "two"])
TOUCHES = st.lists(st.sampled_from(KEYS), min_size=1, max_size=3)
WHICH = st.integers(0, 40)

STEPS = st.one_of(
    st.tuples(st.just("act"), ACTORS, AGENTS, SPACES, TOUCHES),
    st.tuples(st.just("act"), ACTORS, AGENTS, SPACES, TOUCHES),
    st.tuples(st.just("act"), ACTORS, AGENTS, SPACES, TOUCHES),
    st.tuples(st.just("announce"), ACTORS, AGENTS, SPACES, st.lists(st.sampled_from(PLANS), min_size=1, max_size=2)),
    st.tuples(st.just("outcome"), WHICH, st.sampled_from(["done", "failed", "failed", "denied"])),
    st.tuples(st.just("close"), WHICH),
    st.tuples(st.just("end"), st.sampled_from(["a", "b"]), AGENTS),
    st.tuples(st.just("forget"), st.sampled_from(["actor", "space", "before", "both"]), WHICH),
    st.tuples(st.just("prune"), st.integers(0, 30)),
)


def take(stage: Ledger, step) -> None:
    name, *given_ = step
    store = stage.store
    record = store.follow(0, 10_000)
    if name in ("act", "announce"):
        actor, agent, space, touches = given_
        stage.acts(actor, *touches, agent=agent, space=space, kind="intent" if name == "announce" else "edit")
    elif name == "prune":
        store.prune(older_than_ms=given_[0] * 1000, max_bytes=1 << 40, batch=5)
    elif name == "end":
        store.end(*given_)
    elif name == "forget":
        what, which = given_
        ts = record[which % len(record)].ts if record else 0
        store.forget(
            actor="a" if what in ("actor", "both") else None,
            space="two" if what in ("space", "both") else None,
            before=ts if what == "before" else None,
        )
    elif record:
        action = record[given_[0] % len(record)]
        if name == "outcome":
            store.outcome(action.id, given_[1])
        else:
            store.close(action.id)


def seen(stage: Ledger):
    """All that the projections say."""
    keys = {"path:m1:/repo/a.py", "path:m1:/repo/src/a.py", "path:m1:/repo/src/b.py", "path:m1:/repo/src", TREE}
    keys |= {f"{key}//" for key in keys} | {touch.key for touch in (*KEYS, *PLANS)} | {"config:h#m//"}
    look = stage.looks(None, *KEYS, *PLANS, space="one", window_ms=10**9)
    from sidelight.stores import Question

    marks = stage.store.append(
        [], Question([Probe(key, role) for key in sorted(keys) for role in (WORK, HARM, PLAN)]), dry=True
    )
    before = sorted((one.key, one.role, one.effect, one.action.seq) for one in (*look.before, *marks.before))
    return before, sorted(look.work, key=str), sorted(one.seq for one in look.present)


@pytest.mark.parametrize("engine", sorted(OPENERS))
@settings(max_examples=120, deadline=None)
@given(steps=st.lists(STEPS, min_size=1, max_size=40))
def test_projections_made_anew_are_what_they_were(engine, steps):
    with tempfile.TemporaryDirectory() as directory:
        stage = Ledger(Path(directory), engine)
        for step in steps:
            take(stage, step)
        before = seen(stage)
        stage.store.rebuild()
        assert seen(stage) == before
        stage.store.dispose()


@settings(max_examples=150, deadline=None)
@given(steps=st.lists(STEPS, min_size=1, max_size=40))
def test_every_engine_finds_the_same(steps):
    """The engine in memory is the definition; the others find what it finds."""
    results = []
    for engine in OPENERS:
        with tempfile.TemporaryDirectory() as directory:
            stage = Ledger(Path(directory), engine)
            for step in steps:
                take(stage, step)
            notices = [stage.store.notices(actor, None) for actor in "ab"]
            results.append((seen(stage), stage.store.follow(0), stage.store.intents(), notices, stage.store.sessions()))
            stage.store.dispose()
    for other in results[1:]:
        assert other == results[0]
