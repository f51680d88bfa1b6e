"""From the file of a style to something that paints."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import NoReturn

from csci_utils.errors import at_path

from ..engine import find_obstacle
from ..errors import MissingDependencyError, StyleError, needing
from ..formats.model_file import (
    CHECKPOINT_SUFFIXES,
    ONNX_SUFFIXES,
    SAFETENSORS_SUFFIXES,
    STYLE_SUFFIXES,
    read_style_file,
)
from ..formats.safetensors_file import decode_weights
from ..formats.weight_cache import keep, load_cached
from ..formats.weights import Weights
from ..options import EXACT, PaintingOptions, say_nothing
from .base import Style


def load(
    path: str | PathLike[str],
    device: str = "cpu",
    number: int | None = None,
    *,
    precision: str = EXACT,
    threads: int | None = None,
    memory: int | None = None,
    tell: Callable[[str], None] = say_nothing,
) -> Style:
    """The style in the file at `path`: a checkpoint (.pth, .pt, .safetensors) or a graph (.onnx).

    On the CPU a checkpoint is painted by the C++ engine, without PyTorch; where that is not
    installed, by OpenVINO or else PyTorch. Graphs are painted by OpenVINO.

    Args:
        path: see `STYLE_SUFFIXES`.
        device: "cpu"; "accel" for the accelerator that PyTorch finds; "auto" for that one or else
            the CPU; or PyTorch's name for one, such as "cuda:1" or "mps". ONNX styles run on the
            CPU alone.
        number: which style of a file that has several, from 0 to one less than the count that
            `inspect` tells. Without one, such a file's style paints nothing until
            `Style.with_number` chooses.
        precision: "exact" for what fp32 paints, within one level; "fast" for half precision where
            the device computes in it, else the same as exact.
        threads: how many to paint with on the CPU; None for OMP_NUM_THREADS or else one a core.
            The engine's pictures do not depend on it.
        memory: how many bytes of memory this process may have altogether while the engine paints;
            what is beyond goes into a temporary file. None for what the machine has. Where the
            engine is not installed, a picture that would need more is an error. ONNX styles do
            without a limit.
        tell: is told, in a line each, what somebody who waits for the picture should know: which
            engine takes another's place and why, and that a file takes the place of memory.

    Raises:
        StyleError: the file is not there or no style, or has no such style number.
        TypeError: `threads` or `memory` is no whole number.
        DeviceError: there is no such device.
        MissingDependencyError: PyTorch, or safetensors or OpenVINO for files of theirs, is not
            installed.
        ValueError: there is no such precision, or a number is below 1, or above 1024 for threads.
    """
    options = PaintingOptions(precision, threads, memory, tell)
    suffix = Path(path).suffix.lower()
    if suffix in CHECKPOINT_SUFFIXES:
        style = _load_checkpoint(path, device, options)
    elif suffix in ONNX_SUFFIXES:
        with needing("OpenVINO"):
            from .onnx import OnnxStyle
        style = OnnxStyle(path, device, options)
    else:
        _refuse(path)
    return style if number is None else style.with_number(number)


def load_weights(path: str | PathLike[str]) -> Weights:
    """The weights in the checkpoint at `path`, as fp32.

    PyTorch reads those in its own format, once: what it read is kept in the cache.

    Raises:
        StyleError: the file is not there, or anything but a readable state dict of a
            `TransformerNet` with finite weights. Nothing in it is executed to find that out.
        MissingDependencyError: PyTorch or safetensors is needed, and not installed.
    """
    path = Path(path)
    with at_path(path):
        data = read_style_file(path)
        if path.suffix.lower() in SAFETENSORS_SUFFIXES:
            return decode_weights(data)
        weights = load_cached(data)
        if weights is None:
            with needing("PyTorch"):
                from ..formats.checkpoint import decode_checkpoint
            weights = decode_checkpoint(data)
            keep(data, weights)
        return weights


def _load_checkpoint(path: str | PathLike[str], device: str, options: PaintingOptions) -> Style:
    weights = load_weights(path)

    def load_for_cpu() -> Style:
        return _load_for_cpu(path, weights, options)

    if device == "cpu":
        return load_for_cpu()
    try:
        with needing("PyTorch"):
            from .pytorch import TorchStyle, find_device
    except MissingDependencyError:
        if device == "auto":  # then there is no accelerator that could be used
            return load_for_cpu()
        raise
    found = find_device(device)
    if found.type == "cpu":
        return load_for_cpu()
    return TorchStyle(path, weights, found, options, load_for_cpu)


def _load_for_cpu(path: str | PathLike[str], weights: Weights, options: PaintingOptions) -> Style:
    obstacle = find_obstacle()
    if obstacle is None:
        from .engine import EngineStyle

        return EngineStyle(path, weights, options)
    try:
        with needing("OpenVINO"):
            from .openvino import OpenvinoStyle
    except MissingDependencyError:
        with needing("PyTorch"):
            from .pytorch import TorchStyle, find_device
        options.tell(f"{obstacle}; painting with PyTorch")
        return TorchStyle(path, weights, find_device("cpu"), options)
    options.tell(f"{obstacle}; painting with OpenVINO")
    return OpenvinoStyle(path, weights, options)


def _refuse(path: str | PathLike[str]) -> NoReturn:
    """Say what is wrong with a file whose suffix is no style's: first of all its content."""
    with at_path(path):
        read_style_file(Path(path))
        raise StyleError(
            f"expected a style file ending in {', '.join(sorted(STYLE_SUFFIXES))}, "
            f"got the suffix {Path(path).suffix!r}; rename it if it is one"
        )
