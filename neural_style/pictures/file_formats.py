"""How pictures are written, by the suffix of their file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

from ..errors import PictureError

QUALITY = 95  # of Pillow's 100: beyond it files grow fast and nothing is seen of it


@dataclass(frozen=True)
class PictureFormat:
    """How pictures with some suffix are written."""

    name: str  # as Pillow calls it
    keeps_alpha: bool
    options: Mapping[str, object] = field(default_factory=dict)  # for Pillow's encoder
    max_side: int | None = None  # px, where the format or its decoder ends before Pillow does

    def check_size(self, size: tuple[int, int]) -> None:
        """Find out before painting that no picture of this width and height can be written.

        Raises:
            PictureError: it cannot. The message does not name the file.
        """
        if self.max_side is not None and max(size) > self.max_side:
            width, height = size
            raise PictureError(
                f"cannot be written: expected at most {self.max_side} px a side for {self.name}, "
                f"got {width}x{height}; make it smaller (--max-side) or write another format"
            )


_JPEG = PictureFormat("JPEG", False, {"quality": QUALITY, "subsampling": "4:4:4"}, 65_500)
_PNG = PictureFormat("PNG", True)
_WEBP = PictureFormat("WEBP", True, {"quality": QUALITY}, 16_383)
_TIFF = PictureFormat("TIFF", True, {"compression": "tiff_adobe_deflate"})
_BMP = PictureFormat("BMP", False)
_GIF = PictureFormat("GIF", True, max_side=65_535)  # on or off; 256 colors
_AVIF = PictureFormat("AVIF", True, {"quality": QUALITY, "subsampling": "4:4:4"}, 32_768)
_JPEG2000 = PictureFormat("JPEG2000", True)

FORMATS = {
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".png": _PNG,
    ".webp": _WEBP,
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".bmp": _BMP,
    ".gif": _GIF,
    ".avif": _AVIF,
    ".jp2": _JPEG2000,
}

PICTURE_SUFFIXES = frozenset(FORMATS)
"""Suffixes, in lower case, of the pictures that are both read and written."""


def format_for(path: str | PathLike[str]) -> PictureFormat:
    """The format that `path` asks for by its suffix.

    Raises:
        PictureError: it has no suffix, or an unknown one.
    """
    suffix = Path(path).suffix
    try:
        return FORMATS[suffix.lower()]
    except KeyError:
        got = f"the suffix {suffix!r}" if suffix else "a name without a suffix"
        raise PictureError(
            f"{path}: expected a picture to write, got {got}; use one of {' '.join(FORMATS)}"
        ) from None
