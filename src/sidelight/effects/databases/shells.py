"""SQL shells and what dumps, restores and moves: their options."""

from __future__ import annotations

from sidelight.effects.databases.steps import DUMP, READ, RESET, WRITE
from sidelight.records import NamedTuple


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
_PG, MYSQL = (5432, _PG_ENV), (3306, ("MYSQL_HOST", "MYSQL_TCP_PORT", "MYSQL_DATABASE"))
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
    "mysqldump": (DUMP, *MYSQL),
    "mariadb-dump": (DUMP, *MYSQL),
    "mysqlpump": (DUMP, *MYSQL),
    "mydumper": (DUMP, *MYSQL),
    "myloader": (RESET, *MYSQL),
    "mysqlimport": (WRITE, *MYSQL),
    "mysqlcheck": (READ, *MYSQL),
    "mysqlshow": (READ, *MYSQL),
}
MOVER_VALUED = frozenset(
    "-h --host -p --port -P -U --username -u --user -d --dbname -f --file -F --format -j --jobs -n --schema -N -t "
    "--table -T "
    "--exclude-table --exclude-table-data --exclude-schema -E --encoding -D --pgdata -O --owner --template -l --locale "
    "-L "
    "--use-list -S --socket -r --result-file --maintenance-db -X --wal-method -B --database -c --client -s --scale -a "
    "--tables --databases-file -o --outputdir --section --superuser --role".split()
)
SERVER_WIDE = frozenset({"pg_dumpall", "pg_basebackup", "createuser", "dropuser"})

MONGO_PORT, REDIS_PORT = 27017, 6379
MONGO_TOOLS: dict[str, str] = {
    "mongodump": DUMP,
    "mongoexport": DUMP,
    "mongorestore": RESET,
    "mongoimport": WRITE,
    "mongostat": READ,
    "mongotop": READ,
}
