"""Conversion of any picture that Pillow decodes to a *plain* picture.

Everything in this package works on plain pictures. A plain picture

- has mode RGB or RGBA with 8 bits a channel,
- is stored upright, with no orientation left to apply, and
- has an empty `info`, except for the ICC profile of its RGB values and its `Metadata`, if it has
  them.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import numpy as np
from PIL import ExifTags, ImageCms, ImageOps
from PIL.Image import Image, fromarray, new

from ..errors import PictureError
from .levels import find_full_range, to_8_bits
from .metadata import METADATA, read_metadata

ICC_PROFILE = "icc_profile"
"""Pillow's key for the ICC profile in `Image.info`."""

TRANSPARENCY = "transparency"
"""Pillow's key for the transparent color, or the alpha values of a palette, in `Image.info`."""

_UPRIGHT = 1  # Exif 3.0, 4.6.5.1.6: row 0 is the top, column 0 the left side
_PROFILE_SPACE = slice(16, 20)  # ICC.1:2022, 7.2: "data color space" in the header
_GRAY_MODES = frozenset({"1", "L", "LA", "La"})
_UNRANGED_MODES = frozenset({"I", "F"})
_DEEP_MODES = frozenset({"I;16", "I;16B", "I;16L", "I;16N"}) | _UNRANGED_MODES
_PIXELS_AT_ONCE = 2**20  # bounds the memory of what is between a picture and its plain copy


def to_plain(picture: Image) -> Image:
    """Return a plain copy of `picture`; a plain picture comes back with equal content.

    - The EXIF orientation is applied. Of metadata, an RGB ICC profile stays, and `Metadata`.
    - CMYK and gray values with an ICC profile are converted through it to sRGB.
    - 16-bit values keep their upper 8 bits. Pillow's modes I and F have no defined range;
      `find_full_range` explains which one is assumed.
    - Transparency becomes an alpha channel, whether it was a channel, part of a palette or a key
      color. The colors of transparent pixels are kept.

    Raises:
        TypeError: `picture` is not a `PIL.Image.Image`.
        PictureError: The picture has no pixels.
        Exception: Pillow decodes `picture` only now and finds it damaged; its error type varies.
    """
    if not isinstance(picture, Image):
        raise TypeError(f"expected a picture (see load_picture), got {type(picture).__name__}")
    plain = take_plain(picture)
    return plain.copy() if plain.im is picture.im else plain


def take_plain(picture: Image) -> Image:
    """Return the plain picture of `picture`, as `to_plain` does, without a copy where possible.

    The result may share its pixels with `picture`, which must not be used any more.
    """
    if 0 in picture.size:
        raise PictureError(f"expected at least 1x1 px, got {picture.width}x{picture.height}")
    metadata = read_metadata(picture)
    upright = _turn_upright(picture)
    profile = upright.info.get(ICC_PROFILE) or b""
    plain = _to_rgb(upright, profile)
    plain.info = {}
    if profile[_PROFILE_SPACE] == b"RGB " and upright.mode != "CMYK":
        plain.info[ICC_PROFILE] = profile
    if metadata:
        plain.info[METADATA] = metadata
    return plain


def convert_to_srgb(plain: Image) -> None:
    """Convert the colors of a plain picture from its ICC profile to sRGB, in place; alpha stays.

    A damaged or unsuitable profile is dropped: that costs exact colors, not the picture.
    """
    profile = plain.info.pop(ICC_PROFILE, b"")
    transform = _build_transform(profile, plain.mode, plain.mode) if profile else None
    if transform is not None:
        transform.apply_in_place(plain)


def split_rows(picture: Image) -> Iterator[tuple[int, Image]]:
    """Yield the picture in strips from top to bottom: the first row's number, and the rows."""
    height = max(1, _PIXELS_AT_ONCE // picture.width)
    for top in range(0, picture.height, height):
        bottom = min(top + height, picture.height)
        yield top, picture.crop((0, top, picture.width, bottom))


def _turn_upright(picture: Image) -> Image:
    """Apply the EXIF orientation; damaged EXIF data counts as upright."""
    picture.load()  # outside of `try`: damaged pixels are an error, damaged metadata is not
    try:
        exif = picture.getexif()
        orientation = exif.get(ExifTags.Base.Orientation, _UPRIGHT)
        if isinstance(orientation, bytes):  # of type BYTE, which some writers use; it is SHORT
            exif[ExifTags.Base.Orientation] = orientation = orientation[0]
        if orientation == _UPRIGHT:
            return picture  # `exif_transpose` would copy the pixels
        return ImageOps.exif_transpose(picture)
    except Exception:
        return picture


def _to_rgb(picture: Image, profile: bytes) -> Image:
    """Return an upright picture in mode RGB, or RGBA if it has transparency."""
    mode = "RGBA" if picture.has_transparency_data else "RGB"
    if picture.mode == mode:
        return picture._new(picture.im)  # of no subclass, and without a copy
    source = _find_device_mode(picture)
    transform = _build_transform(profile, source, "RGB") if profile and source else None
    full: float = 0xFFFF
    if picture.mode in _UNRANGED_MODES:
        full = find_full_range(np.asarray(rows) for _, rows in split_rows(picture))
    converted = new(mode, picture.size, None)  # all rows follow
    for top, rows in split_rows(picture):
        converted.paste(_convert_rows(rows, mode, transform, full), (0, top))
    return converted


def _convert_rows(
    rows: Image, mode: str, transform: ImageCms.ImageCmsTransform | None, full: float
) -> Image:
    """Convert rows to RGB or RGBA through `transform`; samples of deep modes end at `full`."""
    if rows.mode in _DEEP_MODES:
        rows = _to_gray(rows, full)
    if rows.mode == "La":  # Pillow converts it to LA only
        rows = rows.convert("LA")
    if transform is None or rows.mode == "1":
        return rows.convert(mode)
    if mode == "RGB":
        return transform.apply(rows)
    with_alpha = rows.convert("LA")
    colors = transform.apply(with_alpha.convert("L"))
    colors.putalpha(with_alpha.getchannel("A"))
    return colors


def _to_gray(rows: Image, full: float) -> Image:
    """Convert rows from one of the deep modes to L, or to LA if they have a key color."""
    samples = np.asarray(rows)
    gray = fromarray(to_8_bits(samples, full))
    key = rows.info.get(TRANSPARENCY)
    if key is not None:  # Pillow ignores the key color of these modes
        gray.putalpha(fromarray(np.where(samples == key, 0, 255).astype(np.uint8)))
    return gray


def _find_device_mode(picture: Image) -> str | None:
    """Return the mode in which values are converted through their profile; None for others."""
    if picture.mode in _GRAY_MODES | _DEEP_MODES:
        return "L"
    return "CMYK" if picture.mode == "CMYK" else None


def _build_transform(profile: bytes, source: str, target: str) -> ImageCms.ImageCmsTransform | None:
    """Return the transform of pictures of one mode to pictures in sRGB of another.

    None if the profile is damaged or unsuitable. That costs exact colors, not the picture.
    """
    try:
        transform = ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(BytesIO(profile)),
            ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")),
            source,
            target,
        )
        transform.apply(new(source, (1, 1)))
    except (ImageCms.PyCMSError, ImportError, OSError, TypeError, ValueError):
        return None
    return transform
