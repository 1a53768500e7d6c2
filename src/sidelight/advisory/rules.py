"""What one action does to what another left on one resource: the labelling policy as tables. Pure.

Every rule answers one question: *mine* is about to do `effect` to a resource on which *theirs* has done `effect`: is
that a conflict (it destroys, undoes, contradicts, or relies on what was taken away), an overlap (same resource,
nothing lost) or nearby (same subsystem)? `STAKE` stands for "it depends on whether I had something there before
theirs": the victim of a reset is warned at its next write, a newcomer to the same tree is not.
"""

from __future__ import annotations

from sidelight.actions import (
    ADDS,
    ANNOUNCES,
    COMMITS,
    DESTROYS,
    EDITS,
    PUSHES,
    REPLACES,
    STAGES,
    SWITCHES,
    USES,
)

CONFLICT, OVERLAP, NEARBY, PRESENT = "conflict", "overlap", "nearby", "present"
SEVERITIES = (PRESENT, NEARBY, OVERLAP, CONFLICT)


def at_least(severity: str | None, floor: str) -> bool:
    """Is this severity as grave as `floor`? None is below everything."""
    return severity is not None and SEVERITIES.index(severity) >= SEVERITIES.index(floor)


class Rule(tuple[str | None, str | None, str]):
    """(severity, severity if I had something there before, why). None is silence."""

    __slots__ = ()


def _rule(severity: str | None, why: str, stake: str | None = None) -> Rule:
    return Rule((severity, stake or severity, why))


_EDIT_EDIT = _rule(OVERLAP, "both edit it")
_REWRITE = _rule(CONFLICT, "a whole write loses what they wrote")
_LOST = _rule(OVERLAP, "they removed or reverted it", stake=CONFLICT)
_WIPES = _rule(CONFLICT, "it would lose what they wrote")
_TWO_WRITES = _rule(CONFLICT, "two writes of one resource")
_TAKEN = _rule(None, "they took it away since", stake=CONFLICT)
_REPLACED = _rule(None, "they replaced it since", stake=OVERLAP)
_BREAKS = _rule(CONFLICT, "they are running it")

#: (scheme, my effect, their effect) → rule. A scheme that is not here uses `*`.
RULES: dict[tuple[str, str, str], Rule] = {
    # files
    ("path", EDITS, EDITS): _EDIT_EDIT,
    ("path", EDITS, REPLACES): _EDIT_EDIT,
    ("path", EDITS, DESTROYS): _LOST,
    ("path", REPLACES, EDITS): _REWRITE,
    ("path", REPLACES, REPLACES): _REWRITE,
    ("path", REPLACES, DESTROYS): _LOST,
    ("path", DESTROYS, EDITS): _WIPES,
    ("path", DESTROYS, REPLACES): _WIPES,
    ("path", DESTROYS, USES): _BREAKS,
    ("path", STAGES, EDITS): _rule(OVERLAP, "it takes their uncommitted change along"),
    ("path", STAGES, REPLACES): _rule(OVERLAP, "it takes their uncommitted change along"),
    ("path", STAGES, DESTROYS): _TAKEN,
    ("path", COMMITS, EDITS): _rule(OVERLAP, "it commits their uncommitted change too"),
    ("path", COMMITS, REPLACES): _rule(OVERLAP, "it commits their uncommitted change too"),
    ("path", COMMITS, DESTROYS): _TAKEN,
    ("path", USES, REPLACES): _rule(None, "they wrote it since you did", stake=CONFLICT),
    ("path", USES, DESTROYS): _TAKEN,
    # the stash, one stack for all worktrees
    ("stash", ADDS, ADDS): _rule(OVERLAP, "they have an entry parked on the same stack"),
    ("stash", DESTROYS, ADDS): _rule(CONFLICT, "the entry may be theirs"),
    ("stash", DESTROYS, USES): _rule(None, ""),
    ("stash", DESTROYS, DESTROYS): _rule(None, "they popped or dropped from the stack since", stake=CONFLICT),
    # shared git configuration
    ("gitdir", REPLACES, REPLACES): _TWO_WRITES,
    # branches and tags
    ("ref", PUSHES, REPLACES): _rule(NEARBY, "they force-pushed it", stake=CONFLICT),
    ("ref", PUSHES, DESTROYS): _rule(NEARBY, "they rewrote or deleted it", stake=CONFLICT),
    ("ref", REPLACES, PUSHES): _rule(OVERLAP, "they pushed to it"),
    ("ref", REPLACES, REPLACES): _rule(OVERLAP, "they force-pushed it"),
    ("ref", REPLACES, DESTROYS): _rule(OVERLAP, "they force-pushed or deleted it"),
    ("ref", DESTROYS, PUSHES): _rule(CONFLICT, "it would drop the commits they pushed"),
    ("ref", DESTROYS, REPLACES): _rule(CONFLICT, "it would drop the commits they pushed"),
    ("ref", DESTROYS, DESTROYS): _rule(CONFLICT, "they rewrote or deleted it"),
    ("ref", DESTROYS, USES): _rule(CONFLICT, "their open pull request is based on it"),
    ("ref", DESTROYS, ADDS): _rule(CONFLICT, "they use it"),
    ("ref", ADDS, ADDS): _rule(OVERLAP, "they created or pushed it too"),
    ("ref", ADDS, DESTROYS): _TAKEN,
    ("ref", USES, DESTROYS): _rule(OVERLAP, "they rewrote or deleted it", stake=CONFLICT),
    ("protection", REPLACES, REPLACES): _TWO_WRITES,
    ("protection", USES, REPLACES): _rule(None, "they changed its protection since", stake=CONFLICT),
    # commitments
    ("commitment", DESTROYS, DESTROYS): _rule(OVERLAP, "they already withdrew it"),
    ("commitment", ADDS, DESTROYS): _LOST,
    # issues, pull requests, beads
    ("issue", EDITS, DESTROYS): _rule(OVERLAP, "they closed it", stake=OVERLAP),
    ("bead", EDITS, DESTROYS): _rule(OVERLAP, "they closed it", stake=OVERLAP),
    ("issue", DESTROYS, DESTROYS): _rule(OVERLAP, "they already closed it"),
    ("bead", DESTROYS, DESTROYS): _rule(OVERLAP, "they already closed it"),
    ("issue", ADDS, ADDS): _rule(OVERLAP, "they are on it too"),
    # ports, processes, containers
    ("port", USES, USES): _rule(OVERLAP, "they run a server on this port"),
    ("port", USES, DESTROYS): _rule(None, "they stopped your server", stake=OVERLAP),
    ("process", USES, DESTROYS): _rule(None, "they stopped your process", stake=OVERLAP),
    ("container", USES, DESTROYS): _rule(None, "they stopped or removed it", stake=CONFLICT),
    ("compose", USES, DESTROYS): _rule(None, "they stopped it", stake=CONFLICT),
    ("compose", USES, USES): _rule(None, ""),
    ("container", USES, USES): _rule(None, ""),
    # databases
    ("db", EDITS, EDITS): _rule(OVERLAP, "both change it"),
    ("db", EDITS, REPLACES): _rule(OVERLAP, "both change it"),
    ("db", EDITS, DESTROYS): _rule(None, "they reset it since", stake=CONFLICT),
    ("db", USES, DESTROYS): _rule(None, "they reset it since", stake=CONFLICT),
    ("db", DESTROYS, USES): _rule(CONFLICT, "they are reading from it"),
    ("db", DESTROYS, DESTROYS): _rule(OVERLAP, "they reset it too"),
    ("migration", ADDS, ADDS): _rule(OVERLAP, "they took the same number; one of the two is skipped silently"),
    # infrastructure
    ("kubecontext", SWITCHES, SWITCHES): _rule(CONFLICT, "they work through this context"),
    ("kubecontext", SWITCHES, USES): _rule(CONFLICT, "they work through this context"),
    ("kubecontext", USES, SWITCHES): _rule(None, "they switched it since", stake=CONFLICT),
    ("service", ADDS, REPLACES): _rule(None, ""),
    ("service", REPLACES, ADDS): _rule(None, ""),
    # dependencies
    ("deps", USES, REPLACES): _REPLACED,
    ("deps", USES, DESTROYS): _REPLACED,
    ("deps", REPLACES, USES): _BREAKS,
    ("deps", DESTROYS, USES): _BREAKS,
    # packages
    ("package", EDITS, EDITS): _rule(OVERLAP, "both change what is released"),
    ("package", EDITS, REPLACES): _rule(OVERLAP, "they published it"),
    ("package", REPLACES, EDITS): _rule(OVERLAP, "they changed what the version is computed from", stake=CONFLICT),
    # secrets and logins
    ("secret", DESTROYS, USES): _rule(CONFLICT, "they use it"),
    ("credential", REPLACES, REPLACES): _rule(OVERLAP, "they logged in too"),
    # everything else
    ("*", EDITS, EDITS): _TWO_WRITES,
    ("*", EDITS, REPLACES): _TWO_WRITES,
    ("*", EDITS, DESTROYS): _rule(CONFLICT, "they removed or undid it"),
    ("*", EDITS, SWITCHES): _TAKEN,
    ("*", REPLACES, EDITS): _TWO_WRITES,
    ("*", REPLACES, REPLACES): _TWO_WRITES,
    ("*", REPLACES, DESTROYS): _rule(CONFLICT, "they removed or undid it"),
    ("*", REPLACES, ADDS): _rule(OVERLAP, "they work on it too"),
    ("*", DESTROYS, EDITS): _rule(CONFLICT, "it undoes what they did"),
    ("*", DESTROYS, REPLACES): _rule(CONFLICT, "it undoes what they did"),
    ("*", DESTROYS, DESTROYS): _TWO_WRITES,
    ("*", DESTROYS, ADDS): _rule(CONFLICT, "it takes away what they added"),
    ("*", DESTROYS, USES): _BREAKS,
    ("*", ADDS, EDITS): _rule(OVERLAP, "they work on it too"),
    ("*", ADDS, REPLACES): _rule(OVERLAP, "they work on it too"),
    ("*", ADDS, DESTROYS): _rule(OVERLAP, "they closed or removed it", stake=OVERLAP),
    ("*", USES, DESTROYS): _TAKEN,
}


def rule_for(scheme: str, mine: str, theirs: str) -> Rule | None:
    """The rule for two effects on one resource; None is silence."""
    return RULES.get((scheme, mine, theirs)) or RULES.get(("*", mine, theirs))


#: What my effect on something another session announced amounts to, for resources that hold one value or one owner.
#: Files are gentler: two people may work in one announced directory.
_PLAN_PATH: dict[str, str | None] = {
    EDITS: OVERLAP,
    REPLACES: OVERLAP,
    DESTROYS: CONFLICT,
    STAGES: None,
    COMMITS: None,
    ANNOUNCES: OVERLAP,
}
_PLAN_REF: dict[str, str | None] = {
    PUSHES: OVERLAP,
    REPLACES: OVERLAP,
    DESTROYS: CONFLICT,
    ANNOUNCES: OVERLAP,
    ADDS: OVERLAP,
}
_PLAN_TREE: dict[str, str | None] = {DESTROYS: CONFLICT, SWITCHES: CONFLICT, REPLACES: CONFLICT}
_PLAN_PACKAGE: dict[str, str | None] = {EDITS: OVERLAP, REPLACES: CONFLICT, DESTROYS: CONFLICT, ANNOUNCES: OVERLAP}
_PLAN_ANY: dict[str, str | None] = {
    EDITS: CONFLICT,
    REPLACES: CONFLICT,
    DESTROYS: CONFLICT,
    SWITCHES: CONFLICT,
    ADDS: OVERLAP,
    ANNOUNCES: OVERLAP,
}
_PLANS: dict[str, dict[str, str | None]] = {
    "path": _PLAN_PATH,
    "ref": _PLAN_REF,
    "tree": _PLAN_TREE,
    "package": _PLAN_PACKAGE,
}


def against_plan(scheme: str, mine: str) -> str | None:
    """How grave my effect is on a resource that another session's open intent names."""
    return _PLANS.get(scheme, _PLAN_ANY).get(mine)
