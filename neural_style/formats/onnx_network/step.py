"""One operator of a graph, with what its inputs are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..onnx_gate.model import Array, AttributeValue, Node
from .terms import Constant, StyleVector, Term


class Step:
    """A node with the terms of its inputs."""

    def __init__(self, node: Node, inputs: Sequence[Term | None], shape: tuple[int, ...]) -> None:
        """Take the inputs in order, with None for each that is left out."""
        self.node = node
        self.inputs = inputs
        self.shape = shape
        """That of the output."""

    def term(self, index: int) -> Term | None:
        """Return an input; None if it is left out."""
        return self.inputs[index] if index < len(self.inputs) else None

    def pairs(self) -> list[tuple[Term, Term]]:
        """Return both inputs in both orders, for an operator of two that may be swapped."""
        first, second = (self.term(index) or Term() for index in (0, 1))
        return [(first, second), (second, first)]

    def attribute(self, name: str, default: AttributeValue) -> AttributeValue:
        """Return an attribute as it is."""
        return self.node.attributes.get(name, default)

    def setting(self, name: str, index: int) -> list[float] | None:
        """Return a constant that is an attribute in some versions, else an input.

        None if it is left out. An input that is not constant is the list of no numbers.
        """
        value = self.node.attributes.get(name)
        if isinstance(value, int | float | tuple):
            return [float(number) for number in np.atleast_1d(value)]
        term = self.term(index)
        if term is None:
            return None
        return [float(n) for n in term.array.ravel()] if isinstance(term, Constant) else []


def lies_on_channels(term: Term) -> bool:
    """Return whether a term has a number for each channel, and the shape that adds it to layers."""
    if isinstance(term, Constant):
        shape = term.array.shape
    elif isinstance(term, StyleVector):
        shape = term.shape
    else:
        return False
    return len(shape) in (3, 4) and shape[-2:] == (1, 1) and shape[:-3] in ((), (1,))


def is_constant(term: Term, number: float) -> bool:
    """Return whether a term is this number in fp32."""
    return isinstance(term, Constant) and is_number(term.array, number)


def is_number(array: Array, number: float) -> bool:
    """Return whether an array is this number in fp32, of any rank."""
    if array.size != 1 or array.ndim > 4 or array.dtype.kind not in "fi":
        return False
    return bool(np.float32(array.reshape(())) == np.float32(number))
