"""Gemini CLI's hooks, as seen in 0.61.0.

What is said before a tool call never reaches its model, so it is kept and said after it. A call has no id: it is known
by what it is given. An answer replaces the call's arguments as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping

from sidelight import hosts
from sidelight.hosts import Answer, Moment
from sidelight.hosts.reading import alike, called, encoded, ended_with, name, path, specific, stamped
from sidelight.records import Any

EVENTS: tuple[tuple[str, str | None], ...] = (
    ("SessionStart", None),
    ("BeforeAgent", None),
    ("BeforeTool", None),
    ("AfterTool", None),
    ("SessionEnd", None),
)
ASKS = HEARS_BEFORE = False
DENIES = True
NEWS = frozenset((hosts.START, hosts.PROMPT, hosts.AFTER))
PROGRAMS = ("gemini",)

_MOMENTS = {
    "SessionStart": hosts.START,
    "BeforeAgent": hosts.PROMPT,
    "BeforeTool": hosts.BEFORE,
    "AfterTool": hosts.AFTER,
    "SessionEnd": hosts.END,
}


def read(payload: Mapping[str, Any], env: Mapping[str, str]) -> Moment | None:
    """What Gemini CLI says."""
    event = payload.get("hook_event_name")
    what = _MOMENTS.get(event) if isinstance(event, str) else None
    if what is None:
        return None
    call = called(payload.get("tool_name"), payload.get("tool_input"))
    return Moment(
        what,
        str(event),
        "gemini-cli",
        name(payload.get("session_id")) or name(env.get("GEMINI_SESSION_ID")),
        cwd=path(payload.get("cwd")),
        call=call,
        outcome=_outcome(payload.get("tool_response")) if what == hosts.AFTER else None,
        source=name(payload.get("source") or payload.get("reason")) or "",
        stamp=stamped(payload.get("timestamp")),
        likeness=alike(call),
    )


def _outcome(response: object) -> str:
    said = response if isinstance(response, Mapping) else {}
    failed = said.get("error") or ended_with(said.get("llmContent"))
    return hosts.FAILED if failed else hosts.DONE


def reply(moment: Moment, answer: Answer) -> bytes | None:
    """An answer in Gemini CLI's JSON."""
    if moment.event != "BeforeTool":
        heard = moment.what in NEWS
        return encoded(specific(moment.event, additionalContext=answer.text)) if heard else None
    if answer.deny is not None:
        return encoded({"decision": "deny", "reason": answer.deny})
    given = dict(answer.given) if answer.given is not None else None
    return encoded(specific(moment.event, tool_input=given))
