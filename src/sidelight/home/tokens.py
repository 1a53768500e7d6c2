"""Further tokens for a server: each with a name and a right, to be given to one machine or person, and taken away.

The owner's is the home's `authToken` (or `SIDELIGHT_TOKEN`): it may do everything. A token with the right to `write`
announces, records and withdraws; one with the right to `read` looks. Neither changes settings, forgets, or makes
tokens. Kept are hashes only (of 256 random bits, so a plain hash is enough); a change counts from the next request on.

Source: issue "Many machines", design 7.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Callable
from typing import Any, NamedTuple

from sidelight.space import alone, prepare, replace_file

READ, WRITE, OWN = RIGHTS = ("read", "write", "own")
TOKENS_MOST = 1000
_FILE = "tokens.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")


class TokenError(Exception):
    """What was asked for cannot be done with this token; the sentence says why."""


class Token(NamedTuple):
    """A token that was given out: what it may do, and its hash."""

    name: str
    right: str
    hash: str
    made: str


def allows(right: str, wanted: str) -> bool:
    """Does the one right include the other?

    >>> allows("write", "read"), allows("read", "write"), allows("", "read")
    (True, False, False)
    """
    return right in RIGHTS and wanted in RIGHTS and RIGHTS.index(right) >= RIGHTS.index(wanted)


def listed(home: str) -> list[Token]:
    """The tokens of a home, by name. Raises `TokenError` if the file cannot be read, for then nobody may come in."""
    try:
        with open(os.path.join(home, _FILE), encoding="utf-8") as file:
            return sorted(Token(**one) for one in json.load(file))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, ValueError, TypeError) as error:
        raise TokenError(
            f"{os.path.join(home, _FILE)} cannot be read; correct it, or remove it and give new ones"
        ) from error


def make(home: str, name: str, right: str, today: str) -> str:
    """A new token of this name. It is returned, and kept nowhere."""
    if not _NAME.fullmatch(name):
        raise TokenError("a token's name is 1 to 64 letters, digits and . _ @ - , beginning with a letter or digit")
    if right not in (READ, WRITE):
        raise TokenError("a token has the right to read or to write")
    token = _random()

    def add(known: dict[str, Token]) -> None:
        if name in known:
            raise TokenError(f"there is a token {name} already; `sidelight token rotate {name}` makes it a new one")
        if len(known) >= TOKENS_MOST:
            raise TokenError(f"there are {TOKENS_MOST:,} tokens already; revoke some")
        known[name] = Token(name, right, _hash(token), today)

    _change(home, add)
    return token


def rotate(home: str, name: str, today: str) -> str:
    """Another token in place of the one of this name, which counts no more."""
    token = _random()

    def renew(known: dict[str, Token]) -> None:
        known[name] = _there(known, name)._replace(hash=_hash(token), made=today)

    _change(home, renew)
    return token


def revoke(home: str, name: str) -> None:
    """The token of this name counts no more."""

    def drop(known: dict[str, Token]) -> None:
        del known[_there(known, name).name]

    _change(home, drop)


def right_of(given: bytes, known: list[Token]) -> str | None:
    """What a token may do; None if it is none of these. All are compared, each in the same time."""
    found, hashed = None, hashlib.sha256(given).hexdigest()
    for one in known:
        if hmac.compare_digest(one.hash, hashed):
            found = one.right
    return found


def stamp(home: str) -> tuple[int, int, int]:
    """Changes when the tokens do."""
    try:
        about = os.stat(os.path.join(home, _FILE))
    except OSError:
        return 0, 0, 0
    return about.st_mtime_ns, about.st_ino, about.st_size


def _there(known: dict[str, Token], name: str) -> Token:
    if name not in known:
        raise TokenError(f"there is no token of this name; there are: {', '.join(sorted(known)) or 'none'}")
    return known[name]


def _random() -> str:
    return "sidelight_" + secrets.token_urlsafe(32)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _change(home: str, change: Callable[[dict[str, Token]], Any]) -> None:
    prepare(home)
    with alone(os.path.join(home, "." + _FILE)):
        known = {one.name: one for one in listed(home)}
        change(known)
        rows = [known[name]._asdict() for name in sorted(known)]
        replace_file(os.path.join(home, _FILE), json.dumps(rows, indent=1).encode())
