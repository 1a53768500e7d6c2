"""Side by side: what is measured and what it is measured against run in turns, so that a busy machine slows both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

Work = Callable[[int], object]


class Measured(NamedTuple):
    """The median time of one run in microseconds."""

    name: str
    us: float

    def against(self, base: Measured) -> float:
        """How many times as long as the other."""
        return self.us / base.us


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


def line(what: str, measured: Measured, base: Measured, target: float) -> str:
    """One line of a report."""
    ratio = measured.against(base)
    met = "" if ratio <= target else "   ← over"
    return f"  {what:<58} {measured.us:8.0f} µs  {ratio:5.2f} × (target ≤ {target:g}){met}"
