"""Where a ledger's callers stand: asked when first needed, and once."""

from __future__ import annotations

from sidelight import space
from sidelight.facts import Facts


class Ground:
    """The machine and directory of a ledger's process, and the space that its actions belong to by default."""

    def __init__(self, facts: Facts | None, space_name: str | None) -> None:
        self._facts = facts
        self._space = space_name

    @property
    def facts(self) -> Facts:
        """What git and the machine say where this process stands."""
        if self._facts is None:
            from sidelight.facts import LiveFacts

            facts = LiveFacts()
            facts.scope = self._space or space.space_of(facts)
            self._facts = facts
        return self._facts

    @property
    def space(self) -> str:
        """The space that actions belong to unless they say otherwise."""
        if self._space is None:
            self._space = space.space_of(self.facts)
        return self._space

    @property
    def is_actors(self) -> bool:
        """Does a draft's actor stand where this process stands? A server's callers do not."""
        return self._facts is None or not getattr(self._facts, "elsewhere", False)
