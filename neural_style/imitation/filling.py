"""The style transfer network, filled in for one style."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .magenta import Network, Numbers

RESIDUAL_BLOCKS = 5
"""The number of residual blocks of the network."""

Weights = dict[str, NDArray[np.float32]]


def fill_in(network: Network, style: Numbers) -> Weights:
    """Return the weights of the network that paints in one style, under this family's names.

    Its convolutions are the same for all styles. The scale and the shift of each normalization are
    affine functions of the style's numbers. So mixing the scales and shifts of two styles equals
    mixing their numbers.

    Args:
        network: The one of `MagentaFile.TRANSFER`.
        style: The 100 numbers.
    """
    weights: dict[str, Numbers] = {}
    for name, original in _contracting():
        weights[f"{name}.conv2d.weight"] = network.values[f"{original}/weights_dequant"]
        weights[f"{name}.conv2d.bias"] = network.values[f"{original}/Conv2D_bias_dequant"]
    for name, norm, original in _normalized():
        weights[f"{name}.conv2d.weight"] = network.values[f"{original}/weights_dequant"]
        # The order in which TensorFlow made the two: the shift first.
        weights[f"{norm}.weight"] = _apply(network, f"{original}/StyleNorm/Conv_1", style)
        weights[f"{norm}.bias"] = _apply(network, f"{original}/StyleNorm/Conv", style)
    return {name: value.astype(np.float32, order="C") for name, value in weights.items()}


def _contracting() -> Iterator[tuple[str, str]]:
    """Yield the names of the convolutions with a bias and without a norm, here and there."""
    for number in (1, 2, 3):
        yield f"conv{number}", f"transformer/contract/conv{number}"


def _normalized() -> Iterator[tuple[str, str, str]]:
    """Yield the names of the convolutions with a norm and without a bias, and of the norms."""
    for block in range(1, RESIDUAL_BLOCKS + 1):
        for number in (1, 2):
            original = f"transformer/residual/residual{block}/conv{number}"
            yield f"res{block}.conv{number}", f"res{block}.in{number}", original
    for number in (1, 2, 3):
        yield f"deconv{number}", f"in{number + 3}", f"transformer/expand/conv{number}/conv"


def _apply(network: Network, layer: str, style: Numbers) -> Numbers:
    """Return what a layer of the style's numbers makes of them, one number for each channel."""
    weight = network.values[f"style_params/{layer}/weights_dequant"]
    bias = network.values[f"style_params/{layer}/Conv2D_bias_dequant"]
    return weight.reshape(len(bias), -1) @ style + bias
