"""The same on Windows: cmd's commands and PowerShell's."""

from __future__ import annotations

import re

from sidelight.actions import DESTROYS, REPLACES
from sidelight.effects import UNKNOWN, Command, Effects
from sidelight.effects.files.landing import copied, copy, is_directory, move
from sidelight.effects.options import Words
from sidelight.effects.places import summary
from sidelight.effects.touching import NOTHING, READ, deleted, each_path, edited, with_unknown, written
from sidelight.facts import Facts
from sidelight.records import late_pattern

_SWITCH = late_pattern(r"^//?[A-Za-z?]{1,5}(:.*)?$")
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


def remove_item(command: Command, facts: Facts) -> Effects:
    cmdlet = _Cmdlet(command.argv)
    if "whatif" in cmdlet.switches:
        return READ
    return each_path(deleted, cmdlet.files(), command, facts)


def move_item(command: Command, facts: Facts) -> Effects:
    cmdlet = _Cmdlet(command.argv)
    if "whatif" in cmdlet.switches:
        return READ
    to = cmdlet.named.get("-destination") or cmdlet.named.get("-newname")
    files = [*cmdlet.files(), *([to] if to else cmdlet.plain if cmdlet.files() is not cmdlet.plain else [])]
    if command.argv[0].lower() in ("rename-item", "ren", "rni", "rename") and len(files) == 2:
        above, slash, _ = files[0].replace("\\", "/").rpartition("/")
        files[1] = above + slash + files[1] if not re.search(r"[\\/]", files[1]) else files[1]
    return move(Words(tuple(files), ()), command, facts)


def copy_item(command: Command, facts: Facts) -> Effects:
    cmdlet = _Cmdlet(command.argv)
    if "whatif" in cmdlet.switches:
        return READ
    to = cmdlet.named.get("-destination")
    files = [*cmdlet.files(), *([to] if to else cmdlet.plain if cmdlet.files() is not cmdlet.plain else [])]
    return copy(
        Words(tuple(files), ()), command, facts, recursive=bool(cmdlet.switches & {"recurse", "r", "recursive"})
    )


def xcopy(command: Command, facts: Facts) -> Effects:
    """All of the first directory lands in the second; `/mir` and `/purge` also delete there, `/l` only lists."""
    cmdlet = _Cmdlet(command.argv)
    if "l" in cmdlet.switches or len(cmdlet.plain) < 2:
        return READ
    said, (source, last) = summary(command), cmdlet.plain[:2]
    effect = DESTROYS if cmdlet.switches & {"mir", "purge"} else REPLACES
    whole = command.argv[0].lower() == "robocopy" or is_directory(source, facts)
    drafts = copied(last, facts, said, effect, whole=whole)
    if "move" in cmdlet.switches:
        drafts += deleted(source, facts, said)
    return with_unknown(drafts, command, sure=UNKNOWN not in last)


def set_content(command: Command, facts: Facts) -> Effects:
    """`Set-Content F`, `Out-File F`, `Clear-Content F` write all of a file, `Add-Content` and `-Append` add to it."""
    cmdlet = _Cmdlet(command.argv)
    if "whatif" in cmdlet.switches:
        return READ
    adds = command.argv[0].lower() in ("add-content", "ac") or "append" in cmdlet.switches
    return each_path(edited if adds else written, cmdlet.files()[:1], command, facts)


def new_item(command: Command, facts: Facts) -> Effects:
    cmdlet = _Cmdlet(command.argv)
    if "force" not in cmdlet.switches or cmdlet.named.get("-itemtype", "").lower() == "directory":
        return NOTHING
    return each_path(written, cmdlet.files()[:1], command, facts)
