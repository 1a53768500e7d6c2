"""Real repositories for tests, with settings of their own and nothing of the user's."""

import os
import subprocess
from pathlib import Path

import pytest


@pytest.fixture
def own_git(tmp_path, monkeypatch):
    """Git as on a machine where nobody has set anything up."""
    home = tmp_path / "home"
    home.mkdir()
    for name in [name for name in os.environ if name.startswith("GIT_")] + ["XDG_CONFIG_HOME"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "a")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "a@b.test")
    return home


def git(where, *arguments, ok=True):
    """What git prints; fails the test if git does, unless `ok` is False."""
    done = subprocess.run(["git", "-C", str(where), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0 or not ok, done.stderr
    return done.stdout.rstrip("\n")


def make(where: Path, *, commit=True, files=("src/a.py", "src/b.py", "README.md")):
    """A repository on `main` with a few files in it."""
    where.mkdir(parents=True)
    git(where, "init", "-q", "-b", "main")
    for name in files:
        write(where / name, f"{name}\n")
    if commit:
        git(where, "add", ".")
        git(where, "commit", "-q", "-m", "first")
    return where


def write(path: Path, text: str):
    """A file with this text, and the directories it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def tick(where: Path):
    """Wait until the file system's clock, which is coarser than the processor's, has moved on."""
    probe = where / f".tick-{os.getpid()}"
    probe.write_text("")
    first = probe.stat().st_ctime_ns
    while probe.stat().st_ctime_ns == first:
        probe.write_text("")
    probe.unlink()
