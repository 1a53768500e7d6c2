"""The store in this process's memory: what a store means, in lists and dictionaries. For what need not last.

The record is a dictionary in its order. Everything else follows from it as actions come in (`_project`), or remembers
who was seen and what was said. The lock around every method is its transaction.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from sidelight.actions import COMMITS, EDITS, FILES_COUNTED, REPLACES, Action, Notice, Session, Sighting, Told, Work
from sidelight.records import Any
from sidelight.stores import MACHINE_CLOCK, Anchor, Appended, Clock, Document, Entry, Question, anchor
from sidelight.stores.projections import (
    ALIVE_MOST,
    ALIVE_MS,
    CHANGES_READ,
    DAY_MS,
    FILES_SHOWN,
    HARM,
    INSIDE,
    MET_MOST,
    OPEN_MOST,
    OPEN_SLACK,
    OPEN_UNKNOWN,
    PLAN,
    SEEN_EVERY_MS,
    SETTLING,
    TENDED_EVERY_MS,
    UNDONE,
    WORK,
    Found,
    Probe,
    at_work,
    exported,
    interior,
    marks_of,
    nearest,
    noted,
    parent_of,
    present,
    still_marking,
    taken,
    whole,
)

Who = tuple[str, str]  # a session and its sub-agent, '' for none
Note = tuple[int, list[list[Any]]]  # how many actions a request added, and the marks it met


def open(url: str, *, clock: Clock = MACHINE_CLOCK) -> MemoryStore:  # noqa: A001 - the engines' common name
    """A new, empty store: nobody else can open the same one."""
    del url
    return MemoryStore(clock=clock)


class MemoryStore:
    """A `Store` that ends with the process."""

    name = "memory"
    waits = False

    def __init__(self, *, clock: Clock = MACHINE_CLOCK) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._anchor: Anchor | None = None
        self._last = 0  # the newest number there ever was
        self._record: dict[int, Action] = {}
        self._outcomes: dict[int, str] = {}
        self._outcome_ts: dict[int, int] = {}
        # (role, key) → (actor, agent, effect, slot) → the numbers of the actions that left this mark, in order
        self._marks: dict[tuple[str, str], dict[tuple[str, str, str, str], list[int]]] = {}
        self._sessions: dict[Who, Session] = {}
        self._told: dict[tuple[Who, str, str, str], Told] = {}
        self._touched: dict[tuple[str, int, str], Note] = {}  # (addressee, number of the later action, sub-agent)
        self._taken: dict[tuple[str, int, str], int] = {}  # when it was told
        self._delivered: dict[str, tuple[int, int, Note]] = {}  # when, the first number, what was found
        self._tended: int | None = None
        self._documents: dict[tuple[str, str], Document] = {}
        self._numbers: dict[str, int] = {}

    # ── the clock ──

    def now(self) -> int:
        with self._lock:
            reading = self._anchor.reading(self._clock) if self._anchor is not None else None
            if reading is not None:
                return reading
            known = [one.ts for one in self._record.values()] + [one.last_seen for one in self._sessions.values()]
            if self._anchor is not None:
                known.append(self._anchor.ts)
            return anchor(self._clock, max(known, default=0)).ts

    def _settled_now(self) -> int:
        """The time of something that is written down: from then on it is counted from here."""
        now = self.now()
        if self._anchor is None or self._anchor.reading(self._clock) is None:
            self._anchor = anchor(self._clock, now)
        return now

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
        with self._lock:
            if dry:
                return self._look(question, me, self._found(question, me))
            if key is not None and key in self._delivered:
                return self._again(key, question, me)
            now = self._settled_now()
            found = self._look(question, me, self._found(question, me))
            late, then = ago_ms is not None, now - max(0, ago_ms or 0)
            if late:  # the newest action no longer says the time
                self._anchor = Anchor(self._clock.boot(), now, self._clock.ticks())
            added = tuple(taken(entry, self._last + place, then, late=late) for place, entry in enumerate(entries, 1))
            for one in added:
                self._last = one.seq
                self._record[one.seq] = one
                self._project(one)
            if added:
                self._touch(added, found.before)
                self._close_overtaken(added)
            if key is not None:
                self._delivered[key] = (now, added[0].seq if added else 0, _note(added, found.before))
            if late and me is not None and me.actor:
                self._sessions.setdefault(_who(me), me._replace(first_seen=then, last_seen=then, ended=None))
            elif me is not None:
                self._see(me, now)
            return found._replace(added=added)

    def _project(self, action: Action) -> None:
        who = _who(action)
        for key, role, effect, slot in marks_of(action.touches):
            mark = (*who, effect, str(action.seq) if role == PLAN else slot)  # an intent never collapses (O4)
            self._marks.setdefault((role, key), {}).setdefault(mark, []).append(action.seq)

    def _unproject(self, action: Action) -> None:
        who = _who(action)
        for key, role, effect, slot in marks_of(action.touches):
            here = self._marks.get((role, key), {})
            mark = (*who, effect, str(action.seq) if role == PLAN else slot)
            if action.seq in here.get(mark, ()):
                here[mark].remove(action.seq)
                if not here[mark]:
                    del here[mark]

    def _close_overtaken(self, added: Sequence[Action]) -> None:
        """A session that announces without end does not mean the oldest any longer."""
        for actor in {one.actor for one in added if one.kind == "intent"}:
            mine = [one for one in self._newest_first() if one.kind == "intent" and one.actor == actor]
            still = [one for one in mine if one.seq not in self._outcomes]
            most = OPEN_MOST if actor else OPEN_UNKNOWN
            if len(still) > most + OPEN_SLACK:
                for one in still[most:]:
                    self._settle(one, "expired")

    def _look(self, question: Question, me: Session | None, marks: Sequence[Found], floor: int = 1 << 62) -> Appended:
        now = self.now()
        return Appended(
            added=(),
            before=tuple(self._sighting(self._record[one.seq], one.key, one.role, one.effect) for one in marks),
            work=self._work(question.sweeps, marks, me, floor),
            told=tuple(one for (who, *_), one in self._told.items() if me is not None and who == _who(me)),
            met=self._met(me) if me is not None else (),
            present=self._present(question, me, now, floor),
            alive=self._alive(question.machine, now) if question.machine is not None else (),
            now=now,
        )

    def _again(self, key: str, question: Question, me: Session | None) -> Appended:
        """What the first delivery of this request found and added."""
        _, first, (count, before) = self._delivered[key]
        numbers = [one for one in range(first, first + count) if self._happened(one)]
        marks = [
            Found(on, role, effect, *_who(self._record[seq]), seq)
            for seq, on, role, effect in before
            if self._happened(seq)
        ]
        found = self._look(question, me, marks, first)
        return found._replace(added=tuple(self._record[one] for one in numbers), duplicate=True)

    def delivered(self, key: str) -> tuple[Action, ...]:
        with self._lock:
            _, first, (count, _) = self._delivered.get(key, (0, 0, (0, ())))
            return tuple(self._record[one] for one in range(first, first + count) if one in self._record)

    # ── what came before ──

    def _found(self, question: Question, me: Session | None) -> list[Found]:
        """The marks of others that a question meets, and what they and I last did to the same resources."""
        mine = _who(me) if me is not None and me.actor else None
        found = [
            one for probe in question.probes for one in nearest(mark for mark in self._at(probe) if mark[3:5] != mine)
        ]
        acted = {one.actor for one in found if one.role != PLAN}
        if acted:  # so that nothing is judged by half
            who = acted | ({mine[0]} if mine is not None else set())
            near = [self._at(Probe(key, role)) for key in question.stakes for role in (WORK, HARM, PLAN)]
            found += [one for marks in near for one in marks if one.actor in who]
        return list(dict.fromkeys(found))

    def _at(self, probe: Probe) -> list[Found]:
        """The newest of each mark that a probe asks for."""
        bounds = interior(probe.key)
        if bounds is None:
            here = self._marks.get((probe.role, probe.key), {})
            return [Found(*probe, effect, actor, agent, seqs[-1]) for (actor, agent, effect, _), seqs in here.items()]
        newest: dict[tuple[str, str, str, str], int] = {}
        for (role, key), marks in self._marks.items():
            if role == probe.role and bounds[0] < key < bounds[1]:
                for mark, seqs in marks.items():
                    newest[mark] = max(seqs[-1], newest.get(mark, 0))
        return [Found(*probe, effect, actor, agent, seq) for (actor, agent, effect, _), seq in newest.items()]

    def _sighting(self, action: Action, key: str, role: str, effect: str) -> Sighting:
        owner = self._sessions.get((action.actor or "", ""))
        seen, ended = (owner.last_seen, owner.ended) if owner is not None else (None, None)
        return Sighting(action, key, role, effect, seen, ended)

    def _happened(self, seq: int) -> bool:
        return seq in self._record and self._outcomes.get(seq) not in UNDONE

    def _work(self, sweeps: Sequence[str], marks: Sequence[Found], me: Session | None, floor: int) -> tuple[Work, ...]:
        actor, agent = (me.actor, me.agent) if me is not None else (None, None)
        found = [self._work_of(key, one, floor) for key in sweeps for one in at_work(marks, key, actor, agent)]
        return tuple(one for one in found if one is not None)

    def _work_of(self, key: str, last: Found, floor: int) -> Work | None:
        """The files inside `key` that the session of this mark has changed and not committed, the newest first."""
        bounds = interior(key + INSIDE)
        files: dict[str, int] = {}
        for seq in sorted(self._record, reverse=True):
            action = self._record[seq]
            if seq >= floor or _who(action) != (last.actor, last.agent) or not self._happened(seq):
                continue
            for touch in action.touches:
                inside = touch.within == key if bounds is None else bounds[0] < touch.key < bounds[1]
                if inside and touch.within and touch.effect in (EDITS, REPLACES) and touch.key not in files:
                    settled = (
                        self._committed(touch.within, last, SETTLING),
                        self._committed(touch.key, last, (COMMITS,)),
                    )
                    if seq > max(settled):
                        files[touch.key] = seq
            if len(files) >= CHANGES_READ:
                break
        if not files:
            return None
        shown = sorted(files.items(), key=lambda one: (-one[1], one[0]))[:FILES_SHOWN]
        newest = tuple((path, seq, self._record[seq].ts) for path, seq in shown)
        return Work(key, last.actor or None, last.agent or None, min(len(files), FILES_COUNTED), newest)

    def _committed(self, key: str, who: Found, effects: tuple[str, ...]) -> int:
        """When a session last committed a file or a tree."""
        here = self._marks.get((WORK, key), {})
        return max((seqs[-1] for m, seqs in here.items() if m[:2] == who[3:5] and m[2].startswith(effects)), default=0)

    def _met(self, me: Session) -> tuple[Notice, ...]:
        """What others did to the open intents of this session."""
        if not any(closed is None for _, closed in self.intents(actor=me.actor)):
            return ()
        rows = [
            key for key, (_, marks) in self._touched.items() if key[0] == me.actor and any(m[2] == PLAN for m in marks)
        ]
        return tuple(self._notice(key) for key in sorted(rows, key=lambda key: -key[1])[:MET_MOST])

    def _present(self, question: Question, me: Session | None, now: int, floor: int) -> tuple[Action, ...]:
        """The newest listed action of each other session in the window, then more of theirs."""
        if question.space is None:
            return ()
        here = [one for one in self._newest_first() if one.listed and one.space == question.space and one.seq < floor]
        first: dict[str | None, Action] = {}
        for one in here:
            first.setdefault(one.actor, one)
        actor = me.actor if me is not None else None
        return present([*first.values(), *here], actor, now - question.window_ms)

    def _newest_first(self) -> list[Action]:
        return [self._record[seq] for seq in sorted(self._record, reverse=True)]

    def _alive(self, machine: str, now: int) -> tuple[Sighting, ...]:
        found = []
        for one in self.sessions():
            if one.agent is None and one.ended is None and one.machine == machine and one.last_seen > now - ALIVE_MS:
                last = next((action for action in self._newest_first() if action.actor == one.actor), None)
                if last is not None:
                    found.append(self._sighting(last, "", WORK, "uses"))
        return tuple(found[:ALIVE_MOST])

    # ── what was said ──

    def tell(self, actor: str | None, agent: str | None, rows: Sequence[Told]) -> None:
        with self._lock:
            for row in rows:
                self._told[(actor or "", agent or ""), row.about, row.resource, row.step] = row

    def _touch(self, added: Sequence[Action], before: Sequence[Sighting]) -> None:
        for (actor, agent), marks in noted(before, added[0].actor, added[0].agent).items():
            self._touched[actor, added[0].seq, agent or ""] = (len(added), marks)

    def _notice(self, key: tuple[str, int, str], *, whole: bool = False) -> Notice:
        _, seq, agent = key
        count, marks = self._touched[key]
        there = self._record.__contains__ if whole else self._happened
        later = tuple(self._record[one] for one in range(seq, seq + count) if there(one))
        earlier = tuple(
            self._sighting(self._record[about], on, role, effect) for about, on, role, effect in marks if there(about)
        )
        return Notice(seq, agent or None, later, earlier)

    def notices(self, actor: str, agent: str | None = None, *, limit: int = 50) -> list[Notice]:
        with self._lock:
            keys = sorted(
                key for key in self._touched if key[0] == actor and agent in (None, key[2]) and key not in self._taken
            )
            return [self._notice(key) for key in keys[-limit:]]

    def met(self, after: int, *, limit: int = 500) -> list[Notice]:
        with self._lock:
            keys = sorted((key for key in self._touched if key[1] > after), key=lambda key: (key[1], key[0], key[2]))
            return [self._notice(key, whole=True) for key in whole(keys, limit, lambda key: key[1])]

    def take(self, actor: str, notices: Sequence[Notice]) -> None:
        with self._lock:
            now = self._settled_now()
            for one in notices:
                self._taken.setdefault((actor, one.seq, one.agent or ""), now)

    # ── sessions and intents ──

    def see(self, session: Session) -> None:
        with self._lock:
            self._see(session, self._settled_now())

    def _see(self, me: Session, now: int) -> None:
        if not me.actor:
            return
        news = {name: value for name, value in me._asdict().items() if value is not None and name not in _KEPT}
        known = self._sessions.get(_who(me))
        fresh = known is not None and known.ended is None and now - known.last_seen < SEEN_EVERY_MS
        if known is not None and fresh and known._replace(**news) == known:
            return
        known = known or me._replace(first_seen=now)
        self._sessions[_who(me)] = known._replace(**news, last_seen=now, ended=None)
        if me.agent:  # who hears from a sub-agent hears from its session
            self._see(Session(me.actor) if (me.actor, "") in self._sessions else parent_of(me), now)

    def end(self, actor: str, agent: str | None = None) -> int:
        with self._lock:
            now = self._settled_now()
            mine = [
                one
                for one, closed in self.intents(actor=actor)
                if closed is None and (agent is None or agent == one.agent)
            ]
            for one in mine:
                self._settle(one, "ended")
            for who, session in self._sessions.items():
                if who[0] == actor and agent in (None, session.agent) and session.ended is None:
                    self._sessions[who] = session._replace(ended=now)
            return len(mine)

    def close(self, action_id: str, how: str = "finished") -> Action | None:
        with self._lock:
            action = self.find(action_id)
            if action is None or action.kind != "intent" or action.seq in self._outcomes:
                return None
            self._settle(action, how)
            return action

    def outcome(self, action_id: str, outcome: str) -> bool:
        with self._lock:
            action = self.find(action_id)
            if action is None:
                return False
            before = self._outcomes.get(action.seq)
            if before is None or (action.kind != "intent" and before not in UNDONE):
                self._settle(action, outcome)
            return True

    def _settle(self, action: Action, outcome: str) -> None:
        """Write down how an action ended. What failed did not happen, and an intent that is over announces nothing."""
        self._outcomes[action.seq] = outcome
        self._outcome_ts[action.seq] = self.now()
        if not still_marking(action, outcome):
            self._unproject(action)

    # ── reading ──

    def recent(self, *, space: str | None, limit: int, since: int, quiet: bool = False) -> list[Action]:
        with self._lock:
            found = [
                one
                for one in self._newest_first()
                if one.ts >= since and (quiet or one.listed) and space in (None, one.space)
            ]
            return found[:limit]

    def follow(self, after: int, limit: int = 500) -> list[Action]:
        with self._lock:
            return [one for seq, one in sorted(self._record.items()) if seq > after][:limit]

    def listen(self, wake: Callable[[], None]) -> None:
        """Looking is cheap here."""

    def find(self, action_id: str) -> Action | None:
        with self._lock:
            return next((one for one in self._record.values() if one.id == action_id), None)

    def history(self, key: str, *, limit: int = 50) -> list[Action]:
        with self._lock:
            found = [one for one in self._newest_first() if any(target.startswith(key) for target in one.targets)]
            return found[:limit]

    def intents(self, *, space: str | None = None, actor: str | None = None) -> list[tuple[Action, str | None]]:
        with self._lock:
            return [
                (one, self._outcomes.get(one.seq))
                for one in self._newest_first()
                if one.kind == "intent" and space in (None, one.space) and actor in (None, one.actor)
            ][:500]

    def sessions(self, *, space: str | None = None) -> list[Session]:
        with self._lock:
            found = [one for one in self._sessions.values() if space in (None, one.space)]
            return sorted(found, key=lambda one: (-one.last_seen, one.actor, one.agent or ""))[:1000]

    def state_of(self, ids: Sequence[str]) -> dict[str, str]:
        with self._lock:
            found = {self._record[seq].id: outcome for seq, outcome in self._outcomes.items()}
            return {one: found[one] for one in ids if one in found}

    def ended_at(self, ids: Sequence[str]) -> dict[str, int]:
        with self._lock:
            found = {self._record[seq].id: ts for seq, ts in self._outcome_ts.items()}
            return {one: found[one] for one in ids if one in found}

    def export(self) -> Iterator[Mapping[str, Any]]:
        return exported(self.follow)

    def last_seq(self) -> int:
        with self._lock:
            return max(self._record, default=0)

    # ── documents ──

    def document(self, collection: str, name: str) -> Document | None:
        with self._lock:
            return copy.deepcopy(self._documents.get((collection, name)))

    def documents(self, collection: str, *, limit: int = 1000) -> list[Document]:
        with self._lock:
            found = [one for (where, _), one in self._documents.items() if where == collection]
            return copy.deepcopy(found[::-1][:limit])

    def put_document(self, collection: str, name: str, body: Mapping[str, Any], *, version: int) -> bool:
        with self._lock:
            known = self._documents.get((collection, name))
            if (known.version if known is not None else 0) != version:
                return False
            self._documents[collection, name] = Document(
                name, version + 1, self._settled_now(), copy.deepcopy(dict(body))
            )
            return True

    def drop_documents(self, collection: str, *, older_than_ms: int) -> int:
        with self._lock:
            limit = self.now() - older_than_ms
            old = [key for key, one in self._documents.items() if key[0] == collection and one.ts < limit]
            for key in old:
                del self._documents[key]
            return len(old)

    def next_number(self, collection: str) -> int:
        with self._lock:
            self._numbers[collection] = self._numbers.get(collection, 0) + 1
            return self._numbers[collection]

    # ── keeping it small and sound ──

    def rebuild(self) -> None:
        with self._lock:
            self._marks = {}
            for seq, one in sorted(self._record.items()):
                if still_marking(one, self._outcomes.get(seq)):
                    self._project(one)

    def forget(self, *, actor: str | None = None, space: str | None = None, before: int | None = None) -> int:
        with self._lock:
            if actor is None and space is None and before is None:
                return 0
            self._settled_now()
            gone = [
                one
                for one in self._record.values()
                if actor in (None, one.actor) and space in (None, one.space) and (before is None or one.ts < before)
            ]
            self._delete(gone)
            seqs = {one.seq for one in gone}
            self._told = {key: one for key, one in self._told.items() if one.seq not in seqs}
            if actor is not None:
                self._sessions = {who: one for who, one in self._sessions.items() if who[0] != actor}
                self._told = {key: one for key, one in self._told.items() if actor not in (key[0][0], key[1])}
                self._touched = {key: one for key, one in self._touched.items() if key[0] != actor}
            return len(gone)

    def prune(self, *, older_than_ms: int, max_bytes: int, batch: int = 500) -> int:
        del max_bytes  # memory is not measured
        with self._lock:
            now = self._settled_now()
            old = [one for one in self.follow(0, batch) if one.ts < now - older_than_ms]
            self._delete(old)
            if self._tended is None or now - self._tended >= TENDED_EVERY_MS:
                self._tended = now
                self._tend(now - DAY_MS, now - older_than_ms)
            return len(old)

    def _tend(self, day: int, old: int) -> None:
        """Close intents that are over, and drop what was said and seen too long ago to matter."""
        for one, closed in self.intents():
            if closed is None and self._is_over(one, day + DAY_MS):
                self._settle(one, "expired")
        self._delivered = {key: one for key, one in self._delivered.items() if one[0] >= day}
        self._told = {key: one for key, one in self._told.items() if one.ts >= day}
        self._touched = {key: one for key, one in self._touched.items() if self._taken.get(key, old) >= old}
        self._sessions = {who: one for who, one in self._sessions.items() if one.last_seen >= old}

    def _is_over(self, intent: Action, now: int) -> bool:
        if intent.expires is not None:
            return intent.expires <= now
        owner = self._sessions.get((intent.actor or "", ""))
        return max(intent.ts, owner.last_seen if owner is not None else 0) <= now - DAY_MS

    def _delete(self, actions: Iterable[Action]) -> None:
        for one in actions:
            self._unproject(one)
            self._outcomes.pop(one.seq, None)
            self._outcome_ts.pop(one.seq, None)
            del self._record[one.seq]
            self._touched = {key: note for key, note in self._touched.items() if key[1] != one.seq}

    def check(self) -> list[str]:
        return []

    def hasty(self, ms: int) -> MemoryStore:
        del ms  # nobody holds it for long
        return self

    def dispose(self) -> None:
        """Nothing is held open, and what is in memory stays for whoever still has this store."""


#: What of a session is not a fact about it that it can bring along.
_KEPT = frozenset({"actor", "agent", "first_seen", "last_seen", "ended"})


def _who(one: Action | Session) -> Who:
    return one.actor or "", one.agent or ""


def _note(added: Sequence[Action], before: Sequence[Sighting]) -> Note:
    return len(added), [[one.action.seq, one.key, one.role, one.effect] for one in before]
