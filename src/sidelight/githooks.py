"""Sidelight's part in a repository's git hooks: put in beside what is there, taken out byte for byte.

    for one in install(facts, "/opt/s/bin/sidelight"): print(one.file, one.what)

Four hooks that run after the fact, or that only look: `post-checkout`, `post-commit`, `post-rewrite`, `pre-push`. Each
hands over in the background and never fails. A hook of plain `sh` gets a block after its first line; any other is
moved aside and called by ours. `core.hooksPath` is followed, into husky's ignored folder too, but nothing is written
where git tracks it. Never `reference-transaction`, which would run within everything.

Source: issue "What really changed, and who did it".
"""

from __future__ import annotations

import contextlib
import os
import shlex
import stat
from collections.abc import Mapping

from sidelight import space
from sidelight.facts import LiveFacts, read_bytes
from sidelight.records import NamedTuple

NAMES = ("post-checkout", "post-commit", "post-rewrite", "pre-push")
BEGIN, END = b"# >>> sidelight >>>\n", b"# <<< sidelight <<<\n"
ASIDE = ".before-sidelight"
LARGEST = 1_000_000

_REGISTER = "githooks.json"
_SHELLS = (b"sh", b"bash", b"dash", b"zsh", b"ksh")


class Done(NamedTuple):
    """What became of one hook: `made`, `changed`, `moved aside`, `unchanged`, `removed`, `put back`; or `refused`, and
    why.
    """

    file: str
    what: str
    why: str = ""


def block(name: str, command: str) -> bytes:
    """Our lines in a hook: hand over in the background; what `pre-push` reads is handed on to whoever comes after."""
    runs = shlex.quote(command)
    guard = f'[ -x {runs} ] && [ -z "${{SIDELIGHT_NO_GIT_HOOKS-}}" ]'
    if name != "pre-push":
        body = f'if {guard}; then\n    ( {runs} git-hook {name} "$@" </dev/null >/dev/null 2>&1 & )\nfi\n'
    else:
        body = (
            "sidelight_read=$(cat)\n"
            f"if {guard}; then\n"
            f'    ( printf \'%s\\n\' "$sidelight_read" | {runs} git-hook {name} "$@" >/dev/null 2>&1 & )\n'
            "fi\n"
            "exec <<sidelight_ends\n$sidelight_read\nsidelight_ends\n"
        )
    return BEGIN + body.encode() + END


def whole(name: str, command: str, *, calls: bool) -> bytes:
    """A hook of our own; `calls`: it calls the one that was moved aside, and ends as that one does."""
    rest = f'exec "$0{ASIDE}" "$@"\n' if calls else ""
    return b"#!/bin/sh\n" + block(name, command) + rest.encode()


# ── where ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def directory(facts: LiveFacts) -> str | None:
    """Where this repository's hooks lie; None without a repository."""
    if facts.common_dir is None:
        return None
    for scope in ("--worktree", "--global", "--system"):  # without worktree settings the first means `--local`
        said = facts.git("config", scope, "--type=path", "--get", "core.hooksPath")
        if said:
            return os.path.join(facts.worktree or facts.common_dir, said.rstrip("\n"))
    return os.path.join(facts.common_dir, "hooks")


def refusal(facts: LiveFacts, where: str) -> str:
    """Why nothing may be written there; '' if it may."""
    real, common = os.path.realpath(where), os.path.realpath(facts.common_dir or "")
    if real.startswith(common + os.sep):
        return ""
    root = os.path.realpath(facts.worktree or common)
    if not real.startswith(root + os.sep):
        return "core.hooksPath leads out of the repository: it is not this one's alone"
    names = [os.path.join(real, name) for name in NAMES]
    ignored = facts.git("check-ignore", *names)
    if ignored is None or len(ignored.splitlines()) < len(names):
        return "core.hooksPath leads to files that git tracks"
    return ""


# ── in and out ────────────────────────────────────────────────────────────────────────────────────────────────────


def install(facts: LiveFacts, command: str, env: Mapping[str, str]) -> list[Done]:
    """Put our part into the hooks of the repository here; twice changes nothing. Raises `OSError`."""
    where = directory(facts)
    if where is None:
        return []
    why = refusal(facts, where)
    if why:
        return [Done(where, "refused", why)]
    os.makedirs(where, exist_ok=True)
    done = [_put_in(os.path.join(where, name), name, command) for name in NAMES]
    _register(os.path.realpath(where), env, there=True)
    return done


def _put_in(file: str, name: str, command: str) -> Done:
    if not os.path.lexists(file):
        _write(file, whole(name, command, calls=False), 0o755)
        return Done(file, "made")
    before = None if os.path.islink(file) else read_bytes(file, LARGEST)
    if before is not None and BEGIN in before:
        after = _without(before)
        after = _with(after, name, command) if after is not None else None
        if after is None or after == before:
            return Done(file, "unchanged")
        _write(file, after, stat.S_IMODE(os.stat(file).st_mode))
        return Done(file, "changed")
    if before is not None and _is_shell(before) and os.access(file, os.X_OK):
        _write(file, _with(before, name, command), stat.S_IMODE(os.stat(file).st_mode))
        return Done(file, "changed")
    if before is not None and not os.access(file, os.X_OK):
        return Done(file, "refused", "it is there and switched off (not executable)")
    if os.path.lexists(file + ASIDE):
        return Done(file, "refused", f"{os.path.basename(file)}{ASIDE} is there already")
    os.rename(file, file + ASIDE)
    _write(file, whole(name, command, calls=True), 0o755)
    return Done(file, "moved aside")


def _is_shell(data: bytes) -> bool:
    first = data.partition(b"\n")[0]
    words = first.removeprefix(b"#!").replace(b"/", b" ").split()
    return first.startswith(b"#!") and b"\r" not in first and any(word in _SHELLS for word in words)


def _with(data: bytes, name: str, command: str) -> bytes:
    first, newline, rest = data.partition(b"\n")
    return first + newline + block(name, command) + rest if newline else data


def _without(data: bytes) -> bytes | None:
    """A hook without our block; None if it cannot be told where that ends."""
    head, begin, tail = data.partition(BEGIN)
    _, end, rest = tail.partition(END)
    return head + rest if begin and end else None


def uninstall(env: Mapping[str, str], only: str | None = None) -> list[Done]:
    """Take our part out of every repository it was put into (or `only` of one hooks directory), byte for byte."""
    done = []
    for where in registered(env):
        if only is None or where == os.path.realpath(only):
            done += [one for one in (_take_out(os.path.join(where, name)) for name in NAMES) if one is not None]
            _register(where, env, there=False)
    return done


def _take_out(file: str) -> Done | None:
    data = read_bytes(file, LARGEST)
    if data is None or BEGIN not in data:
        return None
    after = _without(data)
    if after is None:
        return Done(file, "refused", "our part was changed; remove it by hand")
    if os.path.lexists(file + ASIDE):
        os.replace(file + ASIDE, file)
        return Done(file, "put back")
    if after == b"#!/bin/sh\n":
        os.unlink(file)
        return Done(file, "removed")
    _write(file, after, stat.S_IMODE(os.stat(file).st_mode))
    return Done(file, "changed")


def _write(file: str, data: bytes, mode: int) -> None:
    space.replace_file(file, data)
    os.chmod(file, mode)


# ── which repositories ────────────────────────────────────────────────────────────────────────────────────────────


def registered(env: Mapping[str, str]) -> list[str]:
    """The hooks directories that were written to."""
    import json

    try:
        found = json.loads(read_bytes(os.path.join(space.state_dir(env), _REGISTER), LARGEST) or b"[]")
    except (ValueError, RecursionError):
        return []
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def _register(where: str, env: Mapping[str, str], *, there: bool) -> None:
    import json

    home = space.prepare(space.state_dir(env))
    with space.alone(os.path.join(home, "." + _REGISTER)):
        known = [one for one in registered(env) if one != where] + ([where] if there else [])
        if known:
            space.replace_file(os.path.join(home, _REGISTER), json.dumps(known, indent=1).encode())
        else:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(home, _REGISTER))
