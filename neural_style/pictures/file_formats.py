"""The image file formats that this package reads and writes, and their limits."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

from ..errors import PictureError
from .codecs import heif

MAX_PICTURE_BYTES = 2**30
"""The largest file that is read: twice an uncompressed RGB picture at Pillow's limit of pixels."""

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

    @property
    def has_quality(self) -> bool:
        """Whether it can keep less for smaller files."""
        return "quality" in self.options

    def encoder_options(self, quality: int | None) -> dict[str, Any]:
        """Return options for Pillow's encoder, which may change them, with another quality."""
        options = deepcopy(dict(self.options))
        return options if quality is None else {**options, "quality": quality}

    def check(self, size: tuple[int, int], quality: int | None = None) -> None:
        """Raise an error, before any work, if a picture cannot be written in this format.

        Args:
            size: Width and height in px.
            quality: As for `save_picture`.

        Raises:
            MissingDependencyError: The format needs a package that is not installed.
            PictureError: A side exceeds `max_side`, or the format has no quality. The error has no
                path.
        """
        if quality is not None and not self.has_quality:
            raise PictureError(
                f"expected no quality for {self.name}, got {quality}",
                remedy="leave out --quality, or choose a format that has one (--format jpeg)",
            )
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
    "JPEG",
    keeps_alpha=False,
    options={"quality": _QUALITY, "subsampling": "4:4:4"},
    max_side=65_500,
)
_PNG = PictureFormat("PNG", keeps_alpha=True)
_WEBP = PictureFormat("WEBP", keeps_alpha=True, options={"quality": _QUALITY}, max_side=16_383)
_TIFF = PictureFormat("TIFF", keeps_alpha=True, options={"compression": "tiff_adobe_deflate"})
_BMP = PictureFormat("BMP", keeps_alpha=False, keeps_profile=False)
# 256 colors, and alpha is 0 or 255.
_GIF = PictureFormat("GIF", keeps_alpha=True, keeps_profile=False, max_side=65_535)
_AVIF = PictureFormat(
    "AVIF", keeps_alpha=True, options={"quality": _QUALITY, "subsampling": "4:4:4"}, max_side=32_768
)
_JPEG2000 = PictureFormat("JPEG2000", keeps_alpha=True, keeps_profile=False)
# x265's own preset, "slow", takes seven times as long for files that are a sixth smaller.
_HEIF = PictureFormat(
    heif.FORMAT,
    keeps_alpha=True,
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

_SUFFIXES_BY_NAME = {
    "jpeg": ".jpg",
    "webp": ".webp",
    "avif": ".avif",
    "heic": ".heic",
    "png": ".png",
    "tiff": ".tif",
    "jp2": ".jp2",
    "gif": ".gif",
    "bmp": ".bmp",
}

PICTURE_SUFFIXES = frozenset(_FORMATS_BY_SUFFIX)
"""The suffixes, in lower case, of the pictures that can be both read and written."""

FORMAT_NAMES = tuple(dict.fromkeys(entry.name for entry in _FORMATS_BY_SUFFIX.values()))
"""Pillow's names for the formats that can be read, the most common ones first."""


def name_of(pillows_name: str | None) -> str | None:
    """Return which of the `FORMATS` Pillow's name stands for; None if it is not written."""
    suffixes = _SUFFIXES_BY_NAME.items()
    known = {_FORMATS_BY_SUFFIX[suffix].name: name for name, suffix in suffixes}
    return known.get(pillows_name or "")


def suffix_of(name: str) -> str:
    """Return the usual suffix of files of a format, of which `name` is one of the `FORMATS`."""
    return _SUFFIXES_BY_NAME[name]


def format_for(path: str | PathLike[str], name: str | None = None) -> PictureFormat:
    """Return the format of a picture that is to be written.

    Args:
        path: Its suffix names the format; upper and lower case are the same.
        name: One of the `FORMATS`, which `path` must not contradict; it may have no suffix then.

    Raises:
        PictureError: The path has no suffix, an unknown one, or one of another format than `name`.
    """
    suffix = Path(path).suffix
    if name is not None:
        chosen = _FORMATS_BY_SUFFIX[suffix_of(name)]
        if _FORMATS_BY_SUFFIX.get(suffix.lower(), chosen) is not chosen:
            raise PictureError(
                f"expected a name for a picture in the format {name}, got {suffix}",
                path=path,
                remedy=f"end it in {suffix_of(name)}, or leave out --format",
            )
        return chosen
    try:
        return _FORMATS_BY_SUFFIX[suffix.lower()]
    except KeyError:
        got = f"the suffix {suffix!r}" if suffix else "a name without a suffix"
        raise PictureError(
            f"expected a picture to write, got {got}",
            path=path,
            remedy=f"use one of {' '.join(_FORMATS_BY_SUFFIX)}",
        ) from None
