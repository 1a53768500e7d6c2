"""Files, working trees, the stash and branches: where one verb meets what many sessions have not committed. Pure."""

from __future__ import annotations

from sidelight.actions import (
    ADDS,
    COMMITS,
    DESTROYS,
    EDITS,
    KINDS,
    PUSHES,
    REPLACES,
    STAGES,
    SWITCHES,
    USES,
    Action,
    Draft,
    Sighting,
    Touch,
)
from sidelight.advisory.case import Finding, Past, finding, judge_by_table, relation_of
from sidelight.advisory.rules import CONFLICT, NEARBY, OVERLAP, rule_for
from sidelight.targets import scheme_of

_WRITES = frozenset({EDITS, REPLACES, DESTROYS})
_DISRUPTS = frozenset({DESTROYS, SWITCHES})
_WRITES_IN_TREE = frozenset({EDITS, REPLACES, DESTROYS, STAGES, COMMITS})


# ── one file or directory ─────────────────────────────────────────────────────────────────────────────────────────


def judge_path(mine: Draft | Action, touch: Touch, sighting: Sighting, past: Past) -> Finding | None:
    """A file against the same file, what holds it, what it holds, and what was done to its whole tree."""
    relation = relation_of(touch, sighting.key)
    if relation == "tree":
        return _aftermath_in_tree(mine, touch, sighting, past, touch.within or "")
    if relation == "same" and sighting.effect in (EDITS, REPLACES):
        pending = _pending_stash(mine, touch, sighting, past)
        if pending is not None:
            return pending
    if relation is None or _is_settled(sighting, past):
        return None
    if relation == "inside" and sighting.effect == USES and sighting.action.kind != "server-start":
        return None
    if relation == "inside" and touch.effect in (DESTROYS, REPLACES):
        work = past.work(touch.key, sighting.action.actor, sighting.action.agent)
        made = judge_by_table(mine, touch, sighting, past, relation)
        return made._replace(work=work) if made is not None else None
    if relation == "around" and sighting.effect == EDITS and touch.effect in (EDITS, REPLACES):
        return finding(mine, touch, sighting, OVERLAP, "changes a file that {who} has rewritten with others")
    return judge_by_table(mine, touch, sighting, past, relation)


def _is_settled(sighting: Sighting, past: Past) -> bool:
    """Work that is committed and pushed is no longer at risk in its tree."""
    action = sighting.action
    if sighting.effect not in _WRITES:
        return False
    for touch in action.touches:
        if touch.within and past.settled(touch.within, action.actor, action.agent) > action.seq:
            return True
    return False


def _pending_stash(mine: Draft | Action, touch: Touch, sighting: Sighting, past: Past) -> Finding | None:
    """Their change to this file lies in a stash they are about to pop: an edit now makes the pop conflict."""
    if touch.effect not in (EDITS, REPLACES) or touch.within is None:
        return None
    theirs = sighting.action
    for one in past.case.before:
        action = one.action
        if (
            action.kind == "stash-push"
            and (action.actor, action.agent) == (theirs.actor, theirs.agent)
            and action.seq > theirs.seq
            and one.key == touch.within
        ):
            return finding(
                mine,
                touch,
                one,
                CONFLICT,
                "changes a file whose other change {who} has stashed and will pop",
                aftermath=False,
            )
    return None


def _aftermath_in_tree(mine: Draft | Action, touch: Touch, sighting: Sighting, past: Past, tree: str) -> Finding | None:
    """What was done to the whole tree underneath me, told at my next write there."""
    theirs, effect = sighting.action, sighting.effect.partition(":")[0]
    if touch.effect not in _WRITES_IN_TREE or sighting.key != tree:
        return None
    if effect == STAGES or (effect == COMMITS and sighting.effect == "commits:all"):
        swept = touch.effect in (COMMITS, STAGES) and _had_dirty(past, tree, theirs.seq)
        return (
            finding(
                mine, touch, sighting, CONFLICT, "comes after {who} committed your changes", key=tree, aftermath=True
            )
            if swept
            else None
        )
    if effect == REPLACES and past.had_stake(tree, theirs.seq):
        return finding(
            mine, touch, sighting, CONFLICT, "comes after {who} changed the shared git config", key=tree, aftermath=True
        )
    if effect not in _DISRUPTS:
        return None
    if _value(theirs, tree).get("running"):
        return finding(mine, touch, sighting, CONFLICT, "lands inside a rebase that {who} is running", key=tree)
    if not _lost_something(past, tree, sighting):
        return None
    if past.acted_since(tree, theirs.seq, {SWITCHES, DESTROYS}):
        return None  # I have since put the tree where I want it
    severity = OVERLAP if theirs.kind == "head-move" and touch.effect not in (COMMITS, STAGES) else CONFLICT
    return finding(mine, touch, sighting, severity, _what_happened(theirs), key=tree, aftermath=True)


def _lost_something(past: Past, tree: str, sighting: Sighting) -> bool:
    """Was I there? A switch moves whoever worked in the tree; a reset concerns what was not settled."""
    before = sighting.action.seq
    if past.was_told(sighting.action.actor, tree, before):
        return True
    if sighting.effect == SWITCHES:
        return past.had_stake(tree, before)
    own = [one for one in past.own(tree) if one.action.seq < before]
    mine = past.settled(tree, *_me(past))
    return any(one.action.seq > mine or one.role == "harm" for one in own)


def _had_dirty(past: Past, tree: str, before: int) -> bool:
    committed = past.committed(tree, *_me(past))
    return any(
        one.key == tree + "//" and committed < one.action.seq < before and one.effect in (EDITS, REPLACES)
        for one in past.own(tree)
    )


def _me(past: Past) -> tuple[str | None, str | None]:
    me = past.case.me
    if me is not None:
        return me.actor, me.agent
    first = past.case.mine[0]
    return first.actor, first.agent


def _what_happened(theirs: Action) -> str:
    return {
        "tree-switch": "comes after {who} put this tree on another branch",
        "tree-merge": "comes after {who} moved this tree on",
        "head-move": "comes after {who} moved HEAD of this branch",
        "stash-push": "comes after {who} stashed what you had not committed",
        "tree-remove": "comes after {who} removed this working tree",
    }.get(theirs.kind, "comes after {who} discarded what was not committed here")


# ── the whole working tree ────────────────────────────────────────────────────────────────────────────────────────


def judge_tree(mine: Draft | Action, touch: Touch, sighting: Sighting, past: Past) -> Finding | None:
    """A verb on the whole tree against the uncommitted work, commits and verbs of others there."""
    inside = sighting.key == touch.key + "//"
    if touch.effect in _DISRUPTS:
        return _sweeping(mine, touch, sighting, past) if inside else _verb_on_verb(mine, touch, sighting, past)
    if touch.effect == STAGES:
        return _staging_all(mine, touch, sighting, past, inside=inside)
    if touch.effect == COMMITS:
        return _committing(mine, touch, sighting, past, inside=inside)
    if touch.effect == PUSHES:
        return _pushing(mine, touch, sighting, past)
    if touch.effect == REPLACES:
        return _reconfiguring(mine, touch, sighting)
    if touch.effect == EDITS and mine.kind == "stash-pop":
        return _popping(mine, touch, sighting, past, inside=inside)
    return None


def _sweeping(mine: Draft | Action, touch: Touch, sighting: Sighting, past: Past) -> Finding | None:
    theirs = sighting.action
    if sighting.effect not in (EDITS, REPLACES):
        return None
    done = past.committed(touch.key, theirs.actor, theirs.agent)
    unpushed_is_safe = touch.effect == SWITCHES or mine.kind != "tree-reset" or _to_head(touch)
    safe = done if unpushed_is_safe else past.settled(touch.key, theirs.actor, theirs.agent)
    if theirs.seq <= safe:
        return None
    severity = OVERLAP if mine.kind == "head-move" else CONFLICT
    work = past.work(touch.key, theirs.actor, theirs.agent)
    return finding(mine, touch, sighting, severity, _what_it_does(mine), work=work, exactness=4)


def _to_head(touch: Touch) -> bool:
    to = touch.value.get("to") if isinstance(touch.value, dict) else None
    return to in (None, "", "HEAD", "@")


def _what_it_does(mine: Draft | Action) -> str:
    return {
        "tree-switch": "moves the tree away under uncommitted edits of {who}",
        "tree-merge": "changes the tree under uncommitted edits of {who}",
        "head-move": "moves HEAD of the branch under uncommitted edits of {who}",
        "stash-push": "stashes uncommitted edits of {who}",
        "tree-remove": "removes the tree with uncommitted edits of {who}",
        "tree-clean": "deletes untracked files, maybe those of {who}",
    }.get(mine.kind, "discards uncommitted edits of {who}")


def _value(action: Draft | Action, key: str) -> dict[str, object]:
    """What an action says of how it touched a key."""
    found = next((one.value for one in action.touches if one.key == key and isinstance(one.value, dict)), None)
    return found or {}


def _verb_on_verb(mine: Draft | Action, touch: Touch, sighting: Sighting, past: Past) -> Finding | None:
    theirs = sighting.action
    if _value(mine, touch.key).get("abort"):
        began = max((one.action.seq for one in past.own(touch.key) if one.effect == SWITCHES), default=0)
        if sighting.effect.startswith(COMMITS) and 0 < began < theirs.seq:
            return finding(mine, touch, sighting, CONFLICT, "throws away what {who} committed meanwhile", exactness=4)
    brings_back = isinstance(touch.value, dict) and bool(touch.value.get("from"))
    if brings_back and theirs.kind in ("tree-reset", "tree-clean", "tree-restore", "tree-undo"):
        if past.acted_since(touch.key, theirs.seq, {DESTROYS}):
            return None
        return finding(mine, touch, sighting, CONFLICT, "brings back what {who} deliberately discarded", exactness=4)
    if mine.kind == "tree-reset" and sighting.effect.startswith(COMMITS) and not _to_head(touch):
        if theirs.seq > past.settled(touch.key, theirs.actor, theirs.agent):
            return finding(mine, touch, sighting, CONFLICT, "drops commits that {who} has not pushed", exactness=4)
        return None
    return _aftermath_of_verb(mine, touch, sighting, past)


def _aftermath_of_verb(mine: Draft | Action, touch: Touch, sighting: Sighting, past: Past) -> Finding | None:
    """I rebase, merge or pull in a tree that somebody else has switched or stashed underneath me."""
    if touch.effect != SWITCHES or mine.kind != "tree-merge" or sighting.effect not in _DISRUPTS:
        return None
    if not _lost_something(past, touch.key, sighting) or past.acted_since(touch.key, sighting.action.seq, {SWITCHES}):
        return None
    return finding(mine, touch, sighting, CONFLICT, _what_happened(sighting.action), aftermath=True)


def _staging_all(mine: Draft | Action, touch: Touch, sighting: Sighting, past: Past, *, inside: bool) -> Finding | None:
    if not inside:
        return _aftermath_in_tree(mine, touch, sighting, past, touch.key)
    theirs = sighting.action
    if sighting.effect not in (EDITS, REPLACES) or theirs.seq <= past.committed(touch.key, theirs.actor, theirs.agent):
        return None
    work = past.work(touch.key, theirs.actor, theirs.agent)
    return finding(mine, touch, sighting, CONFLICT, "takes uncommitted edits of {who} into your commit", work=work)


def _committing(mine: Draft | Action, touch: Touch, sighting: Sighting, past: Past, *, inside: bool) -> Finding | None:
    value = touch.value if isinstance(touch.value, dict) else {}
    theirs = sighting.action
    if value.get("private_index") and sighting.effect.startswith(COMMITS) and not inside:
        return finding(
            mine, touch, sighting, CONFLICT, "commits from a private index older than a commit of {who}", aftermath=True
        )
    if value.get("amend") and sighting.effect.startswith(COMMITS) and not inside:
        mine_last = max((one.action.seq for one in past.own(touch.key) if one.effect.startswith(COMMITS)), default=0)
        if theirs.seq > mine_last:
            return finding(mine, touch, sighting, CONFLICT, "amends a commit of {who}", aftermath=False)
    if (
        sighting.effect == "commits:index"
        and value.get("takes") == "index"
        and _had_staged(past, touch.key, theirs.seq)
    ):
        return finding(
            mine, touch, sighting, CONFLICT, "comes after {who} committed what you had staged", aftermath=True
        )
    staged = sighting.effect == STAGES and value.get("takes") == "index"
    if staged and theirs.seq > past.committed(touch.key, theirs.actor, theirs.agent):
        return finding(mine, touch, sighting, CONFLICT, "commits what {who} has staged", aftermath=False)
    return None if inside else _aftermath_in_tree(mine, touch, sighting, past, touch.key)


def _had_staged(past: Past, tree: str, before: int) -> bool:
    """Had I staged something that I had not committed when they committed?"""
    staged = max(
        (one.action.seq for one in past.own(tree) if one.effect == STAGES and one.action.seq < before), default=0
    )
    return staged > 0 and staged > max(
        (one.action.seq for one in past.own(tree) if one.effect.startswith(COMMITS) and one.action.seq < before),
        default=0,
    )


def _pushing(mine: Draft | Action, touch: Touch, sighting: Sighting, past: Past) -> Finding | None:
    theirs = sighting.action
    if sighting.effect == REPLACES and sighting.role == "harm" and past.had_stake(touch.key, theirs.seq):
        return finding(
            mine, touch, sighting, CONFLICT, "comes after {who} changed the shared git config", aftermath=True
        )
    if not sighting.effect.startswith(COMMITS) or sighting.key != touch.key:
        return None
    if theirs.seq <= past.newest(touch.key, theirs.actor, theirs.agent, {PUSHES}):
        return None
    if any(one.effect == PUSHES and one.action.seq > theirs.seq for one in past.own(touch.key)):
        return None
    return finding(mine, touch, sighting, OVERLAP, "ships commits that {who} has not pushed", aftermath=False)


def _reconfiguring(mine: Draft | Action, touch: Touch, sighting: Sighting) -> Finding | None:
    """The configuration all worktrees share, while somebody works in one of them."""
    if sighting.role != "work" or sighting.effect in (PUSHES, USES):
        return None
    return finding(mine, touch, sighting, CONFLICT, "changes the git configuration under {who}")


def _popping(mine: Draft | Action, touch: Touch, sighting: Sighting, past: Past, *, inside: bool) -> Finding | None:
    """A pop conflicts where another has changed, since the stash was taken, a file that it holds."""
    theirs = sighting.action
    if not inside or sighting.effect not in (EDITS, REPLACES):
        return None
    stashed = max((one.action.seq for one in past.own(touch.key) if one.action.kind == "stash-push"), default=0)
    if not stashed or theirs.seq < stashed:
        return None
    mine_there, theirs_there = past.work(touch.key, *_me(past)), past.work(touch.key, theirs.actor, theirs.agent)
    ours = {path for path, _, _ in mine_there.newest} if mine_there else set()
    if theirs_there is None or not any(path in ours for path, seq, _ in theirs_there.newest if seq > stashed):
        return None
    return finding(
        mine, touch, sighting, CONFLICT, "meets a file that {who} has changed since you stashed it", aftermath=False
    )


# ── stash and branches ───────────────────────────────────────────────────────────────────────────────────────────


def judge_stash(mine: Draft | Action, touch: Touch, sighting: Sighting, past: Past) -> Finding | None:
    """One stack for all worktrees: a foreign entry on it concerns whoever pops, drops or pushes."""
    theirs = sighting.action
    if touch.effect == USES:
        return _popped_foreign_work(mine, touch, sighting, past)
    if sighting.effect == ADDS and past.newest(touch.key, theirs.actor, theirs.agent, {DESTROYS}) > theirs.seq:
        return None
    both_took = touch.effect == DESTROYS and sighting.effect == DESTROYS
    mine_was_there = past.had_stake(touch.key, theirs.seq, {ADDS}) and not past.acted_since(
        touch.key, theirs.seq, {ADDS}
    )
    if both_took and not mine_was_there:
        return None
    return judge_by_table(mine, touch, sighting, past, "same")


def _popped_foreign_work(mine: Draft | Action, touch: Touch, sighting: Sighting, past: Past) -> Finding | None:
    """A foreign entry that I popped is from then on the other's uncommitted work in this tree."""
    if sighting.effect != ADDS or mine.kind == "stash-push":
        return None
    tree = next((one.key for one in mine.touches if scheme_of(one.key) == "tree"), None)
    popped = [one for one in past.own(touch.key) if one.effect == DESTROYS and one.action.seq > sighting.action.seq]
    here = [one for one in popped if tree is not None and any(t.key == tree for t in one.action.touches)]
    if not here or (tree and past.committed(tree, *_me(past)) > here[0].action.seq):
        return None
    return finding(
        mine, touch, sighting, CONFLICT, "discards the stash entry of {who} that you popped here", aftermath=False
    )


def judge_protection(mine: Draft | Action, touch: Touch, sighting: Sighting, past: Past) -> Finding | None:
    """Protection and workflows: a merge relies on them; a rewrite may go through only because they were lifted."""
    if touch.effect == USES and sighting.effect == REPLACES and mine.kind == "pr-merge":
        return finding(mine, touch, sighting, OVERLAP, "relies on checks that {who} has changed", aftermath=False)
    if touch.effect == USES and sighting.effect == REPLACES and KINDS[mine.kind].step == "rewrite":
        why = "goes through because {who} changed the protection for another purpose"
        return finding(mine, touch, sighting, CONFLICT, why, aftermath=False)
    return judge_by_table(mine, touch, sighting, past, relation_of(touch, sighting.key) or "same")


def judge_ref(mine: Draft | Action, touch: Touch, sighting: Sighting, past: Past) -> Finding | None:
    """A branch at its remote: a rewrite concerns whoever pushed it, a push whoever was rewritten under."""
    theirs = sighting.action
    if touch.effect == PUSHES and past.acted_since(touch.key, theirs.seq, {PUSHES, REPLACES, DESTROYS}):
        return None
    if touch.effect == PUSHES and sighting.effect in (DESTROYS, REPLACES):
        rule = rule_for("ref", PUSHES, sighting.effect)
        stake = past.had_stake(touch.key, theirs.seq) or any(
            scheme_of(one.key) == "protection" and one.key.partition(":")[2] == touch.key.partition(":")[2]
            for one in past._mine  # noqa: SLF001 - the same package
        )
        severity = CONFLICT if stake else NEARBY
        return finding(mine, touch, sighting, severity, rule[2] if rule else "", aftermath=True)
    return judge_by_table(mine, touch, sighting, past, "same")
