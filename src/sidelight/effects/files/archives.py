"""Archives and compressed files."""

from __future__ import annotations

import re

from sidelight.actions import ADDS, REPLACES, Draft
from sidelight.effects import UNKNOWN, Command, Effects
from sidelight.effects.options import split
from sidelight.effects.places import summary
from sidelight.effects.touching import READ, deleted, each_path, edited, file_drafts, places, with_unknown, written
from sidelight.facts import Facts

_TAR_VALUED = (
    "-f --file -C --directory -T --files-from -X --exclude-from --exclude -b -g -V --strip-components --strip"
    " --transform --xform -I --use-compress-program -s --owner --group"
).split()


def tar(command: Command, facts: Facts) -> Effects:
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
    return each_path(make, [archive], command, facts)


def _unpacked(
    into: str | None, members: tuple[str, ...], command: Command, facts: Facts, *, spares: bool = False
) -> Effects:
    """What an archive holds is not known, so it lands on all of the directory, or on the members that are named."""
    base = into or "."
    named = [f"{base.rstrip('/')}/{member}" for member in members if not re.search(r"[*?\[]", member)]
    said = summary(command)
    effect = ADDS if spares else REPLACES
    drafts = [draft for path in named or [base] for draft in file_drafts("copy-over", effect, path, facts, said)]
    return with_unknown(tuple(drafts), command, sure=UNKNOWN not in base)


def unzip(command: Command, facts: Facts) -> Effects:
    words = split(command.argv, valued=("-d", "-x", "-P"))
    if words.has("-l", "-t", "-p", "-c", "-v", "-Z", "-z"):
        return READ
    return _unpacked(words.value("-d"), words.after(1), command, facts, spares=words.has("-n"))


def zipped(command: Command, facts: Facts) -> Effects:
    words = split(command.argv, valued=("-x", "-i", "-b", "-P", "-t", "-n"))
    archive = words.verb()
    if not archive or archive == "-" or words.has("-sf", "-T"):
        return READ
    drafts = edited(archive if "." in archive else archive + ".zip", facts, summary(command))
    moved = [d for path in words.after(1) for d in deleted(path, facts, summary(command))] if words.has("-m") else []
    return Effects((*drafts, *moved))


def seven_zip(command: Command, facts: Facts) -> Effects:
    plain = [word for word in command.argv[1:] if not word.startswith("-")]
    if not plain or plain[0] in ("l", "t", "h", "b", "i"):
        return READ
    if plain[0] in ("x", "e"):
        into = next((word[2:] for word in command.argv if word.startswith("-o") and len(word) > 2), None)
        return _unpacked(into, tuple(plain[2:]), command, facts, spares="-aos" in command.argv)
    return each_path(edited, plain[1:2], command, facts)


PACKED = {"gzip": ".gz", "pigz": ".gz", "bzip2": ".bz2", "xz": ".xz", "lzma": ".lzma", "zstd": ".zst", "lz4": ".lz4"}


def gzip(command: Command, facts: Facts) -> Effects:
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
        drafts += written(re.sub(r"\.\w+$", "", path) if unpacks else path + PACKED.get(name, ".gz"), facts, said)
    return with_unknown(tuple(drafts), command, sure=sure)
