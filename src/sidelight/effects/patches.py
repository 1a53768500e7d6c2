"""Codex's patch grammar: `*** Begin Patch`, then `*** Add File: …`, `*** Update File: …`, `*** Delete File: …`.

It comes as a tool call of its own and as a program in a command line (`apply_patch <<'EOF' …`).
"""

from __future__ import annotations

import re

from sidelight.actions import Draft
from sidelight.effects import Command, Effects
from sidelight.facts import Facts

PROGRAMS: frozenset[str] = frozenset(("apply_patch", "applypatch"))

_HEADER = re.compile(r"^\*\*\* (Add File|Update File|Delete File|Move to): (.+?)\s*$", re.MULTILINE)
MOST_FILES = 400


def read(command: Command, facts: Facts) -> Effects | None:
    """`apply_patch PATCH`, or the patch on its input."""
    text = next((word for word in command.argv[1:] if "*** " in word), command.stdin)
    return patched(text, facts) if text else None


def patched(text: str, facts: Facts) -> Effects:
    """What a patch does to each file it names; unknown if it names none."""
    from sidelight.effects import touching

    drafts: list[Draft] = []
    headers = _HEADER.findall(text)[:MOST_FILES]
    for number, (verb, path) in enumerate(headers):
        following = headers[number + 1][0] if number + 1 < len(headers) else ""
        if verb in ("Add File", "Move to"):
            drafts.extend(touching.written(path, facts))
        elif verb == "Delete File" or following == "Move to":
            drafts.extend(touching.deleted(path, facts))
        else:
            drafts.extend(touching.edited(path, facts))
    return Effects(tuple(drafts), unknown=not headers)
