"""whodid and undo-hint: what the record and git say together, asked from a terminal and as JSON."""

import pytest

from sidelight import observing, undoing, whodid
from sidelight.actions import DESTROYS, EDITS, Draft, Session, Touch
from sidelight.facts import LiveFacts
from sidelight.ledger import Ledger
from tests.repositories import git, make, own_git, write
from tests.terminals import Terminal

pytestmark = pytest.mark.usefixtures("own_git")
__all__ = ["own_git"]


class Stage:
    """A repository, and a ledger that somebody asks from a terminal."""

    def __init__(self, tmp_path):
        self.repo = make(tmp_path / "repo")
        self.terminal = Terminal(tmp_path / "home", self.repo)
        self.facts = LiveFacts(str(self.repo))
        self.ledger = Ledger.open(str(self.terminal.home), facts=self.facts)
        self.tree = f"tree:{self.facts.machine}:{self.repo}"

    def acts(self, actor, kind, effect, *names, **about):
        keys = [name if ":" in name else f"path:{self.facts.machine}:{self.repo}/{name}" for name in names]
        touches = tuple(Touch(key, effect, None, self.tree if key.startswith("path:") else None) for key in keys)
        receipt = self.ledger.record(Draft(kind, actor=actor, touches=touches, **about), me=self.session(actor))
        assert receipt.recorded, receipt.error
        return receipt.actions[0]

    def session(self, actor):
        return Session(actor, space=self.ledger.space, tree=str(self.repo), machine=self.facts.machine)

    def destroys(self, actor, *names):
        seen = observing.look_before(self.facts, seconds=60)
        action = self.acts(actor, "tree-reset", DESTROYS, self.tree, *names, summary="git reset --hard")
        assert undoing.keep(self.ledger, self.facts, [action], seen) == action.id
        return action

    def who(self, what):
        return self.terminal.json("whodid", what, "--home", str(self.terminal.home))

    def hint(self, *words):
        return self.terminal.json("undo-hint", *words, "--home", str(self.terminal.home))


@pytest.fixture
def stage(tmp_path):
    made = Stage(tmp_path)
    yield made
    made.ledger.close()


# ── whodid ──


def test_who_did_it_comes_with_why_and_whether_it_is_still_wanted(stage):
    intent = stage.ledger.announce("fix the flood", actor="a", me=stage.session("a"))
    stage.acts("a", "edit", EDITS, "src/a.py")
    stage.acts("b", "edit", EDITS, "src/a.py")
    second, first = stage.who("src/a.py")["deeds"]
    assert (second["action"]["actor"], second["why"], second["wanted"]) == ("b", None, None)
    assert (first["action"]["actor"], first["why"]["reason"], first["wanted"]) == ("a", "fix the flood", True)
    stage.ledger.finish(intent.id)
    assert stage.who("src/a.py")["deeds"][1]["wanted"] is False
    said = stage.terminal.run("whodid", "src/a.py", "--home", str(stage.terminal.home)).stdout
    assert 'announced "fix the flood" (over since)' in said


def test_what_was_committed_since_is_said_with_its_commit(stage):
    write(stage.repo / "src/a.py", "work\n")
    stage.acts("a", "edit", EDITS, "src/a.py")
    found = stage.who("src/a.py")
    assert (found["stands"], found["deeds"][0]["commit"]) == ("changed, not committed", None)
    git(stage.repo, "commit", "-qam", "the work\tof a")
    found = stage.who("src/a.py")
    assert found["stands"] == "as committed"
    assert found["deeds"][0]["commit"]["subject"] == "the work\tof a"


def test_how_surely_and_by_which_call_is_said(stage):
    about = {"observed": "one of", "call": "command-1", "with": ["b"]}
    stage.acts("a", "change", EDITS, "src/a.py", value=about, summary="make codegen")
    (deed,) = stage.who("src/a.py")["deeds"]
    assert (deed["how"], deed["call"], deed["action"]["summary"]) == ("one of", "command-1", "make codegen")
    said = stage.terminal.run("whodid", "src/a.py", "--home", str(stage.terminal.home)).stdout
    assert "by `make codegen` [one of several calls]" in said


def test_a_directory_is_all_that_lies_in_it(stage):
    stage.acts("a", "edit", EDITS, "src/a.py")
    stage.acts("b", "edit", EDITS, "README.md")
    assert [one["action"]["actor"] for one in stage.who("src")["deeds"]] == ["a"]


def test_a_reset_took_what_was_uncommitted_and_nothing_else(stage):
    write(stage.repo / "src/a.py", "work\n")
    taken = stage.destroys("b")
    git(stage.repo, "reset", "-q", "--hard")
    assert [one["action"]["id"] for one in stage.who("src/a.py")["deeds"]] == [taken.id]
    assert stage.who("src/b.py")["deeds"] == []


def test_a_reset_that_nobody_looked_at_before_may_have_taken_it_and_that_is_said(stage):
    action = stage.acts("b", "tree-reset", DESTROYS, stage.tree, summary="git reset --hard")
    (found,) = stage.who("src/a.py")["deeds"]
    assert (found["action"]["id"], found["how"]) == (action.id, "not checked")
    said = stage.terminal.run("whodid", "src/a.py", "--home", str(stage.terminal.home)).stdout
    assert "[not checked whether this was uncommitted then]" in said


def test_a_directory_that_was_removed_took_what_lay_in_it(stage):
    action = stage.acts("b", "delete", DESTROYS, "src", summary="rm -rf src")
    assert [one["action"]["id"] for one in stage.who("src/deep/a.py")["deeds"]] == [action.id]
    assert stage.who("README.md")["deeds"] == []


@pytest.mark.parametrize("what", ["HEAD", "."])
def test_the_working_tree_itself_is_asked_for(stage, what):
    action = stage.acts("b", "tree-switch", EDITS, stage.tree)
    assert [one["action"]["id"] for one in stage.who(what)["deeds"]] == [action.id]


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("topic", "topic"),
        ("branch:topic", "topic"),
        ("refs/heads/topic", "topic"),
        ("v1", "tags/v1"),
        ("tag:v1", "tags/v1"),
    ],
)
def test_a_branch_or_tag_is_asked_for_by_any_of_its_names(stage, asked, name):
    git(stage.repo, "branch", "topic")
    git(stage.repo, "tag", "v1")
    stage.acts("a", "ref-create", "adds", f"ref:{stage.facts.machine}:{stage.facts.common_dir}#{name}")
    assert [one["action"]["kind"] for one in stage.who(asked)["deeds"]] == ["ref-create"]


def test_a_file_comes_before_a_branch_of_its_name(stage):
    git(stage.repo, "branch", "src")
    assert stage.who("src")["keys"] == [f"path:{stage.facts.machine}:{stage.repo}/src"]


def test_an_id_is_the_action_itself(stage):
    action = stage.acts("a", "edit", EDITS, "src/a.py")
    assert [one["action"]["id"] for one in stage.who(action.id)["deeds"]] == [action.id]


def test_a_stash_entry_that_was_seen_to_come_is_its_sessions_wherever_it_moved(stage):
    entries = []
    for actor in "ab":
        write(stage.repo / "src/a.py", actor)
        action = stage.acts(actor, "stash-push", "adds", f"stash:{stage.facts.machine}:{stage.facts.common_dir}")
        git(stage.repo, "stash", "-q")
        entries.append(git(stage.repo, "rev-parse", "stash@{0}"))
        whodid.note_stashed(stage.ledger.store, entries[-1:], action=action.id, actor=actor)
    doers = [[one["action"]["actor"] for one in stage.who(f"stash@{{{n}}}")["deeds"]] for n in (0, 1)]
    assert doers == [["b"], ["a"]]
    assert "2 entries" in stage.terminal.json("whodid", "stash@{7}", code=2)["error"]


def test_nobody_is_said_to_be_nobody(stage):
    assert stage.who("src/b.py")["deeds"] == []
    said = stage.terminal.run("whodid", "src/b.py", "--home", str(stage.terminal.home)).stdout
    assert "Nobody that Sidelight knows of has touched src/b.py." in said


# ── undo-hint ──


def test_branches_and_stash_entries_that_are_gone_are_found_again(stage):
    git(stage.repo, "branch", "topic")
    tip = git(stage.repo, "rev-parse", "topic")
    write(stage.repo / "src/a.py", "stashed\n")
    git(stage.repo, "stash", "-q")
    entry = git(stage.repo, "rev-parse", "stash@{0}")
    action = stage.destroys("a")
    git(stage.repo, "branch", "-D", "topic")
    git(stage.repo, "stash", "drop", "-q")
    ways = {one["what"]: one["id"] for one in stage.hint(action.id)["ways"]}
    assert ways["topic, which is gone"] == tip[:12]
    assert ways["a stash entry that is gone"] == entry[:12]


def test_content_that_was_staged_and_unstaged_is_found_among_what_nothing_leads_to(stage):
    write(stage.repo / "src/a.py", "was staged once\n")
    git(stage.repo, "add", "src/a.py")
    blob = git(stage.repo, "rev-parse", ":src/a.py")
    write(stage.repo / "src/a.py", "and went on\n")
    git(stage.repo, "add", "src/a.py")
    action = stage.destroys("a")
    git(stage.repo, "reset", "-q", "--hard")
    found = stage.hint(str(action.seq))
    assert blob[:12] in [one["id"] for one in found["ways"]]
    assert [one["path"] for one in found["lost"]] == ["src/a.py"]


def test_the_paths_come_with_whose_they_were(stage):
    for name, actor in (("src/a.py", "a"), ("src/b.py", "b"), ("README.md", None)):
        write(stage.repo / name, "work\n")
        if actor:
            stage.acts(actor, "edit", EDITS, name)
    stage.destroys("c")
    git(stage.repo, "reset", "-q", "--hard")
    lost = {one["path"]: one["actor"] for one in stage.hint()["lost"]}
    assert lost == {"src/a.py": "a", "src/b.py": "b", "README.md": None}
    said = stage.terminal.run("undo-hint", "--home", str(stage.terminal.home)).stdout
    assert "src/a.py  (session a, " in said
    assert "README.md  (nobody known)" in said


def test_what_was_not_lost_after_all_is_not_said_to_be(stage):
    write(stage.repo / "src/a.py", "work\n")
    stage.destroys("a")
    found = stage.hint()
    assert found["lost"] == []


def test_saying_it_changes_nothing(stage):
    write(stage.repo / "src/a.py", "work\n")
    git(stage.repo, "add", ".")
    stage.destroys("a")
    git(stage.repo, "reset", "-q", "--hard")
    before = {str(path): path.read_bytes() for path in sorted(stage.repo.rglob("*")) if path.is_file()}
    assert stage.hint()["ways"]
    assert {str(path): path.read_bytes() for path in sorted(stage.repo.rglob("*")) if path.is_file()} == before
    assert not (stage.repo / ".git/lost-found").exists()


def test_an_action_that_is_not_there_and_a_quiet_ledger_are_said_so(stage):
    assert "no action 99" in stage.terminal.json("undo-hint", "99", code=2)["error"]
    assert "nothing was destroyed" in stage.terminal.json("undo-hint", code=2)["error"]


def test_what_nobody_looked_at_before_is_still_searched_for(stage):
    git(stage.repo, "commit", "-q", "--allow-empty", "-m", "second")
    tip = git(stage.repo, "rev-parse", "HEAD")
    action = stage.acts("a", "tree-reset", DESTROYS, stage.tree)
    git(stage.repo, "reset", "-q", "--hard", "HEAD~1")
    found = stage.hint(action.id)
    assert found["notChecked"] == "nothing was kept before it ran"
    assert tip[:12] in [one["id"] for one in found["ways"]]
