"""Where Cursor finds us, as its documents say (it could not be run here): our part of `hooks.json` and `mcp.json`, and
a skill.
"""

from __future__ import annotations

import os
from typing import Any

from sidelight.hosts.cursor.speech import EVENTS
from sidelight.hosts.merging import JSONPart
from sidelight.hosts.pieces import PATIENCE, OurPart, OwnFile, Piece, Place, server, skill
from sidelight.hosts.remarks import Remark

NAME = "Cursor"
PROGRAM = "cursor-agent"
OLDEST = ""


def folder(place: Place) -> str:
    """Its folder of settings."""
    return os.path.join(place.project or place.home(), ".cursor")


def pieces(place: Place) -> list[Piece]:
    """The hooks, the server and the skill."""
    hooks: dict[str, list[Any]] = {}
    for event, tools in EVENTS:
        hook = {"command": place.hook("cursor"), "timeout": PATIENCE}
        hooks[event] = [hook if tools is None else {**hook, "matcher": tools}]
    servers = {("mcpServers", "sidelight"): server(place)}
    return [
        OurPart(os.path.join(folder(place), "hooks.json"), JSONPart(hooks=hooks, needed={"version": 1})),
        OurPart(os.path.join(folder(place), "mcp.json"), JSONPart(members=servers)),
        OwnFile(os.path.join(folder(place), "skills", "sidelight", "SKILL.md"), skill()),
    ]


def advice(place: Place) -> str:
    """What is left for the person to do."""
    del place
    return "Cursor was not tried by us: what it does with hooks is taken from its documents."


def remarks(place: Place, here: str) -> list[Remark]:
    """Nothing is known that would keep our hooks from running."""
    del place, here
    return []
