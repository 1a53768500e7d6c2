"""The embedded default: one SQLite file in WAL mode, shared by any number of processes and threads.

`append` is one `BEGIN IMMEDIATE`: whoever holds it is alone, so of two actions on one key the later one finds the
earlier. The record is the table `actions`; the other tables are projections of it, kept in the same transaction.

The ledger's clock is the wall clock at its first action, carried on by the machine's boot-time clock: setting the
wall clock forward or back changes nothing, and time never runs backwards.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sidelight.actions import Action, Notice, Session, Sighting, Told, Touch, Work
from sidelight.stores import (
    MACHINE_CLOCK,
    Appended,
    Clock,
    Document,
    Entry,
    Question,
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreNewer,
)
from sidelight.stores.projections import PLAN, Probe, marks_of, stakes_of

#: Schema versions are `MAJOR * 1000 + minor`. Minor changes only add; code one minor behind goes on working.
SCHEMA = 1001
BUSY_MS = 5000
PER_KEY = 48  # marks looked at for one key and role, newest first
PLANS_PER_ACTOR = 16  # open intents of one actor that stay findable by one key
STAKES_SHOWN = 4
STAKES_COUNTED = 100
SEEN_EVERY_MS = 60_000

_TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS actions (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, ts INTEGER NOT NULL, ticks INTEGER NOT NULL,
  kind TEXT NOT NULL, space TEXT, actor TEXT NOT NULL, agent TEXT NOT NULL, listed INTEGER NOT NULL,
  outcome TEXT, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS actions_listed ON actions (listed, space, seq);
CREATE INDEX IF NOT EXISTS actions_actor ON actions (actor, seq);
CREATE TABLE IF NOT EXISTS marks (
  key TEXT, role TEXT, actor TEXT, agent TEXT, effect TEXT, slot TEXT, seq INTEGER NOT NULL,
  PRIMARY KEY (key, role, actor, agent, effect, slot)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS marks_newest ON marks (key, role, seq);
CREATE TABLE IF NOT EXISTS stakes (
  tree TEXT, actor TEXT, agent TEXT, path TEXT, seq INTEGER NOT NULL,
  PRIMARY KEY (tree, actor, agent, path)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS stakes_newest ON stakes (tree, actor, agent, seq);
CREATE TABLE IF NOT EXISTS intents (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL, actor TEXT NOT NULL, agent TEXT NOT NULL, space TEXT,
  expires INTEGER, closed TEXT, closed_ts INTEGER);
CREATE INDEX IF NOT EXISTS intents_open ON intents (closed, actor);
CREATE TABLE IF NOT EXISTS sessions (
  actor TEXT, agent TEXT, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, ended INTEGER, body TEXT NOT NULL,
  PRIMARY KEY (actor, agent)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sessions_seen ON sessions (last_seen);
CREATE TABLE IF NOT EXISTS presence (
  space TEXT, actor TEXT, seq INTEGER NOT NULL, PRIMARY KEY (space, actor)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS presence_newest ON presence (space, seq);
CREATE TABLE IF NOT EXISTS touched (
  addressee TEXT, agent TEXT, seq INTEGER, found TEXT NOT NULL, told INTEGER,
  PRIMARY KEY (addressee, agent, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS told (
  actor TEXT, agent TEXT, about TEXT, resource TEXT, step TEXT, seq INTEGER NOT NULL, ts INTEGER NOT NULL,
  PRIMARY KEY (actor, agent, about, resource, step)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS delivered (
  key TEXT PRIMARY KEY, ts INTEGER NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS documents (
  number INTEGER PRIMARY KEY, collection TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL,
  ts INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE (collection, name));
"""

_ACTION = "a.seq, a.id, a.ts, a.kind, a.space, a.actor, a.agent, a.listed, a.body"
_ONE_PROBE = "SELECT * FROM (SELECT key, role, effect, seq FROM marks WHERE key=? AND role=? ORDER BY seq DESC LIMIT ?)"
_FOUND = (
    f"SELECT m.key, m.role, m.effect, {_ACTION}, s.last_seen, s.ended FROM ({{probes}}) m "
    "JOIN actions a ON a.seq = m.seq LEFT JOIN sessions s ON s.actor = a.actor AND s.agent = ''"
)
_PUT_MARK = (
    "INSERT INTO marks VALUES (?,?,?,?,?,?,?) ON CONFLICT (key, role, actor, agent, effect, slot) "
    "DO UPDATE SET seq = excluded.seq"
)
_PUT_STAKE = (
    "INSERT INTO stakes VALUES (?,?,?,?,?) ON CONFLICT (tree, actor, agent, path) DO UPDATE SET seq = excluded.seq"
)


def open(url: str, *, clock: Clock = MACHINE_CLOCK) -> SqliteStore:  # noqa: A001 - the engines' common name
    """Open the ledger file that `url` names (`sqlite:///abs/path` or a plain path), making it if it is missing."""
    return SqliteStore(url.removeprefix("sqlite://"), clock=clock)


class SqliteStore:
    """A `Store` on one SQLite file. Safe to share between threads; each thread has its own connection."""

    name = "sqlite"
    waits = False

    def __init__(self, path: str, *, clock: Clock = MACHINE_CLOCK, busy_ms: int = BUSY_MS) -> None:
        self.path = path
        self._clock = clock
        self._busy_ms = busy_ms
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._pid = os.getpid()
        with self._errors():
            self._prepare()

    # ── connections ──

    def _prepare(self) -> None:
        if not os.path.exists(self.path):
            # Made by us first, so that the file is private from its first byte (SQLite follows its mode for -wal, -shm).
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        db = self._db()
        version = int(db.execute("PRAGMA user_version").fetchone()[0])
        if version == SCHEMA:
            return
        if version // 1000 > SCHEMA // 1000:
            raise StoreNewer(f"{self.path} has schema {version}, this Sidelight knows {SCHEMA}")
        if version < SCHEMA:
            with self._write(db):
                for statement in _TABLES.split(";"):
                    if statement.strip():
                        db.execute(statement)
                if version == 0:
                    db.execute("INSERT OR IGNORE INTO meta VALUES ('ledger', ?)", (os.urandom(8).hex(),))
                db.execute(f"PRAGMA user_version = {SCHEMA}")

    def _db(self) -> sqlite3.Connection:
        if self._pid != os.getpid():  # a fork must not share its parent's connection
            self._local, self._open, self._pid = threading.local(), [], os.getpid()
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        if db is None:
            db = sqlite3.connect(
                self.path, timeout=self._busy_ms / 1000, isolation_level=None, check_same_thread=False
            )
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            self._local.db = db
            with self._lock:
                self._open.append(db)
        return db

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Everything SQLite or the disk can say becomes one of our own errors, with the cause kept."""
        try:
            yield
        except StoreError:
            raise
        except sqlite3.OperationalError as error:
            text = str(error)
            kind = StoreBusy if "locked" in text or "busy" in text else StoreError
            raise kind(f"{self.path}: {text}") from error
        except sqlite3.DatabaseError as error:
            raise StoreDamaged(f"{self.path}: {error}") from error
        except (OSError, ValueError, OverflowError) as error:
            raise StoreError(f"{self.path}: {error}") from error

    @contextmanager
    def _write(self, db: sqlite3.Connection) -> Iterator[None]:
        db.execute("BEGIN IMMEDIATE")
        try:
            yield
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._errors():
            db = self._db()
            with self._write(db):
                yield db

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._errors():
            yield self._db()

    # ── the clock ──

    def now(self) -> int:
        with self._reading() as db:
            return self._now(db)[0]

    def _now(self, db: sqlite3.Connection) -> tuple[int, int]:
        """The ledger's time and the boot-time clock's, both in ms."""
        row = db.execute(
            "SELECT a.ts, a.ticks, m.value FROM actions a LEFT JOIN meta m ON m.name = 'boot' ORDER BY a.seq DESC LIMIT 1"
        ).fetchone()
        wall, ticks = self._clock.wall(), self._clock.ticks()
        if row is None:
            return wall, ticks
        ts, then, boot = row
        if boot == self._clock.boot() and ticks >= then:
            return ts + (ticks - then), ticks
        return max(wall, ts), ticks

    def _keep_boot(self, db: sqlite3.Connection) -> None:
        boot = self._clock.boot()
        row = db.execute("SELECT value FROM meta WHERE name = 'boot'").fetchone()
        if row is None or row[0] != boot:
            db.execute("INSERT OR REPLACE INTO meta VALUES ('boot', ?)", (boot,))

    # ── append ──

    def append(
        self,
        entries: Sequence[Entry],
        question: Question,
        *,
        me: Session | None = None,
        key: str | None = None,
        dry: bool = False,
    ) -> Appended:
        if dry:
            with self._reading() as db:
                now, _ = self._now(db)
                return self._look(db, question, me, now, added=())
        with self._writing() as db:
            now, ticks = self._now(db)
            if key is not None:
                again = self._delivered(db, key)
                if again is not None:
                    return self._look(db, question, me, now, added=again, floor=again[0].seq if again else None)._replace(
                        duplicate=True
                    )
            found = self._look(db, question, me, now, added=())
            added = tuple(self._put(db, entry, now, ticks) for entry in entries)
            if added:
                self._keep_boot(db)
                self._touch(db, added, found.before)
            if key is not None:
                first = added[0].seq if added else 0
                db.execute("INSERT INTO delivered VALUES (?,?,?,?)", (key, now, first, len(added)))
            if me is not None:
                self._see(db, me, now)
            return found._replace(added=added)

    def _delivered(self, db: sqlite3.Connection, key: str) -> tuple[Action, ...] | None:
        row = db.execute("SELECT first, count FROM delivered WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        rows = db.execute(
            f"SELECT {_ACTION} FROM actions a WHERE a.seq >= ? AND a.seq < ?", (row[0], row[0] + row[1])
        )
        return tuple(_action(found) for found in rows)

    def _look(
        self,
        db: sqlite3.Connection,
        question: Question,
        me: Session | None,
        now: int,
        *,
        added: tuple[Action, ...],
        floor: int | None = None,
    ) -> Appended:
        before = self._before(db, question.probes, floor)
        before += self._closer(db, question, before, me, floor)
        present = self._present(db, question, me, now)
        return Appended(
            added=added,
            before=tuple(before),
            work=self._work(db, question.sweeps, before, floor),
            told=self._told(db, me) if before or present else (),
            met=self._met(db, me, now),
            present=present,
            alive=self._alive(db, question.machine, now) if question.machine is not None else (),
            now=now,
        )

    def _before(self, db: sqlite3.Connection, probes: Sequence[Probe], floor: int | None) -> list[Sighting]:
        found: list[Sighting] = []
        for start in range(0, len(probes), 100):
            some = probes[start : start + 100]
            sql = _FOUND.format(probes=" UNION ALL ".join([_ONE_PROBE] * len(some)))
            values: list[Any] = []
            for probe in some:
                values += (probe.key, probe.role, PER_KEY)
            found += [_sighting(row) for row in db.execute(sql, values)]
        return [one for one in found if floor is None or one.action.seq < floor]

    def _closer(
        self,
        db: sqlite3.Connection,
        question: Question,
        before: Sequence[Sighting],
        me: Session | None,
        floor: int | None,
    ) -> list[Sighting]:
        """Where others were found: what they and I last did to the same resources, so that nothing is judged by half."""
        mine = me.actor if me is not None else ""
        actors = {one.action.actor or "": None for one in before if one.role != PLAN}
        if not question.stakes or not any(actor != mine or one_of_family(before, me) for actor in actors):
            return []
        who = list(actors)[:24]
        if mine and mine not in who:
            who.append(mine)
        keys = list(question.stakes)[:60]
        sql = _FOUND.format(
            probes=f"SELECT key, role, effect, seq FROM marks WHERE key IN ({_marks(keys)}) "
            f"AND role IN ('work', 'harm', 'plan') AND actor IN ({_marks(who)})"
        )
        seen = {(one.key, one.role, one.action.seq) for one in before}
        found = [_sighting(row) for row in db.execute(sql, (*keys, *who))]
        return [
            one
            for one in found
            if (floor is None or one.action.seq < floor) and (one.key, one.role, one.action.seq) not in seen
        ]

    def _met(self, db: sqlite3.Connection, me: Session | None, now: int) -> tuple[Notice, ...]:
        """What others did to the open intents of this session: rows left for it since, newest first."""
        if me is None or not me.actor:
            return ()
        one = db.execute("SELECT 1 FROM intents WHERE closed IS NULL AND actor = ? LIMIT 1", (me.actor,)).fetchone()
        if one is None:
            return ()
        rows = db.execute(
            "SELECT seq, agent, found FROM touched WHERE addressee = ? AND found LIKE '%\"plan\"%' "
            "ORDER BY seq DESC LIMIT 32",
            (me.actor,),
        ).fetchall()
        return tuple(self._notice(db, *row) for row in rows)

    def _alive(self, db: sqlite3.Connection, machine: str, now: int) -> tuple[Sighting, ...]:
        rows = db.execute(
            f"SELECT '', 'work', 'uses', {_ACTION}, s.last_seen, s.ended FROM sessions s JOIN actions a ON a.seq = ("
            "SELECT max(seq) FROM actions WHERE actor = s.actor) "
            "WHERE s.agent = '' AND s.ended IS NULL AND s.last_seen > ? AND json_extract(s.body, '$.machine') = ? "
            "ORDER BY s.last_seen DESC LIMIT 40",
            (now - 7_200_000, machine),
        )
        return tuple(_sighting(row) for row in rows)

    def _work(
        self, db: sqlite3.Connection, sweeps: Sequence[str], before: Sequence[Sighting], floor: int | None
    ) -> tuple[Work, ...]:
        found: list[Work] = []
        limit = floor if floor is not None else 1 << 62
        for key in sweeps:
            actors = dict.fromkeys(
                (one.action.actor, one.action.agent) for one in before if one.key == key + "//" and one.role != PLAN
            )
            for actor, agent in actors:
                work = self._work_of(db, key, actor, agent, limit)
                if work is not None:
                    found.append(work)
        return tuple(found)

    def _work_of(
        self, db: sqlite3.Connection, key: str, actor: str | None, agent: str | None, limit: int
    ) -> Work | None:
        who = (actor or "", agent or "")
        if key.startswith("tree:"):
            where, values = "t.tree = ? AND t.actor = ? AND t.agent = ? AND t.seq < ?", (key, *who, limit)
        else:  # a directory: its files in whichever working tree they lie
            where = "t.actor = ? AND t.agent = ? AND t.path > ? AND t.path < ? AND t.seq < ?"
            values = (*who, key.rstrip("/") + "/", key.rstrip("/") + "0", limit)
            where = f"t.tree IN (SELECT DISTINCT tree FROM stakes) AND {where}"
        count = db.execute(f"SELECT count(*) FROM (SELECT 1 FROM stakes t WHERE {where} LIMIT {STAKES_COUNTED})", values)
        number = int(count.fetchone()[0])
        if not number:
            return None
        rows = db.execute(
            f"SELECT t.path, t.seq, a.ts FROM stakes t JOIN actions a ON a.seq = t.seq WHERE {where} "
            f"ORDER BY t.seq DESC LIMIT {STAKES_SHOWN}",
            values,
        )
        return Work(key, actor, agent, number, tuple((path, seq, ts) for path, seq, ts in rows))

    def _told(self, db: sqlite3.Connection, me: Session | None) -> tuple[Told, ...]:
        if me is None:
            return ()
        rows = db.execute(
            "SELECT about, resource, step, seq, ts FROM told WHERE actor = ? AND agent = ?", (me.actor, me.agent or "")
        )
        return tuple(Told(*row) for row in rows)

    def _present(self, db: sqlite3.Connection, question: Question, me: Session | None, now: int) -> tuple[Action, ...]:
        """The newest listed action of each other session in the window, then more of theirs, at most 20 in all."""
        if question.space is None:
            return ()
        mine = me.actor if me is not None else None
        since = now - question.window_ms
        rows = db.execute(
            f"SELECT {_ACTION} FROM presence p JOIN actions a ON a.seq = p.seq "
            "WHERE p.space = ? ORDER BY p.seq DESC LIMIT 21",
            (question.space,),
        )
        found = {row[0]: _action(row) for row in rows}
        rows = db.execute(
            f"SELECT {_ACTION} FROM actions a WHERE a.listed = 1 AND a.space = ? ORDER BY a.seq DESC LIMIT 60",
            (question.space,),
        )
        for row in rows:
            found.setdefault(row[0], _action(row))
        others = [one for one in found.values() if one.ts >= since and (one.actor is None or one.actor != mine)]
        return tuple(others[:20])

    def _put(self, db: sqlite3.Connection, entry: Entry, now: int, ticks: int) -> Action:
        draft = entry.draft
        actor, agent = draft.actor or "", draft.agent or ""
        expires = None if entry.expires_in is None else now + entry.expires_in
        body = _body(draft.target, draft.value, draft.reason, draft.host, draft.touches, draft.summary, draft.area, expires)
        cursor = db.execute(
            "INSERT INTO actions (id, ts, ticks, kind, space, actor, agent, listed, body) VALUES (?,?,?,?,?,?,?,?,?)",
            (entry.id, now, ticks, draft.kind, draft.space, actor, agent, int(entry.listed), body),
        )
        seq = int(cursor.lastrowid or 0)
        self._project(db, seq, entry, actor, agent, expires)
        return Action(
            seq, entry.id, now, draft.kind, draft.target, draft.value, draft.reason, draft.actor, draft.agent, draft.host,
            draft.space, draft.touches, draft.summary, draft.area, expires, entry.listed,
        )  # fmt: skip

    def _project(
        self, db: sqlite3.Connection, seq: int, entry: Entry, actor: str, agent: str, expires: int | None
    ) -> None:
        draft = entry.draft
        marks = marks_of(draft.touches, entry.id)
        if marks:
            db.executemany(_PUT_MARK, [(m.key, m.role, actor, agent, m.effect, m.slot, seq) for m in marks])
        stakes = stakes_of(draft.touches)
        if stakes:
            db.executemany(_PUT_STAKE, [(s.tree, actor, agent, s.path, seq) for s in stakes])
        if entry.listed and draft.space is not None:
            db.execute(
                "INSERT INTO presence VALUES (?,?,?) ON CONFLICT (space, actor) DO UPDATE SET seq = excluded.seq",
                (draft.space, actor, seq),
            )
        if draft.kind == "intent":
            db.execute(
                "INSERT INTO intents VALUES (?,?,?,?,?,?,NULL,NULL)",
                (seq, entry.id, actor, agent, draft.space, expires),
            )
            for mark in marks:
                self._thin_plans(db, mark.key, actor, agent)

    def _thin_plans(self, db: sqlite3.Connection, key: str, actor: str, agent: str) -> None:
        """A session that announces without end must not push others' intents out of what a key finds."""
        db.execute(
            "DELETE FROM marks WHERE key = ?1 AND role = 'plan' AND actor = ?2 AND agent = ?3 AND seq <= ("
            "SELECT seq FROM marks WHERE key = ?1 AND role = 'plan' AND actor = ?2 AND agent = ?3 "
            f"ORDER BY seq DESC LIMIT 1 OFFSET {PLANS_PER_ACTOR})",
            (key, actor, agent),
        )

    # ── what was said ──

    def tell(self, actor: str | None, agent: str | None, rows: Sequence[Told]) -> None:
        if not rows:
            return
        with self._writing() as db:
            db.executemany(
                "INSERT OR REPLACE INTO told VALUES (?,?,?,?,?,?,?)",
                [(actor or "", agent or "", row.about, row.resource, row.step, row.seq, row.ts) for row in rows],
            )

    def _touch(self, db: sqlite3.Connection, added: Sequence[Action], before: Sequence[Sighting]) -> None:
        """Leave a row for every other session whose mark was found: what it is worth is decided when it is read."""
        found: dict[tuple[str, str], list[list[Any]]] = {}
        mine = (added[0].actor or "", added[0].agent or "")
        for one in before:
            who = (one.action.actor or "", one.action.agent or "")
            if who != mine and who[0]:
                found.setdefault(who, []).append([one.action.seq, one.key, one.role, one.effect])
        if found:
            db.executemany(
                "INSERT OR IGNORE INTO touched VALUES (?,?,?,?,NULL)",
                [(*who, added[0].seq, json.dumps([len(added), rows[:12]])) for who, rows in found.items()],
            )

    def notices(self, actor: str, agent: str | None = None, *, limit: int = 50) -> list[Notice]:
        with self._reading() as db:
            rows = db.execute(
                "SELECT seq, agent, found FROM touched WHERE addressee = ? AND told IS NULL "
                + ("" if agent is None else "AND agent = ? ")
                + "ORDER BY seq DESC LIMIT ?",
                (actor, limit) if agent is None else (actor, agent, limit),
            ).fetchall()
            return [self._notice(db, *row) for row in reversed(rows)]

    def _notice(self, db: sqlite3.Connection, seq: int, agent: str, found: str) -> Notice:
        count, marks = json.loads(found)
        later = db.execute(f"SELECT {_ACTION} FROM actions a WHERE a.seq >= ? AND a.seq < ?", (seq, seq + count))
        earlier = []
        for about, key, role, effect in marks:
            row = db.execute(
                f"SELECT ?, ?, ?, {_ACTION}, s.last_seen, s.ended FROM actions a LEFT JOIN sessions s "
                "ON s.actor = a.actor AND s.agent = '' WHERE a.seq = ? AND a.outcome IS NULL",
                (key, role, effect, about),
            ).fetchone()
            if row is not None:
                earlier.append(_sighting(row))
        return Notice(seq, agent or None, tuple(_action(row) for row in later), tuple(earlier))

    def take(self, actor: str, notices: Sequence[Notice]) -> None:
        if not notices:
            return
        with self._writing() as db:
            now, _ = self._now(db)
            db.executemany(
                "UPDATE touched SET told = ? WHERE addressee = ? AND agent = ? AND seq = ? AND told IS NULL",
                [(now, actor, one.agent or "", one.seq) for one in notices],
            )

    # ── sessions and intents ──

    def see(self, session: Session) -> None:
        with self._errors():
            db = self._db()
            row = db.execute(
                "SELECT last_seen, ended FROM sessions WHERE actor = ? AND agent = ?",
                (session.actor, session.agent or ""),
            ).fetchone()
            if row is None or row[1] is not None or self._now(db)[0] - row[0] >= SEEN_EVERY_MS:
                with self._write(db):
                    self._see(db, session, self._now(db)[0])

    def _see(self, db: sqlite3.Connection, me: Session, now: int) -> None:
        if not me.actor:
            return
        who = (me.actor, me.agent or "")
        row = db.execute("SELECT last_seen, ended, body FROM sessions WHERE actor = ? AND agent = ?", who).fetchone()
        known = json.loads(row[2]) if row is not None else {}
        news = {name: value for name, value in me._asdict().items() if name in _SESSION_BODY and value is not None}
        fresh = row is not None and row[1] is None and now - row[0] < SEEN_EVERY_MS
        if fresh and all(known.get(name) == value for name, value in news.items()):
            return
        db.execute(
            "INSERT INTO sessions VALUES (?,?,?,?,NULL,?) ON CONFLICT (actor, agent) DO UPDATE "
            "SET last_seen = excluded.last_seen, ended = NULL, body = excluded.body",
            (*who, now, now, json.dumps({**known, **news})),
        )

    def end(self, actor: str, agent: str | None = None) -> int:
        with self._writing() as db:
            now, _ = self._now(db)
            sql, values = "actor = ?", [actor]
            if agent is not None:
                sql, values = sql + " AND agent = ?", [actor, agent]
            rows = db.execute(f"SELECT id FROM intents WHERE closed IS NULL AND {sql}", values).fetchall()
            for (action_id,) in rows:
                self._close(db, action_id, "ended", now)
            db.execute(f"UPDATE sessions SET ended = ? WHERE {sql} AND ended IS NULL", (now, *values))
            return len(rows)

    def close(self, action_id: str, how: str = "finished") -> Action | None:
        with self._writing() as db:
            return self._close(db, action_id, how, self._now(db)[0])

    def _close(self, db: sqlite3.Connection, action_id: str, how: str, now: int) -> Action | None:
        closed = db.execute(
            "UPDATE intents SET closed = ?, closed_ts = ? WHERE id = ? AND closed IS NULL", (how, now, action_id)
        )
        if not closed.rowcount:
            return None
        row = db.execute(f"SELECT {_ACTION} FROM actions a WHERE a.id = ?", (action_id,)).fetchone()
        action = _action(row)
        self._unmark(db, action)
        return action

    def _unmark(self, db: sqlite3.Connection, action: Action) -> None:
        who = (action.actor or "", action.agent or "")
        db.executemany(
            "DELETE FROM marks WHERE key=? AND role=? AND actor=? AND agent=? AND effect=? AND slot=? AND seq=?",
            [(m.key, m.role, *who, m.effect, m.slot, action.seq) for m in marks_of(action.touches, action.id)],
        )

    def outcome(self, action_id: str, outcome: str) -> bool:
        with self._writing() as db:
            row = db.execute(f"SELECT {_ACTION} FROM actions a WHERE a.id = ?", (action_id,)).fetchone()
            if row is None:
                return False
            db.execute("UPDATE actions SET outcome = ? WHERE id = ?", (outcome, action_id))
            if outcome in ("failed", "denied"):
                self._take_back(db, _action(row))
            return True

    def _take_back(self, db: sqlite3.Connection, action: Action) -> None:
        """What failed did not happen: its marks fall back to what the same actor did there before."""
        who = (action.actor or "", action.agent or "")
        self._unmark(db, action)
        db.executemany(
            "DELETE FROM stakes WHERE tree=? AND actor=? AND agent=? AND path=? AND seq=?",
            [(s.tree, *who, s.path, action.seq) for s in stakes_of(action.touches)],
        )
        gone = {(m.key, m.role, m.effect, m.slot) for m in marks_of(action.touches, action.id)}
        lost = {(s.tree, s.path) for s in stakes_of(action.touches)}
        rows = db.execute(
            f"SELECT {_ACTION} FROM actions a WHERE a.actor = ? AND a.agent = ? AND a.seq < ? "
            "AND a.outcome IS NULL ORDER BY a.seq DESC LIMIT 300",
            (*who, action.seq),
        )
        for row in rows.fetchall():
            earlier = _action(row)
            back = {(m.key, m.role, m.effect, m.slot) for m in marks_of(earlier.touches, earlier.id)} & gone
            keep = {(s.tree, s.path) for s in stakes_of(earlier.touches)} & lost
            gone, lost = gone - back, lost - keep
            db.executemany(
                _PUT_MARK.replace("DO UPDATE SET seq = excluded.seq", "DO NOTHING"),
                [(key, role, *who, effect, slot, earlier.seq) for key, role, effect, slot in back],
            )
            db.executemany(
                _PUT_STAKE.replace("DO UPDATE SET seq = excluded.seq", "DO NOTHING"),
                [(tree, *who, path, earlier.seq) for tree, path in keep],
            )
            if not gone and not lost:
                break

    # ── reading ──

    def recent(self, *, space: str | None, limit: int, since: int, quiet: bool = False) -> list[Action]:
        where, values = [], []
        if not quiet:
            where.append("a.listed = 1")
        if space is not None:
            where.append("a.space = ?")
            values.append(space)
        clause = f"WHERE {' AND '.join(where)} " if where else ""
        found: list[Action] = []
        with self._reading() as db:
            for row in db.execute(f"SELECT {_ACTION} FROM actions a {clause}ORDER BY a.seq DESC LIMIT ?", (*values, limit)):
                if row[2] < since:
                    break
                found.append(_action(row))
        return found

    def follow(self, after: int, limit: int = 500) -> list[Action]:
        with self._reading() as db:
            rows = db.execute(f"SELECT {_ACTION} FROM actions a WHERE a.seq > ? ORDER BY a.seq LIMIT ?", (after, limit))
            return [_action(row) for row in rows]

    def find(self, action_id: str) -> Action | None:
        with self._reading() as db:
            row = db.execute(f"SELECT {_ACTION} FROM actions a WHERE a.id = ?", (action_id,)).fetchone()
            return _action(row) if row is not None else None

    def history(self, key: str, *, limit: int = 50) -> list[Action]:
        needle = json.dumps(key, ensure_ascii=False)[1:-1].replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        with self._reading() as db:
            rows = db.execute(
                f"SELECT {_ACTION} FROM actions a WHERE a.body LIKE ? ESCAPE '\\' ORDER BY a.seq DESC LIMIT ?",
                (f"%{needle}%", limit * 4),
            )
            found = [_action(row) for row in rows]
        return [one for one in found if any(t == key or t.startswith(key) for t in one.targets)][:limit]

    def intents(self, *, space: str | None = None, actor: str | None = None) -> list[tuple[Action, str | None]]:
        where, values = ["1 = 1"], []
        for name, value in (("i.space", space), ("i.actor", actor)):
            if value is not None:
                where.append(f"{name} = ?")
                values.append(value)
        with self._reading() as db:
            rows = db.execute(
                f"SELECT {_ACTION}, i.closed FROM intents i JOIN actions a ON a.seq = i.seq "
                f"WHERE {' AND '.join(where)} ORDER BY i.seq DESC LIMIT 500",
                values,
            )
            return [(_action(row), row[-1]) for row in rows]

    def sessions(self, *, space: str | None = None) -> list[Session]:
        with self._reading() as db:
            rows = db.execute(
                "SELECT actor, agent, first_seen, last_seen, ended, body FROM sessions ORDER BY last_seen DESC LIMIT 1000"
            )
            found = [_session(row) for row in rows]
        return [one for one in found if space is None or one.space == space]

    def state_of(self, ids: Sequence[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        with self._reading() as db:
            for start in range(0, len(ids), 200):
                some = list(ids[start : start + 200])
                marks = ",".join("?" * len(some))
                found.update(db.execute(f"SELECT id, outcome FROM actions WHERE outcome IS NOT NULL AND id IN ({marks})", some))
                found.update(db.execute(f"SELECT id, closed FROM intents WHERE closed IS NOT NULL AND id IN ({marks})", some))
        return found

    def export(self) -> Iterator[Mapping[str, Any]]:
        after = 0
        while True:
            page = self.follow(after)
            if not page:
                return
            for action in page:
                yield action._asdict() | {"touches": [list(touch) for touch in action.touches]}
            after = page[-1].seq

    def last_seq(self) -> int:
        with self._reading() as db:
            row = db.execute("SELECT max(seq) FROM actions").fetchone()
            return int(row[0] or 0)

    # ── documents ──

    def document(self, collection: str, name: str) -> Document | None:
        with self._reading() as db:
            row = db.execute(
                "SELECT name, version, ts, body FROM documents WHERE collection = ? AND name = ?", (collection, name)
            ).fetchone()
        return _document(row) if row is not None else None

    def documents(self, collection: str, *, limit: int = 1000) -> list[Document]:
        with self._reading() as db:
            rows = db.execute(
                "SELECT name, version, ts, body FROM documents WHERE collection = ? ORDER BY number DESC LIMIT ?",
                (collection, limit),
            )
            return [_document(row) for row in rows]

    def put_document(self, collection: str, name: str, body: Mapping[str, Any], *, version: int) -> bool:
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        with self._writing() as db:
            now, _ = self._now(db)
            if version == 0:
                done = db.execute(
                    "INSERT OR IGNORE INTO documents (collection, name, version, ts, body) VALUES (?,?,1,?,?)",
                    (collection, name, now, text),
                )
            else:
                done = db.execute(
                    "UPDATE documents SET body = ?, ts = ?, version = version + 1 "
                    "WHERE collection = ? AND name = ? AND version = ?",
                    (text, now, collection, name, version),
                )
            return done.rowcount == 1

    def drop_documents(self, collection: str, *, older_than_ms: int) -> int:
        with self._writing() as db:
            now, _ = self._now(db)
            return db.execute(
                "DELETE FROM documents WHERE collection = ? AND ts < ?", (collection, now - older_than_ms)
            ).rowcount

    def next_number(self, collection: str) -> int:
        with self._writing() as db:
            row = db.execute(
                "INSERT INTO meta VALUES (?, '1') ON CONFLICT (name) "
                "DO UPDATE SET value = CAST(value AS INTEGER) + 1 RETURNING value",
                (f"number:{collection}",),
            ).fetchone()
            return int(row[0])

    # ── keeping it small and sound ──

    def forget(self, *, actor: str | None = None, space: str | None = None, before: int | None = None) -> int:
        where, values = [], []
        for clause, value in (("actor = ?", actor), ("space = ?", space), ("ts < ?", before)):
            if value is not None:
                where.append(clause)
                values.append(value)
        if not where:
            return 0
        with self._writing() as db:
            rows = db.execute(f"SELECT seq FROM actions WHERE {' AND '.join(where)}", values).fetchall()
            self._delete(db, [seq for (seq,) in rows], thorough=True)
            if actor is not None:
                for table, name in (("sessions", "actor"), ("told", "actor"), ("told", "about"), ("touched", "addressee")):
                    db.execute(f"DELETE FROM {table} WHERE {name} = ?", (actor,))
            return len(rows)

    def prune(self, *, older_than_ms: int, max_bytes: int, batch: int = 500) -> int:
        with self._writing() as db:
            now, _ = self._now(db)
            rows = db.execute(
                "SELECT seq FROM actions WHERE ts < ? ORDER BY seq LIMIT ?", (now - older_than_ms, batch)
            ).fetchall()
            if not rows and self._bytes(db) > max_bytes:
                rows = db.execute("SELECT seq FROM actions ORDER BY seq LIMIT ?", (batch,)).fetchall()
            self._delete(db, [seq for (seq,) in rows], thorough=False)
            db.execute("DELETE FROM delivered WHERE ts < ?", (now - 86_400_000,))
            db.execute("DELETE FROM told WHERE ts < ?", (now - 86_400_000,))
            return len(rows)

    def _bytes(self, db: sqlite3.Connection) -> int:
        pages, free, size = (int(db.execute(f"PRAGMA {n}").fetchone()[0]) for n in ("page_count", "freelist_count", "page_size"))
        return (pages - free) * size

    def _delete(self, db: sqlite3.Connection, seqs: Sequence[int], *, thorough: bool) -> None:
        """Delete actions and what points to them. `thorough` also looks for marks that moved on to another schema."""
        for seq in seqs:
            row = db.execute(f"SELECT {_ACTION} FROM actions a WHERE a.seq = ?", (seq,)).fetchone()
            action = _action(row)
            self._unmark(db, action)
            who = (action.actor or "", action.agent or "")
            for stake in stakes_of(action.touches):
                db.execute(
                    "DELETE FROM stakes WHERE tree=? AND actor=? AND agent=? AND path=? AND seq=?",
                    (stake.tree, *who, stake.path, seq),
                )
            for table in ("actions", "intents", "touched"):
                if table != "touched" or thorough:
                    db.execute(f"DELETE FROM {table} WHERE seq = ?", (seq,))
            db.execute("DELETE FROM presence WHERE space IS ? AND actor = ? AND seq = ?", (action.space, who[0], seq))
        if seqs and not thorough:
            db.execute("DELETE FROM touched WHERE seq <= ?", (seqs[-1],))

    def check(self) -> list[str]:
        with self._reading() as db:
            rows = db.execute("PRAGMA quick_check(5)").fetchall()
            return [f"{self.path}: {text}" for (text,) in rows if text != "ok"]

    def dispose(self) -> None:
        with self._lock:
            for db in self._open:
                db.close()
            self._open = []
        self._local = threading.local()


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))


def one_of_family(before: Sequence[Sighting], me: Session | None) -> bool:
    """Was something found of another agent of the same session?"""
    return me is not None and any(one.action.actor == me.actor and one.action.agent != me.agent for one in before)


_SESSION_BODY = frozenset({"host", "machine", "space", "cwd", "tree", "branch", "pid", "pid_start", "boot"})


def _body(
    target: str | None, value: Any, reason: str | None, host: str | None, touches: Sequence[Touch],
    summary: str | None, area: str | None, expires: int | None,
) -> str:  # fmt: skip
    fields = {"t": target, "v": value, "r": reason, "h": host, "s": summary, "a": area, "x": expires}
    kept: dict[str, Any] = {name: one for name, one in fields.items() if one is not None}
    kept["k"] = [_short_touch(touch) for touch in touches]
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def _short_touch(touch: Touch) -> list[Any]:
    if touch.within is not None:
        return [touch.key, touch.effect, touch.value, touch.within]
    return [touch.key, touch.effect] if touch.value is None else [touch.key, touch.effect, touch.value]


def _action(row: Sequence[Any]) -> Action:
    seq, action_id, ts, kind, space, actor, agent, listed, text = row[:9]
    body = json.loads(text)
    return Action(
        seq, action_id, ts, kind, body.get("t"), body.get("v"), body.get("r"), actor or None, agent or None,
        body.get("h"), space, tuple(Touch(*touch) for touch in body["k"]), body.get("s"), body.get("a"),
        body.get("x"), bool(listed),
    )  # fmt: skip


def _sighting(row: Sequence[Any]) -> Sighting:
    return Sighting(_action(row[3:12]), row[0], row[1], row[2], row[12], row[13])


def _document(row: Sequence[Any]) -> Document:
    name, version, ts, text = row
    return Document(name, version, ts, json.loads(text))


def _session(row: Sequence[Any]) -> Session:
    actor, agent, first, last, ended, text = row
    return Session(actor, agent or None, first_seen=first, last_seen=last, ended=ended, **json.loads(text))
