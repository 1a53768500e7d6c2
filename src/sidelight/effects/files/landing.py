"""Where a move or a copy lands, and what it does there."""

from __future__ import annotations

import re

from sidelight import targets
from sidelight.actions import ADDS, REPLACES, Draft, Touch
from sidelight.effects import UNKNOWN, Command, Effects
from sidelight.effects.options import Words
from sidelight.effects.places import summary
from sidelight.effects.touching import deleted, file_drafts, places, with_unknown, written
from sidelight.facts import Facts
from sidelight.records import late_pattern

TARGET = ("-t", "--target-directory", "-S", "--suffix")


def move(words: Words, command: Command, facts: Facts) -> Effects:
    sources, landing, sure = _from_and_to(words, command, facts)
    said = summary(command)
    drafts: list[Draft] = []
    for source, to in zip(sources, landing, strict=True):
        drafts += deleted(source, facts, said)
        drafts += written(to, facts, said)
    return with_unknown(tuple(drafts), command, sure=sure)


def copy(words: Words, command: Command, facts: Facts, *, recursive: bool) -> Effects:
    """A directory's copy lands over whatever is there; without overwriting (`-n`) it only adds."""
    sources, landing, sure = _from_and_to(words, command, facts)
    said = summary(command)
    spares = words.has("-n", "--no-clobber") or words.value("--update") in ("none", "none-fail")
    drafts: list[Draft] = []
    for source, to in zip(sources, landing, strict=True):
        if spares:
            drafts += file_drafts("write", ADDS, to, facts, said)
        elif recursive and is_directory(source, facts):
            drafts += file_drafts("copy-over", REPLACES, to, facts, said)
        else:
            drafts += written(to, facts, said)
    return with_unknown(tuple(drafts), command, sure=sure)


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
    return sources, [landing(source, last, below=below) for source in sources], sure


def landing(source: str, last: str, *, below: bool) -> str:
    name = re.split(r"[/\\]", source.rstrip("/\\"))[-1]
    if not below or name in ("", ".", "..") or any(mark in name for mark in "*?["):
        return last
    return f"{last.rstrip('/')}/{name}"


def is_directory(path: str, facts: Facts) -> bool:
    """Where nobody knows, a name with an extension is a file."""
    if UNKNOWN in path:
        return True
    known = facts.is_dir(path)
    return known if known is not None else not re.search(r"[^/.]\.\w{1,8}$", path)


_ELSEWHERE = late_pattern(r"^(?:[\w.\-]+@)?([\w.\-]{2,}):(?!//|\\)(.*)$", re.DOTALL)


def copied(to: str, facts: Facts, said: str, effect: str, *, whole: bool) -> tuple[Draft, ...]:
    """A copy that may land on another machine (`deploy@web1:/srv/app/`)."""
    away = _ELSEWHERE.match(to)
    if UNKNOWN in to:
        return ()
    if away is None:
        return file_drafts("copy-over" if whole else "write", effect, to, facts, said)
    place = targets.normal_path(away[2] if away[2].startswith("/") else f"/~/{away[2].removeprefix('~/')}")
    key = targets.path(away[1], place)
    return (Draft("copy-over" if whole else "write", target=to, touches=(Touch(key, effect),), summary=said),)
