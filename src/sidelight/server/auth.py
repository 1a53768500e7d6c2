"""Who may ask: the bearer token, and the name the server was addressed by.

A web page can make a browser send requests to this machine under a name that the page controls (DNS rebinding), so a
request must come addressed to a name of ours or to a plain IP address, which no page can point elsewhere.
"""

from __future__ import annotations

import hmac
import ipaddress
import os
import socket
from collections.abc import Iterable, Mapping

from sidelight.config import ConfigError
from sidelight.home import settings, tokens

MISSING = "this needs a token: send `Authorization: Bearer …` with the `authToken` of the home's config.json"
WRONG = "the token is not this server's; it is the `authToken` of the home's config.json, or SIDELIGHT_TOKEN"


class Keys:
    """The tokens of a home: its owner's, and those given out. One that is changed counts from the next request on."""

    def __init__(self, home: str, env: Mapping[str, str]) -> None:
        self._fixed = bool(env.get("SIDELIGHT_TOKEN", "").strip())
        self._home = home
        self._file = os.path.join(home, "config.json")
        self._token = settings.token(home, env).encode()
        self._stamp = self._stamped()
        self._given: list[tokens.Token] = []
        self._given_stamp = (0, 0, 0)

    def right(self, authorization: bytes | None) -> tuple[str, tuple[int, str] | None]:
        """What who asks may do, and None; else 401 without a token, 403 for a wrong one (O17)."""
        scheme, _, given = (authorization or b"").strip().partition(b" ")
        given = given.strip()
        if scheme.lower() != b"bearer" or not given:
            return "", (401, MISSING)
        if hmac.compare_digest(given, self.token()):
            return tokens.OWN, None
        found = tokens.right_of(given, self._given_out())
        return (found, None) if found is not None else ("", (403, WRONG))

    def _given_out(self) -> list[tokens.Token]:
        stamp = tokens.stamp(self._home)
        if stamp != self._given_stamp:
            try:
                self._given = tokens.listed(self._home)
            except tokens.TokenError:  # who can't be known can't come in; `sidelight token list` says why
                self._given = []
            self._given_stamp = stamp
        return self._given

    def token(self) -> bytes:
        """The token in force."""
        if not self._fixed:
            stamp = self._stamped()
            if stamp != self._stamp:
                self._stamp = stamp
                self._token = self._again() or self._token
        return self._token

    def _again(self) -> bytes | None:
        try:
            kept = settings.read(self._home).get("authToken")
        except ConfigError:  # a file that somebody is just editing: the token stays what it was
            return None
        return kept.strip().encode() if isinstance(kept, str) and kept.strip() else None

    def _stamped(self) -> tuple[int, int]:
        try:
            about = os.stat(self._file)
        except OSError:
            return 0, 0
        return about.st_mtime_ns, about.st_size


class Names:
    """The names this server may be addressed by."""

    def __init__(self, more: Iterable[str] = ()) -> None:
        own = {"localhost", socket.gethostname(), *more}
        self._names = {name.strip().rstrip(".").lower().encode() for name in own if name.strip()}
        self._seen: dict[bytes, bool] = {}

    def mine(self, host: bytes | None) -> bool:
        """Is this Host header one of ours: a name of ours or an IP address, with any port?"""
        if not host:
            return False
        known = self._seen.get(host)
        if known is None:
            known = self._is_mine(host)
            if len(self._seen) < 64:
                self._seen[host] = known
        return known

    def _is_mine(self, host: bytes) -> bool:
        name = host.strip().lower()
        if name.startswith(b"["):
            name = name[1:].partition(b"]")[0]
        elif name.count(b":") == 1:
            name = name.partition(b":")[0]
        return name.rstrip(b".") in self._names or _is_address(name.decode("latin-1"))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Does every address of this name lead back to this machine?"""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return bool(found) and all(ipaddress.ip_address(one[4][0]).is_loopback for one in found)
