"""Hook calls as an agent program makes them: a real process of the installed command, JSON in, JSON out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from sidelight.hosts import launcher

#: Everything that a test waits for has this long: a loaded machine of two cores is slow, not wrong.
PATIENCE = 60


def until(holds: Callable[[], bool]) -> bool:
    """Wait until something holds; False if it never did."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


class Done(NamedTuple):
    """What a hook process left behind."""

    code: int
    output: bytes
    errors: bytes

    @property
    def text(self) -> str:
        """What the model is told, in Claude Code's and Codex's JSON; '' for silence."""
        if not self.output:
            return ""
        return str(json.loads(self.output)["hookSpecificOutput"].get("additionalContext", ""))


def around(tmp_path: Path, **more: str) -> dict[str, str]:
    """An environment of its own, without a server unless the test wants one."""
    runtime = tempfile.mkdtemp(prefix="sl-")  # a socket's path must be short
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": runtime,
        "SIDELIGHT_NO_SERVER": "1",
        "SIDELIGHT_HOOK_SECONDS": str(PATIENCE),
        **more,
    }


def command_of(host: str) -> str:
    """The command that is written into a host's settings."""
    return launcher.command(host, python=sys.executable)


def run(host: str, payload: bytes, env: Mapping[str, str], *, cwd: str | Path = "/") -> Done:
    """Run the installed command once with these bytes on standard input."""
    return run_shell(command_of(host), payload, env, cwd=cwd)


def run_shell(line: str, payload: bytes, env: Mapping[str, str], *, cwd: str | Path = "/") -> Done:
    """Run a line of sh with these bytes on standard input."""
    done = subprocess.run(
        ["/bin/sh", "-c", line], input=payload, env=env, cwd=cwd, capture_output=True, timeout=PATIENCE, check=False
    )
    return Done(done.returncode, done.stdout, done.stderr)


class Claude:
    """A session of Claude Code in a directory, as far as its hooks see it."""

    def __init__(self, session: str, tree: Path, env: Mapping[str, str], *, host: str = "claude-code") -> None:
        self.session, self.tree, self.env, self.host = session, tree, env, host
        self._calls = 0

    def says(self, event: str, **more: Any) -> Done:
        """One event."""
        body = {"session_id": self.session, "hook_event_name": event, "cwd": str(self.tree), **more}
        return run(self.host, json.dumps(body).encode(), self.env, cwd=self.tree)

    def before(self, tool: str, call_id: str | None = None, **given: Any) -> Done:
        """A tool call is about to run."""
        self._calls += 1
        call = call_id or f"{self.session}-{self._calls}"
        return self.says("PreToolUse", tool_name=tool, tool_input=given, tool_use_id=call)
