"""What can be wrong with a ledger and its home, why, and what to do about it.

Every failure elsewhere costs the caller nothing and leaves a sentence on a receipt; this is where the sentence becomes
a cause and a remedy. `examine` changes nothing but to try whether the home can be written; `repair` does what can be
done without losing anything. What is said of it all is in `findings.py`; `places.py` looks at the machine and the home,
`ledgers.py` at the ledger, `mending.py` mends.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping

from sidelight import config
from sidelight.doctor import ledgers, places
from sidelight.doctor.findings import Finding, Patient
from sidelight.doctor.mending import repair
from sidelight.doctor.places import exposed_files
from sidelight.redact import line

__all__ = ["Finding", "Patient", "examine", "examine_hosts", "exposed_files", "repair"]

LATELY_MS = 24 * 3_600_000


def examine(patient: Patient) -> list[Finding]:
    """Everything that was looked at, in the order in which one thing rests on another."""
    found = [places.python(), places.git(), *places.home(patient)]
    if patient.is_file:
        found += [places.room(patient)]
    found += places.settings(patient)
    found += ledgers.ledger(patient) if patient.is_file else [ledgers.far(patient)]
    found += ledgers.waiting(patient)
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
