"""The lab for a test: the real programs with a home of their own, and Sidelight installed as a user installs it.

Collected only by `scripts/hosts`, which gives it a network namespace with nothing but loopback.
"""

from __future__ import annotations

import os
import sys

import pytest

collect_ignore_glob = [] if os.environ.get("LAB_NETNS") == "1" else ["*.py"]


@pytest.fixture
def stage(tmp_path, monkeypatch):
    """A repository, a user, an installation, and the programs."""
    sys.path.insert(0, os.environ["LAB"])
    from tests.hosts_live.stage import Stage

    one = Stage()
    yield one
    one.close()


def pytest_terminal_summary(terminalreporter):
    """Say which programs ran, and their versions."""
    if os.environ.get("LAB_NETNS") != "1":
        return
    from tests.hosts_live.stage import versions

    terminalreporter.section("agent programs that ran")
    for name, version in versions().items():
        terminalreporter.line(f"{name}: {version or 'NOT FOUND, its tests were skipped'}")
