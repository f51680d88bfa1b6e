"""Writing of style files in all formats that `load` takes, and conversion between them."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from os import PathLike
from pathlib import Path

import torch
from torch import Tensor

from csci_utils.errors import at_path
from csci_utils.files import replacing

from ..errors import StyleError, needing
from ..transformer_net import TransformerNet
from .checkpoint import build_network, read_weights
from .conversion import check_output, refuse_graph
from .model_file import ONNX_SUFFIXES, SAFETENSORS_SUFFIXES
from .onnx_export import export_network
from .weights import check_shapes

_METADATA = {"format": "pt"}  # as PyTorch writes it; other programs read it


def save_network(network: TransformerNet, path: str | PathLike[str]) -> None:
    """Write `network` to `path` atomically.

    Args:
        network: On any device and in either mode; it is not changed.
        path: Its suffix names the format: .pth or .pt for a state dict as the reference
            implementation writes it, .safetensors for the same weights in that format, .onnx for a
            graph that paints pictures of any size.

    Raises:
        StyleError: The suffix is unknown, a weight is NaN or infinite, or the file cannot be
            written.
        MissingDependencyError: safetensors, or onnxscript for .onnx, is not installed.
    """
    path = Path(path)
    suffix = check_output(path)
    with at_path(path):
        data = encode_weights(network.state_dict(), suffix)
    _write(data, path)


def convert(model_path: str | PathLike[str], output_path: str | PathLike[str]) -> None:
    """Write a checkpoint to another file atomically, in the format that the file's suffix names.

    A checkpoint's weights keep every bit; a graph's weights are fp32. Old statistics are dropped.
    Both paths may be the same.

    Raises:
        StyleError: See `load_network` and `save_network`; or `model_path` is an ONNX graph, which
            cannot be converted to a checkpoint.
        MissingDependencyError: As for `save_network`.
    """
    model_path, output_path = Path(model_path), Path(output_path)
    suffix = check_output(output_path)
    with at_path(model_path):
        refuse_graph(model_path)
        data = encode_weights(read_weights(model_path), suffix)
    _write(data, output_path)


def encode_weights(state: Mapping[str, Tensor], suffix: str) -> bytes:
    """Return the content of a style file; equal weights give equal bytes.

    Args:
        state: The state dict of a `TransformerNet`.
        suffix: One of `STYLE_SUFFIXES`.

    Raises:
        StyleError: See `build_network`. The error has no path.
        MissingDependencyError: As for `save_network`.
    """
    check_shapes({key: tuple(value.shape) for key, value in state.items()})
    # Contiguous copies on the CPU, so that no view brings the rest of its storage along.
    plain = {
        key: value.detach().cpu().clone(memory_format=torch.contiguous_format)
        for key, value in state.items()
    }
    network = build_network(plain)  # raises an error for what `load` would refuse
    if suffix in ONNX_SUFFIXES:
        return export_network(network)
    ordered = {key: plain[key] for key in network.state_dict()}
    is_safetensors = suffix in SAFETENSORS_SUFFIXES
    return _encode_safetensors(ordered) if is_safetensors else _encode_checkpoint(ordered)


def _encode_safetensors(state: dict[str, Tensor]) -> bytes:
    with needing("safetensors"):
        from safetensors.torch import save
    return save(state, _METADATA)


def _encode_checkpoint(state: dict[str, Tensor]) -> bytes:
    file = BytesIO()  # not a path, whose name PyTorch would store in the file
    torch.save(state, file)
    return file.getvalue()


def _write(data: bytes, path: Path) -> None:
    with replacing(path, StyleError) as temporary_path:
        temporary_path.write_bytes(data)
