"""githooks: put into a repository's hooks beside what is there, run by real git, taken out to the byte."""

import os
import subprocess

import pytest

from sidelight import githooks
from sidelight.facts import LiveFacts
from tests.repositories import git, make, own_git, write
from tests.terminals import Terminal

pytestmark = pytest.mark.usefixtures("own_git")
__all__ = ["own_git"]


@pytest.fixture
def env(tmp_path):
    return {**os.environ, "SIDELIGHT_HOME": str(tmp_path / "state")}


@pytest.fixture
def told(tmp_path):
    """A stand-in for `sidelight` that writes down how it was called, and lets whoever waits for it know."""
    os.mkfifo(tmp_path / "calls")
    program = write(tmp_path / "sidelight", f'#!/bin/sh\n{{ echo "$@"; cat; }} > "{tmp_path}/calls"\n')
    program.chmod(0o755)
    return program


@pytest.fixture
def repo(tmp_path):
    return make(tmp_path / "repo")


def install(repo, program, env):
    return githooks.install(LiveFacts(str(repo)), str(program), env)


def everything(where):
    return {
        str(path.relative_to(where)): (path.read_bytes(), path.stat().st_mode, path.is_symlink())
        for path in sorted(where.rglob("*"))
        if path.is_file()
    }


def heard(told):
    """What the next call of it was given; waits for it, as a pipe's reader does."""
    with open(told.parent / "calls") as calls:
        return calls.read()


def test_each_hook_hands_over_what_git_gives_it(repo, told, env, tmp_path):
    assert [one.what for one in install(repo, told, env)] == ["made"] * 4
    git(repo, "commit", "-q", "--allow-empty", "-m", "x")
    assert heard(told) == "git-hook post-commit\n"
    git(repo, "switch", "-qc", "topic")
    assert heard(told).startswith("git-hook post-checkout ")
    git(tmp_path, "init", "-q", "--bare", "far.git")
    git(repo, "push", "-q", str(tmp_path / "far.git"), "topic")
    first, _, rest = heard(told).partition("\n")
    assert first.startswith("git-hook pre-push ")
    assert rest.strip().startswith("refs/heads/topic ")


def test_a_rewrite_is_handed_over_too(repo, told, env):
    for name in ("post-commit", "post-checkout", "pre-push"):
        write(repo / ".git/hooks" / name, "not executable")
    assert [one.what for one in install(repo, told, env)] == ["refused", "refused", "made", "refused"]
    git(repo, "commit", "-q", "--amend", "--allow-empty", "-m", "x")
    assert heard(told).startswith("git-hook post-rewrite amend")


@pytest.mark.parametrize(
    "there",
    [
        "#!/bin/sh\necho mine > mine\ncat >> mine\n",
        "#!/usr/bin/env bash\n# pre-commit's own\nset -eu\necho mine > mine\ncat >> mine\n",
        "#!/usr/bin/env python3\nimport sys\nopen('mine', 'w').write('mine\\n' + sys.stdin.read())\n",
        "#!/bin/sh\r\necho mine > mine\n",
    ],
    ids=["sh", "bash", "python", "windows line ends"],
)
def test_what_was_there_still_runs_and_comes_back_to_the_byte(repo, told, env, tmp_path, there):
    hook = repo / ".git/hooks/pre-push"
    hook.write_bytes(there.encode())
    hook.chmod(0o755)
    before = everything(repo / ".git/hooks")
    install(repo, told, env)
    installed = everything(repo / ".git/hooks")
    assert [one.what for one in install(repo, told, env)] == ["unchanged"] * 4
    assert everything(repo / ".git/hooks") == installed
    git(tmp_path, "init", "-q", "--bare", "far.git")
    if "\r" not in there:
        git(repo, "push", "-q", str(tmp_path / "far.git"), "main")
        assert heard(told).startswith("git-hook pre-push")
        assert (repo / "mine").read_text().startswith("mine\nrefs/heads/main ")
    githooks.uninstall(env)
    assert everything(repo / ".git/hooks") == before
    assert githooks.registered(env) == []


def test_a_hook_that_fails_still_fails(repo, told, env, tmp_path):
    write(repo / ".git/hooks/pre-push", "#!/bin/sh\nexit 1\n").chmod(0o755)
    install(repo, told, env)
    git(tmp_path, "init", "-q", "--bare", "far.git")
    done = subprocess.run(["git", "-C", str(repo), "push", "-q", str(tmp_path / "far.git"), "main"], check=False)
    assert done.returncode == 1
    assert heard(told).startswith("git-hook pre-push")


def test_a_link_to_a_tracked_script_is_left_alone(repo, told, env):
    script = write(repo / "tools/hook.sh", "#!/bin/sh\n")
    script.chmod(0o755)
    (repo / ".git/hooks/post-commit").symlink_to(script)
    before = script.read_bytes()
    assert "moved aside" in [one.what for one in install(repo, told, env)]
    assert script.read_bytes() == before
    githooks.uninstall(env)
    assert (repo / ".git/hooks/post-commit").readlink() == script


def test_husky_keeps_its_own_and_what_git_tracks_is_not_written_to(repo, told, env):
    write(repo / ".husky/_/.gitignore", "*\n")
    write(
        repo / ".husky/_/h",
        '#!/usr/bin/env sh\ns=$(dirname "$(dirname "$0")")/$(basename "$0")\n[ -f "$s" ] && sh -e "$s" "$@"\n',
    )
    write(repo / ".husky/_/post-commit", '#!/usr/bin/env sh\n. "${0%/*}/h"\n').chmod(0o755)
    write(repo / ".husky/post-commit", "echo husky > husky-ran\n")
    git(repo, "config", "core.hooksPath", ".husky/_")
    before = everything(repo / ".husky")
    assert [one.what for one in install(repo, told, env)] == ["made", "changed", "made", "made"]
    git(repo, "commit", "-q", "--allow-empty", "-m", "x")
    assert heard(told) == "git-hook post-commit\n"
    assert (repo / "husky-ran").read_text() == "husky\n"
    githooks.uninstall(env)
    assert everything(repo / ".husky") == before
    git(repo, "config", "core.hooksPath", ".githooks")
    (refused,) = install(repo, told, env)
    assert refused[1:] == ("refused", "core.hooksPath leads to files that git tracks")
    assert not (repo / ".githooks").exists()


def test_hooks_for_all_repositories_are_not_written_to(repo, told, env, own_git):
    git(repo, "config", "--global", "core.hooksPath", str(own_git / "hooks"))
    (refused,) = install(repo, told, env)
    assert refused.what == "refused"
    assert not (own_git / "hooks").exists()


def test_a_linked_worktree_has_the_hooks_of_its_repository(repo, told, env, tmp_path):
    git(repo, "worktree", "add", "-q", "-b", "topic", str(tmp_path / "wt"))
    install(tmp_path / "wt", told, env)
    assert (repo / ".git/hooks/post-commit").exists()


def test_a_sidelight_that_is_gone_is_no_error_to_git(repo, told, env):
    install(repo, told, env)
    told.unlink()
    git(repo, "commit", "-q", "--allow-empty", "-m", "x")


def test_outside_a_repository_there_is_nothing_to_do(told, env, tmp_path):
    assert install(tmp_path, told, env) == []


def test_the_hook_that_runs_within_everything_is_never_used():
    assert "reference-transaction" not in githooks.NAMES


def test_init_puts_them_in_and_uninstall_takes_them_out_everywhere(repo, tmp_path):
    user = Terminal(tmp_path / "home", repo)
    before = everything(repo / ".git/hooks")
    said = user.json("init", "--git-hooks", "--dry-run")
    assert [one["what"] for one in said["gitHooks"]] == ["would change"]
    assert everything(repo / ".git/hooks") == before
    said = user.json("init", "--git-hooks")
    assert [one["what"] for one in said["gitHooks"]] == ["made"] * 4
    assert "post-commit" in user.run("init", "--git-hooks").stdout
    user.cwd = tmp_path
    gone = user.run("uninstall").stdout
    assert "post-commit" in gone
    assert "Nothing had to be changed" not in gone
    assert everything(repo / ".git/hooks") == before


def test_init_says_where_there_is_no_repository(tmp_path):
    said = Terminal(tmp_path / "home", tmp_path).json("init", "--git-hooks", code=2)
    assert "no repository" in said["error"]
