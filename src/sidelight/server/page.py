"""The routes of the page that people look at: itself, its files, signing in, and the view that it draws.

The page holds nothing and decides nothing. Its files lie in `dashboard/`, as they are written; the policy they are
served under lets them load from here and run no text that came from elsewhere.
"""

from __future__ import annotations

import functools
import hashlib
import os
from functools import cache
from typing import NamedTuple

from starlette.responses import JSONResponse, Response

from sidelight import config, picture
from sidelight.hosts import costs
from sidelight.overview.looking import HOUR_MS
from sidelight.server import messages, signin
from sidelight.server.exchange import Answer, Ask, Parameter, Refusal
from sidelight.server.served import Served

_HERE = os.path.join(os.path.dirname(__file__), "dashboard")
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
MEDIA = tuple(sorted(set(_TYPES.values()) - {"text/html"}))

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-cache",
}

SPENT_EVERY_MS = 10_000

WINDOW = Parameter(
    "windowMs", {"type": "integer", "minimum": 1, "maximum": config.DAY, "default": HOUR_MS}, "how much of it, in ms"
)
UNTIL = Parameter(
    "until", {"type": "integer", "minimum": 1, "maximum": 10**15 - 1}, "its end, epoch ms; without it, now"
)
BEHIND = Parameter(
    "after", {"type": "integer", "minimum": 0, "maximum": 10**15 - 1, "default": 0}, "only marks behind this `seq`"
)


class File(NamedTuple):
    """A file of the page."""

    content: bytes
    media: str
    etag: str


@cache
def _files() -> dict[str, File]:
    found = {}
    for name in sorted(os.listdir(_HERE)):
        media = _TYPES.get(os.path.splitext(name)[1])
        if media is not None:
            with open(os.path.join(_HERE, name), "rb") as file:
                content = file.read()
            found[name] = File(content, media, f'"{hashlib.sha256(content).hexdigest()[:24]}"')
    return found


def file_of(name: str) -> File | None:
    """A file of the page by its name; None if it has no such file."""
    return _files().get(name)


def index(served: Served, ask: Ask) -> Response:  # noqa: ARG001 - every route is asked the same way
    """GET /: the page. It holds nothing of the ledger, so it needs no token."""
    return _sent(_files()["index.html"], ask)


def asset(served: Served, ask: Ask) -> Response:  # noqa: ARG001 - as above
    """GET /assets/{name}: a file of the page."""
    file = file_of(ask.names["name"])
    if file is None or file.media == "text/html":
        raise Refusal(404, "the page has no such file")
    return _sent(file, ask)


def _sent(file: File, ask: Ask) -> Response:
    headers = {**HEADERS, "ETag": file.etag}
    if ask.header("if-none-match") == file.etag:
        return Response(status_code=304, headers=headers)
    return Response(file.content, media_type=file.media, headers=headers)


# ── signing in ────────────────────────────────────────────────────────────────────────────────────────────────────


def sign_in(served: Served, ask: Ask) -> Response:
    """POST /session: the token, typed once, or a one-time code of `sidelight dashboard`; answered with a cookie."""
    body: messages.Credentials = ask.body
    _from_the_page(ask)
    if (ask.header("content-type") or "").partition(";")[0].strip().lower() != "application/json":
        raise Refusal(400, "send JSON, as `Content-Type: application/json`")
    if body.token is None and body.code is None:
        raise Refusal(400, "send the token or a one-time code")
    wait = served.signin.wait()
    if wait:
        raise Refusal(429, f"too many wrong guesses; try again in {wait} s", retry_after=str(wait))
    if not served.signin.admits(served.ledger.store, token=body.token, code=body.code):
        which = "token" if body.token is not None else "code"
        raise Refusal(403, f"that {which} is not good here; `sidelight dashboard` makes a new one-time code")
    answer = JSONResponse({"signedIn": True, "seconds": signin.GOOD_FOR_S})
    answer.headers["set-cookie"] = served.signin.cookie(ask.visit, secure=ask.secure)
    return answer


def sign_out(served: Served, ask: Ask) -> Response:  # noqa: ARG001 - every route is asked the same way
    """DELETE /session: take the cookie away."""
    _from_the_page(ask)
    answer = JSONResponse({"signedIn": False, "seconds": 0})
    answer.headers["set-cookie"] = signin.signed_out(ask.visit, secure=ask.secure)
    return answer


def _from_the_page(ask: Ask) -> None:
    if not ask.visit.from_the_page:
        raise Refusal(403, "this is for the page of this very server")


# ── the view ──────────────────────────────────────────────────────────────────────────────────────────────────────


def view(served: Served, ask: Ask) -> Answer:
    """GET /coordination/view: what the page draws."""
    window, until = ask.number(WINDOW.name), ask.number(UNTIL.name)
    found = served.overview.look(
        window_ms=window if window is not None else HOUR_MS, until=until, after=ask.number(BEHIND.name) or 0
    )
    since = found.now // SPENT_EVERY_MS * SPENT_EVERY_MS - config.DAY
    return Answer(200, picture.view(found, _spent(served.home, since)))


@functools.lru_cache(8)
def _spent(home: str, since: int) -> tuple[int, float] | None:
    """Megabytes may have to be read for it, so it is a little behind."""
    return costs.spent(home, since)
