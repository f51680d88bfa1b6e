"""A pool on Ray: each worker is an actor, with a core or GPU of the cluster.

Ray neither divides the work nor holds results: it starts workers, and tells when one is gone.
https://docs.ray.io/en/latest/ray-core/actors.html
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from math import ceil
from threading import Event
from typing import Any

from neural_style.errors import install_remedy

from ...errors import MissingError, PipelineError
from ...execution.messages import describe_error
from ..worker.loop import WorkerConfig, run_worker
from .base import GRACE_SECONDS, WorkerPool

AUTO = "auto"
"""The cluster that this machine is a part of, or else one that is started here."""

_NO_REPORTS = {"RAY_USAGE_STATS_ENABLED": "0"}


class ActorWorker:
    """One worker, in a process of Ray."""

    def __init__(self, config: dict[str, Any]) -> None:
        """Take the fields of a `WorkerConfig`; nothing is loaded yet."""
        self._config = WorkerConfig(**config)
        self._stop = Event()

    def work(self) -> str:
        """Paint until all is done; return the line about the error that ended it, or nothing."""
        try:
            is_done = run_worker(self._config, self._stop)
        except Exception as error:
            return str(describe_error(error))
        return "" if is_done else "asked to end"

    def stop(self) -> None:
        """End the work between two images."""
        self._stop.set()


class RayPool(WorkerPool):
    """Workers on a cluster, as many as it has free cores or GPUs, or as are asked for."""

    def __init__(
        self, config: WorkerConfig, notify: Callable[[str], None], address: str, limit: int | None
    ) -> None:
        """Connect to a cluster.

        Args:
            config: What each worker is told.
            notify: Called with notes.
            address: `AUTO`, or the address of a cluster.
            limit: The largest number of workers; None for one for each core or GPU. If there are
                more of them than GPUs, some share one.

        Raises:
            MissingError: Ray is not installed.
            PipelineError: There is no such cluster.
        """
        super().__init__(config, notify)
        self._ray = connect(address)
        self._limit = limit
        self._is_gpu = config.machine.get("device", "cpu") not in ("", "cpu")
        self._cores = 1 if self._is_gpu else int(config.machine.get("threads", 1))
        self._actors: dict[Any, Any] = {}  # the result that is waited for, and its actor
        self._finished = 0
        self.size, _ = self._divide()

    def refill(self) -> int:
        """Look at all actors, and start what is missing; nodes may come and go."""
        if self._actors:
            ended, _ = self._ray.wait(list(self._actors), num_returns=len(self._actors), timeout=0)
            for result in ended:
                self._take_ended(result)
        self.size, resources = self._divide()
        while len(self._actors) + self._finished < self.size:
            actor = self._start(resources)
            self._actors[actor.work.remote()] = actor
        return len(self._actors)

    def stop(self) -> None:
        """Ask all actors to end, kill those that do not, and leave the cluster."""
        for actor in self._actors.values():
            with suppress(Exception):
                actor.stop.remote()
        with suppress(Exception):
            results = list(self._actors)
            if results:
                self._ray.wait(results, num_returns=len(results), timeout=GRACE_SECONDS)
        for actor in self._actors.values():
            with suppress(Exception):
                self._ray.kill(actor)
        self._actors.clear()
        self._ray.shutdown()

    def _start(self, resources: Mapping[str, float]) -> Any:
        # Two threads: `stop` is heard while `work` goes on.
        actor = self._ray.remote(ActorWorker).options(
            **resources, max_concurrency=2, max_restarts=0, scheduling_strategy="SPREAD"
        )
        return actor.remote(asdict(self.config))

    def _take_ended(self, result: Any) -> None:
        del self._actors[result]
        try:
            error = self._ray.get(result)
        except Exception as lost:  # Ray has many kinds, for actors, nodes and their memory
            error = f"lost: {type(lost).__name__}"
        if error:
            self.record_loss(error)
        else:
            self._finished += 1

    def _divide(self) -> tuple[int, dict[str, float]]:
        """Return how many workers the cluster has room for, and what each takes of it."""
        total = self._ray.cluster_resources()
        if self._is_gpu:
            gpus = int(total.get("GPU", 0))
            per_gpu = ceil((self._limit or 1) / max(gpus, 1))
            capacity, resources = gpus * per_gpu, {"num_gpus": 1 / per_gpu}
        else:
            capacity = int(total.get("CPU", 0) // self._cores)
            resources = {"num_cpus": float(self._cores)}
        return capacity if self._limit is None else min(capacity, self._limit), resources


def connect(address: str) -> Any:
    """Return the module ray, connected to a cluster.

    Ray collects no statistics for its makers, and prints nothing that workers print.

    Raises:
        MissingError: Ray is not installed.
        PipelineError: There is no such cluster.
    """
    os.environ.update(_NO_REPORTS)
    try:
        import ray
    except ModuleNotFoundError:
        remedy = f"{install_remedy('ray')}, or leave out --ray to use this machine's cores"
        raise MissingError("Ray is not installed", path="--ray", remedy=remedy) from None
    options: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    try:
        if address != AUTO:
            ray.init(address=address, **options)
        elif not _join(ray, options):
            ray.init(include_dashboard=False, **options)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        raise PipelineError(
            f"no cluster of Ray answers ({error})",
            path=f"--ray {address}",
            remedy="check the address, start a cluster (ray start --head), or leave out --ray to "
            "use this machine's cores",
        ) from error
    return ray


def _join(ray: Any, options: dict[str, Any]) -> bool:
    """Join the cluster of this machine, and return whether there is one."""
    try:
        ray.init(address=AUTO, **options)
    except ConnectionError:
        return False
    return True
