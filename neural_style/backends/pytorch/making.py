"""The network that a device paints fastest with."""

from __future__ import annotations

from importlib.util import find_spec

import torch

from ...formats.weights import Weights
from .networks import DeviceNetwork, PlainNetwork


def make_network(weights: Weights, device: torch.device, dtype: torch.dtype) -> DeviceNetwork:
    """Return the fastest network for a device.

    Args:
        weights: Checked weights of a `TransformerNet`.
        device: Where to paint.
        dtype: fp32 or fp16, of weights and layers; normalizations are computed in fp32.
    """
    if device.type == "cuda" and find_spec("triton") is not None:
        # Triton takes a second to import.
        from .captured import CapturedNetwork
        from .fused_network import FusedNetwork

        return CapturedNetwork(FusedNetwork(weights, device, dtype))
    return PlainNetwork(weights, device, dtype)
