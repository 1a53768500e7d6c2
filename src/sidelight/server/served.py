"""What a server serves: one home with its ledger, and what the routes share while it runs."""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sidelight import backlog
from sidelight.actions import Session
from sidelight.facts import Facts, LiveFacts
from sidelight.home import commitments
from sidelight.ledger import Ledger
from sidelight.overview import Overview
from sidelight.server.auth import Keys, Names
from sidelight.server.bursts import Bursts
from sidelight.server.recently import Recently
from sidelight.server.signin import SignIn
from sidelight.server.stream import Bell
from sidelight.space import home_space, prepare, state_dir

DAY_MS = 86_400_000
HASTE_MS = 20
_SEEN_EVERY = 60.0  # seconds
_ANSWERS = "answers"


class CallersFacts(LiveFacts):
    """This machine as its callers' machine; where they stand is theirs to say (`cwd`)."""

    elsewhere = True


class Served:
    """A home being served. Safe to use from the event loop and from the executor's threads."""

    def __init__(self, home: str, env: Mapping[str, str], *, names: Names | None = None) -> None:
        plain = {name: env[name] for name in ("HOME", "USERPROFILE") if name in env}
        self.home = home
        #: The home that holds all of a user's spaces; any other is an agent's, and one space.
        self.is_users_own = not env.get("SIDELIGHT_HOME", "").strip() and os.path.realpath(home) == os.path.realpath(
            state_dir(env)
        )
        prepare(home)
        self.facts = CallersFacts("/", plain, scope=home_space(home))
        store = env.get("SIDELIGHT_STORE", "").strip() or None  # its own, and not another server's
        self.ledger = Ledger.open(home, facts=self.facts, store=store)
        self.store_url = store or os.path.join(home, "ledger.db")
        #: Every store that is open here: what waits for them is sent once a minute.
        self.stores = [self.ledger.store]
        self.keys = Keys(home, env)
        self.names = names or Names()
        self.signin = SignIn(self.keys)
        self.overview = Overview(self.ledger)
        self.bursts = Bursts()
        self.recently = Recently()
        self.threads = ThreadPoolExecutor(8, thread_name_prefix="sidelight")
        self._seen: dict[str, float] = {}
        quick = self.ledger.hasty(HASTE_MS)
        self.bell = Bell(quick.store, self.threads)
        #: The same, for the event loop: it waits a moment at most for others who write, then `StoreBusy` is raised.
        self.hasty = copy.copy(self)
        self.hasty.ledger = quick

    def facts_at(self, cwd: str | None) -> Facts:
        """Where a caller stands; nowhere in particular if it did not say."""
        return self.facts.at(cwd) if cwd is not None else self.facts

    def session(self, actor: str | None, agent: str | None, cwd: str | None = None) -> Session | None:
        """The session that asks, and where it stands; None if it did not say who it is."""
        if actor is None:
            return None
        if cwd is None:
            return Session(actor, agent, space=self.ledger.space)
        facts = self.facts.at(cwd)
        return Session(
            actor,
            agent,
            space=self.ledger.space,
            machine=facts.machine,
            cwd=facts.cwd,
            tree=facts.worktree,
            branch=facts.branch,
        )

    def seen(self, actor: str | None, agent: str | None) -> None:
        """A session asked for something, so it is there; noted once a minute."""
        if actor is None:
            return
        who, now = f"{actor}\0{agent or ''}", time.monotonic()
        if now - self._seen.get(who, -_SEEN_EVERY) >= _SEEN_EVERY:
            if len(self._seen) > 10_000:
                self._seen.clear()
            self._seen[who] = now
            self.ledger.see(Session(actor, agent, space=self.ledger.space))

    def once(self, key: str | None, do: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Do something once for an idempotency key: a repeated request gets the first answer."""
        if key is None:
            return do()
        kept = self.ledger.store.document(_ANSWERS, key)
        if kept is not None:
            return dict(kept.body)
        answer = do()
        self.ledger.store.put_document(_ANSWERS, key, answer, version=0)
        return answer

    def keep_house(self) -> None:
        """What is to be done every minute: what waits to be delivered, the audit, the history, commitments whose time
        is over, old answers.
        """
        backlog.deliver(list(self.stores))
        self.ledger.tend()
        commitments.expire(self.ledger.store)
        self.ledger.store.drop_documents(_ANSWERS, older_than_ms=DAY_MS)

    def close(self) -> None:
        """Let go of everything."""
        self.threads.shutdown(wait=True, cancel_futures=True)
        self.hasty.ledger.close()
        self.ledger.close()
