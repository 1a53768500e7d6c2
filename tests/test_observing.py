"""observing: what calls turned out to have changed, on real repositories with real programs."""

import os
import subprocess
import sys

import pytest

from sidelight import observing
from sidelight.doctor import Patient, examine
from sidelight.effects import Call, effects_of
from sidelight.facts import LiveFacts
from sidelight.observing import calls
from tests.repositories import git, make, own_git, tick, write

pytestmark = pytest.mark.usefixtures("own_git")
__all__ = ["own_git"]


class Stage:
    """A home and sessions that run real commands in real repositories."""

    def __init__(self, tmp_path):
        self.home = tmp_path / "state"
        self.home.mkdir()
        self.seconds = 60.0
        self._number = 0

    def begins(self, actor, line, where, *, agent=None, tool="Bash", **given):
        """A call starts: understood from its command line, as a hook would."""
        self._number += 1
        name = f"{actor}-{self._number}"
        facts = LiveFacts(str(where))
        tick(self.home)
        effects = effects_of(Call(tool, given or {"command": line}), facts)
        background = line.rstrip().endswith("&")
        call = observing.Open(name, actor, agent, exact=tool != "Bash", background=background)
        observing.begin(str(self.home), facts, call, drafts=effects.drafts, line=line)
        tick(self.home)
        return name

    def ends(self, name, where, **options):
        return observing.finish(str(self.home), LiveFacts(str(where)), name, seconds=self.seconds, **options)

    def hidden(self, actor, what, where, **options):
        """A whole call of a program of which nothing is known: it runs this command line (or Python)."""
        program = write(self.home.parent / "bin" / "tool", f"#!{sys.executable}\n{what}\n")
        if not what.startswith("import"):
            text = f"import subprocess\nsubprocess.run({what!r}, shell=True, capture_output=True)"
            write(program, f"#!{sys.executable}\n{text}\n")
        program.chmod(0o755)
        return self.runs(actor, str(program), where, **options)

    def runs(self, actor, line, where, **options):
        """A whole call: what it was seen to do."""
        name = self.begins(actor, line, where, **options)
        subprocess.run(["bash", "-c", line], cwd=where, check=False, capture_output=True)
        tick(self.home)
        return self.ends(name, where)


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


@pytest.fixture
def repo(tmp_path, stage):
    where = make(tmp_path / "repo")
    stage.runs("nobody", "make nothing", where)  # how it stands before anybody acts
    return where


def told(seen, where):
    """(kind, effect, resource, how surely) of every touch of the drafts."""
    return sorted(
        (one.kind, touch.effect, _name(touch.key, where), one.value["observed"])
        for one in seen.drafts
        for touch in one.touches
    )


def _name(key, where):
    scheme, _, rest = key.partition(":")
    rest = rest.partition(":")[2] if scheme != "ref" else rest.rpartition("#")[2]
    return f"{scheme}:{os.path.relpath(rest, where)}" if rest.startswith("/") else f"{scheme}:{rest}"


SCRIPT = "import pathlib\n[p.write_text(p.read_text() + 'x') for p in pathlib.Path('src').glob('*.py')]"


# ── what one call changed ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_script_that_rewrites_files_leaves_them_as_its_own(repo, stage):
    seen = stage.hidden("a", SCRIPT, repo)
    assert told(seen, repo) == [
        ("change", "edits", "path:src/a.py", "own call"),
        ("change", "edits", "path:src/b.py", "own call"),
    ]
    assert all(one.quiet for one in seen.drafts)


def test_what_was_said_beforehand_is_not_said_again(repo, stage):
    assert told(stage.runs("a", "sed -i s/a/b/ src/a.py", repo), repo) == []
    assert told(stage.runs("a", "sed -i s/a/b/ src/*.py", repo), repo) == []


def test_a_call_that_changes_nothing_leaves_nothing(repo, stage):
    write(repo / "src/a.py", "a person was here\n")
    assert told(stage.runs("a", "make nothing", repo), repo) == []
    assert told(stage.runs("a", "make nothing", repo), repo) == []


def test_what_happened_before_the_call_is_not_the_calls(repo, stage):
    write(repo / "src/a.py", "a person was here\n")
    (repo / "src/b.py").unlink()
    git(repo, "branch", "by-a-person")
    seen = stage.hidden("a", "touch own.txt", repo)
    assert told(seen, repo) == [("change", "edits", "path:own.txt", "own call")]


def test_written_under_odd_names(repo, stage):
    names = ["with space", "new\nline", 'quo"te', "-dash", "üñí", os.fsdecode(b"\xff")]
    seen = stage.hidden("a", f"import os\nfor n in {[os.fsencode(n) for n in names]!r}: open(n, 'w').close()", repo)
    assert [name for _, _, name, _ in told(seen, repo)] == sorted(f"path:{name}" for name in [*names[:-1], "\\xff"])


def test_a_deleted_file_is_seen_and_not_more_surely_than_it_is_known(repo, stage):
    seen = stage.hidden("a", "rm src/b.py", repo)
    assert told(seen, repo) == [("delete", "destroys", "path:src/b.py", "observed during")]


def test_work_that_a_hidden_command_discards_is_said_to_be_reverted(repo, stage):
    write(repo / "src/a.py", "work\n")
    stage.runs("b", "make nothing", repo)
    seen = stage.hidden("a", "git checkout -q -- .", repo)
    assert told(seen, repo) == [("restore", "destroys", "path:src/a.py", "own call")]


def test_work_that_was_committed_is_not_lost(repo, stage):
    write(repo / "src/a.py", "work\n")
    stage.runs("b", "make nothing", repo)
    assert told(stage.hidden("a", "git commit -qam x", repo), repo) == [("commit", "commits", "tree:.", "own call")]
    assert told(stage.runs("a", "make nothing", repo), repo) == []


@pytest.mark.parametrize(
    ("hidden", "kind", "effect"),
    [
        ("git switch -qc topic", "tree-switch", "switches"),
        ("git reset -q --hard HEAD~1", "head-move", "switches"),
        ("git merge -q side", "tree-merge", "switches"),
    ],
)
def test_a_hidden_move_of_head_is_told_by_what_git_calls_it(repo, stage, hidden, kind, effect):
    git(repo, "switch", "-qc", "side")
    git(repo, "commit", "-q", "--allow-empty", "-m", "side")
    git(repo, "switch", "-q", "main")
    git(repo, "commit", "-q", "--allow-empty", "-m", "main")
    stage.runs("a", "make nothing", repo)
    seen = stage.hidden("a", hidden, repo)
    assert (kind, effect, "tree:.", "own call") in told(seen, repo)


def test_a_hidden_stash_and_its_entry_are_seen(repo, stage):
    write(repo / "src/a.py", "work\n")
    stage.runs("b", "make nothing", repo)
    seen = stage.hidden("a", "git stash -q", repo)
    assert told(seen, repo) == [
        ("restore", "destroys", "path:src/a.py", "own call"),
        ("stash-push", "adds", "stash:.git", "own call"),
    ]
    assert seen.stashed == (git(repo, "rev-parse", "stash@{0}"),)


def test_a_known_stash_leaves_its_entry_and_no_second_footprint(repo, stage):
    write(repo / "src/a.py", "work\n")
    stage.runs("b", "make nothing", repo)
    seen = stage.runs("a", "git stash", repo)
    assert told(seen, repo) == []
    assert seen.stashed == (git(repo, "rev-parse", "stash@{0}"),)


def test_branches_and_tags_that_a_script_makes_and_deletes_are_seen(repo, stage):
    git(repo, "branch", "old")
    stage.runs("b", "make nothing", repo)
    assert told(stage.hidden("a", "git branch new; git branch -D old; git tag v1", repo), repo) == [
        ("ref-create", "adds", "ref:new", "own call"),
        ("ref-create", "adds", "ref:tags/v1", "own call"),
        ("ref-delete", "destroys", "ref:old", "observed during"),
    ]


def test_a_hidden_push_is_seen_and_a_fetch_is_not(repo, stage, tmp_path):
    git(tmp_path, "clone", "-q", "--bare", str(repo), "far.git")
    git(repo, "remote", "add", "origin", str(tmp_path / "far.git"))
    seen = stage.hidden("a", "git push -q origin main", repo)
    assert told(seen, repo) == [("push", "pushes", "ref:main", "own call")]
    git(tmp_path / "far.git", "branch", "more", "main")
    assert told(stage.hidden("a", "git fetch -q", repo), repo) == []


def test_a_rebase_that_stopped_is_running_and_its_conflicts_are_the_callers(repo, stage):
    git(repo, "switch", "-qc", "topic")
    write(repo / "src/a.py", "topic\n")
    git(repo, "commit", "-qam", "topic")
    git(repo, "switch", "-q", "main")
    write(repo / "src/a.py", "main\n")
    git(repo, "commit", "-qam", "main")
    git(repo, "switch", "-q", "topic")
    stage.runs("a", "make nothing", repo)
    seen = stage.runs("a", "git rebase main", repo)
    assert told(seen, repo) == [
        ("change", "edits", "path:src/a.py", "own call"),
        ("tree-merge", "switches", "tree:.", "own call"),
    ]
    assert [touch.value for one in seen.drafts for touch in one.touches if one.kind == "tree-merge"] == [
        {"running": True}
    ]


def test_staging_by_a_script_is_seen(repo, stage):
    write(repo / "src/a.py", "work\n")
    stage.runs("b", "make nothing", repo)
    assert told(stage.hidden("a", "git add src/a.py", repo), repo) == [
        ("stage", "stages", "path:src/a.py", "observed during")
    ]


def test_a_tree_full_of_new_files_is_recorded_by_its_directory(repo, stage):
    seen = stage.hidden("a", "for n in $(seq 300); do mkdir -p vendor/p$n; touch vendor/p$n/x; done", repo)
    touches = [touch for one in seen.drafts for touch in one.touches]
    assert len(touches) == 101
    assert touches[-1][1:3] == ("edits", {"bulk": True})
    assert touches[-1].key.endswith("/repo/vendor")


def test_ignored_trees_leave_nothing(repo, stage):
    write(repo / ".gitignore", "node_modules/\n")
    git(repo, "add", ".")
    git(repo, "commit", "-qm", "ignore")
    stage.runs("a", "make nothing", repo)
    seen = stage.hidden("a", "mkdir -p node_modules/x; touch node_modules/x/i.js package-lock.json", repo)
    assert told(seen, repo) == [("change", "edits", "path:package-lock.json", "own call")]


def test_declared_paths_are_watched(repo, stage, tmp_path):
    watched = [str(tmp_path / "settings.json"), ".env"]
    write(repo / ".gitignore", ".env\n")
    write(tmp_path / "settings.json", "{}")
    write(repo / ".env", "A=1")
    name = stage.begins("a", "make nothing", repo)
    stage.ends(name, repo, watched=watched)
    name = stage.begins("a", "make settings", repo)
    write(tmp_path / "settings.json", "{...}")
    write(repo / ".env", "A=2222")
    tick(stage.home)
    assert told(stage.ends(name, repo, watched=watched), repo) == [
        ("change", "edits", "path:../settings.json", "own call"),
        ("change", "edits", "path:.env", "own call"),
    ]


def test_the_call_that_did_it_is_named_with_its_command(repo, stage):
    seen = stage.hidden("a", SCRIPT, repo)
    assert seen.drafts[0].summary == "tool"


# ── other trees ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_linked_worktree_is_its_own_tree(repo, stage, tmp_path):
    git(repo, "worktree", "add", "-q", "-b", "topic", str(tmp_path / "wt"))
    stage.runs("b", "make nothing", tmp_path / "wt")
    seen = stage.hidden("b", SCRIPT, tmp_path / "wt")
    assert {name for _, _, name, _ in told(seen, tmp_path / "wt")} == {"path:src/a.py", "path:src/b.py"}
    assert told(stage.runs("a", "make nothing", repo), repo) == []


def test_a_tree_that_the_command_names_is_looked_at_too(repo, stage, tmp_path):
    git(repo, "worktree", "add", "-q", "-b", "topic", str(tmp_path / "wt"))
    write(tmp_path / "script.py", SCRIPT)
    line = f"cd {tmp_path}/wt && {sys.executable} {tmp_path}/script.py"
    seen = stage.runs("a", line, repo)
    assert {name for _, _, name, _ in told(seen, tmp_path / "wt")} == {"path:src/a.py", "path:src/b.py"}


def test_a_repository_without_commits_is_looked_at(tmp_path, stage):
    fresh = make(tmp_path / "fresh", commit=False)
    stage.runs("a", "make nothing", fresh)
    seen = stage.hidden("a", SCRIPT, fresh)
    assert {name for _, _, name, _ in told(seen, fresh)} == {"path:src/a.py", "path:src/b.py"}
    assert ("commit", "commits", "tree:.", "own call") in told(
        stage.hidden("a", "git add . && git commit -qm first", fresh), fresh
    )


def test_a_sparse_tree_has_what_was_changed_and_nothing_that_is_left_out(repo, stage):
    write(repo / "docs" / "page.md", "page\n")
    git(repo, "add", ".")
    git(repo, "commit", "-qm", "docs")
    git(repo, "sparse-checkout", "set", "--cone", "src")
    stage.runs("nobody", "make nothing", repo)
    assert not (repo / "docs").exists()
    seen = stage.hidden("a", SCRIPT, repo)
    assert {name for _, _, name, _ in told(seen, repo)} == {"path:src/a.py", "path:src/b.py"}


def test_a_call_in_a_submodule_is_about_its_tree(repo, stage, tmp_path):
    library = make(tmp_path / "library")
    git(repo, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(library), "lib")
    git(repo, "commit", "-qm", "with a library")
    stage.runs("nobody", "make nothing", repo / "lib")
    seen = stage.hidden("a", SCRIPT, repo / "lib")
    assert {name for _, _, name, _ in told(seen, repo / "lib")} == {"path:src/a.py", "path:src/b.py"}


def test_a_bare_repository_has_branches_only(repo, stage, tmp_path):
    git(tmp_path, "clone", "-q", "--bare", str(repo), "bare.git")
    stage.runs("a", "make nothing", tmp_path / "bare.git")
    seen = stage.hidden("a", "git branch made main", tmp_path / "bare.git")
    assert told(seen, tmp_path) == [("ref-create", "adds", "ref:made", "own call")]


def test_outside_a_repository_nothing_is_kept(tmp_path, stage):
    assert stage.runs("a", "echo x > y", tmp_path).drafts == ()
    assert list(stage.home.iterdir()) == []


# ── several at once ───────────────────────────────────────────────────────────────────────────────────────────────


def test_two_calls_at_once_are_each_one_of_the_two(repo, stage):
    one = stage.begins("a", "make a", repo)
    two = stage.begins("b", "make b", repo)
    write(repo / "x.py", "whose?")
    tick(stage.home)
    first, second = stage.ends(one, repo), stage.ends(two, repo)
    assert told(first, repo) == told(second, repo) == [("change", "edits", "path:x.py", "one of")]
    assert first.drafts[0].value["with"] == ["b"]


def test_a_call_that_ended_meanwhile_is_remembered(repo, stage):
    one = stage.begins("a", "make a", repo)
    two = stage.begins("b", "make b", repo)
    write(repo / "x.py", "whose?")
    assert told(stage.ends(two, repo), repo) == [("change", "edits", "path:x.py", "one of")]
    tick(stage.home)
    write(repo / "y.py", "a's")
    tick(stage.home)
    assert told(stage.ends(one, repo), repo) == [
        ("change", "edits", "path:x.py", "one of"),
        ("change", "edits", "path:y.py", "own call"),
    ]


def test_what_an_editing_tool_says_it_edits_is_its_own(repo, stage):
    one = stage.begins("a", "make a", repo)
    two = stage.begins("b", "", repo, tool="Write", file_path=str(repo / "x.py"), content="b's")
    write(repo / "x.py", "b's")
    write(repo / "y.py", "a's")
    tick(stage.home)
    assert told(stage.ends(two, repo), repo) == []
    assert told(stage.ends(one, repo), repo) == [("change", "edits", "path:y.py", "own call")]


def test_a_call_in_another_worktree_is_no_rival_for_files_but_for_branches(repo, stage, tmp_path):
    git(repo, "worktree", "add", "-q", "-b", "topic", str(tmp_path / "wt"))
    stage.runs("b", "make nothing", repo)
    one, two = stage.begins("a", "make a", repo), stage.begins("b", "make b", tmp_path / "wt")
    write(repo / "x.py", "a's")
    git(repo, "branch", "whose")
    tick(stage.home)
    assert told(stage.ends(one, repo), repo) == [
        ("change", "edits", "path:x.py", "own call"),
        ("ref-create", "adds", "ref:whose", "one of"),
    ]
    stage.ends(two, tmp_path / "wt")


def test_what_runs_in_the_background_goes_on_counting(repo, stage):
    stage.runs("b", "sleep 0 &", repo)
    seen = stage.hidden("a", SCRIPT, repo)
    assert {how for *_, how in told(seen, repo)} == {"one of"}
    observing.over(str(stage.home), LiveFacts(str(repo)), "b")
    assert {how for *_, how in told(stage.hidden("a", SCRIPT, repo), repo)} == {"one of"}
    observing.over(str(stage.home), LiveFacts(str(repo)), "b", background=True)
    assert {how for *_, how in told(stage.hidden("a", SCRIPT, repo), repo)} == {"own call"}


def test_calls_whose_ends_are_never_reported_take_no_more_room_than_so_many(repo, stage, monkeypatch):
    monkeypatch.setattr(calls, "CALLS_MOST", 3)
    for number in range(8):
        stage.begins(f"b{number}", "make b", repo)
    stage.hidden("a", SCRIPT, repo)
    stage.hidden("a", SCRIPT, repo)
    assert len(list((stage.home / "looks").rglob("calls/*"))) <= 4


def test_a_call_whose_end_was_never_reported_counts_for_two_hours_only(repo, stage, monkeypatch):
    stage.begins("b", "make b", repo)
    assert {how for *_, how in told(stage.hidden("a", SCRIPT, repo), repo)} == {"one of"}
    monkeypatch.setattr(calls, "STALE_SECONDS", -1)
    name = stage.begins("a", "make a", repo)
    write(repo / "x.py", "a's")
    monkeypatch.setattr(calls, "STALE_SECONDS", 7200)
    for file in (stage.home / "looks").rglob("calls/*.json"):
        if '"b-' in file.read_text():
            os.utime(file, (1, 1))
    tick(stage.home)
    assert told(stage.ends(name, repo), repo) == [("change", "edits", "path:x.py", "own call")]


# ── bounds and faults ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_tree_that_takes_too_long_is_left_alone_for_a_while_and_that_is_said(repo, stage, monkeypatch):
    monkeypatch.setattr(stage, "seconds", 0)
    assert stage.hidden("a", SCRIPT, repo).not_checked == "it took too long"
    monkeypatch.setattr(stage, "seconds", 60)
    again = stage.hidden("a", SCRIPT, repo)
    assert again.not_checked == "this tree is too large to look at after every call"
    assert observing.resting(str(stage.home)) == [str(repo)]
    (found,) = [one for one in examine(Patient(str(stage.home), None, None)) if one.name == "trees"]
    assert str(repo) in found.what


def test_files_that_were_spoilt_cost_one_comparison(repo, stage):
    for file in (stage.home / "looks").rglob("*.json"):
        file.write_bytes(b'{"tree": [')
    seen = stage.hidden("a", SCRIPT, repo)
    assert {how for *_, how in told(seen, repo)} == {"own call"}


def test_what_is_kept_is_private(repo, stage):
    stage.begins("a", "make a", repo)
    kept = list((stage.home / "looks").rglob("*"))
    assert kept
    assert all(path.stat().st_mode & 0o077 == 0 for path in kept)


def test_a_state_that_cannot_be_written_is_no_error(repo, stage, tmp_path):
    (tmp_path / "file").write_text("")
    facts = LiveFacts(str(repo))
    assert observing.begin(str(tmp_path / "file"), facts, observing.Open("x", "a")) is None
    assert observing.finish(str(tmp_path / "file"), facts, "x").drafts == ()


def test_the_repository_itself_is_left_as_it_was(repo, stage):
    before = {path: path.stat().st_mtime_ns for path in repo.rglob("*")}
    stage.runs("a", "make nothing", repo)
    assert {path: path.stat().st_mtime_ns for path in repo.rglob("*")} == before


def test_only_what_destroys_looks_beforehand(repo):
    facts = LiveFacts(str(repo))
    for line, expected in (("git reset --hard", True), ("rm -rf src", True), ("git commit -m x", False), ("ls", False)):
        assert observing.is_destructive(effects_of(Call("Bash", {"command": line}), facts).drafts) is expected
    write(repo / "src/a.py", "work\n")
    assert list(observing.look_before(facts, seconds=60).paths or ()) == ["src/a.py"]
