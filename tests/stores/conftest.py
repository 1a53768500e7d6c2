"""`ledger` is a store of each engine in turn; `sqlite` and `postgres` only where the engine itself is the subject."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stores.engines import ELSEWHERE, OPENERS, Ledger


def _on_stage(*engines: str) -> Callable[..., Any]:
    """A fixture that is a ledger on each of these engines in turn."""

    @pytest.fixture(params=sorted(engines))
    def stage(
        request: pytest.FixtureRequest, tmp_path: Path, record_property: Callable[[str, object], None]
    ) -> Iterator[Ledger]:
        record_property("engine", request.param)
        found = Ledger(tmp_path, request.param)
        yield found
        found.store.dispose()

    return stage


ledger = _on_stage(*OPENERS)
embedded = _on_stage(*OPENERS.keys() - ELSEWHERE)  # whose clock is this machine's
sqlite = _on_stage("sqlite")
postgres = _on_stage("postgres")
