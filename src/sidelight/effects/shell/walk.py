"""One line being walked: what was found so far, the bounds, and the texts that are walked in turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from sidelight.effects import Command, Redirect
from sidelight.effects.shell import LONGEST_LINE, Clock, words
from sidelight.effects.shell.scopes import Argv, Scope
from sidelight.effects.shell.words import Field
from sidelight.facts import Facts

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


class Walk:
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

    # ── texts ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def text(self, line: str, scope: Scope, feed: Feed, dialect: str = "sh") -> str | None:
        """Walk a text in the grammar of a shell."""
        from sidelight.effects.shell import simple

        if len(line) > LONGEST_LINE:
            return self.lose()
        if not self.enter():
            return None
        try:
            if dialect != "sh":
                return self._foreign(line, scope, feed, dialect)
            plain = words.plain_words(line)
            if plain is not None:
                return simple.execute(self, [Field(word) for word in plain], scope, feed)
            return self._parsed(line, scope, feed)
        finally:
            self.leave()

    def _parsed(self, line: str, scope: Scope, feed: Feed) -> str | None:
        from sidelight.effects.shell import heredocs, statements

        source = line
        if "<<" in line:
            lifted = heredocs.lift(line, f"__heredoc_{len(self.heredocs)}")
            if lifted is None:
                return self.lose()
            source = lifted.line
            self.heredocs.update(lifted.bodies)
        root = self.parse(source)
        if root is None or (root.has_error and heredocs.lift(source) is None):
            return self.lose()
        if root.has_error:
            self.lose()
        return statements.sequence(self, root.children, scope, feed)

    def parse(self, source: str) -> Node | None:
        """The root of the parsed text; None if that takes too long."""
        from tree_sitter import Language, Parser
        from tree_sitter_bash import language

        from sidelight.effects.shell.nodes import ascii_only

        data = ascii_only(source).encode()
        try:
            tree = Parser(Language(language())).parse(
                lambda offset, _point: data[offset : offset + 4096],
                encoding="utf8",
                progress_callback=lambda _offset, _error: self.clock() > self.latest,
            )
        except ValueError:  # it was stopped
            return None
        return tree.root_node

    def _foreign(self, line: str, scope: Scope, feed: Feed, dialect: str) -> str | None:
        """PowerShell and cmd.exe: their statements one after the other."""
        from sidelight.effects.shell import dialects, simple
        from sidelight.effects.shell.redirections import NO_FILES

        env = {**self.facts.env, **scope.env()}
        reading = dialects.powershell(line, env) if dialect == "powershell" else dialects.cmd(line, env)
        if not reading.followed:
            self.lose()
        before = len(self.found)
        for statement in reading.statements:
            if not statement.piped:
                before = len(self.found)
            upstream = self.found[-1].argv if statement.piped and self.found else None
            sources = (*feed.sources, *statement.sources, *(one.argv for one in self.found[before:]))
            there = scope.copy() if statement.cwd else scope
            if statement.cwd:
                there.go(statement.cwd, self.facts)
            fields = [Field(word, glob="*" in word) for word in statement.argv]
            redirects = tuple(redirect for redirect in statement.redirects if redirect.path not in NO_FILES)
            background = feed.background or statement.background
            simple.execute(
                self,
                fields,
                there,
                feed._replace(upstream=upstream, redirects=redirects, sources=sources, background=background),
            )
        return None
