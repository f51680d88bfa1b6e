"""The style picture: read as any picture is, and cut into the squares that the network looks at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike

import numpy as np
from PIL import Image

from ..pictures.conversion import convert_to_srgb
from ..pictures.io import load_with_digest
from .magenta import Numbers
from .prediction import PICTURE_SIDE

MAX_SQUARES = 4
"""The most squares of one picture; where it is longer, they leave gaps."""

Box = tuple[int, int, int, int]
"""The left, upper, right and lower side of a part of a picture, in px."""

_LEVELS = 255
_FEWEST_LEVELS = 4  # of one color or another; less may be the noise of a JPEG file
_FEW_PIXELS = 16  # of the shorter side, which is enlarged to 256


@dataclass(frozen=True)
class StylePicture:
    """A picture to imitate."""

    digest: str
    """The SHA-256 of its file, in hexadecimal."""
    squares: list[Numbers]
    """Evenly spread over the whole picture; see `predict_style`."""
    note: str
    """Why little of a style can be seen in it; empty if nothing is known."""


def read_style_picture(path: str | PathLike[str]) -> StylePicture:
    """Read a picture: upright, in sRGB, on white where it is transparent.

    Raises:
        PictureError: As `load_picture`.
        MissingDependencyError: As `load_picture`.
    """
    picture, digest = load_with_digest(path)
    convert_to_srgb(picture)
    opaque = _on_white(picture)
    squares = [_scale(opaque, box) for box in find_squares(*opaque.size)]
    return StylePicture(digest, squares, _find_lack(opaque.size, squares))


def _find_lack(size: tuple[int, int], squares: Sequence[Numbers]) -> str:
    """Return why little of a style can be seen in a picture, or an empty text."""
    if max(np.ptp(square, axis=(0, 1)).max() for square in squares) < _FEWEST_LEVELS / _LEVELS:
        return "the picture has one color only, and its style has no more (transparent is white)"
    if min(size) < _FEW_PIXELS:
        width, height = size
        return f"a picture of {width}x{height} px shows little of a style; take a larger one"
    return ""


def find_squares(width: int, height: int) -> list[Box]:
    """Return squares of a picture's shorter side: as few as cover it, evenly spread."""
    side, longer = sorted((width, height))
    count = min(-(-longer // side), MAX_SQUARES)
    starts = np.linspace(0, longer - side, count).round().astype(int).tolist()
    if width == side:
        return [(0, start, side, start + side) for start in starts]
    return [(start, 0, start + side, side) for start in starts]


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode != "RGBA":
        return picture
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture).convert("RGB")


def _scale(picture: Image.Image, box: Box) -> Numbers:
    size = (PICTURE_SIDE, PICTURE_SIDE)
    return np.asarray(picture.resize(size, Image.Resampling.LANCZOS, box), np.float64) / _LEVELS
