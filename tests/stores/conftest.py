"""`ledger` is a store of each engine in turn; `sqlite` only where the file itself is the subject."""

import pytest

from tests.stores.engines import ELSEWHERE, OPENERS, Ledger


@pytest.fixture(params=sorted(OPENERS))
def ledger(request, tmp_path, record_property):
    record_property("engine", request.param)
    stage = Ledger(tmp_path, request.param)
    yield stage
    stage.store.dispose()


@pytest.fixture
def sqlite(tmp_path, record_property):
    record_property("engine", "sqlite")
    stage = Ledger(tmp_path, "sqlite")
    yield stage
    stage.store.dispose()


@pytest.fixture(params=sorted(OPENERS.keys() - ELSEWHERE))
def embedded(request, tmp_path, record_property):
    """An engine whose clock is this machine's."""
    record_property("engine", request.param)
    stage = Ledger(tmp_path, request.param)
    yield stage
    stage.store.dispose()


@pytest.fixture
def postgres(tmp_path, record_property):
    record_property("engine", "postgres")
    stage = Ledger(tmp_path, "postgres")
    yield stage
    stage.store.dispose()
