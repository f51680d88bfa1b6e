"""From any picture that Pillow decodes to a plain one.

A *plain* picture is what styles paint and resizing works on: mode RGB or RGBA, 8 bits a channel,
the right way up, and nothing in its `info` but the ICC profile of its RGB values, if it has one.
"""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import ExifTags, ImageCms, ImageOps
from PIL.Image import Image, fromarray

from ..errors import PictureError

ICC_PROFILE = "icc_profile"  # Pillow's key for it in `Image.info`

_UPRIGHT = 1  # Exif 3.0, 4.6.5.1.6: the first row is the top, the first column the left side
_PROFILE_SPACE = slice(16, 20)  # ICC.1:2022, 7.2: the "data color space" field of the header
_GRAY_MODES = frozenset({"1", "L", "LA", "La"})
_DEEP_MODES = frozenset({"I", "I;16", "I;16B", "I;16L", "I;16N", "F"})


def to_plain(picture: Image) -> Image:
    """`picture` as a new plain picture; turning a plain one plain changes nothing.

    - The orientation in its EXIF data is applied, and all metadata but an RGB ICC profile is left
      behind: where a photograph was taken does not travel with what was made from it.
    - CMYK and gray values with an ICC profile go through it to sRGB.
    - 16-bit values are reduced to their upper 8 bits. Pillow's 32-bit mode I is taken to hold
      0..65535, as in the 16-bit files that decode to it. Mode F has no range of its own: it is
      taken as 0..1 if nothing in it is above 1, else as 0..255.
    - Transparency, as a channel, in a palette or as a key color, becomes an alpha channel. Colors
      under transparent pixels stay as they are.

    Raises:
        TypeError: `picture` is no picture.
        PictureError: the picture has no pixels.
        Exception: what Pillow raises if `picture` is not decoded yet and turns out to be damaged.
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
    picture.load()  # so that a damaged picture is not taken for damaged metadata
    try:
        if picture.getexif().get(ExifTags.Base.Orientation, _UPRIGHT) == _UPRIGHT:
            return picture  # Pillow would make a copy, and pictures may be large
        return ImageOps.exif_transpose(picture)
    except Exception:  # malformed EXIF data costs the orientation, not the picture
        return picture


def _split_alpha(picture: Image) -> tuple[Image, Image | None]:
    """The colors of `picture` without transparency, and its alpha channel in mode L."""
    if not picture.has_transparency_data:
        return picture, None
    if picture.mode in _DEEP_MODES:  # Pillow converts these without their key color
        is_clear = np.asarray(picture) == picture.info["transparency"]
        return picture, fromarray(np.where(is_clear, 0, 255).astype(np.uint8))
    color_mode = "L" if picture.mode in _GRAY_MODES else "RGB"
    both = picture.convert("LA" if color_mode == "L" else "RGBA")
    return both.convert(color_mode), both.getchannel("A")


def _to_rgb(picture: Image, profile: bytes) -> Image:
    """`picture`, which has no transparency, as a new picture in mode RGB."""
    if picture.mode in _DEEP_MODES:
        picture = _to_8_bits(picture)
    if profile and picture.mode in ("CMYK", "L"):
        through_profile = _to_srgb(picture, profile)
        if through_profile is not None:
            return through_profile
    return picture.convert("RGB")


def _to_8_bits(picture: Image) -> Image:
    """A picture in one of the deep modes as one in mode L."""
    values = np.asarray(picture)
    if picture.mode == "F":
        finite = np.nan_to_num(values, nan=0.0, posinf=np.inf, neginf=0.0)
        in_levels = finite * 255 if finite.max() <= 1 else finite
        return fromarray(np.clip(in_levels, 0, 255).round().astype(np.uint8))
    return fromarray((np.clip(values, 0, 0xFFFF) >> 8).astype(np.uint8))


def _to_srgb(picture: Image, profile: bytes) -> Image | None:
    """`picture` through its ICC profile to sRGB; None if the profile is damaged or of no use.

    A bad profile costs the exact colors, not the picture.
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
