"""What git does to branches, tags and remotes: create, move, delete, push, fetch."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sidelight import targets
from sidelight.actions import ADDS, DESTROYS, EDITS, PUSHES, REPLACES, SWITCHES, USES, Draft, Touch
from sidelight.effects import UNKNOWN, Effects, touching
from sidelight.effects.options import Words, split
from sidelight.effects.places import repository, summary
from sidelight.effects.repository import Here, globals_and_verb
from sidelight.records import NamedTuple

NOTHING = Effects()
READ = Effects(reads=True)

# ── refs ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def short_ref(name: str) -> str:
    """`refs/heads/x` → `x`, `refs/tags/v1` → `tags/v1`."""
    return name.removeprefix("refs/heads/").removeprefix("heads/") if "heads/" in name else name.removeprefix("refs/")


def _local(here: Here, names: Iterable[str], effect: str) -> list[Touch]:
    return [Touch(targets.ref(here.local, name), effect) for name in names if name and UNKNOWN not in name]


_BRANCH_READS = (
    "-a --all -r --remotes -l --list -v -vv --verbose --contains --no-contains --merged --no-merged"
    " --show-current --points-at --format --column --no-column"
).split()


def branch(here: Here) -> Effects:
    words = split(here.argv, valued=("--sort", "--format", "--points-at", "-u", "--set-upstream-to"))
    plain = words.after(0)
    if words.has("-d", "-D", "--delete"):
        if words.has("-r", "--remotes"):
            return NOTHING  # forgets what was fetched
        touches = _local(here, plain, DESTROYS)
        found = here.effects("ref-delete", ", ".join(plain).replace(UNKNOWN, "…") or None, *touches)
        return found._replace(unknown=len(touches) < len(plain) or not plain)
    if words.has("-m", "-M", "--move"):
        old = plain[0] if len(plain) > 1 else here.branch or ""
        return here.effects("ref-delete", old or None, *_local(here, [old], DESTROYS), *_local(here, plain[-1:], ADDS))
    if words.has("-c", "-C", "--copy"):
        return here.effects("ref-create", plain[-1] if plain else None, *_local(here, plain[-1:], ADDS))
    if words.has("-u", "--set-upstream-to", "--unset-upstream", "--edit-description"):
        return NOTHING
    if not plain or words.has(*_BRANCH_READS):
        return READ
    effect = REPLACES if words.has("-f", "--force") else ADDS
    return here.effects("ref-create", plain[0], *_local(here, plain[:1], effect))


_TAG_READS = (
    "-l --list -n -v --verify --contains --no-contains --merged --no-merged --points-at --format --column".split()
)


def tag(here: Here) -> Effects:
    words = split(here.argv, valued=("-m", "--message", "-F", "--file", "-u", "--local-user", "--sort", "--cleanup"))
    plain = words.after(0)
    if words.has("-d", "--delete"):
        names = [f"tags/{name}" for name in plain]
        return here.effects("ref-delete", ", ".join(plain) or None, *_local(here, names, DESTROYS))
    if not plain or words.has(*_TAG_READS) or any(re.fullmatch(r"-n?\d+", name) for name, _ in words.options):
        return READ
    effect = REPLACES if words.has("-f", "--force") else ADDS
    made = here.effects("ref-create", plain[0], *_local(here, [f"tags/{plain[0]}"], effect))
    message = words.value("-F", "--file")
    used = touching.used(message, here.facts, summary(here.command)) if message and message != "-" else ()
    return Effects((*used, *made.drafts))


def update_ref(here: Here) -> Effects:
    words = split(here.argv, valued=("-m",))
    if words.has("--stdin") or not words.plain:
        return here.unsure()
    name = words.plain[0]
    if words.has("-d"):
        if name == "refs/stash":
            return here.effects("stash-drop", here.root, Touch(here.stash, DESTROYS, {"all": True}))
        return here.effects("ref-delete", short_ref(name), *_local(here, [short_ref(name)], DESTROYS))
    if name == "HEAD" or short_ref(name) == here.branch:
        return here.on_tree("head-move", SWITCHES)
    return here.effects("ref-create", short_ref(name), *_local(here, [short_ref(name)], REPLACES))


def symbolic_ref(here: Here) -> Effects:
    words = split(here.argv, valued=("-m",))
    if words.has("-d", "--delete"):
        return here.effects("ref-delete", words.verb(), *_local(here, [words.verb()], DESTROYS))
    if len(words.plain) < 2:
        return READ
    return here.switched(short_ref(words.plain[1]), force=False) if words.plain[0] == "HEAD" else NOTHING


def reflog(here: Here) -> Effects:
    """Expiring takes stash entries along: the stash is a reflog."""
    words = split(here.argv, valued=("--expire", "--expire-unreachable"))
    if words.verb() not in ("expire", "delete", "drop") or words.has("-n", "--dry-run"):
        return READ
    if words.has("--all") or any("stash" in word for word in words.plain):
        return here.effects(
            "stash-drop", here.root, Touch(here.stash, DESTROYS, {"all": True}), Touch(here.gitdir, REPLACES)
        )
    return here.effects("git-config", here.common, Touch(here.gitdir, REPLACES, "reflog"))


def gc(here: Here) -> Effects:
    """Ordinary housekeeping harms nobody; pruning at once takes what no ref holds yet."""
    words = split(here.argv, valued=("--expire",))
    if words.has("-n", "--dry-run"):
        return READ
    if here.argv[0] == "gc" and words.value("--prune") not in ("now", "all"):
        return NOTHING
    return here.effects("git-config", here.common, Touch(here.gitdir, REPLACES, "objects"))


# ── remotes ───────────────────────────────────────────────────────────────────────────────────────────────────────

_PUSH_VALUED = ("-o", "--push-option", "--receive-pack", "--exec", "--repo", "--signed", "--recurse-submodules")
_VERSION = re.compile(r"^(?:[\w.@/-]*[@/-])?v?\d+\.\d+(\.\d+)?([-.+]\w+)*$")
_HOSTING = frozenset({"heroku", "dokku", "piku", "caprover", "scalingo", "clever"})


class _Refspec(NamedTuple):
    """One thing to push: a branch, a tag (`tags/…`), or a deletion."""

    source: str
    name: str
    force: bool
    deletes: bool


def push(here: Here) -> Effects:
    words = split(here.argv, valued=_PUSH_VALUED)
    if words.has("-n", "--dry-run"):
        return READ
    plain = words.after(0)
    remote = words.value("--repo") or (plain[0] if plain else None)
    repo = _remote_repository(remote, here)
    specs, sure = _refspecs(words, plain[1:], here)
    forced = words.has("-f", "--force", "--mirror")
    lease = words.has("--force-with-lease", "--force-if-includes") and not forced
    reverted = any(_reverts(argv) for argv in here.command.before)
    groups: dict[str, list[Touch]] = {}
    names: dict[str, list[str]] = {}
    for spec in specs:
        kind, effect = _push_kind(spec, forced=forced, lease=lease, reverted=reverted)
        groups.setdefault(kind, []).append(Touch(targets.ref(repo, spec.name), effect))
        names.setdefault(kind, []).append(spec.name.removeprefix("tags/"))
    if not groups:
        kind = _push_kind(
            _Refspec("", "", force=False, deletes=words.has("-d", "--delete")),
            forced=forced,
            lease=lease,
            reverted=reverted,
        )[0]
        groups[kind], names[kind] = [], []
    if words.has("--tags"):
        groups.setdefault("tag-push", [])
        names.setdefault("tag-push", []).append("all tags")
    drafts = [_pushed(here, kind, names[kind], touches, specs) for kind, touches in groups.items()]
    if remote and (remote in _HOSTING or "heroku.com" in remote):
        key = f"service:{repository(here.facts)}/prod"
        drafts.append(here.draft("deploy", "prod", Touch(key, REPLACES)))
    return Effects(tuple(drafts), unknown=not sure)


def _pushed(here: Here, kind: str, names: list[str], touches: list[Touch], specs: list[_Refspec]) -> Draft:
    target = ", ".join(names) or here.branch
    if kind == "ref-delete":
        return here.draft(kind, target, *touches)
    if kind == "tag-push" or all(touch.key.partition("#")[2].startswith("tags/") for touch in touches if touches):
        releases = [] if not any(_VERSION.match(name) for name in names) else _packages(here)
        if kind == "tag-push" or touches:
            return here.draft(kind, target, *touches, *releases)
    ships = here.branch is None or not specs or any(spec.source in ("", here.branch) for spec in specs)
    guarded = [Touch(f"protection:{touch.key.partition(':')[2]}", USES) for touch in touches]
    return here.draft(kind, target, *touches, *guarded, *([Touch(here.tree, PUSHES)] if ships else []))


def _packages(here: Here) -> list[Touch]:
    """A release tag speaks for the package one stands in."""
    found = ((registry, here.facts.package(registry, here.facts.cwd)) for registry in ("npm", "pypi", "crates"))
    return [Touch(f"package:{registry}:{name}", EDITS) for registry, name in found if name]


def _push_kind(spec: _Refspec, *, forced: bool, lease: bool, reverted: bool) -> tuple[str, str]:
    if spec.deletes:
        return "ref-delete", DESTROYS
    if forced or spec.force:
        return "push-force", DESTROYS
    if lease:
        return "push-lease", REPLACES
    if spec.name.startswith("tags/"):
        return "tag-push", ADDS
    return ("revert-push", DESTROYS) if reverted else ("push", PUSHES)


def _reverts(argv: tuple[str, ...]) -> bool:
    verb = globals_and_verb(argv[1:])[1] if argv[:1] == ("git",) else ()
    return verb[:1] == ("revert",) and not {"--abort", "--quit"} & set(verb)


def _refspecs(words: Words, given: tuple[str, ...], here: Here) -> tuple[list[_Refspec], bool]:
    """What a push sends, and whether all of it is known."""
    if words.has("--tags") and not given:
        return [], True
    given = given or (("HEAD",) if here.branch else ())
    if words.has("--all", "--branches", "--mirror") and here.branch:
        given = (here.branch,)
    specs: list[_Refspec] = []
    asked = list(given)
    while asked:
        word = asked.pop(0)
        if word == "tag" and asked:
            word = f"refs/tags/{asked.pop(0)}"
        spec = _refspec(word, words.has("-d", "--delete"), here, bare=not words.after(1))
        if spec:
            specs.append(spec)
    return specs, all(UNKNOWN not in word for word in given) and bool(specs or not given)


def _refspec(word: str, deletes: bool, here: Here, *, bare: bool) -> _Refspec | None:  # noqa: FBT001 - of the line
    force, word = word.startswith("+"), word.removeprefix("+")
    source, colon, to = word.partition(":")
    source = here.branch or "" if source in ("HEAD", "@") else source
    if word == ":":
        return _Refspec("", here.branch, force, deletes=False) if here.branch else None
    if colon and not source:
        deletes = True
    name = to or source
    if not colon and name == here.branch and bare:
        upstream = here.facts.upstream(name)
        name = upstream[1] if upstream else name
    if not name or UNKNOWN in name:
        return None
    tagged = name.startswith("refs/tags/") or (not colon and name != here.branch and bool(_TAG_NAME.match(name)))
    name = "tags/" + name.removeprefix("refs/").removeprefix("tags/") if tagged else short_ref(name)
    return _Refspec(source.removeprefix("refs/heads/"), name, force, deletes)


_TAG_NAME = re.compile(r"^(?:[\w.-]+@|[\w-]*-?v)?\d+\.\d+(\.\d+)?([-.+][\w.]+)?$")


def _remote_repository(remote: str | None, here: Here) -> str:
    """The identity of the repository that a remote's name or URL stands for."""
    if remote is None or UNKNOWN in remote:
        return repository(here.facts)
    url = remote if re.search(r"[/:]", remote) else None
    if url is None and remote != "origin":
        text = here.facts.read(f"{here.common}/config") or ""
        section = re.search(rf'\[remote "{re.escape(remote)}"\]([^\[]*)', text)
        found = section and re.search(r"^\s*url\s*=\s*(\S+)", section[1], re.MULTILINE)
        url = found[1] if found else None
    named = re.search(r"[:/]([^/:]+/[^/:]+?)(?:\.git)?/?$", url) if url else None
    if named:
        return named[1].lower()
    own = here.facts.upstream(here.branch) if here.branch else None
    if remote in ("origin", "upstream") or (own and own[0] == remote):
        return repository(here.facts)
    return f"{repository(here.facts)}@{remote}"


def fetch(here: Here) -> Effects:
    """A read, unless a refspec writes a branch of this repository."""
    words = split(
        here.argv, valued=("--depth", "--deepen", "--shallow-since", "-j", "--jobs", "--refmap", "-o", "--upload-pack")
    )
    if words.has("--dry-run"):
        return READ
    written = [word.partition(":")[2] for word in words.after(1) if ":" in word]
    names = [short_ref(name) for name in written if name and not name.startswith("refs/remotes/")]
    if not names:
        return READ
    return here.effects("ref-create", ", ".join(names), *_local(here, names, REPLACES))


def remote(here: Here) -> Effects:
    words = split(here.argv, valued=("-t", "-m"))
    word = words.verb()
    if word in ("", "show", "get-url"):
        return READ
    return NOTHING if word in ("update", "prune", "set-head") else here.config_written()
