"""Small images and models in many versions, and what each pair of them paints."""

from __future__ import annotations

from functools import cache
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from neural_style import NeuralStyleError, PaintingRequest, RenderingOptions, paint_file
from pset_4.names import DEFAULT_IMAGE, DEFAULT_MODEL
from tests.support.files.pictures import encode
from tests.support.networks.models import make_model

IMAGES = (DEFAULT_IMAGE, "photo.png")
MODELS = (DEFAULT_MODEL, "other.pth")
PATHS = (*(f"images/{name}" for name in IMAGES), *(f"saved_models/{name}" for name in MODELS))
"""The paths of all images and models in the remote and in the data folder."""

VERSIONS = 4
"""How many versions of each file there are. Version 0 is cut off."""


@cache
def make_version(name: str, number: int) -> bytes:
    """Return a version of an image or a model; all are different."""
    if number == 0:
        whole = make_version(name, VERSIONS)
        return whole[: len(whole) // 2]
    seed = 1000 * number + [*IMAGES, *MODELS].index(name)
    return make_image(name, seed) if name in IMAGES else make_model(seed, base_width=1)


def make_image(name: str, seed: int, side: int = 8) -> bytes:
    """Return an image of noise, in the format of its name."""
    levels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return encode(Image.fromarray(levels), {".jpg": "JPEG", ".png": "PNG"}[PurePath(name).suffix])


def is_whole(name: str, content: bytes) -> bool:
    """Return whether these are the bytes of a version that can be used."""
    return content != make_version(name, 0)


@cache
def paint(name: str, style: str, image: bytes, model: bytes) -> bytes | None:
    """Return the result that is painted from scratch; None if an input is not whole.

    The names of the image and of the style's file are in its metadata.
    """
    with TemporaryDirectory() as folder:
        image_path, model_path = Path(folder, name), Path(folder, style)
        image_path.write_bytes(image)
        model_path.write_bytes(model)
        output_path = Path(folder, f"painted-{name}")
        request = PaintingRequest(image_path, model_path, output_path, RenderingOptions())
        try:
            paint_file(request)
        except NeuralStyleError:
            return None
        return output_path.read_bytes()
