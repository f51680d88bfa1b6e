"""A real photograph at any size."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from .sizes import Size

PHOTOGRAPH = "astronaut.png"
"""A file in scikit-image's wheel: 512 x 512 px, by NASA, in the public domain."""

_FINE = 4  # px: what is smaller than this is lost where a photograph is enlarged
_ROWS_AT_ONCE = 512


def find_photograph() -> Path:
    """The photograph's file.

    Raises:
        FileNotFoundError: scikit-image is not installed, or has no such file any more.
    """
    spec = find_spec("skimage")  # which is not imported: only its file is wanted
    path = Path(spec.origin).parent / "data" / PHOTOGRAPH if spec and spec.origin else None
    if path is None or not path.is_file():
        raise FileNotFoundError(
            f"expected the photograph {PHOTOGRAPH} of scikit-image, which is not here; "
            "run pip install '.[demo]' in the project's folder"
        )
    return path


def make_picture(size: Size) -> NDArray[np.uint8]:
    """The photograph at `size`, H x W x 3.

    Enlarged it would be smooth everywhere. So the photograph's own fine detail, repeated and
    turned over, is laid over it, as a camera with as many pixels would see some.
    """
    with Image.open(find_photograph()) as opened:
        photograph = opened.convert("RGB")
    if size.width <= photograph.width and size.height <= photograph.height:
        return np.asarray(photograph.crop((0, 0, size.width, size.height)))
    detail = _tile(_fine_detail(photograph), size.width)
    wanted = (size.width, size.height)
    picture = np.array(photograph.resize(wanted, Image.Resampling.BICUBIC))
    for top in range(0, size.height, _ROWS_AT_ONCE):
        rows = picture[top : top + _ROWS_AT_ONCE]
        at = np.arange(top, top + len(rows)) % len(detail)
        rows[:] = np.clip(rows.astype(np.int16) + detail[at], 0, 255)
    return picture


def _fine_detail(photograph: Image.Image) -> NDArray[np.int16]:
    smooth = photograph.filter(ImageFilter.GaussianBlur(_FINE))
    return np.asarray(photograph, np.int16) - np.asarray(smooth, np.int16)


def _tile(detail: NDArray[np.int16], width: int) -> NDArray[np.int16]:
    """`detail` and its mirror images side by side up to `width`, then the same below, mirrored."""
    times = -(-width // (2 * detail.shape[1]))
    wide = np.tile(np.concatenate([detail, detail[:, ::-1]], axis=1), (1, times, 1))[:, :width]
    return np.concatenate([wide, wide[::-1]])
