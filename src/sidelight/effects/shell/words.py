"""Words of a command line: the plain ones without a grammar, and what becomes of pieces of text in the shell's order
(braces, tilde, quotes, splitting).

A word is put together from `Piece`s, because what the shell does with a character depends on where it came from:
`{a,b}` in plain text is two words, the same in quotes or in a variable's value is not.
"""

from __future__ import annotations

import re
from itertools import pairwise

from sidelight.effects import UNKNOWN
from sidelight.records import NamedTuple, late_pattern

MOST_WORDS = 400  # what one word may become by braces

# ── lines that need no grammar ────────────────────────────────────────────────────────────────────────────────────

_PLAIN_WORD = r"""(?:[A-Za-z0-9_./:=@%+,^~\-]|'[^'\x00-\x1f]*'|"[^"$`\\\x00-\x1f]*")+"""
_PLAIN_LINE = late_pattern(rf"[ \t]*{_PLAIN_WORD}(?:[ \t]+{_PLAIN_WORD})*[ \t\n]*")
_WORDS_OF = late_pattern(_PLAIN_WORD)
_PART_OF = late_pattern(r"""'([^']*)'|"([^"]*)"|([^'"]+)""")
_RESERVED = frozenset(
    "case coproc do done elif else esac fi for function if in select then time until while".split()
    + "declare export local readonly typeset unset unsetenv test".split()
)


def plain_words(line: str) -> list[str] | None:
    """The words of a line that is one simple command of plain and quoted words; None where the grammar is needed.

    >>> plain_words("git commit -m 'a b'")
    ['git', 'commit', '-m', 'a b']
    >>> plain_words("git status && ls") is None
    True
    """
    if not _PLAIN_LINE.fullmatch(line):
        return None
    spelled = _WORDS_OF.findall(line)
    if spelled[0] in _RESERVED or "=" in spelled[0]:
        return None
    if any(word.startswith("~") for word in spelled):
        return None
    return ["".join("".join(part) for part in _PART_OF.findall(word)) for word in spelled]


# ── pieces and fields ─────────────────────────────────────────────────────────────────────────────────────────────

PLAIN, QUOTED, VALUE, LIST = "plain", "quoted", "value", "list"


class Piece(NamedTuple):
    """A stretch of one word.

    It is `plain` source text, `quoted` text, the `value` of an unquoted expansion, or a `list` (`"$@"`) whose items are
    words of their own.
    """

    sort: str
    text: str
    items: tuple[str, ...] = ()


class Field(NamedTuple):
    """A word as the program gets it; `glob` if the shell would first match it against files."""

    text: str
    glob: bool = False


_FIRST_PRIVATE = 0xE000  # stands for a piece that is not plain while braces are worked out
_PRIVATE = late_pattern("[\ue000-\uf8ff]")


def fields(pieces: list[Piece], home: str, *, split: bool = True) -> list[Field]:
    """The words that the pieces of one word on the line become. `split` is False for the value of an assignment."""
    if len(pieces) == 1 and pieces[0].sort == PLAIN and not any(mark in pieces[0].text for mark in "{~*?[\ue000"):
        return [Field(pieces[0].text)]
    template, opaque = _template(pieces)
    templates = braces(template) if split and "{" in template else [template]
    return [field for text in templates for field in _settle(text, opaque, home, split=split)]


def _template(pieces: list[Piece]) -> tuple[str, list[Piece]]:
    """Plain text as it is, and one private character for every other piece."""
    text: list[str] = []
    opaque: list[Piece] = []
    for piece in pieces:
        if (piece.sort == PLAIN and not _PRIVATE.search(piece.text)) or len(opaque) > 4000:
            text.append(piece.text)
        else:
            text.append(chr(_FIRST_PRIVATE + len(opaque)))
            opaque.append(piece)
    return "".join(text), opaque


class _Building:
    """Fields under construction: `open` is False between words."""

    def __init__(self) -> None:
        self.done: list[Field] = []
        self.text: list[str] = []
        self.open = self.glob = False

    def add(self, text: str, *, glob: bool = False) -> None:
        self.text.append(text)
        self.open = True
        self.glob = self.glob or glob

    def close(self) -> None:
        if self.open:
            self.done.append(Field("".join(self.text), self.glob))
        self.text, self.open, self.glob = [], False, False


def _settle(template: str, opaque: list[Piece], home: str, *, split: bool) -> list[Field]:
    building = _Building()
    if template == "~" or template.startswith("~/"):
        building.add(home)
        template = template[1:]
    for part in re.split("([\ue000-\uf8ff])", template):
        number = ord(part) - _FIRST_PRIVATE if len(part) == 1 else -1
        if 0 <= number < len(opaque):
            _add_piece(building, opaque[number], split=split)
        elif part:
            building.add(part, glob=split and _is_pattern(part))
    building.close()
    return building.done or ([] if split else [Field("")])


def _add_piece(building: _Building, piece: Piece, *, split: bool) -> None:
    if piece.sort == LIST:
        for number, item in enumerate(piece.items):
            if number and split:
                building.close()
            building.add(item if split or not number else " " + item)
    elif piece.sort == VALUE and split:
        for number, item in enumerate(re.split(r"[ \t\n]+", piece.text)):
            if number:
                building.close()
            if item:
                building.add(item, glob=_is_pattern(item))
    else:
        building.add(piece.text)


def _is_pattern(text: str) -> bool:
    return "*" in text or "?" in text or ("[" in text and "]" in text)


# ── braces ────────────────────────────────────────────────────────────────────────────────────────────────────────

_RANGE = late_pattern(r"(-?\d{1,9}|[A-Za-z])\.\.(-?\d{1,9}|[A-Za-z])(?:\.\.(-?\d{1,9}))?")


def braces(text: str) -> list[str]:
    """`{a,b}` and `{1..3}` spelled out, at most `MOST_WORDS` words; text that is no brace expansion stays.

    >>> braces("x{a,b{1..2}}.o")
    ['xa.o', 'xb1.o', 'xb2.o']
    """
    done: list[str] = []
    waiting = [text]
    while waiting and len(done) < MOST_WORDS:
        current = waiting.pop()
        found = _first_brace(current)
        if found is None:
            done.append(current)
            continue
        start, end, choices = found
        waiting.extend(current[:start] + choice + current[end:] for choice in reversed(choices[:MOST_WORDS]))
        if len(waiting) > 4 * MOST_WORDS:
            return [text]
    return done


def _first_brace(text: str) -> tuple[int, int, list[str]] | None:
    """Where the first real brace expansion begins and ends, and its choices. One pass, however many braces."""
    opened: list[tuple[int, list[int]]] = []
    best: tuple[int, int, list[str]] | None = None
    for place, char in enumerate(text):
        if char == "{":
            opened.append((place, []))
        elif char == "," and opened:
            opened[-1][1].append(place)
        elif char == "}" and opened:
            start, commas = opened.pop()
            choices = _choices(text, start, place, commas)
            if choices is not None and (best is None or start < best[0]):
                best = (start, place + 1, choices)
            if not opened and best is not None:
                return best
    return best


def _choices(text: str, start: int, end: int, commas: list[int]) -> list[str] | None:
    if text[start - 1 : start] == "$":
        return None
    if commas:
        marks = [start, *commas, end]
        return [text[left + 1 : right] for left, right in pairwise(marks)]
    match = _RANGE.fullmatch(text[start + 1 : end])
    return _range(*match.groups()) if match else None


def _range(first: str, last: str, step: str | None) -> list[str] | None:
    numbers = first.lstrip("-").isdigit()
    if numbers != last.lstrip("-").isdigit():
        return None
    low, high = (int(first), int(last)) if numbers else (ord(first), ord(last))
    stride = max(1, abs(int(step or 1)))
    if abs(high - low) // stride >= MOST_WORDS:
        return None
    values = range(low, high + 1, stride) if low <= high else range(low, high - 1, -stride)
    if not numbers:
        return [chr(value) for value in values]
    padded = any(len(end.lstrip("-")) > 1 and end.lstrip("-").startswith("0") for end in (first, last))
    width = max(len(first), len(last)) if padded else 0
    return [str(value).zfill(width) for value in values]


# ── quotes ────────────────────────────────────────────────────────────────────────────────────────────────────────


def unescaped(text: str, *, keep: bool = False) -> list[Piece]:
    """Plain source text with its backslashes resolved: what one protects is quoted. `keep`: they separate folders."""
    if "\\" not in text or keep:
        return [Piece(PLAIN, text)]
    pieces: list[Piece] = []
    for plain, char in re.findall(r"([^\\]+)|\\(.?)", text, re.DOTALL):
        if plain:
            pieces.append(Piece(PLAIN, plain))
        elif char != "\n":
            pieces.append(Piece(QUOTED, char))
    return pieces


def in_double_quotes(text: str) -> str:
    """Source text between double quotes: a backslash protects only `$`, a backtick, `"`, itself and a line end."""
    return re.sub(r'\\([$`"\\])|\\\n', r"\1", text) if "\\" in text else text


def in_heredoc(text: str) -> str:
    """Source text of an unquoted here-document, where `"` is nothing special."""
    return re.sub(r"\\([$`\\])|\\\n", r"\1", text) if "\\" in text else text


_ANSI = {"n": "\n", "t": "\t", "r": "\r", "e": "\x1b", "E": "\x1b", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_ANSI_ESCAPE = late_pattern(r"\\(?:x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|([0-7]{1,3})|(.))", re.DOTALL)


def ansi(text: str) -> str:
    r"""The text of `$'…'`, and of `printf` formats: `\n`, `\x41` and so on.

    >>> ansi(r"a\x41")
    'aA'
    """

    def char(match: re.Match[str]) -> str:
        hexadecimal, unicode, octal, letter = match.groups()
        if letter is not None:
            return _ANSI.get(letter, letter if letter in "\\'\"?" else "\\" + letter)
        code = int(octal, 8) & 0xFF if octal else int(hexadecimal or unicode, 16)
        return chr(code) if code and not 0xD800 <= code < 0xE000 else UNKNOWN

    return _ANSI_ESCAPE.sub(char, text)
