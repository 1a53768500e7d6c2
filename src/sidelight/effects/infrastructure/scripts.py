"""Deploy scripts, known by their name alone."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sidelight.actions import REPLACES, Touch
from sidelight.effects import UNKNOWN, Command, Effects, places
from sidelight.effects.infrastructure.changes import READS, deploy, variable
from sidelight.facts import Facts

_SCRIPT = re.compile(r"^(?:.*[-_.])?deploy(?:[-_.].*)?$|^deploy[a-z]*$", re.IGNORECASE)
RUNNERS = frozenset({"make", "gmake", "just", "task", "bash", "sh", "zsh", "dash"})
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
    told = variable(command, facts, "DEPLOY_ENV", "ENVIRONMENT", "STAGE", "TARGET_ENV", "ENV")
    stage = next((found for found in map(places.stage_of, (*speaks, told)) if found), None)
    plain = next((word for word in words if re.fullmatch(r"[a-z][\w-]{1,30}", word)), None) if not stage else None
    more = [Touch(f"service:{stage or 'prod'}/{plain}", REPLACES)] if plain and stage else []
    return deploy(stage or plain or "prod", command, facts, more)


def script_call(command: Command, facts: Facts) -> Effects | None:
    """`./deploy.sh production`, `bash scripts/deploy.sh staging`, `make deploy-prod`, `just deploy staging`."""
    program, words = command.argv[0], command.argv[1:]
    if program in ("make", "gmake", "just", "task"):
        tasks = [word for word in words if is_deploy_script(word)]
        if not tasks:
            return None
        rest = [word for word in words if word not in tasks]
        return deploy_script(tasks[0], [word.partition("=")[2] or word for word in rest], command, facts)
    if program in RUNNERS:
        script = next((word for word in words if not word.startswith("-")), "")
        if "-c" in words or not is_deploy_script(script.rpartition("/")[2]):
            return None
        return deploy_script(script.rpartition("/")[2], words[words.index(script) + 1 :], command, facts)
    return deploy_script(program, words, command, facts)
