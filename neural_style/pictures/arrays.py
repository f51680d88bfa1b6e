"""Plain pictures as arrays, in the layouts that the engine and the networks take."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Colors = NDArray[np.uint8]
"""H x W x 3, RGB."""

Pixels = NDArray[np.float32]
"""1 x 3 x H x W, RGB, 0..255."""

_ROWS_AT_ONCE = 256  # Pillow makes copies of what it hands out


def to_colors(picture: Image.Image, minimum_side: int = 1) -> Colors:
    """The colors of a plain picture, its last row and column repeated as needed."""
    width, height = picture.size
    colors = np.empty((max(height, minimum_side), max(width, minimum_side), 3), np.uint8)
    for top in range(0, height, _ROWS_AT_ONCE):
        bottom = min(top + _ROWS_AT_ONCE, height)
        rows = picture.crop((0, top, width, bottom)).convert("RGB")
        colors[top:bottom, :width] = np.asarray(rows)
    colors[:height, width:] = colors[:height, width - 1 : width]
    colors[height:] = colors[height - 1]
    return colors


def to_pixels(picture: Image.Image) -> Pixels:
    """The colors of a plain picture as the networks take them: 1 x 3 x H x W, 0..255."""
    return to_floats(to_colors(picture))


def to_floats(colors: Colors) -> Pixels:
    """From H x W x 3 to 1 x 3 x H x W of the same values."""
    return np.ascontiguousarray(colors.transpose(2, 0, 1)[np.newaxis], dtype=np.float32)


def to_levels(pixels: Pixels) -> Colors:
    """The twin of `to_floats`: values are clamped to 0..255, then their fractions cut off."""
    channels_last = pixels[0].transpose(1, 2, 0)
    levels = np.empty(channels_last.shape, np.uint8)
    return np.clip(channels_last, 0, 255, out=levels, casting="unsafe")
