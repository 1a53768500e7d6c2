"""Programs: what they run inside, in a text of another language, in a script; else themselves."""

from __future__ import annotations

import re

from sidelight.effects import UNKNOWN, Command, Redirect
from sidelight.effects.shell.scopes import Argv, Scope
from sidelight.effects.shell.walk import Feed, Walk
from sidelight.effects.shell.words import Field
from sidelight.records import TYPE_CHECKING

if TYPE_CHECKING:
    from sidelight.effects.shell.wrappers import Inside, Part

_EATERS = frozenset(("xargs", "parallel"))  # what they are fed is not left for the command
_ALWAYS = {"true": True, ":": True, "echo": True, "printf": True, "false": False}


def program(walk: Walk, argv: Argv, globs: frozenset[str], scope: Scope, feed: Feed) -> str | None:
    """A program: what it runs inside, or itself."""
    from sidelight.effects.shell import wrappers

    spelled, argv = argv[0], (base_name(argv[0]), *argv[1:])
    if UNKNOWN in argv[0]:
        walk.lose()
    inside = wrappers.inside(argv, feed.stdin)
    if inside is None:
        return itself(walk, argv, spelled, globs, scope, feed)
    if inside.outer:
        walk.emit(made(argv, spelled, globs, scope, feed))
        feed = feed._replace(redirects=tuple(redirect for redirect in feed.redirects if redirect.op == "<"))
    return wrapped(walk, inside, globs, scope, feed)


def itself(walk: Walk, argv: Argv, spelled: str, globs: frozenset[str], scope: Scope, feed: Feed) -> str | None:
    """A program that runs nothing else, unless it is given a text of its own language or a script we can read."""
    from sidelight.effects.shell import interpreters, outputs
    from sidelight.effects.standpoint import standing

    argv, through = interpreters.module(argv)
    feed = feed._replace(through=feed.through + through)
    command = made(argv, spelled, globs, scope, feed)
    code = interpreters.code(command)
    command = command._replace(code=code)
    walk.emit(command)
    if code is not None:
        snippet(walk, argv[0], code, scope, feed)
    path = interpreters.script(command)
    if path is not None and scope.remote is None:
        script(walk, path, argv, scope, feed)
    scope.status = _ALWAYS.get(argv[0])
    text = outputs.printed(command, standing(command, walk.facts))
    return "" if any(redirect.op != "<" for redirect in feed.redirects) else text


def made(argv: Argv, spelled: str, globs: frozenset[str], scope: Scope, feed: Feed) -> Command:
    """The command with all that is known of it."""
    return Command(
        argv,
        cwd=scope.cwd,
        env=scope.env(),
        redirects=feed.redirects,
        stdin=feed.stdin,
        upstream=feed.upstream,
        each=feed.each,
        background=feed.background,
        remote=scope.remote,
        program=spelled,
        through=feed.through,
        globs=globs & frozenset(argv),
        sources=tuple(dict.fromkeys(feed.sources)),
    )


def wrapped(walk: Walk, inside: Inside, globs: frozenset[str], scope: Scope, feed: Feed) -> str | None:
    """The commands that a wrapper runs. What is redirected is the wrapper's: it goes to the last of them."""
    if not walk.enter():
        return None
    text: str | None = None
    if inside.name in _EATERS:
        feed = feed._replace(stdin=None)
    for number, part in enumerate(inside.parts):
        last = number == len(inside.parts) - 1
        inner = feed._replace(
            through=(*feed.through, inside.name),
            each=feed.each or part.each,
            background=feed.background or part.background,
            redirects=feed.redirects if last else (),
        )
        text = run_part(walk, part, globs, entered(walk, part, scope), inner)
    if not inside.parts:
        walk.emit_writes(feed.redirects, scope)
    walk.leave()
    return text


def entered(walk: Walk, part: Part, scope: Scope) -> Scope:
    """The scope that a part of a wrapper runs in."""
    if part.text is None and part.remote is None and part.cwd is None and not part.env:
        return scope
    inner = scope.elsewhere(part.remote) if part.remote is not None else scope.copy()
    if part.cwd is not None:
        inner.go(part.cwd, walk.facts)
    for name, value in part.env.items():
        inner.assign(name, value, export=True)
    return inner


def run_part(walk: Walk, part: Part, globs: frozenset[str], scope: Scope, feed: Feed) -> str | None:
    """Run one command of a wrapper, or walk its text."""
    if part.text is None:
        fields = [Field(word, glob=word in globs or word in part.patterns) for word in part.argv]
        return walk.execute(fields, scope, feed) if fields else None
    if part.positional:
        scope.name, scope.positional = part.positional[0], part.positional[1:]
    stdin = None if feed.stdin == part.text else feed.stdin
    text = walk.text(part.text, scope, feed._replace(stdin=stdin, redirects=()), part.dialect)
    walk.emit_writes(feed.redirects, scope)
    return text


def script(walk: Walk, path: str, argv: Argv, scope: Scope, feed: Feed) -> None:
    """A shell script that can be read is walked like a text."""
    text = walk.here(scope).read(path) if scope.cwd or path.startswith("/") else None
    if text is None:
        return
    inner = scope.copy()
    inner.name = path
    start = argv.index(path) + 1 if path in argv else 1
    inner.positional = argv[start:]
    walk.text(text, inner, feed._replace(through=(*feed.through, path), redirects=()))


def snippet(walk: Walk, program: str, code: str, scope: Scope, feed: Feed) -> None:
    """What a Python or JavaScript text visibly runs or removes."""
    from sidelight.effects.shell import snippets

    for done in snippets.python(code) if program.startswith("py") else snippets.node(code):
        inner = feed._replace(through=(*feed.through, program), redirects=(), stdin=None)
        target = done.writes or done.appends
        if done.text is not None:
            walk.text(done.text, scope.copy(), inner)
        elif target is not None:
            walk.emit_writes((Redirect(">" if done.writes else ">>", target),), scope)
        else:
            walk.execute([Field(word) for word in done.argv], scope.copy(), inner)


def base_name(program: str) -> str:
    """The name of a program without folders and without Windows' endings; a scoped package keeps its scope.

    >>> base_name("/usr/bin/rm"), base_name("git.exe"), base_name("@angular/cli")
    ('rm', 'git', '@angular/cli')
    """
    if program.startswith("@"):
        return program
    name = re.split(r"[/\\]", program.rstrip("/"))[-1] or program
    shorter = re.sub(r"\.(exe|cmd|bat|com)$", "", name, flags=re.IGNORECASE)
    return shorter.lower() if shorter != name else name
