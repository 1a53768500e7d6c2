"""Which package in which registry a command publishes: the registry it says, and the package's own name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sidelight.actions import Draft, Touch
from sidelight.effects import UNKNOWN, Command, logins, places
from sidelight.effects.options import Words
from sidelight.facts import Facts
from sidelight.records import NamedTuple


class Registry(NamedTuple):
    """A sort of registry: what says another one, and how a member of a workspace is named on the line."""

    options: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    manifest: str = ""


REGISTRIES: dict[str, Registry] = {
    "npm": Registry(
        ("--registry",),
        ("NPM_CONFIG_REGISTRY", "npm_config_registry"),
        ("-w", "--workspace", "--filter", "-F"),
        "package.json",
    ),
    "pypi": Registry(
        ("--repository-url", "--publish-url", "--repository", "-r", "--repo", "--index"),
        (
            *("TWINE_REPOSITORY_URL", "TWINE_REPOSITORY", "UV_PUBLISH_URL", "UV_PUBLISH_INDEX", "FLIT_INDEX_URL"),
            *("PDM_PUBLISH_REPO", "HATCH_INDEX_REPO"),
        ),
        ("--package",),
    ),
    "crates": Registry(
        ("--registry", "--index"), ("CARGO_REGISTRY_DEFAULT",), ("-p", "--package"), manifest="Cargo.toml"
    ),
    "rubygems": Registry(("--host",), ("RUBYGEMS_HOST",)),
    "nuget": Registry(("-s", "--source")),
}
#: What the public registries are called by those who name them.
_PUBLIC = {
    "pypi": ("upload.pypi.org", "pypi.org", "main"),
    "testpypi": ("test.pypi.org", "test", "test-pypi", "pypi-test"),
    "npm": ("registry.npmjs.org", "registry.yarnpkg.com", "npmjs.org"),
    "crates": ("crates-io", "crates.io", "index.crates.io"),
    "rubygems": ("rubygems.org",),
    "nuget": ("api.nuget.org", "nuget.org"),
}
_CALLED = {called: name for name, spellings in _PUBLIC.items() for called in spellings}


def registry_named(kind: str, words: Words, command: Command, facts: Facts) -> str:
    """The registry: `pypi`, `testpypi`, or the host or the name of a private one."""
    row = REGISTRIES.get(kind, Registry())
    told = words.value(*row.options) or logins.variable(command, facts, *row.variables)
    if not told or UNKNOWN in told:
        return kind
    host = re.match(r"(?:\w+\+)?https?://(?:[^@/]*@)?([^/]+)", told)
    called = (host[1] if host else told).casefold()
    return _CALLED.get(called, called)


def package_names(kind: str, words: Words, facts: Facts, start: int = 1) -> tuple[str, ...]:
    """The packages a publish is about: named, of the directory named, of the workspaces, or of this directory."""
    row = REGISTRIES.get(kind, Registry())
    members = [one for one in words.values(*row.members) if one not in ("*", "./*") and UNKNOWN not in one]
    found: list[str | None] = [_member(kind, one.removeprefix("./"), facts) for one in members]
    found += [_of_word(word, kind, facts) for word in words.after(start) if UNKNOWN not in word]
    everything = ("--workspaces", "--all", *(("-r", "--recursive") if kind == "npm" else ("--workspace",)))
    if words.on(*everything):
        found += all_members(kind, facts)
    return tuple(dict.fromkeys(name for name in found if name)) or (own_package(kind, facts),)


def _member(kind: str, wanted: str, facts: Facts) -> str:
    """A member of a workspace, named by its directory (from here or from the root) or by its name."""
    directories = (facts.real(wanted), facts.real(f"{places.root(facts)}/{wanted}"))
    return next((name for directory in directories if (name := facts.package(kind, directory))), wanted)


_FILE = re.compile(r"\.(tgz|tar\.gz|tar\.bz2|whl|gem|crate|nupkg|vsix|zip)$|[*?\[{]")
_FILE_NAME = re.compile(r"(?:.*/)?([A-Za-z0-9@][\w.@-]*?)(?:-v?(?=[\d*?\[{])|(?=[*?\[{]))[^/]*$")


def _of_word(word: str, kind: str, facts: Facts) -> str | None:
    """The package of a directory, or of a built file: `dist/acme_client-2.4.0*` is Python's `acme-client`."""
    found = _FILE_NAME.match(word) if _FILE.search(word) else None
    if found is None:
        return None if kind == "pypi" else facts.package(kind, facts.real(word))
    return re.sub(r"[-_.]+", "-", found[1]).lower() if kind == "pypi" else found[1]


def own_package(kind: str, facts: Facts) -> str:
    """The package one stands in; the repository where that is not known."""
    here, top = facts.cwd, facts.worktree
    while True:
        name = facts.package(kind, here)
        if name:
            return name
        if not top or here == top or not here.startswith(top):
            return places.repository(facts)
        here = places.parent(here)


def all_members(kind: str, facts: Facts) -> tuple[str, ...]:
    """The packages of a monorepo."""
    manifest = REGISTRIES.get(kind, Registry()).manifest or "package.json"
    found = [
        facts.package(kind, places.parent(path))
        for folder in ("packages", "libs", "apps", "crates")
        for path in facts.glob(f"{places.root(facts)}/{folder}/*/{manifest}")
    ]
    return tuple(dict.fromkeys(name for name in found if name))


def package_draft(
    kind: str, effect: str, registry: str, names: Sequence[str], summary: str, relies: Sequence[Touch] = ()
) -> Draft:
    """An action on packages of a registry."""
    touches = tuple(Touch(f"package:{registry}:{name}", effect) for name in names)
    return Draft(kind, names[0], touches=(*touches, *relies), summary=summary)
