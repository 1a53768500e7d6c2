"""A believable working day in a home's ledger, up to this very moment: what the page is looked at and tested with."""

from __future__ import annotations

import itertools
import random
import time
from pathlib import Path
from typing import Any

from sidelight import facts
from sidelight.space import prepare
from sidelight.stores import Clock, open_store
from tests.stories import Actor, Story

MINUTE = 60_000
TREES = ["/src/shop", "/src/shop-checkout", "/src/shop-search", "/src/shop-docs", "/src/shop-orders"]
BRANCHES = dict(zip(TREES, ("main", "checkout-rewrite", "search-facets", "docs", "split-orders"), strict=True))
HOSTS = ("claude-code", "codex", "gemini-cli", "copilot-cli", "opencode")
AREA = ("model", "views", "service", "tasks", "client", "forms", "retry", "limits")
FILES = [
    f"{area}/{name}.py"
    for area in ("src/cart", "src/checkout", "src/search", "src/redrive", "src/payments", "tests")
    for name in AREA
]
PLANS = (
    ("calm the redrive alarms: back off and cap the retries", "monitoring"),
    ("move checkout to the new payment client", "payments"),
    ("facets for the search results", "search"),
    ("raise the rate limits before the sale", "limits"),
    ("clean up the flaky cart tests", "tests"),
    ("write the migration for split orders", "orders"),
)


class Life(Story):
    """A story that is played in a home, in the past: `life.at(minutes_ago)` sets its clock."""

    def __init__(self, home: Path, *, seed: int = 7, end: int | None = None) -> None:
        prepare(str(home))
        self.home = home
        self.machine = "workstation"
        self.end = end if end is not None else time.time_ns() // 1_000_000
        self.now = self.end - 24 * 60 * MINUTE
        self.random = random.Random(seed)
        self._ids = itertools.count(1)
        self.store = open_store(
            str(home / "ledger.db"), clock=Clock(lambda: self.now, lambda: self.now, lambda: "past")
        )

    def at(self, minutes_ago: float) -> None:
        """Go on to so many minutes before now; never back."""
        self.now = max(self.now, self.end - int(minutes_ago * MINUTE))

    def joins(
        self,
        tree: str = TREES[0],
        host: str | None = None,
        name: str | None = None,
        agent: str | None = None,
        **about: Any,
    ) -> Actor:
        """A session with an id such as hosts give them, at work in a worktree on its branch."""
        number = next(self._ids)
        uuid = "-".join(f"{self.random.getrandbits(4 * size):0{size}x}" for size in (8, 4, 4, 4, 12))
        one = self.session(
            name or uuid, cwd=tree, agent=agent, trees={tree: {"branch": BRANCHES[tree]} for tree in TREES}
        )
        assert one.me is not None
        more = {"branch": BRANCHES[tree], "host": host or HOSTS[number % len(HOSTS)], **about}
        one.me = one.me._replace(**more)
        return one

    def works(self, one: Actor, steps: int = 1) -> None:
        """Edits, a commit now and then, a test run."""
        assert one.me is not None
        tree = one.me.tree
        mine = FILES[len(AREA) * (sum(map(ord, one.name or "")) % 6) :][: len(AREA)]
        for _ in range(steps):
            roll = self.random.random()
            if roll < 0.72:
                one.edits(f"{tree}/{self.random.choice(mine)}")
            elif roll < 0.86:
                one.runs(f"git commit -m wip -- {self.random.choice(mine)}")
            elif roll < 0.93:
                one.runs("pytest -q")
            else:
                one.runs(f"git push origin {one.me.branch}")


def day(home: Path, *, end: int | None = None) -> None:
    """A working day of a handful of sessions: quiet hours, then a busy last one in which some of them meet. It ends
    now, or at `end` (epoch ms).
    """
    life = Life(home, end=end)
    _earlier(life)
    life.at(58)
    alpha = life.joins(name="7d1c04b6-52aa-4f0e-9c31-80b7a1e84f2a", host="claude-code")
    beta = life.joins(host="codex")
    gamma = life.joins(TREES[1], host="claude-code")
    delta = life.joins(TREES[2], host="gemini-cli")
    eps = life.joins(TREES[4], host="opencode")
    dead = life.joins(TREES[3], host="copilot-cli", pid=2_000_000_000, pid_start="1", boot=facts.boot_id())
    alpha.announces(*PLANS[0])
    gamma.announces(*PLANS[1])
    for minutes in range(56, 4, -1):
        life.at(minutes)
        for one, until in ((alpha, 0), (gamma, 0), (delta, 0), (eps, 12), (dead, 38)):
            if minutes > until and life.random.random() < 0.55:
                life.works(one)
        if minutes in (44, 36, 30):
            beta.edits(f"/src/shop/docs/{minutes}.md")
        if minutes == 46:
            delta.announces(*PLANS[2])
        if minutes == 40:
            alpha.edits("/src/shop/src/redrive/retry.py")
            beta.edits("/src/shop/src/redrive/retry.py")
        if minutes == 33:
            eps.announces("tidy up the payment client before the sale", "payments")
        if minutes == 26:
            gamma.sets("monitoring.redrive.enabled", True)
        if minutes == 22:
            gamma.edits("/src/shop-checkout/src/payments/client.py")
            delta.edits("/src/shop-search/src/payments/client.py")
        if minutes == 18:
            delta.sets("monitoring.redrive.enabled", False)
        if minutes == 12:
            eps.ledger.end(eps.name or "")
    life.at(4)
    alpha.edits("/src/shop/src/redrive/tasks.py")
    alpha.edits("/src/shop/src/redrive/retry.py")
    life.at(2.5)
    beta.runs("git reset --hard origin/main")
    life.at(1)
    helper = life.joins(TREES[1], name=gamma.name, host="claude-code", agent="reviewer")
    helper.edits("/src/shop-checkout/tests/limits.py")
    gamma.runs("git push origin checkout-rewrite")
    life.at(0.3)
    alpha.edits("/src/shop/src/redrive/service.py")
    delta.edits("/src/shop-search/src/search/views.py")
    life.close()


def _earlier(life: Life) -> None:
    """The morning and the day before, of sessions that are over."""
    one = life.joins()
    for minutes in range(1410, 300, -7):
        if 18 * 60 < minutes < 22 * 60 or minutes < 9 * 60:
            life.at(minutes)
            if minutes % 5 == 0:
                one.ledger.end(one.name or "")
                one = life.joins(TREES[minutes % 3])
            life.works(one, steps=1 + minutes % 3)
        if minutes == 416 + 1:
            other = life.joins()
            other.edits("/src/shop/src/cart/model.py")
            life.joins().runs("git checkout -- src/cart/model.py")
    one.ledger.end(one.name or "")


def crowd(home: Path, *, sessions: int = 40, actions: int = 8_000) -> None:
    """Very many sessions that do very much within two hours."""
    life = Life(home, seed=11)
    everyone = [life.joins(TREES[number % 3]) for number in range(sessions)]
    for number in range(actions):
        life.at(118 - 117 * number / actions)
        one = everyone[(number * 7 + number // sessions) % sessions]
        if number % 400 == 0:
            one.announces(*PLANS[(number // 400) % len(PLANS)])
        else:
            life.works(one)
    life.close()
