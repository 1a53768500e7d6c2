"""The store in this process's memory: what a store means, in lists and dictionaries. For tests and for what need not last.

The record is a list. Everything else is made from it as its actions come in (`_project`), or remembers who was seen and
what was said. One lock around every method is its transaction.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sidelight.actions import EDITS, REPLACES, Action, Notice, Session, Sighting, Told, Work
from sidelight.stores import MACHINE_CLOCK, Anchor, Appended, Clock, Document, Entry, Question, anchor
from sidelight.stores.projections import (
    ALIVE_MOST,
    ALIVE_MS,
    CHANGES_READ,
    DAY_MS,
    FILES_COUNTED,
    FILES_SHOWN,
    HARM,
    INSIDE,
    PLAN,
    SEEN_EVERY_MS,
    SETTLING,
    UNDONE,
    WORK,
    Found,
    Probe,
    action_of,
    at_work,
    changes_of,
    interior,
    marks_of,
    nearest,
    noted,
    others_among,
    present,
    still_marking,
)

Who = tuple[str, str]  # a session and its sub-agent, '' for none


def open(url: str, *, clock: Clock = MACHINE_CLOCK) -> MemoryStore:  # noqa: A001 - the engines' common name
    """A new, empty store: nobody else can open the same one."""
    del url
    return MemoryStore(clock=clock)


class MemoryStore:
    """A `Store` that ends with the process."""

    name = "memory"
    waits = False

    def __init__(self, *, clock: Clock = MACHINE_CLOCK) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._anchor: Anchor | None = None
        self._last = 0  # the newest number there ever was
        self._record: dict[int, Action] = {}  # in order
        self._outcomes: dict[int, str] = {}
        self._sessions: dict[Who, Session] = {}
        self._first_seq: dict[str, int] = {}
        self._told: dict[tuple[Who, str, str, str], Told] = {}
        self._touched: dict[tuple[str, int, str], tuple[int, list[list[Any]]]] = {}
        self._taken: set[tuple[str, int, str]] = set()
        self._delivered: dict[str, tuple[int, int, list[list[Any]]]] = {}
        self._documents: dict[tuple[str, str], Document] = {}
        self._numbers: dict[str, int] = {}
        self._marks: dict[tuple[str, str], dict[tuple[str, str, str, str], int]] = {}
        self._changes: dict[tuple[str, Who], list[tuple[int, str]]] = {}
