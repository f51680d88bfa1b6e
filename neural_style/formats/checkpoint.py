"""From a checkpoint file to a network, in steps that can each be called alone.

bytes -> `read_checkpoint` or `read_safetensors` -> `to_state_dict` -> `build_network`;
`load_network` takes them all. Only it knows the file's name; the steps' errors do not mention it.
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
from .torch_file import CodeError, TooLargeError, TorchFileError, read_torch
from .weights import Weights, check_finite, check_shapes, drop_old_statistics, width_of

_DTYPES = {  # see `FLOAT_TYPES`
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F64": torch.float64,
}
_REMEDIES = {
    CodeError: "save the model's state_dict() instead, or do not trust this file",
    TooLargeError: "this is no style model",
    TorchFileError: "download it again",
}


def load_network(path: str | PathLike[str]) -> TransformerNet:
    """The network whose weights are in the checkpoint at `path`, on the CPU and in eval mode.

    Raises:
        StyleError: the file is anything but a readable state dict of such a network with finite
            weights. Nothing in the file is executed to find that out.
        MissingDependencyError: it is a .safetensors file, and safetensors is not installed.
    """
    with at_path(path):
        return build_network(read_weights(Path(path)))


def read_weights(path: Path) -> dict[str, Tensor]:
    """The state dict in the checkpoint at `path`, in the precision that the file has.

    Raises:
        StyleError: as `load_network`, but for names, shapes and values, which `build_network`
            looks at. The message does not name the file.
        MissingDependencyError: as `load_network`.
    """
    data = read_style_file(path)
    if path.suffix.lower() in SAFETENSORS_SUFFIXES:
        return to_state_dict(read_safetensors(data))
    return to_state_dict(read_checkpoint(data))


def decode_checkpoint(data: bytes) -> Weights:
    """The weights in the bytes of a checkpoint that `torch.save` wrote, as fp32.

    Raises:
        StyleError: as `load_network`. The message does not name the file.
    """
    return _to_weights(to_state_dict(read_checkpoint(data)))


def read_checkpoint(data: bytes) -> object:
    """What `torch.save` wrote, as long as it is tensors, numbers, strings and containers of them.

    Raises:
        StyleError: `data` is damaged, no checkpoint, or names anything that would have to be
            imported and called.
    """
    if is_safetensors(data):
        raise StyleError(
            "expected a PyTorch checkpoint, got a safetensors file; rename it to .safetensors"
        )
    try:
        return read_torch(data, MAX_STYLE_BYTES)
    except TorchFileError as error:
        raise StyleError(f"{error}; {_REMEDIES[type(error)]}") from error


def read_safetensors(data: bytes) -> dict[str, Tensor]:
    """The tensors in the bytes of a safetensors file.

    Raises:
        StyleError, MissingDependencyError: as `read_raw_weights`.
    """
    return {
        name: torch.frombuffer(raw.data, dtype=_DTYPES[raw.dtype]).reshape(raw.shape)
        for name, raw in read_raw_weights(data).items()
    }


def to_state_dict(checkpoint: object) -> dict[str, Tensor]:
    """The weights in `checkpoint`, without old statistics.

    Raises:
        StyleError: it is no mapping from names to dense tensors of floating-point numbers.
    """
    if not isinstance(checkpoint, Mapping):
        raise StyleError(
            f"expected a state dict, got a {type(checkpoint).__name__}; "
            "save the model's state_dict()"
        )
    for key, value in checkpoint.items():
        if not (isinstance(key, str) and _is_weight(value)):
            raise StyleError(
                f"expected a state dict of dense floating-point tensors on the CPU, got "
                f"{key!r} with a {type(value).__name__} of another kind; "
                "save the model's state_dict()"
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
    """The network of the width that `state` has, in eval mode, with its weights as fp32.

    Raises:
        StyleError: names or shapes are not exactly those of a `TransformerNet` up to
            `MAX_BASE_WIDTH`, or a weight is NaN or infinite.
    """
    weights = _to_weights(state)
    with torch.device("meta"):  # shapes without memory: the weights have theirs
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
