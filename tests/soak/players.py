"""Who plays: sessions whose agent program calls hooks, sessions on HTTP, sessions on MCP."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import subprocess
import sys
import threading
import time
from typing import Any

import httpx

from tests.hosts.calling import command_of
from tests.soak.books import Act, Books
from tests.soak.stage import PATIENCE, Stage


class Player:
    """A session; `play` is one step of it."""

    def __init__(self, name: str, stage: Stage, books: Books, seed: int) -> None:
        self.name, self.stage, self.books = name, stage, books
        self.roll = random.Random(seed)
        self._count = itertools.count()

    def mark(self) -> str:
        """A word that is nowhere else."""
        return f"mark-{self.name}-{next(self._count)}"

    def play(self) -> None:
        """Do one thing."""
        raise NotImplementedError

    def rest(self) -> None:
        """When all is calm again: hear what is still to be heard."""

    def close(self) -> None:
        """Let go."""


class Hooked(Player):
    """A session of Claude Code, as its hooks see it: a process for every event."""

    def hook(self, event: str, *, kill_after: float | None = None, **more: Any) -> tuple[bool, str]:
        """Run the installed command; whether it came to its end, and what the model is told."""
        body = {"session_id": self.name, "hook_event_name": event, "cwd": str(self.stage.repo), **more}
        began = time.monotonic()
        process = subprocess.Popen(
            ["/bin/sh", "-c", command_of("claude-code")],
            env=self.stage.environment(),
            cwd=self.stage.repo,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        if kill_after is not None:
            threading.Timer(kill_after, _kill, (process.pid,)).start()
        try:
            out, errors = process.communicate(json.dumps(body).encode(), timeout=2 * PATIENCE)
        except subprocess.TimeoutExpired:
            _kill(process.pid)
            process.communicate()
            self.books.wrong(f"a hook of {self.name} did not end")
            return False, ""
        if kill_after is not None:
            return False, ""
        if process.returncode != 0 or errors:
            self.books.wrong(f"a hook of {self.name} ended with {process.returncode} and {errors[:200]!r}")
        text = json.loads(out)["hookSpecificOutput"].get("additionalContext", "") if out else ""
        self.books.hears(self.name, text, began)
        return True, text

    def edits(self, mark: str, *, kill_after: float | None = None, again: bool = False) -> Act:
        """Edit a file that is named by a mark; `again` delivers the same event twice, as a double installation does."""
        began = time.monotonic()
        call: dict[str, Any] = {
            "tool_name": "Edit",
            "tool_input": {"file_path": str(self.stage.repo / f"{mark}.py")},
            "tool_use_id": f"{self.name}-{mark}",
        }
        done, _ = self.hook("PreToolUse", kill_after=kill_after, **call)
        if again:
            self.hook("PreToolUse", **call)
        if done:
            self.hook("PostToolUse", tool_response={"success": True}, **call)
        return self.books.act(f"{mark} by {self.name}", began, acknowledged=done, sure=False)

    def play(self) -> None:
        chance = self.roll.random()
        if chance < 0.1:
            self.edits(self.mark(), kill_after=self.roll.random() * 0.2)
        elif chance < 0.6:
            self.edits(self.mark(), again=chance < 0.25)
        elif chance < 0.8:
            self.hook("UserPromptSubmit", prompt="go on")
        else:
            self.hook("PreToolUse", tool_name="Read", tool_input={"file_path": "README.md"}, tool_use_id=self.mark())

    def rest(self) -> None:
        for _ in range(3):
            self.hook("UserPromptSubmit", prompt="go on")


class Pair(Player):
    """Two hooked sessions: what one edits, the other edits then; the first is due a notice."""

    def __init__(self, name: str, stage: Stage, books: Books, seed: int) -> None:
        super().__init__(name, stage, books, seed)
        self.first = Hooked(f"{name}-first", stage, books, seed)
        self.second = Hooked(f"{name}-second", stage, books, seed)

    def play(self) -> None:
        mark = self.mark()
        one = self.first.edits(mark)
        two = self.second.edits(mark)
        self.books.met(self.first.name, f"{mark}.py", one, two)
        self.first.hook("UserPromptSubmit", prompt="go on")

    def rest(self) -> None:
        self.first.rest()


class Calling(Player):
    """A session on HTTP: announces, looks, and repeats what it is not sure of under the same key."""

    def __init__(self, name: str, stage: Stage, books: Books, seed: int) -> None:
        super().__init__(name, stage, books, seed)
        headers = {"Authorization": "Bearer of-this-play", "X-Instar-Session": name}
        self.client = httpx.Client(headers=headers, timeout=PATIENCE, transport=httpx.HTTPTransport(verify=False))

    def play(self) -> None:
        if self.roll.random() < 0.3:
            with contextlib.suppress(httpx.HTTPError):
                self.client.get(f"{self.stage.url}/coordination/recent", params={"limit": 20})
            return
        mark = self.mark()
        began = time.monotonic()
        acknowledged = any(self._announces(mark) for _ in range(2))
        self.books.act(f"{mark} by {self.name}", began, acknowledged=acknowledged)

    def _announces(self, mark: str) -> bool:
        body = {"activity": f"working on {mark} of this play"}
        try:
            answer = self.client.post(
                f"{self.stage.url}/coordination/intent", json=body, headers={"Idempotency-Key": mark}
            )
        except httpx.HTTPError:
            return False
        return answer.status_code == 201 and answer.json()["recorded"] is True

    def close(self) -> None:
        self.client.close()


class Modelled(Player):
    """A session whose model calls our MCP tools over standard input and output."""

    def __init__(self, name: str, stage: Stage, books: Books, seed: int) -> None:
        super().__init__(name, stage, books, seed)
        self._process: subprocess.Popen[bytes] | None = None
        self._ids = itertools.count(1)

    def play(self) -> None:
        mark = self.mark()
        began = time.monotonic()
        acknowledged = False
        try:
            answer = self._call("announce", {"activity": f"working on {mark} of this play", "session": self.name})
            acknowledged = answer.get("structuredContent", {}).get("recorded") is True
        except (OSError, ValueError):
            self.close()
        self.books.act(f"{mark} by {self.name}", began, acknowledged=acknowledged)
        if self.roll.random() < 0.05:
            self.close()

    def _call(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._process = self._started()
        found = self._ask("tools/call", {"name": tool, "arguments": arguments})
        result = found.get("result")
        return result if isinstance(result, dict) else {}

    def _started(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "sidelight", "mcp"],
            env=self.stage.environment(),
            cwd=self.stage.repo,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._process = process
        about = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "soak", "version": "1"}}
        self._ask("initialize", about)
        self._say({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return process

    def _ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        number = next(self._ids)
        self._say({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        assert self._process is not None
        assert self._process.stdout is not None
        while True:
            line = self._process.stdout.readline()
            if not line:
                raise OSError("it ended")
            found = json.loads(line)
            if found.get("id") == number:
                return found if isinstance(found, dict) else {}

    def _say(self, message: dict[str, Any]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        self._process.stdin.flush()

    def close(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            with contextlib.suppress(OSError):
                process.communicate()


def _kill(pid: int) -> None:
    with contextlib.suppress(OSError):
        os.killpg(pid, 9)
