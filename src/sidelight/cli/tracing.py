"""`whodid` and `undo-hint`: who did that, and how what was lost can be found again. Both only look."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from sidelight import undoing, whodid, wire
from sidelight.advisory.wording import age, name_of, narrated
from sidelight.cli.terminal import DONE, Command, Terminal, UsageError, open_ledger
from sidelight.facts import LiveFacts
from sidelight.ledger import Ledger
from sidelight.redact import line

_HOW = {
    "own call": "seen after its call",
    "observed during": "seen during its call",
    "one of": "one of several calls",
    whodid.UNCHECKED: "not checked whether this was uncommitted then",
}


def _whodid_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("what", metavar="WHAT", help="a path, a branch or tag, stash@{0}, a key, or an action's id")
    parser.add_argument("--limit", metavar="N", type=int, default=whodid.LIMIT, help="at most so many (default: 20)")


def _whodid(options: Namespace, terminal: Terminal) -> int:
    if not 1 <= options.limit <= 500:
        raise UsageError("--limit must be a whole number from 1 to 500")
    with open_ledger(options) as ledger:
        facts = _facts(ledger)
        try:
            found = whodid.ask(ledger, facts, options.what, limit=options.limit)
        except ValueError as error:
            raise UsageError(str(error)) from error
        if terminal.as_json:
            terminal.body(wire_found(found))
            return DONE
        if found.stands:
            terminal.say(f"{line(options.what, 120)}: {line(found.stands, 160)}")
        if not found.deeds:
            terminal.say(f"Nobody that Sidelight knows of has touched {line(options.what, 120)}.")
        ids = sorted({one.action.actor for one in found.deeds if one.action.actor})
        for one in found.deeds:
            terminal.say(*_told(one, ids, ledger.store.now(), facts.worktree, terminal))
        return DONE


def _facts(ledger: Ledger) -> LiveFacts:
    facts = ledger.facts
    return facts if isinstance(facts, LiveFacts) else LiveFacts()


def _told(one: whodid.Deed, ids: list[str], now: int, base: str | None, terminal: Terminal) -> list[str]:
    did = narrated(one.action, base)
    by = f" by `{line(one.action.summary, 80)}`" if one.how and one.action.summary else ""
    how = f" [{_HOW.get(one.how, line(one.how, 40))}]" if one.how else ""
    who = name_of(one.action.actor, ids, one.action.host)
    found = [f"{age(now - one.action.ts) + ' ago':>8}  {who} {did}{by}{how}  {terminal.paint(one.action.id, 'faint')}"]
    if one.why is not None and one.why.id != one.action.id:
        still = "still wanted" if one.wanted else "over since"
        found.append(f'{"":>10}announced "{line(one.why.reason or "", 160)}" ({still})')
    if one.commit is not None:
        ago = age(now - one.commit.ts * 1000)
        found.append(f"{'':>10}committed since: {one.commit.id} {ago} ago, {line(one.commit.subject, 80)}")
    return found


def wire_found(found: whodid.Found) -> wire.Json:
    """What `whodid` answers as JSON."""
    return {
        "keys": list(found.keys),
        "stands": found.stands,
        "count": len(found.deeds),
        "deeds": [
            {
                "action": wire.action(one.action),
                "how": one.how,
                "call": one.call,
                "why": wire.action(one.why) if one.why is not None else None,
                "wanted": one.wanted,
                "commit": one.commit._asdict() if one.commit is not None else None,
            }
            for one in found.deeds
        ],
    }


# ── undo-hint ──


def _undo_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "id", metavar="ID", nargs="?", help="a destructive action's id or number (default: the newest here)"
    )


def _undo_hint(options: Namespace, terminal: Terminal) -> int:
    with open_ledger(options) as ledger:
        action = undoing.find(ledger, options.id) if options.id else undoing.newest(ledger)
        if action is None:
            where = f"there is no action {line(options.id, 80)}" if options.id else "nothing was destroyed here lately"
            raise UsageError(f"{where}; `sidelight recent` lists what was done")
        found = undoing.hint(ledger, _facts(ledger), action)
        if terminal.as_json:
            terminal.body(wire_hint(found))
            return DONE
        now = ledger.store.now()
        who = name_of(action.actor, (), action.host)
        terminal.say(f"{age(now - action.ts)} ago {who} {narrated(action)}.")
        _say_lost(found, now, terminal)
        for way in found.ways:
            terminal.say(f"  {line(way.what, 100)}: {way.id}   {terminal.paint(way.command, 'strong')}")
        if not found.ways:
            terminal.say("Git has nothing of it any more. An editor's local history, or a backup, may.")
        if found.not_checked:
            terminal.say(f"Not checked: {line(found.not_checked, 160)}.")
        return DONE


def _say_lost(found: undoing.Hint, now: int, terminal: Terminal) -> None:
    if not found.lost:
        return
    more = f" (and {found.more} more that were not listed)" if found.more else ""
    terminal.say(f"Uncommitted before it, and not as they were since{more}:")
    ids = sorted({one.actor for one in found.lost if one.actor})
    for one in found.lost[: undoing.FOUND_MOST]:
        whose = f"{name_of(one.actor, ids)}, {age(now - one.ts)} ago" if one.ts is not None else "nobody known"
        terminal.say(f"  {line(one.path, 120)}  ({whose})")
    left = len(found.lost) - undoing.FOUND_MOST
    if left > 0:
        terminal.say(f"  and {left} more: --json lists them")


def wire_hint(found: undoing.Hint) -> wire.Json:
    """What `undo-hint` answers as JSON."""
    return {
        "action": wire.action(found.action),
        "lost": [one._asdict() for one in found.lost],
        "more": found.more,
        "ways": [one._asdict() for one in found.ways],
        "notChecked": found.not_checked or None,
    }


COMMANDS = (
    Command(
        "whodid",
        "say who touched a path, branch, stash entry or key: when, by what call, and why",
        ("sidelight whodid src/redrive.py", "sidelight whodid 'stash@{0}'", "sidelight whodid branch:main --json"),
        _whodid_arguments,
        _whodid,
    ),
    Command(
        "undo-hint",
        "say how what a destructive action took away can be found again; changes nothing",
        ("sidelight undo-hint", "sidelight undo-hint 17", "sidelight undo-hint tree-reset-1a2b3c4d-17 --json"),
        _undo_arguments,
        _undo_hint,
    ),
)
