"""Networks of the family, painted by the C++ engine on the CPU."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from os import PathLike

import numpy as np

from ..engine import _core, choose_kernel
from ..engine._core import NotFiniteError
from ..networks.description import OFFICIAL_BASE_WIDTH
from ..networks.network import StyleNetwork
from ..options import RenderingOptions, ignore
from ..pictures.arrays import Colors
from ..system.interruption import check_interrupted
from ..system.resources import count_threads
from .arena import Arena
from .base import Progress, Style, not_finite

# What a painting takes besides the arena and the painted picture, with room to spare: the rows
# that threads work on, and what strips save of their neighbours.
# For the official base width; wider ones take more in proportion.
_BYTES_PER_THREAD = 8 * 2**20
_BYTES_PER_PIXEL = 2

# Threads wait for each other where their number does not divide that of a picture's units. With
# this many units for each thread, that takes less than an eighth of the time.
_UNITS_PER_THREAD = 4

_PICTURES_PER_THREAD = 4  # that are painted together: they share one arena, and even out


class EngineStyle(Style):
    """A network of the family.

    Threads may share it, and the styles of a file share its filters. The memory of one painting is
    kept for the next one. Before Python 3.14, a daemon thread that still paints when the
    interpreter ends aborts the process.
    """

    is_light = True

    def __init__(
        self,
        path: str | PathLike[str],
        network: StyleNetwork,
        options: RenderingOptions,
        arena: Arena,
    ) -> None:
        """Prepare the network.

        Args:
            path: The file that the weights came from.
            network: What the file holds.
            options: `precision` and `threads` are used.
            arena: The memory to paint in; other styles may share it.

        Raises:
            DeviceError: The kernel that the environment names cannot run here.
        """
        super().__init__(path, network.count)
        self.engine = "C++"
        self.network = network.description
        self._width = network.description.full_width
        self._parameters = network.for_levels()
        self._network = pack(self._parameters, choose_kernel(options.precision))
        self._threads = options.threads or count_threads()
        self._arena = arena

    def batch_size(self, height: int, width: int) -> int:
        """Return 1 if a picture keeps all threads busy, or else some for each thread."""
        is_large = self._network.count_units(height, width) >= _UNITS_PER_THREAD * self._threads
        return 1 if is_large or self._threads == 1 else _PICTURES_PER_THREAD * self._threads

    def paint_batch(self, batch: Sequence[Colors]) -> list[Colors]:
        """Paint each picture in a thread of its own."""
        threads = min(self._threads, len(batch))
        if threads < 2:
            return super().paint_batch(batch)
        painted: list[Colors] = list(batch)

        def paint_every(first: int) -> None:
            arena = Arena(self._arena.limit, ignore)
            for index in range(first, len(batch), threads):
                painted[index] = self._paint(batch[index], None, 1, arena)

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(paint_every, range(threads)))
        return painted

    def paint_colors(self, colors: Colors, progress: Progress | None) -> Colors:
        """Paint in the arena, in as many threads as the picture has work for."""
        threads = min(self._threads, self._network.count_units(*colors.shape[:2]))
        return self._paint(colors, progress, threads, self._arena)

    def _paint(
        self, colors: Colors, progress: Progress | None, threads: int, arena: Arena
    ) -> Colors:
        height, width, _ = colors.shape
        painted = np.empty_like(colors)
        needed = self._network.arena_bytes(height, width)
        working = _BYTES_PER_PIXEL * height * width + _BYTES_PER_THREAD * threads
        working = math.ceil(working * max(1, self._width / OFFICIAL_BASE_WIDTH))
        style = _core.Style(self._network, self._parameters.mixed(self.mix).weights)
        with arena.lend(needed, painted.nbytes + working) as memory:
            try:
                style.paint(colors, painted, memory, threads, progress, check_interrupted)
            except NotFiniteError as error:
                raise not_finite() from error
        return painted

    def release(self) -> None:
        """Release the arena's memory, which other styles may share."""
        self._arena.release()


def pack(network: StyleNetwork, kernel: str) -> _core.Network:
    """Pack the filters of a network that takes levels of 0..255 for a kernel."""
    description = network.description
    return _core.Network(
        network.weights,
        kernel,
        description.channels,
        description.blocks,
        description.unnormalized,
        has_sigmoid=description.output == "sigmoid",
    )
