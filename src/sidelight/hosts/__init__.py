"""The agent programs: what each says at which moment, and how it wants to be answered.

`HOSTS` is the one list. A host's folder holds `speech.py` (its JSON read into a `Moment`, an `Answer` said in its JSON)
and `install.py` (where its hooks are written). What is said at a moment is decided in `moments.py`, for all of them.

    speech = speech_of("claude-code")
    moment = speech.read(payload, env)
    output = speech.reply(moment, Answer("Sidelight: session …4f2a has 3 uncommitted files in this tree."))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sidelight.effects import Call, Effects
from sidelight.records import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

if TYPE_CHECKING:
    from sidelight.ledger import Receipt

#: Every host by its name (design 10), and its folder. The only list of them.
HOSTS: dict[str, str] = {
    "claude-code": "claude_code",
    "codex": "codex",
    "gemini-cli": "gemini_cli",
    "copilot-cli": "copilot_cli",
    "opencode": "opencode",
    "cursor": "cursor",
}

# ── the moments ───────────────────────────────────────────────────────────────────────────────────────────────────

START = "start"  # a session starts, goes on after a break, is cleared, forked or compacted
PROMPT = "prompt"  # the model is about to read something new; not always from a person
BEFORE = "before"  # a tool call is about to run
AFTER = "after"  # a tool call ended
BATCH = "batch"  # all calls of one answer ended, the model is about to read their results
STOP = "stop"  # the turn is over
AGENT_START = "agent-start"  # a sub-agent starts
AGENT_END = "agent-end"
END = "end"  # the session ends

DONE, FAILED, DENIED = "done", "failed", "denied"


class Ended(NamedTuple):
    """One call of a batch, the host's id of it, and how it ended; None where the host does not say."""

    call: Call
    call_id: str | None
    outcome: str | None = None


class Moment(NamedTuple):
    """One hook event of a host.

    `what` is one of the moments above, `event` the host's own word for it, which an answer may have to repeat.
    `session` and `agent` (a sub-agent of it) are the host's ids. `call_id` names the tool call before and after it.
    `source` says how a session started (`startup`, `resume`, `clear`, `compact`, `fork`) or why it ended. `pid` is the
    host's process where it can be told. `env_file` is where the host reads what its shells are to have in their
    environment. `done` is what the call was understood to do, once it was read. Where a host has no id for a call,
    `likeness` is what its events before and after have in common, and `stamp` the host's own time of the event.
    `guest`: another host runs this one's hooks beside its own.
    """

    what: str
    event: str
    host: str
    session: str | None
    agent: str | None = None
    cwd: str = ""
    call: Call | None = None
    call_id: str | None = None
    outcome: str | None = None
    ended: tuple[Ended, ...] = ()
    source: str = ""
    pid: int | None = None
    env_file: str | None = None
    done: Effects | None = None
    stamp: str | None = None
    likeness: str | None = None
    guest: bool = False

    def key(self, what: str | None = None) -> str | None:
        """The idempotency key of this moment, or of another one (`what`) of the same call; None if it has no id.

        Source: design 4, "Once".
        """
        call = self.call_id or (self.stamp and f"{self.stamp} {self.likeness or ''}")
        if self.session is None or not call:
            return None
        return "\x1f".join(("hook", self.host, self.session, self.agent or "", call, what or self.what))


class Answer(NamedTuple):
    """What a host is to be told: `text` for its model; for a call also, at most one of them, `ask` (a person, with this
    reason) or `deny` (once, with this reason); `given` replaces the call's whole input.
    """

    text: str | None = None
    ask: str | None = None
    deny: str | None = None
    given: Mapping[str, Any] | None = None


NOTHING = Answer()
MOST = 1500  # characters of one answer (design 5)


def bounded_text(text: str) -> str:
    """An answer within its bound, whatever went in."""
    return text if len(text) <= MOST else text[: MOST - 2] + " …"


class Heard(NamedTuple):
    """What to answer, what to do once the answer is written, and the receipt of what was recorded."""

    answer: Answer = NOTHING
    then: tuple[Callable[[], None], ...] = ()
    receipt: Receipt | None = None

    def settle(self) -> None:
        """The answer was written: what it said counts as said."""
        for one in self.then:
            one()


SILENT = Heard()


def is_ours(tool: str) -> bool:
    """Is this one of the tools of our own MCP server, by whichever name the host gives them?

    >>> [is_ours(name) for name in ("mcp__sidelight__announce", "sidelight-check", "mcp__other__sidelight")]
    [True, True, False]
    """
    return tool.removeprefix("mcp").lstrip("_").removeprefix("plugin_sidelight_").startswith(_OURS)


_OURS = ("sidelight__", "sidelight-", "sidelight_", "sidelight.")


class Speech(Protocol):
    """What the `speech` module of a host offers."""

    #: The host's events that Sidelight wants to hear, each with the tools it is about (None: all of them).
    EVENTS: tuple[tuple[str, str | None], ...]
    #: Can a person be asked before a call runs, and can a call be denied? Else `attention.mode` falls back to tell.
    ASKS: bool
    DENIES: bool
    #: Does a model read what is said before a call at all? Else it is kept, and said after it.
    HEARS_BEFORE: bool
    #: The moments at which news is told, because a model reads it before it decides.
    NEWS: frozenset[str]
    #: What the host's process is called, for where it does not say which it is.
    PROGRAMS: tuple[str, ...]

    def read(self, payload: Mapping[str, Any], env: Mapping[str, str]) -> Moment | None:
        """What the host's JSON says; None for an event that is none of ours."""

    def reply(self, moment: Moment, answer: Answer) -> bytes | None:
        """The answer in the host's own JSON; None where nothing is to be said."""


def speech_of(host: str) -> Speech:
    """The speech of a host. `KeyError` for one that is not known."""
    found = __import__(f"sidelight.hosts.{HOSTS[host]}", fromlist=["speech"])  # `importlib` is an import more
    return cast("Speech", found.speech)
