"""What a tool call does: from a host's tool call to drafts.

    effects_of(Call("Bash", {"command": "git reset --hard"}), facts).drafts

One module or folder a subject (`git`, `files`, `processes`, `databases`, `infrastructure`, `packages`, `forge`), each a
readable table of commands and what they do to which resource. `shell` says which simple commands a command line
executes, and where; `tools` reads the hosts' own tools. Nothing here records, judges or touches the disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sidelight.actions import Draft
from sidelight.facts import Facts
from sidelight.records import Any, NamedTuple


class Call(NamedTuple):
    """A tool call as a host's pre-tool hook delivers it. `background`: it keeps running after the call returns."""

    tool: str
    input: Mapping[str, Any]
    background: bool = False


class Effects(NamedTuple):
    """What a call was understood to do.

    `drafts` are without actor and space (the caller knows those). `reads` is True only if every part is provably a
    read; a call that is neither a read nor understood has `unknown` True and may still have drafts for its parts.
    """

    drafts: tuple[Draft, ...] = ()
    reads: bool = False
    unknown: bool = False


class Redirect(NamedTuple):
    """A redirection that writes or feeds: `op` is one of `>`, `>>`, `<`, `<<<`; `path` is as written (expanded)."""

    op: str
    path: str


class Command(NamedTuple):
    """One simple command that a command line executes, wrappers already looked through.

    `argv[0]` is the program's base name (`/bin/rm` → `rm`; `git.exe` → `git`) and `program` its spelling on the line
    (`.venv/bin/pip`); words are expanded where their value is known. A word that could not be expanded holds the marker
    `UNKNOWN` in place of the unknown part. `globs` are those words of `argv` that the shell would match against files:
    they stand as written, `facts.glob(word)` says what is there. `cwd` is where it runs ('' if that could not be
    followed), `env` what the line itself sets for it (prefixes, exports, `env X=`). `through` are the wrappers it was
    found behind, outermost first (`sudo`, `npx`, `uv run`).

    `stdin` is the text fed to it by a heredoc, a here-string, a known file, or `echo`/`printf`/`cat` in the pipe before
    it; None otherwise. `code` is a program text in another language given with it (`python -c`, `node -e`). `upstream`
    is the pipeline's previous command; `sources` are all commands whose output its words or its input come from, in
    order: `lsof` and `awk` for `kill $(lsof -ti :3000 | awk …)` as well as for `lsof … | awk … | xargs kill`. `before`
    are the commands that ran earlier on the same line. `each` is True when its arguments come from data that is not on
    the line (`xargs`, `while read`): it runs once for each of an unknown set.

    `remote` is the machine it really runs on (`ssh build1 …` → `build1`, `docker exec/run …` → `container:NAME`,
    `kubectl exec` → `pod:NAME`), None here.
    """

    argv: tuple[str, ...]
    cwd: str = ""
    env: Mapping[str, str] = MappingProxyType({})
    redirects: tuple[Redirect, ...] = ()
    stdin: str | None = None
    upstream: tuple[str, ...] | None = None
    each: bool = False
    background: bool = False
    remote: str | None = None
    program: str = ""
    through: tuple[str, ...] = ()
    globs: frozenset[str] = frozenset()
    sources: tuple[tuple[str, ...], ...] = ()
    before: tuple[tuple[str, ...], ...] = ()
    code: str | None = None


UNKNOWN = "\ufffd"


def effects_of(call: Call, facts: Facts) -> Effects:
    """What a tool call does, as far as its input and the facts tell. Never raises: what surprises is unknown.

    A call is `reads` only if every command in it is a known read and nothing is written; it is `unknown` if any part of
    it was not understood. Both may be False: an effect that concerns nobody.
    """
    from sidelight.effects import tools

    try:
        return tools.read(call, facts)
    except Exception:  # noqa: BLE001 - an input nobody thought of must not stop a session
        return Effects(unknown=True)
