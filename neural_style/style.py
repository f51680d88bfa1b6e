"""What every style has in common: a picture in, the painted picture out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from copy import copy
from os import PathLike
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .conversion import to_plain
from .errors import DeviceError, StyleError, naming

Pixels = NDArray[np.float32]
"""1 x 3 x H x W, RGB, 0..255."""


class Style(ABC):
    """Paints pictures; made by `load`.

    One style paints one picture at a time: threads need a style each.
    """

    MINIMUM_SIDE: ClassVar[int] = 5
    """In px. Below it, the networks' reflection at the borders reaches beyond the picture."""

    def __init__(self, path: str | PathLike[str], count: int | None = None) -> None:
        self.path = Path(path)
        self.count = count
        """How many numbered styles the file has; None if it is one style without a number."""
        self.base_width: int | None = None
        """Channels after the first convolution, where the file is known for a `TransformerNet`."""
        self.number: int | None = None
        """Which of them this is; None until `with_number` chooses."""

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

    def __call__(self, picture: Image.Image) -> Image.Image:
        """`picture` painted in this style: upright, of the same size, in mode RGB or RGBA.

        Alpha and the ICC profile of an RGB picture are carried over, other metadata is not.

        Raises:
            TypeError: `picture` is no picture.
            PictureError: it has no pixels.
            StyleError: the style paints no finite numbers, or cannot paint this size, or is one of
                several of which none is chosen yet.
            DeviceError: the device ran out of memory.
        """
        if not isinstance(picture, Image.Image):
            raise TypeError(f"expected a picture (see load_picture), got {type(picture).__name__}")
        with naming(self.path):
            check_number(self.number, self.count)
        plain = to_plain(picture)
        pixels = self._try_to_paint(_pad_to(to_pixels(plain), self.MINIMUM_SIDE))
        if not np.isfinite(pixels).all():
            raise StyleError(f"{self.path}: expected finite colours, painted NaN or infinity")
        # The networks give back sides of 4 * ceil(n / 4): what is beyond is not the picture's.
        painted = to_picture(pixels[:, :, : plain.height, : plain.width])
        if painted.size != plain.size:
            raise StyleError(
                f"{self.path}: expected {plain.width}x{plain.height} px from this network, "
                f"got {painted.width}x{painted.height}; it is no style model"
            )
        painted.info = dict(plain.info)
        if plain.mode == "RGBA":
            painted.putalpha(plain.getchannel("A"))
        return painted

    def _try_to_paint(self, pixels: Pixels) -> Pixels:
        try:
            return self.paint(pixels)
        except (MemoryError, RuntimeError) as error:
            height, width = pixels.shape[2:]
            # Both engines say RuntimeError, and "memory" in its text, where there is not enough.
            is_short = isinstance(error, MemoryError) or "memory" in str(error).lower()
            remedy = "; make the picture smaller (--max-side)" if is_short else ""
            raise DeviceError(
                f"{self.path}: cannot paint {width}x{height} px on this device ({error}){remedy}"
            ) from error

    @abstractmethod
    def paint(self, pixels: Pixels) -> Pixels:
        """The network alone.

        Args:
            pixels: 1 x 3 x H x W, 0..255, both sides at least `MINIMUM_SIDE`.

        Returns:
            1 x 3 x H' x W' with H' >= H and W' >= W, about 0..255; fractions will be cut off.
        """


def check_number(number: int | None, count: int | None) -> None:
    """Refuse a style number that a file does not have; `count` is what `inspect` says of it.

    Raises:
        StyleError: `number` is not from 0 to `count - 1`, or it is given without a `count`, or
            missing with one. The message does not name the file.
    """
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


def to_pixels(picture: Image.Image) -> Pixels:
    """The colours of a plain picture as the networks take them: 1 x 3 x H x W, 0..255."""
    channels_last = np.asarray(picture.convert("RGB"), dtype=np.float32)
    return np.ascontiguousarray(channels_last.transpose(2, 0, 1)[np.newaxis])


def to_picture(pixels: Pixels) -> Image.Image:
    """The twin of `to_pixels`: values are clamped to 0..255, then their fractions cut off."""
    channels_last = pixels[0].transpose(1, 2, 0)
    return Image.fromarray(np.ascontiguousarray(channels_last.clip(0, 255).astype(np.uint8)))


def _pad_to(pixels: Pixels, side: int) -> Pixels:
    """`pixels` with both sides at least `side`, its last row and column repeated as needed."""
    height, width = pixels.shape[2:]
    below, right = max(0, side - height), max(0, side - width)
    return np.pad(pixels, ((0, 0), (0, 0), (0, below), (0, right)), mode="edge")
