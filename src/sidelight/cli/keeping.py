"""`mute`, `export` and `forget`: what is told, and what is kept."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sidelight import audit, wire
from sidelight.cli.progress import Bar
from sidelight.cli.terminal import DONE, Command, Terminal, UsageError, confirmed, need_session, open_ledger, span
from sidelight.home import settings
from sidelight.ledger import Ledger
from sidelight.redact import line

# ── mute ──


def _mute_arguments(parser: ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--repo", action="store_true", help="everything in this repository or home, not one session")
    which.add_argument("--list", action="store_true", help="show what is muted")
    parser.add_argument("--off", action="store_true", help="speak again")


def _mute(options: Namespace, terminal: Terminal) -> int:
    with open_ledger(options) as ledger:
        if ledger.home is None:
            raise UsageError("this ledger has no home directory, so no settings to mute in; name one with --home DIR")
        if options.list:
            return _show_muted(ledger, terminal)
        name = ledger.space if options.repo else need_session(options, ledger, terminal.env).actor
        where = "spaces" if options.repo else "sessions"
        settings.mute(ledger.home, where, name, off=options.off)
        return _show_muted(ledger, terminal)


def _show_muted(ledger: Ledger, terminal: Terminal) -> int:
    sessions, spaces = ledger.config.mute_sessions, ledger.config.mute_spaces
    if terminal.as_json:
        terminal.body({"mute": {"sessions": sessions, "spaces": spaces}})
        return DONE
    muted = [f"session {line(one, 128)}" for one in sessions]
    muted += [f"everything in {line(one, 200)}" for one in spaces]
    terminal.say(*(f"Muted: {one}. It is recorded, but not warned." for one in muted))
    if not muted:
        terminal.say("Nothing is muted.")
    return DONE


# ── export ──


def _export_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--out", metavar="FILE", help="write there, readable by you only (default: standard output)")


def _export(options: Namespace, terminal: Terminal) -> int:
    with open_ledger(options) as ledger:
        if options.out is None:
            for one in _record(ledger):
                terminal.say(_dumped(one))
                if terminal.broken:
                    break
            return DONE
        descriptor = os.open(options.out, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            last, number = ledger.store.last_seq(), 0
            with Bar.on(terminal, "Writing the record") as bar:
                for one in _record(ledger):
                    file.write(_dumped(one) + "\n")
                    number += 1
                    bar.show(int(one["seq"]), last)
        if terminal.as_json:
            terminal.body({"exported": number, "file": options.out})
        else:
            terminal.say(f"{_actions(number)} written to {line(options.out, 200)}.")
        return DONE


def _record(ledger: Ledger) -> Iterator[dict[str, Any]]:
    """The whole record, oldest first, in the names of the wire and with every effect."""
    after = 0
    while page := ledger.store.follow(after):
        states = ledger.states(page)
        for one in page:
            yield {**wire.action(one, states.get(one.id)), "area": one.area, "touches": [list(t) for t in one.touches]}
        after = page[-1].seq


def _dumped(one: dict[str, Any]) -> str:
    return json.dumps(one, ensure_ascii=False, separators=(",", ":"))


def _actions(number: int) -> str:
    return f"{number:,} action{'' if number == 1 else 's'}"


# ── forget ──


def _forget_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--space", metavar="S", help="of this repository or home ('.' is the one you stand in)")
    parser.add_argument("--before", metavar="TIME", help="older than this, like 7d")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def _forget(options: Namespace, terminal: Terminal) -> int:
    if options.session is None and options.space is None and options.before is None:
        raise UsageError("say what to forget: --session ID, --space S or --before 7d; together they narrow it down")
    age = span(options.before) if options.before else None
    with open_ledger(options) as ledger:
        space = ledger.space if options.space == "." else options.space
        before = ledger.store.now() - age if age is not None else None
        chosen = _chosen(options.session, space, before)
        seqs = frozenset(one["seq"] for one in _record(ledger) if chosen(one))
        what = _narrowed(options.session, space, options.before)
        if seqs and not confirmed(f"Forget {_actions(len(seqs))}{what} for good?", yes=options.yes):
            terminal.say("Nothing was forgotten.")
            return DONE
        gone = ledger.store.forget(actor=options.session, space=space, before=before)
        if ledger.home is not None:
            # What was pruned from the ledger long ago may still have its line, which does not tell its space.
            alone = chosen if space is None else lambda _: False
            failure = audit.forget(ledger.home, lambda one: one.get("seq") in seqs or alone(one))
            if failure:
                return terminal.fail(f"{_actions(gone)} forgotten, but not everywhere: {failure}")
        if terminal.as_json:
            terminal.body({"forgotten": gone})
        else:
            terminal.say(f"Forgotten: {_actions(gone)}{what}.")
        return DONE


def _chosen(session: str | None, space: str | None, before: int | None) -> Callable[[Mapping[str, Any]], bool]:
    def matches(one: Mapping[str, Any]) -> bool:
        return (
            (session is None or one.get("actor") == session)
            and (space is None or one.get("space") == space)
            and (before is None or one.get("ts", before) < before)
        )

    return matches


def _narrowed(session: str | None, space: str | None, before: str | None) -> str:
    text = f" of session {line(session, 128)}" if session is not None else ""
    text += f" in {line(space, 200)}" if space is not None else ""
    return text + (f" older than {before}" if before is not None else "")


COMMANDS = (
    Command(
        "mute",
        "be recorded, but not warned: one session, or a whole repository",
        (
            "sidelight mute --session nightly-build",
            "sidelight mute --repo",
            "sidelight mute --repo --off",
            "sidelight mute --list",
        ),
        _mute_arguments,
        _mute,
    ),
    Command(
        "export",
        "write the whole record as JSON lines, oldest first",
        ("sidelight export --out ledger.jsonl", "sidelight export | jq -r .reason"),
        _export_arguments,
        _export,
    ),
    Command(
        "forget",
        "delete from the record for good",
        ("sidelight forget --session a", "sidelight forget --space . --before 7d --yes"),
        _forget_arguments,
        _forget,
    ),
)
