"""What every style has in common: a picture in, the painted picture out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from copy import copy
from os import PathLike
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .conversion import to_plain
from .errors import DeviceError, NeuralStyleError, PictureError, StyleError, naming
from .options import check_whole

Colours = NDArray[np.uint8]
"""H x W x 3, RGB."""

Pixels = NDArray[np.float32]
"""1 x 3 x H x W, RGB, 0..255."""

Progress = Callable[[int, int], None]
"""Is called with how many passes over the picture are done, and how many there are."""

_ROWS_AT_ONCE = 256  # Pillow makes copies of what it hands out


class Style(ABC):
    """Paints pictures; made by `load`. Threads may share one."""

    MINIMUM_SIDE: ClassVar[int] = 5
    """In px: below it, the networks' reflection at the borders reaches beyond the picture."""

    def __init__(self, path: str | PathLike[str], count: int | None = None) -> None:
        self.path = Path(path)
        self.count = count
        """How many numbered styles the file has; None if it is one style without a number."""
        self.number: int | None = None
        """Which of them this is; None until `with_number` chooses."""
        self.base_width: int | None = None
        """Channels after the first convolution, where the file is known for a `TransformerNet`."""

    def with_number(self, number: int) -> Style:
        """Another style of the same file; what was loaded and compiled is shared with this one.

        Raises:
            StyleError: the file has no style of this number.
        """
        with naming(self.path):
            check_number(number, self.count)
        chosen = copy(self)
        chosen.number = number
        return chosen

    def __call__(self, picture: Image.Image, progress: Progress | None = None) -> Image.Image:
        """`picture` painted in this style: upright, of the same size, in mode RGB or RGBA.

        Alpha and the ICC profile of an RGB picture are carried over, other metadata is not.

        Args:
            progress: is called while it is painted, from the same thread, where the engine knows
                how far it is. What it raises ends the painting.

        Raises:
            TypeError: `picture` is no picture.
            PictureError: it has no pixels.
            StyleError: the style paints no finite numbers, or cannot paint this size, or is one of
                several of which none is chosen yet.
            DeviceError: the device, or the disk in its stead, has too little memory.
            OSError: `picture` was opened by Pillow, and its file turns out to be damaged.
        """
        with naming(self.path):
            check_number(self.number, self.count)
        plain = to_plain(picture)
        (width, height), info = plain.size, dict(plain.info)
        alpha = plain.getchannel("A") if plain.mode == "RGBA" else None
        # A picture may be large: each copy of it is gone before the next one is made.
        colours = to_colours(plain, self.MINIMUM_SIDE)
        del plain
        painted = self._try_to_paint(colours, progress)
        del colours
        if painted.shape[0] < height or painted.shape[1] < width:
            raise StyleError(
                f"{self.path}: expected {width}x{height} px from this network, "
                f"got {painted.shape[1]}x{painted.shape[0]}; it is no style model"
            )
        # The networks give back sides of 4 * ceil(n / 4): what is beyond is not the picture's.
        result = Image.fromarray(np.ascontiguousarray(painted[:height, :width]))
        del painted
        result.info = info
        if alpha is not None:
            result.putalpha(alpha)
        return result

    def _try_to_paint(self, colours: Colours, progress: Progress | None) -> Colours:
        raised: list[Exception] = []  # by `progress`: not for us to reword

        def report(done: int, total: int) -> None:
            try:
                if progress is not None:
                    progress(done, total)
            except Exception as error:
                raised.append(error)
                raise

        try:
            with naming(self.path):
                return self.paint_colours(colours, report)
        except (MemoryError, RuntimeError) as error:
            if error in raised or isinstance(error, NeuralStyleError):  # some are RuntimeErrors
                raise
            height, width, _ = colours.shape
            # Some engines say RuntimeError, and "memory" in its text, where there is not enough.
            is_short = isinstance(error, MemoryError) or "memory" in str(error).lower()
            remedy = "; make the picture smaller (--max-side)" if is_short else ""
            raise DeviceError(
                f"{self.path}: cannot paint {width}x{height} px on this device ({error}){remedy}"
            ) from error

    def paint(self, colours: Colours, progress: Progress | None = None) -> Colours:
        """The network alone, from array to array.

        Args:
            colours: uint8, H x W x 3, RGB, both sides at least `MINIMUM_SIDE`.
            progress: as for a call of the style.

        Returns:
            H' x W' x 3 with H' >= H and W' >= W, up to the next multiples of 4: what is beyond
            the picture is to be cut off.

        Raises:
            PictureError: `colours` are of another type or shape.
            StyleError, DeviceError: as for a call of the style; MemoryError and RuntimeError, too.
        """
        with naming(self.path):
            check_number(self.number, self.count)
        shape, smallest = colours.shape, self.MINIMUM_SIDE
        is_picture = len(shape) == 3 and shape[2] == 3 and min(shape[:2]) >= smallest
        if colours.dtype != np.uint8 or not is_picture:
            raise PictureError(
                f"expected uint8 of height x width x 3, both sides at least {smallest}, got "
                f"{colours.dtype} of {' x '.join(map(str, shape))}"
            )
        return self.paint_colours(np.ascontiguousarray(colours), progress)

    @abstractmethod
    def paint_colours(self, colours: Colours, progress: Progress | None) -> Colours:
        """As `paint`, of colours that are checked and contiguous."""

    def release(self) -> None:  # noqa: B027  (most styles keep nothing)
        """Give back the memory that is kept for the next picture."""


class FloatStyle(Style):
    """A style whose network takes and gives floats."""

    def paint_colours(self, colours: Colours, progress: Progress | None) -> Colours:
        painted = self.paint_pixels(to_floats(colours))
        if not np.isfinite(painted).all():
            raise not_finite()
        return to_levels(painted)

    @abstractmethod
    def paint_pixels(self, pixels: Pixels) -> Pixels:
        """The network alone.

        Args:
            pixels: 1 x 3 x H x W, 0..255, both sides at least `MINIMUM_SIDE`.

        Returns:
            1 x 3 x H' x W' with H' >= H and W' >= W, about 0..255; fractions will be cut off.
        """


def not_finite() -> StyleError:
    """The error of a network that paints NaN or infinity."""
    return StyleError("expected finite colours, painted NaN or infinity; it is no style model")


def check_number(number: int | None, count: int | None) -> None:
    """Refuse a style number that a file does not have; `count` is what `inspect` says of it.

    Raises:
        TypeError: `number` is no whole number.
        StyleError: `number` is not from 0 to `count - 1`, or it is given without a `count`, or
            missing with one. The message does not name the file.
    """
    if number is not None:
        check_whole("number", number, "3")
    if count is None:
        if number is not None:
            raise StyleError(f"expected no style number for a file of one style, got {number}")
    elif number is None:
        raise StyleError(
            f"expected a style number from 0 to {count - 1}, got none: "
            f"this file has {count} styles; choose one"
        )
    elif not 0 <= number < count:
        raise StyleError(f"expected a style number from 0 to {count - 1}, got {number}")


def to_colours(picture: Image.Image, minimum_side: int = 1) -> Colours:
    """The colours of a plain picture, its last row and column repeated as needed."""
    width, height = picture.size
    colours = np.empty((max(height, minimum_side), max(width, minimum_side), 3), np.uint8)
    for top in range(0, height, _ROWS_AT_ONCE):
        bottom = min(top + _ROWS_AT_ONCE, height)
        rows = picture.crop((0, top, width, bottom)).convert("RGB")
        colours[top:bottom, :width] = np.asarray(rows)
    colours[:height, width:] = colours[:height, width - 1 : width]
    colours[height:] = colours[height - 1]
    return colours


def to_pixels(picture: Image.Image) -> Pixels:
    """The colours of a plain picture as the networks take them: 1 x 3 x H x W, 0..255."""
    return to_floats(to_colours(picture))


def to_floats(colours: Colours) -> Pixels:
    """From H x W x 3 to 1 x 3 x H x W of the same values."""
    return np.ascontiguousarray(colours.transpose(2, 0, 1)[np.newaxis], dtype=np.float32)


def to_levels(pixels: Pixels) -> Colours:
    """The twin of `to_floats`: values are clamped to 0..255, then their fractions cut off."""
    channels_last = pixels[0].transpose(1, 2, 0)
    levels = np.empty(channels_last.shape, np.uint8)
    return np.clip(channels_last, 0, 255, out=levels, casting="unsafe")
