"""Networks of weights, painted by OpenVINO where the C++ engine is not installed."""

from __future__ import annotations

from os import PathLike

import numpy as np

from ..networks.description import EPSILON, OFFICIAL_BASE_WIDTH
from ..networks.network import StyleNetwork
from ..options import RenderingOptions
from ..pictures.arrays import Pixels
from ..system.resources import check_memory
from .base import FloatStyle
from .openvino_compiler import PICTURE_SHAPE, Compiler, infer
from .silent_openvino import openvino, opset

_BYTES_PER_PIXEL = 600  # measured at 8 megapixels and the official width


class OpenvinoStyle(FloatStyle):
    """A network, as a graph for OpenVINO. Its numbered styles share one compiled graph."""

    def __init__(
        self, path: str | PathLike[str], network: StyleNetwork, options: RenderingOptions
    ) -> None:
        """Build the graph of a network."""
        super().__init__(path, network.count)
        self.engine = "OpenVINO"
        self.network = network.description
        self._network = network.for_levels()
        self._options = options
        self._compiler = Compiler(build_graph(self._network), options)

    def paint_pixels(self, pixels: Pixels) -> Pixels:
        """Run the network, if there is enough memory."""
        width = self._network.description.full_width
        needed = pixels[0, 0].size * _BYTES_PER_PIXEL * width // OFFICIAL_BASE_WIDTH
        check_memory(needed, self._options.memory)
        compiled = self._compiler.compile_for(pixels.shape)
        if self.mix is None:
            return infer(compiled, [pixels])
        norms = self._network.mix(self.mix).values()
        return infer(compiled, [pixels, np.concatenate(list(norms))])

    def release(self) -> None:
        """Forget the graph that was compiled for the last size."""
        self._compiler.release()


def build_graph(network: StyleNetwork) -> openvino.Model:
    """Build the graph of a network that takes levels, for pictures of any size.

    That of many styles has a second input: scale and shift of each norm, in the order of
    `StyleNetwork.mix`, one after another.
    """
    description, weights = network.description, network.weights
    picture = opset.parameter(PICTURE_SHAPE, np.float32)
    inputs = [picture]
    if description.styles == 1:
        norms = {name: opset.constant(values) for name, values in network.mix().items()}
    else:
        lengths = {name: values.size for name, values in network.mix({0: 1}).items()}
        mixed = opset.parameter([sum(lengths.values())], np.float32)
        inputs.append(mixed)
        parts = opset.variadic_split(mixed, 0, list(lengths.values()))
        norms = dict(zip(lengths, parts.outputs(), strict=True))
    aside = np.array([1, -1, 1, 1])

    def convolve(x: openvino.Node, name: str, stride: int = 1) -> openvino.Node:
        weight, bias = (weights[f"{name}.conv2d.{part}"] for part in ("weight", "bias"))
        reach = weight.shape[2] // 2
        pads = [0, 0, reach, reach]
        padded = opset.pad(x, pads, pads, "reflect")
        none = [0, 0]
        y = opset.convolution(padded, weight, [stride, stride], none, none, [1, 1])
        return opset.add(y, bias.reshape(1, -1, 1, 1))

    def normalize(x: openvino.Node, name: str) -> openvino.Node:
        if name in description.unnormalized:
            return x
        scale, shift = (
            opset.reshape(norms[f"{name}.{part}"], aside, False) for part in ("weight", "bias")
        )
        y = opset.mvn(x, [2, 3], True, EPSILON, "inside_sqrt")
        return opset.add(opset.multiply(y, scale), shift)

    def double(x: openvino.Node) -> openvino.Node:
        scales = np.array([2, 2], np.float32)
        return opset.interpolate(
            x, scales, "nearest", "scales", axes=[2, 3],
            coordinate_transformation_mode="asymmetric", nearest_mode="floor",
        )  # fmt: skip

    y = opset.relu(normalize(convolve(picture, "conv1"), "in1"))
    y = opset.relu(normalize(convolve(y, "conv2", 2), "in2"))
    y = opset.relu(normalize(convolve(y, "conv3", 2), "in3"))
    for i in range(1, description.blocks + 1):
        z = opset.relu(normalize(convolve(y, f"res{i}.conv1"), f"res{i}.in1"))
        y = opset.add(y, normalize(convolve(z, f"res{i}.conv2"), f"res{i}.in2"))
    y = opset.relu(normalize(convolve(double(y), "deconv1"), "in4"))
    y = opset.relu(normalize(convolve(double(y), "deconv2"), "in5"))
    y = normalize(convolve(y, "deconv3"), "in6")
    if description.output == "sigmoid":
        levels = opset.multiply(opset.sigmoid(y), np.float32(255))
        y = opset.add(levels, np.float32(0.5))  # rounds where fractions are cut off
    return openvino.Model([y], inputs, "TransformerNet")
