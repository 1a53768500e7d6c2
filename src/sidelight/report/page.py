"""The report as one HTML file: no script, nothing from elsewhere, every word of a session escaped. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape

from sidelight.overview.looking import HOUR_MS
from sidelight.overview.meetings import RULE
from sidelight.report.counting import SEVERITIES, Kind, Report, Slice
from sidelight.report.plots import Bar, bar, columns

#: By this a file is known to be a report, which a newer one may replace.
MARK = '<meta name="generator" content="Sidelight report">'

_STYLE = """
:root { color-scheme: light dark; --ink: #17212b; --soft: #51606e; --paper: #fff; --faint: #eef1f4; --rule: #dfe5ea;
  --conflict: #c22a2f; --overlap: #8f5a00; --nearby: #2a66a8; --plain: #5c6b79; --good: #12744a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ecf2; --soft: #9dabb9; --paper: #0d1218; --faint: #1b242e;
  --rule: #26313c; --conflict: #ff8080; --overlap: #f0b64e; --nearby: #82b6f2; --plain: #8d9cab; --good: #4fc492; } }
body { background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; margin: 0 auto;
  max-width: 46rem; padding: 2rem 1.25rem 4rem; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .3rem; } h2 { font-size: 1.1rem; margin: 2.75rem 0 .25rem; }
p { color: var(--soft); margin: .3rem 0; }
svg { display: block; width: 100%; }
.columns { height: 9rem; border-bottom: 1px solid var(--rule); }
.scale, .named { font-size: .8rem; margin: .5rem 0 .2rem; font-variant-numeric: tabular-nums; }
.named { display: flex; justify-content: space-between; gap: 1rem; margin: .2rem 0 0; }
.bar { height: .5rem; margin: .25rem 0 .1rem; background: var(--faint); border-radius: 2px; }
.conflict { fill: var(--conflict); } .overlap { fill: var(--overlap); } .nearby { fill: var(--nearby); }
.edits, .unknown { fill: var(--plain); } .heeded { fill: var(--good); }
th i { font-style: normal; } i.conflict { color: var(--conflict); } i.overlap { color: var(--overlap); }
i.nearby { color: var(--nearby); }
table { border-collapse: collapse; width: 100%; margin-top: .5rem; }
th, td { border-bottom: 1px solid var(--rule); padding: .35rem 0; text-align: left; vertical-align: top; }
th { color: var(--soft); font-weight: 500; font-size: .85rem; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; padding-left: 1rem;
  width: 1%; }
td.none { color: var(--soft); }
ul { list-style: none; margin: .5rem 0; padding: 0; } li { border-bottom: 1px solid var(--rule); padding: .5rem 0; }
li p { margin: 0; } time { color: var(--soft); font-size: .85rem; font-variant-numeric: tabular-nums; }
details { margin-top: .5rem; } summary { color: var(--soft); cursor: pointer; font-size: .85rem; }
@media print { body { max-width: none; padding: 0; } li, tr { break-inside: avoid; }
  rect { print-color-adjust: exact; } }
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


_MARKS = {"conflict": "◆", "overlap": "▲", "nearby": "●"}
_HEADS = tuple(f'<i class="{name}">{mark}</i> {name}' for name, mark in _MARKS.items())


def _time(report: Report) -> Iterable[str]:
    cut = 16 if report.slice_ms == HOUR_MS else 10
    rows = [Bar(moment(one.ts)[:cut], _parts(one)) for one in report.slices]
    yield f"<h2>Over time</h2><p>Requests that met something of others, each {'hour' if cut == 16 else 'day'}.</p>"
    if not any(one.all for one in rows):
        yield "<p>There were none.</p>"
        return
    yield columns("Requests that met something of others, over time", rows)
    yield "<details><summary>In numbers</summary>"
    yield _table("from (UTC)", _HEADS, [(one, [number for _, number in one.parts]) for one in rows if one.all])
    yield "</details>"


def _collisions(report: Report) -> Iterable[str]:
    yield "<h2>Collisions by kind</h2>"
    if not report.kinds:
        yield "<p>Nobody met anybody.</p>"
        return
    yield "<p>What was done when it met something of others, by how grave it was.</p>"
    rows = [Bar(one.kind, _parts(one)) for one in report.kinds]
    yield _table("kind", _HEADS, [(one, [number for _, number in one.parts]) for one in rows])


def _parts(one: Kind | Slice) -> tuple[tuple[str, int], ...]:
    return tuple((name, getattr(one, name)) for name in SEVERITIES)


def _warnings(report: Report) -> Iterable[str]:
    warned = report.warned
    yield "<h2>What came of the warnings</h2>"
    if not warned.all:
        yield "<p>Nobody was warned.</p>"
        return
    parts = (("heeded", warned.heeded), ("unknown", warned.unknown))
    yield _table(
        "what came of it",
        ("warnings",),
        [(Bar(name, ((name, number),)), [number]) for name, number in parts],
        of=warned.all,
    )
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
    yield "<ul>"
    for one in report.near_misses:
        when = f"<time>{moment(one.ts)} UTC</time>, on {escape(one.resource)}"
        yield f"<li>{escape(one.later)}<p>It would have met: {escape(one.earlier)}</p><p>{when}</p></li>"
    yield "</ul>"
    if report.misses > len(report.near_misses):
        yield f"<p>And {report.misses - len(report.near_misses):,} older ones.</p>"


def _files(report: Report) -> Iterable[str]:
    yield "<h2>Busiest files</h2>"
    if not report.files:
        yield "<p>No file was edited.</p>"
        return
    rows = [(Bar(one.file, (("edits", one.edits),)), [one.edits, one.sessions]) for one in report.files]
    yield _table("file", ("edits", "sessions"), rows)


def _table(name: str, heads: Sequence[str], rows: Sequence[tuple[Bar, Sequence[int]]], of: int | None = None) -> str:
    """A row for each bar: its name above it, its numbers beside it. A full bar is the longest, or `of` so many.
    `heads` are markup.
    """
    most = of or max((one.all for one, _ in rows), default=1)
    body = "".join(
        f"<tr><td>{escape(one.name)}{bar(one, most)}</td>{''.join(map(_number, numbers))}</tr>\n"
        for one, numbers in rows
    )
    head = f"<th>{escape(name)}</th>" + "".join(f'<th class="n">{one}</th>' for one in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table>"


def _number(number: int) -> str:
    return f'<td class="n{"" if number else " none"}">{number:,}</td>'
