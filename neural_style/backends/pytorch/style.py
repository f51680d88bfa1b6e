"""Checkpoints, painted by PyTorch: on accelerators, and on the CPU where nothing else can."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from os import PathLike

import numpy as np
import torch

from csci_utils.text import one_line

from ...networks.description import OFFICIAL_BASE_WIDTH
from ...networks.network import StyleNetwork
from ...options import FAST, RenderingOptions, ignore
from ...pictures.arrays import Colors
from ...system.resources import check_memory
from ..base import Progress, Style, not_finite
from .making import make_network
from .networks import DeviceNetwork, full_precision
from .parts import paint_in_parts

_CPU_BYTES_PER_PIXEL = 1050  # measured at 8 megapixels and the official width

_BATCH_PIXELS = 1 << 23
"""More pixels at once are no faster: 32 pictures of 512x512."""


@dataclass
class _Shared:
    """What the numbered styles of a file share."""

    networks: list[DeviceNetwork]
    lock: threading.Lock = field(default_factory=threading.Lock)  # of the networks
    mix: dict[int, float] | None = None
    """Whose scales and shifts the networks have."""
    most_at_once: int | None = None
    """How many pictures are painted at once; None until a batch was too large."""
    cpu_style: Style | None = None


class TorchStyle(Style):
    """A network, painted by PyTorch.

    Exact is fp32 on any device. Fast is fp16 on an accelerator, except for the normalizations,
    whose sums need fp32. A picture whose values exceed fp16 is painted again in fp32. On the CPU,
    fast is the same as exact.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        network: StyleNetwork,
        device: torch.device,
        options: RenderingOptions,
        notify: Callable[[str], None] = ignore,
        load_for_cpu: Callable[[], Style] | None = None,
    ) -> None:
        """Move the network to the device.

        Args:
            path: The file that the weights came from.
            network: What the file holds.
            device: Where to paint.
            options: `precision`, `threads` and `memory` are used.
            notify: Called with each note: that the accelerator takes fewer pictures at once, or
                that the CPU paints in its place, with the reason.
            load_for_cpu: Loads the style that does. None if there is no accelerator to replace.
        """
        super().__init__(path, network.count)
        self.engine = f"PyTorch on {device.type}"
        self.network = network.description
        self._network = network.for_levels()
        self.device = device
        self._options = options
        self._notify = notify
        self._load_for_cpu = load_for_cpu
        is_fast = device.type != "cpu" and options.precision == FAST
        dtypes = [torch.float16, torch.float32] if is_fast else [torch.float32]
        one = self._network if network.count is None else self._network.mixed({0: 1.0})
        self._shared = _Shared([make_network(one, device, dtype) for dtype in dtypes])

    def batch_size(self, height: int, width: int) -> int:
        """Return how many pictures of a size are painted at once."""
        if self.device.type == "cpu":
            return 1
        most = max(1, _BATCH_PIXELS // (height * width))
        return min(most, self._shared.most_at_once or most)

    def paint_colors(self, colors: Colors, progress: Progress | None) -> Colors:
        """Paint a batch of one."""
        return self.paint_batch([colors])[0]

    def paint_batch(self, batch: Sequence[Colors]) -> list[Colors]:
        """Paint on the device, fewer pictures at once or on the CPU if an accelerator fails.

        Accelerators report a lack of memory in many ways, some only in words. So half as many
        pictures are tried after any failure. After that of a single one the CPU takes over.
        """
        self.engine = f"PyTorch on {self.device.type}"
        if self._load_for_cpu is None:
            return self._paint(batch)
        painted: list[Colors] = []
        while len(painted) < len(batch):
            begin = len(painted)
            part = batch[begin : begin + (self._shared.most_at_once or len(batch))]
            try:
                painted += self._paint(part)
                continue
            except torch.OutOfMemoryError:
                reason = "has too little memory"
            except RuntimeError as error:
                reason = f"failed ({one_line(str(error))})"
            # Not in the handler: the error holds on to the accelerator's memory.
            if len(part) > 1:
                most = self._shared.most_at_once = len(part) // 2
                self._notify(f"{self.device} {reason}: it paints {most} pictures at once")
            else:
                self._notify(f"{self.device} {reason}: the CPU paints this picture")
                painted.append(self._paint_on_cpu(part[0]))
        return painted

    def _paint(self, batch: Sequence[Colors]) -> list[Colors]:
        """Run the network in the precision that is asked for, and that the pictures allow."""
        if self.device.type == "cpu":
            size = sum(colors[:, :, 0].size for colors in batch)
            width = self._network.description.full_width
            needed = size * width // OFFICIAL_BASE_WIDTH * _CPU_BYTES_PER_PIXEL
            check_memory(needed, self._options.memory)
        with (
            self._shared.lock,
            torch.inference_mode(),
            full_precision(),
            _threads(self._options.threads),
        ):
            first, *others = self._shared.networks
            self._set_norms()
            painted, is_broken = paint_in_parts(first, batch, self.device)
            for network in others:
                if broken := np.flatnonzero(is_broken).tolist():
                    again = [batch[index] for index in broken]
                    repainted, is_broken[broken] = paint_in_parts(network, again, self.device)
                    for index, colors in zip(broken, repainted, strict=True):
                        painted[index] = colors
            if is_broken.any():
                raise not_finite()
            return painted

    def _set_norms(self) -> None:
        """Have the networks paint in this style, which is one of several."""
        if self.mix is not None and self.mix != self._shared.mix:
            norms = self._network.mix(self.mix)
            for network in self._shared.networks:
                network.set_norms(norms)
            self._shared.mix = self.mix

    def _paint_on_cpu(self, colors: Colors) -> Colors:
        if self._shared.cpu_style is None:
            assert self._load_for_cpu is not None
            self._shared.cpu_style = self._load_for_cpu()
        style = self._shared.cpu_style
        if self.mix is not None:
            style = style.with_mix(self.mix)
        self.engine = style.engine
        return style.paint_colors(colors, None)

    def release(self) -> None:
        """Release the memory of the style that replaces an accelerator."""
        if self._shared.cpu_style is not None:
            self._shared.cpu_style.release()


@contextmanager
def _threads(number: int | None) -> Iterator[None]:
    """Work with `number` threads on the CPU; None for PyTorch's own choice."""
    if number is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
