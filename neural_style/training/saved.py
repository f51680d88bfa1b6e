"""Files that PyTorch saved: VGG-16's weights, and checkpoints of trainings."""

from __future__ import annotations

from pathlib import Path

from csci_utils.files import read_file

from ..errors import StyleError, TrainingError
from ..formats.checkpoint import to_torch
from ..formats.tensors import StoredTensor
from ..formats.torch_file import read_torch
from ..formats.torch_objects import Saved
from ..pictures.io import identify_picture
from .options import MAX_SAVED_BYTES


def read_saved(path: Path) -> object:
    """Return the object in a file that PyTorch saved; its tensors are on the CPU.

    Raises:
        TrainingError: The file cannot be read, is damaged or something else, or holds more than
            tensors, numbers, strings and containers of them. The error has no path.
    """
    data = read_file(path, TrainingError, MAX_SAVED_BYTES)
    picture_format = identify_picture(data)
    if picture_format is not None:
        raise TrainingError(
            f"expected a file that PyTorch saved, got a {picture_format} picture",
            remedy="name another file",
        )
    try:
        saved = read_torch(data, MAX_SAVED_BYTES)
    except StyleError as error:
        raise TrainingError(error.reason, remedy=error.remedy) from error
    return _to_torch(saved)


def _to_torch(saved: Saved) -> object:
    """Return a copy of a saved object with PyTorch's tensors."""
    if isinstance(saved, StoredTensor):
        return to_torch(saved)
    if isinstance(saved, dict):
        return {key: _to_torch(value) for key, value in saved.items()}
    if isinstance(saved, (list, tuple)):
        return type(saved)(map(_to_torch, saved))
    return saved
