"""Which ledger is meant: by a home, a store's URL, the environment, or where one stands (design 3, 10)."""

from __future__ import annotations

import os
from collections.abc import Mapping

from sidelight import space
from sidelight.records import NamedTuple
from sidelight.stores import can_be_gone, is_url


class Place(NamedTuple):
    """Where a ledger is: its store's URL, its home (None where it has no directory of its own here), the space that
    its actions belong to if one is given, and the user's own home where this one was found on the way up (`personal`)
    or is a registered agent home, however it was named (`users`).
    """

    url: str
    home: str | None
    space: str | None = None
    personal: str | None = None
    users: str | None = None


def find(given: str | None, env: Mapping[str, str], cwd: str | None, store: str | None = None) -> Place:
    """The ledger for `given` (a home directory or a store's URL), or for this environment and directory.

    `store` is the URL of a home's store where it is not its file. A store that many machines share has a home here as
    well: for the settings, the audit of what was recorded from here, and what waits to be delivered.
    """
    if given is not None and is_url(given):
        given, store = None, given
    elif given is None:
        store = store or space.store_url(env)
    if store == "memory:":
        return Place(store, None)
    if store is not None and not can_be_gone(store):
        path = store.removeprefix("sqlite://")
        return Place(path, os.path.dirname(path))
    found = space.find_home(cwd or _cwd(), env, given)
    # A home that was named is an agent's own and one space, wherever one stands; the user's own holds many, and so does
    # a store that many machines share.
    is_named = given is not None or (store is None and bool(env.get("SIDELIGHT_HOME", "").strip()))
    name = space.home_space(found.path) if found.is_agent_home or is_named else None
    personal = space.state_dir(env) if found.is_agent_home else None
    url = store or os.path.join(found.path, "ledger.db")
    return Place(url, found.path, name, personal, None if store else _users(found, env))


def _users(found: space.Home, env: Mapping[str, str]) -> str | None:
    """The user's own home, if this one is a registered agent home."""
    own = space.state_dir(env)
    here = os.path.realpath(found.path)
    is_agents = found.is_agent_home or here in space.registered(env)
    return own if is_agents and here != os.path.realpath(own) else None


def _cwd() -> str:
    try:
        return os.getcwd()
    except OSError:  # the directory was deleted under us
        return "/"
