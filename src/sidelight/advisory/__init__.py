"""Which earlier actions of others matter to mine, how gravely, and in what order. Pure: no clock, no store, no disk.

    advise(Case(mine=drafts, me=session, before=…, work=…, told=…, now=…)) -> Advisory

The steps (`judge.py`): every mark the store found is *judged* against what I am about to do (`rules.py` for the tables,
`git.py` for whole-tree verbs, `values.py` for settings, `machines.py` for processes, `intents.py` for what others
announced); findings about one session and one resource *collapse*; what I have been told already is left out; the rest
is *ranked* by severity, exactness and age. `wording.py` puts it into a sentence.

What it follows: only a shared resource counts, reads never, never about oneself, order of arrival decides.
"""

from sidelight.advisory.case import Advisory, Case, Finding
from sidelight.advisory.judge import advise, told_rows
from sidelight.advisory.rules import CONFLICT, NEARBY, OVERLAP, PRESENT, at_least

__all__ = [
    "CONFLICT",
    "NEARBY",
    "OVERLAP",
    "PRESENT",
    "Advisory",
    "Case",
    "Finding",
    "advise",
    "at_least",
    "told_rows",
]
