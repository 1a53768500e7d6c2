"""What is noticed about a host's installation, and how a host's own settings are asked for it."""

from __future__ import annotations

import tomllib

from sidelight.facts import read_bytes
from sidelight.hosts import jsonc
from sidelight.records import Any, NamedTuple

_LARGEST = 4 * 1024 * 1024


class Remark(NamedTuple):
    """`what` is so; where it is not as it should be, why (`cause`) and what to do (`remedy`). `name` says what it is
    about. Only where Sidelight hears nothing, or something else than is meant, it is `wrong`.
    """

    name: str
    what: str
    cause: str = ""
    remedy: str = ""
    wrong: bool = False


def text_of(file: str) -> str:
    """A settings file as text, '' where there is none."""
    return (read_bytes(file, _LARGEST) or b"").decode("utf-8-sig", "replace")


def said_in(file: str, *path: str) -> Any:
    """The value at a path of keys in a settings file (JSON, with comments or without, or TOML); None where it says
    nothing, or is none.
    """
    text = text_of(file)
    try:
        if file.endswith(".toml"):
            value: Any = tomllib.loads(text)
            for key in path:
                value = value.get(key) if isinstance(value, dict) else None
            return value
        node = jsonc.find(text, path)
    except (ValueError, RecursionError):
        return None
    return node.value if node is not None else None


def off(file: str, said: str, name: str) -> Remark:
    """The remark that a setting of the user's, or of who looks after the machine, keeps all hooks from running."""
    cause = f"{file} says {said}"
    return Remark(
        name,
        "its hooks are switched off: Sidelight hears and says nothing there",
        cause,
        "Take that out, if it was not meant for Sidelight.",
        wrong=True,
    )
