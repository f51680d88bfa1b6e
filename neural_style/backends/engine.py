"""Checkpoints, painted by the C++ engine on the CPU."""

from __future__ import annotations

import math
from os import PathLike

import numpy as np

from ..engine import choose_kernel
from ..engine._core import Network, NotFiniteError, count_units
from ..formats.weights import OFFICIAL_BASE_WIDTH, Weights, width_of
from ..options import RenderingOptions
from ..pictures.arrays import Colors
from ..system.resources import count_threads
from .arena import Arena
from .base import Progress, Style, not_finite

# What a painting takes besides the arena and the painted picture, with room to spare: the rows
# that threads work on, and what strips save of their neighbours.
# For the official base width; wider ones take more in proportion.
_BYTES_PER_THREAD = 8 * 2**20
_BYTES_PER_PIXEL = 2


class EngineStyle(Style):
    """A checkpoint of a `TransformerNet`.

    Threads may share it. The memory of one painting is kept for the next one. Before Python 3.14, a
    daemon thread that still paints when the interpreter ends aborts the process.
    """

    is_light = True

    def __init__(
        self,
        path: str | PathLike[str],
        weights: Weights,
        options: RenderingOptions,
        arena: Arena,
    ) -> None:
        """Prepare the network.

        Args:
            path: The file that the weights came from.
            weights: Checked weights of a `TransformerNet`.
            options: `precision` and `threads` are used.
            arena: The memory to paint in; other styles may share it.

        Raises:
            DeviceError: The kernel that the environment names cannot run here.
        """
        super().__init__(path)
        self.engine = "C++"
        self.base_width: int = width_of(weights)
        self._network = Network(weights, choose_kernel(options.precision))
        self._threads = options.threads or count_threads()
        self._arena = arena

    def paint_colors(self, colors: Colors, progress: Progress | None) -> Colors:
        """Paint in the arena, in as many threads as the picture has work for."""
        height, width, _ = colors.shape
        painted = np.empty_like(colors)
        needed = self._network.arena_bytes(height, width)
        threads = min(self._threads, count_units(height, width))
        working = _BYTES_PER_PIXEL * height * width + _BYTES_PER_THREAD * threads
        working = math.ceil(working * max(1, self.base_width / OFFICIAL_BASE_WIDTH))
        with self._arena.lend(needed, painted.nbytes + working) as arena:
            try:
                self._network.paint(colors, painted, arena, threads, progress)
            except NotFiniteError as error:
                raise not_finite() from error
        return painted

    def release(self) -> None:
        """Release the arena's memory, which other styles may share."""
        self._arena.release()
