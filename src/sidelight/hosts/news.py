"""What is told where a model reads it before it decides: notices, and what others have going on here. Each once.

It counts as said only when the answer was written: what is lost on the way is told again (design 4, "Once").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sidelight.actions import Notice, Session
from sidelight.advisory import situation
from sidelight.advisory.wording import age, name_of
from sidelight.hosts import Answer, Heard, bounded_text
from sidelight.ledger import Ledger, notice_lines
from sidelight.ledger.states import Presence
from sidelight.redact import line

NOTICES_MOST, ELSEWHERE_MOST = 3, 2
START_MOST = 1200  # bytes: 300 tokens (design 8)

#: Facts, not orders: a text that commands trips a model's defence against foreign instructions.
INSTRUCTION = (
    "Sidelight shows sessions that share this repository or machine what the others are about to do and have done. "
    "A high-impact action (hard reset, force push, migration, deploy, mass change) is announced with the `announce` "
    'tool of the sidelight MCP server or `sidelight intent "what" --area NAME`, and closed with `sidelight finish '
    "--last`. A line that starts with `⚠ Cross-session:` says that an action meets another session's work: the user "
    "wants to hear of that before more is done."
)


def since(ledger: Ledger, me: Session) -> Heard:
    """What is new for a session since it was last told."""
    return _told(ledger, me, again=False)


def at_start(ledger: Ledger, me: Session, *, again: bool, fresh: bool) -> Heard:
    """What a session is told when it starts: who else is here, and (`fresh`) how to announce. `again`: its memory was
    compacted, so what it was told counts no longer.
    """
    heard = _told(ledger, me, again=again)
    parts = [heard.answer.text or "", *(_elsewhere(ledger.who(), me, ledger.store.now()) if fresh else ())]
    parts.append(INSTRUCTION if fresh else "")
    text = "\n".join(part for part in parts if part)
    while len(text.encode()) > START_MOST and "\n" in text:
        cut = text.split("\n")
        text = "\n".join([*cut[:-2], cut[-1]])
    return heard._replace(answer=Answer(text or None))


def _told(ledger: Ledger, me: Session, *, again: bool) -> Heard:
    waiting = _addressed(ledger.store.notices(me.actor, me.agent), ledger, me)
    lines = notice_lines(ledger.judged(waiting, me.actor))[:NOTICES_MOST]
    going, now = ledger.going_on(me, again=again)
    here = situation.sentence(going, now)
    then: list[Callable[[], None]] = []
    if waiting:
        then.append(lambda: ledger.store.take(me.actor, waiting))
    if going:
        then.append(lambda: ledger.store.tell(me.actor, me.agent, situation.told_rows(going, now)))
    text = "\n".join([*lines, *([here] if here else [])])
    return Heard(Answer(bounded_text(text) if text else None), tuple(then))


def _addressed(waiting: Sequence[Notice], ledger: Ledger, me: Session) -> list[Notice]:
    """Notices go to the sub-agent that was touched while it is there, else to the main one (design 5)."""
    if me.agent is not None or all(one.agent is None for one in waiting):
        return list(waiting)
    there = {one.agent for one in ledger.store.sessions() if one.actor == me.actor and one.ended is None}
    return [one for one in waiting if one.agent is None or one.agent not in there]


def _elsewhere(found: Sequence[Presence], me: Session, now: int) -> list[str]:
    """What others have announced in other trees of this space: it may meet on a branch, a database, a service."""
    said = []
    for one in found:
        theirs = one.session
        if theirs.actor == me.actor or theirs.tree == me.tree or theirs.agent is not None or one.state == "gone":
            continue
        for intent in one.intents[:1]:
            host = f" ({line(theirs.host, 20)})" if theirs.host else ""
            said.append(
                f"Sidelight: {name_of(theirs.actor, ())}{host} announced "
                f'"{line(intent.reason or "", 120)}" {age(now - intent.ts)} ago, in another tree.'
            )
    return said[:ELSEWHERE_MOST]
