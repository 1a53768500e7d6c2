"""What SQL shells do, and what dumps, restores and moves."""

from __future__ import annotations

from collections.abc import Iterable

from sidelight.actions import ADDS, DESTROYS, EDITS, REPLACES, Draft
from sidelight.effects import UNKNOWN, Command, Effects, places, sql
from sidelight.effects.databases.bases import (
    Base,
    base_at,
    base_of_url,
    default_base,
    drafts_of,
    file_base,
    from_env_files,
    machine,
    sibling,
    variable_of,
)
from sidelight.effects.databases.shells import MOVER_VALUED, MOVERS, MYSQL, SERVER_WIDE, Shell
from sidelight.effects.databases.steps import DUMP, OF_LEVEL, READ, RESET, STEPS, STOP, WRITE
from sidelight.effects.databases.tools import URL_VARIABLES
from sidelight.effects.options import Words, split
from sidelight.facts import Facts


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
        here = sibling(base, name) if name else base
        kind, effect = STEPS[OF_LEVEL[level]]
        spelling = f"{command.argv[0]} {'; '.join(labels[:2])}{'; …' if labels[2:] else ''}"[:80]
        drafts.append(Draft(kind, target=here.name, touches=(here.touch(effect, facts),), summary=spelling))
    return Effects(tuple(drafts), reads=not drafts)


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


def sql_shell(shell: Shell, command: Command, facts: Facts) -> Effects | None:
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
            url = from_env_files(facts, URL_VARIABLES)
            return (base_of_url(command, facts, url) if url else None) or default_base(facts)
    name = next((text for text in told if text and "://" not in text), None)
    in_container = command.remote is not None
    variables = [
        None if in_container or not variable else variable_of(command, facts, variable) for variable in shell.env
    ]
    name = name or variables[2] or words.value(*shell.user) or variable_of(command, facts, "PGUSER")
    return base_at(command, facts, host or variables[0], port or variables[1] or shell.port, name)


def file_shell(command: Command, facts: Facts) -> Effects | None:
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
    base = file_base(facts, words.verb(), None, "file") if words.plain else None
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
        drafts += sql_effects(plain, base, SQLITE, command, facts).drafts
    return Effects(tuple(drafts), reads=not drafts)


SQLITE = Shell(0, ())
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


def mover(command: Command, facts: Facts) -> Effects | None:
    program = command.argv[0]
    step, port, env = MOVERS[program]
    mysql = env is MYSQL[1]
    valued = MOVER_VALUED - ({"-p", "-d"} if mysql else {"-P", "-u", "-B", "-c", "-o"})
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
        host = words.value("-h", "--host") or variable_of(command, facts, env[0])
        number = words.value("-P" if mysql else "-p", "--port") or variable_of(command, facts, env[1]) or port
        name = name or variable_of(command, facts, env[2]) or words.value("-U", "--username")
        base = base_at(command, facts, host, number, name)
    if program in SERVER_WIDE:
        base = Base(base.key.rpartition("/")[0], base.key.rpartition("/")[0].removeprefix("db:"))
    if program == "pgbench" and not words.has("-i", "--initialize") and words.has("-S", "--select-only"):
        step = READ
    if program == "pg_restore" and words.has("-C", "--create"):
        base = sibling(base, base.name)
    found = drafts_of(step, [base], places.summary(command), facts)
    if program == "createdb" and found.drafts:
        found = Effects((found.drafts[0]._replace(touches=(base.touch(ADDS, facts),)),))
    output = words.value("-f", "--file", "-r", "--result-file") if step == DUMP else None
    if output and output != "-":
        found = Effects((*found.drafts, places.file_draft("write", facts, output, REPLACES, places.summary(command))))
    return found


def mysqladmin(command: Command, facts: Facts) -> Effects:
    words = split(command.argv, {"-h", "--host", "-P", "--port", "-u", "--user", "-S", "--socket"}, attached=("-p",))
    host = words.value("-h", "--host") or variable_of(command, facts, "MYSQL_HOST")
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


def pg_ctl(command: Command, facts: Facts) -> Effects:
    words = split(command.argv, {"-D", "--pgdata", "-l", "--log", "-m", "--mode", "-o", "-t", "-p"})
    verb = words.plain[-1] if words.plain else ""
    here = f"{machine(command, facts)}:{variable_of(command, facts, 'PGPORT') or 5432}"
    if verb in ("stop", "restart", "kill", "promote"):
        return drafts_of(STOP, [Base(f"db:{here}", here)], places.summary(command), facts)
    return Effects(reads=verb in ("status", "") or words.has("--version", "--help"))
