"""From an action to the marks it leaves, and from a draft to the marks it asks for. Pure; shared by every engine.

A *mark* is "this actor last did that to this key": what `append` finds an earlier action by. One actor leaves one mark
a key and effect, however often it acts, so a chatty session hides nobody. Intents leave one mark each: they are
events and never collapse (O4). A verb on a container asks for what lies inside it, written `key//`: for a directory
that is the range of keys below it, for a working tree and for what else contains (a config section) a mark of its own.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from sidelight.actions import (
    ANNOUNCES,
    COMMITS,
    DESTROYS,
    EDITS,
    EFFECTS,
    REPLACES,
    SWITCHES,
    Action,
    Session,
    Sighting,
    Touch,
    state_key,
)
from sidelight.records import TYPE_CHECKING, Any, NamedTuple, TypeVar
from sidelight.targets import aliases, ancestors, is_glob, is_wording, literal_prefix, scheme_of, section

if TYPE_CHECKING:
    from sidelight.stores import Entry

_Row = TypeVar("_Row")

PLAN, WORK, HARM = "plan", "work", "harm"
HERE = "here"  # the newest listed action of an actor in a space; its key is the space
INSIDE = "//"

ACTORS_A_KEY = 48  # sessions looked at for one key and role, those that acted last first
ACTORS_INSIDE = 20  # likewise for all that lies in a container
ROWS_A_KEY = 64  # marks that are read of one key to find them; where a few chatty sessions fill these, reading goes on
ROWS_INSIDE = 32  # likewise of a container
MARKS_AN_ACTOR = 16  # marks of one of them
WORKERS = 8  # sessions whose uncommitted files are listed for one key
CHANGES_READ = 200  # the newest changes of one session in a tree, to count different files among
FILES_SHOWN = 4
PRESENT_MOST = 20
NOTED_MOST = 12  # marks kept of what one request met of one session

OPEN_MOST = 32  # open intents of a session; who announces more does not mean the oldest any longer
OPEN_SLACK = 16  # closed so many at a time
OPEN_UNKNOWN = 256  # open intents of callers who do not say who they are
ALIVE_MOST = 40  # sessions of a machine that are named to what would kill them
MET_MOST = 32  # requests of others that met my open intents

UNDONE = ("failed", "denied")

SEEN_EVERY_MS = 60_000  # that a session is there is written down this often
ALIVE_MS = 7_200_000
DAY_MS = 86_400_000
TENDED_EVERY_MS = 3_600_000  # what is over is put away this often

#: The value of an edit that reaches everything in a directory (a formatter), so that files in it find it.
BULK = {"bulk": True}

#: The value of a use that is over when the command is (a merge relies on checks): it holds nothing against those
#: who come later.
ONCE = {"once": True}

_CHANGES = frozenset({EDITS, REPLACES})
_SWEEPING = frozenset({DESTROYS, SWITCHES, REPLACES, EDITS})


class Mark(NamedTuple):
    """One entry of the index: `slot` keeps apart what must not collapse (each server of one session)."""

    key: str
    role: str
    effect: str
    slot: str = ""


class Change(NamedTuple):
    """A file that an action changed in a working tree: work that can be lost there until it is committed."""

    tree: str
    path: str


class Probe(NamedTuple):
    """One question to the index: the newest marks with this key and role, of each actor."""

    key: str
    role: str


def marks_of(touches: Iterable[Touch]) -> list[Mark]:
    """The marks an action with these touches leaves."""
    return list(dict.fromkeys(mark for touch in touches for mark in _marks_of_touch(touch)))


def _marks_of_touch(touch: Touch) -> Iterable[Mark]:
    key, effect = touch.key, mark_effect(touch)
    if is_wording(key):
        yield Mark(key, EFFECTS[touch.effect], effect)
        return
    is_file = scheme_of(key) == "path"
    if touch.effect == ANNOUNCES and is_glob(key):
        key = literal_prefix(key)
    for role in _roles(touch):
        yield Mark(key, role, effect)
        if role == HARM:
            continue
        # A file is found inside its directories by range; all else says which containers it lies in, leaf by leaf.
        slot = "" if is_file or role == PLAN else key
        for container in () if is_file else ancestors(key):
            yield Mark(container + INSIDE, role, effect, slot)
        if touch.within:
            yield Mark(touch.within + INSIDE, role, effect, slot)


def changes_of(touches: Iterable[Touch]) -> list[Change]:
    """The files that an action with these touches changed in place, each with its working tree."""
    return [
        Change(touch.within, touch.key)
        for touch in touches
        if touch.within and touch.effect in _CHANGES and scheme_of(touch.key) == "path"
    ]


def mark_effect(touch: Touch) -> str:
    """The effect as the index keeps it: commits stay apart by what they take (`commits:all|index|paths`)."""
    if touch.effect == COMMITS and isinstance(touch.value, dict):
        return f"{COMMITS}:{touch.value.get('takes', 'index')}"
    return touch.effect


#: A later one of these by the same actor on the same working tree settles its uncommitted changes there. (A reset does
#: too, but so does a stash, to the eye of the index, and what lies in a stash comes back.)
SETTLING = (f"{COMMITS}:all", f"{COMMITS}:index")


def _roles(touch: Touch) -> tuple[str, ...]:
    if touch.effect in (REPLACES, SWITCHES) or touch.value == BULK:
        return (WORK, HARM)  # done underneath others, and itself something others can undo
    return (EFFECTS[touch.effect],)


def interior(key: str) -> tuple[str, str] | None:
    """The range of keys that `key//` stands for, both ends outside of it; None where a mark stands for it.

    >>> interior("path:m1:/repo/src//")
    ('path:m1:/repo/src/', 'path:m1:/repo/src0')
    """
    if not key.startswith("path:") or not key.endswith(INSIDE):
        return None
    directory = key.rstrip("/")
    return directory + "/", directory + "0"  # "0" is the character after "/"


def probes_of(touches: Sequence[Touch], words: Iterable[str] = ()) -> list[Probe]:
    """What to ask the index for before an action with these touches: complete by key, never a scan."""
    found: list[Probe] = []
    for touch in touches:
        found += _probes_of_touch(touch)
    found += [Probe(key, PLAN) for key in words]
    return list(dict.fromkeys(found))


def _probes_of_touch(touch: Touch) -> list[Probe]:
    key, scheme = touch.key, scheme_of(touch.key)
    if scheme == "tree" and touch.effect == ANNOUNCES:
        return []  # announced in a tree, not about it: only verbs on the tree will meet it there
    if scheme == "path" and is_glob(key):
        key = literal_prefix(key)
    found = [Probe(key, WORK), Probe(key, HARM), Probe(key, PLAN)]
    if scheme == "path":
        found += _of_containers(ancestors(key), (HARM, PLAN))
    else:
        found += [Probe(alias, PLAN) for alias in aliases(key)]
        found += _of_containers(ancestors(key), (HARM, PLAN, WORK))
    if touch.within:
        found.append(Probe(touch.within, HARM))
    relies_on_all = touch.value == ONCE
    if touch.effect in _SWEEPING or touch.effect == ANNOUNCES or scheme == "tree" or relies_on_all:
        found += (Probe(key + INSIDE, WORK), Probe(key + INSIDE, PLAN))
    top = section(key)
    if top is not None:
        found += (Probe(top + INSIDE, WORK), Probe(top, PLAN))
    return found


@functools.lru_cache(512)
def _of_containers(containers: tuple[str, ...], roles: tuple[str, ...]) -> tuple[Probe, ...]:
    """For the directories of a file, above all: they are those of the next file too."""
    return tuple([Probe(container, role) for container in containers for role in roles])


def sweeps(touch: Touch) -> bool:
    """Does this touch put at risk whatever lies inside its key (so that the store lists others' stakes there)?"""
    return touch.effect in (DESTROYS, SWITCHES, REPLACES, EDITS, "stages", COMMITS) and scheme_of(touch.key) in (
        "tree",
        "path",
    )


# ── from what was found to what is handed on ──────────────────────────────────────────────────────────────────────


class Found(NamedTuple):
    """A mark that a probe found; `key` is the probe's. Actor and agent are '' where unknown or none."""

    key: str
    role: str
    effect: str
    actor: str
    agent: str
    seq: int


def nearest(marks: Iterable[Found]) -> list[Found]:
    """Of the marks one probe found: the newest of each of the sessions that acted last, newest first."""
    per_actor: dict[str, int] = {}
    kept: list[Found] = []
    for one in sorted(marks, key=lambda one: -one.seq):
        many = per_actor.get(one.actor, 0)
        most = ACTORS_INSIDE if one.key.endswith(INSIDE) else ACTORS_A_KEY
        if many < MARKS_AN_ACTOR and (many or len(per_actor) < most):
            per_actor[one.actor] = many + 1
            kept.append(one)
    return kept


def at_work(marks: Iterable[Found], key: str, actor: str | None, agent: str | None) -> list[Found]:
    """Whose uncommitted files inside `key` to list, by their newest marks: those who worked there last, and I."""
    newest: dict[tuple[str, str], Found] = {}
    for one in marks:
        if one.key == key + INSIDE and one.role == WORK:
            known = newest.setdefault(one[3:5], one)
            if known.seq < one.seq:
                newest[one[3:5]] = one
    ranked = sorted(newest.values(), key=lambda one: -one.seq)
    mine = (actor or "", agent or "")
    return ranked[:WORKERS] + [one for one in ranked[WORKERS:] if one[3:5] == mine]


def noted(
    before: Iterable[Sighting], actor: str | None, agent: str | None
) -> dict[tuple[str, str | None], list[list[Any]]]:
    """By session what of it a request met, for the row that is left for it: seq, key, role and effect of each mark."""
    found: dict[tuple[str, str | None], list[list[Any]]] = {}
    for one in sorted(before, key=lambda one: (-one.action.seq, one.key, one.role, one.effect)):
        who = one.action.actor, one.action.agent
        if who[0] is not None and who != (actor, agent):
            marks = found.setdefault((who[0], who[1]), [])
            if len(marks) < NOTED_MOST:
                marks.append([one.action.seq, one.key, one.role, one.effect])
    return found


def exported(follow: Callable[[int], Sequence[Action]]) -> Iterator[Mapping[str, Any]]:
    """A record as plain dicts, oldest first, out of its pages: `follow` gives what comes after a number."""
    after = 0
    while page := follow(after):
        for action in page:
            yield action._asdict() | {"touches": [list(touch) for touch in action.touches]}
        after = page[-1].seq


def whole(rows: Sequence[_Row], limit: int, seq: Callable[[_Row], int]) -> Sequence[_Row]:
    """The first `limit` of rows in order of their request, whose last request is there with all its rows.

    `rows` must be all there are, or go beyond the limit. A request with more rows than the limit is parted.

    >>> whole([1, 2, 2, 3], 2, int), whole([1, 2, 2], 3, int), whole([2, 2, 2], 2, int)
    ([1], [1, 2, 2], [2, 2])
    """
    if len(rows) <= limit:
        return rows
    kept = [row for row in rows[:limit] if seq(row) != seq(rows[limit])]
    return kept or rows[:limit]


def taken(entry: Entry, seq: int, now: int, *, late: bool = False) -> Action:
    """A draft with its place and time; `late` if it happened while the store could not be reached."""
    draft = entry.draft
    expires = None if entry.expires_in is None else now + entry.expires_in
    return Action(
        seq, f"{entry.id}-{seq}", now, draft.kind, draft.target, draft.value, draft.reason, draft.actor, draft.agent,
        draft.host, draft.space, draft.touches, draft.summary, draft.area, expires, entry.listed, late,
    )  # fmt: skip


def parent_of(agent: Session) -> Session:
    """What a sub-agent says of the session it belongs to, as far as nothing else is known."""
    return Session(agent.actor, host=agent.host, machine=agent.machine, space=agent.space)


def still_marking(action: Action, outcome: str | None) -> bool:
    """Does an action with this outcome leave marks? Not what did not happen, and no intent that is over."""
    return outcome is None if action.kind == "intent" else outcome not in UNDONE


def present(candidates: Iterable[Action], actor: str | None, since: int) -> tuple[Action, ...]:
    """Of candidates in order of preference those merely active: others' (O3), in the window, each state once (O5)."""
    kept: dict[object, Action] = {}
    for one in candidates:
        if one.ts < since or (actor is not None and one.actor == actor):
            continue
        state = state_key(one) or one.seq
        known = kept.get(state)
        if known is None and len(kept) == PRESENT_MOST:
            break
        if known is None or known.seq < one.seq:
            kept[state] = one
    return tuple(kept.values())
