"""An engine that can be gone, for what stands around one: a SQLite ledger that files beside it switch off.

`flaky:///path` is the ledger at `path`. While `path.gone` is there it answers nobody; while `path.deaf` is, what is
written arrives and the answer does not; a draft of the kind that `path.minds` names makes it go, one of the kind that
`path.refuses` names it does not take.
"""

from __future__ import annotations

import builtins
import os
import threading
from collections.abc import Callable
from typing import Any

from sidelight.stores import Clock, StoreError, StoreGone
from sidelight.stores.sqlite import SqliteStore

#: Set to let go of those who hang because `path.hangs` is there.
released = threading.Event()


def open(url: str, *, clock: Clock) -> Flaky:  # noqa: A001 - the engines' common name
    """As every engine's module has it."""
    return Flaky(url.removeprefix("flaky://"), clock=clock)


_ASKED = frozenset({
    "append", "close", "delivered", "document", "end", "follow", "last_seq", "now", "outcome", "put_document", "recent",
    "see", "sessions",
})  # fmt: skip


class Flaky(SqliteStore):
    """The engine."""

    name = "flaky"
    waits = True
    asked = 0  # how often, by everybody in this process

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name in _ASKED:
            return self._flaky(name, found)
        return found

    def _flaky(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def asked(*given: Any, **named: Any) -> Any:
            Flaky.asked += 1
            if os.path.exists(self.path + ".gone"):
                raise StoreGone("nobody answers")
            if os.path.exists(self.path + ".hangs"):
                released.wait()
            if name == "append":
                self._mind(given[0])
            answer = call(*given, **named)
            if os.path.exists(self.path + ".deaf") and name != "now":
                raise StoreGone("the answer was lost")
            return answer

        return asked

    def _mind(self, entries: Any) -> None:
        for ending, error in ((".minds", StoreGone("it fell over")), (".refuses", StoreError("never"))):
            if os.path.exists(self.path + ending):
                with builtins.open(self.path + ending) as file:
                    kind = file.read()
                if any(one.draft.kind == kind for one in entries):
                    raise error
