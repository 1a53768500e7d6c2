"""What migration tools do, and frameworks' own commands."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sidelight.actions import ADDS, Draft, Touch
from sidelight.effects import Command, Effects, places
from sidelight.effects.databases.bases import Base, default_base, drafts_of, project_base, rails_base, variable_of
from sidelight.effects.databases.queries import fed, sql_effects
from sidelight.effects.databases.shells import SHELLS
from sidelight.effects.databases.steps import NOTHING, READ, RESET, RUN, STOP, STRENGTH, UNDO, WRITE
from sidelight.effects.databases.tools import ALIASES, DRY, MIGRATORS, PYTHONS, TOOL_VALUED
from sidelight.effects.options import Words, split
from sidelight.facts import Facts


def tool_call(command: Command) -> tuple[str, tuple[str, ...]] | None:
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
        return max(found, key=lambda pair: STRENGTH.index(pair[0]), default=None)
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


def migrator(tool: str, argv: tuple[str, ...], command: Command, facts: Facts) -> Effects | None:
    switches = {"-d", "-c", "-p", "-s", "-e", "-n"} if tool in ("manage.py", "supabase") else set()
    if tool == "dbmate":
        switches = {"-s"}
    words = split(argv, TOOL_VALUED - switches, long=tool in ("goose", "migrate", "flyway"))
    found = _step_of(tool, words)
    if found is None:
        return Effects(reads=True) if words.has("--help", "--version") else None
    step, verb = found
    if words.on(*DRY) and not (tool == "manage.py" and words.has("--list")):
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
    stage = places.stage_of(variable_of(command, facts, "RAILS_ENV", "RACK_ENV") or "development")
    both = tasks & {"db:drop", "db:create", "db:reset", "db:setup", "db:purge", "db:schema:load", "db:drop:all"}
    return [base, test] if both and stage == "dev" and not variable_of(command, facts, "DATABASE_URL") else [base]


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
