"""Answers as bytes."""

from __future__ import annotations

import json
from typing import Any

import msgspec


def encoded(body: dict[str, Any]) -> bytes:
    """JSON; half a character, which `config.json` can hold, as an escape."""
    try:
        return msgspec.json.encode(body)
    except UnicodeEncodeError:
        return json.dumps(body, separators=(",", ":")).encode()
