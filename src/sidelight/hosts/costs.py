"""What Sidelight itself costs: a line for each hook call, for `sidelight cost`.

`logs/hooks.jsonl` of a home: `{"ts": …, "host": …, "session": …, "agent": …, "what": "before", "ms": 9.8, "bytes": 0}`,
and with a warning its `severity`, the `action` it was about and the `others` that it named. A line takes no lock: it is
appended in one piece, and the file is set aside when it has grown to 4 MiB.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator, Mapping

from sidelight.records import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sidelight.hosts.dialogue import Said

FILE = "hooks.jsonl"
LARGEST = 4 * 1024 * 1024
BYTES_A_TOKEN = 4


def note(home: str, said: Said, seconds: float) -> None:
    """Note what one hook call took, in seconds, and what it said. Never raises."""
    moment, heard = said.moment, said.heard
    if moment is None:
        return
    receipt = heard.receipt if heard is not None else None
    text = (heard.answer.text or heard.answer.ask or heard.answer.deny or "") if heard is not None else ""
    about: dict[str, Any] = {
        "ts": time.time_ns() // 1_000_000,
        "host": moment.host,
        "session": moment.session,
        "agent": moment.agent,
        "what": moment.what,
        "ms": round(seconds * 1000, 1),
        "bytes": len(text.encode()),
    }
    if receipt is not None and receipt.warning is not None:
        about |= {"severity": receipt.severity, "action": receipt.id, "others": [one.id for one in receipt.concurrent]}
    line = json.dumps(about, separators=(",", ":")).encode() + b"\n"
    file = os.path.join(home, "logs", FILE)
    with contextlib.suppress(OSError):  # it is bookkeeping: a full disk takes none
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, line)
            size = os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)
        if size > LARGEST:
            os.replace(file, f"{file}.1")


def entries(home: str) -> Iterator[Mapping[str, Any]]:
    """What was noted in a home, oldest first; what is no line of ours is left out."""
    for name in (f"{FILE}.1", FILE):
        with (
            contextlib.suppress(OSError),
            open(os.path.join(home, "logs", name), encoding="utf-8", errors="replace") as file,
        ):
            for text in file:
                with contextlib.suppress(ValueError):
                    found = json.loads(text)
                    if isinstance(found, dict):
                        yield found


def spent(home: str, since: int) -> tuple[int, float] | None:
    """What all hook calls since then (epoch ms) cost: tokens said to models, and the median of a call in ms. None if
    there was no call.
    """
    tokens, times = 0, []
    for one in entries(home):
        if one.get("ts", 0) >= since:
            tokens += -(-int(one.get("bytes", 0)) // BYTES_A_TOKEN)
            times.append(float(one.get("ms", 0)))
    return (tokens, sorted(times)[len(times) // 2]) if times else None
