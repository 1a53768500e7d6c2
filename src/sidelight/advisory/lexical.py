"""Which words of an activity are distinctive enough to connect two announcements. Pure.

Only the announcements of others are matched this way, and only after their targets and areas: words such as *fix*,
*update*, *tests* or *config* say nothing about the subject, however many of them two texts share.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable

from sidelight.targets import split_words

MOST = 8

_STOP = frozenset(
    """
    a about above open opened opening close closed closing clear live real good bad great sure think know across
    after again all almost along already also although always am among an and another any anything are around as at
    back be became because become been before behind being below between both but by can cannot could did do does
    doing done down due during each either else enough even ever every everything except few first for from further
    get gets getting give go goes going gone got had has have having he her here hers him his how however i if in
    instead into is it its itself just keep keeps kept last later least less let like likely little long look made
    make makes making many may maybe me might mine more most much must my near need needs neither never new next no
    none nor not nothing now of off often old on once one ones only onto or other others our ours out over own per
    please put quite rather really right said same see seem seen several shall she should since so some something
    soon still stop such take takes taken taking than that the their theirs them then there these they thing things
    this those through thus to today together tomorrow too toward towards two under until up upon us use used uses
    using very via want wants was way we well went were what when where whether which while who whole whom whose why
    will with within without would yes yet you your yours
    """.split()
)

_GENERIC = frozenset(
    """
    add added adding adds adjust adjusting agent agents app application apply applying area branch bug bugs build
    building builds change changed changes changing check checking checks clean cleaning cleanup code commit commits
    component components config configs configuration configure create creating current data debug debugging default
    delete deleting dev develop developing development disable disabled doc docs document documentation edit editing
    enable enabled error errors fail failed failing fails failure feature features file files finish finishing fix
    fixed fixes fixing flag flags flaky folder function functions green handle handling help hour hours implement
    implementation implementing improve improvement improving install investigate investigating issue issues item
    items job jobs key keys lint linter list local main manual master merge merging method migrate migrating minor
    minute minutes missing module modules move moving option options package packages part parts patch patching path
    phase pipeline plan plans plus pr prepare preparing problem problems process production project prod pull push
    pushing readme red refactor refactored refactoring release remove removed removes removing rename renaming
    replace replacing repo repository request requests resolve resolving restart restore restoring result results
    review reviewing rework rewrite rewriting run running runs script scripts server service services session
    sessions set setting settings setup ship shipping simple split splitting stage staging start started starting
    state status step steps suite support switch switching system task tasks team test tested testing tests text
    ticket tidy todo tool tools try trying tune tuning turn turning type types typo update updated updates updating
    upgrade upgrading user users value values variable version wait waiting warning warnings wip work worked working
    works workflow write writing wrong
    """.split()
)

_ENDINGS = ("ments", "ment", "ings", "ing", "ers", "er", "ed", "es", "s")


@functools.lru_cache(4096)
def stem(word: str) -> str:
    """One form for the plainest inflections: `withdrawals` → `withdrawal`, `deployer`, `deploying` → `deploy`."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            cut = word[: -len(ending)]
            return cut[:-1] if len(cut) > 4 and cut[-1] == cut[-2] and cut[-1] not in "sl" else cut
    return word


@functools.cache
def _generic() -> frozenset[str]:
    return frozenset(stem(word) for word in _GENERIC) | _GENERIC


def distinctive(text: str, most: int = MOST) -> list[str]:
    """The distinctive words of a text, stemmed, longest first, at most `most`.

    >>> distinctive("fix the failing tests for the redrive flood update")
    ['redrive', 'flood']
    """
    return list(_distinctive(text[:4000])[:most])


def distinctive_of(parts: Iterable[str], most: int = MOST) -> list[str]:
    """Those of several texts that say together what something is about.

    >>> distinctive_of(["fix the redrive flood", "redrive", "quota"])
    ['redrive', 'flood', 'quota']
    """
    found = dict.fromkeys(word for part in dict.fromkeys(parts) for word in _distinctive(part[:4000]))
    return sorted(found, key=lambda word: -len(word))[:most]


# The words of one announcement are held against those of many, and theirs were asked for before.
@functools.lru_cache(512)
def _distinctive(text: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for word in split_words(text):
        if len(word) < 4 or word.isdigit() or word in _STOP or word in _GENERIC:
            continue
        form = stem(word)
        if form not in _generic() and form not in _STOP:
            found[form] = None
    return tuple(sorted(found, key=lambda word: -len(word)))
