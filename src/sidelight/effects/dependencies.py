"""Where dependency trees lie: the directory that one really is, a virtual environment, a machine's global prefix."""

from __future__ import annotations

import re

from sidelight.actions import DESTROYS, REPLACES, USES, Touch
from sidelight.effects import Command, places
from sidelight.effects.managers import MANAGERS, Manager
from sidelight.effects.options import Words
from sidelight.facts import Facts


def _upwards(facts: Facts) -> list[str]:
    """From where one stands up to the working tree's root."""
    here, top = facts.cwd, facts.worktree
    found = [here]
    while top and here != top and here.startswith(top):
        here = places.parent(here)
        found.append(here)
    return found


def nearest(facts: Facts, *names: str) -> str | None:
    """The nearest directory upwards that holds one of these files."""
    for directory in _upwards(facts):
        if any(name and facts.glob(f"{directory.rstrip('/')}/{name}") for name in names):
            return directory
    return None


_MEMBERS = re.compile(r"/(packages|apps|libs|services|modules|plugins|crates|tools)/")
_WORKSPACES = {"pnpm", "yarn", "bun", "lerna", "uv", "cargo"}


def lock_root(name: str, manager: Manager, facts: Facts) -> str:
    """The directory of the lock file: the workspace's root if there is one."""
    known = nearest(facts, manager.lock, *(("bun.lockb",) if name == "bun" else ()))
    if known:
        return known
    project = nearest(facts, manager.manifest) or facts.cwd
    top = places.root(facts)
    shared = facts.glob(f"{top}/{manager.manifest}") if manager.manifest else ()
    unsure = not shared and nearest(facts, manager.manifest) is None
    member = bool(_MEMBERS.search(facts.cwd.removeprefix(top) + "/"))
    if (shared or unsure) and (name in _WORKSPACES or member):
        return top
    return project


def deps_key(facts: Facts, directory: str) -> str:
    """A dependency tree, by where it really lies."""
    return f"deps:{facts.machine}:{facts.real(directory)}"


def tree_touches(
    effect: str, name: str, manager: Manager, command: Command, words: Words, facts: Facts
) -> tuple[Touch, ...]:
    """The dependency trees that a manager writes or runs from here."""
    if manager.tree == ":global":
        return (global_tree(name, facts, effect),)
    if manager.tree == ":venv":
        return (Touch(_venv(name, command, words, facts), effect),)
    if manager.tree == ":conda":
        return (Touch(_conda(words, command, facts), effect),)
    base = lock_root(name, manager, facts)
    if name == "cargo":
        base = variable(command, facts, "CARGO_TARGET_DIR") or words.value("--target-dir") or f"{base}/{manager.tree}"
        return (Touch(deps_key(facts, base), effect),)
    if name == "bundle" and (given := variable(command, facts, "BUNDLE_PATH") or words.value("--path")):
        return (Touch(deps_key(facts, given), effect),)
    if effect != USES and (fresh := _unlinked(f"{base}/{manager.tree}", command, facts)):
        return (Touch(f"deps:{facts.machine}:{fresh}", effect),)
    found = [Touch(deps_key(facts, f"{base}/{manager.tree}"), effect)]
    if manager.tree != "node_modules":
        return tuple(found)
    project = nearest(facts, manager.manifest) or facts.cwd
    if project != base and effect != USES:
        found.append(Touch(deps_key(facts, f"{project}/{manager.tree}"), effect))
    if effect in (REPLACES, DESTROYS):
        found += [
            Touch(_owner_of(facts, link), REPLACES)
            for link in facts.links_in(facts.real(f"{base}/{manager.tree}"))
            if not link.startswith(facts.real(base).rstrip("/") + "/")
        ]
    return tuple(dict.fromkeys(found))


def _unlinked(tree: str, command: Command, facts: Facts) -> str | None:
    """Where a tree lies that was a link until this line removed it: `rm node_modules && npm ci`."""
    from sidelight.effects import touching

    place = touching.real(tree, facts, follow=False)
    gone = (word for argv in command.before if argv[:1] in (("rm",), ("unlink",)) for word in argv[1:])
    return place if any(touching.real(word, facts, follow=False) == place for word in gone) else None


def _owner_of(facts: Facts, link: str) -> str:
    """The dependency tree that a borrowed package lies in."""
    before, inside, _ = link.partition("/node_modules/")
    return f"deps:{facts.machine}:{before}/node_modules" if inside else f"deps:{facts.machine}:{link}/node_modules"


def global_tree(name: str, facts: Facts, effect: str) -> Touch:
    return Touch(f"deps:{facts.machine}:global:{name}", effect)


def variable(command: Command, facts: Facts, name: str) -> str | None:
    return places.known(command.env.get(name) or facts.env.get(name))


_VENV_PROGRAM = re.compile(r"^(.+)/(?:bin|Scripts)/[^/]+$")
_SYSTEM_PREFIX = re.compile(
    r"^(/|/usr|/usr/local|/opt/homebrew|/opt/local|~/\.local|/home/[^/]+/\.local|/root/\.local|.*/shims)$"
)


def _venv(name: str, command: Command, words: Words, facts: Facts) -> str:
    """The environment that Python packages go to; the machine's own if there is no virtual one."""
    target = words.value("-t", "--target", "--prefix", "--root")
    if target and name in ("pip", "uv"):
        return deps_key(facts, target)
    spelled = _VENV_PROGRAM.match(command.program.replace("\\", "/"))
    python = words.value("--python")
    for program in (spelled[1] if spelled else None, _prefix_of(python)):
        if program and not _SYSTEM_PREFIX.match(program) and name in ("pip", "uv"):
            return deps_key(facts, program)
    told = (
        None if "sudo" in command.through or words.on("--user", "--system") else _told_environment(name, command, facts)
    )
    if told:
        return deps_key(facts, told)
    if name == "pip":
        for directory in _upwards(facts):
            for venv in (".venv", "venv", "env"):
                if facts.is_dir(f"{directory.rstrip('/')}/{venv}"):
                    return deps_key(facts, f"{directory}/{venv}")
        return global_tree("pip", facts, USES).key
    base = nearest(
        facts, ".venv/pyvenv.cfg", *(filter(None, (MANAGERS[name].lock, MANAGERS[name].manifest)))
    ) or places.root(facts)
    return deps_key(facts, f"{base}/.venv")


def _prefix_of(python: str | None) -> str | None:
    found = _VENV_PROGRAM.match(python) if python else None
    return found[1] if found else None


def _told_environment(name: str, command: Command, facts: Facts) -> str | None:
    if name == "uv":
        own = variable(command, facts, "UV_PROJECT_ENVIRONMENT")
        pip = command.argv[1:2] == ("pip",) or "--active" in command.argv
        return own or (variable(command, facts, "VIRTUAL_ENV") if pip else None)
    return variable(command, facts, "VIRTUAL_ENV") or (
        variable(command, facts, "CONDA_PREFIX") if name == "pip" else None
    )


def _conda(words: Words, command: Command, facts: Facts) -> str:
    path = words.value("-p", "--prefix")
    if path:
        return deps_key(facts, path)
    name = words.value("-n", "--name") or variable(command, facts, "CONDA_DEFAULT_ENV") or "base"
    return f"deps:{facts.machine}:conda:{name}"
