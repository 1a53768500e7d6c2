"""Side by side: what is measured and what it is measured against run in turns, so that a busy machine slows both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Work = Callable[[int], object]


class Row(NamedTuple):
    """One figure: what was measured (`value` in `unit`), and how it stands to `base`, against which it was measured.

    `target` bounds the ratio from above, or with `more` (more is better) from below; None where design 8 sets none.
    """

    what: str
    value: float
    unit: str
    ratio: float | None = None
    base: str = ""
    target: float | None = None
    more: bool = False

    @property
    def met(self) -> bool | None:
        """Is the target reached? None where there is none."""
        if self.ratio is None or self.target is None:
            return None
        return self.ratio >= self.target if self.more else self.ratio <= self.target

    def __str__(self) -> str:
        text = f"  {self.what:<66} {self.value:9,.0f} {self.unit:<4}"
        if self.ratio is None:
            return text.rstrip()
        text += f" {self.ratio:6.2f} ×"
        if self.target is not None:
            text += f"  ({'≥' if self.more else '≤'} {self.target:g})" + ("" if self.met else "  ← missed")
        return text

    def as_json(self) -> dict[str, Any]:
        """The row by its names."""
        return {**self._asdict(), "met": self.met}


class Measured(NamedTuple):
    """The median time of one run in microseconds."""

    name: str
    us: float

    def row(self, what: str, base: Measured | None = None, target: float | None = None) -> Row:
        """As a row of a report, against another."""
        if base is None:
            return Row(what, self.us, "µs")
        return Row(what, self.us, "µs", self.us / base.us, base.name, target)


def in_turns(works: Mapping[str, Work], *, turns: int = 12, runs: int = 150, warm: int = 50) -> dict[str, Measured]:
    """Run each so often, a little at a time, in turns. Each call gets a number that it has not had before."""
    took: dict[str, list[float]] = {name: [] for name in works}
    number = dict.fromkeys(works, 0)
    for name, work in works.items():
        for _ in range(warm):
            number[name] += 1
            work(number[name])
    for _ in range(turns):
        for name, work in works.items():
            numbers = range(number[name] + 1, number[name] + 1 + runs)
            start = time.perf_counter_ns()
            for one in numbers:
                work(one)
            took[name].append((time.perf_counter_ns() - start) / runs / 1000)
            number[name] += runs
    return {name: Measured(name, statistics.median(each)) for name, each in took.items()}
