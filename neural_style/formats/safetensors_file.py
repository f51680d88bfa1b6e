"""The tensors in a safetensors file, read without PyTorch.

Format: https://huggingface.co/docs/safetensors. The header's length in 8 bytes, the header as
JSON, and then the tensors' bytes without gaps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import StyleError, needing
from .model_file import ZIP_MAGIC
from .weights import Weights, check_finite, check_shapes, drop_old_statistics

MAX_HEADER_BYTES = 2**20  # that of an official model has 6,500; each tensor takes about a hundred

FLOAT_TYPES = ("F32", "F16", "BF16", "F64")
"""What weights are stored in, by the names that safetensors has for them."""

_READ_AS = {"F32": "<f4", "F16": "<f2", "F64": "<f8"}
_LENGTH_BYTES = 8


@dataclass(frozen=True)
class RawTensor:
    """One tensor as the file has it."""

    dtype: str  # as the format calls it, such as "F32" or "BF16"
    shape: tuple[int, ...]
    data: bytearray  # in C order, little-endian


def decode_weights(data: bytes) -> Weights:
    """The weights in the bytes of a safetensors file, as fp32.

    Raises:
        StyleError: as `read_raw_weights`, `check_shapes` and `check_finite`. The message does not
            name the file.
        MissingDependencyError: safetensors is not installed.
    """
    raw = read_raw_weights(data)
    check_shapes({name: tensor.shape for name, tensor in raw.items()})
    weights = {name: to_float32(tensor) for name, tensor in raw.items()}
    check_finite(weights)
    return weights


def read_raw_weights(data: bytes) -> dict[str, RawTensor]:
    """The tensors in the bytes of a safetensors file, without old statistics.

    Raises:
        StyleError: `data` is damaged or no such file, or a tensor is not of the types that weights
            have.
        MissingDependencyError: safetensors is not installed.
    """
    tensors = read_tensors(data)
    for name, tensor in tensors.items():
        if tensor.dtype not in FLOAT_TYPES:
            raise StyleError(
                f"expected weights of type {', '.join(FLOAT_TYPES)}, got {name!r} of "
                f"{tensor.dtype}; this is no style model"
            )
        if not tensor.data:
            raise StyleError(
                f"expected weights, got {name!r} of shape {tensor.shape}, which has none; "
                "this is no style model"
            )
    return drop_old_statistics(tensors)


def read_tensors(data: bytes) -> dict[str, RawTensor]:
    """The tensors by their names, from the bytes of a safetensors file.

    Raises:
        StyleError: `data` is damaged or something else: a header that is too long or no JSON, or
            tensors that overlap, leave gaps or reach beyond the file. Memory is taken for no more
            than `data` has.
        MissingDependencyError: safetensors is not installed.
    """
    if data.startswith(ZIP_MAGIC):
        raise StyleError(
            "expected a safetensors file, got a zip archive, as PyTorch checkpoints are; "
            "rename it to .pth if it is one"
        )
    header_length = _header_length(data)
    if header_length > MAX_HEADER_BYTES:
        raise _damaged(f"a header of {header_length:,} bytes, more than {MAX_HEADER_BYTES:,}")
    with needing("safetensors"):
        from safetensors import SafetensorError, deserialize
    try:
        entries = deserialize(data)
    except SafetensorError as error:
        raise _damaged(str(error).removeprefix("Error while deserializing: ")) from error
    return {
        name: RawTensor(entry["dtype"], tuple(entry["shape"]), entry["data"])
        for name, entry in entries
    }


def to_float32(tensor: RawTensor) -> NDArray[np.float32]:
    """The values of a tensor of one of the `FLOAT_TYPES`; F64 beyond fp32's range is infinite."""
    if tensor.dtype == "BF16":  # the upper half of an fp32
        upper = np.frombuffer(tensor.data, "<u2")
        values = (upper.astype(np.uint32) << 16).view(np.float32)
    else:
        with np.errstate(over="ignore"):
            values = np.frombuffer(tensor.data, _READ_AS[tensor.dtype]).astype(
                np.float32, copy=False
            )
    return values.reshape(tensor.shape)


def is_safetensors(data: bytes) -> bool:
    """Whether `data` begins as a safetensors file does."""
    return data.startswith(b"{", _LENGTH_BYTES) and _header_length(data) <= MAX_HEADER_BYTES


def _header_length(data: bytes) -> int:
    return int.from_bytes(data[:_LENGTH_BYTES], "little")


def _damaged(reason: str) -> StyleError:
    return StyleError(
        f"expected a safetensors file, got other or damaged data ({reason}); download it again"
    )
