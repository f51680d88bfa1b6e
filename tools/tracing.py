"""Trace pictures as SVG: areas of a few colors, as text that git can keep."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter
from skimage.filters import gaussian
from skimage.measure import approximate_polygon, find_contours

WIDTH = 280
"""To how many px a picture is shrunk before it is traced."""

COLORS = 14
"""Of each traced picture."""

SCALE = 4
"""Units of the drawing in a px, so that its coordinates are whole numbers."""

GAP = 24
"""Units between two pictures."""

MIN_AREA = 9
"""The smallest area that is drawn, in px."""

TOLERANCE = 0.6
"""How far an outline may be from the true one, in px."""

_PADDING = 2  # px around a mask, so that each outline is closed


def trace(paths: Sequence[Path]) -> str:
    """Return pictures of the same size as one SVG drawing, side by side."""
    groups: list[str] = []
    x = height = 0
    for path in paths:
        width, height, areas = _trace(path)
        groups += [f'<g transform="translate({x})">', *areas, "</g>"]
        x += width + GAP
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {x - GAP} {height}" '
        'fill-rule="evenodd" stroke-width="2" stroke-linejoin="round">'
    )
    return "\n".join([opening, *groups, "</svg>\n"])


def _trace(path: Path) -> tuple[int, int, list[str]]:
    """Return the width and the height of a drawing, and its areas, the largest first."""
    with Image.open(path) as image:
        size = WIDTH, round(image.height * WIDTH / image.width)
        picture = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    # Without the grain of a photograph and of a brush, areas are fewer and larger.
    picture = picture.filter(ImageFilter.MedianFilter(3))
    reduced = picture.quantize(COLORS, kmeans=8, dither=Image.Dither.NONE)
    colors = np.asarray(reduced)
    palette = np.array(reduced.getpalette() or [], dtype=np.uint8).reshape(-1, 3)
    shares = [gaussian((colors == color).astype(float), 0.7) for color in range(len(palette))]
    nearest = np.argmax(shares, axis=0)
    width, height = SCALE * size[0], SCALE * size[1]
    areas: list[str] = []
    for color in np.argsort(-np.bincount(nearest.ravel(), minlength=len(palette)), kind="stable"):
        fill = f"#{palette[color].tobytes().hex()}"
        if not areas:  # the largest is the ground: no gap between areas shows anything else
            areas.append(f'<path fill="{fill}" d="M0 0h{width}v{height}h-{width}z"/>')
        elif lines := "".join(_outline(nearest == color, width, height)):
            areas.append(f'<path fill="{fill}" stroke="{fill}" d="{lines}"/>')
    return width, height, areas


def _outline(mask: np.ndarray, width: int, height: int) -> Iterator[str]:
    """Yield the outlines of an area, its holes among them, as commands of a path."""
    soft = gaussian(np.pad(mask.astype(float), _PADDING), 0.6)
    for contour in find_contours(soft, 0.5):
        y, x = contour[:-1].T
        area = abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2
        if area < MIN_AREA:
            continue
        corners = approximate_polygon(contour, TOLERANCE)[:-1, ::-1] - _PADDING + 0.5
        points = np.rint(SCALE * corners).astype(int).clip(0, (width, height))
        steps = " ".join(f"{dx} {dy}" for dx, dy in np.diff(points, axis=0))
        yield f"M{points[0, 0]} {points[0, 1]}l{steps}z".replace(" -", "-")
