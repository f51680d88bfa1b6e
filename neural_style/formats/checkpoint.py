"""Checkpoints as PyTorch networks, in steps that can each be called alone.

path -> `read_weights` -> `build_network`; `load_network` takes both. `state_dict` and
`safetensors_file` decode the files without PyTorch.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path

import torch
from torch import Tensor

from csci_utils.errors import at_path

from ..transformer_net import TransformerNet
from .model_file import SAFETENSORS_SUFFIXES, read_style_file
from .safetensors_file import read_tensors
from .state_dict import read_state_dict
from .tensors import StoredTensor
from .weights import Weights, check_finite, check_shapes, width_of

_DTYPES = {  # by the names in `NUMPY_TYPES`
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


def load_network(path: str | PathLike[str]) -> TransformerNet:
    """Return the network with the weights in a checkpoint file, on the CPU and in eval mode.

    Nothing in the file is run.

    Raises:
        StyleError: The file cannot be read, or is not the state dict of a `TransformerNet` with
            finite weights.
        MissingDependencyError: It is a .safetensors file, and safetensors is not installed.
    """
    with at_path(path):
        return build_network(read_weights(Path(path)))


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return the state dict in a checkpoint file, in the file's precision.

    Names, shapes and values are not checked; `build_network` does that.

    Raises:
        StyleError: The file cannot be read, or is not a state dict. The error may have no path.
        MissingDependencyError: As for `load_network`.
    """
    data = read_style_file(path)
    is_safetensors = path.suffix.lower() in SAFETENSORS_SUFFIXES
    tensors = read_tensors(data) if is_safetensors else read_state_dict(data)
    return {name: to_torch(tensor) for name, tensor in tensors.items()}


def to_torch(tensor: StoredTensor) -> Tensor:
    """Return a copy with the same bits, and the same strides unless elements overlap."""
    values = tensor.values
    copy = values.astype(values.dtype.newbyteorder("="), order="K")
    return torch.from_numpy(copy).view(_DTYPES[tensor.dtype])


def build_network(state: Mapping[str, Tensor]) -> TransformerNet:
    """Return a network with the width and the weights of `state`, as fp32 and in eval mode.

    Raises:
        StyleError: Names or shapes are not those of a `TransformerNet`, or a weight is NaN or
            infinite; see `check_shapes` and `check_finite`.
    """
    weights = _to_weights(state)
    with torch.device("meta"):  # no memory for weights that are replaced anyway
        network = TransformerNet(width_of(weights))
    network.load_state_dict(
        {key: torch.from_numpy(value) for key, value in weights.items()}, strict=True, assign=True
    )
    return network.eval()


def _to_weights(state: Mapping[str, Tensor]) -> Weights:
    check_shapes({key: tuple(value.shape) for key, value in state.items()})
    weights = {
        key: value.detach().to(torch.float32).contiguous().numpy() for key, value in state.items()
    }
    check_finite(weights)
    return weights
