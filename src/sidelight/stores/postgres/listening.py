"""How a server hears of what others wrote: PostgreSQL says so on a channel of the ledger's (LISTEN, NOTIFY).

One connection and one thread while somebody wants to know. That somebody listens stands in the ledger: nobody is
notified where nobody listens, because notifications of all ledgers of a database queue up behind each other. What is
heard says that it is worth looking, nothing more; a look now and then still finds what was not heard.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import psycopg

from sidelight.stores import StoreError
from sidelight.stores.postgres.connection import Connections, Patient

SAID_EVERY = 30.0  # seconds; it counts for three times as long
_LOOK_EVERY = 0.5  # seconds between two looks whether to end
_PAUSE_MOST = 15.0


class Ear:
    """Calls `wake`, in a thread of its own, whenever something was written, and once when it begins to listen."""

    def __init__(self, connections: Connections, wake: Callable[[], None]) -> None:
        self._connections = connections
        self._wake = wake
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="sidelight-listen", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Stop listening; its connection goes within a second."""
        self._ended.set()

    def _listen(self) -> None:
        pause = 0.25
        while not self._ended.is_set():
            try:
                with self._connections.alone() as db:
                    pause = 0.25
                    self._hear(db)
            except (StoreError, psycopg.Error):  # it is gone for a while; a look now and then tells as well
                self._ended.wait(pause)
                pause = min(2 * pause, _PAUSE_MOST)

    def _hear(self, db: Patient) -> None:
        schema = self._connections.where.schema
        row = db.execute("SELECT to_regclass(%s)::oid::text", (f"{schema}.state",)).fetchone()
        if row is None or row[0] is None:
            raise psycopg.OperationalError("there is no ledger yet")
        db.execute(f'LISTEN "{row[0]}"')
        said = 0.0
        while not self._ended.is_set():
            if time.monotonic() - said >= SAID_EVERY or said == 0.0:
                for_ms = int(3000 * SAID_EVERY)
                db.execute(f"UPDATE {schema}.state SET heard_until = {schema}.now_1(NULL) + {for_ms}")
                said = time.monotonic()
                self._wake()  # what was written before somebody listened
            for _ in db.notifies(timeout=_LOOK_EVERY, stop_after=1):
                self._wake()
