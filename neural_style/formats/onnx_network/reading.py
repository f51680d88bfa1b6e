"""What each tensor of a graph is: see `terms`.

The operators are those of https://onnx.ai/onnx/operators/.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...networks.description import EPSILON
from ..onnx_gate.gate import IMAGE_INPUT, WEIGHTS_INPUT, CheckedGraph
from ..onnx_gate.model import AttributeValue
from .step import Step, is_constant, is_number, lies_on_channels
from .terms import (
    Centered,
    Clamped,
    Constant,
    Convolved,
    Deviation,
    Doubled,
    InputPicture,
    Levels,
    Mean,
    Normalized,
    Padded,
    Rectified,
    Sigmoid,
    Squared,
    StyleTable,
    StyleVector,
    StyleWeights,
    Sum,
    Term,
    Variance,
    Vector,
)

WHITE = 255.0

_UNKNOWN = Term()
_HEIGHT, _WIDTH = 2, 3  # axes
_DOUBLING = {
    # Those by which pixel i of the result is pixel i // 2, and not another one beside it.
    ("asymmetric", "floor"),
    ("asymmetric", "round_prefer_floor"),
    ("half_pixel", "round_prefer_floor"),
    ("half_pixel", "round_prefer_ceil"),
}


def read_output(graph: CheckedGraph) -> Term:
    """Return what the output of a graph is."""
    values = graph.trace_values()
    terms: dict[str, Term] = {
        name: Constant(value.known)
        for name, value in values.items()
        if value.known is not None and value.is_fixed
    }
    terms.update((name, Constant(array)) for name, array in graph.model.initializers.items())
    if graph.styles is None:
        terms[graph.picture_input.name] = InputPicture(WHITE)
    else:
        terms[IMAGE_INPUT] = InputPicture(1)
        terms[WEIGHTS_INPUT] = StyleWeights((graph.styles,))
    for node in graph.model.nodes:
        if node.output not in terms:
            inputs = [terms.get(name) for name in node.inputs]
            rule = _RULES.get(node.operator)
            found = rule(Step(node, inputs, values[node.output].shape)) if rule else None
            terms[node.output] = found or _UNKNOWN
    return terms[graph.model.outputs[0].name]


def _constant(step: Step) -> Term | None:
    array = step.node.attributes.get("value")
    return Constant(array) if isinstance(array, np.ndarray) else None


def _pad(step: Step) -> Term | None:
    x, pads, axes = step.term(0), step.setting("pads", 1), step.setting("axes", 3)
    if x is None or pads is None or step.attribute("mode", "constant") != "reflect":
        return None
    sides = [0, 1, _HEIGHT, _WIDTH] if axes is None else [int(axis) % 4 for axis in axes]
    if len(pads) != 2 * len(sides):
        return None
    before, after = [0.0] * 4, [0.0] * 4
    for axis, low, high in zip(sides, pads, pads[len(sides) :], strict=False):
        before[axis], after[axis] = low, high
    reach = int(before[_HEIGHT])
    return Padded(x, reach) if before == after == [0, 0, reach, reach] else None


def _convolution(step: Step) -> Term | None:
    padded, weight, bias = step.term(0), step.term(1), step.term(2)
    if not isinstance(padded, Padded) or not isinstance(weight, Constant):
        return None
    if not (bias is None or isinstance(bias, Constant)) or weight.array.ndim != 4:
        return None
    strides = step.attribute("strides", (1, 1))
    is_plain = (
        step.attribute("auto_pad", "NOTSET") in ("NOTSET", "VALID")
        and step.attribute("pads", (0, 0, 0, 0)) == (0, 0, 0, 0)
        and step.attribute("dilations", (1, 1)) == (1, 1)
        and step.attribute("group", 1) == 1
        and strides in ((1, 1), (2, 2))
    )
    if not is_plain:
        return None
    values = bias.array if bias is not None else None
    return Convolved(padded, weight.array, values, 1 if strides == (1, 1) else 2)


def _instance_norm(step: Step) -> Term | None:
    x, scale, shift = step.term(0), step.term(1), step.term(2)
    epsilon = step.attribute("epsilon", 1e-5)
    if not isinstance(x, Convolved) or not is_number(np.asarray(epsilon), EPSILON):
        return None
    if not isinstance(scale, Vector) or not isinstance(shift, Vector):
        return None
    return Normalized(x, scale, shift)


def _mean(step: Step) -> Term | None:
    axes, x = step.setting("axes", 1), step.term(0)
    if axes is None or step.attribute("keepdims", 1) != 1:
        return None
    return _average(x) if {axis % 4 for axis in axes} == {_HEIGHT, _WIDTH} else None


def _average(x: Term | None) -> Term | None:
    if isinstance(x, Squared):
        return Variance(x.x)
    return Mean(x) if isinstance(x, Convolved) else None


def _add(step: Step) -> Term | None:
    for x, y in step.pairs():
        if isinstance(x, Variance) and not x.has_epsilon and is_constant(y, EPSILON):
            return Variance(x.x, has_epsilon=True)
        if isinstance(x, Normalized) and x.shift is None and isinstance(y, Vector):
            return Normalized(x.x, x.scale, y) if lies_on_channels(y) else None
        if isinstance(x, Convolved) and x.bias is None and isinstance(y, Constant):
            return Convolved(x.padded, x.weight, y.array, x.stride) if lies_on_channels(y) else None
        if isinstance(x, Levels) and not x.rounds and is_constant(y, 0.5):
            return Levels(x.x, rounds=True)
    x, y = step.pairs()[0]
    return Sum(x, y)


def _subtract(step: Step) -> Term | None:
    x, mean = step.pairs()[0]
    return Centered(x) if isinstance(mean, Mean) and mean.x is x else None


def _multiply(step: Step) -> Term | None:
    for x, y in step.pairs():
        if isinstance(x, Centered) and y is x:
            return Squared(x.x)
        if isinstance(x, Centered) and isinstance(y, Deviation) and y.x is x.x and y.is_inverse:
            return Normalized(x.x)
        if isinstance(x, Normalized) and x.scale is None and x.shift is None:
            return Normalized(x.x, y) if isinstance(y, Vector) and lies_on_channels(y) else None
        if isinstance(x, Sigmoid) and is_constant(y, WHITE):
            return Levels(x.x)
        if isinstance(x, InputPicture) and x.white == 1 and is_constant(y, WHITE):
            return InputPicture(WHITE)
        if isinstance(x, InputPicture) and x.white == WHITE and is_constant(y, 1 / WHITE):
            return InputPicture(1)
        if isinstance(x, StyleWeights) and isinstance(y, Constant) and y.array.ndim == 2:
            return StyleTable(y.array) if x.shape == (len(y.array), 1) else None
    return None


def _divide(step: Step) -> Term | None:
    x, y = step.pairs()[0]
    if isinstance(y, Deviation) and not y.is_inverse:
        if isinstance(x, Centered) and y.x is x.x:
            return Normalized(x.x)
        return Deviation(y.x, is_inverse=True) if is_constant(x, 1) else None
    is_levels = isinstance(x, InputPicture) and x.white == WHITE
    return InputPicture(1) if is_levels and is_constant(y, WHITE) else None


def _power(step: Step) -> Term | None:
    x, exponent = step.pairs()[0]
    if isinstance(x, Centered) and is_constant(exponent, 2):
        return Squared(x.x)
    if isinstance(x, Variance) and x.has_epsilon and is_constant(exponent, -0.5):
        return Deviation(x.x, is_inverse=True)
    return None


def _square_root(step: Step) -> Term | None:
    x = step.term(0)
    return Deviation(x.x) if isinstance(x, Variance) and x.has_epsilon else None


def _reciprocal(step: Step) -> Term | None:
    x = step.term(0)
    if isinstance(x, Deviation) and not x.is_inverse:
        return Deviation(x.x, is_inverse=True)
    return None


def _resize(step: Step) -> Term | None:
    x, is_old = step.term(0), step.node.operator == "Upsample" or len(step.inputs) == 2
    # The version of Resize with two inputs knows no modes; it and Upsample round downwards.
    rounding: tuple[AttributeValue, AttributeValue] = ("asymmetric", "floor")
    if not is_old:
        coordinates = step.attribute("coordinate_transformation_mode", "half_pixel")
        rounding = (coordinates, step.attribute("nearest_mode", "round_prefer_floor"))
    scales = step.setting("scales", 1 if is_old else 2)
    axes = step.setting("axes", len(step.inputs))
    if axes is None:
        doubles = scales == [1, 1, 2, 2]
    else:
        doubles = scales == [2, 2] and [int(axis) % 4 for axis in axes] == [_HEIGHT, _WIDTH]
    is_plain = (
        step.attribute("mode", "nearest") == "nearest"
        and rounding in _DOUBLING
        and step.attribute("exclude_outside", 0) == 0
    )
    return Doubled(x) if x is not None and doubles and is_plain else None


def _relu(step: Step) -> Term | None:
    x = step.term(0)
    return None if x is None else Rectified(x)


def _sigmoid(step: Step) -> Term | None:
    x = step.term(0)
    return None if x is None else Sigmoid(x)


def _clip(step: Step) -> Term | None:
    x, low, high = step.term(0), step.setting("min", 1), step.setting("max", 2)
    return Clamped(x) if x is not None and (low, high) == ([0], [WHITE]) else None


def _identity(step: Step) -> Term | None:
    return step.term(0)


def _sum_of_table(step: Step) -> Term | None:
    table, axes = step.term(0), step.setting("axes", 1)
    if isinstance(table, StyleTable) and axes in ([0], [-2]):
        return StyleVector(table.values, step.shape)
    return None


def _matrix_product(step: Step) -> Term | None:
    weights, table = step.pairs()[0]
    if not isinstance(weights, StyleWeights) or not isinstance(table, Constant):
        return None
    count = weights.shape[-1]
    is_product = table.array.ndim == 2 and table.array.shape[0] == count
    is_row = weights.shape in ((count,), (1, count))
    return StyleVector(table.array, step.shape) if is_product and is_row else None


def _reshape(step: Step) -> Term | None:
    x, others = step.term(0), step.inputs[1:]
    if not all(isinstance(other, Constant) for other in others):
        return None
    if isinstance(x, StyleWeights):
        return StyleWeights(step.shape)
    return StyleVector(x.values, step.shape) if isinstance(x, StyleVector) else None


_RULES: dict[str, Callable[[Step], Term | None]] = {
    "Add": _add,
    "Clip": _clip,
    "Constant": _constant,
    "Conv": _convolution,
    "Div": _divide,
    "GlobalAveragePool": lambda step: _average(step.term(0)),
    "Identity": _identity,
    "InstanceNormalization": _instance_norm,
    "MatMul": _matrix_product,
    "Mul": _multiply,
    "Pad": _pad,
    "Pow": _power,
    "Reciprocal": _reciprocal,
    "ReduceMean": _mean,
    "ReduceSum": _sum_of_table,
    "Relu": _relu,
    "Reshape": _reshape,
    "Resize": _resize,
    "Sigmoid": _sigmoid,
    "Sqrt": _square_root,
    "Squeeze": _reshape,
    "Sub": _subtract,
    "Unsqueeze": _reshape,
    "Upsample": _resize,
}
