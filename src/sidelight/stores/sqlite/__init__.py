"""The embedded default: one SQLite file in WAL mode, shared by any number of processes and threads.

`append` is one `BEGIN IMMEDIATE`: whoever holds it is alone, so of two actions on one key the later one finds the
earlier. The record is the table `actions`; `marks`, `plans` and `changes` are projections of it, kept in the same
transaction and rebuildable from it; the other tables remember who was seen and what was said. `file.py` is the file and
its transactions, `beginning.py` what a transaction starts from, `before.py` finds what came before, `rows.py` reads and
writes actions, `marks.py` the projections, `history.py` who touched a key, `documents.py` what lies beside the record,
`keeping.py` deletes, `writeback.py` keeps the log of changes short, `rescue.py` mends.

A hook is a fresh process on every tool call, and a write costs by the page it touches. Hence the shape of the tables:
an index only where a question needs it, small pages, no row written that says what another one says.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress

from sidelight.actions import Action, Notice, Session, Sighting, Told
from sidelight.records import TYPE_CHECKING, Any
from sidelight.stores import (
    MACHINE_CLOCK,
    Anchor,
    Appended,
    Clock,
    Document,
    Entry,
    Question,
    StoreDamaged,
    StoreError,
)
from sidelight.stores.projections import (
    ALIVE_MOST,
    ALIVE_MS,
    HERE,
    MET_MOST,
    OPEN_MOST,
    OPEN_SLACK,
    OPEN_UNKNOWN,
    PRESENT_MOST,
    SEEN_EVERY_MS,
    UNDONE,
    WORK,
    Found,
    exported,
    noted,
    parent_of,
    present,
    still_marking,
    taken,
    whole,
)
from sidelight.stores.sqlite.before import marks_before, told_before, work_before
from sidelight.stores.sqlite.beginning import Beginning, Beginnings
from sidelight.stores.sqlite.file import File
from sidelight.stores.sqlite.marks import drop_plans, project, rebuild, take_back
from sidelight.stores.sqlite.rows import (
    ACTION,
    LATE,
    PUT_ACTION,
    SESSION_BODY,
    Rows,
    action_of,
    as_json,
    place_of,
    put_meta,
    row_of,
    session_of,
)

if TYPE_CHECKING:
    from sidelight.stores.sqlite.rescue import Salvaged
    from sidelight.stores.sqlite.writeback import Writeback

BUSY_MS = 5000
NEVER = 1 << 62


def open(url: str, *, clock: Clock = MACHINE_CLOCK) -> SqliteStore:  # noqa: A001 - the engines' common name
    """Open the ledger file that `url` names (`sqlite:///abs/path` or a plain path), making it if it is missing."""
    path = url.removeprefix("sqlite://")
    if os.name == "nt" and path[:1] == "/" and path[2:3] == ":":
        path = path[1:]  # sqlite:///C:/ledger.db
    return SqliteStore(path, clock=clock)


def salvage(path: str) -> Salvaged:
    """Set a damaged ledger file aside and keep, in a new one, every action that can still be read."""
    from sidelight.stores.sqlite import rescue

    return rescue.salvage(path)


class SqliteStore:
    """A `Store` on one SQLite file. Safe to share between threads, and across a fork."""

    name = "sqlite"
    waits = False
    begin = "BEGIN IMMEDIATE"  # at once alone: who reads first and writes later can be overtaken in between

    def __init__(
        self, path: str, *, clock: Clock = MACHINE_CLOCK, busy_ms: int = BUSY_MS, writeback: Writeback | None = None
    ) -> None:
        self.path = path
        self._writeback = writeback
        self._clock = clock
        self._rows = Rows()
        self._beginnings = Beginnings(clock)
        self._seen: dict[tuple[str, str | None], tuple[Any, ...]] = {}  # what sessions said, and the row that says so
        self._file = File(path, busy_ms=busy_ms, begin=self.begin, on_close=self._clear)
        self._writing, self._reading = self._file.writing, self._file.reading
        try:
            with self._reading():
                pass
        except BaseException:
            self._file.close()  # nobody will have a store to dispose of
            raise

    def hasty(self, ms: int) -> SqliteStore:
        from sidelight.stores.sqlite.writeback import Writeback

        return type(self)(self.path, clock=self._clock, busy_ms=ms, writeback=Writeback(self.path))

    def stamp(self) -> object:
        return self._file.stamp()

    def _clear(self) -> None:
        self._rows.clear()
        self._seen.clear()
        self._beginnings.clear()

    def dispose(self) -> None:
        if self._writeback is not None:
            self._writeback.close()
        self._file.close()

    # ── the clock ──

    def now(self) -> int:
        with self._reading() as db:
            return self._beginnings.read(db).now

    def _started(self, db: sqlite3.Connection, me: Session | None = None) -> Beginning:
        """The beginning of what is written: from its time on time is counted."""
        start = self._beginnings.read(db, me)
        if start.anchor is not None:
            self._keep_anchor(db, start)
        return start

    def _keep_anchor(self, db: sqlite3.Connection, start: Beginning) -> None:
        """Keep where time stands, and the newest number: what says so is about to go, or is not there yet."""
        one = start.anchor or Anchor(self._clock.boot(), start.now, self._clock.ticks())
        put_meta(db, "clock", f"{one.boot} {one.ts} {one.ticks} {start.last}")

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
        if dry:
            with self._reading() as db:
                start = self._beginnings.read(db, me)
                return self._look(db, question, me, start, marks_before(db, question, me, start.bare))
        appended, start, changes = self._append(entries, question, me, key, ago_ms)
        if changes is not None:
            self._beginnings.keep(start, me, appended.added, changes)
        if self._writeback is not None:
            self._writeback.committed()
        return appended

    def _append(
        self, entries: Sequence[Entry], question: Question, me: Session | None, key: str | None, ago_ms: int | None
    ) -> tuple[Appended, Beginning, int | None]:
        """What was found and added; and, where nothing but that was written, how often this connection has written."""
        with self._writing() as db:
            start = self._started(db, me)
            again = self._again(db, key, question, me, start) if key is not None else None
            if again is not None:
                return again, start, None
            found = self._look(db, question, me, start, marks_before(db, question, me, start.bare))
            added = self._add(db, entries, start, ago_ms)
            if added and found.before:
                self._touch(db, added, found.before)
            is_plain = not self._close_overtaken(db, added, me, start)
            if key is not None:
                self._deliver(db, key, added, found)
            if ago_ms is not None:
                is_plain = False
                self._arrived_late(db, me, start, added)
            elif me is not None:
                is_plain = not self._see(db, me, start, added) and is_plain
            return found._replace(added=added), start, db.total_changes if is_plain else None

    def _look(
        self,
        db: sqlite3.Connection,
        question: Question,
        me: Session | None,
        start: Beginning,
        marks: Sequence[Found],
        floor: int = NEVER,
    ) -> Appended:
        """What was found, with all that is needed to judge it; of what came before `floor`."""
        here = self._present(db, question, me, start.now, floor) if question.space is not None else ()
        met = self._met(db, me) if start.announced and me is not None and me.actor else ()
        return Appended(
            added=(),
            before=self._rows.sightings(db, marks),
            work=work_before(db, self._rows, question.sweeps, marks, me, floor) if marks and question.sweeps else (),
            told=told_before(db, me) if marks or here or met else (),
            met=met,
            present=here,
            alive=self._alive(db, question.machine, start.now) if question.machine is not None else (),
            now=start.now,
        )

    def _met(self, db: sqlite3.Connection, me: Session) -> tuple[Notice, ...]:
        """What others did to the open intents of this session: rows left for it since, newest first."""
        rows = db.execute(
            "SELECT seq, agent, found FROM touched WHERE addressee = ?1 AND seq > (SELECT min(seq) FROM actions "
            "WHERE kind = 'intent' AND actor = ?1 AND outcome IS NULL) AND found LIKE '%\"plan\"%' "
            f"ORDER BY seq DESC LIMIT {MET_MOST}",
            (me.actor,),
        )
        return self._rows.notices(db, rows.fetchall())

    def _present(
        self, db: sqlite3.Connection, question: Question, me: Session | None, now: int, floor: int
    ) -> tuple[Action, ...]:
        """The newest listed action of each other session in the window, then more of theirs, at most 20 in all."""
        actor = me.actor if me is not None else ""
        newest = db.execute(
            f"SELECT seq FROM marks INDEXED BY marks_newest WHERE role = '{HERE}' AND key = ?1 AND seq < ?2 "
            f"AND (actor <> ?3 OR ?3 = '') ORDER BY seq DESC LIMIT {PRESENT_MOST}",
            (question.space, floor, actor),
        )
        more = db.execute(
            "SELECT seq FROM (SELECT seq, actor FROM actions INDEXED BY actions_listed WHERE listed = 1 AND space = ?1 "
            f"AND seq < ?2 ORDER BY seq DESC LIMIT {3 * PRESENT_MOST}) WHERE actor <> ?3 OR ?3 = ''",
            (question.space, floor, actor),
        )
        seqs = [seq for (seq,) in newest] + [seq for (seq,) in more]
        actions = self._rows.actions(db, dict.fromkeys(seqs))
        return present((actions[seq] for seq in seqs), actor or None, now - question.window_ms)

    def _alive(self, db: sqlite3.Connection, machine: str, now: int) -> tuple[Sighting, ...]:
        rows = db.execute(
            "SELECT (SELECT max(a.seq) FROM actions AS a WHERE a.seq >= s.seq AND a.actor = s.actor) "
            "FROM sessions AS s WHERE s.agent = '' AND s.ended IS NULL AND s.last_seen > ? AND s.machine = ? "
            f"AND s.seq > 0 ORDER BY s.last_seen DESC, s.actor LIMIT {ALIVE_MOST}",
            (now - ALIVE_MS, machine),
        ).fetchall()
        return self._rows.sightings(db, [Found("", WORK, "uses", "", "", seq) for (seq,) in rows if seq is not None])

    def _add(
        self, db: sqlite3.Connection, entries: Sequence[Entry], start: Beginning, ago_ms: int | None
    ) -> tuple[Action, ...]:
        late, then = ago_ms is not None, start.now - max(0, ago_ms or 0)
        added = tuple([taken(entry, start.last + place, then, late=late) for place, entry in enumerate(entries, 1)])
        for one in added:
            db.execute(PUT_ACTION, row_of(one))
        start.bare.left(project(db, added))
        return added

    def _arrived_late(
        self, db: sqlite3.Connection, me: Session | None, start: Beginning, added: Sequence[Action]
    ) -> None:
        """Its session is known of from now on, but was not seen now; and the newest action no longer says the time."""
        if me is not None and me.actor and start.row[0] is None:
            _put_session(db, me, added[-1].ts if added else start.now, added[-1].seq if added else 0)
        self._keep_anchor(db, start._replace(last=start.last + len(added)))

    def _close_overtaken(
        self, db: sqlite3.Connection, added: Sequence[Action], me: Session | None, start: Beginning
    ) -> bool:
        """A session that announces without end does not mean the oldest any longer. Was any closed?"""
        announcing = [one.actor or "" for one in added if one.kind == "intent"]
        mine = me.actor if me is not None else ""
        closed = False
        for actor in set(announcing):
            most = OPEN_MOST if actor else OPEN_UNKNOWN
            if actor == mine and start.announced + announcing.count(actor) <= most + OPEN_SLACK:
                continue
            rows = db.execute(
                "SELECT seq FROM actions WHERE kind = 'intent' AND actor = ? AND outcome IS NULL "
                f"ORDER BY seq DESC LIMIT {2 * most} OFFSET {most}",
                (actor,),
            ).fetchall()
            if len(rows) > OPEN_SLACK:
                self._settle(db, [seq for (seq,) in rows], "expired", start.now)
                closed = True
        return closed

    def _deliver(self, db: sqlite3.Connection, key: str, added: Sequence[Action], found: Appended) -> None:
        before = [[one.action.seq, one.key, one.role, one.effect] for one in found.before]
        db.execute(
            "INSERT INTO delivered (key, ts, first, count, found) VALUES (?,?,?,?,?)",
            (key, found.now, added[0].seq if added else 0, len(added), as_json(before)),
        )

    def _again(
        self, db: sqlite3.Connection, key: str, question: Question, me: Session | None, start: Beginning
    ) -> Appended | None:
        """What the first delivery of this request found and added; None if there was none."""
        row = db.execute("SELECT first, count, found FROM delivered WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        first, count, found = row
        before = json.loads(found)
        there = self._rows.there(db, [*range(first, first + count), *(seq for seq, *_ in before)])
        marks = [
            Found(on, role, effect, there[seq].actor or "", there[seq].agent or "", seq)
            for seq, on, role, effect in before
            if seq in there
        ]
        look = self._look(db, question, me, start, marks, first)
        added = tuple(there[seq] for seq in range(first, first + count) if seq in there)
        return look._replace(added=added, duplicate=True)

    def delivered(self, key: str) -> tuple[Action, ...]:
        with self._reading() as db:
            row = db.execute("SELECT first, count FROM delivered WHERE key = ?", (key,)).fetchone()
            first, count = row if row is not None else (0, 0)
            return tuple(self._rows.there(db, range(first, first + count)).values())

    # ── what was said ──

    def tell(self, actor: str | None, agent: str | None, rows: Sequence[Told]) -> None:
        if not rows:
            return
        with self._writing() as db:
            db.executemany(
                "INSERT OR REPLACE INTO told (actor, agent, about, resource, step, seq, ts) VALUES (?,?,?,?,?,?,?)",
                [(actor or "", agent or "", row.about, row.resource, row.step, row.seq, row.ts) for row in rows],
            )

    def _touch(self, db: sqlite3.Connection, added: Sequence[Action], before: Sequence[Sighting]) -> None:
        """Leave a row for every other session whose mark was found: what it is worth is decided when it is read."""
        first = added[0]
        db.executemany(
            "INSERT OR IGNORE INTO touched (addressee, seq, agent, ts, found) VALUES (?,?,?,?,?)",
            [
                (actor, first.seq, agent or "", first.ts, as_json([len(added), marks]))
                for (actor, agent), marks in noted(before, first.actor, first.agent).items()
            ],
        )

    def notices(self, actor: str, agent: str | None = None, *, limit: int = 50) -> list[Notice]:
        with self._reading() as db:
            rows = db.execute(
                "SELECT seq, agent, found FROM touched WHERE addressee = ?1 AND told IS NULL "
                "AND (?2 IS NULL OR agent = ?2) ORDER BY seq DESC LIMIT ?3",
                (actor, agent, limit),
            ).fetchall()
            return list(self._rows.notices(db, rows[::-1]))

    def met(self, after: int, *, limit: int = 500) -> list[Notice]:
        with self._reading() as db:
            rows = db.execute(
                "SELECT t.seq, t.agent, t.found FROM (SELECT DISTINCT actor FROM sessions) AS s "
                "CROSS JOIN touched AS t ON t.addressee = s.actor AND t.seq > ?1 "
                "ORDER BY t.seq, t.addressee, t.agent LIMIT ?2",
                (after, limit + 1),
            ).fetchall()
            return list(self._rows.notices(db, whole(rows, limit, lambda row: int(row[0])), undone=True))

    def take(self, actor: str, notices: Sequence[Notice]) -> None:
        if not notices:
            return
        with self._writing() as db:
            now = self._started(db).now
            db.executemany(
                "UPDATE touched SET told = ? WHERE addressee = ? AND seq = ? AND agent = ? AND told IS NULL",
                [(now, actor, one.seq, one.agent or "") for one in notices],
            )

    # ── sessions and intents ──

    def see(self, session: Session) -> None:
        with self._reading() as db:
            start = self._beginnings.read(db, session)
        if session.actor and self._is_news(session, start):
            with self._writing() as db:
                self._see(db, session, self._started(db, session), ())

    def _is_news(self, me: Session, start: Beginning) -> bool:
        """Written at most once a minute, and when the session has moved."""
        last, ended, *known = start.row
        due = last is None or ended is not None or start.now - last >= SEEN_EVERY_MS
        return due or self._seen.get((me.actor, me.agent)) != (me, *known)

    def _see(self, db: sqlite3.Connection, me: Session, start: Beginning, added: Sequence[Action]) -> bool:
        """Write that a session is there, if that is news. Was it?"""
        if not me.actor or not self._is_news(me, start):
            return False
        seq = added[-1].seq if added else 0
        row = _put_session(db, me, start.now, seq)
        if me.agent:  # who hears from a sub-agent hears from its session
            _put_session(db, parent_of(me), start.now, seq, only_new=True)
        if len(self._seen) > 1000:
            self._seen.clear()
        self._seen[me.actor, me.agent] = (me, *row)
        return True

    def end(self, actor: str, agent: str | None = None) -> int:
        with self._writing() as db:
            now = self._started(db).now
            where, values = "actor = ?1 AND (?2 IS NULL OR agent = ?2)", (actor, agent)
            rows = db.execute(
                f"SELECT seq FROM actions WHERE kind = 'intent' AND outcome IS NULL AND {where}", values
            ).fetchall()
            self._settle(db, [seq for (seq,) in rows], "ended", now)
            db.execute(f"UPDATE sessions SET ended = ?3 WHERE {where} AND ended IS NULL", (*values, now))
            return len(rows)

    def close(self, action_id: str, how: str = "finished") -> Action | None:
        with self._writing() as db:
            found = self._by_id(db, action_id)
            if found is None or found[0].kind != "intent" or found[1] is not None:
                return None
            self._settle(db, [found[0].seq], how, self._started(db).now)
            return found[0]

    def outcome(self, action_id: str, outcome: str) -> bool:
        with self._writing() as db:
            found = self._by_id(db, action_id)
            if found is None:
                return False
            action, before = found
            if before is None or (action.kind != "intent" and before not in UNDONE):
                self._settle(db, [action.seq], outcome, self._started(db).now)
            return True

    def _settle(self, db: sqlite3.Connection, seqs: Sequence[int], outcome: str, now: int) -> None:
        """Write down how actions ended. What failed did not happen, and an intent that is over announces nothing."""
        db.executemany(
            "UPDATE actions SET outcome = ?, outcome_ts = ? WHERE seq = ?", [(outcome, now, seq) for seq in seqs]
        )
        over = [one for one in self._rows.actions(db, seqs).values() if not still_marking(one, outcome)]
        drop_plans(db, over)
        for action in over:
            take_back(db, self._rows, action)

    def _by_id(self, db: sqlite3.Connection, action_id: str) -> tuple[Action, str | None] | None:
        row = db.execute(
            f"SELECT {ACTION}, a.outcome FROM actions AS a WHERE a.seq = ? AND a.id = ?",
            (place_of(action_id), action_id),
        ).fetchone()
        return (action_of(row), row[-1]) if row is not None else None

    # ── reading ──

    def recent(self, *, space: str | None, limit: int, since: int, quiet: bool = False) -> list[Action]:
        where = ("" if quiet else "a.listed = 1 AND ") + ("" if space is None else "a.space = ?2 AND ")
        wanted: list[int] = []
        with self._reading() as db:
            floor = 0
            if quiet or space is None:  # no index leads to these rows: read no further back than needed
                row = db.execute(
                    f"SELECT a.seq FROM actions AS a WHERE a.ts < ? AND NOT {LATE} ORDER BY a.seq DESC LIMIT 1",
                    (since,),
                ).fetchone()
                floor = row[0] if row is not None else 0
            rows = db.execute(
                f"SELECT a.seq, a.ts, {LATE} FROM actions AS a WHERE {where}a.seq > ?3 ORDER BY a.seq DESC",
                (limit, space, floor),
            )
            for seq, ts, late in rows:
                if len(wanted) == limit or (ts < since and not late):
                    break
                if ts >= since:
                    wanted.append(seq)
            return list(self._rows.actions(db, wanted).values())

    def follow(self, after: int, limit: int = 500) -> list[Action]:
        with self._reading() as db:
            rows = db.execute(
                f"SELECT {ACTION} FROM actions AS a WHERE a.seq > ? ORDER BY a.seq LIMIT ?", (after, limit)
            )
            return [action_of(row) for row in rows]

    def listen(self, wake: Callable[[], None]) -> None:
        """Looking is cheap here."""

    def find(self, action_id: str) -> Action | None:
        with self._reading() as db:
            found = self._by_id(db, action_id)
        return found[0] if found is not None else None

    def history(self, key: str, *, limit: int = 50) -> list[Action]:
        from sidelight.stores.sqlite import history

        with self._reading() as db:
            more = history.behind(db) > history.TAIL
        while more:
            try:
                with self._writing() as db:
                    more = history.catch_up(db)
            except StoreError:  # a ledger that may not be written to is asked as it is
                break
        with self._reading() as db:
            return history.of(db, key, limit)

    def intents(self, *, space: str | None = None, actor: str | None = None) -> list[tuple[Action, str | None]]:
        with self._reading() as db:
            rows = db.execute(
                f"SELECT {ACTION}, a.outcome FROM actions AS a WHERE a.kind = 'intent' "
                "AND (?1 IS NULL OR a.space = ?1) AND (?2 IS NULL OR a.actor = ?2) ORDER BY a.seq DESC LIMIT 500",
                (space, actor),
            )
            return [(action_of(row), row[-1]) for row in rows]

    def sessions(self, *, space: str | None = None) -> list[Session]:
        with self._reading() as db:
            rows = db.execute(
                "SELECT actor, agent, first_seen, last_seen, ended, space, machine, body FROM sessions "
                "WHERE ?1 IS NULL OR space = ?1 ORDER BY last_seen DESC, actor, agent LIMIT 1000",
                (space,),
            )
            return [session_of(row) for row in rows]

    def state_of(self, ids: Sequence[str]) -> dict[str, str]:
        return {one: outcome for one, outcome, _ in self._outcomes(ids)}

    def ended_at(self, ids: Sequence[str]) -> dict[str, int]:
        return {one: ts for one, _, ts in self._outcomes(ids)}

    def _outcomes(self, ids: Sequence[str]) -> list[tuple[str, str, int]]:
        with self._reading() as db:
            rows = db.execute(
                "SELECT a.id, a.outcome, a.outcome_ts FROM json_each(?) AS w CROSS JOIN actions AS a "
                "ON a.seq = w.value WHERE a.outcome IS NOT NULL",
                (as_json([place_of(one) for one in ids]),),
            ).fetchall()
        wanted = set(ids)
        return [row for row in rows if row[0] in wanted]

    def export(self) -> Iterator[Mapping[str, Any]]:
        return exported(self.follow)

    def last_seq(self) -> int:
        with self._reading() as db:
            return int(db.execute("SELECT ifnull(max(seq), 0) FROM actions").fetchone()[0])

    # ── documents ──

    def document(self, collection: str, name: str) -> Document | None:
        from sidelight.stores.sqlite import documents

        with self._reading() as db:
            return documents.one(db, collection, name)

    def documents(self, collection: str, *, limit: int = 1000) -> list[Document]:
        from sidelight.stores.sqlite import documents

        with self._reading() as db:
            return documents.newest(db, collection, limit)

    def put_document(self, collection: str, name: str, body: Mapping[str, Any], *, version: int) -> bool:
        from sidelight.stores.sqlite import documents

        with self._writing() as db:
            return documents.put(db, self._started(db).now, collection, name, body, version)

    def drop_documents(self, collection: str, *, older_than_ms: int) -> int:
        from sidelight.stores.sqlite import documents

        with self._writing() as db:
            return documents.drop(db, collection, self._started(db).now - older_than_ms)

    def next_number(self, collection: str) -> int:
        from sidelight.stores.sqlite import documents

        with self._writing() as db:
            return documents.next_number(db, collection)

    # ── keeping it small and sound ──

    def rebuild(self) -> None:
        with self._writing() as db:
            rebuild(db)

    def forget(self, *, actor: str | None = None, space: str | None = None, before: int | None = None) -> int:
        from sidelight.stores.sqlite import keeping

        if actor is None and space is None and before is None:
            return 0
        with self._writing() as db:
            db.execute("PRAGMA secure_delete = ON")  # for good: what is deleted is overwritten
            self._keep_anchor(db, self._beginnings.read(db))
            many = keeping.forget(db, actor, space, before)
            self._rows.clear()
        with self._file.alone() as idle, suppress(sqlite3.Error):
            if idle is not None:  # the log of changes holds it too, until it is written back
                idle.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                idle.execute("PRAGMA secure_delete = OFF")
        return many

    def prune(self, *, older_than_ms: int, max_bytes: int, batch: int = 500) -> int:
        from sidelight.stores.sqlite import keeping

        with self._writing() as db:
            start = self._started(db)
            large = keeping.size(db) > max_bytes
            old = keeping.oldest(db, keeping.NEVER if large else start.now - older_than_ms, batch)
            if old and old[-1].seq == start.last:
                self._keep_anchor(db, start)
            if old:
                keeping.delete(db, old)
                self._rows.clear()
                db.execute("DELETE FROM touched WHERE seq <= ?", (old[-1].seq,))
                if large:  # else they went after a day
                    db.execute("DELETE FROM delivered WHERE first <= ?", (old[-1].seq,))
            if keeping.is_due(db, start.now):
                self._settle(db, keeping.over(db, start.now), "expired", start.now)
                keeping.drop_old(db, start.now, start.now - older_than_ms)
            return len(old)

    def check(self) -> list[str]:
        try:
            with self._reading() as db:
                rows = db.execute("PRAGMA quick_check(5)").fetchall()
        except StoreDamaged as error:
            return [str(error)]
        return [f"{self.path}: {text}" for (text,) in rows if text != "ok"]


# ── what is known beside the record ───────────────────────────────────────────────────────────────────────────────


def _put_session(
    db: sqlite3.Connection, me: Session, now: int, seq: int, *, only_new: bool = False
) -> tuple[str | None, str | None, str]:
    """Write that a session is there, with what it says of itself (`only_new`: if nothing is known yet).

    Returns what is then known of it: space, machine and the rest.
    """
    row = db.execute(
        "SELECT last_seen, ended, space, machine, body FROM sessions WHERE actor = ? AND agent = ?",
        (me.actor, me.agent or ""),
    ).fetchone()
    if row is not None and only_new:
        me = Session(me.actor, me.agent)
    last, ended, space, machine, body = row or (0, None, None, None, "{}")
    news = {name: value for name, value in me._asdict().items() if name in SESSION_BODY and value is not None}
    after = me.space or space, me.machine or machine, as_json({**json.loads(body), **news})
    if row is not None and ended is None and now - last < SEEN_EVERY_MS and after == (space, machine, body):
        return after
    db.execute(
        "INSERT INTO sessions (actor, agent, first_seen, last_seen, seq, space, machine, body) "
        "VALUES (?,?,?,?,?,?,?,?) ON CONFLICT (actor, agent) "
        "DO UPDATE SET last_seen = excluded.last_seen, ended = NULL, seq = max(seq, excluded.seq), "
        "space = excluded.space, machine = excluded.machine, body = excluded.body",
        (me.actor, me.agent or "", now, now, seq, *after),
    )
    return after
