"""Files that PyTorch saved: VGG-16's weights, and checkpoints of trainings."""

from __future__ import annotations

from pathlib import Path

from csci_utils.files import read_file

from ..errors import TrainingError
from ..formats.torch_file import read_torch
from ..pictures.io import identify_picture

MAX_BYTES = 2**30  # twice the whole of torchvision's vgg16


def read_saved(path: Path) -> object:
    """Return the object in a file that PyTorch saved; its tensors are on the CPU.

    Raises:
        TrainingError: The file cannot be read, is damaged or something else, or holds more than
            tensors, numbers, strings and containers of them. The error has no path.
    """
    data = read_file(path, TrainingError, MAX_BYTES)
    picture_format = identify_picture(data)
    if picture_format is not None:
        raise TrainingError(
            f"expected a file that PyTorch saved, got a {picture_format} picture",
            remedy="name another file",
        )
    return read_torch(data, TrainingError, MAX_BYTES)
