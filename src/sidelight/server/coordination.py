"""The routes about the ledger: announce, finish, check, and look (O10–O12)."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from sidelight import config, wire
from sidelight.actions import ANNOUNCES, KINDS, Draft, Touch
from sidelight.effects import Call
from sidelight.facts import Facts
from sidelight.ledger import ACTIVITY_MOST, AREA_MOST, TARGETS_MOST, Receipt
from sidelight.redact import mask, secrets_out
from sidelight.server import messages, stream
from sidelight.server.bursts import worded
from sidelight.server.exchange import Answer, Ask, Parameter, Refusal
from sidelight.server.recently import Asked
from sidelight.server.served import Served
from sidelight.targets import named
from sidelight.targets import tree as tree_key

WINDOW = Parameter("windowMs", {"type": "integer", **config.WINDOW_MS.schema}, "how far back, in ms")
LIMIT = Parameter("limit", {"type": "integer", **config.LIMIT.schema, "default": config.DEFAULT_LIMIT}, "how many")
QUIET = Parameter("quiet", {"type": "boolean", "default": False}, "footprints (edits, reads of a port) too")
EVERYWHERE = Parameter("everywhere", {"type": "boolean", "default": False}, "all spaces, not only the home's own")
SEQ = config.Range(0, 10**15 - 1)
AFTER = Parameter("after", {"type": "integer", **SEQ.schema}, "start behind this `seq`; without it, with what is new")


def announce(served: Served, ask: Ask) -> Answer:
    """POST /coordination/intent (O10)."""
    body: messages.Intent = ask.body
    draft = _intent(served, ask, body)
    me = served.session(ask.actor, ask.agent, body.cwd)
    receipt = served.ledger.record(draft, key=ask.key, me=me, present=True)
    return Answer(201 if receipt.error is None else 503, told(served, receipt, [draft]))


def check(served: Served, ask: Ask) -> Answer:
    """POST /coordination/check: what would I be warned about? Records nothing."""
    drafts = [one._replace(actor=ask.actor, agent=ask.agent) for one in _understood(served, ask, ask.body)]
    me = served.session(ask.actor, ask.agent, ask.body.cwd)
    receipt = served.ledger.check(*drafts, me=me, present=True) if drafts else Receipt(recorded=False)
    shown = [_masked(one) for one in drafts]
    warning, severity = (
        (None, None)
        if _refused(receipt)
        else worded(served.bursts, receipt, shown, served.ledger.config.window_ms, dry=True)
    )
    answer = wire.checked(receipt, shown) | {"coordinationWarning": warning, "severity": severity}
    return Answer(200 if receipt.error is None else 503, answer)


def finish(served: Served, ask: Ask) -> Answer:
    """POST /coordination/intent/{id}/finish: it is done; nobody is warned of it any more."""
    return Answer(200, served.once(ask.key, lambda: _finished(served, ask.names["id"])))


def _finished(served: Served, action_id: str) -> wire.Json:
    receipt = served.ledger.finish(action_id)
    if receipt.error is not None:
        raise Refusal(404 if receipt.invalid else 503, receipt.error)
    return wire.finished(receipt)


def recent(served: Served, ask: Ask) -> Answer:
    """GET /coordination/recent (O11)."""
    asked = Asked(ask.number("limit"), ask.number("windowMs"), ask.flag("quiet"))
    return Answer(200, served.recently.answer(served.ledger, asked))


def notices(served: Served, ask: Ask) -> Answer:
    """GET /coordination/notices: what others did to this session's work. Looking does not take them away."""
    actor = ask.actor
    if actor is None:
        raise Refusal(400, "say whose notices: send X-Sidelight-Session")
    return Answer(200, wire.notices(served.ledger.notices(actor, ask.agent)))


def sessions(served: Served, ask: Ask) -> Answer:  # noqa: ARG001 - every route is asked the same way
    """GET /coordination/sessions: who is here, and what each has announced."""
    found = served.ledger.who()
    intents = [intent for one in found for intent in one.intents]
    return Answer(200, wire.sessions(found, served.ledger.states(intents), enabled=served.ledger.config.enabled))


def follow(served: Served, ask: Ask) -> Response:
    """GET /coordination/stream: the record as it grows."""
    store, quiet = served.ledger.store, ask.flag("quiet")
    space = None if ask.flag("everywhere") else served.ledger.space
    seen, after = ask.header("last-event-id"), ask.number("after")
    if seen is not None:
        after = config.check_whole("Last-Event-ID", seen, SEQ)
    elif after is None:
        after = store.last_seq()
    return stream.follow(served.bell, store, after, lambda one: (quiet or one.listed) and space in (None, one.space))


def told(served: Served, receipt: Receipt, drafts: Sequence[Draft]) -> wire.Json:
    """The body of a recorded request: O2's names, with the warning in O6's wording."""
    if receipt.invalid:
        raise Refusal(400, receipt.error or "that cannot be recorded")
    if _refused(receipt):
        return wire.announced(receipt)
    warning, severity = worded(served.bursts, receipt, drafts, served.ledger.config.window_ms)
    return wire.announced(receipt) | {"coordinationWarning": warning, "severity": severity}


def _refused(receipt: Receipt) -> bool:
    """Was nothing looked up, so that there is nothing to say?"""
    if receipt.invalid:
        raise Refusal(400, receipt.error or "that cannot be recorded")
    return receipt.error is not None or receipt.passive


# ── making drafts of what is sent ─────────────────────────────────────────────────────────────────────────────────


def _intent(served: Served, ask: Ask, body: messages.Intent | messages.Check) -> Draft:
    facts = _place(served, body.cwd)
    touches = _touches(body.targets, facts, ANNOUNCES)
    root = facts.worktree if body.cwd is not None else None
    lifetime = getattr(body, "ttl_ms", None)
    if root is not None:
        touches.append(Touch(tree_key(facts.machine, root), ANNOUNCES))
    return Draft(
        "intent",
        reason=body.activity,
        area=body.area,
        actor=ask.actor,
        agent=ask.agent,
        touches=tuple(touches),
        ttl_ms=int(lifetime) if lifetime is not None else None,
    )


def _bounded(name: str, text: str | None, most: int, *, least: int = 1) -> None:
    if text is not None and not least <= len(text.strip()) <= len(text) <= most:
        raise Refusal(400, f"{name} must be a text of {least} to {most:,} characters")


def _understood(served: Served, ask: Ask, body: messages.Check) -> Sequence[Draft]:
    _bounded("command", body.command, messages.COMMAND_MOST)
    _bounded("tool", body.tool, messages.TOOL_MOST)
    _bounded("activity", body.activity, ACTIVITY_MOST)
    _bounded("area", body.area, AREA_MOST, least=0)
    if body.command is not None or body.tool is not None:
        from sidelight.effects import effects_of  # its grammar is loaded when the first one asks

        tool, given = (body.tool, body.input or {}) if body.tool is not None else ("Bash", {"command": body.command})
        drafts = list(effects_of(Call(tool or "", given), _place(served, body.cwd)).drafts)
        return drafts + _touched(served, body, "other")
    if body.activity is not None:
        return [_intent(served, ask, body)]
    if body.targets:
        return _touched(served, body, "other")
    raise Refusal(400, "say what to check: a command, a tool with its input, an activity, or targets")


def _touched(served: Served, body: messages.Check, kind: str) -> list[Draft]:
    touches = _touches(body.targets, _place(served, body.cwd), KINDS[kind].effect)
    return [Draft(kind, target=touch.key, touches=(touch,)) for touch in touches]


def _place(served: Served, cwd: str | None) -> Facts:
    if cwd is not None and (len(cwd) > 4096 or "\0" in cwd or not (cwd.startswith("/") or cwd[1:3] in (":\\", ":/"))):
        raise Refusal(400, "cwd must be an absolute path")
    return served.facts_at(cwd)


def _touches(texts: Sequence[str], facts: Facts, effect: str) -> list[Touch]:
    if len(texts) > TARGETS_MOST:
        raise Refusal(400, f"targets must be at most {TARGETS_MOST}")
    found = []
    for text in texts:
        if len(text) > 4096 or "\0" in text:
            raise Refusal(400, "a target must be at most 4,096 characters of text")
        try:
            key, within = named(text, facts)
        except ValueError as error:
            raise Refusal(400, str(error)) from error
        found.append(Touch(key, effect, None, within))
    return found


def _masked(draft: Draft) -> Draft:
    value = mask(draft.value, draft.target or "") if draft.value is not None else None
    return draft._replace(value=value, reason=secrets_out(draft.reason) if draft.reason else draft.reason)
