"""What a hook costs: the installed command as a whole process, against an interpreter that does nothing (design 8).

    python -m benchmarks hooks

With the user's server running it is held against a bare `python -I -S -E`, without one against an interpreter that
imports `sqlite3` and `json`. They run in turns, one of each after the other, so that a busy machine slows both, and a
row's ratio is the median of the ratios of such pairs. Where the server runs, design 8 bounds a read and a call with a
git look; the rows without a bound say what recording costs there.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from benchmarks.measuring import Row
from sidelight.hosts import launcher
from sidelight.server import user_server

SOURCE = Path(__file__).parent.parent

Run = Callable[[int], float]


def installed(place: Path) -> tuple[str, str]:
    """An environment as an installer would leave it: its interpreter, and the `sidelight` beside it."""
    venv.create(place, with_pip=False, symlinks=True)
    python, script = place / "bin" / "python", place / "bin" / "sidelight"
    packages = next(place.glob("lib/python*/site-packages"))
    for one in Path(sysconfig.get_path("purelib")).iterdir():
        if "sidelight" not in one.name and one.suffix != ".pth":
            (packages / one.name).symlink_to(one)
    shutil.copytree(SOURCE / "src" / "sidelight", packages / "sidelight", ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run([python, "-m", "compileall", "-q", packages / "sidelight"], check=True)
    shutil.copy(SOURCE / "launch" / "sidelight", script)
    return str(python), str(script)


def timed(argv: list[str], env: Mapping[str, str], payload: bytes = b"") -> float:
    """How long one process takes, in milliseconds."""
    began = time.perf_counter()
    subprocess.run(argv, input=payload, env=env, stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - began) * 1000


def calling(argv: list[str], env: Mapping[str, str], tree: Path, tool: str, given: Callable[[int], dict]) -> Run:
    """A hook call before a tool runs, never the same twice."""

    def run(number: int) -> float:
        call = {
            "session_id": "bench-session",
            "hook_event_name": "PreToolUse",
            "cwd": str(tree),
            "tool_name": tool,
            "tool_input": given(number),
            "tool_use_id": f"{tool}-{time.time_ns()}",
        }
        return timed(argv, env, json.dumps(call).encode())

    return run


def side_by_side(
    runs: Mapping[str, Run], turns: int, targets: Mapping[str, float], less: Mapping[str, str] = MappingProxyType({})
) -> list[Row]:
    """One of each in every turn; a ratio is the median of those to the first of the same turn. `less`: what of a run's
    time is taken off first, by the name of another run (a call with a git look may take a `git status` longer).
    """
    took: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(-5, turns):
        for name, run in runs.items():
            one = run(number)
            if number >= 0:
                took[name].append(one)
    base = next(iter(runs))
    rows = [Row(base, statistics.median(took[base]) * 1000, "µs")]
    for name, each in list(took.items())[1:]:
        free = took.get(less.get(name, ""), [0.0] * len(each))
        ratio = statistics.median((a - c) / b for a, b, c in zip(each, took[base], free, strict=True))
        rows.append(Row(name, statistics.median(each) * 1000, "µs", ratio, base, targets.get(name)))
    return rows


def measure(directory: Path, runtime: Path, turns: int) -> list[Row]:
    """Everything, in a home and with a server of its own."""
    python, script = installed(directory / "env")
    command = launcher.command("claude-code", python=python, script=script)
    installs = ["/bin/sh", "-c", command]  # as a host runs it
    tree = directory / "repo"
    subprocess.run(["git", "init", "-q", str(tree)], check=True)
    alone = {"PATH": os.environ["PATH"], "HOME": str(directory), "XDG_RUNTIME_DIR": str(runtime)}
    alone |= {"SIDELIGHT_NO_SERVER": "1", "SIDELIGHT_HOOK_SECONDS": "60"}
    alone |= {"CLAUDE_PID": str(os.getpid()), "CLAUDECODE": "1"}  # as Claude Code gives them to its hooks
    served = {name: value for name, value in alone.items() if name != "SIDELIGHT_NO_SERVER"}

    def hooks(how: str, env: Mapping[str, str], argv: list[str]) -> dict[str, Run]:
        tools: dict[str, tuple[str, Callable[[int], dict]]] = {
            "a read": ("Bash", lambda number: {"command": f"ls -l {number}"}),
            "an edit": ("Edit", lambda number: {"file_path": str(tree / f"{how}{number}.py")}),
            "the grammar": ("Bash", lambda number: {"command": f"for f in a{number}; do date >> $f; done"}),
        }
        return {f"{how}: {what}": calling(argv, env, tree, *tool) for what, tool in tools.items()}

    bare: dict[str, Run] = {
        "python -I -S, sqlite3 and json": lambda _: timed([python, "-I", "-S", "-c", "import sqlite3, json"], alone)
    }
    targets = {"alone: a read": 2, "alone: an edit": 2, "alone: the grammar": 3}
    rows = side_by_side(bare | hooks("alone", alone, installs), turns, targets)
    if user_server.start(served, seconds=30) is None:
        raise RuntimeError("no server could be started")
    try:
        bare = {"python -I -S -E -c pass": lambda _: timed([python, "-I", "-S", "-E", "-c", "pass"], served)}
        runs = bare | hooks("served", served, installs) | hooks("typed", served, [script, "hook", "claude-code"])
        targets = {"served: a read": 1.4, "typed: a read": 1.4}
        runs["git status"] = lambda _: timed(["git", "-C", str(tree), "status", "--porcelain"], served)
        looks = "served: a git look, less that `git status`"
        runs[looks] = calling(installs, served, tree, "Bash", lambda _: {"command": "git reset --hard"})
        rows += side_by_side(runs, turns, targets | {looks: 1.4}, {looks: "git status"})
    finally:
        user_server.stop(served)
    return [*rows, largest(command, alone, tree)]


def largest(command: str, env: Mapping[str, str], tree: Path) -> Row:
    """The memory of the process that does the most: alone, with the grammar. Asked of a child that runs only that."""
    call = {"session_id": "bench", "hook_event_name": "PreToolUse", "cwd": str(tree), "tool_use_id": "memory"}
    call |= {"tool_name": "Bash", "tool_input": {"command": "for f in a; do rm $f; done"}}
    code = (
        "import resource, subprocess, sys; subprocess.run(['/bin/sh', '-c', sys.argv[1]], stdin=0, check=True);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, command], input=json.dumps(call).encode(), env=env, capture_output=True, check=True
    )
    kib = int(done.stdout.splitlines()[-1])
    return Row("memory of a hook, alone, with the grammar", kib, "KiB", kib / (25 * 1024), "25 MiB", 1)


def run(quick: bool) -> list[Row]:
    """The rows of this part."""
    with (
        tempfile.TemporaryDirectory(prefix="sidelight-bench-") as directory,
        tempfile.TemporaryDirectory(prefix="sl-") as runtime,  # a socket's path must be short
    ):
        return measure(Path(directory), Path(runtime), 15 if quick else 60)
