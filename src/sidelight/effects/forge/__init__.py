"""What commands do to issues, pull requests, workflows, branch protection, releases, secrets and logins.

GitHub's `gh` and its HTTP API, GitLab's `glab`, `bd` (beads), Jira and Linear, the keepers of secrets, and the logins
of agent programs. Comments and reads collide with nothing; a comment that says its author takes the work is a mark on
the issue.
"""

from __future__ import annotations

from collections.abc import Callable

from sidelight.effects import Command, Effects
from sidelight.effects.forge.agents import AGENTS, agent
from sidelight.effects.forge.calls import closed_by as closed_by
from sidelight.effects.forge.github import gh, hub
from sidelight.effects.forge.github_api import curl
from sidelight.effects.forge.gitlab import glab
from sidelight.effects.forge.trackers import bd, tracker
from sidelight.effects.forge.vaults import doppler, op, sops, vault
from sidelight.facts import Facts

_TABLE: dict[str, Callable[[Command, Facts], Effects | None]] = {
    "gh": gh,
    "glab": glab,
    "hub": hub,
    "curl": curl,
    "bd": bd,
    "br": bd,
    "beads": bd,
    "jira": tracker("jira"),
    "linear": tracker("linear"),
    "vault": vault,
    "bao": vault,
    "doppler": doppler,
    "op": op,
    "sops": sops,
    **dict.fromkeys(AGENTS, agent),
}
PROGRAMS: frozenset[str] = frozenset(_TABLE)


def read(command: Command, facts: Facts) -> Effects | None:
    """What a program of the forge, a tracker or a keeper of secrets does, None if it is not understood."""
    row = _TABLE.get(command.argv[0])
    return row(command, facts) if row else None
