"""Files that PyTorch saved: the judging network's weights, and checkpoints of trainings."""

from __future__ import annotations

from pathlib import Path

from csci_utils.files import read_file

from ..errors import TrainingError
from ..formats.torch_file import CodeError, TooLargeError, TorchFileError, read_torch
from ..pictures.io import identify_picture

MAX_BYTES = 2**30  # twice the whole of torchvision's vgg16

_EXPECTED = "expected a file that PyTorch saved, of tensors, numbers and strings alone"


def read_saved(path: Path) -> object:
    """What is in the file, its tensors on the CPU.

    Raises:
        TrainingError: the file cannot be read, is damaged or something else, or holds more than
            tensors, numbers, strings and containers of them. The message does not name the file.
    """
    data = read_file(path, TrainingError, MAX_BYTES)
    try:
        return read_torch(data, MAX_BYTES)
    except TooLargeError as error:
        raise TrainingError(f"{error}; is this the right file?") from error
    except TorchFileError as error:
        raise TrainingError(f"{_EXPECTED}, got {_describe(data, error)}") from error


def _describe(data: bytes, error: TorchFileError) -> str:
    picture_format = identify_picture(data)
    if picture_format is not None:
        return f"a {picture_format} picture; name another file"
    if isinstance(error, CodeError):
        return "one that asks to run code, which was not done; save a state_dict() instead"
    return "other or damaged data; copy it again"
