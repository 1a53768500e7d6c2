"""Stand-ins that tests share. `FakeFacts` answers what git and the machine would say, from what a test wrote down."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from sidelight.targets import glob_matches, normal_path

NOTHING: Mapping[str, str] = MappingProxyType({})


class FakeFacts:
    """A machine with one repository `/repo` (remote `acme/app`, branch `main`), unless the test says otherwise.

        FakeFacts()                                                    # standing in /repo
        FakeFacts(trees=["/repo", "/repo-wt"])                         # a linked worktree: shares /repo/.git
        FakeFacts(trees={"/repo": {}, "/other": {"remote": "acme/other", "common_dir": "/other/.git"}})
        FakeFacts(trees=[], remote=None)                               # no repository at all
        FakeFacts(files={"/repo/package.json": '{"name": "app"}'}, links={"/repo/node_modules": "/shared/nm"})

    A tree's own `branch`, `remote` and `common_dir` win over the common ones. Directories follow from `files`, `trees`
    and `directories`; whatever else is asked is not known (None).
    """

    def __init__(
        self,
        cwd: str = "/repo",
        *,
        machine: str = "m1",
        os: str = "linux",
        env: Mapping[str, str] = NOTHING,
        trees: Iterable[str] | Mapping[str, Mapping[str, str | None]] = ("/repo",),
        remote: str | None = "acme/app",
        branch: str | None = "main",
        scope: str = "home",
        links: Mapping[str, str] = NOTHING,
        files: Mapping[str, str] = NOTHING,
        directories: Iterable[str] = (),
        aliases: Mapping[str, str] = NOTHING,
        upstreams: Mapping[str, tuple[str, str]] | None = None,
        packages: Mapping[tuple[str, str], str] | None = None,
    ) -> None:
        self.machine, self.os, self.scope = machine, os, scope
        self.env: Mapping[str, str] = dict(env)
        self._remote, self._branch = remote, branch
        self._aliases, self._upstreams, self._packages = aliases, upstreams or {}, packages or {}
        self._links = {self._plain(link): target for link, target in links.items()}
        self._files = {self._plain(name): text for name, text in files.items()}
        told = trees if isinstance(trees, Mapping) else dict.fromkeys(trees, NOTHING)
        self._trees = {self._plain(root): dict(about) for root, about in told.items()}
        self._directories = {self._plain(name) for name in directories} | set(self._trees)
        for name in [*self._files, *self._directories]:
            self._directories.update(_parents(name))
        self.cwd = self.real(cwd) if cwd else ""

    def _plain(self, path: str) -> str:
        return normal_path(path, windows=self.os == "windows")

    def _absolute(self, path: str) -> bool:
        return path.startswith("/") or (self.os == "windows" and bool(re.match(r"[A-Za-z]:[\\/]|\\", path)))

    # ── where the session stands ──────────────────────────────────────────────────────────────────────────────────

    @property
    def worktree(self) -> str | None:
        holding = [root for root in self._trees if self.cwd == root or self.cwd.startswith(root.rstrip("/") + "/")]
        return max(holding, key=len, default=None)

    def _about(self, what: str, otherwise: str | None) -> str | None:
        return self._trees[self.worktree].get(what, otherwise) if self.worktree else None

    @property
    def common_dir(self) -> str | None:
        return self._about("common_dir", f"{next(iter(self._trees), '')}/.git")

    @property
    def remote(self) -> str | None:
        return self._about("remote", self._remote)

    @property
    def branch(self) -> str | None:
        return self._about("branch", self._branch)

    def at(self, directory: str) -> FakeFacts:
        moved = copy.copy(self)
        moved.cwd = self.real(directory)
        return moved

    # ── what is on the disk ───────────────────────────────────────────────────────────────────────────────────────

    def real(self, path: str) -> str:
        if path == "~" or path.startswith("~/"):
            path = self.env.get("HOME", "/home/me") + path[1:]
        if not self._absolute(path):
            path = f"{self.cwd}/{path}"
        return self._resolve(path, follow=8)

    def _resolve(self, path: str, follow: int) -> str:
        """Component by component, because `link/..` is the parent of where the link leads."""
        done = ""
        drive = self.os == "windows" and path[1:2] == ":"
        for part in re.split(r"[\\/]" if self.os == "windows" else "/", path):
            if part in ("", "."):
                continue
            if part == "..":
                done = done.rpartition("/")[0]
                continue
            done = part if drive and not done else f"{done}/{part}"
            target = self._links.get(self._plain(done))
            if target is not None and follow:
                done = self._resolve(target if self._absolute(target) else f"{done}/../{target}", follow - 1)
        return self._plain(done)

    def is_dir(self, path: str) -> bool | None:
        where = self.real(path)
        return True if where in self._directories else False if where in self._files else None

    def read(self, path: str, limit: int = 65536) -> str | None:
        text = self._files.get(self.real(path))
        return None if text is None or len(text) > limit else text

    def glob(self, pattern: str) -> Sequence[str]:
        whole = pattern if self._absolute(pattern) else f"{self.cwd}/{pattern}"
        there = [*self._files, *self._directories, *self._links]
        return sorted({name for name in there if glob_matches(self._plain(whole), name)})[:200]

    def links_in(self, directory: str) -> Sequence[str]:
        inside = re.compile(re.escape(self.real(directory)) + r"/(@[^/]+/)?[^/]+")
        return sorted(self._resolve(target, 8) for link, target in self._links.items() if inside.fullmatch(link))

    # ── what git and the package managers know ────────────────────────────────────────────────────────────────────

    def git_alias(self, name: str) -> str | None:
        return self._aliases.get(name)

    def worktrees(self) -> Sequence[str]:
        here = self.common_dir
        return [root for root in self._trees if here is None or self.at(root).common_dir == here]

    def upstream(self, branch: str) -> tuple[str, str] | None:
        return self._upstreams.get(branch)

    def package(self, registry: str, directory: str) -> str | None:
        return self._packages.get((registry, self.real(directory)))


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:number]) for number in range(1, len(parts)) if parts[:number] != [""]]
