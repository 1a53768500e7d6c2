"""The ledger: announce, record, finish, look. The one place where an action becomes a record and a warning.

    with Ledger.open() as ledger:
        receipt = ledger.announce("building the fix for the redrive flood", actor="session-a", area="monitoring")
        if receipt.warning:
            print(receipt.warning)

A ledger never raises into its caller's work: whatever fails is on the receipt (`recorded` False, `error`), in
`logs/errors.log` of its home, and in `sidelight doctor`. It never blocks anybody and never changes what it watches.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence

from sidelight import audit, space
from sidelight.actions import Action, Draft, Notice, Session
from sidelight.advisory import Case, situation, told_rows
from sidelight.advisory.situation import Going
from sidelight.config import DEFAULT_LIMIT, Config, check_limit, check_window, load
from sidelight.facts import Facts
from sidelight.ledger import keeping
from sidelight.ledger.drafts import (
    ACTIVITY_MOST,
    ACTOR_MOST,
    AREA_MOST,
    TARGETS_MOST,
    InvalidDraftError,
    ready,
    signed,
)
from sidelight.ledger.ground import Ground
from sidelight.ledger.notices import NoticeView, notice_lines, notice_text, view
from sidelight.ledger.opening import Place, find
from sidelight.ledger.questions import around, question
from sidelight.ledger.receipts import MUTED, Asked, Concurrent, Receipt, audit_line, judged, present_step, told_present
from sidelight.ledger.states import SILENT_MS, Presence, intent_state, session_state
from sidelight.records import TYPE_CHECKING, Self, cast
from sidelight.redact import line
from sidelight.stores import Clock, Store, StoreBusy, StoreError, open_store
from sidelight.stores.guarded import Spooled, guarded
from sidelight.targets import named
from sidelight.targets import tree as tree_key

if TYPE_CHECKING:  # only an agent home has one
    from sidelight.ledger.beside import Beside


class Ledger:
    """One ledger, open. Safe to share between threads; processes share it through its store."""

    def __init__(
        self,
        store: Store,
        home: str | None = None,
        *,
        facts: Facts | None = None,
        space_name: str | None = None,
        personal: str | None = None,
    ) -> None:
        self.store = store
        self.home = home
        self._ground = Ground(facts, space_name)
        self._personal = personal
        self._config: tuple[list[_Stamp], Config] | None = None
        self._config_files = [f"{one}/config.json" for one in (home, personal) if one is not None]
        self._is_hasty = False
        self._beside: Beside | None = None

    # ── opening ──

    @classmethod
    def open(
        cls,
        home_or_url: str | os.PathLike[str] | None = None,
        *,
        facts: Facts | None = None,
        clock: Clock | None = None,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        store: str | None = None,
        opener: Callable[[Place], Store] | None = None,
    ) -> Ledger:
        """Open a ledger, making what is missing (private: directories 0700, files 0600).

        `home_or_url` is a home directory, a store's URL (`sqlite:///…`, `postgresql://…`, `https://…`, `memory:`), or
        None for the user's own ledger: its home is `SIDELIGHT_HOME`, else the platform's state directory, its store
        `SIDELIGHT_SERVER` or `SIDELIGHT_STORE`, else a file in the home. `store` is the URL of a home's store where it
        is not its file. Raises `StoreError` or `OSError` if it cannot be opened: opening is the one thing that fails
        loudly. A store on another machine is reached when it is first asked, and may be gone then (design 7).

        `env` stands for the environment of this process; `opener` opens the store of a place: a server opens for many,
        and each store once.

        Source: design 3, 10.
        """
        env = os.environ if env is None else env
        place = find(os.fspath(home_or_url) if home_or_url is not None else None, env, cwd, store)
        if place.home is None:
            return cls(open_store(place.url, clock=clock), None, facts=facts)
        space.prepare(place.home)
        kept = opener(place) if opener is not None else guarded(place.url, place.home, clock=clock)
        ledger = cls(kept, place.home, facts=facts, space_name=place.space, personal=place.personal)
        if kept.waits:
            from sidelight.ledger.mounts import Mounted

            ledger.store = cast("Store", Mounted(kept, ledger._ground))
        if place.users is not None:
            from sidelight.ledger.beside import Beside

            users = place.users
            ledger._beside = Beside(lambda: cls.open(users, facts=ledger.facts, clock=clock, env=env, opener=opener))
        # What many share is in nobody's audit as a whole; a server that opens for each call looked when it began.
        if not kept.waits and opener is None:
            keeping.on_opening(kept, place.home)
        return ledger

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of files and connections."""
        self.store.dispose()
        if self._beside is not None:
            self._beside.close()

    @property
    def facts(self) -> Facts:
        """Where this process stands; asked once."""
        return self._ground.facts

    @property
    def space(self) -> str:
        """The space that actions belong to unless they say otherwise."""
        return self._ground.space

    @property
    def config(self) -> Config:
        """The settings, read again whenever the file has changed. Raises `ConfigError`."""
        stamp = [_stamp(file) for file in self._config_files]
        if self._config is None or self._config[0] != stamp:
            self._config = (stamp, load(self.home or "/nonexistent", personal=self._personal))
        return self._config[1]

    # ── recording ──

    def announce(
        self,
        text: str,
        *,
        actor: str | None = None,
        agent: str | None = None,
        area: str | None = None,
        targets: Iterable[str] = (),
        ttl_ms: int | None = None,
        key: str | None = None,
        me: Session | None = None,
    ) -> Receipt:
        """Announce what you are about to do: an intent, open until finished, expired, or its session is gone.

        `text` 1–1,999 characters, `area` at most 200, `targets` as `named` reads them (`path:src/**`, `config:a.b`),
        `ttl_ms` its life in ms. Announcing gets the same check as acting.

        Source: O1, O4, O10.
        """
        draft = Draft(
            "intent",
            target=area,
            reason=text,
            actor=actor,
            agent=agent,
            targets=tuple(targets),
            area=area,
            ttl_ms=ttl_ms,
        )
        return self.record(draft, key=key, me=me)

    def record(
        self,
        *drafts: Draft,
        key: str | None = None,
        me: Session | None = None,
        present: bool = False,
        settings: Config | None = None,
    ) -> Receipt:
        """Record what one request does, as one atomic step, and say what of the past matters to it.

        All drafts of one request go into one call: a request never warns about itself. `key` makes a repeated
        delivery of the same request a no-op that returns the first receipt. `present` also says who is merely active,
        once per other session, and tells an announcement, not only a write, what was done to earlier ones. `settings`
        are those to judge by if not the ones in force now: a change of the settings is judged by what they were before
        it. Never raises.

        Source: O2–O9, design 4.
        """
        try:
            return self._record(drafts, key, me, dry=False, present=present, settings=settings)
        except InvalidDraftError as error:
            return Receipt(recorded=False, error=str(error), invalid=True)
        except Exception as error:  # noqa: BLE001 - the one place: the caller's work goes on, the receipt says why
            return self._failed(error)

    def check(self, *drafts: Draft, me: Session | None = None, present: bool = False) -> Receipt:
        """What would I be warned about? Records nothing; `recorded` is False. Never raises.

        Source: design 10, issue "The agent server".
        """
        try:
            return self._record(drafts, None, me, dry=True, present=present)
        except InvalidDraftError as error:
            return Receipt(recorded=False, error=str(error), invalid=True)
        except Exception as error:  # noqa: BLE001 - as in `record`
            return self._failed(error)

    def _record(
        self,
        drafts: Sequence[Draft],
        key: str | None,
        me: Session | None,
        *,
        dry: bool,
        present: bool = False,
        settings: Config | None = None,
    ) -> Receipt:
        settings = settings or self.config
        if not settings.enabled:
            return Receipt(recorded=False, passive=True)
        made = [ready(signed(draft, me), self._ground, settings) for draft in drafts]
        entries = [entry for entry in made if entry is not None]
        if not entries:
            return Receipt(recorded=False)
        mine = [entry.draft for entry in entries]
        who = me or _session_of(mine[0])
        asked = Asked(
            mine,
            who,
            question(mine, self._ground, settings, who),
            settings,
            dry,
            present,
            self._is_muted(who, settings),
        )
        found = self.store.append(entries, asked.question, me=who, key=key, dry=dry)
        if dry:
            found = found._replace(told=())  # who asks wants to know, told before or not
        try:
            receipt = judged(asked, found)
        except Exception as error:  # noqa: BLE001 - it is committed: a fault in judging must not say otherwise
            return Receipt(recorded=not dry, actions=found.added, error=self._note_failure(error))
        if not dry and not found.duplicate:
            self._afterwards(receipt, who)
            receipt = self._noted_beside(receipt, who, key)
        return receipt

    def _noted_beside(self, receipt: Receipt, who: Session | None, key: str | None) -> Receipt:
        """What concerns the whole machine is in the user's own ledger too, best effort (design 3)."""
        if self._beside is None:
            return receipt
        try:
            return self._beside.noted(receipt, who, key)
        except Exception as error:  # noqa: BLE001 - the record stands in this ledger
            self._note_failure(error)
            return receipt

    def _afterwards(self, receipt: Receipt, who: Session | None) -> None:
        """What may fail without undoing the record: remembering what was said, the audit line, pruning."""
        try:
            if who is not None and who.actor and (receipt.said.findings or receipt.said.present):
                rows = told_rows(receipt.said, receipt.now) + told_present(receipt)
                self.store.tell(who.actor, who.agent, rows)
            if self.home is not None:
                self._note_audit(audit.append(self.home, [audit_line(one, receipt) for one in receipt.actions]))
            if receipt.actions and receipt.actions[-1].seq % keeping.PRUNE_EVERY == 0:
                self.tend()
        except Exception as error:  # noqa: BLE001 - the record stands, whatever fails after it
            self._note_failure(error)

    def _is_muted(self, who: Session | None, settings: Config) -> bool:
        if who is None:
            return False
        return who.actor in settings.mute_sessions or bool(settings.mute_spaces and self.space in settings.mute_spaces)

    # ── intents and sessions ──

    def finish(self, action_id: str) -> Receipt:
        """Finish an intent. `recorded` is False with an `error` if there is no such open intent. Never raises."""
        try:
            action = self.store.close(action_id)
        except StoreError as error:
            return Receipt(recorded=False, error=self._note_failure(error), spooled=isinstance(error, Spooled))
        if action is None:
            return Receipt(
                recorded=False,
                invalid=True,
                error=f"there is no open intent {line(action_id, 80)}; `sidelight who` lists them",
            )
        return Receipt(recorded=True, actions=(action,))

    def outcome(self, action_id: str, outcome: str) -> bool:
        """Say how an action ended: `done`, `failed` or `denied` (the latter two did not happen). Never raises."""
        try:
            return self.store.outcome(action_id, outcome)
        except StoreError as error:
            self._note_failure(error)
            return False

    def settle(self, key: str, outcome: str, worth: Callable[[], bool] = lambda: True) -> bool:
        """Say how the call ended that was recorded under an idempotency key: `done`, `failed` or `denied`. If the store
        is gone it is kept and delivered after the call itself, where it is `worth` that. Never raises, but `StoreBusy`
        to who must not wait.
        """
        from sidelight.stores.settling import settle

        try:
            if hasattr(self.store, "settle"):
                return bool(self.store.settle(key, outcome, worth))
            return settle(self.store, key, outcome)
        except StoreError as error:
            if self._is_hasty and isinstance(error, StoreBusy):
                raise
            self._note_failure(error)
            return False

    def see(self, session: Session) -> None:
        """Note that a session is there. Never raises."""
        try:
            self.store.see(session)
        except StoreError as error:
            self._note_failure(error)

    def end(self, actor: str, agent: str | None = None) -> None:
        """A session ended: its intents close, its actions still count. Never raises."""
        try:
            self.store.end(actor, agent)
        except StoreError as error:
            self._note_failure(error)

    def tend(self) -> None:
        """Keep the home in order: make up audit lines that a dead process did not write, delete what is beyond the
        history. Done on opening (at most once a minute), every 200 actions, and every minute by a server. Never raises.
        """
        try:
            if self.home is not None and not self.store.waits:  # as on opening
                self._note_audit(keeping.make_up_audit(self.store, self.home))
            keeping.prune(self.store, self.config)
        except Exception as error:  # noqa: BLE001 - the caller's work goes on; the next one tries again
            self._note_failure(error)

    def _note_audit(self, failure: str | None) -> None:
        if failure:
            self._note_failure(OSError(failure))

    # ── looking ──

    def recent(
        self, *, limit: int | None = None, window_ms: int | None = None, quiet: bool = False, everywhere: bool = False
    ) -> list[Action]:
        """The newest actions of this space, newest first, within retention and cap (O9, O11); footprints with `quiet`.

        Raises `StoreError`, and `BoundsError` for a `limit` outside 1–500 or a `window_ms` outside 1–86,400,000.
        """
        settings = self.config
        most = min(check_limit(limit if limit is not None else DEFAULT_LIMIT), settings.max_actions)
        reach = settings.retention_ms
        if window_ms is not None:
            reach = min(reach, check_window(window_ms))
        since = self.store.now() - reach
        return self.store.recent(space=None if everywhere else self.space, limit=most, since=since, quiet=quiet)

    def states(self, actions: Sequence[Action]) -> dict[str, str]:
        """What became of actions: id → open, finished, expired, ended, stale (intents), failed, denied (others)."""
        known = self.store.state_of([one.id for one in actions])
        now = self.store.now()
        seen = {one.actor: one for one in self.store.sessions() if one.agent is None}
        found = {}
        for one in actions:
            state = known.get(one.id)
            if state is None and one.kind == "intent":
                state = intent_state(one, seen.get(one.actor or ""), now)
            if state is not None:
                found[one.id] = state
        return found

    def who(self, *, everywhere: bool = False) -> list[Presence]:
        """The sessions of this space, most recently seen first, with their state and open intents."""
        where = None if everywhere else self.space
        now = self.store.now()
        intents: dict[str, list[Action]] = {}
        for action, closed in self.store.intents(space=where):
            if closed is None and (action.expires is None or action.expires > now):
                intents.setdefault(action.actor or "", []).append(action)
        return [
            Presence(one, session_state(one, now), tuple(intents.get(one.actor, ())))
            for one in self.store.sessions(space=where)
        ]

    def notices(self, actor: str, agent: str | None = None, *, take: bool = False) -> list[NoticeView]:
        """What others did, since, to what this session had done or announced. Peeks, unless `take`.

        Raises `StoreError`.
        """
        found = self.store.notices(actor, agent)
        views = self.judged(found, actor)
        if take and found:
            self.store.take(actor, found)
        return views

    def judged(self, waiting: Sequence[Notice], actor: str) -> list[NoticeView]:
        """What waits for an actor, as it is worth now; without what is below `attention.from`."""
        now = self.store.now()
        views = [view(one, actor, now, self.config.attention_from) for one in waiting]
        return [one for one in views if one is not None]

    def situation(self, me: Session, *, take: bool = False) -> str | None:
        """What others have going on that would matter to work in this session's tree; None if nothing is new.

        With `take` it counts as said, and is not said again until something changes. Raises `StoreError`.

        Source: design 5.
        """
        fresh, now = self.going_on(me)
        if take and fresh:
            self.store.tell(me.actor, me.agent, situation.told_rows(fresh, now))
        return situation.sentence(fresh, now)

    def going_on(self, me: Session, *, again: bool = False) -> tuple[list[Going], int]:
        """What others have going on in this session's tree and was not said yet (`again`: or was), and the time now."""
        if me.tree is None or not self.config.enabled:
            return [], 0
        tree = tree_key(me.machine or self.facts.machine, me.tree)
        found = self.store.append((), around(tree), me=me, dry=True)
        case = Case(mine=(), me=me, before=found.before, work=found.work, told=found.told, now=found.now)
        told = () if again else found.told
        return situation.news(situation.going_on(case, tree), told, found.now), found.now

    def whodid(self, text: str, *, limit: int = 20) -> list[Action]:
        """Who touched a resource (a key, a path, an action's id), newest first."""
        by_id = self.store.find(text)
        if by_id is not None:
            return [by_id]
        return self.store.history(named(text, self.facts).key, limit=limit)

    # ── failures ──

    def seen_from(self, facts: Facts, space_name: str) -> Ledger:
        """This ledger as seen from another place, in another space: of the same store, so not to be closed."""
        found = Ledger(self.store, self.home, facts=facts, space_name=space_name, personal=self._personal)
        found._beside = self._beside
        return found

    def hasty(self, ms: int) -> Ledger:
        """This ledger for an event loop: where it is held by others for longer, `record` and `check` raise `StoreBusy`
        for the caller to try again where it may wait. To be closed as well.
        """
        found = Ledger(self.store.hasty(ms), self.home, personal=self._personal)
        found._ground = self._ground
        found._is_hasty = True
        found._beside = self._beside.hasty(ms) if self._beside is not None else None
        return found

    def _failed(self, error: Exception) -> Receipt:
        if self._is_hasty and isinstance(error, StoreBusy):
            raise error
        return Receipt(recorded=False, error=self._note_failure(error), spooled=isinstance(error, Spooled))

    def note(self, error: Exception) -> None:
        """Something beside the record failed: a line in the home's error log, so that `doctor` says it."""
        self._note_failure(error)

    def _note_failure(self, error: Exception) -> str:
        """One line in the home's error log; the sentence for the receipt. A hasty one's busy store is no failure."""
        sentence = line(f"{type(error).__name__}: {error}" if not isinstance(error, StoreError) else str(error), 400)
        if self.home is not None and not (self._is_hasty and isinstance(error, StoreBusy)):
            with contextlib.suppress(OSError):  # the receipt carries it; a full disk takes no log line
                audit.note_error(self.home, sentence)
        return sentence


_Stamp = tuple[int, int, int]
_ABSENT = (0, 0, 0)


def _stamp(file: str) -> _Stamp:
    """Tells a file from what it was before."""
    if not os.access(file, os.F_OK):  # as mostly, and an exception takes longer
        return _ABSENT
    try:
        found = os.stat(file)
    except OSError:
        return _ABSENT
    return found.st_mtime_ns, found.st_size, found.st_ino


def _session_of(draft: Draft) -> Session | None:
    """Who acts, as far as the draft says it."""
    return Session(draft.actor, draft.agent, host=draft.host, space=draft.space) if draft.actor else None


__all__ = [
    "ACTIVITY_MOST",
    "ACTOR_MOST",
    "AREA_MOST",
    "MUTED",
    "SILENT_MS",
    "TARGETS_MOST",
    "Concurrent",
    "InvalidDraftError",
    "Ledger",
    "NoticeView",
    "Presence",
    "Receipt",
    "audit_line",
    "notice_lines",
    "notice_text",
    "present_step",
    "session_state",
    "told_present",
]
