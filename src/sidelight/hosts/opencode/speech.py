"""OpenCode, as seen in 1.18.33: it runs no hook commands, so our plugin (`plugin.js`) speaks for it, in words of ours.

It sends `event` (OpenCode's own word), `sessionID`, `parentID` of a sub-agent's session, `cwd`, `pid`, and of a call
`tool`, `callID`, `args` and afterwards `exit`. It takes `text` (for the model; of what is said before a call it takes
care itself), `deny` and `args`.
"""

from __future__ import annotations

from collections.abc import Mapping

from sidelight import hosts
from sidelight.hosts import Answer, Moment
from sidelight.hosts.reading import called, encoded, name, number, path
from sidelight.records import Any

EVENTS: tuple[tuple[str, str | None], ...] = ()  # the plugin hears what it wants
ASKS = False
DENIES = HEARS_BEFORE = True
NEWS = frozenset((hosts.START, hosts.PROMPT, hosts.AFTER))
PROGRAMS = ("opencode",)

_MOMENTS = {
    "session.created": hosts.START,
    "chat.message": hosts.PROMPT,
    "tool.execute.before": hosts.BEFORE,
    "tool.execute.after": hosts.AFTER,
    "session.deleted": hosts.END,
    "dispose": hosts.END,
}


def read(payload: Mapping[str, Any], env: Mapping[str, str]) -> Moment | None:  # noqa: ARG001 - every host is read alike
    """What our plugin says for OpenCode."""
    event = payload.get("event")
    what = _MOMENTS.get(event) if isinstance(event, str) else None
    if what is None:
        return None
    session, parent = name(payload.get("sessionID")), name(payload.get("parentID"))
    if parent is not None and what in (hosts.START, hosts.END):
        what = hosts.AGENT_START if what == hosts.START else hosts.AGENT_END
    failed = payload.get("exit") not in (0, None)
    return Moment(
        what,
        str(event),
        "opencode",
        parent or session,
        agent=session if parent is not None else None,
        cwd=path(payload.get("cwd")),
        call=called(payload.get("tool"), payload.get("args")),
        call_id=name(payload.get("callID")),
        outcome=(hosts.FAILED if failed else hosts.DONE) if what == hosts.AFTER else None,
        pid=number(payload.get("pid")),
    )


def reply(moment: Moment, answer: Answer) -> bytes | None:  # noqa: ARG001 - every host is answered alike
    """An answer for our plugin."""
    given = dict(answer.given) if answer.given is not None else None
    said = {"text": answer.text, "deny": answer.deny, "args": given}
    return encoded({key: value for key, value in said.items() if value is not None})
