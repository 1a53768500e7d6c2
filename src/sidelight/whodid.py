"""Who did that, when, by what call, announced why, still wanted, and committed since: the record asked backwards.

    found = ask(ledger, facts, "src/redrive.py")
    found.deeds[0].action.actor, found.deeds[0].how        # 'session-a', 'own call'

A path, a branch or tag, an entry of the stash, any key, or an action's id. Only looks.

Source: issue "What really changed, and who did it".
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from sidelight import targets, undoing
from sidelight.actions import DESTROYS, EDITS, REPLACES, Action
from sidelight.facts import LiveFacts
from sidelight.facts.looks import STASH_MOST, look, read_refs, reflog
from sidelight.ledger import Ledger
from sidelight.records import Any, NamedTuple, late_pattern
from sidelight.stores import Store

STASHED = "stashed"  # the collection of documents that say whose an entry of the stash is, by its commit
LIMIT = 20
AROUND = 200  # of what was done to all that a path lies in, so many are looked through
UNCHECKED = "not checked"
COMMITTED = "as committed"
STASHED_MS = 90 * 86_400_000
WHY_MS = 8 * 3_600_000  # an announcement explains what its session did for so long

_STASH = late_pattern(r"stash(?:@\{(\d{1,4})\})?")


class Commit(NamedTuple):
    """A commit: its short id, when (epoch seconds), its subject."""

    id: str
    ts: int
    subject: str


class Deed(NamedTuple):
    """One action with what is known around it. `how` says how surely it was its session's (None: it said so itself;
    `not checked`: it destroyed all around, and nobody looked whether this was uncommitted then). `call` is the action
    it was seen during, `why` the session's announcement and `wanted` whether that is still open (None: nothing was
    announced), `commit` the commit that has taken it since.
    """

    action: Action
    how: str | None = None
    call: str | None = None
    why: Action | None = None
    wanted: bool | None = None
    commit: Commit | None = None


class Found(NamedTuple):
    """The keys that were asked for, what was done to them, newest first, and how it stands there now."""

    keys: tuple[str, ...]
    deeds: tuple[Deed, ...]
    stands: str | None = None


def ask(ledger: Ledger, facts: LiveFacts, text: str, *, limit: int = LIMIT) -> Found:
    """Who did it. Raises `ValueError` for what names nothing, and what the store raises."""
    store = ledger.store
    by_id = store.find(text)
    if by_id is not None:
        return Found(by_id.targets, tuple(_deeds(ledger, facts, [by_id])))
    entry = _STASH.fullmatch(text)
    if entry is not None and facts.common_dir:
        return _of_stash(ledger, facts, int(entry[1] or 0))
    keys = keys_of(text, facts)
    actions = {one.seq: one for key in keys for one in store.history(key, limit=limit)}
    around = [one for one in _around(store, keys[0]) if one[0].seq not in actions]
    actions |= {one.seq: one for one, _ in around}
    newest = [actions[seq] for seq in sorted(actions, reverse=True)][:limit]
    stands = _stands(facts, keys[0])
    unsure = frozenset(one.seq for one, surely in around if not surely)
    return Found(keys, tuple(_deeds(ledger, facts, newest, keys[0], stands, unsure)), stands)


def _around(store: Store, key: str) -> list[tuple[Action, bool]]:
    """What destroyed a directory or a whole tree that a path lies in, each with whether that surely took the path: a
    reset takes what was uncommitted, and what that was is written down before it runs.
    """
    if targets.scheme_of(key) != "path":
        return []
    found: dict[int, tuple[Action, bool]] = {}
    for above in targets.ancestors(key):
        for one in _destroyers(store, above):
            found[one.seq] = (one, True)
        for one in _destroyers(store, "tree" + above.removeprefix("path")):
            taken = undoing.had(store, one, targets.short(key))
            if taken is not False:
                found[one.seq] = (one, taken is True)
    return list(found.values())


def _destroyers(store: Store, key: str) -> list[Action]:
    done = store.history(key, limit=AROUND)
    return [one for one in done if any(touch.key == key and touch.effect == DESTROYS for touch in one.touches)]


def keys_of(text: str, facts: LiveFacts) -> tuple[str, ...]:
    """The keys that a text may mean: a key, a path that is there, a branch or tag, else what `named` makes of it."""
    scheme = targets.scheme_of(text)
    if scheme == "ref" and "#" in text:
        return (text,)
    if facts.worktree and (text == "HEAD" or facts.real(text) == facts.worktree):
        inside = () if text == "HEAD" else (targets.path(facts.machine, facts.worktree),)
        return (targets.tree(facts.machine, facts.worktree), *inside)
    if not scheme and not os.path.lexists(os.path.join(facts.cwd or "/", text)):
        name = text.removeprefix("refs/").removeprefix("heads/").removeprefix("remotes/").removeprefix("origin/")
        refs = look_refs(facts)
        if any(f"refs/{sort}/{name}" in refs for sort in ("heads", "remotes/origin")) or text.startswith("refs/"):
            return _ref_keys(name, facts)
        if f"refs/tags/{name}" in refs:
            return _ref_keys(f"tags/{name}", facts)
    if text.partition(":")[0] in ("branch", "ref", "tag"):
        return _ref_keys(("tags/" if text.startswith("tag:") else "") + text.partition(":")[2], facts)
    return (targets.named(text, facts).key if scheme or "/" in text or "." in text else _path_key(text, facts),)


def look_refs(facts: LiveFacts) -> Mapping[str, str]:
    """The refs of the repository here; {} where there is none."""
    return (read_refs(facts, facts.common_dir) or {}) if facts.common_dir else {}


def _ref_keys(name: str, facts: LiveFacts) -> tuple[str, ...]:
    """A branch here, and the one of its name at the remote."""
    local = f"{facts.machine}:{facts.common_dir or ''}"
    return tuple(dict.fromkeys(targets.ref(repo, name) for repo in (local, facts.remote) if repo))


def _path_key(text: str, facts: LiveFacts) -> str:
    return targets.path(facts.machine, facts.real(text))


# ── what is known around an action ────────────────────────────────────────────────────────────────────────────────


def _deeds(
    ledger: Ledger,
    facts: LiveFacts,
    actions: Sequence[Action],
    key: str | None = None,
    stands: str | None = None,
    unsure: frozenset[int] = frozenset(),
) -> list[Deed]:
    commits = _commits(facts, key, actions) if key is not None else []
    intents = {actor: _intents(ledger, actor) for actor in {one.actor for one in actions if one.actor}}
    found = []
    for one in actions:
        about: Mapping[str, Any] = one.value if isinstance(one.value, dict) else {}
        why, wanted = _why(one, intents.get(one.actor or "", ()))
        commit = _commit_of(one, key, commits, clean=stands == COMMITTED)
        how = UNCHECKED if one.seq in unsure else about.get("observed")
        found.append(Deed(one, how, about.get("call"), why, wanted, commit))
    return found


_Intents = Sequence[tuple[Action, bool]]


def _intents(ledger: Ledger, actor: str) -> _Intents:
    """A session's announcements, newest first, each with whether it is open."""
    found = [one for one, _ in ledger.store.intents(actor=actor)]
    states = ledger.states(found)
    return [(one, states.get(one.id) == "open") for one in found]


def _why(action: Action, intents: _Intents) -> tuple[Action | None, bool | None]:
    if action.kind == "intent":
        return action, next((is_open for one, is_open in intents if one.id == action.id), None)
    for one, is_open in intents:
        if one.seq < action.seq and one.space == action.space and (is_open or action.ts - one.ts <= WHY_MS):
            return one, is_open
    return None, None


def _commits(facts: LiveFacts, key: str, actions: Sequence[Action]) -> list[Commit]:
    """The commits of a path since the oldest of these actions, oldest first; at most 200."""
    if targets.scheme_of(key) != "path" or not actions or facts.worktree is None:
        return []
    since = min(one.ts for one in actions) // 1000
    path = os.path.relpath(targets.short(key), facts.worktree)
    form = "--format=%h%x09%ct%x09%s"
    said = facts.at(facts.worktree).git("log", "-n", "200", f"--since=@{since}", form, "--", f":(literal){path}")
    lines = [line.split("\t", 2) for line in (said or "").splitlines()]
    return [Commit(one[0], int(one[1]), one[2]) for one in reversed(lines) if len(one) == 3]


def _commit_of(action: Action, key: str | None, commits: Sequence[Commit], *, clean: bool) -> Commit | None:
    """The first commit after it; one of the same second may have come before it, so it counts if there is no other and
    nothing is left uncommitted.
    """
    if not any(one.key == key and one.effect in (EDITS, REPLACES) for one in action.touches):
        return None
    second = action.ts // 1000
    later = [one for one in commits if one.ts > second]
    same = [one for one in commits if one.ts == second and clean]
    return later[0] if later else same[-1] if same else None


_STATES = {"??": "new, not added", "A": "added, not committed", "U": "in conflict", "D": "deleted, not committed"}


def _stands(facts: LiveFacts, key: str) -> str | None:
    """How a path stands in its tree now; None for anything else."""
    path = targets.short(key)
    if targets.scheme_of(key) != "path" or facts.worktree is None:
        return None
    if not path.startswith(facts.worktree + "/"):
        return None
    seen = look(facts)
    if seen.paths is None:
        return f"not checked: {seen.gave_up}"
    name = path[len(facts.worktree) + 1 :]
    inside = [one for one in seen.paths if one.startswith(name + "/")]
    if inside:
        return f"{len(inside)} uncommitted files in it"
    state = seen.paths[name].state if name in seen.paths else ""
    if not state:
        return COMMITTED if os.path.lexists(path) else "not there"
    return _STATES.get(state) or _STATES.get(state[0]) or _STATES.get(state[1:2]) or "changed, not committed"


# ── the stash ─────────────────────────────────────────────────────────────────────────────────────────────────────


def note_stashed(store: Store, entries: Sequence[str], *, action: str | None, actor: str | None) -> None:
    """Remember whose entries of the stash these are: by the name of their commit, which moves with them."""
    for entry in entries:
        store.put_document(STASHED, entry, {"action": action, "actor": actor}, version=0)
    store.drop_documents(STASHED, older_than_ms=STASHED_MS)


def _of_stash(ledger: Ledger, facts: LiveFacts, number: int) -> Found:
    common = facts.common_dir or ""
    key = targets.stash(facts.machine, common)
    entries = reflog(common, "refs/stash", STASH_MOST)[::-1]
    if number >= len(entries):
        raise ValueError(f"the stash has {len(entries)} entries, and no stash@{{{number}}}")
    entry = entries[number]
    known = ledger.store.document(STASHED, entry.new)
    action = ledger.store.find(str(known.body.get("action"))) if known is not None else None
    if action is None:
        # Nobody saw the entry come: then it is whoever stashed in that second.
        near = [one for one in ledger.store.history(key) if one.kind == "stash-push"]
        action = next((one for one in near if entry.ts * 1000 - 2000 <= one.ts <= entry.ts * 1000 + 1999), None)
    deeds = _deeds(ledger, facts, [action]) if action is not None else []
    return Found((key,), tuple(deeds), f"{entry.new[:12]} {entry.says}")
