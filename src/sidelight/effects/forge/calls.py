"""What the readers of forges stand on: one call, and the items, texts and keys named in it."""

# ruff: noqa: ARG001 - all rows of a table have one shape

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sidelight import targets
from sidelight.actions import ADDS, DESTROYS, EDITS, REPLACES, SWITCHES, USES, Draft, Touch
from sidelight.effects import UNKNOWN, Command, Effects, logins, places
from sidelight.effects.options import Words
from sidelight.facts import Facts
from sidelight.records import Any, NamedTuple

READS = Effects(reads=True)
NOTHING = Effects()


class Call(NamedTuple):
    """One call of a forge's tool: the repository it is about, its words, and the free text in them."""

    repo: str
    words: Words
    command: Command
    facts: Facts
    text: str = ""

    def draft(self, kind: str, target: str | None, *touches: Touch | None) -> Draft:
        told = tuple(touch for touch in touches if touch)
        return Draft(kind, target, touches=told, summary=places.summary(self.command), words=self.text)

    def one(self, kind: str, target: str | None, *touches: Touch | None) -> Effects:
        return Effects((self.draft(kind, target, *touches),))


_CLOSING = re.compile(
    r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)\b:?\s+(?:(?:https?://[^/\s]+/)?([\w.-]+/[\w.-]+)(?:#|/issues/)|#|"
    r"GH-)(\d+)",
    re.IGNORECASE,
)
_TAKING = re.compile(
    r"\b(taking (this|it|over|#?\d+)|i'?(ll| will) (take|do|fix|handle|work|pick|look|grab|implement)|i'?m (on it|"
    r"on this|working|taking|"
    r"going to)|on it\b|working on (this|it)|i (take|claim|got) (this|it)|picking (this|it) up|claim(ing|ed)?\b|"
    r"assigning (this )?to (me|myself)|"
    r"starting (on |work )|mine\b|/assign\b|/take\b|dibs)",
    re.IGNORECASE,
)


def closed_by(text: str, repo: str) -> list[str]:
    """The issues that a pull request's text closes when it is merged: `fixes #5`, `Closes acme/app#7`."""
    found = [f"issue:{(other or repo).lower()}#{number}" for other, number in _CLOSING.findall(text)]
    return list(dict.fromkeys(found))


def takes_work(text: str) -> bool:
    """Does a comment say that its author takes the work?

    >>> takes_work("I'll take this one"), takes_work("Same here on 2.1")
    (True, False)
    """
    return bool(_TAKING.search(text.replace("’", "'")))


def repository_named(text: str | None) -> str | None:
    """`acme/app`, `github.com/acme/app`, or a URL, as `acme/app`."""
    if not text or UNKNOWN in text:
        return None
    plain = re.sub(r"^(?:https?://|git@|ssh://git@)?(?:[\w.-]+\.[a-z]{2,}[/:])?", "", text.strip()).removesuffix(".git")
    found = re.match(r"([\w.-]+/[\w.-]+)", plain)
    return found[1].lower() if found else None


_ITEM_URL = re.compile(r"https?://[^/]+/([\w.-]+/[\w.-]+)/(?:-/)?(?:issues|pull|merge_requests|discussions)/(\d+)")


def item(word: str, repo: str, scheme: str) -> str | None:
    """An issue or pull request named by number, `#5`, or URL."""
    url = _ITEM_URL.match(word)
    if url:
        return f"{scheme}:{url[1].lower()}#{url[2]}"
    number = re.fullmatch(r"[#!]?(\d+)", word)
    return f"{scheme}:{repo}#{number[1]}" if number else None


def items(call: Call, start: int, scheme: str) -> list[str]:
    """The keys that a call names; the whole set where they come from elsewhere (`xargs`, a loop)."""
    known = [item(word, call.repo, scheme) for word in call.words.after(start)]
    found = [key for key in known if key]
    unknown = call.command.each or any(UNKNOWN in word for word in call.words.after(start))
    if found and not unknown:
        return found
    return [*found, f"{scheme}:{call.repo}"] if unknown else found


def touches(keys: Iterable[str], effect: str) -> tuple[Touch, ...]:
    return tuple(Touch(key, effect) for key in keys)


def short(keys: Sequence[str]) -> str | None:
    return targets.body_of(keys[0]) if keys else None


def text_of(words: Words, command: Command, facts: Facts) -> str:
    """The title, body or comment of a call, from the line, a file or the input."""
    said = list(
        words.values(
            "-t",
            "--title",
            "-b",
            "--body",
            "-c",
            "--comment",
            "-n",
            "--notes",
            "--subject",
            "-m",
            "--message",
            "--description",
        )
    )
    files = [file for file in words.values("-F", "--body-file", "--notes-file") if "=" not in file]
    said.extend((command.stdin if file == "-" else facts.read(file)) or "" for file in files)
    return "\n".join(text for text in said if text)[:20_000]


def with_files(found: Effects, call: Call) -> Effects:
    """A file whose text is published is used."""
    files = [
        file
        for file in call.words.values("-F", "--body-file", "--notes-file")
        if file != "-" and "=" not in file and UNKNOWN not in file
    ]
    files += [value for value in call.words.values("--input") if value != "-" and UNKNOWN not in value]
    if found.reads or not files:
        return found
    used = tuple(places.file_draft("file-use", call.facts, file, USES, places.summary(call.command)) for file in files)
    return found._replace(drafts=(*found.drafts, *used))


def tree_switch(call: Call) -> Touch | None:
    tree = call.facts.worktree
    return Touch(targets.tree(call.facts.machine, tree), SWITCHES) if tree else None


def comment(keys: Sequence[str], call: Call) -> Effects:
    if keys and takes_work(call.text):
        return call.one("issue-note", short(keys), *touches(keys, ADDS))
    return NOTHING


def tag_draft(call: Call, tag: str, key: str | None) -> Draft:
    """A release's tag; a version's tag also moves the package of the directory on."""
    said = [Touch(key, ADDS)] if key else []
    if re.match(r"v?\d+\.\d+", tag.rpartition("@")[2]):
        for registry in ("npm", "pypi", "crates"):
            name = call.facts.package(registry, call.facts.cwd)
            said += [Touch(f"package:{registry}:{name}", EDITS)] if name else []
    return call.draft("tag-push", tag, *said)


def workflow_name(text: str) -> str:
    """`.github/workflows/deploy.yml` and `deploy.yml` are the same workflow."""
    return text.rpartition("/")[2]


def names_in(file: str | None, call: Call) -> list[str]:
    text = (call.facts.read(file) if file and file != "-" else call.command.stdin) or ""
    return re.findall(r"^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=", text, re.MULTILINE) if file else []


def forge_login(program: str, call: Call, verb: str) -> Effects:
    """Who is logged out leaves the machine to another account, or to none."""
    return logins.login(program, call.command, call.facts, SWITCHES if verb in ("switch", "logout") else REPLACES)


def login(program: str, call: Call, effect: str = REPLACES) -> Effects:
    return logins.login(program, call.command, call.facts, effect)


def reads(call: Call) -> Effects:
    return READS


def quiet(call: Call) -> Effects:
    return READS if call.words.verb(1) in ("list", "view", "get", "logs", "ports", "ls") else NOTHING


_QUOTED_FIELDS = re.compile(r"^([^=\[\]]+)((?:\[[^\]]*\])*)=(.*)$", re.DOTALL)


def json_of(text: str | None) -> Any:
    """The value of a JSON text, None if it is none."""
    import json

    try:
        return json.loads(text or "null")
    except ValueError:
        return None


def fields_of(words: Words, call: Call) -> tuple[dict[str, Any], bool]:
    """The body of a call from its fields and its input, and whether all of it is known."""
    found: dict[str, Any] = {}
    known = True
    for field in words.values("-f", "-F", "--field", "--raw-field"):
        match = _QUOTED_FIELDS.match(field)
        if match:
            value: Any = match[3]
            if value.startswith("@"):
                value = call.facts.read(value[1:]) if value != "@-" else call.command.stdin
                known = known and value is not None
            found.setdefault(match[1], []).append(value) if match[2] else found.__setitem__(match[1], value)
    source = words.value("--input")
    if source:
        text = call.command.stdin if source == "-" else call.facts.read(source)
        body = json_of(text)
        known = known and body is not None
        found |= body if isinstance(body, dict) else {}
    return found, known


def secret_effect(verb: str) -> str:
    """A secret is taken away, or given another value."""
    return DESTROYS if verb.lower() in ("delete", "remove", "rm") else REPLACES
