"""What git and the machine say: the only module that asks them.

Rules (`effects`, `advisory`, `targets`) never touch the disk or run a program; they are handed a `Facts`. `LiveFacts`
asks the real machine, cheaply and once; the replay of recorded scenarios has its own that answers from the scenario.
"""

from __future__ import annotations

import binascii
import os
import re
import stat
import sys
from collections.abc import Mapping, Sequence

from sidelight.records import Any, NamedTuple, Protocol
from sidelight.targets import normal_path


class Facts(Protocol):
    """Where a session stands and what is known there. Every answer is best effort; None or '' means "not known".

    Paths are absolute, in the spelling of `targets.normal_path`, links resolved.
    """

    @property
    def machine(self) -> str:
        """A name for this machine that two machines do not share; holds no colon."""

    @property
    def os(self) -> str:
        """`linux`, `macos` or `windows`."""

    @property
    def cwd(self) -> str:
        """The directory the call runs in, '' if unknown."""

    @property
    def env(self) -> Mapping[str, str]:
        """The environment as far as it is known."""

    @property
    def worktree(self) -> str | None:
        """The root of the working tree that `cwd` lies in."""

    @property
    def common_dir(self) -> str | None:
        """The git directory all worktrees of the repository share."""

    @property
    def remote(self) -> str | None:
        """The repository's identity at its remote: `owner/name`, lower case; None without a remote."""

    @property
    def branch(self) -> str | None:
        """The branch that is checked out in `worktree`; None when detached or unknown."""

    @property
    def scope(self) -> str:
        """What config keys and commitments belong to here: the agent home's or the service's name."""

    def at(self, directory: str) -> Facts:
        """The same session standing elsewhere (`cd`, `git -C`): absolute, or relative to `cwd`."""

    def real(self, path: str) -> str:
        """An absolute real path for what a command line calls `path`: `~`, `..` and links resolved. The file need not
        exist; the last component's own link is followed too.
        """

    def is_dir(self, path: str) -> bool | None:
        """Is this a directory? None when unknown."""

    def read(self, path: str, limit: int = 65536) -> str | None:
        """The text of a small file (`package.json`, `.env`, a pid file), None when absent, too large or not text."""

    def glob(self, pattern: str) -> Sequence[str]:
        """The existing paths a shell pattern names here, at most 200."""

    def links_in(self, directory: str) -> Sequence[str]:
        """Where the links directly in (or one scope below) a directory lead: a borrowed `node_modules/@x/y`."""

    def git_alias(self, name: str) -> str | None:
        """What the git alias `name` stands for in this repository."""

    def worktrees(self) -> Sequence[str]:
        """The roots of all working trees of this repository that are known."""

    def upstream(self, branch: str) -> tuple[str, str] | None:
        """The remote name and branch that `branch` pushes to."""

    def package(self, registry: str, directory: str) -> str | None:
        """The name of the package in a directory (`npm`, `pypi`, `crates`): `@acme/cdk`."""


# ── the real machine ──────────────────────────────────────────────────────────────────────────────────────────────


class LiveFacts:
    """What this machine and the repository around a directory say, read from files; git itself is hardly ever run.

        facts = LiveFacts("/repo/src")
        facts.worktree, facts.branch, facts.remote      # ('/repo', 'main', 'acme/app')

    A hook asks on every tool call, so nothing is read before it is asked for, and nothing twice. A repository's content
    is foreign: only regular files of a sane size are read, and nothing in them is run. Whatever cannot be read is
    simply not known.
    """

    def __init__(
        self,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        *,
        scope: str | None = None,
        machine: str = "",
    ) -> None:
        self.env: Mapping[str, str] = os.environ if env is None else env
        self.scope = scope or "user"
        self.os = _system()
        self._machine = machine
        self._known: dict[str, _Repository | None] = {}  # by directory, shared with what `at` gives
        self.cwd = self._standing(_getcwd(self.env) if cwd is None else cwd)

    def _standing(self, cwd: str) -> str:
        if cwd and not os.path.isabs(cwd) and not cwd.startswith("~"):
            cwd = os.path.join(_getcwd(self.env), cwd)
        return self._real(cwd, "") if cwd else ""

    def at(self, directory: str) -> LiveFacts:
        """The same session standing elsewhere; what was read of a repository is kept."""
        moved = LiveFacts.__new__(LiveFacts)
        moved.env, moved.scope, moved.os = self.env, self.scope, self.os
        moved._machine, moved._known = self._machine, self._known  # noqa: SLF001 - its own kind
        moved.cwd = self.real(directory)
        return moved

    @property
    def machine(self) -> str:
        """A name for this machine that two machines do not share; holds no colon."""
        if not self._machine:
            self._machine = machine_name(self.env)
        return self._machine

    # ── the repository ────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def _repository(self) -> _Repository | None:
        if self.cwd not in self._known:
            found = _discover(self.cwd, self.env) if self.cwd else None
            if found is not None:
                found = self._known.setdefault(f"\0{found.git_dir}\0{found.worktree}", found)
            self._known[self.cwd] = found
        return self._known[self.cwd]

    @property
    def worktree(self) -> str | None:
        """The root of the working tree that `cwd` lies in."""
        here = self._repository
        return None if here is None or here.worktree is None else self._spelled(here.worktree)

    @property
    def common_dir(self) -> str | None:
        """The git directory all worktrees of the repository share."""
        here = self._repository
        return None if here is None else self._spelled(here.common_dir)

    @property
    def git_dir(self) -> str | None:
        """The git directory of this working tree alone: of a linked one, the one below `worktrees/`."""
        here = self._repository
        return None if here is None else self._spelled(here.git_dir)

    @property
    def branch(self) -> str | None:
        """The branch that is checked out in `worktree`; None when detached or unknown."""
        here = self._repository
        if here is None or here.worktree is None:
            return None
        if here.head == _ELSEWHERE:  # the refs are in a reftable
            said = self.git("symbolic-ref", "-q", "--short", "HEAD")
            here.head = f"ref: refs/heads/{said.strip()}" if said else ""
        return here.head.removeprefix("ref: refs/heads/") if here.head.startswith("ref: refs/heads/") else None

    @property
    def remote(self) -> str | None:
        """The repository's identity at its remote: `owner/name` at github.com, `host/owner/name` elsewhere."""
        here = self._repository
        if here is None:
            return None
        if here.remote == "":
            here.remote = self._remote_of(here)
        return here.remote

    def _remote_of(self, here: _Repository) -> str | None:
        urls = {entry.sub: entry.value for entry in reversed(here.config) if entry.name == "remote.url"}
        url = urls.get("origin") or (next(iter(urls.values())) if len(urls) == 1 else None)
        if not url:
            return None
        identity = remote_identity(self._rewritten(url, here))
        if identity is not None:
            return identity
        path = self._real(url.removeprefix("file://"), here.worktree or here.common_dir)
        return f"{self.machine}/{path.lstrip('/').removesuffix('.git').rstrip('/')}"

    def _rewritten(self, url: str, here: _Repository) -> str:
        """What `url.<base>.insteadOf` makes of a remote's address; the longest match wins, as in git."""
        if "://" in url and url.startswith(("https://github.com/", "ssh://git@github.com/")):
            return url
        rules = [entry for entry in (*here.config, *self._user_config()) if entry.name == "url.insteadof"]
        best = max(
            (rule for rule in rules if url.startswith(rule.value)), key=lambda rule: len(rule.value), default=None
        )
        return best.sub + url[len(best.value) :] if best and best.value else url

    def worktrees(self) -> Sequence[str]:
        """The roots of all working trees of this repository that exist, the main one first."""
        here = self._repository
        if here is None:
            return ()
        roots = [here.main_worktree, *here.linked_worktrees(), here.worktree]
        return tuple(dict.fromkeys(self._spelled(root) for root in roots if root is not None))

    def upstream(self, branch: str) -> tuple[str, str] | None:
        """The remote name and branch that `branch` pushes to; None if no setting says."""
        here = self._repository
        if here is None:
            return None
        said = {
            entry.name: entry.value for entry in here.config if entry.name.startswith("branch.") and entry.sub == branch
        }
        default = next((entry.value for entry in reversed(here.config) if entry.name == "remote.pushdefault"), None)
        pushes = said.get("branch.pushremote") or default
        tracked = said.get("branch.remote")
        if pushes and pushes != tracked:
            return pushes, branch
        merge = said.get("branch.merge", "")
        return (tracked, merge.removeprefix("refs/heads/")) if tracked and merge else None

    def git_alias(self, name: str) -> str | None:
        """What the git alias `name` stands for; git lets none stand in for a command of its own."""
        if not name or name in _GIT_COMMANDS:
            return None
        here = self._repository
        entries = [*self._user_config(), *(here.config if here else [])]
        found = [entry.value for entry in entries if _alias_name(entry) == name.lower()]
        if any(entry.name in ("includeif.path", "extensions.worktreeconfig") for entry in entries):
            said = self.git("config", "--get", f"alias.{name}")
            return said.rstrip("\n") if said else None
        return found[-1] if found else None

    def _user_config(self) -> Sequence[_Entry]:
        """The settings of git that the system and the user made."""
        home, env = self._home(), self.env
        system = env.get("GIT_CONFIG_SYSTEM", "/etc/gitconfig")
        personal = [os.path.join(env.get("XDG_CONFIG_HOME") or os.path.join(home, ".config"), "git", "config")]
        personal.append(os.path.join(home, ".gitconfig"))
        if "GIT_CONFIG_GLOBAL" in env:
            personal = [env["GIT_CONFIG_GLOBAL"]]
        files = ([] if env.get("GIT_CONFIG_NOSYSTEM") else [system]) + personal
        return [entry for file in files for entry in _config(file, home)]

    def git(self, *arguments: str, timeout: float = 1.0, limit: int = 1_000_000) -> str | None:
        """What `git …` prints here; None if it fails, takes longer than `timeout` seconds or says more than `limit`."""
        from sidelight.facts.asking import ask

        elsewhere = ("--git-dir", self.env["GIT_DIR"]) if self.env.get("GIT_DIR") else ()
        said = ask(self.cwd or "/", *elsewhere, *arguments, env=self.env, timeout=timeout, limit=limit)
        return None if said.failed else said.out.decode("utf-8", "replace")

    # ── the disk ──────────────────────────────────────────────────────────────────────────────────────────────────

    def real(self, path: str) -> str:
        """An absolute real path for what a command line calls `path`."""
        return self._real(path, self.cwd)

    def _real(self, path: str, base: str) -> str:
        if path.startswith("~"):
            path = self._expanded(path)
        if self.os == "windows":
            path = normal_path(path, windows=True) if _absolute_on_windows(path) else path
        try:
            path = os.path.realpath(os.path.join(base or "/", path))
        except (OSError, ValueError):  # a NUL, a name too long: it cannot exist, and is spelled as it stands
            path = os.path.join(base or "/", path)
        return self._spelled(path)

    def _expanded(self, path: str) -> str:
        user, slash, rest = path.partition("/")
        return self._home() + slash + rest if user == "~" else os.path.expanduser(path)

    def _home(self) -> str:
        return self.env.get("HOME") or self.env.get("USERPROFILE") or os.path.expanduser("~")

    def _spelled(self, path: str) -> str:
        return normal_path(path, windows=self.os == "windows")

    def is_dir(self, path: str) -> bool | None:
        """Is this a directory? False too where nothing is; None where one may not look."""
        try:
            return stat.S_ISDIR(os.stat(self.real(path)).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except (OSError, ValueError):
            return None

    def read(self, path: str, limit: int = 65536) -> str | None:
        """The text of a small file, None when absent, too large or not text."""
        data = read_bytes(self.real(path), limit)
        if data is None or b"\0" in data:
            return None
        try:
            return data.decode()
        except UnicodeDecodeError:
            return None

    def glob(self, pattern: str) -> Sequence[str]:
        """The existing paths a shell pattern names here, sorted, at most 200; hidden ones only where it says so."""
        pattern = self._expanded(pattern) if pattern.startswith("~") else pattern
        whole = os.path.join(self.cwd or "/", pattern).replace("\\", "/") if self.os == "windows" else pattern
        whole = os.path.join(self.cwd or "/", whole)
        fixed, parts = _fixed_part(whole)
        found: list[str] = []
        _expand(self.real(fixed), parts, found, [_ENTRIES])
        return sorted(dict.fromkeys(found))[:_MOST]

    def links_in(self, directory: str) -> Sequence[str]:
        """Where the links directly in (or one scope below) a directory lead."""
        where, budget = self.real(directory), [_ENTRIES]
        found: list[str] = []
        for entry in _entries(where, budget):
            if entry.is_symlink():
                found.append(self.real(entry.path))
            elif entry.name.startswith("@") and entry.is_dir():
                found += [self.real(inner.path) for inner in _entries(entry.path, budget) if inner.is_symlink()]
        return sorted(found)

    def package(self, registry: str, directory: str) -> str | None:
        """The name of the package in a directory (`npm`, `pypi`, `crates`): `@acme/cdk`."""
        where = self.real(directory)
        if registry == "npm":
            text = self.read(os.path.join(where, "package.json"), 1_000_000)
            return _named(_json_object(text))
        file, section = {"pypi": ("pyproject.toml", "project"), "crates": ("Cargo.toml", "package")}.get(
            registry, ("", "")
        )
        text = self.read(os.path.join(where, file), 1_000_000) if file else None
        name = _named(_toml_object(text).get(section))
        return re.sub(r"[-_.]+", "-", name).lower() if name and registry == "pypi" else name


_MOST = 200
_ENTRIES = 20_000  # directory entries that one question may look at


def _system() -> str:
    return {"darwin": "macos", "win32": "windows", "cygwin": "windows"}.get(sys.platform, "linux")


def _getcwd(env: Mapping[str, str]) -> str:
    try:
        return os.getcwd()
    except OSError:  # it was deleted
        return env.get("PWD", "")


def _absolute_on_windows(path: str) -> bool:
    return bool(re.match(r"[A-Za-z]:[\\/]|[\\/]", path))


def read_bytes(path: str, limit: int) -> bytes | None:
    """A regular file of at most `limit` bytes; None for everything else. Never waits, as opening a pipe would."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except (OSError, ValueError):
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        data = os.read(descriptor, limit + 1)
        while len(data) <= limit and (more := os.read(descriptor, limit + 1 - len(data))):
            data += more
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return data if len(data) <= limit else None


def _text(path: str, limit: int = 65536) -> str:
    """A file of git's as text, '' if it is not there; bytes that are no UTF-8 are kept as `os.fsdecode` does."""
    return os.fsdecode(read_bytes(path, limit) or b"")


# ── git's own files ───────────────────────────────────────────────────────────────────────────────────────────────

_ELSEWHERE = "ref: refs/heads/.invalid"  # what HEAD says where the refs are in a reftable
_GIT_COMMANDS = frozenset(
    (
        "add", "am", "annotate", "apply", "archive", "bisect", "blame", "branch", "bundle", "cat-file", "checkout",
        "checkout-index", "cherry", "cherry-pick", "clean", "clone", "commit", "config", "count-objects", "describe",
        "diff", "difftool", "fetch", "filter-branch", "for-each-ref", "format-patch", "fsck", "gc", "grep",
        "hash-object", "help", "init", "log", "ls-files", "ls-remote", "ls-tree", "maintenance", "merge",
        "merge-base", "mergetool", "mv", "name-rev", "notes", "prune", "pull", "push", "range-diff", "rebase",
        "reflog", "remote", "repack", "replace", "reset", "restore", "rev-list", "rev-parse", "revert", "rm",
        "shortlog", "show", "show-ref", "sparse-checkout", "stash", "status", "submodule", "switch", "symbolic-ref",
        "tag", "update-index", "update-ref", "version", "whatchanged", "worktree", "write-tree",
    )
)  # fmt: skip


class _Repository:
    """One working tree's repository as its files describe it. Paths are real but in the platform's own spelling."""

    def __init__(self, git_dir: str, worktree: str | None) -> None:
        self.git_dir = git_dir
        self.common_dir = self._common_dir()
        self.worktree = worktree
        self.remote: str | None = ""  # '' until it was looked for
        self._head: str | None = None
        self._entries: list[_Entry] | None = None

    def _common_dir(self) -> str:
        said = _text(os.path.join(self.git_dir, "commondir"), 4096).strip("\n")
        return _joined(self.git_dir, said) if said else self.git_dir

    @property
    def head(self) -> str:
        if self._head is None:
            file = os.path.join(self.git_dir, "HEAD")
            try:
                self._head = "ref: " + os.readlink(file)  # as very old versions of git had it
            except (OSError, ValueError):
                self._head = _text(file, 4096).strip()
        return self._head

    @head.setter
    def head(self, value: str) -> None:
        self._head = value

    @property
    def config(self) -> list[_Entry]:
        if self._entries is None:
            self._entries = _config(os.path.join(self.common_dir, "config"), os.path.expanduser("~"))
        return self._entries

    @property
    def main_worktree(self) -> str | None:
        """The working tree that came with the repository, None for a bare one."""
        said = next((entry.value for entry in reversed(self.config) if entry.name == "core.worktree"), None)
        if said:
            return _joined(self.common_dir, said)
        return os.path.dirname(self.common_dir) if os.path.basename(self.common_dir) == ".git" else None

    def linked_worktrees(self) -> list[str]:
        roots = []
        for entry in _entries(os.path.join(self.common_dir, "worktrees"), [1000]):
            said = _text(os.path.join(entry.path, "gitdir"), 4096).strip("\n")
            dot_git = _joined(entry.path, said)
            if os.path.basename(dot_git) == ".git" and os.path.lexists(dot_git):
                roots.append(os.path.dirname(dot_git))
        return sorted(roots)


def _discover(cwd: str, env: Mapping[str, str]) -> _Repository | None:
    """The repository that git would use in a directory, as far as files say."""
    if env.get("GIT_DIR"):
        git_dir = _joined(cwd, env["GIT_DIR"])
        said = env.get("GIT_WORK_TREE")
        return _repository(git_dir, _joined(cwd, said) if said else cwd) if _is_git_dir(git_dir) else None
    place = cwd
    while True:
        dot_git = os.path.join(place, ".git")
        if _is_git_dir(dot_git):
            return _repository(_joined(place, ".git"), place)
        said = _text(dot_git, 8192)
        if said.startswith("gitdir: "):
            git_dir = _joined(place, said[8:].rstrip("\n"))
            return _repository(git_dir, place) if _is_git_dir(git_dir) else None
        if _is_git_dir(place):
            return _Repository(place, None)
        above = os.path.dirname(place)
        if above == place:
            return None
        place = above


def _repository(git_dir: str, root: str) -> _Repository:
    here = _Repository(git_dir, root)
    if here.git_dir == here.common_dir and here.main_worktree not in (None, root):
        said = any(entry.name == "core.worktree" for entry in here.config)
        here.worktree = here.main_worktree if said else root
    return here


def _is_git_dir(path: str) -> bool:
    """By the same signs as git: a HEAD, and the objects or a pointer to where they are shared."""
    return os.path.lexists(os.path.join(path, "HEAD")) and (
        os.path.isdir(os.path.join(path, "objects")) or os.path.isfile(os.path.join(path, "commondir"))
    )


def _joined(base: str, path: str) -> str:
    try:
        return os.path.realpath(os.path.join(base, path))
    except (OSError, ValueError):
        return os.path.normpath(os.path.join(base, path).replace("\0", ""))


class _Entry(NamedTuple):
    """One line of a git configuration: `remote.url`, its subsection `origin`, and the value."""

    name: str
    sub: str
    value: str


_SECTION = r'\[\s*([\w.-]+)\s*(?:"((?:[^"\\]|\\.)*)")?\s*\]'
_LARGEST_CONFIG = 1_000_000


def _config(file: str, home: str, left: list[int] | None = None) -> list[_Entry]:
    """The entries of a git configuration file and of those it includes without condition, at most 20 files."""
    left = [20] if left is None else left
    left[0] -= 1
    text = _text(file, _LARGEST_CONFIG) if left[0] >= 0 else ""
    if not text:
        return []
    found: list[_Entry] = []
    for entry in _config_entries(text):
        found.append(entry)
        if entry.name == "include.path":
            path = home + entry.value[1:] if entry.value.startswith("~/") else entry.value
            found += _config(os.path.join(os.path.dirname(file), path), home, left)
    return found


def _config_entries(text: str) -> list[_Entry]:
    found: list[_Entry] = []
    section = sub = ""
    for whole in text.replace("\r\n", "\n").replace("\\\n", "").split("\n"):
        line = whole.strip()
        if line.startswith("["):
            section, sub, line = _config_section(line)
        if section and line and line[0] not in "#;":
            key, equals, value = line.partition("=")
            found.append(_Entry(f"{section}.{key.strip().lower()}", sub, _config_value(value) if equals else "true"))
    return found


def _config_section(line: str) -> tuple[str, str, str]:
    """Section, subsection and what follows on the line; '' for what is no section."""
    if line[1:-1].isalnum() and line.endswith("]"):  # most are so, and a pattern costs a hook its compilation
        return line[1:-1].lower(), "", ""
    head = re.match(_SECTION, line)
    if head is None:
        return "", "", ""
    section, sub = head[1].lower(), re.sub(r"\\(.)", r"\1", head[2] or "")
    if not sub and "." in section:  # [branch.main], the old spelling
        section, _, sub = section.partition(".")
    return section, sub, line[head.end() :].strip()


def _config_value(raw: str) -> str:
    """A value without its quotes, escapes and comment."""
    raw = raw.strip()
    if not any(mark in raw for mark in '"\\#;'):
        return raw
    out: list[str] = []
    quoted = False
    place = 0
    while place < len(raw):
        char = raw[place]
        if char == "\\" and place + 1 < len(raw):
            place += 1
            out.append({"n": "\n", "t": "\t", "b": "\b"}.get(raw[place], raw[place]))
        elif char == '"':
            quoted = not quoted
        elif char in "#;" and not quoted:
            break
        else:
            out.append(char)
        place += 1
    return "".join(out).rstrip()


def _alias_name(entry: _Entry) -> str:
    """The alias an entry makes: `[alias] st = status`, or `[alias "st"] command = status`."""
    if entry.name == "alias.command":
        return entry.sub.lower()
    return entry.name.removeprefix("alias.") if entry.name.startswith("alias.") and not entry.sub else ""


def remote_identity(url: str) -> str | None:
    """The one name under which every spelling of a remote's address is known; None for a path of this machine.

    >>> [remote_identity(url) for url in ("git@github.com:Acme/App.git", "https://u:p@gitlab.com:443/a/b/c.git/")]
    ['acme/app', 'gitlab.com/a/b/c']
    """
    if url.lower().startswith("file:"):
        return None
    address = r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/]*@)?(\[[^\]]*\]|[^/:]*)(?::\d*)?/(.*)"
    short = r"(?:[^/\s]*@)?(\[[^\]]*\]|[^/:\s]{2,}):(?![/\\]{2})(.*)"
    found = re.match(address, url, re.DOTALL) or re.match(short, url, re.DOTALL)
    if not found:
        return None
    host, path = found[1].lower(), found[2].strip("/").lower()
    path = path.removesuffix(".git").rstrip("/")
    path = re.sub(r"[^\w./~+@-]", "_", path)[:300]
    if not path or not host:
        return None
    return path if _is_github(host) else f"{host}/{path}"


def _is_github(host: str) -> bool:
    """github.com, and the aliases people give it in their ssh configuration: `github-work`, `github.com-work`."""
    return bool(re.fullmatch(r"((www|ssh)\.)?github\.com|github(\.com)?-[\w-]+|github", host))


# ── directories ───────────────────────────────────────────────────────────────────────────────────────────────────


def _entries(directory: str, budget: list[int]) -> list[os.DirEntry[str]]:
    """What lies in a directory, as far as the budget goes; nothing where one may not look."""
    found: list[os.DirEntry[str]] = []
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if budget[0] <= 0:
                    break
                budget[0] -= 1
                found.append(entry)
    except (OSError, ValueError):
        pass
    return found


def _fixed_part(pattern: str) -> tuple[str, list[str]]:
    """A pattern's part without wildcards, and the components after it."""
    parts = [part for part in pattern.split("/") if part not in ("", ".")]
    for number, part in enumerate(parts):
        if any(mark in part for mark in "*?["):
            return "/".join(parts[:number]) if ":" in parts[0] else "/" + "/".join(parts[:number]), parts[number:]
    return pattern, []


def _expand(directory: str, parts: list[str], found: list[str], budget: list[int]) -> None:
    if len(found) >= _MOST:
        return
    if not parts:
        if os.path.lexists(directory):
            found.append(directory)
        return
    part, rest = parts[0], parts[1:]
    if not any(mark in part for mark in "*?["):
        _expand(os.path.join(directory, part) if part != ".." else os.path.dirname(directory), rest, found, budget)
        return
    import fnmatch

    matches = re.compile(fnmatch.translate(part)).match
    deep = part == "**"
    if deep:
        _expand(directory, rest, found, budget) if rest else None
    for entry in sorted(_entries(directory, budget), key=lambda entry: entry.name):
        if entry.name.startswith(".") and not part.startswith("."):
            continue
        if deep and entry.is_dir(follow_symlinks=False):
            _expand(entry.path, parts, found, budget)
        if (deep and not rest) or (not deep and matches(entry.name)):
            _expand(entry.path, rest, found, budget)


def _json_object(text: str | None) -> Any:
    import json

    try:
        return json.loads(text or "")
    except (ValueError, RecursionError):
        return None


def _toml_object(text: str | None) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(text or "")
    except (ValueError, RecursionError):
        return {}


def _named(value: Any) -> str | None:
    name = value.get("name") if isinstance(value, dict) else None
    return name[:214] if isinstance(name, str) and name else None


# ── the machine and its processes ─────────────────────────────────────────────────────────────────────────────────


def machine_name(env: Mapping[str, str]) -> str:
    """A stable name for this machine without a colon: its host name, and a checksum of the id its system gave it.

    `SIDELIGHT_MACHINE` overrides it. The id itself is private and cannot be had back from 32 bits of it.
    """
    said = _plain_name(env.get("SIDELIGHT_MACHINE", ""))
    if said:
        return said
    host = _plain_name((os.uname().nodename if hasattr(os, "uname") else env.get("COMPUTERNAME", "")).partition(".")[0])
    identifier = _machine_id()
    if not identifier:
        return host or "machine"
    # A Mac's host name follows the network it is in; its id does not.
    return f"{'mac' if _system() == 'macos' else host or 'machine'}-{binascii.crc32(b'sidelight' + identifier):08x}"


def _plain_name(text: str) -> str:
    text = text.strip()
    if text and not text.replace("-", "").isalnum():  # most are so, and a pattern costs a hook its compilation
        text = re.sub(r"[^\w.-]+", "-", text)
    return text.strip("-.").lower()[:64]


def _machine_id() -> bytes:
    """What the system tells machines apart by; b'' where it has nothing."""
    for file in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        data = (read_bytes(file, 4096) or b"").strip()
        if data and data != b"uninitialized":
            return data
    return _said_by("sysctl", "-n", "kern.uuid").encode() if _system() == "macos" else _windows_id()


def _windows_id() -> bytes:
    if sys.platform == "win32":
        import winreg

        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SOFTWARE\Microsoft\Cryptography") as key:
                return str(winreg.QueryValueEx(key, "MachineGuid")[0]).encode()
        except OSError:
            pass
    return b""


def _said_by(*command: str) -> str:
    """What a small program of the system prints, '' if it cannot be run."""
    import subprocess

    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=1, check=False)
    except (OSError, ValueError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else ""


def mount_mark(git_dir: str) -> str | None:
    """What tells a repository from all others on this kernel, by whichever path it is mounted: its git directory's
    `description` is written once, when the repository is made. None where there is none.

    Copies (a clone, a snapshot, a layer of an image) have another device, inode, time or boot.
    """
    try:
        found = os.stat(f"{git_dir}/description")
    except (OSError, ValueError):
        return None
    boot = boot_id().partition("/")[0]
    return f"{boot}:{found.st_dev:x}:{found.st_ino:x}:{found.st_mtime_ns:x}" if boot else None


def boot_id() -> str:
    """Within which a process id means one process: the system's start and, where there are such, the namespace of
    process ids (`3f7311a8-…/4026531836`). '' if unknown.
    """
    data = read_bytes("/proc/sys/kernel/random/boot_id", 100)
    if data is None:
        return _said_by("sysctl", "-n", "kern.bootsessionuuid") if _system() == "macos" else ""
    try:
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        namespace = ""
    return f"{data.decode('ascii', 'replace').strip()}/{namespace.removeprefix('pid:[').removesuffix(']')}"


def process_start(pid: int) -> str:
    """When a process began, in the system's own words: with its pid it names it. '' if there is none, or it is over."""
    if pid <= 0:
        return ""
    if not os.path.isdir("/proc/self"):
        return _said_by("ps", "-o", "lstart=", "-p", str(pid)) if _system() != "windows" else ""
    data = (read_bytes(f"/proc/{pid}/stat", 8192) or b"").rpartition(b")")[2].split()
    if len(data) < 20 or data[0] in (b"Z", b"X"):
        return ""
    return data[19].decode("ascii", "replace")


def alive(pid: int, start: str | None, boot: str | None, *, machine: str | None = None) -> bool | None:
    """Does the process that began at `start` still run? None where that cannot be told from here: on another machine,
    after another start of the system, in another namespace of process ids (`boot` is what `boot_id` said there).
    """
    if pid <= 0 or not start or not boot or boot != boot_id():
        return None
    if machine is not None and machine != machine_name(os.environ):
        return None
    return process_start(pid) == start


#: By the first words of its command line: Codex's terminals talk to one such process, which outlives them.
_SERVE_MANY = frozenset(("app-server",))


def ancestor(pid: int, names: Sequence[str]) -> int | None:
    """The nearest process from `pid` upwards that goes by one of these names: an agent program above its hook's shell.
    None where there is none, where looking would mean running a program, and where that process serves many sessions.
    """
    for _ in range(8):
        stat_line = read_bytes(f"/proc/{pid}/stat", 8192) if pid > 1 else None
        if stat_line is None:
            return None
        said = (read_bytes(f"/proc/{pid}/cmdline", 65536) or b"").split(b"\0")[:3]
        called = {os.path.basename(word).decode("utf-8", "replace").partition(".")[0] for word in said}
        if called & set(names):
            return None if called & _SERVE_MANY else pid
        pid = int(stat_line.rpartition(b")")[2].split()[1])
    return None
