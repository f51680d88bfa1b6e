"""Notes of tasks: one line of text each, for somebody who waits."""

from __future__ import annotations

import luigi

NOTE = "pset_4.note"
"""A Luigi event: a task, and one line of text that somebody who waits for it should know."""


def notify(task: luigi.Task, text: str) -> None:
    """Report a note of a task."""
    task.trigger_event(NOTE, task, text)
