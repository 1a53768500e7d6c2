"""The names of `typing` without its import, which would cost a hook process as much as opening the ledger.

    class Point(NamedTuple):
        x: int
        y: int = 0

Type checkers see those of `typing`. At run time a class is made without compiling anything; a constructor of its own is
compiled once some were made, so that a short process does without, and in a long one making one is as fast as ever.

`late_pattern` is `re.compile` put off until the pattern is first used.

Source: design 3 (a hook is a fresh process on every tool call), 8.
"""

from __future__ import annotations

TYPE_CHECKING = False

if TYPE_CHECKING:
    from re import Pattern
    from typing import IO, Any, NamedTuple, Protocol, Self, TypeVar, cast
else:
    from _collections import _tuplegetter

    Any = Protocol = Self = IO = object  # they say nothing at run time

    def cast(kind, value):  # noqa: ARG001, ANN001, ANN201 - as `typing.cast`
        return value

    def TypeVar(name, **bounds):  # noqa: ARG001, N802, ANN001, ANN003, ANN201 - as `typing.TypeVar`
        return object

    class _Maker(type):
        """Makes a class of named fields out of the body of a class statement, as `typing.NamedTuple` does."""

        def __new__(mcs, name, bases, body):  # noqa: ANN001, ANN204
            if not bases:
                return super().__new__(mcs, name, bases, body)
            fields = tuple(body.get("__annotations__", ()))
            defaults = {field: body.pop(field) for field in fields if field in body}
            if tuple(defaults) != fields[len(fields) - len(defaults) :]:
                raise TypeError(f"{name}: a field without a default follows one that has one")
            for place, field in enumerate(fields):
                body[field] = _tuplegetter(place, None)
            body |= {"__slots__": (), "_fields": fields, "_field_defaults": defaults, "__match_args__": fields}
            for method, made in _METHODS.items():
                body.setdefault(method, made)
            return type(name, (tuple,), body)

    _made_of = {}  # class → how many were made without a constructor of its own
    _ENOUGH = 64  # what compiling one takes, making so many the slow way takes too

    def __new__(cls, *given, **named):  # noqa: ANN001, ANN002, ANN003, ANN202, N807
        """The constructor for the first few: then it puts one in its place that knows the fields."""
        fields = cls._fields
        if len(given) != len(fields) or named:
            left = fields[len(given) :]
            found = [named.pop(field) if field in named else cls._field_defaults.get(field, _made_of) for field in left]
            if named or len(given) > len(fields) or any(one is _made_of for one in found):
                return _compiled(cls)(cls, *given, **named)  # it says what is wrong
            given = (*given, *found)
        _made_of[cls] = made = _made_of.get(cls, 0) + 1
        if made >= _ENOUGH:
            _compiled(cls)
        return tuple.__new__(cls, given)

    def _compiled(cls):  # noqa: ANN001, ANN202
        owner = next(one for one in cls.__mro__ if "_fields" in one.__dict__)
        fields = ", ".join(owner._fields)
        made = eval(f"lambda _cls, {fields}: _new(_cls, ({fields},))", {"_new": tuple.__new__})  # noqa: S307 - our names
        made.__name__ = "__new__"
        made.__defaults__ = tuple(owner._field_defaults.values())
        owner.__new__ = made
        return made

    @classmethod
    def _make(cls, values):  # noqa: ANN001, ANN202
        """One of these values, in order."""
        found = tuple.__new__(cls, values)
        if len(found) != len(cls._fields):
            raise TypeError(f"{cls.__name__} has {len(cls._fields)} fields, not {len(found)}")
        return found

    def _replace(self, /, **named):  # noqa: ANN001, ANN003, ANN202
        """The same with other values."""
        found = tuple.__new__(self.__class__, map(named.pop, self._fields, self))
        if named:
            raise ValueError(f"{self.__class__.__name__} has no field {', '.join(map(repr, named))}")
        return found

    def _asdict(self):  # noqa: ANN001, ANN202
        """The values by their names."""
        return dict(zip(self._fields, self, strict=True))

    def __repr__(self):  # noqa: ANN001, ANN202, N807
        shown = ", ".join(f"{field}={value!r}" for field, value in zip(self._fields, self, strict=True))
        return f"{self.__class__.__name__}({shown})"

    def __getnewargs__(self):  # noqa: ANN001, ANN202, N807
        return tuple(self)

    _METHODS = {
        "__new__": __new__,
        "_make": _make,
        "_replace": _replace,
        "_asdict": _asdict,
        "__repr__": __repr__,
        "__getnewargs__": __getnewargs__,
    }
    _Root = _Maker("_Root", (), {})

    class _NamedTuple:
        """What a class statement names as its base."""

        def __mro_entries__(self, bases):  # noqa: ANN001, ANN204
            return (_Root,)

    NamedTuple = _NamedTuple()


class _Late:
    """A pattern that is compiled when something is asked of it."""

    def __init__(self, text: str, flags: int) -> None:
        self._asked = text, flags

    def __getattr__(self, name: str) -> Any:
        import re

        found = getattr(re.compile(*self._asked), name)
        setattr(self, name, found)
        return found


def late_pattern(text: str, flags: int = 0) -> Pattern[str]:
    """`re.compile(text, flags)`, but compiled when it is first used."""
    return cast("Pattern[str]", _Late(text, flags))


__all__ = ["IO", "TYPE_CHECKING", "Any", "NamedTuple", "Protocol", "Self", "TypeVar", "cast", "late_pattern"]
