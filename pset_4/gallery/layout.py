"""Contact sheets: pictures side by side, each above its caption. Knows nothing of Luigi."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt

from PIL import Image, ImageDraw, ImageFont

COLUMNS = 4
"""Pictures in a row, at least; many pictures make a square."""

MARGIN = 8
"""White space around each picture, in px."""

FONT_SIZE = 14

MINIMUM_WIDTH = 160
"""Of a cell, in px, so that a caption has room below a narrow picture."""


def lay_out(pictures: Sequence[tuple[str, Image.Image]], columns: int | None = None) -> Image.Image:
    """Return rows of captions and their pictures, in mode RGB, on white.

    Args:
        pictures: For each picture its caption, which is cut off if it is too long.
        columns: Pictures in a row.

    Raises:
        ValueError: There is no picture.
    """
    if not pictures:
        raise ValueError("expected at least one picture to lay out, got none")
    columns = min(columns or max(COLUMNS, isqrt(len(pictures))), len(pictures))
    rows = -(-len(pictures) // columns)
    width = max(MINIMUM_WIDTH, *(picture.width for _, picture in pictures)) + MARGIN
    height = max(picture.height for _, picture in pictures) + FONT_SIZE + 2 * MARGIN
    sheet = Image.new("RGB", (MARGIN + columns * width, MARGIN + rows * height), "white")
    for index, (caption, picture) in enumerate(pictures):
        row, column = divmod(index, columns)
        cell = _make_cell(caption, picture, (width, height))
        sheet.paste(cell, (MARGIN + column * width, MARGIN + row * height))
    return sheet


def _make_cell(caption: str, picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return one picture above its caption, which is cut off at the edge of the cell."""
    cell = Image.new("RGB", size, "white")
    # A picture with alpha is its own mask.
    cell.paste(picture, mask=picture if picture.mode == "RGBA" else None)
    font = ImageFont.load_default(FONT_SIZE)
    ImageDraw.Draw(cell).text((0, picture.height + MARGIN // 2), caption, "black", font)
    return cell
