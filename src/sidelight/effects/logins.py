"""The logins and settings that command-line tools keep once for a whole machine: their keys, who relies on them, who
changes them.

A tool takes its account (or its project, its subscription) from there unless the command or the environment says it
itself: then the command relies on nothing ambient. A configuration of one's own (`GH_CONFIG_DIR`, `AWS_PROFILE`) is a
login of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

from sidelight.actions import REPLACES, SWITCHES, USES, Draft, Touch
from sidelight.effects import UNKNOWN, Command, Effects, places
from sidelight.facts import Facts
from sidelight.records import NamedTuple


class Tool(NamedTuple):
    """`own`: variables that choose another place for the configuration; `choice`: the one that names which of several
    in it; `told`: those that carry the account or project itself.
    """

    own: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    choice: str = ""


TOOLS: dict[str, Tool] = {
    "gh": Tool(("GH_CONFIG_DIR",), ("GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")),
    "glab": Tool(("GLAB_CONFIG_DIR",), ("GITLAB_TOKEN", "GITLAB_ACCESS_TOKEN", "OAUTH_TOKEN", "CI_JOB_TOKEN")),
    "gcloud": Tool(("CLOUDSDK_CONFIG",), ("CLOUDSDK_CORE_PROJECT",), "CLOUDSDK_ACTIVE_CONFIG_NAME"),
    "az": Tool(("AZURE_CONFIG_DIR",)),
    "aws": Tool(
        ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"),
        ("AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE"),
        "AWS_PROFILE",
    ),
    "npm": Tool(("NPM_CONFIG_USERCONFIG", "npm_config_userconfig"), ("NPM_TOKEN", "NODE_AUTH_TOKEN")),
    "yarn": Tool(told=("YARN_NPM_AUTH_TOKEN", "NPM_TOKEN")),
    "gem": Tool(told=("GEM_HOST_API_KEY",)),
    "cargo": Tool(("CARGO_HOME",), ("CARGO_REGISTRY_TOKEN",)),
    "docker": Tool(("DOCKER_CONFIG",), ("DOCKER_AUTH_CONFIG",)),
}


def variable(command: Command, facts: Facts, *names: str) -> str | None:
    """The first of these that is set, even if what it holds could not be followed."""
    return next((value for name in names if (value := command.env.get(name) or facts.env.get(name))), None)


def key(program: str, command: Command, facts: Facts, named: str | None = None) -> str | None:
    """The login a command of this program works with; `named` is the profile or registry it says. None if unknown."""
    tool = TOOLS.get(program, Tool())
    chosen = [variable(command, facts, name) for name in tool.own]
    chosen.append(named or variable(command, facts, tool.choice))
    parts = [facts.real(one) if one[0] in "/~." else one for one in chosen if one and one != "default"]
    return None if any(UNKNOWN in part for part in parts) else ":".join(["credential", facts.machine, program, *parts])


def used(
    program: str, command: Command, facts: Facts, named: str | None = None, *, explicit: bool = False
) -> tuple[Touch, ...]:
    """What a write relies on. `explicit`: the command itself says on whose behalf or on what it works."""
    if explicit or variable(command, facts, *TOOLS.get(program, Tool()).told):
        return ()
    found = key(program, command, facts, named)
    return (Touch(found, USES),) if found else ()


def login(program: str, command: Command, facts: Facts, effect: str = REPLACES, named: str | None = None) -> Effects:
    """The login is replaced, switched or dropped."""
    return _changed("login", effect, program, command, facts, named)


def switch(program: str, command: Command, facts: Facts, named: str | None = None) -> Effects:
    """The account or project that all commands of a tool on this machine work on is another from now on."""
    return _changed("context-switch", SWITCHES, program, command, facts, named)


def _changed(kind: str, effect: str, program: str, command: Command, facts: Facts, named: str | None) -> Effects:
    found = key(program, command, facts, named)
    touches = (Touch(found, effect),) if found else ()
    return Effects((Draft(kind, program, touches=touches, summary=places.summary(command)),))


def relying(found: Effects, touches: Sequence[Touch]) -> Effects:
    """The same, with what all of it relies on."""
    drafts = tuple(draft._replace(touches=(*draft.touches, *touches)) for draft in found.drafts)
    return found._replace(drafts=drafts)
