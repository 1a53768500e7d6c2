"""The resources that actions collide on, as keys: how a key is made, and how two keys relate.

A key is `scheme:` and a body that names the resource wherever it is seen from. One machine's file, port or process
carries the machine; a branch carries its remote; a config key carries its home. So equal keys are the same resource
and different keys are not, and no rule needs to know where a command was typed.

Pure: nothing here asks git or the disk. Paths come in absolute and real; `facts.py` made them so.

    >>> path("m1", "/repo/src/a.py")
    'path:m1:/repo/src/a.py'
    >>> ancestors("config:home#monitoring.redrive.enabled")
    ('config:home#monitoring.redrive', 'config:home#monitoring')
"""

from __future__ import annotations

import functools
import re

from sidelight.records import NamedTuple, Protocol, late_pattern


class Scheme(NamedTuple):
    """How one sort of key is built: what it names, and which character separates a parent from its child.

    `says` reads in a warning before the short name of the resource. `parent` is '' where keys have no hierarchy.
    `section` is True where two different leaves of one top section are worth a quiet line (`nearby`).
    """

    says: str
    parent: str = ""
    section: bool = False


#: Every scheme there is. `machine:`-bound ones have the machine as their first part.
SCHEMES: dict[str, Scheme] = {
    "path": Scheme("", parent="/"),  #            path:MACHINE:/abs/real/path
    "tree": Scheme("working tree "),  #           tree:MACHINE:/abs/worktree/root
    "stash": Scheme("stash of "),  #              stash:MACHINE:/abs/common/git/dir
    "gitdir": Scheme("shared git config of "),  # gitdir:MACHINE:/abs/common/git/dir
    "ref": Scheme("branch "),  #                  ref:OWNER/NAME#branch   (tags: #tags/v1)
    "protection": Scheme("protection of ", parent="#"),  # protection:OWNER/NAME#branch
    "config": Scheme("", parent=".", section=True),  # config:SCOPE#dotted.key
    "commitment": Scheme("", parent="#"),  #      commitment:SCOPE#CMT-1
    "issue": Scheme("issue ", parent="#"),  #     issue:OWNER/NAME#5
    "pr": Scheme("pull request ", parent="#"),  # pr:OWNER/NAME#5
    "bead": Scheme("", parent="#"),  #            bead:REPO#app-17
    "port": Scheme("port "),  #                   port:MACHINE:3000
    "process": Scheme("process ", parent=":"),  # process:MACHINE:words of the command
    "session": Scheme("session ", parent=":"),  # session:MACHINE:id
    "container": Scheme("container ", parent=":"),  # container:MACHINE:name
    "volume": Scheme("volume ", parent=":"),  #   volume:MACHINE:name
    "compose": Scheme("compose project ", parent=":"),  # compose:MACHINE:project
    "db": Scheme("database ", parent="/"),  #     db:SERVER/NAME
    "redis": Scheme("redis ", parent="/"),  #     redis:SERVER:PORT/N
    "migration": Scheme("migration "),  #         migration:REPO#0026
    "tfstate": Scheme("Terraform state "),  #     tfstate:REMOTE/root#workspace
    "helm": Scheme("Helm release ", parent="/"),  # helm:CONTEXT/NAMESPACE/RELEASE
    "kubecontext": Scheme("kube context of "),  # kubecontext:MACHINE:/path/kubeconfig
    "service": Scheme("service ", parent="/"),  # service:CLUSTER/NAME
    "deps": Scheme("dependencies of "),  #        deps:MACHINE:/dir
    "package": Scheme("package ", parent=":"),  # package:REGISTRY:name; an image's tags lie below it
    "workflow": Scheme("workflow ", parent="#"),  # workflow:OWNER/NAME#name
    "run": Scheme("run ", parent="#"),  #         run:OWNER/NAME#id
    "secret": Scheme("secret ", parent="/"),  #   secret:OWNER/NAME/KEY
    "credential": Scheme("login of "),  #         credential:MACHINE:name
    "host": Scheme("host "),  #                   host:NAME
    "area": Scheme("area "),  #                   area:SPACE#name
    "word": Scheme("word "),  #                   word:SPACE#word
    "other": Scheme(""),  #                       other:anything a caller names
}

MACHINE_WIDE = frozenset(
    {"port", "process", "session", "container", "volume", "compose", "kubecontext", "credential", "deps"}
)


# ── making keys ───────────────────────────────────────────────────────────────────────────────────────────────────


def scheme_of(key: str) -> str:
    """The scheme of a key, '' if it has none of ours."""
    scheme, colon, _ = key.partition(":")
    return scheme if colon and scheme in SCHEMES else ""


def body_of(key: str) -> str:
    """What comes after the scheme."""
    return key.partition(":")[2]


_DRIVE = late_pattern(r"^/?([A-Za-z]):[\\/]|^/([A-Za-z])/")


def normal_path(text: str, *, windows: bool = False) -> str:
    r"""An absolute path with `.`, `..`, doubled and trailing separators gone; Windows' also in one case and with `/`.

    `C:\\w\\Mono` and `/c/w/mono` (as Git Bash writes it) become `c:/w/mono`. Returns '/' for the root.
    """
    if windows:
        text = text.replace("\\", "/").lower()
        drive = _DRIVE.match(text)
        if drive:
            text = f"{drive.group(1) or drive.group(2)}:/{text[drive.end() :]}"
    parts: list[str] = []
    for part in text.split("/"):
        if part in ("", "."):
            continue
        if part == "..":
            if parts and not parts[-1].endswith(":"):
                parts.pop()
        else:
            parts.append(part)
    joined = "/".join(parts)
    return joined if parts and parts[0].endswith(":") and windows else "/" + joined


def path(machine: str, absolute: str) -> str:
    """A file or a directory: `path:MACHINE:/abs`."""
    return f"path:{machine}:{absolute}"


def tree(machine: str, root: str) -> str:
    """A working tree, by its root."""
    return f"tree:{machine}:{root}"


def stash(machine: str, common_dir: str) -> str:
    """The one stash of a repository with all its worktrees."""
    return f"stash:{machine}:{common_dir}"


def gitdir(machine: str, common_dir: str) -> str:
    """The configuration that all worktrees of a repository share, and `.git` itself."""
    return f"gitdir:{machine}:{common_dir}"


def ref(repo: str, name: str) -> str:
    """A branch (`main`) or a tag (`tags/v1`) of a repository: `ref:OWNER/NAME#main`."""
    return f"ref:{repo}#{name}"


def config(scope: str, dotted: str) -> str:
    """A settings key of an agent home or service."""
    return f"config:{scope}#{dotted}"


def commitment(scope: str, identifier: str) -> str:
    """A commitment of an agent home."""
    return f"commitment:{scope}#{identifier}"


def area(space: str, name: str) -> str:
    """A named area of work of a space: matched without case, spaces, `-`, `_` and camel-case humps."""
    return f"area:{space}#{fold(name)}"


def host(name: str) -> str:
    """A machine that an intent names as such."""
    return f"host:{name}"


def word(space: str, text: str) -> str:
    """A distinctive word of an announced activity, within its space."""
    return f"word:{space}#{text}"


def is_wording(key: str) -> bool:
    """Is this an area or a word: what an intent is found by, and no resource?"""
    return key.startswith(("area:", "word:"))


_HUMP = late_pattern(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def fold(name: str) -> str:
    """One spelling for `merge-queue`, `mergeQueue`, `Merge Queue` and `merge_queue`: `mergequeue`."""
    return re.sub(r"[\s_\-./]+", "", name).casefold()


def split_words(text: str) -> list[str]:
    """The words of free text or of an identifier, in lower case, humps and separators split."""
    return [part.casefold() for part in re.findall(r"[^\W_]+", _HUMP.sub(" ", text))]


# ── relations ─────────────────────────────────────────────────────────────────────────────────────────────────────


def ancestors(key: str) -> tuple[str, ...]:
    """The keys that contain this one, nearest first; () where the scheme has no hierarchy.

    A file has its directories up to the root; a config key its sections; an issue, a process or a database the set of
    all of its kind (`issue:acme/app`, `process:m1`, `db:server`).
    """
    if key.startswith("path:"):
        cut = key.rfind("/")
        if cut > (key.find(":", 5) + 1 or 5):  # not the root
            return _directories(key[:cut])
    return _ancestors(key)


@functools.lru_cache(1024)
def _directories(directory: str) -> tuple[str, ...]:
    """A directory and those above it: asked for file after file."""
    return (directory, *_ancestors(directory))


def _ancestors(key: str) -> tuple[str, ...]:
    scheme = SCHEMES.get(scheme_of(key))
    if scheme is None or not scheme.parent:
        return ()
    head, tail = _head_and_tail(key, scheme.parent)
    found: list[str] = []
    while True:
        cut = tail.rfind(scheme.parent)
        if cut < 0:
            break
        tail = tail[:cut]
        if not tail:
            if scheme.parent == "/" and head.startswith("path:"):
                found.append(head + "/")
            break
        found.append(head + tail)
    return tuple(found)


def _head_and_tail(key: str, parent: str) -> tuple[str, str]:
    """Split a key into the part that is no hierarchy (scheme, machine, scope) and the part that is."""
    if parent == ".":
        head, mark, tail = key.partition("#")
        return head + mark, tail
    if key.startswith("path:"):
        machine_end = key.index(":", 5) + 1 if ":" in key[5:] else 5
        return key[:machine_end], key[machine_end:]
    scheme_end = key.index(":") + 1
    return key[:scheme_end], key[scheme_end:]


def aliases(key: str) -> tuple[str, ...]:
    """Other keys under which somebody may have named the same resource: a database by its name alone."""
    if not key.startswith("db:"):
        return ()
    server, slash, name = key[3:].rpartition("/")
    machine, colon, _ = server.partition(":")
    return (f"db:{machine}/{name}",) if slash and colon else ()


def local_names(key: str, place: Place) -> tuple[str, ...]:
    """What else an announced key may be here: `service:api` the service of this machine; a local database the one that
    this repository's tools use where nothing says which.
    """
    if key.startswith("service:") and "/" not in key:
        return (f"service:{place.machine}/{key.partition(':')[2]}",)
    if key.startswith((f"db:{place.machine}/", f"db:{place.machine}:")) and place.common_dir:
        return (default_database(place.machine, place.common_dir),)
    return ()


def default_database(machine: str, common_dir: str) -> str:
    """The database of a repository where neither command, environment nor settings say which: one for all worktrees."""
    return f"db:{machine}:{common_dir}/default"


def section(key: str) -> str | None:
    """The top section that a config key belongs to (its own key if it is the section), None for other schemes."""
    scheme = SCHEMES.get(scheme_of(key))
    if scheme is None or not scheme.section:
        return None
    head, mark, tail = key.partition("#")
    return head + mark + tail.partition(".")[0]


# ── globs in intent targets ───────────────────────────────────────────────────────────────────────────────────────


def is_glob(key: str) -> bool:
    """Does this key hold a pattern (`*`, `?`, `[`)?"""
    return "*" in key or "?" in key or "[" in key


def literal_prefix(key: str) -> str:
    """The longest parent of a glob that holds no pattern: the directory to look it up by.

    >>> literal_prefix("path:m:/repo/src/auth/**")
    'path:m:/repo/src/auth'
    """
    parts = key.split("/")
    for number, part in enumerate(parts):
        if is_glob(part):
            return "/".join(parts[:number]) or parts[0]
    return key


def glob_matches(pattern: str, key: str) -> bool:
    """Does the glob key cover the plain key? `**` crosses directories, `*` and `?` do not.

    `src/auth/**` also covers `src/auth` itself, so that deleting the directory counts.
    """
    return bool(_glob_regex(pattern).fullmatch(key))


_glob_cache: dict[str, re.Pattern[str]] = {}


def _glob_regex(pattern: str) -> re.Pattern[str]:
    known = _glob_cache.get(pattern)
    if known is None:
        if len(_glob_cache) > 256:
            _glob_cache.clear()
        known = _glob_cache[pattern] = re.compile(_glob_source(pattern), re.DOTALL)
    return known


def _glob_source(pattern: str) -> str:
    out, place = [], 0
    while place < len(pattern):
        if pattern.startswith("/**", place) and place + 3 in (len(pattern), pattern.find("/", place + 3)):
            out.append("(?:/.*)?")
            place += 3
        elif pattern.startswith("**", place):
            out.append(".*")
            place += 2
        else:
            out.append(_glob_char(pattern, place))
            place += _class_length(pattern, place) or 1
    return "".join(out)


def _glob_char(pattern: str, place: int) -> str:
    char = pattern[place]
    if char == "*":
        return "[^/]*"
    if char == "?":
        return "[^/]"
    length = _class_length(pattern, place)
    if length:
        inside = pattern[place + 1 : place + length - 1].replace("\\", "\\\\").replace("[", "\\[")
        return f"[{'^' + inside[1:] if inside[:1] in '!^' else inside}]"
    return re.escape(char)


def _class_length(pattern: str, place: int) -> int:
    if pattern[place] != "[":
        return 0
    end = pattern.find("]", place + 2)
    return end - place + 1 if end > 0 else 0


# ── process patterns ──────────────────────────────────────────────────────────────────────────────────────────────


_UNBOUNDED = late_pattern(r"(?<!\\)[*+]|(?<!\\)\{\d*,")
_POSIX_CLASSES = (
    ("[:space:]", r"\s"),
    ("[:blank:]", r" \t"),
    ("[:digit:]", r"\d"),
    ("[:alnum:]", r"\w"),
    ("[:alpha:]", "a-z"),
)


def process_matches(pattern: str, *, full: bool, exact: bool, title: str) -> bool:
    r"""Would a kill by this pattern meet a process known by this title?

    `title` is every name and command line it may run under, one a line; the first word of each line is the program.
    `full` matches anywhere in a line (`pkill -f`), otherwise only in the program's name; `exact` wants all of it
    (`killall`, `taskkill /IM`). The pattern is a regular expression as in pkill(1), read as plain text if it is none.

    >>> process_matches("next-server", full=True, exact=False, title="next dev\nnext-server (v15)\nnode")
    True
    >>> process_matches("next-server", full=True, exact=False, title="vinext dev\nnode")
    False
    """
    if not pattern:
        return False
    for line in (title.splitlines() or [title])[:20]:
        program = line.split(" ", 1)[0].rpartition("/")[2]
        if _pattern_meets(pattern, line[:400] if full else program, exact=exact):
            return True
    return False


def _pattern_meets(pattern: str, text: str, *, exact: bool) -> bool:
    """A search that cannot run away: `.*` is searched for piece by piece, and a piece repeats once at most."""
    plain, name = (word.removesuffix(".exe").casefold() for word in (pattern, text.strip()))
    if plain == name or (not exact and plain in name):
        return True
    for posix, meaning in _POSIX_CLASSES:
        pattern = pattern.replace(posix, meaning)
    if len(pattern) > 200 or re.search(r"\[\[|&&|~~|\|\||--", pattern):
        return False
    if exact:
        pattern = f"^(?:{pattern})$"
    pieces = [pattern] if re.search(r"[(|]", pattern) else re.split(r"(?<!\\)\.\*", pattern)
    if any(len(_UNBOUNDED.findall(piece)) > 1 for piece in pieces):
        return False
    place = 0
    try:
        for piece in pieces:
            found = re.compile(piece, re.IGNORECASE).search(text, place)
            if found is None:
                return False
            place = found.end()
    except (re.error, OverflowError, RecursionError):
        return False
    return True


# ── how a key reads ───────────────────────────────────────────────────────────────────────────────────────────────


def short(key: str) -> str:
    """The resource as a person would call it: without scheme, machine and scope.

    >>> short("config:home#monitoring.redrive"), short("path:m1:/repo/src/a.py")
    ('monitoring.redrive', '/repo/src/a.py')
    """
    scheme = scheme_of(key)
    body = body_of(key) if scheme else key
    if scheme in ("config", "commitment", "bead", "area", "word", "migration"):
        return body.partition("#")[2] or body
    if scheme in ("path", "tree", "stash", "gitdir", "port", "deps", "kubecontext", "credential"):
        return body.partition(":")[2] or body
    if scheme in ("process", "container", "volume", "compose", "session"):
        return body.partition(":")[2] or "any"
    return body


# ── targets as a person writes them ───────────────────────────────────────────────────────────────────────────────


class Place(Protocol):
    """As much of `facts.Facts` as it takes to make a key of what somebody wrote."""

    @property
    def machine(self) -> str: ...
    @property
    def worktree(self) -> str | None: ...
    @property
    def common_dir(self) -> str | None: ...
    @property
    def remote(self) -> str | None: ...
    @property
    def scope(self) -> str: ...
    def at(self, directory: str) -> Place: ...
    def real(self, path: str) -> str: ...


class Named(NamedTuple):
    """A key, and the working tree it lies in if it is a file."""

    key: str
    within: str | None = None


#: What people write before the colon besides the schemes themselves.
_ALIASES = {"branch": "ref", "tag": "ref", "file": "path", "dir": "path", "pull": "pr", "docker": "container"}
_BY_MACHINE = frozenset({"port", "process", "session", "container", "volume", "compose", "credential"})
_BY_REPO = frozenset({"ref", "protection", "issue", "pr", "workflow", "run", "bead", "migration"})


def named(text: str, place: Place) -> Named:
    """The key for a target as somebody wrote it: `path:src/**`, `config:a.b`, `branch:main`, `issue:#5`, `port:3000`.

    A full key is left as it is; a bare text without a scheme of ours is a path if it holds a slash or a dot, else
    `other:`. Raises `ValueError` for an empty one.

    Source: origin O1, design 10.
    """
    text = text.strip()
    if not text:
        raise ValueError("a target must not be empty")
    scheme, colon, body = text.partition(":")
    scheme = _ALIASES.get(scheme, scheme)
    if not colon or scheme not in SCHEMES or not body:
        return _named_path(text, place) if ("/" in text or "." in text) and " " not in text else Named(f"other:{text}")
    if scheme == "path":
        return Named(text) if _has_machine(body) else _named_path(body, place)
    if text.startswith("docker:volume:"):
        scheme, body = "volume", text[len("docker:volume:") :]
    return Named(f"{scheme}:{_full_body(scheme, body, place, tag=text.startswith('tag:'))}")


def _full_body(scheme: str, body: str, place: Place, *, tag: bool) -> str:
    """What comes after the scheme, with whatever the writer left out: the machine, the repository, the home."""
    if scheme in ("tree", "stash", "gitdir", "deps", "kubecontext"):
        return body if _has_machine(body) else f"{place.machine}:{place.real(body)}"
    if scheme in _BY_MACHINE:
        return body if ":" in body else f"{place.machine}:{body}"
    if scheme in ("config", "commitment"):
        return body if "#" in body else f"{place.scope}#{body}"
    if scheme in _BY_REPO:
        return _of_repo(body, place, tag=tag)
    if scheme == "secret" and "/" not in body and place.remote:
        return f"{place.remote}/{body}"
    if scheme == "db" and "/" not in body and ":" not in body:
        return f"{place.machine}/{body}"  # by its name alone: the local one of that name
    if scheme in ("db", "redis"):
        return local_server(body, place.machine)
    return f"npm:{body}" if scheme == "package" and ":" not in body else body


def _has_machine(body: str) -> bool:
    return bool(re.match(r"[^/:]{2,}:(/|[A-Za-z]:)", body))


def _named_path(text: str, place: Place) -> Named:
    literal, cut = text, ""
    if is_glob(text):
        literal = literal_prefix(text)
        cut = text[len(literal) :] if text.startswith(literal) else ""
        if not text.startswith("/") and literal == text.split("/", maxsplit=1)[0] and is_glob(literal):
            literal, cut = "", "/" + text
    real = place.real(literal or ".")
    here = place.at(real if cut else real.rpartition("/")[0] or "/")
    root = here.worktree
    return Named(
        path(place.machine, real.rstrip("/") + cut if cut else real), tree(place.machine, root) if root else None
    )


def _of_repo(body: str, place: Place, *, tag: bool) -> str:
    owner, mark, name = body.partition("#")
    if mark and owner:
        return f"{owner.lower()}#{name}"
    own = place.remote or f"{place.machine}:{place.common_dir or ''}"
    name = name if mark else body
    return f"{own}#{'tags/' + name if tag else name}"


def local_server(body: str, machine: str) -> str:
    """A database server as every machine's own name for it: `localhost:5432/app` is `MACHINE:5432/app`."""
    return re.sub(r"^(localhost|127\.0\.0\.1|\[::1\]|::1)(?=[:/]|$)", machine, body)
