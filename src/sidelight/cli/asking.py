"""`check` and `explain`: what a command line would be warned about, and what it was understood to touch."""

from __future__ import annotations

import shlex
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from sidelight import wire
from sidelight.actions import KINDS, Draft
from sidelight.advisory import NEARBY, at_least
from sidelight.advisory.wording import resource
from sidelight.cli.terminal import (
    DONE,
    MATTERS,
    NOBODY,
    NOT_RECORDED,
    USAGE,
    Command,
    Terminal,
    UsageError,
    open_ledger,
    who_asks,
)
from sidelight.ledger import Ledger, Receipt
from sidelight.redact import line
from sidelight.targets import scheme_of

if TYPE_CHECKING:
    from sidelight.effects import Effects


def _arguments(parser: ArgumentParser) -> None:
    parser.usage = f"{parser.prog} [options] -- COMMAND ..."
    parser.add_argument("command", metavar="COMMAND", nargs="*", help="a command line; or all of it as one quoted word")


def _understood(options: Namespace, ledger: Ledger) -> Effects:
    """What the command line does, from where we stand. One word is a whole command line, several are its words."""
    from sidelight.effects import Call, effects_of

    words: list[str] = options.command
    text = words[0] if len(words) == 1 else shlex.join(words)
    if not text.strip():
        raise UsageError("name a command line, like: sidelight check -- git reset --hard")
    return effects_of(Call("Bash", {"command": text}), ledger.facts)


def _check(options: Namespace, terminal: Terminal) -> int:
    with open_ledger(options) as ledger:
        effects = _understood(options, ledger)
        me = who_asks(options, ledger, terminal.env)
        drafts = [one._replace(actor=me.actor, agent=me.agent) if me else one for one in effects.drafts]
        receipt = ledger.check(*drafts, me=me) if drafts else Receipt(recorded=False)
        if receipt.error is not None:
            return terminal.fail(f"not checked: {receipt.error}", USAGE if receipt.invalid else NOT_RECORDED)
        matters = at_least(receipt.severity, NEARBY)
        if terminal.as_json:
            terminal.body(wire.checked(receipt, drafts))
            return MATTERS if matters else DONE
        if receipt.passive:
            terminal.say("Sidelight is switched off here, so nothing is known (crossSessionCoordination.enabled).")
        elif matters:
            terminal.warn(receipt.warning or f"{receipt.severity}, but muted here: `sidelight mute --list`")
        else:
            terminal.say(_all_clear(effects))
        if me is None:
            terminal.note(NOBODY)
        return MATTERS if matters else DONE


def _all_clear(effects: Effects) -> str:
    if effects.reads:
        return "It only reads: nothing to warn about."
    if effects.unknown and not effects.drafts:
        return "It was not understood, so nothing can be said about it; `sidelight explain` shows what is."
    return "Nothing that others did or announced speaks against it."


def _explain(options: Namespace, terminal: Terminal) -> int:
    with open_ledger(options) as ledger:
        effects = _understood(options, ledger)
        if terminal.as_json:
            drafts = [wire.draft(one) for one in effects.drafts]
            terminal.body({"reads": effects.reads, "unknown": effects.unknown, "understood": drafts})
            return DONE
        for one in effects.drafts:
            terminal.say(*_explained(one, ledger, terminal))
        if effects.reads:
            terminal.say("It only reads.")
        elif effects.unknown:
            terminal.say("Not all of it was understood." if effects.drafts else "It was not understood.")
        elif not effects.drafts:
            terminal.say("It touches nothing that others could meet.")
        return DONE


def _explained(one: Draft, ledger: Ledger, terminal: Terminal) -> list[str]:
    said = f"`{line(one.summary, 120)}`" if one.summary else line(one.target or "", 120)
    kind = KINDS[one.kind]
    lines = [f"{terminal.paint(one.kind, 'strong')}  {said}" + ("" if kind.listed else "  (a footprint)")]
    here = ledger.facts.worktree
    touches = [touch for touch in one.touches if scheme_of(touch.key) != "word"]
    return lines + [f"    {touch.effect:<10}{resource(touch.key, here)}" for touch in touches]


COMMANDS = (
    Command(
        "check",
        "ask what a command line would be warned about; runs and records nothing",
        (
            "sidelight check -- git reset --hard origin/main",
            'sidelight check "pkill -f vite && rm -rf dist" || echo "ask first"   # exit 3: something matters',
        ),
        _arguments,
        _check,
    ),
    Command(
        "explain",
        "show what a command line was understood to touch",
        ("sidelight explain -- git stash pop", 'sidelight explain "cd api && sudo rm -rf build"'),
        _arguments,
        _explain,
    ),
)
