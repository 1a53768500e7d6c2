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
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sidelight.advisory.wording import age
from sidelight.cli.terminal import DONE, Command, Terminal, open_ledger, span
from sidelight.config import WINDOW_MS, check_whole
from sidelight.redact import line

if TYPE_CHECKING:
    from sidelight.overview import Lane, Mark, Meeting, Overview, View
    from sidelight.stores import Store

EVERY = 0.5  # seconds
AT_LEAST_EVERY = 5.0  # seconds
_ALIVE = {"live": "●", "quiet": "○", "gone": "✕", "ended": "·"}
_GRAVE = {"conflict": "‼", "overlap": "!", "nearby": "·"}
_ROOMY = 20  # lines: from so many on, a free one parts who is here from what met and from what was done
_WIDE = 60  # columns: from so many on, there is room for hosts, branches and severities in words
_NAME_MOST = 16
_STYLES = {"conflict": "bold red", "overlap": "yellow", "nearby": "cyan"}


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--window", metavar="TIME", default="1h", help="how far back it looks, like 30m (default: 1h)")
    parser.add_argument("--once", action="store_true", help="show what there is, and end")


def _watch(options: Namespace, terminal: Terminal) -> int:
    from sidelight.overview import Overview

    window = check_whole("--window", span(options.window), WINDOW_MS)
    with open_ledger(options) as ledger, contextlib.suppress(KeyboardInterrupt), _ended_gently():
        eyes = _Eyes(Overview(ledger), ledger.store, window)
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

    def __init__(
        self, overview: Overview, store: Store, window_ms: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._overview, self._store, self._window, self._clock = overview, store, window_ms, clock
        self._seen, self._looked = -1, -AT_LEAST_EVERY
        self.problem = ""

    def wake(self) -> bool:
        """Is it worth looking? When something was recorded, and now and then: ages grow, and sessions fall silent."""
        from sidelight.stores import StoreError

        try:
            newest = self._store.last_seq()
        except StoreError:
            return True  # the look says what is wrong
        if newest == self._seen and not self.problem and self._clock() - self._looked < AT_LEAST_EVERY:
            return False
        self._seen, self._looked = newest, self._clock()
        return True

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


def _follow(eyes: _Eyes, terminal: Terminal, *, once: bool) -> None:
    """Every action and every meeting as a line, once, oldest first."""
    after, said = 0, ""
    while not terminal.broken:
        if not eyes.wake():
            time.sleep(EVERY)
            continue
        found = eyes.look(after)
        if found is not None:
            terminal.say(*(_objects(found) if terminal.as_json else map(terminal.severe, _lines(found))))
            after = found.seq
        elif eyes.problem != said:
            terminal.note(eyes.problem)
        said = eyes.problem
        if once:
            return
        time.sleep(EVERY)


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


def screen(found: View, height: int, width: int = 80) -> list[Row]:
    """What fits into so many lines of so many columns: who is here, where they met, and what was done last, newest
    first. Ages, signs and names stand below each other; what matters less than the rest is left out of a narrow pane.
    """
    lanes, met, marks = found.lanes, found.meetings[::-1], found.marks[::-1]
    head = f"{found.live} live · {found.open_intents} open · {len(met)} met"
    rows = [Row(f"Sidelight · {head}" + ("" if found.enabled else " · switched off here"), "bold")]
    gap = [Row("")] if height >= _ROOMY else []
    room = max(0, height - 1 - 3 * len(gap))
    here = _share(len(lanes), room, 3 if met or marks else 1)
    clashes = _share(len(met), room - here, 2 if marks else 1)
    rest = marks[: max(0, room - here - clashes)]
    names = _names(found, lanes[:here], [one.lane for one in rest], met[:clashes])
    wide = width >= _WIDE
    parts = (
        [_lane_row(one, names, found.now, wide=wide) for one in lanes[:here]],
        [_met_row(one, names, found.now, wide=wide) for one in met[:clashes]],
        [Row(_line(found.now - one.action.ts, "", names[one.lane], one.says)) for one in rest],
    )
    for part in filter(None, parts):
        rows += [*gap, *part]
    if len(rows) == 1 and room:
        rows.append(Row("Nobody was here lately.", "dim"))
    return rows


def _share(wanted: int, room: int, of: int) -> int:
    """How many of `room` lines go to something that wants so many: its part, at least one."""
    return min(wanted, room, max(1, room // of))


def _names(found: View, lanes: Sequence[Lane], marked: Sequence[str], met: Sequence[Meeting]) -> dict[str, str]:
    """The names of the lanes that are shown, as wide as the widest of them."""
    from sidelight.overview.drawing import lane_id

    wanted = {*marked, *(one.id for one in lanes), *(lane_id(one.later.actor, one.later.agent) for one in met)}
    names = {one.id: ("└ " if one.agent is not None else "") + one.name for one in found.lanes if one.id in wanted}
    widest = min(_NAME_MOST, max(map(len, names.values()), default=0))
    return {one: name.ljust(widest) for one, name in names.items()}


def _line(ago: int | None, sign: str, name: str, says: str) -> str:
    return f"{age(ago) if ago is not None else '':>4} {sign:1} {name}  {says}".rstrip()


def _lane_row(lane: Lane, names: Mapping[str, str], now: int, *, wide: bool) -> Row:
    known = lane.session
    words = f'"{line(lane.intents[0].reason or "", 120)}"' if lane.intents else ""
    branch = f"on {line(known.branch, 40)}" if known and known.branch else ""
    host = line(known.host, 20) if known and known.host else ""
    about = " ".join(filter(None, (host, branch, lane.alive)))
    says = "  ".join(filter(None, (about, words))) if wide else words or branch or lane.alive
    style = {"live": "green", "quiet": ""}.get(lane.alive, "dim")
    seen = now - known.last_seen if known and lane.alive != "live" else None
    return Row(_line(seen, _ALIVE[lane.alive], names[lane.id], says), style)


def _met_row(one: Meeting, names: Mapping[str, str], now: int, *, wide: bool) -> Row:
    from sidelight.advisory.wording import narrated
    from sidelight.overview.drawing import base_of, lane_id

    says = f"{one.severity}: {narrated(one.later, base_of(one.later))}; it {one.why}" if wide else one.why
    name = names[lane_id(one.later.actor, one.later.agent)]
    return Row(_line(now - one.later.ts, _GRAVE[one.severity], name, says), _STYLES[one.severity])


def _live(eyes: _Eyes) -> None:
    from rich.console import Console, Group
    from rich.live import Live
    from rich.text import Text

    console = Console(file=sys.stdout)
    rows: list[Row] = []
    foot = Row("q ends", "dim")
    with _keys() as pressed, Live(console=console, screen=True, auto_refresh=False) as live:
        shown = (0, 0)
        while True:
            width, height = console.size
            if eyes.wake() or shown != (width, height):
                found = eyes.look()
                if found is not None:
                    rows = screen(found, max(1, height - 1), width)
                else:
                    rows = [*rows[: max(0, height - 2)], Row(eyes.problem, "red")]
                texts = [Text(one.text, style=one.style, no_wrap=True, overflow="ellipsis") for one in (*rows, foot)]
                live.update(Group(*texts), refresh=True)
                shown = (width, height)
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
