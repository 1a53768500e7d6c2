"""Plots as inline SVG that stretches to the room there is: only shapes, so that words keep their size. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from sidelight.records import NamedTuple

_WIDE = 1000
_TALL = 100
_STRETCHED = 'preserveAspectRatio="none"'


class Bar(NamedTuple):
    """A row: its name, and a part for each class of the page's colours."""

    name: str
    parts: tuple[tuple[str, int], ...]

    @property
    def all(self) -> int:
        """Its whole length."""
        return sum(number for _, number in self.parts)


def bar(row: Bar, most: int) -> str:
    """One bar of stacked parts, as long as its share of `most`. Its numbers are to stand beside it."""
    left, drawn = 0.0, []
    for part, number in row.parts:
        wide = _WIDE * number / max(1, most)
        if number:
            drawn.append(f'<rect class="{escape(part)}" x="{left:.1f}" y="0" width="{wide:.1f}" height="10"/>')
        left += wide
    return f'<svg class="bar" viewBox="0 0 {_WIDE} 10" {_STRETCHED} aria-hidden="true">{"".join(drawn)}</svg>'


def columns(title: str, rows: Sequence[Bar]) -> str:
    """Columns over time, stacked from below; the first, the middle and the last are named below them."""
    most = max((one.all for one in rows), default=0) or 1
    step = _WIDE / max(1, len(rows))
    drawn = []
    for place, one in enumerate(rows):
        foot, left = float(_TALL), place * step
        for part, number in one.parts:
            tall = _TALL * number / most
            foot -= tall
            if number:
                tip = f"<title>{escape(f'{one.name}: {number:,} {part}')}</title>"
                box = f'x="{left + step * 0.1:.1f}" y="{foot:.1f}" width="{step * 0.8:.1f}" height="{tall:.1f}"'
                drawn.append(f'<rect class="{escape(part)}" {box}>{tip}</rect>')
    named = [rows[place].name for place in sorted({0, len(rows) // 2, len(rows) - 1})] if rows else []
    says = escape(f"{title}: at most {most:,}")
    return "\n".join(
        [
            f'<p class="scale">{most:,}</p>',
            f'<svg class="columns" viewBox="0 0 {_WIDE} {_TALL}" {_STRETCHED} role="img" aria-label="{says}">',
            *drawn,
            "</svg>",
            f'<p class="named">{"".join(f"<span>{escape(name)}</span>" for name in named)}</p>',
        ]
    )
