"""The settings: their defaults, what a home's `config.json` says, and what a change to it changes.

Every list there is about settings is here and nowhere else: the defaults, the sensitive keys, the keys that a PATCH may
touch, and the bounds. A setting that makes no sense is an error that says so; it never turns into a quiet "nothing to
report".

    >>> load("/nonexistent").window_ms
    600000
    >>> changed_leaves({"tunnel": {"on": True, "port": 1}}, {"tunnel": {"on": False, "port": 1}})
    [('tunnel.on', False)]
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence

from sidelight.records import Any, NamedTuple
from sidelight.redact import line, mask

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

#: Where our settings live in a `config.json`, in the origin's place (O21).
SECTION = "monitoring.crossSessionCoordination"

#: What is recorded as a `config-flag` when it changes; other settings leave a footprint.
SENSITIVE: tuple[str, ...] = ("monitoring", "tunnel", "autonomousSessions", "lifeline", "updates")

#: The top-level keys that `PATCH /config` accepts.
PATCHABLE: tuple[str, ...] = (
    "monitoring",
    "tunnel",
    "autonomousSessions",
    "lifeline",
    "updates",
    "sessions",
    "jobs",
    "publishing",
    "gitBackup",
    "externalOperations",
    "responseReview",
    "inputGuard",
    "evolution",
    "threadline",
    "dispatches",
    "feedback",
)

#: From which severity on Sidelight speaks, and how. The first of each is not the default; `DEFAULTS` says that.
ATTENTION_FROM: tuple[str, ...] = ("conflict", "overlap", "nearby", "present")
ATTENTION_MODE: tuple[str, ...] = ("tell", "ask", "pause-once")

#: Every home's settings where it says nothing else. O21, and ours below `sensitiveConfigKeys`.
DEFAULTS: dict[str, Any] = {
    "monitoring": {
        "crossSessionCoordination": {
            "enabled": True,
            "windowMs": 10 * MINUTE,
            "retentionMs": HOUR,
            "sensitiveConfigKeys": list(SENSITIVE),
            "maxActions": 200,
            "historyMs": 30 * DAY,
            "maxBytes": 256 * 1024 * 1024,
            "ignore": [],
            "watch": [],
            "metrics": False,
            "attention": {"from": "nearby", "mode": "tell"},
            "mute": {"sessions": [], "spaces": []},
        }
    }
}

#: Lists of dotted keys, in a `config.json`, that `apply_defaults` leaves out: the origin's name, and ours.
OPT_OUT: tuple[str, ...] = ("_instar_noMigrate", "_sidelight_noMigrate")

# ── bounds ────────────────────────────────────────────────────────────────────────────────────────────────────────


class Range(NamedTuple):
    """The whole numbers that a setting or parameter may be."""

    least: int
    most: int

    @property
    def schema(self) -> dict[str, int]:
        """The same as JSON Schema has it."""
        return {"minimum": self.least, "maximum": self.most}

    def __str__(self) -> str:
        return f"a whole number from {self.least:,} to {self.most:,}"


WINDOW_MS = Range(1, DAY)
LIMIT = Range(1, 500)
DEFAULT_LIMIT = 100

RANGES: dict[str, Range] = {
    "windowMs": WINDOW_MS,
    "retentionMs": Range(1, 30 * DAY),
    "maxActions": Range(1, 100_000),
    "historyMs": Range(HOUR, 3650 * DAY),
    "maxBytes": Range(1024 * 1024, 1024**4),
}

_LARGEST_FILE = 4 * 1024 * 1024
_DEEPEST = 64


class _SaidError(ValueError):
    """The docstring is the message, its places filled in; the parts stay readable as `about`."""

    def __init__(self, **about: Any) -> None:
        self.about = about
        super().__init__(" ".join((self.__doc__ or "").split()).format(**about))


class BoundsError(_SaidError):
    """{name} must be {allowed}, not {value}."""


class ConfigError(_SaidError):
    """The settings in {file} cannot be used: {key} must be {allowed}, but it is {value}. Correct it or remove it
    (without it the default applies), then try again; `sidelight doctor` checks the file.
    """


def check_window(value: object) -> int:
    """A `windowMs` as a caller gave it, as a number or as the text of one.

    >>> check_window("600000")
    600000
    """
    return check_whole("windowMs", value, WINDOW_MS)


def check_limit(value: object) -> int:
    """A `limit` as a caller gave it."""
    return check_whole("limit", value, LIMIT)


def check_whole(name: str, value: object, bounds: Range) -> int:
    """A whole number within bounds, as a caller gave it: as a number or as the text of one. Raises `BoundsError`."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 15:
        value = int(value)
    number = _whole(value)
    if number is None or not bounds.least <= number <= bounds.most:
        raise BoundsError(name=name, allowed=bounds, value=_shown(value))
    return number


def _whole(value: object) -> int | None:
    """A whole number; `600000.0` is one, `True` and NaN are not."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) else None


def _shown(value: object) -> str:
    """A value as it reads in a message."""
    try:
        return line(json.dumps(mask(value), ensure_ascii=False), 60)
    except (TypeError, ValueError):
        return line(repr(value)[:200], 60)


_UNITS = {"ms": 1, "s": 1000, "m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}


def milliseconds(text: str) -> int | None:
    """A length of time as people write it (`90s`, `1h30m`, `7d`), in milliseconds; None for what is none.

    >>> milliseconds("1h30m"), milliseconds("soon")
    (5400000, None)
    """
    parts = re.findall(r"(\d+)(ms|[smhdw])", text) if len(text) <= 20 else []
    whole = parts and "".join(number + unit for number, unit in parts) == text
    return sum(int(number) * _UNITS[unit] for number, unit in parts) if whole else None


# ── what a home's config.json says ────────────────────────────────────────────────────────────────────────────────


class Config(NamedTuple):
    """The settings in force. `raw` is the whole of `config.json`, {} where there is none."""

    enabled: bool
    window_ms: int
    retention_ms: int
    max_actions: int
    history_ms: int
    max_bytes: int
    sensitive_keys: tuple[str, ...]
    attention_from: str
    attention_mode: str
    ignore: tuple[str, ...]
    watch: tuple[str, ...]
    mute_sessions: tuple[str, ...]
    mute_spaces: tuple[str, ...]
    raw: Mapping[str, Any]
    metrics: bool = False


def load(home: str | os.PathLike[str], *, personal: str | os.PathLike[str] | None = None) -> Config:
    """The settings of a home; the defaults where it says nothing. Raises `ConfigError` for what makes no sense.

    `personal` is the user's own home, given when `home` is an agent home that was found on the way up: who is told what
    is a matter of the person, so `attention` is then read from there and not from what a repository may have shipped.
    """
    file = os.path.join(os.fspath(home), "config.json")
    raw = read_file(file)
    config = _from_raw(raw, file)
    if personal is None or os.fspath(personal) == os.fspath(home):
        return config
    own = load(personal)
    return config._replace(attention_from=own.attention_from, attention_mode=own.attention_mode)


def read_file(file: str) -> dict[str, Any]:
    """A `config.json` as it stands, {} where there is none. Raises `ConfigError` if it is not an object of JSON."""
    try:
        with open(file, "rb", opener=_open_at_once) as stream:
            data = stream.read(_LARGEST_FILE + 1) or b""
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise ConfigError(file=file, key="the file", allowed="readable", value=error.strerror or error) from error
    if len(data) > _LARGEST_FILE:
        raise ConfigError(file=file, key="the file", allowed=f"at most {_LARGEST_FILE:,} bytes", value="larger")
    try:
        raw = json.loads(data.removeprefix(b"\xef\xbb\xbf").decode())
    except (ValueError, RecursionError) as error:
        raise ConfigError(file=file, key="the file", allowed="JSON", value=line(str(error), 120)) from error
    if not isinstance(raw, dict):
        raise ConfigError(file=file, key="the file", allowed="an object", value=_shown(raw))
    return raw


def _open_at_once(file: str, flags: int) -> int:
    """Open without ever waiting: a name that leads to a pipe would."""
    return os.open(file, flags | getattr(os, "O_NONBLOCK", 0))


def _from_raw(raw: dict[str, Any], file: str) -> Config:
    monitoring = _object(raw, "monitoring", file, "monitoring")
    ours = _object(monitoring, "crossSessionCoordination", file, SECTION)
    default = DEFAULTS["monitoring"]["crossSessionCoordination"]
    attention = {**default["attention"], **_object(ours, "attention", file, f"{SECTION}.attention")}
    mute = {**default["mute"], **_object(ours, "mute", file, f"{SECTION}.mute")}
    here = {**default, **ours}
    number = {key: _number(here[key], bounds, file, f"{SECTION}.{key}") for key, bounds in RANGES.items()}
    return Config(
        enabled=_yes_or_no(here["enabled"], file, f"{SECTION}.enabled"),
        window_ms=number["windowMs"],
        retention_ms=number["retentionMs"],
        max_actions=number["maxActions"],
        history_ms=number["historyMs"],
        max_bytes=number["maxBytes"],
        sensitive_keys=_texts(here["sensitiveConfigKeys"], file, f"{SECTION}.sensitiveConfigKeys"),
        attention_from=_one_of(attention["from"], ATTENTION_FROM, file, f"{SECTION}.attention.from"),
        attention_mode=_one_of(attention["mode"], ATTENTION_MODE, file, f"{SECTION}.attention.mode"),
        ignore=_texts(here["ignore"], file, f"{SECTION}.ignore"),
        watch=_texts(here["watch"], file, f"{SECTION}.watch"),
        mute_sessions=_texts(mute["sessions"], file, f"{SECTION}.mute.sessions"),
        mute_spaces=_texts(mute["spaces"], file, f"{SECTION}.mute.spaces"),
        raw=raw,
        metrics=_yes_or_no(here["metrics"], file, f"{SECTION}.metrics"),
    )


def check(raw: object, file: str = "config.json") -> Config:
    """The settings that a `config.json` of this content would have; `ConfigError` if it could not be used.

    For a PATCH, which must not leave a file behind that the next start refuses.
    """
    if not isinstance(raw, dict):
        raise ConfigError(file=file, key="the file", allowed="an object", value=_shown(raw))
    return _from_raw(raw, file)


def _object(holder: Mapping[str, Any], key: str, file: str, dotted: str) -> dict[str, Any]:
    value = holder.get(key, {})
    if not isinstance(value, dict):
        raise ConfigError(file=file, key=dotted, allowed="an object", value=_shown(value))
    return value


def _number(value: object, bounds: Range, file: str, dotted: str) -> int:
    number = _whole(value)
    if number is None or not bounds.least <= number <= bounds.most:
        raise ConfigError(file=file, key=dotted, allowed=bounds, value=_shown(value))
    return number


def _yes_or_no(value: object, file: str, dotted: str) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(file=file, key=dotted, allowed="true or false", value=_shown(value))
    return value


def _one_of(value: object, allowed: Sequence[str], file: str, dotted: str) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise ConfigError(file=file, key=dotted, allowed=f"one of {', '.join(allowed)}", value=_shown(value))
    return value


def _texts(value: object, file: str, dotted: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
        raise ConfigError(file=file, key=dotted, allowed="a list of texts", value=_shown(value))
    return tuple(item.strip() for item in value)


# ── defaults for a home that exists already ───────────────────────────────────────────────────────────────────────


class Applied(NamedTuple):
    """What `apply_defaults` did, as dotted keys; a whole section that was added is one."""

    added: list[str]
    skipped: list[str]


def apply_defaults(config: dict[str, Any], defaults: Mapping[str, Any] = DEFAULTS) -> Applied:
    """Add to `config`, in place, the defaults that it lacks (O22). What is there stays, of whatever type it is.

    A list is a leaf. A key is skipped if one of the `OPT_OUT` lists of the config names it, a section above it, or (as
    in the origin) its bare name.

    >>> home = {"monitoring": {"watchdog": True}, "_sidelight_noMigrate": ["monitoring.crossSessionCoordination.mute"]}
    >>> apply_defaults(home)
    Applied(added=['monitoring.crossSessionCoordination'], skipped=['monitoring.crossSessionCoordination.mute'])
    >>> apply_defaults(home).added
    []
    """
    lists = [config.get(name) for name in OPT_OUT]
    unwanted = {
        entry.strip(".") for names in lists if isinstance(names, list) for entry in names if isinstance(entry, str)
    }
    done = Applied([], [])
    _add_missing(config, defaults, "", unwanted, done)
    return done


def _add_missing(
    config: dict[str, Any], defaults: Mapping[str, Any], above: str, unwanted: set[str], done: Applied
) -> None:
    for key, default in defaults.items():
        dotted = f"{above}.{key}" if above else key
        if dotted in unwanted or key in unwanted:
            done.skipped.append(dotted)
        elif key not in config:
            _add(config, key, default, dotted, unwanted, done)
        elif isinstance(config[key], dict) and isinstance(default, Mapping):
            _add_missing(config[key], default, dotted, unwanted, done)


def _add(config: dict[str, Any], key: str, default: Any, dotted: str, unwanted: set[str], done: Applied) -> None:
    """Add one missing key; of a section only the parts that are wanted."""
    if not isinstance(default, Mapping):
        config[key] = _copied(default)
        done.added.append(dotted)
        return
    section: dict[str, Any] = {}
    inner = Applied([], done.skipped)
    _add_missing(section, default, dotted, unwanted, inner)
    if section or not default:
        config[key] = section
        done.added.append(dotted)


# ── what a change changes ─────────────────────────────────────────────────────────────────────────────────────────


def changed_leaves(before: Mapping[str, Any], patch: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """What a merge patch (RFC 7396) would really change: dotted keys with their new values, None for one that goes.

    A section that goes is one entry. One that comes is an entry for each of its leaves, or `{}`. Values are compared
    by their JSON form. Raises `BoundsError` for a patch nested deeper than 64.

    >>> changed_leaves({"tunnel": "off", "jobs": {"a": 1}}, {"tunnel": {}, "jobs": None, "updates": {"on": None}})
    [('tunnel', {}), ('jobs', None), ('updates', {})]
    """
    return list(_changes(before, patch, ""))


def _changes(
    before: Mapping[str, Any], patch: Mapping[str, Any], above: str, depth: int = 0
) -> Iterator[tuple[str, Any]]:
    if depth > _DEEPEST:
        raise BoundsError(name="the nesting", allowed=f"at most {_DEEPEST} deep", value="deeper")
    for key, value in patch.items():
        dotted = f"{above}.{key}" if above else key
        if value is None:
            if key in before:
                yield dotted, None
        elif isinstance(value, dict):
            there = before.get(key)
            inside = list(_changes(there if isinstance(there, dict) else {}, value, dotted, depth + 1))
            yield from inside or ([] if isinstance(there, dict) else [(dotted, {})])
        elif key not in before or _json(before[key]) != _json(value):
            yield dotted, value


def _copied(value: Any) -> Any:
    """A JSON value of its own. (`copy` costs a hook process two milliseconds to import.)"""
    if isinstance(value, Mapping):
        return {key: _copied(part) for key, part in value.items()}
    return [_copied(part) for part in value] if isinstance(value, list) else value


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def is_sensitive(dotted: str, keys: Sequence[str]) -> bool:
    """Does changing this key change something sensitive: one of `keys`, what lies below, or a section that holds one?

    Our own settings always are: who switches the coordinator off is seen to do so.

    >>> [is_sensitive(key, ["tunnel"]) for key in ("tunnel.port", "tunnel", "tunnels.port", SECTION + ".enabled")]
    [True, True, False, True]
    """
    return any(_within(dotted, key) or _within(key, dotted) for key in (*keys, SECTION))


def _within(dotted: str, section: str) -> bool:
    return dotted == section or dotted.startswith(section + ".")
