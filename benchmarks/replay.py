"""The recorded scenarios through the real code: what a decision takes, and what its words cost a model.

python -m benchmarks replay
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.measuring import Row
from sidelight.replay import Replay

SCENARIOS = Path(__file__).parents[1] / "tests" / "scenarios"
TYPICAL_TOKENS, MOST_CHARACTERS = 120, 1500  # design 8: what a warning may cost


def run(quick: bool) -> list[Row]:
    """The rows of the report."""
    scenarios = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(SCENARIOS.glob("*.json"))]
    took, warnings = [], []
    for _ in range(1 if quick else 5):
        for scenario in scenarios:
            seconds, decisions = played(scenario)
            took.append(seconds / len(decisions) * 1_000_000)
            warnings += [one["text"] for one in decisions if one["warn"]]
    tokens = statistics.median(len(text.encode()) / 4 for text in warnings)
    longest = max(map(len, warnings))
    return [
        Row("a step: what it does, recorded and judged, a new ledger each story", statistics.median(took), "µs"),
        Row("a typical warning, of at most 120 tokens", tokens, "", tokens / TYPICAL_TOKENS, "", 1),
        Row("the longest warning, of at most 1,500 characters", longest, "", longest / MOST_CHARACTERS, "", 1),
    ]


def played(scenario: dict[str, Any]) -> tuple[float, list[dict[str, Any]]]:
    """One story from its beginning: the seconds it took, and its decisions."""
    with tempfile.TemporaryDirectory(prefix="sidelight-bench-") as directory:
        replay = Replay(f"{directory}/ledger.db")
        try:
            start = time.perf_counter()
            decisions = list(replay.decisions(scenario))
            return time.perf_counter() - start, decisions
        finally:
            replay.close()
