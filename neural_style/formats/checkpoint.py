"""Checkpoints as PyTorch networks, in steps that can each be called alone.

bytes -> `read_checkpoint` or `read_safetensors` -> `to_state_dict` -> `build_network`.
`load_network` takes all of them. The errors of the single steps have no path.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path

import torch
from torch import Tensor

from csci_utils.errors import at_path

from ..errors import StyleError
from ..transformer_net import TransformerNet
from .model_file import MAX_STYLE_BYTES, SAFETENSORS_SUFFIXES, read_style_file
from .safetensors_file import is_safetensors, read_raw_weights
from .torch_file import read_torch
from .weights import Weights, check_finite, check_shapes, drop_old_statistics, width_of

_SAVE_STATE_DICT = "save the model's state_dict()"
_DTYPES = {  # of safetensors' `FLOAT_TYPES`
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F64": torch.float64,
}


def load_network(path: str | PathLike[str]) -> TransformerNet:
    """Return the network with the weights in a checkpoint file, on the CPU and in eval mode.

    Nothing in the file is executed.

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
    if path.suffix.lower() in SAFETENSORS_SUFFIXES:
        return to_state_dict(read_safetensors(data))
    return to_state_dict(read_checkpoint(data))


def decode_checkpoint(data: bytes) -> Weights:
    """Return the weights in the content of a file that `torch.save` wrote, as fp32.

    Raises:
        StyleError: As for `load_network`. The error has no path.
    """
    return _to_weights(to_state_dict(read_checkpoint(data)))


def read_checkpoint(data: bytes) -> object:
    """Return the object in the content of a file that `torch.save` wrote.

    It consists of tensors, numbers, strings and containers of them.

    Raises:
        StyleError: `data` is damaged or another format, or refers to code.
    """
    if is_safetensors(data):
        raise StyleError(
            "expected a PyTorch checkpoint, got a safetensors file",
            remedy="rename it to .safetensors",
        )
    return read_torch(data, StyleError, MAX_STYLE_BYTES)


def read_safetensors(data: bytes) -> dict[str, Tensor]:
    """Return the tensors in the content of a safetensors file.

    Raises:
        StyleError: See `read_raw_weights`.
        MissingDependencyError: The package safetensors is not installed.
    """
    return {
        name: torch.frombuffer(raw.data, dtype=_DTYPES[raw.dtype]).reshape(raw.shape)
        for name, raw in read_raw_weights(data).items()
    }


def to_state_dict(checkpoint: object) -> dict[str, Tensor]:
    """Return a checkpoint's weights, without old statistics.

    Raises:
        StyleError: `checkpoint` is not a mapping from names to dense floating-point tensors on the
            CPU.
    """
    if not isinstance(checkpoint, Mapping):
        raise StyleError(
            f"expected a state dict, got a {type(checkpoint).__name__}", remedy=_SAVE_STATE_DICT
        )
    for key, value in checkpoint.items():
        if not (isinstance(key, str) and _is_weight(value)):
            raise StyleError(
                "expected a state dict of dense floating-point tensors on the CPU, got "
                f"{key!r} with a {type(value).__name__} of another kind",
                remedy=_SAVE_STATE_DICT,
            )
    return drop_old_statistics(checkpoint)


def _is_weight(value: object) -> bool:
    return (
        isinstance(value, Tensor)
        and value.layout == torch.strided
        and value.device.type == "cpu"
        and value.dtype in _DTYPES.values()
    )


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
