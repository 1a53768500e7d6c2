"""How a tool call ended, written to what was recorded under its key: who says it need not know which actions those are,
nor whether they have reached the store yet.
"""

from __future__ import annotations

from sidelight.stores import Store


def settle(store: Store, key: str, outcome: str) -> bool:
    """Write how a call ended to what it recorded; False if nothing changed. A line of several commands that failed may
    have done its part: only one that failed as a whole did not happen.
    """
    actions = store.delivered(key)
    if outcome == "failed" and len(actions) != 1:
        return False
    changed = [store.outcome(action.id, outcome) for action in actions]
    return any(changed)
