"""Trackers of work: beads, Jira, Linear."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from sidelight.actions import ADDS, DESTROYS, EDITS, REPLACES
from sidelight.effects import UNKNOWN, Command, Effects, places
from sidelight.effects.forge.calls import NOTHING, READS, Call, comment, short, touches
from sidelight.effects.options import split
from sidelight.facts import Facts

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


def bd(command: Command, facts: Facts) -> Effects | None:
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
        return call.one("issue-close", names[0] if names else None, *touches(keys, DESTROYS))
    if verb in ("reopen", "undefer", "restore"):
        return call.one("issue-edit", names[0] if names else None, *touches(keys, REPLACES))
    if verb in ("update", "edit", "set-state", "defer", "assign", "priority", "rename"):
        return _bd_update(verb, names, keys, call)
    if verb in ("claim", "start", "take"):
        return call.one("issue-claim", names[0] if names else None, *touches(keys, REPLACES))
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
        return comment([f"bead:{call.repo}#{subject}"], call._replace(text=" ".join(rest[1:])))
    if verb == "dep":
        return call.one(
            "issue-note",
            names[0] if names else None,
            *touches([f"bead:{call.repo}#{name}" for name in names[:2]], ADDS),
        )
    if verb == "label":
        return call.one(
            "issue-note",
            names[0] if names else None,
            *touches([f"bead:{call.repo}#{name}" for name in names[:-1]], ADDS),
        )
    return NOTHING


def _bd_update(verb: str, names: Sequence[str], keys: Sequence[str], call: Call) -> Effects:
    words = call.words
    status = (words.value("-s", "--status") or "").casefold()
    shown = names[0] if names else None
    if status in ("closed", "done", "tombstone", "resolved"):
        return call.one("issue-close", shown, *touches(keys, DESTROYS))
    if (
        verb == "assign"
        or words.has("-a", "--assignee", "--claim")
        or status in ("in_progress", "in-progress", "hooked", "pinned")
    ):
        return call.one("issue-claim", shown, *touches(keys, REPLACES))
    if words.has("-d", "--description", "--design", "--acceptance", "--body", "--body-file", "--notes") or status:
        return call.one("issue-edit", shown, *touches(keys, REPLACES))
    if words.has("--title", "-p", "--priority", "-t", "--type", "--parent") or verb in ("defer", "priority", "rename"):
        return call.one("issue-edit", shown, *touches(keys, EDITS))
    return call.one("issue-note", shown, *touches(keys, ADDS))


_DONE = re.compile(r"\b(done|closed|cancel+ed|resolved|complete[d]?|duplicate|won'?t do)\b", re.IGNORECASE)
_BEGUN = re.compile(r"\b(in[ _-]?progress|doing|started|in review|selected)\b", re.IGNORECASE)


def tracker(program: str) -> Callable[[Command, Facts], Effects | None]:
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
                return call.one("issue-close", short(keys), *touches(keys, DESTROYS))
            claims = bool(_BEGUN.search(said)) or words.has("-a", "--assignee")
            body = words.has("-b", "--body", "-d", "--description")
            return call.one(
                "issue-claim" if claims else "issue-edit",
                short(keys),
                *touches(keys, REPLACES if claims or body else EDITS),
            )
        if verb in ("assign", "start", "take", "claim"):
            return call.one("issue-claim", short(keys), *touches(keys, REPLACES))
        if verb in ("close", "delete", "archive", "done", "cancel"):
            return call.one("issue-close", short(keys), *touches(keys, DESTROYS))
        if verb in ("comment", "comments"):
            return comment(keys, call)
        return NOTHING if verb in ("create", "new", "watch", "link", "worklog", "clone", "init") else None

    return look
