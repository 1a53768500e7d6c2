"""On what terms a tree is looked at: no program that the repository names, every shortcut of git's own that it has.

    terms("/repo", "/repo/.git", "/repo/.git", env).collapsed       # True where git caches untracked paths

What `git status` would start by itself, a file-system monitor's hook and content filters, is switched off where the
repository names it; the user's own settings (`git lfs install`) are trusted. A monitor of the file system and a cache
of untracked paths, with which git need not walk a whole tree, are used where they are in use already; none is switched
on, started or written (issue "What really changed", 1).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from sidelight.facts import read_bytes
from sidelight.facts.asking import ask
from sidelight.records import NamedTuple

_LARGEST = 1_000_000

#: What each setting of a filter is replaced by; without `required` git takes the file as it is.
_FILTER = {"clean": "", "smudge": "", "process": "", "required": "false"}


class Terms(NamedTuple):
    """How a tree may be looked at: the `settings` that keep git from running what the repository names, and whether its
    untracked paths are to be asked for `collapsed`, a new directory as one.
    """

    settings: list[tuple[str, str]]
    collapsed: bool


def terms(root: str, git_dir: str, common_dir: str, env: Mapping[str, str]) -> Terms | None:
    """On what terms git runs no program that this repository names; None where that cannot be vouched for."""
    texts = [read_bytes(os.path.join(*place), _LARGEST) for place in _files(git_dir, common_dir)]
    kept = shortcuts(git_dir, texts, env)
    filters = _filters_off(root, texts, env)
    return None if filters is None else Terms([("core.fsmonitor", kept.monitor), *filters], kept.collapsed)


def _filters_off(root: str, texts: list[bytes | None], env: Mapping[str, str]) -> list[tuple[str, str]] | None:
    """Each of the repository's own filters, switched off. Git is asked only where a filter or another file is named."""
    known = b"\n".join(text for text in texts if text is not None).lower()
    if None not in texts and b"filter" not in known and b"include" not in known:
        return []
    said = ask(root, "config", "--list", "--name-only", "--show-scope", "-z", env=env)
    if said.failed:
        return None
    parts = os.fsdecode(said.out).split("\0")
    found: list[tuple[str, str]] = []
    for scope, name in zip(parts[::2], parts[1::2], strict=False):
        section, _, leaf = name.rpartition(".")
        if scope in ("local", "worktree") and section.lower().startswith("filter.") and leaf.lower() in _FILTER:
            found += [(f"{section}.{setting}", value) for setting, value in _FILTER.items()]
    return list(dict.fromkeys(found))


def _files(git_dir: str, common_dir: str) -> list[tuple[str, str]]:
    own = (git_dir, "config.worktree")
    shared = (common_dir, "config")
    return [shared, own] if os.path.lexists(os.path.join(*own)) else [shared]


# ── git's own shortcuts ───────────────────────────────────────────────────────────────────────────────────────────


class Shortcuts(NamedTuple):
    """`monitor` is the value of `core.fsmonitor` to look with. `collapsed`: git remembers untracked paths, but only as
    it lists them by default, a new directory as one `dir/`.
    """

    monitor: str = "false"
    collapsed: bool = False


def shortcuts(git_dir: str, texts: list[bytes | None], env: Mapping[str, str]) -> Shortcuts:
    """What a repository with these settings files has; where one could not be read (None), no program is run."""
    here = _plain(texts)
    files = {file: read_bytes(file, _LARGEST) for file in own_files(env)}
    own = _plain(files.values())
    collapsed = any(word in here + own for word in (b"untrackedcache=true", b"manyfiles=true"))
    if b"fsmonitor=true" in here or (b"fsmonitor=true" in own and b"fsmonitor" not in here):
        # Git starts its own monitor when it is asked for one; here it is only listened to.
        running = os.path.lexists(os.path.join(git_dir, "fsmonitor--daemon.ipc"))
        return Shortcuts("true" if running else "false", collapsed)
    if b"fsmonitor" in own and None not in texts and b"fsmonitor" not in here and b"include" not in here:
        return Shortcuts(_program(files, env), collapsed)
    return Shortcuts("false", collapsed)


def _plain(texts: Iterable[bytes | None]) -> bytes:
    return b"\n".join(text for text in texts if text is not None).lower().replace(b" ", b"")


def own_files(env: Mapping[str, str]) -> list[str]:
    """The user's own settings files, the one that counts most last (git-config(1), FILES)."""
    named = env.get("GIT_CONFIG_GLOBAL")
    if named is not None:
        return [named] if named else []
    home = env.get("HOME", "")
    folder = env.get("XDG_CONFIG_HOME") or (os.path.join(home, ".config") if home else "")
    return [os.path.join(folder, "git", "config")] * bool(folder) + [os.path.join(home, ".gitconfig")] * bool(home)


def _program(files: Mapping[str, bytes | None], env: Mapping[str, str]) -> str:
    """The monitor that the user's own settings name, by a whole path: any other may lead into the repository."""
    for file in reversed([file for file, text in files.items() if text and b"fsmonitor" in text.lower()]):
        said = ask(os.sep, "config", "--file", file, "--get", "core.fsmonitor", env=env)
        value = os.fsdecode(said.out).strip()
        if not said.failed and value:
            return value if value.startswith((os.sep, "~" + os.sep)) else "false"
    return "false"
