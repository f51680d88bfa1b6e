"""From a network to a file that `load` takes, in the format that its suffix names."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from os import PathLike
from pathlib import Path

import torch
from torch import Tensor

from csci_utils.errors import at_path
from csci_utils.files import check_place, replacing

from ..errors import StyleError, needing
from ..transformer_net import TransformerNet
from .checkpoint import build_network, read_weights
from .model_file import ONNX_SUFFIXES, SAFETENSORS_SUFFIXES, STYLE_SUFFIXES
from .onnx_export import export_network
from .weights import check_shapes

_METADATA = {"format": "pt"}  # tells other readers of safetensors whose layout this is


def save_network(network: TransformerNet, path: str | PathLike[str]) -> None:
    """Write `network` to `path`, which becomes the whole file or stays what it was.

    Args:
        network: on any device and in either mode; it is left as it is.
        path: ending in .pth or .pt for a plain state dict, as the reference implementation writes
            and reads it; in .safetensors for the same weights; in .onnx for a graph that paints
            pictures of any size.

    Raises:
        StyleError: the suffix is none of these, a weight is NaN or infinite, or the file cannot be
            written.
        MissingDependencyError: safetensors, or onnxscript for .onnx, is not installed.
    """
    path = Path(path)
    suffix = _check_output(path)
    with at_path(path):
        data = encode_weights(network.state_dict(), suffix)
    _write(data, path)


def convert(model_path: str | PathLike[str], output_path: str | PathLike[str]) -> None:
    """Write the checkpoint at `model_path` to `output_path`, in the format of its suffix.

    Weights keep their precision, bit by bit, but in a graph they are fp32; what old checkpoints
    hold besides weights is left out. Both paths may be the same.

    Raises:
        StyleError: as `load_network` and `save_network`; or `model_path` is a graph, which cannot
            be turned back into a checkpoint.
        MissingDependencyError: as `save_network`.
    """
    model_path, output_path = Path(model_path), Path(output_path)
    suffix = _check_output(output_path)
    with at_path(model_path):
        if model_path.suffix.lower() in ONNX_SUFFIXES:
            raise StyleError(
                "expected a checkpoint, got an ONNX graph, which cannot be turned back into one; "
                "start from the checkpoint that it was made from"
            )
        data = encode_weights(read_weights(model_path), suffix)
    _write(data, output_path)


def encode_weights(state: Mapping[str, Tensor], suffix: str) -> bytes:
    """The content of a file of this suffix with the weights of `state`.

    The same weights give the same bytes.

    Raises:
        StyleError: as `build_network`. The message names no file.
        MissingDependencyError: as `save_network`.
    """
    check_shapes({key: tuple(value.shape) for key, value in state.items()})
    # Copies on the CPU, without strides, and without what they may be views of.
    plain = {
        key: value.detach().cpu().clone(memory_format=torch.contiguous_format)
        for key, value in state.items()
    }
    network = build_network(plain)  # what `load` would refuse is not written
    if suffix in ONNX_SUFFIXES:
        return export_network(network)
    in_order = {key: plain[key] for key in network.state_dict()}
    if suffix in SAFETENSORS_SUFFIXES:
        with needing("safetensors"):
            from safetensors.torch import save
        return bytes(save(in_order, _METADATA))
    file = BytesIO()  # given a path, PyTorch would put its name into the file
    torch.save(in_order, file)
    return file.getvalue()


def _check_output(path: Path) -> str:
    """The suffix of `path` in lower case; raises StyleError if nothing can be written there."""
    suffix = path.suffix.lower()
    if suffix not in STYLE_SUFFIXES:
        raise StyleError(
            f"{path}: expected a name ending in {', '.join(sorted(STYLE_SUFFIXES))}, got the "
            f"suffix {suffix!r}; end it in that of the format to write"
        )
    check_place(path, StyleError)
    return suffix


def _write(data: bytes, path: Path) -> None:
    with replacing(path, StyleError) as temporary_path:
        temporary_path.write_bytes(data)
