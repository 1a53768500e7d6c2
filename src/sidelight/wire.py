"""The names of the wire: how actions, receipts and sessions read as JSON, for `--json`, HTTP and MCP alike.

The origin's names (`recorded`, `concurrent`, `coordinationWarning`, `windowMs`) are translated here and nowhere else.
Every key is always there; what is not known is null. A secret is `***` already, for the ledger never saw it.

    >>> from sidelight.ledger import Receipt
    >>> announced(Receipt(recorded=True))
    {'recorded': True, 'id': None, 'concurrent': [], 'coordinationWarning': None, 'severity': None}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sidelight.actions import Action, Draft, Touch
from sidelight.ledger import Concurrent, NoticeView, Presence, Receipt
from sidelight.records import Any
from sidelight.targets import scheme_of

Json = dict[str, Any]


def action(one: Action, state: str | None = None) -> Json:
    """An action. `reason` is what an intent announced, `target` what a person would call it, `targets` the full keys.

    `state` says what became of an intent (`open`, `finished`, `expired`, `ended`, `stale`) or of a call (`failed`,
    `denied`); an action that simply happened has none.

    Source: design 10.
    """
    return {
        "id": one.id,
        "seq": one.seq,
        "kind": one.kind,
        "reason": one.reason,
        "target": one.target,
        "targets": targets(one.touches),
        "value": one.value,
        "actor": one.actor,
        "agent": one.agent,
        "host": one.host,
        "space": one.space,
        "summary": one.summary,
        "ts": one.ts,
        "expires": one.expires,
        "late": one.late,
        "state": state,
    }


def targets(touches: Sequence[Touch]) -> list[str]:
    """The full keys of what was touched, without the words that only the index needs."""
    return list(dict.fromkeys(touch.key for touch in touches if scheme_of(touch.key) != "word"))


def draft(one: Draft) -> Json:
    """What a call was understood to do, before anything is recorded: every key with its effect."""
    return {
        "kind": one.kind,
        "reason": one.reason,
        "target": one.target,
        "value": one.value,
        "summary": one.summary,
        "touches": [{"key": touch.key, "effect": touch.effect} for touch in one.touches],
    }


def concurrent(one: Concurrent) -> Json:
    """An earlier action that matters: the action, how grave it is, and why."""
    return {**action(one.action), "severity": one.severity, "why": one.why}


def announced(receipt: Receipt, warning: str | None = None) -> Json:
    """What recording answers (O2, O10). `warning` is the text where it is not the receipt's own.

    A receipt that carries an error says it; one that was not recorded has no id, and says `spooled` if what was asked
    for is kept until the store can be reached.

    Source: O10, design 10.
    """
    body: Json = {
        "recorded": receipt.recorded,
        "id": receipt.id,
        "concurrent": [concurrent(one) for one in receipt.concurrent],
        "coordinationWarning": receipt.warning if warning is None else warning,
        "severity": receipt.severity,
    }
    if receipt.error is not None:
        body["error"] = receipt.error
    if receipt.spooled:
        body["spooled"] = True
    return body


def checked(receipt: Receipt, drafts: Sequence[Draft] = ()) -> Json:
    """What asking beforehand answers: as `announced`, and what was understood. Nothing was recorded."""
    return {**announced(receipt), "understood": [draft(one) for one in drafts]}


def finished(receipt: Receipt) -> Json:
    """What finishing an intent answers."""
    return {"finished": receipt.recorded, "id": receipt.id}


def recent(actions: Sequence[Action], states: Mapping[str, str], *, enabled: bool) -> Json:
    """What looking at the ledger answers, newest first (O11)."""
    return {"enabled": enabled, "count": len(actions), "actions": [action(one, states.get(one.id)) for one in actions]}


def sessions(found: Sequence[Presence], states: Mapping[str, str], *, enabled: bool) -> Json:
    """Who is here: each session with its state and the intents it has not finished."""
    return {"enabled": enabled, "count": len(found), "sessions": [_session(one, states) for one in found]}


def _session(one: Presence, states: Mapping[str, str]) -> Json:
    known = one.session
    return {
        "actor": known.actor,
        "agent": known.agent,
        "host": known.host,
        "state": one.state,
        "space": known.space,
        "machine": known.machine,
        "tree": known.tree,
        "branch": known.branch,
        "firstSeen": known.first_seen,
        "lastSeen": known.last_seen,
        "ended": known.ended,
        "intents": [action(intent, states.get(intent.id)) for intent in one.intents],
    }


def notices(found: Sequence[NoticeView]) -> Json:
    """What others did to this session's work since: their action, the own action that it met, and a sentence."""
    return {"count": len(found), "notices": [_notice(one) for one in found]}


def _notice(one: NoticeView) -> Json:
    return {
        "severity": one.severity,
        "why": one.why,
        "text": one.text,
        "action": action(one.action),
        "about": action(one.about),
    }


def error(sentence: str) -> Json:
    """What went wrong, as a sentence."""
    return {"error": sentence}
