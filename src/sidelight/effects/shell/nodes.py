"""Questions to the nodes of the parsed line."""

from __future__ import annotations

from sidelight.effects import UNKNOWN
from sidelight.records import TYPE_CHECKING, late_pattern

if TYPE_CHECKING:
    from tree_sitter import Node

#: The grammar's names for what redirects, and for what stands for a value.
REDIRECTS = frozenset(("file_redirect", "herestring_redirect", "heredoc_redirect"))
EXPANSIONS = frozenset(
    ("simple_expansion", "expansion", "command_substitution", "arithmetic_expansion", "process_substitution")
)
#: What stands between statements without being one.
BETWEEN = frozenset(("comment", "heredoc_body", "heredoc_end", "file_descriptor"))


# tree-sitter-bash's scanner asks C's tables about characters beyond their end, and now and then that brings the process
# down. So it gets ASCII only: other characters are spelled in a word that no line holds, beginning with a dot as that
# ends a variable's name.
_BEYOND = late_pattern(r"[^\x00-\x7f]+")
_SPELLED = late_pattern(r"\.Zq([0-9a-f-]+)\.")


def ascii_only(text: str) -> str:
    """A text in which characters beyond ASCII are spelled by their numbers; `restored` gives them back.

    >>> ascii_only("rm é"), restored(ascii_only("rm é"))
    ('rm .Zqe9.', 'rm é')
    """
    if text.isascii():
        return text
    return _BEYOND.sub(lambda found: f".Zq{'-'.join(f'{ord(char):x}' for char in found[0])}.", text)


def restored(text: str) -> str:
    """The text that `ascii_only` was given."""
    if ".Zq" not in text:
        return text
    return _SPELLED.sub(lambda found: "".join(_char(number) for number in found[1].split("-")), text)


def _char(number: str) -> str:
    code = int(number, 16) if 0 < len(number) <= 6 else -1
    return chr(code) if 0 <= code < 0x110000 and not 0xD800 <= code < 0xE000 else UNKNOWN


def decoded(data: bytes) -> str:
    """Source text that a node stands for."""
    return restored(data.decode("utf-8", "replace"))


def text_of(node: Node) -> str:
    """The source text of a node; the grammar counts blanks and continued lines before a variable's name to it."""
    text = decoded(node.text or b"")
    return text.lstrip(" \t\n\\") if node.type == "variable_name" else text


def blanks_before(node: Node) -> int:
    """How many blanks the grammar counts to the `$` that follows them."""
    data = node.text or b""
    return len(data) - len(data.lstrip(b" \t\n"))


def first(node: Node, kind: str) -> Node | None:
    """The first node of a kind, as it is read, the node itself included."""
    waiting = [node]
    while waiting:
        child = waiting.pop()
        if child.type == kind:
            return child
        waiting.extend(child.children[::-1])
    return None


def flattened(node: Node) -> list[tuple[str, Node]]:
    """`a && b || c` as a flat list of operators and statements: the grammar nests it to the left, without end."""
    parts: list[tuple[str, Node]] = []
    while node.type == "list":
        named = [child for child in node.children if child.is_named and not child.is_error and child.type != "comment"]
        operator = next((child.type for child in node.children if child.type in ("&&", "||")), "&&")
        if len(named) < 2:
            break
        parts.append((operator, named[1]))
        node = named[0]
    parts.append(("", node))
    return parts[::-1]


def clauses(node: Node) -> list[tuple[list[Node] | None, list[Node]]]:
    """The branches of an `if`: condition (None for `else`) and body."""
    condition: list[Node] = []
    body: list[Node] = []
    later: list[tuple[list[Node] | None, list[Node]]] = []
    current = condition
    for child in node.children:
        if child.type == "elif_clause":
            later.extend(clauses(child))
        elif child.type == "else_clause":
            later.append((None, child.children))
        elif child.type == "then":
            current = body
        elif child.type not in ("if", "elif", "fi"):
            current.append(child)
    return [(condition, body), *later]


def read_variables(condition: list[Node]) -> list[str] | None:
    """The variables of `while read -r a b`, None if the loop does not read."""
    for node in condition:
        command = first(node, "command")
        if command is None:
            continue
        texts = [text_of(child) for child in command.children]
        if "read" in texts:
            names = [text for text in texts[texts.index("read") + 1 :] if text.isidentifier()]
            return names or ["REPLY"]
    return None
