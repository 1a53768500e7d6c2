"""What commands do to databases: SQL shells, dumps and restores, migration tools, key-value stores.

Two questions are answered apart: *which* database (options, then environment, then the project's own files, then one
key for "this project's default database"), and *what happens to it* (`sql` for SQL texts, the tables below for tools).
"""

# ruff: noqa: ARG001, S104 - all rows of a table have one shape; addresses are compared, nothing listens
from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from sidelight import targets
from sidelight.actions import ADDS, DESTROYS, EDITS, REPLACES, USES, Draft, Touch
from sidelight.effects import UNKNOWN, Command, Effects, places, sql
from sidelight.effects.options import Words, split
from sidelight.facts import Facts

# ── what can happen, and what it is called ────────────────────────────────────────────────────────────────────────

READ, NOTHING, RUN, WRITE, MIGRATE, UNDO, RESET, DUMP, STOP = (
    "read",
    "nothing",
    "run",
    "write",
    "migrate",
    "undo",
    "reset",
    "dump",
    "stop",
)

#: step → (kind, effect); the mildest first.
STEPS: dict[str, tuple[str, str]] = {
    RUN: ("run", USES),  # code of one's own inside the application: it uses its database, for what is not known
    DUMP: ("db-dump", USES),
    WRITE: ("db-write", EDITS),
    MIGRATE: ("db-migrate", EDITS),
    UNDO: ("db-migrate", DESTROYS),
    RESET: ("db-reset", DESTROYS),
    STOP: ("process-kill", DESTROYS),
}
_STRENGTH = [READ, NOTHING, *STEPS]
_OF_LEVEL = {sql.WRITE: WRITE, sql.RESET: RESET, sql.KILL: STOP}


def _rows(**steps: str) -> dict[str, str]:
    """Verbs, separated by commas, each to its step."""
    return {verb.strip(): step for step, verbs in steps.items() for verb in verbs.split(",")}


#: Migration tools: verb → step. Verbs of several words are looked up longest first.
MIGRATORS: dict[str, dict[str, str]] = {
    "alembic": _rows(
        migrate="upgrade, stamp",
        undo="downgrade",
        nothing="revision, merge, edit, init, ensure_version",
        read="current, history, heads, show, branches, check, list_templates",
    ),
    "flask db": _rows(
        migrate="upgrade, stamp",
        undo="downgrade",
        nothing="migrate, revision, merge, edit, init",
        read="current, history, heads, show, branches, check, list-templates",
    ),
    "aerich": _rows(migrate="upgrade", undo="downgrade", nothing="migrate, init, init-db", read="history, heads"),
    "yoyo": _rows(
        migrate="apply, mark, develop", undo="rollback, reapply, unmark", write="break-lock", nothing="new", read="list"
    ),
    "manage.py": _rows(
        migrate="migrate",
        reset="flush, reset_db, reset_schema",
        dump="dumpdata",
        nothing="makemigrations",
        write="loaddata, createsuperuser, changepassword, createcachetable, clearsessions, remove_stale_contenttypes, "
        "seed, populate",
        run="shell, shell_plus, runscript",
        read="showmigrations, sqlmigrate, sqlflush, sqlsequencereset, inspectdb, check, diffsettings, help",
    ),
    "prisma": _rows(
        migrate="migrate deploy, migrate dev, db push",
        reset="migrate reset",
        write="db seed, db execute, migrate resolve",
        nothing="generate, init, db pull, format, studio",
        read="migrate status, migrate diff, validate, version, debug",
    ),
    "drizzle-kit": _rows(
        migrate="push, migrate, push:pg, push:mysql, push:sqlite",
        read="check",
        nothing="generate, introspect, pull, drop, up, studio, export, generate:pg, generate:mysql",
    ),
    "knex": _rows(
        migrate="migrate:latest, migrate:up",
        undo="migrate:rollback, migrate:down",
        write="seed:run, migrate:unlock",
        nothing="migrate:make, seed:make, init",
        read="migrate:list, migrate:status, migrate:currentVersion",
    ),
    "sequelize": _rows(
        migrate="db:migrate, db:migrate:schema:timestamps:add",
        undo="db:migrate:undo, db:migrate:undo:all, db:seed:undo, db:seed:undo:all",
        write="db:seed, db:seed:all, db:create",
        reset="db:drop",
        read="db:migrate:status",
        nothing="migration:generate, migration:create, model:generate, model:create, seed:generate, init",
    ),
    "typeorm": _rows(
        migrate="migration:run, schema:sync",
        undo="migration:revert",
        reset="schema:drop",
        read="migration:show, schema:log",
        nothing="migration:generate, migration:create, entity:create, init",
        write="cache:clear",
    ),
    "mikro-orm": _rows(
        migrate="migration:up, schema:update",
        undo="migration:down",
        reset="migration:fresh, schema:drop, schema:fresh, database:drop",
        write="seeder:run, schema:create, database:create",
        nothing="migration:create, seeder:create",
        read="migration:list, migration:pending, migration:check, debug",
    ),
    "db-migrate": _rows(
        migrate="up", undo="down", reset="reset, db:drop", nothing="create", read="check", write="db:create"
    ),
    "node-pg-migrate": _rows(migrate="up", undo="down, redo", nothing="create"),
    "payload": _rows(
        migrate="migrate",
        undo="migrate:down, migrate:refresh",
        reset="migrate:reset, migrate:fresh",
        nothing="migrate:create, generate:types",
        read="migrate:status",
    ),
    "rails": _rows(
        migrate="db:migrate, db:migrate:up, db:prepare",
        undo="db:rollback, db:migrate:down, db:migrate:redo, db:forward",
        reset="db:drop, db:drop:all, db:drop:_unsafe, db:reset, db:setup, db:schema:load, db:structure:load, "
        "db:migrate:reset, db:truncate_all, db:purge, db:purge:all, db:seed:replant, db:fixtures:load, "
        "db:test:prepare, "
        "db:test:load, db:test:purge, db:test:load_schema",
        write="db:create, db:create:all, db:seed, db:environment:set, db:sessions:clear",
        run="runner, r, console, c",
        read="db:migrate:status, db:version, db:abort_if_pending_migrations, db:charset, db:collation",
        nothing="db:schema:dump, db:structure:dump, db:schema:cache:dump, db:schema:cache:clear, db:system:change, "
        "db:encryption:init, db:_dump",
    ),
    "artisan": _rows(
        migrate="migrate, migrate:install",
        undo="migrate:rollback",
        reset="migrate:fresh, migrate:refresh, migrate:reset, db:wipe",
        write="db:seed, queue:flush, queue:clear",
        run="tinker",
        read="migrate:status, db:show, db:table, db:monitor",
        nothing="make:migration, make:seeder, schema:dump",
    ),
    "phinx": _rows(
        migrate="migrate",
        undo="rollback",
        write="seed:run, breakpoint",
        read="status, list",
        nothing="create, seed:create, init",
    ),
    "console": _rows(
        migrate="doctrine:migrations:migrate, doctrine:migrations:execute, doctrine:schema:update, d:m:m",
        reset="doctrine:database:drop, doctrine:schema:drop, doctrine:fixtures:load, d:d:d, d:f:l",
        write="doctrine:database:create, doctrine:schema:create, doctrine:query:sql, dbal:run-sql",
        read="doctrine:migrations:status, doctrine:migrations:list, doctrine:schema:validate, "
        "doctrine:migrations:up-to-date, doctrine:mapping:info",
        nothing="doctrine:migrations:diff, doctrine:migrations:generate, make:migration",
    ),
    "mix": _rows(
        migrate="ecto.migrate",
        undo="ecto.rollback",
        reset="ecto.reset, ecto.drop, ecto.load, ecto.setup",
        write="ecto.create, ecto.seed",
        read="ecto.migrations",
        nothing="ecto.gen.migration, ecto.gen.repo",
        dump="ecto.dump",
    ),
    "dbmate": _rows(
        migrate="up, migrate",
        undo="rollback, down",
        reset="drop, load",
        write="create",
        nothing="new, n",
        read="status, wait",
        dump="dump",
    ),
    "goose": _rows(
        migrate="up, up-by-one, up-to",
        undo="down, down-to, redo",
        reset="reset",
        read="status, version, validate",
        nothing="create, fix",
    ),
    "migrate": _rows(migrate="up, goto, force", undo="down", reset="drop", read="version", nothing="create"),
    "tern": _rows(
        migrate="migrate", nothing="new, init, renumber", read="status, print-connstring", write="code install"
    ),
    "flyway": _rows(
        migrate="migrate, baseline", undo="undo", reset="clean", write="repair", read="info, validate, check"
    ),
    "liquibase": _rows(
        migrate="update, update-count, update-to-tag, updateCount, changelog-sync, changelogSync, "
        "update-testing-rollback, tag",
        undo="rollback, rollback-count, rollback-to-date, rollbackCount, rollback-one-changeset",
        reset="drop-all, dropAll",
        write="release-locks, releaseLocks, clear-checksums, clearCheckSums, execute-sql",
        read="status, validate, history, diff, update-sql, updateSQL, rollback-sql, rollbackSQL, list-locks, snapshot, "
        "future-rollback-sql, unexpected-changesets, calculate-checksum, tag-exists, db-doc",
        nothing="generate-changelog, generateChangeLog, diff-changelog, diffChangeLog, init",
    ),
    "sqitch": _rows(
        migrate="deploy",
        undo="revert, rebase, checkout",
        read="status, log, plan, verify, show, config, target",
        nothing="add, init, rework, tag, bundle",
    ),
    "diesel": _rows(
        migrate="migration run, setup, database setup",
        undo="migration revert, migration redo",
        reset="database reset, database drop",
        read="migration list, migration pending, print-schema",
        nothing="migration generate, completions",
    ),
    "sqlx": _rows(
        migrate="migrate run",
        undo="migrate revert",
        reset="database drop, database reset",
        write="database create, database setup",
        read="migrate info",
        nothing="migrate add, prepare, completions",
    ),
    "atlas": _rows(
        migrate="schema apply, migrate apply, migrate set",
        undo="migrate down",
        reset="schema clean",
        read="schema inspect, schema diff, schema plan, migrate status, migrate lint, migrate validate, version, "
        "schema test",
        nothing="migrate diff, migrate new, migrate hash, migrate import, schema fmt, migrate test, migrate edit",
    ),
    "hasura": _rows(
        migrate="migrate apply, metadata apply, deploy",
        reset="metadata clear, migrate delete",
        write="seed apply, metadata reload, metadata inconsistency drop",
        read="migrate status, metadata diff, metadata inconsistency list, "
        "metadata inconsistency status, version, migrate preview",
        dump="metadata export",
        nothing="migrate create, migrate squash, seed create, init, console",
    ),
    "wp db": _rows(
        reset="reset, drop, clean, import",
        write="create, optimize, repair, query",
        dump="export",
        read="check, size, tables, columns, prefix, search",
    ),
    "dotnet ef": _rows(
        migrate="database update",
        reset="database drop",
        read="migrations list, dbcontext info, "
        "migrations has-pending-model-changes, dbcontext list, migrations script, dbcontext script",
        nothing="migrations add, migrations remove, migrations bundle, dbcontext scaffold, dbcontext optimize",
    ),
    "supabase": _rows(
        migrate="db push, migration up, migration squash",
        undo="migration down",
        reset="db reset, db remote commit",
        write="migration repair, seed, seed buckets",
        dump="db dump, test db, db pull, db remote changes, migration fetch",
        read="db diff, db lint, migration list, status, projects list, functions list, secrets list, branches list, "
        "inspect, "
        "orgs list, services, snippets list, inspect db",
        stop="stop",
        nothing="migration new, gen, init, gen types, start",
    ),
}
ALIASES = {
    "rake": "rails",
    "sequelize-cli": "sequelize",
    "prisma2": "prisma",
    "django-admin": "manage.py",
    "typeorm-ts-node-commonjs": "typeorm",
    "typeorm-ts-node-esm": "typeorm",
    "cargo-sqlx": "sqlx",
    "golang-migrate": "migrate",
    "dotnet-ef": "dotnet ef",
}

#: Options of migration tools that take the next word, and those that name the database.
_TOOL_VALUED = frozenset(
    "-u --url --database-url --db-url --database -d --dataSource --data-source --config -c --schema --env -e "
    "--environment "
    "--migrations-dir -s --source -x -n --name -dir --dir --to --file -path -database -source --knexfile --settings "
    "--pythonpath --app -A --revision-id --rev-id -m --message --target --password -p --project-ref --endpoint "
    "--admin-secret --out --database-name --from-migrations --from-url --to-url --schema-file --migration-dir "
    "--context --connection --path "
    "--changelog-file --username -r --repo --step --workdir --project --startup-project --directory --dialect".split()
)
_TOOL_URLS = ("--url", "-u", "--database-url", "--db-url", "-database", "-url", "--endpoint", "--dburl", "--connection")
_URL_VARIABLES = ("DATABASE_URL", "DB_URL", "POSTGRES_URL", "DATABASE_URI", "SQLALCHEMY_DATABASE_URI", "DIRECT_URL")
_OWN_VARIABLES: dict[str, tuple[str, ...]] = {
    "goose": ("GOOSE_DBSTRING",),
    "flyway": ("FLYWAY_URL",),
    "liquibase": ("LIQUIBASE_COMMAND_URL", "LIQUIBASE_URL"),
    "alembic": ("ALEMBIC_DATABASE_URL",),
    "supabase": ("SUPABASE_DB_URL",),
    "hasura": ("HASURA_GRAPHQL_ENDPOINT",),
}
_DRY = (
    "--dry-run",
    "--check",
    "--sql",
    "--plan",
    "--pretend",
    "--help",
    "--version",
    "--dump-sql",
    "-dry-run",
    "--list",
)
_STAGE_VARIABLES = ("RAILS_ENV", "RACK_ENV", "MIX_ENV", "APP_ENV", "NODE_ENV", "FLASK_ENV", "DJANGO_SETTINGS_MODULE")

PYTHONS = frozenset({"python", "python3", "py", "pypy3", *(f"python3.{minor}" for minor in range(8, 16))})


# ── SQL shells ────────────────────────────────────────────────────────────────────────────────────────────────────


class Shell(NamedTuple):
    """How an SQL shell is called: which options carry SQL, a file, a host, a port, a database; and its own defaults."""

    port: int
    sql: tuple[str, ...]
    file: tuple[str, ...] = ()
    host: tuple[str, ...] = ("-h", "--host")
    ports: tuple[str, ...] = ("-p", "--port")
    base: tuple[str, ...] = ("-d", "--database", "--dbname")
    user: tuple[str, ...] = ("-U", "--username")
    env: tuple[str, str, str] = ("", "", "")
    valued: str = ""
    reads: tuple[str, ...] = ("--version", "--help")
    plain: str = "database"  # what the first plain word is
    hashes: bool = False
    metas: bool = False


_PG_ENV = ("PGHOST", "PGPORT", "PGDATABASE")
_PG_VALUED = (
    "-F -L -o -P -R -T -v --field-separator --log-file --output --pset --record-separator --table-attr --set --variable"
)
_MY = Shell(
    3306,
    ("-e", "--execute"),
    (),
    ports=("-P", "--port"),
    base=("-D", "--database"),
    user=("-u", "--user"),
    env=("MYSQL_HOST", "MYSQL_TCP_PORT", "MYSQL_DATABASE"),
    hashes=True,
    valued="-S --socket --default-character-set --defaults-file --defaults-extra-file --init-command --protocol "
    "--delimiter",
)
SHELLS: dict[str, Shell] = {
    "psql": Shell(
        5432,
        ("-c", "--command"),
        ("-f", "--file"),
        env=_PG_ENV,
        valued=_PG_VALUED,
        metas=True,
        reads=("-l", "--list", "-V", "--version", "-?", "--help"),
    ),
    "pgcli": Shell(
        5432, (), env=_PG_ENV, user=("-u", "-U", "--username"), reads=("-l", "--list", "--version", "--help")
    ),
    "usql": Shell(5432, ("-c", "--command"), ("-f", "--file"), metas=True, valued="-o --out -v --set"),
    "cockroach": Shell(
        26257,
        ("-e", "--execute"),
        ("-f", "--file"),
        host=("--host",),
        ports=("--port",),
        plain="verb",
        valued="--url --certs-dir --format",
    ),
    "mysql": _MY,
    "mariadb": _MY,
    "mycli": _MY,
    "clickhouse-client": Shell(
        9000,
        ("-q", "--query"),
        ("--queries-file",),
        ports=("--port",),
        user=("-u", "--user"),
        valued="--password --format -f --config-file --multiquery",
        plain="none",
    ),
    "cqlsh": Shell(
        9042,
        ("-e", "--execute"),
        ("-f", "--file"),
        ports=(),
        host=(),
        base=("-k", "--keyspace"),
        user=("-u", "--username"),
        valued="-p --password --cqlversion --encoding --request-timeout",
        plain="host",
    ),
    "sqlcmd": Shell(
        1433,
        ("-Q", "-q", "--query"),
        ("-i", "--input-file"),
        host=("-S", "--server"),
        ports=(),
        base=("-d", "--database-name"),
        user=("-U",),
        valued="-P -o -v -W -s -h -t",
        plain="none",
    ),
    "snowsql": Shell(
        443,
        ("-q", "--query"),
        ("-f", "--filename"),
        host=("-a", "--accountname"),
        ports=(),
        base=("-d", "--dbname"),
        user=("-u",),
        valued="-s -r -w -c -o --connection -D",
        plain="none",
    ),
}
FILE_SHELLS = frozenset({"sqlite3", "sqlite", "duckdb", "litecli"})

#: Programs that copy a database out, bring one in, or manage one: program → (step, default port, environment).
_PG, _MYSQL = (5432, _PG_ENV), (3306, ("MYSQL_HOST", "MYSQL_TCP_PORT", "MYSQL_DATABASE"))
MOVERS: dict[str, tuple[str, int, tuple[str, str, str]]] = {
    "pg_dump": (DUMP, *_PG),
    "pg_dumpall": (DUMP, *_PG),
    "pg_basebackup": (DUMP, *_PG),
    "pg_restore": (RESET, *_PG),
    "createdb": (WRITE, *_PG),
    "dropdb": (RESET, *_PG),
    "createuser": (WRITE, *_PG),
    "dropuser": (RESET, *_PG),
    "vacuumdb": (WRITE, *_PG),
    "reindexdb": (WRITE, *_PG),
    "clusterdb": (WRITE, *_PG),
    "pgbench": (WRITE, *_PG),
    "pg_isready": (READ, *_PG),
    "mysqldump": (DUMP, *_MYSQL),
    "mariadb-dump": (DUMP, *_MYSQL),
    "mysqlpump": (DUMP, *_MYSQL),
    "mydumper": (DUMP, *_MYSQL),
    "myloader": (RESET, *_MYSQL),
    "mysqlimport": (WRITE, *_MYSQL),
    "mysqlcheck": (READ, *_MYSQL),
    "mysqlshow": (READ, *_MYSQL),
}
_MOVER_VALUED = frozenset(
    "-h --host -p --port -P -U --username -u --user -d --dbname -f --file -F --format -j --jobs -n --schema -N -t "
    "--table -T "
    "--exclude-table --exclude-table-data --exclude-schema -E --encoding -D --pgdata -O --owner --template -l --locale "
    "-L "
    "--use-list -S --socket -r --result-file --maintenance-db -X --wal-method -B --database -c --client -s --scale -a "
    "--tables --databases-file -o --outputdir --section --superuser --role".split()
)
_SERVER_WIDE = frozenset({"pg_dumpall", "pg_basebackup", "createuser", "dropuser"})

MONGO_PORT, REDIS_PORT = 27017, 6379
_MONGO_TOOLS: dict[str, str] = {
    "mongodump": DUMP,
    "mongoexport": DUMP,
    "mongorestore": RESET,
    "mongoimport": WRITE,
    "mongostat": READ,
    "mongotop": READ,
}
_OTHERS = frozenset(
    "mysqladmin mariadb-admin mongosh mongo redis-cli valkey-cli pg_ctl pg_ctlcluster clickhouse bq "
    "flask wp dotnet php cargo influx".split()
)

PROGRAMS: frozenset[str] = frozenset(
    {
        *SHELLS,
        *FILE_SHELLS,
        *MOVERS,
        *_MONGO_TOOLS,
        *_OTHERS,
        *PYTHONS,
        *ALIASES,
        *(tool for tool in MIGRATORS if " " not in tool),
    }
)


# ── which database ────────────────────────────────────────────────────────────────────────────────────────────────


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
        return _file_base(facts, re.sub(r"^(?:jdbc:)?[\w+.-]+:", "", url).partition("?")[0], directory, kind)
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


def _file_base(facts: Facts, path: str, directory: str | None, kind: str) -> Base | None:
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


def _variable(command: Command, facts: Facts, *names: str) -> str | None:
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


def _from_env_files(facts: Facts, names: Sequence[str]) -> str | None:
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
    told = words.value("--env", "-e", "--environment", "--settings") or _variable(command, facts, *_STAGE_VARIABLES)
    return places.stage_of(told)


def project_base(tool: str, words: Words, command: Command, facts: Facts) -> Base:
    """The database a migration tool works on here."""
    stage = _stage(command, facts, words)
    if tool == "supabase":
        return _supabase_base(words, command, facts)
    own = words.values("-e") if tool == "dbmate" else ()  # the variable that holds the URL
    names = (*own, *_OWN_VARIABLES.get(tool, ()), *_URL_VARIABLES)
    told: Iterable[str | None] = (
        words.value(*_TOOL_URLS),
        _dsn(tool, words),
        _variable(command, facts, *names),
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
        _from_env_files(facts, names) if stage in (None, "dev") else None
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
    value = url[2] or _variable(command, facts, url[1]) or _from_env_files(facts, (url[1],))
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
                url = found[3] or _variable(command, facts, variable) or _from_env_files(facts, (variable,))
                if url:
                    return base_of_url(command, facts, url)
        return None

    return look


def _rails_yml(words: Words, command: Command, facts: Facts, stage: str | None) -> Base | None:
    environment = _variable(command, facts, "RAILS_ENV", "RACK_ENV") or "development"
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
        return _file_base(facts, values["database"], None, "file")
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
        lambda erb: _variable(command, facts, erb[1]) or erb[2] or erb[3] or erb[4] or "",
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
        if directory and not _from_env_files(facts, _URL_VARIABLES) and facts.glob(f"{directory}/db.sqlite3"):
            return _file_base(facts, f"{directory}/db.sqlite3", None, "file")
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


# ── what happened ─────────────────────────────────────────────────────────────────────────────────────────────────


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


def sql_effects(texts: Iterable[str | None], base: Base, shell: Shell, command: Command, facts: Facts) -> Effects:
    """What SQL texts do to a database; a text that is not known is taken for a write."""
    found: list[sql.Verdict] = []
    for text in texts:
        if text is None:
            found.append(sql.Verdict(sql.WRITE, "SQL"))
        else:
            found += sql.verdicts(text, hashes=shell.hashes, metas=shell.metas, read=facts.read)
    worst: dict[str | None, int] = {}
    for verdict in found:
        if verdict.level > worst.get(verdict.database, sql.READ):
            worst[verdict.database] = verdict.level
    drafts: list[Draft] = []
    for name, level in worst.items():
        labels = list(dict.fromkeys(v.label for v in found if v.database == name and v.level == level))
        here = _sibling(base, name) if name else base
        kind, effect = STEPS[_OF_LEVEL[level]]
        spelling = f"{command.argv[0]} {'; '.join(labels[:2])}{'; …' if labels[2:] else ''}"[:80]
        drafts.append(Draft(kind, target=here.name, touches=(here.touch(effect, facts),), summary=spelling))
    return Effects(tuple(drafts), reads=not drafts)


def _sibling(base: Base, name: str) -> Base:
    """Another database of the same server."""
    return base if base.file else Base(f"{base.key.rpartition('/')[0]}/{name}", name)


def fed(command: Command, facts: Facts) -> list[str | None]:
    """The texts fed to standard input: here-documents, `< file`. [None] if something unknown is."""
    found: list[str | None] = []
    if command.stdin is not None:
        found.append(command.stdin)
    else:
        found += [facts.read(redirect.path) for redirect in command.redirects if redirect.op == "<"]
        if not found and command.upstream:
            found.append(None)
    return found


# ── the programs ──────────────────────────────────────────────────────────────────────────────────────────────────


def _sql_shell(shell: Shell, command: Command, facts: Facts) -> Effects | None:
    valued = {*shell.sql, *shell.file, *shell.host, *shell.ports, *shell.base, *shell.user, *shell.valued.split()}
    words = split(command.argv, valued, attached=("-p",) if shell.hashes else ())
    if words.has(*shell.reads):
        return Effects(reads=True)
    texts: list[str | None] = list(words.values(*shell.sql))
    for file in words.values(*shell.file):
        texts += fed(command, facts) if file == "-" else [facts.read(file)]
    if not texts:
        texts = fed(command, facts)
    base = _shell_base(shell, words, command, facts)
    if shell.plain == "verb" and words.verb() != "sql":  # cockroach sql
        return None
    if shell.plain == "none" and not texts and words.plain:
        texts = [words.plain[0]]
    return sql_effects(texts, base, shell, command, facts) if texts else None


def _shell_base(shell: Shell, words: Words, command: Command, facts: Facts) -> Base:
    told = [words.value("--url"), words.value(*shell.base)]
    host, port = words.value(*shell.host), words.value(*shell.ports)
    if shell.plain == "database":
        told.append(words.verb())
    elif shell.plain == "host":
        host, port = words.verb() or None, words.verb(1) or None
    for text in told:
        base = base_of_url(command, facts, text) if text and ("://" in text or "=" in text) else None
        if base:
            return base
        if text and UNKNOWN in text and not host:  # `psql "$DATABASE_URL"`: most likely this project's
            url = _from_env_files(facts, _URL_VARIABLES)
            return (base_of_url(command, facts, url) if url else None) or default_base(facts)
    name = next((text for text in told if text and "://" not in text), None)
    in_container = command.remote is not None
    variables = [
        None if in_container or not variable else _variable(command, facts, variable) for variable in shell.env
    ]
    name = name or variables[2] or words.value(*shell.user) or _variable(command, facts, "PGUSER")
    return base_at(command, facts, host or variables[0], port or variables[1] or shell.port, name)


def _file_shell(command: Command, facts: Facts) -> Effects | None:
    """sqlite3 and duckdb: a file, then SQL or dot commands."""
    valued = {"-cmd", "-init", "-separator", "-nullvalue", "-newline", "-c", "-s", "-f"}
    words = split(command.argv, valued, long=True)
    texts: list[str | None] = [*words.values("-cmd", "-c", "-s"), *words.plain[1:]]
    texts += [facts.read(file) for file in words.values("-init", "-f")]
    if len(words.plain) < 2 and not words.has("-c", "-s", "-f"):
        texts += fed(command, facts)
    if words.on("-readonly", "--readonly") or words.has("-version", "--version", "-help", "--help"):
        return Effects(reads=True)
    if not texts:
        return None
    base = _file_base(facts, words.verb(), None, "file") if words.plain else None
    drafts: list[Draft] = []
    plain: list[str | None] = []
    for text in texts:
        if text is None:
            plain.append(None)
            continue
        lines = text.splitlines()
        plain.append("\n".join(line for line in lines if not line.lstrip().startswith(".")))
        for line in lines:
            if line.lstrip().startswith("."):
                drafts += _dot_command(line.split(), base, plain, command, facts)
    if base:
        drafts += sql_effects(plain, base, _SQLITE, command, facts).drafts
    return Effects(tuple(drafts), reads=not drafts)


_SQLITE = Shell(0, ())
_MAIN = ("main", "temp")


def _dot_command(
    words: list[str], base: Base | None, texts: list[str | None], command: Command, facts: Facts
) -> list[Draft]:
    verb, rest = words[0].lower(), [word.strip("'\"") for word in words[1:] if word not in _MAIN]
    spelling = f"{command.argv[0]} {verb}"
    if verb == ".read" and rest:
        texts.append(facts.read(rest[-1]))
    elif verb in (".backup", ".save", ".clone", ".output", ".once") and rest and rest[-1] != "stdout":
        return [places.file_draft("write", facts, rest[-1], REPLACES, spelling)]
    elif verb == ".restore" and base:
        return [Draft("db-reset", base.name, touches=(base.touch(DESTROYS, facts),), summary=spelling)]
    elif verb in (".import", ".recover", ".session", ".archive", ".system", ".shell") and base:
        return [Draft("db-write", base.name, touches=(base.touch(EDITS, facts),), summary=spelling)]
    return []


def _mover(command: Command, facts: Facts) -> Effects | None:
    program = command.argv[0]
    step, port, env = MOVERS[program]
    mysql = env is _MYSQL[1]
    valued = _MOVER_VALUED - ({"-p", "-d"} if mysql else {"-P", "-u", "-B", "-c", "-o"})
    if program == "pgbench":
        valued |= {"-c", "-t"}
    words = split(command.argv, valued, attached=("-p",) if mysql else ())
    if words.has("--version", "--help") or words.on("--list", "-l" if program == "pg_restore" else "--list"):
        return Effects(reads=True)
    name = words.value("-d", "--dbname", "--database", "-B") or (words.verb() if program != "pg_restore" else None)
    if program == "pg_restore" and not name:
        return Effects(reads=True)  # prints the script, or lists
    base: Base | None = base_of_url(command, facts, name) if name and ("://" in name or "=" in name) else None
    if base is None:
        host = words.value("-h", "--host") or _variable(command, facts, env[0])
        number = words.value("-P" if mysql else "-p", "--port") or _variable(command, facts, env[1]) or port
        name = name or _variable(command, facts, env[2]) or words.value("-U", "--username")
        base = base_at(command, facts, host, number, name)
    if program in _SERVER_WIDE:
        base = Base(base.key.rpartition("/")[0], base.key.rpartition("/")[0].removeprefix("db:"))
    if program == "pgbench" and not words.has("-i", "--initialize") and words.has("-S", "--select-only"):
        step = READ
    if program == "pg_restore" and words.has("-C", "--create"):
        base = _sibling(base, base.name)
    found = drafts_of(step, [base], places.summary(command), facts)
    if program == "createdb" and found.drafts:
        found = Effects((found.drafts[0]._replace(touches=(base.touch(ADDS, facts),)),))
    output = words.value("-f", "--file", "-r", "--result-file") if step == DUMP else None
    if output and output != "-":
        found = Effects((*found.drafts, places.file_draft("write", facts, output, REPLACES, places.summary(command))))
    return found


def _mysqladmin(command: Command, facts: Facts) -> Effects:
    words = split(command.argv, {"-h", "--host", "-P", "--port", "-u", "--user", "-S", "--socket"}, attached=("-p",))
    host = words.value("-h", "--host") or _variable(command, facts, "MYSQL_HOST")
    base = base_at(command, facts, host, words.value("-P", "--port") or 3306, words.verb(1) or None)
    whole = Base(base.key.rpartition("/")[0], base.key.rpartition("/")[0].removeprefix("db:"))
    verb = words.verb()
    if verb == "drop":
        return drafts_of(RESET, [base], places.summary(command), facts)
    if verb == "create":
        return drafts_of(WRITE, [base], places.summary(command), facts)
    if verb in ("shutdown", "kill", "stop-slave", "stop-replica"):
        return drafts_of(STOP, [whole], places.summary(command), facts)
    reads = verb in ("status", "ping", "version", "processlist", "variables", "extended-status", "")
    return drafts_of(READ if reads else WRITE, [whole], places.summary(command), facts)


def _pg_ctl(command: Command, facts: Facts) -> Effects:
    words = split(command.argv, {"-D", "--pgdata", "-l", "--log", "-m", "--mode", "-o", "-t", "-p"})
    verb = words.plain[-1] if words.plain else ""
    here = f"{machine(command, facts)}:{_variable(command, facts, 'PGPORT') or 5432}"
    if verb in ("stop", "restart", "kill", "promote"):
        return drafts_of(STOP, [Base(f"db:{here}", here)], places.summary(command), facts)
    return Effects(reads=verb in ("status", "") or words.has("--version", "--help"))


_JS_RESET = re.compile(
    r"\b(dropDatabase|drop|dropCollection|dropUser)\s*\(|\b(deleteMany|remove)\s*\(\s*(\{\s*\})?\s*\)"
)
_JS_KILL = re.compile(r"\b(shutdownServer|killOp|fsyncLock)\s*\(")
_JS_WRITE = re.compile(
    r"\b(insert\w*|update\w*|delete\w*|replace\w*|remove|save|bulkWrite|findOneAnd\w+|findAndModify|create\w+|"
    r"renameCollection|"
    r"drop\w+|runCommand|adminCommand|grant\w+|revoke\w+|load|initiate|reconfig|stepDown|enableSharding|"
    r"shardCollection)\s*\(|"
    r"\$(out|merge)\b"
)
_JS_STRING = re.compile(r"//[^\n]*|/\*.*?\*/|'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_JS_READ_COMMANDS = re.compile(
    r"(runCommand|adminCommand)\s*\(\s*(\{\s*)?['\"]?(ping|hello|isMaster|dbStats|serverStatus|listDatabases|buildInfo|"
    r"collStats|getParameter|connectionStatus|explain|listCollections)\b[^)]*\)"
)


def _mongo(command: Command, facts: Facts) -> Effects | None:
    words = split(
        command.argv,
        {
            "--eval",
            "--host",
            "--port",
            "-u",
            "--username",
            "-p",
            "--password",
            "-f",
            "--file",
            "--authenticationDatabase",
        },
    )
    if words.has("--version", "--help"):
        return Effects(reads=True)
    plain = list(words.plain)
    scripts = [word for word in plain if word.endswith((".js", ".mongodb"))] + list(words.values("-f", "--file"))
    texts: list[str | None] = [*words.values("--eval"), *(facts.read(script) for script in scripts)]
    texts = texts or fed(command, facts)
    if not texts:
        return None
    where = next((word for word in plain if word not in scripts), "")
    base = _mongo_base(where, words, command, facts)
    step = READ
    for text in texts:
        step = max(step, _js_step(text), key=_STRENGTH.index)
    return drafts_of(step, [base], f"{command.argv[0]} {base.name}: {step}"[:80], facts)


def _js_step(text: str | None) -> str:
    if text is None:
        return WRITE
    code = _JS_STRING.sub(lambda found: "''" if found[0][0] in "'\"" else " ", _JS_READ_COMMANDS.sub("0", text))
    if _JS_KILL.search(code):
        return STOP
    if _JS_RESET.search(code):
        return RESET
    return WRITE if _JS_WRITE.search(code) or "$out" in text or "$merge" in text else READ


def _mongo_base(where: str, words: Words, command: Command, facts: Facts) -> Base:
    url = words.value("--uri") or where
    if "://" in url:
        found = base_of_url(command, facts, url.replace("mongodb+srv:", "mongodb:"))
        if found:
            return found
    host, _, name = url.rpartition("/")
    host, _, port = host.partition(":")
    name = words.value("-d", "--db") or name
    return base_at(
        command, facts, words.value("--host") or host, words.value("--port") or port or MONGO_PORT, name or "test"
    )


def _mongo_tool(command: Command, facts: Facts) -> Effects:
    step = _MONGO_TOOLS[command.argv[0]]
    words = split(
        command.argv,
        {
            "--uri",
            "--host",
            "-h",
            "--port",
            "-d",
            "--db",
            "-c",
            "--collection",
            "-o",
            "--out",
            "-u",
            "--username",
            "-p",
            "--password",
            "--file",
            "--dir",
            "--archive",
            "--nsInclude",
            "-q",
            "--query",
        },
    )
    if words.on("--dryRun", "--version", "--help"):
        return Effects(reads=True)
    if step == WRITE and words.has("--drop"):
        step = RESET
    return drafts_of(step, [_mongo_base("", words, command, facts)], places.summary(command), facts)


_REDIS_READS = frozenset(
    "get mget strlen exists ttl pttl type keys scan sscan hscan zscan hget hgetall hmget hkeys hvals hlen hexists "
    "lrange "
    "llen lindex smembers scard sismember zrange zrevrange zcard zscore zrangebyscore zcount zrank getrange getbit "
    "bitcount "
    "dbsize info ping echo time lastsave monitor randomkey object memory slowlog xrange xlen xinfo xread xpending "
    "pubsub "
    "subscribe psubscribe role command latency dump touch wait readonly hello auth select quit lpos srandmember "
    "hrandfield "
    "zrangebylex zmscore geopos geodist expiretime module acl json.get ft.search ft.info".split()
)
_REDIS_READ_SUB = {
    "config": ("get",),
    "client": ("list", "info", "getname", "id", "setname"),
    "script": ("exists",),
    "cluster": ("info", "nodes", "slots", "shards", "keyslot"),
    "function": ("list", "stats", "dump"),
    "acl": ("list", "whoami", "users", "cat", "getuser"),
    "slowlog": ("get", "len"),
    "memory": ("usage", "stats", "doctor"),
    "module": ("list",),
    "latency": ("latest", "history", "doctor"),
}
_REDIS_VALUED = frozenset(
    "-h -p -s -a -u --user --pass -n -r -i -D -X --pattern --eval --rdb --count --quoted-pattern --cacert --cert "
    "--key".split()
)


def _redis(command: Command, facts: Facts) -> Effects | None:
    words = split(command.argv, _REDIS_VALUED, stop=1)
    place = _redis_place(words, command, facts)
    if words.has(
        "--version", "--help", "--scan", "--bigkeys", "--memkeys", "--hotkeys", "--stat", "--latency", "--rdb"
    ):
        return Effects(reads=True)
    lines = [list(words.plain)] if words.plain else []
    if not lines:
        for text in fed(command, facts):
            lines += [line.split() for line in text.splitlines() if line.strip()] if text is not None else [["set"]]
    if words.value("--eval"):
        lines = [["eval"]]
    if not lines:
        return None
    drafts: list[Draft] = []
    for line in lines:
        if line[0].casefold() == "select" and len(line) > 1:
            place = f"{place.rpartition('/')[0]}/{line[1]}"
        draft = _redis_draft([word.casefold() for word in line], place)
        if draft and draft not in drafts:
            drafts.append(draft)
    return Effects(tuple(drafts), reads=not drafts)


def _redis_place(words: Words, command: Command, facts: Facts) -> str:
    url = words.value("-u") or (_variable(command, facts, "REDIS_URL") if not words.has("-h", "-p", "-n") else None)
    found = re.match(r"rediss?://(?:[^/@]*@)?([^/:?]*)(?::(\d+))?(?:/(\d+))?", url) if url else None
    host, port, number = (found[1], found[2], found[3]) if found else (words.value("-h"), words.value("-p"), None)
    host = host or _variable(command, facts, "REDISCLI_HOST")
    where = server(command, facts, host, port or REDIS_PORT)
    return f"redis:{where}/{words.value('-n') or number or 0}"


def _redis_draft(line: list[str], place: str) -> Draft | None:
    verb, sub = line[0], line[1] if len(line) > 1 else ""
    if verb in _REDIS_READ_SUB and (verb not in _REDIS_READS or sub):
        if sub in _REDIS_READ_SUB[verb] or (
            verb in _REDIS_READS and sub not in ("load", "unload", "reset", "setuser", "deluser")
        ):
            return None
    elif verb in _REDIS_READS:
        return None
    whole, spelling = place.rpartition("/")[0], f"redis-cli {verb}"
    if verb == "flushdb":
        return Draft("db-reset", targets.body_of(place), touches=(Touch(place, DESTROYS),), summary=spelling)
    if verb in ("flushall", "swapdb", "restore-asking", "replicaof", "slaveof") or (verb, sub) in (
        ("cluster", "reset"),
        ("debug", "reload"),
        ("function", "flush"),
        ("acl", "deluser"),
    ):
        return Draft("db-reset", targets.body_of(whole), touches=(Touch(whole, DESTROYS),), summary=spelling)
    if verb in ("shutdown", "failover") or (verb, sub) in (("client", "kill"), ("debug", "segfault")):
        return Draft("process-kill", targets.body_of(whole), touches=(Touch(whole, DESTROYS),), summary=spelling)
    key = whole if verb in ("config", "script", "module", "acl", "cluster", "client", "function") else place
    return Draft("db-write", targets.body_of(key), touches=(Touch(key, EDITS),), summary=spelling)


def _bq(command: Command, facts: Facts) -> Effects | None:
    words = split(command.argv, {"--project_id", "--dataset_id", "--location", "--format", "-n", "--destination_table"})
    verb, rest = words.verb(), words.after(1)
    base = Base(f"db:bigquery/{words.value('--project_id') or 'default'}", "BigQuery")
    name = next((word for word in rest if not word.startswith("-")), "").replace(":", "/").replace(".", "/")
    if verb == "query":
        return sql_effects([rest[-1]] if rest else fed(command, facts), base, _SQLITE, command, facts)
    if verb in ("ls", "show", "head", "version", "help", "extract") or words.on("--dry_run"):
        return Effects(reads=True)
    step = {
        "rm": RESET,
        "truncate": RESET,
        "load": WRITE,
        "insert": WRITE,
        "mk": WRITE,
        "update": WRITE,
        "cp": WRITE,
    }.get(verb)
    return drafts_of(step, [Base(f"{base.key}/{name}", name)], places.summary(command), facts) if step else None


# ── migration tools ───────────────────────────────────────────────────────────────────────────────────────────────


def _tool_call(command: Command) -> tuple[str, tuple[str, ...]] | None:
    """Which migration tool this is, and its words: `python manage.py migrate` → `manage.py`, its words from there."""
    argv = command.argv
    program = argv[0]
    if program in PYTHONS:
        return _python_call(argv)
    if program == "php" and len(argv) > 2 and argv[1].rpartition("/")[2] in ("artisan", "console"):
        argv = (argv[1].rpartition("/")[2], *argv[2:])
    elif program == "cargo" and len(argv) > 2 and argv[1] == "sqlx":
        argv = argv[1:]
    elif program in ("flask", "wp", "dotnet"):
        return _nested_call(argv)
    tool = ALIASES.get(argv[0], argv[0])
    return (tool, argv) if tool in MIGRATORS else None


def _python_call(argv: tuple[str, ...]) -> tuple[str, tuple[str, ...]] | None:
    rest = argv[1:]
    while rest and rest[0].startswith("-") and rest[0] != "-m":
        rest = rest[2:] if rest[0] in ("-W", "-X") else rest[1:]
    if rest[:1] == ("-m",) and len(rest) > 1:
        name = {"django": "django-admin"}.get(rest[1], rest[1])
        if name == "flask":
            return _nested_call(rest[1:])
        tool = ALIASES.get(name, name)
        return (tool, (tool, *rest[2:])) if tool in MIGRATORS else None
    if rest and rest[0].rpartition("/")[2] == "manage.py":
        return _flask_style("manage.py", rest)
    return None


def _nested_call(argv: tuple[str, ...]) -> tuple[str, tuple[str, ...]] | None:
    """Tools where the migrations are a group of a larger program: `flask db upgrade`, `dotnet ef database drop`."""
    group = {"flask": "db", "wp": "db", "dotnet": "ef"}[argv[0]]
    if group not in argv[1:]:
        return None
    place = argv.index(group)
    if any(
        not word.startswith("-")
        and argv[1:place][number - 1 : number] not in (("--app",), ("-A",), ("-e",), ("--env-file",))
        for number, word in enumerate(argv[1:place])
    ):
        return None
    return f"{argv[0]} {group}", argv[place:]


def _flask_style(tool: str, rest: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """`manage.py db upgrade` is Flask-Migrate's older spelling."""
    return ("flask db", rest[1:]) if rest[1:2] == ("db",) else (tool, rest)


def _step_of(tool: str, words: Words) -> tuple[str, str] | None:
    """The strongest step of the words, with the verb that is it. Rails and rake take several tasks at once."""
    table = MIGRATORS[tool]
    plain = list(words.plain)
    if tool == "goose" and len(plain) > 2 and plain[0] not in table:
        plain = plain[2:]
    if tool in ("rails", "liquibase", "flyway", "mix", "sqitch"):
        if table.get(plain[0] if plain else "") == RUN:
            return RUN, plain[0]
        tasks = (_rails_task(word, table) for word in plain)
        found = [(table[verb], verb) for verb in tasks if verb and table[verb] != RUN]
        return max(found, key=lambda pair: _STRENGTH.index(pair[0]), default=None)
    for length in (3, 2, 1):
        verb = " ".join(plain[:length])
        if len(plain) >= length and verb in table:
            return table[verb], verb
    return None


def _rails_task(word: str, table: Mapping[str, str]) -> str | None:
    """A task, also in the form for one of several databases (`db:migrate:primary`) or with arguments (`db:seed[x]`)."""
    task = word.partition("[")[0]
    if task in table:
        return task
    shorter = task.rpartition(":")[0]
    return shorter if shorter in table and shorter.count(":") else None


def _migrator(tool: str, argv: tuple[str, ...], command: Command, facts: Facts) -> Effects | None:
    switches = {"-d", "-c", "-p", "-s", "-e", "-n"} if tool in ("manage.py", "supabase") else set()
    if tool == "dbmate":
        switches = {"-s"}
    words = split(argv, _TOOL_VALUED - switches, long=tool in ("goose", "migrate", "flyway"))
    found = _step_of(tool, words)
    if found is None:
        return Effects(reads=True) if words.has("--help", "--version") else None
    step, verb = found
    if words.on(*_DRY) and not (tool == "manage.py" and words.has("--list")):
        return Effects(reads=True)
    step = _refined(tool, step, verb, words)
    if tool == "manage.py" and verb == "makemigrations":
        return _django_migration(words, facts)
    if step in (READ, NOTHING):
        return Effects(reads=step == READ)
    base = project_base(tool, words, command, facts)
    text = _script_of(tool, verb, words, command, facts)
    if text:
        return sql_effects(text, base, SHELLS["psql"], command, facts)
    bases = [base]
    if tool == "rails":
        bases = _rails_bases(base, words, command, facts)
    done = drafts_of(step, bases, places.summary(command), facts)
    return _running(done, command, facts) if step == RUN else done


def _running(done: Effects, command: Command, facts: Facts) -> Effects:
    """What else the code does is not known; in the background it is a process that others can stop."""
    if not command.background:
        return done._replace(unknown=True)
    from sidelight.effects import servers

    return Effects((*done.drafts, *servers.in_background(command, facts).drafts), unknown=True)


def _refined(tool: str, step: str, verb: str, words: Words) -> str:
    """What an option makes of a verb."""
    if tool == "prisma" and verb == "db push" and words.on("--force-reset", "--accept-data-loss"):
        return RESET
    if tool == "prisma" and verb == "migrate dev" and words.on("--create-only"):
        return NOTHING
    if verb == "migrate" and tool == "manage.py" and "zero" in words.plain:
        return UNDO
    if tool == "console" and verb == "doctrine:fixtures:load" and words.on("--append"):
        return WRITE
    if tool == "console" and verb.startswith("doctrine:schema:") and not words.on("--force"):
        return READ if words.on("--dump-sql") else step
    if tool == "supabase" and verb == "stop":
        return STOP
    return step


def _script_of(tool: str, verb: str, words: Words, command: Command, facts: Facts) -> list[str | None]:
    """The SQL a tool is handed to run as it is."""
    if (tool, verb) in (("wp db", "query"), ("console", "dbal:run-sql"), ("console", "doctrine:query:sql")):
        return [words.verb(1)] if words.verb(1) else fed(command, facts)
    if (tool, verb) == ("prisma", "db execute"):
        file = words.value("--file")
        return [facts.read(file)] if file else fed(command, facts)
    if (tool, verb) == ("liquibase", "execute-sql"):
        return list(words.values("--sql"))
    return []


def _rails_bases(base: Base, words: Words, command: Command, facts: Facts) -> list[Base]:
    """In development, dropping, creating and resetting also does so for the test database."""
    tasks = set(words.plain)
    test = rails_base("test", command, facts) or default_base(facts, "test")
    if any(task.startswith("db:test:") for task in tasks):
        return [test]
    stage = places.stage_of(_variable(command, facts, "RAILS_ENV", "RACK_ENV") or "development")
    both = tasks & {"db:drop", "db:create", "db:reset", "db:setup", "db:purge", "db:schema:load", "db:drop:all"}
    return [base, test] if both and stage == "dev" and not _variable(command, facts, "DATABASE_URL") else [base]


def _django_migration(words: Words, facts: Facts) -> Effects:
    """`makemigrations APP` takes the next number of that app."""
    drafts: list[Draft] = []
    for app in words.plain[1:]:
        taken = [re.search(r"/(\d{4})_[^/]*\.py$", path) for path in facts.glob(f"{app}/migrations/[0-9]*.py")]
        numbers = [int(found[1]) for found in taken if found]
        if numbers:
            following = f"{max(numbers) + 1:04d}"
            sequence = f"{places.repository(facts)}/{places.name_of(facts, facts.real(f'{app}/migrations'))}"
            key = f"migration:{sequence}#{following}"
            drafts.append(
                Draft("migration-new", following, touches=(Touch(key, ADDS),), summary=f"makemigrations {app}")
            )
    return Effects(tuple(drafts))


# ── the way in ────────────────────────────────────────────────────────────────────────────────────────────────────


def read(command: Command, facts: Facts) -> Effects | None:
    """What a database program does, None if it is not understood."""
    program = command.argv[0]
    if program == "clickhouse" and command.argv[1:2] == ("client",):
        command = command._replace(argv=("clickhouse-client", *command.argv[2:]))
        program = "clickhouse-client"
    if program in SHELLS:
        return _sql_shell(SHELLS[program], command, facts)
    if program in FILE_SHELLS:
        return _file_shell(command, facts)
    if program in MOVERS:
        return _mover(command, facts)
    if program in _MONGO_TOOLS:
        return _mongo_tool(command, facts)
    single = _SINGLE.get(program)
    if single:
        return single(command, facts)
    call = _tool_call(command)
    return _migrator(*call, command, facts) if call else None


_SINGLE = {
    "mysqladmin": _mysqladmin,
    "mariadb-admin": _mysqladmin,
    "mongosh": _mongo,
    "mongo": _mongo,
    "redis-cli": _redis,
    "valkey-cli": _redis,
    "pg_ctl": _pg_ctl,
    "pg_ctlcluster": _pg_ctl,
    "bq": _bq,
}
