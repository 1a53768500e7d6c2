"""What people are shown: lanes, marks, where sessions met, and the strip. On a real store."""

import pytest

from sidelight import picture
from sidelight.overview import Overview
from sidelight.overview.day import DAY_MS, MEETINGS_MOST, Day, seq_at
from sidelight.overview.drawing import mark, short_names
from sidelight.overview.looking import BUCKET_MS
from sidelight.overview.meetings import CAME_BACK, NOT_RUN, UNKNOWN, came_of, is_near_miss
from tests.stories import Story


@pytest.fixture
def story(tmp_path):
    one = Story(tmp_path)
    yield one
    one.close()


def overview(story):
    return Overview(story.session("onlooker").ledger)


def test_sessions_are_lanes_and_their_actions_marks_on_them(story):
    alpha, beta = story.session("alpha"), story.session("beta", cwd="/elsewhere")
    alpha.announces("calm the alarms", area="monitoring")
    alpha.edits("/repo/src/a.py")
    beta.runs("git push --force origin main")
    view = overview(story).look()
    assert {(one.name, one.alive) for one in view.lanes} == {("alpha", "live"), ("beta", "live")}
    assert [(one.shape, one.says) for one in view.marks] == [
        ("intent", 'announced "calm the alarms"'),
        ("edit", "edited src/a.py"),
        ("destroy", "`git push --force origin main`"),
    ]
    assert view.marks[0].resources[-1] == "monitoring"
    assert (view.live, view.open_intents, view.states, view.ends) == (2, 1, {1: "open"}, {})


def test_an_intent_ends_when_it_is_finished_or_when_its_time_is_over(story):
    alpha = story.session("alpha")
    finished = alpha.announces("calm the alarms").actions[0]
    timed = alpha.announces("only for a minute", ttl_ms=60_000).actions[0]
    story.later(seconds=30)
    alpha.ledger.finish(finished.id)
    story.later(minutes=5)
    view = overview(story).look()
    assert view.states == {1: "finished", 2: "expired"}
    assert view.ends == {1: finished.ts + 31_000, 2: timed.expires}


def test_an_intent_from_before_the_window_stands_for_as_long_as_it_was_not_over(story):
    alpha = story.session("alpha")
    first = alpha.announces("calm the alarms")
    story.later(minutes=30)
    alpha.announces("and then the logs")
    story.later(minutes=30)
    eyes = overview(story)

    def standing(**window):
        return [one.action.reason for one in eyes.look(**window).standing]

    assert standing(window_ms=60_000) == ["and then the logs", "calm the alarms"]
    alpha.ledger.finish(first.id)
    story.later(minutes=5)
    assert standing(window_ms=60_000) == ["and then the logs"]
    assert standing(window_ms=20 * 60_000) == ["and then the logs", "calm the alarms"]
    assert standing(window_ms=60 * 60_000) == ["calm the alarms"]
    assert standing(window_ms=2 * 60 * 60_000) == []


def test_a_meeting_says_what_the_later_did_to_the_earlier_and_how_to_recover(story):
    alpha, beta = story.session("alpha"), story.session("beta")
    alpha.announces("calm the alarms")
    alpha.edits("/repo/src/a.py")
    beta.runs("git reset --hard")
    (met,) = [one for one in overview(story).look().meetings if one.severity == "conflict"]
    assert (met.later.actor, met.earlier.actor) == ("beta", "alpha")
    assert met.told_later().startswith("Your `git reset --hard` discards")
    assert met.told_earlier(story.now).startswith("Sidelight notice: session beta")
    body = picture.view(overview(story).look())
    (shown,) = [one for one in body["meetings"] if one["severity"] == "conflict"]
    assert shown["earlier"]["announced"] == "calm the alarms"
    assert shown["recovery"]["commands"][0].startswith("sidelight undo-hint tree-reset-")


def test_the_same_file_in_another_worktree_is_shown_and_no_meeting(story):
    for name, tree in (("alpha", "/repo"), ("beta", "/repo-wt")):
        story.session(name, cwd=tree, trees=["/repo", "/repo-wt"]).edits(f"{tree}/src/a.py")
    view = overview(story).look()
    assert view.meetings == ()
    (found,) = view.elsewhere
    assert (found.file, [one.action.actor for one in found.edits]) == ("src/a.py", ["beta", "alpha"])


def test_looking_again_behind_a_place_gives_each_mark_and_meeting_once(story):
    alpha, beta = story.session("alpha"), story.session("beta")
    eyes = overview(story)
    marks, meetings, after = [], [], 0
    for number in range(4):
        alpha.edits(f"/repo/{number}.py")
        beta.edits(f"/repo/{number}.py")
        view = eyes.look(after=after)
        marks += [one.action.seq for one in view.marks]
        meetings += [one.seq for one in view.meetings]
        after = view.seq
    assert marks == list(range(1, 9))
    assert meetings == [2, 4, 6, 8]
    assert [one.seq for one in overview(story).look().meetings] == meetings


def test_reading_a_day_from_its_end_finds_the_same_meetings_as_reading_on(story, monkeypatch):
    sessions = [story.session(name) for name in ("alpha", "beta", "gamma", "delta")]
    reading_on = Day(story.store)
    reading_on.read(story.now)
    for number in range(40):
        for one in sessions:
            one.edits(f"/repo/{number % 7}.py")
    whole = [(one.seq, one.earlier.seq, one.key) for one in reading_on.read(story.now)]
    assert len(whole) > 300
    for first_step, most in ((250, MEETINGS_MOST), (3, MEETINGS_MOST), (250, 30), (3, 30)):
        monkeypatch.setattr("sidelight.overview.day._FIRST_STEP", first_step)
        monkeypatch.setattr("sidelight.overview.day.MEETINGS_MOST", most)
        found = [(one.seq, one.earlier.seq, one.key) for one in Day(story.store).read(story.now)]
        assert found == whole[-most:]


def test_what_was_forgotten_is_shown_no_more(story):
    alpha, beta = story.session("alpha"), story.session("beta")
    alpha.edits("/repo/a.py")
    story.later(hours=1, minutes=30)
    beta.edits("/repo/a.py")
    eyes = overview(story)
    assert len(eyes.look().meetings) == 1
    story.store.forget(actor="alpha")
    view = eyes.look()
    assert (view.meetings, [one.action.actor for one in view.marks]) == ((), ["beta"])


def test_who_has_seen_the_rest_is_shown_what_came_since_without_reading_it_all_again(story, monkeypatch):
    alpha, beta, read = story.session("alpha"), story.session("beta"), []
    eyes, follow = overview(story), story.store.follow

    def counted(after, limit=500):
        read.append(limit)
        return follow(after, limit)

    monkeypatch.setattr(story.store, "follow", counted)

    def pages(**window):
        read.clear()
        view = eyes.look(**window)
        return view, [limit for limit in read if limit > 1]

    for number in range(30):
        alpha.edits(f"/repo/{number}.py")
        beta.edits(f"/elsewhere/{number}.py")
        story.later(minutes=1)
    seen, whole = pages()
    beta.edits("/repo/1.py")
    for window_ms in (3_600_000, 600_000, 60_000, 1_800_000, 3_600_000):
        again, since = pages(window_ms=window_ms, after=seen.seq)
        fresh = overview(story).look(window_ms=window_ms, after=seen.seq)
        assert again._replace(lanes=()) == fresh._replace(lanes=())
        assert [one.id for one in again.lanes] == [one.id for one in fresh.lanes]
        assert len(since) <= len(whole)
    assert [one.says for one in again.marks] == ["edited 1.py"]


def test_only_the_window_is_drawn_and_the_newest_of_too_much(story):
    alpha = story.session("alpha")
    for number in range(10):
        alpha.edits(f"/repo/{number}.py")
        story.later(minutes=10)
    last_half_hour = overview(story).look(window_ms=30 * 60_000 + 5000)
    assert [one.action.seq for one in last_half_hour.marks] == [8, 9, 10]
    cut = overview(story).look(window_ms=DAY_MS, most=4)
    assert ([one.action.seq for one in cut.marks], cut.cut) == ([7, 8, 9, 10], True)
    earlier = overview(story).look(window_ms=25 * 60_000, until=story.now - 60 * 60_000)
    assert [one.action.seq for one in earlier.marks] == [3, 4, 5]


def test_the_strip_counts_the_last_day_by_the_quarter_of_an_hour(story):
    alpha, beta = story.session("alpha"), story.session("beta")
    alpha.edits("/repo/old.py")
    story.later(hours=30)
    alpha.edits("/repo/a.py")
    story.later(minutes=20)
    eyes = overview(story)
    beta.edits("/repo/a.py")
    for _ in range(2):
        strip = eyes.look().strip
        assert len(strip) == 96
        assert sum(one.actions for one in strip) == 2
        assert [(one.actions, one.overlap) for one in strip if one.actions] == [(1, 0), (1, 1)]
        assert strip[-1].ts <= story.now < strip[-1].ts + BUCKET_MS


def test_a_place_in_time_is_found_in_the_record_with_gaps_in_it(story):
    alpha = story.session("alpha")
    times = []
    for number in range(20):
        alpha.edits(f"/repo/{number}.py")
        times.append(story.now)
    beta = story.session("beta")
    beta.edits("/repo/gap.py")
    story.store.forget(before=times[5])
    for place, ts in enumerate(times[5:], 6):
        assert seq_at(story.store, ts) == place
    assert seq_at(story.store, 0) == 6
    assert seq_at(story.store, story.now + 1) == 22


def test_a_session_that_is_over_is_not_drawn_as_live(story):
    alpha = story.session("alpha")
    alpha.announces("be gone soon")
    alpha.ledger.end("alpha")
    story.session("beta").edits("/repo/b.py")
    view = overview(story).look()
    assert [(one.name, one.alive) for one in view.lanes] == [("beta", "live"), ("alpha", "ended")]
    assert view.states[1] == "ended"


def test_sub_agents_stand_below_their_session(story):
    story.session("alpha", agent="reviewer").edits("/repo/a.py")
    story.session("beta").edits("/repo/b.py")
    story.session("alpha").edits("/repo/c.py")
    lanes = overview(story).look().lanes
    assert [(one.actor, one.agent) for one in lanes] == [("alpha", None), ("alpha", "reviewer"), ("beta", None)]


def test_actions_without_a_name_have_a_lane(story):
    story.session(None).sets("monitoring.enabled", False)
    (lane,) = overview(story).look().lanes
    assert (lane.name, lane.actor, lane.session) == ("unattributed", None, None)


def test_names_are_as_short_as_they_can_be_told_apart():
    assert short_names(["a" * 20 + "1", "a" * 20 + "2", "b" * 30]) == {
        "a" * 20 + "1": "…aaa1",
        "a" * 20 + "2": "…aaa2",
        "b" * 30: "…bbbb",
    }
    twins = ["x" * 20, "y" + "x" * 20]
    assert len(set(short_names(twins).values())) == 2


HOSTILE = '<img src=x onerror=alert(1)>\n\x1b[31m\u202e"`'


def test_foreign_text_is_one_escaped_line_wherever_it_is_worded(story):
    story.session(HOSTILE[:40]).announces(HOSTILE, area=HOSTILE)
    story.session("beta").announces(HOSTILE, area=HOSTILE)
    body = picture.view(overview(story).look())
    worded = [
        *(text for one in body["lanes"] for text in (one["name"], one["state"])),
        *(text for one in body["marks"] for text in (one["says"], *one["resources"])),
        *(
            text
            for one in body["meetings"]
            for text in (one["toldLater"], one["toldEarlier"], one["why"], one["resource"], one["later"]["says"])
        ),
    ]
    assert body["meetings"]
    for text in worded:
        assert not set(text) & set("\n\x1b\u202e<>"), text


def test_what_came_of_a_warning(story):
    alpha = story.session("alpha")
    warned = alpha.edits("/repo/a.py").actions[0]
    other = alpha.edits("/repo/b.py").actions[0]
    again = alpha.edits("/repo/a.py").actions[0]
    story.later(minutes=6)
    late = alpha.edits("/repo/a.py").actions[0]
    stranger = again._replace(actor="beta")
    assert came_of(warned, "denied", ()) == NOT_RUN
    assert came_of(warned, None, [warned, other, again]) == CAME_BACK
    assert came_of(warned, "done", [warned, other, late, stranger]) == UNKNOWN
    assert came_of(again, None, [warned]) == UNKNOWN


def test_a_near_miss_is_a_conflict_that_did_not_happen(story):
    alpha, beta = story.session("alpha"), story.session("beta")
    alpha.edits("/repo/a.py")
    reset = beta.runs("git reset --hard").actions[0]
    (met,) = [one for one in overview(story).look().meetings if one.severity == "conflict"]
    assert not is_near_miss(met, {})
    assert is_near_miss(met, {reset.id: "denied"})


def test_an_action_of_a_kind_that_only_a_newer_version_knows_is_drawn_all_the_same(story):
    action = story.session("alpha").edits("/repo/a.py").actions[0]._replace(kind="from-the-future")
    assert (mark(action).shape, mark(action).says) == ("change", "from-the-future")
