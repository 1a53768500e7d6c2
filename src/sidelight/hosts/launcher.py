"""The command that is written into a host's settings: one constant line of `sh`, the same for every event.

It does nothing where Sidelight was moved or removed, prints nothing but an answer, and always succeeds: GitHub Copilot
CLI denies every tool for any other exit code, Gemini CLI reads an error message as an answer, and Codex trusts a hook
by the hash of its text. So it names what an upgrade leaves in place: the environment's interpreter and its `sidelight`.

Source: design 6, issue "Agent hosts".
"""

from __future__ import annotations

import os
import shlex
import sys
import sysconfig

#: By this a hook command is known to be ours, whichever version wrote it.
MARK = "sidelight hook "


def command(host: str, *, python: str | None = None, script: str | None = None) -> str:
    """The hook command for a host. `python` and `script` are this installation's own unless given.

    >>> command("codex", python="/opt/s/bin/python", script="/opt/s/bin/sidelight")
    '[ -x /opt/s/bin/python ] && /opt/s/bin/python -ISE /opt/s/bin/sidelight hook codex 2>/dev/null; exit 0'
    """
    runs = shlex.quote(_spelled(python or sys.executable))
    ours = shlex.quote(_spelled(script or script_file()))
    return f"[ -x {runs} ] && {runs} -ISE {ours} hook {host} 2>/dev/null; exit 0"


def is_ours(text: object) -> bool:
    """Is this hook command one of ours, of whichever version?

    >>> is_ours(command("codex")), is_ours("/usr/bin/other hook codex")
    (True, False)
    """
    return isinstance(text, str) and MARK in text.replace("'", "").replace('"', "") and "exit 0" in text


def script_file() -> str:
    """The `sidelight` that was installed beside this interpreter."""
    return os.path.join(sysconfig.get_path("scripts"), "sidelight")


def _spelled(path: str) -> str:
    """Hosts on Windows run hooks in a POSIX shell too, where a backslash is something else."""
    return path.replace("\\", "/") if os.name == "nt" else path
