"""The other clouds: Google's, Microsoft's, DigitalOcean's."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sidelight.actions import ADDS, DESTROYS, REPLACES, SWITCHES, Touch
from sidelight.effects import UNKNOWN, Command, Effects, logins, places
from sidelight.effects.infrastructure.changes import (
    CLOUD_GONE,
    CLOUD_READS,
    NOTHING,
    READS,
    changed,
    cloud_effect,
    drafted,
    secret_effect,
    variable,
)
from sidelight.effects.infrastructure.kubernetes import switch_context
from sidelight.effects.options import Words, split
from sidelight.facts import Facts

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


def gcloud(command: Command, facts: Facts) -> Effects | None:
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
        return switch_context(command, facts, words, plain[-1])
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
    if (CLOUD_READS.match(verb) and verb != "export") or verb in (
        "access",
        "browse",
        "cat",
        "ssh",
        "operations",
        "versions",
    ):
        return READS if verb != "ssh" else NOTHING
    project = words.value("--project") or variable(command, facts, "CLOUDSDK_CORE_PROJECT")
    ambient = logins.used("gcloud", command, facts, words.value("--configuration"), explicit=words.has("--project"))
    name = words.value("--secret") or next((word for word in plain[place + 1 :] if UNKNOWN not in word), None)
    if plain[0] == "secrets":
        if verb == "create":
            return NOTHING
        secret = words.value("--secret") or name or "any"
        return drafted(
            "secret-rotate",
            secret,
            [
                Touch("/".join(part for part in ("secret:gcloud", project, secret) if part), secret_effect(verb)),
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
    return drafted(kind, key, [Touch(f"service:{key}", effect), *ambient], command)


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
        return drafted(
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
    return changed(["gs", remote[-1] if remote else "any"], DESTROYS if gone else REPLACES, command)


def gsutil(command: Command, facts: Facts) -> Effects | None:
    words = split(command.argv, ("-o", "-h", "-x"))
    return _bucket(words.plain, words, command, facts)


_AZ_VALUED = (
    "-g --resource-group -n --name --subscription -s --slot --src -o --output --query --vault-name --value --file -f "
    "-l --location "
    "--image --settings --id --ids --account-name --server --plan --sku --template-file --parameters --command-id "
    "--container-name -c -d -p"
)


def az(command: Command, facts: Facts) -> Effects | None:
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
        return switch_context(command, facts, words, words.value("-n", "--name") or "kube context")
    if CLOUD_READS.match(verb) or verb in ("what-if", "version"):
        return READS
    ambient = logins.used("az", command, facts, explicit=words.has("--subscription"))
    name = words.value("-n", "--name", "--ids", "--id") or words.value("--server", "--account-name")
    if plain[:2] == ("keyvault", "secret") or plain[:2] == ("keyvault", "key"):
        key = "/".join(part for part in ("azure", words.value("--vault-name"), name) if part)
        return drafted("secret-rotate", name, [Touch(f"secret:{key}", secret_effect(verb)), *ambient], command)
    effect = REPLACES if "deployment" in plain or verb == "up" else cloud_effect(verb)
    group = words.value("-g", "--resource-group") or (name if plain[0] == "group" else "azure")
    kind = "deploy" if "deploy" in verb or "deployment" in plain or verb == "up" else "service-change"
    key = "/".join(part for part in (group, None if plain[0] == "group" else name or plain[0]) if part)
    return drafted(kind, key, [Touch(f"service:{key}", effect), *ambient], command)


def doctl(command: Command, facts: Facts) -> Effects | None:
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
        return switch_context(command, facts, words, plain[-1])
    place = next(
        (
            n
            for n, word in enumerate(plain[1:], 1)
            if CLOUD_READS.match(word)
            or CLOUD_GONE.match(word)
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
    if CLOUD_READS.match(verb):
        return READS
    name = plain[place + 1] if place + 1 < len(plain) else None
    effect = REPLACES if verb == "create-deployment" else DESTROYS if verb.startswith("power-") else cloud_effect(verb)
    return changed(["digitalocean", name or plain[0]], effect, command)
