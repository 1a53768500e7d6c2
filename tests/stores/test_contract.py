"""What every engine promises (design 4), by behaviour: the same suite for each."""

from __future__ import annotations

import json
import threading

import pytest

from sidelight.actions import (
    ANNOUNCES,
    COMMITS,
    DESTROYS,
    EDITS,
    FILES_COUNTED,
    REPLACES,
    SWITCHES,
    USES,
    Session,
    Told,
    Touch,
)
from sidelight.stores import Question
from sidelight.stores.projections import ACTORS_A_KEY, PRESENT_MOST, Probe
from tests.stores.engines import SPACE, START, TREE, actors, file, found, on, question

# ── what is found ─────────────────────────────────────────────────────────────────────────────────────────────────

CONFIG = "config:home#monitoring.redrive.enabled"

PAIRS = {
    "the same file": (file("src/a.py"), file("src/a.py")),
    "a file in a directory that goes": (file("src/a/b/c.py"), file("src", DESTROYS)),
    "a file whose directory went": (file("src", DESTROYS), file("src/a/b/c.py")),
    "a file and what is done to its tree": (file("src/a.py"), on(TREE, DESTROYS)),
    "a tree that was reset, and a file in it": (on(TREE, DESTROYS), file("src/a.py")),
    "a tree that was switched": (on(TREE, SWITCHES), file("src/a.py")),
    "a file in the parent of its tree": (file("src/a.py"), on("path:m1:/", DESTROYS)),
    "the same setting": (on(CONFIG), on(CONFIG)),
    "a setting of a section that is replaced": (on(CONFIG), on("config:home#monitoring")),
    "a section, and a setting in it": (on("config:home#monitoring"), on(CONFIG)),
    "another setting of the section": (on("config:home#monitoring.other"), on(CONFIG)),
    "one issue, and all issues": (on("issue:acme/app#5"), on("issue:acme/app", DESTROYS)),
    "all issues, and one": (on("issue:acme/app", DESTROYS), on("issue:acme/app#5")),
    "a process by a pattern": (on("process:m1:node server.js", USES), on("process:m1", DESTROYS)),
    "the same port": (on("port:m1:3000", USES), on("port:m1:3000", USES)),
    "the same branch": (on("ref:acme/app#main", "pushes"), on("ref:acme/app#main", DESTROYS)),
    "a file that an intent names": (file("src/a.py", ANNOUNCES), file("src/a.py")),
    "a file in a directory that an intent names": (file("src", ANNOUNCES), file("src/a.py")),
    "a file that a glob of an intent covers": (file("src/**", ANNOUNCES), file("src/deep/a.py")),
    "an intent in a directory that goes": (file("src/deep/**", ANNOUNCES), file("src", DESTROYS)),
    "an intent in a tree that is reset": (file("src/a.py", ANNOUNCES), on(TREE, DESTROYS)),
    "a directory that a formatter rewrote": (file("src", EDITS, {"bulk": True}), file("src/a.py")),
}


@pytest.mark.parametrize(("theirs", "mine"), PAIRS.values(), ids=PAIRS)
def test_an_earlier_action_is_found_by_key(ledger, theirs, mine):
    first = ledger.acts("a", theirs, kind="intent" if theirs.effect == ANNOUNCES else "edit")
    second = ledger.acts("b", mine)
    assert ("a", first.added[0].seq) in found(second)
    assert first.before == ()


UNRELATED = {
    "another file": (file("src/a.py"), file("src/b.py")),
    "a name that begins the same": (file("src/author.py"), file("src/auth", DESTROYS)),
    "another tree": (file("src/a.py"), on("tree:m1:/other", DESTROYS)),
    "another machine": (file("src/a.py"), Touch("path:m2:/repo/src/a.py", EDITS, None, "tree:m2:/repo")),
    "another home's setting": (on(CONFIG), on("config:other#monitoring.redrive.enabled")),
    "another section": (on(CONFIG), on("config:home#tunnel.enabled")),
    "another port": (on("port:m1:3000", USES), on("port:m1:3001", USES)),
}


@pytest.mark.parametrize(("theirs", "mine"), UNRELATED.values(), ids=UNRELATED)
def test_what_shares_no_key_is_not_found(ledger, theirs, mine):
    ledger.acts("a", theirs)
    assert ledger.acts("b", mine).before == ()


def test_a_request_never_finds_itself(ledger):
    """One request is one append: a PATCH of two keys never warns about itself."""
    look = ledger.acts_at_once("a", [[on(CONFIG)], [on(CONFIG)], [on("config:home#monitoring")]])
    assert [one.seq for one in look.added] == [1, 2, 3]
    assert look.before == ()
    assert len({one.ts for one in look.added}) == 1


def test_my_own_marks_are_found_only_beside_somebody_elses(ledger):
    ledger.acts("a", file("a.py"))
    assert ledger.acts("a", file("a.py")).before == ()
    ledger.acts("b", file("a.py"))
    assert actors(ledger.acts("a", file("a.py"))) == {"a", "b"}


def test_an_unknown_actor_may_be_anybody(ledger):
    """O3: unknown on either side counts as possibly another session."""
    ledger.acts(None, file("a.py"))
    assert actors(ledger.acts(None, file("a.py"))) == {None}
    assert actors(ledger.acts("b", file("a.py"))) == {None}
    assert actors(ledger.acts(None, file("a.py"))) == {None, "b"}


def test_a_sub_agent_is_somebody_else_to_the_store(ledger):
    ledger.acts("a", file("a.py"), agent="helper")
    look = ledger.acts("a", file("a.py"))
    assert {(one.action.actor, one.action.agent) for one in look.before} == {("a", "helper")}


def test_numbers_follow_each_other_and_ids_are_unique(ledger):
    ids = [one.id for _ in range(20) for one in ledger.acts_at_once("a", [[file("a.py")]] * 3, stem="edit-same").added]
    assert len(set(ids)) == 60
    assert [one.seq for one in ledger.store.follow(0)] == list(range(1, 61))
    assert all(ledger.store.find(one).id == one for one in ids)


def test_an_action_comes_back_as_it_went_in(ledger):
    value = {"deep": [1, None, "ü\u202e\x1b", {"x": 1.5}]}
    look = ledger.acts(
        "a", on(CONFIG, EDITS, value), file("ü'\"\\.py"), kind="config-flag", target="t", value=value, reason="why\n",
        summary="s", host="codex", agent="sub", expires_in=None,
    )  # fmt: skip
    ledger.reopen()
    assert ledger.store.find(look.added[0].id) == look.added[0]
    assert ledger.store.follow(0) == list(look.added)


def test_looking_records_nothing(ledger):
    ledger.acts("a", file("a.py"))
    assert actors(ledger.looks("b", file("a.py"))) == {"a"}
    assert ledger.store.last_seq() == 1
    assert ledger.store.notices("a", None) == []
    assert [one.actor for one in ledger.store.sessions()] == ["a"]


# ── chatty sessions hide nobody ───────────────────────────────────────────────────────────────────────────────────


def test_two_identical_intents_stay_two(ledger):
    """O4, a regression of the origin: it keyed intents on kind, target and value, and lost the warning."""
    area = f"area:{SPACE}#x"
    for _ in range(2):
        ledger.announces("a", area, reason="the same", target="x")
    look = ledger.announces("b", area, reason="the same", target="x")
    assert found(look) == {("a", 1), ("a", 2)}
    assert {one.seq for one in look.present} == {1, 2}


def test_two_hundred_intents_of_one_session_hide_nobody(ledger):
    """The table of faults: 200 chatty records, and the one important intent was dropped by the cap."""
    area = f"area:{SPACE}#x"
    important = ledger.announces("quiet", area)
    for _ in range(200):
        ledger.announces("chatty", area)
    look = ledger.announces("b", area)
    assert ("quiet", important.added[0].seq) in found(look)
    assert "chatty" in actors(look)
    assert {one.actor for one in look.present} == {"quiet", "chatty"}


def test_four_chatty_sessions_hide_nobody(ledger):
    area = f"area:{SPACE}#x"
    ledger.announces("quiet", area)
    for number in range(200):
        ledger.announces(f"chatty-{number % 4}", area)
    assert actors(ledger.announces("b", area)) == {"quiet", *(f"chatty-{number}" for number in range(4))}


def test_two_hundred_settings_of_one_session_hide_nobody(ledger):
    ledger.acts("quiet", on("config:home#monitoring.important"))
    for number in range(200):
        ledger.acts("chatty", on(f"config:home#monitoring.key{number}"))
    assert actors(ledger.acts("b", on("config:home#monitoring"))) == {"quiet", "chatty"}


def test_one_action_on_several_settings_of_a_section_is_found_once(ledger):
    ledger.acts("a", on("config:home#monitoring.first"), on("config:home#monitoring.second"))
    for look in (
        ledger.acts("b", on("config:home#monitoring"), key="k"),
        ledger.looks("c", on("config:home#monitoring")),
    ):
        marks = [(one.key, one.role, one.effect, one.action.seq) for one in look.before]
        assert marks
        assert len(marks) == len(set(marks))


def test_two_hundred_edits_of_one_session_hide_nobody(ledger):
    ledger.acts("quiet", file("src/a.py"))
    for number in range(200):
        ledger.acts("chatty", file(f"src/{number % 50}.py"), agent=f"sub-{number % 70}")
    for verb in (on(TREE, DESTROYS), file("src", DESTROYS)):
        assert {"quiet", "chatty"} <= actors(ledger.acts("b", verb))


def test_of_a_thousand_sessions_on_one_key_those_that_acted_last_are_found(ledger):
    for number in range(1000):
        ledger.acts(f"s{number}", on("port:m1:3000", USES), later_ms=1)
    look = ledger.acts("b", on("port:m1:3000", DESTROYS))
    assert actors(look) >= {f"s{number}" for number in range(1000 - ACTORS_A_KEY, 1000)}
    assert len(look.before) < 3 * ACTORS_A_KEY


# ── what is over ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("outcome", ["failed", "denied"])
def test_what_did_not_happen_is_taken_back(ledger, outcome):
    first = ledger.acts("a", on(CONFIG, EDITS, 1))
    second = ledger.acts("a", on(CONFIG, EDITS, 2))
    assert ledger.store.outcome(second.added[0].id, outcome)
    look = ledger.acts("b", on(CONFIG))
    assert found(look) == {("a", first.added[0].seq)}
    assert ledger.store.state_of([second.added[0].id]) == {second.added[0].id: outcome}


def test_what_succeeded_stays_what_a_failure_falls_back_to(ledger):
    first = ledger.acts("a", file("a.py"))
    ledger.store.outcome(first.added[0].id, "done")
    second = ledger.acts("a", file("a.py"))
    ledger.store.outcome(second.added[0].id, "failed")
    assert found(ledger.acts("b", file("a.py"))) == {("a", 1)}


def test_two_calls_in_flight_that_both_fail_leave_what_was_before(ledger):
    ledger.acts("a", file("a.py"))
    flying = [ledger.acts("a", file("a.py")).added[0].id for _ in range(2)]
    for one in reversed(flying):
        ledger.store.outcome(one, "failed")
    assert found(ledger.acts("b", file("a.py"))) == {("a", 1)}
    ledger.store.outcome(ledger.store.follow(0)[0].id, "failed")
    assert actors(ledger.acts("c", file("a.py"))) == {"b"}


def test_a_failure_reported_after_a_newer_call_changes_nothing(ledger):
    first, second = (ledger.acts("a", file("a.py")) for _ in range(2))
    ledger.store.outcome(first.added[0].id, "failed")
    assert found(ledger.acts("b", file("a.py"))) == {("a", second.added[0].seq)}
    ledger.store.outcome(second.added[0].id, "failed")
    assert ledger.looks("c", file("a.py")).before[0].action.actor == "b"


def test_the_first_word_on_a_failure_stands(ledger):
    seq = ledger.acts("a", file("a.py")).added[0]
    ledger.store.outcome(seq.id, "denied")
    assert ledger.store.outcome(seq.id, "done")
    assert ledger.store.state_of([seq.id]) == {seq.id: "denied"}
    assert ledger.acts("b", file("a.py")).before == ()


def test_the_outcome_of_nothing_is_said(ledger):
    assert not ledger.store.outcome("edit-x-99", "failed")
    assert not ledger.store.outcome("nonsense", "failed")


def test_a_closed_intent_announces_nothing(ledger):
    intent = ledger.announces("a", "path:m1:/repo/src/**").added[0]
    assert ledger.store.close(intent.id) == intent
    assert ledger.acts("b", file("src/a.py")).before == ()
    assert ledger.store.close(intent.id) is None
    assert ledger.store.state_of([intent.id]) == {intent.id: "finished"}
    assert intent.ts <= ledger.store.ended_at([intent.id])[intent.id] <= ledger.store.now()
    assert ledger.store.intents(actor="a") == [(intent, "finished")]


def test_only_an_intent_can_be_closed(ledger):
    edit = ledger.acts("a", file("a.py")).added[0]
    assert ledger.store.close(edit.id) is None
    assert actors(ledger.acts("b", file("a.py"))) == {"a"}


def test_an_intent_that_was_denied_is_over(ledger):
    intent = ledger.announces("a", f"area:{SPACE}#x").added[0]
    ledger.store.outcome(intent.id, "denied")
    assert ledger.acts("b", on(f"area:{SPACE}#x", ANNOUNCES), kind="intent").before == ()
    assert ledger.store.intents()[-1] == (intent, "denied")


def test_the_end_of_a_session_closes_its_intents_and_nobody_elses(ledger):
    area = f"area:{SPACE}#x"
    mine, sub, other = ledger.announces("a", area), ledger.announces("a", area, agent="s"), ledger.announces("b", area)
    assert ledger.store.end("a", "s") == 1
    assert ledger.store.state_of([sub.added[0].id]) == {sub.added[0].id: "ended"}
    assert ledger.store.end("a") == 1
    assert ledger.store.end("a") == 0
    assert found(ledger.announces("c", area)) == {("b", other.added[0].seq)}
    ended = {one.agent: one.ended for one in ledger.store.sessions() if one.actor == "a"}
    assert ended[None] is not None
    assert mine.added[0].id in ledger.store.state_of([mine.added[0].id])


def test_an_intent_keeps_its_time_to_live_and_is_closed_when_it_is_over(ledger):
    intent = ledger.announces("a", f"area:{SPACE}#x", ttl_ms=60_000).added[0]
    assert intent.expires == intent.ts + 60_000
    assert ledger.store.ended_at([intent.id]) == {}
    ledger.machine.later(minutes=2)
    ledger.store.prune(older_than_ms=10**10, max_bytes=1 << 40)
    assert ledger.store.state_of([intent.id]) == {intent.id: "expired"}
    assert ledger.store.ended_at([intent.id])[intent.id] >= intent.expires
    assert ledger.announces("b", f"area:{SPACE}#x").before == ()


def test_an_intent_without_end_is_over_when_its_owner_was_silent_for_a_day(ledger):
    silent, awake = ledger.announces("a", f"area:{SPACE}#x"), ledger.announces("b", f"area:{SPACE}#x")
    ledger.machine.later(hours=25)
    ledger.store.see(Session("b"))
    ledger.store.prune(older_than_ms=10**10, max_bytes=1 << 40)
    assert set(ledger.store.state_of([silent.added[0].id, awake.added[0].id])) == {silent.added[0].id}


# ── uncommitted work ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_verb_on_the_tree_is_told_whose_uncommitted_files_it_meets(ledger):
    for name in ("a.py", "b.py", "a.py", "new.py"):
        ledger.acts("a", file(name))
    ledger.acts("b", file("c.py", REPLACES))
    look = ledger.acts("c", on(TREE, DESTROYS), kind="tree-reset")
    work = {one.actor: one for one in look.work}
    assert work["a"].files == 3
    assert [path.rpartition("/")[2] for path, _, _ in work["a"].newest] == ["new.py", "a.py", "b.py"]
    assert work["b"].files == 1


def test_what_is_committed_is_no_longer_uncommitted_work(ledger):
    ledger.acts("a", file("a.py"))
    ledger.acts("a", on(TREE, COMMITS, {"takes": "all"}), kind="commit")
    ledger.acts("a", file("b.py"))
    ledger.acts("a", file("c.py"))
    ledger.acts("a", file("c.py", COMMITS), kind="commit")
    (work,) = ledger.acts("c", on(TREE, DESTROYS)).work
    assert [path.rpartition("/")[2] for path, _, _ in work.newest] == ["b.py"]


def test_a_commit_that_failed_committed_nothing(ledger):
    ledger.acts("a", file("a.py"))
    commit = ledger.acts("a", on(TREE, COMMITS, {"takes": "all"}), kind="commit").added[0]
    ledger.store.outcome(commit.id, "failed")
    assert [one.files for one in ledger.acts("c", on(TREE, DESTROYS)).work] == [1]


def test_a_directory_that_goes_is_told_of_the_files_in_it_only(ledger):
    for name in ("src/a.py", "src/deep/b.py", "docs/c.md"):
        ledger.acts("a", file(name))
    (work,) = ledger.acts("b", file("src", DESTROYS)).work
    assert (work.key, work.files) == ("path:m1:/repo/src", 2)


def test_many_files_are_counted_up_to_a_bound(ledger):
    for number in range(120):
        ledger.acts("a", file(f"{number}.py"))
    (work,) = ledger.acts("b", on(TREE, DESTROYS)).work
    assert work.files == FILES_COUNTED
    assert len(work.newest) == 4


def test_one_file_edited_over_and_over_does_not_hide_another(ledger):
    for name in ["old.py", *["busy.py"] * 60]:
        ledger.acts("a", file(name))
    (work,) = ledger.acts("b", on(TREE, DESTROYS)).work
    assert work.files == 2


# ── both sides ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_earlier_side_is_left_a_notice_in_the_same_step(ledger):
    mine = ledger.acts("a", file("a.py")).added[0]
    theirs = ledger.acts("b", file("a.py")).added[0]
    (notice,) = ledger.store.notices("a", None)
    assert notice.later == (theirs,)
    assert (notice.earlier[0].action, notice.earlier[0].key, notice.earlier[0].effect) == (
        mine,
        mine.touches[0].key,
        EDITS,
    )
    assert {one.action for one in notice.earlier} == {mine}
    assert ledger.store.notices("b", None) == []


def test_a_notice_is_given_until_it_is_taken(ledger):
    ledger.acts("a", file("a.py"))
    for actor in "bc":
        ledger.acts(actor, file("a.py"))
    notices = ledger.store.notices("a", None)
    assert [one.later[0].actor for one in notices] == ["b", "c"]
    ledger.store.take("a", notices[:1])
    ledger.store.take("a", [])
    assert [one.later[0].actor for one in ledger.store.notices("a", None)] == ["c"]
    assert [one.later[0].actor for one in ledger.store.notices("b", None)] == ["c"]


def test_a_sub_agents_notices_can_be_asked_for_alone(ledger):
    ledger.acts("a", file("a.py"), agent="s")
    ledger.acts("a", file("b.py"))
    ledger.acts("b", file("a.py"), file("b.py"))
    assert {one.agent for one in ledger.store.notices("a", None)} == {None, "s"}
    assert [one.agent for one in ledger.store.notices("a", "s")] == ["s"]


def test_the_newest_notices_are_given_oldest_first(ledger):
    ledger.acts("a", file("a.py"))
    for number in range(7):
        ledger.acts(f"b{number}", file("a.py"))
    assert [one.later[0].actor for one in ledger.store.notices("a", None, limit=3)] == ["b4", "b5", "b6"]


def test_a_notice_about_what_failed_is_about_nothing(ledger):
    mine = ledger.acts("a", file("a.py")).added[0]
    theirs = ledger.acts("b", file("a.py")).added[0]
    ledger.store.outcome(mine.id, "failed")
    assert [one.earlier for one in ledger.store.notices("a", None)] == [()]
    ledger.store.outcome(theirs.id, "failed")
    assert [one.later for one in ledger.store.notices("a", None)] == [()]


def test_everybodys_meetings_can_be_read_from_a_place_in_the_record_on(ledger):
    ledger.acts("a", file("a.py"))
    first = ledger.acts("b", file("a.py")).added[0]
    second = ledger.acts("c", file("a.py")).added[0]
    ledger.store.take("a", ledger.store.notices("a", None))
    ledger.store.outcome(second.id, "denied")
    found = [(one.seq, one.later[0].actor, {x.action.actor for x in one.earlier}) for one in ledger.store.met(0)]
    assert found == [(first.seq, "b", {"a"}), (second.seq, "c", {"a"}), (second.seq, "c", {"b"})]
    assert [one.seq for one in ledger.store.met(first.seq)] == [second.seq] * 2
    assert [one.seq for one in ledger.store.met(0, limit=2)] == [first.seq], "a request's are not parted"
    assert ledger.store.met(second.seq) == []


def test_what_was_met_is_kept_as_long_as_the_record(ledger):
    ledger.acts("a", file("a.py"))
    ledger.acts("b", file("a.py"))
    ledger.store.take("a", ledger.store.notices("a", None))
    for hours, left in ((72, 1), (24 * 40, 0)):
        ledger.machine.later(hours=hours)
        ledger.acts("b", file("elsewhere.py"))
        ledger.store.prune(older_than_ms=30 * 86_400_000, max_bytes=1 << 40)
        assert len(ledger.store.met(0)) == left


def test_what_succeeded_is_still_the_subject_of_a_notice(ledger):
    mine = ledger.acts("a", file("a.py")).added[0]
    ledger.store.outcome(mine.id, "done")
    ledger.acts("b", file("a.py"))
    assert {one.action for one in ledger.store.notices("a", None)[0].earlier} == {mine}


def test_the_owner_of_an_open_intent_is_handed_what_met_it(ledger):
    ledger.announces("a", "path:m1:/repo/src/**")
    ledger.acts("b", file("src/x.py"))
    look = ledger.acts("a", file("elsewhere.py"))
    assert [one.later[0].actor for one in look.met] == ["b"]
    ledger.store.take("a", ledger.store.notices("a", None))
    assert len(ledger.acts("a", file("elsewhere.py")).met) == 1, "being told of it is one thing, judging it another"
    ledger.store.end("a")
    assert ledger.acts("a", file("elsewhere.py")).met == ()


def test_what_was_told_is_remembered_by_session_and_agent(ledger):
    ledger.acts("a", file("a.py"))
    row = Told("a", "path:m1:/repo/a.py", "edit", 1, START)
    ledger.store.tell("b", None, [row])
    ledger.store.tell("b", "sub", [row._replace(step="commit")])
    ledger.store.tell("b", None, [row._replace(ts=START + 5)])
    assert ledger.acts("b", file("a.py")).told == (row._replace(ts=START + 5),)
    assert [one.step for one in ledger.acts("b", file("a.py"), agent="sub").told] == ["commit"]
    assert ledger.acts("c", file("a.py")).told == ()
    ledger.store.tell("b", None, [])


# ── once ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_request_delivered_twice_is_recorded_once_and_finds_the_same(ledger):
    """Design 4: shim, fallback and plugin may all deliver the same event."""
    ledger.acts("a", file("a.py"))
    first = ledger.acts("b", file("a.py"), key="claude-code/b/1/pre")
    ledger.acts("a", file("a.py"))
    ledger.acts("c", file("a.py"))
    again = ledger.acts("b", file("a.py"), key="claude-code/b/1/pre")
    assert (first.duplicate, again.duplicate) == (False, True)
    assert again.added == first.added
    assert found(again) == found(first) == {("a", 1)}
    assert {one.seq for one in again.present} == {one.seq for one in first.present}
    assert ledger.store.last_seq() == 4
    assert len(ledger.store.notices("a", None)) == 2, "b's one request and c's"


def test_another_key_is_another_request(ledger):
    assert ledger.acts("a", file("a.py"), key="1").added[0].seq == 1
    assert ledger.acts("a", file("a.py"), key="2").added[0].seq == 2


def test_a_request_that_adds_nothing_is_delivered_once_too(ledger):
    ledger.store.append([], Question([]), key="k")
    assert ledger.store.append([], Question([]), key="k").duplicate


# ── who is here ───────────────────────────────────────────────────────────────────────────────────────────────────


def flag(actor, value, **about):
    return {"kind": "config-flag", "target": "tunnel.enabled", "value": value, **about}


def test_present_are_the_listed_actions_of_others_in_the_window(ledger):
    """O3: a different or unknown actor, no older than the window."""
    ledger.announces("a", f"area:{SPACE}#old")
    ledger.machine.later(minutes=11)
    ledger.announces("a", f"area:{SPACE}#x")
    ledger.acts("c", file("quiet.py"))
    ledger.announces(None, f"area:{SPACE}#y")
    ledger.announces("b", f"area:{SPACE}#mine")
    ledger.announces("d", f"area:{SPACE}#elsewhere", space="repo:other")
    look = ledger.announces("b", f"area:{SPACE}#z")
    assert [(one.actor, one.touches[0].key) for one in look.present] == [
        (None, f"area:{SPACE}#y"),
        ("a", f"area:{SPACE}#x"),
    ]


def test_the_newest_of_each_session_comes_first_and_twenty_are_the_most(ledger):
    ledger.announces("quiet", f"area:{SPACE}#q")
    for number in range(40):
        ledger.announces("chatty", f"area:{SPACE}#{number}")
    look = ledger.announces("b", f"area:{SPACE}#z")
    assert [one.actor for one in look.present[:3]] == ["chatty", "quiet", "chatty"]
    assert len(look.present) == PRESENT_MOST


def test_the_same_state_written_by_several_counts_once_the_newest(ledger):
    """O5: identical kind, target and value are the same write; O4: intents never."""
    for actor in "abc":
        ledger.acts(actor, on("config:home#tunnel.enabled", EDITS, False), **flag(actor, False))
    ledger.acts("a", on("config:home#tunnel.enabled", EDITS, True), **flag("a", True))
    for actor in "ab":
        ledger.announces(actor, f"area:{SPACE}#x", reason="same")
    look = ledger.announces("me", f"area:{SPACE}#z")
    assert sorted((one.kind, one.value, one.actor) for one in look.present if one.kind == "config-flag") == [
        ("config-flag", False, "c"),
        ("config-flag", True, "a"),
    ]
    assert sum(one.kind == "intent" for one in look.present) == 2


def test_who_is_alive_on_a_machine_is_found_by_last_seen(ledger):
    def lives(actor, machine, **about):
        ledger.acts(actor, file(f"{actor}.py"), me=Session(actor, machine=machine), **about)

    lives("a", "m1")
    ledger.machine.later(hours=3)
    lives("b", "m1")
    lives("c", "m2")
    lives("d", "m1")
    newest = ledger.acts("d", file("d2.py"), me=Session("d", machine="m1")).added[0]
    lives("e", "m1")
    ledger.store.end("e")
    look = ledger.store.append([], Question([], machine="m1"), dry=True)
    assert [(one.action.actor, one.last_seen is not None) for one in look.alive] == [("d", True), ("b", True)]
    assert look.alive[0].action == newest


# ── sessions ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_session_is_seen_at_most_once_a_minute(ledger):
    me = Session("a", host="codex", cwd="/repo")
    ledger.store.see(me)
    first = ledger.store.sessions()[0]
    assert (first.first_seen, first.last_seen) == (START, START)
    ledger.machine.later(seconds=59)
    ledger.store.see(me)
    assert ledger.store.sessions()[0].last_seen == START
    ledger.machine.later(seconds=1)
    ledger.store.see(me)
    seen = ledger.store.sessions()[0]
    assert (seen.first_seen, seen.last_seen, seen.host, seen.cwd) == (START, START + 60_000, "codex", "/repo")


def test_a_session_that_moves_is_seen_at_once(ledger):
    ledger.store.see(Session("a", cwd="/repo", tree="/repo"))
    ledger.machine.later(seconds=5)
    ledger.acts("a", file("a.py"), me=Session("a", cwd="/wt", tree="/wt"))
    seen = ledger.store.sessions()[0]
    assert (seen.cwd, seen.tree) == ("/wt", "/wt")


def test_what_a_session_does_not_say_again_stays_known(ledger):
    ledger.store.see(Session("a", host="codex", branch="main", space=SPACE, machine="m1", pid=7))
    ledger.machine.later(minutes=2)
    ledger.store.see(Session("a"))
    seen = ledger.store.sessions(space=SPACE)[0]
    assert (seen.host, seen.branch, seen.machine, seen.pid) == ("codex", "main", "m1", 7)


def test_an_ended_session_that_acts_again_is_back(ledger):
    ledger.store.see(Session("a"))
    ledger.store.end("a")
    assert ledger.store.sessions()[0].ended == START
    ledger.machine.later(seconds=1)
    ledger.store.see(Session("a"))
    assert ledger.store.sessions()[0].ended is None


def test_who_hears_from_a_sub_agent_hears_from_its_session(ledger):
    ledger.acts("a", file("a.py"))
    ledger.machine.later(minutes=30)
    ledger.acts("a", file("b.py"), agent="s")
    assert {(one.actor, one.agent, one.last_seen) for one in ledger.store.sessions()} == {
        ("a", None, ledger.store.now()),
        ("a", "s", ledger.store.now()),
    }


def test_sessions_come_most_recently_seen_first_and_by_space(ledger):
    for name, space in (("a", "one"), ("b", "two"), ("c", "one")):
        ledger.store.see(Session(name, space=space))
        ledger.machine.later(seconds=1)
    assert [one.actor for one in ledger.store.sessions()] == ["c", "b", "a"]
    assert [one.actor for one in ledger.store.sessions(space="one")] == ["c", "a"]


# ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_recent_lists_the_newest_first_within_space_time_and_number(ledger):
    """O9, O11."""
    ledger.announces("a", f"area:{SPACE}#1")
    ledger.acts("a", file("quiet.py"))
    ledger.announces("a", "area:other#2", space="other")
    ledger.announces(None, f"area:{SPACE}#3")

    def seqs(**about):
        return [one.seq for one in ledger.store.recent(**{"space": SPACE, "limit": 10, "since": 0, **about})]

    assert seqs() == [4, 1]
    assert seqs(space=None) == [4, 3, 1]
    assert seqs(quiet=True) == [4, 2, 1]
    assert seqs(quiet=True, space=None) == [4, 3, 2, 1]
    assert seqs(limit=1) == [4]
    assert seqs(since=START + 2000) == [4]
    assert seqs(since=START + 2000, space=None, quiet=True) == [4, 3, 2]
    assert seqs(since=START + 10**9) == []


def test_following_the_record_skips_nothing(ledger):
    for number in range(25):
        ledger.acts(f"s{number % 3}", file(f"{number}.py"))
    read, after = [], 0
    while page := ledger.store.follow(after, 10):
        read += [one.seq for one in page]
        after = page[-1].seq
    assert read == list(range(1, 26))
    assert ledger.store.follow(25) == []


def test_history_is_all_that_touched_a_key_or_lies_in_it(ledger):
    for name in ("src/a.py", "src/ab.py", "100%_\\.py", "src/a.py", "docs/x.md"):
        ledger.acts("a", file(name))
    assert [one.seq for one in ledger.store.history("path:m1:/repo/src/a.py")] == [4, 1]
    assert [one.seq for one in ledger.store.history("path:m1:/repo/src")] == [4, 2, 1]
    assert [one.seq for one in ledger.store.history("path:m1:/repo/100%_\\.py")] == [3]
    assert [one.seq for one in ledger.store.history("path:m1:/repo", limit=2)] == [5, 4]
    assert ledger.store.history("path:m1:/elsewhere") == []


def test_intents_are_listed_by_space_and_actor(ledger):
    for actor, space in (("a", "one"), ("b", "one"), ("a", "two")):
        ledger.announces(actor, f"area:{space}#x", space=space)
    ledger.acts("a", file("a.py"))
    assert [one.seq for one, _ in ledger.store.intents()] == [3, 2, 1]
    assert [one.seq for one, _ in ledger.store.intents(space="one")] == [2, 1]
    assert [one.seq for one, _ in ledger.store.intents(actor="a")] == [3, 1]


def test_a_thing_that_is_no_id_is_not_found(ledger):
    ledger.acts("a", file("a.py"))
    for text in ("", "edit-x-2", "edit-y-1", "1", "-1", "edit-x-99999999999999999999999999", "edit-x-\u0661", "%"):
        assert ledger.store.find(text) is None
    assert ledger.store.state_of(["", "nonsense"]) == ledger.store.ended_at(["", "nonsense"]) == {}


def test_the_export_is_the_whole_record_as_plain_data(ledger):
    for number in range(3):
        ledger.acts("a", file(f"{number}.py"), value={"n": number})
    exported = list(ledger.store.export())
    assert [one["seq"] for one in exported] == [1, 2, 3]
    assert json.loads(json.dumps(exported[2]))["touches"] == [["path:m1:/repo/2.py", EDITS, None, TREE]]


# ── forgetting and pruning ────────────────────────────────────────────────────────────────────────────────────────


def test_a_forgotten_session_leaves_no_trace(ledger):
    for actor in "ab":
        ledger.announces(actor, f"area:{SPACE}#x")
        ledger.acts(actor, file("a.py"), on(CONFIG))
        ledger.store.tell(actor, None, [Told("ab".replace(actor, ""), "k", "edit", 1, START)])
    assert ledger.store.forget(actor="a") == 2
    assert actors(ledger.acts("c", file("a.py"), on(CONFIG))) == {"b"}
    assert ledger.store.recent(space=None, limit=99, since=0, quiet=True)[-1].actor == "b"
    assert "a" not in {one.actor for one in ledger.store.sessions()}
    assert ledger.store.notices("a", None) == []
    assert all("a" not in {x.action.actor for x in one.earlier} for one in ledger.store.notices("b", None))
    assert ledger.store.forget(actor="nobody") == 0
    assert ledger.store.forget() == 0


def test_forgetting_a_space_brings_back_what_was_done_elsewhere_before(ledger):
    ledger.acts("a", on("port:m1:3000", USES), space="one")
    ledger.acts("a", on("port:m1:3000", USES), space="two")
    assert ledger.store.forget(space="two") == 1
    assert found(ledger.acts("b", on("port:m1:3000", DESTROYS))) == {("a", 1)}


def test_forgetting_what_is_older_keeps_what_is_newer(ledger):
    for _ in range(3):
        ledger.acts("a", file("a.py"))
    assert ledger.store.forget(before=START + 3000) == 2
    assert [one.seq for one in ledger.store.follow(0)] == [3]
    assert found(ledger.acts("b", file("a.py"))) == {("a", 3)}


def test_a_number_is_never_given_twice_even_when_the_newest_is_forgotten(ledger):
    ledger.acts("a", file("a.py"))
    ledger.acts("b", file("b.py"))
    before = ledger.store.now()
    ledger.store.forget(actor="b")
    ledger.store.forget(actor="a")
    ledger.reopen()
    assert ledger.store.last_seq() == 0
    assert ledger.store.now() == before, "and time does not run backwards"
    assert ledger.acts("c", file("c.py")).added[0].seq == 3


def test_pruning_takes_the_oldest_a_batch_at_a_time(ledger):
    for number in range(10):
        ledger.acts("a", file(f"{number}.py"))
    ledger.machine.later(hours=2)
    ledger.acts("a", file("new.py"))

    def prune():
        return ledger.store.prune(older_than_ms=3_600_000, max_bytes=1 << 40, batch=4)

    assert [prune() for _ in range(4)] == [4, 4, 2, 0]
    assert [one.seq for one in ledger.store.follow(0)] == [11]
    assert ledger.looks("b", file("3.py")).before == ()
    assert actors(ledger.looks("b", file("new.py"))) == {"a"}


def test_rebuilding_changes_nothing(ledger):
    ledger.acts("a", file("src/a.py"), on(CONFIG))
    ledger.acts("a", file("src/a.py"))
    gone = ledger.acts("a", file("src/gone.py")).added[0]
    ledger.store.outcome(gone.id, "failed")
    ledger.announces("a", "path:m1:/repo/src/**")
    ledger.store.close(ledger.announces("a", "path:m1:/repo/src/**").added[0].id)

    def looks():
        verbs = (on(TREE, DESTROYS), file("src", DESTROYS), on(CONFIG), file("src/gone.py"))
        return [
            (sorted((one.key, one.role, one.effect, one.action.seq) for one in look.before), look.work)
            for verb in verbs
            for look in [ledger.looks("b", verb)]
        ]

    before = looks()
    ledger.store.rebuild()
    assert looks() == before


# ── the clock ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("jump", [-86_400_000, 86_400_000, -1, -START], ids=["a day back", "a day on", "1 ms", "1970"])
def test_setting_the_wall_clock_changes_nothing(ledger, jump):
    """The table of faults: "0m ago" for hours, live entries pruned."""
    first = ledger.announces("a", f"area:{SPACE}#x").added[0]
    ledger.machine.wall += jump
    ledger.reopen()
    ledger.machine.later(minutes=5)
    look = ledger.announces("b", f"area:{SPACE}#x")
    assert look.now - first.ts == 301_000
    assert [one.actor for one in look.present] == ["a"]
    assert look.added[0].ts == look.now
    assert ledger.store.prune(older_than_ms=3_600_000, max_bytes=1 << 40) == 0


def test_after_a_reboot_time_goes_on_from_the_wall_clock(embedded):
    ledger = embedded
    first = ledger.acts("a", file("a.py")).added[0]
    ledger.machine.reboot(wall=first.ts + 7_000)
    ledger.reopen()
    assert ledger.store.now() == first.ts + 7_000
    second = ledger.acts("a", file("a.py")).added[0]
    assert second.ts == first.ts + 8_000
    ledger.machine.wall -= 10**9
    assert ledger.store.now() == second.ts


def test_after_a_reboot_with_the_clock_set_back_time_does_not_run_backwards(ledger):
    first = ledger.acts("a", file("a.py")).added[0]
    ledger.machine.reboot(wall=0)
    ledger.reopen()
    second = ledger.acts("b", file("a.py"), later_ms=0).added[0]
    assert second.ts == first.ts
    ledger.machine.later(minutes=3)
    assert ledger.store.now() == first.ts + 180_000
    ledger.machine.reboot(wall=first.ts)
    assert ledger.acts("a", file("a.py"), later_ms=0).added[0].ts >= second.ts


def test_last_seen_keeps_time_from_running_backwards_too(ledger):
    ledger.acts("a", file("a.py"))
    ledger.machine.later(hours=1)
    ledger.store.see(Session("a"))
    seen = ledger.store.sessions()[0].last_seen
    ledger.machine.reboot(wall=0)
    assert ledger.store.now() >= seen


# ── what is delivered late ────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_delivered_late_has_the_time_at_which_it_happened(ledger):
    """Design 7: `ts` is the store's now minus the elapsed time; the place in the record is that of its arrival."""
    ledger.acts("a", file("a.py"))
    late = ledger.acts("b", file("b.py"), ago_ms=600_000).added[0]
    ledger.reopen()
    assert ledger.store.find(late.id) == late
    assert (late.seq, late.ts, late.late) == (2, ledger.store.now() - 600_000, True)
    assert not ledger.acts("b", file("b.py")).added[0].late
    assert ledger.acts("c", file("c.py"), ago_ms=-5000).added[0].ts == ledger.store.now(), "never in the future"


def test_late_or_not_it_is_found_and_its_victims_are_told(ledger):
    ledger.acts("a", file("a.py"))
    look = ledger.acts("b", file("a.py"), ago_ms=60_000)
    assert actors(look) == {"a"}
    assert [one.seq for one in ledger.store.notices("a", None)] == [2]
    assert actors(ledger.acts("c", file("a.py"))) == {"a", "b"}


def test_an_intent_that_is_delivered_late_is_over_when_it_would_have_been(ledger):
    late = ledger.announces("a", "path:m1:/repo/a.py", ttl_ms=60_000, ago_ms=59_000).added[0]
    assert late.expires == ledger.store.now() + 1000


def test_a_late_delivery_hides_nothing_of_what_is_recent(ledger):
    for name in "xyz":
        ledger.acts("a", file(f"{name}.py"))
    ledger.acts("b", file("b.py"), ago_ms=7_200_000)
    since = START + 1
    for space in (SPACE, None):
        assert [one.seq for one in ledger.store.recent(space=space, limit=9, since=since, quiet=True)] == [3, 2, 1]
        assert [one.seq for one in ledger.store.recent(space=space, limit=2, since=since, quiet=True)] == [3, 2]
        assert [one.seq for one in ledger.store.recent(space=space, limit=9, since=0, quiet=True)] == [4, 3, 2, 1]


def test_a_late_delivery_does_not_say_that_its_session_is_there(ledger):
    ledger.store.see(Session("a", cwd="/new"))
    seen = ledger.store.sessions()[0].last_seen
    ledger.acts("a", file("a.py"), me=Session("a", cwd="/old"), ago_ms=1_800_000, later_ms=300_000)
    ledger.acts("b", file("b.py"), me=Session("b"), ago_ms=60_000)
    known = {one.actor: one for one in ledger.store.sessions()}
    assert (known["a"].last_seen, known["a"].cwd) == (seen, "/new")
    assert known["b"].last_seen == ledger.store.now() - 60_000


def test_after_a_late_delivery_and_a_reboot_time_does_not_run_backwards(ledger):
    ledger.acts("a", file("a.py"))
    ledger.acts("a", file("b.py"), ago_ms=3_600_000)
    before = ledger.store.now()
    ledger.machine.reboot(wall=0)
    ledger.reopen()
    assert ledger.store.now() >= before


# ── documents ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_document_is_written_by_whoever_read_its_newest_version(ledger):
    """O19: one writer at a time per commitment, with a version."""
    store = ledger.store
    assert store.put_document("c", "CMT-1", {"x": 1}, version=0)
    assert not store.put_document("c", "CMT-1", {"x": 2}, version=0)
    assert store.put_document("c", "CMT-1", {"x": 2}, version=1)
    assert not store.put_document("c", "CMT-1", {"x": 3}, version=1)
    one = store.document("c", "CMT-1")
    assert one is not None
    assert (one.version, one.body) == (2, {"x": 2})
    assert store.document("c", "CMT-2") is None


def test_documents_are_listed_last_added_first_by_collection(ledger):
    for number in range(3):
        assert ledger.store.put_document("c", f"CMT-{ledger.store.next_number('c')}", {"n": number}, version=0)
    ledger.store.put_document("other", "x", {}, version=0)
    assert [one.name for one in ledger.store.documents("c")] == ["CMT-3", "CMT-2", "CMT-1"]
    assert [one.name for one in ledger.store.documents("c", limit=1)] == ["CMT-3"]
    assert ledger.store.next_number("other") == 1


def test_old_documents_are_dropped(ledger):
    ledger.store.put_document("c", "old", {}, version=0)
    ledger.machine.later(hours=2)
    ledger.store.put_document("c", "new", {}, version=0)
    assert ledger.store.drop_documents("c", older_than_ms=3_600_000) == 1
    assert [one.name for one in ledger.store.documents("c")] == ["new"]


# ── at once ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_threads_share_one_store(ledger):
    start = threading.Barrier(8)
    looks: dict[str, list] = {f"t{number}": [] for number in range(8)}

    def act(name):
        start.wait()
        for _ in range(25):
            looks[name].append(ledger.store.append(*_request(name), me=Session(name)))

    threads = [threading.Thread(target=act, args=(name,)) for name in looks]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    seqs = [look.added[0].seq for each in looks.values() for look in each]
    assert sorted(seqs) == list(range(1, 201))
    newest: dict[str | None, int] = {}
    for look in sorted((look for each in looks.values() for look in each), key=lambda look: look.added[0].seq):
        mine = look.added[0].actor
        expected = {(actor, seq) for actor, seq in newest.items() if actor != mine}
        assert {one for one in found(look) if one[0] != mine} == expected
        newest[mine] = look.added[0].seq


def _request(name):
    from tests.stores.engines import entry

    touch = file("shared.py")
    return [entry(name, touch)], question([touch])


def test_a_thousand_keys_can_be_asked_for_at_once(ledger):
    ledger.acts("a", file("a.py"))
    probes = [Probe(f"path:m1:/repo/{number}.py", "work") for number in range(1000)] + [
        Probe("path:m1:/repo/a.py", "work")
    ]
    assert actors(ledger.store.append([], Question(probes), me=Session("b"), dry=True)) == {"a"}


def test_disposing_twice_is_no_harm(ledger):
    ledger.store.dispose()
    ledger.store.dispose()
    assert ledger.store.check() == []
