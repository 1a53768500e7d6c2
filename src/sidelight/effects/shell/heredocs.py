"""Here-documents, taken out of a command line before the grammar sees it.

The grammar nests what follows `<<EOF` on its line into the redirection and loses it after a `;`. So each
`<<EOF … EOF` becomes `< NAME` with a name that only we know, and its body is kept beside. The scanner also finds out
whether quotes and substitutions close: a shell runs nothing of a line where they do not.
"""

from __future__ import annotations

from sidelight.records import NamedTuple


class Heredoc(NamedTuple):
    """The text between the delimiters; `quoted` means that nothing in it is expanded."""

    body: str
    quoted: bool


class Lifted(NamedTuple):
    """A line without its here-documents, and those by the name that stands for them."""

    line: str
    bodies: dict[str, Heredoc]


class _Pending(NamedTuple):
    name: str
    delimiter: str
    quoted: bool
    tabs: bool  # `<<-`: leading tabs do not count


_COMMAND, _PAREN, _BACKTICK, _ARITHMETIC, _STRING, _BRACE = "", ")", "`", "))", '"', "}"
_RUNS_COMMANDS = frozenset((_COMMAND, _PAREN, _BACKTICK))
_BEFORE_COMMENT = frozenset(" \t\n;&|()")
_ENDS_DELIMITER = frozenset(" \t\n;&|()<>`")


def lift(line: str, prefix: str = "__heredoc") -> Lifted | None:
    r"""The line with its here-documents lifted out; None if a quote or a substitution in it never closes.

    >>> lift("cat <<EOF | sh; ls\nrm x\nEOF\n").line
    'cat < __heredoc_0__ | sh; ls\n'
    """
    return _Scanner(line, prefix).scan()


class _Scanner:
    def __init__(self, line: str, prefix: str) -> None:
        self.line, self.prefix = line, prefix
        self.place = 0
        self.out: list[str] = []
        self.inside = [_COMMAND]
        self.pending: list[_Pending] = []
        self.bodies: dict[str, Heredoc] = {}

    def scan(self) -> Lifted | None:
        while self.place < len(self.line):
            if not self._step(self.line[self.place], self.inside[-1]):
                return None
        for late in self.pending:
            self.bodies[late.name] = Heredoc("", late.quoted)
        return Lifted("".join(self.out), self.bodies) if self.inside == [_COMMAND] else None

    def _take(self, length: int) -> bool:
        self.out.append(self.line[self.place : self.place + length])
        self.place += length
        return True

    def _enter(self, *contexts: str, length: int) -> bool:
        self.inside.extend(contexts)
        return self._take(length)

    def _step(self, char: str, context: str) -> bool:
        """Take what stands here; False if it opens something that never closes."""
        if char == "\\":
            return self._take(2)
        if context not in (_COMMAND, _PAREN, _BRACE) and char == context[0]:
            self.inside.pop()
            return self._take(1)
        if char == "$" or char in "`\"'":
            return self._quote(char, context)
        if context == _STRING:
            return self._take(1)
        if context == _BRACE:
            if char == "}":
                self.inside.pop()
            return self._take(1)
        return self._bare(char, context)

    def _quote(self, char: str, context: str) -> bool:
        if char == "'":
            literal = context == _STRING or (context == _BRACE and self.inside[-2] == _STRING)
            return self._take(1) if literal else self._single()
        if char == "`":
            return self._enter(_BACKTICK, length=1)
        if char == '"':
            return self._enter(_STRING, length=1)
        for opening, contexts in (
            ("$((", (_ARITHMETIC, _ARITHMETIC)),
            ("$(", (_PAREN,)),
            ("${", (_BRACE,)),
        ):
            if self.line.startswith(opening, self.place):
                return self._enter(*contexts, length=len(opening))
        if self.line.startswith("$'", self.place) and context != _STRING:
            return self._ansi()
        return self._take(1)

    def _single(self) -> bool:
        end = self.line.find("'", self.place + 1)
        return end >= 0 and self._take(end + 1 - self.place)

    def _ansi(self) -> bool:
        end = self.place + 2
        while end < len(self.line) and self.line[end] != "'":
            end += 2 if self.line[end] == "\\" else 1
        return end < len(self.line) and self._take(end + 1 - self.place)

    def _bare(self, char: str, context: str) -> bool:
        if char == "(":
            double = self.line.startswith("((", self.place) and context != _ARITHMETIC
            if double:
                return self._enter(_ARITHMETIC, _ARITHMETIC, length=2)
            return self._enter(context if context == _ARITHMETIC else _PAREN, length=1)
        if char == ")":
            if context == _PAREN:
                self.inside.pop()
            return self._take(1)
        if context not in _RUNS_COMMANDS:
            return self._take(1)
        if char == "#" and (self.place == 0 or self.line[self.place - 1] in _BEFORE_COMMENT):
            end = self.line.find("\n", self.place)
            return self._take((len(self.line) if end < 0 else end) - self.place)
        if self.line.startswith("<<<", self.place):
            return self._take(3)
        if self.line.startswith("<<", self.place):
            return self._operator()
        if char == "\n":
            self._take(1)
            return self._read_bodies()
        return self._take(1)

    def _operator(self) -> bool:
        start = self.place + 2
        tabs = self.line.startswith("-", start)
        start += tabs
        while start < len(self.line) and self.line[start] in " \t":
            start += 1
        end, delimiter, quoted = start, "", False
        while end < len(self.line) and self.line[end] not in _ENDS_DELIMITER:
            char = self.line[end]
            if char in "'\"":
                close = self.line.find(char, end + 1)
                if close < 0:
                    return False
                delimiter, end, quoted = delimiter + self.line[end + 1 : close], close + 1, True
            elif char == "\\":
                delimiter, end, quoted = delimiter + self.line[end + 1 : end + 2], end + 2, True
            else:
                delimiter, end = delimiter + char, end + 1
        if end == start:
            return self._take(2)
        name = f"{self.prefix}_{len(self.bodies) + len(self.pending)}__"
        self.pending.append(_Pending(name, delimiter, quoted, tabs))
        self.out.append(f"< {name}")
        self.place = min(end, len(self.line))
        return True

    def _read_bodies(self) -> bool:
        for waiting in self.pending:
            self.bodies[waiting.name] = Heredoc(self._read_body(waiting), waiting.quoted)
        self.pending.clear()
        return True

    def _read_body(self, waiting: _Pending) -> str:
        lines: list[str] = []
        while self.place < len(self.line):
            end = self.line.find("\n", self.place)
            end = len(self.line) if end < 0 else end
            text = self.line[self.place : end]
            if waiting.tabs:
                text = text.lstrip("\t")
            if text == waiting.delimiter:
                self.place = min(end + 1, len(self.line))
                break
            if text.startswith(waiting.delimiter + ")"):  # bash takes `EOF)` at the end of a substitution
                self.place += self.line[self.place : end].index(waiting.delimiter) + len(waiting.delimiter)
                break
            lines.append(text + "\n")
            self.place = end + 1
        self.place = min(self.place, len(self.line))
        return "".join(lines)
