"""ONNX graphs made for tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

Shape = Sequence[int | str]
"""The sizes along all axes; a name stands for any size."""

PICTURE: tuple[str, Shape] = ("image", [1, 3, "height", "width"])
"""The name and shape of an input for pictures of any size."""


def graph_bytes(
    inputs: Sequence[tuple[str, Shape]],
    nodes: Sequence[NodeProto],
    constants: Sequence[TensorProto] = (),
    outputs: Sequence[str] = ("output",),
    opset: int = 17,
    domain: str = "",
) -> bytes:
    """Return an ONNX file; every output has the shape of a picture."""
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, PICTURE[1]) for name in outputs],
        constants,
    )
    opsets = [helper.make_opsetid(domain, opset)]
    data: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    return data


def scale_channels(factors: list[float]) -> bytes:
    """Return a graph that multiplies each channel by its factor."""
    constant = numpy_helper.from_array(np.array(factors, np.float32).reshape(1, 3, 1, 1), "factors")
    node = helper.make_node("Mul", ["image", "factors"], ["output"])
    return graph_bytes([PICTURE], [node], [constant])
