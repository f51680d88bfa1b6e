"""What a tensor of a graph may be, as far as networks of the family need it.

A term holds the terms that it was computed from. Two terms are the same only if they are one
object: the tensors of a graph have one term each.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..onnx_gate.model import Array


@dataclass(frozen=True, eq=False)
class Term:
    """Anything that is not known."""


@dataclass(frozen=True, eq=False)
class Constant(Term):
    """The same numbers for all pictures of all sizes."""

    array: Array


# Styles


@dataclass(frozen=True, eq=False)
class StyleWeights(Term):
    """The weights of all styles, in this shape."""

    shape: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class StyleTable(Term):
    """Constants of all styles, [styles, channels], each style's multiplied by its weight."""

    values: Array


@dataclass(frozen=True, eq=False)
class StyleVector(Term):
    """The sum of such a table over all styles, in a shape with one axis of channels."""

    values: Array
    shape: tuple[int, ...]


Vector = Constant | StyleVector
"""Numbers for each channel."""


# Colors and layers, each 1 x channels x height x width


@dataclass(frozen=True, eq=False)
class InputPicture(Term):
    """The picture, with `white` for level 255."""

    white: float


@dataclass(frozen=True, eq=False)
class Padded(Term):
    """`x` with `reach` reflected pixels on each side."""

    x: Term
    reach: int


@dataclass(frozen=True, eq=False)
class Convolved(Term):
    """The convolution of what is padded."""

    padded: Padded
    weight: Array
    bias: Array | None
    stride: int


@dataclass(frozen=True, eq=False)
class Rectified(Term):
    """The ReLU of `x`."""

    x: Term


@dataclass(frozen=True, eq=False)
class Doubled(Term):
    """`x` with each pixel repeated in both directions."""

    x: Term


@dataclass(frozen=True, eq=False)
class Sum(Term):
    """`x` plus `y`."""

    x: Term
    y: Term


# The steps of a normalization of x over each channel


@dataclass(frozen=True, eq=False)
class Mean(Term):
    """The mean of each channel of `x`."""

    x: Term


@dataclass(frozen=True, eq=False)
class Centered(Term):
    """`x` minus its means."""

    x: Term


@dataclass(frozen=True, eq=False)
class Squared(Term):
    """The squares of `x`, centered."""

    x: Term


@dataclass(frozen=True, eq=False)
class Variance(Term):
    """The variance of each channel of `x`, plus epsilon where that is added."""

    x: Term
    has_epsilon: bool = False


@dataclass(frozen=True, eq=False)
class Deviation(Term):
    """The root of the variance plus epsilon, or one divided by it."""

    x: Term
    is_inverse: bool = False


@dataclass(frozen=True, eq=False)
class Normalized(Term):
    """`x`, normalized, times `scale`, plus `shift`; None where that is left out."""

    x: Term
    scale: Vector | None = None
    shift: Vector | None = None


# The end


@dataclass(frozen=True, eq=False)
class Sigmoid(Term):
    """The sigmoid of `x`."""

    x: Term


@dataclass(frozen=True, eq=False)
class Levels(Term):
    """255 times the sigmoid of `x`, plus 0.5 where it `rounds`."""

    x: Term
    rounds: bool = False


@dataclass(frozen=True, eq=False)
class Clamped(Term):
    """`x` within 0 and 255."""

    x: Term
