"""The image file formats that this package reads and writes, and their limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

from ..errors import PictureError
from .codecs import heif

_QUALITY = 95  # of Pillow's 100; higher values make files larger without a visible gain


@dataclass(frozen=True)
class PictureFormat:
    """An image file format and how to write it."""

    name: str
    """Pillow's name for it."""
    keeps_alpha: bool
    """Whether it stores an alpha channel."""
    keeps_profile: bool = True
    """Whether it stores an ICC profile; in others, colors are those of sRGB."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Options for Pillow's encoder."""
    max_side: int | None = None
    """The longest side that it, or Pillow's decoder for it, allows, in px; None for Pillow's own
    limit."""

    def check(self, size: tuple[int, int]) -> None:
        """Raise an error, before any work, if a picture cannot be written in this format.

        Args:
            size: Width and height in px.

        Raises:
            MissingDependencyError: The format needs a package that is not installed.
            PictureError: A side exceeds `max_side`. The error has no path.
        """
        if self.name == heif.FORMAT:
            heif.register()
        if self.max_side is not None and max(size) > self.max_side:
            width, height = size
            raise PictureError(
                f"cannot be written: expected at most {self.max_side} px a side for {self.name}, "
                f"got {width}x{height}",
                remedy="make it smaller (--max-side) or write another format",
            )


_JPEG = PictureFormat(
    "JPEG", False, options={"quality": _QUALITY, "subsampling": "4:4:4"}, max_side=65_500
)
_PNG = PictureFormat("PNG", True)
_WEBP = PictureFormat("WEBP", True, options={"quality": _QUALITY}, max_side=16_383)
_TIFF = PictureFormat("TIFF", True, options={"compression": "tiff_adobe_deflate"})
_BMP = PictureFormat("BMP", False, False)
_GIF = PictureFormat("GIF", True, False, max_side=65_535)  # 256 colors; alpha is 0 or 255
_AVIF = PictureFormat(
    "AVIF", True, options={"quality": _QUALITY, "subsampling": "4:4:4"}, max_side=32_768
)
_JPEG2000 = PictureFormat("JPEG2000", True, False)
# x265's own preset, "slow", takes seven times as long for files that are a sixth smaller.
_HEIF = PictureFormat(
    heif.FORMAT,
    True,
    options={"quality": _QUALITY, "chroma": 444, "enc_params": {"preset": "ultrafast"}},
    max_side=16_384,
)

_FORMATS_BY_SUFFIX = {
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".jfif": _JPEG,
    ".jpe": _JPEG,
    ".png": _PNG,
    ".webp": _WEBP,
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".bmp": _BMP,
    ".gif": _GIF,
    ".avif": _AVIF,
    ".jp2": _JPEG2000,
    ".heic": _HEIF,
    ".heif": _HEIF,
    ".hif": _HEIF,
}

PICTURE_SUFFIXES = frozenset(_FORMATS_BY_SUFFIX)
"""The suffixes, in lower case, of the pictures that can be both read and written."""

FORMAT_NAMES = tuple(dict.fromkeys(entry.name for entry in _FORMATS_BY_SUFFIX.values()))
"""Pillow's names for the formats that can be read, the most common ones first."""


def format_for(path: str | PathLike[str]) -> PictureFormat:
    """Return the format that the suffix of `path` names; upper and lower case are the same.

    Raises:
        PictureError: The path has no suffix, or an unknown one.
    """
    suffix = Path(path).suffix
    try:
        return _FORMATS_BY_SUFFIX[suffix.lower()]
    except KeyError:
        got = f"the suffix {suffix!r}" if suffix else "a name without a suffix"
        raise PictureError(
            f"expected a picture to write, got {got}",
            path=path,
            remedy=f"use one of {' '.join(_FORMATS_BY_SUFFIX)}",
        ) from None
