"""The terminal face: parse, call one verb of the ledger, print.

    $ sidelight intent "fix the redrive flood" --area monitoring

One module a group of commands; only the group that is asked for is loaded, and no command line library, because a
terminal that is asked a hundred times an hour should answer at once. `--json` prints what HTTP answers for the same
operation. Exit codes: 0 done (warned or not), 1 not recorded, 2 asked for wrongly, 3 (`check` alone) something matters.
"""

from __future__ import annotations

import os
import sys
from argparse import SUPPRESS, ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from sidelight import __version__
from sidelight.cli.terminal import INTERRUPTED, NOT_RECORDED, USAGE, Command, Terminal, UsageError

#: Every command and the module it is in, in the order of the help. The only list of them.
COMMANDS: dict[str, str] = {
    "intent": "announcing",
    "finish": "announcing",
    "recent": "looking",
    "who": "looking",
    "notices": "looking",
    "whodid": "tracing",
    "undo-hint": "tracing",
    "check": "asking",
    "explain": "asking",
    "mute": "keeping",
    "export": "keeping",
    "forget": "keeping",
    "init": "installing",
    "uninstall": "installing",
    "shell-init": "people",
    "shell-line": "people",
    "git-hook": "people",
    "migrate-store": "moving",
    "doctor": "tending",
    "cost": "costing",
    "report": "reporting",
    "demo": "tending",
    "replay": "tending",
    "serve": "serving",
    "server": "serving",
    "dashboard": "serving",
    "watch": "watching",
    "token": "granting",
    "mcp": "speaking",
}

#: What follows `--` after one of these is a command line, not ours.
_TAKES_A_COMMAND = frozenset({"check", "explain"})


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; never a traceback for what a person or a machine can cause."""
    given = list(sys.argv[1:] if argv is None else argv)
    if given[:1] == ["hook"]:  # what `bin/sidelight` sees before it comes here
        from sidelight import hook

        hook.main(given[1:])
    terminal = Terminal(sys.stdout, sys.stderr, os.environ, as_json="--json" in given)
    try:
        code = _run(given, terminal)
        terminal.flush()
        return code
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(given: list[str], terminal: Terminal) -> int:
    # Late: a command line that is wrong, `--version` and `--help` need no ledger.
    from sidelight.config import BoundsError, ConfigError
    from sidelight.stores import StoreError

    try:
        options, command = _parsed(given, terminal)
        return command.run(options, terminal) if command is not None else 0
    except (UsageError, BoundsError) as error:
        return terminal.fail(str(error), USAGE)
    except ConfigError as error:
        return terminal.fail(str(error), NOT_RECORDED)
    except (StoreError, OSError) as error:
        return terminal.fail(f"{error}. `sidelight doctor` names the cause and the remedy.", NOT_RECORDED)


# ── the command line ──────────────────────────────────────────────────────────────────────────────────────────────


class _Parser(ArgumentParser):
    """An `ArgumentParser` whose mistakes are one sentence, whichever way it is to be printed."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; `{self.prog} --help` shows an example")


def _parsed(given: list[str], terminal: Terminal) -> tuple[Namespace, Command | None]:
    """The options and the command; None where the help or the version was all."""
    name = _name_in(given)
    line: list[str] = []
    if name in _TAKES_A_COMMAND and "--" in given:
        cut = given.index("--")
        given, line = given[:cut], given[cut + 1 :]
        terminal.as_json = "--json" in given
    parser, commands = _parser([name] if name else list(COMMANDS))
    if name is None and not {"-h", "--help", "--version"} & set(given):
        if not terminal.as_json:
            terminal.say(parser.format_help().rstrip())
        raise UsageError("what shall it do? Name one of its commands")
    try:
        options = parser.parse_args(given, Namespace(home=None, session=None, agent=None, json=False))
    except SystemExit:  # --help and --version have printed what they had to say
        return Namespace(), None
    if line:
        options.command = [*options.command, *line]
    return options, commands[options.name]


def _name_in(given: Sequence[str]) -> str | None:
    """The command that was named, so that only its module need be loaded; None for help, and for what is wrong."""
    words = iter(given)
    for word in words:
        if word in ("--home", "--session", "--agent"):
            next(words, None)
        elif not word.startswith("-"):
            return word if word in COMMANDS else _unknown(word)
        elif word in ("-h", "--help", "--version"):
            return None
    return None


def _unknown(word: str) -> NoReturn:
    from difflib import get_close_matches

    from sidelight.redact import line

    near = get_close_matches(word, COMMANDS, 1)
    meant = f"did you mean {near[0]}?" if near else "`sidelight --help` lists them"
    raise UsageError(f"there is no command {line(word, 40)!r}; {meant}")


def _parser(names: Sequence[str]) -> tuple[_Parser, dict[str, Command]]:
    shared = _Parser(add_help=False)
    common = shared.add_argument_group("everywhere")
    for flag, meta, says in (
        ("--home", "DIR", "the home to use: it holds the ledger and its settings (default: yours)"),
        ("--session", "ID", "who you are (default: SIDELIGHT_SESSION, or what the agent program says)"),
        ("--agent", "ID", "which sub-agent of the session"),
    ):
        common.add_argument(flag, metavar=meta, help=says, default=SUPPRESS)
    common.add_argument("--json", action="store_true", help="print JSON, as HTTP would answer", default=SUPPRESS)
    parser = _Parser(
        prog="sidelight",
        description="See what other sessions are about to do and have done, and be told when it meets your work.\n"
        "Nothing is ever blocked.",
        epilog="`sidelight COMMAND --help` shows examples.",
        formatter_class=RawDescriptionHelpFormatter,
        parents=[shared],
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"sidelight {__version__}")
    choices = parser.add_subparsers(dest="name", metavar="COMMAND", required=True, title="commands")
    commands = {}
    for command in _commands(names):
        one = choices.add_parser(
            command.name,
            help=command.says,
            description=f"{command.says[0].upper()}{command.says[1:]}.",
            epilog="for example:\n" + "\n".join(f"  {example}" for example in command.examples),
            formatter_class=RawDescriptionHelpFormatter,
            parents=[shared],
            allow_abbrev=False,
        )
        command.arguments(one)
        commands[command.name] = command
    return parser, commands


def _commands(names: Sequence[str]) -> list[Command]:
    modules = [import_module(f"sidelight.cli.{module}") for module in dict.fromkeys(COMMANDS[name] for name in names)]
    known = {command.name: command for module in modules for command in module.COMMANDS}
    return [known[name] for name in names]
