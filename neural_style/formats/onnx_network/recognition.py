"""Compare what a graph computes with the family of networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from ...errors import StyleError
from ...networks.description import LAST_NORM, NetworkDescription
from ...networks.network import StyleNetwork, make_network
from ...networks.weights import Weights
from ..onnx_gate.gate import CheckedGraph
from ..onnx_gate.model import DTYPES, Array
from .reading import WHITE, read_output
from .terms import (
    Clamped,
    Constant,
    Convolved,
    Doubled,
    InputPicture,
    Levels,
    Normalized,
    Rectified,
    Sigmoid,
    StyleVector,
    Sum,
    Term,
    Vector,
)

AnyTerm = TypeVar("AnyTerm", bound=Term)

_FLOAT = DTYPES[1]
_LARGE, _SMALL = 9, 3  # kernel sides


class _DifferentError(Exception):
    """The graph is not of the family, or not known to be."""


def recognize(graph: CheckedGraph) -> StyleNetwork | None:
    """Return the network that a graph for pictures of any size computes.

    None if it is not known to be one of the family. What is returned paints the same but for
    rounding errors of fp32.
    """
    has_any_size = all(isinstance(side, str) for side in graph.picture_input.dims[2:])
    if not has_any_size or graph.styles == 1:  # the one style of such a file has the number 0
        return None
    try:
        return _compare(read_output(graph), graph.styles)
    except (_DifferentError, StyleError):  # the latter if it exceeds a limit of the family
        return None


@dataclass(frozen=True)
class _Layer:
    """A convolution, and the norm after it, if there is one."""

    convolved: Convolved
    normalized: Normalized | None

    @property
    def source(self) -> Term:
        """What is padded and convolved."""
        return self.convolved.padded.x


def _compare(output: Term, styles: int | None) -> StyleNetwork:
    last, has_sigmoid = _read_end(output, has_numbers=styles is not None)
    layers, picture = _read_layers(last)
    weights: Weights = {}
    for (convolution, norm), layer in layers.items():
        weights[f"{convolution}.conv2d.weight"] = _to_weights(layer.convolved.weight)
        if layer.convolved.bias is not None:
            weights[f"{convolution}.conv2d.bias"] = _to_weights(layer.convolved.bias.ravel())
        if layer.normalized is not None:
            scale, shift = layer.normalized.scale, layer.normalized.shift
            weights[f"{norm}.weight"] = _read_vector(scale, styles)
            weights[f"{norm}.bias"] = _read_vector(shift, styles)
    ends = NetworkDescription(
        output="sigmoid" if has_sigmoid else "levels",
        input_levels=255 if picture.white == WHITE else 1,
    )
    return make_network(weights, ends)


def _read_end(output: Term, has_numbers: bool) -> tuple[Term, bool]:
    """Return the last layer, and whether a sigmoid follows it."""
    if has_numbers:  # 0..1; those who paint with such graphs round to the nearest level
        return _expect(Sigmoid, output).x, True
    if isinstance(output, Levels) and output.rounds:
        return output.x, True
    return (output.x if isinstance(output, Clamped) else output), False


def _read_layers(last: Term) -> tuple[dict[tuple[str, str], _Layer], InputPicture]:
    """Return the layers by the names of convolution and norm, and what goes in."""
    deconv3 = _read_layer(last, _LARGE)
    deconv2 = _read_layer(_expect(Rectified, deconv3.source).x)
    rectified = _expect(Rectified, _expect(Doubled, deconv2.source).x)
    deconv1 = _read_layer(rectified.x)
    trunk = _expect(Doubled, deconv1.source).x
    blocks = []
    while isinstance(trunk, Sum):
        block, trunk = _read_block(trunk)
        blocks.append(block)
    conv3 = _read_layer(_expect(Rectified, trunk).x, stride=2)
    conv2 = _read_layer(_expect(Rectified, conv3.source).x, stride=2)
    conv1 = _read_layer(_expect(Rectified, conv2.source).x, _LARGE)
    layers = {("conv1", "in1"): conv1, ("conv2", "in2"): conv2, ("conv3", "in3"): conv3}
    for number, block in enumerate(reversed(blocks), 1):
        for part, layer in enumerate(block, 1):
            layers[f"res{number}.conv{part}", f"res{number}.in{part}"] = layer
    layers["deconv1", "in4"] = deconv1
    layers["deconv2", "in5"] = deconv2
    layers["deconv3", LAST_NORM] = deconv3
    return layers, _expect(InputPicture, conv1.source)


def _read_block(total: Sum) -> tuple[tuple[_Layer, _Layer], Term]:
    """Return the two layers of a residual block, and its input."""
    for skip, branch in ((total.x, total.y), (total.y, total.x)):
        if isinstance(branch, Normalized | Convolved):
            second = _read_layer(branch)
            first = _read_layer(_expect(Rectified, second.source).x)
            if first.source is skip:
                return (first, second), skip
    raise _DifferentError


def _read_layer(term: Term, kernel_side: int = _SMALL, stride: int = 1) -> _Layer:
    normalized = term if isinstance(term, Normalized) else None
    convolved = _expect(Convolved, term if normalized is None else normalized.x)
    is_fitting = (
        convolved.weight.shape[2:] == (kernel_side, kernel_side)
        and convolved.padded.reach == kernel_side // 2
        and convolved.stride == stride
    )
    if not is_fitting:
        raise _DifferentError
    return _Layer(convolved, normalized)


def _read_vector(vector: Vector | None, styles: int | None) -> Array:
    """Return [channels], or [styles, channels] if the graph has several styles."""
    if styles is None and isinstance(vector, Constant):
        return _to_weights(vector.array.ravel())
    if styles is not None and isinstance(vector, StyleVector) and len(vector.values) == styles:
        return _to_weights(vector.values)
    raise _DifferentError


def _to_weights(array: Array) -> Array:
    """Return a copy of numbers in fp32; a file's content need not be kept for them."""
    if array.dtype != _FLOAT:
        raise _DifferentError
    return np.array(array, np.float32)


def _expect(kind: type[AnyTerm], term: Term) -> AnyTerm:
    if not isinstance(term, kind):
        raise _DifferentError
    return term
