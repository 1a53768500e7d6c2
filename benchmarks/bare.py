"""What the server is measured against: a bare ASGI handler under the same uvicorn, doing the transaction by hand.

python -m benchmarks.bare DATABASE LEDGER ANSWER     # prints its port; ANSWER holds the bytes that GET is to answer
"""

from __future__ import annotations

import socket
import sqlite3
import sys
from typing import Any

import msgspec
import uvicorn

RECENT = (
    "SELECT seq, id, ts, kind, space, actor, agent, listed, expires, body FROM actions "
    "WHERE listed = 1 ORDER BY seq DESC LIMIT 100"
)


class Bare:
    """POST: read JSON, one keyed select, one insert, answer JSON. GET: the select of `recent`, and the same bytes."""

    def __init__(self, database: str, ledger: str, answer: bytes) -> None:
        self._db = sqlite3.connect(database, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute(
            "CREATE TABLE actions (seq INTEGER PRIMARY KEY, id TEXT, ts INTEGER, kind TEXT, key TEXT, actor TEXT, "
            "body TEXT)"
        )
        self._db.execute("CREATE INDEX actions_key ON actions (key, seq)")
        self._ledger = sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, isolation_level=None)
        self._answer = answer

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        body = (await receive())["body"]
        status, content = (201, self._announced(body)) if scope["method"] == "POST" else (200, self._recent())
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _announced(self, body: bytes) -> bytes:
        said = msgspec.json.decode(body)
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        db.execute(
            "SELECT seq, id, ts, kind, actor, body FROM actions WHERE key = ? ORDER BY seq DESC LIMIT 20",
            (said["area"],),
        ).fetchall()
        put = db.execute(
            "INSERT INTO actions (id, ts, kind, key, actor, body) VALUES (?,?,?,?,?,?)",
            ("intent", 0, "intent", said["area"], said["actor"], body.decode()),
        )
        db.execute("COMMIT")
        return msgspec.json.encode({"recorded": True, "id": f"intent-{put.lastrowid}", "concurrent": []})

    def _recent(self) -> bytes:
        self._ledger.execute(RECENT).fetchall()
        return self._answer


def main(database: str, ledger: str, answer: str) -> None:
    """Serve on a port of the system's choice until ended."""
    with open(answer, "rb") as file:
        app = Bare(database, ledger, file.read())
    bound = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(bound.getsockname()[1], flush=True)
    config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False, ws="none", lifespan="off")
    uvicorn.Server(config).run(sockets=[bound])


if __name__ == "__main__":
    main(*sys.argv[1:])
