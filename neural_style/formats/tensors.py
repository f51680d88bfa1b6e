"""Tensors as the checkpoint formats store them, and as networks, without PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import StyleError
from ..networks.description import NetworkDescription
from ..networks.network import StyleNetwork, complete_network
from ..networks.weights import describe_shapes

NUMPY_TYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "<i1",
    "U8": "<u1",
    "BOOL": "<u1",
}
"""NumPy's types, little-endian, by safetensors' names. NumPy has no BF16: these are its bits."""

FLOAT_TYPES = ("F32", "F16", "BF16", "F64")
"""The types that weights may have."""


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A tensor in its file's precision."""

    dtype: str
    """The name of its type, one of `NUMPY_TYPES`."""
    values: NDArray[Any]
    """A view of the file's bytes with any strides and either byte order; perhaps read-only."""


def to_network(
    tensors: Mapping[str, StoredTensor],
    ends: NetworkDescription | None = None,
    notes: Mapping[str, str] | None = None,
) -> StyleNetwork:
    """Return the network with these parameters as fp32, in memory of their own.

    Args:
        tensors: By name.
        ends: What the file says about input and output: see `describe_shapes`.
        notes: What else it says.

    Raises:
        StyleError: See `describe_shapes` and `complete_network`. The error has no path.
    """
    # Before anything is converted, which takes memory.
    shapes = {name: tensor.values.shape for name, tensor in tensors.items()}
    description = describe_shapes(shapes, ends)
    weights = {name: to_float32(tensor) for name, tensor in tensors.items()}
    return complete_network(description, weights, notes)


def check_float(name: str, dtype: str) -> None:
    """Check that a tensor's type is one of the `FLOAT_TYPES`.

    Raises:
        StyleError: It is another type.
    """
    if dtype not in FLOAT_TYPES:
        raise StyleError(
            f"expected weights of type {', '.join(FLOAT_TYPES)}, got {name!r:.80} of {dtype}",
            remedy="use a style model",
        )


def to_float32(tensor: StoredTensor) -> NDArray[np.float32]:
    """Return a copy in C order; values beyond fp32's range become infinite."""
    if tensor.dtype == "BF16":  # the upper half of an fp32
        return (tensor.values.astype(np.uint32, order="C") << 16).view(np.float32)
    with np.errstate(all="ignore"):
        return tensor.values.astype(np.float32, order="C")
