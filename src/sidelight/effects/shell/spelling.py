"""A command as one short line that may be kept and shown: no secrets, no free text, at most 80 characters."""

from __future__ import annotations

import re

from sidelight.effects import UNKNOWN
from sidelight.records import late_pattern
from sidelight.redact import secrets_out

LONGEST = 80
_ELIDED = "…"

#: Options whose value is prose, a document or a program: worth nothing in a summary, and possibly private.
_FREE = frozenset(
    "-m --message -b --body --title -t --notes --comment --reason --description --subject -d --data --data-raw --json"
    " --data-binary --data-urlencode --form -F --header -H --eval --print --prompt --input --from-literal".split()
)
#: The short ones mean this only here.
_FREE_SHORT = {
    "-m": frozenset(("git", "alembic", "jj", "hg", "svn")),
    "-b": frozenset(("gh", "glab", "curl")),
    "-t": frozenset(("gh", "glab")),
    "-d": frozenset(("curl", "bd")),
    "-F": frozenset(("curl", "http")),
    "-H": frozenset(("curl",)),
    "--input": frozenset(("none",)),
    "--json": frozenset(("curl",)),
}
_STATEMENT_CLIENTS = frozenset(
    "psql mysql mariadb sqlite3 sqlcmd clickhouse-client cockroach duckdb mongosh mongo usql snowsql bq"
    " redis-cli".split()
)
_STATEMENT_OPTIONS = frozenset(("-c", "-e", "-Q", "-q", "--command", "--execute", "--query", "--eval", "-cmd"))
_CODE_OPTIONS = frozenset(("-c", "-e", "-E", "-lc", "-ic", "-p"))
_CODE_PROGRAMS = late_pattern(r"(?:python|pypy)[\d.]*|py|node|bun|deno|ruby|perl|php|bash|sh|zsh|dash|powershell|pwsh")

_SQL = late_pattern(
    r"\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*([A-Za-z]+)(\s+(?:INTO|FROM|TABLE|DATABASE|SCHEMA|INDEX|VIEW|COLUMN|USER|ROLE|IF"
    r"|EXISTS|NOT|ONLY)\b)*(\s+[\w.\"`]+)?",
    re.IGNORECASE | re.DOTALL,
)


def summary(argv: tuple[str, ...]) -> str:
    """The command as it may be kept: program, subcommand and telling words.

    >>> summary(("psql", "-h", "db", "-c", "DELETE FROM users WHERE mail = 'a@b'"))
    'psql -h db -c DELETE FROM users'
    >>> summary(("git", "commit", "-m", "secret plans", "a.py"))
    'git commit -m … a.py'
    """
    words = [_shown(argv, number) for number in range(min(len(argv), 60))]
    text = secrets_out(" ".join(word for word in words if word))
    plain = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 1].rstrip() + _ELIDED


def _shown(argv: tuple[str, ...], number: int) -> str:
    word = argv[number].replace(UNKNOWN, _ELIDED)
    if not number:
        return word[:200]
    before = argv[number - 1]
    if before in _STATEMENT_OPTIONS and argv[0] in _STATEMENT_CLIENTS:
        return statement(word)
    if before in _CODE_OPTIONS and _CODE_PROGRAMS.fullmatch(argv[0]):
        return _ELIDED
    if _is_free(argv[0], before):
        return _ELIDED
    name, equals, _ = word.partition("=")
    if equals and name.startswith("--") and _is_free(argv[0], name):
        return f"{name}={_ELIDED}"
    if argv[0] == "sqlite3" and " " in word:
        return statement(word)
    return _quoted(word[:200])


def _is_free(program: str, option: str) -> bool:
    programs = _FREE_SHORT.get(option)
    return option in _FREE and (programs is None or program in programs)


def _quoted(word: str) -> str:
    """Words with blanks are quoted, as a mask has to know where a value ends."""
    one = " ".join(word.split())
    return f"'{one}'" if " " in one and "'" not in one else one


def statement(text: str) -> str:
    """The verb and the object of the first SQL statement, or the command of another query language."""
    match = _SQL.match(text[:2000])
    return " ".join(match.group().split())[:60] if match else _ELIDED
