"""What a call turns out to have changed, on the hooks' way: noted before it, looked at after it, and recorded.

Only destructive calls are looked at beforehand too; a read costs nothing. Losing any of it costs an observation, never
the answer.

Source: design 6.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sidelight import hosts, space
from sidelight.actions import Draft, Session
from sidelight.effects import Call, Effects
from sidelight.facts import Facts, LiveFacts
from sidelight.hosts import Moment
from sidelight.ledger import Ledger, Receipt
from sidelight.stores import StoreError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sidelight.facts.looks import Look

SECONDS = 2.5  # how long a hook may take where nothing else is said
BEFORE_PART, AFTER_PART = 0.06, 0.3  # of that: 150 and 750 ms


def _seconds(facts: Facts) -> float:
    try:
        return min(max(float(facts.env["SIDELIGHT_HOOK_SECONDS"]), 0.05), 600.0)
    except (KeyError, ValueError):
        return SECONDS


def _home(ledger: Ledger, facts: Facts) -> str:
    return ledger.home or space.state_dir(facts.env)


def before(facts: Facts, drafts: Sequence[Draft]) -> Callable[[], Look] | None:
    """A look at how things stand before a destructive call, begun; None for any other."""
    if not isinstance(facts, LiveFacts) or facts.common_dir is None:
        return None
    from sidelight import observing

    if not observing.is_destructive(drafts):
        return None
    from sidelight import undoing

    return observing.begin_look(undoing.place(facts, drafts), seconds=_seconds(facts) * BEFORE_PART)


def begun(
    moment: Moment,
    ledger: Ledger,
    facts: Facts,
    me: Session,
    effects: Effects,
    receipt: Receipt | None = None,
) -> None:
    """A call starts that is not provably a read: note it."""
    call, key = moment.call, moment.key(hosts.BEFORE)
    if call is None or key is None or not isinstance(facts, LiveFacts) or (receipt is not None and receipt.duplicate):
        return
    from sidelight import observing

    started = observing.Open(key, me.actor, me.agent, exact=is_exact(call, effects), background=call.background)
    drafts = receipt.actions if receipt is not None and receipt.actions else effects.drafts
    observing.begin(_home(ledger, facts), facts, started, drafts=drafts, line=text_of(call))


def keep(look: Callable[[], Look] | None, ledger: Ledger, facts: Facts, receipt: Receipt) -> None:
    """Keep what would be needed to undo a call, as the look before it saw it."""
    if look is None or not isinstance(facts, LiveFacts):
        return
    seen = look()
    if receipt.duplicate:
        return
    from sidelight import undoing

    try:
        undoing.keep(ledger, undoing.place(facts, receipt.actions), receipt.actions, seen)
    except StoreError as error:
        ledger.note(error)


def tidy(ledger: Ledger) -> None:
    """Forget what was kept so long ago that nobody undoes it."""
    from sidelight import undoing

    undoing.tidy(ledger)


def text_of(call: Call) -> str:
    """The command line of a call; '' for a tool that has none."""
    said = call.input.get("command") or call.input.get("cmd") or ""
    return " ".join(map(str, said)) if isinstance(said, list) else str(said)


def is_exact(call: Call, effects: Effects) -> bool:
    """Can it do only what it was understood to do? An editing tool, never a command line."""
    return not text_of(call) and not effects.unknown and bool(effects.drafts)


def ended(keys: Sequence[str], ledger: Ledger, facts: Facts, me: Session) -> str | None:
    """Calls ended: look once, record what they changed; the warning if that met what others had there."""
    if not keys or not isinstance(facts, LiveFacts):
        return None
    from sidelight import observing

    home = _home(ledger, facts)
    watched = (*ledger.config.watch, f"{home}/config.json")
    last: Receipt | None = None
    for key in keys:
        seen = observing.finish(home, facts, key, watched=watched, seconds=_seconds(facts) * AFTER_PART)
        receipt = ledger.record(*seen.drafts, key=f"{key}\x1fobserved", me=me) if seen.drafts else None
        if seen.stashed:
            from sidelight import whodid

            known = ledger.store.delivered(key)
            action = next((one.id for one in known if one.kind == "stash-push"), None)
            if action is None and receipt is not None:
                action = next((one.id for one in receipt.actions if one.kind == "stash-push"), None)
            whodid.note_stashed(ledger.store, seen.stashed, action=action, actor=me.actor)
        last = receipt if receipt is not None and (receipt.warning or last is None) else last
    return last.warning if last is not None else None


def over(ledger: Ledger, facts: Facts, me: Session, *, whole: bool) -> None:
    """A turn is over, or (`whole`) the session: nothing of it is under way any more."""
    if isinstance(facts, LiveFacts):
        from sidelight import observing

        observing.over(_home(ledger, facts), facts, me.actor, me.agent, background=whole)
