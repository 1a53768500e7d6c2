"""What commands do to infrastructure: Terraform and its kin, Kubernetes and Helm, the clouds, hosts of applications,
and deploy scripts.

A thing that runs somewhere is a *service*: `service:CLUSTER/NAMESPACE/NAME`, `service:CLOUD/NAME`, or, for a
project that is deployed as a whole, `service:OWNER/NAME/prod`. What a command finds through an ambient setting (the
current kube context, the active cloud account) it *uses*, so that whoever switches that setting is seen to switch it
under others.
"""

# ruff: noqa: ARG001 - all rows of a table have one shape
from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from sidelight import targets
from sidelight.actions import ADDS, DESTROYS, EDITS, REPLACES, SWITCHES, USES, Draft, Touch
from sidelight.effects import UNKNOWN, Command, Effects, logins, places
from sidelight.effects.options import Words, split
from sidelight.facts import Facts

READS = Effects(reads=True)
NOTHING = Effects()

# ── shared small makers ───────────────────────────────────────────────────────────────────────────────────────────


def _variable(command: Command, facts: Facts, *names: str) -> str | None:
    for name in names:
        value = places.known(command.env.get(name) or facts.env.get(name))
        if value:
            return value
    return None


def _draft(kind: str, target: str | None, touches: Iterable[Touch], command: Command) -> Effects:
    touched = tuple(dict.fromkeys(touches))
    return Effects((Draft(kind, target, touches=touched, summary=places.summary(command)),))


def _service(parts: Sequence[str | None], effect: str, command: Command, more: Iterable[Touch] = ()) -> Effects:
    """A change of a service; its name from the parts that are known."""
    name = "/".join(part.strip("/") for part in parts if part)
    return _draft("service-change", name, (Touch(f"service:{name}", effect), *more), command)


def deploy(
    stage: str,
    command: Command,
    facts: Facts,
    more: Iterable[Touch] = (),
    effect: str | None = None,
    on: Sequence[str | None] = (),
) -> Effects:
    """The repository is deployed to a stage, by a host of applications `on` that (and the project's name there): what
    two hosts run are two things. A preview stands beside the others' previews.
    """
    effect = effect or (ADDS if stage == "preview" else REPLACES)
    name = "/".join((places.repository(facts), stage, *(part for part in on if part)))
    return _draft("deploy", name, (Touch(f"service:{name}", effect), *more), command)


def _rows(**steps: str) -> dict[str, str]:
    return {verb.strip(): step for step, verbs in steps.items() for verb in verbs.split(",")}


def _lookup(table: dict[str, str], plain: Sequence[str]) -> tuple[str, int] | None:
    """The step of the longest run of words that the table has, and how many words that took."""
    for length in (3, 2, 1):
        step = table.get(" ".join(plain[:length])) if len(plain) >= length else None
        if step:
            return step, length
    return None


# ── Terraform and its kin ─────────────────────────────────────────────────────────────────────────────────────────

APPLY, DESTROY, UNLOCK, READ, NONE, SELECT, LOGIN = "apply", "destroy", "unlock", "read", "none", "select", "login"

#: Tools that keep a state of what they made: verb → step.
STATEFUL: dict[str, dict[str, str]] = {
    "terraform": _rows(
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
    "pulumi": _rows(
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
    "cdk": _rows(
        apply="deploy, import, bootstrap, rollback, refactor, watch",
        destroy="destroy, gc",
        unlock="acknowledge",
        read="diff, synth, synthesize, ls, list, metadata, doctor, docs, notices, drift, version",
        none="init, context, migrate",
    ),
    "cdktf": _rows(
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


def _terraform(command: Command, facts: Facts) -> Effects | None:
    program = command.argv[0]
    argv = command.argv
    if "run-all" in argv[1:3] or "run" in argv[1:2]:  # terragrunt run-all apply, terragrunt run --all -- apply
        argv = (argv[0], *(word for word in argv[1:] if word not in ("run-all", "run", "--all", "--")))
    words = _state_words(argv)
    directory = facts.real(words.value(*_TERRAFORM_HERE) or ".")
    found = _lookup(STATEFUL["terraform"], words.plain)
    if words.has("-help", "--help", "-version", "--version", "-h", "-v"):
        return READS
    if found is None:
        return None
    step, length = found
    verb = " ".join(words.plain[:length])
    there = facts.at(directory)
    workspace = _variable(command, facts, "TF_WORKSPACE")
    marker = f"{directory}/.terraform/environment"
    chosen = _chosen_before(command, facts, directory, _terraform_choice)
    name = workspace or chosen or (there.read(marker) or "").strip() or "default"
    if verb == "init":
        moves = words.on("-migrate-state", "-force-copy", "-reconfigure")
        return (
            _draft("infra-apply", name, [Touch(state_key(there, directory, name), EDITS)], command)
            if moves
            else NOTHING
        )
    if verb == "fmt":
        return None  # rewrites files
    if step == SELECT:
        return _draft("context-switch", words.verb(length), [places.file_touch(there, marker, SWITCHES)], command)
    if step in (READ, NONE, LOGIN):
        return logins.login(program, command, facts) if step == LOGIN else Effects(reads=step == READ)
    if verb == "workspace delete":
        return _draft(
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
    found = _draft(kind, shown, touches, command)
    if step in (APPLY, DESTROY) and words.has("-lock", "--lock") and not words.on("-lock", "--lock"):
        found = Effects((*found.drafts, *_draft("infra-unlock", shown, [Touch(key, DESTROYS)], command).drafts))
    return found


#: Verbs of Pulumi whose plain word is the stack.
_PULUMI_NAMES = frozenset({"cancel", "stack rm", "destroy", "down"})


def _pulumi(command: Command, facts: Facts) -> Effects | None:
    words = _state_words(command.argv)
    found = _lookup(STATEFUL["pulumi"], words.plain)
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
        return _draft("context-switch", name, [touch], command)
    named = words.verb(length) if " ".join(words.plain[:length]) in _PULUMI_NAMES else None
    told = words.value("-s", "--stack") or named or _variable(command, facts, "PULUMI_STACK")
    name = told or _chosen_before(command, facts, directory, _pulumi_choice) or "current"
    ambient = () if told else (Touch(f"credential:{facts.machine}:pulumi:{directory}", USES),)
    if words.on("--preview-only"):
        return READS
    return _stateful(step, directory, name, words, command, there, ambient)


def _cdk(command: Command, facts: Facts) -> Effects | None:
    words = split(
        command.argv,
        "-a --app -c --context --profile --require-approval -o --output --role-arn -t --toolkit-stack-name "
        "--parameters --outputs-file --concurrency".split(),
    )
    found = _lookup(STATEFUL[command.argv[0]], words.plain)
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


def _serverless(command: Command, facts: Facts) -> Effects | None:
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


def _sam(command: Command, facts: Facts) -> Effects | None:
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
            else _draft("deploy", key, [Touch(f"service:{key}", REPLACES)], command)
        )
    if words.verb() in ("delete", "sync"):
        return _service([key], DESTROYS if words.verb() == "delete" else REPLACES, command)
    return (
        READS
        if words.verb() in ("list", "logs", "validate", "traces")
        else NOTHING
        if words.verb() in ("build", "init", "package")
        else None
    )


# ── Ansible ───────────────────────────────────────────────────────────────────────────────────────────────────────

_ANSIBLE_VALUED = (
    "-i --inventory -l --limit -e --extra-vars -t --tags --skip-tags -u --user -f --forks -m --module-name -a --args "
    "--vault-password-file --private-key --key-file -c --connection --start-at-task --become-user --vault-id"
)


def _ansible(command: Command, facts: Facts) -> Effects | None:
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


# ── Kubernetes ────────────────────────────────────────────────────────────────────────────────────────────────────

_KUBE_VALUED = (
    "-n --namespace --context --cluster --kubeconfig --user -s --server --token --as -l --selector -f --filename -k "
    "--kustomize "
    "-o --output -c --container --replicas -p --patch --type --field-selector --grace-period --timeout --image --port "
    "--from-literal --from-file --to-revision --revision --field-manager --patch-file --request-timeout --tail --since "
    "--current-replicas --min --max --cpu-percent --name -v --v --for --subresource --copy-to --target --from "
    "--from-env-file"
)
_KUBE_READS = frozenset(
    "get describe logs log explain top api-resources api-versions version cluster-info diff wait options completion "
    "events "
    "help kustomize whoami status plugin".split()
)
#: Verb → effect on what it names. `delete` and a scale to nothing take it away.
KUBECTL: dict[str, str] = {
    "apply": REPLACES,
    "create": ADDS,
    "replace": REPLACES,
    "patch": EDITS,
    "edit": EDITS,
    "delete": DESTROYS,
    "scale": REPLACES,
    "autoscale": EDITS,
    "set": REPLACES,
    "rollout": REPLACES,
    "annotate": EDITS,
    "label": EDITS,
    "taint": EDITS,
    "cordon": REPLACES,
    "uncordon": EDITS,
    "drain": DESTROYS,
    "expose": ADDS,
    "run": ADDS,
    "debug": ADDS,
    "certificate": EDITS,
    "deploy": REPLACES,
    "new-app": ADDS,
    "start-build": EDITS,
    "import-image": EDITS,
    "rollback": REPLACES,
    "process": ADDS,
    "adm": EDITS,
    "tag": REPLACES,
}
_CONFIG_READS = frozenset({"view", "get-contexts", "current-context", "get-clusters", "get-users", ""})
_RESTARTS = ("restart", "undo", "pause", "resume", "latest", "cancel", "retry")


def kubeconfig(command: Command, facts: Facts, words: Words) -> str:
    """The file that holds the current context."""
    told = words.value("--kubeconfig") or _variable(command, facts, "KUBECONFIG")
    return facts.real((told or "~/.kube/config").split(";" if facts.os == "windows" else ":")[0])


def kube_context(command: Command, facts: Facts, words: Words) -> tuple[str, Touch | None]:
    """The context a command works in, and the ambient setting it relies on if it does not say so itself."""
    told = words.value("--context", "--kube-context", "--cluster")
    if told and UNKNOWN not in told:
        return told.rpartition("/")[2], None
    config = kubeconfig(command, facts, words)
    ambient = Touch(f"kubecontext:{facts.machine}:{config}", USES)
    for earlier in reversed(command.before):
        name = _selected(earlier)
        if name:
            return name, ambient
    found = re.search(r"^current-context:\s*['\"]?([^'\"\s]+)", facts.read(config) or "", re.MULTILINE)
    return (found[1].rpartition("/")[2] if found else f"current@{facts.machine}"), ambient


def _selected(argv: Sequence[str]) -> str | None:
    """The context that an earlier command of the line chose."""
    if argv[:1] == ("kubectx",) and len(argv) > 1 and not argv[1].startswith("-"):
        return argv[1]
    if argv[:3] in (("kubectl", "config", "use-context"), ("oc", "config", "use-context")) and len(argv) > 3:
        return argv[3]
    return None


def _switch_context(command: Command, facts: Facts, words: Words, name: str) -> Effects:
    config = kubeconfig(command, facts, words)
    return _draft(
        "context-switch", name or "kube context", [Touch(f"kubecontext:{facts.machine}:{config}", SWITCHES)], command
    )


def _kubectl(command: Command, facts: Facts) -> Effects | None:
    words = split(command.argv, _KUBE_VALUED.split())
    verb, second = words.verb(), words.verb(1)
    if verb == "config":
        return READS if second in _CONFIG_READS else _switch_context(command, facts, words, words.verb(2))
    if verb in ("login", "logout", "project") and command.argv[0] == "oc":
        if verb == "project" and not second:
            return READS
        return _switch_context(command, facts, words, second or verb)
    if verb in _KUBE_READS or not verb or words.has("--help", "-h"):
        return READS
    if (
        (verb == "rollout" and second in ("status", "history"))
        or verb == "auth"
        or (verb == "apply" and second == "view-last-applied")
    ):
        return READS
    dry = words.value("--dry-run")
    if words.on("--dry-run") and dry != "none":
        return READS
    if verb in ("port-forward", "proxy"):
        return _forward(words, command, facts)
    if verb in ("cp", "attach", "exec"):
        return NOTHING
    return _kube_change(verb, words, command, facts) if verb in KUBECTL else None


def _forward(words: Words, command: Command, facts: Facts) -> Effects:
    """`kubectl port-forward svc/x 8080:80` holds a local port and goes on through the context."""
    _, ambient = kube_context(command, facts, words)
    ports = [word.partition(":")[0] for word in words.after(1) if re.fullmatch(r"\d+(:\d+)?", word)]
    if words.verb() == "proxy":
        ports = [words.value("--port", "-p") or "8001"]
    touches = [Touch(f"port:{facts.machine}:{port}", USES) for port in ports]
    return _draft(
        "server-start", f"port {ports[0]}" if ports else None, [*touches, *([ambient] if ambient else [])], command
    )


def _kube_change(verb: str, words: Words, command: Command, facts: Facts) -> Effects:
    context, ambient = kube_context(command, facts, words)
    effect = KUBECTL[verb]
    if (verb == "scale" and words.value("--replicas") == "0") or (verb == "replace" and words.on("--force")):
        effect = DESTROYS
    if verb == "apply" and words.on("--prune"):
        effect = DESTROYS
    namespace = words.value("-n", "--namespace")
    names = _kube_objects(verb, words, command, facts)
    touches: list[Touch] = []
    for space, name in names:
        own = space or namespace
        own = None if own == "default" else own
        parts = [part for part in (context, own, name) if part]
        touches.append(Touch("service:" + "/".join(parts), effect))
        if ambient and own and name and context.startswith("current@"):
            touches.append(Touch(f"service:{own}/{name}", effect))
    files = [
        file for file in words.values("-f", "--filename", "-k", "--kustomize") if file != "-" and "://" not in file
    ]
    touches += [places.file_touch(facts, file, USES) for file in files if UNKNOWN not in file]
    if ambient:
        touches.append(ambient)
    return _draft("service-change", targets.body_of(touches[0].key), touches, command)


_SPECIES = {
    "ns": "namespace",
    "namespaces": "namespace",
    "namespace": "namespace",
    "project": "namespace",
    "projects": "namespace",
    "node": "node",
    "nodes": "node",
    "no": "node",
    "pv": "node",
    "crd": "node",
    "clusterrole": "node",
}


def _kube_objects(verb: str, words: Words, command: Command, facts: Facts) -> list[tuple[str | None, str | None]]:
    """What a command names: pairs of namespace (None = as the options say) and name (None = all of it)."""
    manifests = words.values("-f", "--filename")
    if manifests:
        texts = [command.stdin if file == "-" else facts.read(file) for file in manifests]
        found = [pair for text in texts if text for pair in _objects_in(text)]
        return list(dict.fromkeys(found)) or [(None, None)]
    plain = list(words.after(1))
    if verb == "rollout" and plain[:1] and plain[0] in _RESTARTS:
        plain = plain[1:]
    elif verb in ("set", "create", "adm", "certificate") and plain:
        plain = plain[1:] if verb != "create" or len(plain) > 1 else plain
    if verb in ("drain", "cordon", "uncordon"):
        return [(None, f"node/{name}") for name in plain[:1]] or [(None, None)]
    if verb == "create":
        name = words.verb(2)
        return (
            [(name, None)]
            if words.verb(1) in _SPECIES and _SPECIES[words.verb(1)] == "namespace"
            else [(None, name or None)]
        )
    return _named_objects(
        verb, [word for word in plain if "=" not in word and not word.endswith("-") and UNKNOWN not in word], words
    )


def _named_objects(verb: str, plain: list[str], words: Words) -> list[tuple[str | None, str | None]]:
    """`deploy/web svc/web`, `deploy web`, `pods -l app=web`, `ns shop`."""
    if not plain:
        return [(None, None)]
    if "/" in plain[0]:
        return [
            (name, None) if _SPECIES.get(kind) == "namespace" else (None, name)
            for kind, _, name in (word.partition("/") for word in plain if "/" in word)
        ]
    kind, names = plain[0], plain[1:]
    if verb in ("run", "debug", "expose", "new-app", "start-build") and not names:
        return [(None, kind)]
    species = _SPECIES.get(kind)
    if species == "namespace" and names:
        return [(name, None) for name in names]
    if names:
        return [(None, f"node/{name}" if species == "node" else _app_of(kind, name)) for name in names]
    label = re.search(
        r"(?:^|,)(?:app|app\.kubernetes\.io/name|k8s-app)=([\w.-]+)", words.value("-l", "--selector") or ""
    )
    return [(None, label[1] if label else None)]


def _app_of(kind: str, name: str) -> str:
    """A pod by the deployment it belongs to: `checkout-7d9f8b6c5d-x2k4p` → `checkout`."""
    found = re.fullmatch(r"(.+?)-[a-f0-9]{6,10}-[a-z0-9]{5}", name) if kind in ("pod", "pods", "po") else None
    return found[1] if found else name


_DOCUMENT = re.compile(r"^---[^\n]*$", re.MULTILINE)


def _objects_in(text: str) -> list[tuple[str | None, str | None]]:
    """The objects of a manifest: (namespace, name)."""
    found: list[tuple[str | None, str | None]] = []
    for document in _DOCUMENT.split(text):
        kind = re.search(r"^kind:\s*(\w+)", document, re.MULTILINE)
        meta = re.search(r"^metadata:\s*\n((?:[ \t]+[^\n]*\n?)+)", document, re.MULTILINE)
        if not kind or not meta:
            continue
        fields = dict(re.findall(r"^\s{1,4}(name|namespace):\s*['\"]?([^'\"\s#]+)", meta[1], re.MULTILINE))
        if kind[1] == "Namespace":
            found.append((fields.get("name"), None))
        elif fields.get("name"):
            found.append((fields.get("namespace"), fields["name"]))
    return found


def _kubectx(command: Command, facts: Facts) -> Effects:
    words = split(command.argv)
    if (not words.plain and not words.has("-d", "-u", "--unset")) or words.has("-c", "--current", "-h", "--help"):
        return READS
    return _switch_context(command, facts, words, words.verb())


def _k9s(command: Command, facts: Facts) -> Effects:
    words = split(command.argv, _KUBE_VALUED.split())
    if words.on("--readonly") or words.verb() in ("version", "info", "help"):
        return READS
    _, ambient = kube_context(command, facts, words)
    return _draft("context-use", "kube context", [ambient] if ambient else [], command)


HELM = _rows(
    change="install, upgrade, rollback",
    gone="uninstall, delete, del, un",
    read="template, lint, list, ls, status, history, hist, get, show, inspect, search, diff, version, env, repo list, "
    "dependency list, "
    "plugin list, verify, help, completion",
    none="repo, dependency, dep, create, package, pull, fetch, plugin, registry, test",
    push="push",
)
_HELM_VALUED = (
    "-n --namespace --kube-context --kubeconfig -f --values --set --set-string --set-file --set-json --version --repo "
    "--timeout "
    "--username --password --description --post-renderer --history-max -o --output --keyring --ca-file --cert-file"
)


def _helm(command: Command, facts: Facts) -> Effects | None:
    words = split(command.argv, _HELM_VALUED.split())
    found = _lookup(HELM, words.plain)
    if found is None:
        return READS if words.has("--help", "-h", "--version") or not words.plain else None
    step, length = found
    if step in ("read", "none") or words.on("--dry-run", "--help"):
        return Effects(reads=step == "read" or words.on("--dry-run", "--help"))
    if step == "push":
        name = words.verb(1).rpartition("/")[2].rpartition("-")[0] or places.repository(facts)
        return _draft("package-publish", name, [Touch(f"package:helm:{name}", REPLACES)], command)
    context, ambient = kube_context(command, facts, words)
    namespace = words.value("-n", "--namespace") or _variable(command, facts, "HELM_NAMESPACE") or "default"
    effect = DESTROYS if step == "gone" else REPLACES
    releases = words.after(length)[: None if step == "gone" else 1] or ("default",)
    touches = [Touch(f"helm:{context}/{namespace}/{release}", effect) for release in releases if UNKNOWN not in release]
    touches += [
        Touch("service:" + "/".join([context, *([namespace] if namespace != "default" else []), release]), effect)
        for release in releases
        if UNKNOWN not in release
    ]
    touches += [
        places.file_touch(facts, file, USES)
        for file in words.values("-f", "--values")
        if UNKNOWN not in file and "://" not in file
    ]
    return _draft("service-change", f"{namespace}/{releases[0]}", [*touches, *([ambient] if ambient else [])], command)


def _helmfile(command: Command, facts: Facts) -> Effects | None:
    words = split(
        command.argv,
        "-e --environment -f --file -l --selector -n --namespace --kube-context --state-values-set".split(),
    )
    verb = words.verb()
    if verb in ("diff", "template", "lint", "list", "status", "build", "version", "write-values", "fetch"):
        return READS
    stage = places.stage_of(words.value("-e", "--environment")) or words.value("-e", "--environment") or "prod"
    context, ambient = kube_context(command, facts, words)
    if verb in ("apply", "sync", "charts", "destroy", "delete"):
        effect = DESTROYS if verb in ("destroy", "delete") else REPLACES
        return deploy(
            stage, command, facts, [Touch(f"helm:{context}", effect), *([ambient] if ambient else [])], effect
        )
    return None


def _kustomize(command: Command, facts: Facts) -> Effects | None:
    words = split(command.argv)
    if words.verb() == "edit":
        return Effects((places.file_draft("edit", facts, "kustomization.yaml", EDITS, places.summary(command)),))
    return READS if words.verb() in ("build", "cfg", "version", "localize") else None


def _skaffold(command: Command, facts: Facts) -> Effects | None:
    words = split(
        command.argv, ("-p", "--profile", "-f", "--filename", "-n", "--namespace", "--kube-context", "-t", "--tag")
    )
    context, ambient = kube_context(command, facts, words)
    verb = words.verb()
    effects = {
        "run": REPLACES,
        "deploy": REPLACES,
        "dev": REPLACES,
        "debug": REPLACES,
        "apply": REPLACES,
        "delete": DESTROYS,
    }
    if verb in effects:
        stage = places.stage_of(words.value("-p", "--profile")) or places.stage_of(context) or "dev"
        return deploy(stage, command, facts, [ambient] if ambient else [], effects[verb])
    return READS if verb in ("render", "diagnose", "version", "inspect", "build", "test", "schema") else None


def _argocd(command: Command, facts: Facts) -> Effects | None:
    words = split(
        command.argv,
        "--server --auth-token --revision -l --selector --grpc-web-root-path --project --dest-server --repo".split(),
    )
    group, verb, name = words.verb(), words.verb(1), words.verb(2)
    if group in ("login", "logout", "relogin"):
        return logins.login("argocd", command, facts)
    if group == "context":
        return logins.switch("argocd", command, facts) if verb else READS
    if (
        verb in ("get", "list", "diff", "history", "logs", "manifests", "wait", "resources", "")
        or group == "version"
        or words.on("--dry-run")
    ):
        return READS
    gone = verb in ("delete", "rm", "delete-resource", "terminate-op")
    return _service(["argocd", name if group == "app" else f"{group}/{name}"], DESTROYS if gone else REPLACES, command)


def _flux(command: Command, facts: Facts) -> Effects | None:
    words = split(
        command.argv, "-n --namespace --context --kubeconfig --source --path --url --branch --interval".split()
    )
    verb = words.verb()
    if verb in ("get", "logs", "tree", "diff", "check", "events", "export", "stats", "version", "trace", "build", ""):
        return READS
    context, ambient = kube_context(command, facts, words)
    gone = verb in ("delete", "suspend", "uninstall")
    return _service(
        [context, words.value("-n", "--namespace") or "flux-system", words.plain[-1]],
        DESTROYS if gone else REPLACES,
        command,
        [ambient] if ambient else [],
    )


def _local_cluster(command: Command, facts: Facts) -> Effects | None:
    """kind, minikube, k3d: a cluster of this machine; making one switches the context."""
    words = split(command.argv, ("-n", "--name", "-p", "--profile", "--image", "--config"))
    verb = words.verb()
    name = (
        words.value("-n", "--name", "-p", "--profile")
        or (words.verb(2) if command.argv[0] != "kind" else "")
        or command.argv[0]
    )
    cluster = f"{command.argv[0]}-{name}" if command.argv[0] in ("kind", "k3d") else name
    if verb in ("delete", "stop", "pause"):
        return _service([cluster], DESTROYS, command)
    if verb in ("create", "start", "use-context", "use", "profile") or (
        verb == "cluster" and words.verb(1) in ("create", "start")
    ):
        return _switch_context(command, facts, words, cluster)
    if verb == "cluster" and words.verb(1) in ("delete", "stop"):
        return _service([cluster], DESTROYS, command)
    return (
        READS
        if verb in ("get", "status", "list", "ip", "version", "logs", "kubeconfig", "node", "service")
        else NOTHING
        if verb
        else None
    )


# ── clouds ────────────────────────────────────────────────────────────────────────────────────────────────────────

_CLOUD_READS = re.compile(
    r"^(describe|list|get|head|batch-get|ls|wait|help|lookup|scan|query|search|filter|tail|presign|estimate|validate|"
    r"simulate|test|check|"
    r"show|read|info|print|view|status|logs?|export|download|detect|preview|diff|select|exists|poll)(-|$)"
)
_CLOUD_GONE = re.compile(
    r"^(delete|terminate|stop|remove|rm|rb|purge|deregister|detach|disable|revoke|cancel|destroy|drop|deactivate|"
    r"empty|reset|abort|"
    r"disassociate|release|reject|shutdown|deallocate|kill)(-|$)"
)
_CLOUD_NEW = re.compile(
    r"^(create|put-metric|invoke|send|publish|start-query|run|register|upload|add|mb|import|submit|tag|mk)(-|$)"
)


def cloud_effect(verb: str) -> str:
    """What a verb of a cloud's API does, by the words all of them share."""
    return DESTROYS if _CLOUD_GONE.match(verb) else ADDS if _CLOUD_NEW.match(verb) else REPLACES


def _secret_effect(*verbs: str) -> str:
    """A secret is taken away, or given another value."""
    return DESTROYS if any(_CLOUD_GONE.match(verb) or verb == "unset" for verb in verbs) else REPLACES


_AWS_GLOBAL = (
    "--profile --region --output --query --endpoint-url --color --ca-bundle --cli-read-timeout --cli-connect-timeout"
)
_AWS_FLAGS = frozenset(
    "--no-cli-pager --no-paginate --debug --no-verify-ssl --no-sign-request --recursive --dryrun --delete --quiet "
    "--force "
    "--dry-run --no-dry-run --force-new-deployment --no-force-new-deployment --skip-final-snapshot "
    "--no-skip-final-snapshot "
    "--apply-immediately --force-delete-without-recovery --overwrite --publish --exact-timestamps --size-only "
    "--with-decryption "
    "--no-fail-on-empty-changeset --no-execute-changeset --use-default-value --follow --no-progress "
    "--only-show-errors".split()
)
_AWS_NAMES = (
    "--service --services --function-name --stack-name --table-name --bucket --db-instance-identifier "
    "--db-cluster-identifier "
    "--cluster-name --name --names --secret-id --instance-ids --instance-id --queue-url --topic-arn --distribution-id "
    "--hosted-zone-id "
    "--repository-name --auto-scaling-group-name --load-balancer-arn --cache-cluster-id --replication-group-id "
    "--domain-name "
    "--rest-api-id --api-id --state-machine-arn --key-id --role-name --user-name --policy-arn --group-name --group-id "
    "--log-group-name "
    "--pipeline-name --project-name --application-name --environment-name --identifier --resource-arn --cluster --task "
    "--id --ids "
    "--stream-name --volume-id --snapshot-id --image-id --stack-set-name --app-id --branch-name --job-name "
    "--crawler-name"
).split()


def _words_aws(argv: tuple[str, ...]) -> Words:
    """AWS options all take values, save its few switches; some take several."""
    named = [word.partition("=")[0] for word in argv[1:] if word.startswith("--")]
    ambient = frozenset(_AWS_GLOBAL.split())
    return split(argv, ambient, many={word for word in named if word not in _AWS_FLAGS | ambient})


def _aws(command: Command, facts: Facts) -> Effects | None:
    words = _words_aws(command.argv)
    group, verb = words.verb(), words.verb(1)
    if not group or group in ("help", "sts") or words.has("--version", "--generate-cli-skeleton"):
        return READS
    if group == "configure":
        return _aws_configure(words, command, facts)
    if group in ("sso", "login", "logout"):
        gone = "logout" in (group, verb)
        return logins.login("aws", command, facts, DESTROYS if gone else REPLACES, words.value("--profile"))
    if words.on("--dry-run", "--dryrun"):
        return READS
    ambient = logins.used("aws", command, facts, explicit=words.has("--profile"))
    special = _AWS_SPECIAL.get(group)
    if special:
        found = special(verb, words, command, facts)
        if found is not None:
            return found if found.reads else logins.relying(found, ambient)
    if _CLOUD_READS.match(verb):
        return READS
    name = next((_last(value) for option in _AWS_NAMES for value in words.values(option)), None)
    several = words.values("--instance-ids", "--ids")
    if several:
        return _draft(
            "service-change",
            several[0],
            [*(Touch(f"service:{group}/{one}", cloud_effect(verb)) for one in several), *ambient],
            command,
        )
    return _service([group, name or "any"], cloud_effect(verb), command, ambient)


def _last(name: str) -> str:
    """`arn:aws:ecs:…:cluster/staging` → `staging`."""
    return re.split(r"[/:]", name.rstrip("/"))[-1] if name.startswith(("arn:", "https://")) else name


def _aws_configure(words: Words, command: Command, facts: Facts) -> Effects:
    if words.verb(1) in ("list", "get", "list-profiles", "export-credentials"):
        return READS
    return logins.switch("aws", command, facts, words.value("--profile"))


def _aws_s3(verb: str, words: Words, command: Command, facts: Facts) -> Effects | None:
    paths = words.after(2)
    remote = [path.removeprefix("s3://").rstrip("/") for path in paths if path.startswith("s3://")]
    if verb in ("ls", "presign") or not paths:
        return READS
    if verb in ("rm", "rb"):
        return _service(["s3", remote[0]], DESTROYS, command) if remote else None
    if verb == "mb":
        return NOTHING
    last = paths[-1]
    if not last.startswith("s3://"):  # a download
        kind = "copy-over" if verb == "sync" or words.on("--recursive") else "write"
        return Effects((places.file_draft(kind, facts, last, REPLACES, places.summary(command)),))
    effect = DESTROYS if verb == "sync" and words.on("--delete") else REPLACES
    touches = [Touch(f"service:s3/{remote[-1]}", effect)]
    if verb == "mv" and len(remote) > 1:
        touches.append(Touch(f"service:s3/{remote[0]}", DESTROYS))
    touches += [
        places.file_touch(facts, path, USES) for path in paths[:-1] if not path.startswith("s3://") and path != "-"
    ]
    return _draft("service-change", f"s3/{remote[-1]}", touches, command)


def _aws_ecs(verb: str, words: Words, command: Command, facts: Facts) -> Effects | None:
    if _CLOUD_READS.match(verb):
        return READS
    if verb in ("execute-command", "register-task-definition"):
        return NOTHING
    cluster = _last(words.value("--cluster") or "default")
    service = words.value("--service", "--services", "--service-name")
    gone = verb in ("delete-service", "delete-cluster", "stop-task") or words.value("--desired-count") == "0"
    effect = DESTROYS if gone else ADDS if verb == "run-task" else REPLACES
    return _service([cluster, _last(service) if service else words.value("--task")], effect, command)


def _aws_eks(verb: str, words: Words, command: Command, facts: Facts) -> Effects | None:
    if verb == "update-kubeconfig":
        return (
            READS
            if words.on("--dry-run")
            else _switch_context(command, facts, words, words.value("--name") or "kube context")
        )
    return None


def _aws_cloudformation(verb: str, words: Words, command: Command, facts: Facts) -> Effects | None:
    if _CLOUD_READS.match(verb):
        return READS
    if verb in ("create-change-set", "package", "delete-change-set") or words.on("--no-execute-changeset"):
        return NOTHING
    effect = DESTROYS if verb == "delete-stack" else REPLACES
    return _service(["cloudformation", _last(words.value("--stack-name") or "any")], effect, command)


def _aws_secret(verb: str, words: Words, command: Command, facts: Facts) -> Effects | None:
    """secretsmanager, ssm parameters, IAM keys: what others may be using is changed or taken away."""
    if _CLOUD_READS.match(verb):
        return READS
    group = words.verb()
    if group == "ssm" and verb not in ("put-parameter", "delete-parameter", "delete-parameters"):
        return None
    if group == "iam" and not verb.endswith(
        ("access-key", "login-profile", "service-specific-credential", "signing-certificate")
    ):
        return None
    if group == "kms" and verb not in ("schedule-key-deletion", "disable-key"):
        return None
    if verb in (
        "create-access-key",
        "create-secret",
        "tag-resource",
        "create-login-profile",
        "replicate-secret-to-regions",
    ):
        return NOTHING
    names = words.values("--secret-id", "--name", "--names", "--access-key-id", "--user-name", "--key-id")
    who = words.value("--user-name") if group == "iam" else None
    touches = [Touch(f"secret:aws/{_last(name).strip('/')}", _secret_effect(verb)) for name in names]
    target = who or (names[0] if names else group)
    return _draft(
        "secret-rotate", target if group != "iam" else f"access key of {who}" if who else "access key", touches, command
    )


def _aws_dynamodb(verb: str, words: Words, command: Command, facts: Facts) -> Effects | None:
    if _CLOUD_READS.match(verb) or verb in ("transact-get-items", "execute-statement"):
        return READS if verb != "execute-statement" else None
    table = words.value("--table-name") or "any"
    kind, effect = (
        ("db-reset", DESTROYS) if verb in ("delete-table", "restore-table-from-backup") else ("db-write", EDITS)
    )
    return _draft(kind, table, [Touch(f"db:dynamodb/{_last(table)}", effect)], command)


def _aws_lambda(verb: str, words: Words, command: Command, facts: Facts) -> Effects | None:
    return NOTHING if verb == "invoke" else None


def _aws_ecr(verb: str, words: Words, command: Command, facts: Facts) -> Effects | None:
    return READS if verb == "get-login-password" else None


_AWS_SPECIAL: dict[str, Callable[[str, Words, Command, Facts], Effects | None]] = {
    "s3": _aws_s3,
    "ecs": _aws_ecs,
    "eks": _aws_eks,
    "cloudformation": _aws_cloudformation,
    "secretsmanager": _aws_secret,
    "ssm": _aws_secret,
    "iam": _aws_secret,
    "kms": _aws_secret,
    "dynamodb": _aws_dynamodb,
    "lambda": _aws_lambda,
    "ecr": _aws_ecr,
}

_GCLOUD_VALUED = (
    "--project --region --zone --account --configuration --format --filter --image --source --platform --cluster "
    "--namespace "
    "--service-account --set-env-vars --update-env-vars --memory --cpu --max-instances --min-instances --to-revisions "
    "--to-tags "
    "--secret --data-file --location --keyring --instance --database --version --splits --size --num-nodes "
    "--machine-type "
    "--entry-point --runtime --trigger-topic --tag --config --substitutions --role --member --limit --user -q --port "
    "--concurrency"
)
_GCLOUD_GROUPS = frozenset({"beta", "alpha"})


def _gcloud(command: Command, facts: Facts) -> Effects | None:
    words = split(command.argv, _GCLOUD_VALUED.split())
    plain = tuple(word for word in words.plain if word not in _GCLOUD_GROUPS)
    words = words._replace(plain=plain)
    if not plain or (
        plain[0] in ("info", "version", "help", "topic", "projects") and plain[1:2] in ((), ("list",), ("describe",))
    ):
        return READS
    if plain[0] == "config":
        activates = plain[2:3] == ("create",) and not words.on("--no-activate")
        writes = plain[1] in ("set", "unset") or plain[2:3] in (("activate",), ("delete",)) if plain[1:] else False
        if writes or activates:
            return logins.switch("gcloud", command, facts, words.value("--configuration"))
        return NOTHING if plain[2:3] == ("create",) else READS
    if plain[0] == "auth":
        return _gcloud_auth(plain, words, command, facts)
    if "get-credentials" in plain:
        return _switch_context(command, facts, words, plain[-1])
    return _gcloud_change(words, command, facts)


def _gcloud_auth(plain: Sequence[str], words: Words, command: Command, facts: Facts) -> Effects:
    """A login makes its account the active one; the one that libraries use (`application-default`) is kept apart."""
    if {"list", "print-access-token", "print-identity-token"} & set(plain):
        return READS
    if "configure-docker" in plain:
        return NOTHING
    if "application-default" in plain:
        return logins.login("gcloud", command, facts, named="application-default")
    effect = DESTROYS if "revoke" in plain else SWITCHES
    return logins.login("gcloud", command, facts, effect, words.value("--configuration"))


_GCLOUD_VERB = re.compile(
    r"^(deploy|delete|create|update|set-[\w-]+|add-[\w-]+|remove-[\w-]+|stop|start|restart|reset|resize|patch|import|"
    r"export|rollback|enable|"
    r"disable|destroy|access|add|submit|promote|cancel|suspend|resume|move|clone|failover|replace|rm|cp|mv|rsync|ssh|"
    r"scp|call|run|execute|"
    r"list|describe|get-[\w-]+|read|tail|logs|versions|print-[\w-]+|list-[\w-]+|ls|cat|browse|test-[\w-]+|operations|"
    r"restore|drain|services)$"
)


def _gcloud_change(words: Words, command: Command, facts: Facts) -> Effects | None:
    plain = words.plain
    place = next(
        (number for number in range(len(plain) - 1, 0, -1) if _GCLOUD_VERB.match(plain[number]) and number < 4), None
    )
    if plain[0] == "storage" or (plain[0] == "sql" and "connect" in plain):
        return _bucket(plain[1:], words, command, facts) if plain[0] == "storage" else None
    place = _first_verb(plain) or place
    if place is None:
        return None
    verb = plain[place]
    if (_CLOUD_READS.match(verb) and verb != "export") or verb in (
        "access",
        "browse",
        "cat",
        "ssh",
        "operations",
        "versions",
    ):
        return READS if verb != "ssh" else NOTHING
    project = words.value("--project") or _variable(command, facts, "CLOUDSDK_CORE_PROJECT")
    ambient = logins.used("gcloud", command, facts, words.value("--configuration"), explicit=words.has("--project"))
    name = words.value("--secret") or next((word for word in plain[place + 1 :] if UNKNOWN not in word), None)
    if plain[0] == "secrets":
        if verb == "create":
            return NOTHING
        secret = words.value("--secret") or name or "any"
        return _draft(
            "secret-rotate",
            secret,
            [
                Touch("/".join(part for part in ("secret:gcloud", project, secret) if part), _secret_effect(verb)),
                *ambient,
            ],
            command,
        )
    scope = project or words.value("--region", "--zone", "--location") or "gcloud"
    if plain[:2] == ("builds", "submit"):
        return NOTHING
    if plain[:2] == ("app", "deploy"):
        name = "default"
    effect = cloud_effect(verb) if verb != "deploy" else ADDS if words.on("--no-traffic", "--no-promote") else REPLACES
    kind = "deploy" if verb == "deploy" else "service-change"
    key = "/".join(part for part in (scope, name or plain[place - 1]) if part)
    return _draft(kind, key, [Touch(f"service:{key}", effect), *ambient], command)


def _first_verb(plain: Sequence[str]) -> int | None:
    """`run deploy NAME`, `run services update NAME`, `compute instances delete NAME`: where the verb stands."""
    for number, word in enumerate(plain[1:4], 1):
        if _GCLOUD_VERB.match(word) and word not in ("services", "operations", "versions", "run", "tags"):
            return number
    return None


def _bucket(rest: Sequence[str], words: Words, command: Command, facts: Facts) -> Effects | None:
    """Gsutil and `gcloud storage`: objects in buckets."""
    verb = rest[0] if rest else ""
    paths = [word for word in rest[1:] if UNKNOWN not in word]
    remote = [path.removeprefix("gs://").rstrip("/*") for path in paths if path.startswith("gs://")]
    if verb in ("ls", "cat", "du", "stat", "hash", "help", "version", "buckets", "objects", "") or words.on(
        "-n", "--dry-run"
    ):
        return READS
    if verb in ("rm", "rb"):
        return _draft(
            "service-change",
            f"gs/{remote[0]}" if remote else None,
            [Touch(f"service:gs/{path}", DESTROYS) for path in remote],
            command,
        )
    if not paths or verb not in ("cp", "mv", "rsync", "setmeta", "acl", "iam", "rewrite", "compose"):
        return NOTHING
    last = paths[-1]
    if verb in ("cp", "mv", "rsync") and not last.startswith("gs://"):
        kind = "copy-over" if verb == "rsync" or words.on("-r", "-R", "--recursive") else "write"
        return Effects((places.file_draft(kind, facts, last, REPLACES, places.summary(command)),))
    gone = verb == "rsync" and words.on("-d", "--delete-unmatched-destination-objects")
    return _service(["gs", remote[-1] if remote else "any"], DESTROYS if gone else REPLACES, command)


def _gsutil(command: Command, facts: Facts) -> Effects | None:
    words = split(command.argv, ("-o", "-h", "-x"))
    return _bucket(words.plain, words, command, facts)


_AZ_VALUED = (
    "-g --resource-group -n --name --subscription -s --slot --src -o --output --query --vault-name --value --file -f "
    "-l --location "
    "--image --settings --id --ids --account-name --server --plan --sku --template-file --parameters --command-id "
    "--container-name -c -d -p"
)


def _az(command: Command, facts: Facts) -> Effects | None:
    words = split(command.argv, _AZ_VALUED.split())
    plain = words.plain
    if not plain or words.has("--help", "-h", "--version"):
        return READS
    if plain[0] in ("login", "logout"):
        return logins.login("az", command, facts, DESTROYS if plain[0] == "logout" else SWITCHES)
    if plain[:2] == ("account", "set") or plain[0] == "configure" or plain[:2] == ("config", "set"):
        return logins.switch("az", command, facts)
    verb = plain[-1] if plain[0] != "rest" else "update"
    if plain[-1] == "get-credentials":
        return _switch_context(command, facts, words, words.value("-n", "--name") or "kube context")
    if _CLOUD_READS.match(verb) or verb in ("what-if", "version"):
        return READS
    ambient = logins.used("az", command, facts, explicit=words.has("--subscription"))
    name = words.value("-n", "--name", "--ids", "--id") or words.value("--server", "--account-name")
    if plain[:2] == ("keyvault", "secret") or plain[:2] == ("keyvault", "key"):
        key = "/".join(part for part in ("azure", words.value("--vault-name"), name) if part)
        return _draft("secret-rotate", name, [Touch(f"secret:{key}", _secret_effect(verb)), *ambient], command)
    effect = REPLACES if "deployment" in plain or verb == "up" else cloud_effect(verb)
    group = words.value("-g", "--resource-group") or (name if plain[0] == "group" else "azure")
    kind = "deploy" if "deploy" in verb or "deployment" in plain or verb == "up" else "service-change"
    key = "/".join(part for part in (group, None if plain[0] == "group" else name or plain[0]) if part)
    return _draft(kind, key, [Touch(f"service:{key}", effect), *ambient], command)


def _doctl(command: Command, facts: Facts) -> Effects | None:
    words = split(
        command.argv,
        "-t --access-token --context --format -o --output --size --image --region --spec --cluster".split(),
    )
    plain = words.plain
    if plain[:1] == ("auth",):
        reads = plain[1:2] == ("list",)
        return (
            READS
            if reads
            else logins.switch("doctl", command, facts)
            if plain[1:2] == ("switch",)
            else logins.login("doctl", command, facts)
        )
    if plain[-3:-1] == ("kubeconfig", "save") or plain[:4] == ("kubernetes", "cluster", "kubeconfig", "save"):
        return _switch_context(command, facts, words, plain[-1])
    place = next(
        (
            n
            for n, word in enumerate(plain[1:], 1)
            if _CLOUD_READS.match(word)
            or _CLOUD_GONE.match(word)
            or word
            in (
                "create",
                "create-deployment",
                "update",
                "resize",
                "reboot",
                "power-off",
                "power-cycle",
                "rebuild",
                "restore",
                "restart",
            )
        ),
        None,
    )
    if place is None:
        return None
    verb = plain[place]
    if _CLOUD_READS.match(verb):
        return READS
    name = plain[place + 1] if place + 1 < len(plain) else None
    effect = REPLACES if verb == "create-deployment" else DESTROYS if verb.startswith("power-") else cloud_effect(verb)
    return _service(["digitalocean", name or plain[0]], effect, command)


def _eksctl(command: Command, facts: Facts) -> Effects | None:
    words = split(command.argv, "--name --cluster --region --profile -f --config-file --nodes -n".split())
    verb, name = words.verb(), words.value("--name", "--cluster", "-n") or words.verb(2) or "cluster"
    if _CLOUD_READS.match(verb) or words.on("--dry-run"):
        return READS
    if words.plain[:2] in (("utils", "write-kubeconfig"), ("create", "cluster")):
        return _switch_context(command, facts, words, name)
    return _service([name], DESTROYS if verb in ("delete", "drain") else REPLACES, command)


# ── hosts of applications ─────────────────────────────────────────────────────────────────────────────────────────


def _file_value(facts: Facts, path: str, pattern: str) -> str | None:
    found = re.search(pattern, facts.read(path) or "", re.MULTILINE)
    return found[1] if found else None


def _secret(parts: Sequence[str | None], names: Iterable[str], command: Command) -> Effects:
    """Settings of a host of applications that hold secrets."""
    scope = "/".join(part for part in parts if part)
    keys = [name.partition("=")[0] for name in names if UNKNOWN not in name]
    effect = _secret_effect(*(word.rpartition(":")[2] for word in command.argv[1:4]))
    touches = [Touch(f"secret:{scope}/{key}", effect) for key in keys] or [Touch(f"secret:{scope}", effect)]
    return _draft("secret-rotate", keys[0] if keys else scope, touches, command)


def _fly(command: Command, facts: Facts) -> Effects | None:
    words = split(
        command.argv,
        "-a --app -c --config -r --region -i --image -t --access-token -o --org -s -m --vm-size --strategy -e --env "
        "--dockerfile --build-arg -C --command --signal --count".split(),
    )
    config = words.value("-c", "--config") or "fly.toml"
    app = words.value("-a", "--app") or _file_value(facts, config, r"^app\s*=\s*['\"]([^'\"]+)") or ""
    stage = (
        places.stage_of(words.value("-a", "--app"))
        or places.stage_of(config.removesuffix(".toml"))
        or places.stage_of(app)
        or "prod"
    )
    own = [Touch(f"service:fly/{app}", REPLACES)] if app else []
    verb, second = words.verb(), words.verb(1)
    if verb in ("deploy", "launch"):
        return NOTHING if words.on("--build-only") else deploy(stage, command, facts, own, on=("fly", app))
    if verb == "auth":
        return (
            READS
            if second in ("whoami", "token", "docker")
            else logins.login("fly", command, facts, DESTROYS if second == "logout" else REPLACES)
        )
    if verb == "secrets":
        return READS if second in ("list", "ls", "") else _secret(["fly", app], words.after(2), command)
    if verb in (
        "status",
        "logs",
        "info",
        "version",
        "doctor",
        "platform",
        "releases",
        "dashboard",
        "open",
        "history",
        "list",
        "ping",
        "dig",
    ) or (
        second
        in (
            "list",
            "ls",
            "show",
            "status",
            "info",
            "logs",
            "open",
            "check",
            "releases",
            "help",
            "view",
            "validate",
            "export",
        )
    ):
        return READS
    if verb in ("ssh", "proxy", "sftp", "console", "agent", "config", "docs", "wireguard", "tokens"):
        return NOTHING
    if verb in (
        "scale",
        "machine",
        "machines",
        "m",
        "apps",
        "app",
        "volumes",
        "volume",
        "postgres",
        "pg",
        "ips",
        "certs",
        "restart",
        "suspend",
        "destroy",
        "resume",
    ):
        acts = (
            second
            if verb
            in ("machine", "machines", "m", "apps", "app", "volumes", "volume", "postgres", "pg", "ips", "certs")
            else verb
        )
        gone = bool(_CLOUD_GONE.match(acts)) or acts == "suspend" or (verb == "scale" and words.verb(2) == "0")
        named = app or (words.verb(2) if verb in ("apps", "app") else words.verb(1) if verb == "destroy" else "")
        return _service(["fly", named or places.repository(facts)], DESTROYS if gone else REPLACES, command)
    return None


def _heroku(command: Command, facts: Facts) -> Effects | None:
    words = split(
        command.argv,
        "-a --app -r --remote -t --team -s --size -n --num --confirm --space -c --pipeline --to -p".split(),
    )
    app = (
        words.value("-a", "--app")
        or words.value("-r", "--remote")
        or _variable(command, facts, "HEROKU_APP")
        or places.repository(facts)
    )
    task = words.verb()
    group, _, verb = task.partition(":")
    if group in ("login", "logout") or (group == "auth" and verb in ("login", "logout", "2fa")):
        return logins.login("heroku", command, facts, DESTROYS if "logout" in task else REPLACES)
    if group == "pg" and verb in ("reset", "copy", "push", "backups:restore", "promote", "killall", "kill"):
        return _draft("db-reset", f"heroku/{app}", [Touch(f"db:heroku/{app}", DESTROYS)], command)
    if group == "pg" and verb in ("psql", ""):
        sql_text = words.value("-c", "--command")
        return (
            _sql([sql_text] if sql_text else [command.stdin], f"db:heroku/{app}", app, command, facts)
            if sql_text or command.stdin
            else READS
            if not verb
            else None
        )
    if group == "config" and verb in ("set", "unset", "add", "remove", "edit"):
        found = _secret(["heroku", app], words.after(1), command)
        return logins.relying(found, (Touch(f"service:heroku/{app}", EDITS),))
    if group in ("run", "ps") and verb in ("exec", "copy", "forward", "") and group == "run":
        return NOTHING
    reads = (
        "",
        "info",
        "get",
        "wait",
        "diagnose",
        "output",
        "logs",
        "ps",
        "locks",
        "list",
        "credentials",
        "backups",
        "backups:info",
        "backups:url",
        "open",
    )
    if verb in reads and group not in ("maintenance", "restart", "scale", "rollback", "container"):
        return READS
    gone = (
        verb in ("destroy", "stop", "delete", "remove")
        or task == "maintenance:on"
        or any(word.endswith("=0") for word in words.plain[1:])
    )
    return _service(["heroku", app], DESTROYS if gone else REPLACES, command)


def _sql(texts: Sequence[str | None], key: str, name: str, command: Command, facts: Facts) -> Effects:
    from sidelight.effects import databases

    return databases.sql_effects(texts, databases.Base(key, name), databases.SHELLS["psql"], command, facts)


def _vercel(command: Command, facts: Facts) -> Effects | None:
    words = split(
        command.argv,
        "-t --token -S --scope --cwd -A --local-config -e --env -b --build-env -m --meta --target --regions -n --name "
        "-T --team".split(),
    )
    verb = words.verb()
    here = f"{words.value('--cwd') or '.'}/.vercel/project.json"
    on = ("vercel", _file_value(facts, here, r"\"projectName\"\s*:\s*\"([^\"]+)"))
    production = words.on("--prod", "--production") or places.stage_of(words.value("--target")) == "prod"
    known = _lookup(_VERCEL, words.plain)
    step = known[0] if known else "deploy" if not verb or facts.is_dir(verb) or "/" in verb or verb == "." else None
    if step == "deploy":
        looks = words.has("--version", "--help", "-v", "-h")
        return READS if looks else deploy("prod" if production else "preview", command, facts, on=on)
    if step in ("promote", "gone"):
        return deploy("prod", command, facts, effect=DESTROYS if step == "gone" else REPLACES, on=on)
    if step == "hidden":
        return _secret([places.repository(facts), "vercel"], words.after(2)[:1], command)
    if step == "pull":
        file = words.verb(2) if verb == "env" else ".vercel/.env.development.local"
        return Effects((places.file_draft("write", facts, file or ".env.local", REPLACES, places.summary(command)),))
    if step in ("login", "switch"):
        return logins.login("vercel", command, facts) if step == "login" else logins.switch("vercel", command, facts)
    return Effects(reads=step == "read") if step in ("read", "none") else None


_VERCEL = _rows(
    deploy="deploy",
    promote="promote, rollback, alias, alias set, rolling-release",
    gone="remove, rm, alias rm, project rm, domains rm",
    hidden="env add, env rm, env remove, env update, secrets add, secrets rm",
    pull="env pull",
    login="login, logout",
    switch="switch",
    read="ls, list, inspect, logs, log, whoami, env ls, env list, project ls, domains ls, alias ls, certs ls, teams "
    "ls, help, dns ls, history, "
    "promote status, rollback status, bisect, target ls, project inspect, domains inspect",
    none="build, link, init, pull, redeploy, git, telemetry, open, cache, blob, project add, dns, certs, domains",
)


def _netlify(command: Command, facts: Facts) -> Effects | None:
    words = split(
        command.argv, "-s --site -d --dir -m --message -a --auth -f --functions --alias --context -t --filter".split()
    )
    verb = words.verb()
    on = ("netlify", words.value("-s", "--site"))
    if verb == "deploy":
        stage = "prod" if words.on("--prod", "-p", "--prodIfUnlocked", "--prod-if-unlocked") else "preview"
        return deploy(stage, command, facts, on=on)
    if verb in ("env:set", "env:unset", "env:import", "env:clone"):
        return _secret([places.repository(facts), "netlify"], words.after(1)[:1], command)
    if verb in ("login", "logout", "switch"):
        return logins.switch("netlify", command, facts) if verb == "switch" else logins.login("netlify", command, facts)
    if verb in ("sites:delete", "blobs:delete", "rollback", "unlink", "api"):
        return (
            deploy("prod", command, facts, effect=REPLACES if verb == "rollback" else DESTROYS, on=on)
            if verb not in ("unlink", "api")
            else NOTHING
        )
    reads = (
        "status",
        "sites:list",
        "env:list",
        "env:get",
        "logs",
        "logs:function",
        "logs:deploy",
        "open",
        "help",
        "watch",
        "status:hooks",
        "functions:list",
        "blobs:get",
        "blobs:list",
    )
    return (
        READS
        if verb in reads or words.has("--version", "--help")
        else NOTHING
        if verb in ("build", "link", "init", "sites:create")
        else None
    )


def _wrangler(command: Command, facts: Facts) -> Effects | None:
    words = split(
        command.argv,
        "-e --env -c --config --name --branch --project-name --commit-message --file --command --binding "
        "--namespace-id "
        "--path --database --message --tag --var --dir -J --cwd --preview-id --ttl --expiration".split(),
    )
    config = words.value("-c", "--config")
    worker = words.value("--name", "--project-name") or next(
        (
            name
            for file in (config, "wrangler.toml", "wrangler.jsonc", "wrangler.json")
            if file and (name := _file_value(facts, file, r"^\s*\"?name\"?\s*[=:]\s*\"([^\"]+)"))
        ),
        None,
    )
    stage = places.stage_of(words.value("-e", "--env")) or words.value("-e", "--env") or "prod"
    own = [Touch(f"service:cloudflare/{worker}" + ("" if stage == "prod" else f"-{stage}"), REPLACES)] if worker else []
    plain, on = words.plain, ("cloudflare", worker)
    if words.on("--dry-run", "--help", "--version"):
        return READS
    if plain[:1] in (("deploy",), ("publish",), ("rollback",)) or plain[:2] in (
        ("versions", "deploy"),
        ("triggers", "deploy"),
    ):
        return deploy(stage, command, facts, own, on=on)
    if plain[:2] in (("pages", "deploy"), ("pages", "publish")):
        branch = words.value("--branch") or facts.branch
        stage = "prod" if branch in ("main", "master", "production", None) else "preview"
        return deploy(stage, command, facts, own, on=on)
    if plain[:1] == ("d1",):
        return _d1(words, command, facts)
    if "secret" in plain[:3]:
        place = plain.index("secret")
        return (
            READS
            if plain[place + 1 : place + 2] in (("list",), ())
            else _secret(["cloudflare", worker or places.repository(facts)], plain[place + 2 : place + 3], command)
        )
    if plain[:1] in (("login",), ("logout",)):
        return logins.login("wrangler", command, facts)
    if plain[:1] == ("delete",):
        return _service(["cloudflare", worker or places.repository(facts)], DESTROYS, command)
    if plain[:1] in (("tail",), ("whoami",), ("docs",), ("check",)) or {"list", "get", "info", "status", "view"} & set(
        plain[1:4]
    ):
        return READS
    if plain[:1] in (("kv",), ("r2",), ("queues",), ("vectorize",), ("hyperdrive",)):
        gone = {"delete", "purge", "bulk delete"} & set(plain)
        name = words.value("--binding", "--namespace-id") or (plain[3] if len(plain) > 3 else plain[0])
        return _service(["cloudflare", plain[0], name], DESTROYS if gone else EDITS, command)
    return (
        NOTHING if plain[:1] in (("types",), ("init",), ("generate",), ("build",), ("versions",), ("pages",)) else None
    )


def _d1(words: Words, command: Command, facts: Facts) -> Effects | None:
    """Cloudflare's SQL databases: local ones lie below `.wrangler`."""
    plain = words.plain
    name = plain[3] if plain[1:2] == ("migrations",) and len(plain) > 3 else words.verb(2)
    key = (
        f"db:cloudflare/{name}"
        if words.on("--remote") or plain[1:2] in (("delete",), ("time-travel",))
        else f"db:{places.local_repository(facts)}/d1-{name}"
    )
    if plain[1:2] == ("execute",):
        file = words.value("--file")
        return _sql(
            [words.value("--command")] if words.value("--command") else [facts.read(file) if file else None],
            key,
            name,
            command,
            facts,
        )
    if plain[1:3] == ("migrations", "apply"):
        return _draft("db-migrate", name, [Touch(key, EDITS)], command)
    if plain[1:2] == ("delete",) or plain[1:3] == ("time-travel", "restore"):
        return _draft("db-reset", name, [Touch(key, DESTROYS)], command)
    return NOTHING if plain[1:2] in (("create",), ("export",)) or "create" in plain else READS


def _firebase(command: Command, facts: Facts) -> Effects | None:
    words = split(
        command.argv, "-P --project --only --except -m --message --token -c --config --account -e --expires".split()
    )
    project = words.value("-P", "--project")
    stage = places.stage_of(project) or "prod"
    verb, on = words.verb(), ("firebase", project)
    own = [Touch(f"service:firebase/{project}", REPLACES)] if project else [*logins.used("firebase", command, facts)]
    if verb == "deploy":
        return READS if words.on("--dry-run") else deploy(stage, command, facts, own, on=on)
    if verb == "hosting:channel:deploy":
        return deploy("preview", command, facts, on=on)
    if verb == "hosting:clone":
        return deploy(stage, command, facts, on=on)
    if verb == "use":
        return logins.switch("firebase", command, facts) if words.verb(1) else READS
    if verb in ("login", "logout", "login:ci", "login:add", "login:use"):
        return logins.login("firebase", command, facts)
    if verb in (
        "firestore:delete",
        "database:remove",
        "database:set",
        "database:update",
        "auth:import",
        "database:push",
        "firestore:databases:delete",
    ):
        kind, effect = (
            ("db-write", EDITS)
            if verb in ("database:update", "database:push", "auth:import")
            else ("db-reset", DESTROYS)
        )
        return _draft(
            kind, project or "firebase", [Touch(f"db:firebase/{project or places.repository(facts)}", effect)], command
        )
    if verb in ("functions:secrets:set", "functions:secrets:destroy", "functions:config:set", "functions:config:unset"):
        return _secret(["firebase", project or places.repository(facts)], words.after(1)[:1], command)
    if verb in ("functions:delete", "hosting:disable", "hosting:channel:delete", "apphosting:backends:delete"):
        return _service(["firebase", project or places.repository(facts)], DESTROYS, command)
    reads = (":list", ":get", ":log", ":info", ":export")
    return (
        READS
        if verb.endswith(reads)
        or verb in ("projects:list", "help", "functions:log", "functions:secrets:access")
        or words.has("--version", "--help")
        else None
    )


def _railway(command: Command, facts: Facts) -> Effects | None:
    words = split(command.argv, "-s --service -e --environment --set -p --project --skip-deploys".split())
    stage = places.stage_of(words.value("-e", "--environment")) or words.value("-e", "--environment") or "prod"
    verb, on = words.verb(), ("railway", words.value("-s", "--service"))
    if verb in ("up", "redeploy", "deploy"):
        return deploy(stage, command, facts, on=on)
    if verb == "down":
        return deploy(stage, command, facts, effect=DESTROYS, on=on)
    if verb in ("variables", "variable", "vars"):
        return (
            _secret([places.repository(facts), "railway"], words.values("--set"), command)
            if words.has("--set")
            else READS
        )
    if verb in ("environment", "link", "service", "unlink", "env"):
        gone = words.verb(1) == "delete"
        return (
            _service([places.repository(facts), words.verb(2)], DESTROYS, command)
            if gone
            else logins.switch("railway", command, facts)
        )
    if verb in ("login", "logout"):
        return logins.login("railway", command, facts)
    return (
        READS
        if verb in ("logs", "status", "list", "whoami", "domain", "open", "docs")
        else NOTHING
        if verb in ("run", "shell", "connect", "init", "ssh")
        else None
    )


def _render(command: Command, facts: Facts) -> Effects | None:
    words = split(command.argv, ("-o", "--output", "--commit", "--image"))
    plain = words.plain
    if plain[:2] in (
        ("deploys", "create"),
        ("services", "restart"),
        ("restart",),
        ("deploys", "cancel"),
        ("jobs", "create"),
    ):
        return _service(["render", plain[2] if len(plain) > 2 else places.repository(facts)], REPLACES, command)
    return (
        READS
        if {"list", "logs", "services", "whoami"} & set(plain)
        else logins.login("render", command, facts)
        if plain[:1] == ("login",)
        else None
    )


def _kamal(command: Command, facts: Facts) -> Effects | None:
    words = split(
        command.argv, "-d --destination -c --config-file -v --version -h --hosts -r --roles -m --message -P".split()
    )
    stage = places.stage_of(words.value("-d", "--destination")) or words.value("-d", "--destination") or "prod"
    verb, second = words.verb(), words.verb(1)
    if verb in ("deploy", "redeploy", "rollback", "setup"):
        return deploy(stage, command, facts)
    if verb == "remove" or (
        verb in ("app", "accessory", "proxy", "traefik") and second in ("stop", "remove", "restart", "reboot")
    ):
        return deploy(stage, command, facts, effect=DESTROYS)
    if (verb, second) == ("lock", "release"):
        return _draft(
            "infra-unlock", "deploy lock", [Touch(f"service:{places.repository(facts)}/{stage}", DESTROYS)], command
        )
    if verb in ("app", "accessory", "proxy", "traefik") and second in ("boot", "start", "exec", "maintenance", "live"):
        return deploy(stage, command, facts) if second in ("boot", "start", "maintenance", "live") else NOTHING
    reads = verb in ("details", "audit", "config", "version", "help", "docs") or second in (
        "logs",
        "details",
        "containers",
        "images",
        "status",
        "version",
    )
    return (
        READS
        if reads
        else NOTHING
        if verb in ("build", "init", "registry", "secrets", "server", "prune", "lock", "env")
        else None
    )


def _capistrano(command: Command, facts: Facts) -> Effects | None:
    words = split(command.argv, ("-s", "-f", "-r", "-z", "--hosts"))
    if words.has("-T", "--tasks", "-n", "--dry-run", "-P", "-D", "--version", "--help"):
        return READS
    if any(word.partition(":")[0] in ("deploy", "puma", "sidekiq", "maintenance", "unicorn") for word in words.plain):
        return deploy(places.stage_of(words.verb()) or words.verb(), command, facts)
    return READS if any(word in ("doctor", "install", "deploy:check") for word in words.plain) else None


def _eb(command: Command, facts: Facts) -> Effects | None:
    """Elastic Beanstalk."""
    words = split(command.argv, ("-r", "--region", "--profile", "-l", "--label", "-m"))
    verb, name = words.verb(), words.verb(1)
    if verb in ("deploy", "swap", "restore", "upgrade", "scale", "setenv", "config", "terminate", "abort"):
        effect = DESTROYS if verb in ("terminate", "abort") else REPLACES
        own = [Touch(f"service:elasticbeanstalk/{name}", effect)] if name else []
        return deploy(places.stage_of(name) or "prod", command, facts, own, effect)
    return (
        logins.switch("eb", command, facts)
        if verb == "use"
        else READS
        if verb in ("status", "health", "list", "logs", "events", "printenv")
        else None
    )


# ── deploy scripts ────────────────────────────────────────────────────────────────────────────────────────────────

_SCRIPT = re.compile(r"^(?:.*[-_.])?deploy(?:[-_.].*)?$|^deploy[a-z]*$", re.IGNORECASE)
_RUNNERS = frozenset({"make", "gmake", "just", "task", "bash", "sh", "zsh", "dash"})
_LOOKS = ("--dry-run", "--dryrun", "--check", "--help", "-h", "--plan", "--list", "--diff", "-n", "--noop")


def is_deploy_script(program: str) -> bool:
    """Does a program say by its name that it deploys: `deploy.sh`, `deploy-prod`, `bin/deploy`?

    >>> is_deploy_script("deploy.sh"), is_deploy_script("ship-deploy.sh"), is_deploy_script("deployment-notes.py")
    (True, True, False)
    """
    name = re.sub(r"\.(sh|bash|zsh|py|rb|js|ts|mjs|ps1|pl)$", "", program, flags=re.IGNORECASE)
    return (
        bool(_SCRIPT.match(name))
        and "." not in name
        and not re.search(r"deployment|undeploy|deployer", name, re.IGNORECASE)
    )


def deploy_script(name: str, words: Sequence[str], command: Command, facts: Facts) -> Effects:
    """A deploy by a script or a target. Its stage is in its words, its name, or the environment; else production."""
    if any(word in _LOOKS for word in words):
        return READS
    speaks = [*(word for word in words if UNKNOWN not in word), name]
    told = _variable(command, facts, "DEPLOY_ENV", "ENVIRONMENT", "STAGE", "TARGET_ENV", "ENV")
    stage = next((found for found in map(places.stage_of, (*speaks, told)) if found), None)
    plain = next((word for word in words if re.fullmatch(r"[a-z][\w-]{1,30}", word)), None) if not stage else None
    more = [Touch(f"service:{stage or 'prod'}/{plain}", REPLACES)] if plain and stage else []
    return deploy(stage or plain or "prod", command, facts, more)


def _script_call(command: Command, facts: Facts) -> Effects | None:
    """`./deploy.sh production`, `bash scripts/deploy.sh staging`, `make deploy-prod`, `just deploy staging`."""
    program, words = command.argv[0], command.argv[1:]
    if program in ("make", "gmake", "just", "task"):
        tasks = [word for word in words if is_deploy_script(word)]
        if not tasks:
            return None
        rest = [word for word in words if word not in tasks]
        return deploy_script(tasks[0], [word.partition("=")[2] or word for word in rest], command, facts)
    if program in _RUNNERS:
        script = next((word for word in words if not word.startswith("-")), "")
        if "-c" in words or not is_deploy_script(script.rpartition("/")[2]):
            return None
        return deploy_script(script.rpartition("/")[2], words[words.index(script) + 1 :], command, facts)
    return deploy_script(program, words, command, facts)


# ── the way in ────────────────────────────────────────────────────────────────────────────────────────────────────

_TABLE: dict[str, Callable[[Command, Facts], Effects | None]] = {
    **dict.fromkeys(("terraform", "tofu", "opentofu", "terragrunt"), _terraform),
    "pulumi": _pulumi,
    "cdk": _cdk,
    "cdktf": _cdk,
    "serverless": _serverless,
    "sls": _serverless,
    "sam": _sam,
    "ansible-playbook": _ansible,
    "ansible": _ansible,
    "kubectl": _kubectl,
    "oc": _kubectl,
    "k": _kubectl,
    "kubecolor": _kubectl,
    "kubectx": _kubectx,
    "kubens": _kubectx,
    "k9s": _k9s,
    "helm": _helm,
    "helmfile": _helmfile,
    "kustomize": _kustomize,
    "skaffold": _skaffold,
    "argocd": _argocd,
    "flux": _flux,
    "kind": _local_cluster,
    "minikube": _local_cluster,
    "k3d": _local_cluster,
    "aws": _aws,
    "gcloud": _gcloud,
    "gsutil": _gsutil,
    "az": _az,
    "doctl": _doctl,
    "eksctl": _eksctl,
    "eb": _eb,
    "fly": _fly,
    "flyctl": _fly,
    "heroku": _heroku,
    "vercel": _vercel,
    "now": _vercel,
    "netlify": _netlify,
    "ntl": _netlify,
    "wrangler": _wrangler,
    "firebase": _firebase,
    "railway": _railway,
    "render": _render,
    "kamal": _kamal,
    "mrsk": _kamal,
    "cap": _capistrano,
    **dict.fromkeys(_RUNNERS, _script_call),
}
PROGRAMS: frozenset[str] = frozenset({*_TABLE, "deploy", "deploy.sh", "deploy.py", "deploy.rb"})


def understands(program: str) -> bool:
    """Is this program for here? Deploy scripts have no fixed names."""
    return program in _TABLE or is_deploy_script(program)


def read(command: Command, facts: Facts) -> Effects | None:
    """What an infrastructure program does, None if it is not understood."""
    row = _TABLE.get(command.argv[0])
    if row:
        return row(command, facts)
    return _script_call(command, facts) if is_deploy_script(command.argv[0]) else None
