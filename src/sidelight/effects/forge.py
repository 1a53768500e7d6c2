"""What commands do to issues, pull requests, workflows, branch protection, releases, secrets and logins.

GitHub's `gh` and its HTTP API, GitLab's `glab`, `bd` (beads), Jira and Linear, the keepers of secrets, and the logins
of agent programs. Comments and reads collide with nothing; a comment that says its author takes the work is a mark on
the issue.
"""

# ruff: noqa: ARG001 - all rows of a table have one shape
from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sidelight import targets
from sidelight.actions import ADDS, DESTROYS, EDITS, PUSHES, REPLACES, SWITCHES, USES, Draft, Touch
from sidelight.effects import UNKNOWN, Command, Effects, logins, places
from sidelight.effects.options import Words, split
from sidelight.facts import Facts

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


# ── words that a forge understands ────────────────────────────────────────────────────────────────────────────────

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


def _item(word: str, repo: str, scheme: str) -> str | None:
    """An issue or pull request named by number, `#5`, or URL."""
    url = _ITEM_URL.match(word)
    if url:
        return f"{scheme}:{url[1].lower()}#{url[2]}"
    number = re.fullmatch(r"[#!]?(\d+)", word)
    return f"{scheme}:{repo}#{number[1]}" if number else None


def _items(call: Call, start: int, scheme: str) -> list[str]:
    """The keys that a call names; the whole set where they come from elsewhere (`xargs`, a loop)."""
    known = [_item(word, call.repo, scheme) for word in call.words.after(start)]
    found = [key for key in known if key]
    unknown = call.command.each or any(UNKNOWN in word for word in call.words.after(start))
    if found and not unknown:
        return found
    return [*found, f"{scheme}:{call.repo}"] if unknown else found


def _touches(keys: Iterable[str], effect: str) -> tuple[Touch, ...]:
    return tuple(Touch(key, effect) for key in keys)


def _short(keys: Sequence[str]) -> str | None:
    return targets.body_of(keys[0]) if keys else None


# ── gh ────────────────────────────────────────────────────────────────────────────────────────────────────────────

_GH_VALUED = (
    "-R --repo -b --body -F --body-file -t --title -l --label --add-label --remove-label -a --assignee --add-assignee "
    "--remove-assignee "
    "-m --milestone -p --project --add-project --remove-project -B --base -H --head -r --reviewer --add-reviewer "
    "--remove-reviewer "
    "-c --comment --reason --duplicate-of -X --method -f --raw-field --field --header --input -q --jq --json "
    "--template -L --limit "
    "-e --env --env-file --repos -o --org -u --user -s --state -S --search -w --workflow --ref --subject "
    "--match-head-commit -A --author-email "
    "-n --notes --notes-file --target --name --description --color --visibility --default-branch --hostname -h "
    "--branch -N --key --owner "
    "--id --field-id --single-select-option-id --text --number --app -v --value --author --parent --pattern -D --dir "
    "--homepage "
    "--cache -T --type --editor --recover --add-topic --job --discussion-category --notes-start-tag --format --scopes "
    "--add-blocked-by"
)
_GH_ALIASES = {"new": "create", "ls": "list", "co": "checkout"}
_ITEM_READS = frozenset(
    {"view", "list", "status", "diff", "checks", "ls", "watch", "download", "verify", "search", "token"}
)


def _gh(command: Command, facts: Facts) -> Effects | None:
    valued = set(_GH_VALUED.split())
    group = next((word for word in command.argv[1:] if not word.startswith("-")), "")
    verbs = [word for word in command.argv[1:] if not word.startswith("-")][:2]
    if "api" in verbs[:1]:
        valued |= {"-H"}
        valued -= {"-h", "-c", "-a", "-e", "-n", "-s", "-v"}
    if group == "pr" and verbs[1:] == ["merge"]:
        valued -= {"-r", "-s", "-m", "-d"}
    if group == "pr" and verbs[1:] == ["review"]:
        valued -= {"-a", "-r", "-c"}
    if group == "secret":
        valued -= {"-u", "--user"}  # there a switch: a secret of one's own
    if group in ("pr", "issue") and verbs[1:] in (["close"], ["checkout"], ["status"], ["create"], ["new"]):
        valued -= {"-f", "-w", "-e", "-d", "-s"} | ({"-c"} if verbs[1:] == ["status"] else set())
        valued |= {"-c"} if verbs[1:] == ["close"] else set()
    words = split(command.argv, valued)
    told = words.value("-R", "--repo") or command.env.get("GH_REPO") or facts.env.get("GH_REPO")
    repo = repository_named(told) or places.repository(facts)
    if words.on("--help") or words.has("--version") or not words.plain:
        return READS
    plain = (words.plain[0], _GH_ALIASES.get(words.verb(1), words.verb(1)), *words.plain[2:])
    call = Call(repo, words._replace(plain=plain), command, facts, _text_of(words, command, facts))
    row = _GH.get(group)
    found = row(call) if row else None
    if found is None or group == "auth":
        return found
    return _with_files(logins.relying(found, logins.used("gh", command, facts)), call)


def _text_of(words: Words, command: Command, facts: Facts) -> str:
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


def _with_files(found: Effects, call: Call) -> Effects:
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


def _gh_issue(call: Call) -> Effects | None:
    verb = call.words.verb(1)
    if verb in _ITEM_READS or not verb or (verb == "develop" and call.words.on("--list", "-l")):
        return READS
    return _issue_verb(verb, call)


def _issue_verb(verb: str, call: Call) -> Effects | None:
    keys = _items(call, 2, "issue")
    if verb in ("close", "delete", "transfer"):
        return call.one("issue-close", _short(keys), *_touches(keys, DESTROYS))
    if verb == "reopen":
        return call.one("issue-edit", _short(keys), *_touches(keys, REPLACES))
    if verb == "edit":
        return _issue_edit(keys, call)
    if verb == "comment":
        return _comment(keys, call)
    if verb in ("pin", "unpin", "lock", "unlock"):
        return call.one("issue-note", _short(keys), *_touches(keys, ADDS))
    if verb == "develop":
        return call.one(
            "issue-note",
            _short(keys),
            *_touches(keys, ADDS),
            _tree_switch(call) if call.words.on("--checkout", "-c") else None,
        )
    return NOTHING if verb == "create" else None


def _tree_switch(call: Call) -> Touch | None:
    tree = call.facts.worktree
    return Touch(targets.tree(call.facts.machine, tree), SWITCHES) if tree else None


def _comment(keys: Sequence[str], call: Call) -> Effects:
    if keys and takes_work(call.text):
        return call.one("issue-note", _short(keys), *_touches(keys, ADDS))
    return NOTHING


def _issue_edit(keys: Sequence[str], call: Call) -> Effects:
    words = call.words
    drafts: list[Draft] = []
    if words.has("-a", "--assignee", "--add-assignee", "--remove-assignee"):
        effect = REPLACES if words.has("-a", "--assignee", "--add-assignee") else EDITS
        drafts.append(call.draft("issue-claim", _short(keys), *_touches(keys, effect)))
    if words.has("-b", "--body", "-F", "--body-file", "-d", "--description"):
        drafts.append(call.draft("issue-edit", _short(keys), *_touches(keys, REPLACES)))
    elif words.has("-t", "--title", "-B", "--base", "--target-branch"):
        drafts.append(call.draft("issue-edit", _short(keys), *_touches(keys, EDITS)))
    if not drafts:
        drafts.append(call.draft("issue-note", _short(keys), *_touches(keys, ADDS)))
    return Effects(tuple(drafts))


def _gh_pr(call: Call) -> Effects | None:
    verb = call.words.verb(1)
    if verb in _ITEM_READS or not verb:
        return READS
    return _pr_verb(verb, call)


def _pr_keys(call: Call) -> tuple[list[str], str | None]:
    """The pull requests that a call names, and the branch if it names one (or stands on one)."""
    keys = _items(call, 2, "pr")
    named = next(
        (word for word in call.words.after(2) if not _item(word, call.repo, "pr") and UNKNOWN not in word), None
    )
    if keys or call.words.after(2):
        return keys, named
    return [], call.facts.branch


def _pr_verb(verb: str, call: Call) -> Effects | None:
    keys, branch = _pr_keys(call)
    shown = _short(keys) or branch
    head = targets.ref(call.repo, branch) if branch else None
    if verb == "create":
        return _pr_create(call)
    if verb == "merge":
        return _pr_merge(keys, branch, call)
    if verb == "checkout":
        return call.one("tree-switch", shown, _tree_switch(call))
    if verb == "close":
        gone = Touch(head, DESTROYS) if head and call.words.on("-d", "--delete-branch") else None
        return call.one(
            "issue-close",
            shown,
            *_touches(keys, DESTROYS),
            gone,
            *([Touch(head, EDITS)] if head and not keys and not gone else []),
        )
    if verb == "reopen":
        return call.one("issue-edit", shown, *_touches(keys, EDITS))
    if verb == "edit":
        return _issue_edit(keys, call)
    if verb == "comment":
        return _comment(keys, call)
    if verb == "update-branch":
        return call.one("push", shown, *_touches(keys, EDITS), Touch(head, PUSHES) if head else None)
    if verb in ("ready", "lock", "unlock"):
        return call.one("issue-note", shown, *_touches(keys, ADDS))
    return NOTHING if verb in ("review", "revert") else None


def _pr_create(call: Call) -> Effects:
    words = call.words
    if words.on("--dry-run"):
        return READS
    base = words.value("-B", "--base") or "main"
    head = (words.value("-H", "--head") or call.facts.branch or "").rpartition(":")[2]
    said = [Touch(targets.ref(call.repo, base), USES)]
    said += [Touch(targets.ref(call.repo, head), ADDS)] if places.known(head) else []
    said += _touches(closed_by(call.text, call.repo), ADDS)
    return call.one("pr-open", head or base, *said)


def _pr_merge(keys: Sequence[str], branch: str | None, call: Call) -> Effects:
    """A merge relies on the checks and the protection of the branch it goes to."""
    if call.words.on("--disable-auto"):
        return call.one("issue-note", _short(keys), *_touches(keys, ADDS))
    said = list(_touches(keys, REPLACES))
    if branch:
        gone = call.words.on("-d", "--delete-branch")
        said.append(Touch(targets.ref(call.repo, branch), DESTROYS if gone else REPLACES))
    once = {"once": True}  # it relies on them at this moment, not from now on
    said += [Touch(f"workflow:{call.repo}", USES, once), Touch(f"protection:{call.repo}", USES, once)]
    return call.one("pr-merge", _short(keys) or branch, *said)


def _gh_release(call: Call) -> Effects | None:
    verb, tag = call.words.verb(1), call.words.verb(2)
    if verb in _ITEM_READS or not verb:
        return READS
    key = targets.ref(call.repo, f"tags/{tag}") if places.known(tag) else None
    if verb == "create":
        return Effects((tag_draft(call, tag, key),))
    if verb == "delete":
        return call.one("ref-delete", tag, Touch(key, DESTROYS) if key else None)
    if verb in ("edit", "upload", "delete-asset"):
        effect = DESTROYS if verb == "delete-asset" else REPLACES if call.words.on("--clobber") else EDITS
        return call.one("tag-push", tag, Touch(key, effect) if key else None)
    return None


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


def _gh_workflow(call: Call) -> Effects | None:
    verb, name = call.words.verb(1), workflow_name(call.words.verb(2))
    if verb in _ITEM_READS or not verb:
        return READS
    key = f"workflow:{call.repo}#{name}" if places.known(name) else f"workflow:{call.repo}"
    if verb in ("enable", "disable"):
        return call.one("workflow-change", name or None, Touch(key, REPLACES))
    return call.one("workflow-change", name or None, Touch(key, ADDS)) if verb == "run" else None


def _gh_run(call: Call) -> Effects | None:
    verb = call.words.verb(1)
    if verb in _ITEM_READS or not verb:
        return READS
    if verb not in ("cancel", "rerun", "delete"):
        return None
    keys = _items(call, 2, "run") or [f"run:{call.repo}"]
    return call.one("workflow-change", _short(keys), *_touches(keys, REPLACES if verb == "rerun" else DESTROYS))


def _gh_secret(call: Call) -> Effects | None:
    words, verb = call.words, call.words.verb(1)
    if verb not in ("set", "delete", "remove"):
        return READS
    variables = words.verb() == "variable"
    owner = (words.value("-o", "--org") or "").lower() or call.repo
    app = words.value("-a", "--app")
    realm = (None if app == "actions" else app) or ("user" if words.on("-u", "--user") else None)
    parts = (owner, "vars" if variables else None, realm, words.value("-e", "--env"))
    where = "/".join(part for part in parts if part)
    file = words.value("-f", "--env-file")
    names = [name for name in words.after(2)[:1] if UNKNOWN not in name] or _names_in(file, call)
    effect = _secret_effect(verb)
    said = [Touch(f"secret:{where}/{name}", effect) for name in names] or [Touch(f"secret:{where}", effect)]
    return call.one("other" if variables else "secret-rotate", names[0] if names else where, *said)


def _names_in(file: str | None, call: Call) -> list[str]:
    text = (call.facts.read(file) if file and file != "-" else call.command.stdin) or ""
    return re.findall(r"^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=", text, re.MULTILINE) if file else []


def _gh_repo(call: Call) -> Effects | None:
    verb = call.words.verb(1)
    if (
        verb in _ITEM_READS
        or verb in ("gitignore", "license", "")
        or (verb == "autolink" and call.words.verb(2) in ("list", "view"))
    ):
        return READS
    repo = repository_named(call.words.verb(2)) or call.repo
    if verb in ("delete", "archive", "unarchive", "rename", "edit"):
        effect = DESTROYS if verb == "delete" else REPLACES
        more = [Touch(targets.ref(repo, branch), DESTROYS) for branch in ("main", "master")] if verb == "delete" else []
        if verb == "edit" and not call.words.has(
            "--default-branch",
            "--visibility",
            "--enable-auto-merge",
            "--delete-branch-on-merge",
            "--enable-merge-commit",
            "--enable-squash-merge",
            "--enable-rebase-merge",
        ):
            return NOTHING
        return call.one("protection-change", repo, Touch(f"protection:{repo}", effect), *more)
    if verb == "sync" and call.words.verb(2):
        branch = call.words.value("-b", "--branch") or "main"
        forced = call.words.on("--force")
        return call.one(
            "push-force" if forced else "push", branch, Touch(targets.ref(repo, branch), DESTROYS if forced else PUSHES)
        )
    if verb == "sync":
        return call.one("tree-merge", call.facts.branch, _tree_switch(call))
    return NOTHING if verb in ("clone", "fork", "create", "deploy-key", "set-default", "autolink") else None


def _gh_auth(call: Call) -> Effects | None:
    verb = call.words.verb(1)
    if verb in ("status", "token", ""):
        return READS
    return NOTHING if verb == "setup-git" else _forge_login("gh", call, verb)


def _forge_login(program: str, call: Call, verb: str) -> Effects:
    """Who is logged out leaves the machine to another account, or to none."""
    return logins.login(program, call.command, call.facts, SWITCHES if verb in ("switch", "logout") else REPLACES)


def _login(program: str, call: Call, effect: str = REPLACES) -> Effects:
    return logins.login(program, call.command, call.facts, effect)


def _gh_label(call: Call) -> Effects | None:
    verb, name = call.words.verb(1), call.words.verb(2)
    if verb in ("delete", "edit"):
        return call.one(
            "other", f"label {name}", Touch(f"other:label:{call.repo}#{name}", DESTROYS if verb == "delete" else EDITS)
        )
    return READS if verb in ("list", "ls", "") else NOTHING


def _gh_cache(call: Call) -> Effects:
    if call.words.verb(1) != "delete":
        return READS
    return call.one("other", "workflow cache", Touch(f"other:cache:{call.repo}", DESTROYS))


def _gh_project(call: Call) -> Effects:
    verb = call.words.verb(1)
    if verb in ("list", "view", "item-list", "field-list", ""):
        return READS
    owner = call.words.value("--owner") or call.repo.partition("/")[0]
    effect = DESTROYS if verb in ("delete", "item-delete", "close", "field-delete", "item-archive") else EDITS
    item = call.words.value("--id")
    return call.one(
        "other", f"project {call.words.verb(2)}", Touch(f"other:project:{owner}/{item or call.words.verb(2)}", effect)
    )


def _gh_ruleset(call: Call) -> Effects:
    return READS


def _reads(call: Call) -> Effects:
    return READS


def _quiet(call: Call) -> Effects:
    return READS if call.words.verb(1) in ("list", "view", "get", "logs", "ports", "ls") else NOTHING


# ── the HTTP API of GitHub ────────────────────────────────────────────────────────────────────────────────────────


def _gh_api(call: Call) -> Effects | None:
    words = call.words
    endpoint = words.verb(1)
    fields, known = _fields(words, call)
    method = (
        words.value("-X", "--method")
        or ("POST" if words.has("-f", "-F", "--field", "--raw-field", "--input") else "GET")
    ).upper()
    if endpoint == "graphql":
        query = str(fields.get("query", ""))
        if known and query and not re.search(r"\bmutation\b", query):
            return READS
        return _graphql(query, call)
    return api(method, endpoint, fields, call)


_QUOTED_FIELDS = re.compile(r"^([^=\[\]]+)((?:\[[^\]]*\])*)=(.*)$", re.DOTALL)


def _json(text: str | None) -> Any:
    """The value of a JSON text, None if it is none."""
    import json

    try:
        return json.loads(text or "null")
    except ValueError:
        return None


def _fields(words: Words, call: Call) -> tuple[dict[str, Any], bool]:
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
        body = _json(text)
        known = known and body is not None
        found |= body if isinstance(body, dict) else {}
    return found, known


_MUTATIONS = (
    (re.compile(r"\b(closeIssue|deleteIssue|closePullRequest|transferIssue)\b"), "issue-close", "issue", DESTROYS),
    (re.compile(r"\bmergePullRequest|enablePullRequestAutoMerge\b"), "pr-merge", "pr", REPLACES),
    (re.compile(r"\b(update|create|delete)BranchProtectionRule\b"), "protection-change", "protection", REPLACES),
    (re.compile(r"\b(updateIssue|updatePullRequest|reopen\w+)\b"), "issue-edit", "issue", EDITS),
)


def _graphql(query: str, call: Call) -> Effects:
    """A mutation names its subjects by opaque ids: the set of all of them is touched."""
    for pattern, kind, scheme, effect in _MUTATIONS:
        if pattern.search(query):
            return call.one(kind, call.repo, Touch(f"{scheme}:{call.repo}", effect))
    return (
        Effects(unknown=True, drafts=(call.draft("command", None),))
        if not re.search(r"addComment|resolveReviewThread", query)
        else NOTHING
    )


def api(method: str, endpoint: str, fields: Mapping[str, Any], call: Call) -> Effects | None:
    """What a request to GitHub's API does; the same for `gh api` and for `curl`."""
    if method in ("GET", "HEAD", "OPTIONS"):
        return READS
    path = re.sub(r"^https?://api\.github\.com|^https?://[^/]+/api/v3", "", endpoint).partition("?")[0].strip("/")
    path = (
        path.replace("{owner}/{repo}", call.repo)
        .replace(":owner/:repo", call.repo)
        .replace("{branch}", call.facts.branch or "main")
    )
    parts = path.split("/")
    if parts[0] != "repos" or len(parts) < 3:
        return _org_api(method, parts, call)
    call = call._replace(repo="/".join(parts[1:3]).lower())
    rest = parts[3:]
    if not rest:
        effect = DESTROYS if method == "DELETE" else REPLACES
        return call.one("protection-change", call.repo, Touch(f"protection:{call.repo}", effect))
    row = _API.get(rest[0])
    return row(method, rest[1:], fields, call) if row else NOTHING


def _secret_effect(verb: str) -> str:
    """A secret is taken away, or given another value."""
    return DESTROYS if verb.lower() in ("delete", "remove", "rm") else REPLACES


def _org_api(method: str, parts: Sequence[str], call: Call) -> Effects | None:
    if parts[:1] == ["orgs"] and "secrets" in parts:
        return call.one(
            "secret-rotate", parts[-1], Touch(f"secret:{parts[1].lower()}/{parts[-1]}", _secret_effect(method))
        )
    return Effects(unknown=True, drafts=(call.draft("command", None),))


def _api_branches(method: str, rest: Sequence[str], fields: Mapping[str, Any], call: Call) -> Effects:
    if "protection" in rest:
        branch = "/".join(rest[: list(rest).index("protection")])
        return call.one("protection-change", branch, Touch(f"protection:{call.repo}#{branch}", REPLACES))
    if rest[-1:] == ["rename"] or rest[-1:] == ("rename",):
        branch = "/".join(rest[:-1])
        return call.one("ref-delete", branch, Touch(targets.ref(call.repo, branch), DESTROYS))
    return NOTHING


def _api_issues(method: str, rest: Sequence[str], fields: Mapping[str, Any], call: Call) -> Effects:
    if not rest or not rest[0].isdigit():
        unknown = bool(rest) and UNKNOWN in rest[0]
        return call.one("issue-edit", call.repo, Touch(f"issue:{call.repo}", EDITS)) if unknown else NOTHING
    key, part = f"issue:{call.repo}#{rest[0]}", rest[1] if len(rest) > 1 else ""
    if part == "comments":
        return _comment([key], call._replace(text=str(fields.get("body", ""))))
    if part == "assignees":
        return call.one("issue-claim", _short([key]), Touch(key, REPLACES if method == "POST" else EDITS))
    if part or method != "PATCH":
        return call.one("issue-note", _short([key]), Touch(key, ADDS))
    return _patched(key, fields, call)


def _patched(key: str, fields: Mapping[str, Any], call: Call) -> Effects:
    """PATCH of an issue or pull request."""
    if fields.get("state") == "closed":
        return call.one("issue-close", _short([key]), Touch(key, DESTROYS))
    if fields.get("assignees") or fields.get("assignee"):
        return call.one("issue-claim", _short([key]), Touch(key, REPLACES))
    return call.one(
        "issue-edit", _short([key]), Touch(key, REPLACES if "body" in fields or fields.get("state") else EDITS)
    )


def _api_pulls(method: str, rest: Sequence[str], fields: Mapping[str, Any], call: Call) -> Effects:
    if not rest:
        text = f"{fields.get('title', '')}\n{fields.get('body', '')}"
        base, head = str(fields.get("base") or "main"), str(fields.get("head") or "").rpartition(":")[2]
        said = [Touch(targets.ref(call.repo, base), USES)]
        said += [Touch(targets.ref(call.repo, head), ADDS)] if head else []
        return call._replace(text=text).one("pr-open", head or base, *said, *_touches(closed_by(text, call.repo), ADDS))
    key = f"pr:{call.repo}#{rest[0]}" if rest[0].isdigit() else f"pr:{call.repo}"
    part = rest[1] if len(rest) > 1 else ""
    if part == "merge":
        return _pr_merge([key], None, call)
    if part == "update-branch":
        return call.one("push", _short([key]), Touch(key, EDITS))
    return _patched(key, fields, call) if not part and method == "PATCH" else NOTHING


def _api_git(method: str, rest: Sequence[str], fields: Mapping[str, Any], call: Call) -> Effects:
    """Branches and tags as the API moves them."""
    if rest[:1] != ["refs"]:
        return NOTHING
    if len(rest) == 1:
        name = _ref_name(str(fields.get("ref", "")).removeprefix("refs/").split("/"))
        return call.one("ref-create", name, Touch(targets.ref(call.repo, name), ADDS))
    name = _ref_name(rest[1:])
    key = targets.ref(call.repo, name)
    if method == "DELETE":
        return call.one("ref-delete", name, Touch(key, DESTROYS))
    forced = str(fields.get("force", "")).lower() == "true"
    return call.one("push-force" if forced else "push", name, Touch(key, DESTROYS if forced else PUSHES))


def _ref_name(parts: Sequence[str]) -> str:
    return "/".join(parts[1:]) if parts[:1] == ["heads"] else "/".join(parts)


def _api_actions(method: str, rest: Sequence[str], fields: Mapping[str, Any], call: Call) -> Effects:
    group, name = rest[0] if rest else "", rest[1] if len(rest) > 1 else ""
    verb = rest[2] if len(rest) > 2 else ""
    if group == "workflows":
        effect = ADDS if verb == "dispatches" else REPLACES
        return call.one("workflow-change", name, Touch(f"workflow:{call.repo}#{workflow_name(name)}", effect))
    if group == "runs":
        gone = method == "DELETE" or "cancel" in verb
        return call.one(
            "workflow-change",
            name,
            Touch(f"run:{call.repo}#{name}" if name.isdigit() else f"run:{call.repo}", DESTROYS if gone else REPLACES),
        )
    if group in ("secrets", "variables") and name:
        where = call.repo if group == "secrets" else f"{call.repo}/vars"
        return call.one(
            "secret-rotate" if group == "secrets" else "other",
            name,
            Touch(f"secret:{where}/{name}", _secret_effect(method)),
        )
    if group == "permissions":
        return call.one("workflow-change", "actions permissions", Touch(f"workflow:{call.repo}", REPLACES))
    if group == "caches":
        return call.one("other", "workflow cache", Touch(f"other:cache:{call.repo}", DESTROYS))
    return NOTHING


def _api_environments(method: str, rest: Sequence[str], fields: Mapping[str, Any], call: Call) -> Effects:
    if "secrets" in rest and len(rest) > 2:
        return call.one(
            "secret-rotate", rest[-1], Touch(f"secret:{call.repo}/{rest[0]}/{rest[-1]}", _secret_effect(method))
        )
    return call.one(
        "protection-change",
        rest[0] if rest else None,
        Touch(f"protection:{call.repo}#environments/{'/'.join(rest[:1])}", REPLACES),
    )


def _api_rulesets(method: str, rest: Sequence[str], fields: Mapping[str, Any], call: Call) -> Effects:
    return call.one("protection-change", call.repo, Touch(f"protection:{call.repo}", REPLACES))


def _api_contents(method: str, rest: Sequence[str], fields: Mapping[str, Any], call: Call) -> Effects:
    branch = str(fields.get("branch") or "main")
    return call.one("push", branch, Touch(targets.ref(call.repo, branch), PUSHES))


def _api_merges(method: str, rest: Sequence[str], fields: Mapping[str, Any], call: Call) -> Effects:
    branch = str(fields.get("base") or fields.get("branch") or "main")
    return call.one("push", branch, Touch(targets.ref(call.repo, branch), PUSHES))


def _api_releases(method: str, rest: Sequence[str], fields: Mapping[str, Any], call: Call) -> Effects:
    tag = str(fields.get("tag_name") or "")
    if tag:
        return Effects((tag_draft(call, tag, targets.ref(call.repo, f"tags/{tag}")),))
    return call.one(
        "tag-push",
        "/".join(rest) or None,
        Touch(f"other:release:{call.repo}/{'/'.join(rest)}", DESTROYS if method == "DELETE" else EDITS),
    )


_API: dict[str, Callable[[str, Sequence[str], Mapping[str, Any], Call], Effects]] = {
    "branches": _api_branches,
    "issues": _api_issues,
    "pulls": _api_pulls,
    "git": _api_git,
    "actions": _api_actions,
    "environments": _api_environments,
    "rulesets": _api_rulesets,
    "contents": _api_contents,
    "merges": _api_merges,
    "merge-upstream": _api_merges,
    "releases": _api_releases,
}

_GH: dict[str, Callable[[Call], Effects | None]] = {
    "issue": _gh_issue,
    "pr": _gh_pr,
    "release": _gh_release,
    "workflow": _gh_workflow,
    "run": _gh_run,
    "secret": _gh_secret,
    "variable": _gh_secret,
    "repo": _gh_repo,
    "api": _gh_api,
    "auth": _gh_auth,
    "label": _gh_label,
    "cache": _gh_cache,
    "project": _gh_project,
    "ruleset": _gh_ruleset,
    "rs": _gh_ruleset,
    "search": _reads,
    "status": _reads,
    "browse": _reads,
    "org": _reads,
    "help": _reads,
    "version": _reads,
    "completion": _reads,
    "attestation": _reads,
    "gist": _quiet,
    "alias": _quiet,
    "config": _quiet,
    "extension": _quiet,
    "ext": _quiet,
    "ssh-key": _quiet,
    "gpg-key": _quiet,
    "codespace": _quiet,
    "cs": _quiet,
}


def _curl(command: Command, facts: Facts) -> Effects | None:
    """Requests to the API of a forge; all others are not for here."""
    words = split(
        command.argv,
        "-X --request -H --header -d --data --data-raw --data-binary --json -u --user -o --output -w --write-out "
        "-A --user-agent -m --max-time --connect-timeout -F --form -T --upload-file -x --proxy --retry -b -c -e "
        "--data-urlencode --url".split(),
    )
    url = words.value("--url") or next(
        (word for word in words.plain if "api.github.com/" in word or "/api/v3/" in word or "/api/v4/" in word), ""
    )
    if not re.match(r"(https?://)?(api\.github\.com/|[^/]+/api/v[34]/)", url):
        return None
    data = words.values("-d", "--data", "--data-raw", "--data-binary", "--json")
    method = (
        words.value("-X", "--request")
        or ("POST" if data or words.has("-F", "--form") else "PUT" if words.has("-T") else "GET")
    ).upper()
    if words.on("-I", "--head", "-G", "--get") and not words.has("-X", "--request"):
        return READS
    if method in ("GET", "HEAD"):
        return None if words.has("-o", "--output", "-O", "--remote-name") else READS
    text = next(
        (
            facts.read(one[1:]) if one.startswith("@") and one != "@-" else command.stdin if one == "@-" else one
            for one in data
        ),
        None,
    )
    body = _json(text)
    call = Call(places.repository(facts), words, command, facts)
    if "/api/v4/" in url:
        return _gitlab_api(method, url.partition("/api/v4/")[2], call)
    whole = url if "://" in url else f"https://{url}"
    return api(method, whole, body if isinstance(body, dict) else {}, call)


# ── glab ──────────────────────────────────────────────────────────────────────────────────────────────────────────

_GLAB_VALUED = (
    "-R --repo -d --description -t --title -l --label -u --unlabel -a --assignee -m --message --milestone -b "
    "--target-branch -s --source-branch "
    "--reviewer -X --method -f -F --field --raw-field --input -g --group -n --notes -N --notes-file --ref --state -v "
    "--value -k --key --scope "
    "--variables --branch -H --header --lock-discussion"
)


def _glab(command: Command, facts: Facts) -> Effects | None:
    verbs = [word for word in command.argv[1:] if not word.startswith("-")][:2]
    valued = set(_GLAB_VALUED.split()) - ({"-d", "-s", "-m"} if verbs == ["mr", "merge"] else set())
    words = split(command.argv, valued)
    repo = repository_named(words.value("-R", "--repo")) or places.repository(facts)
    if words.on("--help") or not words.plain:
        return READS
    group, verb = (
        words.verb(),
        {"note": "comment", "update": "edit", "new": "create", "open": "create"}.get(words.verb(1), words.verb(1)),
    )
    ours = {"-d": "--description", **({"-b": "--target-branch"} if group == "mr" else {})}
    words = words._replace(
        plain=(group, verb, *words.plain[2:]),
        options=tuple((ours.get(name, name) if value else name, value) for name, value in words.options),
    )
    call = Call(repo, words, command, facts, _text_of(words, command, facts))
    found = _glab_group(group, verb, call)
    return logins.relying(found, logins.used("glab", command, facts)) if found and group != "auth" else found


def _glab_group(group: str, verb: str, call: Call) -> Effects | None:
    words, repo = call.words, call.repo
    if group in ("issue", "incident"):
        return (
            READS
            if verb in ("list", "view", "ls", "board", "")
            else _issue_verb({"subscribe": "create"}.get(verb, verb), call)
        )
    if group == "mr":
        return _glab_mr(verb, call)
    if group in ("ci", "pipeline", "pipe"):
        if verb in ("list", "view", "status", "get", "lint", "trace", "artifact", "config"):
            return READS
        return call.one(
            "workflow-change",
            words.verb(2) or None,
            Touch(
                f"run:{repo}" + (f"#{words.verb(2)}" if words.verb(2).isdigit() else ""),
                DESTROYS
                if verb in ("cancel", "delete")
                else ADDS
                if verb in ("run", "trigger", "create")
                else REPLACES,
            ),
        )
    if group == "variable":
        if verb in ("list", "get", "export", "ls"):
            return READS
        name = words.verb(2) or words.value("-k", "--key") or ""
        return call.one(
            "secret-rotate",
            name,
            Touch(f"secret:{words.value('-g', '--group') or repo}/{name}".rstrip("/"), _secret_effect(verb)),
        )
    if group == "release":
        return _gh_release(call)
    if group == "repo":
        return _gh_repo(call)
    if group == "auth":
        return READS if verb == "status" else _forge_login("glab", call, verb)
    if group == "api":
        method = (
            words.value("-X", "--method")
            or ("POST" if words.has("-f", "-F", "--field", "--raw-field", "--input") else "GET")
        ).upper()
        return READS if method == "GET" else _gitlab_api(method, words.verb(1), call)
    return READS if group in ("version", "help", "check-update", "user") or verb in ("list", "view", "get") else None


def _glab_mr(verb: str, call: Call) -> Effects | None:
    words = call.words
    if verb in ("list", "view", "ls", "diff", "issues", "approvers", ""):
        return READS
    if verb == "create":
        base = words.value("-b", "--target-branch") or "main"
        head = words.value("-s", "--source-branch") or call.facts.branch or ""
        said = [
            Touch(targets.ref(call.repo, base), USES),
            *([Touch(targets.ref(call.repo, head), ADDS)] if head else []),
        ]
        return call.one("pr-open", head or base, *said, *_touches(closed_by(call.text, call.repo), ADDS))
    if verb == "rebase":
        keys, branch = _pr_keys(call)
        return call.one(
            "push-force",
            _short(keys) or branch,
            *_touches(keys, EDITS),
            Touch(targets.ref(call.repo, branch), DESTROYS) if branch else None,
        )
    return (
        NOTHING
        if verb in ("approve", "revoke", "subscribe", "unsubscribe", "todo")
        else _pr_verb({"accept": "merge"}.get(verb, verb), call)
    )


def _gitlab_api(method: str, endpoint: str, call: Call) -> Effects:
    """GitLab's API, by the last words of its path."""
    path = endpoint.partition("?")[0].strip("/").replace("%2F", "/").replace("%2f", "/")
    found = re.search(
        r"(issues|merge_requests|pipelines|jobs|protected_branches|variables|"
        r"repository/branches)(?:/([^/]+))?(?:/(\w+))?$",
        path,
    )
    project = re.match(r"projects/([\w.-]+/[\w.-]+)/", path)
    repo = project[1].lower() if project else call.repo
    if not found:
        return Effects(unknown=True, drafts=(call.draft("command", None),))
    kind, name, verb = found[1], found[2] or "", found[3] or ""
    if kind == "merge_requests":
        return (
            call.one("pr-merge" if verb == "merge" else "issue-edit", name, Touch(f"pr:{repo}#{name}", REPLACES))
            if name
            else NOTHING
        )
    if kind == "issues":
        return (
            call.one("issue-edit", name, Touch(f"issue:{repo}#{name}", DESTROYS if method == "DELETE" else REPLACES))
            if name
            else NOTHING
        )
    if kind == "protected_branches":
        return call.one(
            "protection-change", name or repo, Touch(f"protection:{repo}" + (f"#{name}" if name else ""), REPLACES)
        )
    if kind == "variables":
        return call.one(
            "secret-rotate", name or repo, Touch(f"secret:{repo}/{name}".rstrip("/"), _secret_effect(method))
        )
    if kind == "repository/branches":
        return call.one(
            "ref-delete" if method == "DELETE" else "ref-create",
            name,
            Touch(targets.ref(repo, name), DESTROYS if method == "DELETE" else ADDS),
        )
    return call.one(
        "workflow-change",
        name,
        Touch(f"run:{repo}#{name}", DESTROYS if verb == "cancel" or method == "DELETE" else REPLACES),
    )


def _hub(command: Command, facts: Facts) -> Effects | None:
    """`hub` is git with some verbs of the forge."""
    words = split(
        command.argv,
        "-b --base -h --head -m --message -F --file -i -a --assign -l --labels -t --commitish -s --state".split(),
    )
    call = Call(places.repository(facts), words, command, facts, _text_of(words, command, facts))
    if words.verb() == "pull-request":
        return _pr_create(
            call._replace(
                words=words._replace(
                    options=tuple(("-B" if n == "-b" else "-H" if n == "-h" else n, v) for n, v in words.options)
                )
            )
        )
    if words.verb() == "issue":
        if words.verb(1) not in ("update", "create", "transfer"):
            return READS
        keys = _items(call, 2, "issue")
        closes = words.value("-s", "--state") == "closed"
        return call.one(
            "issue-close" if closes else "issue-edit", _short(keys), *_touches(keys, DESTROYS if closes else EDITS)
        )
    if words.verb() == "release":
        return _gh_release(call)
    return READS if words.verb() in ("ci-status", "browse", "pr") else None


# ── beads, Jira, Linear ───────────────────────────────────────────────────────────────────────────────────────────

_BD_VALUED = (
    "-s --status -a --assignee -p --priority -t --type --title -d --description --notes --design --acceptance --reason "
    "-r -l --label --labels "
    "--add-label --remove-label --parent --deps --db --actor --limit -n -e --estimate --external-ref --body "
    "--body-file --append-notes "
    "--set-labels --message -m --repo --due --defer --metadata --type"
)
_BD_READS = frozenset(
    "ready list show stats status blocked search count info doctor where version help prime human graph tree history "
    "diff validate lint "
    "query stale orphans duplicates export completion quickstart onboard activity types statuses state".split()
)


def _bd(command: Command, facts: Facts) -> Effects | None:
    words = split(command.argv, _BD_VALUED.split())
    verb, rest = words.verb(), words.after(1)
    repo = places.repository(facts)
    call = Call(
        repo,
        words,
        command,
        facts,
        "\n".join(words.values("--reason", "-r", "--notes", "--title", "-d", "--description")),
    )
    if verb in _BD_READS or not verb or words.on("--help", "--dry-run", "--version"):
        return READS
    if verb in (
        "dep",
        "label",
        "comments",
        "comment",
        "config",
        "epic",
        "gate",
        "mol",
        "worktree",
        "template",
        "state",
    ):
        return _bd_group(verb, rest, call)
    names = [name for name in rest if UNKNOWN not in name]
    keys = [f"bead:{repo}#{name}" for name in names]
    if command.each or any(UNKNOWN in name for name in rest):
        keys.append(f"bead:{repo}")
    if verb in ("close", "done", "delete", "tombstone", "supersede", "duplicate"):
        return call.one("issue-close", names[0] if names else None, *_touches(keys, DESTROYS))
    if verb in ("reopen", "undefer", "restore"):
        return call.one("issue-edit", names[0] if names else None, *_touches(keys, REPLACES))
    if verb in ("update", "edit", "set-state", "defer", "assign", "priority", "rename"):
        return _bd_update(verb, names, keys, call)
    if verb in ("claim", "start", "take"):
        return call.one("issue-claim", names[0] if names else None, *_touches(keys, REPLACES))
    quiet = (
        "create",
        "new",
        "q",
        "quick",
        "create-form",
        "sync",
        "init",
        "import",
        "hooks",
        "migrate",
        "compact",
        "admin",
        "flush",
        "daemon",
        "dolt",
        "vc",
        "branch",
        "remember",
        "setup",
        "note",
    )
    return NOTHING if verb in quiet else None


def _bd_group(verb: str, rest: Sequence[str], call: Call) -> Effects:
    names = [name for name in rest[1:] if UNKNOWN not in name]
    if rest[:1] in ((), ("list",), ("tree",), ("cycles",), ("list-all",), ("get",), ("status",)):
        return READS
    if verb in ("comments", "comment"):
        subject = names[0] if verb == "comments" and names else rest[0]
        return _comment([f"bead:{call.repo}#{subject}"], call._replace(text=" ".join(rest[1:])))
    if verb == "dep":
        return call.one(
            "issue-note",
            names[0] if names else None,
            *_touches([f"bead:{call.repo}#{name}" for name in names[:2]], ADDS),
        )
    if verb == "label":
        return call.one(
            "issue-note",
            names[0] if names else None,
            *_touches([f"bead:{call.repo}#{name}" for name in names[:-1]], ADDS),
        )
    return NOTHING


def _bd_update(verb: str, names: Sequence[str], keys: Sequence[str], call: Call) -> Effects:
    words = call.words
    status = (words.value("-s", "--status") or "").casefold()
    shown = names[0] if names else None
    if status in ("closed", "done", "tombstone", "resolved"):
        return call.one("issue-close", shown, *_touches(keys, DESTROYS))
    if (
        verb == "assign"
        or words.has("-a", "--assignee", "--claim")
        or status in ("in_progress", "in-progress", "hooked", "pinned")
    ):
        return call.one("issue-claim", shown, *_touches(keys, REPLACES))
    if words.has("-d", "--description", "--design", "--acceptance", "--body", "--body-file", "--notes") or status:
        return call.one("issue-edit", shown, *_touches(keys, REPLACES))
    if words.has("--title", "-p", "--priority", "-t", "--type", "--parent") or verb in ("defer", "priority", "rename"):
        return call.one("issue-edit", shown, *_touches(keys, EDITS))
    return call.one("issue-note", shown, *_touches(keys, ADDS))


_DONE = re.compile(r"\b(done|closed|cancel+ed|resolved|complete[d]?|duplicate|won'?t do)\b", re.IGNORECASE)
_BEGUN = re.compile(r"\b(in[ _-]?progress|doing|started|in review|selected)\b", re.IGNORECASE)


def _tracker(program: str) -> Callable[[Command, Facts], Effects | None]:
    """Jira's and Linear's command lines: `jira issue move ACME-5 Done`, `linear issue start ENG-3`."""

    def look(command: Command, facts: Facts) -> Effects | None:
        words = split(
            command.argv,
            "-s --status --state -a --assignee -b --body -t --type --title -p -l --label --comment -m -d --description "
            "--priority".split(),
        )
        plain = tuple(word for word in words.plain if word not in ("issue", "issues", "i"))
        verb = plain[0] if plain else ""
        names = [word for word in plain[1:] if re.fullmatch(r"[A-Za-z][A-Za-z0-9]*-\d+", word)]
        keys = [f"issue:{program}#{name.upper()}" for name in names]
        said = " ".join([*plain[1:], *words.values("-s", "--status", "--state", "-b", "--body", "--comment")])
        call = Call(program, words, command, facts, said)
        if verb in (
            "view",
            "list",
            "ls",
            "show",
            "open",
            "me",
            "sprint",
            "epic",
            "board",
            "project",
            "query",
            "id",
            "url",
            "title",
            "branch",
            "team",
            "teams",
            "",
        ):
            return READS
        if verb in ("move", "transition", "update", "edit"):
            if _DONE.search(said):
                return call.one("issue-close", _short(keys), *_touches(keys, DESTROYS))
            claims = bool(_BEGUN.search(said)) or words.has("-a", "--assignee")
            body = words.has("-b", "--body", "-d", "--description")
            return call.one(
                "issue-claim" if claims else "issue-edit",
                _short(keys),
                *_touches(keys, REPLACES if claims or body else EDITS),
            )
        if verb in ("assign", "start", "take", "claim"):
            return call.one("issue-claim", _short(keys), *_touches(keys, REPLACES))
        if verb in ("close", "delete", "archive", "done", "cancel"):
            return call.one("issue-close", _short(keys), *_touches(keys, DESTROYS))
        if verb in ("comment", "comments"):
            return _comment(keys, call)
        return NOTHING if verb in ("create", "new", "watch", "link", "worklog", "clone", "init") else None

    return look


# ── keepers of secrets ────────────────────────────────────────────────────────────────────────────────────────────


def _secret(call: Call, keys: Sequence[str], effect: str = DESTROYS) -> Effects:
    """Secrets are given another value (REPLACES) or taken away."""
    return call.one("secret-rotate", keys[0] if keys else None, *(Touch(f"secret:{key}", effect) for key in keys))


def _vault_server(words: Words, command: Command, facts: Facts) -> str:
    """`vault`, with the server and the namespace where they are said: two servers hold two secrets."""
    address = words.value("-address") or logins.variable(command, facts, "VAULT_ADDR", "BAO_ADDR") or ""
    namespace = words.value("-namespace", "-ns") or logins.variable(command, facts, "VAULT_NAMESPACE")
    server = targets.local_server(address.partition("://")[2] or address, facts.machine).strip("/")
    return (f"vault@{server}" if server else "vault") + (f"/{namespace.strip('/')}" if namespace else "")


def _vault(command: Command, facts: Facts) -> Effects | None:
    words = split(
        command.argv,
        "-mount -address -namespace -ns -format -field -method -path -versions -ttl -policy".split(),
        long=True,
    )
    plain = words.plain
    call = Call("vault", words, command, facts)
    if plain[:1] == ("login",) or plain[:2] == ("token", "revoke"):
        return _login("vault", call, DESTROYS if plain[0] == "token" else REPLACES)
    if plain[:2] in (("token", "lookup"), ("token", "renew"), ("token", "create"), ("token", "capabilities")):
        return READS
    group = plain[0] if plain else ""
    verb = (
        " ".join(plain[1:3])
        if group == "kv" and plain[1:2] == ("metadata",)
        else plain[1]
        if group == "kv" and len(plain) > 1
        else group
    )
    if verb in ("get", "list", "read", "status", "version", "metadata get", "print", "path-help", "") or (
        group in ("status", "audit", "policy") and plain[1:2] in (("list",), ("read",), ())
    ):
        return READS
    start = {"kv": 3 if verb.startswith("metadata") else 2}.get(group, 1)
    if group in ("secrets", "auth", "lease", "policy", "operator", "audit"):
        if plain[1:2] in (("list",), ("read",), ("help",), ("lookup",)):
            return READS
        start = 2
    rest = [word for word in words.after(start) if UNKNOWN not in word]
    mount = words.value("-mount")
    where = (_vault_server(words, command, facts), mount, rest[0] if rest else None)
    effect = REPLACES if verb in ("put", "patch", "write", "metadata put", "metadata patch", "undelete") else DESTROYS
    found = _secret(call, ["/".join(part.strip("/") for part in where if part)], effect)
    files = [word.partition("=")[2] if "=" in word else word for word in rest[1:]]
    used = [
        places.file_draft("file-use", facts, word[1:], USES, places.summary(command))
        for word in files
        if word.startswith("@")
    ]
    return found._replace(drafts=(*found.drafts, *used))


def _doppler(command: Command, facts: Facts) -> Effects | None:
    words = split(command.argv, ("-p", "--project", "-c", "--config", "--token", "--scope", "--name"))
    call = Call("doppler", words, command, facts)
    group, verb = words.verb(), words.verb(1)
    project = words.value("-p", "--project") or (words.verb(2) if group == "projects" else None)
    config = words.value("-c", "--config") or (words.verb(2) if group == "configs" else None)
    where = "/".join(part for part in ("doppler", project, config) if part)
    if group == "secrets" and verb in ("set", "delete", "upload", "substitute", "notes"):
        names = [name.partition("=")[0] for name in words.after(2) if UNKNOWN not in name] if verb != "upload" else []
        effect = _secret_effect(verb)
        return _secret(call, [f"{where}/{name}" for name in names] or [where], effect)
    if group in ("login", "logout"):
        return _login("doppler", call, DESTROYS if group == "logout" else REPLACES)
    if group in ("setup", "configure") and verb not in ("get", "options", "debug", ""):
        return logins.switch("doppler", command, facts)
    if group == "setup":
        return logins.switch("doppler", command, facts)
    if verb in ("delete", "rename", "revoke", "update", "lock", "unlock", "clone", "rollback"):
        return _secret(call, [where])
    return (
        READS
        if group in ("secrets", "me", "projects", "configs", "environments", "activity", "configure", "settings")
        else None
    )


def _op(command: Command, facts: Facts) -> Effects | None:
    words = split(
        command.argv,
        (
            "--vault",
            "--account",
            "--category",
            "--title",
            "--template",
            "--fields",
            "--format",
            "--tags",
            "--url",
            "-o",
            "-f",
            "-i",
        ),
    )
    call = Call("op", words, command, facts)
    group, verb, name = words.verb(), words.verb(1), words.verb(2)
    if group in ("signin", "signout"):
        return _login("op", call, DESTROYS if group == "signout" else REPLACES)
    if verb in ("edit", "delete", "move", "rotate", "revoke") and group in (
        "item",
        "document",
        "vault",
        "service-account",
        "connect",
        "user",
        "group",
    ):
        return _secret(call, ["/".join(part for part in ("op", words.value("--vault"), name) if part)])
    if verb == "create":
        return NOTHING
    return (
        READS
        if group in ("read", "item", "vault", "whoami", "document", "account", "user", "group", "inject")
        or words.has("--version")
        else None
    )


def _sops(command: Command, facts: Facts) -> Effects | None:
    """An encrypted file, changed in place."""
    words = split(
        command.argv,
        ("--output", "--age", "--pgp", "--kms", "--set", "--input-type", "--output-type", "--config", "--extract"),
    )
    verb = words.verb()
    file = next((word for word in words.plain if "." in word and UNKNOWN not in word), None)
    if (
        verb in ("exec-env", "exec-file", "publish", "keyservice", "filestatus", "decrypt")
        and not words.on("-i", "--in-place")
    ) or (words.has("-d", "--decrypt") and not words.on("-i", "--in-place")):
        return READS
    if file is None:
        return READS if words.has("--version", "--help") else None
    writes = (
        words.on("-i", "--in-place", "-r", "--rotate")
        or words.has("--set")
        or verb in ("edit", "set", "unset", "updatekeys", "rotate")
        or verb == file
    )
    return Effects((places.file_draft("edit", facts, file, EDITS, places.summary(command)),)) if writes else READS


# ── logins of agent programs ──────────────────────────────────────────────────────────────────────────────────────

_AGENTS = frozenset({"claude", "codex", "gemini", "copilot", "opencode", "cursor-agent", "amp", "droid", "qwen"})


#: What their other groups of verbs are about, and the verbs of those that only look.
_AGENT_GROUPS = frozenset(
    "mcp config plugin plugins extension extensions agent agents model models session sessions thread threads feature "
    "features skill skills hook hooks cloud tools".split()
)
_AGENT_READS = frozenset({"list", "ls", "get", "show", "info", "status", "details", "search", "validate"})


def _agent(command: Command, facts: Facts) -> Effects | None:
    """Only their logins are for here: one login a machine is shared by all its sessions."""
    words = [word for word in command.argv[1:] if not word.startswith("-")]
    verbs = words[1:] if words[:1] == ["auth"] else words
    call = Call("", split(command.argv), command, facts)
    program = command.argv[0]
    if words[:1] not in (["auth"], ["login"], ["logout"], ["setup-token"]):
        looks = bool(words[1:]) and words[0] in _AGENT_GROUPS and bool(_AGENT_READS & set(words[1:3]))
        return READS if looks or command.argv[1:] in (("--version",), ("--help",), ("-v",), ("-V",), ("-h",)) else None
    if verbs[:1] in (["status"], ["list"], ["ls"]) or verbs[:2] == ["login", "status"]:
        return READS
    if verbs[:1] in (["login"], ["logout"], ["setup-token"]):
        return _login(program, call, DESTROYS if verbs[0] == "logout" else REPLACES)
    return READS if not verbs else None


# ── the way in ────────────────────────────────────────────────────────────────────────────────────────────────────

_TABLE: dict[str, Callable[[Command, Facts], Effects | None]] = {
    "gh": _gh,
    "glab": _glab,
    "hub": _hub,
    "curl": _curl,
    "bd": _bd,
    "br": _bd,
    "beads": _bd,
    "jira": _tracker("jira"),
    "linear": _tracker("linear"),
    "vault": _vault,
    "bao": _vault,
    "doppler": _doppler,
    "op": _op,
    "sops": _sops,
    **dict.fromkeys(_AGENTS, _agent),
}
PROGRAMS: frozenset[str] = frozenset(_TABLE)


def read(command: Command, facts: Facts) -> Effects | None:
    """What a program of the forge, a tracker or a keeper of secrets does, None if it is not understood."""
    row = _TABLE.get(command.argv[0])
    return row(command, facts) if row else None
