"""The command line of Amazon's cloud."""

# ruff: noqa: ARG001 - all rows of a table have one shape

from __future__ import annotations

from collections.abc import Callable

from sidelight.actions import ADDS, DESTROYS, EDITS, REPLACES, USES, Touch
from sidelight.effects import Command, Effects, logins, places
from sidelight.effects.infrastructure.changes import (
    CLOUD_READS,
    NOTHING,
    READS,
    changed,
    cloud_effect,
    drafted,
    last_part,
    secret_effect,
)
from sidelight.effects.infrastructure.kubernetes import switch_context
from sidelight.effects.options import Words, split
from sidelight.facts import Facts

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


def aws(command: Command, facts: Facts) -> Effects | None:
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
    if CLOUD_READS.match(verb):
        return READS
    name = next((last_part(value) for option in _AWS_NAMES for value in words.values(option)), None)
    several = words.values("--instance-ids", "--ids")
    if several:
        return drafted(
            "service-change",
            several[0],
            [*(Touch(f"service:{group}/{one}", cloud_effect(verb)) for one in several), *ambient],
            command,
        )
    return changed([group, name or "any"], cloud_effect(verb), command, ambient)


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
        return changed(["s3", remote[0]], DESTROYS, command) if remote else None
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
    return drafted("service-change", f"s3/{remote[-1]}", touches, command)


def _aws_ecs(verb: str, words: Words, command: Command, facts: Facts) -> Effects | None:
    if CLOUD_READS.match(verb):
        return READS
    if verb in ("execute-command", "register-task-definition"):
        return NOTHING
    cluster = last_part(words.value("--cluster") or "default")
    service = words.value("--service", "--services", "--service-name")
    gone = verb in ("delete-service", "delete-cluster", "stop-task") or words.value("--desired-count") == "0"
    effect = DESTROYS if gone else ADDS if verb == "run-task" else REPLACES
    return changed([cluster, last_part(service) if service else words.value("--task")], effect, command)


def _aws_eks(verb: str, words: Words, command: Command, facts: Facts) -> Effects | None:
    if verb == "update-kubeconfig":
        return (
            READS
            if words.on("--dry-run")
            else switch_context(command, facts, words, words.value("--name") or "kube context")
        )
    return None


def _aws_cloudformation(verb: str, words: Words, command: Command, facts: Facts) -> Effects | None:
    if CLOUD_READS.match(verb):
        return READS
    if verb in ("create-change-set", "package", "delete-change-set") or words.on("--no-execute-changeset"):
        return NOTHING
    effect = DESTROYS if verb == "delete-stack" else REPLACES
    return changed(["cloudformation", last_part(words.value("--stack-name") or "any")], effect, command)


def _aws_secret(verb: str, words: Words, command: Command, facts: Facts) -> Effects | None:
    """secretsmanager, ssm parameters, IAM keys: what others may be using is changed or taken away."""
    if CLOUD_READS.match(verb):
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
    touches = [Touch(f"secret:aws/{last_part(name).strip('/')}", secret_effect(verb)) for name in names]
    target = who or (names[0] if names else group)
    return drafted(
        "secret-rotate", target if group != "iam" else f"access key of {who}" if who else "access key", touches, command
    )


def _aws_dynamodb(verb: str, words: Words, command: Command, facts: Facts) -> Effects | None:
    if CLOUD_READS.match(verb) or verb in ("transact-get-items", "execute-statement"):
        return READS if verb != "execute-statement" else None
    table = words.value("--table-name") or "any"
    kind, effect = (
        ("db-reset", DESTROYS) if verb in ("delete-table", "restore-table-from-backup") else ("db-write", EDITS)
    )
    return drafted(kind, table, [Touch(f"db:dynamodb/{last_part(table)}", effect)], command)


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


def eksctl(command: Command, facts: Facts) -> Effects | None:
    words = split(command.argv, "--name --cluster --region --profile -f --config-file --nodes -n".split())
    verb, name = words.verb(), words.value("--name", "--cluster", "-n") or words.verb(2) or "cluster"
    if CLOUD_READS.match(verb) or words.on("--dry-run"):
        return READS
    if words.plain[:2] in (("utils", "write-kubeconfig"), ("create", "cluster")):
        return switch_context(command, facts, words, name)
    return changed([name], DESTROYS if verb in ("delete", "drain") else REPLACES, command)
