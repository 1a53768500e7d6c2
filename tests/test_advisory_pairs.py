"""Two effects on one resource: what the second actor is told. A table, from the policy's own table of resources."""

import pytest

from sidelight.actions import ADDS, COMMITS, DESTROYS, EDITS, PUSHES, REPLACES, STAGES, SWITCHES, USES
from tests.stories import Story, said

FILE, TREE = "path:m1:/repo/a.py", "tree:m1:/repo"


@pytest.fixture
def story(tmp_path):
    made = Story(tmp_path)
    yield made
    made.close()


#: (what it says, theirs, mine, severity or None)
PAIRS = [
    ("two edits of one file overlap", ("edit", FILE, EDITS), ("edit", FILE, EDITS), "overlap"),
    ("a whole write over an edit is a conflict", ("edit", FILE, EDITS), ("write", FILE, REPLACES), "conflict"),
    ("an edit after a whole write overlaps", ("write", FILE, REPLACES), ("edit", FILE, EDITS), "overlap"),
    ("deleting what another edits is a conflict", ("edit", FILE, EDITS), ("delete", FILE, DESTROYS), "conflict"),
    ("deleting the directory above is a conflict", ("edit", FILE, EDITS), ("delete", "path:m1:/repo", DESTROYS), "conflict"),
    ("a directory whose name only begins alike is nobody's", ("edit", FILE, EDITS), ("delete", "path:m1:/re", DESTROYS), None),
    ("another machine's file is another file", ("edit", FILE, EDITS), ("edit", "path:m2:/repo/a.py", EDITS), None),
    ("staging a file another has edited overlaps", ("edit", FILE, EDITS), ("stage", FILE, STAGES), "overlap"),
    ("rewriting a directory over an edit overlaps", ("edit", FILE, EDITS), ("rewrite", "path:m1:/repo", EDITS), "overlap"),
    ("a formatter's directory reaches a later edit", ("rewrite", "path:m1:/repo", EDITS, {"bulk": True}), ("edit", FILE, EDITS), "overlap"),
    ("a plain push after a plain push is silent", ("push", "ref:o/r#b", PUSHES), ("push", "ref:o/r#b", PUSHES), None),
    ("a force push over a push is a conflict", ("push", "ref:o/r#b", PUSHES), ("push-force", "ref:o/r#b", DESTROYS), "conflict"),
    ("a leased push over a push overlaps", ("push", "ref:o/r#b", PUSHES), ("push-lease", "ref:o/r#b", REPLACES), "overlap"),
    ("deleting the base of a pull request is a conflict", ("pr-open", "ref:o/r#b", USES), ("ref-delete", "ref:o/r#b", DESTROYS), "conflict"),
    ("another branch is another branch", ("push", "ref:o/r#b", PUSHES), ("push-force", "ref:o/r#b2", DESTROYS), None),
    ("a push onto a stash with a foreign entry overlaps", ("stash-push", "stash:m1:/g", ADDS), ("stash-push", "stash:m1:/g", ADDS), "overlap"),
    ("popping where a foreign entry lies is a conflict", ("stash-push", "stash:m1:/g", ADDS), ("stash-pop", "stash:m1:/g", DESTROYS), "conflict"),
    ("another repository's stash is another", ("stash-push", "stash:m1:/g", ADDS), ("stash-drop", "stash:m1:/h", DESTROYS), None),
    ("killing another's port is a conflict", ("server-start", "port:m1:3000", USES), ("process-kill", "port:m1:3000", DESTROYS), "conflict"),
    ("a server on another's port overlaps", ("server-start", "port:m1:3000", USES), ("server-start", "port:m1:3000", USES), "overlap"),
    ("another port is nobody's", ("server-start", "port:m1:3000", USES), ("process-kill", "port:m1:3001", DESTROYS), None),
    ("resetting a database another migrated is a conflict", ("db-migrate", "db:m1:5432/a", EDITS), ("db-reset", "db:m1:5432/a", DESTROYS), "conflict"),
    ("two migrations of one database overlap", ("db-migrate", "db:m1:5432/a", EDITS), ("db-migrate", "db:m1:5432/a", EDITS), "overlap"),
    ("another database is another", ("db-migrate", "db:m1:5432/a", EDITS), ("db-reset", "db:m1:5432/b", DESTROYS), None),
    ("a server drop reaches its databases", ("db-migrate", "db:m1:5432/a", EDITS), ("db-reset", "db:m1:5432", DESTROYS), "conflict"),
    ("two applies of one state conflict", ("infra-apply", "tfstate:o/r/x#d", REPLACES), ("infra-apply", "tfstate:o/r/x#d", REPLACES), "conflict"),
    ("another workspace is another state", ("infra-apply", "tfstate:o/r/x#d", REPLACES), ("infra-destroy", "tfstate:o/r/x#p", DESTROYS), None),
    ("two installs into one tree conflict", ("deps-install", "deps:m1:/r/n", REPLACES), ("deps-install", "deps:m1:/r/n", REPLACES), "conflict"),
    ("an install under a running server conflicts", ("server-start", "deps:m1:/r/n", USES), ("deps-install", "deps:m1:/r/n", DESTROYS), "conflict"),
    ("two publishes of one package conflict", ("package-publish", "package:npm:a", REPLACES), ("package-publish", "package:npm:a", REPLACES), "conflict"),
    ("switching a context another works through conflicts", ("context-use", "kubecontext:m1:/k", USES), ("context-switch", "kubecontext:m1:/k", SWITCHES), "conflict"),
    ("claiming a claimed issue conflicts", ("issue-claim", "issue:o/r#5", REPLACES), ("issue-claim", "issue:o/r#5", REPLACES), "conflict"),
    ("labelling a claimed issue overlaps", ("issue-claim", "issue:o/r#5", REPLACES), ("issue-note", "issue:o/r#5", ADDS), "overlap"),
    ("closing all issues reaches a claimed one", ("issue-claim", "issue:o/r#5", REPLACES), ("issue-close", "issue:o/r", DESTROYS), "conflict"),
    ("another issue is another", ("issue-claim", "issue:o/r#5", REPLACES), ("issue-close", "issue:o/r#55", DESTROYS), None),
    ("two sessions take one migration number", ("migration-new", "migration:o/r#0026", ADDS), ("migration-new", "migration:o/r#0026", ADDS), "overlap"),
    ("withdrawing what another changed is a conflict", ("commitment-change", "commitment:h#C-1", EDITS), ("commitment-withdraw", "commitment:h#C-1", DESTROYS), "conflict"),
    ("withdrawing what is withdrawn is double work", ("commitment-withdraw", "commitment:h#C-1", DESTROYS), ("commitment-withdraw", "commitment:h#C-1", DESTROYS), "overlap"),
    ("rotating a used secret is a conflict", ("run", "secret:o/r/K", USES), ("secret-rotate", "secret:o/r/K", DESTROYS), "conflict"),
    ("two changes of one workflow conflict", ("workflow-change", "workflow:o/r#ci", REPLACES), ("workflow-change", "workflow:o/r#ci", REPLACES), "conflict"),
]  # fmt: skip


def within(kind, key, effect, value=None):
    """A draft's parts; a file lies in the tree of the tests."""
    return (kind, (key, effect, value, TREE if key.startswith("path:m1:/repo") else None))


@pytest.mark.parametrize(("theirs", "mine", "severity"), [pair[1:] for pair in PAIRS], ids=[pair[0] for pair in PAIRS])
def test_what_the_second_actor_is_told(story, theirs, mine, severity):
    story.session("a").touches(*within(*theirs))
    receipt = story.session("b").touches(*within(*mine))
    assert said(receipt) == ([(severity, "a")] if severity else [])


@pytest.mark.parametrize(("theirs", "mine"), [pair[1:3] for pair in PAIRS], ids=[pair[0] for pair in PAIRS])
def test_nobody_is_told_about_itself(story, theirs, mine):
    session = story.session("a")
    session.touches(*within(*theirs))
    assert said(session.touches(*within(*mine))) == []


@pytest.mark.parametrize("kind", ["tree-reset", "tree-clean", "tree-restore", "tree-undo"])
def test_a_verb_on_the_whole_tree_concerns_everybody_with_uncommitted_work_there(story, kind):
    for name in ("a", "c"):
        story.session(name).edits(f"/repo/{name}.py")
    receipt = story.session("b").touches(kind, (TREE, DESTROYS))
    assert said(receipt) == [("conflict", "c"), ("conflict", "a")]
    assert receipt.advisory.findings[0].work.files == 1


def test_the_victim_of_a_reset_is_told_at_its_next_write_and_a_newcomer_is_not(story):
    a, b, c = (story.session(name) for name in "abc")
    a.edits("/repo/x.py")
    b.touches("tree-reset", (TREE, DESTROYS))
    assert said(c.edits("/repo/z.py")) == []
    assert said(a.edits("/repo/x.py")) == [("conflict", "b")]
    assert said(a.edits("/repo/x.py")) == []


def test_what_is_committed_and_pushed_is_settled(story):
    a, b = story.session("a"), story.session("b")
    a.edits("/repo/x.py")
    a.touches("commit", (TREE, COMMITS, {"takes": "all"}))
    a.touches("push", (TREE, PUSHES), ("ref:acme/app#main", PUSHES))
    assert said(b.touches("tree-reset", (TREE, DESTROYS))) == []
    assert said(b.writes("/repo/x.py")) == []


def test_a_switch_concerns_who_edits_there_and_then_their_commit(story):
    a, b = story.session("a"), story.session("b")
    a.edits("/repo/x.py")
    assert said(b.touches("tree-switch", (TREE, SWITCHES))) == [("conflict", "a")]
    assert said(a.touches("commit", (TREE, COMMITS, {"takes": "all"}), (TREE, STAGES))) == [("conflict", "b")]


def test_a_call_that_failed_did_not_happen(story):
    a, b = story.session("a"), story.session("b")
    first = a.edits("/repo/x.py")
    a.ledger.outcome(first.id, "failed")
    assert said(b.writes("/repo/x.py")) == []


def test_an_earlier_edit_counts_again_when_the_later_one_was_denied(story):
    a, b = story.session("a"), story.session("b")
    a.edits("/repo/x.py")
    second = a.edits("/repo/x.py")
    a.ledger.outcome(second.id, "denied")
    assert said(b.writes("/repo/x.py")) == [("conflict", "a")]


def test_an_overlap_is_not_repeated_within_ten_minutes_unless_the_other_acts_again(story):
    a, b = story.session("a"), story.session("b")
    a.edits("/repo/x.py")
    assert said(b.edits("/repo/x.py")) == [("overlap", "a")]
    assert said(b.edits("/repo/x.py")) == []
    a.edits("/repo/x.py")
    assert said(b.edits("/repo/x.py")) == [("overlap", "a")]
    story.later(minutes=11)
    assert said(b.edits("/repo/x.py")) == [("overlap", "a")]


def test_going_from_editing_to_committing_is_news_again(story):
    a, b = story.session("a"), story.session("b")
    a.edits("/repo/x.py")
    b.edits("/repo/x.py")
    assert said(b.touches("commit", ("path:m1:/repo/x.py", COMMITS, {"takes": "paths"}, TREE))) == [("overlap", "a")]


def test_a_conflict_on_a_destructive_step_is_repeated_every_time(story):
    a, b = story.session("a"), story.session("b")
    a.edits("/repo/x.py")
    for _ in range(3):
        assert said(b.touches("delete", ("path:m1:/repo/x.py", DESTROYS, None, TREE))) == [("conflict", "a")]


def test_actions_count_for_two_hours(story):
    story.session("a").edits("/repo/x.py")
    story.later(hours=3)
    assert said(story.session("b").writes("/repo/x.py")) == []


@pytest.mark.parametrize(("first", "second"), [(None, "b"), ("a", None)])
def test_an_unknown_actor_may_be_somebody_else(story, first, second):
    """O3"""
    story.session(first).edits("/repo/x.py")
    assert said(story.session(second).writes("/repo/x.py")) == [("conflict", first)]


def test_two_unknown_callers_are_at_most_present_to_each_other(story):
    """O3, design 5"""
    story.session(None).sets("monitoring.x", True)
    receipt = story.session(None).sets("monitoring.x", False)
    assert said(receipt) == []
    assert receipt.severity in (None, "present")


def test_a_family_is_one_party_except_for_what_wipes_a_whole_tree(story):
    child, sibling = story.session("p", agent="s1"), story.session("p", agent="s2")
    child.edits("/repo/x.py")
    assert said(sibling.edits("/repo/x.py")) == []
    assert said(sibling.touches("tree-reset", (TREE, DESTROYS))) == [("conflict", "p")]
    assert said(child.edits("/repo/x.py")) == [("conflict", "p")]


def test_towards_strangers_a_family_is_one_party(story):
    for agent in (None, "s1", "s2"):
        story.session("p", agent=agent).edits("/repo/x.py")
    assert said(story.session("x").edits("/repo/x.py")) == [("overlap", "p")]


def test_a_foreign_stash_entry_that_was_popped_is_the_others_uncommitted_work(story):
    trees = ["/repo", "/wt"]
    a, b = story.session("a", trees=trees), story.session("b", cwd="/wt", trees=trees)
    a.runs("git stash push -m mine")
    b.runs("git stash pop")
    assert said(b.runs("git reset --hard")) == [("conflict", "a")]
    assert said(story.session("c", cwd="/wt", trees=trees).runs("git checkout -- .")) == []


# ── settings ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_another_value_contradicts_and_the_same_value_repeats(story):
    """O5"""
    a, b, c = (story.session(name) for name in "abc")
    a.sets("monitoring.x.enabled", True)
    assert said(b.sets("monitoring.x.enabled", True)) == [("overlap", "a")]
    assert [one[0] for one in said(c.sets("monitoring.x.enabled", False))] == ["conflict", "conflict"]


def test_a_neighbour_key_is_nearby_and_another_section_is_nothing(story):
    a, b = story.session("a"), story.session("b")
    a.sets("scheduler.maxJobs", 4)
    assert said(b.sets("scheduler.backoff", 9)) == [("nearby", "a")]
    assert said(b.sets("avatars.cdn", "eu")) == []


def test_setting_a_whole_section_meets_a_leaf_of_it(story):
    a, b = story.session("a"), story.session("b")
    a.sets("tunnel.port", 1)
    assert said(b.sets("tunnel", {})) == [("conflict", "a")]


# ── intents ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_two_announcements_in_one_area_overlap(story):
    story.session("a").announces("one thing", area="merge-queue")
    assert said(story.session("b").announces("quite another", area="mergeQueue")) == [("overlap", "a")]


def test_generic_words_do_not_connect_two_announcements(story):
    story.session("a").announces("fix the failing tests for the date picker update", area="frontend")
    assert said(story.session("b").announces("fix the failing tests for the csv export update", area="reports")) == []


def test_distinctive_words_connect_two_announcements(story):
    story.session("a").announces("stopping the redrive flood")
    assert said(story.session("b").announces("the redrive flood must end")) == [("overlap", "a")]


def test_an_edit_inside_an_announced_glob_overlaps_and_deleting_it_conflicts(story):
    a, b = story.session("a"), story.session("b")
    a.announces("rework login", targets=("path:/repo/src/auth/**",))
    assert said(b.edits("/repo/src/author/x.ts")) == []
    assert said(b.edits("/repo/src/auth/x.ts")) == [("overlap", "a")]
    assert said(b.touches("delete", ("path:m1:/repo/src", DESTROYS, None, TREE))) == [("conflict", "a")]


def test_a_finished_intent_is_never_named(story):
    a, b = story.session("a"), story.session("b")
    made = a.announces("rework login", targets=("path:/repo/src/auth/**",))
    a.ledger.finish(made.id)
    assert said(b.edits("/repo/src/auth/x.ts")) == []


def test_an_ended_sessions_intent_is_never_named(story):
    a, b = story.session("a"), story.session("b")
    a.announces("rework login", targets=("path:/repo/src/auth/**",))
    a.ledger.end("a")
    assert said(b.edits("/repo/src/auth/x.ts")) == []


def test_an_intent_with_a_ttl_counts_until_it_ends(story):
    a, b = story.session("a"), story.session("b")
    a.announces("rework login", targets=("path:/repo/src/auth/**",), ttl_ms=3 * 3_600_000)
    story.later(hours=2, minutes=50)
    assert said(b.edits("/repo/src/auth/x.ts")) == [("overlap", "a")]
    story.later(minutes=30)
    assert said(b.edits("/repo/src/auth/y.ts")) == []


def test_an_intent_without_a_ttl_counts_until_its_owner_falls_silent(story):
    story.session("a").announces("rework login", targets=("path:/repo/src/auth/**",))
    story.later(hours=3)
    assert said(story.session("b").edits("/repo/src/auth/x.ts")) == []


def test_intents_are_events_and_never_collapse(story):
    """O4: the origin once keyed them on kind, target and value, and lost the warning."""
    a, b = story.session("a"), story.session("b")
    first, second = a.announces("the same", area="x"), a.announces("the same", area="x")
    assert first.id != second.id
    assert said(b.announces("the same", area="x")) == [("overlap", "a")]
    a.ledger.finish(second.id)
    assert said(story.session("c").announces("once more the same", area="x"))[-1] == ("overlap", "a")


def test_the_owner_of_an_intent_is_told_at_its_next_write_when_a_target_was_changed(story):
    a, b = story.session("a"), story.session("b")
    a.announces("deploying", targets=("secret:acme/app/TOKEN",))
    b.touches("secret-rotate", ("secret:acme/app/TOKEN", DESTROYS))
    assert said(a.edits("/repo/unrelated.py")) == [("conflict", "b")]
    assert said(a.edits("/repo/unrelated.py")) == []


def test_an_intent_announced_in_a_tree_is_told_of_verbs_on_that_tree_only(story):
    a, b = story.session("a"), story.session("b")
    a.announces("a long migration", area="imports")
    assert said(b.edits("/repo/other.py")) == []
    assert said(b.touches("tree-reset", (TREE, DESTROYS))) == [("conflict", "a")]


def test_the_gravest_comes_first_then_the_most_exact_then_the_newest(story):
    a, b, c, d = (story.session(name) for name in "abcd")
    a.announces("the canary", area="routing", targets=("config:routing.newRouter",))
    b.sets("routing.newRouter", True)
    c.sets("routing.other", 1)
    assert said(d.sets("routing.newRouter", False)) == [("conflict", "b"), ("conflict", "a"), ("nearby", "c")]
