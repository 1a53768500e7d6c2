"""`$X`, `${X:-default}`, `${f%.txt}`: what a parameter stands for."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase

from sidelight.effects import UNKNOWN
from sidelight.effects.shell.scopes import Argv, Scope
from sidelight.effects.shell.walk import Walk
from sidelight.records import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

LONGEST = 2000  # values that patterns are tried on


def value(walk: Walk, node: Node, scope: Scope, sources: list[Argv], expanded: Callable[[Node], str]) -> str:
    """The value of a `simple_expansion` or an `expansion`, `UNKNOWN` if it is not known. `expanded` reads its words."""
    parts = [child for child in node.children if child.type not in ("$", "${", "}")]
    if not parts:
        return UNKNOWN
    if parts[0].type in ("#", "!") and not parts[0].is_named and len(parts) > 1:
        return _prefixed(parts[0].type, parts[1], walk, scope)
    name = _name(parts[0])
    current = _current(parts[0], name, walk, scope)
    operator = parts[1].type if len(parts) > 1 else ""

    def argument() -> str:
        return "".join(expanded(part) for part in parts[2:])

    if operator in _DEFAULTS:
        found = _default(operator, current, argument)
        if operator in ("=", ":="):
            scope.assign(name, found)
    elif current is None or UNKNOWN in current:
        found = UNKNOWN if current is None else current if not operator else UNKNOWN
    else:
        found = _changed(current, operator, [_text(part) for part in parts[2:]], argument)
    if UNKNOWN in found:
        sources.extend(scope.origins.get(name, ()))
    return found


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def _name(node: Node) -> str:
    inner = node.child_by_field_name("name") if node.type == "subscript" else node
    return _text(inner or node).lstrip(" \t\n")


def _current(node: Node, name: str, walk: Walk, scope: Scope) -> str | None:
    if node.type == "subscript":
        return _item(node, scope.arrays.get(name))
    if name in scope.arrays:
        return (scope.arrays[name] or ("",))[0]
    if name.isdigit() or name in _SPECIAL:
        return _positional(name, scope)
    if name == "PWD":
        return scope.cwd or None
    if name == "OLDPWD":
        return scope.previous or None
    if name == "HOME":
        return scope.home(walk.facts)
    return scope.value(name)


_SPECIAL = frozenset("@*#?$!-_0")


def _positional(name: str, scope: Scope) -> str | None:
    if name == "0":
        return scope.name or None
    if scope.positional is None:
        return None
    if name in ("@", "*"):
        return " ".join(scope.positional)
    if name == "#":
        return str(len(scope.positional))
    if not name.isdigit() or len(name) > 4:
        return None
    return scope.positional[int(name) - 1] if int(name) <= len(scope.positional) else ""


def _item(node: Node, items: Argv | None) -> str | None:
    index = node.child_by_field_name("index")
    text = _text(index) if index is not None else ""
    if items is None:
        return None
    if text in ("@", "*"):
        return " ".join(items)
    return items[int(text)] if text.isdigit() and len(text) < 5 and int(text) < len(items) else None


def _prefixed(mark: str, node: Node, walk: Walk, scope: Scope) -> str:
    """`${#X}` and `${!X}`."""
    current = _current(node, _name(node), walk, scope)
    if current is None or UNKNOWN in current:
        return UNKNOWN
    return str(len(current)) if mark == "#" else scope.value(current) or UNKNOWN


def _default(operator: str, current: str | None, argument: Callable[[], str]) -> str:
    """`${X:-y}` and its kin: with a colon an empty value counts as none."""
    there = bool(current) if operator.startswith(":") else current is not None
    if operator.endswith("+"):
        return argument() if there else ""
    if there and current is not None:
        return current
    return UNKNOWN if operator.endswith("?") else argument()


_DEFAULTS = frozenset((":-", "-", ":=", "=", ":+", "+", ":?", "?"))


def _changed(current: str, operator: str, arguments: list[str], argument: Callable[[], str]) -> str:
    """A known value with a part cut off, replaced or in another case."""
    if not operator:
        return current
    if len(current) > LONGEST:
        return UNKNOWN
    if operator in ("#", "##", "%", "%%"):
        return _cut(current, operator, argument())
    if operator in ("^^", ",,", "^", ","):
        head = current[:1] if len(operator) == 1 else current
        turned = head.upper() if operator[0] == "^" else head.lower()
        return turned + current[len(head) :]
    if operator in ("/", "//"):
        return _replaced(current, operator, arguments)
    if operator == ":":
        return _slice(current, [text for text in arguments if text != ":"])
    return UNKNOWN


def _cut(current: str, operator: str, pattern: str) -> str:
    """`#` and `##` cut at the front, `%` and `%%` at the back; the doubled ones as much as fits."""
    if UNKNOWN in pattern:
        return UNKNOWN
    lengths = range(len(current) + 1)
    for length in lengths if len(operator) == 1 else reversed(lengths):
        part = current[:length] if operator[0] == "#" else current[len(current) - length :]
        if fnmatchcase(part, pattern):
            return current[length:] if operator[0] == "#" else current[: len(current) - length]
    return current


def _replaced(current: str, operator: str, arguments: list[str]) -> str:
    pattern, slash, replacement = (*arguments, "", "")[:3]
    plain = not any(mark in pattern for mark in "*?[$\\\"'`") and not any(mark in replacement for mark in "$\\\"'`&")
    if not plain or not pattern or slash not in ("/", ""):
        return UNKNOWN
    return current.replace(pattern, replacement, -1 if operator == "//" else 1)


def _slice(current: str, arguments: list[str]) -> str:
    if not arguments or not all(text.strip().lstrip("-").isdigit() and len(text) < 6 for text in arguments):
        return UNKNOWN
    start = int(arguments[0])
    if len(arguments) == 1:
        return current[start:]
    length = int(arguments[1])
    return current[start : start + length] if length >= 0 and start >= 0 else UNKNOWN
