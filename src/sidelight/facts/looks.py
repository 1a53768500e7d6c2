"""A look at a repository: everything about it that a tool call can change, from git's own cheap sources.

    look(LiveFacts("/repo")).paths["src/a.py"].state       # '.M'

HEAD, branches and the stash come from git's files, changed and untracked paths from one `git status`. It is bounded:
where there is too much to see, or too little time, `gave_up` says so and that part is None, never wrong.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterable, Mapping

from sidelight.facts import LiveFacts, read_bytes
from sidelight.facts.asking import Answer, ask, begin
from sidelight.facts.terms import Terms, terms
from sidelight.records import NamedTuple

PATHS_MOST = 5_000
REFS_MOST = 5_000
STASH_MOST = 100
STATUS_BYTES = 2_000_000
ARGUMENT_BYTES = 60_000
LOOK_SECONDS = 2.0  # for all of it


class Stamp(NamedTuple):
    """How a path stands: `state` as in git's porcelain v2 (`.M`, `A.`, `??`, `UU`), the id of what is staged (''
    unless something is), and what the file system says. `size` is -1 where nothing is; times are nanoseconds.
    """

    state: str
    staged: str = ""
    size: int = -1
    modified: int = 0
    changed: int = 0
    inode: int = 0


class Move(NamedTuple):
    """One line of a reflog: where a name pointed before and after, when (epoch seconds), and what git calls it."""

    old: str
    new: str
    ts: int
    says: str


class Look(NamedTuple):
    """What was seen. Whatever is None was not seen; `gave_up` says why. `extras` are the declared paths."""

    tree: str | None
    head: str = ""
    branch: str | None = None
    operation: str | None = None
    paths: Mapping[str, Stamp] | None = None
    refs: Mapping[str, str] | None = None
    stash: tuple[str, ...] | None = None
    staging: int = 0
    extras: Mapping[str, Stamp] = {}
    gave_up: str = ""


def look(facts: LiveFacts, *, extras: Iterable[str] = (), seconds: float = LOOK_SECONDS) -> Look:
    """How the repository around `facts.cwd` stands. Never raises, never writes, runs nothing but git."""
    return begin_look(facts, extras=extras, seconds=seconds)()


def begin_look(facts: LiveFacts, *, extras: Iterable[str] = (), seconds: float = LOOK_SECONDS) -> Callable[[], Look]:
    """The same, begun: git looks while its asker does something else. What was seen has to be fetched, once."""
    tree, git_dir, common = facts.worktree, facts.git_dir, facts.common_dir
    if git_dir is None or common is None:
        return lambda: Look(None, gave_up="no repository")
    until = time.monotonic() + seconds
    on = terms(tree, git_dir, common, facts.env) if tree is not None else None
    status = _begin_status(tree, on, facts.env, seconds) if tree is not None and on is not None else None
    refs = read_refs(facts, common)
    seen = Look(
        tree,
        operation=operation(git_dir),
        refs=refs,
        stash=tuple(move.new for move in reflog(common, "refs/stash", STASH_MOST)[::-1]) if refs is not None else None,
        staging=_index(git_dir),
        extras={path: stamp(path) for path in extras},
    )
    if tree is None:
        return lambda: seen
    if on is None or status is None:
        return lambda: seen._replace(gave_up="its settings cannot be vouched for")
    return lambda: _with_status(seen, status(), tree, on, facts.env, until)


def _begin_status(tree: str, on: Terms, env: Mapping[str, str], seconds: float) -> Callable[[], Answer]:
    return begin(
        tree,
        *("status", "--porcelain=v2", "-z", "--branch", f"--untracked-files={'normal' if on.collapsed else 'all'}"),
        *("--no-renames", "--no-ahead-behind", "--ignore-submodules=dirty"),
        env=env,
        settings=on.settings,
        timeout=seconds,
        limit=STATUS_BYTES,
    )


def _with_status(seen: Look, status: Answer, tree: str, on: Terms, env: Mapping[str, str], until: float) -> Look:
    head, branch, found = read_status(status.out)
    seen = seen._replace(head=head, branch=branch)
    below = _below(tree, folders(status.out), on, env, until) if on.collapsed and not status.failed else Answer(b"")
    if status.failed or below.failed:
        return seen._replace(gave_up=status.failed or below.failed)
    found |= {path: ("??", "") for path in os.fsdecode(below.out).split("\0")[:-1] if not path.endswith("/")}
    if len(found) > PATHS_MOST:
        return seen._replace(gave_up=f"{len(found):,} paths have changed")
    return seen._replace(paths={path: stamp(os.path.join(tree, path), *how) for path, how in found.items()})


def _below(tree: str, collapsed: list[str], on: Terms, env: Mapping[str, str], until: float) -> Answer:
    """The paths within new directories of which git named only the directory."""
    if not collapsed:
        return Answer(b"")
    if sum(map(len, collapsed)) > ARGUMENT_BYTES:
        return Answer(b"", f"{len(collapsed):,} new directories")
    return ask(
        tree,
        *("--literal-pathspecs", "ls-files", "--others", "--exclude-standard", "-z", "--", *collapsed),
        env=env,
        settings=on.settings,
        timeout=until - time.monotonic(),
        limit=STATUS_BYTES,
    )


def stamp(path: str, state: str = "", staged: str = "") -> Stamp:
    """How a path stands on the disk."""
    try:
        about = os.lstat(path)
    except (OSError, ValueError):
        return Stamp(state, staged)
    size = 0 if stat.S_ISDIR(about.st_mode) else about.st_size
    return Stamp(state, staged, size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino)


def read_status(data: bytes) -> tuple[str, str | None, dict[str, tuple[str, str]]]:
    """HEAD's commit, its branch, and each path with its state and what is staged of it, from porcelain v2. Pure.

    Another repository that lies untracked in the tree (`dir/`) is not of this one, and left out.
    """
    head, branch = "", None
    found: dict[str, tuple[str, str]] = {}
    for raw in data.split(b"\0")[:-1]:
        entry = os.fsdecode(raw)
        sort = entry[:2]
        if sort == "# ":
            name, _, value = entry[2:].partition(" ")
            head = value if name == "branch.oid" and value != "(initial)" else head
            branch = value if name == "branch.head" and value != "(detached)" else branch
        elif sort == "? ":
            if not entry.endswith("/"):
                found[entry[2:]] = ("??", "")
        elif sort == "1 ":
            fields = entry.split(" ", 8)
            if len(fields) == 9:  # else it is none of git's
                found[fields[8]] = (fields[1], fields[7] if fields[1][:1] != "." else "")
        elif sort == "u ":
            fields = entry.split(" ", 10)
            if len(fields) == 11:
                found[fields[10]] = (f"U{fields[1]}", "")
    return head, branch, found


def folders(data: bytes) -> list[str]:
    """The directories that porcelain v2 names as wholly untracked. Pure."""
    return [os.fsdecode(entry[2:]) for entry in data.split(b"\0") if entry.startswith(b"? ") and entry.endswith(b"/")]


# ── git's own files ───────────────────────────────────────────────────────────────────────────────────────────────

#: A file or directory in the git directory that is there while an operation is under way.
_OPERATIONS = (
    ("rebase-merge", "rebase"),
    ("rebase-apply", "rebase"),
    ("MERGE_HEAD", "merge"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
    ("BISECT_LOG", "bisect"),
)


def operation(git_dir: str) -> str | None:
    """What is under way in a working tree: `rebase`, `merge`, `cherry-pick`, `revert`, `bisect`."""
    return next((name for file, name in _OPERATIONS if os.path.lexists(os.path.join(git_dir, file))), None)


def read_refs(facts: LiveFacts, common: str) -> dict[str, str] | None:
    """Branches, tags, remote-tracking branches and the stash with their ids; None where there are too many."""
    if os.path.isdir(os.path.join(common, "reftable")):
        said = ask(facts.cwd, "for-each-ref", "--format=%(objectname) %(refname)", env=facts.env, limit=STATUS_BYTES)
        lines = [] if said.failed else os.fsdecode(said.out).splitlines()
        return dict(line.split(" ", 1)[::-1] for line in lines) if not said.failed and len(lines) <= REFS_MOST else None
    packed = read_bytes(os.path.join(common, "packed-refs"), STATUS_BYTES)
    if packed is None and os.path.lexists(os.path.join(common, "packed-refs")):
        return None
    found: dict[str, str] = {}
    for line in os.fsdecode(packed or b"").splitlines():
        oid, space, name = line.partition(" ")
        if space and not line.startswith(("#", "^")) and name.startswith(_REFS):
            found[name] = oid
    try:
        _walk(os.path.join(common, "refs"), "refs", found)
    except OverflowError:
        return None
    return found if len(found) <= REFS_MOST else None


_REFS = ("refs/heads/", "refs/tags/", "refs/remotes/", "refs/stash")


def _walk(directory: str, name: str, found: dict[str, str]) -> None:
    try:
        entries = list(os.scandir(directory))
    except OSError:
        return
    for entry in entries:
        below = f"{name}/{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            if f"{below}/".startswith(_REFS):
                _walk(entry.path, below, found)
        elif below.startswith(_REFS) and not below.endswith((".lock", "/HEAD")):
            oid = os.fsdecode(read_bytes(entry.path, 4096) or b"").strip()
            if oid and not oid.startswith("ref:"):
                found[below] = oid
            if len(found) > REFS_MOST:
                raise OverflowError


def reflog(directory: str, name: str, most: int = 50) -> list[Move]:
    """The newest lines of a name's reflog, oldest first; [] where none is kept. `directory` is the git directory that
    the name belongs to: the working tree's own for HEAD, the common one for all else.
    """
    path = os.path.join(directory, "logs", *name.split("/"))
    found = []
    for line in _tail(path, most * 400).splitlines()[-most:]:
        ids, tab, says = line.partition("\t")
        words = ids.split(" ")
        if len(words) > 4 and words[-2].isdigit():
            found.append(Move(words[0], words[1], int(words[-2]), says if tab else ""))
    return found


def _tail(path: str, limit: int) -> str:
    """The last bytes of a regular file, from the start of a line."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except (OSError, ValueError):
        return ""
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            return ""
        start = max(0, about.st_size - limit)
        os.lseek(descriptor, start, os.SEEK_SET)
        data = os.read(descriptor, limit)
    except OSError:
        return ""
    finally:
        os.close(descriptor)
    return os.fsdecode(data if start == 0 else data.partition(b"\n")[2])


def _index(git_dir: str) -> int:
    try:
        return os.stat(os.path.join(git_dir, "index")).st_mtime_ns
    except OSError:
        return 0
