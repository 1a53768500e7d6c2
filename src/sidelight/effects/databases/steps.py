"""What can happen to a database, and what it is called."""

from __future__ import annotations

from sidelight.actions import DESTROYS, EDITS, USES
from sidelight.effects import sql

READ, NOTHING, RUN, WRITE, MIGRATE, UNDO, RESET, DUMP, STOP = (
    "read",
    "nothing",
    "run",
    "write",
    "migrate",
    "undo",
    "reset",
    "dump",
    "stop",
)

#: step → (kind, effect); the mildest first.
STEPS: dict[str, tuple[str, str]] = {
    RUN: ("run", USES),  # code of one's own inside the application: it uses its database, for what is not known
    DUMP: ("db-dump", USES),
    WRITE: ("db-write", EDITS),
    MIGRATE: ("db-migrate", EDITS),
    UNDO: ("db-migrate", DESTROYS),
    RESET: ("db-reset", DESTROYS),
    STOP: ("process-kill", DESTROYS),
}
STRENGTH = [READ, NOTHING, *STEPS]
OF_LEVEL = {sql.WRITE: WRITE, sql.RESET: RESET, sql.KILL: STOP}


def rows(**steps: str) -> dict[str, str]:
    """Verbs, separated by commas, each to its step."""
    return {verb.strip(): step for step, verbs in steps.items() for verb in verbs.split(",")}
