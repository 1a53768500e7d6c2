"""Programs that are given a program: Python modules run by name, texts (`python -c`), shell scripts in files."""

from __future__ import annotations

import re

from sidelight.effects import UNKNOWN, Command
from sidelight.effects.shell.prefixes import is_shell, options
from sidelight.records import late_pattern

_PYTHON = late_pattern(r"(?:python|pypy)[\d.]*w?|py")
_TAKING = "-W -X -m -c -Q --check-hash-based-pycs"

#: Modules whose `python -m NAME …` is the same as the program of that name.
_MODULES = frozenset(
    "alembic aerich black build celery coverage flake8 flask gunicorn hatch hypercorn isort mypy pip pipx poetry"
    " pre_commit pyright pytest ruff sqlfluff tox twine uv uvicorn virtualenv".split()
)


def module(argv: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """`python -m pip install x` as the program it runs, and what that was found behind.

    >>> module(("python3", "-m", "pip", "install", "x"))
    (('pip', 'install', 'x'), ('python3',))
    """
    if not _PYTHON.fullmatch(argv[0]) or "-m" not in argv:
        return argv, ()
    place = argv.index("-m")
    name = argv[place + 1] if place + 1 < len(argv) else ""
    leading = argv[1:place]
    if name.partition(".")[0] not in _MODULES or any(not word.startswith("-") or word == "-c" for word in leading):
        return argv, ()
    return (name.replace("_", "-"), *argv[place + 2 :]), (argv[0],)


def code(command: Command) -> str | None:
    """The program text that an interpreter is given on the line."""
    program = command.argv[0]
    if _PYTHON.fullmatch(program):
        given = options(command.argv[1:], _TAKING)
        return _text(given.get("-c"), given.rest, command.stdin if given.get("-m") is None else None)
    if program in ("node", "bun", "deno", "tsx", "ts-node", "nodejs"):
        rest = command.argv[2:] if program == "deno" and command.argv[1:2] == ("eval",) else command.argv[1:]
        if program == "deno" and rest is not command.argv[1:] and rest:
            return rest[-1]
        given = options(rest, "-e --eval -p --print -pe -r --require --import")
        return _text(given.get("-e", "--eval", "-p", "--print", "-pe"), given.rest, command.stdin)
    if program in ("ruby", "php", "perl", "Rscript", "lua") and not any(
        re.match(r"-[a-z0]*[ip]", word) for word in command.argv[1:]
    ):
        given = options(command.argv[1:], "-e -E -r -I")
        return _text(given.get("-e", "-E", "-r") if program != "ruby" else given.get("-e"), given.rest, command.stdin)
    return None


def _text(given: str | None, rest: tuple[str, ...], stdin: str | None) -> str | None:
    if given is not None:
        return given
    return stdin if not rest or rest[0] in ("-", "/dev/stdin") else None


_SCRIPT = late_pattern(r".*\.(sh|bash|zsh)")


def script(command: Command) -> str | None:
    """The shell script that this runs: `bash x.sh`, `./x.sh`."""
    if is_shell(command.argv[0]):
        given = options(command.argv[1:], "-o -O --rcfile --init-file")
        path = given.rest[0] if given.rest and given.get("-c") is None else ""
        return path if path and UNKNOWN not in path and path != "-" else None
    program = command.program
    return program if "/" in program and _SCRIPT.fullmatch(program) and UNKNOWN not in program else None
