"""The base of all styles: a picture goes in, the painted picture comes out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from PIL import Image

from csci_utils.errors import DescribedError, at_path

from ..errors import DeviceError, PictureError, StyleError
from ..networks.description import NetworkDescription
from ..networks.mixtures import check_number, to_shares
from ..pictures.arrays import Colors, Pixels, to_colors, to_floats, to_levels
from ..pictures.conversion import to_plain

Progress = Callable[[int, int], None]
"""Called with the number of passes over the picture that are done, and of all passes."""

SMALLER_PICTURE = "make the picture smaller (--max-side)"
"""The remedy where memory is too small."""


class Style(ABC):
    """A loaded style, which paints pictures; made by `load`. Threads may share one."""

    MINIMUM_SIDE: ClassVar[int] = 5
    """In px. Below it, the reflection at the borders would reach beyond the picture."""

    is_light: ClassVar[bool] = False
    """Whether a style between two paintings holds little more memory than its weights."""

    def __init__(self, path: str | PathLike[str], count: int | None = None) -> None:
        """Describe the style in the file at `path`, one of `count` if it has several."""
        self.path = Path(path)
        self.count = count
        """How many numbered styles the file has; None if it is one style without a number."""
        self.mix: dict[int, float] | None = None
        """How much of each of them this is: shares with the sum 1, by number. None until
        `with_number` or `with_mix` chooses."""
        self.engine = ""
        """What paints, such as ``C++`` or ``OpenVINO``."""
        self.sha256 = ""
        """The SHA-256 of the file."""
        self.network: NetworkDescription | None = None
        """What the file holds, if it is known to be a network of the family."""
        self.notes: Mapping[str, str] = {}
        """What the file says about itself, such as who made it."""

    @property
    def base_width(self) -> int | None:
        """Channels after the first convolution, if the network is known."""
        return self.network.base_width if self.network is not None else None

    @property
    def number(self) -> int | None:
        """Which of the numbered styles this is; None if it is not exactly one of them."""
        return next(iter(self.mix)) if self.mix is not None and len(self.mix) == 1 else None

    def with_number(self, number: int) -> Style:
        """Return another style of the same file, which shares what is loaded with this one.

        Raises:
            StyleError: The file has no style of this number.
        """
        with at_path(self.path):
            check_number(number, self.count)
        return self._choose({number: 1.0})

    def with_mix(self, mix: Mapping[int, float]) -> Style:
        """Return a mixture of styles of the same file, which shares what is loaded with this one.

        A network of many styles has a scale and a shift of each normalization for each of them
        (Dumoulin et al., https://arxiv.org/abs/1610.07629). A mixture has their weighted means.

        Args:
            mix: The weight of each style, above 0, by number. Weights are divided by their sum.

        Raises:
            StyleError: The file has no style of such a number, or no weight is given.
            TypeError: A number is not a whole number, or a weight not a number.
            ValueError: A weight is not above 0, or not finite.
        """
        with at_path(self.path):
            for number in mix:
                check_number(number, self.count)
            return self._choose(to_shares(mix))

    def _choose(self, mix: dict[int, float]) -> Style:
        chosen = copy(self)
        chosen.mix = mix
        return chosen

    def __call__(self, picture: Image.Image, progress: Progress | None = None) -> Image.Image:
        """Return `picture` painted in this style: upright, of the same size, RGB or RGBA.

        Alpha and the ICC profile of an RGB picture are carried over, other metadata is not.

        Args:
            picture: Any picture that Pillow opened.
            progress: Called while painting, from the same thread, by engines that know how far
                they are. Whatever it raises ends the painting.

        Raises:
            TypeError: `picture` is not a `PIL.Image.Image`.
            PictureError: The picture has no pixels.
            StyleError: The network paints numbers that are not finite, cannot paint this size, or
                is one of several of which none is chosen.
            DeviceError: The device, or the disk that replaces its memory, has too little room.
            OSError: The file of `picture`, which Pillow had not read yet, is damaged.
        """
        # A picture may be large: each copy is released before the next one is made.
        colors, frame = take(picture)
        painted = self.paint_taken([colors], progress)
        del colors
        with at_path(self.path):
            return frame.put(painted.pop())

    def paint_taken(
        self, batch: Sequence[Colors], progress: Progress | None = None
    ) -> list[Colors]:
        """Paint the colors of pictures of one size together, where that is faster: see `take`.

        Raises:
            NeuralStyleError: As for a call. No picture is painted then.
        """
        self._check_number()
        raised: list[Exception] = []  # by `progress`: not ours to reword

        def report(done: int, total: int) -> None:
            try:
                if progress is not None:
                    progress(done, total)
            except Exception as error:
                raised.append(error)
                raise

        with self._explaining_errors(batch[0].shape, raised):
            if len(batch) == 1:
                return [self.paint_colors(batch[0], report)]
            return self.paint_batch(batch)

    def batch_size(self, height: int, width: int) -> int:
        """Return how many pictures of a size, in px, are painted fastest; 1 if one by one."""
        return 1

    def _check_number(self) -> None:
        with at_path(self.path):
            if self.mix is None:
                check_number(None, self.count)

    @contextmanager
    def _explaining_errors(
        self, shape: tuple[int, ...], others: Sequence[Exception]
    ) -> Iterator[None]:
        """Have an engine's own errors become a `DeviceError`."""
        try:
            yield
        except StyleError as error:
            with at_path(self.path):
                raise error
        except (MemoryError, RuntimeError) as error:
            if error in others or isinstance(error, DescribedError):  # some are RuntimeErrors
                raise
            height, width, _ = shape
            raise DeviceError(
                f"{self.path.name} cannot paint {width}x{height} px on this device ({error})",
                remedy=SMALLER_PICTURE if isinstance(error, MemoryError) else "",
            ) from error

    def paint(self, colors: Colors, progress: Progress | None = None) -> Colors:
        """Run the network alone, from array to array.

        Args:
            colors: uint8, H x W x 3, RGB, both sides at least `MINIMUM_SIDE`.
            progress: As for a call of the style.

        Returns:
            uint8, H' x W' x 3 with H' >= H and W' >= W, up to the next multiples of 4. The picture
            is at the top left.

        Raises:
            PictureError: `colors` is of another type or shape.
            StyleError, DeviceError: As for a call of the style.
            MemoryError, RuntimeError: The engine failed.
        """
        self._check_number()
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
        """Do the work of `paint` for an array that is checked and contiguous."""

    def paint_batch(self, batch: Sequence[Colors]) -> list[Colors]:
        """Do that for arrays of one shape, at most `batch_size` of them."""
        return [self.paint_colors(colors, None) for colors in batch]

    def release(self) -> None:  # noqa: B027  (most styles keep nothing)
        """Release the memory that is kept for the next picture."""


@dataclass(frozen=True)
class Frame:
    """What a painting takes over from its picture."""

    size: tuple[int, int]
    """Width and height in px."""
    info: dict[Any, Any]
    """As in Pillow."""
    alpha: Image.Image | None

    def put(self, painted: Colors) -> Image.Image:
        """Cut the picture's own pixels out: networks return sides of 4 * ceil(n / 4).

        Raises:
            StyleError: There are fewer.
        """
        width, height = self.size
        if painted.shape[0] < height or painted.shape[1] < width:
            raise StyleError(
                f"expected {width}x{height} px from this network, "
                f"got {painted.shape[1]}x{painted.shape[0]}",
                remedy="use a style model",
            )
        result = Image.fromarray(np.ascontiguousarray(painted[:height, :width]))
        result.info = self.info
        if self.alpha is not None:
            result.putalpha(self.alpha)
        return result


def take(picture: Image.Image) -> tuple[Colors, Frame]:
    """Return the colors of any picture, upright, and what comes back around their painting.

    Raises:
        TypeError: `picture` is not a `PIL.Image.Image`.
        PictureError: The picture has no pixels.
        OSError: The file of `picture`, which Pillow had not read yet, is damaged.
    """
    plain = to_plain(picture)
    alpha = plain.getchannel("A") if plain.mode == "RGBA" else None
    return to_colors(plain, Style.MINIMUM_SIDE), Frame(plain.size, dict(plain.info), alpha)


class FloatStyle(Style):
    """A style whose network takes and returns floats."""

    def paint_colors(self, colors: Colors, progress: Progress | None) -> Colors:
        """Paint in floats, and return levels."""
        painted = self.paint_pixels(to_floats(colors))
        if not np.isfinite(painted).all():
            raise not_finite()
        return to_levels(painted)

    @abstractmethod
    def paint_pixels(self, pixels: Pixels) -> Pixels:
        """Run the network alone.

        Args:
            pixels: 1 x 3 x H x W, 0..255, both sides at least `MINIMUM_SIDE`.

        Returns:
            1 x 3 x H' x W' with H' >= H and W' >= W, about 0..255; fractions will be cut off.
        """


def not_finite() -> StyleError:
    """Return the error of a network that paints NaN or infinity."""
    return StyleError(
        "expected finite colors from this network, got NaN or infinity", remedy="use another model"
    )
