"""Networks that paint batches of pictures on a device: PyTorch's own layers, or fused ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ...formats.checkpoint import build_network
from ...networks.network import StyleNetwork
from ...networks.weights import Weights
from ...system.shared import shared


class DeviceNetwork(Protocol):
    """A `TransformerNet` on a device."""

    def __call__(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Paint pictures of one size.

        Args:
            pictures: N x H x W x 3, RGB, uint8, on the device. Both sides are at least 5.

        Returns:
            N x 4*ceil(H/4) x 4*ceil(W/4) x 3, RGB, uint8; and for each picture whether any of its
            values was not finite, N, bool.
        """

    def set_norms(self, norms: Weights) -> None:
        """Paint with these scales and shifts from now on, named as in the network."""


class PlainNetwork:
    """The network in PyTorch's own layers."""

    def __init__(self, network: StyleNetwork, device: torch.device, dtype: torch.dtype) -> None:
        """Move the weights to the device: see `make_network`."""
        built: nn.Module = build_network(network)
        self.network = built.to(device, dtype=dtype).to(memory_format=torch.channels_last)
        self._device = device
        self._dtype = dtype
        if dtype != torch.float32:
            for module in self.network.modules():
                if isinstance(module, nn.InstanceNorm2d):
                    _compute_in_fp32(module)

    def __call__(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Paint pictures: see `DeviceNetwork`."""
        # Channels-last is what a picture's bytes are already.
        painted = self.network(pictures.permute(0, 3, 1, 2).to(self._dtype)).float()
        is_broken = ~painted.isfinite().flatten(1).all(1)
        levels = painted.clamp_(0, 255).to(torch.uint8)
        return levels.permute(0, 2, 3, 1).contiguous(), is_broken

    def set_norms(self, norms: Weights) -> None:
        """Replace scales and shifts: see `DeviceNetwork`."""
        # Not in place: the arrays may be those of a file.
        state = {name: torch.from_numpy(array).to(self._device) for name, array in norms.items()}
        self.network.load_state_dict(state, strict=False, assign=True)


def _compute_in_fp32(module: nn.Module) -> None:
    """Have a layer of a network in half precision compute in fp32: its sums need it."""

    def take(module: nn.Module, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        return (arguments[0].float(),)

    def give(module: nn.Module, arguments: tuple[Any, ...], output: Tensor) -> Tensor:
        return output.half()

    module.float()
    module.register_forward_pre_hook(take)
    module.register_forward_hook(give)


@shared
@contextmanager
def full_precision() -> Iterator[None]:
    """Convolve fp32 in fp32: by default cuDNN keeps only 10 bits of each fraction (TF32).

    Thread-safe: it ends with the last active block.
    See https://docs.pytorch.org/docs/stable/notes/cuda.html.
    """
    settings: Any = torch.backends.cudnn.conv  # type: ignore[attr-defined]
    before = settings.fp32_precision
    settings.fp32_precision = "ieee"
    try:
        yield
    finally:
        settings.fp32_precision = before
