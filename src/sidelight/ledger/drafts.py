"""A draft made ready for the store: checked, bounded, redacted, and given the keys by which it will be found."""

from __future__ import annotations

import os
from collections.abc import Sequence

from sidelight.actions import ANNOUNCES, KINDS, Draft, Session, Touch
from sidelight.advisory.lexical import distinctive
from sidelight.config import DAY, Config
from sidelight.facts import Facts
from sidelight.ledger.ground import Ground
from sidelight.records import Any
from sidelight.redact import bounded, line, mask, secrets_out
from sidelight.stores import Entry
from sidelight.targets import area as area_key
from sidelight.targets import commitment as commitment_key
from sidelight.targets import config as config_key
from sidelight.targets import glob_matches, is_glob, local_names, named, scheme_of, short
from sidelight.targets import tree as tree_key
from sidelight.targets import word as word_key

ACTIVITY_MOST = 1999  # code points after trimming (O10)
AREA_MOST = 200
ACTOR_MOST = 128
TARGETS_MOST = 64
VALUE_BYTES = 16_384


class InvalidDraftError(ValueError):
    """What was asked for cannot be recorded: the sentence says what is wrong with it. Nothing was written."""


def signed(draft: Draft, me: Session | None) -> Draft:
    """A draft says who acts where; what it leaves open is its session's."""
    if me is None:
        return draft
    said = {
        "actor": me.actor if draft.actor is None else draft.actor,
        "agent": draft.agent or (me.agent if draft.actor in (None, me.actor) else None),
        "host": me.host if draft.host is None else draft.host,
        "space": me.space if draft.space is None else draft.space,
    }
    return _with(draft, said)


def _with(draft: Draft, fields: dict[str, Any]) -> Draft:
    """The draft with these fields: the very same where they are what it says already, as most are."""
    news = {name: value for name, value in fields.items() if getattr(draft, name) is not value}
    return draft._replace(**news) if news else draft


def ready(draft: Draft, ground: Ground, settings: Config) -> Entry | None:
    """Check, bound and redact a draft, and give it its keys, id and expiry. None if it is to be ignored."""
    draft = _redacted(_checked(draft))
    if not draft.space:
        draft = draft._replace(space=ground.space)
    made = _touches(draft, ground)
    touches = tuple([one for one in made if not _ignored(one.key, settings.ignore)]) if settings.ignore else made
    if made and not touches:
        return None
    leaf = draft.target or ""
    masked = mask(draft.value, leaf) if draft.value is not None else None
    value = bounded(masked, VALUE_BYTES).value if masked is not None else None
    draft = draft._replace(
        touches=tuple([_masked_touch(one, leaf) for one in touches]),
        value=value,
        summary=line(draft.summary, 120) if draft.summary else draft.summary,
    )
    listed = KINDS[draft.kind].listed if draft.quiet is None else not draft.quiet
    return Entry(draft, f"{draft.kind}-{_unique()}", draft.ttl_ms if draft.kind == "intent" else None, listed)


def _touches(draft: Draft, ground: Ground) -> tuple[Touch, ...]:
    """The touches of a draft; made from its kind and targets where a library caller gave none."""
    if draft.touches and draft.kind != "intent":
        return draft.touches
    effect = KINDS[draft.kind].effect
    made = list(draft.touches) + [_touch(text, effect, ground.facts) for text in draft.targets]
    if draft.kind == "intent":
        return (*made, *_announced(draft, ground))
    if not made and draft.target:
        made.append(Touch(_own_key(draft, ground), effect, draft.value))
    return tuple(made)


def _own_key(draft: Draft, ground: Ground) -> str:
    target = draft.target or ""
    if draft.kind in ("config-flag", "config-set"):
        return config_key(ground.facts.scope, target)
    if draft.kind in ("commitment-withdraw", "commitment-change"):
        return commitment_key(ground.facts.scope, target)
    return f"other:{draft.space}#{target}"


def _announced(draft: Draft, ground: Ground) -> list[Touch]:
    """By what an intent is found: its area, its distinctive words, and the working tree it is announced in."""
    where = draft.space or ""
    found = [Touch(word_key(where, word), ANNOUNCES) for word in distinctive(draft.reason or "")]
    if draft.area:
        found.insert(0, Touch(area_key(where, draft.area), ANNOUNCES))
    # A name alone means the local one of that name: a service of this machine, the database of this repository.
    for key in [touch.key for touch in draft.touches] + [named(one, ground.facts).key for one in draft.targets]:
        found += [Touch(other, ANNOUNCES) for other in local_names(key, ground.facts)]
    root = ground.facts.worktree if ground.is_actors else None
    if root and not any(scheme_of(touch.key) == "tree" for touch in draft.touches):
        found.append(Touch(tree_key(ground.facts.machine, root), ANNOUNCES))
    return found


def _unique() -> str:
    """Tells ids of different ledgers apart; within one the store adds the place in the record."""
    return os.urandom(4).hex()


# ── checking and bounding ─────────────────────────────────────────────────────────────────────────────────────────────


def _checked(draft: Draft) -> Draft:
    if draft.kind not in KINDS:
        raise InvalidDraftError(f"unknown kind {line(str(draft.kind), 60)}; known are {', '.join(sorted(KINDS))}")
    actor = _text("actor", draft.actor, ACTOR_MOST)
    agent = _text("agent", draft.agent, ACTOR_MOST)
    area = _text("area", draft.area, AREA_MOST)
    reason = draft.reason
    if draft.kind == "intent":
        reason = _text("activity", reason, ACTIVITY_MOST)
        if reason is None:
            raise InvalidDraftError("activity must be a text of 1 to 1,999 characters; say what you are about to do")
        ttl: Any = draft.ttl_ms  # whatever a caller gave
        if ttl is not None and (not isinstance(ttl, int) or not 0 < ttl <= 30 * DAY):
            raise InvalidDraftError("an intent's ttl must be from 1 ms to 30 days")
    elif reason is not None:
        reason = _whole("reason", reason)[:ACTIVITY_MOST]
    targets: Sequence[Any] = draft.targets
    if len(targets) > TARGETS_MOST or any(not isinstance(one, str) or len(one) > 4096 for one in targets):
        raise InvalidDraftError(f"targets must be at most {TARGETS_MOST} texts of at most 4,096 characters")
    target = _whole("target", draft.target)[:1024] if draft.target is not None else None
    target = area if draft.kind == "intent" else target
    return _with(draft, {"actor": actor, "agent": agent, "area": area, "reason": reason, "target": target})


def _redacted(draft: Draft) -> Draft:
    """No secret reaches the ledger, nor a word or key made of one."""
    if not (draft.reason or draft.area or draft.target or draft.targets):
        return draft
    return draft._replace(
        reason=secrets_out(draft.reason) if draft.reason else draft.reason,
        area=secrets_out(draft.area) if draft.area else draft.area,
        target=secrets_out(draft.target) if draft.target else draft.target,
        targets=tuple(secrets_out(one) for one in draft.targets),
    )


def _text(name: str, value: object, most: int) -> str | None:
    """A trimmed text within its bound; None for nothing."""
    if value is None:
        return None
    text = _whole(name, value).strip()
    if len(text) > most:
        raise InvalidDraftError(f"{name} must be at most {most:,} characters, not {len(text):,}")
    return text or None


def _whole(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidDraftError(f"{name} must be a text")
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        raise InvalidDraftError(f"{name} holds a lone surrogate, which is not text")
    return value


def _touch(text: str, effect: str, facts: Facts) -> Touch:
    try:
        key, within = named(_whole("target", text), facts)
    except ValueError as error:
        raise InvalidDraftError(str(error)) from error
    return Touch(key, effect, None, within)


def _masked_touch(touch: Touch, name: str) -> Touch:
    """No secret in a key either: a path, a branch or an address can be spelled with one. One secret, one mask."""
    scheme, colon, body = touch.key.partition(":")
    clean = secrets_out(body)
    if clean is not body:
        touch = touch._replace(key=scheme + colon + clean)
    if touch.value is None:
        return touch
    leaf = short(touch.key) if scheme == "config" else name
    return touch._replace(value=bounded(mask(touch.value, leaf), VALUE_BYTES).value)


def _ignored(key: str, patterns: Sequence[str]) -> bool:
    if not patterns or scheme_of(key) != "path":
        return False
    path = short(key)
    return any(
        glob_matches(pattern if pattern.startswith("/") else f"**/{pattern}", path)
        if is_glob(pattern)
        else path == pattern
        for pattern in patterns
    )
