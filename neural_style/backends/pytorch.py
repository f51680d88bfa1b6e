"""Checkpoints painted by PyTorch: on accelerators, and on the CPU where nothing else can."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from os import PathLike
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import DeviceError
from ..formats.checkpoint import build_network
from ..formats.weights import OFFICIAL_BASE_WIDTH, Weights, width_of
from ..options import FAST, PaintingOptions
from ..pictures.arrays import Colors, Pixels
from ..system.resources import check_memory
from .base import FloatStyle, Progress, Style

_CPU_BYTES_PER_PIXEL = 1050  # measured at 8 megapixels and the official width


class TorchStyle(FloatStyle):
    """A checkpoint of a `TransformerNet`.

    Exact is fp32 on any device. Fast is fp16 on an accelerator, but for the normalizations, whose
    sums need fp32; a picture whose values go beyond fp16 is painted again in fp32. On the CPU, fast
    is exact.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        weights: Weights,
        device: torch.device,
        options: PaintingOptions,
        load_for_cpu: Callable[[], Style] | None = None,
    ) -> None:
        """
        Args:
            load_for_cpu: makes the style that paints in place of an accelerator that has too
                little memory.
        """
        super().__init__(path)
        self.base_width: int = width_of(weights)
        self.device = device
        self._options = options
        self._load_for_cpu = load_for_cpu
        self._cpu_style: Style | None = None
        network: nn.Module = build_network({k: torch.from_numpy(v) for k, v in weights.items()})
        self._network = network.to(device).to(memory_format=torch.channels_last)
        self._fast_network: nn.Module | None = None
        if device.type != "cpu" and options.precision == FAST:
            self._fast_network = to_half(self._network)

    def paint_colors(self, colors: Colors, progress: Progress | None) -> Colors:
        try:
            return super().paint_colors(colors, progress)
        except RuntimeError as error:
            if self._load_for_cpu is None or not is_out_of_memory(error):
                raise
        # Not in the handler: the error holds on to the accelerator's memory.
        self._options.tell(f"{self.device} has too little memory: the CPU paints this picture")
        if self._cpu_style is None:
            self._cpu_style = self._load_for_cpu()
        return self._cpu_style.paint_colors(colors, progress)

    def paint_pixels(self, pixels: Pixels) -> Pixels:
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
        if self._cpu_style is not None:
            self._cpu_style.release()


def to_half(network: nn.Module) -> nn.Module:
    """A copy of `network` that takes and gives fp16, and normalizes in fp32."""
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
    """Convolve fp32 in fp32: by itself cuDNN keeps no more than 10 bits of each fraction (TF32).

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
    """Work with `number` threads on the CPU; None for as many as PyTorch does by itself."""
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


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether an accelerator's memory was too small; not all of them raise PyTorch's own error."""
    return isinstance(error, torch.OutOfMemoryError) or "out of memory" in str(error).lower()


def find_device(name: str) -> torch.device:
    """The device that `name` stands for: see `load`.

    Raises:
        DeviceError: it is not there; the message lists what is.
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
    if name == "accel":
        raise DeviceError(
            "expected an accelerator, and PyTorch finds none on this machine; leave out --accel, "
            "or --cuda 1, for the CPU"
        )
    found = "the CPU alone" if accelerator is None else f"the CPU and {accelerator.type}"
    raise DeviceError(
        f"expected a device that is there, got {name!r}; PyTorch finds {found}: use cpu or auto"
    )
