"""What `record` returns: the receipt, from what the store found and what the advisory makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sidelight.actions import KINDS, Action, Draft, Session, Told
from sidelight.advisory import PRESENT, Advisory, Case, advise, at_least
from sidelight.advisory.wording import losing, warning
from sidelight.config import Config
from sidelight.records import Any, NamedTuple
from sidelight.stores import Appended, Question
from sidelight.targets import scheme_of

CONCURRENT_MOST = 20

#: Nothing to say: nothing was met, or the session wants to hear nothing.
MUTED = Advisory()


class Concurrent(NamedTuple):
    """An earlier action that matters to mine: who did what, how grave, and why."""

    action: Action
    severity: str
    why: str

    @property
    def id(self) -> str:
        """The earlier action's id."""
        return self.action.id

    @property
    def actor(self) -> str | None:
        """Who did it; None if unknown."""
        return self.action.actor


class Receipt(NamedTuple):
    """What `record` returns. `recorded` says whether it is in the ledger; if not, `error` says why.

    `concurrent` are the earlier actions that matter, at most 20, most telling first, those merely `present` last.
    `severity` is the gravest; `warning` is the text for the actor, None below `nearby` or when nothing is to be said.
    `spooled` says of what was not recorded that it is kept, and will be delivered when the store is back (design 7).
    `invalid` marks a caller's mistake, `passive` a ledger that is switched off (O8), `duplicate` a repeated delivery.
    `said` is the part of the advisory that is to be put into words: what `attention` and `mute` leave, and of those
    merely present the ones this session was not told of yet (only if `present` was asked for).
    """

    recorded: bool
    actions: tuple[Action, ...] = ()
    concurrent: tuple[Concurrent, ...] = ()
    severity: str | None = None
    warning: str | None = None
    error: str | None = None
    invalid: bool = False
    passive: bool = False
    duplicate: bool = False
    advisory: Advisory = Advisory()
    now: int = 0
    said: Advisory = Advisory()
    spooled: bool = False

    @property
    def id(self) -> str | None:
        """The first action's id."""
        return self.actions[0].id if self.actions else None


# ── judging ───────────────────────────────────────────────────────────────────────────────────────────────────────────


class Asked(NamedTuple):
    """One request as it came: its drafts, by whom, what was asked of the store, and how it is to be judged."""

    drafts: Sequence[Draft]
    who: Session | None
    question: Question
    settings: Config
    dry: bool
    present: bool
    muted: bool


def judged(asked: Asked, found: Appended) -> Receipt:
    """The receipt for what the store found and added."""
    if not (found.before or found.present or found.met or found.alive):  # most footprints meet nothing
        return Receipt(not asked.dry, found.added, duplicate=found.duplicate, now=found.now)
    mine: Sequence[Action | Draft] = found.added or asked.drafts
    advisory = _advised(asked, found, mine)
    loud = _loud(advisory, asked.settings)
    undo = losing(loud.findings, found.added) if loud.findings else None
    said = MUTED if asked.muted else loud
    if asked.present:
        said = _with_present(said, advisory.present, found, asked.settings, mine)
    return Receipt(
        recorded=not asked.dry,
        actions=found.added,
        concurrent=_concurrent(advisory),
        severity=advisory.severity,
        warning=None if asked.muted else warning(loud, found.now, base=_base(asked.who), undo=undo),
        duplicate=found.duplicate,
        advisory=advisory,
        now=found.now,
        said=said,
    )


def _loud(advisory: Advisory, settings: Config) -> Advisory:
    """Of what matters that which is grave enough to be put into words, whoever else is there."""
    if not (advisory.findings or advisory.echoes):
        return advisory._replace(present=())
    return advisory._replace(
        findings=tuple(one for one in advisory.findings if at_least(one.severity, settings.attention_from)),
        echoes=tuple(one for one in advisory.echoes if at_least(one.severity, settings.attention_from)),
        present=(),
    )


def _advised(asked: Asked, found: Appended, mine: Sequence[Action | Draft]) -> Advisory:
    first = found.added[0].ts if found.duplicate and found.added else None
    return advise(
        Case(
            mine=asked.drafts if not found.duplicate else mine,
            me=asked.who,
            before=found.before,
            work=found.work,
            told=[one for one in found.told if first is None or one.ts < first],
            met=found.met,
            present=found.present,
            alive=found.alive,
            now=found.now,
            machine=asked.question.machine,
            hears=asked.present,
        )
    )


def _concurrent(advisory: Advisory) -> tuple[Concurrent, ...]:
    items = [Concurrent(one.action, one.severity, one.why.format(who="another session")) for one in advisory.findings]
    items += [Concurrent(one, PRESENT, "active in the window") for one in advisory.present]
    return tuple(items[:CONCURRENT_MOST])


def _with_present(
    said: Advisory, present: Sequence[Action], found: Appended, settings: Config, mine: Sequence[Action | Draft]
) -> Advisory:
    """Those merely present whom this session was not told of, or who acted since (design 5); a session of which
    something graver is said is not named a second time.
    """
    if said is MUTED or not at_least("nearby", settings.attention_from):
        return said
    step = present_step(mine)
    first = found.added[0].ts if found.duplicate and found.added else None
    told = {one.about: one.seq for one in found.told if one.step == step and (first is None or one.ts < first)}
    graver = [one.action for one in (*said.findings, *said.echoes)]
    named = {one.seq for one in graver}
    actors = {one.actor for one in graver} - {None}
    return said._replace(
        present=tuple(
            one
            for one in present
            if one.seq not in named and one.actor not in actors and one.seq > told.get(one.actor or "", 0)
        )
    )


def _base(who: Session | None) -> str | None:
    return who.tree or who.cwd if who is not None else None


# ── what is remembered of it ──────────────────────────────────────────────────────────────────────────────────────────


def present_step(mine: Sequence[Action | Draft]) -> str:
    """By which step it is remembered that a session was told who else is there: destroying is a step of its own."""
    destroys = any(KINDS[one.kind].step == "destroy" for one in mine)
    return "present, destroying" if destroys else "present"


def told_present(receipt: Receipt) -> list[Told]:
    """What to remember of those merely present, a row for each other session."""
    newest: dict[str, int] = {}
    for one in receipt.said.present:
        newest[one.actor or ""] = max(one.seq, newest.get(one.actor or "", 0))
    step = present_step(receipt.actions)
    return [Told(about, PRESENT, step, seq, receipt.now) for about, seq in newest.items()]


def audit_line(action: Action, receipt: Receipt | None) -> Mapping[str, Any]:
    """The audit's line for one recorded action (O20); without its receipt, for a line that is made up later."""
    return {
        "seq": action.seq,
        "id": action.id,
        "kind": action.kind,
        "target": action.target,
        "targets": [key for key in action.targets if scheme_of(key) not in ("area", "word")],
        "value": action.value,
        "reason": action.reason,
        "actor": action.actor,
        "agent": action.agent,
        "ts": action.ts,
        "concurrentCount": len(receipt.concurrent) if receipt is not None else None,
        "severity": receipt.severity if receipt is not None else None,
    }
