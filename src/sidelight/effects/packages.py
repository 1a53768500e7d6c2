"""What package managers do: to the dependency tree and its lock file, to a machine's global tools, to a registry.

One table a manager: verb → step (`managers`). A tree is named by the directory it really is (`node_modules` may be a
link into another working tree), a virtual environment by its own directory, a global prefix by its manager.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sidelight import targets
from sidelight.actions import ADDS, COMMITS, DESTROYS, EDITS, REPLACES, SWITCHES, USES, Draft, Touch
from sidelight.effects import UNKNOWN, Command, Effects, logins, places, reads
from sidelight.effects.dependencies import deps_key, global_tree, lock_root, nearest, tree_touches, variable
from sidelight.effects.managers import MANAGERS, Manager
from sidelight.effects.options import Words, split
from sidelight.effects.registries import all_members, own_package, package_draft, package_names, registry_named
from sidelight.facts import Facts
from sidelight.records import NamedTuple

# ── what can happen ───────────────────────────────────────────────────────────────────────────────────────────────

#: install: tree and lock; add: also the manifest; keep: the tree as locked; clean: the tree anew; lock: the lock alone;
#: global: this machine's prefix; use: runs from the tree; script: a script of the project; switch: another version
#: below everybody.
(
    READ,
    NOTHING,
    INSTALL,
    ADD,
    KEEP,
    CLEAN,
    LOCK,
    GLOBAL,
    USE,
    SCRIPT,
    PUBLISH,
    RETAG,
    UNPUBLISH,
    VERSION,
    LOGIN,
    SWITCH,
) = (
    "read",
    "nothing",
    "install",
    "add",
    "keep",
    "clean",
    "lock",
    "global",
    "use",
    "script",
    "publish",
    "retag",
    "unpublish",
    "version",
    "login",
    "switch",
)


ALIASES = {
    "pip3": "pip",
    "uv-pip": "uv",
    "mamba": "conda",
    "micromamba": "conda",
    "apt-get": "apt",
    "aptitude": "apt",
    "yum": "dnf",
    "microdnf": "dnf",
    "zypper": "dnf",
    "gradlew": "gradle",
    "mvnw": "mvn",
    "bundler": "bundle",
    "yarnpkg": "yarn",
    "apt-cache": "apt",
    "rtx": "mise",
    "pnpx": "pnpm",
    "brew.sh": "brew",
}
#: Programs that release the package they stand in as soon as they run.
RELEASERS = frozenset(
    {"semantic-release", "np", "release-it", "standard-version", "release-please", "python-semantic-release"}
)
PYTHONS = frozenset({"python", "python3", "py", "pypy3", *(f"python3.{minor}" for minor in range(8, 16))})
_SINGLE = frozenset({"dpkg", "rpm", "pacman", "corepack", "npm-check-updates", "ncu", "n"})
_TEST_RUNNERS = frozenset(
    "vitest jest mocha ava playwright cypress tsc turbo nx webpack rollup esbuild tsup swc babel karma c8 nyc "
    "tsx ts-node rspec phpunit pytest tox nox mypy pyright".split()
)

PROGRAMS: frozenset[str] = frozenset(
    {*MANAGERS, *ALIASES, *RELEASERS, *PYTHONS, *_SINGLE, *_TEST_RUNNERS, "pip3.11", "pip3.12", "pip3.13"}
)


# ── what happened ─────────────────────────────────────────────────────────────────────────────────────────────────


def _file(facts: Facts, path: str, effect: str = EDITS) -> Touch:
    return places.file_touch(facts, path, effect)


def _install(step: str, name: str, manager: Manager, words: Words, command: Command, facts: Facts) -> Effects:
    """Dependencies come, go, or are laid anew."""
    base = lock_root(name, manager, facts)
    effect = DESTROYS if step == CLEAN else REPLACES
    touches: list[Touch] = []
    lock_alone = step == LOCK or words.on("--package-lock-only", "--lockfile-only", "--no-sync", "--no-install")
    builds = name in ("cargo", "go") and step == ADD  # their trees hold builds, their downloads are never changed
    if not lock_alone and not builds:
        touches += tree_touches(effect, name, manager, command, words, facts)
    frozen = step in (KEEP, CLEAN) or words.on(*manager.frozen) or _ci_default(name, command, facts)
    if manager.lock and not frozen:
        touches.append(_file(facts, f"{base}/{manager.lock}"))
        if name == "go":
            touches.append(_file(facts, f"{base}/{manager.manifest}"))
    if manager.manifest and (step == ADD or _names_packages(name, step, words)) and not words.on("--no-save"):
        project = nearest(facts, manager.manifest) or facts.cwd
        touches.append(_file(facts, f"{project}/{manager.manifest}"))
    target = places.name_of(facts, targets.short(touches[0].key)) if touches else None
    return Effects(
        (Draft("deps-install", target, touches=tuple(dict.fromkeys(touches)), summary=places.summary(command)),)
    )


def _names_packages(name: str, step: str, words: Words) -> bool:
    """`npm install lodash` is an addition, `npm install` is not."""
    return (
        step == INSTALL
        and name in ("npm", "pnpm", "bun", "deno")
        and words.verb() in ("install", "i", "in")
        and len(words.plain) > 1
    )


def _ci_default(name: str, command: Command, facts: Facts) -> bool:
    """Pnpm and yarn keep the lock file as it is where CI is set."""
    return name in ("pnpm", "yarn") and bool(variable(command, facts, "CI"))


def _global_step(name: str, words: Words, command: Command, facts: Facts) -> Effects:
    prefix = words.value("--root") if name == "cargo" else None
    manager = _PREFIX.get(name, name)
    touch = Touch(deps_key(facts, prefix), REPLACES) if prefix else global_tree(manager, facts, REPLACES)
    return Effects(
        (Draft("deps-install", targets.short(touch.key), touches=(touch,), summary=places.summary(command)),)
    )


_PREFIX = {"pipx": "pipx", "go": "go-bin", "mvn": "maven", "gradle": "maven", "composer": "composer", "uv": "uv"}


def _use(name: str, manager: Manager, words: Words, command: Command, facts: Facts) -> Effects:
    if manager.tree == ":global":
        touches: tuple[Touch, ...] = (global_tree(name, facts, USES),)
    else:
        touches = tree_touches(USES, name, manager, command, words, facts)
    return Effects(
        (Draft("deps-use", targets.short(touches[0].key), touches=touches, summary=places.summary(command)),)
    )


def script(command: Command, facts: Facts) -> Effects | None:
    """A script of the project, or a tool that runs from its dependencies: what it is decides `processes`."""
    from sidelight.effects import processes

    return processes.read_script(command, facts)


_ARGUMENT_KINDS = {RETAG: ("package-retag", REPLACES), UNPUBLISH: ("package-unpublish", DESTROYS)}
_VERSIONED = re.compile(r"^(@?[^@]+)@")


def _registry_step(step: str, name: str, manager: Manager, words: Words, command: Command, facts: Facts) -> Effects:
    """Packages are published, or what their tags and versions mean is changed, in the registry that is said."""
    kind, spelled = manager.registry, places.summary(command)
    depth = 2 if words.verb() in ("npm", "nuget", "trunk", "pub", "package") else 1
    registry = registry_named(kind, words, command, facts)
    relies = _login_used(name, manager, registry, command, facts)
    if step == PUBLISH:
        every = all_members(kind, facts) if name in ("lerna", "changeset") else ()
        names = every or package_names(kind, words, facts, depth)
        # Under a tag of its own the version that others get by default stays.
        beside = kind == "npm" and words.value("--tag", "--dist-tag") not in (None, "latest")
        effect = ADDS if beside else REPLACES
        return Effects((package_draft("package-publish", effect, registry, names, spelled, relies),))
    draft_kind, effect = _ARGUMENT_KINDS[step]
    arguments = [
        word for word in words.after(depth) if word not in ("add", "rm", "remove", "set", "public", "restricted", "ls")
    ]
    named = next((word for word in arguments if UNKNOWN not in word), None)
    match = _VERSIONED.match(named) if named else None
    package = (match[1] if match else named) or own_package(kind, facts)
    if name == "cargo" and step == RETAG:
        package = own_package(kind, facts)
    return Effects((package_draft(draft_kind, effect, registry, (package,), spelled, relies),))


def _login_used(name: str, manager: Manager, registry: str, command: Command, facts: Facts) -> tuple[Touch, ...]:
    if name not in _LOGINS:
        return ()
    return logins.used(_LOGINS[name], command, facts, registry if registry != manager.registry else None)


#: The managers that publish with the login of the machine, and whose it is.
_LOGINS = {"npm": "npm", "pnpm": "npm", "yarn": "yarn", "cargo": "cargo", "gem": "gem"}


def _version(name: str, manager: Manager, words: Words, command: Command, facts: Facts) -> Effects:
    """`npm version patch` edits the manifest, and commits and tags it."""
    if len(words.plain) < 2 and not words.has("--bump", "--new-version") and name not in ("lerna", "changeset"):
        return Effects(reads=True)
    project = nearest(facts, manager.manifest) or facts.cwd
    touch = _file(facts, f"{project}/{manager.manifest}")
    drafts = [Draft("edit", manager.manifest, touches=(touch,), summary=places.summary(command))]
    commits = name in ("npm", "lerna") or (name == "yarn" and not nearest(facts, ".yarnrc.yml"))
    if commits and facts.worktree and not words.on("--no-git-tag-version", "--no-commit"):
        takes = {"takes": "paths"}
        tree = Touch(targets.tree(facts.machine, facts.worktree), COMMITS, takes)
        drafts.append(
            Draft(
                "commit",
                manager.manifest,
                touches=(tree, touch._replace(effect=COMMITS)),
                summary=places.summary(command),
            )
        )
    return Effects(tuple(drafts))


# ── a manager's call ──────────────────────────────────────────────────────────────────────────────────────────────


def _managed(name: str, command: Command, facts: Facts) -> Effects | None:
    manager = MANAGERS[name]
    argv = tuple("--workspaces" if word == "-ws" else word for word in command.argv)  # npm's own two-letter switch
    words = split(argv, manager.valued.split(), long=name == "go")
    directory = words.value(*manager.here) if manager.here else None
    if directory and not words.on("-g", "--global") and UNKNOWN not in directory:
        facts = facts.at(facts.real(directory))
    found = _verb(name, manager, words)
    if found is None:
        return Effects(reads=True) if words.has("--version", "--help", "-v", "-h", "-V") or not words.plain else None
    step, words = found
    if words.on("--dry-run", "--dryrun", "--dry", "--simulate", "--just-print", "--help", "--check") and step not in (
        USE,
        SCRIPT,
    ):
        return Effects(reads=True)
    step = _turned(step, name, words)
    if words.on("-g", "--global") and step in (INSTALL, ADD, KEEP, CLEAN):
        step = GLOBAL
    return _do(step, name, manager, words, command, facts)


def _do(step: str, name: str, manager: Manager, words: Words, command: Command, facts: Facts) -> Effects | None:
    if step in (READ, NOTHING):
        return Effects(reads=step == READ)
    if step in (INSTALL, ADD, KEEP, CLEAN, LOCK):
        return _install(step, name, manager, words, command, facts)
    if step == GLOBAL:
        return _global_step(name, words, command, facts)
    if step == USE:
        return _use(name, manager, words, command, facts)
    if step == SCRIPT:
        return _project_script(name, words, command, facts)
    if step == VERSION:
        return _version(name, manager, words, command, facts)
    if step == LOGIN:
        registry = registry_named(manager.registry, words, command, facts)
        named = registry if registry != manager.registry else None
        effect = DESTROYS if "logout" in words.plain or "signout" in words.plain else REPLACES
        return logins.login(_LOGINS.get(name, name), command, facts, effect, named)
    if step == SWITCH:
        touch = global_tree(name, facts, SWITCHES)
        return Effects((Draft("context-switch", name, touches=(touch,), summary=places.summary(command)),))
    return _registry_step(step, name, manager, words, command, facts)


def _verb(name: str, manager: Manager, words: Words) -> tuple[str, Words] | None:
    """The step of a call, and the words with the verb first."""
    plain = words.plain
    if name == "yarn" and plain[:1] == ("workspace",) and len(plain) > 2:
        words = words._replace(plain=plain[2:], options=(*words.options, ("--workspace", plain[1])))
    elif name == "yarn" and plain[:1] == ("global",):
        return (READ if plain[1:2] in (("list",), ("dir",), ("bin",)) else GLOBAL), words
    elif name in ("pnpm", "npm") and plain[:1] in (("recursive",), ("multi",)):
        words = words._replace(plain=plain[1:])
    plain = words.plain or ((manager.bare,) if manager.bare else ())
    if name in ("mvn", "gradle", "mix"):
        return _goals(manager, words)
    for length in (3, 2, 1):
        key = " ".join(plain[:length])
        if len(plain) >= length and key in manager.verbs:
            return manager.verbs[key], words._replace(plain=plain)
    return (manager.anything, words) if plain and manager.anything else None


_WEIGHT = (READ, NOTHING, USE, INSTALL, GLOBAL, CLEAN, VERSION, PUBLISH)


def _goals(manager: Manager, words: Words) -> tuple[str, Words] | None:
    """Build tools take several goals at once, the heaviest counts; a Gradle task may name its project (`:core:x`)."""
    steps = [
        manager.verbs.get(word) or manager.verbs.get(word.rpartition(":")[2]) or manager.anything
        for word in words.plain
    ]
    found = [step for step in steps if step]
    return (max(found, key=lambda step: _WEIGHT.index(step) if step in _WEIGHT else 3), words) if found else None


class Turn(NamedTuple):
    """What an option (or a second word) makes of a verb."""

    name: str
    verb: str
    step: str
    options: tuple[str, ...] = ()
    second: tuple[str, ...] = ()


_TURNS = (
    Turn("go", "clean", CLEAN, ("-modcache",)),
    Turn("uv", "lock", READ, ("--check", "--locked")),
    Turn("npm", "pkg", READ, second=("get",)),
    Turn("npm", "audit", INSTALL, ("--fix",), ("fix",)),
    Turn("yarn", "audit", INSTALL, ("--fix",)),
    Turn("npm", "token", READ, second=("list", "ls", "")),
    Turn("goreleaser", "release", NOTHING, ("--snapshot", "--skip-publish")),
    Turn("poetry", "version", READ, ("-s", "--short")),
    Turn("cargo", "publish", READ, ("-n",)),
    Turn("cargo", "release", READ, ("-n",)),
    Turn("composer", "global", READ, second=("show", "outdated", "info")),
    Turn("uv", "sync", CLEAN, ("--reinstall",)),
    *(Turn("conda", verb, READ, ("-d",)) for verb in ("install", "update", "upgrade", "create", "remove", "uninstall")),
)


def _turned(step: str, name: str, words: Words) -> str:
    """The step of a verb with its options."""
    if name == "bundle" and words.verb() == "install" and not words.on(*MANAGERS["bundle"].frozen):
        return INSTALL
    for turn in _TURNS:
        named = name == turn.name and words.verb() == turn.verb
        if named and (words.on(*turn.options) or words.verb(1) in turn.second):
            return turn.step
    return step


def _project_script(name: str, words: Words, command: Command, facts: Facts) -> Effects | None:
    """`npm run X`. Some names say by custom that they deploy or publish."""
    explicit = words.verb() in ("run", "run-script")
    task = words.verb(1) if explicit else words.verb()
    found = script(command, facts)
    if found and any(draft.kind not in ("deps-use", "command") for draft in found.drafts):
        return found  # its text is known
    if re.match(r"^(release|publish)(:|$)", task) and not task.endswith((":dry", ":dry-run", ":check")):
        manager = MANAGERS[name]
        return Effects(
            (
                package_draft(
                    "package-publish",
                    REPLACES,
                    manager.registry,
                    (own_package(manager.registry, facts),),
                    places.summary(command),
                ),
            )
        )
    if re.match(r"^deploy(?![a-z])", task):
        from sidelight.effects import infrastructure

        return infrastructure.deploy_script(task, words.after(2 if explicit else 1), command, facts)
    return found


# ── single programs ───────────────────────────────────────────────────────────────────────────────────────────────


def _python(command: Command, facts: Facts) -> Effects | None:
    """`python -m pip …`, `-m venv`, `-m build`, `-m twine`, `setup.py`."""
    rest = command.argv[1:]
    while rest and rest[0].startswith("-") and rest[0] != "-m":
        rest = rest[2:] if rest[0] in ("-W", "-X") else rest[1:]
    if rest[:1] == ("-m",) and len(rest) > 1:
        module, more = rest[1], rest[2:]
        if module in ("venv", "virtualenv"):
            words = split(("venv", *more), ("--prompt", "-p", "--python"))
            effect = DESTROYS if words.on("--clear") else REPLACES
            touches = tuple(Touch(deps_key(facts, path), effect) for path in words.plain)
            return Effects((Draft("deps-install", words.verb(), touches=touches, summary=places.summary(command)),))
        if module in ("pip", "uv", "poetry", "pdm", "pipenv", "twine", "hatch", "flit", "pipx", "conda"):
            return _managed(module, command._replace(argv=(module, *more)), facts)
        return Effects() if module == "build" else None
    if rest and rest[0].rpartition("/")[2] == "setup.py":
        return _setup_py(rest[1:], command, facts)
    return None


def _setup_py(verbs: tuple[str, ...], command: Command, facts: Facts) -> Effects | None:
    if "upload" in verbs:
        return Effects(
            (
                package_draft(
                    "package-publish", REPLACES, "pypi", (own_package("pypi", facts),), places.summary(command)
                ),
            )
        )
    if "install" in verbs or "develop" in verbs:
        return _install(KEEP, "pip", MANAGERS["pip"], split(command.argv), command, facts)
    return Effects() if verbs else None


def _system(command: Command, facts: Facts) -> Effects:
    """dpkg, rpm, pacman: the capital letters write."""
    letters = "".join(word for word in command.argv[1:] if word.startswith("-"))
    writes = {
        "dpkg": r"(^|-)(i|r|P)|--(install|remove|purge|configure)",
        "rpm": r"-(i|U|F|e)[vh]*|--(install|upgrade|erase)",
        "pacman": r"-(S(?!s|i|l|g|p)|R|U)|--(sync|remove|upgrade)",
    }
    if not re.search(writes[command.argv[0]], letters):
        return Effects(reads=True)
    return _global_step(command.argv[0], split(command.argv), command, facts)


def _ncu(command: Command, facts: Facts) -> Effects:
    words = split(command.argv, ("--packageFile", "--filter", "-f", "--target", "-t", "--reject", "-x"))
    if not words.on("-u", "--upgrade"):
        return Effects(reads=True)
    base = nearest(facts, "package.json") or facts.cwd
    path = words.value("--packageFile") or f"{base}/package.json"
    return Effects((places.file_draft("edit", facts, path, EDITS, places.summary(command)),))


def _releaser(command: Command, facts: Facts) -> Effects:
    """Programs that publish where they stand."""
    words = split(command.argv, ("--branches", "--extends", "--preset", "-r", "--release-as", "--tag"))
    if words.on("--dry-run", "-d", "--help", "--version", "--preview", "--noop", "--changelog", "--release-version"):
        return Effects(reads=True)
    registry = "pypi" if "python" in command.argv[0] else "npm"
    return Effects(
        (
            package_draft(
                "package-publish", REPLACES, registry, (own_package(registry, facts),), places.summary(command)
            ),
        )
    )


def _brew_services(command: Command, facts: Facts) -> Effects | None:
    words = split(command.argv)
    if words.verb() != "services" or words.verb(1) not in ("stop", "restart", "kill", "start", "run"):
        return None
    name = words.verb(2) or "any"
    effect = USES if words.verb(1) in ("start", "run") else DESTROYS
    kind = "server-start" if effect == USES else "process-kill"
    value = name if effect == USES else {"pattern": name.partition("@")[0], "full": True, "exact": False}
    key = f"process:{facts.machine}:{name}" if effect == USES else f"process:{facts.machine}"
    return Effects((Draft(kind, name, touches=(Touch(key, effect, value),), summary=places.summary(command)),))


def _corepack(command: Command, facts: Facts) -> Effects:
    return _global_step("corepack", split(command.argv), command, facts)


def _gradle_stop(command: Command, facts: Facts) -> Effects | None:
    """`gradle --stop` ends every Gradle daemon of this version on the machine."""
    if "--stop" not in command.argv:
        return None
    value = {"pattern": "GradleDaemon", "full": True, "exact": False}
    touch = Touch(f"process:{facts.machine}", DESTROYS, value)
    return Effects((Draft("process-kill", "Gradle daemons", touches=(touch,), summary=places.summary(command)),))


_FIRST: dict[str, Callable[[Command, Facts], Effects | None]] = {"brew": _brew_services, "gradle": _gradle_stop}
_ALONE: dict[str, Callable[[Command, Facts], Effects | None]] = {
    **dict.fromkeys(PYTHONS, _python),
    **dict.fromkeys(("dpkg", "rpm", "pacman"), _system),
    **dict.fromkeys(("ncu", "npm-check-updates"), _ncu),
    **dict.fromkeys(RELEASERS, _releaser),
    **dict.fromkeys(("corepack", "n"), _corepack),
    **dict.fromkeys(_TEST_RUNNERS, script),
}


def read(command: Command, facts: Facts) -> Effects | None:
    """What a package manager does, None if it is not understood."""
    program = command.argv[0]
    if re.fullmatch(r"pip3\.\d+", program):
        program = "pip"
    name = ALIASES.get(program, program)
    first = _FIRST.get(name)
    found = first(command, facts) if first else None
    if found is not None:
        return found
    if name in MANAGERS:
        return _managed(name, command, facts)
    alone = _ALONE.get(program)
    return (Effects(reads=True) if reads.is_read(command) else alone(command, facts)) if alone else None
