"""A repository and an environment of its own for every test about hosts."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from sidelight.server import user_server
from tests.hosts import calling


@pytest.fixture
def env(tmp_path):
    made = calling.around(tmp_path)
    yield made
    user_server.stop(made)
    shutil.rmtree(made["XDG_RUNTIME_DIR"], ignore_errors=True)


@pytest.fixture
def repo(tmp_path):
    tree = tmp_path / "repo"
    subprocess.run(["git", "init", "-q", "-b", "main", str(tree)], check=True)
    return tree
