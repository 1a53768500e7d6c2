"""The one of the overview that asks the ledger: what happened in a stretch of time, and where it met."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from sidelight.actions import Action
from sidelight.ledger import Ledger
from sidelight.overview.day import DAY_MS, Day, seq_at
from sidelight.overview.drawing import LIVE, Lane, Mark, lanes, mark, short_names
from sidelight.overview.elsewhere import Elsewhere, elsewhere
from sidelight.overview.meetings import Meeting
from sidelight.records import NamedTuple
from sidelight.stores import Store

BUCKET_MS = 900_000
HOUR_MS = 3_600_000

MARKS_MOST = 8_000
MEETINGS_SHOWN = 400
STATES_READ = 500
_PAGE = 1_000


class Bucket(NamedTuple):
    """A quarter of an hour: when it begins, how much was recorded in it, and how many met, by severity."""

    ts: int
    actions: int
    conflict: int
    overlap: int
    nearby: int


class View(NamedTuple):
    """What is drawn. Times are the ledger's, in ms; `seq` is the newest of the record when it was looked at.

    `marks` and `meetings` are in order of the record, behind the `after` that was asked for; everything else is whole.
    `states` says what became of intents and of the newest calls, `ends` when an intent was over, by `seq`. `standing`
    are intents from before the window that were not over when it began. `cut` says that older marks were left out.
    """

    enabled: bool
    now: int
    since: int
    until: int
    seq: int
    after: int
    space: str
    spaces: tuple[str, ...]
    lanes: tuple[Lane, ...]
    marks: tuple[Mark, ...]
    meetings: tuple[Meeting, ...]
    announced: dict[int, str]
    states: dict[int, str]
    ends: dict[int, int]
    standing: tuple[Mark, ...]
    elsewhere: tuple[Elsewhere, ...]
    strip: tuple[Bucket, ...]
    live: int
    open_intents: int
    names: dict[str, str]
    cut: bool = False


class Overview:
    """Looks at one ledger, and keeps what cannot change any more. Safe to share between threads."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._busy = threading.Lock()
        self._marks: dict[int, Mark] = {}
        self._met = Day(ledger.store)
        self._read: list[Action] = []  # all that is behind one place of the record, up to another
        self._read_from = self._read_to = 0
        self._edges: dict[int, int] = {}

    def look(
        self, *, window_ms: int = HOUR_MS, until: int | None = None, after: int = 0, most: int = MARKS_MOST
    ) -> View:
        """What happened in the window that ends at `until` (default: now). Raises `StoreError`, `ConfigError`."""
        with self._busy:
            return self._look(window_ms, until, after, most)

    def _look(self, window_ms: int, until: int | None, after: int, most: int) -> View:
        ledger, store = self._ledger, self._ledger.store
        now, newest = store.now(), store.last_seq()
        end = now if until is None else min(until, now)
        since = end - window_ms
        actions, cut = self._actions(since, end, most, go_on=after > 0)
        shown = [self._mark(one) for one in actions]
        day = self._met.read(now)
        met = self._there([one for one in day if since <= one.later.ts <= end][-MEETINGS_SHOWN:], actions)
        intents = [one for one in actions if one.kind == "intent"]
        known = [one for one, _ in store.intents()]
        before = [one for one in known if one.ts < since]
        ends = self._ends(before + intents, now)
        standing = [one for one in before if ends.get(one.seq, end) > since]
        found = ledger.who(everywhere=True)
        sides = [side for one in met for side in (one.later, one.earlier)]
        acted = [(one.actor, one.agent) for one in (*actions, *sides, *standing)]
        drawn = lanes(found, acted, since)
        open_ones = [intent for one in found for intent in one.intents if one.session.agent is None]
        changing = {one.id: one for one in (*standing, *intents, *actions[-STATES_READ:])}
        states = ledger.states(list(changing.values()))
        return View(
            enabled=ledger.config.enabled,
            now=now,
            since=since,
            until=end,
            seq=newest,
            after=after,
            space=ledger.space,
            spaces=tuple(sorted({one.space for one in actions if one.space})),
            lanes=tuple(drawn),
            marks=tuple(one for one in shown if one.action.seq > after),
            meetings=tuple(one for one in met if one.seq > after),
            announced=_announced(sides, known),
            states={changing[one].seq: state for one, state in states.items()},
            ends={one.seq: ends[one.seq] for one in (*standing, *intents) if one.seq in ends},
            standing=tuple(map(self._mark, standing)),
            elsewhere=tuple(elsewhere(actions)),
            strip=tuple(self._strip(now, day)),
            live=sum(one.alive == LIVE and one.agent is None for one in drawn),
            open_intents=len(open_ones),
            names=short_names(one.actor for one in drawn if one.actor is not None),
            cut=cut,
        )

    def _mark(self, action: Action) -> Mark:
        known = self._marks.get(action.seq)
        if known is None or known.action.id != action.id:
            if len(self._marks) > 4 * MARKS_MOST:
                self._marks.clear()
            known = self._marks[action.seq] = mark(action)
        return known

    def _actions(self, since: int, until: int, most: int, *, go_on: bool) -> tuple[list[Action], bool]:
        """What was recorded in a stretch of time, oldest first, and whether the oldest of it were left out. To `go_on`
        is to read only what came since: who has seen the rest needs not have it read again.
        """
        store = self._ledger.store
        first, last = seq_at(store, since), seq_at(store, until + 1)
        after = max(first - 1, last - 1 - most)
        if not go_on or after < self._read_from:
            self._read, self._read_from, self._read_to = [], after, after
        while page := store.follow(self._read_to, _PAGE):
            self._read += page
            self._read_to = page[-1].seq
            if self._read_to >= last:
                break
        if len(self._read) > 2 * MARKS_MOST:
            self._read = self._read[-MARKS_MOST:]
            self._read_from = self._read[0].seq - 1
        found = [one for one in self._read if one.seq > after and since <= one.ts <= until]
        return found[-most:], last - first > most

    def _ends(self, intents: Sequence[Action], now: int) -> dict[int, int]:
        """When those of the intents that are over were: at their time, if that came before anybody noted it."""
        noted = self._ledger.store.ended_at([one.id for one in intents])
        ends: dict[int, int] = {}
        for one in intents:
            known = [noted[one.id]] if one.id in noted else []
            if one.expires is not None and one.expires <= now:
                known.append(one.expires)
            if known:
                ends[one.seq] = min(known)
        return ends

    # ── meetings ──

    def _there(self, met: Sequence[Meeting], actions: Sequence[Action]) -> list[Meeting]:
        """Those of the meetings whose two sides were not forgotten since."""
        there = {one.seq for one in actions}
        gone = {
            side.seq
            for one in met
            for side in (one.later, one.earlier)
            if side.seq not in there and self._ledger.store.find(side.id) is None
        }
        if gone:
            self._met.forget(gone)
        return [one for one in met if not {one.later.seq, one.earlier.seq} & gone]

    # ── the strip ──

    def _strip(self, now: int, day: Sequence[Meeting]) -> list[Bucket]:
        """The last 24 hours, a bucket each quarter of an hour."""
        store = self._ledger.store
        first = (now - DAY_MS) // BUCKET_MS * BUCKET_MS + BUCKET_MS
        edges = list(range(first, now + 1, BUCKET_MS))
        met: dict[int, dict[str, int]] = {}
        for one in day:
            here = met.setdefault(one.later.ts // BUCKET_MS * BUCKET_MS, {})
            here[one.severity] = here.get(one.severity, 0) + 1
        seqs = [self._edge(store, edge, now) for edge in [*edges, edges[-1] + BUCKET_MS]]
        self._edges = {edge: seq for edge, seq in self._edges.items() if edge >= first}
        return [
            Bucket(edge, seqs[place + 1] - seqs[place], *(met.get(edge, {}).get(name, 0) for name in _SEVERITIES))
            for place, edge in enumerate(edges)
        ]

    def _edge(self, store: Store, ts: int, now: int) -> int:
        known = self._edges.get(ts)
        if known is None:
            known = seq_at(store, ts)
            if ts < now:
                self._edges[ts] = known
        return known


_SEVERITIES = ("conflict", "overlap", "nearby")


def _announced(sides: Sequence[Action], intents: Sequence[Action]) -> dict[int, str]:
    """For each of these actions, what its session had announced last when it acted: its own words."""
    wanted = {one.actor for one in sides if one.actor}
    told: dict[str, list[Action]] = {}
    for intent in intents:
        if intent.actor in wanted:
            told.setdefault(intent.actor or "", []).append(intent)
    found: dict[int, str] = {}
    for one in sides:
        before = [x for x in told.get(one.actor or "", ()) if x.seq <= one.seq and x.agent in (None, one.agent)]
        if before:
            found[one.seq] = before[0].reason or ""
    return found
