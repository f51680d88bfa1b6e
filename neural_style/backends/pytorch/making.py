"""The network that a device paints fastest with."""

from __future__ import annotations

from importlib.util import find_spec

import torch

from ...networks.description import COLORS, NetworkDescription
from ...networks.network import StyleNetwork
from .networks import DeviceNetwork, PlainNetwork


def make_network(network: StyleNetwork, device: torch.device, dtype: torch.dtype) -> DeviceNetwork:
    """Return the fastest network for a device.

    Args:
        network: One of one style, which takes levels.
        device: Where to paint.
        dtype: fp32 or fp16, of weights and layers; normalizations are computed in fp32.
    """
    if device.type == "cuda" and find_spec("triton") is not None and _can_fuse(network.description):
        # Triton takes a second to import.
        from .captured import CapturedNetwork
        from .fused_network import FusedNetwork

        return CapturedNetwork(FusedNetwork(network, device, dtype))
    return PlainNetwork(network, device, dtype)


def _can_fuse(description: NetworkDescription) -> bool:
    """Return whether the fused kernels, which take colors for channels by threes, are for it."""
    return description.has_official_ends and COLORS not in description.channels
