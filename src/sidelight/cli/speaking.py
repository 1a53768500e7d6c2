"""`mcp`: the tools for a model, over standard input and output."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from sidelight.cli.terminal import DONE, NOT_RECORDED, Command, Terminal

_MISSING = "this needs the MCP SDK; install it: pip install 'sidelight[mcp]'"


def _no_arguments(parser: ArgumentParser) -> None:
    """It takes none of its own."""


def _mcp(options: Namespace, terminal: Terminal) -> int:
    try:
        import anyio

        from sidelight.desk import Desk
        from sidelight.mcp_server import stdio
    except ImportError:
        return terminal.fail(_MISSING, NOT_RECORDED)
    named = {"SIDELIGHT_SESSION": options.session, "SIDELIGHT_AGENT": options.agent}
    env = {**terminal.env, **{name: value for name, value in named.items() if value}}
    anyio.run(stdio, Desk.of(env, options.home))
    return DONE


COMMANDS = (
    Command(
        "mcp",
        "offer five tools to an agent program, by the Model Context Protocol over standard input and output",
        ("sidelight mcp", "claude mcp add sidelight -- sidelight mcp"),
        _no_arguments,
        _mcp,
    ),
)
