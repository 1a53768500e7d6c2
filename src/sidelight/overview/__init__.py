"""What people are shown: sessions as lanes, what they did and announced, and where two of them met. Never a judge.

The page of the server, `sidelight watch` and `sidelight report` all draw the same `View`:

    overview = Overview(ledger)
    view = overview.look(window_ms=3_600_000)

`meetings.py` judges what the store noted at the time, as the notices to the earlier side do; `drawing.py` makes lanes
and marks; `elsewhere.py` finds one file edited in several worktrees, which is shown and never warned about; `advice.py`
says how to recover. Those four are pure; `looking.py` and `day.py` alone ask the ledger.
"""

from sidelight.overview.drawing import Lane, Mark
from sidelight.overview.elsewhere import Elsewhere
from sidelight.overview.looking import Bucket, Overview, View
from sidelight.overview.meetings import Meeting

__all__ = ["Bucket", "Elsewhere", "Lane", "Mark", "Meeting", "Overview", "View"]
