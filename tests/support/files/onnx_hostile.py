"""ONNX files that harm the engines which read them, each as small as it can be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from tests.support.files.onnx_graphs import PICTURE, graph_bytes

Node = tuple[str, Sequence[str], str, dict[str, Any]]
"""An operator, its inputs, its output, and its attributes."""


def tensor(name: str, values: object, dtype: object = np.int64) -> TensorProto:
    """Return constant values, whole numbers by default."""
    array: NDArray[Any] = np.array(values, dtype)  # type: ignore[call-overload]
    constant: TensorProto = numpy_helper.from_array(array, name)
    return constant


def graph_of(*nodes: Node, opset: int = 17, **constants: object) -> bytes:
    """Return a graph of `nodes`, from `image` to `output`; lists of numbers become constants."""
    made = [helper.make_node(op, inputs, [out], **attrs) for op, inputs, out, attrs in nodes]
    values = [
        value if isinstance(value, TensorProto) else tensor(name, value)
        for name, value in constants.items()
    ]
    for value, name in zip(values, constants, strict=True):
        value.name = name
    return graph_bytes([PICTURE], made, values, opset=opset)


def floats(values: object) -> TensorProto:
    """Return constant floats."""
    return tensor("", values, np.float32)


def endless_loop() -> bytes:
    """Return a graph whose Loop runs for ever."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["on"]),
            helper.make_node("Identity", ["x"], ["y"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("x", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("y", TensorProto.FLOAT, None),
        ],
    )
    node = helper.make_node("Loop", ["", "", "image"], ["output"], body=body)
    return graph_bytes([PICTURE], [node])


def nodes_of_a_circle() -> list[NodeProto]:
    """Return two nodes that need each other's outputs."""
    return [
        helper.make_node("Add", ["image", "other"], ["output"]),
        helper.make_node("Relu", ["output"], ["other"]),
    ]


HARMFUL: dict[str, tuple[bytes, str]] = {
    "GatherND out of bounds": (
        graph_of(("GatherND", ["image", "at"], "output", {}), at=[[0, 0, 10**6, 0]]),
        "got GatherND",
    ),
    "endless loop": (endless_loop(), "of Loop, got another kind"),
    "repeated": (graph_of(("Tile", ["image", "by"], "output", {}), by=[1, 1, 9999, 9999]), "Tile"),
    "a range": (
        graph_of(("Range", ["a", "b", "c"], "output", {}), a=0, b=10**10, c=1),
        "got Range",
    ),
    "expanded": (graph_of(("Expand", ["image", "to"], "output", {}), to=[1, 3, 9**6, 9]), "Expand"),
    "places that colors decide": (graph_of(("NonZero", ["image"], "output", {})), "got NonZero"),
    "a circle": (graph_bytes([PICTURE], nodes_of_a_circle()), "which no operator before it makes"),
    "itself": (graph_of(("Add", ["image", "output"], "output", {})), "no operator before it"),
    "a large constant": (
        graph_of(
            ("ConstantOfShape", ["to"], "x", {}),
            ("Add", ["x", "image"], "output", {}),
            to=[1, 3, 20000, 20000],
        ),
        "ConstantOfShape",
    ),
    "a large padding": (
        graph_of(("Pad", ["image", "pads"], "output", {}), pads=[0, 0, 20000, 0, 0, 0, 20000, 0]),
        "pads by over 256",
    ),
    "an old large padding": (
        graph_of(("Pad", ["image"], "output", {"pads": [0, 0, 0, 20000] * 2}), opset=8),
        "pads by over 256",
    ),
    "a reflection beyond the picture": (
        graph_of(
            ("Pad", ["image", "pads"], "output", {"mode": "reflect"}),
            pads=[0, 0, 200, 0, 0, 0, 200, 0],
        ),
        "reflects 200 of 16 pixels",
    ),
    "an index out of range": (
        graph_of(("Gather", ["image", "at"], "output", {"axis": 1}), at=[0, 1, 10**9]),
        "an index out of range",
    ),
    "an index below the range": (
        graph_of(("Gather", ["image", "at"], "output", {"axis": 1}), at=[0, 1, -4]),
        "an index out of range",
    ),
    "an index made of colors": (
        graph_of(
            ("Cast", ["image"], "at", {"to": TensorProto.INT64}),
            ("Gather", ["image", "at"], "output", {"axis": 1}),
        ),
        "casts colors to whole numbers",
    ),
    "an index made of the size": (
        graph_of(
            ("Shape", ["image"], "sizes", {}),
            ("Gather", ["sizes", "sizes"], "x", {}),
            ("Gather", ["image", "x"], "output", {"axis": 1}),
        ),
        "indices that are computed from the picture",
    ),
    "a division by 0": (
        graph_of(
            ("Shape", ["image"], "sizes", {}),
            ("Div", ["sizes", "zero"], "to", {}),
            ("Reshape", ["image", "to"], "output", {}),
            zero=[0],
        ),
        "divides by 0",
    ),
    "groups that do not fit": (
        graph_of(
            ("GroupNormalization", ["image", "c", "c"], "output", {"num_groups": 2}),
            opset=21,
            c=floats([1, 1, 1]),
        ),
        "has groups that do not fit",
    ),
    "an infinite whole number": (
        graph_of(
            ("Constant", [], "x", {"value_int": float("inf")}), ("Relu", ["image"], "output", {})
        ),
        "cannot convert float infinity to integer",
    ),
    "a way to round that is a tensor": (
        graph_of(
            ("Resize", ["image", "", "by"], "output", {"nearest_mode": floats([1])}),
            by=floats([1, 1, 1, 1]),
        ),
        "has an attribute nearest_mode other than",
    ),
    "a table of quotients": (
        graph_of(
            ("Div", ["row", "column"], "x", {}),
            ("Relu", ["image"], "output", {}),
            row=np.ones((1, 1000)),
            column=np.ones((1000, 1)),
        ),
        "computes with whole numbers that are no shape",
    ),
    "an enlargement": (
        graph_of(("Resize", ["image", "", "by"], "output", {}), by=floats([1, 1, 1000, 1000])),
        "enlarges by more than 16",
    ),
    "many enlargements": (
        graph_of(
            *[("Resize", [f"x{n}" if n else "image", "", "by"], f"x{n + 1}", {}) for n in range(5)],
            by=floats([1, 1, 8, 8]),
        ),
        "more than 512 for each pixel",
    ),
    "a sum of all with all": (
        graph_of(
            ("Reshape", ["image", "row"], "a", {}),
            ("Transpose", ["a"], "b", {}),
            ("Add", ["a", "b"], "c", {}),
            ("ReduceMean", ["c"], "d", {"axes": [0]}),
            ("Shape", ["image"], "sizes", {}),
            ("Reshape", ["d", "sizes"], "output", {}),
            row=[1, -1],
        ),
        "more than 512 for each pixel",
    ),
    "many multiplications": (
        graph_of(
            *[
                ("Conv", [f"x{n}" if n else "image", "kernel"], f"x{n + 1}", {"pads": [15] * 4})
                for n in range(490)
            ],
            ("Relu", ["x490"], "output", {}),
            kernel=floats(np.zeros((3, 3, 31, 31))),
        ),
        "multiplications for each pixel",
    ),
    "much at one time": (
        graph_of(
            ("Concat", ["image", "image"], "x0", {"axis": 1}),
            *[("Tanh", [f"x{n}"], f"x{n + 1}", {}) for n in range(240)],
            *[
                ("Add", [f"y{n}" if n else "x0", f"x{240 - n}"], f"y{n + 1}", {})
                for n in range(240)
            ],
            ("Gather", ["y240", "at"], "output", {"axis": 1}),
            at=[0, 1, 2],
        ),
        "needs more memory than 1024",
    ),
    "many layers": (
        graph_of(*[("Tanh", [f"x{n}" if n else "image"], f"x{n + 1}", {}) for n in range(501)]),
        "is more than layer 500",
    ),
    "too many operators": (
        graph_of(*[("Relu", ["image"], f"x{n}", {}) for n in range(2001)]),
        "at most 2,000 operators",
    ),
}
"""Files that took all memory, all time, or read other memory, and what their refusals say."""


def chain(operator: str, count: int, first: str, prefix: str, **attributes: Any) -> list[Node]:
    """Return operators in a row; the last output is the prefix with their number."""
    names = [first, *(f"{prefix}{number + 1}" for number in range(count))]
    return [(operator, [names[n]], names[n + 1], attributes) for n in range(count)]


COSTLY: dict[str, bytes] = {
    "many multiplications": graph_of(
        *[
            ("Conv", [f"x{n}" if n else "image", "kernel"], f"x{n + 1}", {"pads": [15] * 4})
            for n in range(484)
        ],
        ("Relu", ["x484"], "output", {}),
        kernel=floats(np.zeros((3, 3, 31, 31))),
    ),
    "many layers": graph_of(*chain("Tanh", 499, "image", "x"), ("Relu", ["x499"], "output", {})),
    "an enlargement": graph_of(
        ("Resize", ["image", "", "up"], "x0", {}),
        ("Tanh", ["x0"], "x1", {}),
        ("Resize", ["x1", "", "down"], "output", {}),
        up=floats([1, 1, 13, 13]),
        down=floats([1, 1, 1 / 13, 1 / 13]),
    ),
    "many channels": graph_of(
        ("Conv", ["image", "first"], "x", {"pads": [15] * 4}),
        ("Conv", ["x", "last"], "output", {"pads": [15] * 4}),
        first=floats(np.zeros((512, 3, 31, 31))),
        last=floats(np.zeros((3, 512, 31, 31))),
    ),
    "much at one time": graph_of(
        ("Concat", ["image", "image"], "x0", {"axis": 1}),
        *chain("Tanh", 168, "x0", "x"),
        *[("Add", [f"y{n}" if n else "x0", f"x{168 - n}"], f"y{n + 1}", {}) for n in range(168)],
        ("Gather", ["y168", "at"], "output", {"axis": 1}),
        at=[0, 1, 2],
    ),
}
"""Files that pass, each close to one of the limits."""
