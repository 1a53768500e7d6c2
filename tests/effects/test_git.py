"""What git does, case by case from its manuals."""

import subprocess

import pytest

from sidelight.actions import DESTROYS
from sidelight.effects import UNKNOWN, git
from tests.effects.reading import check, command, done, drafts, known, said
from tests.fakes import FakeFacts

TREE, STASH, GITDIR = "tree:m1:/repo", "stash:m1:/repo/.git", "gitdir:m1:/repo/.git"
RESET, SWITCH, MERGE = f"tree-reset destroys {TREE}", f"tree-switch switches {TREE}", f"tree-merge switches {TREE}"
RESTORE_ALL, STAGE_ALL = f"tree-restore destroys {TREE}", f"stage stages {TREE}"
COMMIT = f"commit commits {TREE}"
MAIN = "ref:acme/app#main"
LOCAL = "ref:m1:/repo/.git#"
CONFIG = [f"git-config replaces {key}" for key in (GITDIR, TREE, "tree:m1:/trees/linked")]


def path(name):
    return f"path:m1:/repo/{name}"


def pushed(branch, kind="push", effect="pushes", tree=TREE):
    """A branch at its remote, by its protection; with a tree, its commits are shared."""
    ships = [f"{kind} pushes {tree}"] if tree else []
    return ["only", f"{kind} {effect} ref:acme/app#{branch}", f"{kind} uses protection:acme/app#{branch}", *ships]


CASES = {
    # reads
    "status reads": ("git status -sb", "read"),
    "log reads": ("git log --oneline -5 main..HEAD", "read"),
    "diff into a file writes that file": ("git diff --output=a.patch", ["only", f"write replaces {path('a.patch')}"]),
    "fetch reads": ("git fetch --all --prune", "read"),
    "fetch into a local branch moves it": ("git fetch origin main:main", [f"ref-create replaces {LOCAL}main"]),
    "the reflog reads": ("git reflog -10", "read"),
    "the help of a destructive verb reads": ("git reset --help", "read"),
    "no pager and a setting before the verb": ("git --no-pager -c color.ui=false log", "read"),
    "no verb at all": ("git", "read"),
    "a verb nobody knows": ("git frobnicate --hard", "not understood"),
    # reset
    "reset --hard": ("git reset --hard origin/main", ["only", RESET]),
    "reset --keep": ("git reset --keep HEAD~1", ["only", RESET]),
    "reset --merge": ("git reset --merge", ["only", RESET]),
    "reset --soft moves the branch": ("git reset --soft HEAD~1", ["only", f"head-move switches {TREE}"]),
    "reset to a commit moves the branch": ("git reset HEAD~2", ["only", f"head-move switches {TREE}"]),
    "reset of a path unstages it": ("git reset HEAD src/a.py", ["only", f"stage stages {path('src/a.py')}"]),
    "reset of a path without a commit": ("git reset -- src", ["only", f"stage stages {path('src')}"]),
    # checkout, switch, restore
    "checkout of a branch": ("git checkout develop", ["only", SWITCH]),
    "checkout of a new branch": ("git checkout -b fix/login origin/main", ["only", SWITCH]),
    "checkout of the branch before": ("git checkout -", ["only", SWITCH]),
    "checkout of a branch called like no file": ("git checkout release/1.x", ["only", SWITCH]),
    "checkout of a branch with dashes behind it": ("git checkout main --", ["only", SWITCH]),
    "checkout of a commit": ("git checkout --detach HEAD~3", ["only", SWITCH]),
    "checkout by force throws work away": ("git checkout -f main", ["only", RESET, f"tree-reset switches {TREE}"]),
    "checkout -f alone throws work away": ("git checkout -f", ["only", RESET]),
    "checkout of all files": ("git checkout .", ["only", RESTORE_ALL]),
    "checkout of all files of a commit": ("git checkout HEAD~1 -- .", ["only", RESTORE_ALL]),
    "checkout of a path after dashes": ("git checkout -- src/a.py", ["only", f"restore destroys {path('src/a.py')}"]),
    "checkout of a path of a branch": ("git checkout main -- src", ["only", f"restore destroys {path('src')}"]),
    "checkout of a name only a file has": (
        "git checkout src/app.ts",
        ["only", f"restore destroys {path('src/app.ts')}"],
    ),
    "checkout of a known directory": ("git checkout docs", ["only", f"restore destroys {path('docs')}"]),
    "checkout of a branch's version of a file": (
        "git checkout main package.json",
        [f"restore destroys {path('package.json')}"],
    ),
    "checkout of one side of a conflict": (
        "git checkout --ours src/a.py",
        ["only", f"restore destroys {path('src/a.py')}"],
    ),
    "checkout without words only reports": ("git checkout", "read"),
    "switch": ("git switch main", ["only", SWITCH]),
    "switch to a new branch": ("git switch -c topic", ["only", SWITCH]),
    "switch that discards": ("git switch --discard-changes main", [RESET]),
    "restore of the tree": ("git restore .", ["only", RESTORE_ALL]),
    "restore of a path": (
        "git restore src/a.py src/b.py",
        ["only", *(f"restore destroys {path(p)}" for p in ("src/a.py", "src/b.py"))],
    ),
    "restore from the root": ("git restore :/", ["only", RESTORE_ALL]),
    "restore of the index alone unstages": ("git restore --staged a.py", ["only", f"stage stages {path('a.py')}"]),
    "restore of index and tree": ("git restore -SW a.py", ["only", f"restore destroys {path('a.py')}"]),
    "restore from another commit": ("git restore -s HEAD~2 -- a.py", ["only", f"restore destroys {path('a.py')}"]),
    # clean
    "clean by force": ("git clean -fd", ["only", f"tree-clean destroys {TREE}"]),
    "clean that only looks": ("git clean -nfd", "read"),
    "clean without force refuses": ("git clean -d", "nothing"),
    "clean of a directory": ("git clean -fd build", ["only", f"tree-clean destroys {path('build')}"]),
    "clean of ignored files takes dependencies": (
        "git clean -fdx",
        [f"tree-clean destroys {TREE}", "tree-clean destroys deps:m1:/repo/node_modules"],
    ),
    # merge, rebase and their kin
    "merge": ("git merge --no-ff topic", ["only", MERGE]),
    "pull": ("git pull --ff-only", ["only", MERGE]),
    "pull that only looks": ("git pull --dry-run", "read"),
    "rebase": ("git rebase --onto main a b", ["only", MERGE]),
    "rebase goes on": ("git rebase --continue", ["only", MERGE]),
    "rebase given up resets the tree": ("git rebase --abort", ["only", "tree-merge destroys tree:m1:/repo"]),
    "rebase left as it is": ("git rebase --quit", ["only", "tree-merge uses tree:m1:/repo"]),
    "cherry-pick": ("git cherry-pick -x abc123", ["only", MERGE]),
    "revert here": ("git revert --no-edit HEAD", ["only", MERGE]),
    "am": ("git am < 0001.patch", ["only", MERGE]),
    "bisect": ("git bisect start HEAD v1", ["only", SWITCH]),
    "bisect log reads": ("git bisect log", "read"),
    # stash
    "stash takes all": ("git stash", ["only", f"stash-push adds {STASH}", f"stash-push destroys {TREE}"]),
    "stash with untracked files": ("git stash -u", [f"stash-push destroys {TREE}"]),
    "stash push of a path": (
        "git stash push -m wip -- src/a.py",
        ["only", f"stash-push adds {STASH}", f"stash-push destroys {path('src/a.py')}"],
    ),
    "stash save": ("git stash save half done", [f"stash-push destroys {TREE}"]),
    "stash pop": ("git stash pop", ["only", f"stash-pop destroys {STASH}", f"stash-pop edits {TREE}"]),
    "stash apply": ("git stash apply stash@{1}", [f"stash-pop destroys {STASH}"]),
    "stash drop": ("git stash drop", ["only", f"stash-drop destroys {STASH}"]),
    "stash clear": ("git stash clear", ["only", f"stash-drop destroys {STASH}"]),
    "stash list reads": ("git stash list", "read"),
    "stash show reads": ("git stash show -p", "read"),
    "stash create reads": ("git stash create", "read"),
    "stash branch": ("git stash branch topic", [f"stash-pop switches {TREE}"]),
    # linked working trees
    "worktree add": ("git worktree add ../wt -b topic", ["only", f"ref-create adds {LOCAL}topic"]),
    "worktree list reads": ("git worktree list", "read"),
    "worktree remove": (
        "git worktree remove --force ../wt",
        ["only", "tree-remove destroys tree:m1:/wt", "tree-remove destroys path:m1:/wt"],
    ),
    "worktree remove by the end of its path": (
        "git worktree remove linked",
        ["tree-remove destroys tree:m1:/trees/linked"],
    ),
    "worktree prune": ("git worktree prune", "nothing"),
    # index
    "add all": ("git add -A", ["only", STAGE_ALL]),
    "add dot": ("git add .", ["only", STAGE_ALL]),
    "add update": ("git add -u", ["only", STAGE_ALL]),
    "add star": ("git add *", ["only", STAGE_ALL]),
    "add of files": ("git add src/a.py", ["only", f"stage stages {path('src/a.py')}"]),
    "add all below a path": ("git add -A src", ["only", f"stage stages {path('src')}"]),
    "add that only looks": ("git add -n .", "read"),
    "stage is add": ("git stage .", ["only", STAGE_ALL]),
    "rm": ("git rm -r old", ["only", f"delete destroys {path('old')}"]),
    "rm from the index": ("git rm --cached a.py", ["only", f"stage stages {path('a.py')}"]),
    "rm that only looks": ("git rm -n a.py", "read"),
    "mv": ("git mv a.py b.py", ["only", f"delete destroys {path('a.py')}", f"write replaces {path('b.py')}"]),
    # commit
    "commit": ("git commit -m 'fix: a'", ["only", COMMIT]),
    "commit all": ("git commit -am wip", ["only", COMMIT, f"commit stages {TREE}"]),
    "commit of paths": ("git commit -m x a.py", ["only", COMMIT, f"commit commits {path('a.py')}"]),
    "commit of all below the root": ("git commit -m x .", ["only", COMMIT, f"commit stages {TREE}"]),
    "commit with a message from a file": ("git commit -F /tmp/msg", ["only", "file-use uses path:m1:/tmp/msg", COMMIT]),
    "commit that only looks": ("git commit -a --dry-run", "read"),
    "commit without hooks is no dry run": ("git commit -n -m x", ["only", COMMIT]),
    "commit --amend": ("git commit --amend --no-edit", ["only", COMMIT]),
    # push
    "push": ("git push", pushed("main")),
    "push of HEAD": ("git push -u origin HEAD", pushed("main")),
    "push of HEAD to a name": (
        "git push origin HEAD:refs/heads/topic",
        pushed("topic"),
    ),
    "push of another branch": ("git push origin topic", pushed("topic", tree=None)),
    "push by force": ("git push -f origin main", pushed("main", "push-force", "destroys")),
    "push by force with bundled flags": ("git push -fu origin main", [f"push-force destroys {MAIN}"]),
    "push of a plus refspec": ("git push origin +main", [f"push-force destroys {MAIN}"]),
    "push with lease": (
        "git push --force-with-lease",
        pushed("main", "push-lease", "replaces"),
    ),
    "push with lease and force": ("git push --force-with-lease --force", [f"push-force destroys {MAIN}"]),
    "push mirror": ("git push --mirror", [f"push-force destroys {MAIN}"]),
    "push that deletes": ("git push origin --delete topic", ["only", "ref-delete destroys ref:acme/app#topic"]),
    "push of nothing onto a branch": ("git push origin :topic", ["only", "ref-delete destroys ref:acme/app#topic"]),
    "push of a tag": (
        "git push origin v1.2.3",
        ["only", "tag-push adds ref:acme/app#tags/v1.2.3", "tag-push edits package:npm:@acme/app"],
    ),
    "push of a tag by its full name": (
        "git push origin refs/tags/nightly",
        ["only", "tag-push adds ref:acme/app#tags/nightly"],
    ),
    "push of a tag by the word tag": (
        "git push origin tag nightly",
        ["only", "tag-push adds ref:acme/app#tags/nightly"],
    ),
    "push of a moved tag": ("git push -f origin v1.2.3", ["push-force destroys ref:acme/app#tags/v1.2.3"]),
    "push that deletes a tag": (
        "git push --delete origin refs/tags/v1",
        ["only", "ref-delete destroys ref:acme/app#tags/v1"],
    ),
    "push that only looks": ("git push --force --dry-run", "read"),
    "push to a URL": ("git push git@github.com:Other/Repo.git main", ["push pushes ref:other/repo#main"]),
    "push to another remote": ("git push fork main", ["push pushes ref:mine/app#main"]),
    "push to a platform deploys": ("git push heroku main", ["deploy replaces service:acme/app/prod"]),
    # branches and tags here
    "branch lists": ("git branch -a", "read"),
    "branch shows the current one": ("git branch --show-current", "read"),
    "branch lists what contains a commit": ("git branch --contains abc", "read"),
    "branch create": ("git branch topic", ["only", f"ref-create adds {LOCAL}topic"]),
    "branch delete": ("git branch -D a b", ["only", f"ref-delete destroys {LOCAL}a", f"ref-delete destroys {LOCAL}b"]),
    "branch forgets a remote's": ("git branch -dr origin/x", "nothing"),
    "branch rename": (
        "git branch -m old new",
        ["only", f"ref-delete destroys {LOCAL}old", f"ref-delete adds {LOCAL}new"],
    ),
    "branch rename of this one": ("git branch -M trunk", [f"ref-delete destroys {LOCAL}main"]),
    "branch moved by force": ("git branch -f topic HEAD~1", ["only", f"ref-create replaces {LOCAL}topic"]),
    "branch upstream": ("git branch -u origin/main", "nothing"),
    "tag lists": ("git tag -l 'v1.*'", "read"),
    "tag lists with lines": ("git tag -n3", "read"),
    "tag create": ("git tag -a v2.0.0 -m release", ["only", f"ref-create adds {LOCAL}tags/v2.0.0"]),
    "tag delete": ("git tag -d v1", ["only", f"ref-delete destroys {LOCAL}tags/v1"]),
    "update-ref of this branch": ("git update-ref refs/heads/main abc", ["only", f"head-move switches {TREE}"]),
    "update-ref that drops the stash": ("git update-ref -d refs/stash", ["only", f"stash-drop destroys {STASH}"]),
    "symbolic-ref reads": ("git symbolic-ref --short HEAD", "read"),
    "symbolic-ref switches": ("git symbolic-ref HEAD refs/heads/x", ["only", SWITCH]),
    # the shared git directory
    "config get": ("git config --get user.name", "read"),
    "config get by one word": ("git config user.name", "read"),
    "config list": ("git config list", "read"),
    "config set": ("git config core.hooksPath .hooks", ["only", *CONFIG]),
    "config set of old and new style": ("git config set core.bare true", ["only", *CONFIG]),
    "config unset": ("git config --unset core.worktree", ["only", *CONFIG]),
    "config of this worktree alone": ("git config --worktree core.sparseCheckout true", "nothing"),
    "config of the user": ("git config --global user.email a@b", ["only", "edit edits path:m1:/home/me/.gitconfig"]),
    "config of a file": ("git config -f .gitmodules a.b c", ["only", f"edit edits {path('.gitmodules')}"]),
    "remote lists": ("git remote -v", "read"),
    "remote set-url": ("git remote set-url origin git@x:y/z", ["only", *CONFIG]),
    "gc": ("git gc", "nothing"),
    "gc that prunes now": ("git gc --prune=now", ["only", CONFIG[0]]),
    "reflog expiry takes the stash": ("git reflog expire --expire=now --all", [f"stash-drop destroys {STASH}"]),
    "filter-repo": ("git filter-repo --path src", [RESET, f"tree-reset replaces {GITDIR}"]),
    "filter-branch": ("git filter-branch --tree-filter x HEAD", [RESET]),
    "lfs install": ("git lfs install", ["only", *CONFIG]),
    "lfs as a program of its own": ("git-lfs ls-files", "read"),
    "hooks of husky": ("husky install", ["only", *CONFIG]),
    # the rest
    "sparse-checkout": ("git sparse-checkout set src", ["only", SWITCH]),
    "read-tree with update and reset": ("git read-tree -u --reset HEAD", ["only", RESET]),
    "checkout-index over all": ("git checkout-index -af", ["only", RESTORE_ALL]),
    "submodule update": ("git submodule update --init", ["only", "tree-switch switches tree:m1:/repo/vendor/lib"]),
    "submodule update by force": (
        "git submodule update --force vendor/lib",
        ["only", "tree-reset destroys tree:m1:/repo/vendor/lib"],
    ),
    "submodule deinit": (
        "git submodule deinit -f vendor/lib",
        ["only", "tree-remove destroys tree:m1:/repo/vendor/lib", f"tree-remove destroys {path('vendor/lib')}"],
    ),
    "submodule deinit of all": (
        "git submodule deinit --all -f",
        ["only", "tree-remove destroys tree:m1:/repo/vendor/lib", f"tree-remove destroys {path('vendor/lib')}"],
    ),
    "submodule update of what no file lists": (
        "git submodule update -f libs/codec",
        ["only", "tree-reset destroys tree:m1:/repo/libs/codec"],
    ),
    "apply": ("git apply fix.patch", ["only", f"edit edits {path('src/a.py')}"]),
    "apply that checks": ("git apply --check fix.patch", "read"),
    "apply to the index": ("git apply --cached fix.patch", ["only", f"stage stages {path('src/a.py')}"]),
    "archive into a file": ("git archive -o x.zip HEAD", ["only", f"write replaces {path('x.zip')}"]),
    "format-patch to the screen": ("git format-patch -1 --stdout", "read"),
    "bundle": ("git bundle create all.bundle --all", ["only", f"write replaces {path('all.bundle')}"]),
    "clone": ("git clone https://github.com/a/b", "nothing"),
    "notes": ("git notes add -m x", "nothing"),
    # other places
    "in another directory": ("git -C /other reset --hard", ["only", "tree-reset destroys tree:m1:/other"]),
    "with a git dir and a tree of its own": (
        "git --git-dir=/other/.git --work-tree=/other checkout -- .",
        ["only", "tree-restore destroys tree:m1:/other"],
    ),
    "in a linked tree the stash is shared": (
        "git -C /trees/linked stash",
        ["only", f"stash-push adds {STASH}", "stash-push destroys tree:m1:/trees/linked"],
    ),
    # aliases
    "an alias": ("git undo", ["only", RESET]),
    "an alias with words": ("git st -s", "read"),
    "a shell alias of git": ("git wipe", ["only", f"tree-clean destroys {TREE}"]),
    "a shell alias of something else": ("git ship", "not understood"),
    "an alias for itself": ("git loop", "not understood"),
    "an alias told on the line": ("git -c alias.x='stash drop' x", ["only", f"stash-drop destroys {STASH}"]),
    # other systems
    "svn revert": ("svn revert -R .", ["only", RESTORE_ALL]),
    "svn status": ("svn status", "read"),
    "hg update clean": ("hg update -C default", [RESET]),
}
FACTS = FakeFacts(
    trees={
        "/repo": {},
        "/trees/linked": {},
        "/other": {"common_dir": "/other/.git", "remote": "acme/other", "branch": "dev"},
    },
    files={
        "/repo/package.json": "{}",
        "/repo/docs/index.md": "",
        "/repo/fix.patch": "--- a/src/a.py\n+++ b/src/a.py\n@@ -1 +1 @@\n-a\n+b\n",
        "/repo/.gitmodules": '[submodule "lib"]\n\tpath = vendor/lib\n\turl = ../lib\n',
        "/repo/.git/config": '[remote "fork"]\n\turl = https://github.com/Mine/App.git\n',
    },
    aliases={"undo": "reset --hard", "st": "status", "wipe": "!git clean -fd", "ship": "!./ship.sh", "loop": "loop"},
    packages={("npm", "/repo"): "@acme/app"},
)


@pytest.mark.parametrize(("line", "expected"), CASES.values(), ids=CASES.keys())
def test_git(line, expected):
    check(done(git, line, FACTS), expected)


def value(line, scheme, facts=FACTS, **more):
    effects = known(done(git, line, facts, **more))
    return next(touch.value for draft in effects.drafts for touch in draft.touches if touch.key.startswith(scheme))


@pytest.mark.parametrize(
    ("line", "takes"),
    {
        "what is staged": ("git commit -m x", {"takes": "index"}),
        "all that is dirty": ("git commit -am x", {"takes": "all"}),
        "all that is dirty, by a pathspec": ("git commit -m x -- :/", {"takes": "all"}),
        "only its paths": ("git commit a.py -m x", {"takes": "paths"}),
        "what is staged and its paths": ("git commit -i a.py -m x", {"takes": "index"}),
        "the message alone": ("git commit --amend -o -m x", {"takes": "paths", "amend": True}),
        "more for the last one": ("git commit --amend --no-edit", {"takes": "index", "amend": True}),
        "a path for the last one": ("git commit --amend --no-edit a.py", {"takes": "paths", "amend": True}),
        "a path and nothing staged": ("git commit --only a.py -m x", {"takes": "paths"}),
        "an index of one's own": ("GIT_INDEX_FILE=/tmp/i git commit -m x", {"takes": "index", "private_index": True}),
    }.values(),
)
def test_a_commit_says_what_it_takes(line, takes):
    facts = FakeFacts(env={"GIT_INDEX_FILE": "/tmp/i"}) if line.startswith("GIT_") else FACTS
    assert value(line, "tree:", facts) == takes


@pytest.mark.parametrize(
    ("line", "background", "told"),
    {
        "done at once": ("git rebase origin/main", False, None),
        "in the background": ("git rebase --exec 'make check' origin/main", True, {"running": True}),
        "while somebody edits its list": ("git rebase -i HEAD~3", False, {"running": True}),
        "with a list that needs no editor": ("git -c sequence.editor=true rebase -i HEAD~3", False, None),
        "goes on": ("git rebase --continue", False, {"ends": True}),
        "left as it is": ("git rebase --quit", False, {"ends": True}),
        "given up": ("git merge --abort", False, {"ends": True, "abort": True}),
    }.values(),
)
def test_a_rebase_says_whether_it_is_under_way(line, background, told):
    assert value(line, "tree:", background=background) == told


def test_an_editor_of_the_environment_needs_nobody():
    assert value("git rebase -i HEAD~3", "tree:", FakeFacts(env={"GIT_SEQUENCE_EDITOR": "true"})) is None


def test_a_command_runs_in_each_submodule():
    facts = FakeFacts(
        trees={"/repo": {}, "/repo/vendor/lib": {"common_dir": "/repo/.git/modules/lib"}},
        files={"/repo/.gitmodules": '[submodule "lib"]\n\tpath = vendor/lib\n'},
    )
    check(
        done(git, "git submodule foreach --recursive 'git reset --hard'", facts),
        ["only", "tree-reset destroys tree:m1:/repo/vendor/lib"],
    )
    check(done(git, "git submodule foreach git status", facts), "read")
    assert known(done(git, "git submodule foreach 'git reset --hard'", FakeFacts())).unknown


def test_an_index_of_ones_own_stages_nothing_of_others():
    effects = done(git, "git add -A", FakeFacts(env={"GIT_INDEX_FILE": "/tmp/i"}))
    assert said(effects) == []


def test_the_environment_may_name_the_repository():
    facts = FakeFacts(
        trees={"/repo": {}, "/other": {"common_dir": "/other/.git"}},
        env={"GIT_DIR": "/other/.git", "GIT_WORK_TREE": "/other"},
    )
    check(
        done(git, "git stash", facts),
        ["only", "stash-push adds stash:m1:/other/.git", "stash-push destroys tree:m1:/other"],
    )


def test_a_stash_entry_has_one_name():
    assert value("git stash drop 1", "stash:") == value("git stash drop stash@{1}", "stash:") == {"entry": "stash@{1}"}
    assert value("git stash pop", "stash:") == {"entry": None}
    assert value("git stash apply", "stash:") == {"entry": None, "keeps": True}


def test_a_switch_says_the_new_branch():
    assert value("git switch -c topic", "tree:") == {"branch": "topic"}
    assert value("git checkout -", "tree:") is None


def test_a_hard_reset_says_where_to():
    assert value("git reset --hard origin/main", "tree:") == {"to": "origin/main"}
    assert value("git reset --hard", "tree:") is None
    assert value(f"git reset --hard {UNKNOWN}", "tree:") == {"to": "…"}


def test_a_reset_without_a_commit_only_empties_the_index():
    assert value("git reset", "tree:") == value("git restore --staged .", "tree:") == {"index": True}
    assert value("git reset HEAD~1", "tree:") is None


def test_a_push_of_HEAD_follows_a_switch_earlier_on_the_line():  # noqa: N802
    before = (("git", "checkout", "-b", "topic"), ("git", "commit", "-m", "x"))
    check(done(git, "git push -u origin HEAD", FACTS, before=before), pushed("topic"))


def test_a_push_after_a_revert_on_the_line_is_a_revert_of_the_branch():
    before = (("git", "revert", "--no-edit", "abc"),)
    check(done(git, "git push", FACTS, before=before), ["revert-push destroys " + MAIN])


def test_a_push_goes_to_the_upstream_branch():
    facts = FakeFacts(branch="topic", upstreams={"topic": ("origin", "users/me/topic")})
    check(done(git, "git push", facts), ["push pushes ref:acme/app#users/me/topic"])


def test_a_push_of_an_unknown_branch_is_said_to_be_unknown():
    effects = known(done(git, f"git push origin --delete {UNKNOWN}", FACTS))
    assert effects.unknown
    assert [draft.kind for draft in effects.drafts] == ["ref-delete"]


def test_a_repository_without_a_remote_has_branches_of_its_own():
    check(done(git, "git push /backup/x.git main", FakeFacts(remote=None)), ["push pushes ref:backup/x#main"])
    check(done(git, "git push", FakeFacts(remote=None)), ["push pushes ref:m1:/repo/.git#main"])


def test_in_a_subdirectory_a_dot_is_that_directory():
    facts = FakeFacts("/repo/web", directories=["/repo/web"])
    check(done(git, "git checkout -- .", facts), ["only", f"restore destroys {path('web')}"])
    check(done(git, "git add .", facts), ["only", f"stage stages {path('web')}"])
    check(done(git, "git add -A", facts), ["only", STAGE_ALL])
    check(done(git, "git add :/", facts), ["only", STAGE_ALL])


def test_files_know_the_tree_they_lie_in():
    (draft,) = known(done(git, "git checkout -- a.py", FACTS)).drafts
    assert (draft.target, draft.touches[0].within) == ("a.py", TREE)


def test_an_unknown_path_is_neither_a_read_nor_the_whole_tree():
    effects = known(done(git, f"git checkout -- {UNKNOWN}", FACTS))
    assert effects.unknown
    assert not any(touch.effect == DESTROYS for draft in effects.drafts for touch in draft.touches)


def test_messages_are_for_matching_and_not_kept():
    (draft,) = known(done(git, "git commit -m 'rework the login'", FACTS)).drafts
    assert draft.words == "rework the login"
    assert "login" not in (draft.summary or "")


def test_every_verb_git_names_is_decided():
    listed = subprocess.run(["git", "help", "-a"], capture_output=True, text=True, check=True).stdout
    verbs = [line.split()[0] for line in listed.splitlines() if line.startswith("   ") and line.split()]
    assert len(verbs) > 100
    own = {"credential-gcloud.sh"}
    assert [verb for verb in verbs if verb not in git._VERBS and verb not in own] == []


def test_no_words_ever_raise():
    for verb in git._VERBS:
        for rest in ([], ["--"], ["-"], [UNKNOWN], ["-m"], [":"], ["--", "."], ["-x", ":(top)a"], ["a:b:c", "+"]):
            git.read(command("git x", FACTS)._replace(argv=("git", verb, *rest)), FACTS)


@pytest.mark.parametrize("line", ["git reset --hard", "git clean -fd", "git restore ."])
def test_what_discards_a_tree_looks_at_the_stash_for_entries_of_others_popped_there(line):
    (draft,) = drafts(git, line)
    assert ("stash:m1:/repo/.git", "uses") in [(touch.key, touch.effect) for touch in draft.touches]
