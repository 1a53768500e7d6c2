"""A ledger that is being moved: it is read, and whoever would write is told where it goes."""

from __future__ import annotations

import os
import threading
import time

import pytest

from sidelight.stores import StoreFrozen
from sidelight.stores.sqlite.file import FROZEN, freeze, thaw
from tests.stores.engines import actors, file


def test_a_frozen_ledger_is_read_but_not_written_and_says_where_it_goes(sqlite):
    """Design 7, `migrate-store`: a freeze marker sends its writers to the spool."""
    sqlite.acts("a", file("a.py"))
    path = sqlite.store.path
    freeze(path, "postgresql://db.example/ledger")
    with pytest.raises(StoreFrozen) as refused:
        sqlite.acts("b", file("b.py"))
    assert refused.value.heir == "postgresql://db.example/ledger"
    assert sqlite.store.last_seq() == 1
    assert actors(sqlite.looks("b", file("a.py"))) == {"a"}
    thaw(path)
    thaw(path)
    assert sqlite.acts("b", file("b.py")).added[0].seq == 2


def test_freezing_waits_for_whoever_writes(sqlite):
    sqlite.acts("a", file("a.py"))
    path = sqlite.store.path
    with sqlite.store._writing():
        waiting = threading.Thread(target=freeze, args=(path, "x:"))
        waiting.start()
        marked = path + FROZEN
        deadline = time.monotonic() + 30
        while not os.path.exists(marked) and time.monotonic() < deadline:
            time.sleep(0.001)
        assert waiting.is_alive()
    waiting.join(30)
    assert not waiting.is_alive()
