"""Programs that stay: development servers and watchers, the port each takes, and the names it runs under.

    recognise(Command(("next", "dev", "-p", "3100")), facts)     # port 3100; shows up as `next-server` and `node`

`_TABLE` has a row for every way to start one. A port comes from the line (`--port`, `-b host:8000`, `PORT=`), from the
tool's config where that is one plain number, else from the tool's manual.
"""

from __future__ import annotations

import re

from sidelight.actions import USES, Draft, Touch
from sidelight.effects import UNKNOWN, Command, Effects
from sidelight.effects.drafts import port, runs_from, unique
from sidelight.effects.options import split
from sidelight.effects.places import name_of, root, summary
from sidelight.facts import Facts
from sidelight.records import NamedTuple


class Server(NamedTuple):
    """A server that a command starts. `lines` are the names and command lines it runs under; `ecosystem` is the package
    manager (`npm`, `pip`, '') whose tree it runs from.
    """

    port: int | None
    lines: tuple[str, ...]
    ecosystem: str = ""


class _Row(NamedTuple):
    """`verbs`: the first plain words that start it (() for any use); `unless`: options and verbs
    with which it is none; `only`: options without which it is none. `flags` name the port.
    """

    verbs: tuple[str, ...]
    port: int | None
    names: tuple[str, ...]
    ecosystem: str
    flags: tuple[str, ...]
    only: tuple[str, ...]
    unless: tuple[str, ...]


def _row(
    verbs: str = "",
    port: int | None = None,
    names: str = "",
    ecosystem: str = "",
    flags: str = "--port -p",
    only: str = "",
    unless: str = "",
) -> _Row:
    told = tuple(name.strip() for name in names.split(",") if name.strip())
    return _Row(
        tuple(verbs.split()), port, told, ecosystem, tuple(flags.split()), tuple(only.split()), tuple(unless.split())
    )


def _node(
    verbs: str, port: int | None, names: str = "", flags: str = "--port -p", only: str = "", unless: str = ""
) -> _Row:
    return _row(verbs, port, names + ",node", "npm", flags, only, unless)


def _python(verbs: str, port: int | None, flags: str = "--port -p", only: str = "", unless: str = "") -> _Row:
    return _row(verbs, port, "python3,python", "pip", flags, only, unless)


_WATCH = "--watch -w --watchAll"

_TABLE: dict[str, tuple[_Row, ...]] = {
    # JavaScript
    "next": (_node("dev start", 3000, "next-server (v15)"),),
    "vite": (
        _node("preview", 4173),
        _node("build optimize", None, only="--watch -w"),
        _node("", 5173, unless="build optimize"),
    ),
    "vinext": (_node("dev start", 3000),),
    "react-scripts": (_node("start", 3000),),
    "craco": (_node("start", 3000),),
    "vue-cli-service": (_node("serve", 8080),),
    **dict.fromkeys(("nuxt", "nuxi"), (_node("dev preview start", 3000),)),
    "astro": (_node("dev preview start", 4321),),
    "gatsby": (_node("develop", 8000), _node("serve", 9000)),
    "remix": (_node("dev vite:dev", 5173),),
    "remix-serve": (_node("", 3000),),
    "react-router": (_node("dev", 5173),),
    "react-router-serve": (_node("", 3000),),
    "ng": (_node("serve s dev", 4200),),
    "expo": (_node("start", 8081),),
    "metro": (_node("serve start", 8081),),
    "react-native": (_node("start", 8081),),
    "wrangler": (_node("dev", 8787, "workerd"),),
    "storybook": (_node("dev", 6006),),
    "start-storybook": (_node("", 6006),),
    "webpack-dev-server": (_node("", 8080, "webpack"),),
    "webpack": (_node("serve s server", 8080, "webpack"), _node("", None, only=_WATCH), _node("watch", None)),
    "rspack": (_node("serve dev", 8080),),
    "parcel": (_node("build", None, only=_WATCH), _node("", 1234, unless="build help")),
    "http-server": (_node("", 8080),),
    "serve": (_node("", 3000, flags="-l --listen -p"),),
    "live-server": (_node("", 8080),),
    "json-server": (_node("", 3000),),
    "nodemon": (_node("", None),),
    "ts-node-dev": (_node("", None),),
    "tsx": (_node("watch", None),),
    "tsc": (_node("", None, only="--watch -w", flags="--port"),),
    "rollup": (_node("", None, only="--watch -w", flags="--port"),),
    "esbuild": (_node("", 8000, only="--serve --watch", flags="--serve"),),
    "tailwindcss": (_node("", None, only="--watch -w"),),
    "sass": (_node("", None, only="--watch -w"),),
    "vitest": (_node("watch dev", None), _node("", 51204, only="--ui"), _node("", None, only=_WATCH)),
    "jest": (_node("", None, only=_WATCH, flags="--port"),),
    "turbo": (_node("dev watch", None), _node("run", None, only="--watch")),
    "nx": (_node("serve dev", 4200), _node("watch", None)),
    "nest": (_node("start", 3000),),
    "strapi": (_node("develop dev start", 1337),),
    "medusa": (_node("develop start", 9000),),
    "docusaurus": (_node("start serve", 3000),),
    "vitepress": (_node("dev", 5173), _node("preview", 4173)),
    "eleventy": (_node("", 8080, only="--serve"),),
    "vercel": (_node("dev", 3000, flags="--listen -l -p"),),
    "netlify": (_node("dev", 8888),),
    "firebase": (_node("emulators:start", 4000), _node("serve", 5000)),
    "prisma": (_node("studio", 5555),),
    "drizzle-kit": (_node("studio", 4983),),
    "convex": (_node("dev", 3210),),
    "sst": (_node("dev", None),),
    "serverless": (_node("offline", 3000, flags="--httpPort --port"),),
    "concurrently": (_node("", None),),
    "node": (_node("", None, only="--watch --inspect", flags="--port"),),
    "bun": (_node("", None, only="--hot --watch", flags="--port"),),
    "deno": (_row("serve", 8000, "deno"), _row("", None, "deno", only="--watch")),
    # Python
    "flask": (_python("run", 5000),),
    "uvicorn": (_python("", 8000, flags="--port"),),
    "gunicorn": (_python("", 8000, flags="-b --bind"),),
    "hypercorn": (_python("", 8000, flags="-b --bind"),),
    "granian": (_python("", 8000, flags="--port"),),
    "daphne": (_python("", 8000),),
    "waitress-serve": (_python("", 8080, flags="--port --listen"),),
    "fastapi": (_python("dev run", 8000, flags="--port"),),
    "litestar": (_python("run", 8000),),
    "sanic": (_python("", 8000),),
    "http.server": (_row("", 8000, "python3,python", flags="--port"),),
    "manage.py": (_python("runserver runserver_plus", 8000, flags="--port"), _python("runworker qcluster", None)),
    "django-admin": (_python("runserver", 8000, flags="--port"),),
    "streamlit": (_python("run", 8501, flags="--server.port"),),
    "gradio": (_python("", 7860),),
    "chainlit": (_python("run", 8000),),
    **dict.fromkeys(
        ("jupyter", "jupyter-lab", "jupyter-notebook"), (_python("lab notebook server", 8888, unless="--version"),)
    ),
    "tensorboard": (_python("", 6006, flags="--port"),),
    "mlflow": (_python("ui server", 5000),),
    "mkdocs": (_python("serve", 8000, flags="-a --dev-addr"),),
    "sphinx-autobuild": (_python("", 8000, flags="--port"),),
    "airflow": (_python("webserver standalone", 8080), _python("scheduler", None)),
    "dagster": (_python("dev", 3000),),
    "celery": (_python("worker beat flower", None, flags="--port"),),
    "rq": (_python("worker", None),),
    "watchmedo": (_python("", None),),
    "ptw": (_python("", None),),
    "locust": (_python("", 8089, flags="--web-port -P"),),
    # Ruby, PHP, Elixir, the JVM, .NET, Go, Rust
    "rails": (_row("server s", 3000, "puma,ruby"),),
    "puma": (_row("", 9292, "puma,ruby", flags="-p --port -b"),),
    "rackup": (_row("", 9292, "ruby"),),
    "jekyll": (_row("serve server s", 4000, "ruby", flags="-P --port"),),
    "middleman": (_row("server", 4567, "ruby"),),
    "sidekiq": (_row("", None, "ruby", flags="--port"),),
    "shotgun": (_row("", 9393, "ruby"),),
    **dict.fromkeys(("foreman", "overmind", "hivemind", "honcho"), (_row("start s", 5000, ""),)),
    "php": (_row("", None, "php", flags="-S", only="-S"),),
    "artisan": (_row("serve", 8000, "php", flags="--port"), _row("queue:work queue:listen horizon", None, "php")),
    "symfony": (_row("serve server:start local:server:start", 8000, "php"),),
    "mix": (_row("phx.server", 4000, "beam.smp"),),
    "iex": (_row("", None, "beam.smp", only="-S", flags="--port"),),
    "spring-boot:run": (_row("", 8080, "java"),),
    "bootRun": (_row("", 8080, "java"),),
    "quarkus:dev": (_row("", 8080, "java"),),
    "dotnet": (_row("watch", 5000, "dotnet", flags="--urls"),),
    "hugo": (_row("server serve", 1313, "hugo"),),
    "zola": (_row("serve", 1111, "zola"),),
    "mdbook": (_row("serve", 3000, "mdbook"),),
    "trunk": (_row("serve", 8080, "trunk"),),
    "air": (_row("", None, "air"),),
    **dict.fromkeys(("watchexec", "entr", "reflex", "modd", "wgo", "gow"), (_row("", None, ""),)),
    "cargo": (_row("watch leptos shuttle", None, "cargo"),),
    "bacon": (_row("", None, "bacon"),),
    # servers of their own
    "redis-server": (_row("", 6379, "redis-server", flags="--port"),),
    "valkey-server": (_row("", 6379, "valkey-server", flags="--port"),),
    "postgres": (_row("", 5432, "postgres", flags="-p"),),
    "mysqld": (_row("", 3306, "mysqld", flags="--port -P"),),
    "mongod": (_row("", 27017, "mongod", flags="--port", unless="--shutdown"),),
    "nginx": (_row("", 80, "nginx", flags="--port", unless="-s -t -T -v -V"),),
    "caddy": (_row("run start file-server", 443, "caddy", flags="--listen"),),
    "minio": (_row("server", 9000, "minio", flags="--address"),),
    "localstack": (_row("start", 4566, "localstack", flags="--port"),),
    "temporal": (_row("server", 7233, "temporal", flags="--port -p"),),
    "mailhog": (_row("", 8025, "MailHog", flags="--port"),),
    "mailpit": (_row("", 8025, "mailpit", flags="--listen"),),
    "ollama": (_row("serve", 11434, "ollama", flags="--port"),),
    "ngrok": (_row("http tcp start", 4040, "ngrok", flags="--port"),),
    "cloudflared": (_row("tunnel", None, "cloudflared", flags="--metrics"),),
    "tilt": (_row("up", 10350, "tilt", flags="--port"),),
    "skaffold": (_row("dev", None, "skaffold", flags="--rpc-port"),),
    "code-server": (_row("", 8080, "node", flags="--bind-addr --port"),),
    "mcp-inspector": (_node("", 6274),),
}

#: Programs of general use: a server only in the background, or as one of the above (`python -m http.server`).
_GENERAL = frozenset(
    "python python3 py ruby java go mvn mvnw gradle gradlew bundle poetry uv pipenv dotnet rake".split()
)
TOOLS: frozenset[str] = frozenset({*_TABLE, *_GENERAL, "spring", "bin/dev"})


def recognise(command: Command, facts: Facts) -> Server | None:
    """The server a command starts, None if it is none that is known."""
    argv = _tool(command.argv)
    rows = _TABLE.get(argv[0]) if argv else None
    if rows is None or argv[-1:] in (("--help",), ("-h",), ("--version",)):
        return None
    for row in rows:
        if not _fits(row, argv):
            continue
        return Server(_port(row, argv, command, facts), _lines(row, argv, facts), row.ecosystem)
    return None


def unknown(command: Command, facts: Facts) -> Server:
    """A script that by its name starts a server, and nobody knows which."""
    given = facts.env.get("PORT") if "PORT" in command.env else None
    number = port_option(command.argv) or given
    return Server(int(number) if number and number.isdigit() else None, ("node",), "npm")


def from_draft(draft: object) -> Server:
    """A server that another module recognised."""
    ports, lines = [], []
    for touch in getattr(draft, "touches", ()):
        if touch.key.startswith("port:"):
            ports.append(int(touch.key.rpartition(":")[2]))
        elif touch.key.startswith("process:"):
            lines += str(touch.value or "").splitlines()
    return Server(ports[0] if ports else None, tuple(lines))


def _tool(argv: tuple[str, ...]) -> tuple[str, ...]:
    """The words from the tool's own name on: `python -m uvicorn x` → `uvicorn x`, `php artisan` → `artisan`."""
    name, rest = re.sub(r"^(python|ruby)[\d.]+$", r"\1", argv[0]), argv[1:]
    if name in ("python", "py", "uv", "poetry"):
        while rest and rest[0].startswith("-") and rest[0] != "-m":
            rest = rest[2:] if rest[0] in ("-W", "-X") else rest[1:]
        if rest[:1] == ("-m",):
            return rest[1:]
        return ("manage.py", *rest[1:]) if rest and rest[0].endswith("manage.py") else ()
    if name == "php" and rest and rest[0].endswith("artisan"):
        return ("artisan", *rest[1:])
    if name in ("mvn", "mvnw", "gradle", "gradlew"):
        goal = next(
            (
                word.rpartition(":")[2] if word.startswith(":") else word
                for word in rest
                if word.endswith((":run", "bootRun", ":dev"))
            ),
            "",
        )
        return (goal, *rest) if goal else ()
    if name == "go" and rest[:2] == ("tool", "air"):
        return ("air",)
    if name == "ruby" and rest and re.search(r"(^|/)(rails|puma|rackup|jekyll)$", rest[0]):
        return (rest[0].rpartition("/")[2], *rest[1:])
    if name == "iex" and "phx.server" in rest:
        return ("mix", "phx.server")
    return (name, *rest)


_VALUED = ("--app", "-A", "--host", "--hostname", "--config", "--settings", "--mode", "--cwd", "--chdir", "--env-file")


def _fits(row: _Row, argv: tuple[str, ...]) -> bool:
    words = split(argv, valued=(*_VALUED, *row.flags, *(row.only if row.only == ("-S",) else ())))
    if row.verbs and words.verb() not in row.verbs:
        return False
    return (not row.only or words.has(*row.only)) and words.verb() not in row.unless and not words.has(*row.unless)


# ── ports ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def port_option(argv: tuple[str, ...]) -> str | None:
    """The number that any program would take for its port: `--port 3100`, `--port=3100`."""
    for before, word in zip(argv, (*argv[1:], ""), strict=True):
        if before in ("--port", "-port", "--http-port", "--server-port") and word.isdigit():
            return word
        found = re.match(r"-{1,2}(?:D?server\.|http-)?port=(\d+)$", before)
        if found:
            return found[1]
    return None


def _port(row: _Row, argv: tuple[str, ...], command: Command, facts: Facts) -> int | None:
    words = split(argv, valued=row.flags)
    given = words.value(*row.flags)
    number = _number(given) if given else port_option(argv)
    if given and UNKNOWN in given:
        return None
    if number is None and row.port is not None:
        number = _positional(argv)
    variables = ("PORT", *_VARIABLES.get(argv[0], ()))
    told = next((command.env[name] for name in variables if name in command.env), None)
    if (
        number is None
        and told is None
        and (row.ecosystem == "npm" or argv[0] in ("rails", "puma", "foreman"))
        and argv[0] != "vite"
    ):
        told = facts.env.get("PORT")
    if number is None and told is None:
        told = next((facts.env[name] for name in variables[1:] if name in facts.env), None)
    if number is None and told is not None:
        return _as_port(_number(told)) if UNKNOWN not in told else None
    return _as_port(number) or _configured(argv[0], facts) or row.port


def _as_port(number: str | None) -> int | None:
    return int(number) if number and 0 < int(number) < 65536 else None


def _number(text: str) -> str | None:
    """`3000`, `0.0.0.0:3000`, `:3000`, `tcp://127.0.0.1:3000`, `http://+:5001`."""
    found = re.search(r"(?:^|:)(\d{1,5})/?$", text.strip())
    return found[1] if found else None


_VARIABLES = {
    "flask": ("FLASK_RUN_PORT",),
    "uvicorn": ("UVICORN_PORT",),
    "dotnet": ("ASPNETCORE_URLS",),
    "spring-boot:run": ("SERVER_PORT",),
    "bootRun": ("SERVER_PORT",),
    "streamlit": ("STREAMLIT_SERVER_PORT",),
    "gradio": ("GRADIO_SERVER_PORT",),
}
_POSITIONAL = frozenset({"http.server", "manage.py", "django-admin"})


def _positional(argv: tuple[str, ...]) -> str | None:
    """`runserver 0.0.0.0:8001`, `python -m http.server 8001`."""
    if argv[0] not in _POSITIONAL:
        return None
    plain = split(argv, valued=("--bind", "-b", "--directory", "-d", "--settings")).after(
        0 if argv[0] == "http.server" else 1
    )
    return next((number for word in plain if (number := _number(word))), None)


_CONFIGS = {
    "vite": ("vite.config.ts", "vite.config.js", "vite.config.mts", "vite.config.mjs"),
    "astro": ("astro.config.mjs", "astro.config.ts"),
    "nuxt": ("nuxt.config.ts", "nuxt.config.js"),
    "webpack": ("webpack.config.js", "webpack.config.ts"),
    "wrangler": ("wrangler.toml",),
}


def _configured(tool: str, facts: Facts) -> int | None:
    """The one plain port number in a tool's config."""
    for name in _CONFIGS.get(tool, ()):
        found = set(re.findall(r"\bport\s*[:=]\s*(\d{2,5})\b", facts.read(name) or ""))
        if len(found) == 1:
            return int(found.pop())
    return None


# ── names ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _lines(row: _Row, argv: tuple[str, ...], facts: Facts) -> tuple[str, ...]:
    """What `ps` shows: the tool as called, the interpreter with the tool's file, and the names it gives itself."""
    from sidelight.effects.shell import summary as spelled

    called = spelled(argv)
    _, _, rest = called.partition(" ")
    lines = [called]
    base = root(facts).rstrip("/")
    if row.ecosystem == "npm" and argv[0] != "node":
        lines.append(f"node {base}/node_modules/.bin/{argv[0]} {rest}".strip())
    elif row.ecosystem == "pip":
        lines.append(f"python {base}/.venv/bin/{argv[0]} {rest}".strip())
    return (*lines, *row.names)


# ── what one that starts touches ──────────────────────────────────────────────────────────────────────────────────


def started(found: list[Server], command: Command, facts: Facts) -> Effects:
    """Servers that one command starts: ports, the names they run under, and what they run from."""
    said = summary(command)
    lines = [said, *(line for server in found for line in server.lines)]
    title = "\n".join(dict.fromkeys(line for line in lines if line))
    ports = list(dict.fromkeys(server.port for server in found if server.port))
    trees = [touch for server in found for touch in dependency_trees(server.ecosystem, command, facts)]
    process = Touch(f"process:{facts.machine}:{said}", USES, title)
    touches = unique((*(port(facts, number, USES) for number in ports), process, *runs_from(facts), *trees))
    target = f"port {ports[0]}" if ports else name_of(facts, facts.cwd) if facts.worktree != facts.cwd else facts.cwd
    return Effects((Draft("server-start", target=target, touches=touches, summary=said),))


def in_background(command: Command, facts: Facts) -> Effects:
    """Any program that goes on running after its call returned."""
    said = summary(command)
    spelled = command.program.replace("\\", "/")
    lines = [said, spelled + said[len(command.argv[0]) :] if "/" in spelled else "", command.argv[0]]
    title = "\n".join(line for line in dict.fromkeys(lines) if line)
    number = facts.env.get("PORT") if "PORT" in command.env else None
    number = number or port_option(command.argv)
    touches = [port(facts, number, USES)] if number and number.isdigit() else []
    trees = dependency_trees("pip", command, facts) if _python_runner(command) else ()
    touches += [Touch(f"process:{facts.machine}:{said}", USES, title), *runs_from(facts), *trees]
    return Effects((Draft("server-start" if number else "run", target=said, touches=tuple(touches), summary=said),))


def _python_runner(command: Command) -> str | None:
    """The manager whose environment a command runs in: `uv run …`."""
    runners = (runner.partition(" ")[0] for runner in command.through)
    return next((runner for runner in runners if runner in ("uv", "poetry", "pdm", "pipenv", "hatch")), None)


def dependency_trees(ecosystem: str, command: Command, facts: Facts) -> tuple[Touch, ...]:
    """The dependency tree that a tool runs from: the one of the manager that runs it (`uv run uvicorn`)."""
    if ecosystem not in ("npm", "pip"):
        return ()
    from sidelight.effects.dependencies import tree_touches
    from sidelight.effects.managers import MANAGERS

    if ecosystem == "pip":
        ecosystem = _python_runner(command) or "pip"
    words = split(command.argv)
    return tree_touches(USES, ecosystem, MANAGERS[ecosystem], command, words, facts)
