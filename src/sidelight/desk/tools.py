"""The five tools: when a model is to call each, and what it then does with the ledger."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pydantic import BaseModel

from sidelight import whodid
from sidelight.actions import KINDS, Action, Draft, Session, Touch
from sidelight.advisory.wording import age, name_of, narrated
from sidelight.desk import forms
from sidelight.facts import LiveFacts
from sidelight.ledger import ACTOR_MOST, Ledger, Receipt
from sidelight.records import Any, NamedTuple
from sidelight.redact import line, secrets_out
from sidelight.targets import named

CONCURRENT_MOST = 5


class Said(NamedTuple):
    """What a tool answers: in words, and as data."""

    text: str
    data: BaseModel


class Mistake(Exception):
    """A call that cannot be carried out: the sentence tells a model what to do instead."""


class Asked(NamedTuple):
    """One call: the ledger as seen from where the caller stands, the caller as a session (None = unknown), what it
    asks for, checked, and its idempotency key.
    """

    ledger: Ledger
    me: Session | None
    args: Any
    key: str | None = None

    @property
    def tree(self) -> str | None:
        """The working tree the caller stands in."""
        return self.me.tree if self.me is not None else None

    def name(self, one: Action | Session, ids: Sequence[str]) -> str:
        """A session as the caller reads it."""
        return "you" if self.me is not None and one.actor == self.me.actor else name_of(one.actor, ids, one.host)


# ── what each does ────────────────────────────────────────────────────────────────────────────────────────────────


def announce(asked: Asked) -> Said:
    """Announce what the caller is about to do, and say what that meets."""
    args: forms.ToAnnounce = asked.args
    receipt = asked.ledger.announce(
        args.activity,
        actor=asked.me.actor if asked.me else None,
        agent=asked.me.agent if asked.me else None,
        area=args.area or None,
        targets=args.targets,
        ttl_ms=round(args.minutes * 60_000) if args.minutes else None,
        key=asked.key,
        me=asked.me,
    )
    _sound(receipt)
    met = _met(asked, receipt)
    data = forms.Announced(recorded=receipt.recorded, id=receipt.id, warning=receipt.warning, concurrent=met)
    if receipt.passive:
        return Said("Sidelight is switched off here: nothing was recorded, and nothing is known of others.", data)
    head = f"Announced as {receipt.id}. Call finish when it is done."
    if asked.me is None:
        head += " Which session is yours is not known, so this counts as possibly anybody's."
    return Said(f"{head}\n{receipt.warning or 'Nothing that others do meets it.'}", data)


def check(asked: Asked) -> Said:
    """What would the caller be warned about? Records nothing."""
    args: forms.ToCheck = asked.args
    if not args.command and not args.targets:
        raise Mistake("say what to check: the `command` line you are about to run, or the `targets` you will change")
    drafts, unclear = _drafts(asked, args)
    receipt = asked.ledger.check(*drafts, me=asked.me) if drafts else Receipt(recorded=False)
    _sound(receipt)
    understood = [narrated(one, asked.tree) for one in drafts[:20]]
    data = forms.Checked(understood=understood, warning=receipt.warning, concurrent=_met(asked, receipt))
    if receipt.passive:
        return Said("Sidelight is switched off here: nothing is known of others.", data)
    clear = "Nothing that others do meets it." if drafts else "It was not seen to change anything that is shared."
    return Said((receipt.warning or clear) + (" Part of the command line was not understood." if unclear else ""), data)


def finish(asked: Asked) -> Said:
    """Say that an announced intent is done: the one that is named, else the caller's newest."""
    args: forms.ToFinish = asked.args
    receipt = asked.ledger.finish(args.id or _newest(asked).id)
    _sound(receipt)
    done = line(receipt.actions[0].reason or "", 160)
    return Said(f'Finished "{done}".', forms.Finished(finished=True, id=receipt.id))


def going_on(asked: Asked) -> Said:
    """Who is here with what, and what was announced and done of late."""
    args: forms.ToLook = asked.args
    ledger = asked.ledger
    here = [one for one in ledger.who(everywhere=args.everywhere) if one.session.agent is None][: args.limit]
    open_ones = [intent for one in here for intent in one.intents]
    recent = ledger.recent(limit=args.limit, everywhere=args.everywhere)
    # An announcement that is still open counts, however long ago it was made.
    actions = sorted({one.seq: one for one in (*open_ones, *recent)}.values(), key=lambda one: -one.seq)
    actions = actions[: args.limit]
    states = ledger.states(actions)
    data = forms.GoingOn(
        sessions={line(one.session.actor, ACTOR_MOST): one.state for one in here},
        actions=[_deed(asked, one, state=states.get(one.id)) for one in actions],
    )
    if not here and not actions:
        return Said("Nobody was seen here of late.", data)
    ids = [one.session.actor for one in here]
    text = [f"{asked.name(one.session, ids)}: {one.state}" for one in here]
    text += ["Of late, newest first:"] if actions else ["Nothing was announced or done of late."]
    return Said("\n".join(text + _sentences(asked, actions, states)), data)


def who_did(asked: Asked) -> Said:
    """Who touched a resource, newest first, and what each had announced."""
    args: forms.ToAskWho = asked.args
    facts = asked.ledger.facts
    if not isinstance(facts, LiveFacts):  # a caller of whom nobody knows where it stands
        facts = LiveFacts("/", facts.env, machine=facts.machine)
    deeds = whodid.ask(asked.ledger, facts, args.target, limit=args.limit).deeds
    data = forms.WhoDid(actions=[_deed(asked, one.action) for one in deeds])
    if not deeds:
        return Said(f"Nothing is on record about {line(args.target, 200)}.", data)
    told = _sentences(asked, [one.action for one in deeds], {})
    text = [one + _wanted(deed) for one, deed in zip(told, deeds, strict=True)]
    return Said("\n".join(text), data)


def _wanted(deed: whodid.Deed) -> str:
    """What the session had announced, and whether it is still at it."""
    if deed.why is None or deed.why.id == deed.action.id:
        return ""
    still = "still wanted" if deed.wanted else "over since"
    return f', announced as "{line(deed.why.reason or "", 160)}" ({still})'


# ── the table ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Tool(NamedTuple):
    """A row of the table: a tool's name, when a model is to call it, what does it, and what it takes and gives."""

    name: str
    says: str
    do: Callable[[Asked], Said]
    takes: type[forms.Arguments]
    gives: type[forms.Answer]
    reads: bool = False


TOOLS: tuple[Tool, ...] = (
    Tool(
        "announce",
        "Call before work that others could collide with: refactoring, migration, deployment, settings. Says what of "
        "theirs it meets. area: part of the system; targets: src/**, branch:main, config:a.b, port:3000, issue:#5 …",
        announce,
        forms.ToAnnounce,
        forms.Announced,
    ),
    Tool(
        "check",
        "Call before a command that destroys or changes what is shared (reset, force push, kill, drop, delete): would "
        "it hit others' work? Records nothing.",
        check,
        forms.ToCheck,
        forms.Checked,
        reads=True,
    ),
    Tool(
        "finish",
        "Call when what you announced is done or given up. Without id: your newest.",
        finish,
        forms.ToFinish,
        forms.Finished,
    ),
    Tool(
        "whats_going_on",
        "Call to see who else works here, and what they announced and did of late.",
        going_on,
        forms.ToLook,
        forms.GoingOn,
        reads=True,
    ),
    Tool(
        "who_did",
        "Call when something is not as you left it: who touched this path, branch, setting, port …?",
        who_did,
        forms.ToAskWho,
        forms.WhoDid,
        reads=True,
    ),
)


# ── parts ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def unusable(why: str) -> str:
    """What a model is told when the ledger is locked, absent, full or broken."""
    return (
        f"the ledger cannot be used now: {line(why, 300)}. Nothing was recorded and what others do is not known. "
        "Go on with care, tell the user, and try again later; `sidelight doctor` names the cause and the remedy"
    )


def _sound(receipt: Receipt) -> None:
    """Raise what went wrong."""
    if receipt.invalid:
        raise Mistake(receipt.error or "that cannot be recorded")
    if receipt.error is not None:
        raise Mistake(unusable(receipt.error))


def _met(asked: Asked, receipt: Receipt) -> list[forms.Deed]:
    """The earlier actions that matter, the most telling first; who is merely there is no news to a model."""
    return [_deed(asked, one.action, severity=one.severity) for one in receipt.concurrent[:CONCURRENT_MOST]]


def _deed(asked: Asked, one: Action, *, state: str | None = None, severity: str | None = None) -> forms.Deed:
    actor = line(one.actor, ACTOR_MOST) if one.actor else None
    return forms.Deed(id=one.id, session=actor, did=_did(asked, one, state), ts=one.ts, severity=severity)


def _did(asked: Asked, one: Action, state: str | None) -> str:
    """What it did, and what became of it: `announced "move the parser" [open]`."""
    return narrated(one, asked.tree) + (f" [{state}]" if state is not None else "")


def _sentences(asked: Asked, actions: Sequence[Action], states: dict[str, str]) -> list[str]:
    ids, now = [one.actor for one in actions if one.actor], asked.ledger.store.now()
    return [
        f"- {age(now - one.ts)} ago {asked.name(one, ids)} {_did(asked, one, states.get(one.id))}" for one in actions
    ]


def _drafts(asked: Asked, args: forms.ToCheck) -> tuple[list[Draft], bool]:
    """What is to be checked, and whether part of it was not understood."""
    facts, drafts, unclear = asked.ledger.facts, list[Draft](), False
    if args.command:
        from sidelight.effects import Call, effects_of  # its grammar is loaded when the first one asks

        effects = effects_of(Call("Bash", {"command": args.command}), facts)
        drafts, unclear = list(effects.drafts), effects.unknown
    for text in args.targets:
        key, within = named(secrets_out(text), facts)
        drafts.append(Draft("other", target=key, touches=(Touch(key, KINDS["other"].effect, None, within),)))
    return drafts, unclear


def _newest(asked: Asked) -> Action:
    """The caller's newest open intent."""
    if asked.me is None:
        raise Mistake("which session is yours is not known: give the `id` that announce returned")
    mine = [one for one, closed in asked.ledger.store.intents(actor=asked.me.actor) if closed is None]
    still = [one for one in mine if asked.ledger.states([one]).get(one.id) in ("open", "stale")]
    if not still:
        raise Mistake("you have nothing announced that is still open; whats_going_on shows what became of it")
    return still[0]
