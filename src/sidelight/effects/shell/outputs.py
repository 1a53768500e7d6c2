"""What a few commands print, as far as that is known without running them.

It answers what `$(pwd)` stands for and what `echo "DROP TABLE x" | psql` feeds. None is the usual answer: not known.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sidelight.effects import UNKNOWN, Command
from sidelight.effects.shell.words import ansi
from sidelight.facts import Facts
from sidelight.records import late_pattern
from sidelight.targets import normal_path

LONGEST = 65536


def printed(command: Command, facts: Facts) -> str | None:
    """The text a command prints to its standard output; `facts` stand where it runs."""
    if command.argv[0] in _SILENT:
        return ""
    printer = _PRINTERS.get(command.argv[0])
    if printer is None or command.remote is not None:
        return None
    text = printer(command, facts)
    return text if text is None or len(text) <= LONGEST else None


_SILENT = frozenset(
    "true false : [ test [[ mkdir touch rm rmdir cp mv ln chmod chown kill sleep wait install sync".split()
)


def _echo(command: Command, _facts: Facts) -> str:
    words = list(command.argv[1:])
    end, escapes = "\n", False
    while words and re.fullmatch(r"-[neE]+", words[0]):
        end = "" if "n" in words[0] else end
        escapes = escapes or "e" in words[0]
        words.pop(0)
    text = " ".join(words)
    return (ansi(text) if escapes else text) + end


_DIRECTIVE = late_pattern(r"%%|%[-+ 0#]*\d{0,6}(?:\.\d{1,6})?([a-zA-Z])")


def _printf(command: Command, _facts: Facts) -> str | None:
    words = list(command.argv[1:])
    if words[:1] == ["-v"] or not words:
        return ""
    words = words[1:] if words[0] == "--" else words
    form, values = ansi(words[0]) if words else "", words[1:]
    each = sum(1 for found in _DIRECTIVE.finditer(form) if found[1])
    out: list[str] = []
    while True:
        taken, values = values[:each], values[each:]
        out.append(_filled(form, taken))
        if not each or not values or len(out) > 1000:
            return "".join(out)


def _filled(form: str, values: list[str]) -> str:
    waiting = list(values)

    def fill(match: re.Match[str]) -> str:
        if not match[1]:
            return "%"
        value = waiting.pop(0) if waiting else ""
        return ansi(value) if match[1] == "b" else value

    return _DIRECTIVE.sub(fill, form)


def _cat(command: Command, facts: Facts) -> str | None:
    names = [word for word in command.argv[1:] if not word.startswith("-") or word == "-"]
    if not names or names == ["-"]:
        return command.stdin
    texts = [_content(name, command, facts) for name in names]
    return None if None in texts else "".join(text for text in texts if text is not None)


def _content(name: str, command: Command, facts: Facts) -> str | None:
    if name == "-":
        return command.stdin
    return facts.read(name) if UNKNOWN not in name and name not in command.globs else None


def _tee(command: Command, _facts: Facts) -> str | None:
    return command.stdin


def _yes(command: Command, _facts: Facts) -> str:
    return (" ".join(command.argv[1:]) or "y") + "\n"


def _pwd(command: Command, _facts: Facts) -> str | None:
    return command.cwd + "\n" if command.cwd else None


def _basename(command: Command, _facts: Facts) -> str | None:
    words = [word for word in command.argv[1:] if not word.startswith("-")]
    if not words or UNKNOWN in words[0]:
        return None
    name = words[0].rstrip("/").rpartition("/")[2] or "/"
    suffix = words[1] if len(words) > 1 else ""
    return (name.removesuffix(suffix) or name) + "\n"


def _dirname(command: Command, _facts: Facts) -> str | None:
    words = [word for word in command.argv[1:] if not word.startswith("-")]
    if len(words) != 1 or UNKNOWN in words[0].rpartition("/")[0] or "/" not in words[0].replace(UNKNOWN, "/"):
        return None if not words or UNKNOWN in words[0] else ".\n"
    return (words[0].rstrip("/").rpartition("/")[0] or "/") + "\n"


def _realpath(command: Command, facts: Facts) -> str | None:
    words = [word for word in command.argv[1:] if not word.startswith("-")]
    plain = len(words) == 1 and UNKNOWN not in words[0] and bool(command.cwd)
    if not plain or (command.argv[0] == "readlink" and "-f" not in command.argv):
        return None
    return facts.real(words[0]) + "\n"


def _seq(command: Command, _facts: Facts) -> str | None:
    numbers = command.argv[1:]
    if not 1 <= len(numbers) <= 3 or not all(re.fullmatch(r"-?\d{1,6}", word) for word in numbers):
        return None
    values = [int(word) for word in numbers]
    first, step, last = (
        (1, 1, values[0]) if len(values) == 1 else (values[0], (*values, 1)[1] if len(values) == 3 else 1, values[-1])
    )
    if not step or abs((last - first) // step) > 1000:
        return None
    return "".join(f"{number}\n" for number in range(first, last + (1 if step > 0 else -1), step))


def _whoami(_command: Command, facts: Facts) -> str | None:
    user = facts.env.get("USER") or facts.env.get("USERNAME")
    return user + "\n" if user else None


def _git(command: Command, facts: Facts) -> str | None:
    """The questions scripts ask git before they act."""
    if not command.cwd:
        return None
    answer: str | None
    match command.argv[1:]:
        case ("rev-parse", "--show-toplevel"):
            answer = facts.worktree
        case ("rev-parse", "--git-common-dir") | ("rev-parse", "--path-format=absolute", "--git-common-dir"):
            answer = facts.common_dir
        case (
            ("rev-parse", "--abbrev-ref", "HEAD")
            | ("branch", "--show-current")
            | ("symbolic-ref", "--short", "HEAD")
            | ("symbolic-ref", "--short", "-q", "HEAD")
        ):
            answer = facts.branch
        case _:
            answer = None
    return answer + "\n" if answer else None


_Printer = Callable[[Command, Facts], "str | None"]
_PRINTERS: dict[str, _Printer] = {
    "basename": _basename,
    "cat": _cat,
    "dirname": _dirname,
    "echo": _echo,
    "git": _git,
    "printf": _printf,
    "pwd": _pwd,
    "readlink": _realpath,
    "realpath": _realpath,
    "seq": _seq,
    "tee": _tee,
    "whoami": _whoami,
    "yes": _yes,
}


def joined(directory: str, path: str, facts: Facts) -> str:
    """Where `cd path` leads from `directory`: '' if either is not known. Links stay as written, as in a shell."""
    windows = facts.os == "windows"
    if not path or UNKNOWN in path:
        return ""
    if path.startswith("/") or (windows and re.match(r"[A-Za-z]:|\\", path)):
        return normal_path(path, windows=windows)
    return normal_path(f"{directory}/{path}", windows=windows) if directory else ""
