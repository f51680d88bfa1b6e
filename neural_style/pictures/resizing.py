"""Scale pictures down before they are painted.

The functions take any picture and return a plain one, see `conversion`. Pillow resizes palette and
1-bit pictures without a filter; a plain picture is filtered, and its colors are weighted by alpha,
so that the colors of transparent pixels do not bleed into others.
"""

from __future__ import annotations

import math

from PIL import Image

from ..errors import PictureError
from .conversion import to_plain


def resize(
    picture: Image.Image, content_scale: float | None = None, max_side: int | None = None
) -> Image.Image:
    """Apply `scale_down`, then `limit_side`; None skips a step.

    Raises:
        PictureError: A value is out of range, see `scale_down` and `limit_side`.
    """
    if content_scale is not None:
        picture = scale_down(picture, content_scale)
    if max_side is not None:
        picture = limit_side(picture, max_side)
    return picture


def scale_down(picture: Image.Image, content_scale: float) -> Image.Image:
    """Divide both sides by `content_scale`, rounded down to at least 1 px.

    Raises:
        PictureError: `content_scale` is not a finite number above 0, or so small that the result
            would exceed Pillow's limit of pixels.
    """
    if not (math.isfinite(content_scale) and content_scale > 0):
        raise PictureError(f"expected a finite content scale above 0, got {content_scale}")
    plain = to_plain(picture)
    width, height = (max(1, int(side / content_scale)) for side in plain.size)
    if Image.MAX_IMAGE_PIXELS is not None and width * height > 2 * Image.MAX_IMAGE_PIXELS:
        raise PictureError(
            f"expected a content scale that keeps the picture below {2 * Image.MAX_IMAGE_PIXELS:,} "
            f"pixels, got {content_scale} for {plain.width}x{plain.height} px"
        )
    return plain.resize((width, height), Image.Resampling.LANCZOS)


def limit_side(picture: Image.Image, max_side: int) -> Image.Image:
    """Scale down to a longer side of at most `max_side` px, in proportion; never enlarge.

    Raises:
        PictureError: `max_side` is below 1.
    """
    if max_side < 1:
        raise PictureError(f"expected a longest side of at least 1 px, got {max_side}")
    plain = to_plain(picture)
    longest = max(plain.size)
    if longest <= max_side:
        return plain
    width, height = (max(1, round(side * max_side / longest)) for side in plain.size)
    return plain.resize((width, height), Image.Resampling.LANCZOS)
