"""Where GitHub Copilot CLI finds us: a hook file of our own, the MCP server in its `mcp-config.json`, the skill where
several hosts look. A project has no place for a server of its own that other hosts would not read too.
"""

from __future__ import annotations

import json
import os

from sidelight.hosts import launcher
from sidelight.hosts.copilot_cli.speech import EVENTS
from sidelight.hosts.merging import JSONPart
from sidelight.hosts.pieces import PATIENCE, OurPart, OwnFile, Piece, Place, server, shared_skill
from sidelight.hosts.remarks import Remark, text_of

NAME = "GitHub Copilot CLI"
PROGRAM = "copilot"
OLDEST = "1.0.102"


def folder(place: Place) -> str:
    """Its folder of settings."""
    if place.project:
        return os.path.join(place.project, ".github")
    return place.home(variable="COPILOT_HOME", default=".copilot")


def pieces(place: Place) -> list[Piece]:
    """The hook file, the server and the skill."""
    hook = {"type": "command", "bash": place.hook("copilot-cli"), "timeoutSec": PATIENCE}
    hooks = {"version": 1, "hooks": {event: [hook] for event, _ in EVENTS}}
    found: list[Piece] = [
        OwnFile(os.path.join(folder(place), "hooks", "sidelight.json"), json.dumps(hooks, indent=2) + "\n")
    ]
    if not place.project:
        member = {("mcpServers", "sidelight"): {"type": "local", **server(place), "tools": ["*"]}}
        found.append(OurPart(os.path.join(folder(place), "mcp-config.json"), JSONPart(members=member)))
    return [*found, shared_skill(place)]


def advice(place: Place) -> str:
    """What is left for the person to do."""
    return (
        "The MCP server comes with the installation for the user only: run `sidelight init`." if place.project else ""
    )


def remarks(place: Place, here: str) -> list[Remark]:
    """It runs the hooks of a project's Claude Code settings beside its own."""
    del place
    file = os.path.join(here, ".claude", "settings.json")
    if launcher.MARK not in text_of(file):
        return []
    return [
        Remark(
            "copilot-cli twice",
            f"{file} calls Sidelight too",
            "Copilot CLI runs a project's Claude Code hooks beside its own; it is recorded and said once all the same",
            "Take Sidelight out of that file: `sidelight init` needs nothing there.",
        )
    ]
