"""A working tree that is seen from two machines: its host's, and a container's in which it is mounted somewhere else.

Sessions on both sides edit the very same files, and name them differently. Where machines share a store, whoever is
there first with a repository notes under which name; another machine knows it by what a mount does not change
(`facts.mount_mark`), and its keys are turned into the first one's on their way to the store, and back into its own on
their way from it. Another clone, on this machine or elsewhere, has another mark, and is left alone.

It costs one look at a file, and one question to the store for as long as that is open. Where the store can't be asked,
keys go as they are.

Source: design 7.
"""

from __future__ import annotations

from sidelight.facts import mount_mark
from sidelight.ledger.ground import Ground
from sidelight.records import Any, NamedTuple, cast
from sidelight.stores import Store, StoreError

COLLECTION = "mounts"
#: The methods of a store that are given keys, or give them.
_KEYED = frozenset(
    "append tell notices take met recent follow find history intents delivered close sessions outcome".split()
)


class Names(NamedTuple):
    """`MACHINE:/root` of a repository, as it is here and as the ledger has it."""

    here: str
    there: str


def renamed(value: Any, names: Names) -> Any:
    """The same with every key of a place below `names.here` as one below `names.there`.

    >>> names = Names("box:/workspace", "laptop:/home/ana/app")
    >>> renamed(["path:box:/workspace/a.py", "tree:box:/workspace", "path:box:/workspaces/a.py", "port:box:1"], names)
    ['path:laptop:/home/ana/app/a.py', 'tree:laptop:/home/ana/app', 'path:box:/workspaces/a.py', 'port:box:1']
    """
    if isinstance(value, str):
        scheme, colon, body = value.partition(":")
        if not colon or not body.startswith(names.here):
            return value
        rest = body[len(names.here) :]
        return f"{scheme}:{names.there}{rest}" if rest[:1] in ("", "/") else value
    if isinstance(value, tuple):
        made = [renamed(one, names) for one in value]
        return value._make(made) if hasattr(value, "_make") else tuple(made)
    if isinstance(value, list):
        return [renamed(one, names) for one in value]
    if isinstance(value, dict):
        return {renamed(name, names): renamed(one, names) for name, one in value.items()}
    return value


class Mounted:
    """A `Store` that many machines share, for a session that stands in a repository which another may have named."""

    def __init__(self, store: Store, ground: Ground) -> None:
        self.inner = store
        self._ground = ground
        self._names: Names | None = None
        self._is_known = False

    def __getattr__(self, name: str) -> Any:
        call = getattr(self.inner, name)
        if name not in _KEYED:
            return call

        def asked(*given: Any, **named: Any) -> Any:
            names = self._known(notes=name == "append" and not named.get("dry"))
            if names is None:
                return call(*given, **named)
            said = call(*renamed(given, names), **renamed(named, names))
            return renamed(said, Names(names.there, names.here))

        return asked

    def hasty(self, ms: int) -> Store:
        return cast("Store", Mounted(self.inner.hasty(ms), self._ground))

    def _known(self, *, notes: bool) -> Names | None:
        """The two names of where this process stands, if they are not one. `notes`: write this one down if there is
        none yet; who only looks may not be allowed to.
        """
        if not self._is_known:
            here = self._here()
            try:
                there = self._there(*here, notes=notes) if here is not None else ""
            except StoreError:  # it is gone: as if there were no other side, until the next call
                return None
            if there is None:
                return None
            self._is_known = True
            if here is not None and there.partition(":")[0] != here[0].partition(":")[0]:
                self._names = Names(here[0], there)
        return self._names

    def _here(self) -> tuple[str, str] | None:
        """The repository's name here, and its mark; None where this process does not stand in one."""
        if not self._ground.is_actors:
            return None
        facts = self._ground.facts
        root, slash, git = (facts.common_dir or "").rpartition("/")
        mark = mount_mark(f"{root}/{git}") if root and slash and git == ".git" else None
        return (f"{facts.machine}:{root}", mark) if mark is not None else None

    def _there(self, here: str, mark: str, *, notes: bool) -> str | None:
        """The name that the ledger has for it: this one, if nobody was here before; None if none is written down."""
        kept: dict[str, str] = getattr(self.inner, "remembered", {})
        if mark not in kept:
            known = self.inner.document(COLLECTION, mark)
            if known is None and notes:
                self.inner.put_document(COLLECTION, mark, {"name": here}, version=0)
                known = self.inner.document(COLLECTION, mark)  # somebody else may have been first
            if known is None:
                return None
            kept[mark] = str(known.body.get("name") or here)
        return kept[mark]
