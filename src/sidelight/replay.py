"""Recorded scenarios through the real code: the collision corpus, or a story of your own.

A scenario tells, step by step, what several sessions did. The replay feeds each step to the same effects, ledger and
advisory that a hook uses, with the scenario's clock and with facts that answer from the scenario instead of the disk,
and writes one decision a step. It never looks at the labels (`expect`).

    sidelight replay scenarios/ --out decisions.jsonl
"""

from __future__ import annotations

import fnmatch
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from sidelight.actions import Action, Draft, Session
from sidelight.advisory import NEARBY, Advisory, at_least
from sidelight.advisory.wording import named_more
from sidelight.effects import Call, effects_of
from sidelight.facts import Facts
from sidelight.ledger import ACTIVITY_MOST, Ledger, Receipt
from sidelight.records import Any
from sidelight.stores import Clock, Store, open_store
from sidelight.targets import normal_path

EPOCH_MS = 1_800_000_000_000  # when every scenario begins; any fixed moment would do


class World:
    """What a scenario says of its machines: who works where, links, packages, and the branches as they move."""

    def __init__(self, scenario: Mapping[str, Any], prefix: str = "") -> None:
        self.prefix = prefix
        self.sessions: Mapping[str, Any] = scenario.get("sessions") or {}
        told = scenario.get("world") or {}
        self.links = {self.path(link): self.path(to) for link, to in (told.get("symlinks") or {}).items()}
        self.packages = {self.path(where): name for where, name in (told.get("packages") or {}).items()}
        self.trees: dict[tuple[str, str], str] = {}
        self.branches: dict[tuple[str, str], str] = {}
        self.remotes: dict[tuple[str, str], str] = {}
        for one in self.sessions.values():
            self._add(one)

    def _add(self, one: Mapping[str, Any]) -> None:
        machine, windows = self.machine(one), one.get("os") == "windows"
        root, repo = one.get("worktree"), one.get("repo")
        if not root or not repo:
            return
        root, repo = self.path(root, windows=windows), self.path(repo, windows=windows)
        self.trees[machine, root] = repo
        if repo.endswith("/.git"):
            self.trees.setdefault((machine, repo[: -len("/.git")] or "/"), repo)
        if one.get("branch"):
            self.branches.setdefault((machine, root), one["branch"])
        if one.get("remote"):
            self.remotes[machine, repo] = self.prefixed(one["remote"].lower())

    def path(self, text: str, *, windows: bool = False) -> str:
        """A path of the scenario, with the prefix that keeps scenarios in one store apart."""
        plain = normal_path(text, windows=windows)
        return f"/{self.prefix}{plain}" if self.prefix and plain.startswith("/") else plain

    def prefixed(self, text: str) -> str:
        """A machine or remote, kept apart likewise."""
        return f"{self.prefix}-{text}" if self.prefix else text

    def machine(self, session: Mapping[str, Any]) -> str:
        """A session's machine."""
        return self.prefixed(str(session.get("machine") or "unknown"))


class ScenarioFacts:
    """`Facts` that answer from a scenario: nothing is asked of this machine."""

    elsewhere = False

    def __init__(self, world: World, session: Mapping[str, Any], cwd: str) -> None:
        self._world = world
        self._session = session
        self.machine = world.machine(session)
        self.os = str(session.get("os") or "linux")
        self.env: Mapping[str, str] = dict(session.get("env") or {})
        self.cwd = cwd

    @property
    def worktree(self) -> str | None:
        found = [root for machine, root in self._world.trees if machine == self.machine and _inside(self.cwd, root)]
        return max(found, key=len, default=None)

    @property
    def common_dir(self) -> str | None:
        root = self.worktree
        return self._world.trees[self.machine, root] if root is not None else None

    @property
    def remote(self) -> str | None:
        repo = self.common_dir
        known = self._world.remotes.get((self.machine, repo)) if repo is not None else None
        return known or (self._own_remote() if self.worktree is None and not self._session.get("worktree") else None)

    def _own_remote(self) -> str | None:
        remote = self._session.get("remote")
        return self._world.prefixed(str(remote).lower()) if remote else None

    @property
    def branch(self) -> str | None:
        root = self.worktree
        if root is None:
            return self._session.get("branch")
        return self._world.branches.get((self.machine, root)) or self._session.get("branch")

    @property
    def scope(self) -> str:
        return self._own_remote() or self.remote or self.machine

    def at(self, directory: str) -> Facts:
        return ScenarioFacts(self._world, self._session, self.real(directory))

    def real(self, path: str) -> str:
        windows = self.os == "windows"
        absolute = path.startswith(("/", "\\")) or (windows and path[1:2] == ":")
        home = self.env.get("HOME", f"/home/{self._session.get('login') or 'user'}")
        if path == "~" or path.startswith("~/"):
            path, absolute = home + path[1:], True
        if absolute:
            plain = normal_path(path, windows=windows)
            inside = not self._world.prefix or plain.startswith(f"/{self._world.prefix}/") or not plain.startswith("/")
            return self._linked(plain if inside else f"/{self._world.prefix}{plain}")
        return self._linked(normal_path(f"{self.cwd}/{path}", windows=windows))

    def _linked(self, path: str) -> str:
        for _ in range(20):
            link = max((one for one in self._world.links if _inside(path, one)), key=len, default=None)
            if link is None:
                return path
            path = normal_path(self._world.links[link] + path[len(link) :])
        return path

    def is_dir(self, path: str) -> bool | None:
        real = self.real(path)
        return True if any(_inside(root, real) for _, root in self._world.trees) else None

    def read(self, path: str, limit: int = 65536) -> str | None:  # noqa: ARG002 - a scenario holds no files
        return None

    def glob(self, pattern: str) -> Sequence[str]:
        real = self.real(pattern.rstrip("/"))
        roots = [root for machine, root in self._world.trees if machine == self.machine]
        return sorted(root for root in roots if fnmatch.fnmatchcase(root, real) and root.count("/") == real.count("/"))

    def links_in(self, directory: str) -> Sequence[str]:
        real = self.real(directory)
        return [target for link, target in self._world.links.items() if _inside(link, real) and link != real]

    def git_alias(self, name: str) -> str | None:  # noqa: ARG002 - a scenario has none
        return None

    def worktrees(self) -> Sequence[str]:
        repo = self.common_dir
        return [
            root for (machine, root), common in self._world.trees.items() if machine == self.machine and common == repo
        ]

    def upstream(self, branch: str) -> tuple[str, str] | None:
        return ("origin", branch) if self.remote else None

    def package(self, registry: str, directory: str) -> str | None:  # noqa: ARG002 - one registry a scenario
        real = self.real(directory)
        found = [where for where in self._world.packages if _inside(real, where)]
        return self._world.packages[max(found, key=len)] if found else None


def _inside(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip("/") + "/")


class Replay:
    """One scenario after another into one store."""

    def __init__(self, store_path: str) -> None:
        self._now = EPOCH_MS
        self._store: Store = open_store(
            store_path, clock=Clock(lambda: self._now, lambda: self._now, lambda: "scenario")
        )

    def close(self) -> None:
        """Let go of the store."""
        self._store.dispose()

    def decisions(self, scenario: Mapping[str, Any], prefix: str = "") -> Iterator[dict[str, Any]]:
        """One decision a step, in order."""
        world = World(scenario, prefix)
        steps: dict[int, int] = {}  # seq → step
        made: dict[int, str] = {}  # step → id of its first action
        start = self._now
        for number, step in enumerate(scenario["timeline"]):
            self._now = start + int(float(step.get("at_s", 0)) * 1000)
            receipt = self._step(world, step, made)
            for action in receipt.actions:
                steps[action.seq] = number
            if receipt.actions:
                made[number] = receipt.actions[0].id
            yield _decision(str(scenario["id"]), number, receipt, steps)
            if step.get("result") in ("failed", "denied"):
                for action in receipt.actions:
                    self._store.outcome(action.id, step["result"])
        self._now += 10 * 3_600_000  # the next scenario is another day

    def _step(self, world: World, step: Mapping[str, Any], made: Mapping[int, str]) -> Receipt:
        session = world.sessions[step["session"]]
        facts = _facts_for(world, session, step)
        ledger = Ledger(self._store, facts=facts, space_name=_space(facts))
        me = _who(world, session, facts)
        event = step["event"]
        if event == "intent":
            return _announce(ledger, step, me)
        if event == "intent_done":
            action_id = made.get(step.get("of_step", -1))
            if action_id is not None:
                ledger.finish(action_id)
            return Receipt(recorded=False)
        if event == "session_end":
            if me is not None:
                ledger.end(me.actor, me.agent)
            return Receipt(recorded=False)
        drafts = effects_of(_call(step), facts).drafts
        return (
            ledger.record(*(_signed(draft, me, facts) for draft in drafts), me=me)
            if drafts
            else Receipt(recorded=False)
        )


def _facts_for(world: World, session: Mapping[str, Any], step: Mapping[str, Any]) -> ScenarioFacts:
    cwd = step.get("cwd") or session.get("cwd") or ""
    return ScenarioFacts(world, session, world.path(cwd, windows=session.get("os") == "windows") if cwd else "")


def _space(facts: ScenarioFacts) -> str:
    remote = facts.scope
    return f"repo:{remote}"


def _who(world: World, session: Mapping[str, Any], facts: ScenarioFacts) -> Session | None:
    if session.get("id") is None:
        return None
    root, agent = session, None
    while root.get("parent") in world.sessions:
        agent = agent or str(session["id"])
        root = world.sessions[root["parent"]]
    actor = world.prefixed(str(root["id"]))
    return Session(
        actor,
        agent,
        host=session.get("host"),
        machine=facts.machine,
        space=_space(facts),
        cwd=facts.cwd,
        tree=facts.worktree,
    )


def _announce(ledger: Ledger, step: Mapping[str, Any], me: Session | None) -> Receipt:
    ttl = step.get("ttl_s")
    return ledger.announce(
        (step.get("activity") or "").strip()[:ACTIVITY_MOST],  # a face refuses a longer one; its sender would cut it
        actor=me.actor if me else None,
        agent=me.agent if me else None,
        area=step.get("area"),
        targets=step.get("targets") or (),
        ttl_ms=int(ttl * 1000) if ttl else None,
        me=me,
    )


def _call(step: Mapping[str, Any]) -> Call:
    if step["event"] == "http":
        return Call("http", {name: step.get(name) for name in ("method", "path", "body")})
    given = step.get("input")
    return Call(
        str(step.get("tool")), given if isinstance(given, dict) else {}, background=bool(step.get("background"))
    )


def _signed(draft: Draft, me: Session | None, facts: ScenarioFacts) -> Draft:
    if me is None:
        return draft
    return draft._replace(actor=me.actor, agent=me.agent, host=me.host, space=_space(facts))


def _decision(scenario: str, step: int, receipt: Receipt, steps: Mapping[int, int]) -> dict[str, Any]:
    advisory = receipt.advisory
    warned = at_least(advisory.findings[0].severity, NEARBY) if advisory.findings else False
    return {
        "id": scenario,
        "step": step,
        "warn": warned,
        "severity": advisory.severity if warned else None,
        "about": _about(advisory, steps),
        "recorded": bool(receipt.actions),
        "text": receipt.warning or "",
        "stored": " ".join(_stored(action) for action in receipt.actions),
    }


def _about(advisory: Advisory, steps: Mapping[int, int]) -> list[int]:
    found: dict[int, None] = {}
    for one in advisory.findings:
        for action in (one.action, *named_more(one)):
            if action.seq in steps:
                found[steps[action.seq]] = None
    return list(found)


def _stored(action: Action) -> str:
    return json.dumps(action._asdict(), ensure_ascii=False, default=list)


def run(
    directory: str, out: str, *, one_store: bool = False, progress: Callable[[int, int], object] = lambda *_: None
) -> int:
    """Replay every scenario of a directory and write the decisions; returns how many steps there were.

    With `one_store` all go into one ledger, kept apart by a prefix, to show that no warning crosses over. `progress` is
    called with how many scenarios are done, and how many there are.
    Raises `OSError` or `ValueError` for what cannot be read.
    """
    steps = 0
    with tempfile.TemporaryDirectory(prefix="sidelight-replay-") as scratch, open(out, "w", encoding="utf-8") as sink:
        shared = Replay(os.path.join(scratch, "all.db")) if one_store else None
        files = sorted(Path(directory).glob("*.json"))
        for number, file in enumerate(files):
            progress(number, len(files))
            scenario = json.loads(file.read_text(encoding="utf-8"))
            replay = shared or Replay(os.path.join(scratch, f"{number}.db"))
            for decision in replay.decisions(scenario, f"s{number}" if one_store else ""):
                sink.write(json.dumps(decision, ensure_ascii=False) + "\n")
                steps += 1
            if shared is None:
                replay.close()
        if shared is not None:
            shared.close()
    return steps
