"""Cursor's hooks, from its documentation of 2026-08: it could not be run here, so nothing of this was seen.

What is said before a tool call does not surely reach its model, so it is kept and said after it.
"""

from __future__ import annotations

from collections.abc import Mapping

from sidelight import hosts
from sidelight.hosts import Answer, Moment
from sidelight.hosts.reading import alike, called, encoded, name, path
from sidelight.records import Any

EVENTS: tuple[tuple[str, str | None], ...] = (
    ("sessionStart", None),
    ("beforeSubmitPrompt", None),
    ("preToolUse", None),
    ("postToolUse", None),
    ("postToolUseFailure", None),
    ("sessionEnd", None),
)
ASKS = DENIES = True
HEARS_BEFORE = False
NEWS = frozenset((hosts.START, hosts.AFTER))
PROGRAMS = ("cursor", "Cursor")

_MOMENTS = {
    "sessionStart": hosts.START,
    "beforeSubmitPrompt": hosts.PROMPT,
    "preToolUse": hosts.BEFORE,
    "postToolUse": hosts.AFTER,
    "postToolUseFailure": hosts.AFTER,
    "sessionEnd": hosts.END,
}


def read(payload: Mapping[str, Any], env: Mapping[str, str]) -> Moment | None:  # noqa: ARG001 - every host is read alike
    """What Cursor says."""
    event = payload.get("hook_event_name")
    what = _MOMENTS.get(event) if isinstance(event, str) else None
    if what is None:
        return None
    roots = payload.get("workspace_roots")
    root = roots[0] if isinstance(roots, list) and roots else None
    call = called(payload.get("tool_name"), payload.get("tool_input"))
    after = hosts.FAILED if event == "postToolUseFailure" else hosts.DONE
    return Moment(
        what,
        str(event),
        "cursor",
        name(payload.get("conversation_id")) or name(payload.get("session_id")),
        cwd=path(payload.get("cwd")) or path(root),
        call=call,
        call_id=name(payload.get("tool_use_id")),
        outcome=after if what == hosts.AFTER else None,
        source=name(payload.get("source") or payload.get("reason")) or "",
        stamp=name(payload.get("generation_id")),
        likeness=alike(call),
    )


def reply(moment: Moment, answer: Answer) -> bytes | None:
    """An answer in Cursor's JSON."""
    if moment.what == hosts.BEFORE:
        decision = "deny" if answer.deny is not None else "ask" if answer.ask is not None else None
        said = answer.deny or answer.ask
        found: dict[str, Any] = (
            {"permission": decision, "user_message": said, "agent_message": said} if decision is not None else {}
        )
        if answer.given is not None:
            found["updated_input"] = dict(answer.given)
        return encoded(found)
    return encoded({"additional_context": answer.text} if answer.text is not None and moment.what in NEWS else {})
