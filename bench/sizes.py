"""The sizes of picture that are measured, and how often each is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """The size of a picture, in px, and how often it is measured.

    In each of `rounds` every contender has a process, in which it paints once for the first time,
    then up to `warm` times more. Whole processes have `program_rounds`.
    """

    width: int
    height: int
    rounds: int = 1
    warm: int = 1
    program_rounds: int = 1

    @property
    def name(self) -> str:
        return f"{self.width}x{self.height}"

    @property
    def pixels(self) -> int:
        return self.width * self.height

    @property
    def title(self) -> str:
        """What readers know it by, such as "8 MP (3264x2448)"."""
        megapixels = self.pixels / 1e6
        return f"{megapixels:.0f} MP ({self.name})" if megapixels > 2 else self.name


# So many that all of them take some twenty minutes on two cores.
SMALL = Size(512, 512, rounds=3, warm=5, program_rounds=5)
SQUARE = Size(1080, 1080, rounds=2, warm=2)
PHONE = Size(3264, 2448, program_rounds=2)
CAMERA = Size(6000, 4000, warm=0)
LARGE = Size(10_000, 10_000, warm=0)
SIZES = (SMALL, SQUARE, PHONE, CAMERA, LARGE)


def parse_size(text: str) -> Size:
    """The size that is written as WIDTHxHEIGHT; one of `SIZES` with its numbers of rounds.

    Raises:
        ValueError: it is none, or has a side below 5 px, which the networks cannot paint.
    """
    for size in SIZES:
        if size.name == text:
            return size
    width, separator, height = text.partition("x")
    if not (separator and width.isdecimal() and height.isdecimal()):
        raise ValueError(f"expected a size such as {SMALL.name}, got {text!r}")
    size = Size(int(width), int(height))
    if min(size.width, size.height) < 5:
        raise ValueError(f"expected sides of at least 5 px, got {text}")
    return size
