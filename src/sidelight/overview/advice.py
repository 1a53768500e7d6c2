"""How to recover from a meeting, in a sentence and a command. Pure."""

from __future__ import annotations

from sidelight.actions import ANNOUNCES, DESTROYS, KINDS
from sidelight.advisory import CONFLICT
from sidelight.overview.meetings import Meeting
from sidelight.records import NamedTuple
from sidelight.redact import line

_FILES = "What was not committed is not in git's history, but often not gone: the command below looks for it."
_SETTING = "Agree on the value, then set it once. `recent` shows what each of them set and when."

#: By the kind of the later action: what helps.
_HELPS: dict[str, str] = {
    **dict.fromkeys(("tree-reset", "tree-clean", "tree-restore", "tree-undo", "tree-remove", "restore"), _FILES),
    **dict.fromkeys(("delete", "copy-over", "write", "rewrite"), _FILES),
    **dict.fromkeys(
        ("stash-push", "stash-pop", "stash-drop"),
        "A stash entry that was dropped lives on as a dangling commit until git tidies up.",
    ),
    **dict.fromkeys(
        ("push-force", "push-lease", "revert-push", "ref-delete"),
        "The old tip is still in the reflog of every clone that had it: push it under a new name first.",
    ),
    **dict.fromkeys(("tree-switch", "tree-merge", "head-move"), "The reflog of that worktree names where HEAD was."),
    **dict.fromkeys(("config-flag", "config-set"), _SETTING),
    "commitment-withdraw": "Nothing else was undone. Ask its owner, then make the commitment again.",
    **dict.fromkeys(("process-kill", "container-stop"), "Tell the other session before you start it again."),
    **dict.fromkeys(
        ("db-reset", "db-write", "db-migrate"), "Stop both, and restore from the newest dump before going on."
    ),
}


class Recovery(NamedTuple):
    """What helps, and the commands that only look."""

    says: str
    commands: tuple[str, ...]


def recovery(one: Meeting) -> Recovery:
    """How to recover from what the later action did to the earlier one."""
    kind = one.later.kind
    if KINDS[kind].effect == ANNOUNCES:
        return Recovery("Nothing has happened yet. Let the two agree who does what.", ())
    says = _HELPS.get(kind)
    if says is None:
        says = (
            "Let both stop, and agree before either goes on."
            if one.severity == CONFLICT
            else "Nothing is lost. A word between the two is enough."
        )
    commands = [f"sidelight whodid {line(one.later.id, 80)}"]
    if any(touch.effect == DESTROYS for touch in one.later.touches) or says is _FILES:
        commands.insert(0, f"sidelight undo-hint {line(one.later.id, 80)}")
    return Recovery(says, tuple(commands))
