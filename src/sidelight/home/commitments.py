"""What an agent has promised a user: kept in the ledger's own database, one writer at a time.

    made = make(store, {"type": "behavioral", "userRequest": "answer in Danish", "agentResponse": "I will"})
    withdraw(store, made["id"], "the user changed their mind")

A commitment has a version; whoever changes it says which version it read, and starts again if somebody else was
quicker. Nothing here is recorded in the ledger: the route that withdraws one does that, once. Expiry is no withdrawal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from sidelight.records import Any
from sidelight.redact import mask, secrets_out
from sidelight.stores import Document, Store

TYPES: tuple[str, ...] = ("config-change", "behavioral", "one-time-action")

#: What can become of a commitment. The first two are active; the others are the end of it.
STATUSES: tuple[str, ...] = ("pending", "verified", "violated", "expired", "withdrawn", "delivered")
ACTIVE: frozenset[str] = frozenset({"pending", "verified"})

#: How long the texts of a commitment may be.
TEXT_MOST = 20_000

_COLLECTION = "commitments"
_EVERY = 1_000_000  # no promise is too old to be seen
_TRIES = 32
_YEAR_9999 = 253_370_764_800_000

Commitment = dict[str, Any]


class BadCommitmentError(ValueError):
    """What was asked for is no commitment: the sentence says why. Nothing was kept."""


class NoSuchCommitmentError(LookupError):
    """There is no commitment of this id, or it is resolved already."""


def make(store: Store, fields: Mapping[str, Any]) -> Commitment:
    """Keep a new commitment and return it. Secrets in its texts are masked; what is not known is left out.

    Source: O19.
    """
    expires = fields.get("expiresAt")
    if fields.get("type") not in TYPES:
        raise BadCommitmentError(f"type must be one of {', '.join(TYPES)}")
    if not str(fields.get("userRequest") or "").strip():
        raise BadCommitmentError("userRequest must say what the user asked for")
    for name in ("userRequest", "agentResponse"):
        if len(str(fields.get(name) or "")) > TEXT_MOST:
            raise BadCommitmentError(f"{name} must be at most {TEXT_MOST:,} characters")
    now = store.now()
    body = {
        **_without_secrets(fields),
        "status": "pending",
        "createdAt": _iso(now),
        "expiresAt": _iso(_moment(str(expires))) if expires is not None else None,
        "resolvedAt": None,
        "resolution": None,
    }
    name = f"CMT-{store.next_number(_COLLECTION)}"
    if not store.put_document(_COLLECTION, name, body, version=0):
        raise BadCommitmentError(f"{name} is there already")  # pragma: no cover - numbers are never given out twice
    return {"id": name, **body, "version": 1}


def find(store: Store, name: str) -> Commitment | None:
    """One commitment, expired if its time is over."""
    found = store.document(_COLLECTION, name)
    return _read(found, store.now()) if found is not None else None


def listed(store: Store, status: str | None = None) -> list[Commitment]:
    """The commitments, the newest first: all, those of one status, or the `active` ones."""
    if status is not None and status != "active" and status not in STATUSES:
        raise BadCommitmentError(f"status must be active or one of {', '.join(STATUSES)}")
    wanted = ACTIVE if status == "active" else STATUSES if status is None else (status,)
    now = store.now()
    every = [_read(one, now) for one in store.documents(_COLLECTION, limit=_EVERY)]
    return [one for one in every if one["status"] in wanted]


def withdraw(store: Store, name: str, reason: str) -> Commitment:
    """Withdraw an active commitment. Raises `NoSuchCommitmentError` if there is none."""
    return resolve(store, name, "withdrawn", reason)


def resolve(store: Store, name: str, status: str, resolution: str | None = None) -> Commitment:
    """Say what became of an active commitment. Raises `NoSuchCommitmentError` if it is unknown or at its end."""
    if status not in STATUSES:
        raise BadCommitmentError(f"status must be one of {', '.join(STATUSES)}")

    def change(one: Commitment, now: int) -> Commitment:
        if one["status"] not in ACTIVE:
            raise NoSuchCommitmentError(f"{name} is {one['status']} already")
        ended = None if status in ACTIVE else _iso(now)
        return {
            **one,
            "status": status,
            "resolvedAt": ended,
            "resolution": secrets_out(resolution) if resolution else None,
        }

    return _change(store, name, change)


def expire(store: Store) -> Sequence[str]:
    """Write down which commitments' time is over; a reader sees them as expired before that too."""
    done = []
    for found in store.documents(_COLLECTION, limit=_EVERY):
        now = store.now()
        one = _read(found, now)
        if one["status"] != found.body["status"]:
            body = {**found.body, "status": "expired", "resolvedAt": one["expiresAt"]}
            if store.put_document(_COLLECTION, found.name, body, version=found.version):
                done.append(found.name)
    return done


def _change(store: Store, name: str, change: Callable[[Commitment, int], Commitment]) -> Commitment:
    """Read, decide, write if nobody was quicker; else again from the start."""
    for _ in range(_TRIES):
        found = store.document(_COLLECTION, name)
        if found is None:
            raise NoSuchCommitmentError(f"there is no commitment {name}")
        now = store.now()
        after = change(_read(found, now), now)
        body = {key: value for key, value in after.items() if key not in ("id", "version")}
        if store.put_document(_COLLECTION, name, body, version=found.version):
            return {"id": name, **body, "version": found.version + 1}
    raise NoSuchCommitmentError(f"{name} is being changed by others all the time; try again")


def _read(found: Document, now: int) -> Commitment:
    body = dict(found.body)
    expires = body.get("expiresAt")
    if body["status"] in ACTIVE and expires is not None and _moment(expires) <= now:
        body |= {"status": "expired", "resolvedAt": expires}
    return {"id": found.name, **body, "version": found.version}


def _without_secrets(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields as they are kept; what a setting should be is as secret as the setting."""
    kept: dict[str, Any] = mask({name: value for name, value in fields.items() if value is not None})
    if "configExpectedValue" in kept:
        kept["configExpectedValue"] = mask(fields["configExpectedValue"], str(fields.get("configPath") or ""))
    return kept


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moment(text: str) -> int:
    """A moment as epoch ms, from ISO 8601 (without an offset: UTC); what lies beyond our calendar at its edge."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadCommitmentError("expiresAt must be a moment like 2026-05-28T12:00:00Z") from error
    ms = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    return min(max(ms, 0), _YEAR_9999)
