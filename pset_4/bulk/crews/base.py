"""The base of crews: workers that are replaced when they are killed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from ..working.worker import Job

GRACE_SECONDS = 20.0
"""How long workers that were asked to end may paint their last image, before they are killed."""


class Crew(ABC):
    """Workers that are replaced when they are killed."""

    size: int
    """How many workers there should be."""

    def __init__(self, job: Job, notify: Callable[[str], None]) -> None:
        """Take the job; no worker is started yet."""
        self.job = job
        self.notify = notify
        self.losses = 0
        """How many workers have ended by an error since `tend` last saw progress."""
        self.last_error = ""
        """The line about the last of these errors."""

    @abstractmethod
    def tend(self) -> int:
        """Start workers in place of those that are gone; return how many are at work."""

    @abstractmethod
    def stop(self) -> None:
        """Ask all workers to end, and wait for that; no further one is started."""

    def lose(self, error: str) -> None:
        """Count a worker that ended by an error."""
        self.losses += 1
        self.last_error = error
        self.notify(f"a worker has ended ({error}); another one takes its place")
