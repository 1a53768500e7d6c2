"""A small stage for tests: sessions that act one after another on one ledger, with a clock that a test turns."""

from __future__ import annotations

from typing import Any

from sidelight.actions import Draft, Session, Touch
from sidelight.effects import Call, effects_of
from sidelight.ledger import Ledger, Receipt
from sidelight.stores import Clock, open_store
from tests.fakes import FakeFacts

START = 1_700_000_000_000


class Story:
    """One ledger and its clock: `story.session("a")` brings somebody on stage, `story.later(minutes=3)` turns it."""

    def __init__(self, tmp_path: Any, *, machine: str = "m1") -> None:
        self.now = START
        self.machine = machine
        self.store = open_store(
            str(tmp_path / "story.db"), clock=Clock(lambda: self.now, lambda: self.now, lambda: "boot")
        )

    def later(self, *, seconds: int = 0, minutes: int = 0, hours: int = 0) -> None:
        """Let time pass."""
        self.now += 1000 * (seconds + 60 * minutes + 3600 * hours)

    def session(self, name: str | None, *, cwd: str = "/repo", agent: str | None = None, **facts: Any) -> Actor:
        """Somebody who acts: a session's id (None = unknown), where it stands, and what its machine knows."""
        facts.setdefault("machine", self.machine)
        return Actor(self, name, agent, FakeFacts(cwd=cwd, **facts))

    def close(self) -> None:
        self.store.dispose()


class Actor:
    """One session of a story."""

    def __init__(self, story: Story, name: str | None, agent: str | None, facts: FakeFacts) -> None:
        self.story, self.name, self.agent, self.facts = story, name, agent, facts
        space = f"repo:{facts.remote or facts.machine}"
        self.ledger = Ledger(story.store, facts=facts, space_name=space)
        self.me = (
            Session(
                name, agent, host="claude-code", machine=facts.machine, space=space, cwd=facts.cwd, tree=facts.worktree
            )
            if name
            else None
        )

    def call(self, tool: str, background: bool = False, **given: Any) -> Receipt:
        """A tool call, one second after whatever came before."""
        self.story.later(seconds=1)
        drafts = effects_of(Call(tool, given, background), self.facts).drafts
        signed = [one._replace(actor=self.name, agent=self.agent) for one in drafts]
        return self.ledger.record(*signed, me=self.me) if signed else Receipt(recorded=False)

    def runs(self, command: str, background: bool = False) -> Receipt:
        """A command line."""
        return self.call("Bash", background, command=command)

    def edits(self, path: str) -> Receipt:
        """An edit in place."""
        return self.call("Edit", file_path=path, old_string="a", new_string="b")

    def writes(self, path: str) -> Receipt:
        """A whole-file write."""
        return self.call("Write", file_path=path, content="…")

    def announces(
        self, text: str, area: str | None = None, targets: tuple[str, ...] = (), ttl_ms: int | None = None
    ) -> Receipt:
        """An intent."""
        self.story.later(seconds=1)
        return self.ledger.announce(
            text, actor=self.name, agent=self.agent, area=area, targets=targets, ttl_ms=ttl_ms, me=self.me
        )

    def sets(self, key: str, value: object) -> Receipt:
        """A change of a setting."""
        self.story.later(seconds=1)
        return self.ledger.record(Draft("config-flag", target=key, value=value, actor=self.name), me=self.me)

    def touches(self, kind: str, *touches: tuple[Any, ...]) -> Receipt:
        """A draft with these very touches."""
        self.story.later(seconds=1)
        draft = Draft(kind, actor=self.name, agent=self.agent, touches=tuple(Touch(*one) for one in touches))
        return self.ledger.record(draft, me=self.me)


def said(receipt: Receipt) -> list[tuple[str, str | None]]:
    """(severity, who) of every finding, in order."""
    return [(one.severity, one.action.actor) for one in receipt.advisory.findings]
