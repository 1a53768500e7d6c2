from pathlib import Path

import pytest

from tests.server.running import serving


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "agent"


@pytest.fixture
def server(home, record_property):
    record_property("engine", "sqlite")
    with serving(home) as running:
        yield running


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One server for the tests of a module that leave nothing another one would trip over."""
    with serving(tmp_path_factory.mktemp("shared") / "agent") as running:
        yield running
