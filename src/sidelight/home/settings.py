"""A home's `config.json`: read, and changed by a merge patch (RFC 7396) that loses nothing.

    with changing(home, {"tunnel": {"enabled": False}}) as change:
        ledger.record(*drafts_of(change))

A change is written as a whole (a private file beside it, synced, renamed over it) while this process is alone with the
file, so of two changes at once both survive. What it does not name stays as it is, in its order and with its indent.
Inside the `with` nobody else changes the file: what is recorded there stands in the ledger in the order it happened.
"""

from __future__ import annotations

import copy
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from sidelight import config
from sidelight.records import Any, NamedTuple
from sidelight.redact import MASK, line, mask
from sidelight.space import alone

_TOKEN = "authToken"  # noqa: S105 - the name of the key


class UnpatchableError(ValueError):
    """What was asked for cannot be written into the settings: the sentence says why. Nothing was changed."""


class Change(NamedTuple):
    """What a patch did. `leaves` are the dotted keys that really changed, with their new values (None: it is gone);
    `before` are the settings that were in force until then, by which the change is judged.
    """

    leaves: list[tuple[str, Any]]
    before: config.Config
    after: Mapping[str, Any]


def read(home: str) -> dict[str, Any]:
    """The settings as they stand in the file. Raises `ConfigError` if it is no JSON object."""
    return config.read_file(_file(home))


def masked(home: str) -> dict[str, Any]:
    """The settings for anybody to see: every secret is `***`."""
    shown: dict[str, Any] = mask(read(home))
    return shown


@contextmanager
def changing(home: str, patch: object) -> Iterator[Change]:
    """Apply a merge patch as a caller sends it, and be alone with the settings until the end of the `with`.

    Raises `UnpatchableError` for a patch that may not be applied, `ConfigError` where the file that is there cannot be
    read, `OSError` where the new one cannot be written; in each case the file is as it was.

    Source: O13, design 10.
    """
    import json_merge_patch  # type: ignore[import-untyped] # it ships no types; here, for `mute` works without it

    wanted = _checked(patch)
    with _alone(home):
        text, raw = _text(home), read(home)
        before = config.check(raw, _file(home))
        try:
            leaves = config.changed_leaves(raw, wanted)
        except config.BoundsError as error:
            raise UnpatchableError(str(error)) from error
        _refuse_masks(leaves, raw)
        after: dict[str, Any] = json_merge_patch.merge(copy.deepcopy(raw), wanted)
        try:
            config.check(after, _file(home))
        except config.ConfigError as error:
            raise UnpatchableError(_not_applied(error)) from error
        if leaves:
            _replace(home, text, after)
        yield Change(leaves, before, after)


def apply_defaults(home: str) -> config.Applied:
    """Give a home that exists already the defaults it lacks (O22)."""
    done = config.Applied([], [])

    def add(raw: dict[str, Any]) -> None:
        nonlocal done
        done = config.apply_defaults(raw)

    _edit(home, add)
    return done


def mute(home: str, what: str, name: str, *, off: bool = False) -> None:
    """Mute one of the `sessions` or `spaces` of a home, or with `off` let it hear again. Of many at once all count.

    Raises `ConfigError` where the file that is there cannot be used, `OSError` where the new one cannot be written.
    """

    def change(raw: dict[str, Any]) -> None:
        before = config.check(raw, _file(home))
        known = before.mute_sessions if what == "sessions" else before.mute_spaces
        if (name in known) == off:
            after = [one for one in known if one != name] + ([] if off else [name])
            ours = raw.setdefault("monitoring", {}).setdefault("crossSessionCoordination", {})
            ours.setdefault("mute", {})[what] = after

    _edit(home, change)


def token(home: str, env: Mapping[str, str]) -> str:
    """The bearer token of a home: `SIDELIGHT_TOKEN`, else its `authToken`, else one that is made and kept there."""
    said = env.get("SIDELIGHT_TOKEN", "").strip()
    if said:
        return said
    kept = read(home).get(_TOKEN)
    if isinstance(kept, str) and kept.strip():
        return kept.strip()
    made = secrets.token_urlsafe(32)

    def keep(raw: dict[str, Any]) -> None:
        nonlocal made
        there = raw.get(_TOKEN)
        if isinstance(there, str) and there.strip():
            made = there.strip()  # another process was first
        else:
            raw[_TOKEN] = made

    _edit(home, keep)
    return made


# ── what may be patched ───────────────────────────────────────────────────────────────────────────────────────────


def _checked(patch: object) -> dict[str, Any]:
    if not isinstance(patch, dict):
        raise UnpatchableError("the body must be a JSON object: the part of the settings to change")
    unknown = [key for key in patch if key not in config.PATCHABLE]
    if unknown:
        named = ", ".join(line(key, 60) for key in unknown[:5])
        raise UnpatchableError(f"{named} cannot be changed here; nothing was. Known are {', '.join(config.PATCHABLE)}")
    return patch


def _refuse_masks(leaves: list[tuple[str, Any]], raw: Mapping[str, Any]) -> None:
    """`***` is how a secret is shown; sent back it would replace the secret."""
    for dotted, value in leaves:
        if value == MASK and _at(raw, dotted) is not None:
            raise UnpatchableError(f"{line(dotted, 120)} is {MASK}, which is how a secret is shown; leave it out")


def _at(raw: Any, dotted: str) -> Any:
    for part in dotted.split("."):
        raw = raw.get(part) if isinstance(raw, dict) else None
    return raw


def _not_applied(error: config.ConfigError) -> str:
    about = error.about
    return f"{about['key']} must be {about['allowed']}, not {about['value']}; nothing was changed"


# ── the file ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _file(home: str) -> str:
    return os.path.join(home, "config.json")


def _alone(home: str) -> alone:
    return alone(os.path.join(home, ".config.lock"))


def _edit(home: str, edit: Callable[[dict[str, Any]], None]) -> None:
    with _alone(home):
        text, raw = _text(home), read(home)
        after = copy.deepcopy(raw)
        edit(after)
        if after != raw:
            _replace(home, text, after)


def _text(home: str) -> str:
    try:
        with open(_file(home), encoding="utf-8", newline="") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, ValueError):  # `read` says what is wrong with it
        return ""


def _replace(home: str, text: str, raw: Mapping[str, Any]) -> None:
    """Write it whole: private, beside the file, synced, and renamed over it (over what a link leads to)."""
    target = os.path.realpath(_file(home))
    temporary = f"{target}.{os.getpid()}.{secrets.token_hex(4)}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(in_the_style_of(text, raw).encode())
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def _writable(raw: Mapping[str, Any]) -> bool:
    try:
        json.dumps(raw, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


_FIRST_INDENT = re.compile(r"[{\[]\r?\n([ \t]+)\S")


def in_the_style_of(text: str, raw: Mapping[str, Any]) -> str:
    r"""The JSON of `raw`, indented and ended like `text`.

    >>> in_the_style_of('{\n\t"a": 1\n}\n', {"b": 2})
    '{\n\t"b": 2\n}\n'
    >>> in_the_style_of('{"a":1}', {"b": [1, 2]})
    '{"b":[1,2]}'
    """
    if not text.strip("\ufeff \t\r\n"):
        return json.dumps(raw, ensure_ascii=False, indent=2) + "\n"
    found = _FIRST_INDENT.search(text)
    indent = found[1] if found else None
    spaced = indent is not None or '": ' in text or text.strip() == "{}"
    separators = ("," if indent is not None or not spaced else ", ", ": " if spaced else ":")
    # A lone half of a character can only be written as an escape.
    escaped = (text.isascii() and "\\u" in text) or not _writable(raw)
    made = json.dumps(raw, ensure_ascii=escaped, indent=indent, separators=separators)
    end = text[len(text.rstrip("\r\n \t")) :]
    made = made.replace("\n", "\r\n") if "\r\n" in text else made
    return ("\ufeff" if text.startswith("\ufeff") else "") + made + end
