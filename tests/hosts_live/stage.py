"""One user, one repository, an installation of Sidelight to delete, and the real agent programs in the lab."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
#: Everything that is waited for may take this long, in seconds: these are large programs on a loaded machine.
PATIENCE = 60

hostlab: Any = import_module("hostlab")

#: The programs of the lab, by Sidelight's names of the hosts.
PROGRAMS = {
    "claude-code": "claude",
    "codex": "codex",
    "gemini-cli": "gemini",
    "copilot-cli": "copilot",
    "opencode": "opencode",
}
#: How each one's shell tool is called.
SHELLS: dict[str, Callable[[str], dict[str, Any]]] = {
    "claude-code": lambda line: {"tool": "Bash", "input": {"command": line, "description": "x"}},
    "codex": lambda line: {"tool": "exec_command", "input": {"cmd": line}},
    "gemini-cli": lambda line: {"tool": "run_shell_command", "input": {"command": line, "description": "x"}},
    "copilot-cli": lambda line: {"tool": "bash", "input": {"command": line, "description": "x"}},
    "opencode": lambda line: {"tool": "bash", "input": {"command": line, "description": "x"}},
}
#: How each goes on with its last session.
GO_ON = {
    "codex": ("resume", "--last"),
    "gemini-cli": ("--resume", "latest"),
    "copilot-cli": ("--continue",),
    "opencode": ("--continue",),
}
DONE = {"text": "done"}


class Stage:
    """The lab with a repository of one commit, and Sidelight in a virtual environment of its own.

    stage.init("claude-code")
    stage.script("claude-code", "git status")
    stage.lab.claude("go on")
    stage.heard("Sidelight:")                  # -> [(request, role, text)]
    """

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="sl"))  # a socket's path must be short
        self.lab = hostlab.Lab(self.root / "lab")
        self._open: list[OpenSession] = []
        self._started: list[subprocess.Popen[bytes]] = []
        self._terminals: list[Any] = []
        self.python = self._installed()
        self.lab.extra_env = {"XDG_RUNTIME_DIR": str(self.root / "run"), "GIT_CONFIG_NOSYSTEM": "1"}
        (self.root / "run").mkdir(mode=0o700)
        for arguments in (
            ("config", "user.name", "T"),
            ("config", "user.email", "t@example.invalid"),
            ("commit", "-q", "--allow-empty", "-m", "begin"),
        ):
            self.git(*arguments)
        (self.lab.proj / "redrive.py").write_text("limit = 1\n")
        self.git("add", ".")
        self.git("commit", "-qm", "redrive")

    def _installed(self) -> Path:
        """An installation that can be deleted: an environment of links that leads to the one of the tests."""
        where = self.root / "installed"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", "--symlinks", str(where)], check=True)
        (packages,) = where.glob("lib/python*/site-packages")
        ours = next(one for one in sys.path if one.endswith("site-packages"))
        (packages / "sidelight.pth").write_text(f"{ROOT / 'src'}\n{ours}\n")
        shutil.copy(ROOT / "launch" / "sidelight", where / "bin" / "sidelight")
        (where / "bin" / "sidelight").chmod(0o755)
        return where / "bin" / "python"

    # ── Sidelight ──

    @property
    def env(self) -> dict[str, str]:
        """The user's environment."""
        return {"PATH": hostlab.PATH, "HOME": str(self.lab.home), "LANG": "C.UTF-8", **self.lab.extra_env}

    def sidelight(self, *arguments: str, code: int | None = 0) -> str:
        """What a command prints."""
        done = subprocess.run(
            [self.python.parent / "sidelight", *arguments],
            env=self.env,
            cwd=self.lab.proj,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert code in (None, done.returncode), done.stdout + done.stderr
        return done.stdout

    def json(self, *arguments: str, code: int | None = 0) -> Any:
        """What a command answers with `--json`."""
        return json.loads(self.sidelight(*arguments, "--json", code=code))

    def init(self, *hosts: str) -> None:
        """Install for these hosts."""
        for host in hosts:
            self.prepare(host)
        self.sidelight("init", *(part for host in hosts for part in ("--host", host)))

    def attention(self, mode: str) -> None:
        """Set how Sidelight speaks."""
        home = self.lab.home / ".local/state/sidelight"
        home.mkdir(parents=True, exist_ok=True)
        settings = {"monitoring": {"crossSessionCoordination": {"attention": {"mode": mode}}}}
        (home / "config.json").write_text(json.dumps(settings))

    def states(self) -> dict[str, str]:
        """How each session stands, by its id."""
        return {one["actor"]: one["state"] for one in self.json("who", "--everywhere")["sessions"]}

    # ── the programs ──

    def git(self, *arguments: str) -> str:
        """What git prints in the repository."""
        done = subprocess.run(
            ["git", *arguments], cwd=self.lab.proj, env=self.env, capture_output=True, text=True, check=True
        )
        return done.stdout

    def script(self, host: str, *lines: str, skip: int = 0) -> None:
        """Let the model call the shell with each of these, then end. `skip`: answers that a session has had already."""
        answers = [DONE] * skip + [SHELLS[host](line) for line in lines] + [DONE]
        self.lab.forget()
        self.lab.script(answers)

    def run(self, host: str, *arguments: str, prompt: str = "please go on", **more: Any) -> Any:
        """One prompt to a new session of a host; it must end well."""
        more.setdefault("timeout", 300)
        done = getattr(self.lab, PROGRAMS[host])(prompt, *arguments, **more)
        assert done.rc == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return done

    def go_on(self, host: str) -> Any:
        """One more prompt to the last session of a host."""
        run = self.lab.run
        # Copilot takes that for a new session only.
        self.lab.run = lambda argv, *more, **named: run(
            [one for one in argv if one != "--trust-folder"], *more, **named
        )
        try:
            return self.run(host, *GO_ON[host])
        finally:
            del self.lab.run

    def start(self, host: str, prompt: str = "please go on") -> subprocess.Popen[bytes]:
        """One prompt to a new session of a host, which is not waited for; it leads a process group of its own."""
        asked: list[tuple[list[str], dict[str, str]]] = []
        self.lab.run = lambda argv, env, *_, **__: asked.append((argv, env))
        try:
            getattr(self.lab, PROGRAMS[host])(prompt)
        finally:
            del self.lab.run
        ((argv, env),) = asked
        nothing = subprocess.DEVNULL
        process = subprocess.Popen(
            argv,
            env=env,
            cwd=self.lab.proj,
            stdin=nothing,
            stdout=nothing,
            stderr=nothing,
            start_new_session=True,
        )
        self._started.append(process)
        return process

    def terminal(self, host: str, *arguments: str) -> Any:
        """A session in a real terminal (tmux), as a person has it."""
        if host == "claude-code":
            terminal = hostlab.Terminal.claude(self.lab, *arguments)
        else:
            terminal = hostlab.Terminal(self.lab, [hostlab.client(PROGRAMS[host])], self.lab.codex_env())
        self._terminals.append(terminal)
        return terminal

    def prepare(self, host: str) -> None:
        """The settings that the lab wants of a program, before ours come in."""
        if host == "codex":
            self.lab.script([DONE])
            self.lab.codex_settings({})
        if host == "gemini-cli":
            self.lab.gemini_settings({})

    def open(self) -> OpenSession:
        """A session of Claude Code that stays open."""
        session = OpenSession(self, self.root / f"session-{len(self._open)}.jsonl")
        self._open.append(session)
        return session

    def says(self, session: OpenSession, text: str) -> None:
        """Say something to an open session, and wait until its turn is over."""
        before = session.turns()
        session.say(text)
        self.until(lambda: session.turns() > before, f"an answer to {text!r}")

    # ── what came ──

    def heard(self, mark: str) -> list[tuple[int, str, str]]:
        """Each request (from 1), role and text in which the model first got a text with `mark`."""
        found: dict[tuple[str, str], int] = {}
        for number, call in enumerate(self.lab.model_calls(), 1):
            for role, text in self.lab.texts(call["body"]):
                if mark in text:
                    found.setdefault((role, text), number)
        return [(number, role, text) for (role, text), number in found.items()]

    def until(self, test: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
        """Wait for something to be so."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = test()
            if found:
                return found
            time.sleep(0.2)
        raise AssertionError(f"not within {seconds} s: {what}")

    def close(self) -> None:
        """End everything and remove it."""
        for terminal in self._terminals:
            terminal.close()
        for session in self._open:
            session.kill()
        for process in self._started:
            killed(process)
        if self.python.exists():
            self.sidelight("server", "stop", code=None)
        self.lab.stop()
        shutil.rmtree(self.root, ignore_errors=True)


def killed(process: subprocess.Popen[Any]) -> None:
    """Kill a process and its group the hard way, if it still runs."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class OpenSession:
    """A session of Claude Code as a program that embeds it runs it: prompts come in on standard input, one by one."""

    def __init__(self, stage: Stage, out: Path) -> None:
        lab, self.out = stage.lab, out
        flags = "-p --input-format stream-json --output-format stream-json --verbose --allowedTools Bash".split()
        with out.open("w") as stream:
            self.process = subprocess.Popen(
                [hostlab.client("claude"), *flags],
                env=lab.claude_env(),
                cwd=lab.proj,
                stdin=subprocess.PIPE,
                stdout=stream,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )

    def say(self, text: str) -> None:
        """One prompt."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"type": "user", "message": {"role": "user", "content": text}}) + "\n")
        self.process.stdin.flush()

    def turns(self) -> int:
        """How many turns are over."""
        return self.out.read_text().count('"type":"result"')

    def kill(self) -> None:
        """End it and its children the hard way, if it still runs."""
        if self.process.stdin is not None and not self.process.stdin.closed:
            self.process.stdin.close()
        killed(self.process)


@cache
def versions() -> dict[str, str]:
    """Which programs there are, and what they call their version."""
    found = {}
    for host, program in PROGRAMS.items():
        path = hostlab.client(program)
        found[host] = _version(path) if path else ""
    return found


def _version(path: str) -> str:
    start = ["node", path] if path.endswith(".js") else [path]
    with tempfile.TemporaryDirectory() as home:
        env = {"PATH": hostlab.PATH, "HOME": home, "LANG": "C.UTF-8"}
        done = subprocess.run([*start, "--version"], env=env, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout.strip().splitlines()[0] if done.stdout.strip() else ""
