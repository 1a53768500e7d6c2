"""Reads a stretch of the record and counts."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile

from sidelight.actions import DESTROYS, EDITS, KINDS, REPLACES, Action
from sidelight.advisory import CONFLICT, NEARBY, OVERLAP, at_least
from sidelight.advisory.wording import name_of, narrated
from sidelight.overview.day import DAY_MS, seq_at
from sidelight.overview.drawing import base_of
from sidelight.overview.looking import HOUR_MS
from sidelight.overview.meetings import (
    CAME_BACK,
    CAME_BACK_MS,
    NOT_RUN,
    UNKNOWN,
    Meeting,
    came_of,
    is_near_miss,
    judged,
)
from sidelight.records import Any, NamedTuple
from sidelight.redact import line
from sidelight.stores import Store
from sidelight.targets import scheme_of, short

SEVERITIES = (CONFLICT, OVERLAP, NEARBY)
MISSES_SHOWN = 20
FILES_SHOWN = 15
KINDS_SHOWN = 20
_HOURS_UNTIL = 2 * DAY_MS
_PAGE = 1_000

Who = tuple[str | None, str | None]  # actor, agent
Progress = Callable[[int, int], None]


class Kind(NamedTuple):
    """How many requests of a kind met something of others, by how grave the gravest of it was."""

    kind: str
    conflict: int
    overlap: int
    nearby: int

    @property
    def all(self) -> int:
        """Of any severity."""
        return self.conflict + self.overlap + self.nearby


class Slice(NamedTuple):
    """An hour or a day: when it begins (epoch ms), how much was recorded in it, how many requests met something."""

    ts: int
    actions: int
    conflict: int
    overlap: int
    nearby: int


class Warned(NamedTuple):
    """Requests that met something grave enough to be told, and what came of them: the call did not run, the session
    came back to the target, or nobody can tell.
    """

    all: int
    not_run: int
    came_back: int

    @property
    def heeded(self) -> int:
        """Not run, or come back to."""
        return self.not_run + self.came_back

    @property
    def unknown(self) -> int:
        """The rest."""
        return self.all - self.heeded


class Miss(NamedTuple):
    """A conflict that was about to happen and did not, in words."""

    ts: int
    later: str
    earlier: str
    resource: str


class Busy(NamedTuple):
    """A file, by its path within its working tree, and how many edits of how many sessions it had."""

    file: str
    edits: int
    sessions: int


class Report(NamedTuple):
    """What was counted between two moments of the ledger (epoch ms). `misses` is how many there were in all."""

    since: int
    until: int
    actions: int
    sessions: int
    kinds: tuple[Kind, ...]
    slices: tuple[Slice, ...]
    slice_ms: int
    warned: Warned
    misses: int
    near_misses: tuple[Miss, ...]
    files: tuple[Busy, ...]

    def as_json(self) -> dict[str, Any]:
        """By names."""
        return {
            "since": self.since,
            "until": self.until,
            "actions": self.actions,
            "sessions": self.sessions,
            "collisions": [one._asdict() for one in self.kinds],
            "slices": [one._asdict() for one in self.slices],
            "warnings": {
                "all": self.warned.all,
                "heeded": self.warned.heeded,
                "notRun": self.warned.not_run,
                "cameBack": self.warned.came_back,
                "unknown": self.warned.unknown,
            },
            "nearMisses": {"all": self.misses, "newest": [one._asdict() for one in self.near_misses]},
            "files": [one._asdict() for one in self.files],
        }


def gather(
    store: Store, since: int, until: int, *, told_from: str = NEARBY, progress: Progress | None = None
) -> Report:
    """Count what was recorded from `since` to `until` (epoch ms). `told_from` is the least severity that is told.

    `progress` is called with how far along the record it is, and its end. Raises `StoreError`.
    """
    tell = progress or _quietly
    requests = _requests(store, since, until, lambda done, of: tell(done, 2 * of))
    warned = {who(one.later) for met in requests for one in met}
    read = _Read(store, since, until, warned, lambda done, of: tell(of + done, 2 * of))
    gravest = [met[0] for met in requests]
    states = _states(store, [one.later.id for met in requests for one in met])
    told = [one for one in gravest if at_least(one.severity, told_from)]
    came = Counter(came_of(one.later, states.get(one.later.id), read.following(one.later)) for one in told)
    missed = [one for met in requests for one in met[:1] if one.later.kind in KINDS and is_near_miss(one, states)]
    names = sorted({side.actor for one in missed for side in (one.later, one.earlier) if side.actor})
    return Report(
        since,
        until,
        read.actions,
        len(read.actors),
        tuple(_kinds(gravest)),
        tuple(_slices(since, until, read.per_slice, gravest)),
        slice_of(since, until),
        Warned(came[NOT_RUN] + came[CAME_BACK] + came[UNKNOWN], came[NOT_RUN], came[CAME_BACK]),
        len(missed),
        tuple(_miss(one, names) for one in reversed(missed[-MISSES_SHOWN:])),
        tuple(_busiest(read.files)),
    )


def slice_of(since: int, until: int) -> int:
    """How long a slice is: an hour for two days at most, else a day."""
    return HOUR_MS if until - since <= _HOURS_UNTIL else DAY_MS


def who(action: Action) -> Who:
    """The session or sub-agent that acted."""
    return action.actor, action.agent


def _quietly(done: int, of: int) -> None:
    del done, of


# ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _requests(store: Store, since: int, until: int, progress: Progress) -> list[list[Meeting]]:
    """The meetings of each request that met something, gravest first; oldest request first."""
    found: dict[int, list[Meeting]] = {}
    first, last = seq_at(store, since), store.last_seq()
    after = first - 1
    while page := store.met(after, limit=_PAGE):
        for notice in page:
            for one in judged(notice):
                if since <= one.later.ts <= until:
                    found.setdefault(notice.later[0].seq, []).append(one)
        after = page[-1].seq
        progress(after - first + 1, last - first + 1)
    return [sorted(met, key=lambda one: SEVERITIES.index(one.severity)) for met in found.values()]


class _Read:
    """One pass over the record. Only what those who were warned did is kept."""

    def __init__(self, store: Store, since: int, until: int, warned: set[Who], progress: Progress) -> None:
        self.actions = 0
        self.actors: set[str] = set()
        self.files: dict[tuple[str | None, str], Counter[str | None]] = {}
        self.per_slice: Counter[int] = Counter()
        self._kept: dict[Who, list[Action]] = {one: [] for one in warned}
        self._since, self._size = since, slice_of(since, until)
        first, last = seq_at(store, since), store.last_seq()
        after = first - 1
        while page := store.follow(after, _PAGE):
            for one in page:
                if since <= one.ts <= until:
                    self._count(one)
            after = page[-1].seq
            progress(after - first + 1, last - first + 1)

    def _count(self, one: Action) -> None:
        self.actions += 1
        if one.actor:
            self.actors.add(one.actor)
        self.per_slice[(one.ts - self._since) // self._size] += 1
        if who(one) in self._kept:
            self._kept[who(one)].append(one)
        edited = {
            _file(touch.key, touch.within)
            for touch in one.touches
            if touch.effect in (EDITS, REPLACES, DESTROYS) and scheme_of(touch.key) == "path"
        }
        for file in edited:
            self.files.setdefault((one.space, file), Counter())[one.actor] += 1

    def following(self, later: Action) -> list[Action]:
        """What the same session did after it, for as long as coming back counts."""
        mine = self._kept.get(who(later), [])
        start = bisect_right(mine, later.seq, key=lambda one: one.seq)
        return list(takewhile(lambda one: one.ts - later.ts <= CAME_BACK_MS, mine[start:]))


def _file(key: str, within: str | None) -> str:
    path = short(key)
    root = short(within).rstrip("/") + "/" if within else None
    return line(path[len(root) :] if root and path.startswith(root) else path, 200)


def _states(store: Store, ids: Sequence[str]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    unique = list(dict.fromkeys(ids))
    for start in range(0, len(unique), _PAGE):
        found.update(store.state_of(unique[start : start + _PAGE]))
    return found


# ── counting ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _kinds(gravest: Sequence[Meeting]) -> list[Kind]:
    found: dict[str, Counter[str]] = {}
    for one in gravest:
        found.setdefault(line(one.later.kind, 60), Counter())[one.severity] += 1
    kinds = [Kind(name, *(counts[severity] for severity in SEVERITIES)) for name, counts in found.items()]
    return sorted(kinds, key=lambda one: (-one.all, one.kind))[:KINDS_SHOWN]


def _slices(since: int, until: int, actions: Mapping[int, int], gravest: Sequence[Meeting]) -> list[Slice]:
    size = slice_of(since, until)
    met = Counter(((one.later.ts - since) // size, one.severity) for one in gravest)
    return [
        Slice(since + place * size, actions.get(place, 0), *(met[place, severity] for severity in SEVERITIES))
        for place in range((until - since) // size + 1)
    ]


def _miss(one: Meeting, names: Sequence[str]) -> Miss:
    later, earlier = (
        f"{name_of(side.actor, names, side.host)} {narrated(side, base_of(side))}" for side in (one.later, one.earlier)
    )
    return Miss(one.later.ts, later, earlier, one.shared())


def _busiest(files: Mapping[tuple[str | None, str], Counter[str | None]]) -> list[Busy]:
    found = [Busy(file, sum(by.values()), len(by)) for (_, file), by in files.items()]
    return sorted(found, key=lambda one: (-one.edits, -one.sessions, one.file))[:FILES_SHOWN]
