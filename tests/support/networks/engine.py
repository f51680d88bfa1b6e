"""Painting with a given kernel or with PyTorch, and measuring how far apart the results are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image

from neural_style.backends.loading import load_network
from neural_style.networks.network import StyleNetwork
from neural_style.options import RenderingOptions

if TYPE_CHECKING:
    from torch import Tensor

    from neural_style.engine._core import Style

Levels = npt.NDArray[np.uint8]
"""A picture's levels, [height, width, 3]."""

SINGLE_THREAD = RenderingOptions(threads=1)
"""The fastest for small pictures, which take less time than threads take to wake up."""


def weights_of(state: Mapping[str, Tensor]) -> dict[str, npt.NDArray[np.float32]]:
    """Return a state dict's tensors as arrays."""
    return {name: np.asarray(value.numpy(), np.float32) for name, value in state.items()}


def make_style(network: StyleNetwork, kernel: str) -> Style:
    """Pack a network of one style for a kernel, emulated ones included."""
    from neural_style.backends.engine import pack
    from neural_style.engine._core import Style

    network = network.for_levels()
    return Style(pack(network, kernel), network.weights)


def paint_with(
    kernel: str, network: StyleNetwork, picture: Image.Image, threads: int = 1
) -> Levels:
    """Paint with a kernel, emulated ones included."""
    style = make_style(network, kernel)
    colors = np.ascontiguousarray(picture)
    needed = style.network.arena_bytes(*colors.shape[:2])
    arena = np.full(needed, 255, np.uint8)  # NaN, as fp32 and bf16
    painted = np.empty_like(colors)
    style.paint(colors, painted, arena, threads)
    return painted


def paint_with_torch(path: Path, picture: Image.Image) -> Image.Image:
    """Paint a checkpoint with PyTorch in fp32 on the CPU."""
    import torch

    from neural_style.backends.pytorch import TorchStyle

    return TorchStyle(path, load_network(path), torch.device("cpu"), SINGLE_THREAD)(picture)


def count_errors(painted: Levels, expected: Levels | Image.Image) -> dict[int, int]:
    """Return how many values differ by how many levels."""
    levels = np.asarray(expected)
    assert painted.shape == levels.shape
    counts = np.bincount(np.abs(painted.astype(int) - levels).ravel())
    return {error: int(count) for error, count in enumerate(counts) if count}


def measure_psnr(painted: Levels | Image.Image, expected: Levels | Image.Image) -> float:
    """Return the peak signal-to-noise ratio in dB; infinity for equal pictures."""
    noise = np.square(np.asarray(painted, float) - np.asarray(expected, float)).mean()
    return float("inf") if noise == 0 else float(10 * np.log10(255**2 / noise))
