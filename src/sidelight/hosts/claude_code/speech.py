"""Claude Code's hooks, as seen in 2.1.330.

A failing command fires `PostToolUseFailure` and no `PostToolUse`. `PostToolBatch` fires once for all calls of an
answer, just before the next request, so that is where news is told.

GitHub Copilot CLI runs a project's Claude hooks beside its own, without a transcript and with a time instead of a
call's id: as a guest it is answered in Copilot's flat way.
"""

from __future__ import annotations

from collections.abc import Mapping

from sidelight import hosts
from sidelight.hosts import Answer, Ended, Moment
from sidelight.hosts.reading import alike, called, encoded, name, number, path, specific, stamped
from sidelight.records import Any

#: Tools that can change something; calls of our own tools are seen so that they can say whose they are.
CHANGING = "Bash|Edit|MultiEdit|Write|NotebookEdit|mcp__.*"

EVENTS: tuple[tuple[str, str | None], ...] = (
    ("SessionStart", None),
    ("UserPromptSubmit", None),
    ("PreToolUse", CHANGING),
    ("PostToolUse", "Bash"),
    ("PostToolUseFailure", CHANGING),
    ("PermissionDenied", None),
    ("PostToolBatch", None),
    ("SubagentStart", None),
    ("SubagentStop", None),
    ("SessionEnd", None),
)
ASKS = DENIES = HEARS_BEFORE = True
NEWS = frozenset((hosts.START, hosts.PROMPT, hosts.BATCH, hosts.AGENT_START))
PROGRAMS = ("claude",)

_MOMENTS = {
    "SessionStart": hosts.START,
    "UserPromptSubmit": hosts.PROMPT,
    "PreToolUse": hosts.BEFORE,
    "PostToolUse": hosts.AFTER,
    "PostToolUseFailure": hosts.AFTER,
    "PermissionDenied": hosts.AFTER,
    "PostToolBatch": hosts.BATCH,
    "SubagentStart": hosts.AGENT_START,
    "SubagentStop": hosts.AGENT_END,
    "Stop": hosts.STOP,
    "SessionEnd": hosts.END,
}
_OUTCOMES = {"PostToolUse": hosts.DONE, "PostToolUseFailure": hosts.FAILED, "PermissionDenied": hosts.DENIED}

#: Where Claude Code takes context from us without further ado. On `Stop` it would make the turn go on.
_HEARS = frozenset(
    ("SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "PostToolUseFailure", "PostToolBatch")
) | {"SubagentStart"}


def read(payload: Mapping[str, Any], env: Mapping[str, str]) -> Moment | None:
    """What Claude Code says."""
    event = payload.get("hook_event_name")
    what = _MOMENTS.get(event) if isinstance(event, str) else None
    if what is None:
        return None
    guest = "timestamp" in payload and "transcript_path" not in payload
    call = called(payload.get("tool_name"), payload.get("tool_input"))
    return Moment(
        what,
        str(event),
        "copilot-cli" if guest else "claude-code",
        name(payload.get("session_id")) or name(env.get("CLAUDE_CODE_SESSION_ID")),
        agent=name(payload.get("agent_id")),
        cwd=path(payload.get("cwd")),
        call=call,
        call_id=name(payload.get("tool_use_id")),
        outcome=_OUTCOMES.get(str(event)),
        ended=_ended(payload.get("tool_calls")),
        source=name(payload.get("source") or payload.get("reason")) or "",
        pid=number(env.get("CLAUDE_PID")),
        env_file=env.get("CLAUDE_ENV_FILE") or None,
        stamp=stamped(payload.get("timestamp")) if guest else None,
        likeness=alike(call) if guest else None,
        guest=guest,
    )


def _ended(calls: object) -> tuple[Ended, ...]:
    found = []
    for one in calls if isinstance(calls, list) else ():
        call = called(one.get("tool_name"), one.get("tool_input")) if isinstance(one, Mapping) else None
        if call is not None:
            refused = str(one.get("tool_response")).startswith(_REFUSED)
            found.append(Ended(call, name(one.get("tool_use_id")), hosts.DENIED if refused else None))
    return tuple(found[:100])


#: How the result of a call begins that a rule or a person did not allow; no other event tells of it.
_REFUSED = ("Permission to use ", "The user doesn't want to proceed with this tool use")


def reply(moment: Moment, answer: Answer) -> bytes | None:
    """An answer in Claude Code's JSON."""
    if moment.guest:
        return encoded({"additionalContext": answer.text} if answer.text is not None else {})
    decision = "deny" if answer.deny is not None else "ask" if answer.ask is not None else None
    if moment.event != "PreToolUse":
        return encoded(specific(moment.event, additionalContext=answer.text)) if moment.event in _HEARS else None
    return encoded(
        specific(
            moment.event,
            permissionDecision=decision,
            permissionDecisionReason=answer.deny if answer.deny is not None else answer.ask,
            updatedInput=dict(answer.given) if answer.given is not None else None,
            additionalContext=answer.text,
        )
    )
