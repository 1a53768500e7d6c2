"""A session that acts again and again on one file of a ledger far away, and says in a line what came of each.

python -m tests.machines.writer URL HOME ACTOR

It begins with the first line on its input, and ends when that is closed. Each action says its number (`reason`).
"""

from __future__ import annotations

import json
import select
import sys
import time
from typing import Any

from sidelight.actions import Session
from sidelight.stores import StoreError
from sidelight.stores.guarded import Guarded, Spooled, guarded
from tests.stores.engines import entry, question
from tests.stores.writers import TARGET, acknowledged

EVERY_SECONDS = 0.5  # sixteen of them leave two cores room for the rest


def act(store: Guarded, actor: str, number: int) -> dict[str, Any]:
    """Once more; what came of it."""
    drawn = entry(actor, TARGET, reason=str(number))
    try:
        found = store.append([drawn], question([TARGET]), me=Session(actor), key=f"{actor}:{number}")
    except Spooled:
        return {"n": number, "spooled": True}
    except StoreError as error:
        return {"n": number, "lost": str(error)}
    return {"n": number, **acknowledged(actor, found)}


def _told_to_end() -> bool:
    ready, _, _ = select.select([sys.stdin], [], [], EVERY_SECONDS)
    return bool(ready) and not sys.stdin.readline()


def main(url: str, home: str, actor: str) -> None:
    store = guarded(url, home)
    print(json.dumps({"ready": actor, "clock": time.time()}), flush=True)
    sys.stdin.readline()
    number = 0
    while not _told_to_end():
        print(json.dumps(act(store, actor, number)), flush=True)
        number += 1
    store.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:])
