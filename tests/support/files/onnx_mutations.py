"""Small ONNX graphs, and random changes of them."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
from onnx import AttributeProto, GraphProto, TensorProto, load_from_string

from tests.support.files.onnx_hostile import floats, graph_of

NUMBERS = (-(2**63), -(2**31), -5, -1, 0, 1, 2, 3, 7, 64, 255, 20000, 2**31, 2**63 - 1)
OPERATORS = ("Add", "Concat", "Div", "Gather", "Loop", "Pad", "Reshape", "Slice", "Squeeze", "Tile")

SEEDS: dict[str, bytes] = {
    "layers": graph_of(
        ("Pad", ["image", "pads"], "a", {"mode": "reflect"}),
        ("Conv", ["a", "kernel"], "b", {"strides": [2, 2]}),
        ("InstanceNormalization", ["b", "c", "c"], "d", {}),
        ("Relu", ["d"], "e", {}),
        ("Resize", ["e", "", "by"], "f", {"mode": "nearest"}),
        ("ReduceMean", ["f"], "g", {"axes": [2, 3]}),
        ("Sub", ["f", "g"], "output", {}),
        pads=[0, 0, 1, 1, 0, 0, 1, 1],
        kernel=floats(np.ones((3, 3, 3, 3))),
        c=floats([1, 2, 3]),
        by=floats([1, 1, 2, 2]),
    ),
    "shapes": graph_of(
        ("Shape", ["image"], "sizes", {}),
        ("Slice", ["sizes", "two", "four"], "sides", {}),
        ("Div", ["sides", "two"], "half", {}),
        ("Mul", ["half", "two"], "even", {}),
        ("Concat", ["start", "even"], "all", {"axis": 0}),
        ("Reshape", ["image", "all"], "a", {}),
        ("Gather", ["a", "order"], "b", {"axis": 1}),
        ("Transpose", ["b"], "d", {"perm": [0, 1, 3, 2]}),
        ("ConstantOfShape", ["one"], "zero", {}),
        ("Unsqueeze", ["zero", "axes"], "offset", {}),
        ("Add", ["d", "offset"], "e", {}),
        ("Transpose", ["e"], "output", {"perm": [0, 1, 3, 2]}),
        two=[2],
        four=[4],
        start=[1, 3],
        order=[2, 0, 1],
        one=[1],
        axes=[0, 1, 2],
    ),
}
"""Graphs that pass, by what they are made of."""


def mutate(data: bytes, rng: random.Random) -> bytes:
    """Return `data` with one to three changes, of its bytes or of its parts."""
    for _ in range(rng.randint(1, 3)):
        data = _flip_bytes(data, rng) if rng.random() < 0.4 else _change_part(data, rng)
    return data


def _flip_bytes(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data[: rng.choice((len(data), rng.randrange(1, len(data) + 1)))])
    for _ in range(rng.randint(1, 4)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _change_part(data: bytes, rng: random.Random) -> bytes:
    try:
        model = load_from_string(data)
        rng.choice(_CHANGES)(model.graph, rng)
    except Exception:  # a change of bytes has damaged it, and that is a good test, too
        return data
    changed: bytes = model.SerializeToString()
    return changed


def _change_operator(graph: GraphProto, rng: random.Random) -> None:
    if graph.node:
        rng.choice(graph.node).op_type = rng.choice(OPERATORS)


def _change_inputs(graph: GraphProto, rng: random.Random) -> None:
    nodes = [node for node in graph.node if node.input]
    names = [name for node in graph.node for name in (*node.input, *node.output)]
    if nodes:
        node = rng.choice(nodes)
        node.input[rng.randrange(len(node.input))] = rng.choice(names)


def _change_order(graph: GraphProto, rng: random.Random) -> None:
    nodes = list(graph.node)
    rng.shuffle(nodes)
    del graph.node[:]
    graph.node.extend(nodes)


def _change_attribute(graph: GraphProto, rng: random.Random) -> None:
    attributes = [a for node in graph.node for a in node.attribute]
    if not attributes:
        return
    attribute = rng.choice(attributes)
    attribute.i = rng.choice(NUMBERS)
    if attribute.type == AttributeProto.INTS and attribute.ints:
        attribute.ints[rng.randrange(len(attribute.ints))] = rng.choice(NUMBERS)


def _change_constant(graph: GraphProto, rng: random.Random) -> None:
    constants = [c for c in graph.initializer if c.data_type == TensorProto.INT64 and c.raw_data]
    if not constants:
        return
    constant = rng.choice(constants)
    data = constant.raw_data
    numbers = np.frombuffer(data[: len(data) // 8 * 8], np.int64).copy()
    if numbers.size:
        numbers[rng.randrange(numbers.size)] = rng.choice(NUMBERS)
    constant.raw_data = numbers.tobytes()


def _change_shape(graph: GraphProto, rng: random.Random) -> None:
    constants = [c for c in graph.initializer if c.dims]
    if constants:
        constant = rng.choice(constants)
        constant.dims[rng.randrange(len(constant.dims))] = rng.choice(NUMBERS)


_CHANGES: tuple[Callable[[GraphProto, random.Random], None], ...] = (
    _change_operator,
    _change_inputs,
    _change_order,
    _change_attribute,
    _change_constant,
    _change_shape,
)
