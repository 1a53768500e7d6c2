"""Real terminals for tests: `sidelight` as a process of its own, with a home of its own and nobody's environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sidelight.space import state_dir
from sidelight.stores import MACHINE_CLOCK, Clock

SIDELIGHT = [sys.executable, "-m", "sidelight"]


class Terminal:
    """A directory to stand in and an environment to call `sidelight` from, as a user who lives in `user`.

    Terminal(tmp_path / "me", tmp_path / "repo", session="a").run("who")
    """

    def __init__(
        self, user: Path, cwd: Path, *, session: str | None = None, env: Mapping[str, str] | None = None
    ) -> None:
        self.user, self.cwd = user, cwd
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(user),
            "COLUMNS": "100",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "SIDELIGHT_NO_SERVER": "1",
            **({"SIDELIGHT_SESSION": session} if session is not None else {}),
            **(env or {}),
        }
        #: The user's own home of Sidelight, which the environment leads to.
        self.home = Path(state_dir(self.env))

    def run(self, *arguments: str, code: int | None = 0, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run it and expect an exit code (None: whichever)."""
        done = subprocess.run(
            [*SIDELIGHT, *arguments],
            cwd=self.cwd,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
            **options,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert code is None or done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
        return done

    def json(self, *arguments: str, code: int | None = 0) -> dict[str, Any]:
        """Run it with `--json` and read the one object that it prints."""
        done = self.run(*arguments, "--json", code=code)
        assert done.stderr == ""
        body: dict[str, Any] = json.loads(done.stdout)
        return body


def git(cwd: Path, *arguments: str) -> str:
    """Run git with nobody's settings."""
    env = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    name = ["-c", "user.name=T", "-c", "user.email=t@example.invalid"]
    done = subprocess.run(
        ["git", *name, *arguments], cwd=cwd, env=env, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


def repository(path: Path, worktrees: Sequence[str] = ()) -> Path:
    """A repository with one commit, and a linked working tree (and branch) beside it for each name."""
    path.mkdir(parents=True)
    git(path, "init", "-q", "-b", "main")
    (path / "redrive.py").write_text("send()\n")
    git(path, "add", ".")
    git(path, "commit", "-q", "-m", "Redrive messages")
    for name in worktrees:
        git(path, "worktree", "add", "-q", "-b", name, str(path.parent / name))
    return path


def clock_of(ms_ago: int) -> Clock:
    """The machine's clocks as they stood some time ago: what is recorded by them is so old now."""
    return Clock(lambda: MACHINE_CLOCK.wall() - ms_ago, lambda: MACHINE_CLOCK.ticks() - ms_ago, MACHINE_CLOCK.boot)
