"""What git commands do to working trees, the index, the stash, branches and the shared git directory.

    read(Command(("git", "stash")), facts).drafts     # the stash gets an entry, the tree loses its uncommitted work

`_VERBS` says for every verb of `git help -a` who reads it. Where a word may be a branch or a path, git looks at both;
here a path is what stands after `--`, what is known to exist, or what can only be a file's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sidelight import targets
from sidelight.actions import ADDS, COMMITS, DESTROYS, EDITS, PUSHES, REPLACES, STAGES, SWITCHES, USES, Touch
from sidelight.effects import UNKNOWN, Command, Effects, branches, files, touching
from sidelight.effects.files import writing
from sidelight.effects.options import Words, split
from sidelight.effects.places import summary
from sidelight.effects.repository import (
    SWITCH_VALUED,
    Here,
    globals_and_verb,
    is_path,
    names_of,
    on_paths,
    paths_of,
    pathspecs,
    stand,
    touches_of,
)
from sidelight.facts import Facts

NOTHING = Effects()
READ = Effects(reads=True)


Verb = Callable[[Here], "Effects | None"]

# ── from the command to the verb ──────────────────────────────────────────────────────────────────────────────────

PROGRAMS = frozenset(
    "git gitk tig git-gui git-lfs git-filter-repo git-absorb git-crypt svn hg husky lefthook pre-commit bfg".split()
)


def read(command: Command, facts: Facts) -> Effects | None:
    """What one git command does; None for a verb that neither git nor this repository's aliases know."""
    name = command.argv[0]
    if name in ("gitk", "tig", "git-gui"):
        return READ
    if name in _OTHER:
        return _OTHER[name](command, facts)
    words = command.argv[1:] if name == "git" else (name.removeprefix("git-"), *command.argv[1:])
    return _read(words, command, facts, depth=0)


def _read(words: tuple[str, ...], command: Command, facts: Facts, depth: int) -> Effects | None:
    given, verb = globals_and_verb(words)
    if not verb or verb[0] in ("--version", "--help", "-h", "-v") or verb[1:2] in (("--help",), ("-h",)):
        return READ
    here = stand(given, verb, command, facts)
    row = _VERBS.get(verb[0])
    if row is not None:
        return row(here)
    return _alias(given, verb, here, depth)


def _alias(given: list[tuple[str, str]], verb: tuple[str, ...], here: Here, depth: int) -> Effects | None:
    told = [value.partition("=")[2] for name, value in given if name == "-c" and value.startswith(f"alias.{verb[0]}=")]
    text = told[-1] if told else here.facts.git_alias(verb[0])
    if not text or depth > 5:
        return None
    words = _words(text.lstrip("!"))
    if not text.startswith("!"):
        return _read((*words, *verb[1:]), here.command, here.facts, depth + 1) if words else None
    if words[:1] != ["git"] or re.search(r"[;&|<>$`()]", text):
        return None
    top = here.facts.at(here.root)
    return _read((*words[1:], *verb[1:]), here.command, top, depth + 1)


def _words(text: str) -> list[str]:
    import shlex

    try:
        return shlex.split(text)
    except ValueError:
        return []


# ── the working tree ──────────────────────────────────────────────────────────────────────────────────────────────


#: The branch stays where it is, only what was staged is not any more.
_INDEX_ONLY = {"index": True}


def _reset(here: Here) -> Effects:
    """`--hard`, `--merge` and `--keep` throw work away; the other modes move the branch, or unstage paths."""
    words = split(here.argv, valued=("--pathspec-from-file",))
    plain = words.plain
    if words.has("--hard", "--merge", "--keep"):
        return here.on_tree("tree-reset", DESTROYS, {"to": plain[0].replace(UNKNOWN, "…")} if plain else None)
    commit = () if plain and is_path(plain[0], here.facts) else plain[:1]
    paths = pathspecs(words, here, plain[len(commit) :])
    if paths:
        return on_paths(paths, here, "stage", STAGES)
    if here.private:
        return here.effects("stage", here.root)
    stays = not commit or commit == ("HEAD",)
    return here.on_tree("head-move", SWITCHES, _INDEX_ONLY if stays and not words.has("--soft") else None)


def _checkout(here: Here) -> Effects:
    words = split(here.argv, valued=SWITCH_VALUED)
    force = words.has("-f", "--force")
    plain = words.plain
    if words.has("-b", "-B", "--orphan", "--detach", "-d", "--track", "-t") or words.value("-b", "-B"):
        return here.switched(words.value("-b", "-B", "--orphan") or (plain[0] if plain else None), force=force)
    dashes = "--" in here.argv
    if not plain and not words.rest and not words.has("--pathspec-from-file"):
        return here.on_tree("tree-reset", DESTROYS) if force else READ
    first_is_path = bool(plain) and not dashes and is_path(plain[0], here.facts)
    paths = pathspecs(words, here, plain if first_is_path else plain[1:])
    if paths:
        source = plain[0] if plain and not first_is_path else None
        return on_paths(paths, here, "restore", DESTROYS, whole="tree-restore", value=_taken_from(source))
    if words.has("-p", "--patch"):
        return here.on_tree("tree-restore", DESTROYS)
    return here.switched(plain[0] if plain else None, force=force)


def _switch(here: Here) -> Effects:
    words = split(here.argv, valued=SWITCH_VALUED)
    made = words.value("-c", "-C", "--create", "--force-create", "--orphan")
    if not made and not words.plain and not words.has("-d", "--detach"):
        return NOTHING
    force = words.has("-f", "--force", "--discard-changes")
    return here.switched(made or words.verb() or None, force=force)


def _restore(here: Here) -> Effects:
    words = split(here.argv, valued=("-s", "--source", "--conflict", "--pathspec-from-file"))
    paths = pathspecs(words, here, words.plain)
    if not paths and not words.has("-p", "--patch"):
        return NOTHING
    if words.has("-S", "--staged") and not words.has("-W", "--worktree"):
        places = paths_of(paths, here)
        if places is None:
            return here.on_tree("head-move", SWITCHES, _INDEX_ONLY)
        return on_paths(paths, here, "stage", STAGES)
    source = words.value("-s", "--source")
    return on_paths(paths, here, "restore", DESTROYS, whole="tree-restore", value=_taken_from(source))


def _taken_from(source: str | None) -> dict[str, str] | None:
    """Restored from another commit than the one checked out: it may bring back what was discarded on purpose."""
    return {"from": source} if source and source not in ("HEAD", "@") else None


def _clean(here: Here) -> Effects:
    """Without `-f` it refuses. `-x` takes ignored files too, and with `-d` whole dependency trees."""
    words = split(here.argv, valued=("-e", "--exclude"))
    if words.has("-n", "--dry-run"):
        return READ
    if not words.has("-f", "--force", "-i", "--interactive") and not _told(here, "clean.requireforce"):
        return NOTHING
    paths = words.after(0)
    if paths and paths_of(paths, here) is not None:
        return on_paths(paths, here, "tree-clean", DESTROYS)
    ignored = "only" if words.has("-X") else "too" if words.has("-x") else None
    touches = [Touch(here.tree, DESTROYS, {"ignored": ignored} if ignored else None)]
    if ignored and words.has("-d"):
        trees = (f"{here.root}/{name}" for name in ("node_modules", ".venv"))
        known = (here.facts.real(tree) for tree in trees if here.facts.is_dir(tree) is not False)
        touches += [Touch(f"deps:{here.facts.machine}:{tree}", DESTROYS) for tree in known]
    return here.effects("tree-clean", here.root, *touches)


def _told(here: Here, setting: str) -> bool:
    return any(word.lower().startswith(setting + "=") for word in here.command.argv)


_SEQUENCER_VALUED = frozenset(
    "-m --message -F --file -s --strategy -X --strategy-option -S --onto -x --exec --cleanup --log"
    " --mainline --into-name".split()
)


def _merge(here: Here) -> Effects:
    """Merge, rebase and their kin put other content underneath whoever works in the tree.

    `ends`: one that was under way is over; `abort`: with all that was committed meanwhile. `running`: it goes on.
    """
    words = split(here.argv, valued=_SEQUENCER_VALUED, attached=("-r", "-C", "-p"))
    if words.has("--dry-run", "--show-current-patch"):
        return READ
    if words.has("--edit-todo"):
        return NOTHING
    if words.has("--abort"):
        return here.on_tree("tree-merge", DESTROYS, {"ends": True, "abort": True})
    if words.has("--quit"):  # it leaves the tree as it is
        return here.effects("tree-merge", here.root, Touch(here.tree, USES, {"ends": True}), quiet=True)
    ends = words.has("--continue", "--skip")
    value = {"ends": True} if ends else {"running": True} if _goes_on(words, here) else None
    return here.on_tree("tree-merge", SWITCHES, value, words=" ".join(words.values("-m", "--message")))


_EDITORS = ("GIT_SEQUENCE_EDITOR", "GIT_EDITOR")


def _goes_on(words: Words, here: Here) -> bool:
    """Is the tree in the middle of a rebase from now on? In the background, or while somebody edits its list."""
    if here.argv[0] != "rebase":
        return False
    by_hand = not any(name in here.facts.env for name in _EDITORS) and not _told(here, "sequence.editor")
    return here.command.background or (words.has("-i", "--interactive") and by_hand)


def _bisect(here: Here) -> Effects:
    word = split(here.argv).verb()
    return READ if word in ("", "log", "view", "visualize", "terms", "help") else here.on_tree("tree-switch", SWITCHES)


def _sparse_checkout(here: Here) -> Effects:
    word = split(here.argv).verb()
    return READ if word in ("", "list", "check-rules") else here.on_tree("tree-switch", SWITCHES)


def _read_tree(here: Here) -> Effects:
    words = split(here.argv, valued=("--prefix", "--index-output", "--exclude-per-directory"))
    if words.has("-n", "--dry-run"):
        return READ
    if words.has("-u"):
        return here.on_tree(*(("tree-reset", DESTROYS) if words.has("--reset") else ("tree-switch", SWITCHES)))
    if here.private or words.has("--index-output"):
        return NOTHING
    return here.on_tree("head-move", SWITCHES, _INDEX_ONLY)


def _checkout_index(here: Here) -> Effects:
    words = split(here.argv, valued=("--prefix", "--stage"))
    prefix = words.value("--prefix")
    if prefix:
        return Effects(touching.file_drafts("copy-over", REPLACES, prefix, here.facts, summary(here.command)))
    if not words.has("-f", "--force"):
        return NOTHING
    if words.has("-a", "--all", "--stdin"):
        return here.on_tree("tree-restore", DESTROYS)
    return on_paths(words.after(0), here, "restore", DESTROYS) if words.after(0) else NOTHING


def _submodule(here: Here) -> Effects | None:
    words = split(here.argv, valued=("-b", "--branch", "--reference", "--depth", "--jobs", "-j", "--name"))
    word, paths = words.verb(), words.after(1)
    if word in ("", "status", "summary"):
        return READ
    if word == "foreach":
        return _in_submodules(here)
    if word in ("sync", "init", "set-url", "set-branch"):
        return here.config_written()
    if word == "deinit":
        roots = _submodules(here, () if words.has("--all") else paths) if paths or words.has("--all") else []
        trees = [Touch(targets.tree(here.facts.machine, root), DESTROYS) for root in roots]
        gone = touches_of(roots, DESTROYS, here)
        return here.effects("tree-remove", names_of(roots, here), *trees, *gone) if roots else NOTHING
    if word == "add":
        return Effects(touching.edited(f"{here.root}/.gitmodules", here.facts, summary(here.command)))
    if word != "update":
        return NOTHING
    roots = _submodules(here, paths)
    kind, effect = ("tree-reset", DESTROYS) if words.has("-f", "--force") else ("tree-switch", SWITCHES)
    touches = [Touch(targets.tree(here.facts.machine, root), effect) for root in roots]
    return here.effects(kind, names_of(roots, here) or here.root, *touches)


def _submodules(here: Here, paths: tuple[str, ...]) -> list[str]:
    """The roots of the submodules that are named; of all that `.gitmodules` lists if none is."""
    if paths:
        return paths_of(paths, here) or []
    text = here.facts.read(f"{here.root}/.gitmodules") or ""
    return [f"{here.root}/{name}" for name in re.findall(r"^\s*path\s*=\s*(\S+)", text, re.MULTILINE)]


def _in_submodules(here: Here) -> Effects:
    """`git submodule foreach CMD`: CMD in each of them that is checked out."""
    from sidelight.effects import shell, subjects

    words = here.argv[here.argv.index("foreach") + 1 :]
    while words and words[0] in ("--recursive", "-q", "--quiet", "--"):
        words = words[1:]
    places = [here.facts.at(root) for root in _submodules(here, ())]
    places = [place for place in places if place.worktree == place.cwd] or [here.facts]
    each = []
    for place in places:
        found, followed = shell.commands(" ".join(words), place)
        each.append(subjects.together(found, place, followed=followed))
    if all(one.reads for one in each):
        return READ
    if places == [here.facts]:
        return here.unsure()
    return Effects(tuple(draft for one in each for draft in one.drafts), unknown=any(one.unknown for one in each))


def _rewrite_history(here: Here) -> Effects:
    """All branches get new commits, and the tree is reset to them."""
    words = split(here.argv)
    if words.has("--dry-run", "--analyze"):
        return READ
    touches = (Touch(here.tree, DESTROYS), Touch(here.gitdir, REPLACES))
    return here.effects("tree-reset", here.root, *touches)


# ── stash ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _stash(here: Here) -> Effects:
    words = split(here.argv, valued=("-m", "--message", "--pathspec-from-file"))
    word = words.verb()
    if word in ("list", "show", "create", "export"):
        return READ
    if word in ("pop", "apply", "branch"):
        return _stash_pop(here, word, words)
    if word in ("drop", "clear"):
        value = {"all": True} if word == "clear" else {"entry": _entry(words.verb(1))}
        return here.effects("stash-drop", here.root, Touch(here.stash, DESTROYS, value))
    if word in ("store", "import"):
        return here.effects("stash-push", here.root, Touch(here.stash, ADDS))
    paths = pathspecs(words, here, words.plain[1:] if word == "push" else ())
    subject = " ".join((*words.values("-m", "--message"), *(words.plain[1:] if word == "save" else ())))
    places = paths_of(paths, here)
    taken = [Touch(here.tree, DESTROYS, {"staged": True} if words.has("-S", "--staged") else None)]
    if places is not None:
        taken = touches_of(places, DESTROYS, here)
    return here.effects("stash-push", here.root, Touch(here.stash, ADDS), *taken, words=subject)


def _stash_pop(here: Here, word: str, words: Words) -> Effects:
    value: dict[str, object] = {"entry": _entry(words.verb(2 if word == "branch" else 1))}
    if word == "apply":
        value["keeps"] = True
    effect = SWITCHES if word == "branch" else EDITS
    return here.effects("stash-pop", here.root, Touch(here.stash, DESTROYS, value), Touch(here.tree, effect))


def _entry(word: str) -> str | None:
    """`1` and `stash@{1}` are one entry."""
    return f"stash@{{{word}}}" if word.isdigit() else word or None


# ── linked working trees ──────────────────────────────────────────────────────────────────────────────────────────


def _worktree(here: Here) -> Effects | None:
    words = split(here.argv, valued=("-b", "-B", "--reason", "--expire", "--orphan"))
    word = words.verb()
    if word in ("", "list"):
        return READ
    if word == "add":
        made = words.value("-b", "-B") or (
            words.plain[1].rstrip("/").rpartition("/")[2] if len(words.plain) == 2 else None
        )
        if not made or words.has("--detach", "-d") or UNKNOWN in made:
            return here.effects("ref-create", words.verb(1) or None, quiet=True)
        effect = REPLACES if words.has("-B") else ADDS
        return here.effects("ref-create", made, Touch(targets.ref(here.local, made), effect), quiet=True)
    if word in ("remove", "move"):
        return _tree_removed(here, words.verb(1))
    return NOTHING if word in ("prune", "lock", "unlock", "repair") else None


def _tree_removed(here: Here, word: str) -> Effects:
    """The tree may be named by its path or by the end of it."""
    place = touching.real(word, here.facts)
    if place is None:
        return here.unsure()._replace(drafts=(here.draft("tree-remove", None),))
    known = here.facts.worktrees()
    if place not in known:
        ends = [root for root in known if root.endswith("/" + word.strip("/"))]
        place = ends[0] if len(ends) == 1 else place
    gone = Touch(targets.path(here.facts.machine, place), DESTROYS)
    return here.effects("tree-remove", place, Touch(targets.tree(here.facts.machine, place), DESTROYS), gone)


# ── index and commits ─────────────────────────────────────────────────────────────────────────────────────────────


def _add(here: Here) -> Effects:
    words = split(here.argv, valued=("--chmod", "--pathspec-from-file"))
    if words.has("-n", "--dry-run"):
        return READ
    paths = pathspecs(words, here, words.plain)
    if words.has("--refresh") or not (
        paths or words.has("-A", "--all", "-u", "--update", "--renormalize", "-p", "-i", "-e")
    ):
        return NOTHING
    by_hand = not paths and words.has("-p", "--patch", "-i", "--interactive", "-e", "--edit")
    if here.private or by_hand:
        return here.effects("stage", names_of(list(paths), here) or here.root)
    return on_paths(paths, here, "stage", STAGES)


_COMMIT_VALUED = frozenset(
    "-m --message -F --file -C -c --reuse-message --reedit-message --fixup --squash --author --date -t --template"
    " --cleanup"
    " --trailer --pathspec-from-file".split()
)


def _commit(here: Here) -> Effects:
    """`-a` takes all that is dirty, pathspecs only those files, and a plain commit what is staged, whoever did that."""
    words = split(here.argv, valued=_COMMIT_VALUED, attached=("-S", "-u"))
    if words.has("--dry-run", "--short", "--porcelain", "--long"):
        return READ
    paths = pathspecs(words, here, words.plain)
    takes = "index"
    touches: list[Touch] = []
    if words.has("-a", "--all"):
        takes = "all"
        touches.append(Touch(here.tree, STAGES))
    elif paths:
        takes = "index" if words.has("-i", "--include") else "paths"
        places = paths_of(paths, here)
        takes = "all" if places is None else takes
        touches += [Touch(here.tree, STAGES)] if places is None else touches_of(places, COMMITS, here)
    elif words.has("-o", "--only"):
        takes = "paths"  # `commit --amend -o`: the message alone
    value: dict[str, object] = {"takes": takes}
    if words.has("--amend"):
        value["amend"] = True
    if here.private:
        value["private_index"] = True
    message = words.value("-F", "--file")
    subject = " ".join(words.values("-m", "--message")) or ((here.command.stdin or "")[:400] if message == "-" else "")
    made = here.draft("commit", here.root, Touch(here.tree, COMMITS, value), *touches, words=subject)
    used = touching.used(message, here.facts, summary(here.command)) if message and message != "-" else ()
    return Effects((*used, made))


def _stage_paths(here: Here) -> Effects:
    words = split(here.argv, valued=("--cacheinfo", "--chmod", "--index-version"))
    if words.has("--refresh", "--really-refresh", "--show-index-version") or here.private:
        return NOTHING
    if words.has("--index-info", "--stdin", "-z"):
        return here.effects("stage", here.root)
    return on_paths(words.after(0), here, "stage", STAGES) if words.after(0) else NOTHING


def _rm(here: Here) -> Effects:
    words = split(here.argv, valued=("--pathspec-from-file",))
    if words.has("-n", "--dry-run"):
        return READ
    paths = pathspecs(words, here, words.plain)
    if not paths:
        return NOTHING
    if words.has("--cached"):
        return on_paths(paths, here, "stage", STAGES)
    return on_paths(paths, here, "delete", DESTROYS)


def _mv(here: Here) -> Effects:
    words = split(here.argv)
    if words.has("-n", "--dry-run"):
        return READ
    inner = files.read(here.command._replace(argv=("mv", *words.after(0)), env={}), here.facts)
    said = summary(here.command)
    return inner._replace(drafts=tuple(draft._replace(summary=said) for draft in inner.drafts)) if inner else NOTHING


def _apply(here: Here) -> Effects:
    """The files a patch names are edited; nobody's are with `--check` and `--stat`."""
    words = split(
        here.argv, valued=("-p", "--directory", "--exclude", "--include", "-C", "--whitespace", "--build-fake-ancestor")
    )
    looks = words.has("--check", "--stat", "--numstat", "--summary", "--dry-run")
    if looks and not words.has("--apply"):
        return READ
    texts = [here.facts.read(word) for word in words.after(0) if word != "-" and UNKNOWN not in word]
    text = "\n".join(part for part in texts if part) or here.command.stdin
    strip = words.value("-p") or "1"
    base = here.facts.at(f"{here.root}/{words.value('--directory') or ''}")
    found = writing.patched(text, int(strip) if strip.isdigit() else 1, here.command, base)
    if words.has("--cached") and not found.unknown:
        staged = tuple(
            draft._replace(kind="stage", touches=tuple(touch._replace(effect=STAGES) for touch in draft.touches))
            for draft in found.drafts
        )
        return Effects(staged)
    return found


def _merge_file(here: Here) -> Effects:
    words = split(here.argv, valued=("-L", "--marker-size"))
    if words.has("-p", "--stdout") or not words.plain:
        return READ
    return Effects(touching.edited(words.plain[0], here.facts, summary(here.command)))


# ── the shared git directory ──────────────────────────────────────────────────────────────────────────────────────


_CONFIG_VALUED = ("-f", "--file", "--blob", "--type", "--default", "--value", "--comment", "--url")
_CONFIG_READS = (
    "--get --get-all --get-regexp --get-urlmatch --get-color --get-colorbool -l --list --show-origin --show-scope"
    " --name-only"
).split()
_CONFIG_WRITES = "--add --unset --unset-all --replace-all --rename-section --remove-section -e --edit".split()


def _config(here: Here) -> Effects:
    words = split(here.argv, valued=_CONFIG_VALUED)
    plain = words.after(0)
    word = words.verb()
    verbs = word in ("set", "unset", "rename-section", "remove-section", "edit", "list", "get")
    writes = words.has(*_CONFIG_WRITES) or (word not in ("list", "get") if verbs else len(plain) > 1)
    if words.has(*_CONFIG_READS, "--blob") or not writes:
        return READ
    said = summary(here.command)
    if words.has("--global"):
        return Effects(touching.edited("~/.gitconfig", here.facts, said))
    if words.has("--system"):
        return Effects(touching.edited("/etc/gitconfig", here.facts, said))
    name = words.value("-f", "--file")
    if name:
        return Effects(touching.edited(name, here.facts, said))
    if words.has("--worktree"):
        return NOTHING
    return here.config_written(next(iter(plain[1 if verbs else 0 :]), None))


def _hooks_installed(command: Command, facts: Facts) -> Effects | None:
    """`husky`, `lefthook install`, `pre-commit install` put hooks where all working trees run them."""
    word = split(command.argv).verb()
    if word not in ("install", "uninstall", "init", "add", "set") and not (command.argv[0] == "husky" and not word):
        return None
    here = stand([], (command.argv[0], *command.argv[1:]), command, facts)
    return here.config_written("hooks")


def _maintenance(here: Here) -> Effects:
    if split(here.argv).verb() in ("start", "stop", "register", "unregister"):
        return Effects(touching.edited("~/.gitconfig", here.facts, summary(here.command)))
    return NOTHING


def _lfs(here: Here) -> Effects:
    words = split(here.argv)
    word = words.verb()
    if word in ("", "ls-files", "status", "env", "locks", "logs", "version", "fetch", "pointer", "fsck", "ext"):
        return READ
    if word in ("install", "uninstall", "update"):
        return here.config_written("hooks")
    if word in ("track", "untrack") and len(words.plain) > 1:
        return Effects(touching.edited(".gitattributes", here.facts, summary(here.command)))
    if word == "migrate" and words.verb(1) != "info":
        return _rewrite_history(here)
    return here.on_tree("tree-merge", SWITCHES) if word in ("pull", "checkout") else NOTHING


# ── files that git writes ─────────────────────────────────────────────────────────────────────────────────────────


def _reads(here: Here) -> Effects:
    """A read; with `--output=F` its result lands in a file."""
    output = split(here.argv).value("--output")
    return Effects(touching.written(output, here.facts, summary(here.command))) if output else READ


def _archive(here: Here) -> Effects:
    output = split(here.argv, valued=("-o", "--output", "--format", "--prefix", "--remote")).value("-o", "--output")
    return Effects(touching.written(output, here.facts, summary(here.command))) if output else READ


def _format_patch(here: Here) -> Effects:
    words = split(here.argv, valued=("-o", "--output-directory", "-v", "--subject-prefix", "--start-number", "--base"))
    if words.has("--stdout"):
        return READ
    into = words.value("-o", "--output-directory")
    return Effects(touching.file_drafts("write", ADDS, into, here.facts, summary(here.command))) if into else NOTHING


def _bundle(here: Here) -> Effects:
    words = split(here.argv, valued=("--version",))
    if words.verb() != "create":
        return READ if words.verb() in ("verify", "list-heads") else NOTHING
    return Effects(touching.written(words.verb(1), here.facts, summary(here.command)))


def _send_email(here: Here) -> Effects:
    paths = split(here.argv, valued=("--to", "--cc", "--from", "--subject")).after(0)
    drafts = [
        draft for path in paths if "." in path for draft in touching.used(path, here.facts, summary(here.command))
    ]
    return NOTHING if split(here.argv).has("--dry-run") else Effects(tuple(drafts))


def _interpret_trailers(here: Here) -> Effects:
    words = split(here.argv, valued=("--trailer", "--where"))
    if not words.has("--in-place"):
        return READ
    return Effects(
        tuple(d for path in words.after(0) for d in touching.edited(path, here.facts, summary(here.command)))
    )


def _reads_unless(*writing: str) -> Verb:
    """A verb whose plain words `writing` change something nobody collides with; else it reads."""

    def verb(here: Here) -> Effects:
        words = split(here.argv)
        return NOTHING if words.verb() in writing or words.has(*writing) else READ

    return verb


def _foreign(here: Here) -> Effects:
    """Bridges to other systems: what they bring in lands in the tree."""
    word = split(here.argv).verb()
    reads = ("", "log", "info", "fetch", "find-rev", "blame", "show-ignore", "proplist", "changes", "clone", "init")
    return READ if word in reads else here.on_tree("tree-merge", SWITCHES)


# ── other systems ─────────────────────────────────────────────────────────────────────────────────────────────────

_SVN_READS = frozenset(
    "status st stat log diff di info cat list ls blame annotate proplist pl propget pg help auth".split()
)


def _svn(command: Command, facts: Facts) -> Effects | None:
    valued = "-r --revision -m --message -F --file --depth --username --password -c --cl".split()
    words = split(command.argv, valued=valued)
    word, paths = words.verb(), words.after(1)
    here = stand([], command.argv, command, facts)
    if word in _SVN_READS or not word:
        return READ
    if word == "revert":
        return on_paths(paths, here, "restore", DESTROYS, whole="tree-restore")
    if word in ("update", "up", "switch", "sw", "merge"):
        return here.on_tree("tree-merge", SWITCHES)
    if word in ("delete", "del", "remove", "rm"):
        return on_paths(paths, here, "delete", DESTROYS)
    if word in ("commit", "ci"):
        value = {"takes": "paths" if paths else "all"}
        return here.effects(
            "commit",
            here.root,
            Touch(here.tree, COMMITS, value),
            *touches_of(paths_of(paths, here) or [], COMMITS, here),
        )
    return (
        NOTHING
        if word in ("add", "checkout", "co", "export", "mkdir", "resolve", "lock", "unlock", "cleanup")
        else None
    )


_HG_READS = frozenset(
    "status st log diff incoming in outgoing out cat annotate heads tip id identify summary paths".split()
)


def _hg(command: Command, facts: Facts) -> Effects | None:
    words = split(command.argv, valued=("-r", "--rev", "-m", "--message", "-R", "--cwd", "-u", "-d"))
    word, paths = words.verb(), words.after(1)
    here = stand([], command.argv, command, facts)
    if word in _HG_READS or not word:
        return READ
    if word == "revert":
        return on_paths(() if words.has("-a", "--all") else paths, here, "restore", DESTROYS, whole="tree-restore")
    if word in ("update", "up", "checkout", "co"):
        return here.switched(paths[0] if paths else None, force=words.has("-C", "--clean"))
    if word in ("merge", "rebase", "pull", "graft", "histedit", "unshelve", "strip"):
        return here.on_tree("tree-merge", SWITCHES)
    if word in ("purge", "clean", "shelve"):
        return here.on_tree("tree-clean", DESTROYS)
    if word in ("commit", "ci"):
        return here.on_tree("commit", COMMITS, {"takes": "paths" if paths else "all"})
    return here.on_tree("push", PUSHES) if word == "push" else None


def _bfg(command: Command, facts: Facts) -> Effects:
    return _rewrite_history(stand([], command.argv, command, facts))


_OTHER: dict[str, Callable[[Command, Facts], Effects | None]] = {
    "svn": _svn,
    "hg": _hg,
    "bfg": _bfg,
    "husky": _hooks_installed,
    "lefthook": _hooks_installed,
    "pre-commit": _hooks_installed,
}


# ── the table: every verb of `git help -a` ────────────────────────────────────────────────────────────────────────


def _nothing(here: Here) -> Effects:  # noqa: ARG001 - all rows have one shape
    return NOTHING


_READS = (
    "status log diff show shortlog blame annotate grep describe rev-parse rev-list ls-files ls-tree ls-remote"
    " cat-file for-each-ref show-ref show-branch merge-base name-rev whatchanged cherry range-diff diff-tree"
    " diff-index diff-files diff-pairs difftool count-objects fsck verify-commit verify-tag verify-pack var"
    " version help get-tar-commit-id gitk gui citool gitweb check-ignore check-attr check-ref-format check-mailmap"
    " column fmt-merge-msg patch-id merge-tree request-pull show-index stripspace fast-export last-modified"
    " mailinfo mailsplit unpack-file repo replay attributes cli hooks ignore mailmap modules repository-layout"
    " revisions"
)
#: They add objects, pack them or answer another git; nobody collides with that.
_QUIET = (
    "hash-object write-tree commit-tree mktree mktag pack-objects index-pack unpack-objects pack-refs"
    " pack-redundant repack prune-packed multi-pack-index commit-graph update-server-info init clone credential"
    " credential-cache credential-store notes rerere bugreport diagnose backfill fetch-pack upload-pack"
    " upload-archive receive-pack http-backend http-fetch sh-i18n sh-setup imap-send cvsserver archimport hook"
    " scalar fsmonitor--daemon init-db shell"
)
_FORMATS = (
    "format-bundle format-chunk format-commit-graph format-index format-pack format-signature protocol-capabilities"
    " protocol-common protocol-http protocol-pack protocol-v2"
)

_VERBS: dict[str, Verb] = {
    **dict.fromkeys(_READS.split() + _FORMATS.split(), _reads),
    **dict.fromkeys(_QUIET.split(), _nothing),
    # the working tree
    "reset": _reset,
    "checkout": _checkout,
    "switch": _switch,
    "restore": _restore,
    "clean": _clean,
    **dict.fromkeys(("merge", "rebase", "pull", "cherry-pick", "revert", "am", "mergetool"), _merge),
    "bisect": _bisect,
    "read-tree": _read_tree,
    "checkout-index": _checkout_index,
    "sparse-checkout": _sparse_checkout,
    "submodule": _submodule,
    "worktree": _worktree,
    **dict.fromkeys(("filter-branch", "filter-repo"), _rewrite_history),
    "stash": _stash,
    # index, commits, files
    **dict.fromkeys(("add", "stage"), _add),
    "commit": _commit,
    **dict.fromkeys(("update-index", "merge-index", "merge-one-file", "absorb"), _stage_paths),
    "rm": _rm,
    "mv": _mv,
    "apply": _apply,
    "merge-file": _merge_file,
    "interpret-trailers": _interpret_trailers,
    "archive": _archive,
    "format-patch": _format_patch,
    "bundle": _bundle,
    "send-email": _send_email,
    # refs
    "branch": branches.branch,
    "tag": branches.tag,
    "update-ref": branches.update_ref,
    "symbolic-ref": branches.symbolic_ref,
    "reflog": branches.reflog,
    "replace": _nothing,
    "refs": _reads_unless("migrate"),
    **dict.fromkeys(("gc", "prune"), branches.gc),
    "fast-import": lambda here: here.unsure(),
    "for-each-repo": lambda here: here.unsure(),
    # remotes
    **dict.fromkeys(("push", "send-pack", "http-push"), branches.push),
    "fetch": branches.fetch,
    "remote": branches.remote,
    **dict.fromkeys(("svn", "p4", "cvsimport", "cvsexportcommit", "quiltimport"), _foreign),
    # the shared git directory
    "config": _config,
    "maintenance": _maintenance,
    "lfs": _lfs,
    "crypt": lambda here: READ if split(here.argv).verb() == "status" else here.config_written(),
    # servers: `processes` knows how to remember them
    **dict.fromkeys(
        ("daemon", "instaweb"),
        lambda here: here.effects("server-start", here.root, Touch(targets.path(here.facts.machine, here.root), USES)),
    ),
}
