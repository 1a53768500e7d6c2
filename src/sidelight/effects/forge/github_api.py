"""GitHub's HTTP API, as `gh api` and curl call it."""

# ruff: noqa: ARG001 - all rows of a table have one shape

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from sidelight import targets
from sidelight.actions import ADDS, DESTROYS, EDITS, PUSHES, REPLACES, USES, Touch
from sidelight.effects import UNKNOWN, Command, Effects, places
from sidelight.effects.forge.calls import (
    NOTHING,
    READS,
    Call,
    closed_by,
    comment,
    fields_of,
    json_of,
    secret_effect,
    short,
    tag_draft,
    touches,
    workflow_name,
)
from sidelight.effects.forge.gitlab import gitlab_api
from sidelight.effects.forge.work import pr_merge
from sidelight.effects.options import split
from sidelight.facts import Facts
from sidelight.records import Any


def gh_api(call: Call) -> Effects | None:
    words = call.words
    endpoint = words.verb(1)
    fields, known = fields_of(words, call)
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


def _org_api(method: str, parts: Sequence[str], call: Call) -> Effects | None:
    if parts[:1] == ["orgs"] and "secrets" in parts:
        return call.one(
            "secret-rotate", parts[-1], Touch(f"secret:{parts[1].lower()}/{parts[-1]}", secret_effect(method))
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
        return comment([key], call._replace(text=str(fields.get("body", ""))))
    if part == "assignees":
        return call.one("issue-claim", short([key]), Touch(key, REPLACES if method == "POST" else EDITS))
    if part or method != "PATCH":
        return call.one("issue-note", short([key]), Touch(key, ADDS))
    return _patched(key, fields, call)


def _patched(key: str, fields: Mapping[str, Any], call: Call) -> Effects:
    """PATCH of an issue or pull request."""
    if fields.get("state") == "closed":
        return call.one("issue-close", short([key]), Touch(key, DESTROYS))
    if fields.get("assignees") or fields.get("assignee"):
        return call.one("issue-claim", short([key]), Touch(key, REPLACES))
    return call.one(
        "issue-edit", short([key]), Touch(key, REPLACES if "body" in fields or fields.get("state") else EDITS)
    )


def _api_pulls(method: str, rest: Sequence[str], fields: Mapping[str, Any], call: Call) -> Effects:
    if not rest:
        text = f"{fields.get('title', '')}\n{fields.get('body', '')}"
        base, head = str(fields.get("base") or "main"), str(fields.get("head") or "").rpartition(":")[2]
        said = [Touch(targets.ref(call.repo, base), USES)]
        said += [Touch(targets.ref(call.repo, head), ADDS)] if head else []
        return call._replace(text=text).one("pr-open", head or base, *said, *touches(closed_by(text, call.repo), ADDS))
    key = f"pr:{call.repo}#{rest[0]}" if rest[0].isdigit() else f"pr:{call.repo}"
    part = rest[1] if len(rest) > 1 else ""
    if part == "merge":
        return pr_merge([key], None, call)
    if part == "update-branch":
        return call.one("push", short([key]), Touch(key, EDITS))
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
            Touch(f"secret:{where}/{name}", secret_effect(method)),
        )
    if group == "permissions":
        return call.one("workflow-change", "actions permissions", Touch(f"workflow:{call.repo}", REPLACES))
    if group == "caches":
        return call.one("other", "workflow cache", Touch(f"other:cache:{call.repo}", DESTROYS))
    return NOTHING


def _api_environments(method: str, rest: Sequence[str], fields: Mapping[str, Any], call: Call) -> Effects:
    if "secrets" in rest and len(rest) > 2:
        return call.one(
            "secret-rotate", rest[-1], Touch(f"secret:{call.repo}/{rest[0]}/{rest[-1]}", secret_effect(method))
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


def curl(command: Command, facts: Facts) -> Effects | None:
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
    body = json_of(text)
    call = Call(places.repository(facts), words, command, facts)
    if "/api/v4/" in url:
        return gitlab_api(method, url.partition("/api/v4/")[2], call)
    whole = url if "://" in url else f"https://{url}"
    return api(method, whole, body if isinstance(body, dict) else {}, call)
