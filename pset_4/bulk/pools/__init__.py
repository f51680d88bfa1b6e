"""Pools of workers, which replace those that are killed: on this machine, or on Ray."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from neural_style.system.resources import free_memory

from ...settings import IN_PROCESS
from ..worker.loop import WorkerConfig
from .base import WorkerPool
from .devices import list_devices, threads_of_worker
from .processes import ProcessPool

if TYPE_CHECKING:
    from ...settings import Settings
    from ..runs import Run


def make_pool(
    settings: Settings,
    run: Run,
    notify: Callable[[str], None],
    workers: int | None,
    ray: str | None,
) -> WorkerPool:
    """Return the workers for a run; none is started yet.

    Args:
        settings: The current ones.
        run: The run.
        notify: Called with notes.
        workers: How many; None for as many as there is room for.
        ray: As for `RayPool`; None for processes of this machine.

    Raises:
        MissingError, PipelineError: Ray is not there.
    """
    machine = {name: str(value) for name, value in settings.machine.items()}
    python = settings.python if settings.runner != IN_PROCESS else None

    def make_config(**defaults: str) -> WorkerConfig:
        options = defaults | machine
        return WorkerConfig(settings.remote, run.id, settings.runner, options, python)

    if ray is not None:
        from .on_ray import RayPool

        threads = threads_of_worker(machine.get("device", "cpu"))
        return RayPool(make_config(threads=str(threads)), notify, ray, workers)
    devices = list_devices(machine)
    size = workers or len(devices)
    threads = threads_of_worker(devices[0], size)
    config = make_config(threads=str(threads), **_share_memory(size))
    return ProcessPool(config, notify, size, devices)


def _share_memory(size: int) -> dict[str, str]:
    """Return the memory limit of each of `size` workers; nothing if the memory is not known."""
    free = free_memory(None) if size > 1 else None
    return {} if free is None else {"memory": str(free // size)}
