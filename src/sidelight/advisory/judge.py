"""From a case to an advisory: judge every mark, collapse, leave out what was told, rank. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sidelight.actions import KINDS, Action, Draft, Sighting, Told, Touch, state_key
from sidelight.advisory import git, values
from sidelight.advisory.case import (
    NAMED,
    REPEAT_MS,
    WIPING,
    Advisory,
    Case,
    Finding,
    Past,
    actor_of,
    counts,
    is_self,
    judge_by_table,
    relation_of,
)
from sidelight.advisory.intents import changed_under_my_intent, judge_against_plan
from sidelight.advisory.machines import judge_context, judge_port, judge_process, sessions_at_stake
from sidelight.advisory.rules import CONFLICT, OVERLAP, PRESENT, SEVERITIES
from sidelight.targets import scheme_of


def advise(case: Case) -> Advisory:
    """Judge, collapse, leave out what was told, rank."""
    found = [one for one in _judged(case) if not _withheld_from_unknown(one, case)]
    collapsed = _collapsed(found)
    told = {(one.about, one.resource, one.step): one for one in case.told}
    said: list[Finding] = []
    echoes: list[Finding] = []
    for one in collapsed:
        (echoes if _already_told(one, told, case.now) else said).append(one)
    said.sort(key=_rank, reverse=True)
    present = _merely_present(case, [*said, *echoes])
    top = said[0].severity if said else (PRESENT if present else None)
    return Advisory(tuple(said), top, tuple(echoes), present)


def _merely_present(case: Case, graver: Sequence[Finding]) -> tuple[Action, ...]:
    """Those of whom nothing graver is said; the same write counts once, whoever made it, and not beside mine (O5)."""
    named = {one.action.seq for one in graver}
    counted = {state_key(one) for one in case.mine}
    counted |= {state_key(action) for one in graver for action in (one.action, *one.more)}
    kept = []
    for one in case.present:
        state = state_key(one)
        if one.seq not in named and (state is None or state not in counted):
            kept.append(one)
            counted.add(state)
    return tuple(kept)


def _rank(one: Finding) -> tuple[int, int, int]:
    return SEVERITIES.index(one.severity), one.exactness, one.action.seq


def _withheld_from_unknown(one: Finding, case: Case) -> bool:
    """Two unknown callers may be one script without a header: never more than `present` to each other."""
    return actor_of(case)[0] is None and one.action.actor is None


# ── judging ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _judged(case: Case) -> Iterable[Finding]:
    past = Past(case)
    for mine in case.mine:
        for sighting in case.before:
            if is_self(case, sighting.action, mine) or not counts(sighting, case.now):
                continue
            for touch in mine.touches or (Touch("", ""),):
                finding = _judge(mine, touch, sighting, past)
                if finding is not None:
                    yield _no_contradiction(finding)
        yield from sessions_at_stake(case, mine)
    yield from changed_under_my_intent(case)


def _no_contradiction(one: Finding) -> Finding:
    """The same write made twice is duplicate work, and contradicts nothing (O5)."""
    state = state_key(one.mine)
    if one.severity != CONFLICT or state is None or state != state_key(one.action):
        return one
    return one._replace(severity=OVERLAP, why="does again what {who} has done")


Judge = Callable[["Draft | Action", Touch, Sighting, Past], "Finding | None"]


def _judge(mine: Draft | Action, touch: Touch, sighting: Sighting, past: Past) -> Finding | None:
    if sighting.role == "plan":
        return judge_against_plan(mine, touch, sighting)
    if not touch.key:
        return None
    scheme = scheme_of(touch.key)
    special = _SPECIAL.get(scheme)
    relation = relation_of(touch, sighting.key)
    if relation is None:
        return None
    if special is not None:
        return special(mine, touch, sighting, past)
    return judge_by_table(mine, touch, sighting, past, relation)


_SPECIAL: dict[str, Judge] = {
    "tree": git.judge_tree,
    "path": git.judge_path,
    "stash": git.judge_stash,
    "ref": git.judge_ref,
    "protection": git.judge_protection,
    "config": values.judge_config,
    "commitment": values.judge_commitment,
    "process": judge_process,
    "kubecontext": judge_context,
    "credential": judge_context,
    "workflow": git.judge_protection,
    "port": judge_port,
}


# ── collapsing and repeats ────────────────────────────────────────────────────────────────────────────────────────


def _collapsed(found: Sequence[Finding]) -> list[Finding]:
    """One item for one session on one resource: the gravest and most exact, which names the newest entry."""
    groups: dict[tuple[str | None, str | None, str], list[Finding]] = {}
    for one in found:
        agent = one.action.agent if one.mine.kind in WIPING else None
        groups.setdefault((one.action.actor, agent, _resource(one)), []).append(one)
    return _each_action_once([_one_of(group) for group in groups.values()])


def _each_action_once(found: Sequence[Finding]) -> list[Finding]:
    """An intent that meets me by target, area and words is one thing to say."""
    seen: set[int] = set()
    kept = []
    for one in sorted(found, key=_rank, reverse=True):
        if one.action.seq not in seen:
            seen.add(one.action.seq)
            kept.append(one)
    return kept


def _one_of(group: Sequence[Finding]) -> Finding:
    best = max(group, key=_rank)
    rest = {one.action.seq: one.action for one in group if one.action.seq != best.action.seq}
    work = next((one.work for one in group if one.work is not None), None)
    return best._replace(more=tuple(rest[seq] for seq in sorted(rest, reverse=True)), work=best.work or work)


def _resource(one: Finding) -> str:
    if one.group is not None:
        return one.group
    scheme = scheme_of(one.key)
    if scheme in ("path", "tree"):  # a file, its directory and its tree are one place to a reader
        return "files"
    if scheme in ("area", "word"):
        return "words"
    return one.key


def _already_told(one: Finding, told: dict[tuple[str, str, str], Told], now: int) -> bool:
    before = told.get((one.action.actor or "", one.key, _step(one)))
    if before is None or before.seq < one.action.seq:
        return False
    if one.aftermath:
        return True
    if one.repeats and one.exactness >= NAMED:
        return False
    return now - before.ts < REPEAT_MS


def told_rows(advisory: Advisory, now: int) -> list[Told]:
    """What to remember as said."""
    rows = []
    for one in advisory.findings:
        newest = max(one.action.seq, *(more.seq for more in one.more)) if one.more else one.action.seq
        rows.append(Told(one.action.actor or "", one.key, _step(one), newest, now))
    return rows


def _step(one: Finding) -> str:
    """What counts as the same news: the same sort of step, no graver than before."""
    return f"{KINDS[one.mine.kind].step} {one.severity}"
