"""Programs that run another command: which one, where, and how often.

The plain ones (`sudo -u x CMD`, `uv run CMD`) are in the tables of `prefixes`. Those with a manner of their own
(`xargs`, `find -exec`, `ssh`, `docker exec`) are functions here. `inside` looks through one layer; its caller goes on
with what it finds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from sidelight.effects import UNKNOWN
from sidelight.effects.shell.prefixes import (
    ALIASES,
    BINARIES,
    PREFIXES,
    RUNNER_GLOBALS,
    RUNNERS,
    SHELLS,
    SKIP_ONE,
    Options,
    Prefix,
    assignments,
    options,
)
from sidelight.records import NamedTuple

_NOTHING: Mapping[str, str] = MappingProxyType({})
MOST_RUNS = 50


class Part(NamedTuple):
    """One command inside a wrapper: words (`argv`), or a `text` for the shell named by `dialect`.

    `env` is set for it ('' takes a variable away), `positional` are `$0 $1 …` of a text; `cwd`, `remote` say where it
    runs if not here. `each` and `background` are as in `Command`.
    """

    argv: tuple[str, ...] = ()
    text: str | None = None
    dialect: str = "sh"
    positional: tuple[str, ...] = ()
    env: Mapping[str, str] = _NOTHING
    cwd: str | None = None
    remote: str | None = None
    each: bool = False
    background: bool = False
    patterns: tuple[str, ...] = ()


class Inside(NamedTuple):
    """What a wrapper runs. `name` is how it shows in `Command.through`; `outer`: it does something itself as well."""

    name: str
    parts: tuple[Part, ...]
    outer: bool = False


# ── one layer ─────────────────────────────────────────────────────────────────────────────────────────────────────


def inside(argv: tuple[str, ...], stdin: str | None) -> Inside | None:
    """What this command runs, None if it runs nothing but itself. `stdin` is the text it is fed, if known."""
    program = argv[0]
    special = _SPECIAL.get(program)
    if special is not None:
        return special(argv, stdin)
    if program in PREFIXES:
        return _prefix(argv, PREFIXES[program])
    if program in ALIASES:
        runner, subcommand = ALIASES[program]
        return _runner(program, options(argv[1:], RUNNERS[runner][subcommand] + " -c --call"))
    if program in RUNNERS:
        return _subcommand(argv)
    return None


def _prefix(argv: tuple[str, ...], prefix: Prefix) -> Inside | None:
    given, env, rest = _options_and_assignments(argv[1:], prefix.taking)
    if given.get(*prefix.alone) is not None:
        return None
    env.update({given.given[name]: "" for name in prefix.unset if name in given.given})
    more, rest = assignments(rest[prefix.skip :])
    env.update(more)
    cwd = given.get(*prefix.cwd)
    text = given.get(*prefix.text)
    if text is not None:
        return Inside(argv[0], (Part(text=" ".join((text, *rest)), env=env, cwd=cwd),))
    if rest[:1] in (("-c",), ("--command",)) and argv[0] == "flock":
        return Inside(argv[0], (Part(text=" ".join(rest[1:2])),))
    return Inside(argv[0], (Part(argv=rest, env=env, cwd=cwd),)) if rest else None


def _options_and_assignments(words: tuple[str, ...], taking: str) -> tuple[Options, dict[str, str], tuple[str, ...]]:
    """`-i A=b -u X CMD`: options and assignments in any order, then the rest."""
    given: dict[str, str] = {}
    env: dict[str, str] = {}
    while True:
        found = options(words, taking)
        given.update(found.given)
        more, rest = assignments(found.rest[1:] if found.rest[:1] == ("-",) else found.rest)
        env.update(more)
        if not more or not rest or not rest[0].startswith("-"):
            return Options(given, rest), env, rest
        words = rest


def _subcommand(argv: tuple[str, ...]) -> Inside | None:
    """`uv run pytest`, `pnpm --filter web exec next dev`, and `yarn prisma …` for the tools known as binaries."""
    before = options(argv[1:], RUNNER_GLOBALS)
    cwd = before.get("-C", "--dir", "--cwd", "--prefix", "--directory")
    for words, taking in RUNNERS[argv[0]].items():
        length = words.count(" ") + 1
        if " ".join(before.rest[:length]) == words:
            found = _runner(argv[0] + " " + words, options(before.rest[length:], taking + " -c --call"), cwd)
            return _without_first(found) if argv[0] in SKIP_ONE and found else found
    if argv[0] in ("yarn", "pnpm", "bun") and before.rest[:1] and before.rest[0] in BINARIES:
        return Inside(argv[0], (Part(argv=before.rest, cwd=cwd),))
    return None


def _runner(name: str, given: Options, cwd: str | None = None) -> Inside | None:
    text = given.get("-c", "--call")
    cwd = given.get("-C", "--cd", "--dir", "--directory", "--cwd", "--project") or cwd
    if text is not None and not given.rest:
        return Inside(name, (Part(text=text, cwd=cwd),))
    rest = given.rest
    if "--" in rest and name.startswith("mise"):
        rest = rest[rest.index("--") + 1 :]  # `mise exec node@22 -- node x.js`
    rest = rest[1:] if rest[:1] == ("--",) else rest
    if not rest:
        return None
    module = given.get("-m", "--module")
    program = re.sub(r"(?<=.)@[^/@]*$", "", rest[0])
    words = ("python", "-m", *rest) if module is not None and name == "uv run" else (program, *rest[1:])
    return Inside(name, (Part(argv=words, cwd=cwd),))


def _without_first(found: Inside) -> Inside | None:
    part = found.parts[0]
    rest = part.argv[2:] if part.argv[1:2] == ("--",) else part.argv[1:]
    rest = rest[1:] if rest[:1] == ("--",) else rest
    return found._replace(parts=(part._replace(argv=rest),)) if rest else None


# ── shells ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _shell(argv: tuple[str, ...], stdin: str | None) -> Inside | None:
    """`bash -lc TEXT NAME ARGS`, and a shell that reads its commands from what it is fed."""
    given = options(argv[1:], "-o -O +o +O --rcfile --init-file")
    rest = given.rest
    if given.get("-c") is not None or given.get("--command") is not None:
        return Inside(argv[0], (Part(text=rest[0], positional=rest[1:]),)) if rest else None
    reads = not rest or given.get("-s") is not None or rest[:1] in (("-",), ("/dev/stdin",))
    if reads and stdin is not None:
        return Inside(argv[0], (Part(text=stdin, positional=(argv[0], *rest)),))
    return None


def _su(argv: tuple[str, ...], _stdin: str | None) -> Inside | None:
    """`su - user -c TEXT`, `runuser -u user -- CMD`: options may follow the user."""
    text = next((argv[n + 1] for n, word in enumerate(argv[:-1]) if word in ("-c", "--command", "-lc")), None)
    if text is not None:
        return Inside(argv[0], (Part(text=text),))
    given = options(argv[1:], "-u --user -g --group -s --shell -w -G")
    if argv[0] == "runuser" and given.get("-u", "--user") is not None and given.rest:
        return Inside(argv[0], (Part(argv=given.rest),))
    return None


def _watch(argv: tuple[str, ...], _stdin: str | None) -> Inside | None:
    given = options(argv[1:], "-n --interval -q --equexit -s --shotsdir")
    if given.get("-x", "--exec") is not None:
        return Inside("watch", (Part(argv=given.rest),))
    return Inside("watch", (Part(text=" ".join(given.rest)),)) if given.rest else None


def _script(argv: tuple[str, ...], _stdin: str | None) -> Inside | None:
    """util-linux: `script -qc TEXT FILE`; BSD: `script -q FILE CMD ARGS`."""
    given = options(argv[1:], "-c --command -I -O -B -T -m -E -o -t")
    text = given.get("-c", "--command")
    if text is not None:
        return Inside("script", (Part(text=text),), outer=True)
    return Inside("script", (Part(argv=given.rest[1:]),), outer=True) if given.rest[1:] else None


def _cmd(argv: tuple[str, ...], _stdin: str | None) -> Inside | None:
    """`cmd /c TEXT`; Git Bash spells the switch `//c`."""
    for number, word in enumerate(argv[1:], 1):
        if word.lower().lstrip("/") in ("c", "k") and word.startswith("/"):
            return Inside("cmd", (Part(text=" ".join(argv[number + 1 :]), dialect="cmd"),))
    return None


def _powershell(argv: tuple[str, ...], stdin: str | None) -> Inside | None:
    for number, word in enumerate(argv[1:], 1):
        switch = word.lower().lstrip("-/")
        if switch in ("command", "c") and word[0] in "-/":
            text = " ".join(argv[number + 1 :])
            return Inside(argv[0], (Part(text=stdin if text == "-" else text, dialect="powershell"),))
        if switch in ("file", "f", "encodedcommand", "ec", "e"):
            return None
    plain = [word for word in argv[1:] if not word.startswith("-")]
    return Inside(argv[0], (Part(text=" ".join(plain), dialect="powershell"),)) if plain else None


def _nix_shell(argv: tuple[str, ...], _stdin: str | None) -> Inside | None:
    text = next((argv[n + 1] for n, word in enumerate(argv[:-1]) if word in ("--run", "--command")), None)
    if text is not None:
        return Inside("nix-shell", (Part(text=text),))
    if argv[0] == "nix":
        for number, word in enumerate(argv[:-1]):
            if word in ("-c", "--command"):
                return Inside("nix", (Part(argv=argv[number + 1 :]),))
    return None


# ── many runs ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _xargs(argv: tuple[str, ...], stdin: str | None) -> Inside | None:
    """What is fed is known for `echo a b | xargs rm`; else each run has unknown words."""
    given = options(
        argv[1:], "-I -n -L -P -s -d -a -E --max-args --max-procs --max-lines --delimiter --arg-file --replace"
    )
    words = given.rest or ("echo",)
    mark = given.get("-I", "--replace", "-i")
    mark = "{}" if mark == "" else mark
    known = stdin is not None and UNKNOWN not in stdin and given.get("-a", "--arg-file") is None
    if mark is not None:
        items = [line.strip() for line in (stdin or "").splitlines() if line.strip()] if known else [UNKNOWN]
        runs = [tuple(word.replace(mark, item) for word in words) for item in items]
    elif known:
        items = _xargs_items(stdin or "", given)
        size = _count(given.get("-n", "--max-args")) or (1 if given.get("-L") else len(items) or 1)
        runs = [(*words, *items[start : start + size]) for start in range(0, len(items), size)]
    else:
        runs = [(*words, UNKNOWN)]
    if len(runs) > MOST_RUNS:
        known, runs = False, [(*words, UNKNOWN)]
    return Inside("xargs", tuple(Part(argv=run, each=not known) for run in runs))


def _xargs_items(text: str, given: Options) -> list[str]:
    if given.get("-0", "--null") is not None:
        return [item for item in text.split("\0") if item]
    delimiter = given.get("-d", "--delimiter")
    if delimiter:
        return [item for item in text.strip("\n").split(delimiter.replace("\\n", "\n")) if item]
    return text.split()


def _count(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 7 else 0


def _parallel(argv: tuple[str, ...], stdin: str | None) -> Inside | None:
    """GNU parallel: `parallel CMD {} ::: a b`, or its items from what it is fed."""
    given = options(
        argv[1:], "-j --jobs -a --arg-file -n -N --max-args --delay --retries --joblog --results -S --sshlogin"
    )
    rest = given.rest
    items: list[str] = [UNKNOWN]
    if ":::" in rest:
        items = [word for word in rest[rest.index(":::") + 1 :] if word != ":::"]
        rest = rest[: rest.index(":::")]
    elif stdin is not None and UNKNOWN not in stdin:
        items = stdin.splitlines()
    if not rest:
        return Inside("parallel", tuple(Part(text=item) for item in items[:MOST_RUNS]))
    line = " ".join(rest) if any("{" in word for word in rest) else " ".join((*rest, "{}"))
    texts = [re.sub(r"\{[./]*\}", lambda _, item=item: item, line) for item in items[:MOST_RUNS]]  # type: ignore[misc]
    return Inside("parallel", tuple(Part(text=text, each=items == [UNKNOWN]) for text in texts))


def _find(argv: tuple[str, ...], _stdin: str | None) -> Inside | None:
    """`find A B -name P -exec CMD {} +`: what is found is spelled as the pattern `A/**/P`."""
    starts = options(argv[1:], "-D").rest
    expression = next((n for n, word in enumerate(starts) if word[:1] in "-(!" and word), len(starts))
    found = _found(starts[:expression] or (".",), starts[expression:])
    parts = []
    words = starts[expression:]
    for number, word in enumerate(words):
        if word in ("-exec", "-execdir", "-ok", "-okdir"):
            end = next((n for n in range(number, len(words)) if words[n] in (";", "+")), len(words))
            parts.append(Part(argv=_with_found(words[number + 1 : end], found), each=True, patterns=found))
    if not parts:
        return None
    return Inside("find", tuple(part for part in parts if part.argv), outer="-delete" in words)


def _found(starts: tuple[str, ...], expression: tuple[str, ...]) -> tuple[str, ...]:
    name = next((expression[n + 1] for n, word in enumerate(expression[:-1]) if word in ("-name", "-iname")), "")
    shallow = "-maxdepth" in expression and expression[expression.index("-maxdepth") + 1 :][:1] == ("1",)
    below = f"/{name or '*'}" if shallow else f"/**/{name}".rstrip("/")
    return tuple(start.rstrip("/") + below for start in starts)


def _with_found(words: tuple[str, ...], found: tuple[str, ...]) -> tuple[str, ...]:
    filled: list[str] = []
    for word in words:
        if word == "{}":
            filled.extend(found)
        else:
            filled.append(word.replace("{}", found[0]))
    return tuple(filled)


def _fd(argv: tuple[str, ...], _stdin: str | None) -> Inside | None:
    for number, word in enumerate(argv):
        if word in ("-x", "--exec", "-X", "--exec-batch"):
            words = tuple(re.sub(r"\{[./]*\}", UNKNOWN, arg) for arg in argv[number + 1 :])
            whole = words if words != argv[number + 1 :] else (*words, UNKNOWN)
            return Inside(argv[0], (Part(argv=whole, each=True),)) if words else None
    return None


# ── elsewhere ─────────────────────────────────────────────────────────────────────────────────────────────────────

_SSH = "-B -b -c -D -E -e -F -I -i -J -L -l -m -O -o -p -Q -R -S -W -w"


def _ssh(argv: tuple[str, ...], stdin: str | None) -> Inside | None:
    given = options(argv[1:], _SSH)
    if not given.rest:
        return None
    after = options(given.rest[1:], _SSH)  # `ssh host -p 22 cmd` is taken too
    host = re.sub(r"^(ssh://)?([^@/]*@)?", "", given.rest[0]).partition(":")[0]
    if after.rest:
        return Inside("ssh", (Part(text=" ".join(after.rest), remote=host),))
    return Inside("ssh", (Part(text=stdin, remote=host),)) if stdin is not None else None


_CONTAINER_GLOBALS = "-H --host -c --context --config -l --log-level --tlscacert --tlscert --tlskey --connection --url"
_COMPOSE_GLOBALS = "-f --file -p --project-name --profile --env-file --project-directory --ansi --parallel --progress"
EXEC_OPTIONS = "-e --env --env-file -u --user -w --workdir --detach-keys --index"
RUN_OPTIONS = (
    EXEC_OPTIONS + " -v --volume -p --publish --name --network --net --mount --entrypoint -h --hostname -l --label -m"
    " --memory --memory-swap --cpus --cpuset-cpus --restart --platform --add-host --pull --gpus --ipc --pid"
    " --device --link --log-driver --log-opt --shm-size --ulimit --tmpfs --cap-add --cap-drop --security-opt"
    " --expose --dns --cidfile --network-alias --ip --userns --uts --runtime --stop-signal --stop-timeout"
    " --volumes-from --group-add --sysctl --health-cmd --health-interval --health-retries --health-timeout"
    " --annotation --secret --pod --arch --os"
    " -a --attach"
)


def _container(argv: tuple[str, ...], _stdin: str | None) -> Inside | None:
    """`docker [compose|container] exec|run [options] NAME CMD`: runs inside, and uses or starts what it runs in."""
    given = options(argv[1:], _CONTAINER_GLOBALS if argv[0] not in _COMPOSES else _COMPOSE_GLOBALS)
    rest = given.rest
    if rest[:1] == ("compose",):
        rest = options(rest[1:], _COMPOSE_GLOBALS).rest
    elif rest[:1] == ("container",):
        rest = rest[1:]
    if rest[:1] not in (("exec",), ("run",)):
        return None
    runs = rest[0] == "run"
    inner = options(rest[1:], RUN_OPTIONS if runs else EXEC_OPTIONS)
    words = inner.rest[1:]
    entrypoint = inner.get("--entrypoint")
    words = (entrypoint, *words) if entrypoint else words
    if not words:
        return None
    remote = f"container:{inner.get('--name') or inner.rest[0]}"
    env, _ = assignments(tuple(inner.given[name] for name in ("-e", "--env") if name in inner.given))
    part = Part(argv=words, remote=remote, cwd=inner.get("-w", "--workdir") or "", env=env)
    return Inside(f"{argv[0]} {rest[0]}", (part,), outer=True)


_COMPOSES = frozenset(("docker-compose", "podman-compose"))


def _kubectl(argv: tuple[str, ...], _stdin: str | None) -> Inside | None:
    """`kubectl -n NS exec POD -- CMD`."""
    if "exec" not in argv or "--" not in argv:
        return None
    cut = argv.index("--")
    before = argv[argv.index("exec") + 1 : cut]
    pods = [w for n, w in enumerate(before) if not w.startswith("-") and before[n - 1 : n] not in (("-c",), ("-n",))]
    words = argv[cut + 1 :]
    if not pods or not words:
        return None
    return Inside(f"{argv[0]} exec", (Part(argv=words, remote=f"pod:{pods[0]}", cwd=""),))


def _tmux(argv: tuple[str, ...], _stdin: str | None) -> Inside | None:
    """A command that a terminal multiplexer runs in a window of its own goes on in the background."""
    given = options(argv[1:], "-L -S -f -c -T")
    if given.rest[:1] and given.rest[0] in ("new-session", "new", "new-window", "neww", "split-window", "splitw"):
        inner = options(given.rest[1:], "-c -e -F -n -s -t -x -y -l -p")
        if inner.rest:
            text = " ".join(inner.rest)
            return Inside("tmux", (Part(text=text, cwd=inner.get("-c"), background=True),), outer=True)
    if given.rest[:1] in (("send-keys",), ("send",)):
        keys = [word for word in options(given.rest[1:], "-t -N").rest if word not in ("Enter", "C-m", "KPEnter")]
        if keys and " " in keys[0]:
            return Inside("tmux", (Part(text=" ".join(keys), cwd="", background=True),), outer=True)
    return None


def _screen(argv: tuple[str, ...], _stdin: str | None) -> Inside | None:
    given = options(argv[1:], "-S -c -e -h -p -s -t -T -X")
    if given.get("-X") is None and given.get("-d", "-D", "-m") is not None and given.rest:
        return Inside("screen", (Part(argv=given.rest, background=True),), outer=True)
    return None


_Special = Callable[["tuple[str, ...]", "str | None"], "Inside | None"]
_SPECIAL: dict[str, _Special] = {
    **dict.fromkeys(SHELLS, _shell),
    **dict.fromkeys(("docker", "podman", "nerdctl", *_COMPOSES), _container),
    **dict.fromkeys(("kubectl", "oc"), _kubectl),
    **dict.fromkeys(("su", "runuser", "sg"), _su),
    **dict.fromkeys(("powershell", "pwsh"), _powershell),
    **dict.fromkeys(("fd", "fdfind"), _fd),
    **dict.fromkeys(("nix-shell", "nix"), _nix_shell),
    **dict.fromkeys(("parallel", "parallel-rust"), _parallel),
    **dict.fromkeys(("xargs", "gxargs"), _xargs),
    **dict.fromkeys(("find", "gfind"), _find),
    "cmd": _cmd,
    "screen": _screen,
    "script": _script,
    "ssh": _ssh,
    "tmux": _tmux,
    "watch": _watch,
}
