"""The reference implementation's helpers, and the picture functions, under their known names.

Importing this module does not import PyTorch.
"""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from csci_utils.errors import at_path

from .errors import PictureError
from .pictures.arrays import to_levels
from .pictures.file_formats import PICTURE_SUFFIXES, format_for
from .pictures.io import decode_picture, load_picture, save_picture
from .pictures.resizing import limit_side, resize, scale_down

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "IMAGENET_MEAN",
    "IMAGENET_STD",
    "PICTURE_SUFFIXES",
    "decode_picture",
    "format_for",
    "gram_matrix",
    "limit_side",
    "load_image",
    "load_picture",
    "normalize_batch",
    "resize",
    "save_image",
    "save_picture",
    "scale_down",
]

IMAGENET_MEAN = (0.485, 0.456, 0.406)
"""Mean of ImageNet's RGB values in 0..1, as torchvision documents it for its weights."""

IMAGENET_STD = (0.229, 0.224, 0.225)
"""Standard deviation of ImageNet's RGB values in 0..1, from the same source."""


def load_image(
    filename: str | PathLike[str], size: int | None = None, scale: float | None = None
) -> Image.Image:
    """Read a picture in mode RGB, upright, and resize it with the Lanczos filter if asked to.

    Args:
        filename: The picture to read. Transparency is dropped; the colors below it stay.
        size: Make the picture `size` x `size` px, whatever its proportions are.
        scale: Divide both sides by this number, rounded down. Ignored if `size` is given.

    Raises:
        PictureError: The file is not a readable picture, or cannot have this size or scale.
    """
    picture = load_picture(filename).convert("RGB")
    with at_path(filename):
        if size is not None:
            return _resize_to_square(picture, size)
        return picture if scale is None else scale_down(picture, scale)


def _resize_to_square(picture: Image.Image, side: int) -> Image.Image:
    if side < 1:
        raise PictureError(
            f"cannot be resized to {side}x{side} px", remedy="choose a size of at least 1 px"
        )
    return picture.resize((side, side), Image.Resampling.LANCZOS)


def save_image(filename: str | PathLike[str], data: Tensor) -> None:
    """Write a tensor as a picture, in the format of the file's suffix.

    Args:
        filename: The file to write.
        data: C x H x W on any device, with C = 3 for RGB or 4 for RGBA. Values are clamped to
            0..255, then their fractions are cut off. The tensor is not changed.

    Raises:
        PictureError: The shape or the suffix is not supported, or the file cannot be written.
    """
    if data.ndim != 3 or data.shape[0] not in (3, 4):
        raise PictureError(
            f"expected a tensor of 3 or 4 x H x W, got {' x '.join(map(str, data.shape))}",
            path=filename,
            remedy="save the pictures of a batch one by one",
        )
    levels = to_levels(data.detach().cpu().float().numpy()[np.newaxis])
    save_picture(Image.fromarray(levels), filename)


def gram_matrix(y: Tensor) -> Tensor:
    """Return the Gram matrices of a batch of feature maps, divided by their number of values.

    Args:
        y: B x C x H x W.

    Returns:
        B x C x C. Entry i, j is the sum over all places of channel i times channel j, divided by
        C * H * W: https://arxiv.org/abs/1603.08155, equation 3.
    """
    _, channels, height, width = y.shape
    features = y.flatten(start_dim=2)
    return features @ features.transpose(1, 2) / (channels * height * width)


def normalize_batch(batch: Tensor) -> Tensor:
    """Return pictures as VGG-16 was trained on them: scaled to 0..1, then standardized.

    Args:
        batch: B x 3 x H x W, RGB, 0..255. Unlike the reference implementation's function, this
            one does not change it.
    """
    mean = batch.new_tensor(IMAGENET_MEAN).view(3, 1, 1)
    std = batch.new_tensor(IMAGENET_STD).view(3, 1, 1)
    return (batch / 255 - mean) / std
