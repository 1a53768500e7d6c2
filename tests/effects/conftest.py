import pytest

from tests.fakes import FakeFacts


@pytest.fixture
def facts():
    """A session in `/repo`, a clone of `acme/app` on `main`, on the Linux machine `m1`."""
    return FakeFacts()
