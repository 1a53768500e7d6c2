"""What an actor did or is about to do, and the one table of the kinds of action there are.

A *draft* is an action before the store gave it its place (`seq`) and its time (`ts`); an *action* has both. What an
action does to which resource is said by its *touches*: pairs of a target key (`targets.py`) and an *effect*. Nobody
else decides what a kind means: `KINDS` below is the only list, and `EFFECTS` says what each effect does to a resource.

Plain named tuples on purpose: a hook is a fresh process on every tool call, and `dataclasses` alone would cost it
more than opening the ledger does.
"""

from __future__ import annotations

import json

from sidelight.records import Any, NamedTuple

# ── effects: what an action does to one resource ──────────────────────────────────────────────────────────────────

USES = "uses"  # relies on it while it lasts: a server running from a tree, a pull request based on a branch
ADDS = "adds"  # puts something beside what is there: a stash entry, a label, a plain push, a server on a port
EDITS = "edits"  # changes part of it in place: an edit of a file, a config leaf, a migration
STAGES = "stages"  # takes others' changes into the index: `git add -A`
COMMITS = "commits"  # takes changes into history
PUSHES = "pushes"  # makes history shared; what was committed before is settled
REPLACES = "replaces"  # writes the whole of it: a whole-file write, a copy over, a deploy, an install
SWITCHES = "switches"  # puts another thing underneath whoever uses it: a branch, a kube context
DESTROYS = "destroys"  # deletes, discards, resets, kills, drops, overwrites by force
ANNOUNCES = "announces"  # an intent

#: Every effect with the part it plays when somebody else comes later: `plan` (announced), `work` (something is there
#: to be harmed) or `harm` (something was done underneath whoever worked there).
EFFECTS: dict[str, str] = {
    ANNOUNCES: "plan",
    USES: "work",
    ADDS: "work",
    EDITS: "work",
    STAGES: "work",
    COMMITS: "work",
    PUSHES: "work",
    REPLACES: "harm",
    SWITCHES: "harm",
    DESTROYS: "harm",
}


class Touch(NamedTuple):
    """One effect on one resource.

    `key` is a full target key; `within` is the key of the working tree the resource lies in (files only), so that a
    verb on the whole tree finds the uncommitted work of others without reading it file by file.
    """

    key: str
    effect: str
    value: Any = None
    within: str | None = None


# ── kinds ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class Kind(NamedTuple):
    """One sort of action: how it reads in the past tense, which step of work it is, and whether `recent` lists it.

    `step` groups kinds for repeats: going from one step to another is news again (announce, edit, commit, publish,
    destroy, change, run). A kind that is not `listed` leaves a *footprint*: remembered for relevance, not shown.
    """

    past: str
    step: str
    effect: str
    listed: bool = True


KINDS: dict[str, Kind] = {
    # the origin's (O1)
    "intent": Kind("announced", "announce", ANNOUNCES),
    "config-flag": Kind("set", "change", EDITS),
    "commitment-withdraw": Kind("withdrew", "destroy", DESTROYS),
    "other": Kind("acted on", "change", EDITS),
    # settings and commitments
    "config-set": Kind("set", "change", EDITS, listed=False),
    "commitment-change": Kind("changed", "change", EDITS),
    # files
    "edit": Kind("edited", "edit", EDITS, listed=False),
    "write": Kind("wrote", "edit", REPLACES, listed=False),
    "rewrite": Kind("rewrote files in", "edit", EDITS, listed=False),
    "copy-over": Kind("copied over", "destroy", REPLACES),
    "change": Kind("changed", "edit", EDITS, listed=False),  # seen afterwards; what was said beforehand is an edit
    "delete": Kind("deleted", "destroy", DESTROYS),
    "restore": Kind("reverted", "destroy", DESTROYS),
    "file-use": Kind("used", "publish", USES, listed=False),
    # a working tree, its index and its stash
    "tree-reset": Kind("hard-reset", "destroy", DESTROYS),
    "tree-clean": Kind("cleaned", "destroy", DESTROYS),
    "tree-restore": Kind("restored files over", "destroy", DESTROYS),
    "tree-undo": Kind("undid a snapshot in", "destroy", DESTROYS),
    "tree-remove": Kind("removed", "destroy", DESTROYS),
    "tree-switch": Kind("switched the branch of", "switch", SWITCHES),
    "tree-merge": Kind("merged or rebased in", "switch", SWITCHES),
    "head-move": Kind("moved HEAD of", "switch", SWITCHES),
    "stash-push": Kind("stashed in", "stash", ADDS),
    "stash-pop": Kind("popped the stash of", "unstash", DESTROYS),
    "stash-drop": Kind("dropped from the stash of", "destroy", DESTROYS),
    "stage": Kind("staged in", "commit", STAGES, listed=False),
    "commit": Kind("committed in", "commit", COMMITS, listed=False),
    "git-config": Kind("changed the shared git config of", "change", REPLACES),
    # branches and tags
    "push": Kind("pushed", "publish", PUSHES),
    "push-lease": Kind("force-pushed (with lease)", "rewrite", REPLACES),
    "push-force": Kind("force-pushed", "rewrite", DESTROYS),
    "revert-push": Kind("pushed a revert on", "rewrite", DESTROYS),
    "ref-delete": Kind("deleted", "destroy", DESTROYS),
    "ref-create": Kind("created", "change", ADDS, listed=False),
    "tag-push": Kind("pushed the tag", "publish", ADDS),
    # processes, ports, containers
    "server-start": Kind("started a server on", "run", USES, listed=False),
    "run": Kind("ran", "run", USES, listed=False),
    "process-kill": Kind("killed", "destroy", DESTROYS),
    "container-stop": Kind("stopped or removed", "destroy", DESTROYS),
    "container-start": Kind("started", "run", USES, listed=False),
    # databases
    "db-write": Kind("changed the data of", "change", EDITS),
    "db-migrate": Kind("migrated", "change", EDITS),
    "db-reset": Kind("reset or dropped", "destroy", DESTROYS),
    "db-dump": Kind("dumped", "run", USES, listed=False),
    "migration-new": Kind("took the migration number", "edit", ADDS, listed=False),
    # infrastructure
    "infra-apply": Kind("applied", "change", REPLACES),
    "infra-destroy": Kind("destroyed", "destroy", DESTROYS),
    "infra-unlock": Kind("force-unlocked", "destroy", DESTROYS),
    "context-switch": Kind("switched the context of", "switch", SWITCHES),
    "context-use": Kind("worked through", "run", USES, listed=False),
    "deploy": Kind("deployed to", "publish", REPLACES),
    "service-change": Kind("changed", "change", REPLACES),
    # dependencies and packages
    "deps-install": Kind("changed the dependencies of", "change", REPLACES),
    "deps-use": Kind("ran from", "run", USES, listed=False),
    "package-publish": Kind("published", "publish", REPLACES),
    "package-retag": Kind("moved a tag of", "publish", REPLACES),
    "package-unpublish": Kind("unpublished", "destroy", DESTROYS),
    # the forge: issues, pull requests, workflows, protection, secrets
    "issue-claim": Kind("claimed", "change", REPLACES),
    "issue-close": Kind("closed", "destroy", DESTROYS),
    "issue-edit": Kind("changed", "change", EDITS),
    "issue-note": Kind("marked", "note", ADDS, listed=False),
    "pr-open": Kind("opened a pull request for", "publish", ADDS),
    "pr-merge": Kind("merged", "publish", REPLACES),
    "workflow-change": Kind("changed the workflow", "change", REPLACES),
    "protection-change": Kind("changed the protection of", "change", REPLACES),
    "secret-rotate": Kind("rotated or deleted", "destroy", DESTROYS),
    "login": Kind("replaced the login of", "change", REPLACES),
    # anything that is executed, is not provably a read, and touches nothing we know
    "command": Kind("ran", "run", USES, listed=False),
}


# ── drafts and actions ────────────────────────────────────────────────────────────────────────────────────────────


class Draft(NamedTuple):
    """An action before it is recorded.

    `target` is what a person would call it (the area of an intent, a dotted config key, a commitment's id);
    `touches` are the full keys with effects. A library caller may give only `target` or `targets` (keys as text); the
    ledger then makes the touches from the kind. `summary` is the short, redacted spelling of what ran ("git reset
    --hard origin/main"). `words` are extra text to match open intents by. `ttl_ms` bounds an intent's life.

        Draft("config-flag", target="monitoring.redrive.enabled", value=False, actor="session-b")
    """

    kind: str
    target: str | None = None
    value: Any = None
    reason: str | None = None
    actor: str | None = None
    agent: str | None = None
    targets: tuple[str, ...] = ()
    touches: tuple[Touch, ...] = ()
    summary: str | None = None
    words: str = ""
    area: str | None = None
    ttl_ms: int | None = None
    host: str | None = None
    space: str | None = None
    quiet: bool | None = None  # overrides the kind's `listed`: True leaves a footprint only


class Action(NamedTuple):
    """A recorded action. `ts` is the ledger's own time in epoch milliseconds, `seq` its place in the record."""

    seq: int
    id: str
    ts: int
    kind: str
    target: str | None
    value: Any
    reason: str | None
    actor: str | None
    agent: str | None
    host: str | None
    space: str | None
    touches: tuple[Touch, ...]
    summary: str | None
    area: str | None
    expires: int | None
    listed: bool
    late: bool = False

    @property
    def targets(self) -> tuple[str, ...]:
        """The full target keys, in the order they were given."""
        return tuple(dict.fromkeys(touch.key for touch in self.touches))


#: Kinds of which the same target and value are the same write, however often it is made (O5).
STATES = frozenset({"config-flag", "commitment-withdraw", "other"})


def state_key(one: Action | Draft) -> tuple[str, str, str] | None:
    """Equal for two state changes that are the same write (O5); None for events such as intents (O4)."""
    if one.kind not in STATES:
        return None
    target = " ".join(dict.fromkeys(touch.key for touch in one.touches)) or one.target or ""
    return one.kind, target, json.dumps(one.value, sort_keys=True)


# ── what the record knows of the past ─────────────────────────────────────────────────────────────────────────────


class Session(NamedTuple):
    """What is known of a session (or, with `agent`, of a sub-agent of it). Times are ledger milliseconds.

    `pid` and `pid_start` name the process of its host, `boot` says where they do (`facts.boot_id`).
    """

    actor: str
    agent: str | None = None
    host: str | None = None
    machine: str | None = None
    space: str | None = None
    cwd: str | None = None
    tree: str | None = None
    branch: str | None = None
    pid: int | None = None
    pid_start: str | None = None
    boot: str | None = None
    first_seen: int = 0
    last_seen: int = 0
    ended: int | None = None


class Sighting(NamedTuple):
    """An earlier action found by one of the keys asked for.

    `key` is the key asked for (with `//` at its end if the action lies inside it), `role` what the action is there
    (plan, work, harm), `effect` what it did. `last_seen` and `ended` are its session's.
    """

    action: Action
    key: str
    role: str
    effect: str
    last_seen: int | None
    ended: int | None


FILES_COUNTED = 20  # uncommitted files of one session; more are "20 or more"


class Work(NamedTuple):
    """Uncommitted work of one actor inside a key: how many files (at most so many) and the newest few."""

    key: str
    actor: str | None
    agent: str | None
    files: int
    newest: tuple[tuple[str, int, int], ...]  # (path key, seq, ts)


class Told(NamedTuple):
    """What one session has already been told: about whom, on which resource, at which step of its work."""

    about: str
    resource: str
    step: str
    seq: int
    ts: int


class Notice(NamedTuple):
    """A later request of somebody else that met what this session had done or announced, not yet judged.

    `later` are the actions of that request, `earlier` one's own actions they met, as the later side found them.
    `agent` is the sub-agent that was met, None for the session itself.
    """

    seq: int
    agent: str | None
    later: tuple[Action, ...]
    earlier: tuple[Sighting, ...]
