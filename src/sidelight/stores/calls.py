"""The calls of a store as messages: what is asked and answered as JSON, for a store that is behind a server.

One list of them, for both ends: what a call is named, what it needs the right to, and how the side that has the store
does it. A message is `{"argument": …}`, an answer `{"answer": …}`; `VERSION` stands in the path. Within a version
arguments and fields are only added, and what one side does not know it leaves out.

Source: design 7.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sidelight.actions import Notice, Session, Told
from sidelight.stores import Entry, Question, Store
from sidelight.stores.plain import made, many, plain

VERSION = 1
PATH = f"/store/{VERSION}"
READ, WRITE, OWN = "read", "write", "own"
PAGE_MOST = 5_000

Body = Mapping[str, Any]


class Call(NamedTuple):
    """One call: the right it needs, and how it is done on a store."""

    right: str
    do: Callable[[Store, Body], Any]


def _append(store: Store, body: Body) -> Any:
    return store.append(
        many(Entry)(body["entries"]),
        made(Question, body["question"]),
        me=_session(body.get("me")),
        key=_text(body.get("key")),
        dry=bool(body.get("dry", False)),
        ago_ms=_number(body.get("ago_ms")),
    )


def _session(data: Any) -> Session | None:
    return made(Session, data) if data is not None else None


def _text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError("a text is wanted")
    return value


def _number(value: Any) -> int | None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise TypeError("a whole number is wanted")
    return value


def _limit(body: Body, most: int = PAGE_MOST) -> int:
    limit = _number(body.get("limit"))
    return min(max(limit if limit is not None else 50, 0), most)


def _take(store: Store, body: Body) -> None:
    store.take(body["actor"], [Notice(int(seq), _text(agent), (), ()) for seq, agent in body["notices"]])


def _look(store: Store, body: Body) -> Any:
    return store.append((), made(Question, body["question"]), me=_session(body.get("me")), dry=True)


#: Every call there is. `look` is a dry `append`: it records nothing, so reading is enough.
CALLS: dict[str, Call] = {
    "append": Call(WRITE, _append),
    "look": Call(READ, _look),
    "delivered": Call(READ, lambda store, body: store.delivered(body["key"])),
    "tell": Call(WRITE, lambda store, body: store.tell(body["actor"], body["agent"], many(Told)(body["rows"]))),
    "see": Call(WRITE, lambda store, body: store.see(made(Session, body["session"]))),
    "end": Call(WRITE, lambda store, body: store.end(body["actor"], body["agent"])),
    "close": Call(WRITE, lambda store, body: store.close(body["id"], body["how"])),
    "outcome": Call(WRITE, lambda store, body: store.outcome(body["id"], body["outcome"])),
    "notices": Call(READ, lambda store, body: store.notices(body["actor"], body["agent"], limit=_limit(body, 100_000))),
    "take": Call(WRITE, _take),
    "met": Call(READ, lambda store, body: store.met(int(body["after"]), limit=_limit(body))),
    "recent": Call(
        READ,
        lambda store, body: store.recent(
            space=_text(body["space"]), limit=_limit(body), since=int(body["since"]), quiet=bool(body["quiet"])
        ),
    ),
    "follow": Call(READ, lambda store, body: store.follow(int(body["after"]), _limit(body))),
    "find": Call(READ, lambda store, body: store.find(body["id"])),
    "history": Call(READ, lambda store, body: store.history(body["key"], limit=_limit(body))),
    "intents": Call(READ, lambda store, body: store.intents(space=_text(body["space"]), actor=_text(body["actor"]))),
    "sessions": Call(READ, lambda store, body: store.sessions(space=_text(body["space"]))),
    "state_of": Call(READ, lambda store, body: store.state_of([str(one) for one in body["ids"]])),
    "ended_at": Call(READ, lambda store, body: store.ended_at([str(one) for one in body["ids"]])),
    "now": Call(READ, lambda store, body: store.now()),  # noqa: ARG005 - every call is given what was asked
    "last_seq": Call(READ, lambda store, body: store.last_seq()),  # noqa: ARG005 - as above
    "check": Call(READ, lambda store, body: store.check()),  # noqa: ARG005 - as above
    "document": Call(READ, lambda store, body: store.document(body["collection"], body["name"])),
    "documents": Call(READ, lambda store, body: store.documents(body["collection"], limit=_limit(body))),
    "put_document": Call(
        WRITE,
        lambda store, body: store.put_document(
            body["collection"], body["name"], dict(body["body"]), version=int(body["version"])
        ),
    ),
    "drop_documents": Call(
        OWN, lambda store, body: store.drop_documents(body["collection"], older_than_ms=int(body["older_than_ms"]))
    ),
    "next_number": Call(WRITE, lambda store, body: store.next_number(body["collection"])),
    "rebuild": Call(OWN, lambda store, body: store.rebuild()),  # noqa: ARG005 - as above
    "prune": Call(
        OWN,
        lambda store, body: store.prune(
            older_than_ms=int(body["older_than_ms"]), max_bytes=int(body["max_bytes"]), batch=int(body["batch"])
        ),
    ),
    "forget": Call(
        OWN,
        lambda store, body: store.forget(
            actor=_text(body["actor"]), space=_text(body["space"]), before=_number(body["before"])
        ),
    ),
}


def answered(store: Store, name: str, body: Body) -> Any:
    """Do a call, and its answer as JSON. Raises `StoreError`, and `TypeError`, `ValueError`, `KeyError` or
    `AttributeError` for a message that is none.
    """
    return plain(CALLS[name].do(store, body))
