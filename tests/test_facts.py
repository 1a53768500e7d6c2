"""facts: what git and the machine say, on real repositories, and unmoved by what a hostile one contains."""

import os
import re
import subprocess
import sys

import pytest

from sidelight import facts as module
from sidelight.facts import (
    Facts,
    LiveFacts,
    alive,
    boot_id,
    machine_name,
    process_start,
    read_bytes,
    remote_identity,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="paths and pipes of POSIX")


@pytest.fixture(autouse=True)
def _own_git_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    for name in [name for name in os.environ if name.startswith("GIT_")] + ["XDG_CONFIG_HOME"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "a")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "a@b.test")


def git(where, *arguments):
    done = subprocess.run(["git", "-C", str(where), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.rstrip("\n")


@pytest.fixture
def repo(tmp_path):
    return make(tmp_path / "repo")


def make(where, *, commit=True, remote="git@github.com:Acme/App.git"):
    where.mkdir(parents=True)
    git(where, "init", "-q", "-b", "main")
    if remote:
        git(where, "remote", "add", "origin", remote)
    (where / "src").mkdir()
    (where / "src" / "a.py").write_text("a = 1\n")
    if commit:
        git(where, "add", ".")
        git(where, "commit", "-q", "-m", "first")
    return where


@pytest.fixture
def no_git(monkeypatch):
    """Whoever runs a program fails the test: what is asked must come from files."""

    def refused(*arguments, **_):
        raise AssertionError(f"ran {arguments}")

    monkeypatch.setattr(subprocess, "Popen", refused)  # which `run` starts too


# ── the repository ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_directory_in_a_repository_knows_where_it_is(repo, no_git):
    here: Facts = LiveFacts(str(repo / "src"))
    assert here.cwd == str(repo / "src")
    assert here.worktree == str(repo)
    assert here.common_dir == str(repo / ".git")
    assert here.branch == "main"
    assert here.remote == "acme/app"
    assert here.worktrees() == (str(repo),)


def test_outside_a_repository_nothing_is_known(tmp_path, no_git):
    here = LiveFacts(str(tmp_path))
    assert (here.worktree, here.common_dir, here.git_dir, here.branch, here.remote) == (None,) * 5
    assert here.worktrees() == ()
    assert here.upstream("main") is None


def test_a_linked_worktree_shares_the_common_directory(repo, tmp_path):
    other = tmp_path / "other tree"
    git(repo, "worktree", "add", "-q", "-b", "topic/x", str(other))
    here = LiveFacts(str(other / "src"))
    assert here.worktree == str(other)
    assert here.common_dir == str(repo / ".git")
    assert here.git_dir == str(repo / ".git" / "worktrees" / "other-tree")
    assert here.branch == "topic/x"
    assert here.remote == "acme/app"
    assert here.worktrees() == LiveFacts(str(repo)).worktrees() == (str(repo), str(other))


def test_a_removed_worktree_is_not_listed(repo, tmp_path):
    git(repo, "worktree", "add", "-q", str(tmp_path / "gone"))
    subprocess.run(["rm", "-rf", str(tmp_path / "gone")], check=True)
    assert LiveFacts(str(repo)).worktrees() == (str(repo),)


def test_a_submodule_is_a_repository_of_its_own(repo, tmp_path):
    library = make(tmp_path / "library", remote="https://github.com/acme/library")
    git(repo, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "vendor/library")
    here = LiveFacts(str(repo / "vendor" / "library" / "src"))
    assert here.worktree == str(repo / "vendor" / "library")
    assert here.common_dir == str(repo / ".git" / "modules" / "vendor" / "library")
    assert here.worktrees() == (str(repo / "vendor" / "library"),)
    assert here.branch == "main"


def test_a_bare_repository_has_no_working_tree(repo, tmp_path):
    bare = tmp_path / "bare.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(repo), str(bare)], check=True)
    here = LiveFacts(str(bare))
    assert (here.worktree, here.branch) == (None, None)
    assert here.common_dir == str(bare)
    git(bare, "worktree", "add", "-q", str(tmp_path / "of-bare"), "main")
    assert LiveFacts(str(tmp_path / "of-bare")).common_dir == str(bare)
    assert LiveFacts(str(tmp_path / "of-bare")).worktrees() == (str(tmp_path / "of-bare"),)


def test_a_working_tree_stays_one_when_somebody_sets_core_bare(repo):
    git(repo, "config", "core.bare", "true")
    assert LiveFacts(str(repo / "src")).worktree == str(repo)


def test_inside_the_git_directory_there_is_no_working_tree(repo):
    here = LiveFacts(str(repo / ".git" / "refs"))
    assert here.worktree is None
    assert here.common_dir == str(repo / ".git")


def test_a_repository_without_commits_has_its_branch(tmp_path):
    empty = make(tmp_path / "empty", commit=False)
    assert LiveFacts(str(empty)).branch == "main"


def test_a_detached_head_has_no_branch(repo):
    git(repo, "checkout", "-q", "--detach")
    assert LiveFacts(str(repo)).branch is None


def test_a_git_directory_elsewhere_is_followed(tmp_path):
    where = tmp_path / "tree"
    where.mkdir()
    git(where, "init", "-q", "-b", "main", "--separate-git-dir", str(tmp_path / "store"))
    here = LiveFacts(str(where))
    assert (here.worktree, here.common_dir, here.branch) == (str(where), str(tmp_path / "store"), "main")
    assert here.worktrees() == (str(where),)


def test_spaces_and_any_script_are_fine(tmp_path):
    where = make(tmp_path / "mein Projekt" / "進捗 é")
    git(where, "checkout", "-q", "-b", "größe/1")
    here = LiveFacts(str(where / "src"))
    assert (here.worktree, here.branch) == (str(where), "größe/1")


def test_a_link_to_the_repository_is_the_repository(repo, tmp_path):
    (tmp_path / "link").symlink_to(repo)
    here = LiveFacts(str(tmp_path / "link" / "src"))
    assert (here.cwd, here.worktree) == (str(repo / "src"), str(repo))


def test_git_dir_in_the_environment_wins(repo, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    env = {"GIT_DIR": str(repo / ".git"), "GIT_WORK_TREE": str(repo)}
    here = LiveFacts(str(elsewhere), env)
    assert (here.worktree, here.common_dir, here.branch) == (str(repo), str(repo / ".git"), "main")
    assert LiveFacts(str(elsewhere), {"GIT_DIR": str(repo / ".git")}).worktree == str(elsewhere)
    assert LiveFacts(str(repo), {"GIT_DIR": str(elsewhere)}).worktree is None


def test_the_answers_are_gits_own(repo, tmp_path):
    git(repo, "worktree", "add", "-q", str(tmp_path / "wt"))
    for where in (repo, repo / "src", tmp_path / "wt", repo / ".git"):
        here = LiveFacts(str(where))
        common = git(where, "rev-parse", "--path-format=absolute", "--git-common-dir")
        assert here.common_dir == common
        assert here.git_dir == git(where, "rev-parse", "--absolute-git-dir")
        if here.worktree:
            assert here.worktree == git(where, "rev-parse", "--show-toplevel")
            assert here.branch == git(where, "symbolic-ref", "--short", "HEAD")


def test_a_reftable_repository_is_asked_through_git(tmp_path, monkeypatch):
    where = make(tmp_path / "reftable")
    (where / ".git" / "HEAD").write_text("ref: refs/heads/.invalid\n")
    monkeypatch.setattr(LiveFacts, "git", lambda self, *words: "topic\n" if words[0] == "symbolic-ref" else None)
    assert LiveFacts(str(where)).branch == "topic"


def test_standing_elsewhere_is_another_answer_of_the_same_kind(repo, tmp_path):
    other = make(tmp_path / "other", remote="https://gitlab.com/g/sub/p.git")
    here = LiveFacts(str(repo), {"HOME": "/h"}, scope="home")
    there = here.at("../other/src")
    assert (there.worktree, there.remote) == (str(other), "gitlab.com/g/sub/p")
    assert (there.scope, there.env, there.machine) == (here.scope, here.env, here.machine)
    assert here.at(str(tmp_path)).worktree is None


# ── remotes ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("url", "identity"),
    [
        ("https://github.com/Acme/App.git", "acme/app"),
        ("https://github.com/Acme/App/", "acme/app"),
        ("https://user:tok@en@github.com/acme/app.git", "acme/app"),
        ("git@github.com:acme/app.git", "acme/app"),
        ("git@github.com:/acme/app", "acme/app"),
        ("github.com:acme/app", "acme/app"),
        ("ssh://git@github.com/acme/app.git", "acme/app"),
        ("ssh://git@ssh.github.com:443/acme/app.git", "acme/app"),
        ("git@github-work:acme/app.git", "acme/app"),
        ("git@github.com-me:acme/app.git", "acme/app"),
        ("git://github.com/acme/app", "acme/app"),
        ("https://gitlab.com/group/sub/app.git", "gitlab.com/group/sub/app"),
        ("git@git.example.test:7999/app.git", "git.example.test/7999/app"),
        ("ssh://git@git.example.test:7999/team/app.git", "git.example.test/team/app"),
        ("https://notgithub.com/acme/app", "notgithub.com/acme/app"),
        ("https://[::1]:3000/acme/app", "[::1]/acme/app"),
        ("https://host.test/a#b c\n", "host.test/a_b_c_"),
        ("/srv/git/app.git", None),
        ("file:///srv/git/app.git", None),
        ("../app.git", None),
        ("C:\\repos\\app", None),
        ("", None),
    ],
)
def test_one_repository_has_one_name_however_its_address_is_written(url, identity):
    assert remote_identity(url) == identity


def test_without_origin_the_only_remote_counts(tmp_path):
    where = make(tmp_path / "r", remote=None)
    assert LiveFacts(str(where)).remote is None
    git(where, "remote", "add", "upstream", "https://github.com/acme/app")
    assert LiveFacts(str(where)).remote == "acme/app"
    git(where, "remote", "add", "fork", "https://github.com/me/app")
    assert LiveFacts(str(where)).remote is None
    git(where, "remote", "add", "origin", "https://github.com/me/app2")
    assert LiveFacts(str(where)).remote == "me/app2"


def test_a_remote_on_this_machine_is_known_by_its_path(repo, tmp_path):
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(repo), str(clone)], check=True)
    other = tmp_path / "deep" / "clone"
    subprocess.run(["git", "clone", "-q", "file://" + str(repo), str(other)], check=True)
    assert LiveFacts(str(clone)).remote == LiveFacts(str(other)).remote == LiveFacts().machine + str(repo)


def test_instead_of_is_applied(repo, tmp_path):
    git(repo, "remote", "set-url", "origin", "gh:acme/other")
    (tmp_path / "home" / ".gitconfig").write_text('[url "https://github.com/"]\n\tinsteadOf = "gh:"\n')
    assert LiveFacts(str(repo)).remote == "acme/other"


def test_a_configuration_is_read_as_git_reads_it(repo):
    (repo / ".git" / "config").write_text(
        '[core] bare = false\n; comment\n[remote "ori\\"gin"]\nurl = x\n'
        '[Remote "origin"] # said\n  URL = "https://github.com/acme/\\\nnamed" ; and more\n[broken\nurl = y\n'
        '[branch "a.b"]\n\tremote = origin\n\tmerge = refs/heads/a.b\n\tflag\n'
    )
    here = LiveFacts(str(repo))
    assert here.remote == "acme/named"
    assert here.upstream("a.b") == ("origin", "a.b")


def test_where_a_branch_pushes_to(repo):
    git(repo, "config", "branch.main.remote", "origin")
    git(repo, "config", "branch.main.merge", "refs/heads/trunk")
    assert LiveFacts(str(repo)).upstream("main") == ("origin", "trunk")
    assert LiveFacts(str(repo)).upstream("other") is None
    git(repo, "config", "remote.pushDefault", "fork")
    assert LiveFacts(str(repo)).upstream("main") == ("fork", "main")
    git(repo, "config", "branch.main.pushRemote", "mine")
    assert LiveFacts(str(repo)).upstream("main") == ("mine", "main")


def test_aliases_of_the_repository_and_of_the_user(repo, tmp_path, no_git):
    (tmp_path / "home" / ".gitconfig").write_text(
        '[alias]\n\tnuke = reset --hard\n\tst = status -sb\n\tshell = "!f() { git clean -fdx; }; f"\n'
        "[include]\n\tpath = more\n"
    )
    (tmp_path / "home" / "more").write_text('[alias "wipe"]\n\tcommand = clean -fdx\n')
    with (repo / ".git" / "config").open("a") as config:
        config.write("[alias]\n\tst = stash\n")
    here = LiveFacts(str(repo))
    assert here.git_alias("nuke") == "reset --hard"
    assert here.git_alias("NUKE") == "reset --hard"
    assert here.git_alias("st") == "stash"
    assert here.git_alias("shell") == "!f() { git clean -fdx; }; f"
    assert here.git_alias("wipe") == "clean -fdx"
    assert here.git_alias("absent") is None
    assert here.git_alias("push") is None


def test_a_conditional_include_is_left_to_git(repo, tmp_path):
    (tmp_path / "home" / ".gitconfig").write_text(f'[includeIf "gitdir:{tmp_path}/"]\n\tpath = cond\n')
    (tmp_path / "home" / "cond").write_text("[alias]\n\tgone = reset --hard\n")
    assert LiveFacts(str(repo)).git_alias("gone") == "reset --hard"
    assert LiveFacts(str(repo)).git_alias("absent") is None


def test_git_that_takes_too_long_is_given_up(repo, tmp_path):
    os.mkfifo(tmp_path / "nobody writes")
    assert LiveFacts(str(repo)).git("config", "--list", "--file", str(tmp_path / "nobody writes"), timeout=0.2) is None


# ── hostile content ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.timeout(10)
@pytest.mark.parametrize("name", ["HEAD", "config", "commondir"])
def test_a_pipe_in_place_of_a_file_does_not_hang(repo, name):
    (repo / ".git" / name).unlink(missing_ok=True)
    os.mkfifo(repo / ".git" / name)
    here = LiveFacts(str(repo))
    assert here.worktree == str(repo)
    assert (here.branch, here.remote, here.git_alias("x"), here.upstream("x"), len(here.worktrees())) is not None


@pytest.mark.timeout(10)
def test_a_pipe_named_dot_git_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / ".git")
    assert LiveFacts(str(tmp_path)).worktree is None


@pytest.mark.parametrize(
    "content", [b"\0" * 100, b"ref: refs/heads/\0x\n", b"\xff\xfe", b"", b"ref: " + b"x" * 5000, b"a" * 10**6]
)
def test_a_strange_head_is_no_trouble(repo, content):
    (repo / ".git" / "HEAD").write_bytes(content)
    here = LiveFacts(str(repo))
    assert here.worktree == str(repo)
    assert here.branch is None or here.branch == "\0x"


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "content",
    [b"\0" * 1000, b"[" * 500_000, b'[remote "' + b"\\" * 900_000, b"x" * 5_000_000, b"[a]\n" * 200_000,
     b"[include]\n" + b"path = config\n" * 3000, b'[remote "origin"]\nurl = "\\', b"[remote\n", b"\xff[remote]"],
    ids=range(9),
)  # fmt: skip
def test_a_strange_configuration_is_no_trouble(repo, content):
    (repo / ".git" / "config").write_bytes(content)
    here = LiveFacts(str(repo))
    assert here.worktree == str(repo)
    here.git_alias("x")
    assert here.remote is None or isinstance(here.remote, str)


@pytest.mark.parametrize(
    "content", [b"gitdir: /nowhere\n", b"gitdir: \0\n", b"gitdir: .\n", b"nonsense", b"gitdir: " + b"a/" * 5000]
)
def test_a_strange_pointer_is_no_repository(tmp_path, content):
    (tmp_path / ".git").write_bytes(content)
    assert LiveFacts(str(tmp_path)).worktree is None


def test_a_strange_worktree_list_is_no_trouble(repo):
    for name, said in (("a", b"\0"), ("b", b"/nowhere/.git"), ("c", b""), ("d", b"x" * 9000)):
        (repo / ".git" / "worktrees" / name).mkdir(parents=True)
        (repo / ".git" / "worktrees" / name / "gitdir").write_bytes(said)
    assert LiveFacts(str(repo)).worktrees() == (str(repo),)


def test_a_circle_of_links_is_no_trouble(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    here = LiveFacts(str(tmp_path))
    assert here.real("a/x").startswith(str(tmp_path))
    assert here.is_dir("a") in (None, False)
    assert here.read("a") is None
    assert LiveFacts(str(tmp_path / "a")).worktree is None


def test_a_directory_that_is_gone_is_no_trouble(tmp_path, monkeypatch, repo):
    gone = repo / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert LiveFacts(env={}).cwd == ""
    assert LiveFacts(env={}).worktree is None
    assert LiveFacts(env={"PWD": str(gone)}).worktree == str(repo)
    assert LiveFacts(str(gone)).branch == "main"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_not_known(repo):
    (repo / ".git" / "config").chmod(0)
    here = LiveFacts(str(repo))
    assert here.worktree == str(repo)
    assert here.remote is None


# ── the disk ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_real_paths(tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "f").write_text("x")
    (tmp_path / "ln").symlink_to("d")
    (tmp_path / "file-link").symlink_to("d/f")
    here = LiveFacts(str(tmp_path), {"HOME": str(tmp_path / "d")})
    assert here.real("ln/f") == str(tmp_path / "d" / "f")
    assert here.real("file-link") == str(tmp_path / "d" / "f")
    assert here.real("ln/../x") == str(tmp_path / "x")
    assert here.real("./d/./f/") == str(tmp_path / "d" / "f")
    assert here.real("not/there/yet") == str(tmp_path / "not" / "there" / "yet")
    assert here.real("~/f") == str(tmp_path / "d" / "f")
    assert here.real("~") == str(tmp_path / "d")
    assert here.real("~nobody-of-that-name/x").endswith("~nobody-of-that-name/x")
    assert here.real("/") == "/"
    assert here.real("") == str(tmp_path)
    assert here.real("a\0b").startswith(str(tmp_path))
    assert here.real("x" * 5000).startswith(str(tmp_path))


def test_small_files_of_text_are_read_and_nothing_else(tmp_path):
    here = LiveFacts(str(tmp_path))
    (tmp_path / "t").write_text("täxt")
    (tmp_path / "bin").write_bytes(b"a\0b")
    (tmp_path / "latin").write_bytes(b"\xe9")
    (tmp_path / "big").write_text("x" * 101)
    os.mkfifo(tmp_path / "pipe")
    assert here.read("t") == "täxt"
    assert here.read("big", 101) == "x" * 101
    for name, limit in (
        ("bin", 100),
        ("latin", 100),
        ("big", 100),
        ("pipe", 100),
        ("absent", 100),
        (".", 100),
        ("a\0", 9),
    ):
        assert here.read(name, limit) is None
    assert here.read("/dev/zero", 100) is None
    assert read_bytes("/proc/self/status", 100_000)


def test_directories_are_told_from_files(tmp_path):
    (tmp_path / "f").write_text("")
    here = LiveFacts(str(tmp_path))
    assert here.is_dir(".") is True
    assert here.is_dir("f") is False
    assert here.is_dir("absent") is False
    assert here.is_dir("f/x") is False
    assert here.is_dir("a\0") is None


def test_patterns_name_what_exists(tmp_path):
    for name in ("a.py", "b.py", "c.txt", ".hidden.py", "sub/d.py", "sub/deep/e.py", "[x].py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    here = LiveFacts(str(tmp_path), {"HOME": str(tmp_path)})

    def named(pattern):
        return [path.removeprefix(str(tmp_path) + "/") for path in here.glob(pattern)]

    assert named("*.py") == ["[x].py", "a.py", "b.py"]
    assert named("[ab].py") == ["a.py", "b.py"]
    assert named(".*.py") == [".hidden.py"]
    assert named("*/d.py") == ["sub/d.py"]
    assert named("sub/**/*.py") == ["sub/d.py", "sub/deep/e.py"]
    assert named(str(tmp_path / "?.txt")) == ["c.txt"]
    assert named("~/c.*") == ["c.txt"]
    assert named("a.py") == ["a.py"]
    assert named("absent*") == []
    assert named("absent") == []
    assert named("sub/../a.*") == ["a.py"]


@pytest.mark.timeout(20)
def test_a_pattern_never_names_more_than_two_hundred(tmp_path):
    for number in range(300):
        (tmp_path / f"f{number:03}").write_text("")
    assert len(LiveFacts(str(tmp_path)).glob("*")) == 200
    LiveFacts("/").glob("/**/no-such-name-anywhere")


def test_borrowed_directories_are_seen(tmp_path):
    (tmp_path / "lib").mkdir()
    modules = tmp_path / "app" / "node_modules"
    (modules / "@x").mkdir(parents=True)
    (modules / "own").mkdir()
    (modules / "lib").symlink_to("../../lib")
    (modules / "@x" / "y").symlink_to(tmp_path / "lib")
    assert LiveFacts(str(tmp_path)).links_in("app/node_modules") == [str(tmp_path / "lib")] * 2
    assert LiveFacts(str(tmp_path)).links_in("absent") == []


def test_packages_are_known_by_name(tmp_path):
    (tmp_path / "package.json").write_text('{"name": "@acme/cdk"}')
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "Acme_Tool.Kit"\n')
    (tmp_path / "Cargo.toml").write_text('[package]\nname = "acme-rs"\n')
    here = LiveFacts(str(tmp_path))
    assert here.package("npm", ".") == "@acme/cdk"
    assert here.package("pypi", ".") == "acme-tool-kit"
    assert here.package("crates", ".") == "acme-rs"
    assert here.package("hackage", ".") is None
    (tmp_path / "package.json").write_text('{"name": ["x"]')
    (tmp_path / "pyproject.toml").write_text("[project\n")
    assert LiveFacts(str(tmp_path)).package("npm", ".") is None
    assert LiveFacts(str(tmp_path)).package("pypi", ".") is None


# ── the machine and its processes ─────────────────────────────────────────────────────────────────────────────────


def test_a_machine_has_a_stable_name_without_a_colon(tmp_path):
    name = LiveFacts(str(tmp_path)).machine
    assert re.fullmatch(r"[\w.-]+", name)
    assert name == LiveFacts("/").machine == machine_name({})
    assert LiveFacts("/").os in ("linux", "macos")


def test_the_id_of_the_system_is_not_told(monkeypatch):
    monkeypatch.setattr(module, "_machine_id", lambda: b"0123456789abcdef0123456789abcdef")
    first = machine_name({})
    monkeypatch.setattr(module, "_machine_id", lambda: b"0123456789abcdef0123456789abcdee")
    assert first != machine_name({})
    assert "0123" not in first


def test_the_name_can_be_given():
    assert machine_name({"SIDELIGHT_MACHINE": " Build Box:1 "}) == "build-box-1"
    assert machine_name({"SIDELIGHT_MACHINE": " : "}) == machine_name({})


def test_a_process_is_known_by_its_pid_and_start():
    start = process_start(os.getpid())
    assert start
    assert alive(os.getpid(), start, boot_id()) is True
    assert alive(os.getpid(), start + "1", boot_id()) is False
    assert alive(os.getpid(), start, "another boot") is None
    assert alive(os.getpid(), start, boot_id() + "1") is None
    assert alive(os.getpid(), start, None) is None
    assert alive(os.getpid(), None, boot_id()) is None
    assert alive(os.getpid(), start, boot_id(), machine=machine_name(os.environ)) is True
    assert alive(os.getpid(), start, boot_id(), machine="another") is None
    assert alive(0, start, boot_id()) is None


def test_a_process_that_ended_is_not_alive():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    start = process_start(child.pid)
    assert alive(child.pid, start, boot_id()) is True
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it is over, and nobody has fetched it yet
    assert alive(child.pid, start, boot_id()) is False
    child.communicate()
    assert alive(child.pid, start, boot_id()) is False


def test_where_there_is_no_proc_ps_is_asked(monkeypatch):
    monkeypatch.setattr(os.path, "isdir", lambda path: False)
    monkeypatch.setattr(module, "_said_by", lambda *words: "Mon Nov 23 17:00:00 2026" if "lstart=" in words else "")
    assert process_start(123) == "Mon Nov 23 17:00:00 2026"


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks into /proc")
@pytest.mark.parametrize(("word", "found"), [("exec", True), ("app-server", False)])
def test_the_process_of_a_session_is_found_above_it_but_none_that_serves_many(tmp_path, word, found):
    program = tmp_path / "codex"
    program.write_text("#!/bin/sh\necho\nread _\n")
    program.chmod(0o755)
    with subprocess.Popen([program, word], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as codex:
        assert codex.stdout is not None
        assert codex.stdout.readline(), "it runs"
        assert module.ancestor(codex.pid, ("codex",)) == (codex.pid if found else None)
        codex.communicate(b"go\n", timeout=60)
