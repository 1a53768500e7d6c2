"""`cost`: what Sidelight itself has cost, and what came of its warnings."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from sidelight.advisory.wording import name_of
from sidelight.cli.terminal import DONE, Command, Terminal, UsageError, open_ledger, span

if TYPE_CHECKING:
    from sidelight.cost import Cost


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--since", metavar="TIME", help="only what was in this time, like 7d", default=None)


def _cost(options: Namespace, terminal: Terminal) -> int:
    import time

    from sidelight import cost
    from sidelight.hosts.costs import entries

    since = time.time_ns() // 1_000_000 - span(options.since) if options.since else 0
    with open_ledger(options) as ledger:
        if ledger.home is None:
            raise UsageError("this ledger has no home directory, so nothing was noted; name one with --home DIR")
        found = cost.costs(entries(ledger.home), ledger.store, since=since, session=options.session)
    if terminal.as_json:
        terminal.body({"sessions": [one.as_json() for one in found], "rule": cost.RULE})
        return DONE
    if not found:
        terminal.say("Nothing was noted: no hook has run here.")
        return DONE
    ids = [one.session for one in found]
    for one in found:
        calls = (
            f"{one.calls:,} hook call{'' if one.calls == 1 else 's'}, {one.median_ms:g} ms each ({one.ms:,.0f} in all)"
        )
        terminal.say(f"{name_of(one.session, ids, one.host)}: {one.tokens:,} tokens; {calls}{_warned(one)}")
    terminal.say("", cost.RULE)
    return DONE


def _warned(one: Cost) -> str:
    if not one.warnings:
        return ""
    number = f"{one.warnings:,} warning{'' if one.warnings == 1 else 's'}"
    return f"; {number}: {one.heeded:,} heeded, {one.warnings - one.heeded:,} unknown"


COMMANDS = (
    Command(
        "cost",
        "what Sidelight itself has cost in tokens and milliseconds, and what came of its warnings",
        ("sidelight cost", "sidelight cost --since 7d", "sidelight cost --json | jq .sessions"),
        _arguments,
        _cost,
    ),
)
