"""Rules of the operators that compute colors: convolutions, normalizations, arithmetic."""

from __future__ import annotations

from math import floor, prod

import numpy as np

from .operation import MAX_KNOWN, Operation, Value
from .shape_rules import fold_binary, fold_unary

MAX_STEP = 64
"""The largest stride, dilation and padding of a convolution."""

MAX_PADDING = 256
"""The most pixels that a Pad adds at one side."""

MAX_SCALE = 16
"""The largest factor of a Resize."""


def unary(operation: Operation) -> Value:
    """Return the value of an activation or another function of each element."""
    x = operation.input(0)
    folded = None if x.known is None else fold_unary(operation, x.known)
    if folded is not None:
        return operation.result(folded, x)
    return Value(x.dtype, operation.data().shape)


def clip(operation: Operation) -> Value:
    """Return the value of a Clip."""
    x = operation.data()
    for index in (1, 2):
        bound = operation.optional(index)
        operation.require(bound is None or bound.size == 1, "has a bound that is not one number")
    return Value(x.dtype, x.shape)


def arithmetic(operation: Operation) -> Value:
    """Return the value of an operator on the elements of two or more tensors."""
    first, *others = (operation.input(index) for index in range(len(operation.inputs)))
    values = [first, *others]
    operation.require(bool(others), "has one input only")
    operation.require({value.dtype for value in values} == {first.dtype}, "mixes data types")
    shape = np.broadcast_shapes(*(value.shape for value in values))
    are_few = len(others) == 1 and prod(shape) <= MAX_KNOWN
    if are_few and first.known is not None and others[0].known is not None:
        folded = fold_binary(operation, first.known, others[0].known)
        is_division = operation.node.operator == "Div" and not first.is_float
        operation.require(others[0].is_fixed or not is_division, "divides by the picture's size")
        if folded is not None:
            return operation.result(folded, *values)
    return Value(operation.data().dtype, shape)


def parametric_relu(operation: Operation) -> Value:
    """Return the value of a PRelu."""
    x, slopes = operation.data(), operation.input(1)
    fits = np.broadcast_shapes(x.shape, slopes.shape) == x.shape and slopes.dtype == x.dtype
    operation.require(fits, "has slopes that do not fit")
    return Value(x.dtype, x.shape)


def convolution(operation: Operation) -> Value:
    """Return the value of a Conv."""
    x, weights = operation.picture(), operation.input(1)
    steps = _Steps(operation, weights)
    outputs, inputs, *kernel = weights.shape
    fits = inputs * steps.groups == x.shape[1] and outputs % steps.groups == 0
    operation.require(fits, f"has weights for {inputs * steps.groups} channels, not {x.shape[1]}")
    _check_channels(operation, 2, outputs)
    operation.multiplications = inputs * prod(kernel)
    sizes = [
        (size + pad - reach) // stride + 1
        for size, pad, reach, stride in zip(
            x.shape[2:], steps.padding(x.shape[2:]), steps.reach, steps.strides, strict=True
        )
    ]
    return Value(x.dtype, (x.shape[0], outputs, *sizes))


def transposed_convolution(operation: Operation) -> Value:
    """Return the value of a ConvTranspose."""
    x, weights = operation.picture(), operation.input(1)
    steps = _Steps(operation, weights)
    inputs, outputs, *kernel = weights.shape
    operation.require(inputs == x.shape[1], f"has weights for {inputs} channels, not {x.shape[1]}")
    operation.require(inputs % steps.groups == 0, "has groups that do not fit")
    operation.require(not steps.auto_pad, "has automatic padding")
    outputs *= steps.groups
    _check_channels(operation, 2, outputs)
    operation.multiplications = inputs * prod(kernel)
    more = operation.integers("output_padding", [0, 0], MAX_STEP)
    sizes = [
        stride * (size - 1) + extra + reach - pad
        for size, stride, extra, reach, pad in zip(
            x.shape[2:], steps.strides, more, steps.reach, steps.padding(()), strict=True
        )
    ]
    return Value(x.dtype, (x.shape[0], outputs, *sizes))


class _Steps:
    """The checked attributes of a convolution."""

    def __init__(self, operation: Operation, weights: Value) -> None:
        kernel = list(weights.shape[2:])
        operation.require(len(kernel) == 2, f"expects weights of 4 axes, got {len(weights.shape)}")
        operation.require(weights.dtype == operation.data().dtype, "mixes data types")
        operation.require(0 not in weights.shape, "has no weights")
        stated = operation.integers("kernel_shape", [1, 1], max(kernel, default=1))
        is_stated = "kernel_shape" in operation.node.attributes
        operation.require(not is_stated or stated == kernel, "has weights of another shape")
        choices = ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER")
        automatic = operation.text("auto_pad", "NOTSET", choices)
        self.auto_pad = automatic.startswith("SAME")
        self.strides = operation.integers("strides", [1, 1], MAX_STEP)
        self.dilations = operation.integers("dilations", [1, 1], MAX_STEP)
        self.pads = operation.integers("pads", [0, 0, 0, 0], MAX_STEP)
        operation.require(automatic == "NOTSET" or not any(self.pads), "is padded twice")
        self.groups = operation.integer("group", 1)
        operation.require(1 <= self.groups <= weights.shape[0], "has impossible groups")
        self.reach = [
            (side - 1) * dilation + 1 for side, dilation in zip(kernel, self.dilations, strict=True)
        ]

    def padding(self, sizes: tuple[int, ...]) -> list[int]:
        """Return how many rows and columns are added to a tensor of these sizes."""
        if not self.auto_pad:
            return [self.pads[0] + self.pads[2], self.pads[1] + self.pads[3]]
        return [
            max((-(-size // stride) - 1) * stride + reach - size, 0)
            for size, stride, reach in zip(sizes, self.strides, self.reach, strict=True)
        ]


def normalization(operation: Operation) -> Value:
    """Return the value of an InstanceNormalization or a BatchNormalization in inference."""
    x = operation.data()
    operation.require(len(x.shape) >= 3, f"expects 3 or more axes, got {len(x.shape)}")
    operation.layers = 8 if operation.node.operator == "InstanceNormalization" else 1
    operation.require(operation.integer("training_mode") == 0, "is in training mode")
    for index in range(1, 5 if operation.node.operator == "BatchNormalization" else 3):
        operation.input(index)
        _check_channels(operation, index, x.shape[1])
    return Value(x.dtype, x.shape)


def group_normalization(operation: Operation) -> Value:
    """Return the value of a GroupNormalization: before version 21 scales are those of groups."""
    x, groups = operation.data(), operation.integer("num_groups")
    operation.require(len(x.shape) >= 3, f"expects 3 or more axes, got {len(x.shape)}")
    operation.require(groups >= 1 and x.shape[1] % groups == 0, "has groups that do not fit")
    operation.layers = 8
    for index in (1, 2):
        fits = operation.input(index).shape in ((groups,), (x.shape[1],))
        operation.require(fits, f"has an input {index + 1} that does not fit its channels")
    return Value(x.dtype, x.shape)


def _check_channels(operation: Operation, index: int, channels: int) -> None:
    value = operation.optional(index)
    fits = value is None or (value.shape == (channels,) and value.is_float)
    operation.require(fits, f"has an input {index + 1} that is not one number for each channel")


def padding(operation: Operation) -> Value:
    """Return the value of a Pad."""
    x = operation.data()
    rank = len(x.shape)
    mode = operation.text("mode", "constant", ("constant", "reflect", "edge"))
    axes = operation.axes(operation.setting("axes", 3), rank)
    pads = operation.whole(operation.setting("pads", 1), "paddings")
    operation.require(len(pads) == 2 * len(axes), "has too few or too many paddings")
    operation.require(all(pad >= 0 for pad in pads), "crops, as it pads by less than 0")
    operation.require(all(pad <= MAX_PADDING for pad in pads), f"pads by over {MAX_PADDING}")
    fill = operation.optional(2)
    operation.require(fill is None or fill.size == 1, "has a fill that is not one number")
    shape = list(x.shape)
    for axis, before, after in zip(axes, pads, pads[len(axes) :], strict=False):
        inside = mode != "reflect" or max(before, after) < x.shape[axis]
        operation.require(inside, f"reflects {max(before, after)} of {x.shape[axis]} pixels")
        shape[axis] += before + after
    return Value(x.dtype, tuple(shape))


def reduction(operation: Operation) -> Value:
    """Return the value of a ReduceMean or a ReduceSum."""
    x = operation.data()
    found = operation.setting("axes", 1)
    if (found is None or not found.size) and operation.integer("noop_with_empty_axes"):
        return Value(x.dtype, x.shape)
    axes = operation.axes(found if found is not None and found.size else None, len(x.shape))
    keeps = operation.integer("keepdims", 1)
    kept = (
        1 if axis in axes else size
        for axis, size in enumerate(x.shape)
        if keeps or axis not in axes
    )
    operation.multiplications = prod(x.shape[axis] for axis in axes)
    return Value(x.dtype, tuple(kept))


def average_pooling(operation: Operation) -> Value:
    """Return the value of a GlobalAveragePool."""
    x = operation.picture()
    operation.multiplications = prod(x.shape[2:])
    return Value(x.dtype, (*x.shape[:2], 1, 1))


def depth_to_space(operation: Operation) -> Value:
    """Return the value of a DepthToSpace, which makes pixels of channels."""
    x, side = operation.picture(), operation.integer("blocksize")
    operation.text("mode", "DCR", ("DCR", "CRD"))
    operation.require(1 <= side <= MAX_SCALE, f"enlarges by other than 1 to {MAX_SCALE}")
    batch, channels, height, width = x.shape
    operation.require(channels % side**2 == 0, f"makes {side**2} pixels of {channels} channels")
    return Value(x.dtype, (batch, channels // side**2, height * side, width * side))


def resize(operation: Operation) -> Value:
    """Return the value of a Resize or an Upsample."""
    x = operation.picture()
    operation.text("mode", "nearest", ("nearest", "linear", "bilinear", "cubic"))
    operation.text("keep_aspect_ratio_policy", "stretch", ("stretch",))
    operation.text(
        "coordinate_transformation_mode",
        "half_pixel",
        ("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "half_pixel_symmetric"),
    )
    operation.text(
        "nearest_mode",
        "round_prefer_floor",
        ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"),
    )
    operation.require(operation.integer("antialias") == 0, "smooths edges")
    axes = operation.axes(operation.setting("axes", len(operation.inputs)), 4)
    shape = list(x.shape)
    for axis, size in zip(axes, _resized(operation, [x.shape[axis] for axis in axes]), strict=True):
        largest = x.shape[axis] * (MAX_SCALE if axis > 1 else 1)
        operation.require(1 <= size <= largest, f"enlarges by more than {MAX_SCALE}")
        shape[axis] = size
    operation.multiplications = 16
    return Value(x.dtype, tuple(shape))


def _resized(operation: Operation, sizes: list[int]) -> list[int]:
    has_region = len(operation.inputs) > 2  # since version 11: x, region, scales, sizes
    scales = operation.setting("scales", 2 if has_region else 1, fixed=False)
    wanted = operation.setting("sizes", 3, fixed=False)
    if wanted is not None and wanted.size:
        operation.require(scales is None or not scales.size, "has both sizes and scales")
        numbers = operation.whole(wanted, "sizes")
        operation.require(len(numbers) == len(sizes), "has too few or too many sizes")
        return numbers
    is_complete = scales is not None and scales.dtype.kind == "f" and scales.size == len(sizes)
    if scales is None or not is_complete:
        raise operation.fail("has neither scales nor sizes for its axes")
    operation.require(bool(np.isfinite(scales).all()), "has scales that are not finite")
    return [floor(size * float(scale)) for size, scale in zip(sizes, scales, strict=True)]


def matrix_product(operation: Operation) -> Value:
    """Return the value of a MatMul."""
    a, b = operation.data(), operation.input(1)
    operation.require(a.dtype == b.dtype, "mixes data types")
    operation.require(min(len(a.shape), len(b.shape)) >= 1, "multiplies a single number")
    left = a.shape if len(a.shape) > 1 else (1, *a.shape)
    right = b.shape if len(b.shape) > 1 else (*b.shape, 1)
    operation.require(left[-1] == right[-2], "multiplies matrices that do not fit together")
    operation.multiplications = left[-1]
    rows = left[-2:-1] if len(a.shape) > 1 else ()
    columns = right[-1:] if len(b.shape) > 1 else ()
    return Value(a.dtype, (*np.broadcast_shapes(left[:-2], right[:-2]), *rows, *columns))


def general_product(operation: Operation) -> Value:
    """Return the value of a Gemm."""
    a, b = operation.data(), operation.input(1)
    operation.require(a.dtype == b.dtype, "mixes data types")
    operation.require(len(a.shape) == len(b.shape) == 2, "multiplies other things than matrices")
    rows, inner = a.shape[::-1] if operation.integer("transA") else a.shape
    other, columns = b.shape[::-1] if operation.integer("transB") else b.shape
    operation.require(inner == other, "multiplies matrices that do not fit together")
    operation.multiplications = inner
    addend = operation.optional(2)
    if addend is not None:
        whole = np.broadcast_shapes(addend.shape, (rows, columns))
        operation.require(whole == (rows, columns), "adds a tensor that does not fit")
    return Value(a.dtype, (rows, columns))
