"""One question to the advisory and the parts of its answer, with what the rules may ask of the past. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sidelight.actions import (
    ANNOUNCES,
    DESTROYS,
    KINDS,
    SWITCHES,
    USES,
    Action,
    Draft,
    Notice,
    Session,
    Sighting,
    Told,
    Touch,
    Work,
)
from sidelight.advisory.rules import CONFLICT, OVERLAP, rule_for
from sidelight.records import NamedTuple
from sidelight.targets import ancestors, glob_matches, is_glob, scheme_of, section

REACH_MS = 2 * 3_600_000  # how far back a shared resource reaches
REPEAT_MS = 600_000  # an overlap is not repeated sooner, unless the other acted again

#: How exact a match is, best first; used for ranking within one severity.
EXACT, WHOLE, NAMED, AREA, WORDS = 4, 3, 2, 1, 0


class Case(NamedTuple):
    """Everything a judgement rests on. `mine` are drafts of one request (or actions, when looking back)."""

    mine: Sequence[Draft | Action]
    me: Session | None
    before: Sequence[Sighting]
    work: Sequence[Work] = ()
    told: Sequence[Told] = ()
    met: Sequence[Notice] = ()
    present: Sequence[Action] = ()
    alive: Sequence[Sighting] = ()
    now: int = 0
    machine: str | None = None
    hears: bool = False  # an announcement hears what was done to earlier ones, too; else the next write does


class Finding(NamedTuple):
    """One thing to say: their `action`, on which `key`, how grave, why, and what of mine it met.

    `more` are further actions of the same session on the same resource, `work` its uncommitted files there.
    `aftermath` marks what was done underneath me: said once a step, not repeated. `group` collapses what a session did
    many times to one intent.
    """

    severity: str
    why: str
    action: Action
    key: str
    mine: Draft | Action
    exactness: int
    role: str
    repeats: bool = False
    aftermath: bool = False
    more: tuple[Action, ...] = ()
    work: Work | None = None
    group: str | None = None


class Advisory(NamedTuple):
    """What to say, ranked; `severity` is the gravest of it. `echoes` counts what was left out as already told."""

    findings: tuple[Finding, ...] = ()
    severity: str | None = None
    echoes: tuple[Finding, ...] = ()
    present: tuple[Action, ...] = ()


# ── who counts as somebody else ───────────────────────────────────────────────────────────────────────────────────

#: By these a sub-agent wipes what its siblings and its parent have not committed: there a family is not one party.
WIPING = frozenset(
    {"tree-reset", "tree-clean", "tree-restore", "tree-undo", "tree-remove", "stash-push", "restore", "delete"}
)


def actor_of(case: Case) -> tuple[str | None, str | None]:
    if case.me is not None:
        return case.me.actor, case.me.agent
    return (case.mine[0].actor, case.mine[0].agent) if case.mine else (None, None)


def is_self(case: Case, action: Action, mine: Draft | Action) -> bool:
    actor, agent = actor_of(case)
    if actor is None or action.actor is None or action.actor != actor:
        return False
    if action.agent == agent:
        return True
    return mine.kind not in WIPING and action.kind not in WIPING


class Past:
    """What the case says about the time before: my own marks, what others settled, who is working where."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self._mine = [one for one in case.before if self._own(one.action)]

    def _own(self, action: Action) -> bool:
        actor, agent = actor_of(self.case)
        return actor is not None and action.actor == actor and action.agent == agent

    def had_stake(self, key: str, before: int, effects: Iterable[str] | None = None) -> bool:
        """Did I have something on this key (or in it) before that sequence number?"""
        wanted = None if effects is None else frozenset(effects)
        return any(
            one.action.seq < before
            and one.key in (key, key + "//")
            and (wanted is None or one.effect.partition(":")[0] in wanted)
            for one in self._mine
        )

    def was_told(self, about: str | None, resource: str, seq: int) -> bool:
        """Was I told before of what they did there? Then I had something there, however often I have acted since."""
        return any(one.about == (about or "") and one.resource == resource and one.seq >= seq for one in self.case.told)

    def acted_since(self, key: str, after: int, effects: Iterable[str]) -> bool:
        """Have I done one of these to this very key after that sequence number?"""
        wanted = frozenset(effects)
        return any(one.action.seq > after and one.key == key and one.effect in wanted for one in self._mine)

    def own(self, key: str, role: str | None = None) -> list[Sighting]:
        """My own marks on a key or inside it."""
        return [one for one in self._mine if one.key in (key, key + "//") and (role is None or one.role == role)]

    def newest(self, key: str, actor: str | None, agent: str | None, effects: Iterable[str]) -> int:
        """The newest sequence number at which an actor did one of these on a key; 0 if never."""
        wanted = frozenset(effects)
        return max(
            (
                one.action.seq
                for one in self.case.before
                if one.key == key and one.action.actor == actor and one.action.agent == agent and one.effect in wanted
            ),
            default=0,
        )

    def settled(self, tree: str, actor: str | None, agent: str | None) -> int:
        """Work of an actor in a tree up to this sequence number is committed and pushed (or discarded by itself)."""
        pushed = self.newest(tree, actor, agent, {"pushes"})
        commits = ("commits:all", "commits:index")
        committed = max(
            (
                one.action.seq
                for one in self.case.before
                if one.key == tree and one.effect in commits and one.action.actor == actor and one.action.seq < pushed
            ),
            default=0,
        )
        return max(committed, self.newest(tree, actor, agent, {DESTROYS}))

    def committed(self, tree: str, actor: str | None, agent: str | None) -> int:
        """Work of an actor in a tree up to this sequence number is at least committed (or discarded by itself)."""
        return max(
            self.newest(tree, actor, agent, {"commits:all", "commits:index"}),
            self.newest(tree, actor, agent, {DESTROYS}),
        )

    def work(self, key: str, actor: str | None, agent: str | None) -> Work | None:
        """The uncommitted files of an actor inside a key."""
        for one in self.case.work:
            if one.key == key and (one.actor, one.agent) == (actor, agent):
                return one
        return None


def counts(sighting: Sighting, now: int) -> bool:
    """Is it still news? An intent until it is closed, expired or its owner silent; anything else for two hours."""
    action = sighting.action
    if sighting.role != "plan":
        return now - action.ts <= REACH_MS
    if action.expires is not None:
        return now < action.expires
    return now - max(action.ts, sighting.last_seen or 0) <= REACH_MS


# ── relations and the table ───────────────────────────────────────────────────────────────────────────────────────


def relation_of(touch: Touch, found: str) -> str | None:
    """Where the found key lies as seen from my touch: same, inside (mine holds it), around (it holds mine), tree."""
    if found == touch.key:
        return "same"
    if found == touch.key + "//":
        return "inside"
    if touch.within is not None and found in (touch.within, touch.within + "//"):
        return "tree"
    if found in ancestors(touch.key):
        return "around"
    top = section(touch.key)
    if top is not None and found in (top, top + "//"):
        return "section"
    if is_glob(touch.key) and touch.key.startswith(found.rstrip("/")):
        return "inside"
    return None


def judge_by_table(mine: Draft | Action, touch: Touch, sighting: Sighting, past: Past, relation: str) -> Finding | None:
    """The general rule: look the two effects up, and ask for my stake where the table says it depends."""
    if relation not in ("same", "inside", "around"):
        return None
    if touch.effect == ANNOUNCES:
        return _announcing_over(mine, touch, sighting, relation)
    theirs = sighting.effect.partition(":")[0]
    rule = rule_for(scheme_of(touch.key), touch.effect, theirs)
    if rule is None:
        return None
    plain, staked, why = rule
    key = sighting.key.removesuffix("//")
    stake = past.had_stake(touch.key, sighting.action.seq) or _announced(past, touch.key, sighting.action.seq)
    severity = staked if stake else plain
    if severity is None:
        return None
    return finding(mine, touch, sighting, severity, why, key=touch.key if relation != "around" else key)


def _announced(past: Past, key: str, before: int) -> bool:
    return any(one.role == "plan" and one.action.seq < before for one in past.own(key))


def finding(
    mine: Draft | Action,
    touch: Touch,
    sighting: Sighting,
    severity: str,
    why: str,
    *,
    key: str | None = None,
    exactness: int | None = None,
    aftermath: bool | None = None,
    work: Work | None = None,
) -> Finding:
    """A finding with what follows from its parts: how exact, and whether it is repeated every time."""
    same = sighting.key in (touch.key, touch.key + "//")
    after = (
        aftermath if aftermath is not None else (sighting.role == "harm" and touch.effect not in (DESTROYS, SWITCHES))
    )
    return Finding(
        severity,
        why,
        sighting.action,
        key or touch.key,
        mine,
        exactness if exactness is not None else (EXACT if same else WHOLE),
        sighting.role,
        repeats=severity == CONFLICT and _destructive(mine, touch) and sighting.role != "harm",
        aftermath=after,
        work=work,
    )


def _destructive(mine: Draft | Action, touch: Touch) -> bool:
    return touch.effect in (DESTROYS, SWITCHES) or KINDS[mine.kind].effect in (DESTROYS, SWITCHES)


def _announcing_over(mine: Draft | Action, touch: Touch, sighting: Sighting, relation: str) -> Finding | None:
    """Announcing gets the same check as acting: what others have going on there is an overlap."""
    theirs = sighting.action
    if relation == "inside" or is_glob(touch.key):
        touched = [one.key for one in theirs.touches if covers(touch.key, one.key)]
        if not touched:
            return None
    if scheme_of(touch.key) == "tree" or sighting.effect in (USES, "pushes"):
        return None
    return finding(
        mine, touch, sighting, OVERLAP, "announces work where {who} is at work", exactness=NAMED, aftermath=False
    )


def covers(pattern: str, key: str) -> bool:
    if is_glob(pattern):
        return glob_matches(pattern, key)
    return key == pattern or (key.startswith(pattern) and pattern in ancestors(key))
