"""Where OpenCode finds us: one plugin file of our own, which adds the MCP server to the settings in memory, and the
skill where several hosts look.
"""

from __future__ import annotations

import json
import os
from importlib import resources

from sidelight.hosts.pieces import OwnFile, Piece, Place, shared_skill
from sidelight.hosts.remarks import Remark

NAME = "OpenCode"
PROGRAM = "opencode"
OLDEST = "1.18.33"


def folder(place: Place) -> str:
    """Its folder of settings."""
    if place.project:
        return os.path.join(place.project, ".opencode")
    if place.env.get("OPENCODE_CONFIG_DIR"):
        return place.home(variable="OPENCODE_CONFIG_DIR")
    return os.path.join(place.home(variable="XDG_CONFIG_HOME", default=".config"), "opencode")


def pieces(place: Place) -> list[Piece]:
    """The plugin file and the skill."""
    return [OwnFile(os.path.join(folder(place), "plugin", "sidelight.js"), plugin(place)), shared_skill(place)]


def plugin(place: Place) -> str:
    """The plugin: the one in this folder, with what it is to call filled in."""
    text = resources.files(__package__).joinpath("plugin.js").read_text(encoding="utf-8")
    called = {"HOOK": place.hook("opencode"), "SERVER": list(place.server)}
    for name, value in called.items():
        text = text.replace(f"const {name} = null", f"const {name} = {json.dumps(value)}")
    return text


def advice(place: Place) -> str:
    """What is left for the person to do."""
    del place
    return ""


def remarks(place: Place, here: str) -> list[Remark]:
    """Nothing is known that would keep our hooks from running."""
    del place, here
    return []
