"""`report`: what came of a stretch of time, on the terminal, as JSON or as one HTML file."""

from __future__ import annotations

import os
import tempfile
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from sidelight.cli.progress import Bar
from sidelight.cli.terminal import DONE, Command, Terminal, UsageError, open_ledger, span
from sidelight.redact import line

if TYPE_CHECKING:
    from sidelight.report import Report

_SHOWN = 8


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--since", metavar="TIME", default="7d", help="how far back, like 12h or 30d (default: 7d)")
    parser.add_argument("--html", metavar="FILE", help="write it as one HTML file with plots, which loads nothing")


def _report(options: Namespace, terminal: Terminal) -> int:
    from sidelight import report

    back = span(options.since)
    if options.html:
        _check(options.html)
    with open_ledger(options) as ledger:
        now = ledger.store.now()
        with Bar.on(terminal, "Reading the record") as bar:
            found = report.gather(
                ledger.store, now - back, now, told_from=ledger.config.attention_from, progress=bar.show
            )
    if options.html:
        _write(options.html, report.page(found))
    if terminal.as_json:
        terminal.body(found.as_json() | ({"file": options.html} if options.html else {}))
        return DONE
    terminal.say(*_lines(found, options.since, terminal))
    if options.html:
        terminal.say("", f"Written to {line(options.html, 200)}.")
    return DONE


def _lines(found: Report, since: str, terminal: Terminal) -> list[str]:
    from sidelight.report import RULE, moment

    said = [f"The last {since}: {found.actions:,} actions of {_many(found.sessions, 'session')}."]
    if not found.kinds:
        return [*said, "Nobody met anybody.", *_files(found, terminal)]
    said += ["", terminal.paint("Collisions by kind", "strong")]
    for one in found.kinds[:_SHOWN]:
        parts = [f"{getattr(one, name):,} {name}" for name in ("conflict", "overlap", "nearby") if getattr(one, name)]
        said.append(terminal.severe(f"  {one.kind:<18} {', '.join(parts)}"))
    warned = found.warned
    said += ["", terminal.paint("Warnings", "strong")]
    said.append(
        f"  {warned.all:,} in all: {warned.heeded:,} heeded ({warned.not_run:,} not run, {warned.came_back:,} come "
        f"back to), {warned.unknown:,} unknown"
    )
    said.append(terminal.paint(f"  {RULE}", "faint"))
    said += ["", terminal.paint("Near misses", "strong")]
    said += [
        f"  {moment(one.ts)} UTC  {one.later}; it would have met: {one.earlier}" for one in found.near_misses[:_SHOWN]
    ] or ["  none"]
    if found.misses > _SHOWN:
        said.append(f"  and {found.misses - _SHOWN:,} more")
    return said + _files(found, terminal)


def _files(found: Report, terminal: Terminal) -> list[str]:
    if not found.files:
        return []
    rows = [
        f"  {_many(one.edits, 'edit'):>10} by {_many(one.sessions, 'session')}  {one.file}"
        for one in found.files[:_SHOWN]
    ]
    return ["", terminal.paint("Busiest files", "strong"), *rows]


def _many(number: int, name: str) -> str:
    return f"{number:,} {name}{'' if number == 1 else 's'}"


# ── the file ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _check(file: str) -> None:
    """Refuses to replace a file that is no report."""
    from sidelight.report import MARK

    if not os.path.lexists(file):
        return
    try:
        with open(file, "rb") as there:
            is_ours = MARK.encode() in there.read(1_000)
    except OSError:
        is_ours = False
    if not is_ours:
        raise UsageError(f"{line(file, 200)} is there and no report; name another file")


def _write(file: str, text: str) -> None:
    """Whole or not at all, readable by its owner only."""
    handle, beside = tempfile.mkstemp(dir=os.path.dirname(file) or ".", prefix=".sidelight-report-")
    try:
        with open(handle, "w", encoding="utf-8") as out:
            out.write(text)
        os.replace(beside, file)
    except BaseException:
        os.unlink(beside)
        raise


COMMANDS = (
    Command(
        "report",
        "where sessions met, what came of the warnings, what nearly happened, which files are busy",
        ("sidelight report --since 7d", "sidelight report --since 30d --html report.html", "sidelight report --json"),
        _arguments,
        _report,
    ),
)
