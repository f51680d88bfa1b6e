"""One operator of a graph as its rule sees it: with the shapes of its inputs, and checked settings.

A rule is a function that takes an `Operation` and returns the `Value` of its output.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import StyleError
from .model import Array, Node

MAX_KNOWN = 4096
"""The most elements of a value that is computed here, such as a shape, an index or a padding."""

_REMEDY = (
    "export the network again with constant shapes, indices, paddings and scales, or choose "
    "another style"
)
_LONGEST_NAME = 60  # characters


@dataclass(frozen=True)
class Value:
    """What is known about a tensor for one size of pictures."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    known: Array | None = None
    """Its elements, if they are few and do not depend on the picture's colors."""
    is_fixed: bool = True
    """Whether `known` is the same for pictures of all sizes."""

    @property
    def size(self) -> int:
        """The number of elements."""
        return prod(self.shape)

    @property
    def is_float(self) -> bool:
        """Whether the elements are floats."""
        return self.dtype.kind == "f"


def value_of(array: Array, is_fixed: bool = True) -> Value:
    """Return the value of a tensor whose elements are known; large ones are not kept."""
    known = array if array.size <= MAX_KNOWN else None
    return Value(array.dtype, array.shape, known, is_fixed)


class Operation:
    """A node, and the values of its inputs."""

    def __init__(self, node: Node, inputs: Sequence[Value | None]) -> None:
        """Take the inputs in order, with None for each that is left out."""
        self.node = node
        self.inputs = inputs
        self.multiplications = 0
        """How many multiplications each element of the output takes, set by its rule."""
        self.layers = 1
        """How many operators an engine compiles it to, set by its rule."""

    def fail(self, problem: str) -> StyleError:
        """Return the error of this operator."""
        return StyleError(
            f"expected a graph that can be checked, but its operator {self.node.operator} "
            f"({self.node.output[:_LONGEST_NAME]!r}) {problem}",
            remedy=_REMEDY,
        )

    def require(self, condition: bool, problem: str) -> None:
        """Raise the error of this operator unless the condition holds."""
        if not condition:
            raise self.fail(problem)

    def optional(self, index: int) -> Value | None:
        """Return an input, or None if it is left out."""
        return self.inputs[index] if index < len(self.inputs) else None

    def input(self, index: int) -> Value:
        """Return an input that must be there."""
        value = self.optional(index)
        if value is None:
            raise self.fail(f"has no input {index + 1}")
        return value

    def data(self) -> Value:
        """Return the first input, which must be of floats."""
        x = self.input(0)
        self.require(x.is_float, "computes with whole numbers that are no shape")
        return x

    def picture(self) -> Value:
        """Return the first input, which must be of floats, batch x channels x height x width."""
        x = self.data()
        self.require(len(x.shape) == 4, f"expects 4 axes, got {len(x.shape)}")
        return x

    def integer(self, name: str, default: int = 0) -> int:
        """Return an attribute that is a whole number."""
        value = self.node.attributes.get(name, default)
        if not isinstance(value, int):
            raise self.fail(f"has an attribute {name} that is not a whole number")
        return value

    def text(self, name: str, default: str, choices: Sequence[str]) -> str:
        """Return an attribute that is one of some words."""
        value = self.node.attributes.get(name, default)
        if not isinstance(value, str) or value not in choices:
            raise self.fail(f"has an attribute {name} other than {', '.join(choices)}")
        return value

    def integers(self, name: str, default: Sequence[int], highest: int) -> list[int]:
        """Return an attribute that is a list of as many whole numbers as `default`.

        Each may be at least as large as its default, and at most `highest`.
        """
        value = self.node.attributes.get(name, tuple(default))
        is_list = isinstance(value, tuple) and len(value) == len(default)
        if not isinstance(value, tuple) or not is_list:
            raise self.fail(f"has an attribute {name} that is not {len(default)} numbers")
        numbers = [int(number) for number in value]
        within = all(low <= n <= highest for n, low in zip(numbers, default, strict=True))
        self.require(within, f"has an attribute {name} that is out of range")
        return numbers

    def setting(self, name: str, index: int, *, fixed: bool = True) -> Array | None:
        """Return the elements of a setting that is an attribute in some versions, else an input.

        Args:
            name: The attribute.
            index: The input.
            fixed: Refuse one that depends on the picture's size.

        Returns:
            One axis. None if the setting is left out.
        """
        value = self.optional(index)
        if value is None:
            attribute = self.node.attributes.get(name)
            if attribute is None:
                return None
            self.require(isinstance(attribute, int | tuple), f"has an attribute {name} of text")
            return np.atleast_1d(np.asarray(attribute))
        self.require(name not in self.node.attributes, f"has {name} twice")
        return np.atleast_1d(self.known(value, name, fixed=fixed))

    def known(self, value: Value, name: str, *, fixed: bool = True) -> Array:
        """Return the elements of an input that must not depend on the picture's colors."""
        if value.known is None or (fixed and not value.is_fixed):
            raise self.fail(f"has {name} that are computed from the picture")
        return value.known

    def axes(self, found: Array | None, rank: int) -> list[int]:
        """Return axes as different numbers from 0; all of them if none is given."""
        if found is None:
            return list(range(rank))
        self.require(found.dtype.kind == "i" and found.ndim == 1, "has axes that are no numbers")
        axes = [self.axis(int(axis), rank) for axis in found]
        self.require(len(set(axes)) == len(axes), "has the same axis twice")
        return axes

    def axis(self, axis: int, rank: int) -> int:
        """Return an axis as a number from 0."""
        self.require(-rank <= axis < rank, f"has the axis {axis} of {rank}")
        return axis % rank

    def whole(self, found: Array | None, name: str) -> list[int]:
        """Return the elements of a setting of whole numbers on one axis."""
        if found is None or found.dtype.kind != "i" or found.ndim != 1:
            raise self.fail(f"has {name} that are not whole numbers")
        return [int(number) for number in found]

    def result(self, array: NDArray[Any], *sources: Value) -> Value:
        """Return a value computed from the known elements of `sources`."""
        return value_of(array, all(source.is_fixed for source in sources))

    def arrange(
        self, shape: Sequence[int], rearrange: Callable[..., NDArray[Any]], *sources: Value
    ) -> Value:
        """Return the value of this shape that consists of elements of `sources`.

        Args:
            shape: That of the output.
            rearrange: Computes its elements from those of all sources. It is called only if these
                are known and the output has few elements.
            sources: Values of one type.
        """
        known = [source.known for source in sources if source.known is not None]
        if len(known) < len(sources) or prod(shape) > MAX_KNOWN:
            return Value(sources[0].dtype, tuple(shape))
        return self.result(rearrange(*known), *sources)
