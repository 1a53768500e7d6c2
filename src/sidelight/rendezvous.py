"""Where a hook and the user's server meet: the socket's place, and the envelope that a hook's input travels in.

    place(environment())        # Place(home='/home/me/.local/state/sidelight', socket='/run/user/1000/sidelight/…')

Both ends import this. A hook is a fresh process on every tool call, so nothing here imports more than what the
interpreter has loaded already: no `os`, no `typing`.

Source: design 6.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

if sys.platform != "win32":
    import posix

#: The input of a hook that is read; what is beyond is drained and lost.
INPUT_MOST = 8 * 1024 * 1024
#: How long a hook may take in all (`SIDELIGHT_HOOK_SECONDS` overrides it), and which part of that the server gets to
#: say that it is there, and to answer.
SECONDS = 2.5
ALIVE_PART, ANSWER_PART = 0.1, 0.5
PATH = "/hook"
VERSION_HEADER = "x-sidelight-version"
ENVELOPE_HEADER = "x-sidelight-envelope"

_PATH_MOST = 100  # a socket's path may be 104 bytes on macOS, 108 on Linux
_DIRECTORY, _SOCKET = 0o040000, 0o140000

# ── what of a session's environment goes along ────────────────────────────────────────────────────────────────────

#: Whose hook it is and where, and what says which database, cluster, registry or project a command means.
_STARTS = tuple(
    "SIDELIGHT_ CLAUDE COPILOT_ CODEX_ GEMINI_ OPENCODE CURSOR_ AI_AGENT GIT_ GH_ GLAB_ GITHUB_ GITLAB_ AWS_ AZURE_ "
    "CLOUDSDK_ KUBE HELM_ TF_ PULUMI_ COMPOSE_ DOCKER_ PG MYSQL_ REDIS DB_ NPM_ YARN_ CARGO_ GEM_ RUBYGEMS_ BUNDLE_ "
    "UV_ TWINE_ HATCH_ PDM_ FLIT_ CONDA_ VIRTUAL_ENV VAULT_ BAO_ SUPABASE_ FLYWAY_ LIQUIBASE_ GOOSE_ HASURA_ HEROKU_ "
    "SQLALCHEMY_ ALEMBIC_ DJANGO_ RAILS_ RACK_ XDG_ LC_".split()
)
_ENDS = ("_URL", "_URI", "_URLS", "_ENV", "_PORT", "_EDITOR", "_HOST")
_NAMES = frozenset(
    "HOME USERPROFILE USER USERNAME PATH PWD OLDPWD SHELL LANG TMPDIR CI PORT STAGE ENV ENVIRONMENT OAUTH_TOKEN "
    "CI_JOB_TOKEN NODE_AUTH_TOKEN COMPUTERNAME LOCALAPPDATA".split()
)
_SECRET = ("TOKEN", "SECRET", "PASSW", "_KEY", "CREDENTIAL", "AUTH")
_VALUE_MOST = 8192


def environment() -> dict[str, str]:
    """This process's environment as text."""
    if sys.platform == "win32":
        import os

        return dict(os.environ)
    return {name.decode("utf-8", "surrogateescape"): value.decode("utf-8", "surrogateescape")
            for name, value in posix.environ.items()}  # fmt: skip


def passed_on(env: "Mapping[str, str]") -> list[str]:
    """What of the environment goes along, as `NAME=value`; of a secret only that it is there."""
    found = []
    for name, value in env.items():
        if (name in _NAMES or name.startswith(_STARTS) or name.endswith(_ENDS)) and len(value) <= _VALUE_MOST:
            secret = any(part in name for part in _SECRET) and name != "SIDELIGHT_TOKEN"
            found.append(f"{name}={'***' if secret and value else value}")
    return found


# ── the place ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Place:
    """Where the server of a state directory is found: its socket, and the file that its process holds.

    `run` is in the home, the same whoever asks, so that a home has one server; the socket may be elsewhere, for it
    wants a short path, and programs that start others do not hand every variable on.
    """

    __slots__ = ("above", "directory", "home", "lock", "run", "socket", "tried")

    def __init__(self, home: str, above: str, directory: str, name: str) -> None:
        self.home, self.above, self.directory = home, above, directory
        self.socket = f"{directory}/{name}.sock"
        self.run = f"{home}/run"
        self.lock = f"{home}/run/{name}.lock"
        self.tried = f"{home}/run/{name}.tried"


def state_dir(env: "Mapping[str, str]") -> str:
    """The user's own home: `SIDELIGHT_HOME`, else `sidelight` in the platform's state directory; '' if unknown.

    >>> state_dir({"SIDELIGHT_HOME": "~/ours", "HOME": "/home/me"})
    '/home/me/ours'
    """
    home = env.get("HOME") or env.get("USERPROFILE") or ""
    said = env.get("SIDELIGHT_HOME", "").strip()
    if said:
        return home + said[1:] if home and (said == "~" or said.startswith(("~/", "~\\"))) else said
    if sys.platform == "win32":
        local = env.get("LOCALAPPDATA") or (home and f"{home}\\AppData\\Local")
        return local and f"{local}\\sidelight"
    if sys.platform == "darwin":
        return home and f"{home}/Library/Application Support/sidelight"
    state = env.get("XDG_STATE_HOME", "")
    # The XDG rules: a path that is not absolute is to be ignored.
    return f"{state}/sidelight" if state.startswith("/") else home and f"{home}/.local/state/sidelight"


def place(env: "Mapping[str, str]") -> "Place | None":
    """Where the user's server is, or would be; None where there is no home yet, or no such thing as a socket."""
    home = state_dir(env)
    if sys.platform == "win32" or not home:
        return None
    try:
        about = posix.stat(home)
    except (OSError, ValueError):
        return None
    # By what it is, not by what it is called: however it is reached, it has one server.
    name = f"{about.st_dev:x}-{about.st_ino:x}"
    runtime = env.get("XDG_RUNTIME_DIR", "")
    above = runtime if runtime.startswith("/") and is_mine(runtime) else home
    directory = f"{above}/sidelight" if above != home else f"{home}/run"
    if len(f"{directory}/{name}.sock".encode("utf-8", "surrogateescape")) > _PATH_MOST:
        above = f"/tmp/sidelight-{posix.getuid()}"  # noqa: S108 - made private and checked by who makes it
        directory = f"{above}/sidelight"
    return Place(home, above, directory, name)


def socket_of(where: Place) -> str:
    """The socket to use: where it would be, else where the server that holds the lock says that it is; '' for none."""
    if is_private_socket(where.socket):
        return where.socket
    said = said_in(where.lock)
    return said[2] if len(said) > 2 and is_private_socket(said[2]) else ""


def said_in(lock: str) -> list[str]:
    """What the server that holds a lock says of itself, in lines: its process, its version and its socket."""
    try:
        descriptor = posix.open(lock, posix.O_RDONLY | posix.O_NOFOLLOW)
    except OSError:
        return []
    try:
        return posix.read(descriptor, 4096).decode("utf-8", "surrogateescape").split("\n")
    finally:
        posix.close(descriptor)


def is_mine(directory: str) -> bool:
    """Is this a real directory of mine that nobody else may write to?"""
    try:
        about = posix.lstat(directory)
    except (OSError, ValueError):
        return False
    return about.st_mode & 0o170000 == _DIRECTORY and about.st_uid == posix.getuid() and not about.st_mode & 0o022


def is_private_socket(path: str) -> bool:
    """Is this a socket of mine that nobody else can use?"""
    try:
        about = posix.lstat(path)
    except (OSError, ValueError):
        return False
    return about.st_mode & 0o170000 == _SOCKET and about.st_uid == posix.getuid() and not about.st_mode & 0o077


def may_start(env: "Mapping[str, str]") -> bool:
    """May a server be started here? Not where one would outlive its purpose, and not where it is not wanted."""
    if env.get("CI", "").lower() in ("1", "true") or env.get("SIDELIGHT_NO_SERVER", "") not in ("", "0"):
        return False
    return sys.platform != "win32"


# ── the envelope ──────────────────────────────────────────────────────────────────────────────────────────────────


def envelope(host: str, cwd: str, pid: int, spent_us: int, env: "Mapping[str, str]") -> bytes:
    """The head of what is sent: whose hook, where, child of which process, what it took until now, the environment."""
    fields = [host, cwd, str(pid), str(spent_us), *passed_on(env)]
    return "\0".join(fields).encode("utf-8", "surrogateescape")


class Letter:
    """An envelope, opened. Raises `ValueError` for what is none."""

    __slots__ = ("cwd", "env", "host", "pid", "spent_us")

    def __init__(self, head: bytes) -> None:
        fields = head.decode("utf-8", "surrogateescape").split("\0")
        if len(fields) < 4:
            raise ValueError("this is no envelope")
        self.host, self.cwd = fields[0], fields[1]
        self.pid, self.spent_us = int(fields[2]), int(fields[3])
        pairs = [field.partition("=") for field in fields[4:]]
        self.env = {name: value for name, _, value in pairs}


def request(version: str, head: bytes, payload: bytes) -> bytes:
    """The whole request, for a server that speaks HTTP: it says that it is there (100) before it answers."""
    lines = (
        f"POST {PATH} HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\nconnection: close\r\n"
        f"{VERSION_HEADER}: {version}\r\n{ENVELOPE_HEADER}: {len(head)}\r\n"
        f"content-length: {len(head) + len(payload)}\r\n\r\n"
    )
    return lines.encode("ascii") + head + payload


def spawn(python: str, env: "Mapping[str, str]") -> None:
    """Start the server's process and leave it to itself: its own session, no open files, `/` as its directory.

    Returns at once in the caller; no matter how many do so at once, one comes of it.
    """
    kept = {name: value for name, value in env.items() if name in KEPT}
    first = posix.fork()
    if first:
        posix.waitpid(first, 0)
        return
    try:  # the child: between fork and exec as little as possible
        posix.setsid()
        if posix.fork():
            posix._exit(0)  # noqa: SLF001 - it is public as `os._exit`
        posix.chdir("/")
        nothing = posix.open("/dev/null", posix.O_RDWR)
        for number in (0, 1, 2):
            posix.dup2(nothing, number)
        posix.closerange(3, 65_536)
        posix.execve(python, [python, "-I", "-m", "sidelight.server.user_server"], kept)  # ourselves
    finally:
        posix._exit(1)  # noqa: SLF001 - as above


#: All that a server keeps of the environment it was started from: where things are, and whom to trust (no secret).
KEPT = frozenset(
    "HOME USERPROFILE PATH LANG LC_ALL LC_CTYPE TMPDIR XDG_RUNTIME_DIR XDG_STATE_HOME SIDELIGHT_HOME "
    "SIDELIGHT_SERVER_IDLE SSL_CERT_FILE SSL_CERT_DIR PGPASSFILE PGSERVICEFILE PGSSLMODE PGSSLROOTCERT PGSSLCERT "
    "PGSSLKEY".split()
)
