"""What is found out before a model is converted or written, without PyTorch."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from csci_utils.errors import at_path
from csci_utils.files import check_place

from ..errors import StyleError
from ..networks.network import StyleNetwork
from .model_file import ONNX_SUFFIXES, SAFETENSORS_SUFFIXES, STYLE_SUFFIXES, read_style_file
from .safetensors_file import decode_safetensors
from .state_dict import decode_checkpoint


def check_conversion(model_path: str | PathLike[str], output_path: str | PathLike[str]) -> None:
    """Check that a model is a network, and that another file can be written.

    Raises:
        StyleError: It is not, or cannot be.
        MissingDependencyError: It is a .safetensors file, and safetensors is not installed.
    """
    check_output(output_path)
    with at_path(model_path):
        decode_network(read_style_file(Path(model_path)), Path(model_path).suffix.lower())


def decode_network(data: bytes, suffix: str) -> StyleNetwork:
    """Return the network in the content of a style file.

    Raises:
        StyleError: There is none, or it is an ONNX graph in which none is recognized.
        MissingDependencyError: It is a .safetensors file, and safetensors is not installed.
    """
    if suffix in ONNX_SUFFIXES:
        # Checkpoints, which most styles are, need none of this.
        from .onnx_gate.gate import check_graph
        from .onnx_network.recognition import recognize

        network = recognize(check_graph(data))
        if network is None:
            raise StyleError(
                "expected a style network, got an ONNX graph that computes something else",
                remedy="use the checkpoint that it was exported from",
            )
        return network
    return decode_safetensors(data) if suffix in SAFETENSORS_SUFFIXES else decode_checkpoint(data)


def check_output(path: str | PathLike[str]) -> str:
    """Return the suffix of a file to write, in lower case.

    Raises:
        StyleError: No style can be written there.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in STYLE_SUFFIXES:
        raise StyleError(
            f"expected a name ending in {', '.join(sorted(STYLE_SUFFIXES))}, got the suffix "
            f"{suffix!r}",
            path=path,
            remedy="use the suffix of the format to write",
        )
    check_place(Path(path), StyleError)
    return suffix
