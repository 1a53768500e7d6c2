"""What Sidelight itself costs, and what came of its warnings."""

import json

import pytest

from sidelight import cost
from sidelight.hosts import costs
from tests.stories import Story
from tests.terminals import Terminal, repository


@pytest.fixture
def story(tmp_path):
    one = Story(tmp_path)
    yield one
    one.close()


def entry(session="b", ms=10.0, size=0, ts=1_000, host="codex", **more):
    return {"ts": ts, "host": host, "session": session, "what": "before", "ms": ms, "bytes": size, **more}


def warned(receipt):
    assert receipt.severity
    return entry(severity=receipt.severity, action=receipt.id)


def collision(story):
    """Session a edits, b resets the tree: what was noted of the warning, and b."""
    a, b = story.session("a"), story.session("b")
    a.edits("/repo/x.py")
    return warned(b.runs("git reset --hard")), b


def test_what_a_day_cost_is_the_tokens_said_and_the_middle_time(tmp_path):
    (tmp_path / "logs").mkdir()
    lines = [
        {"ts": ts, "bytes": size, "ms": ms} for ts, size, ms in ((1, 99, 99), (5, 9, 3.0), (6, 0, 8.0), (7, 4, 5.0))
    ]
    (tmp_path / "logs" / costs.FILE).write_text("".join(json.dumps(one) + "\n" for one in lines))
    assert costs.spent(str(tmp_path), 5) == (4, 5.0)
    assert costs.spent(str(tmp_path), 9) is None


def test_calls_time_and_tokens_add_up_for_a_session_and_host(story):
    noted = [entry(ms=10, size=5), entry(ms=30, size=0), entry(ms=20, size=8), entry("a", host="claude-code", ms=1)]
    dear, cheap = cost.costs(noted, story.store)
    assert dear == cost.Cost("codex", "b", 3, 60.0, 20.0, 4, 0, 0)
    assert (cheap.host, cheap.session, cheap.tokens) == ("claude-code", "a", 0)


def test_only_the_time_and_the_session_that_were_asked_for_count(story):
    noted = [entry(ts=1), entry(ts=2), entry("a", ts=3)]
    assert [(one.session, one.calls) for one in cost.costs(noted, story.store, since=2)] == [("a", 1), ("b", 1)]
    assert [one.session for one in cost.costs(noted, story.store, session="a")] == ["a"]


def test_a_warning_is_heeded_if_the_call_was_denied(story):
    noted, _ = collision(story)
    assert cost.costs([noted], story.store)[0].heeded == 0
    story.store.outcome(noted["action"], "denied")
    assert cost.costs([noted], story.store)[0].heeded == 1


def test_a_call_that_ran_and_failed_heeded_nothing(story):
    noted, _ = collision(story)
    story.store.outcome(noted["action"], "failed")
    found = cost.costs([noted], story.store)[0]
    assert (found.heeded, found.as_json()["unknown"]) == (0, 1)


@pytest.mark.parametrize(("minutes", "heeded"), [(1, 1), (6, 0)])
def test_a_warning_is_heeded_if_the_session_acts_again_on_that_target_within_five_minutes(story, minutes, heeded):
    noted, b = collision(story)
    story.later(minutes=minutes)
    b.runs("git stash list; git reset --soft HEAD~1")
    found = cost.costs([noted], story.store)[0]
    assert (found.warnings, found.heeded, found.as_json()["unknown"]) == (1, heeded, 1 - heeded)


def test_what_others_do_to_the_target_heeds_nothing(story):
    noted, _ = collision(story)
    story.session("c").runs("git reset --hard HEAD~1")
    assert cost.costs([noted], story.store)[0].heeded == 0


def test_lines_that_are_odd_cost_nothing_and_break_nothing(story):
    odd = [{}, {"ts": "x", "ms": None, "bytes": True, "host": 3}, entry(severity="conflict", action="gone")]
    assert sum(one.warnings for one in cost.costs(odd, story.store)) == 1


def test_the_terminal_shows_what_was_noted_and_the_rule(tmp_path):
    here = Terminal(tmp_path / "me", repository(tmp_path / "repo"))
    assert "no hook has run" in here.run("cost").stdout
    logs = here.home / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    (logs / "hooks.jsonl").write_text(
        json.dumps(entry("5f0c1d2e-1111-4222-8333-444455554f2a", ms=9.5, size=400, severity="overlap", action="x"))
    )
    shown = here.run("cost").stdout
    assert "session …4f2a (codex): 100 tokens; 1 hook call, 9.5 ms each" in shown
    assert "1 warning: 0 heeded, 1 unknown" in shown
    assert cost.RULE in shown
    body = here.json("cost", "--since", "7d")
    assert body == {"sessions": [], "rule": cost.RULE}
    assert here.json("cost")["sessions"][0]["tokens"] == 100
