"""ONNX graphs in the process that paints them, see `onnx`."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from csci_utils.errors import at_path

from ..errors import StyleError
from ..formats.onnx_gate.gate import IMAGE_INPUT, WEIGHTS_INPUT
from ..networks.mixtures import Mix
from ..options import RenderingOptions
from ..pictures.arrays import Pixels
from .base import FloatStyle
from .openvino_compiler import Compiler, describe, infer
from .silent_openvino import FrontEndManager, openvino


class OnnxGraph(FloatStyle):
    """A graph that was checked, for the pictures that it is checked for.

    Its numbered styles share one compiled graph.
    """

    def __init__(
        self, path: str, data: bytes, count: int | None, options: RenderingOptions
    ) -> None:
        """Prepare the graph in the bytes of an ONNX file.

        Args:
            path: The file, for messages.
            data: What `CheckedGraph.to_bytes` returned.
            count: How many numbered styles it has; None for one without a number.
            options: `precision` and `threads` are used.

        Raises:
            StyleError: OpenVINO cannot prepare it.
        """
        super().__init__(path, count)
        with at_path(path):
            self._compiler = _prepare(data, options)

    def paint_pixels(self, pixels: Pixels) -> Pixels:
        """Run the graph, with the weights of the chosen style if it has several."""
        compiled = self._compile_for(pixels.shape)
        if self.mix is None:
            return infer(compiled, [pixels])
        weights = _to_array(self.mix, self.count)
        painted = infer(compiled, {IMAGE_INPUT: pixels / 255, WEIGHTS_INPUT: weights})
        # The graph's authors round to the nearest level; the base class cuts fractions off.
        return np.asarray(painted * 255 + 0.5, dtype=np.float32)

    def _compile_for(self, shape: tuple[int, ...]) -> openvino.CompiledModel:
        """Return the network for pictures of 1 x 3 x H x W."""
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


def _to_array(mix: Mix, count: int | None) -> NDArray[np.float32]:
    """Return the `style_weights` for a mixture of some of `count` styles."""
    weights = np.zeros(count or 0, dtype=np.float32)
    weights[list(mix)] = list(mix.values())
    return weights
