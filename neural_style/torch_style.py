"""Styles painted by PyTorch, and the devices that it finds."""

from __future__ import annotations

from os import PathLike

import numpy as np
import torch

from .checkpoint import load_network
from .errors import DeviceError
from .style import Pixels, Style


class TorchStyle(Style):
    """A checkpoint of a `TransformerNet`, painting in fp32."""

    def __init__(self, path: str | PathLike[str], device: str = "cpu") -> None:
        super().__init__(path)
        self.device = find_device(device)
        self._network = load_network(path).to(self.device)
        self.base_width = self._network.base_width

    def paint(self, pixels: Pixels) -> Pixels:
        with torch.inference_mode():
            painted = self._network(torch.from_numpy(pixels).to(self.device))
            return np.asarray(painted.cpu().numpy(), dtype=np.float32)


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
    found = "the CPU alone" if accelerator is None else f"the CPU and {accelerator.type}"
    raise DeviceError(
        f"expected a device that is there, got {name!r}; PyTorch finds {found}: use cpu or auto"
    )
