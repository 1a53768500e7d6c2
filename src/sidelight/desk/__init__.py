"""Where a model's calls are answered: five tools, what each takes and gives, and when it is to be called.

    said, done = Desk.of(os.environ).call(TOOLS[0], {"activity": "move the parser"}, Caller("session-a"))

A result says in words what a model is to know and carries the same as data; what others did to this session's work
since is on every result, for a model hears nothing between its calls. Texts of other sessions are data: bounded,
escaped, in quotes. A mistake is a sentence that says what to do instead. No protocol here: `mcp_server` speaks it.

Source: issue "MCP: five tools, any host", hosts section 7.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager

from pydantic import BaseModel, ValidationError

from sidelight import space, wire
from sidelight.actions import Session
from sidelight.config import ConfigError
from sidelight.desk.tools import TOOLS, Asked, Mistake, Said, Tool, unusable
from sidelight.facts import LiveFacts
from sidelight.ledger import ACTOR_MOST, Ledger, NoticeView, notice_lines
from sidelight.records import Any, NamedTuple
from sidelight.redact import line
from sidelight.stores import StoreError

__all__ = ["TOOLS", "Caller", "Desk", "Mistake", "Tool", "opened"]


class Caller(NamedTuple):
    """Who calls and from where, as far as is known: a session, its sub-agent, the agent program, a directory; and the
    idempotency key of this call, where it may have come before.
    """

    session: str | None = None
    agent: str | None = None
    host: str | None = None
    cwd: str | None = None
    key: str | None = None


# ── a call, from its arguments to its result ──────────────────────────────────────────────────────────────────────


class Desk:
    """Where calls are answered: `open_for` gives the ledger as seen from where a caller stands."""

    def __init__(
        self, open_for: Callable[[Caller], AbstractContextManager[Ledger]], caller: Caller | None = None
    ) -> None:
        self._open_for = open_for
        self._caller = caller or Caller()
        self.afterwards: list[Callable[[], None]] = []
        self.repeats: dict[object, str] = {}  # the id of a request that was asked elsewhere before, and its key there

    @classmethod
    def of(cls, env: Mapping[str, str], home: str | None = None) -> Desk:
        """The desk of a process that belongs to one session: who calls is in its environment."""
        known = space.who_am_i(env)
        return cls(lambda caller: opened(home, caller.cwd), Caller(known.session, known.agent, known.host))

    def call(self, tool: Tool, given: Mapping[str, Any], caller: Caller) -> tuple[Said, Callable[[], None]]:
        """Answer one call; the second is to be done once the answer is written. Raises `Mistake`."""
        try:
            args = tool.takes.model_validate(given)
        except ValidationError as error:
            raise Mistake(_misfit(tool, error)) from error
        who = Caller(args.session or caller.session, args.agent or caller.agent, caller.host, args.cwd or caller.cwd)
        try:
            with self._open_for(who) as ledger:
                asked = Asked(ledger, _session(who, ledger), args, _key(caller.key, who, tool, args))
                said = tool.do(asked)
                found = _waiting(asked)
        except (StoreError, ConfigError, OSError) as error:
            raise Mistake(unusable(str(error))) from error
        except ValueError as error:
            raise Mistake(line(str(error), 400)) from error
        if not found:
            return said, _nothing
        notices = notice_lines(found)
        text = "\n".join([said.text, *notices])
        data = said.data.model_copy(update={"notices": notices})
        return Said(text, data), lambda: self._take(who, found)

    def record(self, caller: Caller) -> str:
        """The ledger as the caller sees it, as JSON: who is here, and what was announced and done of late."""
        with self._open_for(caller) as ledger:
            actions, here, enabled = ledger.recent(), ledger.who(), ledger.config.enabled
            states = ledger.states([*actions, *(intent for one in here for intent in one.intents)])
            sessions = wire.sessions(here, states, enabled=enabled)["sessions"]
            return json.dumps(wire.recent(actions, states, enabled=enabled) | {"sessions": sessions})

    def _take(self, who: Caller, found: list[NoticeView]) -> None:
        with contextlib.suppress(StoreError, OSError), self._open_for(who) as ledger:  # then they are told once more
            ledger.store.take(who.session or "", [one.source for one in found])

    def caller(self, given: Caller | None, meta: Mapping[str, Any] | None, request: object = None) -> Caller:
        """Who calls: what the way in says, else this process's session. Codex names its session in every call."""
        base = given or self._caller._replace(key=self.repeats.pop(request, None))
        thread = (meta or {}).get("threadId")
        if not isinstance(thread, str) or not thread.strip():
            return base
        return base._replace(session=thread.strip()[:ACTOR_MOST], host=base.host or "codex")


def _nothing() -> None:
    """There was nothing to be done."""


def _key(given: str | None, who: Caller, tool: Tool, args: BaseModel) -> str | None:
    """The idempotency key of a call, made its session's, its tool's and its arguments' own: a key that is used again
    for something else hides nothing.
    """
    if not given:
        return None
    whole = "\0".join((who.session or "", who.agent or "", tool.name, given, args.model_dump_json()))
    return "mcp:" + hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()


def _misfit(tool: Tool, error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "arguments"
    known = ", ".join(tool.takes.model_fields)
    return f"{line(where, 60)}: {line(first['msg'], 200)}. {tool.name} takes {known}"


@contextlib.contextmanager
def opened(home: str | None, cwd: str | None) -> Iterator[Ledger]:
    """The ledger for a directory, as the terminal would open it there."""
    facts = LiveFacts(cwd)
    with Ledger.open(home, facts=facts, cwd=cwd) as ledger:
        facts.scope = ledger.space
        yield ledger


def _session(who: Caller, ledger: Ledger) -> Session | None:
    if who.session is None:
        return None
    facts = ledger.facts
    if getattr(facts, "elsewhere", False) and who.cwd is None:
        return Session(who.session, who.agent, host=who.host, space=ledger.space)
    return Session(
        who.session,
        who.agent,
        host=who.host,
        machine=facts.machine,
        space=ledger.space,
        cwd=facts.cwd or None,
        tree=facts.worktree,
        branch=facts.branch,
    )


def _waiting(asked: Asked) -> list[NoticeView]:
    """What others did to the caller's work since; a ledger that fails just now costs a repeat, not the answer."""
    if asked.me is None:
        return []
    try:
        return asked.ledger.notices(asked.me.actor, asked.me.agent)
    except StoreError:
        return []
