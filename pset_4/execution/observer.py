"""What is told while tasks run."""

from __future__ import annotations

import luigi

from ..tasks.events import Made


class Observer:
    """Is told what happens while tasks run, and ignores it; subclasses show it.

    Only `advance` may be called while another method runs, in another thread.
    """

    def start(self, task: luigi.Task, name: str) -> None:
        """A task works on the file of this name now."""

    def advance(self, task_id: str, percentage: int) -> None:
        """So much of a task's current painting is done; not told of short ones."""

    def add(self, made: Made) -> None:
        """A file or object was made."""

    def finish(self, task: luigi.Task, ran: bool) -> None:
        """A task is complete; `ran` says whether it ran just now."""

    def fail(self, task: luigi.Task) -> None:
        """A task failed, at least in part."""

    def notify(self, text: str) -> None:
        """Somebody who waits should know this line."""

    def close(self) -> None:
        """Nothing more is told."""
