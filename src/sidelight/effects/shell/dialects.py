"""The few spellings of PowerShell and cmd.exe that matter, turned into the words of the commands we know.

No grammar: statements are cut at `;`, `&`, `|` and line ends outside quotes, cmdlets are looked up in a table. A script
block or an expression is not followed; the caller is told so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from sidelight.effects import UNKNOWN, Redirect
from sidelight.records import NamedTuple


class Statement(NamedTuple):
    """One command of a line. `piped`: what the one before it prints is its input; `sources`: commands whose output its
    words come from; `background`: it goes on in `cwd` ('' for here) while the line does.
    """

    argv: tuple[str, ...]
    redirects: tuple[Redirect, ...] = ()
    piped: bool = False
    sources: tuple[tuple[str, ...], ...] = ()
    background: bool = False
    cwd: str = ""


class Reading(NamedTuple):
    """The statements of a line, and whether all of it was understood."""

    statements: tuple[Statement, ...]
    followed: bool


# ── PowerShell ────────────────────────────────────────────────────────────────────────────────────────────────────

_PS_TOKEN = re.compile(
    r"""(?P<blank>[ \t]+|`\r?\n)"""
    r"""|(?P<end>;|\r?\n|&&|\|\||\|(?!\|))"""
    r"""|(?P<redirect>(?:[1-6*]?>>?)(?:&\d)?|<)"""
    r"""|(?P<comment>\#[^\n]*)"""
    r"""|(?P<quote>'(?:[^']|'')*'|"(?:[^"`]|`.|"")*")"""
    r"""|(?P<word>(?:`.|[^\s;|&<>'"`])+|&)""",
    re.DOTALL,
)
_PS_VARIABLE = re.compile(r"\$env:(\w+)|\$\{env:(\w+)\}|\$\w+(?:[.:]\w+)*|\$\(", re.IGNORECASE)


def powershell(text: str, env: Mapping[str, str]) -> Reading:
    """The commands of a PowerShell line.

    >>> powershell("Remove-Item -Recurse -Force 'a b'; Stop-Process -Name node", {}).statements[0].argv
    ('rm', '-r', '-f', 'a b')
    """
    words: list[str] = []
    statements: list[Statement] = []
    redirects: list[Redirect] = []
    followed, piped, glue, writing = True, False, False, ""
    for token in [*_PS_TOKEN.finditer(text), None]:
        sort, value = (token.lastgroup, token.group()) if token else ("end", "")
        if sort in ("word", "quote"):
            value, known = _ps_value(value, env)
            followed = followed and known
            if writing:
                redirects.append(Redirect(writing, value))
                writing = ""
            elif glue and words:
                words[-1] += value
            else:
                words.append(value)
            glue = True
            continue
        glue = False
        if sort == "redirect":
            writing = "" if "&" in value else ">>" if value.endswith(">>") else value[-1]
        elif sort == "end":
            if words:
                statements.append(Statement(tuple(words), tuple(redirects), piped))
            words, redirects, piped = [], [], value == "|"
    return _cmdlets(statements, followed=followed)


def _ps_value(value: str, env: Mapping[str, str]) -> tuple[str, bool]:
    quoted = value[0] in "'\""
    if value[0] == "'":
        return value[1:-1].replace("''", "'"), True
    inner = value[1:-1].replace('""', '"') if quoted else value
    known = quoted or not any(mark in inner for mark in "{}")

    def variable(match: re.Match[str]) -> str:
        if match[0].lower() in ("$null", "$true", "$false"):
            return match[0].lower()
        return env.get(match[1] or match[2] or "", UNKNOWN)

    expanded = _PS_VARIABLE.sub(variable, inner)
    return re.sub(r"`(.)", r"\1", expanded), known and "$(" not in inner


#: Cmdlets and their aliases: the command we know, and what becomes of their switches.
_CMDLETS: dict[str, str] = {
    **dict.fromkeys("remove-item ri rm rmdir rd del erase".split(), "rm"),
    **dict.fromkeys("move-item mi mv move rename-item rni ren".split(), "mv"),
    **dict.fromkeys("copy-item cpi cp copy".split(), "cp"),
    **dict.fromkeys("get-content gc cat type".split(), "cat"),
    **dict.fromkeys("get-childitem gci ls dir".split(), "ls"),
    **dict.fromkeys("set-location sl cd chdir push-location pushd".split(), "cd"),
    **dict.fromkeys("stop-process spps kill".split(), "stop-process"),
    **dict.fromkeys("set-content sc out-file clear-content clc".split(), ">"),
    **dict.fromkeys("add-content ac".split(), ">>"),
    **dict.fromkeys("write-output write-host echo".split(), "echo"),
    **dict.fromkeys("new-item ni".split(), "new-item"),
    **dict.fromkeys("get-process gps ps".split(), "ps"),
    **dict.fromkeys("select-string sls".split(), "grep"),
    **dict.fromkeys("get-location gl pwd".split(), "pwd"),
    **dict.fromkeys("start-process saps start".split(), "start-process"),
    **dict.fromkeys(
        "test-path get-item gi resolve-path rvpa measure-object select-object where-object".split(), "test"
    ),
    **dict.fromkeys("start-sleep sleep get-command gcm".split(), "test"),
}
_SWITCHES = {"-recurse": "-r", "-r": "-r", "-force": "-f", "-fo": "-f", "-whatif": "--dry-run"}
_PATHS = frozenset(("-path", "-literalpath", "-lp", "-filepath", "-pspath"))
_TARGETS = frozenset(("-destination", "-newname"))
_OTHERS = frozenset(
    ("-filter", "-include", "-exclude", "-erroraction", "-ea", "-encoding", "-itemtype", "-type", "-value")
)


def _cmdlets(statements: list[Statement], *, followed: bool) -> Reading:
    done: list[Statement] = []
    assigned: tuple[tuple[str, ...], ...] = ()
    for statement in statements:
        argv, sources = _without_blocks(statement.argv)
        if argv[:1] in (("&",), (".",)):
            argv = argv[1:]
        if argv[1:2] == ("=",) and argv[2:] and argv[0].startswith(UNKNOWN):  # `$found = Get-…`
            argv, assigned = argv[2:], (*assigned, argv[2:])
        statement = statement._replace(sources=sources or (() if statement.piped else assigned))  # noqa: PLW2901
        if not argv or argv[0].startswith("$"):
            continue
        mapped = _CMDLETS.get(argv[0].lower())
        before = statements[len(done) - 1].argv if statement.piped and done else ()
        done.append(_mapped(mapped, argv, before, statement) if mapped else statement._replace(argv=argv))
        followed = followed and not argv[0].startswith(UNKNOWN)
    return Reading(tuple(done), followed)


def _mapped(name: str, argv: tuple[str, ...], before: tuple[str, ...], statement: Statement) -> Statement:
    switches, paths, named = _parameters(argv[1:])
    if name == "stop-process":
        stops = _stopped(paths, named, before)
        return statement._replace(argv=stops, piped=statement.piped and UNKNOWN in stops)
    if name == "start-process":
        return _started(argv, statement)
    if name in (">", ">>"):
        target = named.get("-path") or (paths[0] if paths else UNKNOWN)
        return statement._replace(argv=(":",), redirects=(*statement.redirects, Redirect(name, target)))
    if name == "new-item":
        folder = named.get("-itemtype", named.get("-type", "")).lower() == "directory"
        return statement._replace(argv=("mkdir" if folder else "touch", *paths))
    if name in ("rm", "mv", "cp"):
        gone = [word for word in before[1:] if not word.startswith("-")] if name == "rm" and not paths else []
        return statement._replace(argv=(name, *switches, *(paths or gone or [UNKNOWN])))
    return statement._replace(argv=(name, *switches, *paths))


def _parameters(words: tuple[str, ...]) -> tuple[list[str], list[str], dict[str, str]]:
    """Switches in our spelling, positional words with `-Path` and `-Destination`, and the other named values."""
    switches: list[str] = []
    paths: list[str] = []
    named: dict[str, str] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, _, attached = word.lower().partition(":") if word.startswith("-") else ("", "", "")
        if name in _SWITCHES:
            switches.append(_SWITCHES[name])
        elif name in _PATHS or name in _TARGETS:
            paths.extend(_listed(rest.pop(0) if rest else ""))
            named["-path"] = paths[-1] if paths else ""
        elif name in _OTHERS or name in ("-name", "-id", "-processname"):
            named[name] = attached or (rest.pop(0) if rest else "")
        elif not name:
            paths.extend(_listed(word))
    return switches, paths, named


def _without_blocks(words: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """`ForEach-Object { CMD }` is CMD; for `(CMD).Property` stands the marker, and CMD is where it comes from."""
    if words[0].lower() in ("foreach-object", "%", "foreach"):
        inner = [word.strip("{}") for word in words[1:] if word.lower() not in ("-process", "-parallel")]
        words = tuple(word for word in inner if word) or words
    words = tuple(word for word in words if word != "}")
    start = next((at for at, word in enumerate(words) if at and re.match(rf"(?:\(|{UNKNOWN})[A-Za-z]", word)), None)
    end = next((at for at, word in enumerate(words) if start is not None and at >= start and ")" in word), None)
    if start is None or end is None:
        return words, ()
    inside = (*words[start:end], words[end].partition(")")[0])
    source = tuple(plain for word in inside if (plain := word.strip("(" + UNKNOWN)))
    return (*words[:start], UNKNOWN, *words[end + 1 :]), (source,) if source else ()


_START_VALUED = frozenset(
    "-workingdirectory -windowstyle -verb -redirectstandardoutput -redirectstandarderror -redirectstandardinput"
    " -credential -environment".split()
)

_START_SWITCHES = frozenset("-argumentlist -args -filepath -nonewwindow -passthru -usenewenvironment -wait".split())


def _started(argv: tuple[str, ...], statement: Statement) -> Statement:
    """`Start-Process node -ArgumentList 'server.js','--port','4000' -WorkingDirectory D` goes on in the background."""
    words, plain, cwd, waits = list(argv[1:]), list[str](), "", False
    while words:
        word = words.pop(0)
        low = word.lower()
        if low == "-workingdirectory":
            cwd = words.pop(0) if words else ""
        elif low in _START_VALUED:
            del words[:1]
        elif low in _START_SWITCHES:
            waits = waits or low == "-wait"
        else:
            plain.append(word)
    program, *rest = plain or [UNKNOWN]
    given = [part for word in rest for part in re.split(r"[,\s]+", word.strip("@()")) if part]
    return statement._replace(argv=(program, *given), background=not waits, cwd=cwd)


def _listed(word: str) -> list[str]:
    return [part for part in word.split(",") if part]


def _stopped(paths: list[str], named: dict[str, str], before: tuple[str, ...]) -> tuple[str, ...]:
    """`Stop-Process -Name node` is `taskkill /F /IM node.exe`; `-Id 7` is `kill 7`."""
    name = named.get("-name") or named.get("-processname")
    identifier = named.get("-id") or (paths[0] if paths else None)
    if not name and not identifier and before:
        _, words, told = _parameters(before[1:])
        name = told.get("-name") or (words[0] if words and before[0].lower() in ("get-process", "gps", "ps") else None)
    if name:
        return (
            "taskkill",
            "/F",
            *(word for part in _listed(name) for word in ("/IM", part + "" if "." in part else part + ".exe")),
        )
    return ("kill", identifier or UNKNOWN)


# ── cmd.exe ───────────────────────────────────────────────────────────────────────────────────────────────────────

_CMD_TOKEN = re.compile(
    r"""(?P<blank>[ \t]+)|(?P<end>&&|\|\||[&|\r\n]+)|(?P<redirect>\d?>>?(?:&\d)?|<)"""
    r"""|(?P<quote>"[^"]*"?)|(?P<word>(?:\^.|[^\s&|<>"])+)"""
)


def cmd(text: str, env: Mapping[str, str]) -> Reading:
    """The commands of a cmd.exe line.

    >>> cmd('rd /s /q "a b" & taskkill /F /IM node.exe', {}).statements[0].argv
    ('rm', '-r', '-f', 'a b')
    """
    words: list[str] = []
    redirects: list[Redirect] = []
    statements: list[Statement] = []
    piped, glue, writing = False, False, ""
    if text.startswith('"') and text.endswith('"') and len(text) > 1:
        text = text[1:-1]
    for token in [*_CMD_TOKEN.finditer(text), None]:
        sort, value = (token.lastgroup, token.group()) if token else ("end", "")
        if sort == "quote" and [word.lower() for word in words] == ["start"] and not glue:
            continue  # the title of its window
        if sort in ("word", "quote"):
            value = _cmd_value(value, env)
            if writing:
                redirects.append(Redirect(writing, value))
                writing = ""
            elif glue and words:
                words[-1] += value
            else:
                words.append(value)
            glue = True
            continue
        glue = False
        if sort == "redirect":
            writing = "" if "&" in value else ">>" if value.endswith(">>") else value[-1]
        elif sort == "end":
            if words:
                goes_on = words[0].lower() == "start" and "/wait" not in map(str.lower, words)
                statements.append(Statement(_posix(tuple(words)), tuple(redirects), piped, background=goes_on))
            words, redirects, piped = [], [], value == "|"
    return Reading(tuple(statements), followed=True)


def _cmd_value(value: str, env: Mapping[str, str]) -> str:
    plain = value.strip('"') if value.startswith('"') else re.sub(r"\^(.)", r"\1", value)
    return re.sub(r"%(\w+)%", lambda match: env.get(match[1], UNKNOWN), plain)


_CMD_VERBS = {
    **dict.fromkeys(("del", "erase"), ("rm", "-f")),
    **dict.fromkeys(("rd", "rmdir"), ("rm",)),
    **dict.fromkeys(("copy", "xcopy"), ("cp",)),
    **dict.fromkeys(("move", "ren", "rename"), ("mv",)),
    "robocopy": ("cp", "-r"),
    "type": ("cat",),
    "dir": ("ls",),
    "chdir": ("cd",),
    "md": ("mkdir",),
}


def _posix(argv: tuple[str, ...]) -> tuple[str, ...]:
    name = argv[0].lower().lstrip("@")
    if name in ("call", "start") and len(argv) > 1:
        rest = [word for word in argv[1:] if not re.fullmatch(r"/\w+", word)]
        return _posix(tuple(rest)) if rest else argv
    if name not in _CMD_VERBS:
        return (
            tuple(word for word in argv if word.lower() != "/d") if name == "cd" else (argv[0].lstrip("@"), *argv[1:])
        )
    flags = {word.lower() for word in argv[1:] if re.fullmatch(r"/[A-Za-z-]+", word)}
    recursive = ("-r",) if flags & {"/s", "/e"} else ()
    quiet = ("-f",) if "/q" in flags and "-f" not in _CMD_VERBS[name] else ()
    words = [word for word in argv[1:] if not re.fullmatch(r"/[A-Za-z-]+", word)]
    return (*_CMD_VERBS[name], *recursive, *quiet, *words)
