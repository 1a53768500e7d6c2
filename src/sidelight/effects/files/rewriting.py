"""Formatters and codemods."""

from __future__ import annotations

from sidelight import targets
from sidelight.actions import Draft
from sidelight.effects import UNKNOWN, Command, Effects, formatters
from sidelight.effects.files.landing import is_directory
from sidelight.effects.options import split
from sidelight.effects.places import summary
from sidelight.effects.touching import READ, each_path, edited, edited_below, from_data, with_unknown
from sidelight.facts import Facts


def formatted(command: Command, facts: Facts) -> Effects | None:
    verdict = formatters.verdict(command.argv)
    if verdict is None:
        return None
    return READ if verdict.looks else rewritten(verdict.paths, command, facts)


def rewritten(paths: tuple[str, ...], command: Command, facts: Facts) -> Effects:
    """A program changes source files wherever it sees fit below some paths. It knows patterns itself."""
    said, drafts = summary(command), list[Draft]()
    found = from_data(paths, command, broad=True) or list(paths)
    if not found and command.argv[0] not in formatters.NEED_PATHS:
        found = ["."]
    for word in found:
        path = word.replace("/...", "").replace("...", ".") or "."  # Go's `./...`
        if UNKNOWN not in path:
            many = path == "." or word != path or targets.is_glob(path) or is_directory(path, facts)
            drafts += edited_below(path, facts, said) if many else edited(path, facts, said)
    return with_unknown(tuple(drafts), command, sure=bool(drafts) and not any(UNKNOWN in word for word in found))


def ast_grep(command: Command, facts: Facts) -> Effects:
    """`sg run -p … -r … -U` rewrites; without `-U` it shows or asks."""
    valued = ("-p", "--pattern", "-r", "--rewrite", "-l", "--lang", "-c", "--config", "--inline-rules", "--globs")
    words = split(command.argv, valued=valued)
    if not words.has("-U", "--update-all", "-i", "--interactive"):
        return READ
    paths = words.after(1 if words.verb() in ("run", "scan") else 0)
    return rewritten(paths, command, facts)


def sd(command: Command, facts: Facts) -> Effects:
    words = split(command.argv, valued=("-f", "--flags", "-n", "--max-replacements"))
    files = words.after(2)
    return (
        READ
        if words.has("-p", "--preview") or not (files or command.each)
        else each_path(edited, files, command, facts)
    )


def comby(command: Command, facts: Facts) -> Effects:
    words = split(command.argv, valued=("-d", "-matcher", "-f"), long=True)
    if not words.has("-i", "-in-place"):
        return READ
    return rewritten(words.after(2) or ((words.value("-d") or "."),), command, facts)


def pre_commit(command: Command, facts: Facts) -> Effects | None:
    """Its hooks mend files: all of them with `--all-files`, else those that are staged."""
    words = split(command.argv, valued=("--files", "-c", "--config", "--from-ref", "--to-ref"))
    if words.verb() != "run":
        return None
    return rewritten(words.values("--files") or (".",), command, facts)
