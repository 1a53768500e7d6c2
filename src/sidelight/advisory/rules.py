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


_EDIT_EDIT = _rule(OVERLAP, "edits a file that {who} is editing")
_REWRITE = _rule(CONFLICT, "overwrites what {who} wrote")
_LOST = _rule(OVERLAP, "comes after {who} removed or reverted it", stake=CONFLICT)
_WIPES = _rule(CONFLICT, "loses what {who} wrote")
_TWO_WRITES = _rule(CONFLICT, "changes what {who} is changing")
_TAKEN = _rule(None, "relies on what {who} has taken away since", stake=CONFLICT)
_REPLACED = _rule(None, "relies on what {who} has replaced since", stake=OVERLAP)
_BREAKS = _rule(CONFLICT, "breaks what {who} is running")

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
    ("path", STAGES, EDITS): _rule(OVERLAP, "takes along an uncommitted change of {who}"),
    ("path", STAGES, REPLACES): _rule(OVERLAP, "takes along an uncommitted change of {who}"),
    ("path", STAGES, DESTROYS): _TAKEN,
    ("path", COMMITS, EDITS): _rule(OVERLAP, "commits an uncommitted change of {who} too"),
    ("path", COMMITS, REPLACES): _rule(OVERLAP, "commits an uncommitted change of {who} too"),
    ("path", COMMITS, DESTROYS): _TAKEN,
    ("path", USES, REPLACES): _rule(None, "uses a file that {who} has written since you did", stake=CONFLICT),
    ("path", USES, DESTROYS): _TAKEN,
    # the stash, one stack for all worktrees
    ("stash", ADDS, ADDS): _rule(OVERLAP, "goes onto the stack on which {who} has an entry parked"),
    ("stash", DESTROYS, ADDS): _rule(CONFLICT, "may take the entry of {who}"),
    ("stash", DESTROYS, USES): _rule(None, ""),
    ("stash", DESTROYS, DESTROYS): _rule(
        None, "may miss its entry: {who} has popped or dropped one since", stake=CONFLICT
    ),
    # shared git configuration
    ("gitdir", REPLACES, REPLACES): _TWO_WRITES,
    # branches and tags
    ("ref", PUSHES, REPLACES): _rule(NEARBY, "follows a force push by {who}", stake=CONFLICT),
    ("ref", PUSHES, DESTROYS): _rule(NEARBY, "follows a rewrite or deletion of it by {who}", stake=CONFLICT),
    ("ref", REPLACES, PUSHES): _rule(OVERLAP, "rewrites a branch that {who} pushed to"),
    ("ref", REPLACES, REPLACES): _rule(OVERLAP, "follows a force push by {who}"),
    ("ref", REPLACES, DESTROYS): _rule(OVERLAP, "rewrites a branch that {who} force-pushed or deleted"),
    ("ref", DESTROYS, PUSHES): _rule(CONFLICT, "drops commits that {who} pushed"),
    ("ref", DESTROYS, REPLACES): _rule(CONFLICT, "drops commits that {who} pushed"),
    ("ref", DESTROYS, DESTROYS): _rule(CONFLICT, "follows a rewrite or deletion of it by {who}"),
    ("ref", DESTROYS, USES): _rule(CONFLICT, "takes away the base of a pull request of {who}"),
    ("ref", DESTROYS, ADDS): _rule(CONFLICT, "takes away what {who} uses"),
    ("ref", ADDS, ADDS): _rule(OVERLAP, "repeats what {who} has created or pushed"),
    ("ref", ADDS, DESTROYS): _TAKEN,
    ("ref", USES, DESTROYS): _rule(OVERLAP, "follows a rewrite or deletion of it by {who}", stake=CONFLICT),
    ("protection", REPLACES, REPLACES): _TWO_WRITES,
    ("protection", USES, REPLACES): _rule(None, "relies on a protection that {who} has changed since", stake=CONFLICT),
    # commitments
    ("commitment", DESTROYS, DESTROYS): _rule(OVERLAP, "withdraws what {who} has withdrawn already"),
    ("commitment", ADDS, DESTROYS): _LOST,
    # issues, pull requests, beads
    ("issue", EDITS, DESTROYS): _rule(OVERLAP, "changes what {who} has closed", stake=OVERLAP),
    ("bead", EDITS, DESTROYS): _rule(OVERLAP, "changes what {who} has closed", stake=OVERLAP),
    ("issue", DESTROYS, DESTROYS): _rule(OVERLAP, "closes what {who} has closed already"),
    ("bead", DESTROYS, DESTROYS): _rule(OVERLAP, "closes what {who} has closed already"),
    ("issue", ADDS, ADDS): _rule(OVERLAP, "starts on what {who} is on too"),
    # ports, processes, containers
    ("port", USES, USES): _rule(OVERLAP, "uses a port on which {who} runs a server"),
    ("port", USES, DESTROYS): _rule(None, "comes after {who} stopped your server", stake=OVERLAP),
    ("process", USES, DESTROYS): _rule(None, "comes after {who} stopped your process", stake=OVERLAP),
    ("container", USES, DESTROYS): _rule(None, "relies on what {who} has stopped or removed", stake=CONFLICT),
    ("compose", USES, DESTROYS): _rule(None, "relies on what {who} has stopped", stake=CONFLICT),
    ("compose", USES, USES): _rule(None, ""),
    ("container", USES, USES): _rule(None, ""),
    # databases
    ("db", EDITS, EDITS): _rule(OVERLAP, "changes what {who} is changing too"),
    ("db", EDITS, REPLACES): _rule(OVERLAP, "changes what {who} is changing too"),
    ("db", EDITS, DESTROYS): _rule(None, "relies on a database that {who} has reset since", stake=CONFLICT),
    ("db", USES, DESTROYS): _rule(None, "relies on a database that {who} has reset since", stake=CONFLICT),
    ("db", DESTROYS, USES): _rule(CONFLICT, "takes away what {who} is reading from"),
    ("db", DESTROYS, DESTROYS): _rule(OVERLAP, "resets what {who} has reset too"),
    ("migration", ADDS, ADDS): _rule(OVERLAP, "takes the number that {who} took; one of the two is skipped silently"),
    # infrastructure
    ("kubecontext", SWITCHES, SWITCHES): _rule(CONFLICT, "switches the context that {who} works through"),
    ("kubecontext", SWITCHES, USES): _rule(CONFLICT, "switches the context that {who} works through"),
    ("kubecontext", USES, SWITCHES): _rule(
        None, "goes through a context that {who} has switched since", stake=CONFLICT
    ),
    ("service", ADDS, REPLACES): _rule(None, ""),
    ("service", REPLACES, ADDS): _rule(None, ""),
    # dependencies
    ("deps", USES, REPLACES): _REPLACED,
    ("deps", USES, DESTROYS): _REPLACED,
    ("deps", REPLACES, USES): _BREAKS,
    ("deps", DESTROYS, USES): _BREAKS,
    # packages
    ("package", EDITS, EDITS): _rule(OVERLAP, "changes what {who} is about to release"),
    ("package", EDITS, REPLACES): _rule(OVERLAP, "changes what {who} has published"),
    ("package", REPLACES, EDITS): _rule(
        OVERLAP, "publishes after {who} changed what the version is computed from", stake=CONFLICT
    ),
    # secrets and logins
    ("secret", DESTROYS, USES): _rule(CONFLICT, "takes away what {who} uses"),
    ("credential", REPLACES, USES): _rule(OVERLAP, "replaces the login that {who} works through"),
    ("credential", REPLACES, SWITCHES): _rule(OVERLAP, "replaces the login that {who} works through"),
    ("credential", USES, REPLACES): _rule(None, "goes through a login that {who} has replaced since", stake=OVERLAP),
    ("credential", REPLACES, REPLACES): _rule(OVERLAP, "replaces a login that {who} has just replaced"),
    # everything else
    ("*", EDITS, EDITS): _TWO_WRITES,
    ("*", EDITS, REPLACES): _TWO_WRITES,
    ("*", EDITS, DESTROYS): _rule(CONFLICT, "changes what {who} has removed or undone"),
    ("*", EDITS, SWITCHES): _TAKEN,
    ("*", SWITCHES, SWITCHES): _rule(CONFLICT, "switches what {who} works through"),
    ("*", SWITCHES, USES): _rule(CONFLICT, "switches what {who} works through"),
    ("*", SWITCHES, REPLACES): _rule(CONFLICT, "switches what {who} works through"),
    ("*", USES, SWITCHES): _rule(None, "goes through what {who} has switched since", stake=CONFLICT),
    ("*", REPLACES, EDITS): _TWO_WRITES,
    ("*", REPLACES, REPLACES): _TWO_WRITES,
    ("*", REPLACES, DESTROYS): _rule(CONFLICT, "changes what {who} has removed or undone"),
    ("*", REPLACES, ADDS): _rule(OVERLAP, "adds to what {who} is working on"),
    ("*", DESTROYS, EDITS): _rule(CONFLICT, "undoes what {who} did"),
    ("*", DESTROYS, REPLACES): _rule(CONFLICT, "undoes what {who} did"),
    ("*", DESTROYS, DESTROYS): _TWO_WRITES,
    ("*", DESTROYS, ADDS): _rule(CONFLICT, "takes away what {who} added"),
    ("*", DESTROYS, USES): _BREAKS,
    ("*", ADDS, EDITS): _rule(OVERLAP, "adds to what {who} is working on"),
    ("*", ADDS, REPLACES): _rule(OVERLAP, "adds to what {who} is working on"),
    ("*", ADDS, DESTROYS): _rule(OVERLAP, "adds to what {who} has closed or removed", stake=OVERLAP),
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
