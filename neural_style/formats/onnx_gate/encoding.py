"""ONNX files written from plain data.

`encode` writes the decoded parts of a file and nothing else, so an engine that reads its result
sees exactly what was checked, however the original file was encoded.
"""

from __future__ import annotations

import numpy as np

from .model import DTYPES, Array, AttributeKind, AttributeValue, Dimension, Model, Node, Port
from .protobuf import bytes_field, float_field, integer_field, text_fields

_IR_VERSION = 8  # since version 4, an initializer need not be an input
_DTYPE_NUMBERS = {dtype: number for number, dtype in DTYPES.items()}


def encode(model: Model) -> bytes:
    """Return the bytes of an ONNX file with this network and nothing else."""
    graph = [bytes_field(1, _encode_node(node)) for node in model.nodes]
    graph.append(bytes_field(2, b"style"))
    graph += [bytes_field(5, _encode_tensor(*pair)) for pair in model.initializers.items()]
    graph += [bytes_field(11, _encode_port(port)) for port in model.inputs]
    graph += [bytes_field(12, _encode_port(port)) for port in model.outputs]
    opset = bytes_field(8, integer_field(2, model.opset))
    return integer_field(1, _IR_VERSION) + opset + bytes_field(7, *graph)


def _encode_node(node: Node) -> bytes:
    attributes = [bytes_field(5, _encode_attribute(*pair)) for pair in node.attributes.items()]
    names = text_fields(1, node.inputs) + text_fields(2, [node.output])
    return (
        names
        + text_fields(3, [node.output])
        + text_fields(4, [node.operator])
        + b"".join(attributes)
    )


def _encode_attribute(name: str, value: AttributeValue) -> bytes:
    return text_fields(1, [name]) + _encode_value(value)


def _encode_value(value: AttributeValue) -> bytes:
    if isinstance(value, int):
        return integer_field(3, value) + integer_field(20, AttributeKind.INT)
    if isinstance(value, float):
        return float_field(2, value) + integer_field(20, AttributeKind.FLOAT)
    if isinstance(value, str):
        return text_fields(4, [value]) + integer_field(20, AttributeKind.STRING)
    if isinstance(value, np.ndarray):
        return bytes_field(5, _encode_tensor("", value)) + integer_field(20, AttributeKind.TENSOR)
    if any(isinstance(number, float) for number in value):
        return b"".join(float_field(7, number) for number in value) + integer_field(
            20, AttributeKind.FLOATS
        )
    return b"".join(integer_field(8, int(n)) for n in value) + integer_field(20, AttributeKind.INTS)


def _encode_tensor(name: str, array: Array) -> bytes:
    dims = b"".join(integer_field(1, dim) for dim in array.shape)
    kind = integer_field(2, _DTYPE_NUMBERS[array.dtype])
    return dims + kind + text_fields(8, [name]) + bytes_field(9, array.tobytes())


def _encode_port(port: Port) -> bytes:
    dims = [bytes_field(1, _encode_dimension(dim)) for dim in port.dims]
    shape = bytes_field(2, *dims)
    tensor_type = bytes_field(1, integer_field(1, _DTYPE_NUMBERS[port.dtype]), shape)
    return text_fields(1, [port.name]) + bytes_field(2, tensor_type)


def _encode_dimension(dim: Dimension) -> bytes:
    return integer_field(1, dim) if isinstance(dim, int) else text_fields(2, [dim] if dim else [])
