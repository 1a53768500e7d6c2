"""What the readers of infrastructure say alike: a service that changed, a deployment, a table of verbs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sidelight.actions import ADDS, DESTROYS, REPLACES, Draft, Touch
from sidelight.effects import UNKNOWN, Command, Effects, places
from sidelight.facts import Facts

READS = Effects(reads=True)
NOTHING = Effects()


def variable(command: Command, facts: Facts, *names: str) -> str | None:
    for name in names:
        value = places.known(command.env.get(name) or facts.env.get(name))
        if value:
            return value
    return None


def drafted(kind: str, target: str | None, touches: Iterable[Touch], command: Command) -> Effects:
    touched = tuple(dict.fromkeys(touches))
    return Effects((Draft(kind, target, touches=touched, summary=places.summary(command)),))


def changed(parts: Sequence[str | None], effect: str, command: Command, more: Iterable[Touch] = ()) -> Effects:
    """A change of a service; its name from the parts that are known."""
    name = "/".join(part.strip("/") for part in parts if part)
    return drafted("service-change", name, (Touch(f"service:{name}", effect), *more), command)


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
    return drafted("deploy", name, (Touch(f"service:{name}", effect), *more), command)


def rows(**steps: str) -> dict[str, str]:
    return {verb.strip(): step for step, verbs in steps.items() for verb in verbs.split(",")}


def lookup(table: dict[str, str], plain: Sequence[str]) -> tuple[str, int] | None:
    """The step of the longest run of words that the table has, and how many words that took."""
    for length in (3, 2, 1):
        step = table.get(" ".join(plain[:length])) if len(plain) >= length else None
        if step:
            return step, length
    return None


CLOUD_READS = re.compile(
    r"^(describe|list|get|head|batch-get|ls|wait|help|lookup|scan|query|search|filter|tail|presign|estimate|validate|"
    r"simulate|test|check|"
    r"show|read|info|print|view|status|logs?|export|download|detect|preview|diff|select|exists|poll)(-|$)"
)
CLOUD_GONE = re.compile(
    r"^(delete|terminate|stop|remove|rm|rb|purge|deregister|detach|disable|revoke|cancel|destroy|drop|deactivate|"
    r"empty|reset|abort|"
    r"disassociate|release|reject|shutdown|deallocate|kill)(-|$)"
)
_CLOUD_NEW = re.compile(
    r"^(create|put-metric|invoke|send|publish|start-query|run|register|upload|add|mb|import|submit|tag|mk)(-|$)"
)


def cloud_effect(verb: str) -> str:
    """What a verb of a cloud's API does, by the words all of them share."""
    return DESTROYS if CLOUD_GONE.match(verb) else ADDS if _CLOUD_NEW.match(verb) else REPLACES


def secret_effect(*verbs: str) -> str:
    """A secret is taken away, or given another value."""
    return DESTROYS if any(CLOUD_GONE.match(verb) or verb == "unset" for verb in verbs) else REPLACES


def last_part(name: str) -> str:
    """`arn:aws:ecs:…:cluster/staging` → `staging`."""
    return re.split(r"[/:]", name.rstrip("/"))[-1] if name.startswith(("arn:", "https://")) else name


def secret_of(parts: Sequence[str | None], names: Iterable[str], command: Command) -> Effects:
    """Settings of a host of applications that hold secrets."""
    scope = "/".join(part for part in parts if part)
    keys = [name.partition("=")[0] for name in names if UNKNOWN not in name]
    effect = secret_effect(*(word.rpartition(":")[2] for word in command.argv[1:4]))
    touches = [Touch(f"secret:{scope}/{key}", effect) for key in keys] or [Touch(f"secret:{scope}", effect)]
    return drafted("secret-rotate", keys[0] if keys else scope, touches, command)
