"""One hook call, from the host's bytes to the bytes of the answer: the same in a hook process and in the user's server.

    said = hold(Caller("claude-code", cwd, pid, env), payload, open_ledger)
    write(said.output)
    said.settle()

Source: design 6.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from sidelight import facts as machine
from sidelight.effects import effects_of
from sidelight.facts import LiveFacts
from sidelight.hosts import BEFORE, HOSTS, Heard, Moment, Speech, is_ours, speech_of
from sidelight.records import TYPE_CHECKING, NamedTuple
from sidelight.redact import line

if TYPE_CHECKING:  # a read ends before it is needed
    from sidelight.ledger import Ledger


class Caller(NamedTuple):
    """Which host calls, from which directory, by a child of which process, in which environment."""

    host: str
    cwd: str
    pid: int
    env: Mapping[str, str]


class Said(NamedTuple):
    """The answer's bytes, None for silence, and what to do once they are written."""

    output: bytes | None
    moment: Moment | None = None
    heard: Heard | None = None

    def settle(self) -> None:
        """The answer was written."""
        if self.heard is not None:
            self.heard.settle()


class BrokenInputError(ValueError):
    """What came is not what a host sends: the sentence says what is wrong with it."""


#: Opens the ledger that counts where a session stands, with its facts.
Opens = Callable[[LiveFacts], "Ledger"]


def hold(caller: Caller, payload: bytes, opens: Opens) -> Said:
    """Read what the host says, record and decide, and put the answer into its words.

    Raises `BrokenInputError` for what is no host's JSON, and what opening or reading the ledger raises.
    """
    if caller.host not in HOSTS:
        raise BrokenInputError(f"there is no host {line(caller.host, 40)!r}; known are {', '.join(HOSTS)}")
    speech = speech_of(caller.host)
    moment = speech.read(_object(payload), caller.env)
    if moment is None or moment.session is None:
        return Said(None, moment)
    facts = Standing(moment.cwd or caller.cwd, caller.env, opens)
    moment = _understood(moment, facts)
    if moment.done is not None and moment.done.reads:  # most calls are reads and end here
        return Said(None, moment)
    from sidelight.hosts import moments  # with it the ledger

    moment = _placed(moment, caller, speech)
    heard = moments.hear(moment, speech, facts.ledger, facts)
    return Said(speech.reply(moment, heard.answer), moment, heard)


class Standing(LiveFacts):
    """Where a session stands; the ledger that counts there is opened when it is first asked for."""

    def __init__(self, cwd: str, env: Mapping[str, str], opens: Opens) -> None:
        self._opens, self._ledger = opens, None
        super().__init__(cwd, env)

    _ledger: Ledger | None

    @property
    def ledger(self) -> Ledger:
        """The ledger that counts here."""
        if self._ledger is None:
            self._ledger = self._opens(self)
        return self._ledger

    @property
    def scope(self) -> str:
        """What config keys and commitments belong to here: its ledger's space."""
        return self.ledger.space

    @scope.setter
    def scope(self, value: str) -> None:
        pass


def _understood(moment: Moment, facts: LiveFacts) -> Moment:
    """What a call that is about to run does; our own tools are not for this."""
    if moment.what != BEFORE or moment.call is None or is_ours(moment.call.tool):
        return moment
    return moment._replace(done=effects_of(moment.call, facts))


def _object(payload: bytes) -> Mapping[str, object]:
    try:
        found = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise BrokenInputError(f"no JSON of {len(payload):,} bytes: {line(str(error), 120)}") from error
    if not isinstance(found, dict):
        raise BrokenInputError(f"JSON, but {type(found).__name__} and no object")
    return found


def _placed(moment: Moment, caller: Caller, speech: Speech) -> Moment:
    """What a host does not say about itself is seen from where its hook runs."""
    pid = moment.pid
    if pid is None and speech.PROGRAMS and moment.host == caller.host:
        pid = machine.ancestor(caller.pid, speech.PROGRAMS)
    return moment._replace(cwd=moment.cwd or caller.cwd, pid=pid)
