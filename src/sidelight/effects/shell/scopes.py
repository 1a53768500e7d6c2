"""What a shell knows at one point of a command line: where it stands, its variables, its functions."""

from __future__ import annotations

from collections.abc import Mapping

from sidelight.effects import UNKNOWN
from sidelight.effects.shell.outputs import joined
from sidelight.facts import Facts
from sidelight.records import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

Argv = tuple[str, ...]

LONGEST_VALUE = 16384


class Scope:
    """The state a statement runs in and may change; a copy is a subshell, or a branch that may not be taken.

    `variables` are those the line set (a value may hold `UNKNOWN`), above `environment`, which it found. `origins` are
    the commands that printed a value nobody knows. `positional` is None where `$1 …` are not known. `ended` is `exit`,
    `return`, `break` or `continue` once one of them ran; `status` whether the last command succeeded, None if unknown.
    """

    def __init__(self, facts: Facts) -> None:
        self.cwd = facts.cwd
        self.previous = facts.env.get("OLDPWD", "")
        self.stack: tuple[str, ...] = ()
        self.environment: Mapping[str, str] = facts.env
        self.variables: dict[str, str] = {}
        self.arrays: dict[str, Argv] = {}
        self.origins: dict[str, tuple[Argv, ...]] = {}
        self.exported: frozenset[str] = frozenset()
        self.functions: dict[str, Node] = {}
        self.positional: Argv | None = None
        self.name = ""
        self.remote: str | None = None
        self.ended = ""
        self.status: bool | None = None
        self.level = 0

    def copy(self) -> Scope:
        """A scope of its own that begins like this one."""
        other = Scope.__new__(Scope)
        other.__dict__.update(self.__dict__)
        other.variables, other.origins = dict(self.variables), dict(self.origins)
        return other

    def adopt(self, other: Scope) -> None:
        """Go on as the other one did."""
        level = self.level
        self.__dict__.update(other.copy().__dict__)
        self.level = level

    def elsewhere(self, remote: str) -> Scope:
        """A fresh shell on another machine or in a container: nothing of this one is there."""
        other = self.copy()
        other.cwd, other.previous, other.stack = "", "", ()
        other.environment, other.variables, other.functions, other.arrays = {}, {}, {}, {}
        other.exported, other.positional = frozenset(), None
        other.remote = remote if self.remote is None else f"{self.remote}/{remote.rpartition(':')[2]}"
        return other

    # ── variables ─────────────────────────────────────────────────────────────────────────────────────────────────

    def value(self, name: str, otherwise: str | None = None) -> str | None:
        """The value of a variable, `otherwise` if it has none that we know."""
        found = self.variables.get(name)
        return self.environment.get(name, otherwise) if found is None else found

    def assign(self, name: str, value: str, *, sources: tuple[Argv, ...] = (), export: bool = False) -> None:
        """Set a variable; `sources` are the commands whose output is in a value that is not known."""
        self.variables[name] = value if len(value) <= LONGEST_VALUE else UNKNOWN
        self.origins.pop(name, None)
        if sources and UNKNOWN in value:
            self.origins[name] = sources
        if export:
            self.export(name)

    def export(self, name: str) -> None:
        """Programs get this variable from now on."""
        self.exported = self.exported | {name}

    def env(self) -> dict[str, str]:
        """What programs get beyond the environment that the line found."""
        return {
            name: value for name, value in self.variables.items() if name in self.exported or name in self.environment
        }

    # ── the place ─────────────────────────────────────────────────────────────────────────────────────────────────

    def home(self, facts: Facts) -> str:
        """What `~` stands for."""
        return self.value("HOME") or ("~" if self.remote is not None else facts.real("~"))

    def go(self, path: str, facts: Facts) -> None:
        """Change the directory; where it leads may be unknown."""
        self.previous, self.cwd = self.cwd, joined(self.cwd, path, facts)


def merged(start: Scope, ends: list[Scope]) -> Scope:
    """What is known after one of several branches was taken, nobody knows which.

    A branch that left (`exit`) is not among those that go on. A place or a value that only one of them changed is
    believed: `if [ -d web ]; then cd web; fi` is in `web`. Where they differ, nothing is known.
    """
    going = [end for end in ends if not end.ended]
    if not going:
        return (ends or [start])[0].copy()
    result = going[0].copy()
    if len(going) == 1:
        return result
    places = {end.cwd for end in going}
    changed = places - {start.cwd}
    result.cwd = start.cwd if not changed else changed.pop() if len(changed) == 1 else ""
    for name in {name for end in going for name in end.variables}:
        values = {value for end in going if (value := end.value(name)) is not None}
        result.variables[name] = values.pop() if len(values) == 1 else UNKNOWN
    for end in going:
        result.origins = {**end.origins, **result.origins}
        result.functions = {**end.functions, **result.functions}
        result.arrays = {**end.arrays, **result.arrays}
        result.exported |= end.exported
    return result
