"""Plain pictures as arrays, in the layouts that backends and networks take.

`conversion` explains what makes a picture plain.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Colors = NDArray[np.uint8]
"""H x W x 3, RGB, 0..255: the layout of image files."""

Pixels = NDArray[np.float32]
"""1 x 3 x H x W, RGB, 0..255: the layout of networks."""

_ROWS_AT_ONCE = 256  # bounds the copies that Pillow makes


def to_colors(picture: Image.Image, minimum_side: int = 1) -> Colors:
    """Return the RGB values of a plain picture without its alpha channel.

    A side below `minimum_side` is padded to it by repeating the last column or row.
    """
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
    """Return the RGB values of a plain picture in the layout of networks."""
    return to_floats(to_colors(picture))


def to_floats(colors: Colors) -> Pixels:
    """Convert colors from the layout of image files to that of networks."""
    return np.ascontiguousarray(colors.transpose(2, 0, 1)[np.newaxis], dtype=np.float32)


def to_levels(pixels: Pixels) -> Colors:
    """Convert pixels back from the layout of networks: the inverse of `to_floats`.

    Values are clamped to 0..255, then truncated to whole numbers.
    """
    channels_last = pixels[0].transpose(1, 2, 0)
    levels = np.empty(channels_last.shape, np.uint8)
    return np.clip(channels_last, 0, 255, out=levels, casting="unsafe")
