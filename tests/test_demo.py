"""The demo: the founding incident with two real processes, and both sides told."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile

import pytest

from sidelight import demo
from tests.terminals import SIDELIGHT, Terminal, repository


@pytest.fixture(scope="module")
def played():
    told: list[str] = []
    return demo.play(told.append), "\n".join(told)


def test_both_sides_are_told_of_the_founding_incident(played):
    story, text = played
    assert story.told_both
    assert story.flip.startswith("⚠ Cross-session: conflict.")
    assert '"build the proper fix for the redrive flood"' in story.flip, "B reads A's own words"
    assert any("set monitoring.redrive.enabled to false" in one for one in story.notices)
    assert any("withdrew CMT-1" in one and "18 more" in one for one in story.notices)
    for sentence in story.notices:
        assert sentence.split(" (")[0].replace("\n", " ") in re.sub(r"\s+", " ", text), "what is shown is what was told"


def test_the_full_warning_comes_with_the_flip_and_the_first_withdrawal_and_is_not_repeated(played):
    story, _ = played
    assert len(story.withdrawals) == 19
    assert story.withdrawals[0] is not None
    for later in story.withdrawals[1:]:
        assert later is None or "\n" not in later, "one line at most"


def test_the_two_sessions_are_two_processes_in_two_worktrees(played):
    _, text = played
    pids = re.findall(r"session [ab] +process (\d+)", text)
    assert len(set(pids)) == 2
    assert str(os.getpid()) not in pids
    assert "worktree-a" in text
    assert "worktree-b" in text
    assert text.count("  live  ") == 2, "both are there while the story is told"


def test_someone_who_knows_nothing_can_follow_it(played):
    _, text = played
    for step in ("1. Session a announces", "2. Session b", "3. Here it would stop", "4. Session a", "5. And you"):
        assert step in text
    assert "without" in text
    assert "Nothing was blocked" in text
    assert "0 of 19 commitments are left" in text
    assert "Nothing of yours was touched" in text
    assert text.rstrip().splitlines()[-1].startswith("Next: ")
    assert max(map(len, text.splitlines())) <= 130


def test_it_touches_nothing_of_the_users_and_leaves_nothing_behind(tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    me = Terminal(tmp_path / "me", repository(tmp_path / "repo"), session="me", env={"TMPDIR": str(scratch)})
    before = {path: path.read_bytes() for path in me.cwd.rglob("*") if path.is_file()}
    done = me.run("demo")
    assert "⚠ Cross-session: conflict." in done.stdout
    assert done.stderr == ""
    assert {path: path.read_bytes() for path in me.cwd.rglob("*") if path.is_file()} == before
    assert not me.user.exists()
    assert list(scratch.iterdir()) == []


def test_the_users_own_sessions_and_settings_do_not_leak_into_it(tmp_path, monkeypatch):
    for name, value in {
        "SIDELIGHT_SESSION": "mine",
        "SIDELIGHT_HOME": str(tmp_path / "mine"),
        "SIDELIGHT_STORE": "sqlite:///nonexistent/x.db",
        "CLAUDE_CODE_SESSION_ID": "mine",
        "GIT_DIR": str(tmp_path / "no-git"),
        "GIT_CONFIG_GLOBAL": str(tmp_path / "no-config"),
    }.items():
        monkeypatch.setenv(name, value)
    told: list[str] = []
    assert demo.play(told.append).told_both
    assert "mine" not in "\n".join(told)
    assert not (tmp_path / "mine").exists()


def test_it_answers_in_json_too(tmp_path):
    body = Terminal(tmp_path / "me", tmp_path).json("demo")
    assert body["toldBoth"] is True
    assert len(body["withdrawals"]) == 19


def test_without_git_it_says_what_is_missing(tmp_path):
    """A machine that has nothing but Python still gets a sentence."""
    env = {"PATH": str(tmp_path), "HOME": str(tmp_path), "TMPDIR": tempfile.gettempdir()}
    done = subprocess.run([*SIDELIGHT, "demo"], env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "git" in done.stderr
    assert "Traceback" not in done.stderr
