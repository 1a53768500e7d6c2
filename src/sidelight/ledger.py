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
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Self

from sidelight import audit, space
from sidelight.actions import ANNOUNCES, DESTROYS, KINDS, Action, Draft, Notice, Session, Told, Touch
from sidelight.advisory import PRESENT, Advisory, Case, Finding, advise, at_least, situation, told_rows
from sidelight.advisory.lexical import distinctive
from sidelight.advisory.values import subject
from sidelight.advisory.wording import MOST, age, name_of, narrated, warning
from sidelight.config import DAY, DEFAULT_LIMIT, Config, check_limit, check_window, load
from sidelight.facts import Facts
from sidelight.redact import bounded, line, mask, secrets_out
from sidelight.stores import Appended, Clock, Entry, Question, Store, StoreBusy, StoreError, open_store
from sidelight.stores.projections import Probe, probes_of, sweeps
from sidelight.targets import area as area_key
from sidelight.targets import commitment as commitment_key
from sidelight.targets import config as config_key
from sidelight.targets import glob_matches, is_glob, local_names, named, scheme_of, section, short
from sidelight.targets import host as host_key
from sidelight.targets import tree as tree_key
from sidelight.targets import word as word_key

ACTIVITY_MOST = 1999  # code points after trimming (O10)
AREA_MOST = 200
ACTOR_MOST = 128
TARGETS_MOST = 64
VALUE_BYTES = 16_384
CONCURRENT_MOST = 20
SILENT_MS = 2 * 3_600_000  # an intent without a ttl is stale when its owner was silent for this long
LIVE_MS = 120_000  # seen this recently counts as live where no process can be checked
PRUNE_EVERY = 200


class InvalidDraftError(ValueError):
    """What was asked for cannot be recorded: the sentence says what is wrong with it. Nothing was written."""


class Concurrent(NamedTuple):
    """An earlier action that matters to mine: who did what, how grave, and why."""

    action: Action
    severity: str
    why: str

    @property
    def id(self) -> str:
        """The earlier action's id."""
        return self.action.id

    @property
    def actor(self) -> str | None:
        """Who did it; None if unknown."""
        return self.action.actor


class Receipt(NamedTuple):
    """What `record` returns. `recorded` says whether it is in the ledger; if not, `error` says why.

    `concurrent` are the earlier actions that matter, at most 20, most telling first, those merely `present` last.
    `severity` is the gravest; `warning` is the text for the actor, None below `nearby` or when nothing is to be said.
    `invalid` marks a caller's mistake, `passive` a ledger that is switched off (O8), `duplicate` a repeated delivery.
    `said` is the part of the advisory that is to be put into words: what `attention` and `mute` leave, and of those
    merely present the ones this session was not told of yet (only if `present` was asked for).
    """

    recorded: bool
    actions: tuple[Action, ...] = ()
    concurrent: tuple[Concurrent, ...] = ()
    severity: str | None = None
    warning: str | None = None
    error: str | None = None
    invalid: bool = False
    passive: bool = False
    duplicate: bool = False
    advisory: Advisory = Advisory()
    now: int = 0
    said: Advisory = Advisory()

    @property
    def id(self) -> str | None:
        """The first action's id."""
        return self.actions[0].id if self.actions else None


class NoticeView(NamedTuple):
    """What somebody else did to this session's work: their actions, how grave, and a sentence for its reader."""

    severity: str
    why: str
    action: Action
    about: Action
    text: str
    source: Notice


class Presence(NamedTuple):
    """A session of the space: its state (`live`, `seen 12m ago`, `ended …`, `gone`) and its open intents."""

    session: Session
    state: str
    intents: tuple[Action, ...]


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
        self._facts = facts
        self._space = space_name
        self._personal = personal
        self._config: tuple[float, Config] | None = None
        self._is_hasty = False

    # ── opening ──

    @classmethod
    def open(
        cls,
        home_or_url: str | os.PathLike[str] | None = None,
        *,
        facts: Facts | None = None,
        clock: Clock | None = None,
        cwd: str | None = None,
    ) -> Ledger:
        """Open a ledger, making what is missing (private: directories 0700, files 0600).

        `home_or_url` is a home directory, a store's URL (`sqlite:///…`, `postgresql://…`, `memory:`), or None for the
        user's own ledger (`SIDELIGHT_STORE`, `SIDELIGHT_HOME`, else the platform's state directory). Raises
        `StoreError` or `OSError` if it cannot be opened: opening is the one thing that fails loudly.

        Source: design 3, 10.
        """
        given = os.fspath(home_or_url) if home_or_url is not None else None
        url = given if given is not None and ("://" in given or given == "memory:") else None
        if url is None and given is None:
            url = os.environ.get("SIDELIGHT_STORE") or None
        if url is not None and not url.startswith("sqlite"):
            return cls(open_store(url, clock=clock), None, facts=facts)
        if url is not None:
            path = url.removeprefix("sqlite://")
            home = os.path.dirname(path)
            space.prepare(home)
            return cls(open_store(path, clock=clock), home, facts=facts)
        found = space.find_home(cwd or _cwd(), os.environ, given)
        space.prepare(found.path)
        personal = space.state_dir(os.environ) if found.is_agent_home else None
        # A home that was named is an agent's own and one space, wherever one stands; the user's own holds many.
        named_home = given is not None or bool(os.environ.get("SIDELIGHT_HOME", "").strip())
        name = space.home_space(found.path) if found.is_agent_home or named_home else None
        store = open_store(os.path.join(found.path, "ledger.db"), clock=clock)
        return cls(store, found.path, facts=facts, space_name=name, personal=personal)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of files and connections."""
        self.store.dispose()

    @property
    def facts(self) -> Facts:
        """Where this process stands; asked once."""
        if self._facts is None:
            from sidelight.facts import LiveFacts

            facts = LiveFacts()
            facts.scope = self._space or space.space_of(facts)
            self._facts = facts
        return self._facts

    @property
    def space(self) -> str:
        """The space that actions belong to unless they say otherwise."""
        if self._space is None:
            self._space = space.space_of(self.facts)
        return self._space

    @property
    def config(self) -> Config:
        """The settings, read again whenever the file has changed. Raises `ConfigError`."""
        home = self.home
        if home is None:
            return load("/nonexistent")
        try:
            stat = os.stat(os.path.join(home, "config.json"))
            stamp = stat.st_mtime_ns + stat.st_size / 1e9
        except OSError:
            stamp = 0.0
        if self._config is None or self._config[0] != stamp:
            self._config = (stamp, load(home, personal=self._personal))
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
        ready = [self._ready(_signed(draft, me), settings) for draft in drafts]
        entries = [entry for entry in ready if entry is not None]
        if not entries:
            return Receipt(recorded=False)
        who = me or self._session_of(entries[0].draft)
        question = self._question([entry.draft for entry in entries], settings, who)
        found = self.store.append(entries, question, me=who, key=key, dry=dry)
        if dry:
            found = found._replace(told=())  # who asks wants to know, told before or not
        try:
            receipt = self._judged([entry.draft for entry in entries], found, settings, who, question, dry, present)
        except Exception as error:  # noqa: BLE001 - it is committed: a fault in judging must not say otherwise
            return Receipt(recorded=not dry, actions=found.added, error=self._note_failure(error))
        if not dry and not found.duplicate:
            self._afterwards(receipt, who)
        return receipt

    def _judged(
        self,
        drafts: Sequence[Draft],
        found: Appended,
        settings: Config,
        who: Session | None,
        question: Question,
        dry: bool,  # noqa: FBT001 - handed on
        present: bool,  # noqa: FBT001 - handed on
    ) -> Receipt:
        """The receipt for what the store found and added."""
        mine: Sequence[Action | Draft] = found.added or drafts
        advisory = self._advise(mine, drafts, found, who, question.machine, hears=present)
        receipt = self._receipt(advisory, found, settings, who, dry=dry)
        if present:
            receipt = receipt._replace(said=self._with_present(receipt.said, found, settings, mine))
        return receipt

    def _advise(
        self,
        mine: Sequence[Action | Draft],
        drafts: Sequence[Draft],
        found: Appended,
        who: Session | None,
        machine: str | None,
        *,
        hears: bool,
    ) -> Advisory:
        first = found.added[0].ts if found.duplicate and found.added else None
        told = [one for one in found.told if first is None or one.ts < first]
        return advise(
            Case(
                mine=drafts if not found.duplicate else mine,
                me=who,
                before=found.before,
                work=found.work,
                told=told,
                met=found.met,
                present=found.present,
                alive=found.alive,
                now=found.now,
                machine=machine,
                hears=hears,
            )
        )

    def _receipt(
        self, advisory: Advisory, found: Appended, settings: Config, who: Session | None, *, dry: bool
    ) -> Receipt:
        items = [
            Concurrent(one.action, one.severity, one.why.format(who="another session")) for one in advisory.findings
        ]
        items += [Concurrent(one, PRESENT, "active in the window") for one in advisory.present]
        muted = who is not None and (who.actor in settings.mute_sessions or self.space in settings.mute_spaces)
        loud = advisory._replace(
            findings=tuple(one for one in advisory.findings if at_least(one.severity, settings.attention_from))
        )
        loud = loud._replace(
            echoes=tuple(one for one in advisory.echoes if at_least(one.severity, settings.attention_from)), present=()
        )
        text = None if muted else warning(loud, found.now, base=_base(who))
        return Receipt(
            recorded=not dry,
            actions=found.added,
            concurrent=tuple(items[:CONCURRENT_MOST]),
            severity=advisory.severity,
            warning=text,
            duplicate=found.duplicate,
            advisory=advisory,
            now=found.now,
            said=MUTED if muted else loud,
        )

    def _with_present(
        self, said: Advisory, found: Appended, settings: Config, mine: Sequence[Action | Draft]
    ) -> Advisory:
        """Those merely present whom this session was not told of, or who acted since (design 5); a session of which
        something graver is said is not named a second time.
        """
        if said is MUTED or not at_least("nearby", settings.attention_from):
            return said
        step = present_step(mine)
        first = found.added[0].ts if found.duplicate and found.added else None
        told = {one.about: one.seq for one in found.told if one.step == step and (first is None or one.ts < first)}
        graver = [one.action for one in (*said.findings, *said.echoes)]
        named = {one.seq for one in graver}
        actors = {one.actor for one in graver} - {None}
        return said._replace(
            present=tuple(
                one
                for one in found.present
                if one.seq not in named and one.actor not in actors and one.seq > told.get(one.actor or "", 0)
            )
        )

    def _afterwards(self, receipt: Receipt, who: Session | None) -> None:
        """What may fail without undoing the record: remembering what was said, the audit line, pruning."""
        try:
            if who is not None and who.actor and (receipt.said.findings or receipt.said.present):
                rows = told_rows(receipt.said, receipt.now) + told_present(receipt)
                self.store.tell(who.actor, who.agent, rows)
            if self.home is not None:
                failure = audit.append(self.home, [audit_line(one, receipt) for one in receipt.actions])
                if failure:
                    self._note_failure(OSError(failure))
            if receipt.actions and receipt.actions[-1].seq % PRUNE_EVERY == 0:
                settings = self.config
                self.store.prune(older_than_ms=settings.history_ms, max_bytes=settings.max_bytes)
        except Exception as error:  # noqa: BLE001 - the record stands, whatever fails after it
            self._note_failure(error)

    # ── making a draft ready ──

    def _ready(self, draft: Draft, settings: Config) -> Entry | None:
        """Check, bound and redact a draft, and give it its keys, id and expiry. None if it is to be ignored."""
        draft = _redacted(_checked(draft))
        draft = draft._replace(space=draft.space or self.space)
        made = self._touches(draft)
        touches = tuple(one for one in made if not _ignored(one.key, settings.ignore))
        if made and not touches:
            return None
        leaf = draft.target or ""
        masked = mask(draft.value, leaf) if draft.value is not None else None
        value = bounded(masked, VALUE_BYTES).value if masked is not None else None
        draft = draft._replace(
            touches=tuple(_masked_touch(one, leaf) for one in touches),
            value=value,
            summary=line(draft.summary, 120) if draft.summary else draft.summary,
        )
        listed = KINDS[draft.kind].listed if draft.quiet is None else not draft.quiet
        return Entry(draft, f"{draft.kind}-{_unique()}", draft.ttl_ms if draft.kind == "intent" else None, listed)

    def _touches(self, draft: Draft) -> tuple[Touch, ...]:
        """The touches of a draft; made from its kind and targets where a library caller gave none."""
        if draft.touches and draft.kind != "intent":
            return draft.touches
        effect = KINDS[draft.kind].effect
        made = list(draft.touches) + [_touch(text, effect, self.facts) for text in draft.targets]
        if draft.kind == "intent":
            return (*made, *self._announced(draft))
        if not made and draft.target:
            made.append(Touch(self._own_key(draft), effect, draft.value))
        return tuple(made)

    def _own_key(self, draft: Draft) -> str:
        target = draft.target or ""
        if draft.kind in ("config-flag", "config-set"):
            return config_key(self.facts.scope, target)
        if draft.kind in ("commitment-withdraw", "commitment-change"):
            return commitment_key(self.facts.scope, target)
        return f"other:{draft.space}#{target}"

    def _announced(self, draft: Draft) -> list[Touch]:
        """By what an intent is found: its area, its distinctive words, and the working tree it is announced in."""
        where = draft.space or ""
        found = [Touch(word_key(where, word), ANNOUNCES) for word in distinctive(draft.reason or "")]
        if draft.area:
            found.insert(0, Touch(area_key(where, draft.area), ANNOUNCES))
        # A name alone means the local one of that name: a service of this machine, the database of this repository.
        for key in [touch.key for touch in draft.touches] + [named(one, self.facts).key for one in draft.targets]:
            found += [Touch(other, ANNOUNCES) for other in local_names(key, self.facts)]
        root = self.facts.worktree if self._at_home() else None
        if root and not any(scheme_of(touch.key) == "tree" for touch in draft.touches):
            found.append(Touch(tree_key(self.facts.machine, root), ANNOUNCES))
        return found

    def _at_home(self) -> bool:
        """Does the draft's actor stand where this process stands? A server's callers do not."""
        return self._facts is None or not getattr(self._facts, "elsewhere", False)

    # ── asking the store ──

    def _question(self, drafts: Sequence[Draft], settings: Config, who: Session | None) -> Question:
        touches = [touch for draft in drafts for touch in draft.touches]
        words: dict[str, None] = {}
        for draft in drafts:
            words.update(dict.fromkeys(_word_keys(draft, who)))
        loud = any(draft.quiet is not True and KINDS[draft.kind].listed for draft in drafts)
        kills = any(scheme_of(touch.key) == "session" and touch.effect == DESTROYS for touch in touches)
        return Question(
            probes=probes_of([touch for touch in touches if scheme_of(touch.key) not in ("area", "word")], words),
            stakes=_stakes(touches),
            sweeps=list(dict.fromkeys(touch.key for touch in touches if sweeps(touch))),
            machine=(who.machine if who and who.machine else self.facts.machine) if kills else None,
            space=drafts[0].space if loud else None,
            window_ms=settings.window_ms,
        )

    def _session_of(self, draft: Draft) -> Session | None:
        if not draft.actor:
            return None
        return Session(draft.actor, draft.agent, host=draft.host, space=draft.space)

    # ── intents and sessions ──

    def finish(self, action_id: str) -> Receipt:
        """Finish an intent. `recorded` is False with an `error` if there is no such open intent. Never raises."""
        try:
            action = self.store.close(action_id)
        except StoreError as error:
            return Receipt(recorded=False, error=self._note_failure(error))
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
                state = _intent_state(one, seen.get(one.actor or ""), now)
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
        now = self.store.now()
        views = [view for one in found for view in [self._view(one, actor, now)] if view is not None]
        if take and found:
            self.store.take(actor, found)
        return views

    def _view(self, notice: Notice, actor: str, now: int) -> NoticeView | None:
        """Judge it now: the later side's advisory, seen from the earlier side."""
        if not notice.later or not notice.earlier:
            return None
        first = notice.later[0]
        me = Session(first.actor, first.agent) if first.actor else None
        judged = advise(Case(mine=notice.later, me=me, before=notice.earlier, now=first.ts))
        about = [one for one in judged.findings if one.action.actor == actor]
        if not about or not at_least(about[0].severity, self.config.attention_from):
            return None
        top = about[0]
        later = top.mine if isinstance(top.mine, Action) else first
        text = notice_text(top, later, now)
        return NoticeView(top.severity, top.why.format(who="your session"), later, top.action, text, notice)

    def situation(self, me: Session, *, take: bool = False) -> str | None:
        """What others have going on that would matter to work in this session's tree; None if nothing is new.

        With `take` it counts as said, and is not said again until something changes. Raises `StoreError`.

        Source: design 5.
        """
        if me.tree is None or not self.config.enabled:
            return None
        tree = tree_key(me.machine or self.facts.machine, me.tree)
        path = f"path:{tree.partition(':')[2]}"
        probes = [Probe(tree + "//", role) for role in ("work", "plan")]
        probes += [Probe(tree, "plan"), Probe(path, "work"), Probe(path, "plan")]
        question = Question(probes, stakes=[tree, tree + "//"], sweeps=[tree])
        found = self.store.append((), question, me=me, dry=True)
        case = Case(mine=(), me=me, before=found.before, work=found.work, told=found.told, now=found.now)
        fresh = situation.news(situation.going_on(case, tree), found.told, found.now)
        if take and fresh:
            self.store.tell(me.actor, me.agent, situation.told_rows(fresh, found.now))
        return situation.sentence(fresh, found.now)

    def whodid(self, text: str, *, limit: int = 20) -> list[Action]:
        """Who touched a resource (a key, a path, an action's id), newest first."""
        by_id = self.store.find(text)
        if by_id is not None:
            return [by_id]
        return self.store.history(named(text, self.facts).key, limit=limit)

    # ── failures ──

    def hasty(self, ms: int) -> Ledger:
        """This ledger for an event loop: where it is held by others for longer, `record` and `check` raise `StoreBusy`
        for the caller to try again where it may wait. To be closed as well.
        """
        found = Ledger(
            self.store.hasty(ms), self.home, facts=self._facts, space_name=self._space, personal=self._personal
        )
        found._is_hasty = True
        return found

    def _failed(self, error: Exception) -> Receipt:
        if self._is_hasty and isinstance(error, StoreBusy):
            raise error
        return Receipt(recorded=False, error=self._note_failure(error))

    def _note_failure(self, error: Exception) -> str:
        """One line in the home's error log; the sentence for the receipt. A hasty one's busy store is no failure."""
        sentence = line(f"{type(error).__name__}: {error}" if not isinstance(error, StoreError) else str(error), 400)
        if self.home is not None and not (self._is_hasty and isinstance(error, StoreBusy)):
            with contextlib.suppress(OSError):  # the receipt carries it; a full disk takes no log line
                audit.note_error(self.home, sentence)
        return sentence


def _cwd() -> str:
    try:
        return os.getcwd()
    except OSError:  # the directory was deleted under us
        return "/"


def _unique() -> str:
    """Tells ids of different ledgers apart; within one the store adds the place in the record."""
    return os.urandom(4).hex()


# ── checking and bounding drafts (pure) ───────────────────────────────────────────────────────────────────────────


def _signed(draft: Draft, me: Session | None) -> Draft:
    """A draft says who acts where; what it leaves open is its session's."""
    if me is None:
        return draft
    return draft._replace(
        actor=me.actor if draft.actor is None else draft.actor,
        agent=draft.agent or (me.agent if draft.actor in (None, me.actor) else None),
        host=me.host if draft.host is None else draft.host,
        space=me.space if draft.space is None else draft.space,
    )


def _checked(draft: Draft) -> Draft:
    if draft.kind not in KINDS:
        raise InvalidDraftError(f"unknown kind {line(str(draft.kind), 60)}; known are {', '.join(sorted(KINDS))}")
    actor = _text("actor", draft.actor, ACTOR_MOST)
    agent = _text("agent", draft.agent, ACTOR_MOST)
    area = _text("area", draft.area, AREA_MOST)
    reason = draft.reason
    if draft.kind == "intent":
        reason = _text("activity", reason, ACTIVITY_MOST)
        if reason is None:
            raise InvalidDraftError("activity must be a text of 1 to 1,999 characters; say what you are about to do")
        ttl: Any = draft.ttl_ms  # whatever a caller gave
        if ttl is not None and (not isinstance(ttl, int) or not 0 < ttl <= 30 * DAY):
            raise InvalidDraftError("an intent's ttl must be from 1 ms to 30 days")
    elif reason is not None:
        reason = _whole("reason", reason)[:ACTIVITY_MOST]
    targets: Sequence[Any] = draft.targets
    if len(targets) > TARGETS_MOST or any(not isinstance(one, str) or len(one) > 4096 for one in targets):
        raise InvalidDraftError(f"targets must be at most {TARGETS_MOST} texts of at most 4,096 characters")
    target = _whole("target", draft.target)[:1024] if draft.target is not None else None
    return draft._replace(
        actor=actor, agent=agent, area=area, reason=reason, target=area if draft.kind == "intent" else target
    )


def _redacted(draft: Draft) -> Draft:
    """No secret reaches the ledger, nor a word or key made of one."""
    if not (draft.reason or draft.area or draft.target or draft.targets):
        return draft
    return draft._replace(
        reason=secrets_out(draft.reason) if draft.reason else draft.reason,
        area=secrets_out(draft.area) if draft.area else draft.area,
        target=secrets_out(draft.target) if draft.target else draft.target,
        targets=tuple(secrets_out(one) for one in draft.targets),
    )


def _text(name: str, value: object, most: int) -> str | None:
    """A trimmed text within its bound; None for nothing."""
    if value is None:
        return None
    text = _whole(name, value).strip()
    if len(text) > most:
        raise InvalidDraftError(f"{name} must be at most {most:,} characters, not {len(text):,}")
    return text or None


def _whole(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidDraftError(f"{name} must be a text")
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        raise InvalidDraftError(f"{name} holds a lone surrogate, which is not text")
    return value


def _touch(text: str, effect: str, facts: Facts) -> Touch:
    try:
        key, within = named(_whole("target", text), facts)
    except ValueError as error:
        raise InvalidDraftError(str(error)) from error
    return Touch(key, effect, None, within)


def _masked_touch(touch: Touch, name: str) -> Touch:
    if touch.value is None:
        return touch
    leaf = short(touch.key) if scheme_of(touch.key) == "config" else name
    return touch._replace(value=bounded(mask(touch.value, leaf), VALUE_BYTES).value)


def _ignored(key: str, patterns: Sequence[str]) -> bool:
    if not patterns or scheme_of(key) != "path":
        return False
    path = short(key)
    return any(
        glob_matches(pattern if pattern.startswith("/") else f"**/{pattern}", path)
        if is_glob(pattern)
        else path == pattern
        for pattern in patterns
    )


def _word_keys(draft: Draft, who: Session | None) -> list[str]:
    """The area and word keys by which open intents of others may concern a draft."""
    schemes = {scheme_of(touch.key) for touch in draft.touches}
    where = draft.space or ""
    plain = schemes - {"area", "word"}
    found = [touch.key for touch in draft.touches if scheme_of(touch.key) in ("area", "word")]
    if who is not None and who.machine and any(touch.effect == DESTROYS for touch in draft.touches):
        found.append(host_key(who.machine))
    if draft.kind != "intent" and not plain & _WORDY:
        return found
    if draft.area:
        found.append(area_key(where, draft.area))
    for touch in draft.touches:
        top = section(touch.key)
        if top is not None:
            found.append(area_key(where, short(top)))
    for word in distinctive(subject(draft), 24):
        found += [word_key(where, word), area_key(where, word)]
    return found


_WORDY = frozenset({"config", "commitment", "secret", "workflow", "service", "db", "issue", "pr", "bead"})


def _stakes(touches: Sequence[Touch]) -> list[str]:
    found: dict[str, None] = {}
    for touch in touches:
        if scheme_of(touch.key) in ("area", "word"):
            continue
        found[touch.key] = None
        for tree in (touch.within, touch.key if scheme_of(touch.key) == "tree" else None):
            if tree:
                found[tree] = None
                found[tree + "//"] = None
    return list(found)


def _base(who: Session | None) -> str | None:
    return who.tree or who.cwd if who is not None else None


#: What is left to say to a session that wants to hear nothing.
MUTED = Advisory()


def present_step(mine: Sequence[Action | Draft]) -> str:
    """By which step it is remembered that a session was told who else is there: destroying is a step of its own."""
    destroys = any(KINDS[one.kind].step == "destroy" for one in mine)
    return "present, destroying" if destroys else "present"


def told_present(receipt: Receipt) -> list[Told]:
    """What to remember of those merely present, a row for each other session."""
    newest: dict[str, int] = {}
    for one in receipt.said.present:
        newest[one.actor or ""] = max(one.seq, newest.get(one.actor or "", 0))
    step = present_step(receipt.actions)
    return [Told(about, PRESENT, step, seq, receipt.now) for about, seq in newest.items()]


# ── states and texts ──────────────────────────────────────────────────────────────────────────────────────────────


def _intent_state(action: Action, owner: Session | None, now: int) -> str:
    if action.expires is not None and action.expires <= now:
        return "expired"
    last = max(action.ts, owner.last_seen if owner is not None else 0)
    if owner is not None and owner.ended is not None and owner.ended >= action.ts:
        return "ended"
    if owner is not None and session_state(owner, now) == "gone":
        return "stale"
    return "stale" if action.expires is None and now - last > SILENT_MS else "open"


def session_state(session: Session, now: int) -> str:
    """`live` (its process runs, or it was seen within two minutes), `gone`, `ended 5m ago` or `last seen 12m ago`."""
    from sidelight import facts

    if session.ended is not None:
        return f"ended {age(now - session.ended)} ago"
    if session.pid is not None and session.boot is not None:
        running = facts.alive(session.pid, session.pid_start, session.boot, machine=session.machine)
        if running is not None:
            return "live" if running else "gone"
    quiet = now - session.last_seen
    return "live" if quiet < LIVE_MS else f"last seen {age(quiet)} ago"


def notice_text(found: Finding, later: Action, now: int) -> str:
    """One line for the earlier side: who did what, when, and to which of its things."""
    mine = narrated(found.action)
    text = (
        f"Sidelight notice: {name_of(later.actor, (), later.host)} {narrated(later)} {age(now - later.ts)} ago, "
        f"after you {mine} ({found.severity}: it {found.why.format(who='your session')})."
    )
    return text[:MOST]


def notice_lines(found: Sequence[NoticeView]) -> list[str]:
    """The sentences of notices, those of one sort as one: nineteen withdrawals are not nineteen sentences."""
    alike: dict[tuple[str | None, str, str, str], list[NoticeView]] = {}
    for one in found:
        alike.setdefault((one.action.actor, one.action.kind, one.about.id, one.severity), []).append(one)
    return [
        ones[0].text if len(ones) == 1 else f"{ones[0].text} And {len(ones) - 1} more like it."
        for ones in alike.values()
    ]


def audit_line(action: Action, receipt: Receipt) -> Mapping[str, Any]:
    """The audit's line for one recorded action (O20)."""
    return {
        "seq": action.seq,
        "id": action.id,
        "kind": action.kind,
        "target": action.target,
        "targets": [key for key in action.targets if scheme_of(key) not in ("area", "word")],
        "value": action.value,
        "reason": action.reason,
        "actor": action.actor,
        "agent": action.agent,
        "ts": action.ts,
        "concurrentCount": len(receipt.concurrent),
        "severity": receipt.severity,
    }
