"""Where Codex CLI finds us: hooks in `hooks.json`, the MCP server in `config.toml`, the skill where several hosts look.

A person has to approve the hooks; Codex keeps their hash, which is never written here.
"""

from __future__ import annotations

import os

from sidelight.hosts.codex.speech import EVENTS
from sidelight.hosts.merging import JSONPart, TOMLPart
from sidelight.hosts.pieces import OurPart, Piece, Place, groups, server, shared_skill

NAME = "Codex CLI"
PROGRAM = "codex"
OLDEST = "0.169.0"


def folder(place: Place) -> str:
    """Its folder of settings."""
    return (
        os.path.join(place.project, ".codex") if place.project else place.home(variable="CODEX_HOME", default=".codex")
    )


def pieces(place: Place) -> list[Piece]:
    """The hooks, the server and the skill."""
    return [
        OurPart(hooks_file(place), JSONPart(hooks=groups(EVENTS, place.hook("codex")))),
        OurPart(os.path.join(folder(place), "config.toml"), TOMLPart(("mcp_servers", "sidelight"), server(place))),
        shared_skill(place),
    ]


def hooks_file(place: Place) -> str:
    """Where the hooks are."""
    return os.path.join(folder(place), "hooks.json")


def advice(place: Place) -> str:
    """What is left for the person to do."""
    trusted = " and trust the project" if place.project else ""
    return f"Start `codex` once{trusted} and approve its new hooks (or `/hooks`): Codex skips them until a person has."
