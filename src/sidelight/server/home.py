"""The routes about what the home owns: settings (O13), commitments (O14, O19), and what the server can do (O18)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sidelight import __version__, config
from sidelight.actions import DESTROYS, EDITS, Draft, Touch
from sidelight.home import commitments, settings
from sidelight.ledger import ACTIVITY_MOST, Receipt
from sidelight.redact import mask
from sidelight.server.bursts import worded
from sidelight.server.exchange import Answer, Ask, Parameter, Refusal, Route
from sidelight.server.served import Served
from sidelight.targets import commitment as commitment_key
from sidelight.targets import config as config_key

LEAVES_MOST = 1000
STATUS = Parameter("status", {"type": "string", "enum": ["active", *commitments.STATUSES]}, "only those")

#: What a caller may not say of a new commitment: it is decided here.
_OURS = frozenset({"id", "version", "status", "createdAt", "resolvedAt", "resolution", "actor", "agent"})


# ── settings ──────────────────────────────────────────────────────────────────────────────────────────────────────


def show(served: Served, ask: Ask) -> Answer:  # noqa: ARG001 - every route is asked the same way
    """GET /config: the settings, without their secrets."""
    return Answer(200, settings.masked(served.home))


def patch(served: Served, ask: Ask) -> Answer:
    """PATCH /config (O13): written first, then recorded; what is said of it never undoes it."""
    return Answer(200, served.once(ask.key, lambda: _patched(served, ask)))


def _patched(served: Served, ask: Ask) -> dict[str, Any]:
    if isinstance(ask.raw, dict) and _leaves(ask.raw) > LEAVES_MOST:
        raise Refusal(
            400, f"a patch may change at most {LEAVES_MOST:,} settings; send it in parts. Nothing was changed"
        )
    with settings.changing(served.home, ask.raw) as change:
        drafts = _flips(served, ask, change)
        # Judged by the settings that were in force, and recorded although they may say that nothing is (O8).
        judge = change.before._replace(enabled=True)
        me = served.session(ask.actor, ask.agent)
        receipt = (
            served.ledger.record(*drafts, me=me, present=True, settings=judge) if drafts else Receipt(recorded=True)
        )
    many = len(change.leaves)
    answer = {
        "success": True,
        "patched": list(ask.raw),
        "note": f"{many} setting{'s' if many != 1 else ''} changed." if many else "Nothing changed: it was so already.",
    }
    return answer | _beside(served, receipt, drafts, change.before)


def _leaves(value: Mapping[str, Any]) -> int:
    """How many leaves a patch has; it is no deeper than the decoder lets through."""
    waiting: list[Any] = [value]
    count = 0
    while waiting and count <= LEAVES_MOST:
        one = waiting.pop()
        if isinstance(one, dict) and one:
            waiting.extend(one.values())
        else:
            count += 1
    return count


def _flips(served: Served, ask: Ask, change: settings.Change) -> list[Draft]:
    """A draft for each changed setting; while passive only for the coordinator's own."""
    before = change.before
    return [
        Draft(
            "config-flag" if config.is_sensitive(dotted, before.sensitive_keys) else "config-set",
            target=dotted,
            value=value,
            actor=ask.actor,
            agent=ask.agent,
            touches=(Touch(config_key(served.facts.scope, dotted), EDITS, value),),
        )
        for dotted, value in change.leaves
        if before.enabled or config.is_sensitive(dotted, ())
    ]


# ── commitments ───────────────────────────────────────────────────────────────────────────────────────────────────


def promise(served: Served, ask: Ask) -> Answer:
    """POST /commitments (O19)."""
    fields = {name: value for name, value in ask.raw.items() if name not in _OURS}
    store = served.ledger.store
    return Answer(201, served.once(ask.key, lambda: commitments.make(store, fields)))


def promises(served: Served, ask: Ask) -> Answer:
    """GET /commitments."""
    found = commitments.listed(served.ledger.store, ask.query("status"))
    return Answer(200, {"count": len(found), "commitments": found})


def one_promise(served: Served, ask: Ask) -> Answer:
    """GET /commitments/{id}."""
    found = commitments.find(served.ledger.store, ask.names["id"])
    if found is None:
        raise Refusal(404, "there is no such commitment; `GET /commitments` lists them")
    return Answer(200, found)


def withdraw(served: Served, ask: Ask) -> Answer:
    """POST /commitments/{id}/withdraw (O14): recorded here, after it is done, and nowhere else."""
    return Answer(200, served.once(ask.key, lambda: _withdrawn(served, ask)))


def _withdrawn(served: Served, ask: Ask) -> dict[str, Any]:
    reason, name = ask.body.reason.strip(), ask.names["id"]
    if not reason or len(reason) > ACTIVITY_MOST:
        raise Refusal(400, f"reason must be a text of 1 to {ACTIVITY_MOST:,} characters; say why")
    actor, agent = ask.actor, ask.agent  # refused before anything is done
    commitments.withdraw(served.ledger.store, name, reason)
    draft = Draft(
        "commitment-withdraw",
        target=name,
        reason=reason,
        actor=actor,
        agent=agent,
        touches=(Touch(commitment_key(served.facts.scope, name), DESTROYS),),
    )
    receipt = served.ledger.record(draft, me=served.session(actor, agent), present=True)
    return {"withdrawn": True, "id": name} | _beside(served, receipt, [draft], served.ledger.config)


def _beside(served: Served, receipt: Receipt, drafts: Sequence[Draft], judged_by: config.Config) -> dict[str, Any]:
    """What stands beside an answer that is a success anyway: the warning, or why nothing was recorded."""
    if receipt.error is not None:
        return {"coordinationError": receipt.error}
    if receipt.passive or not judged_by.enabled or not drafts:
        return {}
    shown = [one._replace(value=mask(one.value, one.target or "")) for one in drafts]
    warning, severity = worded(served.bursts, receipt, shown, judged_by.window_ms)
    return {"coordinationWarning": warning, "severity": severity} if warning is not None else {}


# ── the server itself ─────────────────────────────────────────────────────────────────────────────────────────────


def health(served: Served, ask: Ask) -> Answer:  # noqa: ARG001 - every route is asked the same way
    """GET /health: it is alive. The one route that needs no token (O17)."""
    return Answer(200, {"status": "ok", "name": "sidelight", "version": __version__})


_DESCRIPTIONS = {
    "crossSessionCoordination": "Sessions announce what they are about to do, and are told in time of what others do "
    "that matters to it. Nothing is ever blocked.",
    "commitments": "What was promised to a user, until it is kept, withdrawn or its time is over.",
    "dashboard": "A live page for people, at `/`: who is here, what each does, and where two of them met.",
    "config": "The settings of this home: read without their secrets, changed by a merge patch (RFC 7396).",
}


def capabilities(served: Served, routes: Sequence[Route]) -> dict[str, Any]:
    """What this server can do, read off its routes (O18)."""
    enabled = served.ledger.config.enabled
    groups = {"crossSessionCoordination": "coordination"} | {
        name: name for name in ("commitments", "config", "dashboard")
    }
    return {
        name: {
            "configured": True,
            "enabled": enabled if name == "crossSessionCoordination" else True,
            "endpoints": [f"{route.method} {route.path}" for route in routes if route.group == group],
            "description": _DESCRIPTIONS[name],
        }
        for name, group in groups.items()
    }
