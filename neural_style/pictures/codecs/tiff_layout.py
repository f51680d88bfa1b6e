"""How the samples of a TIFF page are stored, as far as this package can decode them."""

from __future__ import annotations

from dataclasses import dataclass

from ..decoding_memory import PLAIN_BYTES
from .tiff import Page, Tag

WHITE_IS_ZERO, PALETTE = 0, 3
"""Photometric interpretations."""

PREMULTIPLIED, ALPHA = 1, 2
"""Kinds of extra samples."""

DIFFERENCES, FLOAT_DIFFERENCES = 2, 3
"""Predictors."""

_MODES = {0: "L", 1: "L", 2: "RGB", 3: "P", 5: "CMYK"}  # by photometric interpretation
_KINDS = {1: "u", 2: "i", 3: "f", 4: "u"}  # NumPy's, by sample format
_WIDTHS = {"u": (8, 16, 32, 64), "i": (8, 16, 32, 64), "f": (16, 32, 64)}  # in bits
_MAX_SAMPLES = 8  # in a pixel
_BYTE_COMPRESSIONS = frozenset({1, 5, 8, 32773, 32946, 34925, 50000})
"""None, LZW, Deflate, PackBits, old Deflate, LZMA and Zstandard: they know bytes, not samples."""


@dataclass(frozen=True)
class SampleLayout:
    """How the samples of a page are stored."""

    size: tuple[int, int]
    """Width and height in px."""
    photometric: int
    """0 and 1 for gray (0: white is zero), 2 for RGB, 3 for a palette, 5 for CMYK."""
    bits: int
    """Of a sample."""
    kind: str
    """NumPy's: u, i or f."""
    samples: int
    """In a pixel."""
    is_separate: bool
    """Whether each component has a plane of its own."""
    predictor: int
    """How the samples of a row are made from their neighbors."""
    tile_width: int
    """In px; the picture's width if it is stored in strips."""
    alpha: int
    """0 without alpha, else `PREMULTIPLIED` or `ALPHA`."""
    alpha_at: int
    """Which sample of a pixel alpha is."""
    order: str
    """NumPy's sign of the byte order."""

    @property
    def mode(self) -> str:
        """The mode of the colors."""
        return _MODES[self.photometric]

    @property
    def is_packed(self) -> bool:
        """Whether samples share bytes."""
        return self.bits not in _WIDTHS[self.kind]

    @property
    def colors(self) -> int:
        """The number of color components."""
        return len(self.mode)

    @property
    def planes(self) -> int:
        """The number of planes that are stored."""
        return self.samples if self.is_separate else 1

    @property
    def row_bytes(self) -> int:
        """The bytes in a row of a plane, with whole tiles."""
        tiles = -(-self.size[0] // self.tile_width)
        samples = self.samples // self.planes
        return tiles * -(-self.tile_width * samples * self.bits // 8)

    @property
    def bytes_per_pixel(self) -> float:
        """The bytes of a pixel that decoding takes at most.

        These are the stored bytes, with a copy of a plane if it is one strip, or with what is made
        from them; then the latter and the plain picture.
        """
        stored = self.planes * self.row_bytes / self.size[0]
        made = (PLAIN_BYTES if self.colors > 1 else 1) + bool(self.alpha)
        return max(stored + max(stored / self.planes, made), made + PLAIN_BYTES)


def read_layout(page: Page) -> SampleLayout | None:
    """Return how the samples of a page are stored; None if this module cannot decode them."""
    samples = page.number(Tag.SAMPLES, 1)
    if not 0 < samples <= _MAX_SAMPLES:
        return None
    bits = page.array(Tag.BITS)[:samples].tolist() or [1]
    formats = page.array(Tag.SAMPLE_FORMAT)[:samples].tolist() or [1]
    photometric = page.photometric
    if (
        page.number(Tag.COMPRESSION, 1) not in _BYTE_COMPRESSIONS
        or photometric not in _MODES
        or len({*bits}) != 1
        or len({*formats}) != 1
        or len(_MODES[photometric]) > samples
        or 0 in page.size
    ):
        return None
    alpha, alpha_at = _find_alpha(page, len(_MODES[photometric]), samples)
    layout = SampleLayout(
        size=page.size,
        photometric=photometric,
        bits=bits[0],
        kind=_KINDS.get(formats[0], ""),
        samples=samples,
        is_separate=page.is_separate and samples > 1,
        predictor=page.number(Tag.PREDICTOR, 1),
        tile_width=page.number(Tag.TILE_WIDTH) if page.is_tiled else page.size[0],
        alpha=alpha,
        alpha_at=alpha_at,
        order=page.order,
    )
    return layout if _is_known(layout) else None


def _find_alpha(page: Page, colors: int, samples: int) -> tuple[int, int]:
    """Return the kind of alpha, and which sample it is; 0 twice without alpha.

    Extra samples follow the colors. If none of them has a kind, the first counts as alpha.
    """
    kinds = page.array(Tag.EXTRA_SAMPLES)[:samples].tolist() or [ALPHA]
    places = zip(kinds, range(colors, samples), strict=False)
    return next((place for place in places if place[0] in (PREMULTIPLIED, ALPHA)), (0, 0))


def _is_known(layout: SampleLayout) -> bool:
    if layout.photometric == PALETTE and (layout.kind != "u" or layout.bits > 8):
        return False
    if layout.tile_width < 1:
        return False
    if layout.bits in _WIDTHS.get(layout.kind, ()):
        return layout.predictor in (1, DIFFERENCES) or (
            layout.predictor == FLOAT_DIFFERENCES and layout.kind == "f"
        )
    return layout.kind == "u" and 0 < layout.bits < 16 and layout.predictor == 1
