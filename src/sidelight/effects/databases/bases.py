"""Which database a command means: from its options, its environment, and the project's files."""

# ruff: noqa: ARG001, S104 - all rows of a table have one shape; addresses are compared, nothing listens

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from sidelight import targets
from sidelight.actions import Draft, Touch
from sidelight.effects import UNKNOWN, Command, Effects, places
from sidelight.effects.databases.steps import NOTHING, READ, STEPS
from sidelight.effects.databases.tools import OWN_VARIABLES, STAGE_VARIABLES, TOOL_URLS, URL_VARIABLES
from sidelight.effects.options import Words
from sidelight.facts import Facts
from sidelight.records import NamedTuple


class Base(NamedTuple):
    """A database as a target key and a short name; `file` is its path if it is a file."""

    key: str
    name: str
    file: str | None = None

    def touch(self, effect: str, facts: Facts) -> Touch:
        return places.file_touch(facts, self.file, effect) if self.file else Touch(self.key, effect)


_LOCAL = frozenset({"", "localhost", "127.0.0.1", "::1", "0.0.0.0", ".", "(local)", "host.docker.internal"})
_COMPOSE_HOSTS = frozenset("db database postgres postgresql pg mysql mariadb mongo mongodb redis valkey cache".split())
_PORTS = {
    "postgres": 5432,
    "postgresql": 5432,
    "pgsql": 5432,
    "pg": 5432,
    "ecto": 5432,
    "cockroachdb": 26257,
    "mysql": 3306,
    "mysql2": 3306,
    "trilogy": 3306,
    "mariadb": 3306,
    "mongodb": 27017,
    "redis": 6379,
    "rediss": 6379,
    "sqlserver": 1433,
    "mssql": 1433,
    "clickhouse": 9000,
    "valkey": 6379,
    "http": 80,
    "https": 443,
    "postgis": 5432,
}
_URL = re.compile(
    r"(?:jdbc:)?([A-Za-z][\w+.-]*):(?://(?:[^/@]*@)?(\[[^\]]*\]|[^/:?,;]*)(?::(\d+))?[^/?;]*)?/?([^?;]*)(.*)", re.DOTALL
)
_CONNINFO = re.compile(r"(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|(\S+))")


def machine(command: Command, facts: Facts) -> str:
    """The machine a command really runs on: a container runs on the machine that runs it (`m1/shop-db-1` on `m1`)."""
    remote = command.remote
    return remote if remote and ":" not in remote else facts.machine.partition("/")[0]


def server(command: Command, facts: Facts, host: str | None, port: int | str) -> str:
    """A server's name: `m1:5432` for one on this machine, `db.acme.io:5432` for another."""
    host = (host or "").strip("[]").casefold()
    here = machine(command, facts)
    if host in _LOCAL or host.startswith("/") or host in _COMPOSE_HOSTS or host == here.casefold():
        inside = (command.remote or "").partition(":")
        if inside[1] and inside[2]:
            return f"{here}:{_container(command, facts, inside[2])}"
        return f"{here}:{port}"
    return f"{host}:{port}"


def _container(command: Command, facts: Facts, name: str) -> str:
    """`docker exec shop-db-1` and `docker compose exec db` in `shop/` are the same server."""
    numbered = re.fullmatch(r"(.+?)[-_](\d+)", name)
    if numbered:
        return numbered[1].replace("_", "-")
    if any("compose" in wrapper for wrapper in command.through):
        project = command.env.get("COMPOSE_PROJECT_NAME") or facts.env.get("COMPOSE_PROJECT_NAME")
        return f"{project or places.root(facts).rpartition('/')[2]}-{name}"
    return name


def base_at(command: Command, facts: Facts, host: str | None, port: int | str, name: str | None) -> Base:
    """The database of this name at this server."""
    name = places.known(name) or "default"
    if str(port) == "54322":  # what `supabase start` listens on
        return _supabase_local(command, facts)
    return Base(f"db:{server(command, facts, host, port)}/{name}", name)


def base_of_url(command: Command, facts: Facts, url: str, directory: str | None = None) -> Base | None:
    """The database that a URL, a JDBC URL, a libpq conninfo or a SQLite file name means. None if it cannot be read."""
    url = url.strip().strip("'\"")
    if not url or UNKNOWN in url:
        return None
    scheme = re.match(r"(?:jdbc:)?([A-Za-z][\w.-]*)(?:\+\w+)?:", url)
    kind = scheme[1].casefold() if scheme else ""
    if kind in ("sqlite", "sqlite3", "file", "duckdb"):
        return file_base(facts, re.sub(r"^(?:jdbc:)?[\w+.-]+:", "", url).partition("?")[0], directory, kind)
    found = _URL.fullmatch(url) if scheme else None
    if found and (kind in _PORTS or "://" in url):
        query = dict(_CONNINFO_PAIR.findall(found[5]))
        host = found[2] or query.get("host")
        name = found[4].strip("/") or query.get("dbname") or query.get("databaseName")
        return base_at(command, facts, host, found[3] or query.get("port") or _PORTS.get(kind, 0), name)
    pairs = {key.casefold(): quoted or bare for key, quoted, bare in _CONNINFO.findall(url)}
    if "dbname" in pairs or "host" in pairs or "database" in pairs:
        name = pairs.get("dbname") or pairs.get("database") or pairs.get("user")
        return base_at(command, facts, pairs.get("host"), pairs.get("port") or 5432, name)
    return None


_CONNINFO_PAIR = re.compile(r"[?&;](\w+)=([^&;]*)")


def file_base(facts: Facts, path: str, directory: str | None, kind: str) -> Base | None:
    if kind.startswith("sqlite") and path.startswith("///"):  # sqlite:///relative, sqlite:////absolute
        path = path[3:]
    elif path.startswith("//"):
        path = path[2:]
    if not path or ":memory:" in path:
        return None
    whole = path if path.startswith(("/", "~")) or not directory else f"{directory}/{path}"
    real = facts.real(whole)
    return Base(targets.path(facts.machine, real), places.name_of(facts, real), real)


def _supabase_local(command: Command, facts: Facts) -> Base:
    return Base(f"db:{machine(command, facts)}/supabase-local", "supabase-local")


def variable_of(command: Command, facts: Facts, *names: str) -> str | None:
    for name in names:
        value = places.known(command.env.get(name) or facts.env.get(name))
        if value:
            return value
    return None


_ENV_FILES = (".env", ".env.local", ".env.development", "prisma/.env")
_ENV_LINE = re.compile(r"^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$", re.MULTILINE)


def env_file(text: str) -> dict[str, str]:
    """The variables of a `.env` file, references to its own earlier ones filled in."""
    found: dict[str, str] = {}
    for name, raw in _ENV_LINE.findall(text):
        value = raw[1:].partition(raw[0])[0] if raw[:1] in ("'", '"') else raw.partition(" #")[0].strip()
        found[name] = re.sub(r"\$\{?(\w+)\}?", lambda ref: found.get(ref[1], ref[0]), value)
    return found


def from_env_files(facts: Facts, names: Sequence[str]) -> str | None:
    for directory in dict.fromkeys((facts.cwd, places.root(facts))):
        for file in _ENV_FILES:
            text = facts.read(f"{directory}/{file}") if directory else None
            values = env_file(text) if text else {}
            value = next((values[name] for name in names if values.get(name)), None) or _laravel(values)
            if value:
                return value
    return None


def _laravel(values: Mapping[str, str]) -> str | None:
    """Laravel's DB_* variables as a URL."""
    if not values.get("DB_DATABASE"):
        return None
    kind = values.get("DB_CONNECTION") or "mysql"
    if kind == "sqlite":
        return f"sqlite:{values['DB_DATABASE']}"
    port = f":{values['DB_PORT']}" if values.get("DB_PORT") else ""
    return f"{kind}://{values.get('DB_HOST', 'localhost')}{port}/{values['DB_DATABASE']}"


def default_base(facts: Facts, stage: str | None = None) -> Base:
    """The database of a project that does not say which."""
    key = places.default_database(facts, stage)
    name = key.rpartition("/")[2]
    return Base(key, name if stage in ("prod", "staging") else f"{name} database")


def _stage(command: Command, facts: Facts, words: Words) -> str | None:
    told = words.value("--env", "-e", "--environment", "--settings") or variable_of(command, facts, *STAGE_VARIABLES)
    return places.stage_of(told)


def project_base(tool: str, words: Words, command: Command, facts: Facts) -> Base:
    """The database a migration tool works on here."""
    stage = _stage(command, facts, words)
    if tool == "supabase":
        return _supabase_base(words, command, facts)
    own = words.values("-e") if tool == "dbmate" else ()  # the variable that holds the URL
    names = (*own, *OWN_VARIABLES.get(tool, ()), *URL_VARIABLES)
    told: Iterable[str | None] = (
        words.value(*TOOL_URLS),
        _dsn(tool, words),
        variable_of(command, facts, *names),
    )
    for url in told:
        base = base_of_url(command, facts, url) if url else None
        if base:
            return base
    configured = _CONFIGURED.get(tool)
    base = configured(words, command, facts, stage) if configured else None
    if base:
        return base
    variables = {**facts.env, **command.env}
    url = (_laravel(variables) if "DB_DATABASE" in variables else None) or (
        from_env_files(facts, names) if stage in (None, "dev") else None
    )
    return (base_of_url(command, facts, url) if url else None) or default_base(facts, stage)


def _dsn(tool: str, words: Words) -> str | None:
    """`goose postgres "host=… dbname=…" up`, `sqlx … -D URL`."""
    if tool == "goose" and len(words.plain) > 2:
        kind, dsn = words.plain[:2]
        return (
            f"sqlite:{dsn}" if kind.startswith("sqlite") else dsn if "://" in dsn or "=" in dsn else f"{kind}://{dsn}"
        )
    return words.value("-D") if tool == "sqlx" else None


Configured = Callable[[Words, Command, Facts, str | None], Base | None]


def _prisma(words: Words, command: Command, facts: Facts, stage: str | None) -> Base | None:
    path = words.value("--schema") or "prisma/schema.prisma"
    text = facts.read(path) or facts.read("schema.prisma") or ""
    found = re.search(r"datasource\s+\w+\s*\{(.*?)\}", text, re.DOTALL)
    url = re.search(r"^\s*url\s*=\s*(?:env\(\"(\w+)\"\)|\"([^\"]*)\")", found[1], re.MULTILINE) if found else None
    if not url:
        return None
    value = url[2] or variable_of(command, facts, url[1]) or from_env_files(facts, (url[1],))
    directory = facts.real(path).rpartition("/")[0]
    return base_of_url(command, facts, value, directory) if value else None


def _ini_url(words: Words, command: Command, facts: Facts, stage: str | None) -> Base | None:
    text = facts.read(words.value("-c", "--config") or "alembic.ini") or ""
    found = re.search(r"^\s*sqlalchemy\.url\s*=\s*(\S+)", text, re.MULTILINE)
    usable = found and not found[1].startswith("driver:") and "%(" not in found[1]
    return base_of_url(command, facts, found[1]) if found and usable else None


_LITERAL_URL = re.compile(
    r"\b(?:url|uri|connectionString|connection)\b['\"]?\s*[:=]\s*(?:process\.env\.(\w+)!?|"
    r"process\.env\[['\"](\w+)['\"]\]|"
    r"['\"]([a-z][\w+]*:[^'\"]+)['\"])"
)


def _js_config(*files: str) -> Configured:
    def look(words: Words, command: Command, facts: Facts, stage: str | None) -> Base | None:
        given = words.value("--config", "--knexfile", "-d", "--dataSource")
        for file in (given, *files):
            found = _LITERAL_URL.search(facts.read(file) or "") if file else None
            if found:
                variable = found[1] or found[2]
                url = found[3] or variable_of(command, facts, variable) or from_env_files(facts, (variable,))
                if url:
                    return base_of_url(command, facts, url)
        return None

    return look


def _rails_yml(words: Words, command: Command, facts: Facts, stage: str | None) -> Base | None:
    environment = variable_of(command, facts, "RAILS_ENV", "RACK_ENV") or "development"
    return rails_base(environment, command, facts)


def rails_base(environment: str, command: Command, facts: Facts) -> Base | None:
    """The database of one environment in `config/database.yml`."""
    text = facts.read("config/database.yml") or facts.read(f"{places.root(facts)}/config/database.yml")
    values = _yaml_section(text or "", environment, command, facts)
    if values.get("url"):
        return base_of_url(command, facts, values["url"])
    if not values.get("database"):
        return None
    adapter = values.get("adapter", "postgresql")
    if adapter.startswith("sqlite"):
        return file_base(facts, values["database"], None, "file")
    return base_at(
        command, facts, values.get("host"), values.get("port") or _PORTS.get(adapter, 5432), values["database"]
    )


_ERB = re.compile(
    r"<%=\s*ENV(?:\.fetch\(\s*|\[)['\"](\w+)['\"](?:\s*,\s*['\"]?([^'\")]*)['\"]?)?\s*[)\]]\s*"
    r"(?:\{\s*['\"]?([^'\"}]*?)['\"]?\s*\}|\|\|\s*['\"]([^'\"]*)['\"])?\s*%>"
)


def _yaml_section(text: str, section: str, command: Command, facts: Facts) -> dict[str, str]:
    """The plain keys of a top section, with those of the section it is merged from (`<<: *default`)."""
    text = _ERB.sub(
        lambda erb: variable_of(command, facts, erb[1]) or erb[2] or erb[3] or erb[4] or "",
        re.sub(r"(?m)^\s*#.*$", "", text),
    )
    blocks = {
        found[1]: found[2]
        for found in re.finditer(r"^([\w-]+):[^\n]*\n((?:[ \t]+[^\n]*\n?|\s*\n)*)", text, re.MULTILINE)
    }
    block = blocks.get(section, "")
    merged = re.search(r"<<:\s*\*(\w+)", block)
    lines = (blocks.get(merged[1], "") if merged else "") + block
    values = re.findall(
        r"^\s+(database|host|port|url|adapter):[ \t]*['\"]?([^'\"\n#]*?)['\"]?[ \t]*(?:#.*)?$", lines, re.MULTILINE
    )
    return {key: value for key, value in values if value and "<%" not in value}


def _django(words: Words, command: Command, facts: Facts, stage: str | None) -> Base | None:
    for directory in dict.fromkeys((facts.cwd, places.root(facts))):
        if directory and not from_env_files(facts, URL_VARIABLES) and facts.glob(f"{directory}/db.sqlite3"):
            return file_base(facts, f"{directory}/db.sqlite3", None, "file")
    return None


def _supabase_base(words: Words, command: Command, facts: Facts) -> Base:
    url = words.value("--db-url")
    base = base_of_url(command, facts, url) if url else None
    if base:
        return base
    pushes = words.plain[:2] in (
        ("db", "push"),
        ("db", "pull"),
        ("db", "dump"),
        ("migration", "repair"),
        ("db", "remote"),
    )
    if words.on("--linked") or (pushes and not words.on("--local")):
        ref = (
            facts.read("supabase/.temp/project-ref")
            or facts.read(f"{places.root(facts)}/supabase/.temp/project-ref")
            or ""
        ).strip()
        return Base(
            f"db:supabase/{ref}" if ref else f"db:{places.repository(facts)}/supabase", ref or "linked database"
        )
    return _supabase_local(command, facts)


_CONFIGURED: dict[str, Configured] = {
    "prisma": _prisma,
    "alembic": _ini_url,
    "flask db": _ini_url,
    "rails": _rails_yml,
    "manage.py": _django,
    "drizzle-kit": _js_config("drizzle.config.ts", "drizzle.config.js", "drizzle.config.mjs"),
    "knex": _js_config("knexfile.js", "knexfile.ts", "knexfile.cjs"),
    "typeorm": _js_config("src/data-source.ts", "data-source.ts", "ormconfig.ts", "ormconfig.json"),
    "sequelize": _js_config("config/config.js", "config/config.json", ".sequelizerc"),
}


def drafts_of(step: str, bases: Iterable[Base], summary: str, facts: Facts) -> Effects:
    """One draft for what a step does to these databases."""
    found = list(bases)
    if step == READ:
        return Effects(reads=True)
    if step == NOTHING or not found:
        return Effects()
    kind, effect = STEPS[step]
    touches = tuple(dict.fromkeys(base.touch(effect, facts) for base in found))
    return Effects((Draft(kind, target=found[0].name, touches=touches, summary=summary),))


def sibling(base: Base, name: str) -> Base:
    """Another database of the same server."""
    return base if base.file else Base(f"{base.key.rpartition('/')[0]}/{name}", name)
