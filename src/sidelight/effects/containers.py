"""What container tools do: containers that start, stop and are pruned, volumes, Compose projects, swarm services.

Containers belong to the machine their engine runs on, which `DOCKER_HOST`, `-H` and `--context` may put elsewhere. A
Compose project's key holds its services: `compose:m1:shop:web` is covered by `compose:m1:shop`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sidelight import targets
from sidelight.actions import DESTROYS, REPLACES, SWITCHES, USES, Touch
from sidelight.effects import UNKNOWN, Command, Effects
from sidelight.effects.drafts import NOTHING, READ, one, runs_from
from sidelight.effects.options import Words, split
from sidelight.effects.places import summary
from sidelight.facts import Facts

_DOCKER_GLOBALS = (
    "-c --context -H --host --config -l --log-level --connection --url --tlscacert --tlscert --tlskey".split()
)
_HERE = frozenset(
    {"default", "desktop-linux", "desktop-windows", "colima", "orbstack", "rootless", "rancher-desktop", ""}
)
_DOCKER_READS = frozenset(
    "ps images logs inspect stats top port version info search events diff history df ls list show wait".split()
)
_DOCKER_GROUPS = frozenset(
    "container image volume network context system builder manifest pod secret config node".split()
)
_STOP_VALUED = ("-t", "--time", "--timeout", "-s", "--signal", "--filter", "-f")


def read(command: Command, facts: Facts) -> Effects | None:
    """What `docker`, `podman`, `nerdctl` or `docker-compose` does; None for what reaches a registry (`packages`)."""
    before = split(command.argv, valued=_DOCKER_GLOBALS, stop=1)
    rest = before.after(0)
    machine = _engine(before, facts)
    if rest[:1] == ("compose",) or command.argv[0] in ("docker-compose", "podman-compose"):
        words = ("compose", *(rest[1:] if rest[:1] == ("compose",) else command.argv[1:]))
        return _compose(words, machine, command, facts)
    group = rest[0] if rest and rest[0] in _DOCKER_GROUPS else "container"
    argv = rest[1:] if rest and rest[0] in _DOCKER_GROUPS else rest
    if not argv:
        return READ
    row = _DOCKER.get((group, argv[0])) or _DOCKER.get((rest[0], argv[0]))
    if row is not None:
        return row(argv, machine, command, facts)
    if argv[0] in _DOCKER_READS:
        return READ
    if argv[0] in ("push", "login", "logout") or "--push" in argv:
        return None
    return NOTHING


def _engine(words: Words, facts: Facts) -> str:
    """The machine whose containers are meant: `-H ssh://build1`, DOCKER_HOST, `--context staging`."""
    host = words.value("-H", "--host", "--url") or facts.env.get("DOCKER_HOST") or ""
    found = re.match(r"(?:ssh|tcp|https?)://(?:[^@/]*@)?([^:/]+)", host)
    if found and found[1] not in ("localhost", "127.0.0.1", "::1"):
        return found[1]
    context = words.value("-c", "--context", "--connection") or facts.env.get("DOCKER_CONTEXT") or ""
    return facts.machine if host or context in _HERE else context


Container = Callable[[tuple[str, ...], str, Command, Facts], "Effects | None"]


def _containers_stopped(argv: tuple[str, ...], machine: str, command: Command, facts: Facts) -> Effects:  # noqa: ARG001
    """By name. `$(docker ps -q)` names all there are, with `--filter name=x` those."""
    valued = _STOP_VALUED if argv[0] != "rm" else ()
    words = split(argv, valued=valued)
    names = [name for name in words.after(0) if UNKNOWN not in name]
    touches = [touch for name in names for touch in _container(machine, name)]
    listing = [source for source in command.sources or () if "ps" in source or "ls" in source]
    if listing and (command.each or any(UNKNOWN in word for word in argv)):
        filters = re.findall(r"name=\^?/?([\w.-]+)\$?", " ".join(listing[0]))
        touches += [touch for name in filters for touch in _container(machine, name)] or [
            Touch(f"container:{machine}", DESTROYS)
        ]
    if words.has("-a", "--all", "-all"):
        touches.append(Touch(f"container:{machine}", DESTROYS))
    return one("container-stop", ", ".join(names) or ("all containers" if touches else None), command, *touches)


def _container(machine: str, name: str) -> list[Touch]:
    """A container; `app-db-1` is the service `db` of the compose project `app` too."""
    touches = [Touch(f"container:{machine}:{name}", DESTROYS)]
    composed = re.fullmatch(r"(.+?)[-_]([^-_]+)[-_]\d+", name)
    return [*touches, Touch(f"compose:{machine}:{composed[1]}:{composed[2]}", DESTROYS)] if composed else touches


def _container_run(argv: tuple[str, ...], machine: str, command: Command, facts: Facts) -> Effects:
    from sidelight.effects.shell.wrappers import RUN_OPTIONS

    words = split(argv, valued=RUN_OPTIONS.split(), stop=1)
    name = words.value("--name")
    touches = [Touch(f"container:{machine}:{name}", USES)] if name and UNKNOWN not in name else []
    for given in words.values("-p", "--publish"):
        found = re.fullmatch(r"(?:[\d.]+:)?(\d+):\d+(?:/\w+)?", given)
        if found:
            touches.append(Touch(f"port:{machine}:{int(found[1])}", USES))
    for given in words.values("-v", "--volume", "--mount"):
        touches += _mount(given, machine, facts)
    return one("container-start", name or words.verb() or None, command, *touches)


def _container_entered(argv: tuple[str, ...], machine: str, command: Command, facts: Facts) -> Effects:
    """`docker exec NAME CMD` relies on the container. What CMD does inside is read as a command of its own."""
    return _entered(argv, lambda name: [t._replace(effect=USES) for t in _container(machine, name)], command, facts)


def _entered(argv: tuple[str, ...], used: Callable[[str], list[Touch]], command: Command, facts: Facts) -> Effects:
    """`exec [options] NAME CMD`; a CMD that only reads relies on nothing."""
    from sidelight.effects import shell, subjects
    from sidelight.effects.shell.wrappers import EXEC_OPTIONS

    name, *inner = split(argv, valued=EXEC_OPTIONS.split(), stop=1).after(0) or ("",)
    if not inner or UNKNOWN in name:
        return NOTHING
    found, followed = shell.argv_commands(inner, facts)
    fed = tuple(redirect for redirect in command.redirects if redirect.op == "<")
    parts = [part._replace(remote=f"container:{name}", stdin=part.stdin or command.stdin) for part in found]
    parts = [
        part._replace(redirects=part.redirects or fed, upstream=part.upstream or command.upstream) for part in parts
    ]
    if followed and all(subjects.one_command(part, facts).reads for part in parts):
        return READ
    short = command._replace(argv=(command.argv[0], "exec", name, inner[0]))
    return one("run", name, short, *used(name))


def _mount(given: str, machine: str, facts: Facts) -> list[Touch]:
    """What a container works on: a directory here, or a named volume."""
    source = re.search(r"(?:^|,)(?:source|src)=([^,]+)", given)
    name = (
        source[1] if source else given.partition(":")[0] if ":" in given and "=" not in given.partition(":")[0] else ""
    )
    if not name or UNKNOWN in name:
        return []
    if name.startswith(("/", ".", "~")):
        return [Touch(targets.path(facts.machine, facts.real(name)), USES)] if machine == facts.machine else []
    return [Touch(f"volume:{machine}:{name}", USES)]


def _container_started(argv: tuple[str, ...], machine: str, command: Command, facts: Facts) -> Effects:  # noqa: ARG001
    names = [name for name in split(argv).after(0) if UNKNOWN not in name]
    return one(
        "container-start",
        ", ".join(names) or None,
        command,
        *(Touch(f"container:{machine}:{name}", USES) for name in names),
    )


def _pruned(scheme: str) -> Container:
    def prune(argv: tuple[str, ...], machine: str, command: Command, facts: Facts) -> Effects:  # noqa: ARG001
        touches = [Touch(f"{scheme}:{machine}", DESTROYS)]
        if "--volumes" in argv and scheme == "container":
            touches.append(Touch(f"volume:{machine}", DESTROYS))
        return one("container-stop", f"unused {scheme}s", command, *touches)

    return prune


def _volume_removed(argv: tuple[str, ...], machine: str, command: Command, facts: Facts) -> Effects:  # noqa: ARG001
    names = [name for name in split(argv).after(0) if UNKNOWN not in name]
    touches = [Touch(f"volume:{machine}:{name}", DESTROYS) for name in names]
    if not names and command.sources:
        touches = [Touch(f"volume:{machine}", DESTROYS)]
    return one("container-stop", ", ".join(names) or "volumes", command, *touches)


def _docker_context(argv: tuple[str, ...], machine: str, command: Command, facts: Facts) -> Effects:  # noqa: ARG001
    key = f"kubecontext:{facts.machine}:{facts.real('~/.docker/config.json')}"
    return one("context-switch", argv[1] if len(argv) > 1 else None, command, Touch(key, SWITCHES))


def _stack(argv: tuple[str, ...], machine: str, command: Command, facts: Facts) -> Effects:  # noqa: ARG001
    """Swarm: `docker stack deploy -c F NAME`, `docker service update NAME`."""
    words = split(
        argv, valued=("-c", "--compose-file", "--image", "--replicas", "--env-add", "--name", "--orchestrator")
    )
    word = words.verb()
    if word in ("ls", "ps", "services", "inspect", "logs", "config"):
        return READ
    names = [name.partition("=")[0] for name in (words.values("--name") or words.plain[-1:]) if UNKNOWN not in name]
    effect = DESTROYS if word in ("rm", "remove", "down") else REPLACES
    kind = "deploy" if word in ("deploy", "up") else "service-change"
    return one(kind, ", ".join(names), command, *(Touch(f"service:{machine}/{name}", effect) for name in names))


def _copied_from(argv: tuple[str, ...], machine: str, command: Command, facts: Facts) -> Effects:  # noqa: ARG001
    """`docker cp NAME:/path here`, `docker save -o F`."""
    from sidelight.effects import touching

    words = split(argv, valued=("-o", "--output"))
    path = words.value("-o", "--output") or (words.verb(1) if argv[0] == "cp" and ":" not in words.verb(1) else "")
    return Effects(touching.written(path, facts, summary(command))) if path and path != "-" else NOTHING


_DOCKER: dict[tuple[str, str], Container] = {
    **{
        ("container", verb): _containers_stopped
        for verb in ("stop", "kill", "rm", "restart", "pause", "rename", "update")
    },
    ("container", "run"): _container_run,
    ("container", "create"): _container_run,
    ("container", "start"): _container_started,
    ("container", "exec"): _container_entered,
    **{("container", verb): _copied_from for verb in ("cp", "save", "export")},
    ("container", "prune"): _pruned("container"),
    ("system", "prune"): _pruned("container"),
    ("volume", "prune"): _pruned("volume"),
    **{("volume", verb): _volume_removed for verb in ("rm", "remove")},
    ("context", "use"): _docker_context,
    ("stack", "stack"): _stack,
    ("service", "service"): _stack,
    ("network", "rm"): lambda *_: NOTHING,
    ("image", "rm"): lambda *_: NOTHING,
}

# ── compose ───────────────────────────────────────────────────────────────────────────────────────────────────────

_COMPOSE_GLOBALS = (
    "-f --file -p --project-name --profile --env-file --project-directory --ansi --parallel --progress".split()
)
_COMPOSE_VALUED = (
    "-t --timeout --scale --pull --build-arg -e --env -v --volume -p --publish --name -u --user -w --workdir"
    " --entrypoint --attach --no-attach --exit-code-from --wait-timeout --rmi -s --signal -l --label --index"
).split()
_COMPOSE_READS = frozenset("ps logs config ls images top port version events stats convert volumes ".split())
_COMPOSE_FILES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")


def _compose(argv: tuple[str, ...], machine: str, command: Command, facts: Facts) -> Effects:
    before = split(argv, valued=_COMPOSE_GLOBALS, stop=1)
    rest = before.after(0)
    if not rest or rest[0] in _COMPOSE_READS or "--dry-run" in argv:
        return READ
    verb = rest[0]
    words = split(rest, valued=_COMPOSE_VALUED if verb != "down" else ("-t", "--timeout", "--rmi"))
    project, text = _project(before, facts)
    base = f"compose:{machine}:{project}"
    services = (
        [name for name in words.after(0) if UNKNOWN not in name]
        if verb not in ("run", "exec")
        else list(words.plain[:1])
    )
    keys = [f"{base}:{name}" for name in services] or [base]
    if verb == "exec":
        return _entered(rest, lambda service: [Touch(f"{base}:{service}", USES)], command, facts)
    if verb in ("up", "start", "create", "run", "unpause"):
        return _composed_up(verb, words, keys, text if not services else "", machine, command, facts)
    if verb not in ("down", "stop", "kill", "restart", "rm", "pause"):
        return NOTHING
    touches = [Touch(key, DESTROYS) for key in keys]
    if verb == "down" and words.has("-v", "--volumes"):
        touches += [Touch(f"volume:{machine}:{project}_{name}", DESTROYS) for name in _volumes(text)]
    return one("container-stop", ", ".join((project, *services)), command, *touches)


def _composed_up(
    verb: str, words: Words, keys: list[str], text: str, machine: str, command: Command, facts: Facts
) -> Effects:
    """Starts what is not running; `--force-recreate` and fresh volumes replace what is."""
    anew = words.has("--force-recreate", "-V", "--renew-anon-volumes")
    touches = [Touch(key, DESTROYS if anew else USES) for key in keys]
    if verb == "up":
        touches += [Touch(f"port:{machine}:{int(number)}", USES) for number in _PUBLISHED.findall(text)]
    kind = "container-stop" if anew else "container-start"
    return one(kind, keys[0].rpartition(f"{machine}:")[2], command, *touches, *runs_from(facts))


_PUBLISHED = re.compile(r"^\s*-\s*[\"']?(?:[\d.]+:)?(\d{2,5}):\d+(?:/\w+)?[\"']?\s*(?:#.*)?$", re.MULTILINE)


def _volumes(text: str) -> list[str]:
    """The names below a compose file's own `volumes:`."""
    block = re.search(r"^volumes:[^\n]*\n((?:[ \t]+[^\n]*\n?|\n)*)", text + "\n", re.MULTILINE)
    return re.findall(r"^(?:  |\t)([\w.-]+):", block[1], re.MULTILINE) if block else []


def _project(words: Words, facts: Facts) -> tuple[str, str]:
    """A compose project's name and the text of its file, in Compose's own order of precedence."""
    given = words.value("-f", "--file") or (facts.env.get("COMPOSE_FILE") or "").partition(":")[0]
    base = words.value("--project-directory") or (given.rpartition("/")[0] if "/" in given else "")
    there = facts.at(base) if base and UNKNOWN not in base else facts
    names = [given.rpartition("/")[2]] if given else list(_COMPOSE_FILES)
    if not given and there.worktree:
        there = _with_compose_file(there)
    text = next((text for name in names if (text := there.read(name))), "")
    dotenv = re.search(r"^COMPOSE_PROJECT_NAME=[\"']?([\w.-]+)", there.read(".env") or "", re.MULTILINE)
    own = re.search(r"^name:\s*[\"']?([\w.-]+)", text, re.MULTILINE)
    project = words.value("-p", "--project-name") or facts.env.get("COMPOSE_PROJECT_NAME")
    project = project or (dotenv and dotenv[1]) or (own and own[1]) or there.cwd.rstrip("/").rpartition("/")[2]
    return re.sub(r"[^a-z0-9_-]", "", str(project).lower()), text


def _with_compose_file(facts: Facts) -> Facts:
    """Compose looks for its file upwards."""
    here, top = facts.cwd, facts.worktree or ""
    while here.startswith(top) and len(here) > 1:
        if any(facts.at(here).read(name) for name in _COMPOSE_FILES):
            return facts.at(here)
        here = here.rpartition("/")[0]
    return facts
