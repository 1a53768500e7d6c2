"""A stretch of time: where sessions met, what came of the warnings, what nearly happened, which files are busy.

    report = gather(ledger.store, since, until)
    html = page(report)

`counting.py` reads the record and counts; `page.py` and `plots.py` draw what was counted, as one file without foreign
parts, and are pure. A meeting is judged as on the page of the server, what came of a warning as by `sidelight cost`.
"""

from sidelight.overview.meetings import RULE
from sidelight.report.counting import Busy, Kind, Miss, Report, Slice, Warned, gather
from sidelight.report.page import MARK, moment, page

__all__ = ["MARK", "RULE", "Busy", "Kind", "Miss", "Report", "Slice", "Warned", "gather", "moment", "page"]
