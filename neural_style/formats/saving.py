"""Writing of style files in all formats that `load` takes, and conversion between them."""

from __future__ import annotations

from io import BytesIO
from os import PathLike
from pathlib import Path

import torch
from torch import Tensor

from csci_utils.errors import at_path
from csci_utils.files import replacing

from ..errors import StyleError, needing
from ..networks.description import parameter_shapes
from ..networks.metadata import write_metadata
from ..transformer_net import TransformerNet
from .checkpoint import Checkpoint, read_checkpoint, to_style_network
from .conversion import check_output
from .model_file import ONNX_SUFFIXES, SAFETENSORS_SUFFIXES
from .onnx_export import export_network
from .safetensors_file import order_metadata


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
        data = encode_checkpoint(Checkpoint(network.state_dict(), network.description), suffix)
    _write(data, path)


def convert(model_path: str | PathLike[str], output_path: str | PathLike[str]) -> None:
    """Write a style to another file atomically, in the format that the file's suffix names.

    A checkpoint's weights keep every bit; a graph's weights are fp32. Old statistics are dropped.
    Both paths may be the same.

    Raises:
        StyleError: See `read_checkpoint` and `encode_checkpoint`.
        MissingDependencyError: As for `save_network`.
    """
    model_path, output_path = Path(model_path), Path(output_path)
    suffix = check_output(output_path)
    with at_path(model_path):
        data = encode_checkpoint(read_checkpoint(model_path), suffix)
    _write(data, output_path)


def encode_checkpoint(checkpoint: Checkpoint, suffix: str) -> bytes:
    """Return the content of a style file; equal weights give equal bytes.

    Args:
        checkpoint: A network's.
        suffix: One of `STYLE_SUFFIXES`.

    Raises:
        StyleError: See `to_style_network`, or the format cannot hold this network. The error has no
            path.
        MissingDependencyError: As for `save_network`.
    """
    # Contiguous copies on the CPU, so that no view brings the rest of its storage along.
    plain = {
        key: value.detach().cpu().clone(memory_format=torch.contiguous_format)
        for key, value in checkpoint.state.items()
    }
    # Raises an error for what `load` would refuse.
    network = to_style_network(Checkpoint(plain, checkpoint.ends, checkpoint.notes))
    if suffix in ONNX_SUFFIXES:
        return export_network(network)
    ordered = {key: plain[key] for key in parameter_shapes(network.description) if key in plain}
    if suffix in SAFETENSORS_SUFFIXES:
        metadata = write_metadata(network.description, network.notes)
        return _encode_safetensors(ordered, metadata)
    if not network.description.has_official_ends:
        raise StyleError(
            f"expected a network that a {suffix} file can describe, got one with another output or "
            "other normalizations than the official models have",
            remedy="write a .safetensors or .onnx file",
        )
    return _encode_torch(ordered)


def _encode_safetensors(state: dict[str, Tensor], metadata: dict[str, str]) -> bytes:
    with needing("safetensors"):
        from safetensors.torch import save
    return order_metadata(save(state, metadata))


def _encode_torch(state: dict[str, Tensor]) -> bytes:
    file = BytesIO()  # not a path, whose name PyTorch would store in the file
    torch.save(state, file)
    return file.getvalue()


def _write(data: bytes, path: Path) -> None:
    with replacing(path, StyleError) as temporary_path:
        temporary_path.write_bytes(data)
