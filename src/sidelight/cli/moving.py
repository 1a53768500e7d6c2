"""`migrate-store`: from a file on one machine to one ledger for many."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from sidelight.cli.progress import Bar
from sidelight.cli.terminal import DONE, Command, Terminal
from sidelight.redact import line


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("source", metavar="FROM", help="the ledger's file, like ~/.local/state/sidelight/ledger.db")
    parser.add_argument("target", metavar="TO", help="where to: postgresql://user@host/database?ledger=name")
    parser.add_argument("--dry-run", action="store_true", help="say what would be moved, and change nothing")


def _run(options: Namespace, terminal: Terminal) -> int:
    from sidelight.stores import moving

    what = moving.Move.of(options.source, options.target, options.home)
    if options.dry_run:
        rows = moving.look(what)
        if terminal.as_json:
            terminal.body({"moved": False, "rows": rows, "to": what.heir})
        else:
            terminal.say(f"Would move {rows['actions']:,} actions to {line(what.where.shown, 200)}.")
        return DONE
    with Bar.on(terminal, "Sending the record") as bar:
        moved = moving.move(what, terminal.note, bar.show)
    delivery = moved.delivery
    if terminal.as_json:
        counts = {"sent": delivery.sent, "aside": delivery.aside, "left": delivery.left}
        terminal.body({"moved": True, "before": moved.before, "rows": moved.rows, "delivered": counts, "to": what.heir})
        return DONE
    how = "had been moved already" if moved.before else "moved"
    terminal.say(f"{moved.rows['actions']:,} actions {how}; {delivery.sent:,} requests delivered that came meanwhile.")
    if delivery.left:
        terminal.say(f"{delivery.left:,} requests still wait; run it again.")
    terminal.say(
        "From now on set SIDELIGHT_STORE to this URL wherever sessions start. The file stays as it is, frozen."
    )
    return DONE


COMMANDS = (
    Command(
        "migrate-store",
        "move a ledger from a file to PostgreSQL, while its sessions go on",
        (
            "sidelight migrate-store ledger.db 'postgresql://owner@db.example/team' --dry-run",
            "sidelight migrate-store ledger.db 'postgresql://owner@db.example/team?ledger=payments'",
        ),
        _arguments,
        _run,
    ),
)
