"""Delete, move, copy, link, and what synchronises."""

from __future__ import annotations

from sidelight.actions import ADDS, DESTROYS, REPLACES, Draft
from sidelight.effects import UNKNOWN, Command, Effects
from sidelight.effects.files.landing import TARGET, copied, copy, is_directory, landing, move
from sidelight.effects.files.windows import remove_item
from sidelight.effects.options import split
from sidelight.effects.places import summary
from sidelight.effects.touching import (
    NOTHING,
    READ,
    deleted,
    each_path,
    file_drafts,
    found_by_find,
    with_unknown,
    written,
)
from sidelight.facts import Facts


def rm(command: Command, facts: Facts) -> Effects:
    words = split(command.argv)
    return READ if words.has("--help", "--version") else each_path(deleted, words.after(0), command, facts)


def rmdir(command: Command, facts: Facts) -> Effects:
    """An empty directory holds nobody's work; Windows' `rd /s` and PowerShell's `-Recurse` take all that is in it."""
    low = [word.lower() for word in command.argv[1:]]
    whole = "/s" in low or "//s" in low or any(word.startswith("-recurs") for word in low)
    return remove_item(command, facts) if whole else NOTHING


def shred(command: Command, facts: Facts) -> Effects:
    return each_path(deleted, split(command.argv, valued=("-n", "-s")).after(0), command, facts)


def trash(command: Command, facts: Facts) -> Effects:
    plain = split(command.argv).after(0)
    if command.argv[0] == "gio":
        return each_path(deleted, plain[1:], command, facts) if plain[:1] == ("trash",) else NOTHING
    return each_path(deleted, plain, command, facts)


def mv(command: Command, facts: Facts) -> Effects:
    return move(split(command.argv, valued=TARGET), command, facts)


def cp(command: Command, facts: Facts) -> Effects:
    words = split(command.argv, valued=TARGET)
    return copy(words, command, facts, recursive=words.has("-r", "-R", "-a", "--recursive", "--archive"))


def install(command: Command, facts: Facts) -> Effects:
    words = split(command.argv, valued=(*TARGET, "-m", "--mode", "-o", "--owner", "-g", "--group"))
    return NOTHING if words.has("-d", "--directory") else copy(words, command, facts, recursive=False)


def ln(command: Command, facts: Facts) -> Effects:
    """Only `-f` takes the place of what is there; else a name that is taken makes it fail."""
    words = split(command.argv, valued=TARGET)
    plain = words.after(0)
    into = words.value("-t", "--target-directory")
    last = into or (plain[-1] if len(plain) > 1 else ".")
    if UNKNOWN in last or not plain or UNKNOWN in plain[0]:
        return with_unknown((), command, sure=False)
    link = landing(plain[0], last, below=bool(into) or len(plain) == 1 or len(plain) > 2)
    if facts.is_dir(link) and not words.has("-n", "-T", "-h", "--no-dereference", "--no-target-directory"):
        link = landing(plain[0], link, below=True)
    effect = REPLACES if words.has("-f", "--force") else ADDS
    return Effects(file_drafts("write", effect, link, facts, summary(command), follow=False))


_RSYNC_VALUED = (
    "-e --rsh --exclude --include -f --filter --exclude-from --include-from --files-from --rsync-path"
    " --backup-dir --suffix --compare-dest --copy-dest --link-dest --bwlimit --port --password-file"
    " --log-file -T --temp-dir --chmod --chown --max-size --min-size --timeout --contimeout --partial-dir"
    " --out-format -B --block-size -M --remote-option --info --debug --modify-window -@ --compress-level"
    " --skip-compress --max-delete --iconv"
).split()


def rsync(command: Command, facts: Facts) -> Effects:
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
        to = last if source.endswith(("/", "/.")) else landing(source.rpartition(":")[2], last, below=True)
        whole = source.endswith("/") or is_directory(source, facts)
        if not whole and not last.endswith("/") and facts.is_dir(last) is not True:
            to = last
        drafts += copied(to, facts, said, effect, whole=whole)
        if words.has("--remove-source-files") and ":" not in source:
            drafts += deleted(source, facts, said)
    return with_unknown(tuple(dict.fromkeys(drafts)), command, sure=UNKNOWN not in last)


def scp(command: Command, facts: Facts) -> Effects:
    words = split(command.argv, valued=("-P", "-i", "-o", "-F", "-J", "-l", "-c", "-S", "-D", "-X"))
    plain = list(words.after(0))
    if len(plain) < 2:
        return READ
    last, said = plain.pop(), summary(command)
    drafts: list[Draft] = []
    for source in plain:
        below = len(plain) > 1 or last.endswith(("/", ":")) or bool(":" not in last and facts.is_dir(last))
        to = landing(source.rpartition(":")[2], last, below=below)
        drafts += copied(to, facts, said, REPLACES, whole=words.has("-r") and is_directory(source, facts))
    return with_unknown(tuple(drafts), command, sure=UNKNOWN not in last)


def find(command: Command, facts: Facts) -> Effects:
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
        return with_unknown(tuple(drafts), command, sure=bool(drafts))
    return READ
