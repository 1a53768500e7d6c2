"""The store for many machines: one ledger in PostgreSQL, reached by any number of processes and servers.

`append` is one call of one server-side function (`append.sql`), alone in its ledger by a transaction-level advisory
lock: of two actions on one key the later one finds the earlier, and numbers become visible in order. Clock and sequence
are the server's; the clocks of the machines that ask play no part. `connection.py` is the way there, `schema.py` the
tables, `request.py` what is asked and answered, `listening.py` how a server hears of what others wrote.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import psycopg

from sidelight.actions import Action, Notice, Session, Told
from sidelight.stores import MACHINE_CLOCK, Appended, Clock, Document, Entry, Question, StoreError
from sidelight.stores.postgres.connection import Address, Connections, Patient, address
from sidelight.stores.postgres.request import Record, answered, asked, dumped, key_of, loaded, projected, session, text
from sidelight.stores.postgres.schema import ensure
from sidelight.stores.projections import INSIDE, UNDONE, Mark, exported, marks_of, still_marking, whole
from sidelight.stores.sqlite.rows import as_json, document_of, place_of

WAIT_MS = 5000
ACTION = "a.seq, a.id, a.ts, a.kind, a.space, a.actor, a.agent, a.listed::int, a.expires, a.body"
#: Who touched a key: of what is not indexed the texts are read, of all else only the index.
UNINDEXED = "WHERE a.seq < %s AND a.seq > %s AND strpos(a.body, %s) > 0 ORDER BY a.seq DESC LIMIT %s"
INDEXED = "WHERE a.seq = ANY (ARRAY(SELECT sidelight.keyed_by_1(%s, %s, %s))) ORDER BY a.seq DESC LIMIT %s"
_PAGE = 500
TAIL = 1000  # so many actions may be unindexed before somebody who asks has them indexed
BATCH = 2000  # indexed in one transaction, so that nobody who records waits long
_INDEXING = 2.0  # seconds that one question may spend on it; the next one goes on
_LONG = 600.0  # seconds that a whole record may take


def open(url: str, *, clock: Clock = MACHINE_CLOCK) -> PostgresStore:  # noqa: A001 - the engines' common name
    """Open the ledger that a `postgresql://…` URL names, setting it up if it is missing (and the role may).

    `clock` replaces the server's clock in tests; the machine's own is not asked.
    """
    return PostgresStore(address(url), wall=None if clock is MACHINE_CLOCK else clock.wall)


class PostgresStore:
    """A `Store` in PostgreSQL. Safe to share between threads, and across a fork."""

    name = "postgres"
    waits = True

    def __init__(
        self,
        where: Address,
        *,
        wall: Callable[[], int] | None = None,
        wait_ms: int = WAIT_MS,
        connections: Connections | None = None,
    ) -> None:
        self.where = where
        self._wall = wall
        self._wait_ms = wait_ms
        self._record = Record()
        self._connections = connections or Connections(where)
        self._is_guest = connections is not None
        self._ready = connections is not None
        with self._using():
            pass

    def hasty(self, ms: int) -> PostgresStore:
        return type(self)(self.where, wall=self._wall, wait_ms=ms, connections=self._connections)

    def dispose(self) -> None:
        if not self._is_guest:
            self._connections.close()

    # ── statements ──

    @contextmanager
    def _using(self, *, long: bool = False) -> Iterator[Patient]:
        """A connection to a ledger that is there."""
        patience = _LONG if long else 2 * self._wait_ms / 1000 + 2
        with self._connections.one(self._wait_ms, patience=patience) as db:
            if not self._ready:
                ensure(db, self.where)
                self._ready = True
            yield db

    def _sql(self, statement: str) -> str:
        """A statement of ours, in which `sidelight.` stands for the ledger's schema."""
        return statement.replace("sidelight.", f"{self.where.schema}.")

    def _rows(self, statement: str, *values: Any, long: bool = False) -> list[tuple[Any, ...]]:
        with self._using(long=long) as db:
            return db.execute(self._sql(statement), values, prepare=True).fetchall()

    def _call(self, function: str, *values: Any, db: Patient | None = None) -> Any:
        """What a function gives."""
        sql = self._sql(f"SELECT sidelight.{function}({','.join(['%s'] * len(values))})")
        if db is not None:
            return _one(db.execute(sql, values, prepare=True))
        with self._using() as own:
            return _one(own.execute(sql, values, prepare=True))

    def _ask(self, function: str, asking: Mapping[str, Any], db: Patient | None = None) -> Any:
        """What a function gives for a request."""
        asking = {**asking, "wait": self._wait_ms}
        if self._wall is not None:
            asking["wall"] = self._wall()
        return self._call(function, dumped(asking), db=db)

    # ── the clock ──

    def now(self) -> int:
        return int(self._call("now_1", self._wall() if self._wall is not None else None))

    # ── append ──

    def append(
        self,
        entries: Sequence[Entry],
        question: Question,
        *,
        me: Session | None = None,
        key: str | None = None,
        dry: bool = False,
        ago_ms: int | None = None,
    ) -> Appended:
        answer = loaded(self._ask("append_1", asked(entries, question, me, key, dry=dry, ago_ms=ago_ms)))
        return answered(answer, self._record, () if dry else entries, question, me, ago_ms)

    def delivered(self, key: str) -> tuple[Action, ...]:
        return tuple(
            self._actions(
                "JOIN sidelight.delivered AS d ON a.seq >= d.first AND a.seq < d.first + d.count WHERE d.key = %s "
                "ORDER BY a.seq",
                key_of(key),
            )
        )

    # ── what was said ──

    def tell(self, actor: str | None, agent: str | None, rows: Sequence[Told]) -> None:
        if rows:
            each = {row[:3]: (key_of(row.about), key_of(row.resource), text(row.step), row.seq, row.ts) for row in rows}
            self._ask("tell_1", {"actor": text(actor or ""), "agent": text(agent or ""), "rows": list(each.values())})

    def notices(self, actor: str, agent: str | None = None, *, limit: int = 50) -> list[Notice]:
        found = loaded(self._call("notices_1", text(actor), text(agent) if agent is not None else None, limit))
        if found is None:
            return []
        rows = self._record.read(found["actions"])
        return [rows.notice(row) for row in found["rows"]]

    def met(self, after: int, *, limit: int = 500) -> list[Notice]:
        found = loaded(self._call("met_1", after, limit + 1))
        if found is None:
            return []
        rows = self._record.read(found["actions"])
        return [rows.notice(row, undone=True) for row in whole(found["rows"], limit, lambda row: int(row[0]))]

    def take(self, actor: str, notices: Sequence[Notice]) -> None:
        if notices:
            rows = [(one.seq, text(one.agent or "")) for one in notices]
            self._ask("take_1", {"actor": text(actor), "rows": rows})

    # ── sessions and intents ──

    def see(self, session_: Session) -> None:
        if session_.actor:
            self._ask("seen_1", {"session": session(session_)})

    def end(self, actor: str, agent: str | None = None) -> int:
        with self._using() as db, db.transaction():
            who = {"actor": text(actor), "agent": text(agent) if agent is not None else None}
            found = loaded(self._ask("end_1", who, db))
            self._refill(db, found["lost"])
            return int(found["many"])

    def close(self, action_id: str, how: str = "finished") -> Action | None:
        return self._settle(action_id, how, closes=True)

    def outcome(self, action_id: str, outcome: str) -> bool:
        return self._settle(action_id, outcome) is not None

    def _settle(self, action_id: str, how: str, *, closes: bool = False) -> Action | None:
        about = {"seq": place_of(action_id), "id": text(action_id), "outcome": how, "closes": closes}
        if how not in UNDONE:  # nothing falls back to what was before, or an intent's few marks: one round trip
            found = loaded(self._ask("outcome_1", about))
        else:
            with self._using() as db, db.transaction():
                found = loaded(self._ask("outcome_1", about, db))
                self._refill(db, found and found["lost"])
        return self._record.action(found["actions"][0]) if found is not None else None

    def _refill(self, db: Patient, lost: Sequence[Mapping[str, Any]] | None) -> None:
        """Look backwards through the record for who left these marks before. Rare: two calls in flight have failed."""
        for mark in lost or ():
            earlier = self._before(db, mark)
            if earlier is not None:
                db.execute(
                    self._sql(
                        "INSERT INTO sidelight.marks (role, key, actor, agent, effect, slot, seq, was, tree) "
                        "VALUES (%s,%s,%s,%s,%s,%s,%s,-1,%s) ON CONFLICT DO NOTHING"
                    ),
                    (*(mark[name] for name in _MARK), earlier.seq, mark["tree"]),
                )

    def _before(self, db: Patient, mark: Mapping[str, Any]) -> Action | None:
        wanted = Mark(mark["key"], mark["role"], mark["effect"], mark["slot"])
        upto = mark["seq"]
        while True:
            rows = db.execute(
                self._sql(
                    f"SELECT {ACTION}, a.outcome FROM sidelight.actions AS a WHERE a.seq < %s AND a.actor = %s "
                    "AND a.agent = %s AND (a.outcome IS NULL OR a.outcome NOT IN ('failed', 'denied')) "
                    "AND strpos(a.body, %s) > 0 ORDER BY a.seq DESC LIMIT 50"
                ),
                (upto, mark["actor"], mark["agent"], as_json(wanted.key.removesuffix(INSIDE))[1:-1]),
            ).fetchall()
            for row in rows:
                action = self._record.action(row)
                if wanted in marks_of(action.touches):
                    return action
            if not rows:
                return None
            upto = rows[-1][0]

    # ── reading ──

    def _actions(self, where: str, *values: Any, long: bool = False) -> list[Action]:
        rows = self._rows(f"SELECT {ACTION} FROM sidelight.actions AS a {where}", *values, long=long)
        return [self._record.action(row) for row in rows]

    def recent(self, *, space: str | None, limit: int, since: int, quiet: bool = False) -> list[Action]:
        where, values = "", []
        if not quiet:
            where += "AND a.listed "
        if space is not None:
            where += "AND a.space = %s "
            values.append(key_of(space))
        return self._actions(
            f"WHERE a.seq > sidelight.place_1(%s) AND a.ts >= %s {where}ORDER BY a.seq DESC LIMIT %s",
            since, since, *values, limit,
        )  # fmt: skip

    def follow(self, after: int, limit: int = 500) -> list[Action]:
        return self._actions("WHERE a.seq > %s ORDER BY a.seq LIMIT %s", after, limit)

    def listen(self, wake: Callable[[], None]) -> Callable[[], None]:
        from sidelight.stores.postgres.listening import Ear

        return Ear(Connections(self.where), wake).end

    def find(self, action_id: str) -> Action | None:
        found = self._actions("WHERE a.seq = %s AND a.id = %s", place_of(action_id), text(action_id))
        return found[0] if found else None

    def history(self, key: str, *, limit: int = 50) -> list[Action]:
        done = self._index()
        found: list[Action] = []
        for where, newest, values in (
            (UNINDEXED, 1 << 62, (done, as_json(key)[1:-1])),
            (INDEXED, done + 1, (text(key), limit)),
        ):
            upto = newest
            while len(found) < limit:
                page = self._actions(where, upto, *values, limit, long=True)
                found += [one for one in page if any(target.startswith(key) for target in one.targets)]
                if len(page) < limit:
                    break
                upto = page[-1].seq
        return found[:limit]

    def _index(self) -> int:
        """Index by key what was recorded since somebody asked last, or as much as may be made to wait for. Up to which
        number that was done.
        """
        until = time.monotonic() + _INDEXING
        with suppress(StoreError):  # a ledger that may not be written to is asked as it is
            more = self.last_seq() - int(self._call("keyed_1")) > TAIL
            while more and time.monotonic() < until:
                more = bool(self._ask("index_1", {"batch": BATCH}))
        return int(self._call("keyed_1"))

    def intents(self, *, space: str | None = None, actor: str | None = None) -> list[tuple[Action, str | None]]:
        rows = self._rows(
            f"SELECT {ACTION}, a.outcome FROM sidelight.actions AS a WHERE a.kind = 'intent' "
            "AND (%s::text IS NULL OR a.space = %s) AND (%s::text IS NULL OR a.actor = %s) "
            "ORDER BY a.seq DESC LIMIT 500",
            *[key_of(space) if space is not None else None] * 2,
            *[text(actor) if actor is not None else None] * 2,
        )
        return [(self._record.action(row), row[10]) for row in rows]

    def sessions(self, *, space: str | None = None) -> list[Session]:
        rows = self._rows(
            "SELECT actor, agent, first_seen, last_seen, ended, space, machine, body FROM sidelight.sessions "
            "WHERE %s::text IS NULL OR space = %s ORDER BY last_seen DESC, actor, agent LIMIT 1000",
            *[text(space) if space is not None else None] * 2,
        )
        return [
            Session(
                actor, agent or None, first_seen=first, last_seen=seen, ended=ended, space=at, machine=machine, **body
            )
            for actor, agent, first, seen, ended, at, machine, body in rows
        ]

    def state_of(self, ids: Sequence[str]) -> dict[str, str]:
        return {one: outcome for one, outcome, _ in self._outcomes(ids)}

    def ended_at(self, ids: Sequence[str]) -> dict[str, int]:
        return {one: ts for one, _, ts in self._outcomes(ids)}

    def _outcomes(self, ids: Sequence[str]) -> list[tuple[str, str, int]]:
        rows = self._rows(
            "SELECT id, outcome, outcome_ts FROM sidelight.actions WHERE seq = ANY (%s) AND outcome IS NOT NULL",
            [place_of(one) for one in ids],
        )
        wanted = set(ids)
        return [(one, outcome, ts) for one, outcome, ts in rows if one in wanted]

    def export(self) -> Iterator[Mapping[str, Any]]:
        return exported(self.follow)

    def last_seq(self) -> int:
        return int(self._rows("SELECT coalesce(max(seq), 0) FROM sidelight.actions")[0][0])

    # ── documents ──

    def document(self, collection: str, name: str) -> Document | None:
        rows = self._rows(
            "SELECT name, version, ts, body FROM sidelight.documents WHERE collection = %s AND name = %s",
            text(collection), text(name),
        )  # fmt: skip
        return document_of(rows[0]) if rows else None

    def documents(self, collection: str, *, limit: int = 1000) -> list[Document]:
        rows = self._rows(
            "SELECT name, version, ts, body FROM sidelight.documents WHERE collection = %s "
            "ORDER BY number DESC LIMIT %s",
            text(collection), limit,
        )  # fmt: skip
        return [document_of(row) for row in rows]

    def put_document(self, collection: str, name: str, body: Mapping[str, Any], *, version: int) -> bool:
        about = {"collection": text(collection), "name": text(name), "body": as_json(body), "version": version}
        return bool(self._ask("put_document_1", about))

    def drop_documents(self, collection: str, *, older_than_ms: int) -> int:
        return int(self._ask("drop_documents_1", {"collection": text(collection), "older": older_than_ms}))

    def next_number(self, collection: str) -> int:
        return int(self._ask("next_number_1", {"collection": text(collection)}))

    # ── keeping it small and sound ──

    def rebuild(self) -> None:
        with self._using(long=True) as db, db.transaction():
            self._begin(db)
            self.project_anew(db)

    def _begin(self, db: Patient) -> None:
        wall = self._wall() if self._wall is not None else None
        self._call("begin_1", self._wait_ms, wall, db=db)

    def project_anew(self, db: Patient) -> None:
        """Make the projections from the record, in the transaction of a connection whose turn it is."""
        for table in ("marks", "changes", "keys"):
            db.execute(self._sql(f"DELETE FROM sidelight.{table}"))
        db.execute(self._sql("DELETE FROM sidelight.meta WHERE name = 'keyed'"))
        after = 0
        while True:
            rows = db.execute(
                self._sql(
                    f"SELECT {ACTION}, a.outcome FROM sidelight.actions AS a WHERE a.seq > %s ORDER BY a.seq "
                    f"LIMIT {_PAGE}"
                ),
                (after,),
            ).fetchall()
            if not rows:
                return
            actions = [(self._record.action(row), row[10]) for row in rows]
            marking = [one if still_marking(one, how) else one._replace(touches=()) for one, how in actions]
            self._call("project_1", 0, *map(as_json, projected(marking)), db=db)
            after = rows[-1][0]

    def forget(self, *, actor: str | None = None, space: str | None = None, before: int | None = None) -> int:
        if actor is None and space is None and before is None:
            return 0
        about = {
            "actor": text(actor) if actor is not None else None,
            "space": key_of(space) if space is not None else None,
            "before": before,
        }
        with self._using(long=True) as db, db.transaction():
            many = int(self._ask("forget_1", about, db))
            if space is not None and many:  # what the same actors did elsewhere before counts again
                self.project_anew(db)
        return many

    def prune(self, *, older_than_ms: int, max_bytes: int, batch: int = 500) -> int:
        with self._using() as db, db.transaction():
            about = {"older": older_than_ms, "bytes": max_bytes, "batch": batch}
            found = loaded(self._ask("prune_1", about, db))
            self._refill(db, found["lost"])
            return int(found["many"])

    def check(self) -> list[str]:
        rows = self._rows(
            "SELECT c.relname FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid "
            "WHERE c.relnamespace = to_regnamespace(%s) AND NOT i.indisvalid",
            self.where.schema,
        )
        return [f"{self.where.shown}: the index {name} is not valid; REINDEX it" for (name,) in rows]


_MARK = ("role", "key", "actor", "agent", "effect", "slot")


def _one(cursor: psycopg.Cursor[tuple[Any, ...]]) -> Any:
    row = cursor.fetchone()
    return row[0] if row is not None else None
