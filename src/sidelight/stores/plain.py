"""What goes into a store and comes out of it, as plain JSON and back: for the spool, and for the wire between machines.

A value is the dictionary of its fields that are not their defaults. A field that this version does not know is left
out, so that one side may be newer than the other.

    >>> plain(Touch("path:m1:/a", "edits"))
    {'key': 'path:m1:/a', 'effect': 'edits'}
    >>> made(Touch, {"key": "path:m1:/a", "effect": "edits", "of_a_newer_version": 1})
    Touch(key='path:m1:/a', effect='edits', value=None, within=None)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from sidelight.actions import Action, Draft, Notice, Session, Sighting, Told, Touch, Work
from sidelight.records import Any, TypeVar
from sidelight.stores import Appended, Document, Entry, Question
from sidelight.stores.projections import Probe

T = TypeVar("T")
_Make = Callable[[Any], Any]


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        defaults: Mapping[str, Any] = type(value)._field_defaults  # type: ignore[attr-defined] # a named tuple's
        return {
            name: plain(one)
            for name, one in zip(value._fields, value, strict=True)
            if name not in defaults or one != defaults[name]
        }
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return value


def made(kind: type[T], data: Mapping[str, Any]) -> T:
    """A value of this kind from its plain form. Raises `TypeError`, `ValueError` or `KeyError` if it is none."""
    if not isinstance(data, Mapping):
        raise TypeError(f"a {kind.__name__} must be an object")
    inner = _INNER.get(kind, {})
    known: tuple[str, ...] = kind._fields  # type: ignore[attr-defined] # every kind of ours is a named tuple
    return kind(**{name: inner.get(name, _as_it_is)(data[name]) for name in known if name in data})


def many(kind: type[T]) -> Callable[[Iterable[Mapping[str, Any]]], tuple[T, ...]]:
    """How a list of values of this kind is made."""
    return lambda data: tuple(made(kind, one) for one in data)


def _one(kind: type[Any]) -> _Make:
    return lambda data: made(kind, data)


def _as_it_is(value: Any) -> Any:
    return value


def _pairs(value: Iterable[Iterable[Any]]) -> tuple[tuple[Any, ...], ...]:
    return tuple(tuple(one) for one in value)


#: The fields of each kind that are more than JSON has.
_INNER: dict[type[Any], dict[str, _Make]] = {
    Draft: {"touches": many(Touch), "targets": tuple},
    Entry: {"draft": _one(Draft)},
    Question: {"probes": many(Probe), "stakes": tuple, "sweeps": tuple},
    Action: {"touches": many(Touch)},
    Sighting: {"action": _one(Action)},
    Work: {"newest": _pairs},
    Notice: {"later": many(Action), "earlier": many(Sighting)},
    Appended: {
        "added": many(Action),
        "before": many(Sighting),
        "work": many(Work),
        "told": many(Told),
        "met": many(Notice),
        "present": many(Action),
        "alive": many(Sighting),
    },
    Document: {"body": dict},
    Session: {},
}
