"""An announcement that an agent makes in its shell is seen twice: by the hook before the call, and by `sidelight
intent` itself, where the sandbox lets it reach the ledger. Both give it the same key, so it is recorded once.

Neither knows the other's call. So each counts: the n-th time a session announces the same thing has the n-th key. A
hook that was not asked (a loop announces three times on one line) and a command that never ran leave no gap: whoever
is behind catches up.

Source: design 6, last paragraph.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from sidelight.actions import Session
from sidelight.config import milliseconds
from sidelight.effects import UNKNOWN, Call, Command
from sidelight.facts import Facts
from sidelight.ledger import Ledger, Receipt
from sidelight.records import Any, NamedTuple
from sidelight.stores import Store, StoreFrozen, StoreGone

COLLECTION = "announced"
_MOST = 5  # on one line
_VALUED = {"--area": "area", "--target": "targets", "--ttl": "ttl", "--session": "session", "--agent": "agent"}


class Announced(NamedTuple):
    """What `sidelight intent` was given."""

    text: str
    area: str | None = None
    targets: tuple[str, ...] = ()
    ttl: str | None = None


def announced(call: Call, facts: Facts) -> list[Announced]:
    """The announcements that a shell call makes, as far as they stand there in plain words."""
    line = next((call.input[name] for name in ("command", "cmd") if isinstance(call.input.get(name), str)), "")
    if "sidelight" not in line or "intent" not in line:
        return []
    from sidelight.effects import shell

    found = [_read(command) for command in shell.commands(line, facts)[0]]
    return [one for one in found if one is not None][:_MOST]


def _read(command: Command) -> Announced | None:
    words = [word for word in command.argv if word != "--json"]
    if words[:1] != ["sidelight"] or any(UNKNOWN in word for word in words) or command.remote is not None:
        return None
    given: dict[str, list[str]] = {}
    text: list[str] = []
    rest = iter(words[1:])
    for word in rest:
        name, equals, value = word.partition("=")
        if name in _VALUED:
            given.setdefault(_VALUED[name], []).append(value if equals else next(rest, ""))
        elif word.startswith("-"):
            return None  # `--home`, `--help`: another ledger, or none
        else:
            text.append(word)
    if text[:1] != ["intent"] or len(text) < 2 or "session" in given or "agent" in given:
        return None
    last = {name: values[-1] for name, values in given.items()}
    return Announced(" ".join(text[1:]), last.get("area"), tuple(given.get("targets", ())), last.get("ttl"))


def by_hook(ledger: Ledger, me: Session, said: Sequence[Announced], call: str) -> list[Receipt]:
    """Record what a call announces before it runs. `call` is the hook's own key: a repeated delivery counts once."""
    receipts = []
    for number, one in enumerate(said):
        key = _key(ledger.store, me, one, f"{call} {number}")
        ttl = milliseconds(one.ttl) if one.ttl is not None else None
        receipts.append(
            ledger.announce(
                one.text,
                actor=me.actor,
                agent=me.agent,
                area=one.area,
                targets=one.targets,
                ttl_ms=ttl,
                key=key,
                me=me,
            )
        )
    return receipts


def by_shell(store: Store, me: Session | None, one: Announced) -> str | None:
    """The key under which `sidelight intent` records what it was given; None for an unknown caller."""
    return _key(store, me, one, None) if me is not None else None


def _key(store: Store, me: Session, one: Announced, call: str | None) -> str:
    import hashlib

    whole = "\x1f".join((me.actor, me.agent or "", one.text, one.area or "", *one.targets, one.ttl or ""))
    name = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()
    try:
        return f"announced\x1f{name}\x1f{_number(store, name, call)}"
    except (StoreGone, StoreFrozen):  # the announcement is kept, and its hook and its shell come within the minute
        return f"announced\x1f{name}\x1fwithout {minute()}"


def minute() -> int:
    """Which one it is."""
    return int(time.time() // 60)


def _number(store: Store, name: str, call: str | None) -> int:
    """Which announcement of these words it is."""
    number = 1
    for _ in range(20):
        known = store.document(COLLECTION, name)
        body: dict[str, Any] = dict(known.body) if known is not None else {"hook": 0, "shell": 0}
        number = _counted(body, call)
        if store.put_document(COLLECTION, name, body, version=known.version if known is not None else 0):
            break
    return number


def _counted(body: dict[str, Any], call: str | None) -> int:
    """Count one more on the side that asks, and say which it is."""
    hook, shell = int(body["hook"]), int(body["shell"])
    if call is None:
        body["shell"] = hook if hook > shell else shell + 1
        return int(body["shell"])
    if body.get("call") != call:
        body |= {"hook": max(hook, shell) + 1, "call": call}
    return int(body["hook"])
