"""Checkpoints as PyTorch networks, in steps that can each be called alone.

path -> `read_checkpoint` -> `to_style_network` -> `build_network`; `load_network` takes them all.
`state_dict` and `safetensors_file` decode the files without PyTorch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

import torch
from torch import Tensor

from csci_utils.errors import at_path

from ..errors import StyleError
from ..networks.description import NetworkDescription
from ..networks.metadata import read_ends, read_notes
from ..networks.network import StyleNetwork, make_network
from ..networks.weights import describe_shapes
from ..transformer_net import TransformerNet
from .conversion import decode_network
from .model_file import ONNX_SUFFIXES, SAFETENSORS_SUFFIXES, read_style_file
from .safetensors_file import read_metadata, read_tensors
from .state_dict import read_state_dict
from .tensors import StoredTensor

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


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint file holds, in the file's precision."""

    state: Mapping[str, Tensor]
    """All parameters by name. Names, shapes and values are not checked."""
    ends: NetworkDescription | None = None
    """What the file says about input and output: see `describe_shapes`."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """What else it says."""


def load_network(path: str | PathLike[str]) -> TransformerNet:
    """Return the network with the weights in a checkpoint file, on the CPU and in eval mode.

    Nothing in the file is run.

    Raises:
        StyleError: The file cannot be read, or is not the state dict of a network of one style
            with finite weights.
        MissingDependencyError: It is a .safetensors file, and safetensors is not installed.
    """
    with at_path(path):
        return build_network(to_style_network(read_checkpoint(Path(path))))


def read_checkpoint(path: Path) -> Checkpoint:
    """Return what a checkpoint file holds, or an ONNX graph in which a network is recognized.

    Raises:
        StyleError: The file cannot be read, or is not a state dict or such a graph. The error may
            have no path.
        MissingDependencyError: As for `load_network`.
    """
    data = read_style_file(path)
    suffix = path.suffix.lower()
    if suffix in ONNX_SUFFIXES:
        network = decode_network(data, suffix)
        state = {name: torch.from_numpy(values) for name, values in network.weights.items()}
        return Checkpoint(state, network.description, network.notes)
    if suffix not in SAFETENSORS_SUFFIXES:
        return Checkpoint(_to_state(read_state_dict(data)))
    tensors = read_tensors(data)
    metadata = read_metadata(data)
    return Checkpoint(_to_state(tensors), read_ends(metadata), read_notes(metadata))


def _to_state(tensors: Mapping[str, StoredTensor]) -> dict[str, Tensor]:
    return {name: to_torch(tensor) for name, tensor in tensors.items()}


def to_torch(tensor: StoredTensor) -> Tensor:
    """Return a copy with the same bits, and the same strides unless elements overlap."""
    values = tensor.values
    copy = values.astype(values.dtype.newbyteorder("="), order="K")
    return torch.from_numpy(copy).view(_DTYPES[tensor.dtype])


def to_style_network(checkpoint: Checkpoint) -> StyleNetwork:
    """Return the network with the weights of a checkpoint, in fp32.

    Raises:
        StyleError: Names or shapes are not those of a network, or a weight is NaN or infinite.
    """
    state = checkpoint.state
    describe_shapes({name: tuple(value.shape) for name, value in state.items()}, checkpoint.ends)
    weights = {
        name: value.detach().to(torch.float32).contiguous().numpy() for name, value in state.items()
    }
    return make_network(weights, checkpoint.ends, checkpoint.notes)


def build_network(network: StyleNetwork) -> TransformerNet:
    """Return a network as PyTorch's layers, in fp32 and in eval mode. It shares the weights.

    Raises:
        StyleError: It has several styles, of which none is chosen.
    """
    if network.description.styles > 1:
        raise StyleError(
            f"expected a network of one style, got one of {network.description.styles}",
            remedy="choose a style first",
        )
    network = network.for_levels()
    with torch.device("meta"):  # no memory for weights that are replaced anyway
        built = TransformerNet(description=network.description)
    state = {name: torch.from_numpy(values) for name, values in network.weights.items()}
    built.load_state_dict(state, strict=True, assign=True)
    return built.eval()
