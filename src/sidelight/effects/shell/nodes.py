"""Questions to the nodes of the parsed line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

#: The grammar's names for what redirects, and for what stands for a value.
REDIRECTS = frozenset(("file_redirect", "herestring_redirect", "heredoc_redirect"))
EXPANSIONS = frozenset(
    ("simple_expansion", "expansion", "command_substitution", "arithmetic_expansion", "process_substitution")
)
#: What stands between statements without being one.
BETWEEN = frozenset(("comment", "heredoc_body", "heredoc_end", "file_descriptor"))


def text_of(node: Node) -> str:
    """The source text of a node; the grammar counts blanks and continued lines before a variable's name to it."""
    text = (node.text or b"").decode("utf-8", "replace")
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
