"""Requests to our own service: settings, commitments, announcements; also when `curl` makes them.

request("PATCH", "/config", {"monitoring": {"redrive": {"enabled": False}}}, facts).drafts
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote, urlsplit

from sidelight import targets
from sidelight.actions import ADDS, DESTROYS, EDITS, REPLACES, Draft, Touch
from sidelight.effects import UNKNOWN, Command, Effects
from sidelight.effects.options import Words, split
from sidelight.facts import Facts
from sidelight.records import Any, NamedTuple

PROGRAMS: frozenset[str] = frozenset(("curl", "http", "https", "wget", "xh", "xhs", "curlie"))

READS = frozenset(("GET", "HEAD", "OPTIONS"))
MOST_LEAVES = 400
DEEPEST = 32

# ── requests ──────────────────────────────────────────────────────────────────────────────────────────────────────


def request(method: str, path: str, body: Any, facts: Facts) -> Effects:
    """What a request to the service does. A body may be the JSON text or what it stands for."""
    method = method.upper()
    if method in READS:
        return Effects(reads=True)
    parts = [unquote(part) for part in urlsplit(path).path.split("/") if part]
    parts = parts[1:] if parts[:1] == ["api"] else parts
    document = _document(body)
    match parts:
        case ["config"] if method in ("PATCH", "PUT", "POST"):
            return _settings(document, facts)
        case ["commitments"] if method == "POST":
            return _new_commitment(document, facts)
        case ["commitments", verb] if method == "POST" and isinstance(document, Mapping) and "ids" in document:
            return _many_commitments(verb, document, facts)
        case ["commitments", identifier, *verb]:
            return _commitment(method, identifier, "/".join(verb), document, facts)
        case ["coordination", "intent"] if method == "POST":
            return _announcement(document)
        case ["coordination", *_] | ["session"]:
            return Effects()
    return Effects(unknown=True)


def is_ours(path: str) -> bool:
    """Is this one of the paths that `request` knows?"""
    return bool(re.match(r"/(?:api/)?(?:config/?$|commitments(?:/|$)|coordination/)", urlsplit(path).path))


def _document(body: Any) -> Any:
    """A JSON text as what it stands for; other values as they are; None for what is no JSON."""
    if isinstance(body, bytes | bytearray):
        body = bytes(body).decode("utf-8", "replace")
    if not isinstance(body, str):
        return body
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


# ── settings ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _settings(document: Any, facts: Facts) -> Effects:
    if not isinstance(document, Mapping):
        return Effects(unknown=True)
    drafts: list[Draft] = []
    for dotted, value in _leaves(document, "", 0):
        if len(drafts) >= MOST_LEAVES:
            return Effects(tuple(drafts), unknown=True)
        touch = Touch(targets.config(facts.scope, dotted), EDITS, value)
        drafts.append(Draft("config-flag", target=dotted, value=value, touches=(touch,), summary=f"set {dotted}"))
    return Effects(tuple(drafts))


def _leaves(document: Mapping[Any, Any], above: str, depth: int) -> Iterator[tuple[str, Any]]:
    """Dotted keys with their values; a list is a value, null takes a key away."""
    for key, value in document.items():
        dotted = f"{above}.{key}" if above else str(key)
        if isinstance(value, Mapping) and depth < DEEPEST:
            yield from _leaves(value, dotted, depth + 1)
        else:
            yield dotted, value


# ── commitments ───────────────────────────────────────────────────────────────────────────────────────────────────


def _about(kind: str, identifier: str, effect: str, words: str, facts: Facts) -> Draft:
    touch = Touch(targets.commitment(facts.scope, identifier), effect)
    verb = "withdraw" if kind == "commitment-withdraw" else "change"
    return Draft(kind, target=identifier, touches=(touch,), summary=f"{verb} {identifier}", words=words)


def _words(document: Any) -> str:
    given = document if isinstance(document, Mapping) else {}
    return " ".join(value for key in ("reason", "title", "text") if isinstance(value := given.get(key), str))[:2000]


def _new_commitment(document: Any, facts: Facts) -> Effects:
    given = document if isinstance(document, Mapping) else {}
    identifier = given.get("id")
    if not isinstance(identifier, str) or not identifier:
        return Effects()  # the service will give it one: nobody can be in its way yet
    return Effects((_about("commitment-change", identifier, ADDS, _words(document), facts),))


_WITHDRAWALS = frozenset(("withdraw", "cancel", "delete", "remove"))


def _commitment(method: str, identifier: str, verb: str, document: Any, facts: Facts) -> Effects:
    if method == "DELETE" or verb in _WITHDRAWALS:
        return Effects((_about("commitment-withdraw", identifier, DESTROYS, _words(document), facts),))
    effect = REPLACES if method == "PUT" else EDITS
    return Effects((_about("commitment-change", identifier, effect, _words(document), facts),))


def _many_commitments(verb: str, document: Mapping[Any, Any], facts: Facts) -> Effects:
    listed = document.get("ids")
    names = [name for name in listed if isinstance(name, str)][:MOST_LEAVES] if isinstance(listed, list) else []
    drafts = [draft for name in names for draft in _commitment("POST", name, verb, document, facts).drafts]
    return Effects(tuple(drafts), unknown=not drafts)


# ── announcements ─────────────────────────────────────────────────────────────────────────────────────────────────


def _announcement(document: Any) -> Effects:
    given = document if isinstance(document, Mapping) else {}
    activity, area, named, ttl = (given.get(key) for key in ("activity", "area", "targets", "ttlMs"))
    if not isinstance(activity, str) or not activity.strip():
        return Effects(unknown=True)
    area = area if isinstance(area, str) and area else None
    keys = tuple(key for key in named if isinstance(key, str))[:20] if isinstance(named, list) else ()
    life = ttl if isinstance(ttl, int) and not isinstance(ttl, bool) else None
    return Effects((Draft("intent", target=area, reason=activity, area=area, targets=keys, ttl_ms=life),))


# ── in a shell ────────────────────────────────────────────────────────────────────────────────────────────────────


class _Request(NamedTuple):
    method: str
    url: str
    body: Any


def read(command: Command, facts: Facts) -> Effects | None:
    """`curl -X PATCH http://127.0.0.1:4040/config -d '{…}'`; None if it does not speak to our service."""
    made = _made(command, facts)
    if made is None or not _reaches_us(made.url, facts):
        return None
    path = re.sub(r"^(?:https?://)?[^/]*", "", made.url) or "/"
    return request(made.method, path, made.body, facts) if is_ours(path) else None


def _made(command: Command, facts: Facts) -> _Request | None:
    program = command.argv[0]
    if program in ("curl", "curlie"):
        return _curl(command, facts)
    return _wget(command, facts) if program == "wget" else _httpie(command)


_HERE = frozenset(("localhost", "127.0.0.1", "[::1]", "0.0.0.0", "::1"))  # noqa: S104 - a name to compare with


def _reaches_us(url: str, facts: Facts) -> bool:
    """Loopback, a host that the environment names as a service of ours, or one whose name nobody knows here."""
    host = _host(url)
    if host in _HERE or UNKNOWN in host or host == "":
        return True
    named = [value for name, value in facts.env.items() if name == "SIDELIGHT_SERVER" or name.endswith("_URL")]
    return any(_host(value) == host for value in named)


def _host(url: str) -> str:
    """The host of a URL, with or without `http://`; UNKNOWN if a variable hides it.

    >>> _host("http://me@127.0.0.1:4040/config"), _host("localhost/config"), _host(":4040/config")
    ('127.0.0.1', 'localhost', '')
    """
    authority = re.sub(r"^[a-z+]+://", "", url, flags=re.IGNORECASE).partition("/")[0].rpartition("@")[2]
    return re.sub(r":[^:\]]*$", "", authority).lower()


_CURL = (
    "-X --request -d --data --data-raw --data-binary --data-ascii --data-urlencode --json -F --form -T"
    " --upload-file -H --header -u --user -o --output -A --user-agent -e --referer -b --cookie -c --cookie-jar -m"
    " --max-time -w --write-out --connect-timeout --retry --retry-delay --url -x --proxy --unix-socket --cacert"
    " --cert --key -E -K --config -D --dump-header --resolve --connect-to --oauth2-bearer --interface --limit-rate"
    " --max-redirs -C --output-dir"
).split()
_CURL_BODIES = ("-d", "--data", "--data-raw", "--data-binary", "--data-ascii", "--data-urlencode", "--json")


def _curl(command: Command, facts: Facts) -> _Request | None:
    words = split(command.argv, valued=_CURL)
    url = words.value("--url") or next((word for word in words.after(0) if is_ours(_path(word))), None)
    if url is None:
        return None
    bodies = [_body(value, command, facts) for value in words.values(*_CURL_BODIES)]
    upload = words.value("-T", "--upload-file")
    if upload is not None:
        bodies.append(_body("@" + upload, command, facts))
    sends = "POST" if bodies or words.has("-F", "--form") else "GET"
    if words.has("-G", "--get") or words.has("-I", "--head"):
        sends = "GET"
    elif upload is not None:
        sends = "PUT"
    return _Request(words.value("-X", "--request") or sends, url, bodies[0] if bodies else None)


def _path(url: str) -> str:
    return re.sub(r"^(?:https?://)?[^/]*", "", url)


def _body(value: str, command: Command, facts: Facts) -> str | None:
    """What is sent: a text, a file (`@body.json`), or what the command is fed (`@-`)."""
    if value in ("@-", "@/dev/stdin", "-"):
        return command.stdin
    return facts.read(value[1:]) if value.startswith("@") else value


def _wget(command: Command, facts: Facts) -> _Request | None:
    words = split(command.argv, valued=("-O", "-o", "-a", "-P", "-U", "-t", "-T", "--header", "--user", "--password"))
    url = next((word for word in words.after(0) if is_ours(_path(word))), None)
    if url is None:
        return None
    file = words.value("--body-file", "--post-file")
    body = _body("@" + file, command, facts) if file else words.value("--body-data", "--post-data")
    return _Request(words.value("--method") or ("POST" if body is not None else "GET"), url, body)


_METHOD = re.compile(r"[A-Z]{3,7}")
_ITEM = re.compile(r"([^\s:=@]+)(:=|=)(.*)", re.DOTALL)


def _httpie(command: Command) -> _Request | None:
    """`http PATCH :4040/config monitoring:='{"paused": true}'`: the body is made of items, or comes from its input."""
    words: Words = split(
        command.argv, valued=("-a", "--auth", "-A", "-o", "--output", "--timeout", "--raw", "-s", "-p")
    )
    plain = list(words.after(0))
    method = plain.pop(0) if plain and _METHOD.fullmatch(plain[0]) else ""
    if not plain or not is_ours(_path(plain[0])):
        return None
    items = dict(item for word in plain[1:] if (item := _item(word)) is not None)
    body: Any = items or words.value("--raw") or command.stdin
    return _Request(method or ("POST" if body else "GET"), plain[0], body)


def _item(word: str) -> tuple[str, Any] | None:
    match = _ITEM.fullmatch(word)
    if match is None:
        return None
    return match[1], _document(match[3]) if match[2] == ":=" else match[3]
