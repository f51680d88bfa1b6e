"""Small images, encoded and decoded."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from PIL import Image

from neural_style.pictures.codecs import heif
from neural_style.pictures.decoding import decode_picture

if TYPE_CHECKING:
    import numpy as np


def encode(image: Image.Image, format: str, **options: Any) -> bytes:
    """Return the image as a file of Pillow's `format`; options go to `Image.save`."""
    if format == heif.FORMAT:
        heif.register()
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def encode_gray(size: tuple[int, int], format: str) -> bytes:
    """Return a black grayscale image of width x height px as a file."""
    return encode(Image.new("L", size), format)


def decode_rgb(content: bytes) -> np.ndarray[Any, np.dtype[np.int16]]:
    """Return the pixels of an image file, H x W x 3, 0 to 255, in a type that can be subtracted."""
    import numpy as np

    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"), dtype=np.int16)


def decode_levels(content: bytes) -> list[list[list[int]]]:
    """Return the levels, 0 to 255, that our decoder finds in an image file: rows of pixels."""
    import numpy as np

    rows: list[list[list[int]]] = np.asarray(decode_picture(content)).tolist()
    return rows
