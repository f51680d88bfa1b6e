"""The device of each worker of one machine: a core of its own, or a shared accelerator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from neural_style.backends.loading import find_accelerator
from neural_style.system.resources import count_cores

if TYPE_CHECKING:
    import torch

_MOST_ON_ACCELERATOR = 8
"""Decoding and encoding hold Python's lock for some milliseconds a picture, longer than a GPU takes
to paint it: so one process leaves most of a GPU idle. See docs/performance-accelerators.md."""

_CORES_OF_WORKER = 2
"""The least on which a worker on an accelerator decodes and encodes."""

_THREADS_ELSEWHERE = 4
"""With more threads, one process on an H200 painted fewer pictures a second: they keep each other
from Python's lock."""

_MEMORY_OF_WORKER = 16 * 10**9
"""In bytes, of an accelerator: for one picture of 24 megapixels in fp32."""


def list_devices(machine: Mapping[str, str]) -> list[str]:
    """Return the device of each worker that this machine has room for.

    Args:
        machine: `MACHINE_OPTIONS` as text, by name.

    Raises:
        neural_style.DeviceError: The device does not exist.
        neural_style.MissingDependencyError: It needs PyTorch, which is not installed.
    """
    accelerator = find_accelerator(machine.get("device", "cpu"))
    if accelerator is None:
        return ["cpu"] * max(count_cores() // int(machine.get("threads", 1)), 1)
    from neural_style.backends.pytorch import list_alike

    devices = list_alike(accelerator)
    most = min(_count_on(devices[0]), max(count_cores() // (_CORES_OF_WORKER * len(devices)), 1))
    return [str(device) for device in devices] * most


def threads_of_worker(device: str, size: int | None = None) -> int:
    """Return how many threads a worker has: to paint on the CPU, or to decode and encode.

    Args:
        device: Where it paints.
        size: How many workers share this machine's cores; None where each is on another machine.
    """
    if device == "cpu":
        return 1
    return _THREADS_ELSEWHERE if size is None else max(count_cores() // size, 1)


def _count_on(device: torch.device) -> int:
    """Return how many workers an accelerator has memory for."""
    from neural_style.backends.pytorch import total_memory

    return min(max((total_memory(device) or 0) // _MEMORY_OF_WORKER, 1), _MOST_ON_ACCELERATOR)
