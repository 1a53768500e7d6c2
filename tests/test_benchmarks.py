"""benchmarks: every part that is offered is there, and what a warning costs a model is within its bounds."""

from importlib import import_module

import pytest

from benchmarks.__main__ import PARTS, main


@pytest.mark.parametrize("part", PARTS)
def test_every_part_is_a_module_that_runs(part):
    assert callable(import_module(f"benchmarks.{part}").run)


def test_an_unknown_part_is_refused_by_name(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["nothing"])
    assert "no such part: nothing; there are library" in capsys.readouterr().err
