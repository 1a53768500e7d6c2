"""What can be mended without losing anything."""

from __future__ import annotations

import os

from sidelight import backlog
from sidelight.doctor.findings import Patient
from sidelight.doctor.places import exposed_files
from sidelight.stores import StoreDamaged, StoreError, open_store
from sidelight.stores.guarded import guarded
from sidelight.stores.spool import spool_of


def repair(patient: Patient) -> list[str]:
    """Do what can be done without losing anything, and say what was done, a sentence each."""
    done = []
    for path in exposed_files(patient):
        os.chmod(path, os.lstat(path).st_mode & 0o700)
        done.append(f"{path} is now readable by you only")
    if patient.is_file and _is_damaged(patient):
        done.append(_salvaged(patient))
    return done + _delivered(patient)


def _delivered(patient: Patient) -> list[str]:
    """Send what waits for the ledger in use."""
    where = patient.url or patient.file
    if spool_of(patient.home, where).empty():
        return []
    try:
        store = guarded(where, patient.home)
    except StoreError:  # `examine` says why
        return []
    try:
        sent = backlog.deliver([store]).sent
    finally:
        store.dispose()
    said = "requests that waited were" if sent > 1 else "request that waited was"
    return [f"{sent:,} {said} delivered"] if sent else []


def _is_damaged(patient: Patient) -> bool:
    if not os.path.isfile(patient.file):
        return False
    try:
        store = open_store(patient.url or patient.file)
    except StoreError as error:
        return isinstance(error, StoreDamaged)
    try:
        return bool(store.check())
    except StoreDamaged:
        return True
    except StoreError:
        return False
    finally:
        store.dispose()


def _salvaged(patient: Patient) -> str:
    from sidelight.stores import sqlite

    return str(sqlite.salvage(patient.file))
