"""What can be wrong with a ledger and its home, why, and what to do about it.

Every failure elsewhere costs the caller nothing and leaves a sentence on a receipt; this is where the sentence becomes
a cause and a remedy. `examine` changes nothing but to try whether the home can be written; `repair` does what can be
done without losing anything.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
import time
from collections.abc import Iterable, Iterator, Mapping

from sidelight import audit, backlog, config, space
from sidelight.advisory.wording import age
from sidelight.records import Any, NamedTuple
from sidelight.redact import line
from sidelight.stores import Store, StoreBusy, StoreDamaged, StoreError, StoreNewer, open_store
from sidelight.stores.guarded import PATIENT_MS, guarded
from sidelight.stores.spool import spool_of

LITTLE_SPACE = 64 * 1024 * 1024
CLOCK_OFF_MS = 60_000
LATELY_MS = 24 * 3_600_000
OLDEST_PYTHON = (3, 11)


class Finding(NamedTuple):
    """One thing looked at: `what` is so, and where it is not as it should be, why (`cause`) and what to do (`remedy`).

    Only what is `wrong` makes `sidelight doctor` fail; a finding with a cause that is not wrong is good to know.
    """

    name: str
    what: str
    cause: str = ""
    remedy: str = ""
    wrong: bool = False

    @property
    def fine(self) -> bool:
        """Is there nothing to say beyond that it is so?"""
        return not self.wrong and not self.cause

    def as_json(self) -> dict[str, Any]:
        """The finding by its names."""
        return self._asdict()


class Patient(NamedTuple):
    """The ledger to look at: its home, and the URL of its store where that is not a file in the home."""

    home: str
    url: str | None
    personal: str | None

    @property
    def file(self) -> str:
        """The embedded ledger's file."""
        return self.url.removeprefix("sqlite://") if self.url else os.path.join(self.home, "ledger.db")

    @property
    def is_file(self) -> bool:
        """Is the ledger a file here, and not on a server?"""
        return self.url is None or self.url.startswith("sqlite")

    @classmethod
    def found(cls, home: str | None, env: Mapping[str, str]) -> Patient:
        """The ledger that a command would use here."""
        try:
            cwd = os.getcwd()
        except OSError:  # the directory was deleted under us
            cwd = "/"
        url = space.store_url(env)
        if url is not None and url.startswith("sqlite"):
            home = os.path.dirname(url.removeprefix("sqlite://"))
        found = space.find_home(cwd, env, home)
        return cls(found.path, url, space.state_dir(env) if found.is_agent_home else None)


def examine(patient: Patient) -> list[Finding]:
    """Everything that was looked at, in the order in which one thing rests on another."""
    found = [_python(), _git(), *_home(patient)]
    if patient.is_file:
        found += [_room(patient)]
    found += _settings(patient)
    found += _store(patient) if patient.is_file else [_far(patient)]
    found += _waiting(patient)
    found += _trees(patient)
    found += _errors(patient)
    return found


def examine_hosts(patient: Patient, cwd: str, env: Mapping[str, str]) -> list[Finding]:
    """What there is to say about the agent programs; every hook that is installed is really run."""
    from sidelight.hosts import checking

    try:
        mode = config.load(patient.home, personal=patient.personal).attention_mode
    except config.ConfigError:  # which `examine` says
        mode = "tell"
    return [Finding(*remark) for remark in checking.check(cwd, env, mode)]


# ── the machine ───────────────────────────────────────────────────────────────────────────────────────────────────


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] >= OLDEST_PYTHON:
        return Finding("python", f"Python {version}")
    least = ".".join(map(str, OLDEST_PYTHON))
    return Finding(
        "python", f"Python {version}", f"Sidelight needs {least} or newer", "Install it with a newer one.", wrong=True
    )


def _git() -> Finding:
    where = shutil.which("git")
    if where:
        return Finding("git", f"git is {where}")
    return Finding(
        "git", "git is not on the PATH", "few things need it, but what really changed cannot be seen", "Install git."
    )


# ── the home ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _home(patient: Patient) -> Iterator[Finding]:
    home = patient.home
    if not os.path.lexists(home):
        above = _writable(_existing(home))
        if above.wrong:
            yield above._replace(what=f"{home} cannot be made, for {above.what}")
        else:
            yield Finding("home", f"{home} will be made with the first action")
        return
    if not os.path.isdir(home):
        yield Finding("home", f"{home} is not a directory", "a file is in its place", _ELSEWHERE, wrong=True)
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


_ELSEWHERE = "Name another home with --home DIR or SIDELIGHT_HOME, or give yourself the right to write there."


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
        return Finding("home", f"{home} cannot be written: {error.strerror}", *_why(error), wrong=True)
    return Finding("home", f"{home} can be written")


def _why(error: OSError) -> tuple[str, str]:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full, or your quota on it", "Free some space, or move the home: SIDELIGHT_HOME=DIR."
    if error.errno == errno.EROFS:
        return "its file system is read-only", _ELSEWHERE
    if error.errno in (errno.EACCES, errno.EPERM):
        return "you may not, or a sandbox keeps this program from it", _ELSEWHERE
    if error.errno in (errno.EISDIR, errno.ENOENT, errno.ELOOP):
        what = "a directory is" if error.errno == errno.EISDIR else "a link that leads nowhere is"
        return f"{what} in its place", f"Move {error.filename} away; a ledger is made anew with the next action."
    return "the system says so", _ELSEWHERE


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


def _room(patient: Patient) -> Finding:
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


def _settings(patient: Patient) -> Iterator[Finding]:
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


# ── the store ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _store(patient: Patient) -> Iterator[Finding]:
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


def _far(patient: Patient) -> Finding:
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


def _waiting(patient: Patient) -> Iterator[Finding]:
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
        return Finding("ledger", what, *_why(cause), wrong=True)
    if "full" in str(error):
        return Finding("ledger", what, *_why(OSError(errno.ENOSPC, "")), wrong=True)
    return Finding("ledger", what, "the file, its directory or the disk cannot be written", _ELSEWHERE, wrong=True)


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


def _trees(patient: Patient) -> Iterator[Finding]:
    """Trees that are not looked at after every call, because that took too long."""
    from sidelight.observing import resting

    found = resting(patient.home)
    if found:
        more = f" and {len(found) - 1} more" if found[1:] else ""
        yield Finding(
            "trees",
            f"{line(found[0], 200)}{more}: not looked at after calls just now",
            "git took too long to say what has changed there, so what calls did beyond their command line is not seen",
            "let git be quicker there: `git config core.untrackedCache true`, `git config core.fsmonitor true`",
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


# ── what went wrong lately ────────────────────────────────────────────────────────────────────────────────────────


def _errors(patient: Patient) -> Iterator[Finding]:
    lately = list(_lately(os.path.join(patient.home, "logs", "errors.log")))
    if not lately:
        yield Finding("errors", "no failure was noted in the last 24 hours")
        return
    yield Finding(
        "errors",
        f"{len(lately)} failure{'s' if len(lately) > 1 else ''} noted in the last 24 hours",
        f"the last one: {line(lately[-1], 300)}",
        f"If nothing above is wrong, it has passed; {os.path.join(patient.home, 'logs', 'errors.log')} has them all.",
    )


def _lately(file: str) -> Iterable[str]:
    """The lines of the error log that begin with a time of the last day. Only its end is read."""
    from datetime import UTC, datetime

    since = datetime.fromtimestamp(time.time() - LATELY_MS / 1000, UTC).isoformat(timespec="seconds")[:19]
    try:
        with open(file, "rb") as log:
            log.seek(max(0, os.path.getsize(file) - 65536))
            lines = log.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return
    for one in lines:
        if one[:4].isdigit() and one[:19] >= since:
            yield one


# ── mending ───────────────────────────────────────────────────────────────────────────────────────────────────────


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
