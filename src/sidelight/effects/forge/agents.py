"""Logins and settings of agent programs."""

from __future__ import annotations

from sidelight.actions import DESTROYS, REPLACES
from sidelight.effects import Command, Effects
from sidelight.effects.forge.calls import READS, Call, login
from sidelight.effects.options import split
from sidelight.facts import Facts

AGENTS = frozenset({"claude", "codex", "gemini", "copilot", "opencode", "cursor-agent", "amp", "droid", "qwen"})

#: What their other groups of verbs are about, and the verbs of those that only look.
_AGENT_GROUPS = frozenset(
    "mcp config plugin plugins extension extensions agent agents model models session sessions thread threads feature "
    "features skill skills hook hooks cloud tools".split()
)
_AGENT_READS = frozenset({"list", "ls", "get", "show", "info", "status", "details", "search", "validate"})


def agent(command: Command, facts: Facts) -> Effects | None:
    """Only their logins are for here: one login a machine is shared by all its sessions."""
    words = [word for word in command.argv[1:] if not word.startswith("-")]
    verbs = words[1:] if words[:1] == ["auth"] else words
    call = Call("", split(command.argv), command, facts)
    program = command.argv[0]
    if words[:1] not in (["auth"], ["login"], ["logout"], ["setup-token"]):
        looks = bool(words[1:]) and words[0] in _AGENT_GROUPS and bool(_AGENT_READS & set(words[1:3]))
        return READS if looks or command.argv[1:] in (("--version",), ("--help",), ("-v",), ("-V",), ("-h",)) else None
    if verbs[:1] in (["status"], ["list"], ["ls"]) or verbs[:2] == ["login", "status"]:
        return READS
    if verbs[:1] in (["login"], ["logout"], ["setup-token"]):
        return login(program, call, DESTROYS if verbs[0] == "logout" else REPLACES)
    return READS if not verbs else None
