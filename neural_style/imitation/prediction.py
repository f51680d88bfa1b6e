"""The style prediction network: a picture in, the 100 numbers of its style out.

A MobileNetV2 (https://arxiv.org/abs/1801.04381), computed operator by operator with NumPy. It
computes in fp64, so that the numbers, rounded as they are, are the same on every machine.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..formats.onnx_gate.model import Array, AttributeValue, Node
from .magenta import Network, Numbers

PICTURE_SIDE = 256
"""Width and height, in px, of the pictures that the network looks at."""

_DECIMALS = 6  # of numbers around 1; the network's own weights are precise to about 2


def predict_style(network: Network, square: Numbers) -> Numbers:
    """Return the 100 numbers of a picture's style. Takes about 0.1 s on one core.

    Args:
        network: The one of `MagentaFile.PREDICTION`.
        square: `PICTURE_SIDE` x `PICTURE_SIDE` x 3, RGB, 0..1.
    """
    values: dict[str, Array] = {**network.values, network.input: square[np.newaxis]}
    last_use = {name: node for node in network.nodes for name in node.inputs}
    for node in network.nodes:
        inputs = [values[name] for name in node.inputs]
        values[node.output] = _OPERATORS[node.operator](node, *inputs)
        for name in node.inputs:
            if last_use[name] is node:
                values.pop(name, None)
    return values[network.output].ravel().round(_DECIMALS)


def _add(node: Node, left: Numbers, right: Numbers) -> Numbers:
    return left + right


def _average(node: Node, x: Numbers) -> Numbers:
    return x.mean(axis=(2, 3), keepdims=True)


def _clip(node: Node, x: Numbers, low: Numbers, high: Numbers) -> Numbers:
    return x.clip(low, high)


def _reshape(node: Node, x: Numbers, shape: Array) -> Numbers:
    return x.reshape(shape)


def _transpose(node: Node, x: Numbers) -> Numbers:
    return x.transpose(_whole(node.attributes["perm"]))


def _convolve(node: Node, x: Numbers, weight: Numbers, bias: Numbers) -> Numbers:
    """Return a convolution of one picture, with one group, or with one for each channel."""
    top, left, bottom, right = _whole(node.attributes["pads"])
    step, _ = _whole(node.attributes["strides"])
    padded = np.pad(x[0], ((0, 0), (top, bottom), (left, right)))
    side = weight.shape[-1]
    height, width = ((length - side) // step + 1 for length in padded.shape[1:])
    result = np.repeat(bias, height * width).reshape(-1, height, width)
    for row in range(side):
        for column in range(side):
            rows = slice(row, row + step * height, step)
            columns = slice(column, column + step * width, step)
            shifted = padded[:, rows, columns][:, :height, :width]
            factors = weight[:, :, row, column]
            if node.attributes["group"] == 1:
                result += np.tensordot(factors, shifted, axes=1)
            else:
                result += factors[:, :, np.newaxis] * shifted
    return result[np.newaxis]


def _whole(value: AttributeValue) -> tuple[int, ...]:
    """Return an attribute that is a list of whole numbers, as it is in the file that is known."""
    if not isinstance(value, tuple):
        raise TypeError(f"expected a list of numbers, got {value!r}")
    return tuple(map(int, value))


_OPERATORS: dict[str, Callable[..., Numbers]] = {
    "Add": _add,
    "Clip": _clip,
    "Conv": _convolve,
    "GlobalAveragePool": _average,
    "Reshape": _reshape,
    "Transpose": _transpose,
}
