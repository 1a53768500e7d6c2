"""`records`: what `typing` offers, without its import, and behaving like it."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import typing

import pytest

from sidelight.actions import Draft, Touch
from sidelight.records import NamedTuple


class Ours(NamedTuple):
    """A point."""

    x: int
    y: int = 3

    @property
    def total(self) -> int:
        return self.x + self.y


class Theirs(typing.NamedTuple):
    """A point."""

    x: int
    y: int = 3

    @property
    def total(self) -> int:
        return self.x + self.y


def test_a_record_behaves_like_one_of_typing():
    kinds: list[typing.Any] = [Ours, Theirs]
    for make in kinds:
        one = make(1)
        assert (one, make(1, 2), make(y=1, x=2)) == ((1, 3), (1, 2), (2, 1))
        assert (one.x, one.y, one.total, one._replace(x=5), make._make([1, 2])) == (1, 3, 4, (5, 3), (1, 2))
        assert (one._asdict(), make._fields, make._field_defaults) == ({"x": 1, "y": 3}, ("x", "y"), {"y": 3})
        assert (make.__match_args__, make.__doc__, hash(one)) == (("x", "y"), "A point.", hash((1, 3)))
        assert repr(one) == f"{make.__name__}(x=1, y=3)"
        for made in (pickle.loads(pickle.dumps(one)), copy.copy(one), copy.deepcopy(one)):
            assert type(made) is make
            assert made == one
        with pytest.raises(TypeError):
            make()
        with pytest.raises(TypeError):
            make(1, z=2)
        with pytest.raises((TypeError, ValueError)):
            one._replace(z=2)
        with pytest.raises(AttributeError):
            one.x = 2
        with pytest.raises(TypeError):
            make._make([1])


def test_a_field_without_a_default_after_one_with_one_is_refused():
    with pytest.raises(TypeError):

        class _Wrong(NamedTuple):
            x: int = 1
            y: int  # type: ignore[misc] # what is tested


def test_the_first_one_of_a_kind_may_be_made_by_keyword():
    class Fresh(NamedTuple):
        a: int
        b: tuple[int, ...] = ()

    assert Fresh(b=(1,), a=2) == (2, (1,))
    assert Touch("k", "edits").within is None
    assert Draft("edit").touches == ()


def test_the_core_is_imported_without_typing():
    code = "import sys; import sidelight.ledger, sidelight.stores.sqlite; print('typing' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "False"
