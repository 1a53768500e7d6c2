"""What to ask the store before a request: by which keys earlier actions may matter to it (design 4)."""

from __future__ import annotations

from collections.abc import Sequence

from sidelight.actions import DESTROYS, KINDS, Draft, Session, Touch
from sidelight.advisory.values import about
from sidelight.config import Config
from sidelight.ledger.ground import Ground
from sidelight.stores import Question
from sidelight.stores.projections import Probe, probes_of, sweeps
from sidelight.targets import area as area_key
from sidelight.targets import host as host_key
from sidelight.targets import is_wording, scheme_of, section, short
from sidelight.targets import word as word_key


def question(drafts: Sequence[Draft], ground: Ground, settings: Config, who: Session | None) -> Question:
    touches = [touch for draft in drafts for touch in draft.touches if not is_wording(touch.key)]
    words: dict[str, None] = {}
    for draft in drafts:
        words.update(dict.fromkeys(_word_keys(draft, who)))
    loud = any(draft.quiet is not True and KINDS[draft.kind].listed for draft in drafts)
    kills = any(scheme_of(touch.key) == "session" and touch.effect == DESTROYS for touch in touches)
    return Question(
        probes=probes_of(touches, words),
        stakes=_stakes(touches),
        sweeps=list(dict.fromkeys(touch.key for touch in touches if sweeps(touch))),
        machine=(who.machine if who and who.machine else ground.facts.machine) if kills else None,
        space=drafts[0].space if loud else None,
        window_ms=settings.window_ms,
    )


_WORDY = frozenset({"config", "commitment", "secret", "workflow", "service", "db", "issue", "pr", "bead"})


def around(tree: str) -> Question:
    """What others have going on in a working tree, by its key."""
    path = f"path:{tree.partition(':')[2]}"
    probes = [Probe(tree + "//", role) for role in ("work", "plan")]
    probes += [Probe(tree, "plan"), Probe(path, "work"), Probe(path, "plan")]
    return Question(probes, stakes=[tree, tree + "//"], sweeps=[tree])


def _word_keys(draft: Draft, who: Session | None) -> list[str]:
    """The area and word keys by which open intents of others may concern a draft."""
    where = draft.space or ""
    found = [touch.key for touch in draft.touches if is_wording(touch.key)]
    plain = [touch for touch in draft.touches if not is_wording(touch.key)]
    if who is not None and who.machine and any(touch.effect == DESTROYS for touch in plain):
        found.append(host_key(who.machine))
    if draft.kind != "intent" and not any(scheme_of(touch.key) in _WORDY for touch in plain):
        return found
    if draft.area:
        found.append(area_key(where, draft.area))
    for touch in plain:
        top = section(touch.key)
        if top is not None:
            found.append(area_key(where, short(top)))
    for word in about(draft, 24):
        found += [word_key(where, word), area_key(where, word)]
    return found


def _stakes(touches: Sequence[Touch]) -> list[str]:
    found: dict[str, None] = {}
    for touch in touches:
        found[touch.key] = None
        for tree in (touch.within, touch.key if scheme_of(touch.key) == "tree" else None):
            if tree:
                found[tree] = None
                found[tree + "//"] = None
    return list(found)
