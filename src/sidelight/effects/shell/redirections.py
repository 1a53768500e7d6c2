"""What a redirection writes, and what it feeds."""

from __future__ import annotations

from sidelight.effects import UNKNOWN, Redirect
from sidelight.effects.shell import expansion, words
from sidelight.effects.shell.nodes import ascii_only, first, text_of
from sidelight.effects.shell.scopes import Scope
from sidelight.effects.shell.walk import Feed, Walk
from sidelight.records import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

    from sidelight.effects.shell.heredocs import Heredoc

NO_FILES = frozenset(("/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty", "NUL", "nul", "-", "$null"))


def takes_output(redirects: tuple[Redirect, ...]) -> bool:
    """Does one of them write?"""
    return any(redirect.op in (">", ">>") for redirect in redirects)


def read(walk: Walk, nodes: tuple[Node, ...], scope: Scope, feed: Feed) -> tuple[tuple[Redirect, ...], Feed]:
    """The files that redirections write, and the feed with what they read."""
    writes: list[Redirect] = []
    for node in nodes:
        targets = [child for child in node.children if child.is_named and child.type != "file_descriptor"]
        operator = next((child.type for child in node.children if not child.is_named), "")
        if not targets:
            continue
        if node.type == "herestring_redirect":
            feed = feed._replace(stdin=expansion.joined(walk, targets[-1], scope, []) + "\n", upstream=None)
            continue
        feed = redirection(walk, operator, targets[0], scope, feed, writes)
    return tuple(writes), feed


def redirection(walk: Walk, operator: str, target: Node, scope: Scope, feed: Feed, writes: list[Redirect]) -> Feed:
    """One redirection: adds what it writes or reads to `writes`, returns what is fed."""
    heredoc = walk.heredocs.get(text_of(target))
    if heredoc is not None:
        return feed._replace(stdin=heredoc_text(walk, heredoc, scope), upstream=None)
    if target.type == "process_substitution":
        return feed._replace(sources=feed.sources + expansion.substituted_commands(walk, target, scope), stdin=None)
    path = expansion.joined(walk, target, scope, [])
    if operator == "<":
        return fed_by_file(walk, path, scope, feed, writes)
    if operator in ("<&", "<&-", ">&-"):
        return feed
    if not path or path in NO_FILES or path.startswith("/dev/fd/") or (operator == ">&" and path.isdigit()):
        return feed
    writes.append(Redirect(">>" if operator.endswith(">>") else ">", path))
    return feed


def fed_by_file(walk: Walk, path: str, scope: Scope, feed: Feed, redirects: list[Redirect]) -> Feed:
    """`< file`: its text, if it can be read here."""
    known = scope.cwd and scope.remote is None and UNKNOWN not in path
    redirects.append(Redirect("<", path))
    return feed._replace(stdin=walk.here(scope).read(path) if known else None, upstream=None)


def heredoc_text(walk: Walk, heredoc: Heredoc, scope: Scope) -> str:
    """The body of a here-document, expanded unless its delimiter was quoted."""
    if heredoc.quoted or not any(mark in heredoc.body for mark in "$`\\"):
        return heredoc.body
    root = walk.parse(f"cat <<__end__\n{heredoc.body}__end__\n")
    body = first(root, "heredoc_body") if root is not None else None
    if body is None:
        return words.in_heredoc(heredoc.body)
    text = ascii_only(heredoc.body).encode()
    return expansion.between(walk, body, text, body.end_byte - len(text), scope, [], words.in_heredoc)
