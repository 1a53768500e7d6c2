"""What the speeches share: careful looks into JSON that somebody else made, and JSON that is exact. Pure."""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Mapping

from sidelight.effects import Call
from sidelight.records import Any

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


def alike(call: Call | None) -> str | None:
    """What a call is known by before and after it, where a host gives it no id: what it is given, whatever the tool is
    called (the same tool has several names).
    """
    if call is None:
        return None
    text = json.dumps(call.input, sort_keys=True, default=str)
    return f"{len(text)}-{binascii.crc32(text.encode('utf-8', 'surrogatepass')):08x}"


def stamped(value: object) -> str | None:
    """A host's time of an event, in milliseconds of the epoch, from a number or ISO 8601: the same for both.

    >>> stamped(1795480338123), stamped("2026-11-24T00:32:18.123Z")
    ('1795480338123', '1795480338123')
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    from datetime import datetime

    try:
        return str(round(datetime.fromisoformat(value).timestamp() * 1000)) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None


def ended_with(text: object) -> int | None:
    """The exit code that a shell tool's result tells of; None if it tells of none.

    >>> ended_with("<shellId: 1 completed with exit code 1>"), ended_with("Exit Code: 2"), ended_with("")
    (1, 2, None)
    """
    found = re.search(r"(?i)\bexit(?:ed with)? code:? (\d{1,3})\b", text[-2000:]) if isinstance(text, str) else None
    return int(found[1]) if found else None


def encoded(answer: Mapping[str, Any]) -> bytes | None:
    """An answer as JSON; None for an empty one."""
    return json.dumps(answer, separators=(",", ":")).encode() if answer else None


def specific(event: str, **said: object) -> dict[str, Any]:
    """The shape that Claude Code, Codex and Gemini CLI read; {} if there is nothing in it."""
    kept = {key: value for key, value in said.items() if value is not None}
    return {"hookSpecificOutput": {"hookEventName": event, **kept}} if kept else {}
