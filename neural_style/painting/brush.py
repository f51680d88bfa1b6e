"""Paint with strokes of another size: on a canvas of that size, and carried to the picture's own.

A network's strokes have a size in px, so a large picture gets finer strokes than its preview. With
a brush, the network paints a *canvas*, the picture scaled to the brush's size. Its painting is then
enlarged, and the photograph's own fine detail is added: what of its luma the canvas lost. Scaled
down again, the result is the painting of the canvas, within a few levels. docs/brush.md shows what
else was tried, with measurements.

All arithmetic is in whole numbers, and each band of rows is computed alone: the result depends
neither on the machine nor on the number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import PictureError
from ..system.resources import check_memory

_PIXELS_AT_ONCE = 2**18
"""In a band of rows. What is between two bands and their painting then fits into a cache."""

_BYTES_PER_PIXEL = 20  # of a band that is computed, measured
_RESULT_BYTES = 4  # of a pixel: Pillow stores RGB as RGBX

_FAINT = 6
"""Levels of detail that stay as they are: most noise is that faint. What exceeds them counts twice,
since the edges of the painting that it is added to are softer than the photograph's."""

_MOST_BOOST = 12
"""Levels by which detail is strengthened at most: more would show as halos along strong edges."""

_MARGIN = 8
"""Levels of detail in black and white. Else a level's detail goes as far up as down: cut off on one
side alone, it would shift colors."""

_MOST_ENLARGEMENT = 2
"""At which `_sharpen` looks at what enlarging costs: beyond, it costs hardly more."""

_SHARPENINGS = 2
"""Steps of `_sharpen`; each later one gains less, and strengthens ripples along edges."""

_ENLARGING = Image.Resampling.BICUBIC
_REACH = 3  # rows on each side that it looks at
_REDUCING = Image.Resampling.LANCZOS  # as `resizing`

Levels = NDArray[np.uint8]


def make_canvas(picture: Image.Image, original: Image.Image, brush: int | None) -> Image.Image:
    """Return the picture that the network paints: `picture` itself for its own brush.

    Args:
        picture: Plain, in the size of the result.
        original: Plain, the same before it was resized.
        brush: The longer side of the canvas, in px.

    Raises:
        PictureError: The canvas would exceed Pillow's limit of pixels.
    """
    if brush is None or brush == max(picture.size):
        return picture
    width, height = _scale(picture.size, brush)
    if Image.MAX_IMAGE_PIXELS is not None and width * height > 2 * Image.MAX_IMAGE_PIXELS:
        raise PictureError(
            f"expected a brush that keeps the canvas below {2 * Image.MAX_IMAGE_PIXELS:,} pixels, "
            f"got {brush} for {picture.width}x{picture.height} px",
            remedy=f"use --brush {_find_largest(picture.size, 2 * Image.MAX_IMAGE_PIXELS)} or less",
        )
    return original.resize((width, height), _REDUCING)


def _scale(size: tuple[int, int], brush: int) -> tuple[int, int]:
    """Return the width and height of the canvas for a picture's."""
    width, height = (max(1, round(side * brush / max(size))) for side in size)
    return width, height


def _find_largest(size: tuple[int, int], pixels: int) -> int:
    """Return the largest brush whose canvas for a picture of this size has at most `pixels`."""
    brush = int(max(size) * math.sqrt(pixels / math.prod(size))) + 1  # sides are rounded
    while math.prod(_scale(size, brush)) > pixels:
        brush -= 1
    return brush


def carry(
    painted: Image.Image,
    canvas: Image.Image,
    picture: Image.Image,
    threads: int = 1,
    memory: int | None = None,
) -> Image.Image:
    """Carry the painting of a canvas to the size of its picture, with the picture's alpha.

    A smaller canvas is enlarged and gets the picture's detail; a larger one is scaled down.

    Args:
        painted: The painting of `canvas`, of its size.
        canvas: See `make_canvas`.
        picture: The picture that the canvas was made of.
        threads: How many share the work. The result does not depend on it.
        memory: As for `free_memory`.

    Returns:
        RGB, or RGBA if the picture is. If the canvas is the picture, `painted` itself.

    Raises:
        DeviceError: There is too little memory.
    """
    if canvas is picture:
        return painted
    band = threads * max(_PIXELS_AT_ONCE, picture.width) * _BYTES_PER_PIXEL
    check_memory(picture.width * picture.height * _RESULT_BYTES + band, memory)
    colors = painted.convert("RGB")
    if max(picture.size) < max(canvas.size):
        result = colors.resize(picture.size, _REDUCING)
    else:
        result = _enlarge(colors, _luma_of(canvas, picture), picture, threads)
    result.info = dict(picture.info)
    if picture.mode == "RGBA":
        result.putalpha(picture.getchannel("A"))
    return result


def _luma_of(canvas: Image.Image, picture: Image.Image) -> Image.Image:
    """Return the luma of a canvas.

    Where alpha is, the canvas has colors weighted by it, and the picture's detail is beside them.
    """
    if canvas.mode == "RGBA":
        return picture.convert("L").resize(canvas.size, _REDUCING)
    return canvas.convert("L")


def _enlarge(
    painted: Image.Image, luma: Image.Image, picture: Image.Image, threads: int
) -> Image.Image:
    """Enlarge a painting to the size of its picture, and add the picture's detail.

    Args:
        painted: RGB, of the canvas.
        luma: L, of the canvas itself.
        picture: Plain.
        threads: See `carry`.
    """
    width, height = picture.size
    colors, luma = _sharpen(painted, picture.size), _sharpen(luma, picture.size)
    result = Image.new("RGB", picture.size, None)  # all rows follow
    rows = max(1, _PIXELS_AT_ONCE // width)

    def enlarge_rows(top: int) -> None:
        bottom = min(top + rows, height)
        base = _enlarge_rows(luma, picture.size, top, bottom)
        detail = _find_detail(picture.crop((0, top, width, bottom)).convert("L"), base)
        enlarged = _enlarge_rows(colors, picture.size, top, bottom)
        channels = [_add(np.asarray(channel), detail) for channel in enlarged.split()]
        result.paste(Image.merge("RGB", list(map(Image.fromarray, channels))), (0, top))

    _run(enlarge_rows, range(0, height, rows), threads)
    return result


def _enlarge_rows(small: Image.Image, size: tuple[int, int], top: int, bottom: int) -> Image.Image:
    """Return some rows of a picture that is enlarged to a size.

    Pillow would enlarge a few rows in height first, many in width, and round in between.
    """
    width, height = size
    scale = small.height / height
    begin = max(0, math.floor(top * scale) - _REACH)
    end = min(small.height, math.ceil(bottom * scale) + _REACH)
    wide = small.crop((0, begin, small.width, end)).resize((width, end - begin), _ENLARGING)
    # Rounding must not lead beyond the last row.
    box = 0, top * scale - begin, width, min(bottom * scale - begin, end - begin)
    return wide.resize((width, bottom - top), _ENLARGING, box)


def _run(work: Callable[[int], None], tops: range, threads: int) -> None:
    if threads == 1:
        for top in tops:
            work(top)
        return
    with ThreadPoolExecutor(min(threads, len(tops))) as pool:
        try:
            for _ in pool.map(work, tops):
                pass
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _sharpen(small: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return a picture that is `small` once it is enlarged to `size` and scaled down again.

    Both soften. What they take from `small` is added to it beforehand (iterative back-projection,
    Irani and Peleg 1991).
    """
    width, height = (
        min(full, _MOST_ENLARGEMENT * side) for full, side in zip(size, small.size, strict=True)
    )
    wanted = np.asarray(small, np.int16)
    total, sharpened = wanted.copy(), small
    for _ in range(_SHARPENINGS):
        softened = sharpened.resize((width, height), _ENLARGING).resize(small.size, _REDUCING)
        total += wanted
        total -= np.asarray(softened)
        sharpened = Image.fromarray(np.clip(total, 0, 255).astype(np.uint8))
    return sharpened


def _find_detail(luma: Image.Image, base: Image.Image) -> NDArray[np.int16]:
    """Return how a picture's luma differs from that of its enlarged canvas, strengthened."""
    detail = np.asarray(luma, np.int16) - np.asarray(base)
    boost = detail - np.clip(detail, -_FAINT, _FAINT)
    np.clip(boost, -_MOST_BOOST, _MOST_BOOST, out=boost)
    detail += boost
    return detail


def _add(channel: Levels, detail: NDArray[np.int16]) -> Levels:
    """Add detail to a channel, as far as there is room both up and down."""
    room = np.minimum(channel, 255 - channel).astype(np.int16)
    room += _MARGIN
    added = np.minimum(detail, room)
    np.negative(room, out=room)
    np.maximum(added, room, out=added)
    added += channel
    np.clip(added, 0, 255, out=added)
    return added.astype(np.uint8)
