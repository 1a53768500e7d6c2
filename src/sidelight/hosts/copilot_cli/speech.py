"""GitHub Copilot CLI's hooks, as seen in 1.0.102.

Its JSON does not name the event: it is known by its fields. Answers are flat. A call has no id, but a time, which is
the same where Copilot runs a project's Claude hooks for the same event. Any exit code but 0 denies a tool.
"""

from __future__ import annotations

from collections.abc import Mapping

from sidelight import hosts
from sidelight.hosts import Answer, Moment
from sidelight.hosts.reading import alike, called, encoded, ended_with, name, path, stamped
from sidelight.records import Any

EVENTS: tuple[tuple[str, str | None], ...] = (
    ("sessionStart", None),
    ("userPromptSubmitted", None),
    ("preToolUse", None),
    ("postToolUse", None),
    ("sessionEnd", None),
)
ASKS = False
DENIES = HEARS_BEFORE = True
NEWS = frozenset((hosts.START, hosts.PROMPT, hosts.AFTER))
PROGRAMS = ("copilot",)

#: What tells an event, in the order in which it is looked for.
_TOLD_BY = (
    ("toolResult", "postToolUse", hosts.AFTER),
    ("toolArgs", "preToolUse", hosts.BEFORE),
    ("source", "sessionStart", hosts.START),
    ("prompt", "userPromptSubmitted", hosts.PROMPT),
    ("reason", "sessionEnd", hosts.END),
)
_SOURCES = {"new": "startup"}


def read(payload: Mapping[str, Any], env: Mapping[str, str]) -> Moment | None:  # noqa: ARG001 - every host is read alike
    """What Copilot CLI says."""
    if "hookName" in payload or "error" in payload:
        return None
    found = next(((event, what) for field, event, what in _TOLD_BY if field in payload), None)
    if found is None:
        return None
    event, what = found
    call = called(payload.get("toolName"), payload.get("toolArgs"))
    source = name(payload.get("source") or payload.get("reason")) or ""
    return Moment(
        what,
        event,
        "copilot-cli",
        name(payload.get("sessionId")),
        cwd=path(payload.get("cwd")),
        call=call,
        outcome=_outcome(payload.get("toolResult")) if what == hosts.AFTER else None,
        source=_SOURCES.get(source, source),
        stamp=stamped(payload.get("timestamp")),
        likeness=alike(call),
    )


def _outcome(result: object) -> str:
    said = result if isinstance(result, Mapping) else {}
    kind = said.get("resultType")
    if kind in ("denied", "rejected"):
        return hosts.DENIED
    failed = kind not in ("success", None) or ended_with(said.get("textResultForLlm"))
    return hosts.FAILED if failed else hosts.DONE


def reply(moment: Moment, answer: Answer) -> bytes | None:
    """An answer in Copilot CLI's JSON."""
    said: dict[str, Any] = {}
    if answer.text is not None and moment.what in NEWS | {hosts.BEFORE}:
        said["additionalContext"] = answer.text
    if moment.what == hosts.BEFORE and answer.deny is not None:
        said |= {"permissionDecision": "deny", "permissionDecisionReason": answer.deny}
    if moment.what == hosts.BEFORE and answer.given is not None:
        said["modifiedArgs"] = dict(answer.given)
    return encoded(said)
