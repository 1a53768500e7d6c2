"""looks: how a repository stands, from git's own sources; nothing that a repository names is run for it."""

import os
import stat
import subprocess
import time

import pytest

from sidelight.facts import LiveFacts
from sidelight.facts import looks as module
from sidelight.facts.asking import ask
from sidelight.facts.looks import look, read_status, reflog
from tests.repositories import git, make, own_git, write

pytestmark = pytest.mark.usefixtures("own_git")
__all__ = ["own_git"]


@pytest.fixture
def repo(tmp_path):
    return make(tmp_path / "repo")


def seen(where, **options):
    return look(LiveFacts(str(where)), **options)


def states(where):
    return {path: one.state for path, one in (seen(where).paths or {}).items()}


def test_what_git_said_in_time_counts_though_it_is_heard_late(repo, monkeypatch):
    write(repo / "new.py", "x")
    started = []
    popen = subprocess.Popen

    def noted(*given, **more):
        started.append(popen(*given, **more))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", noted)
    begun = module.begin_look(LiveFacts(str(repo)), seconds=1)
    started[-1].wait(60)  # all that it said lies in the pipe
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 2)
    found = begun()
    assert (found.gave_up, list(found.paths or ())) == ("", ["new.py"])


# ── what is seen ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_clean_tree_is_its_head_branch_and_refs(repo):
    found = seen(repo / "src")
    assert found.tree == str(repo)
    assert found.branch == "main"
    assert found.head == git(repo, "rev-parse", "HEAD")
    assert found.refs == {"refs/heads/main": found.head}
    assert (found.paths, found.stash, found.operation, found.gave_up) == ({}, (), None, "")


def test_changed_staged_deleted_and_new_paths_are_seen_with_their_stamps(repo):
    write(repo / "src/a.py", "changed\n")
    write(repo / "new/x.py", "new\n")
    (repo / "README.md").unlink()
    write(repo / "src/b.py", "staged\n")
    git(repo, "add", "src/b.py")
    assert states(repo) == {"README.md": ".D", "new/x.py": "??", "src/a.py": ".M", "src/b.py": "M."}
    paths = seen(repo).paths
    assert paths["src/b.py"].staged == git(repo, "rev-parse", ":src/b.py")
    assert paths["README.md"].size == -1
    about = (repo / "src/a.py").stat()
    assert paths["src/a.py"][2:] == (about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino)


@pytest.mark.parametrize(
    "name", ["with space.py", "new\nline.py", 'quo"te.py', "-dash", "üñí.py", "tab\t.py", os.fsdecode(b"\xff\xfe.py")]
)
def test_whatever_a_file_is_called_it_is_seen(repo, name):
    write(repo / name, "x\n")
    assert states(repo) == {name: "??"}
    git(repo, "add", "--", name)
    assert states(repo) == {name: "A."}


def test_a_repository_without_commits_has_no_head_yet(tmp_path):
    found = seen(make(tmp_path / "fresh", commit=False))
    assert (found.head, found.branch, found.refs) == ("", "main", {})
    assert sorted(found.paths) == ["README.md", "src/a.py", "src/b.py"]


def test_a_detached_head_is_on_no_branch(repo):
    git(repo, "checkout", "-q", "--detach")
    assert (seen(repo).branch, seen(repo).head) == (None, git(repo, "rev-parse", "HEAD"))


def test_a_linked_worktree_has_its_own_head_and_paths_and_shares_the_rest(repo, tmp_path):
    git(repo, "worktree", "add", "-q", "-b", "topic", str(tmp_path / "wt"))
    write(tmp_path / "wt/src/a.py", "there\n")
    assert states(repo) == {}
    assert states(tmp_path / "wt") == {"src/a.py": ".M"}
    assert seen(tmp_path / "wt").branch == "topic"
    assert seen(tmp_path / "wt").refs == seen(repo).refs


def test_a_bare_repository_has_refs_and_no_tree(repo, tmp_path):
    git(tmp_path, "clone", "-q", "--bare", str(repo), "bare.git")
    found = seen(tmp_path / "bare.git")
    assert (found.tree, found.paths) == (None, None)
    assert list(found.refs) == ["refs/heads/main"]


def test_a_submodule_is_looked_at_by_itself_and_from_outside_by_its_commit(repo, tmp_path):
    library = make(tmp_path / "library")
    git(repo, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "lib")
    git(repo, "commit", "-q", "-m", "library")
    write(repo / "lib/src/a.py", "changed\n")
    assert states(repo) == {}
    assert states(repo / "lib") == {"src/a.py": ".M"}
    git(repo / "lib", "commit", "-qam", "moved on")
    assert states(repo) == {"lib": ".M"}


def test_a_sparse_tree_lacks_nothing(repo):
    git(repo, "sparse-checkout", "set", "docs")
    assert not (repo / "src").exists()
    assert states(repo) == {}


def test_packed_and_loose_refs_are_one_list(repo):
    git(repo, "branch", "old")
    git(repo, "tag", "-a", "v1", "-m", "one")
    git(repo, "pack-refs", "--all")
    git(repo, "branch", "new/er")
    git(repo, "commit", "-q", "--allow-empty", "-m", "second")
    listed = git(repo, "for-each-ref", "--format=%(refname) %(objectname)").splitlines()
    assert seen(repo).refs == dict(line.split(" ") for line in listed)


def test_the_stash_is_listed_newest_first(repo):
    for text in ("one", "two"):
        write(repo / "src/a.py", text)
        git(repo, "stash", "push", "-q", "-m", text)
    assert list(seen(repo).stash) == git(repo, "stash", "list", "--format=%H").split()


@pytest.mark.parametrize("verb", ["rebase", "merge", "cherry-pick"])
def test_an_operation_that_stopped_at_a_conflict_is_under_way(repo, verb):
    git(repo, "switch", "-qc", "topic")
    write(repo / "src/a.py", "topic\n")
    git(repo, "commit", "-qam", "topic")
    git(repo, "switch", "-q", "main")
    write(repo / "src/a.py", "main\n")
    git(repo, "commit", "-qam", "main")
    git(repo, verb, "topic", ok=False)
    assert seen(repo).operation == verb
    assert states(repo) == {"src/a.py": "UUU"}


def test_declared_paths_are_stamped_too(repo, tmp_path):
    write(tmp_path / "settings.json", "{}")
    found = seen(repo, extras=[str(tmp_path / "settings.json"), str(tmp_path / "absent")]).extras
    assert found[str(tmp_path / "settings.json")].size == 2
    assert found[str(tmp_path / "absent")].size == -1


def test_a_reflog_says_what_moved_a_name(repo):
    git(repo, "commit", "-q", "--allow-empty", "-m", "second")
    git(repo, "reset", "-q", "--hard", "HEAD~1")
    says = [move.says for move in reflog(str(repo / ".git"), "HEAD")]
    assert says == ["commit (initial): first", "commit: second", "reset: moving to HEAD~1"]
    assert [move.says for move in reflog(str(repo / ".git"), "HEAD", 1)] == ["reset: moving to HEAD~1"]
    assert reflog(str(repo / ".git"), "refs/heads/absent") == []


def test_outside_a_repository_there_is_nothing_to_see(tmp_path):
    assert seen(tmp_path) == module.Look(None, gave_up="no repository")


# ── bounds ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_gives_up_where_too_much_has_changed_and_says_so(repo, monkeypatch):
    monkeypatch.setattr(module, "PATHS_MOST", 3)
    for number in range(4):
        write(repo / f"new/{number}", "x")
    found = seen(repo)
    assert (found.paths, found.gave_up) == (None, "4 paths have changed")
    assert found.head


def test_it_gives_up_where_git_says_too_much(repo, monkeypatch):
    monkeypatch.setattr(module, "STATUS_BYTES", 100)
    write(repo / ("long" * 40), "x")
    assert (seen(repo).paths, seen(repo).gave_up) == (None, "it said too much")


def test_it_gives_up_after_its_time(repo):
    found = seen(repo, seconds=0)
    assert (found.paths, found.gave_up) == (None, "it took too long")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give files away")
def test_a_repository_of_somebody_else_is_not_looked_at(repo):
    for path in (repo, *repo.rglob("*")):
        os.chown(path, 12345, 12345, follow_symlinks=False)
    assert "dubious ownership" in seen(repo).gave_up
    assert seen(repo).paths is None


def test_a_variable_of_gits_that_leads_elsewhere_does_not(repo, tmp_path, monkeypatch):
    facts = LiveFacts(str(repo), {"PATH": os.environ["PATH"], "GIT_INDEX_FILE": str(tmp_path / "none")})
    assert look(facts).paths == {}


def test_looking_writes_nothing(repo):
    write(repo / "src/a.py", "src/a.py\n")  # the same text, another time: git would note that in the index
    before = {path: path.stat().st_mtime_ns for path in (repo / ".git").rglob("*")}
    assert states(repo) == {}
    assert {path: path.stat().st_mtime_ns for path in (repo / ".git").rglob("*")} == before


def test_what_git_prints_is_read_whatever_it_holds():
    assert read_status(b"") == ("", None, {})
    assert read_status(b"? a\0? nested/\0! ignored\0") == ("", None, {"a": ("??", "")})


# ── hostile settings ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def trap(tmp_path):
    """A program that leaves a mark when it is run."""
    program = write(tmp_path / "trap.sh", f"#!/bin/sh\necho ran >> '{tmp_path}/sprung'\ncat\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def sprung(tmp_path):
    return (tmp_path / "sprung").exists()


def stale(repo):
    """Make git compare a file's content: its times are not those in the index, its size is."""
    os.utime(repo / "src/a.py", ns=(1, 1))


@pytest.mark.parametrize(
    "settings",
    [
        [("core.fsmonitor", "TRAP")],
        [("core.fsmonitor", "TRAP"), ("core.fsmonitorHookVersion", "1"), ("core.untrackedCache", "true")],
        [("filter.x.clean", "TRAP")],
        [("filter.x.process", "TRAP"), ("filter.x.required", "true")],
        [("filter.a=b.clean", "TRAP")],
        [("FILTER.Mixed.CLEAN", "TRAP")],
        [("core.hooksPath", "HOOKS")],
        [("core.pager", "TRAP"), ("pager.status", "TRAP"), ("diff.external", "TRAP"), ("diff.x.textconv", "TRAP")],
        [("alias.status", "!TRAP"), ("core.editor", "TRAP"), ("core.askPass", "TRAP"), ("core.sshCommand", "TRAP")],
    ],
    ids=lambda settings: settings[0][0],
)
def test_a_program_that_the_repository_names_is_not_run(repo, tmp_path, trap, settings):
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("post-index-change", "fsmonitor-watchman", "pre-auto-gc"):
        (hooks / name).symlink_to(trap)
    for name, value in settings:
        git(repo, "config", name, value.replace("TRAP", str(trap)).replace("HOOKS", str(hooks)))
    for driver in ("x", "a=b", "Mixed"):
        write(repo / ".git/info/attributes", f"* filter={driver} diff=x\n")
        stale(repo)
        assert seen(repo).paths is not None
        assert not sprung(tmp_path)


def test_the_trap_would_have_sprung(repo, tmp_path, trap):
    git(repo, "config", "filter.x.clean", str(trap))
    write(repo / ".git/info/attributes", "* filter=x\n")
    stale(repo)
    git(repo, "status")
    assert sprung(tmp_path)


@pytest.mark.parametrize("how", ["include.path", "includeIf.gitdir:/**.path", "worktree"])
def test_settings_that_lie_in_another_file_run_nothing_either(repo, tmp_path, trap, how):
    other = write(tmp_path / "other.config", f'[filter "x"]\n\tclean = {trap}\n[core]\n\tfsmonitor = {trap}\n')
    if how == "worktree":
        git(repo, "config", "extensions.worktreeConfig", "true")
        other.rename(repo / ".git/config.worktree")
    else:
        git(repo, "config", how, str(other))
    write(repo / ".git/info/attributes", "* filter=x\n")
    stale(repo)
    assert seen(repo).paths is not None
    assert not sprung(tmp_path)


def test_settings_that_cannot_be_vouched_for_are_not_tried(repo, tmp_path, trap):
    with (repo / ".git/config").open("a") as config:
        config.write("# " + "x" * 1_100_000 + f'\n[filter "x"]\n\tclean = {trap}\n')
        config.write("".join(f'[filter "{number}{"y" * 900}"]\n\tclean = a\n' for number in range(2000)))
    write(repo / ".git/info/attributes", "* filter=x\n")
    stale(repo)
    assert seen(repo).gave_up == "its settings cannot be vouched for"
    assert not sprung(tmp_path)


def test_a_submodules_programs_are_not_run(repo, tmp_path, trap):
    library = make(tmp_path / "library")
    git(repo, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "lib")
    git(repo / "lib", "config", "core.fsmonitor", str(trap))
    git(repo, "config", "submodule.lib.ignore", "none")
    assert seen(repo).paths is not None
    assert not sprung(tmp_path)


def test_a_partial_clone_fetches_nothing(repo, tmp_path, trap):
    git(repo, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--filter=tree:0", "--no-checkout", f"file://{repo}", "partial")
    for name, value in (("remote.origin.url", f"ext::{trap}"), ("protocol.ext.allow", "always")):
        git(tmp_path / "partial", "config", name, value)
    assert seen(tmp_path / "partial").gave_up
    assert not sprung(tmp_path)


def test_the_users_own_filters_are_trusted(repo, own_git):
    write(own_git / ".gitconfig", '[filter "upper"]\n\tclean = tr a-z A-Z\n')
    write(repo / ".gitattributes", "*.txt filter=upper\n")
    write(repo / "x.txt", "text\n")
    git(repo, "add", ".")
    git(repo, "commit", "-qm", "filtered")
    os.utime(repo / "x.txt", ns=(1, 1))
    assert states(repo) == {}


def test_what_git_reads_is_handed_to_it(repo):
    said = ask(str(repo), "cat-file", "--batch-check", env=os.environ, given=b"HEAD\n")
    assert said.out.split()[1] == b"commit"
    assert not said.failed


def test_a_machine_without_git_is_no_error(repo, tmp_path, monkeypatch):
    facts = LiveFacts(str(repo))
    monkeypatch.setattr(subprocess, "Popen", _absent)
    assert look(facts).gave_up == "git could not be run"


def _absent(*_, **__):
    raise FileNotFoundError("git")
