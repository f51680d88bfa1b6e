"""From the file of a style to something that paints."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import NoReturn

from .errors import StyleError, naming, needing
from .model_file import CHECKPOINT_SUFFIXES, ONNX_SUFFIXES, read_style_file
from .style import Style

STYLE_SUFFIXES = CHECKPOINT_SUFFIXES | ONNX_SUFFIXES
"""Suffixes, in lower case, of the files that `load` takes."""


def load(path: str | PathLike[str], device: str = "cpu", number: int | None = None) -> Style:
    """The style in the file at `path`: a checkpoint (.pth, .pt, .safetensors) or a graph (.onnx).

    Args:
        path: see `STYLE_SUFFIXES`.
        device: "cpu"; "accel" for the accelerator that PyTorch finds; "auto" for that one or else
            the CPU; or PyTorch's name for one, such as "cuda:1" or "mps". ONNX styles run on the
            CPU alone.
        number: which style of a file that has several, from 0 to one less than the count that
            `inspect` tells. Without one, such a file's style paints nothing until
            `Style.with_number` chooses.

    Raises:
        StyleError: the file is not there or no style, or has no such style number.
        DeviceError: there is no such device.
        MissingDependencyError: PyTorch, or safetensors or OpenVINO for files of theirs, is not
            installed.
    """
    suffix = Path(path).suffix.lower()
    if suffix in CHECKPOINT_SUFFIXES:
        with needing("PyTorch"):
            from .torch_style import TorchStyle
        style: Style = TorchStyle(path, device)
    elif suffix in ONNX_SUFFIXES:
        with needing("OpenVINO"):
            from .onnx_style import OnnxStyle
        style = OnnxStyle(path, device)
    else:
        _refuse(path)
    return style if number is None else style.with_number(number)


def _refuse(path: str | PathLike[str]) -> NoReturn:
    """Say what is wrong with a file whose suffix is no style's: first of all its content."""
    with naming(path):
        read_style_file(Path(path))
        raise StyleError(
            f"expected a style file ending in {', '.join(sorted(STYLE_SUFFIXES))}, "
            f"got the suffix {Path(path).suffix!r}; rename it if it is one"
        )
