"""Codex CLI's hooks, as seen in 0.169.0.

Claude Code's JSON, read strictly: an unknown key, or `ask`, voids the whole answer. Its shell is called `Bash` and a
command that fails comes as `PostToolUse` too. In a terminal hooks are children of a daemon that serves many sessions;
of `codex exec` they are children of the session's own process.
"""

from __future__ import annotations

from collections.abc import Mapping

from sidelight import hosts
from sidelight.hosts import Answer, Moment
from sidelight.hosts.reading import called, encoded, name, path, specific
from sidelight.records import Any

EVENTS: tuple[tuple[str, str | None], ...] = (
    ("SessionStart", None),
    ("UserPromptSubmit", None),
    ("PreToolUse", None),
    ("PostToolUse", None),
    ("SessionEnd", None),
)
ASKS = False
DENIES = HEARS_BEFORE = True
NEWS = frozenset((hosts.START, hosts.PROMPT, hosts.AFTER))
PROGRAMS = ("codex",)

_MOMENTS = {
    "SessionStart": hosts.START,
    "UserPromptSubmit": hosts.PROMPT,
    "PreToolUse": hosts.BEFORE,
    "PostToolUse": hosts.AFTER,
    "SubagentStart": hosts.AGENT_START,
    "SubagentStop": hosts.AGENT_END,
    "Stop": hosts.STOP,
    "SessionEnd": hosts.END,
}
_HEARS = frozenset(("SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse"))


def read(payload: Mapping[str, Any], env: Mapping[str, str]) -> Moment | None:  # noqa: ARG001 - every host is read alike
    """What Codex says."""
    event = payload.get("hook_event_name")
    what = _MOMENTS.get(event) if isinstance(event, str) else None
    if what is None:
        return None
    return Moment(
        what,
        str(event),
        "codex",
        name(payload.get("session_id")),
        agent=name(payload.get("agent_id")),
        cwd=path(payload.get("cwd")),
        call=called(payload.get("tool_name"), payload.get("tool_input")),
        call_id=name(payload.get("tool_use_id")),
        outcome=hosts.DONE if what == hosts.AFTER else None,
        source=name(payload.get("source") or payload.get("reason")) or "",
    )


def reply(moment: Moment, answer: Answer) -> bytes | None:
    """An answer in Codex's JSON, with no key it does not know."""
    if moment.event not in _HEARS:
        return None
    if moment.event != "PreToolUse":
        return encoded(specific(moment.event, additionalContext=answer.text))
    if answer.deny is not None:
        said = specific(moment.event, permissionDecision="deny", permissionDecisionReason=answer.deny)
    elif answer.given is not None:  # new arguments are taken with `allow` only; so this is for our own tools alone
        said = specific(
            moment.event,
            permissionDecision="allow",
            updatedInput=dict(answer.given),
            additionalContext=answer.text,
        )
    else:
        said = specific(moment.event, additionalContext=answer.text)
    return encoded(said)
