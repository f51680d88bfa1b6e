"""Decoding of files that `torch.save` wrote, without executing anything in them.

Such a file is a zip archive with a pickle and the bytes of its tensors, or, from before PyTorch
1.6, a series of pickles.
"""

from __future__ import annotations

import zipfile
from contextlib import suppress
from io import BytesIO

import torch
from torch.serialization import get_unsafe_globals_in_checkpoint

from csci_utils.errors import DescribedError

from ..system.warning_filter import suppress_warnings
from .model_file import ZIP_MAGIC
from .weights import list_names

_EXPECTED = "expected a file that PyTorch saved, of tensors, numbers and strings alone"


def read_torch(data: bytes, error_type: type[DescribedError], max_bytes: int) -> object:
    """Return the saved object: tensors on the CPU, numbers, strings, and containers of them.

    Raises:
        error_type: `data` is damaged or something else, would unpack to more than `max_bytes`, or
            refers to code, which would have to be imported and called. The error has no path.
    """
    if data.startswith(ZIP_MAGIC):  # PyTorch tells archives from the old format by this, too
        _check_archive(data, error_type, max_bytes)
    try:
        with suppress_warnings():  # PyTorch warns of pickles that it then refuses
            saved: object = torch.load(BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # KeyError, EOFError, RuntimeError and others, by the content
        raise _describe_failure(data, error_type) from error
    return saved


def _check_archive(data: bytes, error_type: type[DescribedError], max_bytes: int) -> None:
    """Refuse a zip archive that is damaged, or would unpack to more than `max_bytes`.

    PyTorch does not verify checksums: a flipped bit would become a slightly different weight.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
            damaged = archive.testzip() if unpacked <= max_bytes else None
    except Exception as error:  # BadZipFile, zlib.error, NotImplementedError and others
        raise _damaged(f" (not an intact zip archive: {error})", error_type) from error
    if unpacked > max_bytes:
        raise error_type(
            f"expected at most {max_bytes:,} bytes when unpacked, got {unpacked:,}",
            remedy="is this the right file?",
        )
    if damaged is not None:
        raise _damaged(f" ({damaged} in it does not match its checksum)", error_type)


def _describe_failure(data: bytes, error_type: type[DescribedError]) -> DescribedError:
    """Return the error for data that PyTorch refuses to load."""
    names = _find_unsafe_globals(data)
    if names:
        return error_type(
            f"{_EXPECTED}, got one that asks to run code, which was not done: {list_names(names)}",
            remedy="save the model's state_dict() instead, or do not trust this file",
        )
    return _damaged("", error_type)


def _damaged(detail: str, error_type: type[DescribedError]) -> DescribedError:
    return error_type(
        f"{_EXPECTED}, got other or damaged data{detail}",
        remedy="copy it again, or save the state_dict() if it is a whole model",
    )


def _find_unsafe_globals(data: bytes) -> list[str]:
    """Return the names of classes and functions that a file refers to, besides PyTorch's own.

    The pickle is disassembled, not executed. Empty for a file in the old format.
    """
    with suppress(Exception):  # damaged data
        return get_unsafe_globals_in_checkpoint(BytesIO(data))
    return []
