"""GitHub's command lines: gh and hub."""

# ruff: noqa: ARG001 - all rows of a table have one shape

from __future__ import annotations

from collections.abc import Callable

from sidelight.actions import ADDS, DESTROYS, EDITS, REPLACES, Touch
from sidelight.effects import UNKNOWN, Command, Effects, logins, places
from sidelight.effects.forge.calls import (
    NOTHING,
    READS,
    Call,
    forge_login,
    items,
    names_in,
    quiet,
    reads,
    repository_named,
    secret_effect,
    short,
    text_of,
    touches,
    with_files,
    workflow_name,
)
from sidelight.effects.forge.github_api import gh_api
from sidelight.effects.forge.work import ITEM_READS, gh_issue, gh_pr, gh_release, gh_repo, pr_create
from sidelight.effects.options import split
from sidelight.facts import Facts

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


def gh(command: Command, facts: Facts) -> Effects | None:
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
    call = Call(repo, words._replace(plain=plain), command, facts, text_of(words, command, facts))
    row = _GH.get(group)
    found = row(call) if row else None
    if found is None or group == "auth":
        return found
    return with_files(logins.relying(found, logins.used("gh", command, facts)), call)


def _gh_workflow(call: Call) -> Effects | None:
    verb, name = call.words.verb(1), workflow_name(call.words.verb(2))
    if verb in ITEM_READS or not verb:
        return READS
    key = f"workflow:{call.repo}#{name}" if places.known(name) else f"workflow:{call.repo}"
    if verb in ("enable", "disable"):
        return call.one("workflow-change", name or None, Touch(key, REPLACES))
    return call.one("workflow-change", name or None, Touch(key, ADDS)) if verb == "run" else None


def _gh_run(call: Call) -> Effects | None:
    verb = call.words.verb(1)
    if verb in ITEM_READS or not verb:
        return READS
    if verb not in ("cancel", "rerun", "delete"):
        return None
    keys = items(call, 2, "run") or [f"run:{call.repo}"]
    return call.one("workflow-change", short(keys), *touches(keys, REPLACES if verb == "rerun" else DESTROYS))


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
    names = [name for name in words.after(2)[:1] if UNKNOWN not in name] or names_in(file, call)
    effect = secret_effect(verb)
    said = [Touch(f"secret:{where}/{name}", effect) for name in names] or [Touch(f"secret:{where}", effect)]
    return call.one("other" if variables else "secret-rotate", names[0] if names else where, *said)


def _gh_auth(call: Call) -> Effects | None:
    verb = call.words.verb(1)
    if verb in ("status", "token", ""):
        return READS
    return NOTHING if verb == "setup-git" else forge_login("gh", call, verb)


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


_GH: dict[str, Callable[[Call], Effects | None]] = {
    "issue": gh_issue,
    "pr": gh_pr,
    "release": gh_release,
    "workflow": _gh_workflow,
    "run": _gh_run,
    "secret": _gh_secret,
    "variable": _gh_secret,
    "repo": gh_repo,
    "api": gh_api,
    "auth": _gh_auth,
    "label": _gh_label,
    "cache": _gh_cache,
    "project": _gh_project,
    "ruleset": _gh_ruleset,
    "rs": _gh_ruleset,
    "search": reads,
    "status": reads,
    "browse": reads,
    "org": reads,
    "help": reads,
    "version": reads,
    "completion": reads,
    "attestation": reads,
    "gist": quiet,
    "alias": quiet,
    "config": quiet,
    "extension": quiet,
    "ext": quiet,
    "ssh-key": quiet,
    "gpg-key": quiet,
    "codespace": quiet,
    "cs": quiet,
}


def hub(command: Command, facts: Facts) -> Effects | None:
    """`hub` is git with some verbs of the forge."""
    words = split(
        command.argv,
        "-b --base -h --head -m --message -F --file -i -a --assign -l --labels -t --commitish -s --state".split(),
    )
    call = Call(places.repository(facts), words, command, facts, text_of(words, command, facts))
    if words.verb() == "pull-request":
        return pr_create(
            call._replace(
                words=words._replace(
                    options=tuple(("-B" if n == "-b" else "-H" if n == "-h" else n, v) for n, v in words.options)
                )
            )
        )
    if words.verb() == "issue":
        if words.verb(1) not in ("update", "create", "transfer"):
            return READS
        keys = items(call, 2, "issue")
        closes = words.value("-s", "--state") == "closed"
        return call.one(
            "issue-close" if closes else "issue-edit", short(keys), *touches(keys, DESTROYS if closes else EDITS)
        )
    if words.verb() == "release":
        return gh_release(call)
    return READS if words.verb() in ("ci-status", "browse", "pr") else None
