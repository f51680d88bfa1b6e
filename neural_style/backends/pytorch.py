"""Checkpoints, painted by PyTorch: on accelerators, and on the CPU where nothing else can."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from os import PathLike
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from csci_utils.text import one_line

from ..errors import DeviceError
from ..formats.checkpoint import build_network
from ..formats.weights import OFFICIAL_BASE_WIDTH, Weights, width_of
from ..options import FAST, RenderingOptions, ignore
from ..pictures.arrays import Colors, Pixels
from ..system.resources import check_memory
from .base import FloatStyle, Progress, Style

_CPU_BYTES_PER_PIXEL = 1050  # measured at 8 megapixels and the official width


class TorchStyle(FloatStyle):
    """A checkpoint of a `TransformerNet`.

    Exact is fp32 on any device. Fast is fp16 on an accelerator, except for the normalizations,
    whose sums need fp32. A picture whose values exceed fp16 is painted again in fp32. On the CPU,
    fast is the same as exact.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        weights: Weights,
        device: torch.device,
        options: RenderingOptions,
        notify: Callable[[str], None] = ignore,
        load_for_cpu: Callable[[], Style] | None = None,
    ) -> None:
        """Move the network to the device.

        Args:
            path: The file that the weights came from.
            weights: Checked weights of a `TransformerNet`.
            device: Where to paint.
            options: `precision`, `threads` and `memory` are used.
            notify: Called when the CPU paints in place of an accelerator, with the reason.
            load_for_cpu: Loads the style that does. None if there is no accelerator to replace.
        """
        super().__init__(path)
        self.engine = f"PyTorch on {device.type}"
        self.base_width: int = width_of(weights)
        self.device = device
        self._options = options
        self._notify = notify
        self._load_for_cpu = load_for_cpu
        self._cpu_style: Style | None = None
        network: nn.Module = build_network({k: torch.from_numpy(v) for k, v in weights.items()})
        self._network = network.to(device).to(memory_format=torch.channels_last)
        self._fast_network: nn.Module | None = None
        if device.type != "cpu" and options.precision == FAST:
            self._fast_network = to_half(self._network)

    def paint_colors(self, colors: Colors, progress: Progress | None) -> Colors:
        """Paint on the device, or on the CPU if an accelerator fails.

        Accelerators report a lack of memory in many ways, some only in words. So the CPU takes over
        after any failure, and the note gives the reason.
        """
        self.engine = f"PyTorch on {self.device.type}"
        if self._load_for_cpu is None:
            return super().paint_colors(colors, progress)
        try:
            return super().paint_colors(colors, progress)
        except torch.OutOfMemoryError:
            reason = "has too little memory"
        except RuntimeError as error:
            reason = f"failed ({one_line(str(error))})"
        # Not in the handler: the error holds on to the accelerator's memory.
        self._notify(f"{self.device} {reason}: the CPU paints this picture")
        if self._cpu_style is None:
            self._cpu_style = self._load_for_cpu()
        self.engine = self._cpu_style.engine
        return self._cpu_style.paint_colors(colors, progress)

    def paint_pixels(self, pixels: Pixels) -> Pixels:
        """Run the network in the precision that is asked for, and that the picture allows."""
        if self.device.type == "cpu":
            size = pixels[0, 0].size * self.base_width // OFFICIAL_BASE_WIDTH
            check_memory(size * _CPU_BYTES_PER_PIXEL, self._options.memory)
        pictures = torch.from_numpy(pixels).to(self.device, memory_format=torch.channels_last)
        with torch.inference_mode(), _full_precision(), _threads(self._options.threads):
            if self._fast_network is not None:
                painted = self._fast_network(pictures.half()).float()
                if painted.isfinite().all():
                    return _to_numpy(painted)
            return _to_numpy(self._network(pictures))

    def release(self) -> None:
        """Release the memory of the style that replaces an accelerator."""
        if self._cpu_style is not None:
            self._cpu_style.release()


def to_half(network: nn.Module) -> nn.Module:
    """Return a copy of `network` that takes and returns fp16, and normalizes in fp32."""
    copy = deepcopy(network).half()
    for module in copy.modules():
        if isinstance(module, nn.InstanceNorm2d):
            module.float()
            module.register_forward_pre_hook(_take_half)
            module.register_forward_hook(_give_half)
    return copy


def _take_half(module: nn.Module, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    return (arguments[0].float(),)


def _give_half(module: nn.Module, arguments: tuple[Any, ...], output: Tensor) -> Tensor:
    return output.half()


@contextmanager
def _full_precision() -> Iterator[None]:
    """Convolve fp32 in fp32: by default cuDNN keeps only 10 bits of each fraction (TF32).

    See https://docs.pytorch.org/docs/stable/notes/cuda.html.
    """
    settings: Any = torch.backends.cudnn.conv  # type: ignore[attr-defined]
    before = settings.fp32_precision
    settings.fp32_precision = "ieee"
    try:
        yield
    finally:
        settings.fp32_precision = before


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


def _to_numpy(painted: Tensor) -> Pixels:
    return np.asarray(painted.cpu().contiguous().numpy(), dtype=np.float32)


def find_device(name: str) -> torch.device:
    """Find the device that `name` stands for: see `load`.

    Raises:
        DeviceError: The device does not exist. The remedy lists those that do.
    """
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    if name == "cpu" or (name == "auto" and accelerator is None):
        return torch.device("cpu")
    if accelerator is not None:
        if name in ("auto", "accel", accelerator.type):
            return accelerator
        for index in range(torch.accelerator.device_count()):
            if name == f"{accelerator.type}:{index}":
                return torch.device(name)
    raise _missing_device(name, accelerator)


def _missing_device(name: str, accelerator: torch.device | None) -> DeviceError:
    if name == "accel":
        return DeviceError(
            "PyTorch finds no accelerator on this machine",
            remedy="leave out --accel, or --cuda 1, to use the CPU",
        )
    found = "only the CPU" if accelerator is None else f"the CPU and {accelerator.type}"
    return DeviceError(
        f"the device {name!r} does not exist; PyTorch finds {found}", remedy="use cpu or auto"
    )
