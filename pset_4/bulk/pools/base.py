"""The base of all pools of workers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from ..worker.loop import WorkerConfig

GRACE_SECONDS = 20.0
"""How long workers that were asked to end may paint their last image, before they are killed."""


class WorkerPool(ABC):
    """Workers that are replaced when they are killed."""

    size: int
    """How many workers there should be."""

    def __init__(self, config: WorkerConfig, notify: Callable[[str], None]) -> None:
        """Take what each worker is told; no worker is started yet."""
        self.config = config
        self.notify = notify
        self.losses = 0
        """How many workers have ended by an error since `refill` last saw progress."""
        self.last_error = ""
        """The line about the last of these errors."""

    @abstractmethod
    def refill(self) -> int:
        """Start workers in place of those that ended by an error; return how many run now."""

    @abstractmethod
    def stop(self) -> None:
        """Ask all workers to end, and wait for that; no further one is started."""

    def record_loss(self, error: str) -> None:
        """Count a worker that ended by an error."""
        self.losses += 1
        self.last_error = error
        self.notify(f"a worker has ended ({error}); another one takes its place")
