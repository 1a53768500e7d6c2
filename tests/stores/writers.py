"""A process that records on one ledger and says on its output what was acknowledged, a line each; it may be killed.

python -m tests.stores.writers LEDGER ACTOR HOW_MANY

LEDGER is a file, or the URL of a server's.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

from sidelight.actions import Session
from sidelight.stores import Appended, Store
from tests.stores.engines import entry, file, question

TARGET = file("shared.py")


def acknowledged(actor: str, look: Appended) -> dict[str, Any]:
    """What a writer knows after its append: what it added, and the newest of each other session that it found."""
    saw: dict[str, int] = {}
    for one in look.before:
        if one.action.actor != actor:
            saw[str(one.action.actor)] = max(one.action.seq, saw.get(str(one.action.actor), 0))
    (added,) = look.added
    return {"actor": actor, "id": added.id, "seq": added.seq, "ts": added.ts, "saw": saw}


def opened(place: str) -> Store:
    """A patient store: on a busy machine it waits for its turn as long as it takes."""
    if "://" in place:
        from sidelight.stores.postgres import PostgresStore
        from sidelight.stores.postgres.connection import address

        return PostgresStore(address(place), wait_ms=60_000)
    from sidelight.stores.sqlite import SqliteStore

    return SqliteStore(place, busy_ms=60_000)


def record(store: Store, actor: str, many: int) -> Iterator[dict[str, Any]]:
    """Act so often on the one target."""
    asked = question([TARGET])
    for _ in range(many):
        yield acknowledged(actor, store.append([entry(actor, TARGET)], asked, me=Session(actor)))


def main(place: str, actor: str, many: str) -> None:
    store = opened(place)
    print(json.dumps({"ready": actor}), flush=True)
    sys.stdin.readline()  # all start at once
    for one in record(store, actor, int(many)):
        print(json.dumps(one), flush=True)
    store.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:])
