"""What `torch.save` wrote, read so that nothing in it is executed."""

from __future__ import annotations

import pickle
import zipfile
from io import BytesIO
from pathlib import Path

import torch

from ..errors import TrainingError
from ..files import read_file
from ..quiet import without_warnings
from ..utils import identify_picture

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
        if zipfile.is_zipfile(BytesIO(data)):
            _check_archive(data)
        with without_warnings():  # about pickles that are refused anyway
            saved: object = torch.load(BytesIO(data), map_location="cpu", weights_only=True)
    except TrainingError:
        raise
    except Exception as error:  # UnpicklingError, KeyError, EOFError, ...: the content decides
        raise TrainingError(f"{_EXPECTED}, got {_describe(data, error)}") from error
    return saved


def _check_archive(data: bytes) -> None:
    """PyTorch itself verifies no checksums, and unpacks whatever size."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > MAX_BYTES:
            raise TrainingError(
                f"expected at most {MAX_BYTES:,} bytes when unpacked, got {unpacked:,}; "
                "is this the right file?"
            )
        damaged = archive.testzip()
    if damaged is not None:
        raise zipfile.BadZipFile(f"{damaged} does not match its checksum")


def _describe(data: bytes, error: Exception) -> str:
    picture_format = identify_picture(data)
    if picture_format is not None:
        return f"a {picture_format} picture; name another file"
    if isinstance(error, pickle.UnpicklingError) and "Unsupported global" in str(error):
        return "one that asks to run code, which was not done; save a state_dict() instead"
    return "other or damaged data; copy it again"
