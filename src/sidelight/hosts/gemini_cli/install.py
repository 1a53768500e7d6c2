"""Where Gemini CLI finds us: an extension folder of our own. In a project, where it knows no extensions, our part of
`.gemini/settings.json`.
"""

from __future__ import annotations

import json
import os

from sidelight import __version__
from sidelight.hosts.gemini_cli.speech import EVENTS
from sidelight.hosts.merging import JSONPart
from sidelight.hosts.pieces import OurPart, OwnFile, Piece, Place, groups, server, shared_skill
from sidelight.hosts.remarks import Remark, off, said_in

NAME = "Gemini CLI"
PROGRAM = "gemini"
OLDEST = "0.61.0"


def folder(place: Place) -> str:
    """Its folder of settings."""
    return os.path.join(place.project or place.home(variable="GEMINI_CLI_HOME"), ".gemini")


def pieces(place: Place) -> list[Piece]:
    """The extension's files, or our part of a project's settings; and the skill."""
    hooks = groups(EVENTS, place.hook("gemini-cli"), per_second=1000, name="sidelight")
    if place.project:
        part = JSONPart(hooks=hooks, members={("mcpServers", "sidelight"): server(place)})
        return [OurPart(os.path.join(folder(place), "settings.json"), part), shared_skill(place)]
    root = os.path.join(folder(place), "extensions", "sidelight")
    about = {"name": "sidelight", "version": __version__, "mcpServers": {"sidelight": server(place)}}
    return [
        OwnFile(os.path.join(root, "gemini-extension.json"), json.dumps(about, indent=2) + "\n"),
        OwnFile(os.path.join(root, "hooks", "hooks.json"), json.dumps({"hooks": hooks}, indent=2) + "\n"),
        shared_skill(place),
    ]


def advice(place: Place) -> str:
    """What is left for the person to do."""
    return "Trust this folder when Gemini CLI asks; before that it ignores its settings." if place.project else ""


def remarks(place: Place, here: str) -> list[Remark]:
    """Its hooks can be switched off, all or by their names."""
    found = []
    for above in dict.fromkeys((folder(place._replace(project=None)), os.path.join(here, ".gemini"))):
        file = os.path.join(above, "settings.json")
        if said_in(file, "hooksConfig", "enabled") is False:
            found.append(off(file, "hooksConfig.enabled: false", "gemini-cli off"))
        if "sidelight" in str(said_in(file, "hooksConfig", "disabled") or ""):
            found.append(off(file, "hooksConfig.disabled: sidelight", "gemini-cli off"))
    return found
