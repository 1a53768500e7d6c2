"""Commands of the shell itself: they change where a line stands and what it knows, or name a text to walk."""

from __future__ import annotations

from collections.abc import Callable

from sidelight.effects import UNKNOWN
from sidelight.effects.shell.scopes import Argv, Scope
from sidelight.effects.shell.words import Field
from sidelight.records import TYPE_CHECKING

if TYPE_CHECKING:
    from sidelight.effects.shell.walk import Feed, Walk

Builtin = Callable[["Walk", Argv, Scope, "Feed"], "str | None"]


def _operands(argv: Argv, switches: str = "") -> Argv:
    """The words after the options; `cd -` keeps its dash."""
    rest = argv[1:]
    while rest and len(rest[0]) > 1 and rest[0][0] == "-" and (rest[0] == "--" or set(rest[0][1:]) <= set(switches)):
        rest, done = rest[1:], rest[0] == "--"
        if done:
            break
    return rest


# ── the place ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _cd(walk: Walk, argv: Argv, scope: Scope, _feed: Feed) -> str | None:
    operands = _operands(argv, "LPe@q")
    target = operands[0] if operands else scope.home(walk.facts)
    if target == "-":
        scope.cwd, scope.previous = scope.previous, scope.cwd
        return None
    _go(walk, target, scope)
    return ""


def _go(walk: Walk, target: str, scope: Scope) -> None:
    if not target or (scope.cwd and scope.remote is None and _is_file(walk, target, scope)):
        scope.status = False
        return
    before = scope.cwd
    scope.go(target, walk.facts)
    if not scope.cwd and before:
        walk.lose()


def _is_file(walk: Walk, target: str, scope: Scope) -> bool:
    return UNKNOWN not in target and walk.here(scope).is_dir(target) is False


def _pushd(walk: Walk, argv: Argv, scope: Scope, _feed: Feed) -> str | None:
    operands = _operands(argv, "n")
    if not operands:
        if scope.stack:
            scope.cwd, scope.stack = scope.stack[-1], (*scope.stack[:-1], scope.cwd)
        return None
    scope.stack = (*scope.stack, scope.cwd)
    _go(walk, operands[0], scope)
    return None


def _popd(_walk: Walk, _argv: Argv, scope: Scope, _feed: Feed) -> str | None:
    if scope.stack:
        scope.previous, scope.cwd, scope.stack = scope.cwd, scope.stack[-1], scope.stack[:-1]
    else:
        scope.status = False
    return None


# ── variables ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _export(_walk: Walk, argv: Argv, scope: Scope, feed: Feed) -> str | None:
    shows = argv[0] == "export" or "-x" in argv[1:] or "-gx" in argv[1:]
    for word in argv[1:]:
        name, equals, value = word.partition("=")
        if not name.isidentifier():
            continue
        if equals:
            scope.assign(name, value, sources=feed.sources, export=shows)
        elif shows and "-n" not in argv[1:]:
            scope.export(name)
    return ""


def _unset(_walk: Walk, argv: Argv, scope: Scope, _feed: Feed) -> str | None:
    for name in argv[1:]:
        if "-f" in argv[1:2]:
            scope.functions = {known: body for known, body in scope.functions.items() if known != name}
        elif name.isidentifier():
            scope.assign(name, "")
    return ""


def _set(_walk: Walk, argv: Argv, scope: Scope, _feed: Feed) -> str | None:
    if "--" in argv[1:]:
        scope.positional = argv[argv.index("--") + 1 :]
    return ""


def _shift(_walk: Walk, argv: Argv, scope: Scope, _feed: Feed) -> str | None:
    if scope.positional is not None:
        count = int(argv[1]) if len(argv) > 1 and argv[1].isdigit() and len(argv[1]) < 5 else 1
        scope.positional = scope.positional[count:]
    return ""


def _read(_walk: Walk, argv: Argv, scope: Scope, feed: Feed) -> str | None:
    """One line of what is fed, if that is on the line."""
    names = [word for word in argv[1:] if word.isidentifier()] or ["REPLY"]
    known = feed.stdin is not None and UNKNOWN not in feed.stdin and argv[0] == "read"
    first = (feed.stdin or "").partition("\n")[0].split(None, len(names) - 1) if known else []
    for number, name in enumerate(names):
        value = (first[number].strip() if number < len(first) else "") if known else UNKNOWN
        scope.assign(name, value, sources=feed.sources)
    return ""


# ── texts ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _eval(walk: Walk, argv: Argv, scope: Scope, feed: Feed) -> str | None:
    text = " ".join(argv[1:])
    if UNKNOWN in text:
        walk.lose()
    return walk.text(text, scope, feed._replace(through=(*feed.through, "eval"))) if text != UNKNOWN else None


def _source(walk: Walk, argv: Argv, scope: Scope, feed: Feed) -> str | None:
    """`. file` runs in this shell. A virtual environment's `activate` is known without reading it."""
    if len(argv) < 2 or UNKNOWN in argv[1]:
        return walk.lose()
    path = argv[1]
    folder, _, name = path.replace("\\", "/").rpartition("/")
    if name.startswith("activate") and folder.rpartition("/")[2] in ("bin", "Scripts"):
        root = walk.here(scope).real(folder.rpartition("/")[0] or ".") if scope.cwd and scope.remote is None else ""
        scope.assign("VIRTUAL_ENV", root or UNKNOWN, export=True)
        return ""
    text = walk.here(scope).read(path) if scope.cwd and scope.remote is None else None
    if text is None:
        return walk.lose()
    outer = scope.positional
    scope.positional = argv[2:] or outer
    out = walk.text(text, scope, feed._replace(through=(*feed.through, path)))
    scope.positional = outer
    if scope.ended == "return":
        scope.ended = ""
    return out


def _trap(walk: Walk, argv: Argv, scope: Scope, feed: Feed) -> str | None:
    """What runs at the exit certainly runs; what runs on a signal does not."""
    operands = argv[2:] if argv[1:2] == ("--",) else argv[1:]
    if len(operands) > 1 and operands[0] not in ("-", "") and {"EXIT", "0", "RETURN"} & set(operands[1:]):
        walk.text(operands[0], scope.copy(), feed)
    return ""


def _exec(walk: Walk, argv: Argv, scope: Scope, feed: Feed) -> str | None:
    """The program takes the shell's place: nothing after it on the line runs."""
    rest = argv[1:]
    while rest and rest[0].startswith("-"):
        rest = rest[2:] if rest[0] == "-a" else rest[1:]
    if not rest:
        return ""
    text = walk.execute([Field(word) for word in rest], scope, feed._replace(through=(*feed.through, "exec")))
    scope.ended = "exit"
    return text


def _leave(_walk: Walk, argv: Argv, scope: Scope, _feed: Feed) -> str | None:
    scope.ended = argv[0] if argv[0] != "logout" else "exit"
    return ""


def _nothing(_walk: Walk, _argv: Argv, _scope: Scope, _feed: Feed) -> str | None:
    return None


BUILTINS: dict[str, Builtin] = {
    **dict.fromkeys(("cd", "chdir"), _cd),
    **dict.fromkeys(("export", "local", "declare", "typeset", "readonly"), _export),
    **dict.fromkeys(("source", "."), _source),
    **dict.fromkeys(("exit", "return", "break", "continue", "logout"), _leave),
    **dict.fromkeys(("read", "mapfile", "readarray"), _read),
    **dict.fromkeys(("unset", "unsetenv"), _unset),
    **dict.fromkeys(
        (
            *("alias", "autoload", "bg", "bind", "compgen", "complete", "disown", "emulate", "enable", "fg", "getopts"),
            *("hash", "history", "jobs", "let", "rehash", "setopt", "shopt", "ulimit", "umask", "unalias", "unsetopt"),
            *("wait", "zmodload"),
        ),
        _nothing,
    ),
    "eval": _eval,
    "exec": _exec,
    "popd": _popd,
    "pushd": _pushd,
    "set": _set,
    "shift": _shift,
    "trap": _trap,
}
