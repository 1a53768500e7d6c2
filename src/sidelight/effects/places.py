"""Names for the places that effects share: the repository one stands in, a file with its tree, a stage of a deploy."""

from __future__ import annotations

from sidelight import targets
from sidelight.actions import Draft, Touch
from sidelight.effects import UNKNOWN, Command
from sidelight.facts import Facts
from sidelight.records import late_pattern


def repository(facts: Facts) -> str:
    """Who the repository is wherever it is seen from: `acme/app`, or where it lies on this machine."""
    return facts.remote.lower() if facts.remote else local_repository(facts)


def local_repository(facts: Facts) -> str:
    """Who the repository is on this machine: equal for all its working trees."""
    return f"{facts.machine}:{facts.common_dir or facts.worktree or facts.cwd}"


def default_database(facts: Facts, stage: str | None = None) -> str:
    """The database of a project that does not say which: one a repository on this machine; a production or staging one
    wherever the repository is seen from.
    """
    if stage in ("prod", "staging"):
        return f"db:{repository(facts)}/{stage}"
    local = targets.default_database(facts.machine, facts.common_dir or facts.worktree or facts.cwd)
    return f"{local.removesuffix('default')}{stage}" if stage in ("test", "preview") else local


def root(facts: Facts) -> str:
    """The working tree's root, or where one stands."""
    return facts.worktree or facts.cwd


def name_of(facts: Facts, path: str) -> str:
    """A real path as a person in this tree would write it."""
    base = facts.worktree
    if base and path == base:
        return "."
    return path[len(base) + 1 :] if base and path.startswith(base.rstrip("/") + "/") else path


def parent(path: str) -> str:
    """The directory a real path lies in."""
    return path.rpartition("/")[0] or "/"


def file_touch(facts: Facts, path: str, effect: str) -> Touch:
    """A touch of a file, as written on the line, with the tree it lies in."""
    real = facts.real(path)
    base = facts.at(parent(real)).worktree
    within = targets.tree(facts.machine, base) if base else None
    return Touch(targets.path(facts.machine, real), effect, within=within)


def file_draft(kind: str, facts: Facts, path: str, effect: str, summary: str) -> Draft:
    """An action on one file."""
    real = facts.real(path)
    return Draft(kind, target=name_of(facts, real), touches=(file_touch(facts, path, effect),), summary=summary)


def summary(command: Command) -> str:
    """The short, masked spelling of the command (`shell.summary`, imported late: most calls need no summary)."""
    from sidelight.effects import shell

    return shell.summary(command.argv)


def known(text: str | None) -> str | None:
    """The text, unless a part of it could not be expanded."""
    return None if not text or UNKNOWN in text else text


_STAGES = (
    ("prod", late_pattern(r"(?<![a-z])(prod|production|prd|live)(?![a-z])")),
    ("staging", late_pattern(r"(?<![a-z])(staging|stage|stg|preprod|uat)(?![a-z])")),
    ("preview", late_pattern(r"(?<![a-z])(preview|review)(?![a-z])")),
    ("dev", late_pattern(r"(?<![a-z])(dev|development|sandbox)(?![a-z])")),
    ("test", late_pattern(r"(?<![a-z])(test|testing|qa)(?![a-z])")),
)


def stage_of(text: str | None) -> str | None:
    """The stage of deployment that a name speaks of: `production` → `prod`, `shop-stg` → `staging`.

    >>> stage_of("fly.staging.toml"), stage_of("production"), stage_of("eu-west")
    ('staging', 'prod', None)
    """
    low = (text or "").lower()
    return next((name for name, pattern in _STAGES if pattern.search(low)), None)
