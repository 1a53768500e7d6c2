"""What commands do to files: `rm`, `mv`, `cp`, `tee`, `sed -i`, `rsync`, `tar x`, formatters, Windows.

    read(command, facts)          # for a command of PROGRAMS

A delete counts for everything below the path, a copy for the subtree it lands on. Where a pattern is not known to match
anything (`rm src/*.orig`), the draft holds the pattern itself, or the directory if it takes all of it (`rm build/*`).
"""

from __future__ import annotations

from collections.abc import Callable

from sidelight.effects import Command, Effects, formatters
from sidelight.effects.files.archives import PACKED, gzip, seven_zip, tar, unzip, zipped
from sidelight.effects.files.landing import copy
from sidelight.effects.files.moving import cp, find, install, ln, mv, rm, rmdir, rsync, scp, shred, trash
from sidelight.effects.files.rewriting import ast_grep, comby, formatted, pre_commit, sd
from sidelight.effects.files.windows import copy_item, move_item, new_item, remove_item, set_content, xcopy
from sidelight.effects.files.writing import (
    awk,
    curl,
    dd,
    edits,
    in_place,
    output,
    patch,
    perl,
    sed,
    tee,
    truncate,
    wget,
)
from sidelight.effects.options import split
from sidelight.effects.touching import NOTHING, READ
from sidelight.facts import Facts


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
    **dict.fromkeys(formatters.FORMATTERS, formatted),
    # delete
    "rm": rm,
    "unlink": rm,
    "rmdir": rmdir,
    "rd": rmdir,
    "shred": shred,
    "srm": rm,
    **dict.fromkeys(("trash", "trash-put", "rmtrash", "gio", "recycle"), trash),
    **dict.fromkeys(("del", "erase", "remove-item", "ri"), remove_item),
    "find": find,
    # move and copy
    "mv": mv,
    **dict.fromkeys(("move", "move-item", "mi", "ren", "rename-item", "rni"), move_item),
    "cp": cp,
    "ditto": lambda command, facts: copy(split(command.argv), command, facts, recursive=True),
    **dict.fromkeys(("copy", "copy-item", "cpi"), copy_item),
    **dict.fromkeys(("xcopy", "robocopy"), xcopy),
    "install": install,
    "ln": ln,
    "rsync": rsync,
    "scp": scp,
    # write
    "tee": tee,
    "tee-object": set_content,
    "sponge": tee,
    "dd": dd,
    "truncate": truncate,
    **dict.fromkeys(("set-content", "sc", "out-file", "clear-content", "clc", "add-content", "ac"), set_content),
    **dict.fromkeys(("new-item", "ni"), new_item),
    "curl": curl,
    "wget": wget,
    "sort": output("-o", "--output"),
    "iconv": output("-o", "--output"),
    "pandoc": output("-o", "--output"),
    # edit
    "sed": sed,
    "perl": perl,
    "ruby": perl,
    **dict.fromkeys(("awk", "gawk", "mawk", "nawk"), awk),
    "patch": patch,
    "yq": in_place("-i", "--inplace", "-y", skip=1),
    "sd": sd,
    **dict.fromkeys(("dos2unix", "unix2dos", "ex", "ed"), edits()),
    "rpl": edits("-x", skip=2),
    "comby": comby,
    **dict.fromkeys(("sg", "ast-grep"), ast_grep),
    "pre-commit": pre_commit,
    # archives
    **dict.fromkeys(("tar", "bsdtar"), tar),
    "unzip": unzip,
    "zip": zipped,
    **dict.fromkeys(("7z", "7za", "7zz"), seven_zip),
    **dict.fromkeys((*PACKED, "gunzip", "bunzip2", "unxz", "unzstd"), gzip),
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
