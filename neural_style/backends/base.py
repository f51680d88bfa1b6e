"""What every style has in common: a picture in, the painted picture out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from copy import copy
from os import PathLike
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image

from csci_utils.errors import at_path

from ..errors import DeviceError, NeuralStyleError, PictureError, StyleError
from ..options import check_whole
from ..pictures.arrays import Colors, Pixels, to_colors, to_floats, to_levels
from ..pictures.conversion import to_plain

Progress = Callable[[int, int], None]
"""Is called with how many passes over the picture are done, and how many there are."""


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
        with at_path(self.path):
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
        with at_path(self.path):
            check_number(self.number, self.count)
        plain = to_plain(picture)
        (width, height), info = plain.size, dict(plain.info)
        alpha = plain.getchannel("A") if plain.mode == "RGBA" else None
        # A picture may be large: each copy of it is gone before the next one is made.
        colors = to_colors(plain, self.MINIMUM_SIDE)
        del plain
        painted = self._try_to_paint(colors, progress)
        del colors
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

    def _try_to_paint(self, colors: Colors, progress: Progress | None) -> Colors:
        raised: list[Exception] = []  # by `progress`: not for us to reword

        def report(done: int, total: int) -> None:
            try:
                if progress is not None:
                    progress(done, total)
            except Exception as error:
                raised.append(error)
                raise

        try:
            with at_path(self.path):
                return self.paint_colors(colors, report)
        except (MemoryError, RuntimeError) as error:
            if error in raised or isinstance(error, NeuralStyleError):  # some are RuntimeErrors
                raise
            height, width, _ = colors.shape
            # Some engines say RuntimeError, and "memory" in its text, where there is not enough.
            is_short = isinstance(error, MemoryError) or "memory" in str(error).lower()
            remedy = "; make the picture smaller (--max-side)" if is_short else ""
            raise DeviceError(
                f"{self.path}: cannot paint {width}x{height} px on this device ({error}){remedy}"
            ) from error

    def paint(self, colors: Colors, progress: Progress | None = None) -> Colors:
        """The network alone, from array to array.

        Args:
            colors: uint8, H x W x 3, RGB, both sides at least `MINIMUM_SIDE`.
            progress: as for a call of the style.

        Returns:
            H' x W' x 3 with H' >= H and W' >= W, up to the next multiples of 4: what is beyond
            the picture is to be cut off.

        Raises:
            PictureError: `colors` are of another type or shape.
            StyleError, DeviceError: as for a call of the style; MemoryError and RuntimeError, too.
        """
        with at_path(self.path):
            check_number(self.number, self.count)
        shape, smallest = colors.shape, self.MINIMUM_SIDE
        is_picture = len(shape) == 3 and shape[2] == 3 and min(shape[:2]) >= smallest
        if colors.dtype != np.uint8 or not is_picture:
            raise PictureError(
                f"expected uint8 of height x width x 3, both sides at least {smallest}, got "
                f"{colors.dtype} of {' x '.join(map(str, shape))}"
            )
        return self.paint_colors(np.ascontiguousarray(colors), progress)

    @abstractmethod
    def paint_colors(self, colors: Colors, progress: Progress | None) -> Colors:
        """As `paint`, of colors that are checked and contiguous."""

    def release(self) -> None:  # noqa: B027  (most styles keep nothing)
        """Give back the memory that is kept for the next picture."""


class FloatStyle(Style):
    """A style whose network takes and gives floats."""

    def paint_colors(self, colors: Colors, progress: Progress | None) -> Colors:
        painted = self.paint_pixels(to_floats(colors))
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
    return StyleError("expected finite colors, painted NaN or infinity; it is no style model")


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
