"""Batches on their way through a device: while it paints a part, the next one is gathered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...pictures.arrays import Colors
from .networks import DeviceNetwork

_PART_PIXELS = 1 << 21
"""Eight pictures of 512x512: with fewer, a GPU has idle cores; with more, it waits longer for the
first ones."""


def paint_in_parts(
    network: DeviceNetwork, batch: Sequence[Colors], device: torch.device
) -> tuple[list[Colors], NDArray[np.bool_]]:
    """Paint pictures of one size, and copy the results to the CPU.

    All that a GPU does is asked for before anything is waited for. It copies to and from memory
    that is pinned, which other work need not wait for: see
    https://docs.pytorch.org/docs/stable/notes/cuda.html#use-pinned-memory-buffers.

    Returns:
        The paintings, and for each of them whether any of its values was not finite.
    """
    at_once = max(1, _PART_PIXELS // batch[0][:, :, 0].size)
    painted: list[Tensor] = []
    broken: list[Tensor] = []
    for begin in range(0, len(batch), at_once):
        pictures = _gather(batch[begin : begin + at_once], device)
        # What a network returns is valid until its next call.
        for result, results in zip(network(pictures), (painted, broken), strict=True):
            results.append(_fetch(result))
    if device.type == "cuda":
        torch.cuda.current_stream(device).synchronize()
    return [colors for part in painted for colors in part.numpy()], torch.cat(broken).numpy()


def _gather(part: Sequence[Colors], device: torch.device) -> Tensor:
    """Return pictures on the device, N x H x W x 3."""
    pictures = torch.empty((len(part), *part[0].shape), dtype=torch.uint8, pin_memory=_pins(device))
    np.stack(part, out=pictures.numpy())
    return pictures.to(device, non_blocking=True)


def _fetch(result: Tensor) -> Tensor:
    """Return a copy on the CPU; that of a GPU is complete when its stream is."""
    pins = _pins(result.device)
    fetched = torch.empty(result.shape, dtype=result.dtype, pin_memory=pins)
    return fetched.copy_(result, non_blocking=pins)


def _pins(device: torch.device) -> bool:
    return device.type == "cuda"
