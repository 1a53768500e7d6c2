"""A line and the texts in it, walked in turn: here the walk meets what runs its statements and commands."""

from __future__ import annotations

from sidelight.effects.shell import LONGEST_LINE, simple, words
from sidelight.effects.shell.scopes import Scope
from sidelight.effects.shell.walk import Feed, Walk
from sidelight.effects.shell.words import Field
from sidelight.records import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node


class Line(Walk):
    """A walk that runs what it finds. What only a parsed text needs is imported when there is one."""

    def sequence(self, listed: list[Node], scope: Scope, feed: Feed) -> str | None:
        from sidelight.effects.shell import statements

        return statements.sequence(self, listed, scope, feed)

    def statement(self, node: Node, scope: Scope, feed: Feed) -> str | None:
        from sidelight.effects.shell import statements

        return statements.statement(self, node, scope, feed)

    def execute(self, fields: list[Field], scope: Scope, feed: Feed) -> str | None:
        return simple.execute(self, fields, scope, feed)

    def fed(self, redirect: Node, scope: Scope) -> str | None:
        from sidelight.effects.shell import redirections

        return redirections.read(self, (redirect,), scope, Feed())[1].stdin

    def text(self, line: str, scope: Scope, feed: Feed, dialect: str = "sh") -> str | None:
        if len(line) > LONGEST_LINE:
            return self.lose()
        if not self.enter():
            return None
        try:
            if dialect != "sh":
                return self._foreign(line, scope, feed, dialect)
            plain = words.plain_words(line)
            if plain is not None:
                return self.execute([Field(word) for word in plain], scope, feed)
            return self._parsed(line, scope, feed)
        finally:
            self.leave()

    def _parsed(self, line: str, scope: Scope, feed: Feed) -> str | None:
        from sidelight.effects.shell import heredocs

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
        return self.sequence(root.children, scope, feed)

    def _foreign(self, line: str, scope: Scope, feed: Feed, dialect: str) -> str | None:
        """PowerShell and cmd.exe: their statements one after the other."""
        from sidelight.effects.shell import dialects
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
            self.execute(
                fields,
                there,
                feed._replace(upstream=upstream, redirects=redirects, sources=sources, background=background),
            )
        return None
