"""Plots as inline SVG: bars for names, columns for time. Pure; colours are the page's, numbers stand beside."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from sidelight.records import NamedTuple

_WIDE = 720
_ROW = 26
_NAME = 230
_TALL = 150


class Bar(NamedTuple):
    """A row: its name, and a part for each class of the page's colours."""

    name: str
    parts: tuple[tuple[str, int], ...]

    @property
    def all(self) -> int:
        """Its whole length."""
        return sum(number for _, number in self.parts)


def bars(title: str, rows: Sequence[Bar]) -> str:
    """Rows of stacked bars, with the number at their end."""
    most = max((one.all for one in rows), default=0) or 1
    room = _WIDE - _NAME - 60
    drawn = []
    for place, one in enumerate(rows):
        top, left = place * _ROW, float(_NAME)
        drawn.append(f'<text class="name" x="{_NAME - 8}" y="{top + 17}">{escape(_cut(one.name))}</text>')
        for part, number in one.parts:
            wide = room * number / most
            if number:
                tip = f"<title>{escape(f'{one.name}: {number:,} {part}')}</title>"
                box = f'x="{left:.1f}" y="{top + 4}" width="{wide:.1f}" height="{_ROW - 8}"'
                drawn.append(f'<rect class="{escape(part)}" {box}>{tip}</rect>')
            left += wide
        drawn.append(f'<text x="{left + 6:.1f}" y="{top + 17}">{one.all:,}</text>')
    return _svg(title, len(rows) * _ROW, drawn)


def columns(title: str, rows: Sequence[Bar]) -> str:
    """Columns over time, stacked from below; the first, the middle and the last are named."""
    most = max((one.all for one in rows), default=0) or 1
    step = _WIDE / max(1, len(rows))
    drawn = [f'<text class="scale" x="0" y="10">{most:,}</text>', f'<path class="ground" d="M0 {_TALL}H{_WIDE}"/>']
    named = {0, len(rows) // 2, len(rows) - 1}
    for place, one in enumerate(rows):
        foot, left = float(_TALL), place * step
        for part, number in one.parts:
            tall = (_TALL - 16) * number / most
            foot -= tall
            if number:
                tip = f"<title>{escape(f'{one.name}: {number:,} {part}')}</title>"
                box = f'x="{left + step * 0.1:.1f}" y="{foot:.1f}" width="{step * 0.8:.1f}" height="{tall:.1f}"'
                drawn.append(f'<rect class="{escape(part)}" {box}>{tip}</rect>')
        if place in named:
            anchor = "start" if place == 0 else "end" if place == len(rows) - 1 else "middle"
            at = {"start": 0.0, "end": float(_WIDE)}.get(anchor, left + step / 2)
            drawn.append(f'<text x="{at:.1f}" y="{_TALL + 18}" text-anchor="{anchor}">{escape(one.name)}</text>')
    return _svg(title, _TALL + 24, drawn)


def _svg(title: str, tall: int, drawn: Sequence[str]) -> str:
    says = escape(title)
    head = f'<svg viewBox="0 0 {_WIDE} {max(1, tall)}" role="img" aria-label="{says}">'
    return "\n".join([head, *drawn, "</svg>"])


def _cut(name: str) -> str:
    return name if len(name) <= 34 else "…" + name[-33:]
