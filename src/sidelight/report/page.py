"""The report as one HTML file: no script, nothing from elsewhere, every word of a session escaped. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape

from sidelight.overview.looking import HOUR_MS
from sidelight.overview.meetings import RULE
from sidelight.report.counting import SEVERITIES, Report
from sidelight.report.plots import Bar, bars, columns

#: By this a file is known to be a report, which a newer one may replace.
MARK = '<meta name="generator" content="Sidelight report">'

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2128; --soft: #57606a; --paper: #fff; --rule: #d0d7de;
  --conflict: #b3261e; --overlap: #8a5a00; --nearby: #1b6ca8; --plain: #4a6572; --good: #1a7f37; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9ba7b4; --paper: #0f1419; --rule: #30363d;
  --conflict: #ff7b72; --overlap: #e3b341; --nearby: #79c0ff; --plain: #9fb3c0; --good: #56d364; } }
body { background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; margin: 0 auto;
  max-width: 46rem; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2.5rem 0 .5rem; }
p { color: var(--soft); margin: .3rem 0; }
svg { display: block; height: auto; width: 100%; font: 13px system-ui, sans-serif; }
svg text { fill: var(--ink); } svg .name { text-anchor: end; } svg .scale { fill: var(--soft); }
.ground { stroke: var(--rule); }
.conflict { fill: var(--conflict); } .overlap { fill: var(--overlap); } .nearby { fill: var(--nearby); }
.edits { fill: var(--plain); } .heeded { fill: var(--good); } .unknown { fill: var(--plain); }
table { border-collapse: collapse; width: 100%; font-size: .9rem; margin-top: .75rem; }
th, td { border-bottom: 1px solid var(--rule); padding: .3rem .5rem; text-align: left; vertical-align: top;
  overflow-wrap: anywhere; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.wide { overflow-x: auto; }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(report: Report) -> str:
    """The whole file."""
    span = f"{moment(report.since)} to {moment(report.until)} UTC"
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        MARK,
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Sidelight report, {span}</title><style>{_STYLE}</style></head><body><main>",
        f"<h1>Where sessions met</h1><p>{span}. {report.actions:,} actions of {report.sessions:,} sessions.</p>",
        *_time(report),
        *_collisions(report),
        *_warnings(report),
        *_misses(report),
        *_files(report),
        "</main></body></html>",
    ]
    return "\n".join(parts) + "\n"


def moment(ts: int) -> str:
    """A time as it is written, in UTC."""
    return f"{datetime.fromtimestamp(ts / 1000, UTC):%Y-%m-%d %H:%M}"


def _time(report: Report) -> Iterable[str]:
    cut = 16 if report.slice_ms == HOUR_MS else 10
    rows = [
        Bar(moment(one.ts)[:cut], tuple((name, getattr(one, name)) for name in SEVERITIES)) for one in report.slices
    ]
    yield f"<h2>Over time</h2><p>Requests that met something of others, each {'hour' if cut == 16 else 'day'}.</p>"
    yield columns("Requests that met something of others, over time", rows)


def _collisions(report: Report) -> Iterable[str]:
    yield "<h2>Collisions by kind</h2>"
    if not report.kinds:
        yield "<p>Nobody met anybody.</p>"
        return
    yield "<p>What was done when it met something of others, by how grave it was.</p>"
    rows = [Bar(one.kind, tuple((name, getattr(one, name)) for name in SEVERITIES)) for one in report.kinds]
    yield bars("Collisions by kind", rows)
    yield _table(
        ("kind", *SEVERITIES), [(one.kind, *(f"{getattr(one, name):,}" for name in SEVERITIES)) for one in report.kinds]
    )


def _warnings(report: Report) -> Iterable[str]:
    warned = report.warned
    yield "<h2>What came of the warnings</h2>"
    if not warned.all:
        yield "<p>Nobody was warned.</p>"
        return
    parts = (("heeded", warned.heeded), ("unknown", warned.unknown))
    yield bars("What came of the warnings", [Bar(name, ((name, number),)) for name, number in parts])
    yield (
        f"<p>{warned.all:,} warnings: {warned.not_run:,} not run, {warned.came_back:,} come back to, "
        f"{warned.unknown:,} unknown. {RULE}</p>"
    )


def _misses(report: Report) -> Iterable[str]:
    yield "<h2>Near misses</h2>"
    yield "<p>Conflicts that were about to happen and did not: only announced, denied, or failed.</p>"
    if not report.near_misses:
        yield "<p>There were none.</p>"
        return
    rows = [(moment(one.ts), one.later, one.earlier, one.resource) for one in report.near_misses]
    yield _table(("when (UTC)", "who was about to", "what it would have met", "on"), rows, numbers=False)
    if report.misses > len(rows):
        yield f"<p>And {report.misses - len(rows):,} older ones.</p>"


def _files(report: Report) -> Iterable[str]:
    yield "<h2>Busiest files</h2>"
    if not report.files:
        yield "<p>No file was edited.</p>"
        return
    yield bars("Busiest files, by edits", [Bar(one.file, (("edits", one.edits),)) for one in report.files])
    rows = [(one.file, f"{one.edits:,}", f"{one.sessions:,}") for one in report.files]
    yield _table(("file", "edits", "sessions"), rows)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: bool = True) -> str:
    """A table; behind the first column stand numbers, or words."""

    def row(tag: str, cells: Sequence[str]) -> str:
        kind = [' class="n"' if numbers and place else "" for place in range(len(cells))]
        return "".join(f"<{tag}{one}>{escape(text)}</{tag}>" for one, text in zip(kind, cells, strict=True))

    body = "".join(f"<tr>{row('td', one)}</tr>\n" for one in rows)
    return f'<div class="wide"><table><thead><tr>{row("th", heads)}</tr></thead><tbody>\n{body}</tbody></table></div>'
