"""Which space a directory belongs to, where its home is, and who is asking.

A *space* is a repository with all its worktrees, or an agent home: what `recent` and `who` are about. A *home* is the
directory that holds a ledger, its settings and its logs. By default a user has one on a machine, in the platform's
state directory, because a port, a process or a stash knows no repository.

An agent home (`.sidelight/` with a `config.json`) that lies on the way up from the working directory counts only if it
is mine and was registered here: a cloned repository can ship such a directory, and must not be able to choose where the
record of my sessions goes.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Mapping

from sidelight import rendezvous
from sidelight.facts import Facts, machine_name, read_bytes
from sidelight.records import Any, NamedTuple
from sidelight.targets import normal_path

# ── homes ─────────────────────────────────────────────────────────────────────────────────────────────────────────

_AGENT_HOME = ".sidelight"
_REGISTER = "homes.json"


class Home(NamedTuple):
    """A home's directory, absolute. `is_agent_home`: it was found upwards from the working directory, so its store,
    server and attention settings do not count (`config.load(home.path, personal=state_dir(env))`).
    """

    path: str
    is_agent_home: bool


def state_dir(env: Mapping[str, str]) -> str:
    """The user's own home: `SIDELIGHT_HOME`, else `sidelight` in the platform's state directory.

    >>> state_dir({"SIDELIGHT_HOME": "/srv/ours"})
    '/srv/ours'
    """
    if not (env.get("HOME") or env.get("USERPROFILE")):
        env = {**env, "HOME": os.path.expanduser("~")}
    return os.path.abspath(rendezvous.state_dir(env))


def store_url(env: Mapping[str, str]) -> str | None:
    """The URL of the user's store where it is not a file in the home: `SIDELIGHT_SERVER`, with `SIDELIGHT_TOKEN` before
    its address, else `SIDELIGHT_STORE`.
    """
    server, token = (env.get(name, "").strip() for name in ("SIDELIGHT_SERVER", "SIDELIGHT_TOKEN"))
    if server:
        return _with_token(server, token)
    return env.get("SIDELIGHT_STORE", "").strip() or None


def _with_token(url: str, token: str) -> str:
    """A server's URL with the token before its address, so that who asks for another need not know the environment.

    >>> _with_token("https://ledger.example/team", "sl_x"), _with_token("unix:/run/a.sock", "sl_x")
    ('https://sl_x@ledger.example/team', 'unix:sl_x@/run/a.sock')
    """
    from urllib.parse import quote

    scheme, mark, rest = url.partition("://" if "://" in url else ":")
    if not token or "@" in rest.partition("/")[0]:
        return url
    return f"{scheme}{mark}{quote(token, safe='')}@{rest}"


def _expanded(path: str, env: Mapping[str, str]) -> str:
    home = env.get("HOME") or env.get("USERPROFILE")
    if home and (path == "~" or path.startswith(("~/", "~\\"))):
        return home + path[1:]
    return os.path.expanduser(path)


def find_home(cwd: str, env: Mapping[str, str], explicit: str | None = None) -> Home:
    """The home for a directory: the explicit one, `SIDELIGHT_HOME`, my agent home upwards, else the user's."""
    if explicit and explicit.strip():
        return Home(os.path.abspath(_expanded(explicit.strip(), env)), is_agent_home=False)
    if not env.get("SIDELIGHT_HOME", "").strip():
        found = _agent_home_above(cwd, registered(env))
        if found is not None:
            return Home(found, is_agent_home=True)
    return Home(state_dir(env), is_agent_home=False)


def _agent_home_above(cwd: str, known: tuple[str, ...]) -> str | None:
    if not known or not cwd:
        return None
    place = os.path.realpath(cwd)
    while True:
        candidate = os.path.join(place, _AGENT_HOME)
        if candidate in known and _mine(candidate) and os.path.isfile(os.path.join(candidate, "config.json")):
            return candidate
        above = os.path.dirname(place)
        if above == place:
            return None
        place = above


def _mine(directory: str) -> bool:
    """Is this a real directory of mine that nobody else may write to?"""
    try:
        about = os.lstat(directory)
    except (OSError, ValueError):
        return False
    if not stat.S_ISDIR(about.st_mode):
        return False
    return not hasattr(os, "getuid") or (about.st_uid == os.getuid() and not about.st_mode & stat.S_IWOTH)


def registered(env: Mapping[str, str]) -> tuple[str, ...]:
    """The agent homes that `init` or `serve` registered here, as absolute real paths."""
    file = os.path.join(state_dir(env), _REGISTER)
    if not os.path.isfile(file) or not _mine(os.path.dirname(file)):
        return ()
    try:
        homes = json.loads(read_bytes(file, 1_000_000) or b"[]")
    except (ValueError, RecursionError):
        return ()
    return tuple(home for home in homes if isinstance(home, str)) if isinstance(homes, list) else ()


def register(home: str, env: Mapping[str, str]) -> None:
    """Let an agent home count when it is found upwards. Raises `OSError` if the state directory cannot be written."""
    added = os.path.realpath(home)
    directory = state_dir(env)
    prepare(directory)
    with alone(os.path.join(directory, "." + _REGISTER)):
        data = json.dumps([*(one for one in registered(env) if one != added), added], indent=1)
        replace_file(os.path.join(directory, _REGISTER), data.encode())


def replace_file(file: str, data: bytes) -> None:
    """Write a private file as a whole: a reader sees the old content or the new, never a part."""
    temporary = f"{file}.{os.getpid()}.{os.urandom(4).hex()}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        os.replace(temporary, file)
    except BaseException:
        os.unlink(temporary)
        raise


class alone:  # noqa: N801 - reads as what it does: `with alone(file):`
    """One process at a time, by an advisory file of the system's; where the platform has none, best effort. The file
    goes with the one who has it: who waited for it meanwhile makes the next.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._descriptor = -1

    def __enter__(self) -> None:
        while True:
            self._descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
            if os.name == "nt":
                return
            import fcntl

            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            if is_still(self._file, self._descriptor):
                return
            os.close(self._descriptor)

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            os.unlink(self._file)
        os.close(self._descriptor)


def is_still(file: str, descriptor: int) -> bool:
    """Is what is open still what this path names?"""
    try:
        return os.path.samestat(os.stat(file), os.fstat(descriptor))
    except OSError:
        return False


def prepare(home: str | Home) -> str:
    """Make a home with its `logs/`, open to nobody else, and return its path. A directory that is there stays as it is.

    Raises `OSError` where that cannot be done.
    """
    path = home.path if isinstance(home, Home) else home
    for directory in (path, os.path.join(path, "logs")):
        try:
            os.makedirs(os.path.dirname(directory), exist_ok=True)
            os.mkdir(directory, 0o700)
        except FileExistsError:
            if not os.path.isdir(directory):
                raise
    return path


# ── spaces ────────────────────────────────────────────────────────────────────────────────────────────────────────


def space_of(facts: Facts) -> str:
    """The space that work in this place belongs to.

    A repository is its remote's, so that clones on two machines are one space; without a remote it is its git
    directory's on this machine, so that worktrees still are. Outside a repository it is the directory. An agent home is
    a space of its own: `home_space`.
    """
    if facts.remote:
        return f"repo:{facts.remote}"
    if facts.common_dir:
        return f"repo:{facts.machine}:{facts.common_dir}"
    return f"dir:{facts.machine}:{facts.cwd}"


def home_space(path: str, machine: str | None = None) -> str:
    """The space of an agent home on this machine."""
    windows = os.name == "nt"
    return f"home:{machine or machine_name(os.environ)}:{normal_path(os.path.realpath(path), windows=windows)}"


# ── who is asking ─────────────────────────────────────────────────────────────────────────────────────────────────

#: How an agent program tells its children which session they belong to, and that it is there at all.
_SESSION_VARIABLES: tuple[tuple[str, str], ...] = (
    ("CLAUDE_CODE_SESSION_ID", "claude-code"),
    ("CODEX_SESSION_ID", "codex"),
    ("CODEX_THREAD_ID", "codex"),
    ("GEMINI_SESSION_ID", "gemini-cli"),
    ("COPILOT_AGENT_SESSION_ID", "copilot-cli"),
)
_HOST_VARIABLES: tuple[tuple[str, str], ...] = (
    ("CLAUDECODE", "claude-code"),
    ("GEMINI_CLI", "gemini-cli"),
    ("COPILOT_PROJECT_DIR", "copilot-cli"),
    ("OPENCODE", "opencode"),
    ("CURSOR_AGENT", "cursor"),
)
#: How `AI_AGENT` (`claude-code_2-1-330_agent`) begins, and other names a program goes by.
_HOST_NAMES: tuple[tuple[str, str], ...] = (
    ("claude", "claude-code"),
    ("codex", "codex"),
    ("gemini", "gemini-cli"),
    ("copilot", "copilot-cli"),
    ("opencode", "opencode"),
    ("cursor", "cursor"),
)
_LONGEST_NAME = 128


class Identity(NamedTuple):
    """Who acts: the session (None = unknown), a sub-agent of it, and the agent program."""

    session: str | None
    agent: str | None
    host: str | None


def who_am_i(env: Mapping[str, str], given: Mapping[str, Any] | None = None, session: str | None = None) -> Identity:
    """The session, sub-agent and host of a call, in the order of design 10.

    `given` is what a host's payload says (`session`, `agent`, `host`), `session` the option of the command line. Then
    `SIDELIGHT_SESSION`, then the host's own variable. Text is trimmed and bounded; empty means unknown.

    >>> who_am_i({"CLAUDECODE": "1", "CLAUDE_CODE_SESSION_ID": "5f0c"})
    Identity(session='5f0c', agent=None, host='claude-code')
    """
    said = given or {}
    own, host = _host_session(env)
    return Identity(
        _name(said.get("session")) or _name(session) or _name(env.get("SIDELIGHT_SESSION")) or own,
        _name(said.get("agent")) or _name(env.get("SIDELIGHT_AGENT")),
        _name(said.get("host")) or host or _host_of(env),
    )


def _host_session(env: Mapping[str, str]) -> tuple[str | None, str | None]:
    """What the agent program around this process calls its session, and which program that is. Where several left
    their variables, the one whose mark this process bears is asked first.
    """
    marked = _host_of(env)
    order = sorted(_SESSION_VARIABLES, key=lambda pair: pair[1] != marked)
    return next(((name, host) for variable, host in order if (name := _name(env.get(variable)))), (None, None))


def _host_of(env: Mapping[str, str]) -> str | None:
    agent = env.get("AI_AGENT", "").strip().lower()
    named = next((host for start, host in _HOST_NAMES if agent.startswith(start)), None)
    return named or next((host for variable, host in _HOST_VARIABLES if env.get(variable, "").strip()), None)


def _name(value: object) -> str | None:
    """A name as it is kept: trimmed, bounded, None when there is nothing. What is no text is no name."""
    text = value.strip()[:_LONGEST_NAME].strip() if isinstance(value, str) else ""
    return text or None
