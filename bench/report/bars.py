"""A plot of bars: medians, with lines from the smallest to the largest value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from statistics import median

from .plot import STYLE
from .tables import format_seconds

_LEFT, _WIDTH, _RIGHT = 130, 380, 60
_TITLE, _BAR, _GAP = 34, 18, 8
_OUR_COLOR, _COLOR = "#009e73", "#8a8a8a"


def draw_bars(title: str, panels: Mapping[str, Mapping[str, Sequence[float]]], ours: str) -> str:
    """Return an SVG with a panel for each mapping of names to seconds.

    Args:
        title: What is shown, for those who cannot see it.
        panels: The panels by their titles.
        ours: The name whose bar has a color.
    """
    parts, y = [], 0.0
    for name, rows in panels.items():
        y += _TITLE
        parts.append(f'<text class="title" x="{_LEFT}" y="{y - 10}">{escape(name)}</text>')
        largest = max(max(values) for values in rows.values())
        for label, values in rows.items():
            parts += _draw_row(label, values, largest, y, _OUR_COLOR if label == ours else _COLOR)
            y += _BAR + _GAP
    width = _LEFT + _WIDTH + _RIGHT
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y}" '
            f'viewBox="0 0 {width} {y}" role="img">',
            f"<title>{escape(title)}</title>",
            f"<style>{STYLE}</style>",
            *parts,
            "</svg>\n",
        ]
    )


def _draw_row(
    label: str, values: Sequence[float], largest: float, y: float, color: str
) -> list[str]:
    middle, scale = median(values), _WIDTH / largest
    center, end = y + _BAR / 2, _LEFT + max(values) * scale
    return [
        f'<text x="{_LEFT - 8}" y="{center + 4}" text-anchor="end">{escape(label)}</text>',
        f'<rect x="{_LEFT}" y="{y}" width="{middle * scale:.1f}" height="{_BAR}" fill="{color}"/>',
        f'<line x1="{_LEFT + min(values) * scale:.1f}" x2="{end:.1f}" y1="{center}" y2="{center}" '
        'stroke="#57606a" stroke-width="2"/>',
        f'<text x="{end + 6:.1f}" y="{center + 4}">{format_seconds(middle)} s</text>',
    ]
