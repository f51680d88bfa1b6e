"""Bring a painting nearer to its photograph, in place, strip by strip: a second might not fit.

Each pixel depends on the same pixel of both alone, so the strips leave no trace.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..options import RenderingOptions
from ..pictures.arrays import Colors

_PIXELS_AT_ONCE = 2**18  # bounds the memory of what is between two strips and what becomes of them

# Luma as in JPEG files (ITU-R BT.601), in parts of a level, whose sums have no rounding: below
# 2 ** 24, a float is as exact as an integer, and faster.
_RED, _GREEN, _BLUE = np.float32(19_595), np.float32(38_470), np.float32(7_471)
_LEVEL = _RED + _GREEN + _BLUE
_WHITE = 255 * _LEVEL


def adjust(painted: Image.Image, photograph: Image.Image, options: RenderingOptions) -> None:
    """Give a painting the photograph's colors and its strength, in place, as options ask for.

    Args:
        painted: RGB or RGBA. Its alpha stays.
        photograph: Of the same mode and size.
        options: `preserve_color` and `strength` are used, in this order.
    """
    if not options.preserve_color and options.strength is None:
        return
    height = max(1, _PIXELS_AT_ONCE // painted.width)
    for top in range(0, painted.height, height):
        box = (0, top, painted.width, min(top + height, painted.height))
        strip, original = painted.crop(box), photograph.crop(box)
        if options.preserve_color:
            strip = _recolor(strip, original)
        if options.strength is not None:
            strip = Image.blend(original, strip, options.strength)
        painted.paste(strip, box)


def _recolor(strip: Image.Image, original: Image.Image) -> Image.Image:
    colors = Image.fromarray(
        recolor(np.asarray(strip.convert("RGB")), np.asarray(original.convert("RGB")))
    )
    if strip.mode == "RGBA":
        colors.putalpha(strip.getchannel("A"))
    return colors


def recolor(painted: Colors, photograph: Colors) -> Colors:
    """Return colors with the luma of a painting, and the chroma of its photograph.

    Colors that RGB cannot show so light or so dark become paler, just enough, and keep luma and
    hue. The space is that of JPEG files, YCbCr. Scaling linear light instead oversaturates light
    paintings of dark photographs and colors the noise in their shadows; OKLab looks the same as
    YCbCr at many times the cost; and cutting off each channel, as a conversion through YCbCr
    does, turns orange into yellow.

    Args:
        painted: H x W x 3, for its luma.
        photograph: H x W x 3, for its chroma.
    """
    luma, original_luma = _luma_of(painted), _luma_of(photograph)
    # How far each channel is from gray: R - Y, G - Y and B - Y, of which chroma is made.
    chroma = [photograph[..., channel] * _LEVEL - original_luma for channel in range(3)]
    above = np.maximum(np.maximum(chroma[0], chroma[1]), chroma[2])
    below = -np.minimum(np.minimum(chroma[0], chroma[1]), chroma[2])
    for reach in (above, below):
        np.maximum(reach, 1, out=reach)  # 0 for gray, for which any share will do
    share = np.minimum((_WHITE - luma) / above, luma / below)
    np.minimum(share, 1, out=share)
    mixed = np.empty_like(painted)
    for channel in range(3):
        level = share * chroma[channel]
        level += luma
        level /= _LEVEL
        level += np.float32(0.5)  # the conversion cuts fractions off
        np.clip(level, 0, 255, out=mixed[..., channel], casting="unsafe")
    return mixed


def _luma_of(colors: Colors) -> NDArray[np.float32]:
    """Return the luma of colors, H x W, from 0 to `_WHITE`."""
    luma: NDArray[np.float32] = colors[..., 0] * _RED
    luma += colors[..., 1] * _GREEN
    luma += colors[..., 2] * _BLUE
    return luma
