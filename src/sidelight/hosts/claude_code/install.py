"""Where Claude Code finds us: a plugin folder of our own below its skills, which it loads in place. No file of the
user's is touched. In a project it is loaded once the folder is trusted.

The same tables make the plugin in the repository (`plugin/`), whose hooks look for `sidelight` on the PATH.
"""

from __future__ import annotations

import json
import os

from sidelight import __version__
from sidelight.hosts.claude_code.speech import EVENTS
from sidelight.hosts.pieces import OwnFile, Piece, Place, groups, server, skill
from sidelight.hosts.remarks import Remark, off, said_in
from sidelight.records import Any

NAME = "Claude Code"
PROGRAM = "claude"
OLDEST = "2.1.330"
#: Where who looks after a machine says what holds for all of its users.
MANAGED = (
    "/etc/claude-code/managed-settings.json",
    "/Library/Application Support/ClaudeCode/managed-settings.json",
)
ABOUT = "Sidelight lets sessions that share a repository or a machine see each other. It never blocks."


def folder(place: Place) -> str:
    """Its folder of settings."""
    if place.project:
        return os.path.join(place.project, ".claude")
    return place.home(variable="CLAUDE_CONFIG_DIR", default=".claude")


def pieces(place: Place) -> list[Piece]:
    """The plugin's files."""
    root = os.path.join(folder(place), "skills", "sidelight")
    return [OwnFile(os.path.join(root, *name.split("/")), text) for name, text in plugin(place).items()]


def advice(place: Place) -> str:
    """What is left for the person to do."""
    return "Trust this folder when Claude Code asks; before that it loads nothing of it." if place.project else ""


def plugin(place: Place) -> dict[str, str]:
    """The files of the plugin by their names in it."""
    about = {
        "name": "sidelight",
        "version": __version__,
        "description": ABOUT,
        "author": {"name": "Sidelight contributors"},
        "license": "MIT",
    }
    hooks = {"description": ABOUT, "hooks": groups(EVENTS, place.hook("claude-code"))}
    return {
        ".claude-plugin/plugin.json": _shown(about),
        "hooks/hooks.json": _shown(hooks),
        ".mcp.json": _shown({"mcpServers": {"sidelight": server(place)}}),
        "skills/sidelight/SKILL.md": skill(),
    }


def published() -> dict[str, str]:
    """The plugin as the repository holds it, and the marketplace that offers it, by their names there. It calls the
    `sidelight` on the PATH, and nothing where there is none.
    """
    place = Place({}, hook=lambda host: f"command -v sidelight >/dev/null && sidelight hook {host} 2>/dev/null; exit 0")
    market = {
        "name": "sidelight",
        "description": ABOUT,
        "owner": {"name": "Sidelight contributors"},
        "plugins": [{"name": "sidelight", "source": "./plugin", "description": ABOUT}],
    }
    files = plugin(place._replace(server=("sidelight", "mcp")))
    return {f"plugin/{name}": text for name, text in files.items()} | {
        ".claude-plugin/marketplace.json": _shown(market)
    }


def remarks(place: Place, here: str) -> list[Remark]:
    """Its hooks can be switched off, by the user, a project, or for the whole machine; and the plugin of the repository
    can be installed beside what `init` wrote.
    """
    user = os.path.join(folder(place._replace(project=None)), "settings.json")
    files = [
        user,
        *(os.path.join(here, ".claude", name) for name in ("settings.json", "settings.local.json")),
        *MANAGED,
    ]
    found = [
        off(file, "disableAllHooks: true", "claude-code off")
        for file in dict.fromkeys(files)
        if said_in(file, "disableAllHooks") is True
    ]
    found += [
        off(file, "allowManagedHooksOnly: true", "claude-code off")
        for file in MANAGED
        if said_in(file, "allowManagedHooksOnly") is True
    ]
    plugins = said_in(user, "enabledPlugins")
    for name, wanted in plugins.items() if isinstance(plugins, dict) else ():
        if name == "sidelight@skills-dir" and wanted is False:
            found.append(off(user, f"enabledPlugins: {name}: false", "claude-code off"))
        elif name.startswith("sidelight@") and name != "sidelight@skills-dir" and wanted:
            found.append(
                Remark(
                    "claude-code twice",
                    f"Claude Code has the plugin {name}, and what `sidelight init` wrote",
                    "each call starts two hooks; it is recorded and said once all the same",
                    f"Run `claude plugin uninstall {name}`, or `sidelight uninstall --host claude-code`.",
                )
            )
    return found


def _shown(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
