"""The picture sizes, and how often each is measured."""

from __future__ import annotations

from dataclasses import dataclass

_MINIMUM_SIDE = 5  # px, see `neural_style.backends.base.Style.MINIMUM_SIDE`


@dataclass(frozen=True)
class Size:
    """A picture size in pixels, and the number of measurements at this size."""

    width: int
    height: int
    rounds: int = 1
    """How many processes each contender runs in."""
    warm: int = 1
    """The most paintings of one such process after its first one."""
    program_rounds: int = 1
    """How often each program runs."""

    @property
    def name(self) -> str:
        """The size as the command line takes it, such as ``3264x2448``."""
        return f"{self.width}x{self.height}"

    @property
    def pixels(self) -> int:
        """The number of pixels."""
        return self.width * self.height

    @property
    def title(self) -> str:
        """The size as the document names it, such as "8 MP (3264x2448)"."""
        megapixels = self.pixels / 1e6
        return f"{megapixels:.0f} MP ({self.name})" if megapixels > 2 else self.name


# With these counts, all measurements together take about twenty minutes on two cores.
SMALL = Size(512, 512, rounds=3, warm=5, program_rounds=5)
"""The smallest size; the only one for forced kernels."""
SQUARE = Size(1080, 1080, rounds=2, warm=2)
"""The largest size for `torch.compile`."""
PHONE = Size(3264, 2448, program_rounds=2)
"""A photo from a phone."""
CAMERA = Size(6000, 4000, warm=0)
"""A photo from a camera."""
LARGE = Size(10_000, 10_000, warm=0)
"""Beyond what fits into memory for most contenders."""
SIZES = (SMALL, SQUARE, PHONE, CAMERA, LARGE)
"""The default sizes, in ascending order."""


def parse_size(text: str) -> Size:
    """Return the size written as WIDTHxHEIGHT; one of `SIZES` keeps its numbers of rounds.

    Raises:
        ValueError: The text is not a size, or a side is below 5 px, the networks' minimum.
    """
    for size in SIZES:
        if size.name == text:
            return size
    width, separator, height = text.partition("x")
    if not (separator and width.isdecimal() and height.isdecimal()):
        raise ValueError(f"expected a size such as {SMALL.name}, got {text!r}")
    size = Size(int(width), int(height))
    if min(size.width, size.height) < _MINIMUM_SIDE:
        raise ValueError(f"expected sides of at least {_MINIMUM_SIDE} px, got {text}")
    return size
