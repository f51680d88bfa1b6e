"""Decoding of the safetensors format, without PyTorch.

A file consists of the header's length in 8 bytes, the header as JSON, and the bytes of the tensors
without gaps: https://huggingface.co/docs/safetensors.

bytes -> `read_tensors` -> `read_raw_weights` -> `decode_weights`; each step calls the one before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import StyleError, needing
from .model_file import ZIP_MAGIC
from .weights import Weights, check_finite, check_shapes, drop_old_statistics

FLOAT_TYPES = ("F32", "F16", "BF16", "F64")
"""The types that weights may have, by their names in the format."""

_MAX_HEADER_BYTES = 2**20  # an official model has 6,500; a tensor takes about a hundred
_LENGTH_BYTES = 8
_NUMPY_TYPES = {"F32": "<f4", "F16": "<f2", "F64": "<f8"}  # NumPy has no BF16


@dataclass(frozen=True)
class RawTensor:
    """A tensor as the file stores it."""

    dtype: str
    """The format's name for its type, such as "F32" or "BF16"."""
    shape: tuple[int, ...]
    data: bytearray
    """In C order, little-endian."""


def decode_weights(data: bytes) -> Weights:
    """Return the weights in the content of a safetensors file, as fp32.

    Raises:
        StyleError: `data` is not a safetensors file, or not the checked weights of a
            `TransformerNet`. The error has no path.
        MissingDependencyError: The package safetensors is not installed.
    """
    raw = read_raw_weights(data)
    check_shapes({name: tensor.shape for name, tensor in raw.items()})
    weights = {name: to_float32(tensor) for name, tensor in raw.items()}
    check_finite(weights)
    return weights


def read_raw_weights(data: bytes) -> dict[str, RawTensor]:
    """Return the floating-point tensors in the content of a file, without old statistics.

    Raises:
        StyleError: As `read_tensors`; or a tensor has another type, or no elements.
        MissingDependencyError: The package safetensors is not installed.
    """
    tensors = read_tensors(data)
    for name, tensor in tensors.items():
        _check_weight(name, tensor)
    return drop_old_statistics(tensors)


def _check_weight(name: str, tensor: RawTensor) -> None:
    if tensor.dtype not in FLOAT_TYPES:
        raise StyleError(
            f"expected weights of type {', '.join(FLOAT_TYPES)}, got {name!r} of {tensor.dtype}",
            remedy="use a style model",
        )
    if not tensor.data:
        raise StyleError(
            f"expected weights, got {name!r} of shape {tensor.shape}, which has none",
            remedy="use a style model",
        )


def read_tensors(data: bytes) -> dict[str, RawTensor]:
    """Return all tensors in the content of a safetensors file by name.

    The tensors take no more memory than `data`.

    Raises:
        StyleError: `data` is damaged or another format: the header is too long or not JSON, or
            tensors overlap, leave gaps, or extend beyond the end.
        MissingDependencyError: The package safetensors is not installed.
    """
    _check_header(data)
    with needing("safetensors"):
        from safetensors import SafetensorError, deserialize
    try:
        entries = deserialize(data)
    except SafetensorError as error:
        raise _damaged(str(error)) from error
    return {
        name: RawTensor(entry["dtype"], tuple(entry["shape"]), entry["data"])
        for name, entry in entries
    }


def _check_header(data: bytes) -> None:
    if data.startswith(ZIP_MAGIC):
        raise StyleError(
            "expected a safetensors file, got a zip archive, as PyTorch checkpoints are",
            remedy="rename it to .pth if it is one",
        )
    header_bytes = _header_bytes(data)
    if header_bytes > _MAX_HEADER_BYTES:
        raise _damaged(f"a header of {header_bytes:,} bytes, more than {_MAX_HEADER_BYTES:,}")


def to_float32(tensor: RawTensor) -> NDArray[np.float32]:
    """Convert a tensor of one of the `FLOAT_TYPES`; values beyond fp32's range become infinite."""
    if tensor.dtype == "BF16":  # the upper half of an fp32
        upper = np.frombuffer(tensor.data, "<u2")
        values = (upper.astype(np.uint32) << 16).view(np.float32)
    else:
        with np.errstate(over="ignore"):
            stored = np.frombuffer(tensor.data, _NUMPY_TYPES[tensor.dtype])
            values = stored.astype(np.float32, copy=False)
    return values.reshape(tensor.shape)


def is_safetensors(data: bytes) -> bool:
    """Return True if `data` begins as a safetensors file does."""
    return data.startswith(b"{", _LENGTH_BYTES) and _header_bytes(data) <= _MAX_HEADER_BYTES


def _header_bytes(data: bytes) -> int:
    return int.from_bytes(data[:_LENGTH_BYTES], "little")


def _damaged(reason: str) -> StyleError:
    return StyleError(
        f"expected a safetensors file, got other or damaged data ({reason})",
        remedy="download it again",
    )
