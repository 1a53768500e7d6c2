"""Which simple commands a command line executes, and where.

    commands("cd web && sudo rm -rf dist | tee log", facts)[0]      # rm -rf dist in …/web, tee log in …/web

A line is walked in the order a shell would (`lines`, `statements`, `simple`, `programs`): lists, pipelines, loops over
known words, functions, `cd`, variables and substitutions are followed (`expansion`), wrappers looked through
(`wrappers`), texts that a shell is fed are walked in turn. Where a branch cannot be decided both are walked.
tree-sitter-bash parses what is more than plain words; it is imported then.

Bounded in everything: length, depth, steps, commands, time. What went beyond a bound, or was not understood, makes the
answer's second part False; what was found until then is returned. Nothing is raised, run or printed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from sidelight.effects import Command
from sidelight.facts import Facts

LONGEST_LINE = 65536

Clock = Callable[[], float]


def commands(line: str, facts: Facts, *, clock: Clock = time.monotonic) -> tuple[list[Command], bool]:
    """The simple commands that a bash, sh or zsh line executes, and whether everything in it was followed."""
    return _found(line, facts, "sh", clock)


def powershell_commands(line: str, facts: Facts, *, clock: Clock = time.monotonic) -> tuple[list[Command], bool]:
    """The same for a PowerShell line."""
    return _found(line, facts, "powershell", clock)


def argv_commands(argv: Iterable[str], facts: Facts, *, clock: Clock = time.monotonic) -> tuple[list[Command], bool]:
    """The same for a command that comes as a list of words: nothing in them is expanded."""
    from sidelight.effects.shell.lines import Line
    from sidelight.effects.shell.scopes import Scope
    from sidelight.effects.shell.walk import Feed
    from sidelight.effects.shell.words import Field

    walk = Line(facts, clock)
    fields = [Field(word) for word in argv]
    if sum(len(field.text) for field in fields) > LONGEST_LINE:
        return [], False
    return walk.finish(lambda: walk.execute(fields, Scope(facts), Feed()))


def _found(line: str, facts: Facts, dialect: str, clock: Clock) -> tuple[list[Command], bool]:
    from sidelight.effects.shell.lines import Line
    from sidelight.effects.shell.scopes import Scope
    from sidelight.effects.shell.walk import Feed

    if len(line) > LONGEST_LINE:
        return [], False
    walk = Line(facts, clock)
    return walk.finish(lambda: walk.text(line, Scope(facts), Feed(), dialect))


def summary(argv: Iterable[str]) -> str:
    """A command as one short line without secrets: see `spelling`."""
    from sidelight.effects.shell import spelling

    return spelling.summary(tuple(argv))
