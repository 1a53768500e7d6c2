"""What a destructive call would take away is written down before it runs, and how to find it again is said after it.

    keep(ledger, facts, receipt.actions, look_before(facts))
    hint(ledger, facts, "tree-reset-5f0c…-17").ways

Kept are facts, never contents: HEAD, the tips of branches, the entries of the stash, and which paths were uncommitted,
whose, and which content of theirs git still has. Saying how only ever reads.

Source: issue "What really changed, and who did it".
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence

from sidelight import targets
from sidelight.actions import DESTROYS, EDITS, REPLACES, Action, Draft
from sidelight.facts import LiveFacts
from sidelight.facts.asking import ask as ask_git
from sidelight.facts.looks import Look, look, reflog
from sidelight.facts.terms import terms
from sidelight.ledger import Ledger
from sidelight.records import Any, NamedTuple
from sidelight.stores import Question, Store
from sidelight.stores.projections import WORK, Probe

KEPT = "undo"  # the collection of documents, by the id of the destructive action
PATHS_MOST = 300
TIPS_MOST = 200
FOUND_MOST = 20
FSCK_SECONDS = 20.0
PUSH_SECONDS = 600  # a push that takes longer than that is not found again


class Owned(NamedTuple):
    """A path that was not committed when a destructive call began: its state as git says it, what of it was staged (a
    blob's id), and who had changed it last and when (epoch ms), None where nobody is known.
    """

    path: str
    state: str
    staged: str = ""
    actor: str | None = None
    ts: int | None = None


class Way(NamedTuple):
    """One way back: `what` is found there, `id` names it, and `command` shows it or brings it beside what is there."""

    what: str
    id: str
    command: str


class Hint(NamedTuple):
    """How what an action took away can be found again. `lost` are the paths that were uncommitted before it and are
    not any more, or stand otherwise; `ways` the ways back, surest first; `not_checked` what could not be looked at.
    """

    action: Action
    lost: tuple[Owned, ...] = ()
    ways: tuple[Way, ...] = ()
    more: int = 0
    not_checked: str = ""


# ── before ────────────────────────────────────────────────────────────────────────────────────────────────────────


def keep(ledger: Ledger, facts: LiveFacts, actions: Sequence[Action], seen: Look) -> str | None:
    """Keep what is needed to undo the first destructive of these actions; returns its id, None if there is none."""
    first = next((one for one in actions if any(touch.effect == DESTROYS for touch in one.touches)), None)
    if first is None or facts.common_dir is None:
        return None
    paths = [(path, one.state, one.staged) for path, one in sorted((seen.paths or {}).items())]
    owners = _owners(ledger.store, facts, [path for path, _, _ in paths[:PATHS_MOST]])
    body = {
        "tree": seen.tree,
        "common": facts.common_dir,
        "head": seen.head,
        "branch": seen.branch,
        "tips": dict(sorted((seen.refs or {}).items(), key=lambda one: _rank(one[0], seen.branch))[:TIPS_MOST]),
        "stash": list(seen.stash or ())[:TIPS_MOST],
        "paths": [[plain(path), state, staged, *owners.get(path, (None, None))] for path, state, staged in paths][
            :PATHS_MOST
        ],
        "more": max(0, len(paths) - PATHS_MOST),
        "not_checked": seen.gave_up,
    }
    ledger.store.put_document(KEPT, first.id, body, version=0)
    return first.id


def tidy(ledger: Ledger) -> None:
    """Forget what was kept of actions that are beyond the history."""
    ledger.store.drop_documents(KEPT, older_than_ms=ledger.config.history_ms)


def had(store: Store, action: Action, path: str) -> bool | None:
    """Whether a path was uncommitted when an action destroyed all of its tree; None where that was not looked at."""
    known = store.document(KEPT, action.id)
    if known is None or known.body.get("not_checked"):
        return None
    tree = str(known.body.get("tree") or "")
    listed = {os.path.join(tree, str(one[0])) for one in known.body.get("paths", ())}
    if plain(path) in listed or any(one.startswith(plain(path) + "/") for one in listed):
        return True
    return None if known.body.get("more") else False


def _rank(name: str, branch: str | None) -> tuple[int, str]:
    if name == f"refs/heads/{branch}":
        return 0, name
    return (1 if name.startswith("refs/heads/") else 2 if name.startswith("refs/tags/") else 3), name


def _owners(store: Store, facts: LiveFacts, paths: Sequence[str]) -> dict[str, tuple[str | None, int]]:
    """Who changed each path last: found by its key, nothing is scanned."""
    if not paths:
        return {}
    keys = {targets.path(facts.machine, f"{facts.worktree}/{plain(path)}"): path for path in paths}
    found: dict[str, tuple[int, str | None, int]] = {}
    looked = store.append((), Question([Probe(key, WORK) for key in keys]), dry=True)
    for one in looked.before:
        path = keys.get(one.key)
        if path is not None and one.effect in (EDITS, REPLACES) and one.action.seq > found.get(path, (0,))[0]:
            found[path] = (one.action.seq, one.action.actor, one.action.ts)
    return {path: (actor, ts) for path, (_, actor, ts) in found.items()}


def plain(path: str) -> str:
    """A path as text that every store takes."""
    return path if path.isascii() else os.fsencode(path).decode("utf-8", "backslashreplace")


def place(facts: LiveFacts, drafts: Sequence[Draft | Action]) -> LiveFacts:
    """Where the first thing that is destroyed lies: the working tree that it names, else where the session stands."""
    for touch in (touch for one in drafts for touch in one.touches if touch.effect == DESTROYS):
        key = touch.within or (touch.key if targets.scheme_of(touch.key) == "tree" else None)
        if key is not None and targets.short(key) != facts.worktree:
            there = facts.at(targets.short(key))
            return there if there.worktree is not None else facts
        if key is not None:
            break
    return facts


# ── after ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def find(ledger: Ledger, text: str) -> Action | None:
    """The action of an id, or of a place in the record (`17`)."""
    if text.isascii() and text.isdigit() and 0 < len(text) < 16:
        found = ledger.store.follow(int(text) - 1, 1)
        return found[0] if found and found[0].seq == int(text) else None
    return ledger.store.find(text)


def newest(ledger: Ledger, limit: int = 500) -> Action | None:
    """The newest destructive action of this space of which something was kept."""
    for document in ledger.store.documents(KEPT, limit=limit):
        action = ledger.store.find(document.name)
        if action is not None and action.space == ledger.space:
            return action
    return None


def hint(ledger: Ledger, facts: LiveFacts, action: Action) -> Hint:
    """How what an action took away can be found again. Reads only."""
    known = ledger.store.document(KEPT, action.id)
    body: Mapping[str, Any] = known.body if known is not None else {}
    tree = str(body.get("tree") or "")
    gone = bool(tree) and not os.path.isdir(tree)
    here = next((one for one in _places(facts, "" if gone else tree, body.get("common")) if one.common_dir), None)
    if here is None:
        return Hint(action, not_checked="there is no repository here any more")
    now = look(here)
    was = [Owned(*one) for one in body.get("paths", ())]
    lost = tuple(one for one in was if gone or _is_lost(one, now))
    ways = [
        *_staged(lost),
        *_head(here, body, now, action),
        *_tips(body, now),
        *_stash(body, now),
        *_pushed(ledger.store, here, action),
    ]
    dangling, failed = _dangling(here, {way.id for way in ways}, action.ts // 1000)
    notes = [str(body.get("not_checked") or ""), failed, "" if body else "nothing was kept before it ran"]
    return Hint(action, lost, (*ways, *dangling), int(body.get("more", 0)), "; ".join(filter(None, notes)))


def _places(facts: LiveFacts, *known: str | None) -> list[LiveFacts]:
    return [*(facts.at(one) for one in known if one), facts]


def _is_lost(one: Owned, now: Look) -> bool:
    stands = (now.paths or {}).get(one.path)
    return now.paths is not None and (stands is None or stands.state != one.state or stands.staged != one.staged)


def _staged(lost: Sequence[Owned]) -> list[Way]:
    """What was staged is still an object, even if the index has forgotten it."""
    found = [one for one in lost if one.staged.strip("0")]
    return [Way(f"{one.path} as it was staged", one.staged[:12], f"git show {one.staged[:12]}") for one in found]


_SAYS = {"tree-switch": "checkout: ", "tree-reset": "reset: "}  # how git calls it in the reflog of HEAD


def _head(facts: LiveFacts, body: Mapping[str, Any], now: Look, action: Action) -> list[Way]:
    was = str(body.get("head") or "")
    if not was:
        before = [move for move in reflog(facts.git_dir or "", "HEAD", 200) if move.ts * 1000 + 999 >= action.ts]
        says = _SAYS.get(action.kind)  # a reflog knows seconds only, and what came first may be an earlier commit
        before = [move for move in before if says and move.says.startswith(says)] or before
        was = before[0].old.strip("0") and before[0].old if before else ""
    if not was or was == now.head:
        return []
    where = f" (branch {body['branch']})" if body.get("branch") else ""
    return [Way(f"HEAD as it was before{where}", was[:12], f"git branch recovered-{was[:7]} {was[:12]}")]


def _tips(body: Mapping[str, Any], now: Look) -> list[Way]:
    found = []
    for name, oid in dict(body.get("tips") or {}).items():
        current = (now.refs or {}).get(name)
        if now.refs is None or current == oid or name == "refs/stash":
            continue
        short = name.removeprefix("refs/heads/").removeprefix("refs/")
        what = f"{short}, which {'is gone' if current is None else 'has moved'}"
        found.append(Way(what, oid[:12], f"git log {oid[:12]}"))
    return found[:FOUND_MOST]


def _stash(body: Mapping[str, Any], now: Look) -> list[Way]:
    gone = [entry for entry in body.get("stash", ()) if entry not in (now.stash or ())]
    return [
        Way("a stash entry that is gone", entry[:12], f"git stash apply {entry[:12]}") for entry in gone[:FOUND_MOST]
    ]


def _pushed(store: Store, facts: LiveFacts, action: Action) -> list[Way]:
    """What others had pushed to a branch that was then overwritten, from the reflogs of the clones they pushed from."""
    found: list[Way] = []
    for key in (touch.key for touch in action.touches if touch.effect == DESTROYS and touch.key.startswith("ref:")):
        name = key.rpartition("#")[2]
        for one in store.history(key):
            tree = next((touch.key for touch in one.touches if targets.scheme_of(touch.key) == "tree"), None)
            if one.seq < action.seq and one.actor != action.actor and tree is not None and len(found) < FOUND_MOST:
                found += _own_push(facts.at(targets.short(tree)), name, one)
    return list(dict.fromkeys(found))


def _own_push(clone: LiveFacts, name: str, push: Action) -> list[Way]:
    """The commit that a push left at its remote, as the clone that it came from remembers it."""
    common, tree, second = clone.common_dir or "", clone.worktree or "", push.ts // 1000
    moves = [move for remote in _remotes(common) for move in reflog(common, f"refs/remotes/{remote}/{name}")]
    mine = [one for one in moves if one.says == "update by push" and second <= one.ts <= second + PUSH_SECONDS]
    return [
        Way(f"{name} as it was pushed from {tree}", one.new[:12], f"git -C {shlex.quote(tree)} log {one.new[:12]}")
        for one in mine[:1]
    ]


def _remotes(common: str) -> list[str]:
    try:
        return sorted(os.listdir(os.path.join(common, "logs", "refs", "remotes")))
    except OSError:
        return []


def _dangling(facts: LiveFacts, known: set[str], since: int) -> tuple[list[Way], str]:
    """Commits and contents that nothing leads to any more, newest first, those from long before the action left out."""
    root, common = facts.worktree or facts.common_dir or "", facts.common_dir or ""
    on = terms(root, facts.git_dir or common, common, facts.env)
    if on is None:
        return [], "its settings cannot be vouched for"
    said = ask_git(
        root,
        *("fsck", "--dangling", "--no-reflogs", "--connectivity-only", "--no-progress"),
        env=facts.env,
        settings=on.settings,
        timeout=FSCK_SECONDS,
        limit=4_000_000,
    )
    lines = [line.split(" ") for line in said.out.decode("ascii", "replace").splitlines()]
    found = [(one[1], one[2], _made(common, one[2])) for one in lines if len(one) == 3 and one[0] == "dangling"]
    recent = sorted((one for one in found if not one[2] or one[2] >= since - 86_400), key=lambda one: -one[2])
    ways = [
        Way(f"a {sort} that nothing leads to", oid[:12], f"git show {oid[:12]}")
        for sort, oid, _ in recent
        if sort in ("commit", "blob") and oid[:12] not in known
    ]
    return ways[:FOUND_MOST], said.failed if not lines else ""


def _made(common: str, oid: str) -> int:
    """When a loose object was written, epoch seconds; 0 for a packed one."""
    try:
        return int(os.stat(os.path.join(common, "objects", oid[:2], oid[2:])).st_mtime)
    except OSError:
        return 0
