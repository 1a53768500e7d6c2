"""Kubernetes: kubectl, contexts, Helm, and what deploys through them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sidelight import targets
from sidelight.actions import ADDS, DESTROYS, EDITS, REPLACES, SWITCHES, USES, Touch
from sidelight.effects import UNKNOWN, Command, Effects, logins, places
from sidelight.effects.infrastructure.changes import NOTHING, READS, changed, deploy, drafted, lookup, rows, variable
from sidelight.effects.options import Words, split
from sidelight.facts import Facts

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
    told = words.value("--kubeconfig") or variable(command, facts, "KUBECONFIG")
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


def switch_context(command: Command, facts: Facts, words: Words, name: str) -> Effects:
    config = kubeconfig(command, facts, words)
    return drafted(
        "context-switch", name or "kube context", [Touch(f"kubecontext:{facts.machine}:{config}", SWITCHES)], command
    )


def kubectl(command: Command, facts: Facts) -> Effects | None:
    words = split(command.argv, _KUBE_VALUED.split())
    verb, second = words.verb(), words.verb(1)
    if verb == "config":
        return READS if second in _CONFIG_READS else switch_context(command, facts, words, words.verb(2))
    if verb in ("login", "logout", "project") and command.argv[0] == "oc":
        if verb == "project" and not second:
            return READS
        return switch_context(command, facts, words, second or verb)
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
    return drafted(
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
    return drafted("service-change", targets.body_of(touches[0].key), touches, command)


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


def kubectx(command: Command, facts: Facts) -> Effects:
    words = split(command.argv)
    if (not words.plain and not words.has("-d", "-u", "--unset")) or words.has("-c", "--current", "-h", "--help"):
        return READS
    return switch_context(command, facts, words, words.verb())


def k9s(command: Command, facts: Facts) -> Effects:
    words = split(command.argv, _KUBE_VALUED.split())
    if words.on("--readonly") or words.verb() in ("version", "info", "help"):
        return READS
    _, ambient = kube_context(command, facts, words)
    return drafted("context-use", "kube context", [ambient] if ambient else [], command)


HELM = rows(
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


def helm(command: Command, facts: Facts) -> Effects | None:
    words = split(command.argv, _HELM_VALUED.split())
    found = lookup(HELM, words.plain)
    if found is None:
        return READS if words.has("--help", "-h", "--version") or not words.plain else None
    step, length = found
    if step in ("read", "none") or words.on("--dry-run", "--help"):
        return Effects(reads=step == "read" or words.on("--dry-run", "--help"))
    if step == "push":
        name = words.verb(1).rpartition("/")[2].rpartition("-")[0] or places.repository(facts)
        return drafted("package-publish", name, [Touch(f"package:helm:{name}", REPLACES)], command)
    context, ambient = kube_context(command, facts, words)
    namespace = words.value("-n", "--namespace") or variable(command, facts, "HELM_NAMESPACE") or "default"
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
    return drafted("service-change", f"{namespace}/{releases[0]}", [*touches, *([ambient] if ambient else [])], command)


def helmfile(command: Command, facts: Facts) -> Effects | None:
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


def kustomize(command: Command, facts: Facts) -> Effects | None:
    words = split(command.argv)
    if words.verb() == "edit":
        return Effects((places.file_draft("edit", facts, "kustomization.yaml", EDITS, places.summary(command)),))
    return READS if words.verb() in ("build", "cfg", "version", "localize") else None


def skaffold(command: Command, facts: Facts) -> Effects | None:
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


def argocd(command: Command, facts: Facts) -> Effects | None:
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
    return changed(["argocd", name if group == "app" else f"{group}/{name}"], DESTROYS if gone else REPLACES, command)


def flux(command: Command, facts: Facts) -> Effects | None:
    words = split(
        command.argv, "-n --namespace --context --kubeconfig --source --path --url --branch --interval".split()
    )
    verb = words.verb()
    if verb in ("get", "logs", "tree", "diff", "check", "events", "export", "stats", "version", "trace", "build", ""):
        return READS
    context, ambient = kube_context(command, facts, words)
    gone = verb in ("delete", "suspend", "uninstall")
    return changed(
        [context, words.value("-n", "--namespace") or "flux-system", words.plain[-1]],
        DESTROYS if gone else REPLACES,
        command,
        [ambient] if ambient else [],
    )


def local_cluster(command: Command, facts: Facts) -> Effects | None:
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
        return changed([cluster], DESTROYS, command)
    if verb in ("create", "start", "use-context", "use", "profile") or (
        verb == "cluster" and words.verb(1) in ("create", "start")
    ):
        return switch_context(command, facts, words, cluster)
    if verb == "cluster" and words.verb(1) in ("delete", "stop"):
        return changed([cluster], DESTROYS, command)
    return (
        READS
        if verb in ("get", "status", "list", "ip", "version", "logs", "kubeconfig", "node", "service")
        else NOTHING
        if verb
        else None
    )
