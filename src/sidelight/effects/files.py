"""What commands do to files: `rm`, `mv`, `cp`, `tee`, `sed -i`, `rsync`, `tar x`, formatters, redirections, Windows.

    edited("src/a.py", facts)     # for an editor's tool: the drafts of an edit, a whole-file write, a deletion
    redirect_drafts(command, facts)   # for `> file` and `>> file` of any command
    read(command, facts)          # for a command of PROGRAMS

A delete counts for everything below the path, a copy for the subtree it lands on. Where a pattern is not known to match
anything (`rm src/*.orig`), the draft holds the pattern itself, or the directory if it takes all of it (`rm build/*`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from sidelight import targets
from sidelight.actions import ADDS, DESTROYS, EDITS, REPLACES, USES, Draft, Touch
from sidelight.effects import UNKNOWN, Command, Effects, formatters
from sidelight.effects.options import Words, split
from sidelight.effects.places import name_of, parent, repository, summary
from sidelight.facts import Facts

NOTHING = Effects()
READ = Effects(reads=True)

# ── one file ──────────────────────────────────────────────────────────────────────────────────────────────────────


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


_SCRATCH = re.compile(r"/(COMMIT_EDITMSG|MERGE_MSG|SQUASH_MSG|TAG_EDITMSG|PULLREQ_EDITMSG|GITGUI_MSG|sidelight(/.*)?)$")


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


_NUMBERED = re.compile(
    r"^V?(\d{1,6})(?:__|[_\-.]).*\.(?:sql|py|js|ts|mjs|rb|go|php|exs?|rs|xml|ya?ml|prisma|cql)$", re.IGNORECASE
)
_NUMBERED_DIRECTORY = re.compile(r"^(\d{1,6})[_-]\w")
_MIGRATIONS = re.compile(
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


# ── several files ─────────────────────────────────────────────────────────────────────────────────────────────────


def places(words: Iterable[str], command: Command, facts: Facts, *, broad: bool = False) -> tuple[list[str], bool]:
    """The paths that words on the line name, patterns matched, and whether all of them are known.

    A pattern without known matches stands for itself, and for its directory if it takes all of that.
    """
    words = list(words)
    found = _from_data(words, command, broad=broad)
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


def _from_data(words: Iterable[str], command: Command, *, broad: bool) -> list[str]:
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


def _each_path(
    make: Callable[[str, Facts, str], tuple[Draft, ...]], words: Iterable[str], command: Command, facts: Facts
) -> Effects:
    found, sure = places(words, command, facts, broad=make is edited)
    said = summary(command)
    drafts: list[Draft] = []
    for path in found:
        many = make is edited and (re.search(r"[*?]", path) or facts.is_dir(path) or UNKNOWN in "".join(words))
        drafts += edited_below(path, facts, said) if many else make(path, facts, said)
    return _with_unknown(tuple(drafts), command, sure=sure)


def _with_unknown(drafts: tuple[Draft, ...], command: Command, *, sure: bool) -> Effects:
    """What is not known is said to be so, and the command is remembered by its words at least."""
    if sure:
        return Effects(drafts)
    return Effects(drafts or (Draft("command", summary=summary(command)),), unknown=True)


# ── redirections ──────────────────────────────────────────────────────────────────────────────────────────────────


def redirect_drafts(command: Command, facts: Facts) -> tuple[Draft, ...]:
    """What the redirections of a command write: `>` the whole file, `>>` adds to it."""
    drafts: list[Draft] = []
    for redirect in command.redirects:
        if not redirect.op.startswith(("<", ">&")) and UNKNOWN not in redirect.path and not redirect.path.isdigit():
            make = edited if redirect.op == ">>" else written
            drafts += make(redirect.path, facts, f"{redirect.op} {redirect.path}")
    return tuple(drafts)


# ── delete, move, copy ────────────────────────────────────────────────────────────────────────────────────────────


def _rm(command: Command, facts: Facts) -> Effects:
    words = split(command.argv)
    return READ if words.has("--help", "--version") else _each_path(deleted, words.after(0), command, facts)


def _rmdir(command: Command, facts: Facts) -> Effects:
    """An empty directory holds nobody's work; Windows' `rd /s` and PowerShell's `-Recurse` take all that is in it."""
    low = [word.lower() for word in command.argv[1:]]
    whole = "/s" in low or "//s" in low or any(word.startswith("-recurs") for word in low)
    return _remove_item(command, facts) if whole else NOTHING


def _shred(command: Command, facts: Facts) -> Effects:
    return _each_path(deleted, split(command.argv, valued=("-n", "-s")).after(0), command, facts)


def _trash(command: Command, facts: Facts) -> Effects:
    plain = split(command.argv).after(0)
    if command.argv[0] == "gio":
        return _each_path(deleted, plain[1:], command, facts) if plain[:1] == ("trash",) else NOTHING
    return _each_path(deleted, plain, command, facts)


_TARGET = ("-t", "--target-directory", "-S", "--suffix")


def _mv(command: Command, facts: Facts) -> Effects:
    return _move(split(command.argv, valued=_TARGET), command, facts)


def _move(words: Words, command: Command, facts: Facts) -> Effects:
    sources, landing, sure = _from_and_to(words, command, facts)
    said = summary(command)
    drafts: list[Draft] = []
    for source, to in zip(sources, landing, strict=True):
        drafts += deleted(source, facts, said)
        drafts += written(to, facts, said)
    return _with_unknown(tuple(drafts), command, sure=sure)


def _cp(command: Command, facts: Facts) -> Effects:
    words = split(command.argv, valued=_TARGET)
    return _copy(words, command, facts, recursive=words.has("-r", "-R", "-a", "--recursive", "--archive"))


def _copy(words: Words, command: Command, facts: Facts, *, recursive: bool) -> Effects:
    """A directory's copy lands over whatever is there; without overwriting (`-n`) it only adds."""
    sources, landing, sure = _from_and_to(words, command, facts)
    said = summary(command)
    spares = words.has("-n", "--no-clobber") or words.value("--update") in ("none", "none-fail")
    drafts: list[Draft] = []
    for source, to in zip(sources, landing, strict=True):
        if spares:
            drafts += file_drafts("write", ADDS, to, facts, said)
        elif recursive and _is_directory(source, facts):
            drafts += file_drafts("copy-over", REPLACES, to, facts, said)
        else:
            drafts += written(to, facts, said)
    return _with_unknown(tuple(drafts), command, sure=sure)


def _from_and_to(words: Words, command: Command, facts: Facts) -> tuple[list[str], list[str], bool]:
    """The sources of a move or copy, and where each of them lands."""
    plain = list(words.after(0))
    into = words.value("-t", "--target-directory")
    last = into if into is not None else plain.pop() if len(plain) > 1 else ""
    sources, sure = places(plain, command, facts)
    if not last or UNKNOWN in last:
        return [], [], False
    below = into is not None or len(sources) > 1 or last.endswith(("/", "\\")) or bool(facts.is_dir(last))
    if words.has("-T", "--no-target-directory"):
        below = False
    return sources, [_landing(source, last, below=below) for source in sources], sure


def _landing(source: str, last: str, *, below: bool) -> str:
    name = re.split(r"[/\\]", source.rstrip("/\\"))[-1]
    if not below or name in ("", ".", "..") or any(mark in name for mark in "*?["):
        return last
    return f"{last.rstrip('/')}/{name}"


def _is_directory(path: str, facts: Facts) -> bool:
    """Where nobody knows, a name with an extension is a file."""
    if UNKNOWN in path:
        return True
    known = facts.is_dir(path)
    return known if known is not None else not re.search(r"[^/.]\.\w{1,8}$", path)


def _install(command: Command, facts: Facts) -> Effects:
    words = split(command.argv, valued=(*_TARGET, "-m", "--mode", "-o", "--owner", "-g", "--group"))
    return NOTHING if words.has("-d", "--directory") else _copy(words, command, facts, recursive=False)


def _ln(command: Command, facts: Facts) -> Effects:
    """Only `-f` takes the place of what is there; else a name that is taken makes it fail."""
    words = split(command.argv, valued=_TARGET)
    plain = words.after(0)
    into = words.value("-t", "--target-directory")
    last = into or (plain[-1] if len(plain) > 1 else ".")
    if UNKNOWN in last or not plain or UNKNOWN in plain[0]:
        return _with_unknown((), command, sure=False)
    link = _landing(plain[0], last, below=bool(into) or len(plain) == 1 or len(plain) > 2)
    if facts.is_dir(link) and not words.has("-n", "-T", "-h", "--no-dereference", "--no-target-directory"):
        link = _landing(plain[0], link, below=True)
    effect = REPLACES if words.has("-f", "--force") else ADDS
    return Effects(file_drafts("write", effect, link, facts, summary(command), follow=False))


_RSYNC_VALUED = (
    "-e --rsh --exclude --include -f --filter --exclude-from --include-from --files-from --rsync-path"
    " --backup-dir --suffix --compare-dest --copy-dest --link-dest --bwlimit --port --password-file"
    " --log-file -T --temp-dir --chmod --chown --max-size --min-size --timeout --contimeout --partial-dir"
    " --out-format -B --block-size -M --remote-option --info --debug --modify-window -@ --compress-level"
    " --skip-compress --max-delete --iconv"
).split()


def _rsync(command: Command, facts: Facts) -> Effects:
    words = split(command.argv, valued=_RSYNC_VALUED)
    plain = list(words.after(0))
    if words.has("-n", "--dry-run", "--list-only", "--help", "--version") or len(plain) < 2:
        return READ
    last = plain.pop()
    deletes = any(name.startswith(("--del", "--delete")) for name, _ in words.options)
    effect = DESTROYS if deletes else ADDS if words.has("--ignore-existing") else REPLACES
    said = summary(command)
    drafts: list[Draft] = []
    for source in plain:
        to = last if source.endswith(("/", "/.")) else _landing(source.rpartition(":")[2], last, below=True)
        whole = source.endswith("/") or _is_directory(source, facts)
        if not whole and not last.endswith("/") and facts.is_dir(last) is not True:
            to = last
        drafts += _copied(to, facts, said, effect, whole=whole)
        if words.has("--remove-source-files") and ":" not in source:
            drafts += deleted(source, facts, said)
    return _with_unknown(tuple(dict.fromkeys(drafts)), command, sure=UNKNOWN not in last)


_ELSEWHERE = re.compile(r"^(?:[\w.\-]+@)?([\w.\-]{2,}):(?!//|\\)(.*)$", re.DOTALL)


def _copied(to: str, facts: Facts, said: str, effect: str, *, whole: bool) -> tuple[Draft, ...]:
    """A copy that may land on another machine (`deploy@web1:/srv/app/`)."""
    away = _ELSEWHERE.match(to)
    if UNKNOWN in to:
        return ()
    if away is None:
        return file_drafts("copy-over" if whole else "write", effect, to, facts, said)
    place = targets.normal_path(away[2] if away[2].startswith("/") else f"/~/{away[2].removeprefix('~/')}")
    key = targets.path(away[1], place)
    return (Draft("copy-over" if whole else "write", target=to, touches=(Touch(key, effect),), summary=said),)


def _scp(command: Command, facts: Facts) -> Effects:
    words = split(command.argv, valued=("-P", "-i", "-o", "-F", "-J", "-l", "-c", "-S", "-D", "-X"))
    plain = list(words.after(0))
    if len(plain) < 2:
        return READ
    last, said = plain.pop(), summary(command)
    drafts: list[Draft] = []
    for source in plain:
        below = len(plain) > 1 or last.endswith(("/", ":")) or bool(":" not in last and facts.is_dir(last))
        to = _landing(source.rpartition(":")[2], last, below=below)
        drafts += _copied(to, facts, said, REPLACES, whole=words.has("-r") and _is_directory(source, facts))
    return _with_unknown(tuple(drafts), command, sure=UNKNOWN not in last)


def _find(command: Command, facts: Facts) -> Effects:
    """Commands that `find` runs are read on their own; here only what it does itself."""
    argv, drafts = command.argv, list[Draft]()
    said = summary(command)
    if "-delete" in argv:
        for path in found_by_find(argv):
            drafts += deleted(path, facts, said)
    for at, word in enumerate(argv[:-1]):
        if word in ("-fprint", "-fls", "-fprint0", "-fprintf"):
            drafts += written(argv[at + 1], facts, said)
    if drafts or "-delete" in argv:
        return _with_unknown(tuple(drafts), command, sure=bool(drafts))
    return READ


# ── write and edit ────────────────────────────────────────────────────────────────────────────────────────────────


def _tee(command: Command, facts: Facts) -> Effects:
    words = split(command.argv)
    adds = words.has("-a", "--append", "-Append")
    if not words.after(0):
        return READ
    return _each_path(edited if adds else written, words.after(0), command, facts)


def _dd(command: Command, facts: Facts) -> Effects:
    outputs = [word[3:] for word in command.argv[1:] if word.startswith("of=")]
    return _each_path(written, outputs, command, facts) if outputs else READ


def _truncate(command: Command, facts: Facts) -> Effects:
    return _each_path(written, split(command.argv, valued=("-s", "--size", "-r")).after(0), command, facts)


def _sed(command: Command, facts: Facts) -> Effects:
    """`-i` on the files after the script. BSD's takes the suffix as a word of its own: `sed -i '' …`."""
    argv = list(command.argv)
    if not any(re.match(r"-[nrEszub]*i|--in-place", word) for word in argv[1:]):
        return READ
    argv = [word for at, word in enumerate(argv) if word or not at or not re.match(r"-[nrEszub]*i$", argv[at - 1])]
    words = split(tuple(argv), valued=("-e", "--expression", "-f", "--file", "-l"), attached=("-i",))
    files = words.after(0) if words.has("-e", "--expression", "-f", "--file") else words.after(1)
    return _each_path(edited, files, command, facts)


#: What a one-liner of perl or ruby needs to do more than print.
_ONE_LINER_ACTS = re.compile(
    r"\b(system|exec|spawn|open|sysopen|unlink|rename|mkdir|rmdir|link|symlink|truncate|chmod|chown|utime|kill|fork|eval"
    r"|evalbytes|require|use|do|send|socket|connect|load|qx|tie|dbmopen|syswrite|File\w*|IO\w*|Dir|Process|Kernel"
    r"|Pathname|Tempfile|Open3|ARGF|delete|write)\b|`|%x|\^I|->|[|>]\s*[\"']|[^\w\s]\w*ee\w*\s*(?:[;}]|$)"
)


def _perl(command: Command, facts: Facts) -> Effects | None:
    """`-i` edits the files in place (`-0pi -e …`); `-n` and `-p` alone print. Any other program could do anything."""
    digits = re.compile(r"^(-[a-zA-Z]*?)[0l](?:x[0-9a-fA-F]+|[0-7]*)(?=[a-zA-Z]|$)")  # `-0777`, `-l012`: separators
    argv = tuple(_without(digits, word) for word in command.argv)
    words = split(argv, valued=("-e", "-E", "-I", "-M", "-m", "-r"), attached=("-i", "-F", "-C"))
    scripts = words.values("-e", "-E")
    if words.has("-v", "-V", "--version", "-c"):
        return READ
    if words.has("-i") and scripts:
        return _each_path(edited, words.after(0), command, facts)
    filters = words.has("-n", "-p") and scripts and not words.has("-M", "-m", "-r", "-i", "-s", "-x")
    opens = any(word.strip().endswith("|") or word.strip()[:1] in ("|", ">", "+") for word in words.after(0))
    return READ if filters and not opens and not any(_ONE_LINER_ACTS.search(text) for text in scripts) else None


def _without(pattern: re.Pattern[str], word: str) -> str:
    """An option bundle without the parts that match."""
    shorter = pattern.sub(r"\1", word)
    return shorter if shorter != "-" else "-0"


_AWK_ACTS = re.compile(r"system\s*\(|print[^;}\n]*>|\|\s*\"|\|&|\|\s*getline|\"\s*\|")


def _awk(command: Command, facts: Facts) -> Effects | None:
    words = split(command.argv, valued=("-F", "-v", "-f", "--file", "--assign", "-i", "--include", "-l"))
    plain = words.after(0)
    scripts = [] if words.has("-f", "--file") else list(plain[:1])
    if words.value("-i", "--include") == "inplace":
        return _each_path(edited, plain[len(scripts) :], command, facts)
    return READ if scripts and not _AWK_ACTS.search(scripts[0]) else None


def _edits(*valued: str, skip: int = 0) -> Callable[[Command, Facts], Effects]:
    """A program that edits all files it is given, after `skip` words that are none."""

    def edit(command: Command, facts: Facts) -> Effects:
        return _each_path(edited, split(command.argv, valued=valued).after(skip), command, facts)

    return edit


def _in_place(*switches: str, skip: int = 0, valued: tuple[str, ...] = ()) -> Callable[[Command, Facts], Effects]:
    """A filter that edits its files only with a switch."""

    def edit(command: Command, facts: Facts) -> Effects:
        words = split(command.argv, valued=valued)
        return _each_path(edited, words.after(skip), command, facts) if words.has(*switches) else READ

    return edit


def _output(*switches: str) -> Callable[[Command, Facts], Effects]:
    """A filter that writes its result to the file one of its options names."""

    def write(command: Command, facts: Facts) -> Effects:
        output = split(command.argv, valued=switches).value(*switches)
        return _each_path(written, [output], command, facts) if output else READ

    return write


_PATCH_VALUED = ("-p", "--strip", "-i", "--input", "-d", "--directory", "-o", "-r", "-B", "-D", "-F", "-V", "-Y", "-z")


def _patch(command: Command, facts: Facts) -> Effects:
    words = split(command.argv, valued=_PATCH_VALUED)
    if words.has("--dry-run", "-C", "--check", "--help", "--version"):
        return READ
    here = facts.at(words.value("-d", "--directory") or facts.cwd)
    if words.plain:
        return _each_path(edited, words.plain[:1], command, here)
    name = words.value("-i", "--input") or (words.plain[1] if len(words.plain) > 1 else None)
    name = name or next((redirect.path for redirect in command.redirects if redirect.op == "<"), None)
    text = command.stdin or (facts.read(name) if name and UNKNOWN not in name else None)
    given = words.value("-p", "--strip")
    return patched(text, int(given) if given and given.isdigit() else 1, command, here)


def patched(text: str | None, strip: int, command: Command, facts: Facts) -> Effects:
    """The files that a patch changes, as its text names them."""
    said = summary(command)
    drafts: list[Draft] = []
    for old, new in re.findall(r"^--- (\S+).*\r?\n\+\+\+ (\S+)", text or "", re.MULTILINE):
        if new == "/dev/null":
            drafts += deleted("/".join(old.split("/")[strip:]), facts, said)
        else:
            make = written if old == "/dev/null" else edited
            drafts += make("/".join(new.split("/")[strip:]), facts, said)
    return Effects(tuple(drafts), unknown=not drafts) if drafts else _with_unknown((), command, sure=False)


def _curl(command: Command, facts: Facts) -> Effects | None:
    """A download. Anything that sends is not for here to judge."""
    words = split(command.argv, valued=_CURL_VALUED)
    method = words.value("-X", "--request") or ("HEAD" if words.has("-I", "--head") else "GET")
    sends = any(name.startswith(("--data", "--form", "--json", "--upload", "--url-query")) for name, _ in words.options)
    if sends or words.has("-d", "-F", "-T", "-K", "--config") or method.upper() not in ("GET", "HEAD", "OPTIONS"):
        return None
    drafts = download_drafts(command, facts)
    return Effects(drafts) if drafts else READ


_CURL_VALUED = (
    "-X --request -o --output -d -F -T -H --header -u --user -A --user-agent -e --referer -b --cookie -c"
    " --cookie-jar -m --max-time --connect-timeout --retry --retry-delay --cacert --cert --key -E -x --proxy"
    " -w --write-out --output-dir -r --data --data-raw --data-binary --data-urlencode --json --form -K"
    " --config --resolve --unix-socket -D --dump-header --limit-rate -C -Y -y -z --interface --url"
).split()


def download_drafts(command: Command, facts: Facts) -> tuple[Draft, ...]:
    """The files that `curl -o F` and `wget` write, whatever else the request does."""
    if command.argv[0] == "wget":
        words = split(
            command.argv, valued=("-O", "--output-document", "-P", "--directory-prefix", "-o", "-a", "-U", "-t")
        )
        names = words.values("-O", "--output-document") or tuple(_named(url) for url in words.after(0))
        under = words.value("-P", "--directory-prefix")
    else:
        words = split(command.argv, valued=_CURL_VALUED)
        names = words.values("-o", "--output")
        if words.has("-O", "--remote-name", "--remote-name-all"):
            names += tuple(_named(url) for url in words.after(0))
        under = words.value("--output-dir")
    said = summary(command)
    paths = [f"{under}/{name}" if under and not name.startswith("/") else name for name in names if name]
    return tuple(draft for path in paths if UNKNOWN not in path for draft in written(path, facts, said))


def _named(url: str) -> str:
    return re.split(r"[?#]", url)[0].rpartition("/")[2]


def _wget(command: Command, facts: Facts) -> Effects | None:
    words = split(command.argv, valued=("-O", "--output-document"))
    if words.has("--post-data", "--post-file", "--method", "--body-data", "--body-file"):
        return None
    drafts = () if words.has("--spider") else download_drafts(command, facts)
    return Effects(drafts) if drafts else READ


# ── archives ──────────────────────────────────────────────────────────────────────────────────────────────────────

_TAR_VALUED = (
    "-f --file -C --directory -T --files-from -X --exclude-from --exclude -b -g -V --strip-components --strip"
    " --transform --xform -I --use-compress-program -s --owner --group"
).split()


def _tar(command: Command, facts: Facts) -> Effects:
    argv = command.argv
    if len(argv) > 1 and not argv[1].startswith("-"):
        argv = (argv[0], "-" + argv[1], *argv[2:])
    words = split(argv, valued=_TAR_VALUED)
    archive = words.value("-f", "--file") or "-"
    if words.has("-x", "--extract", "--get"):
        if words.has("-O", "--to-stdout"):
            return READ
        spares = words.has("-k", "--keep-old-files", "--skip-old-files")
        return _unpacked(words.value("-C", "--directory"), words.after(0), command, facts, spares=spares)
    if words.has("-t", "--list", "-d", "--diff", "--compare"):
        return READ
    make = written if words.has("-c", "--create") else edited
    return _each_path(make, [archive], command, facts)


def _unpacked(
    into: str | None, members: tuple[str, ...], command: Command, facts: Facts, *, spares: bool = False
) -> Effects:
    """What an archive holds is not known, so it lands on all of the directory, or on the members that are named."""
    base = into or "."
    named = [f"{base.rstrip('/')}/{member}" for member in members if not re.search(r"[*?\[]", member)]
    said = summary(command)
    effect = ADDS if spares else REPLACES
    drafts = [draft for path in named or [base] for draft in file_drafts("copy-over", effect, path, facts, said)]
    return _with_unknown(tuple(drafts), command, sure=UNKNOWN not in base)


def _unzip(command: Command, facts: Facts) -> Effects:
    words = split(command.argv, valued=("-d", "-x", "-P"))
    if words.has("-l", "-t", "-p", "-c", "-v", "-Z", "-z"):
        return READ
    return _unpacked(words.value("-d"), words.after(1), command, facts, spares=words.has("-n"))


def _zip(command: Command, facts: Facts) -> Effects:
    words = split(command.argv, valued=("-x", "-i", "-b", "-P", "-t", "-n"))
    archive = words.verb()
    if not archive or archive == "-" or words.has("-sf", "-T"):
        return READ
    drafts = edited(archive if "." in archive else archive + ".zip", facts, summary(command))
    moved = [d for path in words.after(1) for d in deleted(path, facts, summary(command))] if words.has("-m") else []
    return Effects((*drafts, *moved))


def _seven_zip(command: Command, facts: Facts) -> Effects:
    plain = [word for word in command.argv[1:] if not word.startswith("-")]
    if not plain or plain[0] in ("l", "t", "h", "b", "i"):
        return READ
    if plain[0] in ("x", "e"):
        into = next((word[2:] for word in command.argv if word.startswith("-o") and len(word) > 2), None)
        return _unpacked(into, tuple(plain[2:]), command, facts, spares="-aos" in command.argv)
    return _each_path(edited, plain[1:2], command, facts)


_PACKED = {"gzip": ".gz", "pigz": ".gz", "bzip2": ".bz2", "xz": ".xz", "lzma": ".lzma", "zstd": ".zst", "lz4": ".lz4"}


def _gzip(command: Command, facts: Facts) -> Effects:
    """Puts the packed file in the place of the plain one, or the reverse."""
    words = split(command.argv, valued=("-S", "--suffix", "-T", "-o"))
    if words.has("-c", "--stdout", "-t", "--test", "-l", "--list") or not words.after(0):
        return READ
    name = command.argv[0]
    unpacks = name.startswith("un") or name == "gunzip" or words.has("-d", "--decompress")
    keeps = words.has("-k", "--keep") or (name in ("zstd", "unzstd", "lz4") and not words.has("--rm"))
    found, sure = places(words.after(0), command, facts)
    said, drafts = summary(command), list[Draft]()
    for path in found:
        drafts += () if keeps else deleted(path, facts, said)
        drafts += written(re.sub(r"\.\w+$", "", path) if unpacks else path + _PACKED.get(name, ".gz"), facts, said)
    return _with_unknown(tuple(drafts), command, sure=sure)


# ── Windows ───────────────────────────────────────────────────────────────────────────────────────────────────────

_SWITCH = re.compile(r"^//?[A-Za-z?]{1,5}(:.*)?$")
_PARAMETERS = ("-path -literalpath -destination -newname -filepath -name -value -filter -include").split()
_PARAMETERS_TOO = ("-exclude -erroraction -ea -encoding -itemtype -stream -credential -inputobject").split()


class _Cmdlet:
    """The parameters of a cmdlet (`-Path a,b -Recurse`), or the switches of a cmd verb (`/s /q`), in lower case."""

    def __init__(self, argv: tuple[str, ...]) -> None:
        self.plain: list[str] = []
        self.named: dict[str, str] = {}
        self.switches: set[str] = set()
        words = list(argv[1:])
        while words:
            word = words.pop(0)
            low = word.lower()
            if low in _PARAMETERS + _PARAMETERS_TOO and words:
                self.named[low] = words.pop(0)
            elif re.match(r"-[a-z]", low) or _SWITCH.match(word):
                self.switches.add(low.lstrip("/-").partition(":")[0])
            else:
                self.plain += [part for part in word.split(",") if part]

    def files(self) -> list[str]:
        given = self.named.get("-path") or self.named.get("-literalpath") or self.named.get("-filepath")
        return given.split(",") if given else self.plain


def _remove_item(command: Command, facts: Facts) -> Effects:
    cmdlet = _Cmdlet(command.argv)
    if "whatif" in cmdlet.switches:
        return READ
    return _each_path(deleted, cmdlet.files(), command, facts)


def _move_item(command: Command, facts: Facts) -> Effects:
    cmdlet = _Cmdlet(command.argv)
    if "whatif" in cmdlet.switches:
        return READ
    to = cmdlet.named.get("-destination") or cmdlet.named.get("-newname")
    files = [*cmdlet.files(), *([to] if to else cmdlet.plain if cmdlet.files() is not cmdlet.plain else [])]
    if command.argv[0].lower() in ("rename-item", "ren", "rni", "rename") and len(files) == 2:
        above, slash, _ = files[0].replace("\\", "/").rpartition("/")
        files[1] = above + slash + files[1] if not re.search(r"[\\/]", files[1]) else files[1]
    return _move(Words(tuple(files), ()), command, facts)


def _copy_item(command: Command, facts: Facts) -> Effects:
    cmdlet = _Cmdlet(command.argv)
    if "whatif" in cmdlet.switches:
        return READ
    to = cmdlet.named.get("-destination")
    files = [*cmdlet.files(), *([to] if to else cmdlet.plain if cmdlet.files() is not cmdlet.plain else [])]
    return _copy(
        Words(tuple(files), ()), command, facts, recursive=bool(cmdlet.switches & {"recurse", "r", "recursive"})
    )


def _xcopy(command: Command, facts: Facts) -> Effects:
    """All of the first directory lands in the second; `/mir` and `/purge` also delete there, `/l` only lists."""
    cmdlet = _Cmdlet(command.argv)
    if "l" in cmdlet.switches or len(cmdlet.plain) < 2:
        return READ
    said, (source, last) = summary(command), cmdlet.plain[:2]
    effect = DESTROYS if cmdlet.switches & {"mir", "purge"} else REPLACES
    whole = command.argv[0].lower() == "robocopy" or _is_directory(source, facts)
    drafts = _copied(last, facts, said, effect, whole=whole)
    if "move" in cmdlet.switches:
        drafts += deleted(source, facts, said)
    return _with_unknown(drafts, command, sure=UNKNOWN not in last)


def _set_content(command: Command, facts: Facts) -> Effects:
    """`Set-Content F`, `Out-File F`, `Clear-Content F` write all of a file, `Add-Content` and `-Append` add to it."""
    cmdlet = _Cmdlet(command.argv)
    if "whatif" in cmdlet.switches:
        return READ
    adds = command.argv[0].lower() in ("add-content", "ac") or "append" in cmdlet.switches
    return _each_path(edited if adds else written, cmdlet.files()[:1], command, facts)


def _new_item(command: Command, facts: Facts) -> Effects:
    cmdlet = _Cmdlet(command.argv)
    if "force" not in cmdlet.switches or cmdlet.named.get("-itemtype", "").lower() == "directory":
        return NOTHING
    return _each_path(written, cmdlet.files()[:1], command, facts)


# ── formatters and codemods ───────────────────────────────────────────────────────────────────────────────────────


def _format(command: Command, facts: Facts) -> Effects | None:
    verdict = formatters.verdict(command.argv)
    if verdict is None:
        return None
    return READ if verdict.looks else rewritten(verdict.paths, command, facts)


def rewritten(paths: tuple[str, ...], command: Command, facts: Facts) -> Effects:
    """A program changes source files wherever it sees fit below some paths. It knows patterns itself."""
    said, drafts = summary(command), list[Draft]()
    found = _from_data(paths, command, broad=True) or list(paths)
    if not found and command.argv[0] not in formatters.NEED_PATHS:
        found = ["."]
    for word in found:
        path = word.replace("/...", "").replace("...", ".") or "."  # Go's `./...`
        if UNKNOWN not in path:
            many = path == "." or word != path or targets.is_glob(path) or _is_directory(path, facts)
            drafts += edited_below(path, facts, said) if many else edited(path, facts, said)
    return _with_unknown(tuple(drafts), command, sure=bool(drafts) and not any(UNKNOWN in word for word in found))


def _ast_grep(command: Command, facts: Facts) -> Effects:
    """`sg run -p … -r … -U` rewrites; without `-U` it shows or asks."""
    valued = ("-p", "--pattern", "-r", "--rewrite", "-l", "--lang", "-c", "--config", "--inline-rules", "--globs")
    words = split(command.argv, valued=valued)
    if not words.has("-U", "--update-all", "-i", "--interactive"):
        return READ
    paths = words.after(1 if words.verb() in ("run", "scan") else 0)
    return rewritten(paths, command, facts)


def _sd(command: Command, facts: Facts) -> Effects:
    words = split(command.argv, valued=("-f", "--flags", "-n", "--max-replacements"))
    files = words.after(2)
    return (
        READ
        if words.has("-p", "--preview") or not (files or command.each)
        else _each_path(edited, files, command, facts)
    )


def _comby(command: Command, facts: Facts) -> Effects:
    words = split(command.argv, valued=("-d", "-matcher", "-f"), long=True)
    if not words.has("-i", "-in-place"):
        return READ
    return rewritten(words.after(2) or ((words.value("-d") or "."),), command, facts)


def _pre_commit(command: Command, facts: Facts) -> Effects | None:
    """Its hooks mend files: all of them with `--all-files`, else those that are staged."""
    words = split(command.argv, valued=("--files", "-c", "--config", "--from-ref", "--to-ref"))
    if words.verb() != "run":
        return None
    return rewritten(words.values("--files") or (".",), command, facts)


# ── the table ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _nothing(command: Command, facts: Facts) -> Effects:  # noqa: ARG001 - all rows have one shape
    return NOTHING


def _read(command: Command, facts: Facts) -> Effects:  # noqa: ARG001 - all rows have one shape
    return READ


#: Readers beside those of `reads`.
_READERS = (
    "ll dir lsd where info help bzcat xzcat colordiff ncdu loc get-childitem gci get-content gc get-item gi"
    " test-path select-string sls get-location gl measure-object resolve-path write-output write-host"
    " select-object where-object sort-object format-table format-list findstr fc"
)

#: Every program and what reads it. PowerShell's cmdlets stand in lower case.
_TABLE: dict[str, Callable[[Command, Facts], Effects | None]] = {
    **dict.fromkeys(_READERS.split(), _read),
    **dict.fromkeys(formatters.FORMATTERS, _format),
    # delete
    "rm": _rm,
    "unlink": _rm,
    "rmdir": _rmdir,
    "rd": _rmdir,
    "shred": _shred,
    "srm": _rm,
    **dict.fromkeys(("trash", "trash-put", "rmtrash", "gio", "recycle"), _trash),
    **dict.fromkeys(("del", "erase", "remove-item", "ri"), _remove_item),
    "find": _find,
    # move and copy
    "mv": _mv,
    **dict.fromkeys(("move", "move-item", "mi", "ren", "rename-item", "rni"), _move_item),
    "cp": _cp,
    "ditto": lambda command, facts: _copy(split(command.argv), command, facts, recursive=True),
    **dict.fromkeys(("copy", "copy-item", "cpi"), _copy_item),
    **dict.fromkeys(("xcopy", "robocopy"), _xcopy),
    "install": _install,
    "ln": _ln,
    "rsync": _rsync,
    "scp": _scp,
    # write
    "tee": _tee,
    "tee-object": _set_content,
    "sponge": _tee,
    "dd": _dd,
    "truncate": _truncate,
    **dict.fromkeys(("set-content", "sc", "out-file", "clear-content", "clc", "add-content", "ac"), _set_content),
    **dict.fromkeys(("new-item", "ni"), _new_item),
    "curl": _curl,
    "wget": _wget,
    "sort": _output("-o", "--output"),
    "iconv": _output("-o", "--output"),
    "pandoc": _output("-o", "--output"),
    # edit
    "sed": _sed,
    "perl": _perl,
    "ruby": _perl,
    **dict.fromkeys(("awk", "gawk", "mawk", "nawk"), _awk),
    "patch": _patch,
    "yq": _in_place("-i", "--inplace", "-y", skip=1),
    "sd": _sd,
    **dict.fromkeys(("dos2unix", "unix2dos", "ex", "ed"), _edits()),
    "rpl": _edits("-x", skip=2),
    "comby": _comby,
    **dict.fromkeys(("sg", "ast-grep"), _ast_grep),
    "pre-commit": _pre_commit,
    # archives
    **dict.fromkeys(("tar", "bsdtar"), _tar),
    "unzip": _unzip,
    "zip": _zip,
    **dict.fromkeys(("7z", "7za", "7zz"), _seven_zip),
    **dict.fromkeys((*_PACKED, "gunzip", "bunzip2", "unxz", "unzstd"), _gzip),
    # what nothing collides with
    **dict.fromkeys(
        ("mkdir", "md", "touch", "mktemp", "mkfifo", "chmod", "chown", "chgrp", "setfacl", "xattr"), _nothing
    ),
    **dict.fromkeys(("sync", "umask", "chattr", "tput", "clear", "cls", "open", "xdg-open", "pbcopy", "say"), _nothing),
}
# The GNU tools as macOS's package manager calls them.
_TABLE |= {
    f"g{name}": _TABLE[name] for name in ("rm", "mv", "cp", "sed", "tar", "find", "ln", "truncate", "rmdir", "dd")
}

_CMDLETS = (
    "Remove-Item Move-Item Rename-Item Copy-Item Set-Content Add-Content Clear-Content Out-File New-Item Tee-Object"
    " Get-ChildItem Get-Content Get-Item Test-Path Select-String Get-Location Write-Output Write-Host Resolve-Path"
    " Select-Object Where-Object Sort-Object Format-Table Format-List Measure-Object"
)
PROGRAMS: frozenset[str] = frozenset({*_TABLE, *_CMDLETS.split()})


def read(command: Command, facts: Facts) -> Effects | None:
    """What one simple command does to files; None for a program or a verb that is not for here."""
    row = _TABLE.get(command.argv[0]) or _TABLE.get(command.argv[0].lower())
    return row(command, facts) if row else None
