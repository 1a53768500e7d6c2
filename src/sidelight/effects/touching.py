"""What is done to files, as drafts: one file, and the several that a pattern or a search means.

edited("src/a.py", facts)         # for an editor's tool: an edit; also a whole-file write, a deletion
redirect_drafts(command, facts)   # for `> file` and `>> file` of any command
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from sidelight import targets
from sidelight.actions import ADDS, DESTROYS, EDITS, REPLACES, USES, Draft, Touch
from sidelight.effects import UNKNOWN, Command, Effects
from sidelight.effects.options import split
from sidelight.effects.places import name_of, parent, repository, summary
from sidelight.facts import Facts
from sidelight.records import late_pattern

NOTHING = Effects()
READ = Effects(reads=True)


def edited(path: str, facts: Facts, said: str | None = None) -> tuple[Draft, ...]:
    """An edit in place."""
    return file_drafts("edit", EDITS, path, facts, said or f"edit {path}")


def written(path: str, facts: Facts, said: str | None = None) -> tuple[Draft, ...]:
    """A write of the whole file; a new migration file takes its number as well."""
    said = said or f"write {path}"
    return file_drafts("write", REPLACES, path, facts, said) + _migration(path, facts, said)


def deleted(path: str, facts: Facts, said: str | None = None) -> tuple[Draft, ...]:
    """A deletion of a file or of a directory with all in it. A link itself goes, not what it leads to."""
    said = said or f"delete {path}"
    place = real(path, facts, follow=False)
    if place is None:
        return (Draft("delete", summary=said),)
    removed = _trees_below(place, facts)
    if removed:
        touches = [Touch(targets.tree(facts.machine, tree), DESTROYS) for tree in removed]
        touches.append(Touch(targets.path(facts.machine, place), DESTROYS, within=_tree(place, facts)))
        return (Draft("tree-remove", target=place, touches=tuple(touches), summary=said),)
    return file_drafts("delete", DESTROYS, path, facts, said, follow=False)


#: The value of an edit that may reach every file in a directory: `stores.projections` reads it.
BULK = {"bulk": True}


def edited_below(path: str, facts: Facts, said: str) -> tuple[Draft, ...]:
    """An edit in place of whatever a directory holds, or of what a pattern matches there."""
    return file_drafts("rewrite", EDITS, _base(path), facts, said, value=BULK)


def _base(pattern: str) -> str:
    """The directory in which a pattern is looked for."""
    above = targets.literal_prefix(pattern) if targets.is_glob(pattern) else pattern
    return "." if targets.is_glob(above) else above or "/"


def used(path: str, facts: Facts, said: str | None = None) -> tuple[Draft, ...]:
    """A file that an outward act publishes or takes as its input: `git commit -F F`, `gh pr create --body-file F`."""
    return file_drafts("file-use", USES, path, facts, said or f"use {path}")


def file_drafts(
    kind: str, effect: str, path: str, facts: Facts, said: str, *, follow: bool = True, value: object = None
) -> tuple[Draft, ...]:
    """One action on one path, as it is written on the line; () for devices and pipes that hold nothing."""
    if _holds_nothing(path):
        return ()
    place = real(path, facts, follow=follow)
    if place is None:
        return (Draft(kind, summary=said),)
    git = _of_git_itself(place, effect, facts)
    if git:
        return (Draft(git[0], target=name_of(facts, place), touches=git[1], summary=said),)
    touches = (
        Touch(targets.path(facts.machine, place), effect, value, within=_tree(place, facts)),
        *_deps(place, effect, facts),
    )
    return (Draft(kind, target=name_of(facts, place), touches=touches, summary=said),)


def real(path: str, facts: Facts, *, follow: bool = True) -> str | None:
    """The absolute real path of a word on the line; None where the line does not say. `follow`: its own link too."""
    if not path or UNKNOWN in path or (not facts.cwd and not re.match(r"[/~]|[A-Za-z]:", path)):
        return None
    if follow or path.rstrip("/\\").rpartition("/")[2] in ("", ".", "..", "~"):
        return facts.real(path)
    cut = path.rstrip("/")
    if facts.os == "windows":
        cut = cut.replace("\\", "/").rstrip("/")
    above, slash, last = cut.rpartition("/")
    place = f"{facts.real(above or slash or '.').rstrip('/')}/{last}"
    return targets.normal_path(place, windows=facts.os == "windows")


def touch(path: str, effect: str, facts: Facts) -> Touch | None:
    """A touch of what a word on the line names; None where that is not known."""
    place = real(path, facts)
    return Touch(targets.path(facts.machine, place), effect, within=_tree(place, facts)) if place else None


def _tree(place: str, facts: Facts) -> str | None:
    root = facts.at(parent(place)).worktree
    return targets.tree(facts.machine, root) if root else None


def _holds_nothing(path: str) -> bool:
    device = path.startswith("/dev/") and not re.match(r"/dev/(sd|nvme|disk|mapper|shm/|vd|xvd|loop)", path)
    return device or path in ("-", "NUL", "nul", "$null") or path.startswith(("&", "/proc/self/fd/"))


def _trees_below(place: str, facts: Facts) -> list[str]:
    """The roots of known working trees that go with a directory."""
    known = {*facts.worktrees(), facts.worktree or "", facts.at(place).worktree or ""}
    below = place.rstrip("/") + "/"
    return sorted(root for root in known if root and (root == place or root.startswith(below)))


_SCRATCH = late_pattern(
    r"/(COMMIT_EDITMSG|MERGE_MSG|SQUASH_MSG|TAG_EDITMSG|PULLREQ_EDITMSG|GITGUI_MSG|sidelight(/.*)?)$"
)


def _of_git_itself(place: str, effect: str, facts: Facts) -> tuple[str, tuple[Touch, ...]] | None:
    """Below `.git` a write changes what all its working trees share; the whole of it takes the stash along."""
    whole = place.endswith("/.git") and effect == DESTROYS
    if not whole and ("/.git/" not in place or _SCRATCH.search(place)):
        return None
    root = place[: place.index("/.git")] or "/"
    common = facts.at(root).common_dir or f"{root.rstrip('/')}/.git"
    shared = targets.gitdir(facts.machine, common)
    if not whole:
        return "git-config", (Touch(shared, REPLACES, value=place.partition("/.git/")[2]),)
    own = Touch(targets.path(facts.machine, place), DESTROYS, within=_tree(place, facts))
    return "delete", (Touch(shared, DESTROYS), Touch(targets.stash(facts.machine, common), DESTROYS), own)


_TREES_OF_DEPENDENCIES = ("node_modules", ".venv", "venv")


def _deps(place: str, effect: str, facts: Facts) -> tuple[Touch, ...]:
    """Whoever deletes or copies over a dependency tree takes it from the processes that run from it."""
    if effect not in (DESTROYS, REPLACES) or place.rpartition("/")[2] not in _TREES_OF_DEPENDENCIES:
        return ()
    return (Touch(f"deps:{facts.machine}:{place}", effect),)


_NUMBERED = late_pattern(
    r"^V?(\d{1,6})(?:__|[_\-.]).*\.(?:sql|py|js|ts|mjs|rb|go|php|exs?|rs|xml|ya?ml|prisma|cql)$", re.IGNORECASE
)
_NUMBERED_DIRECTORY = late_pattern(r"^(\d{1,6})[_-]\w")
_MIGRATIONS = late_pattern(
    r"^(db_?|sql_?|schema_?)?(migrations?|migrate|versions|changelogs?|flyway|drizzle)$", re.IGNORECASE
)


def _migration(path: str, facts: Facts, said: str) -> tuple[Draft, ...]:
    """`migrations/0026_x.sql` takes the number 26 of the one sequence that all working trees share.

    Timestamps are no sequence. Django counts per application, so there its directory is part of the name.
    """
    place = real(path, facts)
    if place is None or facts.is_dir(place) or facts.read(place) is not None:
        return ()
    *above, name = place.split("/")
    number = _NUMBERED.match(name)
    if not number and len(above) > 1:
        number, above = _NUMBERED_DIRECTORY.match(above[-1]), above[:-1]
    if not number or not above or not _MIGRATIONS.match(above[-1]):
        return ()
    there = facts.at(parent(place))
    sequence = repository(there)
    if name.endswith(".py") and above[-1] == "migrations":
        sequence += "/" + name_of(there, "/".join(above))
    key = f"migration:{sequence}#{number[1]}"
    return (Draft("migration-new", target=number[1], touches=(Touch(key, ADDS),), summary=said),)


def places(words: Iterable[str], command: Command, facts: Facts, *, broad: bool = False) -> tuple[list[str], bool]:
    """The paths that words on the line name, patterns matched, and whether all of them are known.

    A pattern without known matches stands for itself, and for its directory if it takes all of that.
    """
    words = list(words)
    found = from_data(words, command, broad=broad)
    sure = all(word and UNKNOWN not in word for word in words)
    for word in words:
        if not word or UNKNOWN in word:
            continue
        if word in command.globs or ("*" in word and not command.globs):
            found += facts.glob(word) or [_whole(word)]
        else:
            found.append(word)
    return list(dict.fromkeys(found)), sure


def _whole(pattern: str) -> str:
    if pattern in ("*", "**", "./*", "./**", "**/*"):
        return "."
    return re.sub(r"(/\*\*?)+(/\*)?$", "", pattern) or "/"


_GREPS = frozenset(("grep", "rg", "ag", "ack", "git"))
_GREP_VALUED = "-e -f -g --glob -t --type -A -B -C -m".split()


def from_data(words: Iterable[str], command: Command, *, broad: bool) -> list[str]:
    """What `find DIR -name P | xargs …` and `… $(grep -rl X DIR)` hand over, as patterns.

    `broad`: the directories that are searched will do where it is not known what is found there.
    """
    if UNKNOWN not in words:
        return []
    for source in command.sources or ((command.upstream,) if command.upstream else ()):
        if source[0] in ("find", "gfind"):
            return found_by_find(source, broad=broad)
        if source[0] in _GREPS and broad:
            return _searched(source)
    return []


def _searched(source: tuple[str, ...]) -> list[str]:
    """The directories a search goes through: its words after the pattern."""
    given = split(source[1:] if source[0] == "git" else source, valued=_GREP_VALUED)
    no_pattern = given.has("-e", "-f") or (source[0] == "git" and source[1:2] != ("grep",))
    return [word for word in given.after(0 if no_pattern else 1) if UNKNOWN not in word] or ["."]


_PLAIN_TESTS = frozenset("-type f d -delete -print -print0 -depth -maxdepth -mindepth -follow -xdev -mount".split())


def found_by_find(argv: tuple[str, ...], *, broad: bool = False) -> list[str]:
    """The roots of a `find`, narrowed by its `-name` if it has just one; () where other tests choose."""
    starts = [word for word in argv[1:] if word not in ("-H", "-L", "-P")]
    cut = next((at for at, word in enumerate(starts) if word.startswith(("-", "(", "!"))), len(starts))
    roots, tests = [root for root in starts[:cut] or ["."] if UNKNOWN not in root], starts[cut:]
    names = [tests[at + 1] for at, word in enumerate(tests[:-1]) if word in ("-name", "-iname")]
    if len(names) == 1 and UNKNOWN not in names[0] and not {"-o", "!", "-not", "-prune"} & set(tests):
        return [f"{root.rstrip('/')}/**/{names[0]}" for root in roots]
    plain = all(word in _PLAIN_TESTS or word.isdigit() for word in tests)
    return roots if broad or plain else []


def each_path(
    make: Callable[[str, Facts, str], tuple[Draft, ...]], words: Iterable[str], command: Command, facts: Facts
) -> Effects:
    found, sure = places(words, command, facts, broad=make is edited)
    said = summary(command)
    drafts: list[Draft] = []
    for path in found:
        many = make is edited and (re.search(r"[*?]", path) or facts.is_dir(path) or UNKNOWN in "".join(words))
        drafts += edited_below(path, facts, said) if many else make(path, facts, said)
    return with_unknown(tuple(drafts), command, sure=sure)


def with_unknown(drafts: tuple[Draft, ...], command: Command, *, sure: bool) -> Effects:
    """What is not known is said to be so, and the command is remembered by its words at least."""
    if sure:
        return Effects(drafts)
    return Effects(drafts or (Draft("command", summary=summary(command)),), unknown=True)


def redirect_drafts(command: Command, facts: Facts) -> tuple[Draft, ...]:
    """What the redirections of a command write: `>` the whole file, `>>` adds to it."""
    drafts: list[Draft] = []
    for redirect in command.redirects:
        if not redirect.op.startswith(("<", ">&")) and UNKNOWN not in redirect.path and not redirect.path.isdigit():
            make = edited if redirect.op == ">>" else written
            drafts += make(redirect.path, facts, f"{redirect.op} {redirect.path}")
    return tuple(drafts)


def named(url: str) -> str:
    return re.split(r"[?#]", url)[0].rpartition("/")[2]
