"""What readers of running things make alike: a draft, the touch of a port, the tree that something runs from."""

from __future__ import annotations

from collections.abc import Iterable

from sidelight import targets
from sidelight.actions import USES, Draft, Touch
from sidelight.effects import Command, Effects
from sidelight.effects.places import root, summary
from sidelight.facts import Facts

NOTHING = Effects()
READ = Effects(reads=True)


def one(kind: str, target: str | None, command: Command, *touches: Touch) -> Effects:
    """One draft."""
    return Effects((Draft(kind, target=target, touches=unique(touches), summary=summary(command)),))


def unique(touches: Iterable[Touch]) -> tuple[Touch, ...]:
    """Each touch once; their values may be dicts, which no set takes."""
    found: list[Touch] = []
    for touch in touches:
        if touch not in found:
            found.append(touch)
    return tuple(found)


def port(facts: Facts, number: str | int, effect: str) -> Touch:
    """A port of this machine."""
    return Touch(f"port:{facts.machine}:{int(number)}", effect)


def runs_from(facts: Facts) -> tuple[Touch, ...]:
    """The tree that a running thing relies on; () where nobody knows where it runs."""
    place = root(facts)
    return (Touch(targets.path(facts.machine, place), USES),) if place else ()
