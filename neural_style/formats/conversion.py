"""What is found out before a model is converted or written, without PyTorch."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from csci_utils.errors import at_path
from csci_utils.files import check_place

from ..errors import StyleError
from .model_file import ONNX_SUFFIXES, SAFETENSORS_SUFFIXES, STYLE_SUFFIXES, read_style_file
from .safetensors_file import decode_safetensors
from .state_dict import decode_checkpoint


def check_conversion(model_path: str | PathLike[str], output_path: str | PathLike[str]) -> None:
    """Check that a model is a checkpoint, and that another file can be written.

    Raises:
        StyleError: It is not, or cannot be.
        MissingDependencyError: It is a .safetensors file, and safetensors is not installed.
    """
    check_output(output_path)
    with at_path(model_path):
        refuse_graph(model_path)
        data = read_style_file(Path(model_path))
        is_safetensors = Path(model_path).suffix.lower() in SAFETENSORS_SUFFIXES
        decode_safetensors(data) if is_safetensors else decode_checkpoint(data)


def refuse_graph(model_path: str | PathLike[str]) -> None:
    """Refuse to convert an ONNX graph.

    Raises:
        StyleError: The model is one.
    """
    if Path(model_path).suffix.lower() in ONNX_SUFFIXES:
        raise StyleError(
            "expected a checkpoint, got an ONNX graph, which cannot be converted to one",
            remedy="use the checkpoint that it was exported from",
        )


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
