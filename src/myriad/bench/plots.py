"""Plots as SVG text: bars, and lines over time. Colours come from the page's style sheet (classes s0, s1, ...).

Responsible for: shapes, scales and labels. Not here: what is plotted (`bench/page.py`).

Invariants: whatever labels say, they are text and never markup; numbers that are missing are not drawn.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

WIDTH: Final = 640
_BAR: Final = 24
_LABELS: Final = 190
_HEIGHT: Final = 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 12, 14, 26

Points = Sequence[tuple[float, float]]


def bars(rows: Sequence[tuple[str, float | None]], unit: str) -> str:
    """Horizontal bars, one for each (label, value) that has a value."""
    there = [(label, value) for label, value in rows if value is not None]
    longest = max((value for _, value in there), default=0.0) or 1.0
    parts = []
    for k, (label, value) in enumerate(there):
        y = k * _BAR
        width = (WIDTH - _LABELS - 110) * max(value, 0.0) / longest
        parts.append(
            f'<text x="{_LABELS - 8}" y="{y + 16}" class="end">{escape(label)}</text>'
            f'<rect class="s{k % 6}" x="{_LABELS}" y="{y + 4}" width="{width:.1f}" height="16" rx="2"/>'
            f'<text x="{_LABELS + width + 6:.1f}" y="{y + 16}">{number(value)} {escape(unit)}</text>'
        )
    return _svg(len(there) * _BAR + 4, "".join(parts))


def stack(parts: Mapping[str, float], unit: str) -> str:
    """One bar out of parts, and a legend with the value of each."""
    whole = sum(max(value, 0.0) for value in parts.values()) or 1.0
    drawn, at = [], 0.0
    for k, (label, value) in enumerate(parts.items()):
        width = WIDTH * max(value, 0.0) / whole
        drawn.append(f'<rect class="s{k % 6}{" alt" if k >= 6 else ""}" x="{at:.1f}" width="{width:.1f}" height="26"/>')
        at += width
        x, y = (k % 3) * (WIDTH / 3), 46 + (k // 3) * 20
        drawn.append(
            f'<rect class="s{k % 6}{" alt" if k >= 6 else ""}" x="{x:.0f}" y="{y - 10}" width="11" height="11" rx="2"/>'
            f'<text x="{x + 17:.0f}" y="{y}">{escape(label)} {number(value)} {escape(unit)}</text>'
        )
    return _svg(46 + -(-len(parts) // 3) * 20, "".join(drawn))


def lines(series: Mapping[str, Points], unit: str, x_unit: str) -> str:
    """Lines over a common x axis, both axes from 0; a legend above where there is more than one."""
    points = [point for line in series.values() for point in line]
    if not points:
        return ""
    x_top = max(x for x, _ in points) or 1.0
    step = _nice(max(y for _, y in points) / 4 or 1.0)
    y_top = step * max(math.ceil(max(y for _, y in points) / step), 1)
    wide, high = WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def place(x: float, y: float) -> str:
        return f"{_LEFT + wide * x / x_top:.1f},{_TOP + high * (1 - y / y_top):.1f}"

    parts = []
    for k in range(round(y_top / step) + 1):
        y = _TOP + high * (1 - k * step / y_top)
        parts.append(f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" class="end">{number(k * step)}</text>')
    parts.append(f'<text x="{_LEFT}" y="{_HEIGHT - 6}">0</text>')
    parts.append(f'<text x="{WIDTH - _RIGHT}" y="{_HEIGHT - 6}" class="end">{number(x_top)} {escape(x_unit)}</text>')
    for k, (label, line) in enumerate(series.items()):
        parts.append(f'<polyline class="s{k % 6}" points="{" ".join(place(x, y) for x, y in line)}"/>')
        parts.append(f'<text class="key s{k % 6}" x="{_LEFT + 8 + 200 * k}" y="{_TOP + 4}">{escape(label)}</text>')
    parts.append(f'<text x="4" y="10" class="unit">{escape(unit)}</text>')
    return _svg(_HEIGHT, "".join(parts))


def number(value: float) -> str:
    """Three digits that count, thousands apart."""
    if value == 0:
        return "0"
    digits = max(2 - math.floor(math.log10(abs(value))), 0)
    text = f"{value:,.{min(digits, 4)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _nice(value: float) -> float:
    """The next of 1, 2, 5, 10, 20 and so on."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= value * (1 - 1e-9))


def _svg(height: float, content: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" width="{WIDTH}" height="{height:.0f}">{content}</svg>'
