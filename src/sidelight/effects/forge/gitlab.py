"""GitLab's command line and HTTP API."""

from __future__ import annotations

import re

from sidelight import targets
from sidelight.actions import ADDS, DESTROYS, EDITS, REPLACES, USES, Touch
from sidelight.effects import Command, Effects, logins, places
from sidelight.effects.forge.calls import (
    NOTHING,
    READS,
    Call,
    closed_by,
    forge_login,
    repository_named,
    secret_effect,
    short,
    text_of,
    touches,
)
from sidelight.effects.forge.work import gh_release, gh_repo, issue_verb, pr_keys, pr_verb
from sidelight.effects.options import split
from sidelight.facts import Facts

_GLAB_VALUED = (
    "-R --repo -d --description -t --title -l --label -u --unlabel -a --assignee -m --message --milestone -b "
    "--target-branch -s --source-branch "
    "--reviewer -X --method -f -F --field --raw-field --input -g --group -n --notes -N --notes-file --ref --state -v "
    "--value -k --key --scope "
    "--variables --branch -H --header --lock-discussion"
)


def glab(command: Command, facts: Facts) -> Effects | None:
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
    call = Call(repo, words, command, facts, text_of(words, command, facts))
    found = _glab_group(group, verb, call)
    return logins.relying(found, logins.used("glab", command, facts)) if found and group != "auth" else found


def _glab_group(group: str, verb: str, call: Call) -> Effects | None:
    words, repo = call.words, call.repo
    if group in ("issue", "incident"):
        return (
            READS
            if verb in ("list", "view", "ls", "board", "")
            else issue_verb({"subscribe": "create"}.get(verb, verb), call)
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
            Touch(f"secret:{words.value('-g', '--group') or repo}/{name}".rstrip("/"), secret_effect(verb)),
        )
    if group == "release":
        return gh_release(call)
    if group == "repo":
        return gh_repo(call)
    if group == "auth":
        return READS if verb == "status" else forge_login("glab", call, verb)
    if group == "api":
        method = (
            words.value("-X", "--method")
            or ("POST" if words.has("-f", "-F", "--field", "--raw-field", "--input") else "GET")
        ).upper()
        return READS if method == "GET" else gitlab_api(method, words.verb(1), call)
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
        return call.one("pr-open", head or base, *said, *touches(closed_by(call.text, call.repo), ADDS))
    if verb == "rebase":
        keys, branch = pr_keys(call)
        return call.one(
            "push-force",
            short(keys) or branch,
            *touches(keys, EDITS),
            Touch(targets.ref(call.repo, branch), DESTROYS) if branch else None,
        )
    return (
        NOTHING
        if verb in ("approve", "revoke", "subscribe", "unsubscribe", "todo")
        else pr_verb({"accept": "merge"}.get(verb, verb), call)
    )


def gitlab_api(method: str, endpoint: str, call: Call) -> Effects:
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
            "secret-rotate", name or repo, Touch(f"secret:{repo}/{name}".rstrip("/"), secret_effect(method))
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
