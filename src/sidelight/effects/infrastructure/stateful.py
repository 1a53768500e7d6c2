"""Tools that keep a state of what they made: Terraform and its kin, Pulumi, CDK, Serverless, SAM, and Ansible."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from sidelight import targets
from sidelight.actions import DESTROYS, EDITS, REPLACES, SWITCHES, USES, Touch
from sidelight.effects import UNKNOWN, Command, Effects, logins, places
from sidelight.effects.infrastructure.changes import NOTHING, READS, changed, deploy, drafted, lookup, rows, variable
from sidelight.effects.options import Words, split
from sidelight.facts import Facts

APPLY, DESTROY, UNLOCK, READ, NONE, SELECT, LOGIN = "apply", "destroy", "unlock", "read", "none", "select", "login"

#: Tools that keep a state of what they made: verb → step.
STATEFUL: dict[str, dict[str, str]] = {
    "terraform": rows(
        apply="apply, import, taint, untaint, refresh, state replace-provider",
        destroy="destroy, workspace delete",
        unlock="force-unlock, state rm, state mv, state push",
        select="workspace select, workspace new",
        read="plan, show, output, validate, state list, state show, state pull, graph, providers, version, workspace "
        "list, "
        "workspace show, console, metadata, help, fmt, providers schema, test",
        none="init, get, providers lock, providers mirror, modules, stacks",
        login="login, logout",
    ),
    "pulumi": rows(
        apply="up, update, import, refresh, config set, config rm, config set-all, stack import, state upgrade, watch",
        destroy="destroy, down, stack rm",
        unlock="cancel, state delete, state unprotect, state move, state rename, state repair",
        select="stack select, stack init",
        none="new, install, plugin install, stack rename, gen-completion, convert",
        read="preview, pre, stack, stack ls, stack output, stack history, stack export, stack graph, logs, config, "
        "config get, whoami, "
        "about, version, history, stack tag ls, console, schema check, plugin ls, env open, env get, env ls",
        login="login, logout",
    ),
    "cdk": rows(
        apply="deploy, import, bootstrap, rollback, refactor, watch",
        destroy="destroy, gc",
        unlock="acknowledge",
        read="diff, synth, synthesize, ls, list, metadata, doctor, docs, notices, drift, version",
        none="init, context, migrate",
    ),
    "cdktf": rows(
        apply="deploy, apply",
        destroy="destroy",
        read="diff, plan, synth, list, output, debug",
        none="get, init, provider",
    ),
}
_STATE_ALIASES = {"tofu": "terraform", "terragrunt": "terraform", "opentofu": "terraform"}
_TERRAFORM_VALUED = (
    "-chdir -var -var-file -target -state -state-out -backup -out -parallelism -lock-timeout -replace -backend-config "
    "--terragrunt-working-dir --working-dir --terragrunt-config --config --queue-include-dir --terragrunt-include-dir "
    "-plugin-dir"
)
_TERRAFORM_HERE = ("-chdir", "--terragrunt-working-dir", "--working-dir")
_PULUMI_VALUED = "-s --stack -C --cwd -t --target -m --message -p --parallel --config-file -f --path --color"
_STATE_KIND = {
    APPLY: ("infra-apply", REPLACES),
    DESTROY: ("infra-destroy", DESTROYS),
    UNLOCK: ("infra-unlock", DESTROYS),
}


def state_key(facts: Facts, directory: str, workspace: str) -> str:
    """A state: the repository, the root module below it, the workspace (or stack)."""
    relative = places.name_of(facts, directory)
    root = "" if relative == "." else f"/{relative.strip('/')}"
    return f"tfstate:{places.repository(facts)}{root}#{workspace}"


def terraform(command: Command, facts: Facts) -> Effects | None:
    program = command.argv[0]
    argv = command.argv
    if "run-all" in argv[1:3] or "run" in argv[1:2]:  # terragrunt run-all apply, terragrunt run --all -- apply
        argv = (argv[0], *(word for word in argv[1:] if word not in ("run-all", "run", "--all", "--")))
    words = _state_words(argv)
    directory = facts.real(words.value(*_TERRAFORM_HERE) or ".")
    found = lookup(STATEFUL["terraform"], words.plain)
    if words.has("-help", "--help", "-version", "--version", "-h", "-v"):
        return READS
    if found is None:
        return None
    step, length = found
    verb = " ".join(words.plain[:length])
    there = facts.at(directory)
    workspace = variable(command, facts, "TF_WORKSPACE")
    marker = f"{directory}/.terraform/environment"
    chosen = _chosen_before(command, facts, directory, _terraform_choice)
    name = workspace or chosen or (there.read(marker) or "").strip() or "default"
    if verb == "init":
        moves = words.on("-migrate-state", "-force-copy", "-reconfigure")
        return (
            drafted("infra-apply", name, [Touch(state_key(there, directory, name), EDITS)], command)
            if moves
            else NOTHING
        )
    if verb == "fmt":
        return None  # rewrites files
    if step == SELECT:
        return drafted("context-switch", words.verb(length), [places.file_touch(there, marker, SWITCHES)], command)
    if step in (READ, NONE, LOGIN):
        return logins.login(program, command, facts) if step == LOGIN else Effects(reads=step == READ)
    if verb == "workspace delete":
        return drafted(
            "infra-destroy", words.verb(2), [Touch(state_key(there, directory, words.verb(2)), DESTROYS)], command
        )
    if words.on("-destroy", "--destroy"):
        step = DESTROY
    return _stateful(
        step, directory, name, words, command, there, () if workspace else (places.file_touch(there, marker, USES),)
    )


def _chosen_before(
    command: Command, facts: Facts, directory: str, choice: Callable[[Words], tuple[str | None, str | None]]
) -> str | None:
    """The workspace or stack that an earlier command of the line chose in this directory."""
    for argv in reversed(command.before):
        if _STATE_ALIASES.get(argv[0], argv[0]) == _STATE_ALIASES.get(command.argv[0], command.argv[0]):
            where, name = choice(_state_words(argv))
            if name and facts.real(where or ".") == directory:
                return places.known(name)
    return None


def _state_words(argv: tuple[str, ...]) -> Words:
    pulumi = argv[0] == "pulumi"
    return split(argv, (_PULUMI_VALUED if pulumi else _TERRAFORM_VALUED).split(), long=not pulumi)


def _terraform_choice(words: Words) -> tuple[str | None, str | None]:
    chooses = words.plain[:2] in (("workspace", "select"), ("workspace", "new"))
    return words.value(*_TERRAFORM_HERE), words.verb(2) if chooses else None


def _pulumi_choice(words: Words) -> tuple[str | None, str | None]:
    chooses = words.plain[:2] in (("stack", "select"), ("stack", "init"))
    return words.value("-C", "--cwd"), words.value("-s", "--stack") or words.verb(2) if chooses else None


def _stateful(
    step: str, directory: str, name: str, words: Words, command: Command, facts: Facts, more: Sequence[Touch] = ()
) -> Effects:
    """An apply or destroy: the state, and the root module it runs from."""
    key = state_key(facts, directory, name)
    shown = targets.body_of(key)
    kind, effect = _STATE_KIND[step]
    touches = [Touch(key, effect)]
    if step != UNLOCK:
        touches += [places.file_touch(facts, directory, USES), *more]
    found = drafted(kind, shown, touches, command)
    if step in (APPLY, DESTROY) and words.has("-lock", "--lock") and not words.on("-lock", "--lock"):
        found = Effects((*found.drafts, *drafted("infra-unlock", shown, [Touch(key, DESTROYS)], command).drafts))
    return found


#: Verbs of Pulumi whose plain word is the stack.
_PULUMI_NAMES = frozenset({"cancel", "stack rm", "destroy", "down"})


def pulumi(command: Command, facts: Facts) -> Effects | None:
    words = _state_words(command.argv)
    found = lookup(STATEFUL["pulumi"], words.plain)
    if words.on("--help", "--version", "-h"):
        return READS
    if found is None:
        return None
    step, length = found
    directory = facts.real(words.value("-C", "--cwd") or ".")
    there = facts.at(directory)
    if step in (READ, NONE, LOGIN):
        return logins.login("pulumi", command, facts) if step == LOGIN else Effects(reads=step == READ)
    if step == SELECT:
        name = _pulumi_choice(words)[1] or "stack"
        touch = Touch(f"credential:{facts.machine}:pulumi:{directory}", SWITCHES)
        return drafted("context-switch", name, [touch], command)
    named = words.verb(length) if " ".join(words.plain[:length]) in _PULUMI_NAMES else None
    told = words.value("-s", "--stack") or named or variable(command, facts, "PULUMI_STACK")
    name = told or _chosen_before(command, facts, directory, _pulumi_choice) or "current"
    ambient = () if told else (Touch(f"credential:{facts.machine}:pulumi:{directory}", USES),)
    if words.on("--preview-only"):
        return READS
    return _stateful(step, directory, name, words, command, there, ambient)


def cdk(command: Command, facts: Facts) -> Effects | None:
    words = split(
        command.argv,
        "-a --app -c --context --profile --require-approval -o --output --role-arn -t --toolkit-stack-name "
        "--parameters --outputs-file --concurrency".split(),
    )
    found = lookup(STATEFUL[command.argv[0]], words.plain)
    if found is None or words.on("--help"):
        return READS if words.on("--help", "--version", "-h") else None
    step, length = found
    if step in (READ, NONE):
        return Effects(reads=step == READ)
    if words.on("--no-execute") or words.value("--method") == "prepare-change-set":
        return NOTHING
    stacks = [word for word in words.after(length) if "*" not in word and UNKNOWN not in word] or ["all"]
    found_drafts = [_stateful(step, facts.cwd, stack, words, command, facts).drafts[0] for stack in stacks]
    touches = tuple(touch for draft in found_drafts for touch in draft.touches)
    return Effects((found_drafts[0]._replace(touches=tuple(dict.fromkeys(touches))),))


def serverless(command: Command, facts: Facts) -> Effects | None:
    words = split(command.argv, "-s --stage -r --region -c --config -f --function --aws-profile --param".split())
    verb = words.verb()
    stage = places.stage_of(words.value("-s", "--stage")) or words.value("-s", "--stage") or "dev"
    if verb in ("deploy", "rollback"):
        return READS if words.verb(1) == "list" else deploy(stage, command, facts)
    if verb == "remove":
        return deploy(stage, command, facts, effect=DESTROYS)
    return (
        READS
        if verb in ("info", "print", "logs", "metrics", "package", "doctor", "help") or words.on("--version")
        else None
    )


def sam(command: Command, facts: Facts) -> Effects | None:
    words = split(
        command.argv,
        "--stack-name --template-file -t --s3-bucket --region --profile --config-env --parameter-overrides".split(),
    )
    stack = words.value("--stack-name")
    key = (
        f"cloudformation/{stack}"
        if stack
        else f"{places.repository(facts)}/{places.stage_of(words.value('--config-env')) or 'prod'}"
    )
    if words.verb() == "deploy":
        return (
            NOTHING
            if words.on("--no-execute-changeset")
            else drafted("deploy", key, [Touch(f"service:{key}", REPLACES)], command)
        )
    if words.verb() in ("delete", "sync"):
        return changed([key], DESTROYS if words.verb() == "delete" else REPLACES, command)
    return (
        READS
        if words.verb() in ("list", "logs", "validate", "traces")
        else NOTHING
        if words.verb() in ("build", "init", "package")
        else None
    )


_ANSIBLE_VALUED = (
    "-i --inventory -l --limit -e --extra-vars -t --tags --skip-tags -u --user -f --forks -m --module-name -a --args "
    "--vault-password-file --private-key --key-file -c --connection --start-at-task --become-user --vault-id"
)


def ansible(command: Command, facts: Facts) -> Effects | None:
    words = split(command.argv, _ANSIBLE_VALUED.split())
    program = command.argv[0]
    if words.on(
        "--check", "-C", "--syntax-check", "--list-tasks", "--list-hosts", "--list-tags", "--version", "--help"
    ):
        return READS
    if program == "ansible" and words.value("-m", "--module-name") in (
        "ping",
        "setup",
        "debug",
        "stat",
        "gather_facts",
    ):
        return READS
    if not words.plain:
        return None
    speaks = (
        words.value("-i", "--inventory"),
        words.value("-l", "--limit"),
        *words.values("-e", "--extra-vars"),
        *words.plain,
    )
    stage = next((name for name in map(places.stage_of, speaks) if name), None)
    hosts = [
        Touch(f"host:{host}", EDITS)
        for host in (words.value("-l", "--limit") or "").split(",")
        if re.fullmatch(r"[\w.-]+", host)
    ]
    if stage:
        return deploy(stage, command, facts, hosts)
    inventory = (words.value("-i", "--inventory") or "default").rstrip("/,").rpartition("/")[2].partition(".")[0]
    return deploy(inventory, command, facts, hosts)
