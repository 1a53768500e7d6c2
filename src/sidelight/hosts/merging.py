"""Our part of a settings file that is somebody else's: put in, and taken out again. Pure: texts in, texts out.

A part is said as data, so that the same words serve to write it, to find it, to take it out and to show it.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable, Mapping

from sidelight.hosts import jsonc, launcher
from sidelight.records import Any, NamedTuple


class RefusedError(ValueError):
    """The file cannot be changed without risk to what is in it; the message says why."""


def is_ours(value: object) -> bool:
    """Is a hook, a group of hooks or an MCP server's entry one that Sidelight wrote?"""
    if isinstance(value, Mapping) and isinstance(value.get("hooks"), list):
        return bool(value["hooks"]) and all(map(is_ours, value["hooks"]))
    if not isinstance(value, Mapping):
        return False
    return launcher.is_ours(value.get("command")) or _words(value)[-1:] == ["mcp"]


def _words(server: Mapping[str, Any]) -> list[str]:
    """The command line of an MCP server's entry, if it is our program's."""
    command, more = server.get("command"), server.get("args", [])
    words = [*(command if isinstance(command, list) else [command]), *(more if isinstance(more, list) else [])]
    program = os.path.basename(str(words[0])) if words else ""
    return [str(word) for word in words] if program in ("sidelight", "sidelight.exe") else []


# ── JSON ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class JSONPart(NamedTuple):
    """Ours in a JSON file: `hooks`, the items for each event below the key `hooks`; `members`, whole values at a path;
    `needed`, values that the host demands of a file with hooks: set where they are missing, and then taken out again
    unless somebody else has added hooks meanwhile.
    """

    hooks: Mapping[str, list[Any]] = {}
    members: Mapping[tuple[str, str], Any] = {}
    needed: Mapping[str, Any] = {}

    def put(self, text: str) -> str:
        """The text with our part; unchanged if it is there already. Raises `RefusedError`."""
        try:
            return self._put(text)
        except jsonc.NotJSONError as error:
            raise RefusedError(str(error)) from None

    def _put(self, text: str) -> str:
        for key, value in self.needed.items():
            if jsonc.find(text, (key,)) is None:
                text = jsonc.insert(text, (key,), value, item=False)
        text = self._current(text)
        for event, items in self.hooks.items():
            there = jsonc.find(text, ("hooks", event))
            known = there.value if there is not None and isinstance(there.value, list) else []
            for item in items:
                if item not in known:
                    text = jsonc.insert(text, ("hooks", event), item, item=True)
        for path, value in self.members.items():
            member = jsonc.find(text, path)
            if member is not None and member.value != value and not is_ours(member.value):
                raise RefusedError(f"{'.'.join(path)} is there already, and is not ours; rename it, or remove it")
            if member is None or member.value != value:
                text = jsonc.insert(text, path, value, item=False)
        return text

    def _current(self, text: str) -> str:
        """The text without what an older version of ours wrote."""
        for event in _events(text):
            text = jsonc.remove(text, ("hooks", event), _older(self.hooks.get(event, [])), before=text)
        return text

    def take(self, text: str, before: str) -> str:
        """The text without our part; `before` is the text as it was without. Raises `RefusedError`."""
        try:
            for path in reversed(list(self.members)):
                text = jsonc.remove(text, path, is_ours, before=before)
            for event in reversed(_events(text)):
                text = jsonc.remove(text, ("hooks", event), is_ours, before=before)
            for key, value in reversed(list(self.needed.items())):
                left, then = jsonc.find(text, ("hooks",)), jsonc.find(before, ("hooks",))
                others = left is not None and left.value != (then.value if then is not None else {})
                if jsonc.find(before, (key,)) is None and not others:
                    text = jsonc.remove(text, (key,), value.__eq__, before=before)
        except jsonc.NotJSONError as error:
            raise RefusedError(str(error)) from None
        return text


def _older(wanted: list[Any]) -> Callable[[Any], bool]:
    return lambda one: is_ours(one) and one not in wanted


def _events(text: str) -> list[str]:
    hooks = jsonc.find(text, ("hooks",))
    if hooks is None or not isinstance(hooks.value, dict):
        return []
    return [part.key for part in hooks.parts if isinstance(part.node.value, list)]


# ── TOML ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class TOMLPart(NamedTuple):
    """Ours in a TOML file: one table at its end."""

    table: tuple[str, str]
    values: Mapping[str, Any]

    def put(self, text: str) -> str:
        """The text with our table; unchanged if it is there already. Raises `RefusedError`."""
        there = self._there(text)
        if there == self.values:
            return text
        if there is not None:
            if not is_ours(there):
                raise RefusedError(f"{'.'.join(self.table)} is there already, and is not ours; rename it, or remove it")
            text = self._cut(text, "")
        newline = "\r\n" if "\r\n" in text else "\n"
        gap = newline if text and not text.endswith("\n") else ""
        added = text + gap + (newline if text.strip() else "") + self._block(newline)
        if self._there(added, quiet=True) == self.values:
            return added
        return self._checked(self._placed(text), text, self.values)

    def take(self, text: str, before: str) -> str:
        """The text without our table; `before` is the text as it was without. Raises `RefusedError`."""
        there = self._there(text)
        return text if there is None or not is_ours(there) else self._cut(text, before)

    def _cut(self, text: str, before: str) -> str:
        newline = "\r\n" if "\r\n" in text else "\n"
        block = self._block(newline)
        at = text.find(block)
        if at < 0 or self._there(text[:at] + text[at + len(block) :], quiet=True) is not None:
            return self._checked(self._removed(text), text, None)
        head = text[:at]
        if head in (before, before + newline, before + 2 * newline):
            head = before
        elif head.strip():
            head = head.removesuffix(newline)
        return self._checked(head + text[at + len(block) :], text, None)

    def _block(self, newline: str) -> str:
        lines = [f"[{'.'.join(self.table)}]", *(f"{key} = {json.dumps(value)}" for key, value in self.values.items())]
        return "".join(line + newline for line in lines)

    def _there(self, text: str, *, quiet: bool = False) -> Any:
        first, second = self.table
        try:
            above = tomllib.loads(text).get(first)
        except tomllib.TOMLDecodeError as error:
            if quiet:
                return NotImplemented
            raise RefusedError(str(error)) from None
        return above.get(second) if isinstance(above, dict) else None

    def _placed(self, text: str) -> str:
        """Where the table above ours is written inline, so that none can follow it."""
        import tomlkit

        first, second = self.table
        document = tomlkit.parse(text)
        above: Any = document.get(first)
        if not isinstance(above, dict):
            raise RefusedError(f"{first} is no table")
        above[second] = dict(self.values)
        return tomlkit.dumps(document)

    def _removed(self, text: str) -> str:
        import tomlkit

        first, second = self.table
        document = tomlkit.parse(text)
        above: Any = document[first]
        del above[second]
        if not above:
            del document[first]
        return tomlkit.dumps(document)

    def _checked(self, after: str, text: str, values: Mapping[str, Any] | None) -> str:
        """The new text, if it says the same as before in all but our table."""
        told, was = ({**tomllib.loads(one)} for one in (after, text))
        first, second = self.table
        for document in (told, was):
            above = dict(document.get(first) or {})
            found = above.pop(second, None)
            if document is told and found != values:
                raise RefusedError(f"{'.'.join(self.table)} cannot be changed safely; change it by hand")
            document[first] = above
        if told != was:
            raise RefusedError("it cannot be changed without changing something else; change it by hand")
        return after


# ── lines ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class LinesPart(NamedTuple):
    """Ours in a file of lines, such as a repository's `info/exclude`; `name` keeps two of ours apart."""

    name: str
    lines: tuple[str, ...]

    def put(self, text: str) -> str:
        """The text with our lines at its end; unchanged if they are there already."""
        block = self._block()
        if block in text:
            return text
        return text + ("\n" if text and not text.endswith("\n") else "") + block

    def take(self, text: str, before: str) -> str:
        """The text without our lines; `before` is the text as it was without."""
        head, found, tail = text.partition(self._block())
        if found and not tail and before == head.removesuffix("\n"):
            return before
        return head + tail

    def _block(self) -> str:
        return "".join(f"{line}\n" for line in (f"# sidelight {self.name}", *self.lines, "# sidelight end"))


Part = JSONPart | TOMLPart | LinesPart
