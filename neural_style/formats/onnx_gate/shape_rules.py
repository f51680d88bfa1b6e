"""Rules of the operators that compute shapes, and that arrange the elements of tensors."""

from __future__ import annotations

from math import prod

import numpy as np

from .model import DTYPES, Array
from .operation import MAX_KNOWN, Operation, Value, value_of

_INT64 = DTYPES[7]


def constant(operation: Operation) -> Value:
    """Return the value of a Constant."""
    attributes = operation.node.attributes
    operation.require(len(attributes) == 1, "has not exactly one value")
    ((name, value),) = attributes.items()
    dtype = _INT64 if name.startswith("value_int") else DTYPES[1]
    if isinstance(value, np.ndarray):
        return value_of(value)
    operation.require(not isinstance(value, str), "is text")
    return value_of(np.asarray(value, dtype))


def constant_of_shape(operation: Operation) -> Value:
    """Return the value of a ConstantOfShape: few elements, such as a padding."""
    shape = operation.whole(operation.setting("", 0), "sizes")
    operation.require(all(0 <= size <= MAX_KNOWN for size in shape), "has impossible sizes")
    operation.require(prod(shape) <= MAX_KNOWN, f"makes more than {MAX_KNOWN:,} numbers")
    value = operation.node.attributes.get("value", np.zeros(1, DTYPES[1]))
    if not isinstance(value, np.ndarray) or value.size != 1:
        raise operation.fail("has a value that is not one number")
    return value_of(np.full(shape, value.reshape(()), value.dtype))


def shape(operation: Operation) -> Value:
    """Return the value of a Shape."""
    x = operation.input(0)
    rank = len(x.shape)
    part = slice(operation.integer("start"), operation.integer("end", rank))
    return value_of(np.array(x.shape[part], _INT64), x.known is not None)


def identity(operation: Operation) -> Value:
    """Return the value of an Identity."""
    return operation.input(0)


def cast(operation: Operation) -> Value:
    """Return the value of a Cast; colors may be cast to floats only."""
    x, number = operation.input(0), operation.integer("to")
    operation.require(number in DTYPES, f"casts to the ONNX data type {number}")
    dtype = DTYPES[number]
    if x.known is None:
        operation.require(x.is_float and dtype.kind == "f", "casts colors to whole numbers")
        return Value(dtype, x.shape)
    low, high = -(2.0**31), 2.0**31
    with np.errstate(all="ignore"):  # the bounds are beyond half precision
        fits = dtype.kind == "f" or bool(((low <= x.known) & (x.known < high)).all())
        operation.require(fits or x.dtype.kind == "i", "casts numbers that do not fit")
        return operation.result(x.known.astype(dtype), x)


def gather(operation: Operation) -> Value:
    """Return the value of a Gather; its indices are constants in range."""
    x, where = operation.input(0), operation.input(1)
    operation.require(bool(x.shape), "takes elements of a single number")
    axis = operation.axis(operation.integer("axis"), len(x.shape))
    indices = operation.known(where, "indices")
    operation.require(indices.dtype.kind == "i", "has indices that are not whole numbers")
    size = x.shape[axis]
    in_range = bool(((indices >= -size) & (indices < size)).all())
    operation.require(in_range, f"has an index out of range: the axis has {size} elements")
    taken = (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])
    return operation.arrange(taken, lambda known: np.take(known, indices, axis), x)


def concat(operation: Operation) -> Value:
    """Return the value of a Concat."""
    parts = [operation.input(index) for index in range(len(operation.inputs))]
    first = operation.input(0)
    rank = len(first.shape)
    axis = operation.axis(operation.integer("axis"), rank)
    operation.require("axis" in operation.node.attributes, "has no axis")
    others = {(p.dtype, p.shape[:axis], p.shape[axis + 1 :], len(p.shape)) for p in parts}
    operation.require(len(others) == 1, "joins tensors that do not fit together")
    total = sum(part.shape[axis] for part in parts)
    joined = (*first.shape[:axis], total, *first.shape[axis + 1 :])
    return operation.arrange(joined, lambda *known: np.concatenate(known, axis), *parts)


def slice_(operation: Operation) -> Value:
    """Return the value of a Slice; only what it cuts off may depend on the picture's size."""
    x = operation.input(0)
    fixed = x.known is not None
    starts = operation.whole(operation.setting("starts", 1, fixed=fixed), "starts")
    ends = operation.whole(operation.setting("ends", 2, fixed=fixed), "ends")
    found, steps = operation.setting("axes", 3), operation.setting("steps", 4)
    axes = list(range(len(starts))) if found is None else operation.axes(found, len(x.shape))
    strides = [1] * len(axes) if steps is None else operation.whole(steps, "steps")
    operation.require(len(starts) == len(ends) == len(axes) == len(strides), "is incomplete")
    operation.require(len(axes) <= len(x.shape) and 0 not in strides, "has impossible steps")
    parts = [slice(None)] * len(x.shape)
    for axis, start, end, stride in zip(axes, starts, ends, strides, strict=True):
        parts[axis] = slice(start, end, stride)
    sizes = [len(range(*part.indices(size))) for part, size in zip(parts, x.shape, strict=True)]
    return operation.arrange(sizes, lambda known: known[tuple(parts)], x)


def unsqueeze(operation: Operation) -> Value:
    """Return the value of an Unsqueeze."""
    x, found = operation.input(0), operation.setting("axes", 1)
    if found is None:
        raise operation.fail("has no axes")
    rank = len(x.shape) + found.size
    sizes = iter(x.shape)
    axes = operation.axes(found, rank)
    return _reshaped(operation, x, [1 if axis in axes else next(sizes) for axis in range(rank)])


def squeeze(operation: Operation) -> Value:
    """Return the value of a Squeeze."""
    x, found = operation.input(0), operation.setting("axes", 1)
    ones = [axis for axis, size in enumerate(x.shape) if size == 1]
    axes = ones if found is None else operation.axes(found, len(x.shape))
    operation.require(set(axes) <= set(ones), "drops an axis of more than one element")
    return _reshaped(operation, x, [s for axis, s in enumerate(x.shape) if axis not in axes])


def reshape(operation: Operation) -> Value:
    """Return the value of a Reshape."""
    x = operation.input(0)
    fixed = x.known is not None
    sizes = operation.whole(operation.setting("shape", 1, fixed=fixed), "sizes")
    operation.require(operation.integer("allowzero") == 0 or 0 not in sizes, "makes it empty")
    operation.require(all(size >= -1 for size in sizes), "has negative sizes")
    operation.require(sizes.count(-1) <= 1, "has several sizes of -1")
    operation.require(
        0 not in sizes[len(x.shape) :], "copies the size of an axis that is not there"
    )
    sizes = [x.shape[axis] if size == 0 else size for axis, size in enumerate(sizes)]
    if -1 in sizes:
        rest = prod(size for size in sizes if size != -1)
        operation.require(rest > 0 and x.size % rest == 0, "does not keep the number of elements")
        sizes[sizes.index(-1)] = x.size // rest
    return _reshaped(operation, x, sizes)


def flatten(operation: Operation) -> Value:
    """Return the value of a Flatten."""
    x = operation.input(0)
    axis = operation.integer("axis", 1)
    operation.require(-len(x.shape) <= axis <= len(x.shape), "has an axis out of range")
    return _reshaped(operation, x, [prod(x.shape[:axis]), prod(x.shape[axis:])])


def _reshaped(operation: Operation, x: Value, sizes: list[int]) -> Value:
    operation.require(prod(sizes) == x.size, "does not keep the number of elements")
    return operation.arrange(sizes, lambda known: known.reshape(sizes), x)


def transpose(operation: Operation) -> Value:
    """Return the value of a Transpose."""
    x = operation.input(0)
    rank = len(x.shape)
    order = operation.node.attributes.get("perm", tuple(range(rank))[::-1])
    if not isinstance(order, tuple) or sorted(order) != list(range(rank)):
        raise operation.fail("has an impossible order of axes")
    axes = [int(axis) for axis in order]
    sizes = [x.shape[axis] for axis in axes]
    return operation.arrange(sizes, lambda known: known.transpose(axes), x)


def fold_unary(operation: Operation, x: Array) -> Array | None:
    """Compute the operators on known numbers that shapes are computed with; None for others."""
    compute = {"Floor": np.floor, "Ceil": np.ceil, "Neg": np.negative, "Abs": np.abs}
    function = compute.get(operation.node.operator)
    return None if function is None else np.asarray(function(x), x.dtype)


def fold_binary(operation: Operation, a: Array, b: Array) -> Array | None:
    """Compute the operators on known numbers that shapes are computed with; None for others."""
    compute = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide}
    function = compute.get(operation.node.operator)
    if function is None:
        return None
    if operation.node.operator == "Div" and a.dtype.kind == "i":
        # A whole number divided by 0, and the lowest one divided by -1, end the process.
        operation.require(bool((b > 0).all() and (a >= 0).all()), "divides by 0 or below it")
        return np.asarray(a // b, a.dtype)
    with np.errstate(all="ignore"):
        return np.asarray(function(a, b), a.dtype)
