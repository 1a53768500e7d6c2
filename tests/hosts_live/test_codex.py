"""Codex in its terminal, the real program: nothing runs before a person has trusted it."""

from __future__ import annotations

import shutil

import pytest

from tests.hosts_live.stage import versions

pytestmark = [
    pytest.mark.hosts,
    pytest.mark.skipif(not versions()["codex"], reason="no Codex"),
    pytest.mark.skipif(shutil.which("tmux") is None, reason="no tmux"),
]


def test_hooks_run_once_a_person_has_trusted_them_and_init_again_leaves_that_trust(stage):
    stage.init("codex")
    stage.script("codex", "echo 'limit = 2' > redrive.py")
    terminal = stage.terminal("codex")
    stage.until(lambda: "need review" in terminal.screen(), "Codex asks what to do with new hooks", 300)
    assert stage.states() == {}
    terminal.keys("2")  # trust them all
    stage.until(lambda: "\u203a 2" in terminal.screen(), "the answer is chosen")
    terminal.keys("Enter")
    stage.until(lambda: "need review" not in terminal.screen(), "the question is gone")
    terminal.type("please go on")
    stage.until(lambda: "limit = 2" in (stage.lab.proj / "redrive.py").read_text(), "it has worked")
    stage.until(stage.states, "and its hooks have run")
    trusted = (stage.lab.home / ".codex/config.toml").read_text()
    assert "trusted_hash" in trusted
    stage.sidelight("init", "--host", "codex")
    assert (stage.lab.home / ".codex/config.toml").read_text() == trusted
