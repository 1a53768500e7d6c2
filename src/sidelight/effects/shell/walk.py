"""One line being walked: what was found so far, and the bounds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from sidelight.effects import Command, Redirect
from sidelight.effects.shell import Clock
from sidelight.effects.shell.scopes import Argv, Scope
from sidelight.effects.shell.words import Field
from sidelight.facts import Facts
from sidelight.records import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tree_sitter import Node

    from sidelight.effects.shell.heredocs import Heredoc

DEEPEST = 8  # texts within texts: `bash -c "bash -c …"`, functions, scripts
MOST_COMMANDS = 400
MOST_STEPS = 5000
LONGEST_WALK = 2.0  # seconds; a typical line takes a ten-thousandth of that


class Feed(NamedTuple):
    """What reaches a statement from outside: see the fields of the same names of `Command`."""

    stdin: str | None = None
    upstream: Argv | None = None
    sources: tuple[Argv, ...] = ()
    each: bool = False
    background: bool = False
    through: tuple[str, ...] = ()
    redirects: tuple[Redirect, ...] = ()


class BoundReachedError(Exception):
    """The line asks for more work than a line may."""


class Walk(ABC):
    """A line being walked. What runs something returns the text it prints, None where that is not known."""

    def __init__(self, facts: Facts, clock: Clock) -> None:
        self.facts, self.clock = facts, clock
        self.latest = clock() + LONGEST_WALK
        self.found: list[Command] = []
        self.followed = True
        self.steps = self.depth = 0
        self.heredocs: dict[str, Heredoc] = {}

    # ── bounds and findings ───────────────────────────────────────────────────────────────────────────────────────

    def finish(self, run: Callable[[], object]) -> tuple[list[Command], bool]:
        """Run the walk to its end or to its bound."""
        try:
            run()
        except Exception:  # noqa: BLE001 - a bound, or a line nobody thought of: it must not stop a session
            self.followed = False
        if len(self.found) > 1:
            argvs = tuple(command.argv for command in self.found)
            self.found = [command._replace(before=argvs[:number]) for number, command in enumerate(self.found)]
        return self.found, self.followed

    def step(self) -> None:
        """Count a step of work."""
        self.steps += 1
        if self.steps > MOST_STEPS or self.clock() > self.latest:
            raise BoundReachedError

    def enter(self) -> bool:
        """Go one text deeper, if there is room; `leave` comes back."""
        if self.depth >= DEEPEST:
            self.followed = False
            return False
        self.depth += 1
        return True

    def leave(self) -> None:
        """Come back from a text."""
        self.depth -= 1

    def lose(self) -> str | None:
        """Something was not followed; None is the answer to what it prints."""
        self.followed = False
        return None

    def emit(self, command: Command) -> None:
        """A command is executed."""
        if len(self.found) >= MOST_COMMANDS:
            raise BoundReachedError
        self.found.append(command)

    def emit_writes(self, redirects: tuple[Redirect, ...], scope: Scope) -> None:
        """A redirection that stands without a command of its own writes all the same."""
        if any(redirect.op != "<" for redirect in redirects):
            self.emit(Command((":",), cwd=scope.cwd, redirects=redirects, remote=scope.remote))

    def here(self, scope: Scope) -> Facts:
        """The facts where a scope stands."""
        return self.facts if scope.cwd == self.facts.cwd else self.facts.at(scope.cwd)

    def parse(self, source: str) -> Node | None:
        """The root of the parsed text; None if that takes too long."""
        from sidelight.effects.shell.grammar import parser
        from sidelight.effects.shell.nodes import ascii_only

        data = ascii_only(source).encode()
        try:
            tree = parser().parse(
                lambda offset, _point: data[offset : offset + 4096],
                encoding="utf8",
                progress_callback=lambda _offset, _error: self.clock() > self.latest,
            )
        except ValueError:  # it was stopped
            return None
        return tree.root_node

    # ── what runs, is for those above: see `lines` ────────────────────────────────────────────────────────────────

    @abstractmethod
    def text(self, line: str, scope: Scope, feed: Feed, dialect: str = "sh") -> str | None:
        """Walk a text in the grammar of a shell."""

    @abstractmethod
    def sequence(self, listed: list[Node], scope: Scope, feed: Feed) -> str | None:
        """Statements one after the other."""

    @abstractmethod
    def statement(self, node: Node, scope: Scope, feed: Feed) -> str | None:
        """One statement."""

    @abstractmethod
    def execute(self, fields: list[Field], scope: Scope, feed: Feed) -> str | None:
        """Run a command given by its words."""

    @abstractmethod
    def fed(self, redirect: Node, scope: Scope) -> str | None:
        """The text that a redirection feeds."""
