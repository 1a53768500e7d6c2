"""What an agent home tells its sessions: one section in CLAUDE.md and AGENTS.md (O23).

The section stands between two marks, the first with a version and a hash of what lies between. So an older version of
ours is replaced, one that somebody edited is left as it is (and said), and all else in the file stays byte for byte.
Only for agent homes; in a repository the session-start hook says the same and leaves with the tool.
"""

from __future__ import annotations

import hashlib
import os
import re

from sidelight.records import NamedTuple

VERSION = 1
HEADING = "## Cross-Session Coordination (light, advisory)"
FILES: tuple[str, ...] = ("CLAUDE.md", "AGENTS.md")

#: Homes that are a hidden directory of a project: its instruction files stand beside them.
_INSIDE_A_PROJECT = frozenset({".sidelight", ".instar"})

_TEXT = """\
{heading}

Several sessions may be at work in this home at once. Sidelight lets them see each other; it never blocks anything.

- **Announce BEFORE a high-impact action** (changing a setting, withdrawing a commitment, stopping or restarting
  something, deleting, rewriting history), in a few words and with the area it concerns:
  `sidelight --home {home} --session SESSION intent "what you are about to do" --area monitoring`, or over HTTP
  `curl -s "$(cat {home}/server.url)/coordination/intent" -H "Authorization: Bearer $SIDELIGHT_TOKEN" \
-H "X-Sidelight-Session: SESSION" -d '{{"activity": "what you are about to do", "area": "monitoring"}}'`.
- **Always say which session you are** (`SESSION`: this session's own id, never the agent's name, which all its sessions
  share): without it nobody, you included, can be told apart. The token is `authToken` in `{home}/config.json`.
- **Look at the ledger** when in doubt: `sidelight --home {home} recent`, or `GET /coordination/recent`;
  `GET /coordination/notices` tells what others did to your work.
- **Settings changed through `PATCH /config` and withdrawn commitments record themselves**; do not announce them again
  afterwards.
- **On a warning** (`coordinationWarning`, "⚠ Cross-session: …"): STOP, tell the user what it says, and go on only when
  they confirm.
"""

_OPENS = re.compile(r"<!-- sidelight:coordination v(\d+) ([0-9a-f]{16}) -->\r?\n")
_CLOSES = "<!-- /sidelight:coordination -->"
_SOME_SECTION = re.compile(r"^#{1,6}[ \t]+Cross-Session Coordination\b", re.MULTILINE | re.IGNORECASE)
_IMPORTS = re.compile(r"^@(?:\./)?AGENTS\.md[ \t]*\r?$", re.MULTILINE)


class Written(NamedTuple):
    """What became of a file: `made`, `added`, `replaced`, `current`, or why it was left alone."""

    file: str
    what: str

    def __str__(self) -> str:
        return f"{self.file}: {self.what}"


def place_of(home: str) -> str:
    """Where the instruction files of a home are: beside it for a project's hidden directory, else in it."""
    within = os.path.basename(home) in _INSIDE_A_PROJECT and not os.path.exists(os.path.join(home, FILES[0]))
    return os.path.dirname(home) if within else home


def section(home: str) -> str:
    """The section with its marks, as it is written now."""
    body = _TEXT.format(heading=HEADING, home=os.path.relpath(home, place_of(home)))
    return f"<!-- sidelight:coordination v{VERSION} {_hash(body)} -->\n{body}{_CLOSES}\n"


def write(home: str, *, fresh: bool) -> list[Written]:
    """Make the files of a fresh home; give those of an existing one the section, if they are there (O23).

    Running it again changes nothing. Raises `OSError` where a file cannot be written.
    """
    home = os.path.abspath(home)
    done: list[Written] = []
    seen: set[str] = set()
    for name in FILES:
        file = os.path.join(place_of(home), name)
        real = os.path.realpath(file)
        if real in seen:
            done.append(Written(file, "is the same file"))
            continue
        seen.add(real)
        done.append(Written(file, _write(file, name, section(home), fresh=fresh)))
    return done


def _write(file: str, name: str, wanted: str, *, fresh: bool) -> str:
    try:
        with open(file, "rb") as stream:
            before = stream.read()
    except FileNotFoundError:
        if not fresh:
            return "is missing; skipped"
        _replace(file, f"# What an agent should know here\n\n{wanted}".encode(), 0o644)
        return "made"
    text = before.decode("utf-8", "surrogateescape")
    after, what = migrated(text, wanted, imports=name == "CLAUDE.md")
    if after != text:
        _replace(file, after.encode("utf-8", "surrogateescape"), os.stat(file).st_mode & 0o777)
    return what


def migrated(text: str, wanted: str, *, imports: bool = False) -> tuple[str, str]:
    """A file's text with the section, and what was done. Everything outside of our marks stays as it is."""
    newline = "\r\n" if "\r\n" in text else "\n"
    ours = wanted.replace("\n", newline)
    opening = _OPENS.search(text)
    if opening is None:
        if _SOME_SECTION.search(text):
            return text, "has such a section, not written by Sidelight; left as it is"
        if imports and _IMPORTS.search(text):
            return text, "imports AGENTS.md; left as it is"
        gap = "" if not text else newline if text.endswith("\n") else newline * 2
        return text + gap + ours, "added"
    closing = text.find(_CLOSES, opening.end())
    if closing < 0 or _hash(text[opening.end() : closing]) != opening[2]:
        return text, "has our section, but somebody edited it; left as it is"
    end = closing + len(_CLOSES)
    if text[opening.start() : end].replace("\r\n", "\n") == wanted.removesuffix("\n"):
        return text, "current"
    if int(opening[1]) > VERSION:
        return text, "has the section of a newer Sidelight; left as it is"
    return text[: opening.start()] + ours.removesuffix(newline) + text[end:], "replaced"


def _hash(body: str) -> str:
    plain = body.replace("\r\n", "\n").encode("utf-8", "surrogateescape")
    return hashlib.sha256(plain).hexdigest()[:16]


def _replace(file: str, data: bytes, mode: int) -> None:
    """Whole or not at all, over what a link leads to."""
    target = os.path.realpath(file)
    temporary = f"{target}.{os.getpid()}.{os.urandom(4).hex()}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            os.chmod(temporary, mode)
            stream.write(data)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
