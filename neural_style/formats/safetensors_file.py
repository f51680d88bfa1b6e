"""Decoding of the safetensors format, without PyTorch.

A file consists of the header's length in 8 bytes, the header as JSON, and the bytes of the tensors
without gaps: https://huggingface.co/docs/safetensors.

bytes -> `read_tensors` -> `decode_weights`; each step calls the one before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import StyleError, needing
from .model_file import ZIP_MAGIC, damaged
from .tensors import NUMPY_TYPES, StoredTensor, check_float, to_weights
from .weights import Weights, canonicalize_names

_MAX_HEADER_BYTES = 2**20  # an official model has 6,500; a tensor takes about a hundred
_LENGTH_BYTES = 8
_EXPECTED = "a safetensors file"


def decode_weights(data: bytes) -> Weights:
    """Return the weights in the content of a safetensors file, as fp32.

    Raises:
        StyleError: `data` is not a safetensors file, or not the checked weights of a
            `TransformerNet`. The error has no path.
        MissingDependencyError: The package safetensors is not installed.
    """
    return to_weights(read_tensors(data))


def read_tensors(data: bytes) -> dict[str, StoredTensor]:
    """Return the state dict in the content of a safetensors file, under its canonical names.

    The tensors take no more memory than `data`.

    Raises:
        StyleError: `data` is damaged or another format: the header is too long or not JSON, or
            tensors overlap, leave gaps, or extend beyond the end. Or a tensor is not of one of the
            `FLOAT_TYPES`, or has no elements.
        MissingDependencyError: The package safetensors is not installed.
    """
    _check_header(data)
    with needing("safetensors"):
        from safetensors import SafetensorError, deserialize
    try:
        entries = deserialize(data)
    except SafetensorError as error:
        raise damaged(str(error), _EXPECTED) from error
    return canonicalize_names({name: _to_tensor(name, entry) for name, entry in entries})


def _to_tensor(name: str, entry: Mapping[str, Any]) -> StoredTensor:
    dtype, shape, data = entry["dtype"], tuple(entry["shape"]), entry["data"]
    check_float(name, dtype)
    if not data:
        raise StyleError(
            f"expected weights, got {name!r} of shape {shape}, which has none",
            remedy="use a style model",
        )
    return StoredTensor(dtype, np.frombuffer(data, NUMPY_TYPES[dtype]).reshape(shape))


def _check_header(data: bytes) -> None:
    if data.startswith(ZIP_MAGIC):
        raise StyleError(
            "expected a safetensors file, got a zip archive, as PyTorch checkpoints are",
            remedy="rename it to .pth if it is one",
        )
    header_bytes = _header_bytes(data)
    if header_bytes > _MAX_HEADER_BYTES:
        raise damaged(
            f"a header of {header_bytes:,} bytes, more than {_MAX_HEADER_BYTES:,}", _EXPECTED
        )


def is_safetensors(data: bytes) -> bool:
    """Return True if `data` begins as a safetensors file does."""
    return data.startswith(b"{", _LENGTH_BYTES) and _header_bytes(data) <= _MAX_HEADER_BYTES


def _header_bytes(data: bytes) -> int:
    return int.from_bytes(data[:_LENGTH_BYTES], "little")
