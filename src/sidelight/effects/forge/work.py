"""What is done to issues, pull requests, releases and repositories, whichever forge keeps them."""

from __future__ import annotations

from collections.abc import Sequence

from sidelight import targets
from sidelight.actions import ADDS, DESTROYS, EDITS, PUSHES, REPLACES, USES, Draft, Touch
from sidelight.effects import UNKNOWN, Effects, places
from sidelight.effects.forge.calls import (
    NOTHING,
    READS,
    Call,
    closed_by,
    comment,
    item,
    items,
    repository_named,
    short,
    tag_draft,
    touches,
    tree_switch,
)

ITEM_READS = frozenset(
    {"view", "list", "status", "diff", "checks", "ls", "watch", "download", "verify", "search", "token"}
)


def gh_issue(call: Call) -> Effects | None:
    verb = call.words.verb(1)
    if verb in ITEM_READS or not verb or (verb == "develop" and call.words.on("--list", "-l")):
        return READS
    return issue_verb(verb, call)


def issue_verb(verb: str, call: Call) -> Effects | None:
    keys = items(call, 2, "issue")
    if verb in ("close", "delete", "transfer"):
        return call.one("issue-close", short(keys), *touches(keys, DESTROYS))
    if verb == "reopen":
        return call.one("issue-edit", short(keys), *touches(keys, REPLACES))
    if verb == "edit":
        return _issue_edit(keys, call)
    if verb == "comment":
        return comment(keys, call)
    if verb in ("pin", "unpin", "lock", "unlock"):
        return call.one("issue-note", short(keys), *touches(keys, ADDS))
    if verb == "develop":
        return call.one(
            "issue-note",
            short(keys),
            *touches(keys, ADDS),
            tree_switch(call) if call.words.on("--checkout", "-c") else None,
        )
    return NOTHING if verb == "create" else None


def _issue_edit(keys: Sequence[str], call: Call) -> Effects:
    words = call.words
    drafts: list[Draft] = []
    if words.has("-a", "--assignee", "--add-assignee", "--remove-assignee"):
        effect = REPLACES if words.has("-a", "--assignee", "--add-assignee") else EDITS
        drafts.append(call.draft("issue-claim", short(keys), *touches(keys, effect)))
    if words.has("-b", "--body", "-F", "--body-file", "-d", "--description"):
        drafts.append(call.draft("issue-edit", short(keys), *touches(keys, REPLACES)))
    elif words.has("-t", "--title", "-B", "--base", "--target-branch"):
        drafts.append(call.draft("issue-edit", short(keys), *touches(keys, EDITS)))
    if not drafts:
        drafts.append(call.draft("issue-note", short(keys), *touches(keys, ADDS)))
    return Effects(tuple(drafts))


def gh_pr(call: Call) -> Effects | None:
    verb = call.words.verb(1)
    if verb in ITEM_READS or not verb:
        return READS
    return pr_verb(verb, call)


def pr_keys(call: Call) -> tuple[list[str], str | None]:
    """The pull requests that a call names, and the branch if it names one (or stands on one)."""
    keys = items(call, 2, "pr")
    named = next(
        (word for word in call.words.after(2) if not item(word, call.repo, "pr") and UNKNOWN not in word), None
    )
    if keys or call.words.after(2):
        return keys, named
    return [], call.facts.branch


def pr_verb(verb: str, call: Call) -> Effects | None:
    keys, branch = pr_keys(call)
    shown = short(keys) or branch
    head = targets.ref(call.repo, branch) if branch else None
    if verb == "create":
        return pr_create(call)
    if verb == "merge":
        return pr_merge(keys, branch, call)
    if verb == "checkout":
        return call.one("tree-switch", shown, tree_switch(call))
    if verb == "close":
        gone = Touch(head, DESTROYS) if head and call.words.on("-d", "--delete-branch") else None
        return call.one(
            "issue-close",
            shown,
            *touches(keys, DESTROYS),
            gone,
            *([Touch(head, EDITS)] if head and not keys and not gone else []),
        )
    if verb == "reopen":
        return call.one("issue-edit", shown, *touches(keys, EDITS))
    if verb == "edit":
        return _issue_edit(keys, call)
    if verb == "comment":
        return comment(keys, call)
    if verb == "update-branch":
        return call.one("push", shown, *touches(keys, EDITS), Touch(head, PUSHES) if head else None)
    if verb in ("ready", "lock", "unlock"):
        return call.one("issue-note", shown, *touches(keys, ADDS))
    return NOTHING if verb in ("review", "revert") else None


def pr_create(call: Call) -> Effects:
    words = call.words
    if words.on("--dry-run"):
        return READS
    base = words.value("-B", "--base") or "main"
    head = (words.value("-H", "--head") or call.facts.branch or "").rpartition(":")[2]
    said = [Touch(targets.ref(call.repo, base), USES)]
    said += [Touch(targets.ref(call.repo, head), ADDS)] if places.known(head) else []
    said += touches(closed_by(call.text, call.repo), ADDS)
    return call.one("pr-open", head or base, *said)


def pr_merge(keys: Sequence[str], branch: str | None, call: Call) -> Effects:
    """A merge relies on the checks and the protection of the branch it goes to."""
    if call.words.on("--disable-auto"):
        return call.one("issue-note", short(keys), *touches(keys, ADDS))
    said = list(touches(keys, REPLACES))
    if branch:
        gone = call.words.on("-d", "--delete-branch")
        said.append(Touch(targets.ref(call.repo, branch), DESTROYS if gone else REPLACES))
    once = {"once": True}  # it relies on them at this moment, not from now on
    said += [Touch(f"workflow:{call.repo}", USES, once), Touch(f"protection:{call.repo}", USES, once)]
    return call.one("pr-merge", short(keys) or branch, *said)


def gh_release(call: Call) -> Effects | None:
    verb, tag = call.words.verb(1), call.words.verb(2)
    if verb in ITEM_READS or not verb:
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


def gh_repo(call: Call) -> Effects | None:
    verb = call.words.verb(1)
    if (
        verb in ITEM_READS
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
        return call.one("tree-merge", call.facts.branch, tree_switch(call))
    return NOTHING if verb in ("clone", "fork", "create", "deploy-key", "set-default", "autolink") else None
