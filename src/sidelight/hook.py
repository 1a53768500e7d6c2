"""`sidelight hook HOST`: a process that an agent program starts on every tool call, so it imports next to nothing.

It forwards its input to the user's server where one runs, and does the work itself where none does, or where one does
not answer in time. Whatever happens, it ends in its own time, with exit code 0, and prints nothing but an answer.

Source: design 6.
"""

import sys
import time

from sidelight import __version__, rendezvous

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn

    from sidelight.facts import LiveFacts
    from sidelight.ledger import Ledger

if sys.platform == "win32":
    import os as system
else:
    import posix as system

#: A server that could not be started is not tried again for so long.
TRIES_EVERY_SECONDS = 60


def main(arguments: list[str]) -> "NoReturn":
    """Answer one hook call and end the process."""
    import _thread

    began = time.monotonic() - time.process_time()  # about when this process did
    env = rendezvous.environment()
    seconds = _seconds(env)
    _thread.start_new_thread(_end_after, (seconds,))
    try:
        _run(arguments[0] if arguments else "", env, began, seconds)
    except BaseException as error:  # noqa: BLE001 - a hook never harms the session it serves
        _note(env, f"{type(error).__name__}: {error}")
    system._exit(0)  # noqa: SLF001 - it is public as `os._exit`


def _end_after(seconds: float) -> None:
    time.sleep(seconds)
    system._exit(0)  # noqa: SLF001 - as above


def _seconds(env: "Mapping[str, str]") -> float:
    try:
        return min(max(float(env["SIDELIGHT_HOOK_SECONDS"]), 0.05), 600.0)
    except (KeyError, ValueError):
        return rendezvous.SECONDS


def _run(host: str, env: "Mapping[str, str]", began: float, seconds: float) -> None:
    payload = _input()
    try:
        cwd = system.getcwd()
    except OSError:  # it was deleted
        cwd = env.get("PWD", "")
    where = rendezvous.place(env) if env.get("SIDELIGHT_NO_SERVER", "") in ("", "0") else None
    path = rendezvous.socket_of(where) if where is not None else ""
    if path:
        head = rendezvous.envelope(host, cwd, system.getppid(), time.process_time_ns() // 1000, env)
        answer = _forwarded(path, rendezvous.request(__version__, head, payload), seconds)
        if answer is not None:
            _output(answer)
            return
    _alone(host, cwd, payload, env, began)
    if rendezvous.may_start(env):
        _start_server(env)


def _input() -> bytes:
    """What stands on standard input, as far as it is wanted; the rest is drained, so that its writer goes on."""
    parts: list[bytes] = []
    size = 0
    while True:
        try:
            part = system.read(0, 65536)
        except OSError:  # there is none
            part = b""
        if not part:
            return b"".join(parts)
        if size < rendezvous.INPUT_MOST:
            parts.append(part)
        size += len(part)


def _output(answer: bytes) -> None:
    while answer:
        answer = answer[system.write(1, answer) :]


# ── with the server ───────────────────────────────────────────────────────────────────────────────────────────────


def _forwarded(path: str, request: bytes, seconds: float) -> bytes | None:
    """The server's answer, b'' for silence; None if there is none in time, or it is not the user's own."""
    import _socket

    link = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        link.settimeout(seconds * rendezvous.ALIVE_PART)
        link.connect(path)
        if not _is_same_user(link):
            return None
        sent = 0
        while sent < len(request):
            sent += link.send(request[sent : sent + 262_144])
        return _answer(link, seconds)
    except OSError:  # nobody listens, it was killed, or it is stopped: then without it
        return None
    finally:
        link.close()


def _answer(link: object, seconds: float) -> bytes | None:
    """Read a whole answer: first that somebody is there, then what there is to say."""
    data = b""
    while True:
        part: bytes = link.recv(65536)  # type: ignore[attr-defined] # `_socket.socket` has no name in typeshed
        data += part
        if data.startswith(b"HTTP/1.1 100 ") and b"\r\n\r\n" in data:
            data = data.partition(b"\r\n\r\n")[2]
            link.settimeout(seconds * rendezvous.ANSWER_PART)  # type: ignore[attr-defined] # as above
        head, blank, body = data.partition(b"\r\n\r\n")
        if blank and not head.startswith(b"HTTP/1.1 100 "):
            if not head.startswith(b"HTTP/1.1 200 "):
                return None
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            if len(body) >= length:
                return body[:length]
        if not part:
            return None


def _is_same_user(link: object) -> bool:
    """Is the process at the other end mine? Where the system can't say, the socket's own mode must do."""
    import _socket

    option = getattr(_socket, "SO_PEERCRED", None)
    if option is None:
        return True
    said: bytes = link.getsockopt(_socket.SOL_SOCKET, option, 12)  # type: ignore[attr-defined] # as above
    return int.from_bytes(said[4:8], sys.byteorder) == system.getuid()


# ── without it ────────────────────────────────────────────────────────────────────────────────────────────────────


def _alone(host: str, cwd: str, payload: bytes, env: "Mapping[str, str]", began: float) -> None:
    from sidelight.hosts import costs
    from sidelight.hosts.dialogue import BrokenInputError, Caller, hold

    def opened(facts: "LiveFacts") -> "Ledger":
        from sidelight.ledger import Ledger

        ledger = Ledger.open(facts=facts, cwd=facts.cwd, env=env)
        opened_ones.append(ledger)
        return ledger

    opened_ones: list[Ledger] = []
    try:
        said = hold(Caller(host, cwd, system.getppid(), env), payload, opened)
    except BrokenInputError as error:
        _note(env, str(error))
        return
    if said.output is not None:
        _output(said.output)
    said.settle()
    # Nothing is closed: whoever closes a file last writes its log back, and waits for the disk (design 8).
    home = opened_ones[0].home if opened_ones else rendezvous.state_dir(env)
    if home is not None:
        costs.note(home, said, time.monotonic() - began)


def _note(env: "Mapping[str, str]", sentence: str) -> None:
    """One line in the log of the user's home; where there is no home there is no log either."""
    from sidelight import audit, space

    home = space.state_dir(env)
    try:
        space.prepare(home)
        audit.note_error(home, f"hook: {sentence}")
    except OSError:
        pass


def _start_server(env: "Mapping[str, str]") -> None:
    """Have a server for the next call. Done by a child that lets go of the host's pipes first: nobody waits for it."""
    where = rendezvous.place(env)
    if where is None or sys.platform == "win32" or _was_tried(where.tried):
        return
    if system.fork():
        return
    nothing = system.open("/dev/null", system.O_RDWR)
    for number in (0, 1, 2):
        system.dup2(nothing, number)
    import os

    os.makedirs(where.run, 0o700, exist_ok=True)
    os.close(os.open(where.tried, os.O_WRONLY | os.O_CREAT, 0o600))
    os.utime(where.tried)
    from importlib.util import find_spec

    if all(find_spec(name) is not None for name in ("uvicorn", "starlette", "msgspec")):
        rendezvous.spawn(sys.executable, env)


def _was_tried(file: str) -> bool:
    try:
        return time.time() - system.stat(file).st_mtime < TRIES_EVERY_SECONDS
    except OSError:
        return False
