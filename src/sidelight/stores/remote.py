"""A ledger on another machine, asked over HTTP: `https://ledger.example`, `http://127.0.0.1:8080`, `unix:/path`.

One message a call (`calls`) to the server that has the store. Connections are kept and used again; certificates are
checked against the system's authorities, or those of `SSL_CERT_FILE`. The token stands before an `@` in the URL, or in
`SIDELIGHT_TOKEN`. Waiting for a server that does not answer is bounded by `guarded`; alone, this waits half a minute.

Source: design 7.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from sidelight.actions import Action, Notice, Session, Told
from sidelight.redact import line
from sidelight.stores import (
    MACHINE_CLOCK,
    Appended,
    Clock,
    Document,
    Entry,
    Question,
    StoreBusy,
    StoreError,
    StoreFrozen,
    StoreGone,
)
from sidelight.stores.calls import PATH
from sidelight.stores.plain import made, plain
from sidelight.stores.projections import exported

if TYPE_CHECKING:
    from collections.abc import Callable

WAIT_SECONDS = 30.0
IDLE_MOST = 16
ANSWER_MOST = 256 * 1024 * 1024

#: What a server says an error is, beside its sentence.
KINDS: dict[str, type[StoreError]] = {"busy": StoreBusy, "frozen": StoreFrozen, "gone": StoreGone, "error": StoreError}


def open(url: str, *, clock: Clock = MACHINE_CLOCK) -> RemoteStore:  # noqa: A001 - the engines' common name
    """The store behind the server that `url` names. Nothing is asked yet. Raises `StoreError` for what is no URL."""
    del clock  # the server's counts
    return RemoteStore(url)


class RemoteStore:
    """A `Store` behind a server. Safe to share between threads; each call has a connection of its own."""

    name = "remote"
    waits = True

    def __init__(self, url: str) -> None:
        self._address = _Address(url)
        self._idle: list[http.client.HTTPConnection] = []
        self._process = os.getpid()

    # ── asking ──

    def _ask(self, call: str, **body: Any) -> Any:
        data = json.dumps(body, separators=(",", ":")).encode()
        try:
            status, text = self._sent(f"{self._address.path}{PATH}/{call}", data)
        except (OSError, http.client.HTTPException) as error:
            raise StoreGone(f"{self._address.shown}: {_said(error)}") from error
        if len(text) > ANSWER_MOST:
            raise StoreError(f"{self._address.shown}: the answer is too large")
        try:
            answer = json.loads(text)
        except (ValueError, RecursionError):
            answer = None
        if status == 200 and isinstance(answer, dict) and "answer" in answer:
            return answer["answer"]
        raise self._refused(status, answer)

    def _refused(self, status: int, answer: Any) -> StoreError:
        """What a server that did not do it means. What may pass, or be put right there, is as good as being gone."""
        said, kind = (answer.get("error"), answer.get("kind")) if isinstance(answer, dict) else (None, None)
        sentence = f"{self._address.shown}: {line(str(said or f'HTTP status {status}'), 300)}"
        if isinstance(kind, str):
            return KINDS.get(kind, StoreError)(sentence)
        return StoreError(sentence) if status in (400, 413) else StoreGone(sentence)

    def _sent(self, path: str, data: bytes) -> tuple[int, bytes]:
        """One request. A kept connection may have been closed at the other end meanwhile: then once more, on a new one
        (every call may arrive twice: `append` has its key).
        """
        used = self._kept()
        if used is not None:
            with suppress(http.client.HTTPException, ConnectionError):
                return self._exchange(used, path, data)
        return self._exchange(self._address.connection(), path, data)

    def _exchange(self, link: http.client.HTTPConnection, path: str, data: bytes) -> tuple[int, bytes]:
        try:
            link.request("POST", path, data, self._address.headers)
            answer = link.getresponse()
            text = answer.read(ANSWER_MOST + 1)
        except BaseException:
            link.close()
            raise
        if answer.will_close or len(self._idle) >= IDLE_MOST or self._process != os.getpid():
            link.close()
        else:
            self._idle.append(link)
        return answer.status, text

    def _kept(self) -> http.client.HTTPConnection | None:
        if self._process != os.getpid():  # a connection has one owner
            self._process, self._idle = os.getpid(), []
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def dispose(self) -> None:
        while (link := self._kept()) is not None:
            link.close()

    # ── writing ──

    def append(
        self,
        entries: Sequence[Entry],
        question: Question,
        *,
        me: Session | None = None,
        key: str | None = None,
        dry: bool = False,
        ago_ms: int | None = None,
    ) -> Appended:
        about = {"question": plain(question), "me": plain(me)}
        if dry:
            return made(Appended, self._ask("look", **about))
        given = key if key is not None else f"sent:{os.urandom(12).hex()}"
        return made(Appended, self._ask("append", entries=plain(entries), key=given, ago_ms=ago_ms, **about))

    def delivered(self, key: str) -> tuple[Action, ...]:
        return tuple(made(Action, one) for one in self._ask("delivered", key=key))

    def tell(self, actor: str | None, agent: str | None, rows: Sequence[Told]) -> None:
        if rows:
            self._ask("tell", actor=actor, agent=agent, rows=plain(rows))

    def see(self, session: Session) -> None:
        self._ask("see", session=plain(session))

    def end(self, actor: str, agent: str | None = None) -> int:
        return int(self._ask("end", actor=actor, agent=agent))

    def close(self, action_id: str, how: str = "finished") -> Action | None:
        return _action(self._ask("close", id=action_id, how=how))

    def outcome(self, action_id: str, outcome: str) -> bool:
        return bool(self._ask("outcome", id=action_id, outcome=outcome))

    def take(self, actor: str, notices: Sequence[Notice]) -> None:
        if notices:
            self._ask("take", actor=actor, notices=[[one.seq, one.agent] for one in notices])

    # ── reading ──

    def notices(self, actor: str, agent: str | None = None, *, limit: int = 50) -> list[Notice]:
        return [made(Notice, one) for one in self._ask("notices", actor=actor, agent=agent, limit=limit)]

    def met(self, after: int, *, limit: int = 500) -> list[Notice]:
        return [made(Notice, one) for one in self._ask("met", after=after, limit=limit)]

    def recent(self, *, space: str | None, limit: int, since: int, quiet: bool = False) -> list[Action]:
        return _actions(self._ask("recent", space=space, limit=limit, since=since, quiet=quiet))

    def follow(self, after: int, limit: int = 500) -> list[Action]:
        return _actions(self._ask("follow", after=after, limit=limit))

    def listen(self, wake: Callable[[], None]) -> Callable[[], None] | None:
        del wake  # a server can't call: whoever follows asks now and then
        return None

    def find(self, action_id: str) -> Action | None:
        return _action(self._ask("find", id=action_id))

    def history(self, key: str, *, limit: int = 50) -> list[Action]:
        return _actions(self._ask("history", key=key, limit=limit))

    def intents(self, *, space: str | None = None, actor: str | None = None) -> list[tuple[Action, str | None]]:
        return [(made(Action, one), closed) for one, closed in self._ask("intents", space=space, actor=actor)]

    def sessions(self, *, space: str | None = None) -> list[Session]:
        return [made(Session, one) for one in self._ask("sessions", space=space)]

    def state_of(self, ids: Sequence[str]) -> dict[str, str]:
        return dict(self._ask("state_of", ids=list(ids)))

    def ended_at(self, ids: Sequence[str]) -> dict[str, int]:
        return dict(self._ask("ended_at", ids=list(ids)))

    def export(self) -> Iterator[Mapping[str, Any]]:
        return exported(self.follow)

    def now(self) -> int:
        return int(self._ask("now"))

    def last_seq(self) -> int:
        return int(self._ask("last_seq"))

    def document(self, collection: str, name: str) -> Document | None:
        found = self._ask("document", collection=collection, name=name)
        return made(Document, found) if found is not None else None

    def documents(self, collection: str, *, limit: int = 1000) -> list[Document]:
        return [made(Document, one) for one in self._ask("documents", collection=collection, limit=limit)]

    # ── keeping ──

    def put_document(self, collection: str, name: str, body: Mapping[str, Any], *, version: int) -> bool:
        return bool(self._ask("put_document", collection=collection, name=name, body=dict(body), version=version))

    def drop_documents(self, collection: str, *, older_than_ms: int) -> int:
        return int(self._ask("drop_documents", collection=collection, older_than_ms=older_than_ms))

    def next_number(self, collection: str) -> int:
        return int(self._ask("next_number", collection=collection))

    def rebuild(self) -> None:
        self._ask("rebuild")

    def forget(self, *, actor: str | None = None, space: str | None = None, before: int | None = None) -> int:
        return int(self._ask("forget", actor=actor, space=space, before=before))

    def prune(self, *, older_than_ms: int, max_bytes: int, batch: int = 500) -> int:
        del older_than_ms, max_bytes, batch  # the server keeps its own history in bounds, by its own settings
        return 0

    def check(self) -> list[str]:
        return [str(one) for one in self._ask("check")]

    def hasty(self, ms: int) -> RemoteStore:
        del ms  # event loops leave what waits to their threads
        return self


class _Address:
    """Where the server is, and what is said to it each time."""

    def __init__(self, url: str) -> None:
        token, self._unix = "", ""
        if url.startswith("unix:"):
            token, at, path = url.removeprefix("unix:").rpartition("@")
            self._unix = path if at else url.removeprefix("unix:")
            self.path, self.shown, host = "", f"unix:{self._unix}", "localhost"
        else:
            parts = urlsplit(url)
            try:
                self._host, self._port = parts.hostname or "", parts.port
            except ValueError as error:
                raise StoreError(f"this is no address of a server: {error}") from error
            if parts.scheme not in ("http", "https") or not self._host:
                raise StoreError("a server's address reads like https://ledger.example")
            self._secure = parts.scheme == "https"
            host = parts.netloc.rpartition("@")[2]
            token = parts.username or ""
            self.path, self.shown = parts.path.rstrip("/"), f"{parts.scheme}://{host}"
        token = unquote(token) or os.environ.get("SIDELIGHT_TOKEN", "").strip()
        self.headers = {"Content-Type": "application/json", "Host": host}
        if token:
            self.headers["Authorization"] = f"Bearer {token}"

    def connection(self) -> http.client.HTTPConnection:
        """A new one, not yet made."""
        if self._unix:
            return _Unix(self._unix)
        if self._secure:
            import ssl

            context = ssl.create_default_context()  # which also reads SSL_CERT_FILE
            return http.client.HTTPSConnection(self._host, self._port, timeout=WAIT_SECONDS, context=context)
        return http.client.HTTPConnection(self._host, self._port, timeout=WAIT_SECONDS)


class _Unix(http.client.HTTPConnection):
    """HTTP on a socket in the file system."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=WAIT_SECONDS)
        self._path = path

    def connect(self) -> None:
        if not hasattr(socket, "AF_UNIX"):
            raise OSError("this machine has no sockets in the file system")
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _actions(data: Sequence[Mapping[str, Any]]) -> list[Action]:
    return [made(Action, one) for one in data]


def _action(data: Mapping[str, Any] | None) -> Action | None:
    return made(Action, data) if data is not None else None


def _said(error: Exception) -> str:
    refused = getattr(error, "verify_message", None)
    if refused:
        return line(f"its certificate is not trusted: {refused} (an authority of your own: SSL_CERT_FILE)", 300)
    return line(str(getattr(error, "strerror", None) or error) or type(error).__name__, 200)
