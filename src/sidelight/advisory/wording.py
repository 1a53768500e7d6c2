"""The sentences: what a session or a person reads. Pure.

One line a finding, the most telling first, at most three and "N more". Foreign text appears only as one bounded,
escaped line in quotes; a prompt's text never does. Never more than `MOST` characters, whatever went in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sidelight.actions import FILES_COUNTED, KINDS, Action, Draft
from sidelight.advisory.case import Advisory, Finding
from sidelight.redact import line
from sidelight.targets import SCHEMES, scheme_of, short

MOST = 1500
LINES = 3
HEAD = "⚠ Cross-session:"


def age(ms: int) -> str:
    """How long ago, in the largest unit that fits: `40s`, `3m`, `2h`, `5d`."""
    seconds = max(0, ms) // 1000
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def name_of(actor: str | None, others: Iterable[str] = (), host: str | None = None) -> str:
    """A session as a reader tells it apart: the shortest suffix of its id, at least four, that no other shares."""
    if actor is None:
        return "an unattributed session"
    rest = [one for one in others if one != actor]
    size = 4
    while size < len(actor) and any(one.endswith(actor[-size:]) for one in rest):
        size += 1
    shown = actor if len(actor) <= max(size, 12) else "…" + actor[-size:]
    return f"session {line(shown, 40)}" + (f" ({line(host, 20)})" if host else "")


def resource(key: str, base: str | None = None) -> str:
    """A resource as a person would call it, a path relative to `base` where it lies inside."""
    scheme, text = scheme_of(key), short(key)
    if scheme == "path" and base and text.startswith(base.rstrip("/") + "/"):
        text = text[len(base.rstrip("/")) + 1 :]
    says = SCHEMES[scheme].says if scheme in SCHEMES else ""
    return says + line(text, 120)


def what(action: Action | Draft, base: str | None = None) -> str:
    """What an action did, in a few words: `edited src/a.py`, `set monitoring.enabled to false`, `announced "…"`."""
    kind = KINDS[action.kind]
    if action.kind == "intent":
        return f'announced "{line(action.reason or "", 160)}"'
    if action.summary and kind.step != "edit" and action.kind not in _NAMED_KINDS:
        return f"`{line(action.summary, 80)}`"
    name = main_name(action, base)
    if action.kind in ("config-flag", "config-set"):
        return f"set {name} to {line(_shown(action.value), 60)}"
    return f"{kind.past} {name}"


def narrated(action: Action | Draft, base: str | None = None) -> str:
    """The same as the end of a sentence about somebody: `ran "git stash"`, `edited src/a.py`."""
    said = what(action, base)
    return f"ran {said}" if said.startswith("`") else said


def main_name(action: Action | Draft, base: str | None) -> str:
    """What an action is mainly about: its file, key or id."""
    keys = [touch.key for touch in action.touches if scheme_of(touch.key) not in ("area", "word")]
    if keys and scheme_of(keys[0]) in ("path", "tree"):
        return resource(keys[0], base)
    if action.target:
        return line(action.target, 120)
    return resource(keys[0], base) if keys else "something"


def _shown(value: object) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)


def warning(
    advisory: Advisory,
    now: int,
    *,
    base: str | None = None,
    undo: int | None = None,
) -> str | None:
    """The warning an actor reads with its own result; None when there is nothing to say. `undo` is the place in the
    record of an action of mine by which something is lost.
    """
    findings = advisory.findings
    if not findings:
        return None
    ids = [one.action.actor for one in findings if one.action.actor]
    lines = [clash(one, now, ids, base) for one in findings[:LINES]]
    text = f"{HEAD} {findings[0].severity}. " + "\n• ".join(lines)
    left = len(findings) - LINES
    if left > 0:
        text += f"\n{left} more: `sidelight recent`."
    return _cut(f"{text}{_ADVICE[findings[0].severity]}{undo_hint(undo) if undo is not None else ''}")


#: Kinds by which work in a repository is lost, of which git or the ledger may still know something.
LOSING = frozenset(
    {
        "tree-reset",
        "tree-clean",
        "tree-restore",
        "tree-remove",
        "restore",
        "delete",
        "stash-pop",
        "stash-push",
        "stash-drop",
        "ref-delete",
        "push-force",
    }
)


def undo_hint(seq: int) -> str:
    """Where it says how what was lost can be found again: the sentence ends a warning and a notice alike."""
    return f" `sidelight undo-hint {seq}` shows what can be found again."


def losing(findings: Iterable[Finding], mine: Iterable[Action]) -> int | None:
    """The place of the action of mine by which others lose something; None if there is none."""
    kinds = {one.mine.kind for one in findings if one.severity == "conflict"} & LOSING
    return next((one.seq for one in mine if one.kind in kinds), None)


_ADVICE = {
    "conflict": " Tell the user and confirm before going on.",
    "overlap": " Worth a word with the user before going on.",
    "nearby": "",
    "present": "",
}


def clash(one: Finding, now: int, ids: Sequence[str], base: str | None, *, whose: str = "Your") -> str:
    """One finding as a sentence: your step, what it does to whom, and what they did when."""
    who = name_of(one.action.actor, ids, one.action.host)
    did = did_when(one, now, base)
    also = "".join(f"; {_did(more, base)} {age(now - more.ts)} ago" for more in named_more(one))
    alike = sum(more.kind == one.action.kind for more in one.more) if one.group else 0
    also += f"; and {alike} more like it" if alike else ""
    return f"{whose} {step(one.mine, base)} {one.why.format(who=who)} ({did}{also})."


def step(mine: Draft | Action, base: str | None) -> str:
    """One's own step in a few words: `git reset --hard`, edit of src/a.py, intent."""
    if mine.kind == "intent":
        return "intent"
    if mine.summary and KINDS[mine.kind].step != "edit" and mine.kind not in _NAMED_KINDS:
        return f"`{line(mine.summary, 80)}`"
    name = main_name(mine, base)
    if mine.kind in ("config-flag", "config-set"):
        return f"change of {name} to {line(_shown(mine.value), 40)}"
    return f"{_NOUNS.get(mine.kind, 'change')} of {name}"


_NAMED_KINDS = frozenset(
    {"config-flag", "config-set", "commitment-withdraw", "commitment-change", "delete", "tree-undo"}
)
_NOUNS = {
    "edit": "edit",
    "write": "write",
    "delete": "deletion",
    "commitment-withdraw": "withdrawal",
    "tree-undo": "undo",
}


def named_more(one: Finding) -> list[Action]:
    """The further actions of the same session that a line names: of each other kind the newest, at most two."""
    found: dict[str, Action] = {}
    for action in one.more:
        if action.kind != one.action.kind:
            found.setdefault(action.kind, action)
    return list(found.values())[:2]


def did_when(one: Finding, now: int, base: str | None) -> str:
    """What the other did and when; for uncommitted work the newest file and how many more."""
    if one.work is not None and one.work.newest:
        path, _, ts = one.work.newest[0]
        left = one.work.files - 1
        many = f"at least {left}" if one.work.files >= FILES_COUNTED else str(left)
        rest = f" and {many} more file{'s' if left != 1 else ''}" if left else ""
        return f"{resource(path, base)} {age(now - ts)} ago{rest}"
    return f"{_did(one.action, base)} {age(now - one.action.ts)} ago"


def _did(action: Action, base: str | None) -> str:
    return f'"{line(action.reason or "", 160)}"' if action.kind == "intent" else what(action, base)


def origin_warning(
    advisory: Advisory,
    now: int,
    window_ms: int,
    mine: Sequence[Draft | Action],
) -> str | None:
    """The warning in the origin's full wording: how many, in what window, beside what of yours, by whom (O6)."""
    findings, present = advisory.findings, advisory.present
    if not findings and not present:
        return None
    total = len(findings) + len(present)
    minutes = max(1, round(window_ms / 60_000))
    own = what(mine[0]) if mine else "your action"
    actions = f"{total} recent action{'s' if total != 1 else ''}"
    head = f"{HEAD} {actions} by another/unknown session in the last {minutes} min, alongside yours ({own})"
    ids = [one.action.actor for one in findings if one.action.actor] + [one.actor for one in present if one.actor]
    groups: dict[tuple[str | None, str, str], list[Finding | Action]] = {}
    for finding in findings:
        groups.setdefault((finding.action.actor, finding.action.kind, finding.why), []).append(finding)
    for action in present:
        groups.setdefault((action.actor, action.kind, ""), []).append(action)
    text = head + ": " + "; ".join(_told(group, now, ids) for group in list(groups.values())[:LINES])
    if len(groups) > LINES:
        text += f"; {len(groups) - LINES} more"
    ask = "Confirm with the user before proceeding." if findings else "Nothing of it touches yours as far as is known."
    return _cut(f"{text}. {ask} Full ledger: GET /coordination/recent")


def _told(group: Sequence[Finding | Action], now: int, ids: Sequence[str]) -> str:
    """One part for one session, sort of action and judgement: its first, and how many more, so that nineteen
    withdrawals do not hide the one flip.
    """
    first = group[0]
    if isinstance(first, Finding):
        text = f"{first.severity}: {clash(first, now, ids, None, whose='your')[:-1]}"
    else:
        text = f"{name_of(first.actor, ids)} {narrated(first)} {age(now - first.ts)} ago"
    return text + (f" (and {len(group) - 1} more like it)" if group[1:] else "")


def _cut(text: str) -> str:
    return text if len(text) <= MOST else text[: MOST - 1] + "…"
