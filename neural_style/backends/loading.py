"""Load styles from files, and choose the backend that paints them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from csci_utils.errors import at_path

from ..engine import find_obstacle
from ..errors import MissingDependencyError, StyleError, install_remedy, needing
from ..formats.conversion import decode_network
from ..formats.model_file import (
    CHECKPOINT_SUFFIXES,
    ONNX_SUFFIXES,
    STYLE_SUFFIXES,
    read_style_file,
)
from ..networks.network import StyleNetwork
from ..options import EXACT, RenderingOptions, ignore
from .arena import Arena
from .base import Style

if TYPE_CHECKING:
    import torch

    from ..formats.onnx_gate.gate import CheckedGraph


@dataclass(frozen=True)
class StyleFile:
    """The file of a style, read once."""

    path: Path
    data: bytes

    @property
    def suffix(self) -> str:
        """The suffix in lower case."""
        return self.path.suffix.lower()


def load(
    path: str | PathLike[str],
    device: str = "cpu",
    number: int | None = None,
    *,
    precision: str = EXACT,
    threads: int | None = None,
    memory: int | None = None,
    notify: Callable[[str], None] = ignore,
) -> Style:
    """Load the style in a file: a checkpoint (.pth, .pt, .safetensors) or a graph (.onnx).

    On the CPU the C++ engine paints networks: those in checkpoints, and those that are recognized
    in graphs. Where the engine is not installed, OpenVINO or else PyTorch does. OpenVINO paints
    other graphs.

    Args:
        path: A file with one of the `STYLE_SUFFIXES`.
        device: "cpu"; "accel" for the accelerator that PyTorch finds; "auto" for that one or else
            the CPU; or PyTorch's name for a device, such as "cuda:1" or "mps". Other graphs run
            on the CPU only.
        number: Which style of a file that has several, from 0 to the count that `inspect` returns
            minus one. Without it, such a file's style paints nothing until `Style.with_number`
            chooses.
        precision: "exact" for what fp32 paints, within one level; "fast" for half precision where
            the device has it, otherwise the same as exact.
        threads: How many threads paint on the CPU; None for OMP_NUM_THREADS or else one per core.
            The engine's pictures do not depend on it.
        memory: How many bytes of memory this process may use in all while the engine paints; the
            rest goes into a temporary file. None for what the machine has. Where the engine is not
            installed, a picture that would need more is an error. It does not bound other graphs.
        notify: Called with each note, one line: that another backend is used and why, or that a
            file replaces memory.

    Raises:
        StyleError: The file is missing, unreadable, or not a style model, or has no such number.
        TypeError: `threads` or `memory` is not a whole number.
        DeviceError: The device does not exist.
        MissingDependencyError: A package that this kind of file needs is not installed.
        ValueError: An option is out of range.
    """
    options = RenderingOptions(precision=precision, device=device, threads=threads, memory=memory)
    style = load_style(read_style(path), options, notify)
    return style if number is None else style.with_number(number)


def read_style(path: str | PathLike[str]) -> StyleFile:
    """Read the file of a style.

    Raises:
        StyleError: The file is missing, unreadable, or obviously something else.
    """
    with at_path(path):
        return StyleFile(Path(path), read_style_file(Path(path)))


def load_style(
    file: StyleFile,
    options: RenderingOptions,
    notify: Callable[[str], None] = ignore,
    arena: Arena | None = None,
) -> Style:
    """Load a style from a file that was read.

    Args:
        file: What was read.
        options: `device`, `precision`, `threads` and `memory` are used.
        notify: As for `load`.
        arena: The memory that the engine paints in, shared with other styles. None for its own.

    Raises:
        NeuralStyleError: As `load`.
    """
    style = _load(file, options, notify, arena)
    style.sha256 = hashlib.sha256(file.data).hexdigest()
    return style


def _load(
    file: StyleFile,
    options: RenderingOptions,
    notify: Callable[[str], None],
    arena: Arena | None,
) -> Style:
    found = decode_style(file)
    if isinstance(found, StyleNetwork):
        return prepare_network(file.path, found, options, notify, arena)
    with needing("OpenVINO"):
        from .onnx import OnnxStyle
    return OnnxStyle(file.path, found, options)


def prepare_network(
    path: Path,
    network: StyleNetwork,
    options: RenderingOptions,
    notify: Callable[[str], None] = ignore,
    arena: Arena | None = None,
) -> Style:
    """Return a network as a style of the file at `path`, as `load_style` does."""
    load_for_cpu = partial(_load_for_cpu, path, network, options, notify, arena)
    accelerator = find_accelerator(options.device)
    if accelerator is None:
        style = load_for_cpu()
    else:
        from .pytorch import TorchStyle

        style = TorchStyle(path, network, accelerator, options, notify, load_for_cpu)
    style.notes = network.notes
    return style


def decode_style(file: StyleFile) -> StyleNetwork | CheckedGraph:
    """Return the network in a file that was read, or its graph if none is recognized in it.

    Raises:
        StyleError: It has another suffix than those of styles, or holds something else. Nothing in
            it is run to find that out.
        MissingDependencyError: It is a .safetensors file, and safetensors is not installed.
    """
    if file.suffix in CHECKPOINT_SUFFIXES:
        with at_path(file.path):
            return decode_network(file.data, file.suffix)
    if file.suffix in ONNX_SUFFIXES:
        # Checkpoints, which most styles are, need none of this.
        from ..formats.onnx_gate.gate import check_graph
        from ..formats.onnx_network.recognition import recognize

        with at_path(file.path):
            graph = check_graph(file.data)
        return recognize(graph) or graph
    raise StyleError(
        f"expected a style file ending in {', '.join(sorted(STYLE_SUFFIXES))}, "
        f"got the suffix {file.path.suffix!r}",
        path=file.path,
        remedy="rename it if it is one",
    )


def load_network(path: str | PathLike[str]) -> StyleNetwork:
    """Load the network in the file at `path`, in fp32.

    Raises:
        StyleError: The file is missing or unreadable, or has no network of the family.
        MissingDependencyError: As for `decode_style`.
    """
    file = read_style(path)
    with at_path(path):
        return decode_network(file.data, file.suffix)


def find_accelerator(device: str) -> torch.device | None:
    """Return the accelerator that a device's name stands for: see `load`. None for the CPU.

    PyTorch is imported, which takes a second, unless the name is "cpu".

    Raises:
        DeviceError: The device does not exist.
        MissingDependencyError: An accelerator is asked for, and PyTorch is not installed.
    """
    if device == "cpu":
        return None
    try:
        with needing("PyTorch", "pytorch"):
            from .pytorch import find_device
    except MissingDependencyError:
        if device == "auto":  # without PyTorch there is no accelerator that could be used
            return None
        raise
    found = find_device(device)
    return None if found.type == "cpu" else found


def _load_for_cpu(
    path: Path,
    network: StyleNetwork,
    options: RenderingOptions,
    notify: Callable[[str], None],
    arena: Arena | None,
) -> Style:
    """Load a network for the engine, or else for OpenVINO or PyTorch."""
    obstacle = find_obstacle()
    if obstacle is None:
        from .engine import EngineStyle

        return EngineStyle(path, network, options, arena or Arena(options.memory, notify))
    try:
        from .openvino import OpenvinoStyle
    except ImportError as error:
        obstacle = f"{obstacle}, nor is OpenVINO ({error})"
    else:
        notify(f"{obstacle}; painting with OpenVINO")
        return OpenvinoStyle(path, network, options)
    try:
        from .pytorch import TorchStyle, find_device
    except ImportError as error:
        raise MissingDependencyError(
            f"{obstacle}, nor PyTorch ({error}): nothing here paints",
            path=path,
            remedy=install_remedy("style"),
        ) from error
    notify(f"{obstacle}; painting with PyTorch")
    return TorchStyle(path, network, find_device("cpu"), options, notify)
