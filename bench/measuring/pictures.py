"""A real photograph at any size."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from ..errors import BenchmarkError
from ..sizes import Size

_PHOTOGRAPH = "astronaut.png"  # in scikit-image's wheel: 512 x 512 px, by NASA, public domain
_DETAIL = 4  # px: the radius below which enlarging a photograph leaves nothing
_ROWS_AT_ONCE = 512


def make_picture(size: Size) -> NDArray[np.uint8]:
    """Return the photograph at `size`, H x W x 3.

    An enlarged photograph is smooth everywhere, unlike one from a larger camera. So the fine detail
    of the original, repeated and mirrored, is added to it.

    Raises:
        BenchmarkError: The photograph is not installed.
    """
    with Image.open(find_photograph()) as opened:
        photograph = opened.convert("RGB")
    if size.width <= photograph.width and size.height <= photograph.height:
        return np.asarray(photograph.crop((0, 0, size.width, size.height)))
    detail = _tile(_extract_detail(photograph), size.width)
    enlarged = photograph.resize((size.width, size.height), Image.Resampling.BICUBIC)
    picture = np.array(enlarged)
    for top in range(0, size.height, _ROWS_AT_ONCE):
        rows = picture[top : top + _ROWS_AT_ONCE]
        indices = np.arange(top, top + len(rows)) % len(detail)
        rows[:] = np.clip(rows.astype(np.int16) + detail[indices], 0, 255)
    return picture


def find_photograph() -> Path:
    """Return the path of the photograph, a file of scikit-image.

    Raises:
        BenchmarkError: scikit-image is not installed, or no longer contains it.
    """
    spec = find_spec("skimage")  # not imported: only its file is read
    path = Path(spec.origin).parent / "data" / _PHOTOGRAPH if spec and spec.origin else None
    if path is None or not path.is_file():
        raise BenchmarkError(
            f"the photograph {_PHOTOGRAPH} of scikit-image is not installed",
            remedy="run pip install '.[demo]' in the project's folder",
        )
    return path


def _extract_detail(photograph: Image.Image) -> NDArray[np.int16]:
    smooth = photograph.filter(ImageFilter.GaussianBlur(_DETAIL))
    return np.asarray(photograph, np.int16) - np.asarray(smooth, np.int16)


def _tile(detail: NDArray[np.int16], width: int) -> NDArray[np.int16]:
    """Repeat `detail` and its mirror images up to `width`, and add the result upside down."""
    times = -(-width // (2 * detail.shape[1]))
    wide = np.tile(np.concatenate([detail, detail[:, ::-1]], axis=1), (1, times, 1))[:, :width]
    return np.concatenate([wide, wide[::-1]])
