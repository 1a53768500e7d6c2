"""What a transaction knows before it does anything: the time, the newest number, what the asking session has said.

One statement reads it. It is kept from one transaction to the next for as long as nobody has written in between: not
another process (`PRAGMA data_version`), and nothing but appends here (`total_changes`).
"""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Sequence

from sidelight.actions import Action, Session
from sidelight.records import Any, NamedTuple
from sidelight.stores import Anchor, Clock, anchor
from sidelight.stores.sqlite.before import Bare

# In one statement: the clock's anchor, the last seq, my session, how many open intents I have.
_BEGINNING = """
SELECT c.value, (SELECT max(seq) FROM actions), (
  SELECT count(*) FROM actions WHERE kind = 'intent' AND actor = ?1 AND outcome IS NULL),
  s.last_seen, s.ended, s.space, s.machine, s.body
FROM (SELECT 1) LEFT JOIN meta AS c ON c.name = 'clock' LEFT JOIN sessions AS s ON s.actor = ?1 AND s.agent = ?2
"""

_KEPT_MOST = 1000  # sessions
_Who = tuple[str, str]
_Mine = tuple[int, tuple[Any, ...]]  # how many open intents, and my session's row


class Beginning(NamedTuple):
    """What a transaction knows before it does anything."""

    now: int
    last: int  # the newest number there ever was
    announced: int  # how many open intents I have (of unknown callers: how many they have)
    row: tuple[Any, ...]  # my session's: last_seen, ended, space, machine, body
    anchor: Anchor | None  # a new one, to be kept
    stamp: tuple[int, int]  # how often others and this connection had written
    bare: Bare  # what is known to be free of marks


class _Kept(NamedTuple):
    stamp: tuple[int, int]
    here: Anchor
    last: int
    mine: dict[_Who, _Mine]
    bare: Bare


class Beginnings:
    """Reads what a transaction begins with. Used by one thread at a time; `keep` by any."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: _Kept | None = None

    def clear(self) -> None:
        """Keep nothing: another file may be open."""
        self._kept = None

    def read(self, db: sqlite3.Connection, me: Session | None = None) -> Beginning:
        """The beginning of a transaction of this session's; asked before anything is written in it."""
        who = (me.actor, me.agent or "") if me is not None else ("", "")
        stamp = db.execute("PRAGMA data_version").fetchone()[0], db.total_changes
        kept = self._kept
        if kept is not None and kept.stamp == stamp:
            mine = kept.mine.get(who)
            now = kept.here.reading(self._clock)
            if mine is not None and now is not None:
                return Beginning(now, kept.last, *mine, None, stamp, kept.bare)
        return self._read(db, who, stamp)

    def _read(self, db: sqlite3.Connection, who: _Who, stamp: tuple[int, int]) -> Beginning:
        text, last, announced, *row = db.execute(_BEGINNING, who).fetchone()
        here, floor = read_anchor(text)
        last = max(last or 0, floor)
        now = here.reading(self._clock) if here is not None else None
        if here is None or now is None:
            new = anchor(self._clock, _latest(db, here))
            return Beginning(new.ts, last, announced, tuple(row), new, stamp, Bare())
        kept = self._kept
        if kept is None or kept.stamp != stamp or len(kept.mine) >= _KEPT_MOST:
            kept = self._kept = _Kept(stamp, here, last, {}, Bare())
        kept.mine[who] = announced, tuple(row)
        return Beginning(now, last, announced, tuple(row), None, stamp, kept.bare)

    def keep(self, start: Beginning, me: Session | None, added: Sequence[Action], changes: int) -> None:
        """An append that changed nothing else was committed: the next one begins where it ended.

        `changes`: the connection's `total_changes` at its end. Whoever was quicker finds that it does not fit.
        """
        kept = self._kept
        if kept is None or kept.stamp != start.stamp:
            return
        mine = kept.mine
        if any(one.kind == "intent" for one in added):  # sub-agents share their session's
            who = (me.actor, me.agent or "") if me is not None else ("", "")
            own = sum(one.kind == "intent" and (one.actor or "") == who[0] for one in added)
            mine = {who: (start.announced + own, start.row)}
        self._kept = _Kept((start.stamp[0], changes), kept.here, start.last + len(added), mine, start.bare)


def _latest(db: sqlite3.Connection, here: Anchor | None) -> int:
    """The last moment the ledger knows of."""
    row = db.execute(
        "SELECT (SELECT ts FROM actions ORDER BY seq DESC LIMIT 1), (SELECT max(last_seen) FROM sessions)"
    ).fetchone()
    return max(here.ts if here is not None else 0, row[0] or 0, row[1] or 0)


@functools.lru_cache(64)
def read_anchor(text: str | None) -> tuple[Anchor | None, int]:
    """The anchor as it is kept, and the newest sequence number there was when it was kept."""
    if text is None:
        return None, 0
    boot, ts, ticks, floor = text.rsplit(" ", 3)
    return Anchor(boot, int(ts), int(ticks)), int(floor)
