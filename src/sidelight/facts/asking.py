"""Git, asked so that nothing but git runs: a repository's own settings name programs, and a repository is foreign.

A partial clone's remote helper, git's hooks, a pager: none is started. What else a repository may name is in
`sidelight.facts.terms`. Git's check of who owns the directory stays: what it refuses is not looked at. Nothing is ever
written (no optional locks).
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from sidelight.records import IO, Any, NamedTuple

LATE_SECONDS = 10.0


class Answer(NamedTuple):
    """What git printed, and '' or a few words on why that is not all."""

    out: bytes
    failed: str = ""


#: Variables of git's that are kept: where the user's own settings are. All others could lead elsewhere.
_KEPT = frozenset(
    "GIT_CONFIG_GLOBAL GIT_CONFIG_SYSTEM GIT_CONFIG_NOSYSTEM GIT_CEILING_DIRECTORIES GIT_EXEC_PATH"
    " GIT_DISCOVERY_ACROSS_FILESYSTEM".split()
)

_ALWAYS: tuple[tuple[str, str], ...] = (
    ("core.hooksPath", os.devnull),
    ("core.askPass", ""),
    ("core.pager", "cat"),
    ("log.showSignature", "false"),
    ("submodule.recurse", "false"),
)


def ask(
    root: str,
    *arguments: str,
    env: Mapping[str, str],
    settings: Sequence[tuple[str, str]] = (),
    timeout: float = 1.0,
    limit: int = 1_000_000,
    given: bytes = b"",
) -> Answer:
    """What `git …` prints in a directory, at most `limit` bytes of it, within `timeout` seconds.

    `settings` come on top of the safe ones (`sidelight.facts.terms`), `given` is what it reads on its input.
    """
    return begin(root, *arguments, env=env, settings=settings, timeout=timeout, limit=limit, given=given)()


def begin(
    root: str,
    *arguments: str,
    env: Mapping[str, str],
    settings: Sequence[tuple[str, str]] = (),
    timeout: float = 1.0,
    limit: int = 1_000_000,
    given: bytes = b"",
) -> Callable[[], Answer]:
    """The same, begun: git runs while its asker does something else. The answer has to be fetched, once."""
    if timeout <= 0:
        return lambda: Answer(b"", "it took too long")
    try:
        process, until = _started(
            ["git", "--no-pager", "--no-optional-locks", *arguments],
            root,
            _environment(env, (*_ALWAYS, *settings)),
            timeout,
            feeding=bool(given),
        )
    except (OSError, ValueError):
        return lambda: Answer(b"", "git could not be run")

    def answer() -> Answer:
        with process:
            out, err, failed = _heard(process, given, until, limit)
            if failed:
                _stop(process)
        if not failed and process.returncode:
            said = err.decode("utf-8", "replace").strip().splitlines()
            failed = (said or [f"git ended with {process.returncode}"])[0]
        return Answer(out, failed[:200])

    return answer


def run_shell(text: str, given: bytes, *, env: Mapping[str, str], cwd: str, timeout: float) -> Answer:
    """What a line of `sh` prints, as `ask` does for git; what it prints as errors is left out."""
    try:
        process, until = _started(["sh", "-c", text], cwd, env, timeout, feeding=True)
    except (OSError, ValueError) as error:
        return Answer(b"", f"sh could not be run: {error}")
    with process:
        out, _, failed = _heard(process, given, until, 65536)
        if failed:
            _stop(process)
    return Answer(out, failed)


def _started(
    command: Sequence[str], cwd: str, env: Mapping[str, str], timeout: float, *, feeding: bool
) -> tuple[Any, float]:
    """A program, and until when it may take. It has a session of its own, so that it can be stopped with all that it
    started. Raises `OSError` or `ValueError` where it cannot be run.
    """
    import subprocess

    until = time.monotonic() + timeout  # loading the module is not its fault
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.PIPE if feeding else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    return process, until


def _environment(env: Mapping[str, str], settings: Sequence[tuple[str, str]]) -> dict[str, str]:
    safe = {name: value for name, value in env.items() if not name.startswith("GIT_") or name in _KEPT}
    safe |= {
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": "",  # a partial clone fetches what it lacks, through programs that its settings name
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_CONFIG_COUNT": str(len(settings)),
        "LC_ALL": "C",
        "PATH": env.get("PATH") or os.environ.get("PATH", os.defpath),
    }
    # By variables, not by `-c`: a name may hold an equals sign.
    for number, (name, value) in enumerate(settings):
        safe |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return safe


def _heard(process: Any, given: bytes, until: float, limit: int) -> tuple[bytes, bytes, str]:
    """What it says, as far as time and size allow."""
    if sys.platform == "win32":  # its pipes cannot be waited for
        import subprocess

        try:
            out, err = process.communicate(given or None, timeout=max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            return b"", b"", "it took too long"
        return out[:limit], err[:4096], "it said too much" if len(out) > limit else ""
    import selectors

    if given:
        _feed(process.stdin, given)
    parts: dict[str, list[bytes]] = {"out": [], "err": []}
    left = {"out": limit, "err": 4096}
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ, "out")
        selector.register(process.stderr, selectors.EVENT_READ, "err")
        while selector.get_map():
            seconds = until - time.monotonic()
            # What it said in time counts, though it is heard late: its asker had something else to do.
            ready = selector.select(max(0.0, seconds)) if seconds > -LATE_SECONDS else []
            if not ready:
                return b"".join(parts["out"]), b"", "it took too long"
            for key, _ in ready:
                data = os.read(key.fd, 65536)
                if not data:
                    selector.unregister(key.fileobj)
                elif len(data) > left[key.data] and key.data == "out":
                    return b"".join(parts["out"]), b"", "it said too much"
                else:
                    left[key.data] -= len(data)
                    parts[key.data].append(data[: max(0, left[key.data] + len(data))])
    try:
        process.wait(max(0.05, until - time.monotonic()))
    except Exception:  # noqa: BLE001 - subprocess.TimeoutExpired; whoever closes both pipes and stays is stopped
        return b"".join(parts["out"]), b"", "it took too long"
    return b"".join(parts["out"]), b"".join(parts["err"]), ""


def _feed(pipe: IO[bytes], given: bytes) -> None:
    """All of a small input at once: less than a pipe holds, so that nobody waits for anybody."""
    try:
        pipe.write(given[:60_000])
        pipe.close()
    except OSError:  # it has ended already; its exit code says more
        pass


def _stop(process: Any) -> None:
    import contextlib
    import signal

    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
