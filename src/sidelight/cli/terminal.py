"""What every command of the terminal is handed: where to read its options, where to write, and the ledger it is about.

Nothing here decides anything about actions. A command returns its exit code (design 10): 0 done, warned or not; 1 not
recorded; 2 asked for wrongly; 3, of `check` alone, something matters.
"""

from __future__ import annotations

import json
import os
import re
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from sidelight.actions import Session
from sidelight.config import milliseconds
from sidelight.redact import line

if TYPE_CHECKING:  # the help and the version need no ledger
    from sidelight.ledger import Ledger

DONE, NOT_RECORDED, USAGE, MATTERS, INTERRUPTED = 0, 1, 2, 3, 130
LONGEST_NAME = 128


class Command(NamedTuple):
    """One subcommand: what it is for, examples for its help, its arguments, and what it does."""

    name: str
    says: str
    examples: tuple[str, ...]
    arguments: Callable[[ArgumentParser], None]
    run: Callable[[Namespace, Terminal], int]


class UsageError(Exception):
    """What was asked for cannot be done; the message says what to do instead."""


# ── writing ───────────────────────────────────────────────────────────────────────────────────────────────────────

_COLOURS = {"conflict": "1;31", "overlap": "33", "nearby": "36", "strong": "1", "faint": "2", "good": "32"}
_SEVERITY = re.compile(r"\b(conflict|overlap|nearby)\b")


class Terminal:
    """Standard output and error, as people and pipes want them: colour only on a terminal, never a traceback for a
    reader that has gone away, and characters that the locale lacks spelled out.
    """

    def __init__(self, out: IO[str], err: IO[str], env: Mapping[str, str], *, as_json: bool = False) -> None:
        self._out, self._err, self.env, self.as_json = out, err, env, as_json
        self.broken = False
        for stream in (out, err):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        self.coloured = out.isatty() and not env.get("NO_COLOR") and env.get("TERM") != "dumb"

    def say(self, *lines: str) -> None:
        """Write lines for a person."""
        self._write("".join(f"{one}\n" for one in lines))

    def body(self, body: Mapping[str, Any]) -> None:
        """Write the one JSON object that `--json` promises."""
        plain = (getattr(self._out, "encoding", None) or "utf-8").lower().replace("-", "") != "utf8"
        self._write(json.dumps(_clean(body), ensure_ascii=plain, indent=2) + "\n")

    def warn(self, text: str | None) -> None:
        """Write a warning after the result, its severity in colour."""
        if text:
            self.say(self.severe(text))

    def fail(self, sentence: str, code: int = NOT_RECORDED) -> int:
        """Say in one sentence what went wrong, and answer with the exit code for it."""
        if self.as_json:
            self.body({"error": sentence})
        else:
            print(f"sidelight: {sentence}", file=self._err)
        return code

    def note(self, sentence: str) -> None:
        """A remark beside the result; it goes to standard error so that a pipe sees the result only."""
        if not self.as_json:
            print(f"sidelight: {sentence}", file=self._err)

    def paint(self, text: str, colour: str) -> str:
        """The text in a colour where there is colour."""
        return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if self.coloured else text

    def severe(self, text: str) -> str:
        """The text with the first severity that it names in that one's colour."""
        return _SEVERITY.sub(lambda found: self.paint(found[0], found[0]), text, count=1)

    def flush(self) -> None:
        """Everything out; a reader that has gone is no error."""
        self._write("")

    def _write(self, text: str) -> None:
        if self.broken:
            return
        try:
            self._out.write(text)
            self._out.flush()
        except BrokenPipeError:
            self.broken = True
            # What is still buffered must go somewhere, or Python complains about it at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._out.fileno())


def _clean(value: Any) -> Any:
    """JSON without a lone surrogate, which no reader takes."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode() if not value.isascii() else value
    if isinstance(value, Mapping):
        return {key: _clean(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(one) for one in value]
    return value


# ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────────


def span(text: str) -> int:
    """A length of time as people write it (`90s`, `1h30m`, `7d`), in milliseconds.

    >>> span("1h30m")
    5400000
    """
    found = milliseconds(text)
    if found is None:
        raise UsageError(f"{line(text, 40)!r} is no length of time; write it like 90s, 30m, 2h, 1h30m or 7d")
    return found


# ── the ledger a command is about, and who asks ───────────────────────────────────────────────────────────────────


def open_ledger(options: Namespace) -> Ledger:
    """The ledger that `--home`, the environment or the working directory names."""
    from sidelight.ledger import Ledger
    from sidelight.space import store_url

    return Ledger.open(options.home, store=store_url(os.environ))


def who_asks(options: Namespace, ledger: Ledger, env: Mapping[str, str]) -> Session | None:
    """The session this command speaks for, and where it stands; None if nobody said which."""
    from sidelight import space

    for flag, given in (("--session", options.session), ("--agent", options.agent)):
        if given is not None and not 0 < len(given.strip()) <= LONGEST_NAME:
            raise UsageError(f"{flag} must be a text of 1 to {LONGEST_NAME} characters")
    known = space.who_am_i(env, {"agent": options.agent}, options.session)
    if known.session is None:
        return None
    facts = ledger.facts
    return Session(
        known.session,
        agent=known.agent,
        host=known.host,
        machine=facts.machine,
        space=ledger.space,
        cwd=facts.cwd or None,
        tree=facts.worktree,
        branch=facts.branch,
    )


NOBODY = "no session is known, so this counts as possibly anybody's; name yours with --session or SIDELIGHT_SESSION"


def need_session(options: Namespace, ledger: Ledger, env: Mapping[str, str]) -> Session:
    """As `who_asks`, for commands that mean nothing without one."""
    found = who_asks(options, ledger, env)
    if found is None:
        raise UsageError("no session is known; name yours with --session ID or SIDELIGHT_SESSION=ID")
    return found


def confirmed(question: str, *, yes: bool) -> bool:
    """Has the person agreed? Asks on a terminal; elsewhere only `--yes` counts."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError(f"{question} Nobody is there to ask: repeat it with --yes.")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
