"""How one git command stands: in which tree, on which branch, in which repository, and which paths its words name."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sidelight import targets
from sidelight.actions import DESTROYS, REPLACES, SWITCHES, USES, Draft, Touch
from sidelight.effects import UNKNOWN, Command, Effects, touching
from sidelight.effects.options import Words, split
from sidelight.effects.places import parent, summary
from sidelight.facts import Facts
from sidelight.records import NamedTuple


class Here(NamedTuple):
    """One git command, its global options already applied: the words from the verb on, and where it works.

    `root` is the working tree, `common` the git directory its worktrees share, `branch` what is checked out when this
    command's turn comes. `private` is True where it uses an index of its own (GIT_INDEX_FILE).
    """

    argv: tuple[str, ...]
    command: Command
    facts: Facts
    root: str
    common: str
    branch: str | None
    private: bool = False

    @property
    def tree(self) -> str:
        return targets.tree(self.facts.machine, self.root)

    @property
    def gitdir(self) -> str:
        return targets.gitdir(self.facts.machine, self.common)

    @property
    def stash(self) -> str:
        return targets.stash(self.facts.machine, self.common)

    @property
    def local(self) -> str:
        return f"{self.facts.machine}:{self.common}"

    def on_tree(self, kind: str, effect: str, value: object = None, words: str = "") -> Effects:
        """One draft that touches the whole tree."""
        return self.effects(kind, self.root, Touch(self.tree, effect, value), words=words)

    def effects(
        self, kind: str, target: str | None, *touches: Touch, words: str = "", quiet: bool | None = None
    ) -> Effects:
        return Effects((self.draft(kind, target, *touches, words=words, quiet=quiet),))

    def draft(
        self, kind: str, target: str | None, *touches: Touch, words: str = "", quiet: bool | None = None
    ) -> Draft:
        if kind in _DISCARDS and self.facts.common_dir and touches[:1] and touches[0][:2] == (self.tree, DESTROYS):
            touches = (*touches, Touch(self.stash, USES))  # an entry of others that was popped here is discarded too
        return Draft(kind, target=target, touches=touches, summary=summary(self.command), words=words, quiet=quiet)

    def switched(self, branch: str | None, *, force: bool) -> Effects:
        """Another branch (or commit) is checked out; by force, whatever was not committed."""
        known = branch if branch and UNKNOWN not in branch and branch != "-" else None
        switch = Touch(self.tree, SWITCHES, {"branch": known} if known else None)
        if force:
            return self.effects("tree-reset", self.root, Touch(self.tree, DESTROYS), switch)
        return self.effects("tree-switch", self.root, switch)

    def config_written(self, key: str | None = None) -> Effects:
        """What all working trees of the repository share was changed."""
        return self.effects("git-config", self.common, *shared_config(self.facts, self.gitdir, key))

    def unsure(self) -> Effects:
        """Something was done, and not to anything that could be named."""
        return Effects((Draft("command", summary=summary(self.command)),), unknown=True)


_DISCARDS = frozenset({"tree-reset", "tree-clean", "tree-restore"})


def shared_config(facts: Facts, gitdir: str, key: str | None) -> tuple[Touch, ...]:
    """A write to what all working trees of a repository share reaches whoever works in one of them."""
    trees = (Touch(targets.tree(facts.machine, root), REPLACES, {"config": key}) for root in facts.worktrees())
    return (Touch(gitdir, REPLACES, key), *trees)


# ── global options ────────────────────────────────────────────────────────────────────────────────────────────────

_GLOBAL_VALUED = frozenset(
    "-C -c --git-dir --work-tree --namespace --super-prefix --exec-path --config-env --attr-source"
    " --shallow-file".split()
)
SWITCH_VALUED = frozenset(
    "-b -B -c -C --orphan --create --force-create --conflict --pathspec-from-file -s --source".split()
)


def globals_and_verb(words: tuple[str, ...]) -> tuple[list[tuple[str, str]], tuple[str, ...]]:
    """The options before the verb, and the words from the verb on."""
    given: list[tuple[str, str]] = []
    at = 0
    while at < len(words) and words[at].startswith("-") and words[at] not in ("--version", "--help", "-h", "-v"):
        name, equals, value = words[at].partition("=")
        if not equals and name in _GLOBAL_VALUED and name != "--exec-path":
            at += 1
            value = words[at] if at < len(words) else ""
        given.append((name, value))
        at += 1
    return given, words[at:]


def stand(given: list[tuple[str, str]], verb: tuple[str, ...], command: Command, facts: Facts) -> Here:
    for name, value in given:
        if name == "-C" and value:
            facts = facts.at(value)
    git_dir = dict(given).get("--git-dir") or facts.env.get("GIT_DIR")
    work_tree = dict(given).get("--work-tree") or facts.env.get("GIT_WORK_TREE")
    root, common = facts.worktree or facts.cwd, facts.common_dir
    branch = facts.branch
    if git_dir:
        place = facts.real(git_dir)
        owner = facts.at(parent(place) if place.endswith("/.git") else place)
        common = owner.common_dir or place
        root = root if facts.common_dir == common else facts.cwd
        branch = owner.branch
        if owner.common_dir and not work_tree:
            facts = owner if facts.common_dir != common else facts
    if work_tree:
        root = facts.real(work_tree)
    if facts.cwd != root and not facts.cwd.startswith(root.rstrip("/") + "/"):
        facts = facts.at(root)  # git goes to the root of a tree it does not stand in
    branch = _branch_after(command.before, branch)
    return Here(verb, command, facts, root, common or f"{root}/.git", branch, "GIT_INDEX_FILE" in facts.env)


def _branch_after(before: tuple[tuple[str, ...], ...], branch: str | None) -> str | None:
    """The branch after what ran earlier on the line: `git checkout -b x && git push -u origin HEAD`."""
    for argv in before:
        if argv[:1] != ("git",):
            continue
        _, verb = globals_and_verb(argv[1:])
        if verb[:1] == ("switch",) or (verb[:1] == ("checkout",) and "--" not in verb):
            words = split(verb, valued=SWITCH_VALUED)
            made = words.value("-b", "-B", "-c", "-C", "--orphan")
            if made or (len(words.plain) == 1 and verb[0] == "switch" and not words.has("-d", "--detach")):
                branch = made or words.plain[0]
    return branch


# ── paths ─────────────────────────────────────────────────────────────────────────────────────────────────────────

_FILE_NAME = re.compile(
    r"(^|/)([^/]+\.(py|pyi|js|jsx|mjs|cjs|ts|tsx|vue|svelte|json|jsonc|ya?ml|toml|lock|md|mdx|txt|rst|go|rs|rb|php|java|kt|kts"
    r"|c|h|cc|cpp|hpp|cs|swift|scala|clj|ex|exs|erl|hs|lua|pl|sh|bash|zsh|ps1|sql|html?|css|s[ac]ss|less|xml|csv|svg|png"
    r"|jpe?g|gif|ini|cfg|conf|env|proto|graphql|tf|tfvars|ipynb|prisma|gradle|properties|log|snap|orig|rej|patch|diff)"
    r"|Makefile|Dockerfile|Gemfile|Rakefile|Procfile|Justfile|LICENSE|\.gitignore|\.env)$"
)


def is_path(word: str, facts: Facts) -> bool:
    """Would git take this word for a path? Known files and directories, patterns, and names no branch has."""
    if UNKNOWN in word or not word:
        return False
    if word in (".", "..") or word.startswith(("./", "../", "/", "~/", ":/", ":(", ":!", ":^")) or word.endswith("/"):
        return True
    if re.search(r"[*?]", word):
        return True
    if re.search(r"[\^~:]|@\{", word):
        return False
    return (
        bool(facts.is_dir(word))
        or bool(facts.glob(word))
        or facts.read(word) is not None
        or bool(_FILE_NAME.search(word))
    )


def paths_of(words: Iterable[str], here: Here) -> list[str] | None:
    """The absolute places that pathspecs name; None if they take the whole working tree (`.` at its root, `:/`)."""
    found: list[str] = []
    given = [word for word in words if not re.match(r":([!^]|\([^)]*exclude)", word)]
    if not given:
        return None
    for word in given:
        place = _place(word, here)
        if place == here.root:
            return None
        if place:
            found.append(place)
    return found


def _place(word: str, here: Here) -> str | None:
    magic = re.match(r":(/|\((top|[^)]*\btop)[^)]*\))(.*)", word)
    if magic:
        word = f"{here.root}/{magic[3]}"
    word = re.sub(r"^:\([^)]*\)", "", word)
    if word in ("*", "**") or word.endswith(("/*", "/**")):
        word = word.rstrip("*").rstrip("/") or "."
    elif "*" in word and "/" not in word:
        word = f"**/{word}"  # a pathspec's `*` crosses directories
    return touching.real(word, here.facts)


def touches_of(places: Iterable[str], effect: str, here: Here) -> list[Touch]:
    return [touch for touch in (touching.touch(place, effect, here.facts) for place in places) if touch]


def names_of(places: list[str], here: Here) -> str | None:
    below = here.root.rstrip("/") + "/"
    names = [place.removeprefix(below) for place in places]
    return f"{names[0]} and {len(names) - 1} more" if len(names) > 1 else names[0] if names else None


def on_paths(
    words: Iterable[str], here: Here, kind: str, effect: str, *, whole: str | None = None, value: object = None
) -> Effects:
    """A verb on pathspecs: of `kind` on each path, of kind `whole` where they take the whole tree."""
    words = list(words)
    places = paths_of(words, here)
    if places is None:
        return here.on_tree(whole or kind, effect, value)
    found = here.effects(kind, names_of(places, here), *touches_of(places, effect, here))
    return (
        found._replace(unknown=True) if len(places) < len(words) and any(UNKNOWN in word for word in words) else found
    )


def pathspecs(words: Words, here: Here, plain: Iterable[str]) -> tuple[str, ...]:
    """Pathspecs of the line and of `--pathspec-from-file`."""
    listed = words.value("--pathspec-from-file")
    if not listed:
        return (*plain, *words.rest)
    text = here.command.stdin if listed == "-" else here.facts.read(listed)
    return (*plain, *words.rest, *((text or UNKNOWN).split("\n") if text else [UNKNOWN]))
