"""Conversion of any picture that Pillow decodes to a *plain* picture.

Everything in this package works on plain pictures. A plain picture

- has mode RGB or RGBA with 8 bits a channel,
- is stored upright, with no orientation left to apply, and
- has an empty `info`, except for the ICC profile of its RGB values if it has one.
"""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import ExifTags, ImageCms, ImageOps
from PIL.Image import Image, fromarray

from ..errors import PictureError

ICC_PROFILE = "icc_profile"
"""Pillow's key for the ICC profile in `Image.info`."""

_UPRIGHT = 1  # Exif 3.0, 4.6.5.1.6: row 0 is the top, column 0 the left side
_PROFILE_SPACE = slice(16, 20)  # ICC.1:2022, 7.2: "data color space" in the header
_GRAY_MODES = frozenset({"1", "L", "LA", "La"})
_DEEP_MODES = frozenset({"I", "I;16", "I;16B", "I;16L", "I;16N", "F"})


def to_plain(picture: Image) -> Image:
    """Return a plain copy of `picture`; a plain picture comes back with equal content.

    - The EXIF orientation is applied. All metadata except an RGB ICC profile is dropped, so that a
      result does not reveal where a photograph was taken.
    - CMYK and gray values with an ICC profile are converted through it to sRGB.
    - 16-bit values keep their upper 8 bits. Pillow's 32-bit mode I is treated as 0..65535, because
      Pillow decodes 16-bit files to it. Mode F has no defined range: it is treated as 0..1 if its
      maximum is at most 1, otherwise as 0..255.
    - Transparency becomes an alpha channel, whether it was a channel, part of a palette or a key
      color. The colors of transparent pixels are kept.

    Raises:
        TypeError: `picture` is not a `PIL.Image.Image`.
        PictureError: The picture has no pixels.
        Exception: Pillow decodes `picture` only now and finds it damaged; its error type varies.
    """
    if not isinstance(picture, Image):
        raise TypeError(f"expected a picture (see load_picture), got {type(picture).__name__}")
    if 0 in picture.size:
        raise PictureError(f"expected at least 1x1 px, got {picture.width}x{picture.height}")
    upright = _turn_upright(picture)
    profile = upright.info.get(ICC_PROFILE) or b""
    colors, alpha = _split_alpha(upright)
    plain = _to_rgb(colors, profile)
    plain.info = {}
    if profile[_PROFILE_SPACE] == b"RGB " and upright.mode != "CMYK":
        plain.info[ICC_PROFILE] = profile
    if alpha is not None:
        plain.putalpha(alpha)
    return plain


def _turn_upright(picture: Image) -> Image:
    """Apply the EXIF orientation; damaged EXIF data counts as upright."""
    picture.load()  # outside of `try`: damaged pixels are an error, damaged metadata is not
    try:
        if picture.getexif().get(ExifTags.Base.Orientation, _UPRIGHT) == _UPRIGHT:
            return picture  # `exif_transpose` would copy the pixels
        return ImageOps.exif_transpose(picture)
    except Exception:
        return picture


def _split_alpha(picture: Image) -> tuple[Image, Image | None]:
    """Return the picture without transparency, and its alpha channel (mode L) if it has one."""
    if not picture.has_transparency_data:
        return picture, None
    if picture.mode in _DEEP_MODES:  # Pillow ignores their key color
        is_clear = np.asarray(picture) == picture.info["transparency"]
        return picture, fromarray(np.where(is_clear, 0, 255).astype(np.uint8))
    color_mode = "L" if picture.mode in _GRAY_MODES else "RGB"
    with_alpha = picture.convert("LA" if color_mode == "L" else "RGBA")
    return with_alpha.convert(color_mode), with_alpha.getchannel("A")


def _to_rgb(picture: Image, profile: bytes) -> Image:
    """Return an opaque picture as a new picture in mode RGB."""
    if picture.mode in _DEEP_MODES:
        picture = _to_8_bits(picture)
    if profile and picture.mode in ("CMYK", "L"):
        converted = _to_srgb(picture, profile)
        if converted is not None:
            return converted
    return picture.convert("RGB")


def _to_8_bits(picture: Image) -> Image:
    """Convert a picture from one of the deep modes to mode L."""
    values = np.asarray(picture)
    if picture.mode == "F":
        finite = np.nan_to_num(values, nan=0.0, posinf=np.inf, neginf=0.0)
        in_levels = finite * 255 if finite.max() <= 1 else finite
        return fromarray(np.clip(in_levels, 0, 255).round().astype(np.uint8))
    return fromarray((np.clip(values, 0, 0xFFFF) >> 8).astype(np.uint8))


def _to_srgb(picture: Image, profile: bytes) -> Image | None:
    """Convert a picture through its ICC profile to sRGB.

    None if the profile is damaged or unsuitable. That costs exact colors, not the picture.
    """
    try:
        return ImageCms.profileToProfile(
            picture,
            ImageCms.ImageCmsProfile(BytesIO(profile)),
            ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")),
            outputMode="RGB",
        )
    except (ImageCms.PyCMSError, ImportError, OSError, TypeError, ValueError):
        return None
