"""Other tools that install from the registries, beside Sidelight: what one command, one hook call, one record cost.

    for one in hcom==0.7.31 cabildo==0.1.106 agent-coherence==0.15.0; do
        python -m venv "peers/${one%%=*}" && "peers/${one%%=*}/bin/pip" install "$one"; done
    python -m benchmarks peers --peers peers

The tools do different things, so that a ratio says what a user pays for a step, not who does the same step better.
Each has a HOME of its own that is thrown away, no account and no server but its own on loopback. They run in turns.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.hooks import installed
from benchmarks.mcp import FIRST, weight
from benchmarks.measuring import Row
from sidelight.hosts import launcher
from sidelight.server import user_server

#: The tools and the versions that the documentation speaks of; a folder of this name holds each one's environment.
PEERS: dict[str, str] = {"hcom": "0.7.31", "cabildo": "0.1.106", "agent-coherence": "0.15.0"}

# What a long-lived process of each does for one record, as its own documentation says; prints microseconds a call.
TIMED = """
import sys, time
def timed(work, runs=int(sys.argv[1])):
    for number in range(20):
        work(number)
    began = time.perf_counter()
    for number in range(20, 20 + runs):
        work(number)
    print((time.perf_counter() - began) / runs * 1e6)
"""
IN_PROCESS: dict[str, str] = {
    "Sidelight: Ledger.announce": """
        from sidelight import Ledger
        ledger = Ledger.open("home")
        timed(lambda number: ledger.announce(f"rewrite part {number}", area=f"part {number}", actor="a"))
        ledger.close()
    """,
    "cabildo: LocalBus, send": """
        from cabildo.bus import Identity, LocalBus
        me = Identity(session="a", handle="a")
        body = "rewrite part {}".format
        timed(lambda number: LocalBus().call("send", {"body": body(number), "topic": "general"}, identity=me))
    """,
    "agent-coherence: CoherentVolume, write": """
        from ccs.adapters.coherent_volume import CoherentVolume
        volume = CoherentVolume(".", managed=("plans/**",))
        timed(lambda number: volume.write("plans/plan.md", f"part {number}".encode()))
    """,
}


class Step(NamedTuple):
    """One process: what it is, the bytes it reads, and where and with what it runs."""

    name: str
    argv: list[str]
    env: Mapping[str, str]
    cwd: Path
    given: bytes = b""
    lives: bool = False  # it goes on until it is told to end: what counts is its first line

    def first_line(self) -> float:
        """How long until it says something, in milliseconds."""
        began = time.perf_counter()
        process = subprocess.Popen(
            self.argv, env=self.env, cwd=self.cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        with process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(self.given)
            process.stdin.flush()
            if b'"result"' not in process.stdout.readline():
                raise RuntimeError(f"{self.name}: no answer")
            took = time.perf_counter() - began
            process.kill()
        return took * 1000

    def run(self) -> float:
        """How long it takes, in milliseconds. Raises `CalledProcessError` if it fails."""
        if self.lives:
            return self.first_line()
        began = time.perf_counter()
        subprocess.run(
            self.argv, input=self.given, env=self.env, cwd=self.cwd, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, check=True,
        )  # fmt: skip
        return (time.perf_counter() - began) * 1000

    def peak(self) -> float:
        """The most memory that it or one of its children had at a time, in MiB."""
        code = (
            "import resource, subprocess, sys\n"
            "subprocess.run(sys.argv[1:], stdin=0, stdout=subprocess.DEVNULL, check=True)\n"
            "sys.stdout.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))"
        )
        told = subprocess.run(
            [sys.executable, "-I", "-S", "-c", code, *self.argv], input=self.given, env=self.env, cwd=self.cwd,
            capture_output=True, check=True,
        )  # fmt: skip
        return int(told.stdout) / 1024


class Tool(NamedTuple):
    """What of a tool is measured. A step that it does not have is left out."""

    name: str
    steps: dict[str, list[Step]]
    stays: Callable[[], float] | None = None  # the memory of the process that goes on running, in MiB
    python: str | None = None
    env: Mapping[str, str] = {}
    work: Path = Path()


START, POST, HOOK, MCP = "start", "post", "hook", "mcp"
ABOUT: dict[str, str] = {
    START: "the command, started and ended (version or help)",
    POST: "one word to the others, from a terminal",
    HOOK: "the hook before an edit",
    MCP: "the MCP server, until its first answer",
}


def edit(tree: Path, event: str = "PreToolUse", tool: str = "Edit") -> bytes:
    """What an agent program hands its hook."""
    given = {"file_path": str(tree / "plan.md"), "old_string": "a", "new_string": "b"}
    call = {"session_id": "bench-session", "hook_event_name": event, "cwd": str(tree), "tool_name": tool}
    return json.dumps(call | {"tool_input": given, "tool_use_id": "toolu_bench"}).encode()


# ── the tools ─────────────────────────────────────────────────────────────────────────────────────────────────────


def environment(home: Path) -> tuple[dict[str, str], Path]:
    """A HOME of its own, and a repository in it."""
    tree = home / "repo"
    subprocess.run(["git", "init", "-q", str(tree)], check=True)
    return {"PATH": os.environ["PATH"], "HOME": str(home), "XDG_RUNTIME_DIR": str(home)}, tree


@contextmanager
def sidelight(place: Path) -> Iterator[Tool]:
    """Sidelight as an installer leaves it, with the server that its hooks start."""
    env, tree = environment(place)
    python, script = installed(place / "env")
    served = env | {"SIDELIGHT_SESSION": "bench", "SIDELIGHT_HOOK_SECONDS": "60"}
    alone = served | {"SIDELIGHT_NO_SERVER": "1"}
    guard = ["/bin/sh", "-c", launcher.command("claude-code", python=python, script=script)]
    found = user_server.start(served, seconds=30)
    if found is None:
        raise RuntimeError("no server of Sidelight's could be started")
    steps = {
        START: [Step("Sidelight", [script, "--version"], served, tree)],
        POST: [Step("Sidelight: intent", [script, "intent", "about to reset the tree"], served, tree)],
        HOOK: [
            Step("Sidelight, its server running", guard, served, tree, edit(tree)),
            Step("Sidelight, alone", guard, alone, tree, edit(tree)),
        ],
        MCP: [Step("Sidelight", [script, "mcp"], served, tree, FIRST, lives=True)],
    }
    try:
        yield Tool("Sidelight", steps, lambda: weight(found.pid), python, alone, tree)
    finally:
        user_server.stop(served)


@contextmanager
def hcom(place: Path, programs: Path) -> Iterator[Tool]:
    """One binary and no process that stays; its hooks leave sessions alone that it did not start."""
    env, tree = environment(place)
    command = str(programs / "hcom")
    steps = {
        START: [Step("hcom", [command, "--version"], env, tree)],
        POST: [Step("hcom: send", [command, "send", "--from", "bench", "--", "about to reset the tree"], env, tree)],
        HOOK: [
            Step(
                "hcom, a session that it did not start",
                [command, "gemini-beforetool"],
                env,
                tree,
                edit(tree, "BeforeTool", "replace"),
            )
        ],
    }
    yield Tool("hcom", steps)


@contextmanager
def cabildo(place: Path, programs: Path) -> Iterator[Tool]:
    """A process a hook on one SQLite file; its daemon, which pushes for agents, is optional and not run here."""
    env, tree = environment(place)
    hook = str(programs / "cabildo-hook")
    Step("", [hook, "session_start"], env, tree, edit(tree, "SessionStart")).run()
    steps = {
        START: [Step("cabildo", [str(programs / "cabildo"), "--version"], env, tree)],
        POST: [Step("cabildo: say", [str(programs / "cabildo"), "say", "about to reset the tree"], env, tree)],
        HOOK: [Step("cabildo", [hook, "pre_tool_use"], env, tree, edit(tree))],
        MCP: [Step("cabildo", [str(programs / "cabildo-mcp")], env, tree, FIRST, lives=True)],
    }
    yield Tool("cabildo", steps, None, str(programs / "python"), env, tree)


@contextmanager
def agent_coherence(place: Path, programs: Path) -> Iterator[Tool]:
    """Hooks that ask a coordinator of the workspace, a process that stays."""
    env, tree = environment(place)
    (tree / "plan.md").write_text("one\n")
    volume = place / "volume"
    subprocess.run(["git", "init", "-q", str(volume)], check=True)
    (volume / "plans").mkdir()

    def program(name: str) -> str:
        return str(programs / f"agent-coherence-{name}")

    Step("", [program("coordinator"), "--root", str(tree)], env, tree).run()
    pid = int((tree / ".coherence" / "server.pid").read_text().split()[0])
    Step("", [program("track"), "--root", str(tree), "plan.md"], env, tree).run()
    Step("", [program("hook-client"), "--root", str(tree), "pre-read"], env, tree, edit(tree)).run()
    ask = [program("hook-client"), "--root", str(tree), "pre-edit"]
    steps = {
        START: [Step("agent-coherence", [program("status"), "--help"], env, tree)],
        POST: [Step("agent-coherence: track", [program("track"), "--root", str(tree), "plan.md"], env, tree)],
        HOOK: [Step("agent-coherence, its coordinator running", ask, env, tree, edit(tree))],
    }
    try:
        yield Tool("agent-coherence", steps, lambda: weight(pid), str(programs / "python"), env, volume)
    finally:
        for running in place.glob("*/.coherence/server.pid"):  # the volume has a coordinator of its own
            with contextlib.suppress(OSError):
                os.kill(int(running.read_text().split()[0]), signal.SIGTERM)


KNOWN = {"hcom": hcom, "cabildo": cabildo, "agent-coherence": agent_coherence}


# ── measuring ─────────────────────────────────────────────────────────────────────────────────────────────────────


def compared(what: str, steps: list[Step], turns: int) -> list[Row]:
    """One of each in every turn; the first one, ours, is what the others are held against."""
    took: list[list[float]] = [[step.run() for step in steps] for _ in range(turns + 2)][2:]
    rows = []
    for at, step in enumerate(steps):
        ms = statistics.median(turn[at] for turn in took)
        ratio = statistics.median(turn[at] / turn[0] for turn in took) if at else None
        rows.append(Row(f"{what} · {step.name}", ms * 1000, "µs", ratio, steps[0].name))
    return rows


def in_process(tools: Mapping[str, Tool], turns: int) -> list[Row]:
    """One record in a process that lives on."""
    took: dict[str, list[float]] = {}
    for _ in range(turns):
        for name, code in IN_PROCESS.items():
            tool = tools.get(name.partition(":")[0])
            if tool is None or tool.python is None:
                continue
            text = TIMED + textwrap.dedent(code)
            argv = [tool.python, "-c", text, "100"]
            done = subprocess.run(argv, env=tool.env, cwd=tool.work, capture_output=True, text=True, check=True)
            took.setdefault(name, []).append(float(done.stdout.splitlines()[-1]))
    ours = next(iter(took.values()))
    rows = []
    for name, each in took.items():
        ratio = statistics.median(a / b for a, b in zip(each, ours, strict=True)) if each is not ours else None
        rows.append(Row(f"one record in a running process · {name}", statistics.median(each), "µs", ratio, "Sidelight"))
    return rows


def memory(tools: Mapping[str, Tool]) -> list[Row]:
    """What a hook call needs at most, and what goes on running."""
    rows = []
    first: dict[str, float] = {}
    for tool in tools.values():
        hooks = tool.steps.get(HOOK, [])
        rows += [_weighed("memory of a hook", step.name, step.peak(), first) for step in hooks]
        if tool.stays is not None:
            rows.append(_weighed("memory of the process that stays", tool.name, tool.stays(), first))
    return sorted(rows, key=lambda row: row.what.partition(" · ")[0])


def _weighed(what: str, name: str, mib: float, first: dict[str, float]) -> Row:
    ours = first.setdefault(what, mib)
    return Row(f"{what} · {name}", mib, "MiB", mib / ours if mib is not ours else None, "Sidelight")


def there(folder: Path) -> dict[str, Path]:
    """Which of the tools have an environment in the folder, and its programs; says of the others that they have not."""
    found: dict[str, Path] = {}
    for name, version in PEERS.items():
        programs = folder / name / "bin"
        about = (folder / name).glob(f"lib/python*/site-packages/{name.replace('-', '_')}-*.dist-info")
        has = [one.name.removesuffix(".dist-info").rpartition("-")[2] for one in about]
        if not has:
            print(f"  {name} is absent: no environment with it at {folder / name}; the rows leave it out")
            continue
        print(f"  {name} {has[0]}" + ("" if has[0] == version else f" (the documentation speaks of {version})"))
        found[name] = programs.absolute()
    return found


def run(quick: bool, folder: Path | None = None) -> list[Row]:
    """The rows of this part. `folder` holds an environment for each tool, by its name."""
    if folder is None:
        print("  name the folder of the tools' environments: --peers FOLDER (benchmarks/peers.py says how to make it)")
        return []
    programs = there(folder)
    turns = 6 if quick else 30
    rows: list[Row] = []
    with ExitStack() as stack:

        def place(name: str) -> Path:
            return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=f"sl-{name[:2]}-")))

        tools = {"Sidelight": stack.enter_context(sidelight(place("us")))}
        for name, where in programs.items():
            tools[name] = stack.enter_context(KNOWN[name](place(name), where))
        for what, about in ABOUT.items():
            rows += compared(about, [step for tool in tools.values() for step in tool.steps.get(what, [])], turns)
        rows += in_process(tools, 3 if quick else 10)
        rows += memory(tools)
    return rows
