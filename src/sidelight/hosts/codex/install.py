"""Where Codex CLI finds us: hooks in `hooks.json`, the MCP server in `config.toml`, the skill where several hosts look.

A person has to approve the hooks; Codex keeps their hash, which is never written here.
"""

from __future__ import annotations

import os
import re

from sidelight.hosts import launcher
from sidelight.hosts.codex.speech import EVENTS
from sidelight.hosts.merging import JSONPart, TOMLPart
from sidelight.hosts.pieces import OurPart, Piece, Place, groups, server, shared_skill
from sidelight.hosts.remarks import Remark, off, said_in
from sidelight.records import Any

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


def remarks(place: Place, here: str) -> list[Remark]:
    """Hooks can be switched off, and run only once a person has approved them. An approval is for one hook of one
    event, by its place in the file; whether the text is still the approved one only Codex can tell.
    """
    del here
    config = os.path.join(folder(place._replace(project=None)), "config.toml")
    if said_in(config, "features", "hooks") is False:
        return [off(config, "features.hooks = false", "codex off")]
    known = said_in(config, "hooks", "state")
    files = {hooks_file(place), os.path.realpath(hooks_file(place))}
    ours = _ours(hooks_file(place))
    waiting = [event for event, where in ours if not any(_approved(known, f"{file}:{where}") for file in files)]
    if not waiting:
        return []
    return [
        Remark(
            "codex trust",
            f"Codex CLI: {len(waiting)} of our {len(ours)} hooks are not approved ({', '.join(waiting)})",
            "Codex skips a hook until a person has approved it, without a word",
            "Start `codex` and approve them when it asks, or by `/hooks`.",
            wrong=True,
        )
    ]


def _ours(file: str) -> list[tuple[str, str]]:
    """Each event that we hear, and how Codex names the place of our hook: `pre_tool_use:0:0`."""
    found = []
    for event, _ in EVENTS:
        name = re.sub("(?<!^)(?=[A-Z])", "_", event).lower()
        for number, group in enumerate(_items(said_in(file, "hooks", event))):
            for place, handler in enumerate(_items(group.get("hooks"))):
                if launcher.is_ours(handler.get("command")):
                    found.append((event, f"{name}:{number}:{place}"))
    return found


def _items(value: object) -> list[dict[str, Any]]:
    return [one if isinstance(one, dict) else {} for one in value] if isinstance(value, list) else []


def _approved(known: object, name: str) -> bool:
    state = known.get(name) if isinstance(known, dict) else None
    return isinstance(state, dict) and bool(state.get("trusted_hash")) and state.get("enabled") is not False
