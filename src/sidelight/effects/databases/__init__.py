"""What commands do to databases: SQL shells, dumps and restores, migration tools, key-value stores.

Two questions are answered apart: *which* database (options, then environment, then the project's own files, then one
key for "this project's default database"), and *what happens to it* (`sql` for SQL texts, tables of verbs for tools).
"""

from __future__ import annotations

from sidelight.effects import Command, Effects
from sidelight.effects.databases.documents import bq, mongo, mongo_tool, redis
from sidelight.effects.databases.migrating import migrator, tool_call
from sidelight.effects.databases.queries import file_shell, mover, mysqladmin, pg_ctl, sql_shell
from sidelight.effects.databases.shells import FILE_SHELLS, MONGO_TOOLS, MOVERS, SHELLS
from sidelight.effects.databases.tools import ALIASES, MIGRATORS, PYTHONS
from sidelight.facts import Facts

_OTHERS = frozenset(
    "mysqladmin mariadb-admin mongosh mongo redis-cli valkey-cli pg_ctl pg_ctlcluster clickhouse bq "
    "flask wp dotnet php cargo influx".split()
)

PROGRAMS: frozenset[str] = frozenset(
    {
        *SHELLS,
        *FILE_SHELLS,
        *MOVERS,
        *MONGO_TOOLS,
        *_OTHERS,
        *PYTHONS,
        *ALIASES,
        *(tool for tool in MIGRATORS if " " not in tool),
    }
)


def read(command: Command, facts: Facts) -> Effects | None:
    """What a database program does, None if it is not understood."""
    program = command.argv[0]
    if program == "clickhouse" and command.argv[1:2] == ("client",):
        command = command._replace(argv=("clickhouse-client", *command.argv[2:]))
        program = "clickhouse-client"
    if program in SHELLS:
        return sql_shell(SHELLS[program], command, facts)
    if program in FILE_SHELLS:
        return file_shell(command, facts)
    if program in MOVERS:
        return mover(command, facts)
    if program in MONGO_TOOLS:
        return mongo_tool(command, facts)
    single = _SINGLE.get(program)
    if single:
        return single(command, facts)
    call = tool_call(command)
    return migrator(*call, command, facts) if call else None


_SINGLE = {
    "mysqladmin": mysqladmin,
    "mariadb-admin": mysqladmin,
    "mongosh": mongo,
    "mongo": mongo,
    "redis-cli": redis,
    "valkey-cli": redis,
    "pg_ctl": pg_ctl,
    "pg_ctlcluster": pg_ctl,
    "bq": bq,
}
