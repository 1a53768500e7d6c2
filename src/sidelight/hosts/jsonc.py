r"""Settings files of other programs, edited in place: JSON with comments and trailing commas, as text with positions.

What is not touched stays byte for byte: comments, key order, indents, line endings. `insert` and `remove` undo each
other; where the text alone does not tell what was there before (an object that is empty now: was it there?), `remove`
asks the text as it was.

    >>> text = '{\n  "model": "x" // mine\n}\n'
    >>> put = insert(text, ("hooks", "Stop"), {"command": "true"}, item=True)
    >>> remove(put, ("hooks", "Stop"), lambda one: "command" in one, before=text) == text
    True
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence

from sidelight.records import Any, NamedTuple

_TRIVIA = re.compile(r"(?:[ \t\r\n]+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_WORD = re.compile(r"[-+.\w]+")
_INDENT = re.compile(r"[{\[]\r?\n([ \t]+)\S")
_DEEPEST = 100
_READER = json.JSONDecoder(strict=False)


class NotJSONError(ValueError):
    """The text is no JSON, or not of the shape that is needed; the message says where and what."""


class Part(NamedTuple):
    """A member of an object or an item of an array: `start` is where its key or value begins, `comma` where the comma
    behind it stands (-1: there is none).
    """

    key: str
    start: int
    node: Node
    comma: int


class Node(NamedTuple):
    """A value and where it stands in the text."""

    value: Any
    start: int
    end: int
    parts: tuple[Part, ...] = ()

    def member(self, key: str) -> Part | None:
        """The member of that name; the last one where there are several, as every reader of JSON does."""
        return next((part for part in reversed(self.parts) if part.key == key), None)


# ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────────


def parse(text: str) -> Node | None:
    """The value in the text; None where there is nothing but space and comments. Raises `NotJSONError`."""
    start = _skip(text, 0)
    if start == len(text):
        return None
    node = _value(text, start, 0)
    rest = _skip(text, node.end)
    if rest != len(text):
        raise _wrong(text, rest, "something follows the value")
    return node


def _skip(text: str, at: int) -> int:
    found = _TRIVIA.match(text, at)
    end = found.end() if found else at
    if text.startswith("/*", end):
        raise _wrong(text, end, "the comment has no end")
    return end


def _value(text: str, at: int, depth: int) -> Node:
    first = text[at : at + 1]
    if depth > _DEEPEST:
        raise _wrong(text, at, "it is nested too deeply")
    if first == "{":
        return _container(text, at, depth, "}")
    if first == "[":
        return _container(text, at, depth, "]")
    if first == '"':
        return _string(text, at)
    word = _WORD.match(text, at)
    if word is None:
        raise _wrong(text, at, "a value is missing")
    try:
        return Node(json.loads(word[0]), at, word.end())
    except ValueError:
        raise _wrong(text, at, "this is no value") from None


def _string(text: str, at: int) -> Node:
    try:
        value, end = _READER.raw_decode(text, at)
    except ValueError:
        raise _wrong(text, at, "the text has no end") from None
    return Node(value, at, end)


def _container(text: str, start: int, depth: int, closing: str) -> Node:
    parts: list[Part] = []
    at = _skip(text, start + 1)
    while text[at : at + 1] != closing:
        if parts and parts[-1].comma < 0:
            raise _wrong(text, at, f"a comma or {closing} is missing")
        key, first = "", at
        if closing == "}":
            if text[at : at + 1] != '"':
                raise _wrong(text, at, "a key or } is missing")
            name = _string(text, at)
            key, at = name.value, _skip(text, name.end)
            if text[at : at + 1] != ":":
                raise _wrong(text, at, "a colon is missing")
            at = _skip(text, at + 1)
        node = _value(text, at, depth + 1)
        at = _skip(text, node.end)
        comma = at if text[at : at + 1] == "," else -1
        parts.append(Part(key, first, node, comma))
        at = _skip(text, comma + 1) if comma >= 0 else at
    value: Any = [part.node.value for part in parts]
    if closing == "}":
        value = {part.key: part.node.value for part in parts}
    return Node(value, start, at + 1, tuple(parts))


def _wrong(text: str, at: int, what: str) -> NotJSONError:
    line = text.count("\n", 0, at) + 1
    return NotJSONError(f"line {line}, column {at - text.rfind(chr(10), 0, at)}: {what}")


# ── writing ───────────────────────────────────────────────────────────────────────────────────────────────────────


def insert(text: str, path: Sequence[str], value: Any, *, item: bool) -> str:
    """The text with a value in it: as a member (`path` names it too) in the place of what is there, or as the last item
    of the array at `path`. What is missing on the way there is made. Raises `NotJSONError`.
    """
    at, missing = _way(text, path)
    wanted: Any = [value] if item and missing else value
    for key in reversed(missing[1:]):
        wanted = {key: wanted}
    if at is None:
        newline = _newline(text)
        return _closed(text) + _rendered({missing[0]: wanted}, "  ", "", newline) + newline
    if missing:
        return _added(text, at, json.dumps(missing[0], ensure_ascii=False) + ": ", wanted)
    if item:
        if not isinstance(at.value, list):
            raise NotJSONError(f"{'.'.join(path)} should be a list")
        return _added(text, at, "", value)
    shown = _rendered(value, _unit(text), _indent_at(text, at.start), _newline(text))
    return text[: at.start] + shown + text[at.end :]


def _way(text: str, path: Sequence[str]) -> tuple[Node | None, Sequence[str]]:
    """The innermost value on the way that is there, and what is missing of the way."""
    node = parse(text)
    if node is None:
        return None, path
    for depth, key in enumerate(path):
        if not isinstance(node.value, dict):
            raise NotJSONError(f"{'.'.join(path[:depth]) or 'the whole'} should be an object")
        part = node.member(key)
        if part is None:
            return node, path[depth:]
        node = part.node
    return node, ()


def _added(text: str, into: Node, label: str, value: Any) -> str:
    inner = text[into.start + 1 : into.end - 1]
    several = "\n" in inner or (not into.parts and ("\n" in text.strip() or len(text.strip()) == 2))
    newline, unit, outer = _newline(text), _unit(text), _indent_at(text, into.start)
    indent = _indent_at(text, into.parts[-1].start) if into.parts and several else outer + unit
    lead = newline + indent if several else (" " if into.parts else "")
    plain = json.dumps(value, ensure_ascii=False)
    shown = lead + label + (_rendered(value, unit, indent, newline) if several else plain)
    if not into.parts:
        kept = inner.rstrip()
        return text[: into.start + 1] + kept + shown + (newline + outer if several else "") + text[into.end - 1 :]
    last = into.parts[-1]
    end = into.start + 1 + len(inner.rstrip())
    if last.comma >= 0:
        return text[:end] + shown + "," + text[end:]
    return text[: last.node.end] + "," + text[last.node.end : end] + shown + text[end:]


def _rendered(value: Any, unit: str, indent: str, newline: str) -> str:
    return json.dumps(value, indent=unit, ensure_ascii=False).replace("\n", newline + indent)


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _unit(text: str) -> str:
    found = _INDENT.search(text)
    return found[1] if found else "  "


def _indent_at(text: str, at: int) -> str:
    """The indent of the line that a position is in."""
    begin = text.rfind("\n", 0, at) + 1
    line = text[begin:at]
    return line[: len(line) - len(line.lstrip(" \t"))]


# ── taking out again ──────────────────────────────────────────────────────────────────────────────────────────────


def remove(text: str, path: Sequence[str], ours: Callable[[Any], bool], *, before: str = "") -> str:
    """The text without the member at `path`, or without the items of the array there, that are `ours`; and without what
    is empty on the way there now but was not there `before`. Raises `NotJSONError`.
    """
    node = find(text, path)
    if node is None:
        return text
    if isinstance(node.value, list):
        for index in reversed(range(len(node.parts))):
            if ours(node.parts[index].node.value):
                text = _without(text, path, index, before)
    elif ours(node.value):
        text = _dropped(text, path, before)
    return _tidied(text, path, before)


def find(text: str, path: Sequence[str]) -> Node | None:
    """What is at `path`; None if nothing is. Raises `NotJSONError`."""
    node, missing = _way(text, path)
    return None if missing else node


def _tidied(text: str, path: Sequence[str], before: str) -> str:
    for depth in range(len(path), 0, -1):
        here = path[:depth]
        node = find(text, here)
        if node is None:
            continue
        if node.value not in ({}, []) or find(before, here) is not None:
            return text
        text = _dropped(text, here, before)
    root = find(text, ())
    return before if root is not None and root.value == {} and find(before, ()) is None else text


def _dropped(text: str, path: Sequence[str], before: str) -> str:
    parent = find(text, path[:-1])
    parts = parent.parts if parent is not None else ()
    index = max(number for number, part in enumerate(parts) if part.key == path[-1])
    return _without(text, path[:-1], index, before)


def _without(text: str, path: Sequence[str], index: int, before: str) -> str:
    """The text without one part of what is at `path`, and without the comma that came with it."""
    node = find(text, path)
    if node is None:
        return text
    part = node.parts[index]
    begin = len(text[: part.start].rstrip())
    end = part.comma + 1 if part.comma >= 0 else part.node.end
    if len(node.parts) == 1:
        rest = text[node.start + 1 : begin] + text[end : node.end - 1].rstrip()
        then = find(before, path)
        if then is not None and not then.parts:
            inner = before[then.start + 1 : then.end - 1]
            rest = inner if inner.strip() == rest.strip() else rest
        return text[: node.start + 1] + _closed(rest) + text[node.end - 1 :]
    after = text[end:]
    if index == len(node.parts) - 1 and part.comma < 0:
        comma = node.parts[index - 1].comma
        return text[:comma] + text[comma + 1 : begin] + after
    return text[:begin] + after


def _closed(rest: str) -> str:
    """What stays in an empty object or array; a comment to the end of the line must not swallow the bracket."""
    return rest + "\n" if "//" in rest.rpartition("\n")[2] else rest
