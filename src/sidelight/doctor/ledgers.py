"""The ledger itself, here or on a server, what waits for it, and the log beside it."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator

from sidelight import audit, backlog
from sidelight.advisory.wording import age
from sidelight.doctor.findings import Finding, Patient
from sidelight.doctor.places import ELSEWHERE, why
from sidelight.redact import line
from sidelight.stores import Store, StoreBusy, StoreDamaged, StoreError, StoreNewer, open_store
from sidelight.stores.guarded import PATIENT_MS, guarded

CLOCK_OFF_MS = 60_000


def ledger(patient: Patient) -> Iterator[Finding]:
    """A ledger in a file: is it sound, does its clock go right, is its log complete?"""
    if patient.is_file and not os.path.lexists(patient.file):
        yield Finding("ledger", f"{patient.file} will be made with the first action")
        return
    try:
        store = open_store(patient.url or patient.file)
    except StoreError as error:
        yield _unopened(error)
        return
    try:
        yield _sound(store, patient)
        yield _clock(store)
        yield from _audit(store, patient)
    except StoreError as error:
        yield _unopened(error)
    finally:
        store.dispose()


def far(patient: Patient) -> Finding:
    """A store on another machine: does it answer?"""
    url = patient.url or ""
    shown = f"{url.partition('://')[0]}://{url.partition('://')[2].rpartition('@')[2].partition('?')[0]}"
    try:
        store = guarded(url, patient.home)
        try:
            last = store.ask(lambda one: one.last_seq(), within_ms=PATIENT_MS, patient=True)
        finally:
            store.dispose()
    except StoreError as error:
        return Finding(
            "ledger",
            f"the ledger at {line(shown, 200)} cannot be used: {line(str(error), 300)}",
            "its server, or the way there, is down, or does not let you in",
            "Nothing is lost meanwhile: what happens is kept here and delivered when it is back. See that the address "
            "(SIDELIGHT_SERVER, SIDELIGHT_STORE) and the token (SIDELIGHT_TOKEN) are right.",
            wrong=True,
        )
    return Finding("ledger", f"the ledger at {line(shown, 200)} answers; its newest action is number {last:,}")


def waiting(patient: Patient) -> Iterator[Finding]:
    for one in backlog.waiting(patient.home):
        if one.waiting:
            yield Finding(
                "spool",
                f"{one.waiting:,} request{'s' if one.waiting > 1 else ''} wait to be delivered, the oldest since "
                f"{age(one.oldest_ms)}",
                f"the store could not be reached: {line(one.why, 200)}" if one.why else "they are about to be sent",
                "They go with the next action that reaches the store, or now: `sidelight doctor --repair`.",
            )
        if one.aside:
            yield Finding(
                "spool",
                f"{one.aside:,} request{'s' if one.aside > 1 else ''} that no store would take lie in {one.directory}",
                "each was torn by a crash, or written by another version of Sidelight",
                f"Look at them, and delete {os.path.join(one.directory, 'aside')} when you have.",
            )


_REPAIR = "Run `sidelight doctor --repair`: it sets the file aside and keeps what can be read."


def _unopened(error: StoreError) -> Finding:
    what = f"the ledger cannot be used: {line(str(error), 300)}"
    if isinstance(error, StoreNewer):
        return Finding("ledger", what, "a newer Sidelight wrote it", "Upgrade this one.", wrong=True)
    if isinstance(error, StoreDamaged):
        return Finding("ledger", what, "the file is damaged or is no ledger", _REPAIR, wrong=True)
    if isinstance(error, StoreBusy):
        return Finding(
            "ledger", what, "another process has held it for seconds", "Try again; end what holds it.", wrong=True
        )
    cause = error.__cause__
    if isinstance(cause, OSError):
        return Finding("ledger", what, *why(cause), wrong=True)
    if "full" in str(error):
        return Finding("ledger", what, *why(OSError(errno.ENOSPC, "")), wrong=True)
    return Finding("ledger", what, "the file, its directory or the disk cannot be written", ELSEWHERE, wrong=True)


def _sound(store: Store, patient: Patient) -> Finding:
    damage = store.check()
    if damage:
        return Finding("ledger", line("; ".join(damage), 400), "the file is damaged", _REPAIR, wrong=True)
    where = patient.file if patient.is_file else f"the {store.name} ledger"
    return Finding("ledger", f"{where} is sound; its newest action is number {store.last_seq():,}")


def _clock(store: Store) -> Finding:
    """The ledger's clock follows the machine's own since its start: it differs when the wall clock was set since."""
    wall = time.time_ns() // 1_000_000
    off = store.now() - wall
    if abs(off) < CLOCK_OFF_MS:
        return Finding("clock", "the machine's clock agrees with the ledger's")
    shown = f"{age(abs(off))} {'behind' if off > 0 else 'ahead of'}"
    return Finding(
        "clock",
        f"the machine's clock is {shown} the ledger's",
        "it was set back or forward since the ledger's last action; ages and order are not affected, for the ledger's "
        "own clock goes on evenly",
        "Set the machine's clock right (NTP). If it is right now, this ends with the next restart of the machine"
        + (" or when it has caught up." if off > 0 else "."),
        wrong=True,
    )


def _audit(store: Store, patient: Patient) -> Iterator[Finding]:
    if patient.url is not None:
        return
    written, newest = audit.last_seq(patient.home) or 0, store.last_seq()
    if written >= newest:
        yield Finding("audit", "the audit log is complete")
        return
    yield Finding(
        "audit",
        f"the audit log ends at number {written:,}, the ledger at {newest:,}",
        "its lines could not be written, or a process ended in between; nothing is lost, for the ledger has it all",
        "It is made up with the next action. If it stays so, see that the disk has room and logs/ can be written.",
    )
