"""What `torch.save` wrote, read so that nothing in it is executed."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO
from pickle import UnpicklingError

import torch

from ..system.warning_filter import without_warnings
from .model_file import ZIP_MAGIC

_NAMED_GLOBAL = re.compile(r"GLOBAL (\S+)")  # in what PyTorch's restricted unpickler says


class TorchFileError(Exception):
    """Data that is no such file, or a damaged one.

    The message says what was expected and what came; what to do is for the caller to add.
    """


class TooLargeError(TorchFileError):
    """A file that would unpack to more than is wanted."""


class CodeError(TorchFileError):
    """A file that asks to run something."""


def read_torch(data: bytes, max_bytes: int) -> object:
    """What is in `data`: tensors, numbers, strings and containers of them; tensors on the CPU.

    Raises:
        TooLargeError: it would unpack to more than `max_bytes`.
        CodeError: it names anything that would have to be imported and called.
        TorchFileError: it is damaged or something else.
    """
    if data.startswith(ZIP_MAGIC):  # PyTorch tells archives from its older format by this, too
        _check_archive(data, max_bytes)
    try:
        with without_warnings():  # about pickles that are refused anyway
            saved: object = torch.load(BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # KeyError, EOFError, RuntimeError, ...: the content decides
        named = _NAMED_GLOBAL.search(str(error)) if isinstance(error, UnpicklingError) else None
        if named is None:
            raise TorchFileError(
                "expected a PyTorch checkpoint, got other or damaged data"
            ) from error
        raise CodeError(
            f"expected nothing but weights, got a file that asks to run {named[1]}, which was not "
            "done"
        ) from error
    return saved


def _check_archive(data: bytes, max_bytes: int) -> None:
    """Refuse a zip archive that is damaged, or that would unpack to more than `max_bytes`.

    PyTorch verifies no checksums: without this, a flipped bit is a slightly different weight.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
            damaged = archive.testzip() if unpacked <= max_bytes else None
    except Exception as error:  # BadZipFile, zlib.error, NotImplementedError, ...
        raise TorchFileError(
            f"expected a PyTorch checkpoint, got a damaged or incomplete zip archive ({error})"
        ) from error
    if unpacked > max_bytes:
        raise TooLargeError(f"expected at most {max_bytes:,} bytes when unpacked, got {unpacked:,}")
    if damaged is not None:
        raise TorchFileError(
            f"expected an intact checkpoint, but {damaged} in it does not match its checksum"
        )
