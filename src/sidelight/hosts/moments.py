"""What is said at which moment of a session's life, and what is recorded then; the same for every host.

    heard = hear(moment, speech, ledger, me)
    write(speech.reply(moment, heard.answer))
    heard.settle()                                  # only now it counts as said

Session start, each prompt and the end of each batch of tool calls are where news is told, because that is read before
the next decision; what is said before a tool call is read with its result (design 1). Nothing here knows a host's JSON.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence

from sidelight import hosts
from sidelight.actions import Draft, Session
from sidelight.config import DAY
from sidelight.effects import Call, effects_of
from sidelight.facts import Facts, boot_id, process_start
from sidelight.hosts import SILENT, Answer, Heard, Moment, Speech, bounded_text, watching
from sidelight.ledger import Ledger
from sidelight.records import TYPE_CHECKING, Any

if TYPE_CHECKING:  # a call in a fresh process imports what it needs
    from sidelight.hosts.announcing import Announced

PAUSED, KEPT, HEARD, CALLS = "paused", "kept", "heard", "calls"  # collections of documents

#: The sources of a start after which a model does not remember what it was told before.
_FRESH = frozenset(("", "startup", "clear", "fork", "compact"))


def session_of(moment: Moment, facts: Facts, space: str) -> Session | None:
    """The session that a moment belongs to, and where it stands; None if the host did not say which."""
    if moment.session is None:
        return None
    start = process_start(moment.pid) if moment.pid else ""
    return Session(
        moment.session,
        moment.agent,
        host=moment.host,
        machine=facts.machine,
        space=space,
        cwd=facts.cwd or None,
        tree=facts.worktree,
        branch=facts.branch,
        pid=moment.pid if start else None,
        pid_start=start or None,
        boot=boot_id() if start else None,
    )


def hear(moment: Moment, speech: Speech, ledger: Ledger, facts: Facts) -> Heard:
    """Record what a moment says, and decide what to answer. Raises what the ledger raises for a look."""
    me = session_of(moment, facts, ledger.space)
    settings = ledger.config
    if me is None or not settings.enabled:
        return SILENT
    if moment.what == hosts.BEFORE:
        heard = _before(moment, speech, ledger, facts, me)
    elif moment.what == hosts.AFTER:
        heard = _after(moment, speech, ledger, facts, me)
    elif moment.what == hosts.START:
        heard = _start(moment, ledger, me)
    elif moment.what in speech.NEWS:
        _settle_batch(ledger, moment, facts)
        ledger.see(me)
        if moment.what == hosts.PROMPT:
            watching.over(ledger, facts, me, whole=False)
        seen = watching.ended(_batch(moment), ledger, facts, me)
        heard = _with(seen, _news(ledger, me))
    else:
        heard = _over(moment, ledger, facts, me)
    muted = me.actor in settings.mute_sessions or ledger.space in settings.mute_spaces
    return heard._replace(answer=heard.answer._replace(text=None)) if muted else heard


# ── a session starts ──────────────────────────────────────────────────────────────────────────────────────────────


def _start(moment: Moment, ledger: Ledger, me: Session) -> Heard:
    ledger.see(me)
    if moment.env_file is not None:
        export(moment.env_file, me)
    if moment.stamp is not None and _is_second(moment, ledger):
        return SILENT
    from sidelight.hosts import news

    return news.at_start(ledger, me, again=moment.source == "compact", fresh=moment.source in _FRESH)


def _is_second(moment: Moment, ledger: Ledger) -> bool:
    """Did this event come before, through another hook that the same host runs?"""
    key = moment.key()
    return key is not None and not ledger.store.put_document(HEARD, key, {}, version=0)


def export(file: str, me: Session) -> None:
    """Let the shells of a session know whose they are: the host reads this file before each of their commands."""
    import shlex

    text = f"export SIDELIGHT_SESSION={shlex.quote(me.actor)}\n"
    with contextlib.suppress(OSError, ValueError), open(file, "a+", encoding="utf-8") as stream:
        stream.seek(0)
        if text not in stream.read():
            stream.write(text)


# ── before a call ─────────────────────────────────────────────────────────────────────────────────────────────────


def _before(moment: Moment, speech: Speech, ledger: Ledger, facts: Facts, me: Session) -> Heard:
    call = moment.call
    if call is None:
        ledger.see(me)
        return SILENT
    if hosts.is_ours(call.tool):
        ledger.see(me)
        return Heard(Answer(given=signed(call, me)))
    done = moment.done if moment.done is not None else effects_of(call, facts)
    drafts = list(done.drafts)
    said = _announcements(call, facts)
    if said:
        return _announced(moment, ledger, me, said, drafts)
    if not drafts:
        ledger.see(me)
        if not done.reads:
            watching.begun(moment, ledger, facts, me, done)
        return SILENT
    paused = _paused(speech, ledger, me, call, drafts)
    if paused is not None:
        return paused
    look = watching.before(facts, drafts)  # git looks while this is recorded
    key = moment.key()
    receipt = ledger.record(*drafts, key=key, me=me)
    if moment.call_id is None and key is not None and not receipt.duplicate:
        _remember(moment, key, ledger)
    watching.begun(moment, ledger, facts, me, done, receipt)
    watching.keep(look, ledger, facts, receipt)
    text = receipt.warning
    if text is None or (receipt.duplicate and moment.guest):
        return Heard(receipt=receipt)
    if ledger.config.attention_mode == "ask" and speech.ASKS:
        return Heard(Answer(text, ask=bounded_text(text)), receipt=receipt)
    if speech.HEARS_BEFORE:
        return Heard(Answer(bounded_text(text)), receipt=receipt)
    if key is not None:
        ledger.store.put_document(KEPT, key, {"text": bounded_text(text)}, version=0)
    return Heard(receipt=receipt)


def _announcements(call: Call, facts: Facts) -> list[Announced]:
    if "sidelight" not in watching.text_of(call):
        return []
    from sidelight.hosts import announcing

    return announcing.announced(call, facts)


def _announced(
    moment: Moment, ledger: Ledger, me: Session, said: Sequence[Announced], drafts: Sequence[Draft]
) -> Heard:
    """An announcement in a shell: recorded here too, because a sandbox may keep the command itself from the ledger."""
    key = moment.key()
    from sidelight.hosts import announcing

    receipts = announcing.by_hook(ledger, me, said, key) if key is not None else []
    rest = [one for one in drafts if not (one.summary or "").startswith("sidelight ")]
    if rest:
        receipts.append(ledger.record(*rest, key=key, me=me))
    text = "\n".join(one.warning for one in receipts if one.warning is not None)
    loudest = next((one for one in receipts if one.warning is not None), None)
    return Heard(Answer(bounded_text(text) if text else None), receipt=loudest)


def _paused(speech: Speech, ledger: Ledger, me: Session, call: Call, drafts: Sequence[Draft]) -> Heard | None:
    """`pause-once`: the first time this session makes this call and something matters, it is denied with the reason.
    Nothing is recorded then, because nothing happens. None where the call goes on.
    """
    if ledger.config.attention_mode != "pause-once" or not speech.DENIES:
        return None
    text = ledger.check(*drafts, me=me).warning
    if text is None:
        return None
    name = "\x1f".join((me.actor, me.agent or "", digest(call)))
    if not ledger.store.put_document(PAUSED, name, {"tool": call.tool}, version=0):
        return None
    return Heard(Answer(deny=bounded_text(f"{text}\nSidelight paused this once; repeated, the same call goes ahead.")))


def signed(call: Call, me: Session) -> Mapping[str, Any] | None:
    """The input of a call of our own, with whose it is; None if it says so already."""
    mine = {"session": me.actor} | ({"agent": me.agent} if me.agent else {})
    return None if mine.items() <= dict(call.input).items() else {**call.input, **mine}


def digest(call: Call) -> str:
    """What names a call that is made again."""
    import hashlib
    import json

    text = json.dumps([call.tool, call.input], sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


# ── after it, and at the end ──────────────────────────────────────────────────────────────────────────────────────


def _after(moment: Moment, speech: Speech, ledger: Ledger, facts: Facts, me: Session) -> Heard:
    key = moment.key(hosts.BEFORE) if moment.call_id is not None else _remembered(moment, ledger)
    if key is not None and moment.outcome is not None:
        _settle(ledger, key, moment.outcome, moment.call, facts)
    seen = watching.ended([key] if key is not None else [], ledger, facts, me)
    kept = ledger.store.document(KEPT, key) if key is not None and not speech.HEARS_BEFORE else None
    ledger.see(me)
    heard = _news(ledger, me) if hosts.AFTER in speech.NEWS else SILENT
    return _with(str(kept.body.get("text", "")) if kept is not None else None, _with(seen, heard))


def _news(ledger: Ledger, me: Session) -> Heard:
    from sidelight.hosts import news

    return news.since(ledger, me)


def _with(text: str | None, heard: Heard) -> Heard:
    """The same with a text before what it says."""
    if not text:
        return heard
    parts = [text, heard.answer.text or ""]
    return heard._replace(answer=heard.answer._replace(text=bounded_text("\n".join(part for part in parts if part))))


def _batch(moment: Moment) -> list[str]:
    """The keys of the calls that a batch says have ended."""
    keys = [moment._replace(call_id=one.call_id).key(hosts.BEFORE) for one in moment.ended]
    return [key for key in keys if key is not None]


def _call_name(moment: Moment) -> str:
    return "\x1f".join((moment.host, moment.session or "", moment.agent or "", moment.likeness or ""))


def _remember(moment: Moment, key: str, ledger: Ledger) -> None:
    """A host that gives a call no id: keep under which key the last one that looked like this was recorded."""
    name = _call_name(moment)
    known = ledger.store.document(CALLS, name)
    ledger.store.put_document(CALLS, name, {"key": key}, version=known.version if known is not None else 0)


def _remembered(moment: Moment, ledger: Ledger) -> str | None:
    known = ledger.store.document(CALLS, _call_name(moment)) if moment.likeness is not None else None
    return str(known.body.get("key")) if known is not None else None


def _settle(ledger: Ledger, key: str, outcome: str, call: Call | None, facts: Facts) -> None:
    """How a call ended is written to what it recorded. Where the store can't be asked what that was, a call that by
    itself records nothing has no outcome worth keeping.
    """
    ledger.settle(key, outcome, lambda: call is None or bool(effects_of(call, facts).drafts))


def _settle_batch(ledger: Ledger, moment: Moment, facts: Facts) -> None:
    for one in moment.ended:
        key = moment._replace(call_id=one.call_id).key(hosts.BEFORE)
        if key is not None and one.outcome is not None:
            _settle(ledger, key, one.outcome, one.call, facts)


def _over(moment: Moment, ledger: Ledger, facts: Facts, me: Session) -> Heard:
    watching.ended(_batch(moment), ledger, facts, me)
    if moment.what in (hosts.END, hosts.STOP, hosts.AGENT_END):
        watching.over(ledger, facts, me, whole=moment.what != hosts.STOP)
    if moment.what == hosts.END:
        ledger.end(me.actor)
        for collection in (PAUSED, KEPT, HEARD, CALLS):
            ledger.store.drop_documents(collection, older_than_ms=DAY)
        watching.tidy(ledger)
    elif moment.what == hosts.AGENT_END and me.agent:
        ledger.end(me.actor, me.agent)
    else:
        ledger.see(me)
    return SILENT
