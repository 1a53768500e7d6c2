"""What the earlier side is told: somebody else's later action, judged from where the earlier one stands."""

from __future__ import annotations

from collections.abc import Sequence

from sidelight.actions import EDITS, REPLACES, Action, Notice, Session
from sidelight.advisory import Case, Finding, advise, at_least
from sidelight.advisory.wording import LOSING, MOST, age, name_of, narrated, undo_hint
from sidelight.records import NamedTuple


class NoticeView(NamedTuple):
    """What somebody else did to this session's work: their actions, how grave, and a sentence for its reader."""

    severity: str
    why: str
    action: Action
    about: Action
    text: str
    source: Notice


def view(notice: Notice, actor: str, now: int, speaks_from: str) -> NoticeView | None:
    """Judge it now: the later side's advisory, seen from the earlier side; None below the severity `speaks_from`."""
    if not notice.later or not notice.earlier:
        return None
    first = notice.later[0]
    me = Session(first.actor, first.agent) if first.actor else None
    judged = advise(Case(mine=notice.later, me=me, before=notice.earlier, now=first.ts))
    about = [one for one in judged.findings if one.action.actor == actor]
    if not about or not at_least(about[0].severity, speaks_from):
        return None
    top = about[0]
    later = top.mine if isinstance(top.mine, Action) else first
    files = {
        touch.key
        for one in notice.earlier
        if one.action.actor == actor
        for touch in one.action.touches
        if touch.within is not None and touch.effect in (EDITS, REPLACES)
    }
    text = notice_text(top, later, now, files=len(files))
    return NoticeView(top.severity, top.why.format(who="your session"), later, top.action, text, notice)


def notice_text(found: Finding, later: Action, now: int, *, files: int = 0) -> str:
    """One line for the earlier side: who did what, when, and to which of its things; of what may be lost also how many
    files it is, and where it says what can be found again.
    """
    mine = narrated(found.action)
    lost = found.severity == "conflict" and later.kind in LOSING
    if lost and files > 1:
        mine += f" and {files - 1} more file{'s' if files > 2 else ''}"
    text = (
        f"Sidelight notice: {name_of(later.actor, (), later.host)} {narrated(later)} {age(now - later.ts)} ago, "
        f"after you {mine} ({found.severity}: it {found.why.format(who='your session')})."
    )
    return (text + undo_hint(later.seq) if lost else text)[:MOST]


def notice_lines(found: Sequence[NoticeView]) -> list[str]:
    """The sentences of notices, those of one sort as one: nineteen withdrawals are not nineteen sentences."""
    alike: dict[tuple[str | None, str, str, str], list[NoticeView]] = {}
    for one in found:
        alike.setdefault((one.action.actor, one.action.kind, one.about.id, one.severity), []).append(one)
    return [
        ones[0].text if len(ones) == 1 else f"{ones[0].text} And {len(ones) - 1} more like it."
        for ones in alike.values()
    ]
