"""The devices that PyTorch finds."""

from __future__ import annotations

from collections.abc import Callable

import torch

from ...errors import DeviceError


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


def list_alike(device: torch.device) -> list[torch.device]:
    """Return all accelerators that the name of one stands for: it alone if that has an index."""
    if device.index is not None:
        return [device]
    return [torch.device(device.type, index) for index in range(torch.accelerator.device_count())]


def total_memory(device: torch.device) -> int | None:
    """Return the bytes of memory that an accelerator has of its own; None if it does not tell."""
    module = torch.get_device_module(device)
    try:
        return int(module.get_device_properties(device).total_memory)
    except (AttributeError, RuntimeError):  # that of a Mac is the memory of all
        return None


def has_bf16() -> bool:
    """Return True if the CPU has instructions for bf16, by AVX-512 or AMX.

    Without them PyTorch emulates it: a training then took 2.2 times as long as in fp32.
    """
    find_capabilities: Callable[[], dict[str, object]] = getattr(
        torch.cpu, "get_capabilities", dict
    )
    capabilities = find_capabilities()  # older versions of PyTorch do not tell
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


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
