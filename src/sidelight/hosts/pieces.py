"""The pieces that make up an installation: files of our own, and our parts of other programs' settings.

Every host's `install` module says its pieces with these. Pure: bytes in, bytes out.
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable, Iterable, Mapping
from importlib import resources

from sidelight.hosts import launcher
from sidelight.hosts.merging import Part, RefusedError
from sidelight.records import Any, NamedTuple

#: How long a host waits for a hook, in seconds; ours are bounded far below it.
PATIENCE = 5
#: A host cuts short what it does at its own end.
PATIENCE_AT_END = 3


class Place(NamedTuple):
    """Where a host's pieces go: for the user, or for one project (its root). `hook` and `server` are what is to be
    called: a command line for a host's hooks, and the program of the MCP server with its arguments.
    """

    env: Mapping[str, str]
    project: str | None = None
    hook: Callable[[str], str] = launcher.command
    server: tuple[str, ...] = (launcher.script_file(), "mcp")

    def home(self, *names: str, variable: str = "", default: str = "") -> str:
        """A file below the folder that `variable` names, else below `default` in the user's home."""
        said = self.env.get(variable, "").strip() if variable else ""
        above = self.env.get("HOME") or self.env.get("USERPROFILE") or os.path.expanduser("~")
        return os.path.join(os.path.abspath(said) if said else os.path.join(above, default), *names)


class OwnFile(NamedTuple):
    """A file that nobody else writes."""

    file: str
    content: str

    def put(self, now: bytes | None) -> bytes:
        """What the file is to be. Raises `RefusedError` where somebody else's is in its place."""
        if now is not None and now.strip() and b"sidelight" not in now.lower():
            raise RefusedError("a file of that name is there already, and is not ours; move it away")
        return self.content.encode()

    def take(self, now: bytes, before: bytes | None) -> bytes | None:
        """What is left of it: nothing."""
        del now, before
        return None


class OurPart(NamedTuple):
    """Our part of somebody else's file."""

    file: str
    part: Part

    def put(self, now: bytes | None) -> bytes:
        """The file with our part. Raises `RefusedError` where that can't be done safely."""
        mark, text = _decoded(now or b"")
        return mark + self.part.put(text).encode()

    def take(self, now: bytes, before: bytes | None) -> bytes | None:
        """The file without our part, as it was `before` wherever only the past can tell; None if it was not there."""
        mark, text = _decoded(now)
        rest = self.part.take(text, _decoded(before or b"")[1])
        if before is None and rest.strip() in ("", "{}"):
            return None
        return mark + rest.encode()


Piece = OwnFile | OurPart


def _decoded(data: bytes) -> tuple[bytes, str]:
    mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    try:
        return mark, data[len(mark) :].decode()
    except UnicodeDecodeError:
        raise RefusedError("it is no UTF-8 text") from None


# ── what most hosts say alike ─────────────────────────────────────────────────────────────────────────────────────


def groups(
    events: Iterable[tuple[str, str | None]], command: str, *, per_second: int = 1, **more: Any
) -> dict[str, list[Any]]:
    """Hooks in the shape that Claude Code, Codex and Gemini CLI read, an event each in their own order; `per_second`
    of the host's units make up a second.
    """
    made = {}
    for event, tools in events:
        patience = PATIENCE_AT_END if event == "SessionEnd" else PATIENCE
        handler = {"type": "command", "command": command, "timeout": patience * per_second, **more}
        made[event] = [({} if tools is None else {"matcher": tools}) | {"hooks": [handler]}]
    return made


def server(place: Place) -> dict[str, Any]:
    """The MCP server in the shape that most hosts read."""
    return {"command": place.server[0], "args": list(place.server[1:])}


def skill() -> str:
    """The skill that tells when to announce, and what to do on a warning."""
    return resources.files("sidelight.hosts").joinpath("SKILL.md").read_text(encoding="utf-8")


def shared_skill(place: Place) -> OwnFile:
    """The skill where Codex, Gemini CLI, Copilot CLI and OpenCode all look for it."""
    above = place.project or place.home()
    return OwnFile(os.path.join(above, ".agents", "skills", "sidelight", "SKILL.md"), skill())
