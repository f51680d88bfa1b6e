"""Checkpoints painted by the C++ engine on the CPU."""

from __future__ import annotations

import math
from os import PathLike

import numpy as np

from ..engine import choose_kernel
from ..engine._core import Network, NotFiniteError, count_units
from ..formats.weights import OFFICIAL_BASE_WIDTH, Weights, width_of
from ..options import PaintingOptions
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

    Threads may share it; the memory of one painting is kept for the next one. A daemon thread that
    still paints when the interpreter ends aborts the process, before Python 3.14.
    """

    def __init__(
        self, path: str | PathLike[str], weights: Weights, options: PaintingOptions
    ) -> None:
        """
        Raises:
            DeviceError: as `choose_kernel`.
        """
        super().__init__(path)
        self.base_width: int = width_of(weights)
        self._network = Network(weights, choose_kernel(options.precision))
        self._threads = options.threads or count_threads()
        self._arena = Arena(options.memory, options.tell)

    def paint_colors(self, colors: Colors, progress: Progress | None) -> Colors:
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
        self._arena.release()
