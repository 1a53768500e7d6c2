"""What commands do to running things: kills by number, port and pattern, services, containers, and servers that start.

    read(Command(("pkill", "-f", "next dev")), facts).drafts[0].touches    # every process of the machine that matches
    read(Command(("next", "dev", "-p", "3100")), facts)                    # port 3100, and what runs from where
    read_script(Command(("npm", "run", "dev")), facts)                     # looks up what the script runs

A process is remembered by every name and command line it may run under, one a line (`targets.process_matches`):
`next dev` shows up as `next-server`. A kill by pattern touches all processes of its machine and says the pattern; who
is meant is for the advisory to tell. The table of servers and their ports is `servers`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable

from sidelight import targets
from sidelight.actions import DESTROYS, USES, Draft, Touch
from sidelight.effects import UNKNOWN, Command, Effects, servers
from sidelight.effects.drafts import NOTHING, READ, one, port, runs_from
from sidelight.effects.options import Words, split
from sidelight.effects.places import root, summary
from sidelight.facts import Facts

Row = Callable[[Command, Facts], "Effects | None"]

# ── kills ─────────────────────────────────────────────────────────────────────────────────────────────────────────

#: Programs that hold whole sessions: who kills them by name ends somebody's work in the middle.
AGENTS = (
    "claude codex gemini copilot opencode cursor-agent aider goose amp crush qwen droid kiro-cli tmux screen zellij"
).split()


def by_pattern(pattern: str | None, facts: Facts, *, full: bool, exact: bool) -> tuple[Touch, ...]:
    """A kill of all that match; None: of everything there is."""
    everything = Touch(f"process:{facts.machine}", DESTROYS)
    sessions = Touch(f"session:{facts.machine}", DESTROYS)
    if pattern is None:
        return everything, sessions
    found = everything._replace(value={"pattern": pattern, "full": full, "exact": exact})
    hit = any(targets.process_matches(pattern, full=full, exact=exact, title=name) for name in AGENTS)
    return (found, sessions) if hit else (found,)


def _aim(command: Command, facts: Facts) -> tuple[Touch, ...]:
    """Whom `$(lsof -ti :3000)`, `$(pgrep -f x)` and `ps aux | grep x | awk … | xargs` pick out."""
    found: list[Touch] = []
    listed = ""
    for source in command.sources or ((command.upstream,) if command.upstream else ()):
        name = source[0].lower()
        if name in ("lsof", "ss", "netstat", "fuser", "ps", "get-nettcpconnection", "get-process", "gps"):
            listed = name
            found += [port(facts, number, DESTROYS) for number in _ports_named(source)]
            if name in ("get-process", "gps"):
                found += [t for word in _names(source) for t in by_pattern(word, facts, full=False, exact=True)]
        elif name in ("pgrep", "pidof"):
            words = split(source, valued=_PKILL_VALUED)
            full, exact = words.has("-f", "--full"), words.has("-x", "--exact") or name == "pidof"
            found += [t for word in words.after(0)[:1] for t in by_pattern(word, facts, full=full, exact=exact)]
        elif name in ("grep", "egrep", "rg", "awk", "findstr") and listed:
            found += _filtered(source, listed, facts)
    return tuple(found)


def _filtered(source: tuple[str, ...], listed: str, facts: Facts) -> list[Touch]:
    """The pattern of a `grep` or an `awk '/…/'` over a list of processes or of open ports."""
    if source[0] == "awk":
        between = re.search(r"/((?:[^/\\]|\\.)+)/", " ".join(source[1:]))
        pattern = between[1] if between else ""
    else:
        words = split(source, valued=("-e", "-m", "-A", "-B", "-C"))
        pattern = "" if words.has("-v", "--invert-match") else words.value("-e") or words.verb()
    number = re.fullmatch(r"[\"']?[:.]?(\d{2,5})[\s$\\b\"']*", pattern)
    if number and listed in ("lsof", "ss", "netstat"):
        return [port(facts, number[1], DESTROYS)]
    if not pattern or UNKNOWN in pattern or listed != "ps":
        return []
    return list(by_pattern(pattern, facts, full=True, exact=False))


def _ports_named(source: tuple[str, ...]) -> list[str]:
    """`-ti:3000`, `-i tcp:3000,3001`, `sport = :3000`, `3000/tcp`, `-LocalPort 3000`."""
    if source[0].lower() == "get-nettcpconnection":
        return [
            word for before, word in itertools.pairwise(source) if before.lower() == "-localport" and word.isdigit()
        ]
    text = " ".join(source[1:])
    found = [part for match in re.findall(r":(\d{1,5}(?:,\d{1,5})*)(?![\d:])", text) for part in match.split(",")]
    return found + re.findall(r"\b(\d{1,5})/(?:tcp|udp)\b", text)


def _names(argv: tuple[str, ...]) -> list[str]:
    """The names a PowerShell cmdlet is given: `-Name node`, or its first word."""
    for before, word in itertools.pairwise(argv):
        if before.lower() in ("-name", "-processname"):
            return word.split(",")
    return argv[1].split(",") if len(argv) > 1 and not argv[1].startswith("-") else []


def _kill(command: Command, facts: Facts) -> Effects:
    """By number. A number that only a variable or a file knows is mostly a process of one's own."""
    argv = command.argv
    if {"-0", "-l", "-L", "--list", "--table"} & set(argv) or (argv[1:3] in (("-s", "0"), ("-n", "0"))):
        return READ
    words = [word for at, word in enumerate(argv) if at and argv[at - 1] not in ("-s", "--signal", "-n")]
    numbers = [
        word for at, word in enumerate(words) if word.lstrip("-").isdigit() and (at > 0 or not word.startswith("-"))
    ]
    if "-1" in numbers:
        return one("process-kill", "every process", command, *by_pattern(None, facts, full=True, exact=False))
    touches = [Touch(f"process:{facts.machine}:pid:{number.lstrip('-')}", DESTROYS) for number in numbers]
    return _killed(command, [*touches, *_aim(command, facts)])


def _killed(command: Command, touches: list[Touch]) -> Effects:
    names = [_short(touch) for touch in touches if not touch.key.startswith("session:")]
    target = f"{names[0]} and {len(names) - 1} more" if len(names) > 1 else names[0] if names else None
    return one("process-kill", target, command, *touches)


def _short(touch: Touch) -> str:
    scheme, _, rest = touch.key.partition(":")
    if isinstance(touch.value, dict):
        return str(touch.value.get("pattern"))
    name = rest.partition(":")[2].removeprefix("pid:")
    return f"{scheme} {name}" if name else "every process"


_PKILL_VALUED = (
    "--signal -u --euid -U --uid -P --parent -g --pgroup -G --group -s --session -t --terminal -F --pidfile -r"
    " --runstates -d --delimiter --ns --nslist -q --queue -O --older -A"
).split()


def _pkill(command: Command, facts: Facts) -> Effects:
    named = re.compile(r"-(?:SIG)?[A-Z][A-Z0-9]+$|-\d+$")  # the signal: -9, -TERM, -SIGKILL
    argv = tuple(word for word in command.argv if not named.match(word))
    words = split(argv, valued=_PKILL_VALUED)
    if "-0" in command.argv or words.value("--signal") == "0" or words.has("-l", "--list", "-V"):
        return READ
    full, exact = words.has("-f", "--full"), words.has("-x", "--exact")
    touches: list[Touch] = []
    for word in words.after(0)[:1]:
        if UNKNOWN not in word:
            touches += by_pattern(word, facts, full=full, exact=exact)
    if not words.after(0) and words.has("-u", "-U", "--euid", "--uid"):
        touches += by_pattern(None, facts, full=True, exact=False)
    return _killed(command, touches)


def _killall(command: Command, facts: Facts) -> Effects:
    """Names are whole names, unless `-r` (`-m` on macOS) makes them patterns."""
    words = split(command.argv, valued=("-s", "--signal", "-u", "--user", "-o", "-y", "-n", "--ns", "-Z", "-t", "-c"))
    if words.has("-l", "--list", "-0", "--version") or words.value("-s", "--signal") == "0":
        return READ
    patterns = words.has("-r", "--regexp", "-m")
    names = [word for word in (*words.after(0), *words.values("-c")) if UNKNOWN not in word]
    touches = [touch for name in names for touch in by_pattern(name, facts, full=False, exact=not patterns)]
    if not names and words.has("-u", "--user"):
        touches += by_pattern(None, facts, full=True, exact=False)
    return _killed(command, touches)


def _fuser(command: Command, facts: Facts) -> Effects:
    words = split(command.argv, valued=("-n", "--namespace"))
    if not words.has("-k", "--kill"):
        return READ
    touches: list[Touch] = []
    for word in words.after(0):
        number = re.fullmatch(r"(\d+)(?:/(?:tcp|udp))?", word)
        if number and (words.has("-n", "--namespace") or "/" in word):
            touches.append(port(facts, number[1], DESTROYS))
        elif UNKNOWN not in word:
            touches.append(Touch(targets.path(facts.machine, facts.real(word)), DESTROYS))
    return _killed(command, touches)


def _taskkill(command: Command, facts: Facts) -> Effects:
    """`/IM node.exe`, `/PID 12`, `/FI "IMAGENAME eq node.exe"`; Git Bash doubles the slash."""
    touches: list[Touch] = []
    for before, word in zip(command.argv, command.argv[1:], strict=False):
        switch = before.lower().lstrip("/-")
        name = word.rpartition(" eq ")[2].strip("\"' ") if switch == "fi" and "imagename" in word.lower() else word
        if switch in ("im", "fi") and UNKNOWN not in name and name != "*":
            pattern = re.escape(name[:-1]) if name.endswith("*") else name
            touches += by_pattern(pattern, facts, full=False, exact=not name.endswith("*"))
        elif switch == "pid" and word.isdigit():
            touches.append(Touch(f"process:{facts.machine}:pid:{word}", DESTROYS))
    return _killed(command, [*touches, *_aim(command, facts)])


def _stop_process(command: Command, facts: Facts) -> Effects:
    low = [word.lower() for word in command.argv]
    if "-whatif" in low:
        return READ
    if command.argv[0].lower() == "kill" and not any(word.startswith(("-n", "-i", "-f")) for word in low[1:]):
        return _kill(command, facts)
    touches: list[Touch] = []
    for before, word in zip(low, command.argv[1:], strict=False):
        if before == "-id":
            touches += [
                Touch(f"process:{facts.machine}:pid:{one}", DESTROYS) for one in word.split(",") if one.isdigit()
            ]
        elif before in ("-name", "-processname"):
            touches += [t for one in word.split(",") for t in by_pattern(one, facts, full=False, exact="*" not in one)]
    if len(command.argv) > 1 and command.argv[1].isdigit():
        touches.append(Touch(f"process:{facts.machine}:pid:{command.argv[1]}", DESTROYS))
    return _killed(command, [*touches, *_aim(command, facts)])


def _kill_port(command: Command, facts: Facts) -> Effects:
    """`kill-port 3000 3001`, `fkill :3000`, `fkill node`."""
    words = split(command.argv, valued=("-p", "--port", "--method", "-m"))
    touches: list[Touch] = []
    for word in (*words.after(0), *words.values("-p", "--port")):
        numbers = re.findall(r"\d+", word)
        if re.fullmatch(r":?\d+(,\d+)*", word) and (command.argv[0] != "fkill" or word.startswith(":")):
            touches += [port(facts, number, DESTROYS) for number in numbers]
        elif word.isdigit():
            touches.append(Touch(f"process:{facts.machine}:pid:{word}", DESTROYS))
        elif UNKNOWN not in word:
            touches += by_pattern(word, facts, full=False, exact=True)
    return _killed(command, touches)


# ── terminals that hold sessions ──────────────────────────────────────────────────────────────────────────────────

_TMUX_READS = frozenset(
    "ls list-sessions lsw list-windows lsp list-panes lsc list-clients capture-pane capturep show-options show display"
    "display-message has-session has show-buffer showb list-keys lsk info show-environment showenv"
    " list-commands".split()
)


#: Keys that interrupt or end what runs in a window.
_INTERRUPTS = frozenset({"C-c", "C-d", "^C", "^D", "C-\\", "\x03", "\x04", "\\003", "\\004", "^C\n"})
_TMUX_ENDS = frozenset("kill-session kill-window killw kill-pane killp".split())
_TMUX_WORKS_IN = frozenset(
    "send-keys send new-window neww split-window splitw respawn-pane respawnp respawn-window respawnw".split()
)


def _tmux(command: Command, facts: Facts) -> Effects:
    """Whatever runs in a session ends with it; without a server of its own (`-L`) all sessions are on one."""
    words = split(command.argv, valued=("-L", "-S", "-f", "-c", "-T", "-t", "-s", "-n", "-e", "-F"))
    word = words.verb()
    server = words.value("-L", "-S")
    base = f"process:{facts.machine}:tmux" + (f"@{server}" if server else "")
    makes = word in ("new-session", "new")
    named = (words.value("-s") if makes else words.value("-t", "-s")) or ""
    named = named.lstrip("=").partition(":")[0].lstrip("%@")
    if word in _TMUX_READS:
        return READ
    if word == "kill-server" or (word == "kill-session" and words.has("-a")):
        sessions = () if server else (Touch(f"session:{facts.machine}", DESTROYS),)
        return _killed(command, [Touch(base, DESTROYS), *sessions])
    known = bool(named) and UNKNOWN not in named
    anew = word.startswith("respawn") and words.has("-k")
    stops = word in ("send-keys", "send") and _INTERRUPTS & set(words.after(1))
    if word in _TMUX_ENDS or anew or stops:
        return _killed(command, [Touch(f"{base}:{named}", DESTROYS)] if known else [])
    if known and (makes or word in _TMUX_WORKS_IN):
        return _terminal("tmux", base, named, command, title=f"tmux new-session -s {named}\ntmux")
    return NOTHING


def _terminal(program: str, base: str, named: str, command: Command, *, title: str) -> Effects:
    """A session that somebody starts or types into."""
    return one("run", f"{program} {named}", command, Touch(f"{base}:{named}", USES, title))


def _screen(command: Command, facts: Facts) -> Effects:
    words = split(command.argv, valued=("-S", "-r", "-p", "-c", "-t", "-X"))
    named = words.value("-S", "-r")
    base = f"process:{facts.machine}:screen"
    if words.has("-ls", "-list", "-l") or "-ls" in command.argv or "-list" in command.argv:
        return READ
    if "-wipe" in command.argv or ("quit" in command.argv and not named):
        return _killed(command, [Touch(base, DESTROYS), Touch(f"session:{facts.machine}", DESTROYS)])
    sent = words.value("-X") or ""
    if sent in ("quit", "kill") or (sent == "stuff" and _INTERRUPTS.intersection(words.after(0))):
        return _killed(command, [Touch(f"{base}:{named}", DESTROYS)])
    if named and (sent in ("", "stuff", "screen") and not words.has("-r", "-x")):
        return _terminal("screen", base, named, command, title=f"screen -S {named}\nscreen")
    return NOTHING


def _zellij(command: Command, facts: Facts) -> Effects:
    words = split(command.argv, valued=("-s", "--session"))
    word, base = words.verb(), f"process:{facts.machine}:zellij"
    if word in ("kill-all-sessions", "ka", "delete-all-sessions", "da"):
        return _killed(command, [Touch(base, DESTROYS), Touch(f"session:{facts.machine}", DESTROYS)])
    if word in ("kill-session", "k", "delete-session", "d"):
        return _killed(command, [Touch(f"{base}:{name}", DESTROYS) for name in words.after(1)])
    return READ if word in ("list-sessions", "ls") else NOTHING


# ── services of the machine ───────────────────────────────────────────────────────────────────────────────────────

#: The port by which others know a service.
_SERVICE_PORTS = {
    **dict.fromkeys(("postgresql", "postgres"), 5432),
    **dict.fromkeys(("mysql", "mysqld", "mariadb"), 3306),
    **dict.fromkeys(("redis", "redis-server", "valkey"), 6379),
    **dict.fromkeys(("mongod", "mongodb"), 27017),
    **dict.fromkeys(("nginx", "apache2", "httpd", "caddy"), 80),
    **dict.fromkeys(("rabbitmq", "rabbitmq-server"), 5672),
    **dict.fromkeys(("elasticsearch", "opensearch"), 9200),
    "memcached": 11211,
}
_STOPS = frozenset(
    "stop restart try-restart reload-or-restart kill disable mask condrestart force-reload unload bootout remove"
    " stop-service"
    " restart-service reload".split()
)
_STARTS = frozenset("start enable unmask load bootstrap run start-service".split())


def _service(verb: str, names: Iterable[str], command: Command, facts: Facts) -> Effects:
    effect = DESTROYS if verb in _STOPS else USES
    touches: list[Touch] = []
    units = [
        re.sub(r"\.(service|socket|timer|plist)$", "", name.rpartition("/")[2]) for name in names if UNKNOWN not in name
    ]
    for unit in units:
        touches.append(Touch(f"service:{facts.machine}/{unit}", effect))
        known = _SERVICE_PORTS.get(re.sub(r"[@-]?\d.*$", "", unit))
        if known:
            touches.append(port(facts, known, effect))
        if unit in ("docker", "containerd", "podman") and effect == DESTROYS:
            touches.append(Touch(f"container:{facts.machine}", DESTROYS))
    kind = "process-kill" if effect == DESTROYS else "server-start"
    return one(kind, ", ".join(units) or None, command, *touches)


def _systemctl(command: Command, facts: Facts) -> Effects:
    words = split(
        command.argv, valued=("-t", "--type", "-p", "--property", "-H", "--host", "-M", "-n", "-o", "-s", "--signal")
    )
    word = words.verb()
    if word in (
        "poweroff",
        "reboot",
        "halt",
        "kexec",
        "suspend",
        "hibernate",
        "isolate",
        "soft-reboot",
        "emergency",
        "rescue",
    ):
        return _halt(command, facts)
    if word in ("disable", "mask") and not words.has("--now"):
        return NOTHING
    if word in _STOPS or word in _STARTS:
        return (
            NOTHING
            if word in ("enable", "unmask") and not words.has("--now")
            else _service(word, words.after(1), command, facts)
        )
    return (
        NOTHING if word in ("daemon-reload", "daemon-reexec", "edit", "set-property", "reset-failed", "link") else READ
    )


def _halt(command: Command, facts: Facts) -> Effects:
    if {"-c", "--help", "-k", "-l"} & set(command.argv):
        return READ
    everything = by_pattern(None, facts, full=True, exact=False)
    return one("process-kill", "the machine", command, *everything, Touch(f"container:{facts.machine}", DESTROYS))


def _sysv(command: Command, facts: Facts) -> Effects:
    """`service NAME VERB` and `rc-service NAME VERB`."""
    words = split(command.argv)
    verb = words.verb(1)
    if verb in _STOPS or verb in _STARTS:
        return _service(verb, words.plain[:1], command, facts)
    return READ


def _windows_service(command: Command, facts: Facts) -> Effects | None:
    """`net stop NAME`, `sc stop NAME`, `Stop-Service NAME`."""
    name = command.argv[0].lower()
    words = [word for word in command.argv[1:] if not word.startswith("-")]
    if name in ("net", "net1", "sc"):
        return (
            _service(words[0].lower(), words[1:2], command, facts)
            if words[:1] and words[0].lower() in _STOPS | _STARTS
            else None
        )
    return _service(name, words[:1], command, facts)


def _launchctl(command: Command, facts: Facts) -> Effects:
    words = split(command.argv, valued=("-D",))
    word = words.verb()
    if word in ("list", "print", "blame", "dumpstate", "help", "version", "print-disabled", "managername", "error"):
        return READ
    verb = "restart" if word == "kickstart" and words.has("-k") else "start" if word == "kickstart" else word
    names = [name for name in words.after(1) if not name.startswith("SIG")][-1:]
    return _service(verb, names, command, facts) if verb in _STOPS or verb in _STARTS else NOTHING


_MANAGED_READS = frozenset(
    "list ls status l show describe desc info logs log monit prettylist jlist env ping tail avail pid"
    " version report id".split()
)


def _managed(command: Command, facts: Facts) -> Effects:
    """Process managers: pm2, supervisorctl, overmind, forever. `all`, or no name, is everything they run."""
    manager = command.argv[0].removesuffix("ctl")
    words = split(
        command.argv, valued=("--name", "-n", "-c", "-i", "--namespace", "--only", "-s", "-u", "-p", "-l", "--env")
    )
    word = words.verb()
    if word in _MANAGED_READS or (not word and manager == "supervisor"):
        return READ
    names = _managed_names(words, manager)
    if word in ("start", "s") and manager == "pm2":
        line = " ".join(word for word in words.after(1) if UNKNOWN not in word)
        title = f"pm2 start {line}\n{line}\nnode {line}"
        touches = [touch._replace(value=title) for touch in _both(manager, names, USES, facts)]
        return one("server-start", ", ".join(names), command, *touches, *runs_from(facts))
    if word in ("start", "s", "add"):
        return one("server-start", ", ".join(names), command, *_both(manager, names, USES, facts))
    if word in _MANAGED_STOPS:
        whole = not names or "all" in names or word in ("kill", "shutdown", "stopall")
        return _killed(command, _both(manager, [] if whole else names, DESTROYS, facts))
    return NOTHING


_MANAGED_STOPS = frozenset(
    "stop restart delete del kill reload gracefulReload startOrRestart startOrReload startOrGracefulReload remove"
    " shutdown quit stopall".split()
)


def _managed_names(words: Words, manager: str) -> list[str]:
    """Which of its programs are meant. pm2 calls a script that is given no name by the name of its file."""
    told = words.value("--only", "--name", "-n")
    if told and manager == "pm2":
        return told.split(",")
    names = [name.removesuffix(":*") for name in words.after(1) if UNKNOWN not in name]
    if manager == "pm2":
        names = [name for name in names if not re.search(r"\.(config\.[cm]?js|json|ya?ml)$", name)]
        names = (
            [re.sub(r"\.(js|mjs|cjs|ts|py|sh)$", "", name.rpartition("/")[2]) for name in names][:1]
            if (words.verb() == "start")
            else names
        )
    return names


def _both(manager: str, names: list[str], effect: str, facts: Facts) -> list[Touch]:
    """The programs of a manager, each a process and a service of this machine; all of them if none is named."""
    process, service = f"process:{facts.machine}:{manager}", f"service:{facts.machine}"
    if not names:
        return [Touch(process, effect)] + ([Touch(service, effect)] if effect == DESTROYS else [])
    return [Touch(key, effect) for name in names for key in (f"{process}:{name}", f"{service}/{name}")]


# ── servers ───────────────────────────────────────────────────────────────────────────────────────────────────────

_INTERPRETERS = frozenset("python python3 py ruby java node php perl".split())
_MODULES_THAT_END = frozenset("pip venv virtualenv uv poetry build twine pytest mypy compileall json.tool".split())
_RUNNING_VERBS = frozenset("run watch serve start dev bootRun".split())


def _serves(command: Command, facts: Facts) -> Effects | None:
    """A known server, or a program of one's own that is sent to the background."""
    found = servers.recognise(command, facts)
    if found is not None:
        return servers.started([found], command, facts)
    words = command.argv[1:]
    module = words[words.index("-m") + 1 :][:1] if "-m" in words else ()
    own = command.argv[0] in _INTERPRETERS and not _MODULES_THAT_END.intersection(module)
    runs = command.argv[0] in ("cargo", "go", "deno", "bun", "dotnet") and words[:1] and words[0] in _RUNNING_VERBS
    if command.background:
        return servers.in_background(command, facts) if own or runs else None
    if command.argv[0] == "node" and words and not words[0].startswith(("-e", "-p", "-i", "--eval", "--print")):
        return _used(command, facts)._replace(unknown=True)
    return None


# ── scripts of a project ──────────────────────────────────────────────────────────────────────────────────────────

_SERVER_NAMES = re.compile(
    r"^(dev|start|serve|server|preview|storybook|watch|develop)(?![a-z])|[:.-](dev|serve|watch|start)$"
)
_RUNS = frozenset("run run-script rum urn task x exec".split())
_SCRIPT_VALUED = "-C --dir --prefix --cwd -w --workspace --filter -F --project -p".split()


def read_script(command: Command, facts: Facts, depth: int = 0) -> Effects | None:
    """A script of the project (`npm run dev`), or a tool from its dependencies (`vitest --watch`)."""
    task, extra = _task(command.argv)
    if not task:
        return _serves(command, facts) or _used(command, facts)
    there = _package_directory(command.argv, facts)
    text = _script(task, there)
    if text is None:
        guess = command.background or bool(_SERVER_NAMES.search(task))
        return servers.started([servers.unknown(command, facts)], command, there) if guess else _used(command, there)
    found, drafts = _inside(text, extra, command, there, depth)
    if found or command.background:
        drafts = [*servers.started(found or [servers.unknown(command, facts)], command, there).drafts, *drafts]
        return Effects(tuple(drafts))
    return Effects((*_used(command, there).drafts, *drafts))


def _inside(
    text: str, extra: tuple[str, ...], command: Command, facts: Facts, depth: int
) -> tuple[list[servers.Server], list[Draft]]:
    """What a script's own text starts, and what else it does."""
    import shlex

    from sidelight.effects import shell, subjects

    line = f"{text} {shlex.join(extra)}" if extra else text
    found: list[servers.Server] = []
    drafts: list[Draft] = []
    for part in shell.commands(line, facts)[0]:
        inner = part._replace(env={**command.env, **part.env})
        place = facts.at(inner.cwd) if inner.cwd else facts
        server = servers.recognise(inner, place)
        if server:
            found.append(server)
        elif _task(inner.argv)[0]:
            done = read_script(inner, place, depth + 1) if depth < 4 else None
            drafts += done.drafts if done else ()
        else:
            drafts += [
                draft
                for draft in subjects.one_command(inner, place).drafts
                if draft.kind not in ("command", "deps-use")
            ]
    starts = [draft for draft in drafts if draft.kind == "server-start"]
    found += [servers.from_draft(draft) for draft in starts]
    return found, [draft for draft in drafts if draft.kind not in ("server-start", "deps-use")]


def _task(argv: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The script's name and the words that go to it."""
    program = argv[0]
    if program not in ("npm", "pnpm", "yarn", "bun", "deno"):
        return "", ()
    words = split(argv, valued=_SCRIPT_VALUED)
    explicit = words.verb() in _RUNS
    task = words.verb(1) if explicit else words.verb()
    if not task or UNKNOWN in task or (program == "npm" and not explicit and task not in _NPM_TASKS) or "/" in task:
        return "", ()
    rest = argv[argv.index(task) + 1 :]
    if "--" in rest:
        rest = rest[rest.index("--") + 1 :]
    elif program == "npm":
        rest = ()
    return _NPM_TASKS.get(task, task), rest


_NPM_TASKS = {"start": "start", "test": "test", "t": "test", "tst": "test", "stop": "stop", "restart": "restart"}


def _package_directory(argv: tuple[str, ...], facts: Facts) -> Facts:
    """Where the script's package.json is: told by an option, or found upwards."""
    words = split(argv, valued=_SCRIPT_VALUED)
    told = words.value("-C", "--dir", "--prefix", "--cwd")
    if told and UNKNOWN not in told:
        return facts.at(told)
    member = words.value("-w", "--workspace", "--filter", "-F")
    base = root(facts)
    if member and UNKNOWN not in member:
        name = member.rpartition("/")[2].strip(".")
        for place in (member, f"apps/{name}", f"packages/{name}", f"services/{name}", name):
            if facts.read(f"{base}/{place}/package.json"):
                return facts.at(f"{base}/{place}")
    here = facts.cwd
    while here.startswith(base) and len(here) > 1:
        if facts.read(f"{here}/package.json"):
            return facts.at(here)
        here = here.rpartition("/")[0]
    return facts


def _script(task: str, facts: Facts) -> str | None:
    """What `package.json` says that a script runs."""
    import json

    try:
        told = json.loads(facts.read("package.json") or "{}")
        text = told.get("scripts", {}).get(task)
    except (ValueError, AttributeError):
        return None
    return text if isinstance(text, str) and len(text) < 2000 else None


def _used(command: Command, facts: Facts) -> Effects:
    """Runs from the dependency tree, and is done soon."""
    python = command.argv[0] in ("pytest", "tox", "nox", "mypy", "pyright")
    ruby = command.argv[0] in ("rspec", "phpunit")
    touches = () if ruby else servers.dependency_trees("pip" if python else "npm", command, facts)
    target = targets.short(touches[0].key) if touches else facts.cwd
    return Effects((Draft("deps-use", target=target, touches=touches, summary=summary(command)),))


def _containers(command: Command, facts: Facts) -> Effects | None:
    from sidelight.effects import containers

    return containers.read(command, facts)


# ── the table ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _look(command: Command, facts: Facts) -> Effects:  # noqa: ARG001 - all rows have one shape
    return READ


_TABLE: dict[str, Row] = {
    **dict.fromkeys(servers.TOOLS, _serves),
    # kills
    "kill": _stop_process,
    **dict.fromkeys(("pkill", "skill"), _pkill),
    "killall": _killall,
    "killall5": _halt,
    "fuser": _fuser,
    "taskkill": _taskkill,
    **dict.fromkeys(("stop-process", "spps"), _stop_process),
    **dict.fromkeys(("kill-port", "fkill", "killport", "kill-port-process"), _kill_port),
    **dict.fromkeys(("reboot", "shutdown", "halt", "poweroff", "stop-computer", "restart-computer"), _halt),
    # terminals, services, managers
    "tmux": _tmux,
    "screen": _screen,
    "zellij": _zellij,
    "systemctl": _systemctl,
    **dict.fromkeys(("service", "rc-service"), _sysv),
    **dict.fromkeys(("net", "net1", "sc", "stop-service", "restart-service", "start-service"), _windows_service),
    "launchctl": _launchctl,
    **dict.fromkeys(("pm2", "supervisorctl", "overmind", "forever"), _managed),
    # containers
    **dict.fromkeys(("docker", "podman", "nerdctl", "docker-compose", "podman-compose"), _containers),
    # looking
    **dict.fromkeys(("get-process", "gps", "tasklist", "get-nettcpconnection", "get-service", "pidof", "pgrep"), _look),
}
_CMDLETS = (
    "Stop-Process Stop-Service Restart-Service Start-Service Get-Process Get-Service Stop-Computer Restart-Computer"
)
PROGRAMS: frozenset[str] = frozenset({*_TABLE, *_CMDLETS.split()})


def read(command: Command, facts: Facts) -> Effects | None:
    """What one simple command does to running things; None for a program or a verb that is not for here."""
    row = _TABLE.get(command.argv[0]) or _TABLE.get(command.argv[0].lower())
    return row(command, facts) if row else None
