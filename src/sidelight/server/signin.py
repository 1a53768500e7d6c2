"""How a person's browser signs in to the page: with the token, typed once, or with a one-time code. Then a cookie.

The cookie is not the token: it says until when it is good and is signed with a key made of the token, so that a token
that is changed signs everybody out, and a server that starts again signs nobody out. It serves reading alone (GET and
the stream), only for the page itself; whoever writes shows the token. Nothing secret ever stands in a URL.

A one-time code is made by `sidelight dashboard`, which may write in the ledger anyway. What is kept of it, for five
minutes, is a hash.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Iterable
from http.cookies import CookieError, SimpleCookie
from typing import NamedTuple

from sidelight.server.auth import Keys
from sidelight.stores import Store

GOOD_FOR_S = 12 * 3600
CODE_MS = 5 * 60_000
CODE_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # without those that are mistaken for each other
CODE_LENGTH = 10  # 50 bits, for five minutes, at ten guesses a minute
FAILURES_A_MINUTE = 10

_CODES = "sign-in"


class Visit(NamedTuple):
    """As much of a request's headers as it takes to know whether it comes from the page itself."""

    host: str = ""
    origin: str | None = None
    fetched_from: str | None = None  # Sec-Fetch-Site, which no page can set
    cookie: str = ""

    @classmethod
    def of(cls, headers: Iterable[tuple[bytes, bytes]]) -> Visit:
        """What these headers say."""
        found = {name: value.decode("latin-1") for name, value in headers if name in _WANTED}
        return cls(found.get(b"host", ""), found.get(b"origin"), found.get(b"sec-fetch-site"), found.get(b"cookie", ""))

    @property
    def from_the_page(self) -> bool:
        """No other site, and no other port of this machine, made the browser ask."""
        if self.fetched_from not in (None, "same-origin", "none"):
            return False
        return self.origin is None or self.origin.partition("://")[2].lower() == self.host.strip().lower()

    @property
    def cookie_name(self) -> str:
        """One for each port, because cookies do not keep ports apart."""
        port = self.host.rpartition(":")[2]
        return f"sidelight-{port}" if port.isdigit() else "sidelight"


_WANTED = frozenset({b"host", b"origin", b"sec-fetch-site", b"cookie"})


class SignIn:
    """The doorkeeper of the page."""

    def __init__(self, keys: Keys, *, clock: Callable[[], float] = time.time) -> None:
        self._keys, self._clock = keys, clock
        self._failures: list[float] = []

    # ── coming in ──

    def wait(self) -> int:
        """For how many seconds no further guess is heard; 0 if one is."""
        now = self._clock()
        self._failures = [one for one in self._failures if 0 <= now - one < 60]
        return int(60 - (now - self._failures[0])) + 1 if len(self._failures) >= FAILURES_A_MINUTE else 0

    def admits(self, store: Store, *, token: str | None, code: str | None) -> bool:
        """Is this the token, or a code that was not used yet? A code is then used."""
        good = self._is_token(token) if token is not None else redeem(store, code or "")
        if not good:
            self._failures.append(self._clock())
        return good

    def _is_token(self, token: str) -> bool:
        return self._keys.right(b"Bearer " + token.strip().encode("utf-8", "replace"))[1] is None

    # ── being in ──

    def cookie(self, visit: Visit, *, secure: bool) -> str:
        """The cookie of who was let in, as a `Set-Cookie` header."""
        until = str(int(self._clock()) + GOOD_FOR_S)
        value = f"{until}.{secrets.token_urlsafe(12)}"
        return _set_cookie(visit, f"{value}.{self._signed(value)}", GOOD_FOR_S, secure=secure)

    def holds(self, visit: Visit) -> bool:
        """Does this request, from the page itself, carry a cookie that is good?"""
        if not visit.cookie or not visit.from_the_page:
            return False
        try:
            morsel = SimpleCookie(visit.cookie).get(visit.cookie_name)
        except CookieError:
            return False
        value, _, signature = (morsel.value if morsel is not None else "").rpartition(".")
        until = value.partition(".")[0]
        return (
            hmac.compare_digest(signature.encode(), self._signed(value).encode())
            and until.isascii()
            and until.isdigit()
            and int(until) > self._clock()
        )

    def _signed(self, value: str) -> str:
        key = hmac.digest(self._keys.token(), b"sidelight page", "sha256")
        return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()


def signed_out(visit: Visit, *, secure: bool) -> str:
    """The `Set-Cookie` header that takes the cookie away."""
    return _set_cookie(visit, "", 0, secure=secure)


def _set_cookie(visit: Visit, value: str, seconds: int, *, secure: bool) -> str:
    only = "; Secure" if secure else ""
    return f"{visit.cookie_name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{only}"


# ── one-time codes ────────────────────────────────────────────────────────────────────────────────────────────────


def make_code(store: Store) -> str:
    """A code that lets one browser in, once, within five minutes; `K7QPM-2XD4R`."""
    store.drop_documents(_CODES, older_than_ms=CODE_MS)
    code = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
    store.put_document(_CODES, _hashed(code), {}, version=0)
    return f"{code[:5]}-{code[5:]}"


def redeem(store: Store, code: str) -> bool:
    """Use a code: True for the first who does, while it is good."""
    plain = "".join(one for one in code.upper() if one.isalnum())
    if len(plain) != CODE_LENGTH:
        return False
    store.drop_documents(_CODES, older_than_ms=CODE_MS)
    kept = store.document(_CODES, _hashed(plain))
    return kept is not None and kept.version == 1 and store.put_document(_CODES, kept.name, {}, version=1)


def _hashed(code: str) -> str:
    return hashlib.sha256(b"sidelight code\0" + code.encode()).hexdigest()
