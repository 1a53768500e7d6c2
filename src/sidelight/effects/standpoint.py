"""The facts as they are where a command runs: in another directory, with another environment, on another machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from sidelight.effects import UNKNOWN, Command
from sidelight.facts import Facts
from sidelight.targets import normal_path


def standing(command: Command, facts: Facts) -> Facts:
    """`facts` as they are for this command."""
    if command.remote is not None:
        return _Elsewhere(facts, command.cwd, _machine(command.remote, facts.machine), command.env)
    if not command.cwd:
        return _Elsewhere(facts, "", facts.machine, {**facts.env, **command.env})
    here = facts if command.cwd == facts.cwd else facts.at(command.cwd)
    return _Overlaid(here, {**facts.env, **command.env}) if command.env else here


def _machine(remote: str, here: str) -> str:
    """A host goes by its own name; a container's by that of the machine it is reached from."""
    return f"{here}/{remote.partition(':')[2]}" if ":" in remote else remote


class _Overlaid:
    """The same place with more in its environment."""

    def __init__(self, facts: Facts, env: Mapping[str, str]) -> None:
        self._facts = facts
        self.env: Mapping[str, str] = MappingProxyType(dict(env))
        self.machine, self.os, self.cwd, self.scope = facts.machine, facts.os, facts.cwd, facts.scope

    @property
    def worktree(self) -> str | None:
        return self._facts.worktree

    @property
    def common_dir(self) -> str | None:
        return self._facts.common_dir

    @property
    def remote(self) -> str | None:
        return self._facts.remote

    @property
    def branch(self) -> str | None:
        return self._facts.branch

    def at(self, directory: str) -> Facts:
        return _Overlaid(self._facts.at(directory), self.env)

    def real(self, path: str) -> str:
        return self._facts.real(path)

    def is_dir(self, path: str) -> bool | None:
        return self._facts.is_dir(path)

    def read(self, path: str, limit: int = 65536) -> str | None:
        return self._facts.read(path, limit)

    def glob(self, pattern: str) -> Sequence[str]:
        return self._facts.glob(pattern)

    def links_in(self, directory: str) -> Sequence[str]:
        return self._facts.links_in(directory)

    def git_alias(self, name: str) -> str | None:
        return self._facts.git_alias(name)

    def worktrees(self) -> Sequence[str]:
        return self._facts.worktrees()

    def upstream(self, branch: str) -> tuple[str, str] | None:
        return self._facts.upstream(branch)

    def package(self, registry: str, directory: str) -> str | None:
        return self._facts.package(registry, directory)


class _Elsewhere:
    """A place nothing is known of: another machine, or a directory that could not be followed.

    A relative path gets a root that no real path has, so that it equals nothing.
    """

    worktree: str | None = None
    common_dir: str | None = None
    remote: str | None = None
    branch: str | None = None

    def __init__(self, facts: Facts, cwd: str, machine: str, env: Mapping[str, str]) -> None:
        self._facts = facts
        self.machine, self.cwd, self.scope = machine, cwd, facts.scope
        self.env: Mapping[str, str] = MappingProxyType(dict(env))
        self._here = machine == facts.machine
        self.os = facts.os if self._here else "linux"

    def at(self, directory: str) -> Facts:
        if self._here and directory.startswith("/") and UNKNOWN not in directory:
            return _Overlaid(self._facts.at(directory), self.env)
        return _Elsewhere(self._facts, self.real(directory), self.machine, self.env)

    def real(self, path: str) -> str:
        if self._here and (path.startswith(("/", "~")) or (self.os == "windows" and path[1:2] == ":")):
            return self._facts.real(path)
        if path.startswith("/"):
            return normal_path(path)
        return normal_path(f"{self.cwd or UNKNOWN}/{path}")

    def is_dir(self, path: str) -> bool | None:
        return self._facts.is_dir(path) if self._here and path.startswith("/") else None

    def read(self, path: str, limit: int = 65536) -> str | None:
        return self._facts.read(path, limit) if self._here and path.startswith("/") else None

    def glob(self, pattern: str) -> Sequence[str]:
        return self._facts.glob(pattern) if self._here and pattern.startswith("/") else ()

    def links_in(self, directory: str) -> Sequence[str]:  # noqa: ARG002 - as the protocol has it
        return ()

    def git_alias(self, name: str) -> str | None:  # noqa: ARG002 - as the protocol has it
        return None

    def worktrees(self) -> Sequence[str]:
        return self._facts.worktrees() if self._here else ()

    def upstream(self, branch: str) -> tuple[str, str] | None:  # noqa: ARG002 - as the protocol has it
        return None

    def package(self, registry: str, directory: str) -> str | None:  # noqa: ARG002 - as the protocol has it
        return None
