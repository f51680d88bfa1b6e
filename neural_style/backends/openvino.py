"""Checkpoints, painted by OpenVINO where the C++ engine is not installed."""

from __future__ import annotations

from os import PathLike

import numpy as np

from ..formats.weights import OFFICIAL_BASE_WIDTH, RESIDUAL_BLOCKS, Weights, width_of
from ..options import RenderingOptions
from ..pictures.arrays import Pixels
from ..system.resources import check_memory
from .base import FloatStyle
from .openvino_compiler import PICTURE_SHAPE, Compiler, infer
from .silent_openvino import openvino, opset

_EPSILON = 1e-5  # PyTorch's, for InstanceNorm2d
_BYTES_PER_PIXEL = 600  # measured at 8 megapixels and the official width


class OpenvinoStyle(FloatStyle):
    """A checkpoint of a `TransformerNet`, as a graph for OpenVINO."""

    def __init__(
        self, path: str | PathLike[str], weights: Weights, options: RenderingOptions
    ) -> None:
        """Build the graph of checked weights."""
        super().__init__(path)
        self.engine = "OpenVINO"
        self.base_width: int = width_of(weights)
        self._options = options
        self._compiler = Compiler(build_graph(weights), options)

    def paint_pixels(self, pixels: Pixels) -> Pixels:
        """Run the network, if there is enough memory."""
        needed = pixels[0, 0].size * _BYTES_PER_PIXEL * self.base_width // OFFICIAL_BASE_WIDTH
        check_memory(needed, self._options.memory)
        return infer(self._compiler.compile_for(pixels.shape), [pixels])

    def release(self) -> None:
        """Forget the graph that was compiled for the last size."""
        self._compiler.release()


def build_graph(weights: Weights) -> openvino.Model:
    """Build the graph of a `TransformerNet`, for pictures of any size."""
    picture = opset.parameter(PICTURE_SHAPE, np.float32)

    def convolve(x: openvino.Node, name: str, stride: int = 1) -> openvino.Node:
        weight, bias = (weights[f"{name}.conv2d.{part}"] for part in ("weight", "bias"))
        reach = weight.shape[2] // 2
        pads = [0, 0, reach, reach]
        padded = opset.pad(x, pads, pads, "reflect")
        none = [0, 0]
        y = opset.convolution(padded, weight, [stride, stride], none, none, [1, 1])
        return opset.add(y, bias.reshape(1, -1, 1, 1))

    def normalize(x: openvino.Node, name: str) -> openvino.Node:
        y = opset.mvn(x, [2, 3], True, _EPSILON, "inside_sqrt")
        y = opset.multiply(y, weights[f"{name}.weight"].reshape(1, -1, 1, 1))
        return opset.add(y, weights[f"{name}.bias"].reshape(1, -1, 1, 1))

    def double(x: openvino.Node) -> openvino.Node:
        scales = np.array([2, 2], np.float32)
        return opset.interpolate(
            x, scales, "nearest", "scales", axes=[2, 3],
            coordinate_transformation_mode="asymmetric", nearest_mode="floor",
        )  # fmt: skip

    y = opset.relu(normalize(convolve(picture, "conv1"), "in1"))
    y = opset.relu(normalize(convolve(y, "conv2", 2), "in2"))
    y = opset.relu(normalize(convolve(y, "conv3", 2), "in3"))
    for i in range(1, RESIDUAL_BLOCKS + 1):
        z = opset.relu(normalize(convolve(y, f"res{i}.conv1"), f"res{i}.in1"))
        y = opset.add(y, normalize(convolve(z, f"res{i}.conv2"), f"res{i}.in2"))
    y = opset.relu(normalize(convolve(double(y), "deconv1"), "in4"))
    y = opset.relu(normalize(convolve(double(y), "deconv2"), "in5"))
    return openvino.Model([convolve(y, "deconv3")], [picture], "TransformerNet")
