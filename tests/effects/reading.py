"""One simple command, written as on a line, read by one module: for tables of what commands do."""

from __future__ import annotations

import re
import shlex
from types import ModuleType

from sidelight.actions import Draft
from sidelight.effects import Command, Effects
from tests.fakes import FakeFacts


def command(line: str, facts: FakeFacts, **more) -> Command:
    """`NAME=value program words`, without the shell's grammar."""
    words = shlex.split(line)
    env = {}
    while words and re.match(r"[A-Z_]+=", words[0]):
        name, _, value = words.pop(0).partition("=")
        env[name] = value
    argv = (words[0].rpartition("/")[2], *words[1:])
    return Command(argv, cwd=facts.cwd, env=env, program=words[0], **more)


def done(module: ModuleType, line: str, facts: FakeFacts | None = None, **more) -> Effects | None:
    facts = facts or FakeFacts()
    read = command(line, facts, **more)
    return module.read(read, facts)


def drafts(module: ModuleType, line: str, facts: FakeFacts | None = None, **more) -> tuple[Draft, ...]:
    found = done(module, line, facts, **more)
    assert found is not None
    return found.drafts


def known(effects: Effects | None) -> Effects:
    """The effects of a command that must have been understood."""
    assert effects is not None
    return effects


def said(effects: Effects | None) -> list[str] | str:
    """`read`, `nothing`, `unknown`, or each touch as `kind effect key`."""
    if effects is None:
        return "not understood"
    if effects.reads:
        return "read"
    if not effects.drafts:
        return "unknown" if effects.unknown else "nothing"
    # That whatever discards a tree also looks at the stash is said once, in test_git.
    return [
        f"{draft.kind} {touch.effect} {touch.key}"
        for draft in effects.drafts
        for touch in draft.touches
        if not (touch.effect == "uses" and touch.key.startswith("stash:"))
    ]


def check(effects: Effects | None, expected: str | list[str]) -> None:
    """`expected` is `read` and the like, or lines that must all be said; `only` first says that nothing else may be."""
    found = said(effects)
    if isinstance(expected, str) or isinstance(found, str):
        assert found == expected
    elif expected[:1] == ["only"]:
        assert found == expected[1:]
    else:
        assert [line for line in expected if line not in found] == [], found
