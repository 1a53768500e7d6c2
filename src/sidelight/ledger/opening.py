"""Which ledger is meant: by a home, a store's URL, the environment, or where one stands (design 3, 10)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from sidelight import space


class Place(NamedTuple):
    """Where a ledger is: its store's URL, its home (None where it has no directory of its own here), the space that
    its actions belong to if one is given, and the user's own home where this one was found on the way up.
    """

    url: str
    home: str | None
    space: str | None = None
    personal: str | None = None


def find(given: str | None, env: Mapping[str, str], cwd: str | None) -> Place:
    """The ledger for `given` (a home directory or a store's URL), or for this environment and directory."""
    url = given if given is not None and ("://" in given or given == "memory:") else None
    if url is None and given is None:
        url = env.get("SIDELIGHT_STORE") or None
    if url is not None and not url.startswith("sqlite"):
        return Place(url, None)
    if url is not None:
        path = url.removeprefix("sqlite://")
        return Place(path, os.path.dirname(path))
    found = space.find_home(cwd or _cwd(), env, given)
    # A home that was named is an agent's own and one space, wherever one stands; the user's own holds many.
    is_named = given is not None or bool(env.get("SIDELIGHT_HOME", "").strip())
    name = space.home_space(found.path) if found.is_agent_home or is_named else None
    personal = space.state_dir(env) if found.is_agent_home else None
    return Place(os.path.join(found.path, "ledger.db"), found.path, name, personal)


def _cwd() -> str:
    try:
        return os.getcwd()
    except OSError:  # the directory was deleted under us
        return "/"
