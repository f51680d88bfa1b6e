"""A network with the values of its parameters, and mixtures of its styles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .description import NetworkDescription, parameter_shapes
from .mixtures import Mix
from .weights import Weights, check_finite, describe_shapes


@dataclass(frozen=True, eq=False)
class StyleNetwork:
    """What a style file holds, and what every backend paints with. Its arrays are shared."""

    description: NetworkDescription
    weights: Weights
    """All parameters, in fp32 and C order."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """What the file says about itself, such as who made it: see `metadata`."""

    @property
    def count(self) -> int | None:
        """How many numbered styles it has; None if it is one style without a number."""
        return self.description.styles if self.description.styles > 1 else None

    def mix(self, mix: Mix | None = None) -> Weights:
        """Return scale and shift of each norm, [channels], named as in the network.

        Args:
            mix: How much of each style; None for a network of one.
        """
        norms: Weights = {}
        for norm in self.description.norms:
            for name in (f"{norm}.weight", f"{norm}.bias"):
                norms[name] = self.weights[name] if mix is None else _mix(self.weights[name], mix)
        return norms

    def mixed(self, mix: Mix | None = None) -> StyleNetwork:
        """Return the network of one style that a mixture of styles is."""
        description = replace(self.description, styles=1)
        return replace(self, description=description, weights={**self.weights, **self.mix(mix)})

    def for_levels(self) -> StyleNetwork:
        """Return a network that paints the same and takes levels of 0..255: backends expect it."""
        levels = self.description.input_levels
        if levels == 255:
            return self
        first = "conv1.conv2d.weight"
        return StyleNetwork(
            replace(self.description, input_levels=255),
            {**self.weights, first: self.weights[first] * np.float32(levels / 255)},
            self.notes,
        )


def _mix(values: NDArray[np.float32], mix: Mix) -> NDArray[np.float32]:
    numbers, shares = list(mix), np.array(list(mix.values()))
    if len(numbers) == 1:  # exactly the values of one style
        return np.ascontiguousarray(values[numbers[0]])
    return np.asarray(shares @ values[numbers].astype(np.float64), np.float32)


def make_network(
    weights: Mapping[str, NDArray[np.float32]],
    ends: NetworkDescription | None = None,
    notes: Mapping[str, str] | None = None,
) -> StyleNetwork:
    """Return the network that has these parameters, by name.

    Args:
        weights: As for `complete_network`.
        ends: Its input and output: see `describe_shapes`.
        notes: See `StyleNetwork.notes`.

    Raises:
        StyleError: See `describe_shapes` and `complete_network`.
    """
    shapes = {name: values.shape for name, values in weights.items()}
    return complete_network(describe_shapes(shapes, ends), weights, notes)


def complete_network(
    description: NetworkDescription,
    weights: Mapping[str, NDArray[np.float32]],
    notes: Mapping[str, str] | None = None,
) -> StyleNetwork:
    """Return a network of this description; biases that are missing become zeros.

    Raises:
        StyleError: A weight is NaN or infinite.
    """
    complete: Weights = {}
    for name, shape in parameter_shapes(description).items():
        is_there = name in weights
        complete[name] = np.ascontiguousarray(weights[name]) if is_there else np.zeros(shape, "f4")
    check_finite(complete)
    return StyleNetwork(description, complete, notes or {})
