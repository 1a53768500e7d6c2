"""What a word on the line becomes: its expansions, and the commands that those run."""

from __future__ import annotations

import re
from collections.abc import Callable

from sidelight.effects import UNKNOWN
from sidelight.effects.shell import parameters, words
from sidelight.effects.shell.nodes import EXPANSIONS, blanks_before, decoded, first, text_of
from sidelight.effects.shell.scopes import Argv, Scope
from sidelight.effects.shell.walk import Feed, Walk
from sidelight.effects.shell.words import LIST, QUOTED, VALUE, Field, Piece
from sidelight.records import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node


def fields(walk: Walk, node: Node, scope: Scope, sources: list[Argv]) -> list[Field]:
    """The words that one word on the line becomes."""
    if node.type == "word" and (text := text_of(node)).isidentifier():
        return [Field(text)]
    return words.fields(pieces(walk, node, scope, sources), scope.home(walk.facts))


def joined(walk: Walk, node: Node, scope: Scope, sources: list[Argv]) -> str:
    """A word that is not split: the value of an assignment, a redirection's file, a `case` subject."""
    made = pieces(walk, node, scope, sources)
    return "".join(field.text for field in words.fields(made, scope.home(walk.facts), split=False))


def pieces(walk: Walk, node: Node, scope: Scope, sources: list[Argv]) -> list[Piece]:
    """The pieces of one word on the line."""
    kind = node.type
    if kind in ("concatenation", "command_name", "translated_string"):
        return [piece for child in node.children for piece in pieces(walk, child, scope, sources)]
    if kind == "string":
        return [_list(node, scope) or Piece(QUOTED, quoted(walk, node, scope, sources))]
    if kind == "raw_string":
        return [Piece(QUOTED, text_of(node)[1:-1])]
    if kind == "ansi_c_string":
        return [Piece(QUOTED, words.ansi(text_of(node)[2:-1]))]
    if kind in EXPANSIONS:
        return [Piece(VALUE, value(walk, node, scope, sources))]
    text = text_of(node)
    substitutions(walk, node, scope)
    return words.unescaped(text, keep=walk.facts.os == "windows" and bool(re.match(r"[A-Za-z]:\\|\.{1,2}\\", text)))


def quoted(walk: Walk, node: Node, scope: Scope, sources: list[Argv]) -> str:
    """The text of `"…"`."""
    text = (node.text or b"")[1:-1]
    return between(walk, node, text, node.start_byte + 1, scope, sources, words.in_double_quotes)


def between(
    walk: Walk, node: Node, text: bytes, start: int, scope: Scope, sources: list[Argv], literal: Callable[[str], str]
) -> str:
    """Text that begins at the byte `start`, with the expansions of `node` in it.

    The grammar drops blanks between two of them, so literal text is what lies between their places.
    """
    place = 0
    out: list[str] = []
    for child in node.children:
        if child.type in EXPANSIONS:
            dollar = child.start_byte - start + blanks_before(child)
            out.append(literal(decoded(text[place:dollar])))
            out.append(value(walk, child, scope, sources))
            place = child.end_byte - start
    out.append(literal(decoded(text[place:])))
    return "".join(out)


def _list(node: Node, scope: Scope) -> Piece | None:
    """`"$@"` and `"${array[@]}"`: as many words as there are items."""
    text = text_of(node)
    if text == '"$@"' and scope.positional is not None:
        return Piece(LIST, "", scope.positional)
    match = re.fullmatch(r'"\$\{(\w+)\[@\]\}"', text)
    return Piece(LIST, "", scope.arrays[match[1]]) if match and match[1] in scope.arrays else None


def value(walk: Walk, node: Node, scope: Scope, sources: list[Argv]) -> str:
    """What an expansion stands for; `UNKNOWN` where that is not known."""
    walk.step()
    if node.type == "command_substitution":
        return substitute(walk, node, scope, sources)
    if node.type == "process_substitution":
        sources.extend(substituted_commands(walk, node, scope))
        return UNKNOWN
    if node.type == "arithmetic_expansion":
        substitutions(walk, node, scope)
        return UNKNOWN
    return parameters.value(walk, node, scope, sources, lambda part: joined(walk, part, scope, sources))


def substitute(walk: Walk, node: Node, scope: Scope, sources: list[Argv]) -> str:
    """`$(…)`: its commands run, and what they print takes its place."""
    walk.step()
    mark = len(walk.found)
    file = first(node, "file_redirect") if len(node.children) == 3 else None
    text = walk.sequence(node.children, scope.copy(), Feed())
    ran = tuple(command.argv for command in walk.found[mark:])
    if file is not None and file == node.children[1]:  # `$(< file)`
        text = walk.fed(file, scope)
    if text is None or UNKNOWN in text:
        sources.extend(ran)
    return UNKNOWN if text is None else text.rstrip("\n")


def substituted_commands(walk: Walk, node: Node, scope: Scope) -> tuple[Argv, ...]:
    """`<(…)`: its commands run; which they were."""
    mark = len(walk.found)
    walk.sequence(node.children, scope.copy(), Feed())
    return tuple(command.argv for command in walk.found[mark:])


def substitutions(walk: Walk, node: Node, scope: Scope) -> None:
    """Run what is substituted anywhere in a node that is not followed itself."""
    waiting = node.children[::-1]
    while waiting:
        child = waiting.pop()
        if child.type == "command_substitution":
            substitute(walk, child, scope, [])
        else:
            waiting.extend(child.children[::-1])
