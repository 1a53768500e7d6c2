"""Two looks at one tree, and what changed between them that one call did, or may have done. Pure.

How surely is said of every change: `own call` where it happened while no other call that could have done it was under
way; `one of` where others were; `observed during` where it was there after the call, and when it came about is unknown.
What happened before the call began is not the call's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sidelight.facts.looks import Look, Move, Stamp
from sidelight.records import NamedTuple

OWN, DURING, ONE_OF = "own call", "observed during", "one of"

#: What happened to a path, and to names.
CHANGED, GONE, REVERTED, STAGED = "changed", "gone", "reverted", "staged"


class Change(NamedTuple):
    """One thing that changed: `what` happened to `name` (a path below the tree, a ref, an entry of the stash).

    `before` and `after` are ids where there are such.
    """

    what: str
    name: str
    surely: str
    before: str = ""
    after: str = ""


class Witness(NamedTuple):
    """What is known of one call's time: `start` (ns, 0: unknown), whether others may have changed a path (`doubt`),
    when at the latest a path that is gone went (`went`), and when the index was last written (`staged`).
    """

    start: int
    doubt: Callable[[str], bool]
    went: Callable[[str], int]
    staged: int = 0


def surely(when: int, start: int, *, doubtful: bool) -> str | None:
    """How surely a change is a call's that began at `start`, if it happened at `when` (ns; 0: unknown). None: it is
    older than the call.
    """
    if when and start and when < start:
        return None
    if doubtful:
        return ONE_OF
    # A moment that equals the start may lie before it: clocks of file systems are coarse.
    return OWN if when and start and when > start else DURING


def path_changes(
    before: Mapping[str, Stamp] | None, after: Mapping[str, Stamp], left: Mapping[str, Stamp], witness: Witness
) -> list[Change]:
    """What happened to the paths of a tree. `left` are those that are changed no more, as they stand now."""
    known = before or {}
    found = [(path, _what(known.get(path), stamp, looked=before is not None), stamp) for path, stamp in after.items()]
    found += [(path, _left(known[path], stamp), stamp) for path, stamp in left.items()]
    changes = []
    for path, what, stamp in found:
        how = _how(path, what, stamp, witness) if what else None
        if what and how:
            changes.append(Change(what, path, how))
    return changes


def _how(path: str, what: str, stamp: Stamp, witness: Witness) -> str | None:
    doubtful = witness.doubt(path)
    if what in (CHANGED, REVERTED):
        return surely(stamp.changed, witness.start, doubtful=doubtful)
    # What a directory or the index says is about all that is in it: it can only show that this is older than the call.
    how = surely(witness.went(path) if what == GONE else witness.staged, witness.start, doubtful=doubtful)
    return DURING if how == OWN else how


def _what(before: Stamp | None, after: Stamp, *, looked: bool) -> str | None:
    """What happened to a path that is changed now."""
    if after.size < 0:
        return GONE if looked and (before is None or before.size >= 0) else None
    if before is None or (before.size, before.modified) != (after.size, after.modified):
        return CHANGED
    return STAGED if before.staged != after.staged and after.staged else None


def _left(before: Stamp, now: Stamp) -> str | None:
    """What happened to a path that was changed and is not any more: committed or ignored as it stands, or lost."""
    if now.size < 0:
        return GONE if before.size >= 0 else None
    same = (before.size, before.modified) == (now.size, now.modified)
    return None if same else REVERTED


# ── names: HEAD, refs, the stash ──────────────────────────────────────────────────────────────────────────────────


def ref_changes(
    before: Mapping[str, str] | None,
    after: Mapping[str, str] | None,
    start: int,
    when: Callable[[str], int],
    *,
    doubtful: bool,
) -> list[Change]:
    """Branches, tags and remote-tracking branches that were made, moved or deleted; `when` tells when each was."""
    if before is None or after is None:
        return []
    found = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name, ""), after.get(name, "")
        if old == new or name == "refs/stash":
            continue
        how = surely(when(name) if new else 0, start, doubtful=doubtful)
        if how:
            found.append(Change("deleted" if not new else "moved" if old else "made", name, how, old, new))
    return found


def stash_changes(before: Look | None, after: Look, start: int, when: int, *, doubtful: bool) -> list[Change]:
    """Entries that came onto the stash, and that left it."""
    if before is None or before.stash is None or after.stash is None or before.stash == after.stash:
        return []
    how = surely(when if after.stash else 0, start, doubtful=doubtful)
    if how is None:
        return []
    made = [Change("made", entry, how, "", entry) for entry in after.stash if entry not in before.stash]
    return made + [Change("deleted", entry, how, entry) for entry in before.stash if entry not in after.stash]


def head_change(
    before: Look | None, after: Look, moves: list[Move], start: int, when: int, *, doubtful: bool
) -> Change | None:
    """How HEAD or the branch changed, with git's own word for it (`commit`, `reset`, `checkout`, `merge`, …)."""
    if before is None or (before.head, before.branch) == (after.head, after.branch):
        return None
    how = surely(when, start, doubtful=doubtful)
    if how is None:
        return None
    return Change(_word(before, after, moves), after.branch or "", how, before.head, after.head)


def _word(before: Look, after: Look, moves: list[Move]) -> str:
    last = next((move for move in reversed(moves) if move.new == after.head), None)
    said = last.says.partition(":")[0].split(" ")[0] if last is not None else ""
    if said:
        return said
    return "checkout" if before.branch != after.branch else "reset"
