"""Which hosts are in use, and all that is to be installed for them: for the user, or in one project.

What is installed in a project is local: a file that git tracks is never changed, and what is new is named in the
repository's own `info/exclude`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from importlib import import_module

from sidelight.facts import LiveFacts
from sidelight.hosts import HOSTS, installing
from sidelight.hosts.installing import Change, Record, Wanted
from sidelight.hosts.merging import LinesPart, RefusedError
from sidelight.hosts.pieces import OurPart, OwnFile, Piece, Place
from sidelight.hosts.remarks import Remark
from sidelight.records import NamedTuple, Protocol, cast


class Install(Protocol):
    """What the `install` module of a host offers. `NAME` is for people, `OLDEST` the oldest version that was tried."""

    NAME: str
    PROGRAM: str
    OLDEST: str

    def folder(self, place: Place) -> str:
        """Its folder of settings."""

    def pieces(self, place: Place) -> list[Piece]:
        """What is to be there."""

    def advice(self, place: Place) -> str:
        """What is left for the person to do."""

    def remarks(self, place: Place, here: str) -> list[Remark]:
        """What in the host's own settings, or those of the project `here`, keeps our hooks from running, or has them
        run twice.
        """


class Chosen(NamedTuple):
    """A host and where it is to be installed: for the user, or in a project."""

    host: str
    project: str | None = None

    @property
    def owner(self) -> str:
        """The name in the record."""
        return f"{self.host}@{self.project}" if self.project else self.host


def install_of(host: str) -> Install:
    """The install module of a host. `KeyError` for one that is not known."""
    return cast("Install", import_module(f"sidelight.hosts.{HOSTS[host]}.install"))


def chosen(owner: str) -> Chosen | None:
    """What an owner's name in the record says; None for a host that is not known."""
    host, _, project = owner.partition("@")
    return Chosen(host, project or None) if host in HOSTS else None


def in_use(env: Mapping[str, str]) -> list[str]:
    """The hosts that this user has: the program is on the PATH, or its folder of settings is there."""
    place = Place(env)
    found = ((host, install_of(host)) for host in HOSTS)
    return [
        host
        for host, install in found
        if shutil.which(install.PROGRAM, path=env.get("PATH", "")) or os.path.isdir(install.folder(place))
    ]


def project_of(cwd: str, env: Mapping[str, str]) -> str:
    """The root of the project around a directory: the working tree's, else the directory itself."""
    return LiveFacts(cwd, env).worktree or os.path.realpath(cwd)


def wanted(choice: Iterable[Chosen], env: Mapping[str, str], record: Record) -> list[Wanted]:
    """All pieces for these hosts, in their order."""
    found: list[Wanted] = []
    for one in choice:
        pieces = install_of(one.host).pieces(Place(env, one.project))
        found += [Wanted(one.owner, piece) for piece in (*pieces, *_excluded(one, pieces, env, record))]
    return found


def _excluded(one: Chosen, pieces: list[Piece], env: Mapping[str, str], record: Record) -> list[Piece]:
    """The lines that keep what is new in a project out of its commits."""
    common = LiveFacts(one.project, env).common_dir if one.project else None
    if one.project is None or common is None:
        return []
    root = os.path.realpath(one.project)
    new = [
        "/" + os.path.relpath(piece.file, one.project).replace(os.sep, "/")
        for piece in pieces
        if isinstance(piece, OwnFile) or _is_new(piece.file, record)
    ]
    return [OurPart(os.path.join(common, "info", "exclude"), LinesPart(f"{one.host} in {root}", tuple(new)))]


def _is_new(file: str, record: Record) -> bool:
    kept = record.files.get(file)
    return kept.before is None if kept is not None else not os.path.lexists(file)


def reader(project: str | None, env: Mapping[str, str]) -> installing.Reader:
    """Reads files for a plan; one that git tracks in the project is refused."""
    facts = LiveFacts(project, env) if project else None

    def read(file: str) -> bytes | None:
        data = installing.read_file(file)
        inside = facts is not None and os.path.commonpath([file, facts.cwd]) == facts.cwd
        if data is not None and facts is not None and inside and facts.git("ls-files", "--error-unmatch", "--", file):
            raise RefusedError("git tracks it, so others would get what is written there; install for the user instead")
        return data

    return read


def plan_install(choice: list[Chosen], env: Mapping[str, str]) -> tuple[list[Change], list[Wanted]]:
    """What `init` would change, and for what."""
    pieces = wanted(choice, env, installing.read_record(env))
    project = next((one.project for one in choice if one.project), None)
    return installing.to_install(pieces, reader(project, env)), pieces


def plan_removal(choice: list[Chosen], env: Mapping[str, str]) -> list[Change]:
    """What `uninstall` would change."""
    record = installing.read_record(env)
    return installing.to_remove(wanted(choice, env, record), record, installing.read_file)
