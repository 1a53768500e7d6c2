"""`watch`: who is here, what they did last and where they met, live in a terminal; lines where it is none.

It draws the same view as the page of the server (`overview`), and needs no server.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from sidelight.advisory.wording import age
from sidelight.cli.terminal import DONE, Command, Terminal, open_ledger, span
from sidelight.config import WINDOW_MS, check_whole
from sidelight.redact import line

if TYPE_CHECKING:
    from sidelight.overview import Lane, Mark, Meeting, Overview, View

EVERY = 0.5  # seconds
_ALIVE = {"live": "●", "quiet": "○", "gone": "✕", "ended": "·"}
_GRAVE = {"conflict": "‼", "overlap": "!", "nearby": "·"}
_STYLES = {"conflict": "bold red", "overlap": "yellow", "nearby": "cyan"}


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--window", metavar="TIME", default="1h", help="how far back it looks, like 30m (default: 1h)")
    parser.add_argument("--once", action="store_true", help="show what there is, and end")


def _watch(options: Namespace, terminal: Terminal) -> int:
    from sidelight.overview import Overview

    window = check_whole("--window", span(options.window), WINDOW_MS)
    with open_ledger(options) as ledger, contextlib.suppress(KeyboardInterrupt), _ended_gently():
        eyes = _Eyes(Overview(ledger), window)
        if sys.stdout.isatty() and not terminal.as_json and not options.once:
            _live(eyes)
        else:
            _follow(eyes, terminal, once=options.once)
    return DONE


@contextlib.contextmanager
def _ended_gently() -> Iterator[None]:
    """SIGTERM ends it as ctrl-C does, so that the terminal is left as it was."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _Eyes:
    """Looks again and again. A store that does not answer for a while is a remark and no end."""

    def __init__(self, overview: Overview, window_ms: int) -> None:
        self._overview, self._window = overview, window_ms
        self.problem = ""

    def look(self, after: int = 0) -> View | None:
        """The view behind a place; None, and `problem` says why, if there is none now."""
        from sidelight.config import ConfigError
        from sidelight.stores import StoreError

        try:
            found = self._overview.look(window_ms=self._window, after=after)
        except (StoreError, ConfigError) as error:
            self.problem = line(str(error), 200)
            return None
        self.problem = ""
        return found


# ── lines ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _follow(eyes: _Eyes, terminal: Terminal, *, once: bool, wait: Callable[[float], None] = time.sleep) -> None:
    """Every action and every meeting as a line, once, oldest first."""
    after, said = 0, ""
    while not terminal.broken:
        found = eyes.look(after)
        if found is not None:
            terminal.say(*(_objects(found) if terminal.as_json else map(terminal.severe, _lines(found))))
            after = found.seq
        elif eyes.problem != said:
            terminal.note(eyes.problem)
        said = eyes.problem
        if once:
            return
        wait(EVERY)


def _in_order(found: View) -> list[Mark | Meeting]:
    """What is new, in order of the record; a meeting stands behind the action that made it."""
    both: list[tuple[int, int, Mark | Meeting]] = [(one.action.seq, 0, one) for one in found.marks]
    both += [(one.seq, place + 1, one) for place, one in enumerate(found.meetings)]
    return [one for _, _, one in sorted(both, key=lambda row: row[:2])]


def _lines(found: View) -> list[str]:
    from sidelight.overview import Meeting

    lanes = {one.id: one for one in found.lanes}
    return [
        f"          {one.severity}: {one.told_later(list(found.names))}"
        if isinstance(one, Meeting)
        else f"{_clock(one.action.ts)}  {_name(lanes[one.lane])}  {one.says}"
        for one in _in_order(found)
    ]


def _objects(found: View) -> list[str]:
    """A JSON object a line: `{"action": …}` or `{"meeting": …}`, as `GET /coordination/view` has them, whose lanes are
    names here, because a line stands alone.
    """
    from sidelight import picture

    body = picture.view(found)
    lanes = [{name: lane[name] for name in ("name", "actor", "agent", "host")} for lane in body["lanes"]]

    def placed(one: dict[str, Any]) -> dict[str, Any]:
        return one | {"lane": lanes[one["lane"]]}

    rows = [(one["seq"], 0, {"action": placed(one)}) for one in body["marks"]]
    rows += [
        (one["seq"], 1, {"meeting": one | {side: placed(one[side]) for side in ("later", "earlier")}})
        for one in body["meetings"]
    ]
    return [json.dumps(one) for _, _, one in sorted(rows, key=lambda row: row[:2])]


def _clock(ts: int) -> str:
    return time.strftime("%H:%M:%S", time.localtime(ts / 1000))


def _name(lane: Lane) -> str:
    host = lane.session.host if lane.session else None
    return lane.name + (f" ({line(host, 20)})" if host else "")


# ── the screen ────────────────────────────────────────────────────────────────────────────────────────────────────


class Row(NamedTuple):
    """A line of the screen and its style."""

    text: str
    style: str = ""


def screen(found: View, height: int) -> list[Row]:
    """What fits into so many lines: who is here, where they met, and what was done last, newest first."""
    lanes, met, marks = found.lanes, found.meetings[::-1], found.marks[::-1]
    head = f"{found.live} live · {found.open_intents} open · {len(met)} met"
    rows = [Row(f"Sidelight · {head}" + ("" if found.enabled else " · switched off here"), "bold")]
    room = max(0, height - 1)
    here = _share(len(lanes), room, 3 if met or marks else 1)
    clashes = _share(len(met), room - here, 2 if marks else 1)
    rows += [_lane_row(one, found) for one in lanes[:here]]
    rows += [_met_row(one, found) for one in met[:clashes]]
    names = {one.id: one.name for one in lanes}
    rest = marks[: max(0, room - here - clashes)]
    rows += [Row(f"{age(found.now - one.action.ts):>4}  {names[one.lane]}  {one.says}") for one in rest]
    if len(rows) == 1 and room:
        rows.append(Row("Nobody was here lately.", "dim"))
    return rows


def _share(wanted: int, room: int, of: int) -> int:
    """How many of `room` lines go to something that wants so many: its part, at least one."""
    return min(wanted, room, max(1, room // of))


def _lane_row(lane: Lane, found: View) -> Row:
    known = lane.session
    place = f" on {line(known.branch, 40)}" if known and known.branch else ""
    words = f'  "{line(lane.intents[0].reason or "", 120)}"' if lane.intents else ""
    seen = f"  {age(found.now - known.last_seen)} ago" if known and lane.alive != "live" else ""
    inset = "  " if lane.agent is not None else ""
    style = {"live": "green", "quiet": ""}.get(lane.alive, "dim")
    return Row(f"{inset}{_ALIVE[lane.alive]} {_name(lane)} {lane.alive}{place}{words}{seen}", style)


def _met_row(one: Meeting, found: View) -> Row:
    told = one.told_later(list(found.names))
    when = age(found.now - one.later.ts)
    return Row(f"{when:>4}  {_GRAVE[one.severity]} {one.severity}: {told}", _STYLES[one.severity])


def _live(eyes: _Eyes) -> None:
    from rich.console import Console, Group
    from rich.live import Live
    from rich.text import Text

    console = Console(file=sys.stdout)
    rows: list[Row] = []
    with _keys() as pressed, Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            height = max(2, console.size.height)
            found = eyes.look()
            rows = screen(found, height - 1) if found is not None else [*rows[: height - 2], Row(eyes.problem, "red")]
            foot = Row("q ends", "dim")
            texts = [Text(one.text, style=one.style, no_wrap=True, overflow="ellipsis") for one in (*rows, foot)]
            live.update(Group(*texts), refresh=True)
            if pressed(EVERY) in ("q", "Q", "\x03", "\x04"):
                return


@contextlib.contextmanager
def _keys() -> Iterator[Callable[[float], str]]:
    """Single keys while it lasts: what gives the next one, or "" after so many seconds."""
    if not sys.stdin.isatty():
        yield _only_wait
        return
    import termios
    import tty

    handle = sys.stdin.fileno()
    before = termios.tcgetattr(handle)
    tty.setcbreak(handle)
    try:
        yield lambda seconds: _pressed(handle, seconds)
    finally:
        termios.tcsetattr(handle, termios.TCSADRAIN, before)


def _only_wait(seconds: float) -> str:
    time.sleep(seconds)
    return ""


def _pressed(handle: int, seconds: float) -> str:
    ready, _, _ = select.select([handle], [], [], seconds)
    return (os.read(handle, 1).decode("latin-1") or "q") if ready else ""


COMMANDS = (
    Command(
        "watch",
        "watch live who is here, what they do and where they meet",
        ("sidelight watch", "sidelight watch --once", "sidelight watch --json | jq -c .meeting"),
        _arguments,
        _watch,
    ),
)
