"""`token`: who else may use the server of a home, and what for."""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace

from sidelight.cli.terminal import DONE, USAGE, Command, Terminal, UsageError
from sidelight.home import tokens


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("what", choices=("new", "list", "rotate", "revoke"), help="what to do")
    parser.add_argument("of", metavar="NAME", nargs="?", help="the token's name: the machine or person it is for")
    parser.add_argument("--read", action="store_true", help="a new token that may only look")


def _token(options: Namespace, terminal: Terminal) -> int:
    from sidelight.space import find_home

    home = find_home(".", terminal.env, options.home).path
    try:
        if options.what == "list":
            return _list(home, terminal)
        if not options.of:
            raise UsageError(f"name the token: sidelight token {options.what} NAME")
        if options.what == "revoke":
            tokens.revoke(home, options.of)
            return _said(terminal, {"name": options.of, "revoked": True}, f"{options.of} counts no more.")
        return _give(home, options, terminal)
    except tokens.TokenError as error:
        return terminal.fail(str(error), USAGE)


def _give(home: str, options: Namespace, terminal: Terminal) -> int:
    today = time.strftime("%Y-%m-%d", time.gmtime())
    if options.what == "new":
        text = tokens.make(home, options.of, tokens.READ if options.read else tokens.WRITE, today)
    else:
        text = tokens.rotate(home, options.of, today)
    if terminal.as_json:
        terminal.body({"name": options.of, "token": text})
    else:
        terminal.say(text)
        terminal.note("it is shown this once; give it as SIDELIGHT_TOKEN, and keep it as you would a password")
    return DONE


def _list(home: str, terminal: Terminal) -> int:
    found = tokens.listed(home)
    if terminal.as_json:
        terminal.body({"tokens": [{"name": one.name, "right": one.right, "made": one.made} for one in found]})
    else:
        width = max((len(one.name) for one in found), default=0)
        terminal.say(*(f"{one.name:{width}}  {one.right:5}  {one.made}" for one in found))
        if not found:
            terminal.say("No token was given out. The owner's is the authToken of config.json.")
    return DONE


def _said(terminal: Terminal, body: dict[str, object], sentence: str) -> int:
    if terminal.as_json:
        terminal.body(body)
    else:
        terminal.say(sentence)
    return DONE


COMMANDS = (
    Command(
        "token",
        "give others a token for the server of a home, and take it away",
        (
            "sidelight token new laptop",
            "sidelight token new wall-display --read",
            "sidelight token revoke laptop",
        ),
        _arguments,
        _token,
    ),
)
