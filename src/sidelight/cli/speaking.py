"""`mcp`: the tools for a model, over standard input and output."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from sidelight.cli.terminal import NOT_RECORDED, Command, Terminal


def _no_arguments(parser: ArgumentParser) -> None:
    """It takes none of its own."""


def _mcp(options: Namespace, terminal: Terminal) -> int:
    from sidelight.bridge import MISSING, main

    named = {"SIDELIGHT_SESSION": options.session, "SIDELIGHT_AGENT": options.agent}
    env = {**terminal.env, **{name: value for name, value in named.items() if value}}
    try:
        return main(env, options.home)
    except ImportError:
        return terminal.fail(MISSING, NOT_RECORDED)


COMMANDS = (
    Command(
        "mcp",
        "offer five tools to an agent program, by the Model Context Protocol over standard input and output",
        ("sidelight mcp", "claude mcp add sidelight -- sidelight mcp"),
        _no_arguments,
        _mcp,
    ),
)
