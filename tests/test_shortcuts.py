"""terms: where git has a shortcut through a large tree, a look takes it, and sees what it would have seen without."""

import os
import stat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidelight.facts import LiveFacts
from sidelight.facts.looks import look
from sidelight.facts.terms import own_files
from tests.repositories import git, make, own_git, write

pytestmark = pytest.mark.usefixtures("own_git")
__all__ = ["own_git"]


@pytest.fixture
def repo(tmp_path):
    return make(tmp_path / "repo")


@pytest.fixture
def traced(tmp_path, monkeypatch):
    """What git says about its own work, from now on."""
    log = tmp_path / "trace"
    real = next(folder for folder in os.environ["PATH"].split(os.pathsep) if os.access(f"{folder}/git", os.X_OK))
    program(tmp_path / "bin/git", f'GIT_TRACE2_PERF="{log}" exec "{real}/git" "$@"')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    return log


def program(where, text):
    write(where, f"#!/bin/sh\n{text}\n")
    where.chmod(where.stat().st_mode | stat.S_IXUSR)
    return where


def states(where):
    found = look(LiveFacts(str(where)))
    assert found.paths is not None, found.gave_up
    return {path: one.state for path, one in found.paths.items()}


def remembered(repo):
    """Let git keep what is untracked; a directory that has just changed is not yet trusted."""
    git(repo, "config", "core.untrackedCache", "true")
    for folder in sorted(
        {path if path.is_dir() else path.parent for path in repo.rglob("*") if ".git" not in path.parts}
    ):
        os.utime(folder, (1_600_000_000, 1_600_000_000))
    os.utime(repo, (1_600_000_000, 1_600_000_000))
    git(repo, "status")
    git(repo, "status")


# ── the cache of untracked paths ──────────────────────────────────────────────────────────────────────────────────


def test_a_look_opens_no_directory_that_git_remembers(repo, traced):
    for number in range(20):
        write(repo / f"d{number}/kept.py", "x\n")
    git(repo, "add", ".")
    git(repo, "commit", "-qm", "many")
    remembered(repo)
    traced.unlink()
    assert states(repo) == {}
    assert "opendir:0" in traced.read_text()


def test_where_git_remembers_nothing_the_tree_is_walked(repo, traced):
    states(repo)
    assert "directories-visited" in traced.read_text()
    assert "opendir:" not in traced.read_text()


def test_what_lies_in_a_new_directory_is_seen_path_by_path(repo):
    write(repo / ".gitignore", "*.o\nbuilt/\n")
    for path in ("new/a", "new/deep/b", "new/deep/c.o", "built/d", "src/e", "new dir/with space", "new/*", "üñí/ö"):
        write(repo / path, "x\n")
    make(repo / "another")
    make(repo / "new/nested")
    before = states(repo)
    remembered(repo)
    assert before == states(repo)
    assert set(before) == {".gitignore", "new/a", "new/deep/b", "src/e", "new dir/with space", "new/*", "üñí/ö"}


def test_a_user_who_lists_all_untracked_paths_sees_the_same(repo, own_git):
    write(own_git / ".gitconfig", "[status]\n\tshowUntrackedFiles = all\n[core]\n\tuntrackedCache=true\n")
    write(repo / "new/deep/b", "x\n")
    remembered(repo)
    assert states(repo) == {"new/deep/b": "??"}


def test_more_new_directories_than_can_be_named_are_given_up_and_said(repo, monkeypatch):
    monkeypatch.setattr("sidelight.facts.looks.ARGUMENT_BYTES", 10)
    for number in range(6):
        write(repo / f"new{number}/a", "x\n")
    git(repo, "config", "core.untrackedCache", "true")
    found = look(LiveFacts(str(repo)))
    assert (found.paths, found.gave_up) == (None, "6 new directories")


_NAMES = st.sampled_from(["a", "b", "new dir", "*", "[x]", ":(top)", "-q", "é", os.fsdecode(b"\xff"), "built", "x.o"])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(_NAMES, min_size=1, max_size=4), max_size=12))
def test_a_tree_looks_the_same_with_and_without_the_cache(tmp_path_factory, paths):
    repo = make(tmp_path_factory.mktemp("tree") / "repo")
    write(repo / ".gitignore", "*.o\nbuilt/\n")
    for parts in paths:
        where = repo.joinpath(*parts)
        if not where.is_dir() and not any(above.is_file() for above in where.parents):
            write(where, "x\n")
    before = states(repo)
    remembered(repo)
    assert states(repo) == before


# ── the monitor of the file system ────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def monitor(tmp_path):
    """A user's own monitor (githooks(5), fsmonitor-watchman, version 2): it says `changed`, and that it ran."""
    write(tmp_path / "changed", "")
    return program(
        tmp_path / "monitor",
        f"echo ran >> '{tmp_path}/asked'\nprintf 'token\\0'\ntr '\\n' '\\0' < '{tmp_path}/changed'",
    )


def asked(tmp_path):
    return (tmp_path / "asked").exists()


def watched(repo, own_git, monitor):
    """From now on the user's git asks it, as it has asked once."""
    write(own_git / ".gitconfig", f"[core]\n\tfsmonitor = {monitor}\n\tfsmonitorHookVersion = 2\n")
    git(repo, "update-index", "--fsmonitor")
    git(repo, "status")
    (monitor.parent / "asked").unlink()


def test_the_users_own_monitor_is_asked_and_believed(repo, own_git, monitor, tmp_path):
    watched(repo, own_git, monitor)
    write(repo / "src/a.py", "changed, and said\n")
    write(repo / "src/b.py", "changed, and not said\n")
    write(tmp_path / "changed", "src/a.py\n")
    assert states(repo) == {"src/a.py": ".M"}
    assert asked(tmp_path)


@pytest.mark.parametrize("value", ["false", "true", ".git/hooks/fsmonitor-watchman", "watch"])
def test_a_repository_that_says_otherwise_is_looked_at_without_it(repo, own_git, monitor, tmp_path, value):
    watched(repo, own_git, monitor)
    git(repo, "config", "core.fsmonitor", value)
    write(repo / "src/a.py", "changed, and not said\n")
    assert states(repo) == {"src/a.py": ".M"}
    assert not asked(tmp_path)


@pytest.mark.parametrize("value", [".git/hooks/watch", "watch", "./watch"])
def test_a_monitor_that_could_lie_in_the_repository_is_not_run(repo, own_git, monitor, tmp_path, value):
    for where in (repo / ".git/hooks/watch", repo / "watch"):
        program(where, monitor.read_text())
    write(own_git / ".gitconfig", f"[core]\n\tfsmonitor = {value}\n")
    assert states(repo) == {"watch": "??"}
    assert not asked(tmp_path)


def test_gits_own_monitor_is_asked_only_while_it_runs(repo, traced):
    git(repo, "config", "core.fsmonitor", "true")
    write(repo / "src/a.py", "changed\n")
    assert states(repo) == {"src/a.py": ".M"}
    assert "fsmonitor--daemon" not in traced.read_text()
    write(repo / ".git/fsmonitor--daemon.ipc", "")  # nobody listens; git looks for itself
    assert states(repo) == {"src/a.py": ".M"}


@pytest.mark.parametrize(
    ("env", "files"),
    [
        ({"HOME": "/h"}, ["/h/.config/git/config", "/h/.gitconfig"]),
        ({"HOME": "/h", "XDG_CONFIG_HOME": "/x"}, ["/x/git/config", "/h/.gitconfig"]),
        ({"HOME": "/h", "GIT_CONFIG_GLOBAL": "/own"}, ["/own"]),
        ({"HOME": "/h", "GIT_CONFIG_GLOBAL": ""}, []),
        ({}, []),
    ],
)
def test_the_users_own_settings_are_where_git_has_them(env, files):
    assert own_files(env) == files
