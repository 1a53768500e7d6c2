"""The machine, the home of a ledger and its settings: is there what it needs, and is it its owner's alone?"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
from collections.abc import Iterator

from sidelight import config
from sidelight.doctor.findings import Finding, Patient

LITTLE_SPACE = 64 * 1024 * 1024
OLDEST_PYTHON = (3, 11)


def python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] >= OLDEST_PYTHON:
        return Finding("python", f"Python {version}")
    least = ".".join(map(str, OLDEST_PYTHON))
    return Finding(
        "python", f"Python {version}", f"Sidelight needs {least} or newer", "Install it with a newer one.", wrong=True
    )


def git() -> Finding:
    where = shutil.which("git")
    if where:
        return Finding("git", f"git is {where}")
    return Finding(
        "git", "git is not on the PATH", "few things need it, but what really changed cannot be seen", "Install git."
    )


# ── the home ──────────────────────────────────────────────────────────────────────────────────────────────────────


def home(patient: Patient) -> Iterator[Finding]:
    """Can it be written, and by its owner only?"""
    home = patient.home
    if not os.path.lexists(home):
        above = _writable(_existing(home))
        if above.wrong:
            yield above._replace(what=f"{home} cannot be made, for {above.what}")
        else:
            yield Finding("home", f"{home} will be made with the first action")
        return
    if not os.path.isdir(home):
        yield Finding("home", f"{home} is not a directory", "a file is in its place", ELSEWHERE, wrong=True)
        return
    yield _writable(home)
    exposed = exposed_files(patient)
    if exposed:
        yield Finding(
            "modes",
            f"others on this machine can read or change {', '.join(sorted(map(os.path.basename, exposed)))} in {home}",
            "what sessions announce and run may be told there",
            "Run `sidelight doctor --repair`: it takes the rights of others away.",
            wrong=True,
        )


ELSEWHERE = "Name another home with --home DIR or SIDELIGHT_HOME, or give yourself the right to write there."


def _existing(path: str) -> str:
    while not os.path.lexists(path) and os.path.dirname(path) != path:
        path = os.path.dirname(path)
    return path


def _writable(home: str) -> Finding:
    """Really try: a mode says nothing about a read-only or full file system, a quota or a sandbox."""
    trial = os.path.join(home, f".trial-{os.getpid()}")
    try:
        try:
            with open(os.open(trial, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "wb") as file:
                file.write(b"\0" * 65536)
                file.flush()
                os.fsync(file.fileno())
        finally:
            if os.path.lexists(trial):
                os.unlink(trial)
    except OSError as error:
        return Finding("home", f"{home} cannot be written: {error.strerror}", *why(error), wrong=True)
    return Finding("home", f"{home} can be written")


def why(error: OSError) -> tuple[str, str]:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full, or your quota on it", "Free some space, or move the home: SIDELIGHT_HOME=DIR."
    if error.errno == errno.EROFS:
        return "its file system is read-only", ELSEWHERE
    if error.errno in (errno.EACCES, errno.EPERM):
        return "you may not, or a sandbox keeps this program from it", ELSEWHERE
    if error.errno in (errno.EISDIR, errno.ENOENT, errno.ELOOP):
        what = "a directory is" if error.errno == errno.EISDIR else "a link that leads nowhere is"
        return f"{what} in its place", f"Move {error.filename} away; a ledger is made anew with the next action."
    return "the system says so", ELSEWHERE


def exposed_files(patient: Patient) -> list[str]:
    """What of the home others than its owner may read or write, though it holds what sessions said."""
    if os.name == "nt":
        return []
    found = []
    for path in _private_files(patient):
        try:
            mode = os.lstat(path).st_mode
        except OSError:
            continue
        if mode & 0o077 and (stat.S_ISREG(mode) or (stat.S_ISDIR(mode) and path != patient.file)):
            found.append(path)
    return found


def _private_files(patient: Patient) -> Iterator[str]:
    if patient.is_file:
        yield from (patient.file + end for end in ("", "-wal", "-shm"))
    yield os.path.join(patient.home, "config.json")
    logs = os.path.join(patient.home, "logs")
    yield logs
    try:
        yield from (entry.path for entry in os.scandir(logs))
    except OSError:
        return


def room(patient: Patient) -> Finding:
    where = _existing(patient.home)
    try:
        free = shutil.disk_usage(where).free
    except OSError as error:
        return Finding("disk", f"the free space at {where} is not known", str(error.strerror), "")
    shown = f"{free / 1024**2:,.0f} MiB are free at {where}"
    if free >= LITTLE_SPACE:
        return Finding("disk", shown)
    return Finding(
        "disk",
        shown,
        "the disk is full or nearly so: what cannot be written is not recorded",
        "Free some space, or move the home: SIDELIGHT_HOME=DIR. The work of your sessions goes on meanwhile.",
        wrong=True,
    )


def settings(patient: Patient) -> Iterator[Finding]:
    """Can they be used, and do they let anything be recorded?"""
    file = os.path.join(patient.home, "config.json")
    try:
        settings = config.load(patient.home, personal=patient.personal)
    except config.ConfigError as error:
        yield Finding(
            "config", "the settings cannot be used: nothing is recorded", str(error), f"Correct {file}.", wrong=True
        )
        return
    if not settings.enabled:
        yield Finding(
            "config",
            "Sidelight is switched off: nothing is recorded and nobody is warned",
            f"{config.SECTION}.enabled is false in {file}",
            "Set it to true to switch it on again.",
        )
        return
    yield Finding(
        "config", f"{file} is valid" if os.path.exists(file) else "no settings of your own: the defaults apply"
    )
