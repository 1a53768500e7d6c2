"""`intent` and `finish`: say what you are about to do, and that it is done."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from sidelight import wire
from sidelight.actions import Action
from sidelight.cli.terminal import (
    DONE,
    NOBODY,
    NOT_RECORDED,
    USAGE,
    Command,
    Terminal,
    UsageError,
    need_session,
    open_ledger,
    span,
    who_asks,
)
from sidelight.hosts.announcing import Announced, by_shell
from sidelight.ledger import SILENT_MS, Ledger, Receipt
from sidelight.redact import line
from sidelight.stores import StoreError


def _intent_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("text", metavar="TEXT", nargs="+", help="what you are about to do, in a sentence")
    parser.add_argument("--area", metavar="NAME", help="the part of the work it belongs to, as others would call it")
    parser.add_argument(
        "--target",
        metavar="KEY",
        action="append",
        default=[],
        help="what it will touch: a path or glob, branch:main, config:a.b, port:3000, issue:#5 …; repeatable",
    )
    parser.add_argument("--ttl", metavar="TIME", help="how long it counts, like 30m or 2h (default: until finished)")


def _intent(options: Namespace, terminal: Terminal) -> int:
    ttl = span(options.ttl) if options.ttl else None
    try:
        ledger = open_ledger(options)
    except (StoreError, OSError) as error:
        return _not_recorded(Receipt(recorded=False, error=str(error)), terminal)
    with ledger:
        me = who_asks(options, ledger, terminal.env)
        said = Announced(" ".join(options.text), options.area, tuple(options.target), options.ttl)
        receipt = ledger.announce(
            said.text,
            actor=me.actor if me else None,
            agent=me.agent if me else options.agent,
            area=options.area,
            targets=options.target,
            ttl_ms=ttl,
            key=by_shell(ledger.store, me, said) if options.session is None else None,
            me=me,
        )
        if not receipt.recorded:
            return _not_recorded(receipt, terminal, ledger)
        if terminal.as_json:
            terminal.body(wire.announced(receipt))
            return DONE
        silence = f"until you finish it, or are silent for {SILENT_MS // 3_600_000} hours"
        terminal.say(f"Announced {f'for {options.ttl}' if ttl else silence}: {receipt.id}")
        if not receipt.duplicate:  # the hook before this command said it already
            terminal.warn(receipt.warning)
        if me is None:
            terminal.note(NOBODY)
        return DONE


def _not_recorded(receipt: Receipt, terminal: Terminal, ledger: Ledger | None = None) -> int:
    if receipt.invalid:
        return terminal.fail(receipt.error or "that cannot be recorded", USAGE)
    if terminal.as_json:
        terminal.body(wire.announced(receipt))
        return NOT_RECORDED
    if receipt.passive:
        where = f"{ledger.home}/config.json" if ledger is not None and ledger.home else "the settings"
        return terminal.fail(f"not recorded: Sidelight is switched off in {where} (crossSessionCoordination.enabled)")
    if receipt.spooled:
        return terminal.fail(f"not recorded yet: {receipt.error}.")
    return terminal.fail(f"not recorded: {receipt.error}. `sidelight doctor` names the cause and the remedy.")


def _finish_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", nargs="?", help="the intent, as `sidelight intent` printed it")
    parser.add_argument("--last", action="store_true", help="the newest of your open ones")


def _finish(options: Namespace, terminal: Terminal) -> int:
    if options.id and options.last:
        raise UsageError("either an ID or --last, not both")
    with open_ledger(options) as ledger:
        receipt = ledger.finish(options.id or _own_open(options, ledger, terminal).id)
        if not receipt.recorded:
            if receipt.invalid:
                return terminal.fail(receipt.error or "there is no such intent", USAGE)
            if receipt.spooled:
                return terminal.fail(f"not finished yet: {receipt.error}.")
            return terminal.fail(f"not finished: {receipt.error}. `sidelight doctor` names the cause and the remedy.")
        if terminal.as_json:
            terminal.body(wire.finished(receipt))
        else:
            terminal.say(f'Finished "{line(receipt.actions[0].reason or "", 160)}".')
        return DONE


def _own_open(options: Namespace, ledger: Ledger, terminal: Terminal) -> Action:
    """The intent that is meant where none was named: the newest, if it was asked for or is the only one."""
    me = need_session(options, ledger, terminal.env)
    name = line(me.actor, 60)
    mine = [one for one, closed in ledger.store.intents(actor=me.actor) if closed is None]
    open_ones = [one for one in mine if ledger.states([one]).get(one.id) in ("open", "stale")]
    if not open_ones:
        raise UsageError(f"session {name} has no open intent; `sidelight recent` shows what became of others")
    if len(open_ones) > 1 and not options.last:
        raise UsageError(f"session {name} has {len(open_ones)} open intents; name one, or use --last")
    return open_ones[0]


COMMANDS = (
    Command(
        "intent",
        "announce what you are about to do",
        (
            'sidelight intent "fix the redrive flood" --area monitoring',
            'sidelight intent "reset the test database" --target db:localhost/test --ttl 30m',
        ),
        _intent_arguments,
        _intent,
    ),
    Command(
        "finish",
        "say that an announced intent is done",
        ("sidelight finish --last", "sidelight finish intent-019ab3c4d5e6f708192a3b"),
        _finish_arguments,
        _finish,
    ),
)
