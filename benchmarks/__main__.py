"""Every benchmark, side by side in one run: what design 8 asks for, as ratios, with the machine named.

python -m benchmarks                              # all parts there are
python -m benchmarks library http --quick         # some of them, in a minute
python -m benchmarks peers --peers FOLDER         # other tools too, where FOLDER has them (benchmarks/peers.py)
python -m benchmarks --json build/benchmarks.json
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.measuring import Row

#: The parts, each a module here with `run(quick) -> list[Row]` ("peers" also takes a folder). The only list of them.
PARTS: dict[str, str] = {
    "library": "Ledger.record and append, against a transaction by hand",
    "http": "the server, against a bare ASGI handler",
    "hooks": "the hook command, against Python's own start",
    "page": "the live page in a browser: how soon, and how smoothly",
    "mcp": "the MCP server's start and memory",
    "replay": "the collision corpus: time and context cost",
    "scale": "append with a longer record and more sessions, on every engine",
    "simulation": "one ledger on one PostgreSQL: appends offered against latency, and how many ledgers",
    "peers": "other tools that install from the registries",
}


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    names = [text for text in _lines("/proc/cpuinfo") if text.startswith("model name")]
    return {
        "cpu": names[0].partition(":")[2].strip() if names else platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "load": [round(one, 1) for one in os.getloadavg()] if hasattr(os, "getloadavg") else None,
    }


def _lines(file: str) -> list[str]:
    try:
        return Path(file).read_text().splitlines()
    except OSError:
        return []


def measured(part: str, *, quick: bool, peers: Path | None) -> list[Row]:
    """The rows of one part."""
    run = import_module(f"benchmarks.{part}").run
    rows: list[Row] = run(quick, peers) if part == "peers" else run(quick)
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report, and write it as JSON where asked."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="fewer runs: the figures are rougher")
    parser.add_argument("--peers", metavar="FOLDER", type=Path, help="where the environments of other tools are")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the rows there too")
    options = parser.parse_args(arguments)
    unknown = [one for one in options.parts if one not in PARTS]
    if unknown:
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    about = machine()
    print(", ".join(f"{name} {value}" for name, value in about.items()))
    report: dict[str, Any] = {"machine": about, "quick": options.quick, "parts": {}}
    for part in options.parts or PARTS:
        print(f"\n{part}: {PARTS[part]}", flush=True)
        rows = measured(part, quick=options.quick, peers=options.peers)
        report["parts"][part] = [one.as_json() for one in rows]
        print("\n".join(map(str, rows)), flush=True)
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
