"""What the speeches share: careful looks into JSON that somebody else made, and JSON that is exact. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sidelight.effects import Call

LONGEST_ID = 128
LONGEST_PATH = 4096


def name(value: object) -> str | None:
    """An id: trimmed and bounded, None when there is nothing."""
    text = value.strip()[:LONGEST_ID].strip() if isinstance(value, str) else ""
    return text or None


def path(value: object) -> str:
    """A directory; '' for what is none."""
    return value if isinstance(value, str) and len(value) <= LONGEST_PATH and "\0" not in value else ""


def number(value: object) -> int | None:
    """A process id, from a text or a number."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 1 else None


def called(tool: object, given: object) -> Call | None:
    """A tool call; None if it has no name. An input that is JSON in a text is read."""
    if not isinstance(tool, str) or not tool:
        return None
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            given = {"input": given}
    return Call(tool, given if isinstance(given, Mapping) else {})


def encoded(answer: Mapping[str, Any]) -> bytes | None:
    """An answer as JSON; None for an empty one."""
    return json.dumps(answer, separators=(",", ":")).encode() if answer else None


def specific(event: str, **said: object) -> dict[str, Any]:
    """The shape that Claude Code, Codex and Gemini CLI read; {} if there is nothing in it."""
    kept = {key: value for key, value in said.items() if value is not None}
    return {"hookSpecificOutput": {"hookEventName": event, **kept}} if kept else {}
