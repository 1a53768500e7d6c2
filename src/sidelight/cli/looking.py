"""`recent`, `who` and `notices`: what was done and announced, who is here, and what others did to your work."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from sidelight import wire
from sidelight.actions import Action
from sidelight.advisory.wording import age, name_of, what
from sidelight.cli.terminal import DONE, Command, Terminal, need_session, open_ledger, span, who_asks
from sidelight.ledger import Ledger, Presence, notice_lines
from sidelight.redact import line

#: How a state reads; one that is not here (a call that is `done`) goes without saying. An intent that is not `open`
#: must never look as if somebody were still at it.
STATES = {
    "open": "open",
    "finished": "finished",
    "expired": "expired",
    "ended": "its session has ended",
    "stale": "stale: its session has gone silent",
    "failed": "failed",
    "denied": "denied",
}


def _recent_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--limit", metavar="N", help="at most so many, 1 to 500 (default: 100)")
    parser.add_argument("--window", metavar="TIME", help="how far back, like 30m (default: the home's retention, 1h)")
    parser.add_argument("--quiet", action="store_true", help="footprints too: edits, commits, servers, …")
    parser.add_argument("--everywhere", action="store_true", help="all spaces, not only this repository or home")


def _recent(options: Namespace, terminal: Terminal) -> int:
    window = span(options.window) if options.window else None
    with open_ledger(options) as ledger:
        found = ledger.recent(limit=options.limit, window_ms=window, quiet=options.quiet, everywhere=options.everywhere)
        states = ledger.states(found)
        enabled = ledger.config.enabled
        if terminal.as_json:
            terminal.body(wire.recent(found, states, enabled=enabled))
            return DONE
        if not found:
            reach = f"in the last {options.window}" if options.window else "lately"
            terminal.say(f"Nothing was announced or done {reach} {_where(options, ledger)}.")
        ids = sorted({one.actor for one in found if one.actor})
        now = ledger.store.now()
        for one in found:
            terminal.say(_line(one, states.get(one.id), ids, now, ledger, terminal, everywhere=options.everywhere))
        _say_if_off(terminal, enabled=enabled)
        return DONE


def _where(options: Namespace, ledger: Ledger) -> str:
    return "anywhere" if options.everywhere else f"in {line(ledger.space, 120)}"


def _line(
    one: Action,
    state: str | None,
    ids: Sequence[str],
    now: int,
    ledger: Ledger,
    terminal: Terminal,
    *,
    everywhere: bool,
) -> str:
    """`  3m ago  session …4f2a (claude-code) announced "fix the flood"  [monitoring; open]  intent-…`."""
    told = f"{name_of(one.actor, ids, one.host)} {what(one, ledger.facts.worktree)}"
    where = line(one.space, 80) if everywhere and one.space else None
    about = _about(one, state, terminal, where)
    return f"{age(now - one.ts) + ' ago':>8}  {told}{'  ' + about if about else ''}"


def _about(one: Action, state: str | None, terminal: Terminal, where: str | None = None) -> str:
    """`[monitoring; open]`, and the id of what can still be finished."""
    parts = [line(one.area, 60) if one.area else None, STATES.get(state or ""), where]
    shown = "; ".join(part for part in parts if part)
    if not shown:
        return ""
    text = terminal.paint(f"[{shown}]", "good" if state == "open" else "faint")
    return f"{text}  {terminal.paint(one.id, 'faint')}" if state == "open" else text


def _say_if_off(terminal: Terminal, *, enabled: bool) -> None:
    if not enabled:
        terminal.say("Sidelight is switched off here: nothing new is recorded (crossSessionCoordination.enabled).")


# ── who ──


def _who_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--everywhere", action="store_true", help="all spaces, not only this repository or home")


def _who(options: Namespace, terminal: Terminal) -> int:
    with open_ledger(options) as ledger:
        found = ledger.who(everywhere=options.everywhere)
        states = ledger.states([intent for one in found for intent in one.intents])
        enabled = ledger.config.enabled
        if terminal.as_json:
            terminal.body(wire.sessions(found, states, enabled=enabled))
            return DONE
        me = who_asks(options, ledger, terminal.env)
        if not found:
            terminal.say(f"No session was seen {_where(options, ledger)}.")
        ids = [one.session.actor for one in found]
        for one in found:
            mine = me is not None and (one.session.actor, one.session.agent) == (me.actor, me.agent)
            terminal.say(_head(one, ids, terminal, mine=mine), *_intents(one, states, ledger, terminal))
        _say_unattributed(options, ledger, terminal)
        _say_if_off(terminal, enabled=enabled)
        return DONE


def _head(one: Presence, ids: Sequence[str], terminal: Terminal, *, mine: bool) -> str:
    known = one.session
    text = name_of(known.actor, ids, known.host)
    text += f", sub-agent {line(known.agent, 40)}" if known.agent else ""
    text += " (you)" if mine else ""
    text = f"{terminal.paint(text, 'strong')}  {terminal.paint(one.state, 'good' if one.state == 'live' else 'faint')}"
    place = [f"on {line(known.branch, 60)}"] if known.branch else []
    place += [f"in {line(known.tree or known.cwd or '', 120)}"] if known.tree or known.cwd else []
    return "  ".join([text, " ".join(place)] if place else [text])


def _intents(one: Presence, states: dict[str, str], ledger: Ledger, terminal: Terminal) -> list[str]:
    now = ledger.store.now()
    return [
        f"    {what(intent)} {age(now - intent.ts)} ago  {_about(intent, states.get(intent.id, 'open'), terminal)}"
        for intent in one.intents
    ]


def _say_unattributed(options: Namespace, ledger: Ledger, terminal: Terminal) -> None:
    """Intents that nobody put a name to belong to no session of the list, but somebody is at them."""
    where = None if options.everywhere else ledger.space
    nameless = [one for one, closed in ledger.store.intents(space=where) if closed is None and one.actor is None]
    states = ledger.states(nameless)
    number = sum(states.get(one.id) == "open" for one in nameless)
    if number:
        plural = "s" if number > 1 else ""
        terminal.say(f"And {number} open intent{plural} of unattributed sessions: `sidelight recent`.")


# ── notices ──


def _notices_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--take", action="store_true", help="mark them as told, so that they are not told again")


def _notices(options: Namespace, terminal: Terminal) -> int:
    with open_ledger(options) as ledger:
        me = need_session(options, ledger, terminal.env)
        found = ledger.notices(me.actor, me.agent)
        if terminal.as_json:
            terminal.body(wire.notices(found))
        elif not found:
            terminal.say(f"Nobody has met the work of session {line(me.actor, 60)} since it was last told.")
        else:
            terminal.say(*map(terminal.severe, notice_lines(found)))
        if options.take and not terminal.broken:
            # Only now, and only these: told twice is a nuisance, not told is what this is there to prevent.
            ledger.store.take(me.actor, [one.source for one in found])
        return DONE


COMMANDS = (
    Command(
        "recent",
        "list what was announced and done, newest first",
        ("sidelight recent", "sidelight recent --window 30m --quiet", "sidelight recent --json --limit 5"),
        _recent_arguments,
        _recent,
    ),
    Command(
        "who",
        "list the sessions that are here, and what they have going on",
        ("sidelight who", "sidelight who --everywhere"),
        _who_arguments,
        _who,
    ),
    Command(
        "notices",
        "read what others did, since, to what you had done or announced",
        ("sidelight notices --session a", "sidelight notices --take"),
        _notices_arguments,
        _notices,
    ),
)
