"""Simple commands: their words and assignments, functions of the line, what the shell does itself."""

from __future__ import annotations

from collections.abc import Mapping

from sidelight.effects.shell import builtins, programs
from sidelight.effects.shell.nodes import REDIRECTS, text_of
from sidelight.effects.shell.scopes import Argv, Scope
from sidelight.effects.shell.walk import Feed, Walk
from sidelight.effects.shell.words import Field
from sidelight.records import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

    from sidelight.effects.shell.builtins import Builtin

_SUCCEEDS = frozenset(("export", "local", "declare", "readonly", "set", "shift", "unset", "alias"))


def command(walk: Walk, node: Node, scope: Scope, feed: Feed, redirects: tuple[Node, ...]) -> str | None:
    """A simple command; `export X=…`, `local` and `unset` too, which the grammar has as statements of their own."""
    from sidelight.effects.shell import expansion, redirections

    if any(child.is_error or child.is_missing for child in node.children):
        return walk.lose()  # not whole
    prefix: dict[str, str] = {}
    fields: list[Field] = []
    own: list[Node] = []
    sources: list[Argv] = []
    for child in node.children:
        if child.type in REDIRECTS:
            own.append(child)
        elif child.type == "variable_assignment" and not fields:
            assignment(walk, child, scope, prefix, sources)
        elif child.type == "variable_assignment":
            fields.append(Field(assigned(walk, child, scope, sources)))
        else:
            fields.extend(expansion.fields(walk, child, scope, sources))
    for redirect in (*own, *redirects):  # the grammar takes `cat < a b` for a redirection with two files
        for extra in redirect.children_by_field_name("destination")[1:]:
            fields.extend(expansion.fields(walk, extra, scope, sources))
    writes, feed = redirections.read(walk, (*own, *redirects), scope, feed)
    feed = feed._replace(sources=(*feed.sources, *sources), redirects=feed.redirects + writes)
    return execute(walk, fields, scope, feed, prefix)


def assignments(walk: Walk, node: Node, scope: Scope, _feed: Feed, _redirects: tuple[Node, ...]) -> str | None:
    """`A=1 B=$(cmd)` alone on a line."""
    listed = node.children if node.type == "variable_assignments" else [node]
    for child in listed:
        sources: list[Argv] = []
        values: dict[str, str] = {}
        if child.type == "variable_assignment":
            assignment(walk, child, scope, values, sources)
        for name, value in values.items():
            scope.assign(name, value, sources=tuple(sources))
    scope.status = None
    return ""


def assignment(walk: Walk, node: Node, scope: Scope, into: dict[str, str], sources: list[Argv]) -> None:
    """Put the name and the value of one assignment into `into`; an array goes to the scope."""
    from sidelight.effects.shell import expansion

    name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    if name is None or name.type != "variable_name":
        expansion.substitutions(walk, node, scope)
    elif value is not None and value.type == "array":
        listed = [
            field.text
            for child in value.children
            if child.is_named
            for field in expansion.fields(walk, child, scope, sources)
        ]
        scope.arrays = {**scope.arrays, text_of(name): tuple(listed)}
    else:
        text = expansion.joined(walk, value, scope, sources) if value is not None else ""
        added = any(child.type == "+=" for child in node.children)
        before = (scope.value(text_of(name)) or "") if added else ""
        into[text_of(name)] = before + text


def assigned(walk: Walk, node: Node, scope: Scope, sources: list[Argv]) -> str:
    values: dict[str, str] = {}
    assignment(walk, node, scope, values, sources)
    return next((f"{name}={value}" for name, value in values.items()), "")


def execute(
    walk: Walk, fields: list[Field], scope: Scope, feed: Feed, prefix: Mapping[str, str] | None = None
) -> str | None:
    """Run a command given by its words."""
    walk.step()
    scope.status = None
    if not fields:
        for name, value in (prefix or {}).items():
            scope.assign(name, value, sources=feed.sources)
        walk.emit_writes(feed.redirects, scope)
        return ""
    argv = tuple(field.text for field in fields)
    globs = frozenset(field.text for field in fields if field.glob)
    if argv[0] in scope.functions:
        return call(walk, argv, scope, feed)
    change = builtins.BUILTINS.get(argv[0])
    if change is not None and feed.through[-1:] != ("xargs",):
        return builtin(walk, change, argv, scope, feed, prefix)
    if prefix:
        scope = scope.copy()
        for name, value in prefix.items():
            scope.assign(name, value, export=True)
    return programs.program(walk, argv, globs, scope, feed)


def builtin(
    walk: Walk, change: Builtin, argv: tuple[str, ...], scope: Scope, feed: Feed, prefix: Mapping[str, str] | None
) -> str | None:
    """A command of the shell itself: it changes the scope, or names a text to walk."""
    walk.emit_writes(feed.redirects, scope)
    if argv[0] == "exec" and prefix:
        for name, value in prefix.items():
            scope.assign(name, value, export=True)
    scope.status = True if argv[0] in _SUCCEEDS else None
    return change(walk, argv, scope, feed._replace(redirects=()))


def call(walk: Walk, argv: tuple[str, ...], scope: Scope, feed: Feed) -> str | None:
    """A function that the line defines."""
    if not walk.enter():
        return None
    outer, scope.positional = scope.positional, argv[1:]
    try:
        body = scope.functions[argv[0]]
        text = walk.statement(body, scope, feed)
    finally:
        walk.leave()
        scope.positional = outer
    if scope.ended == "return":
        scope.ended = ""
    return text
