"""The names of tasks at luigid, which shows the tasks and divides them among processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import luigi
from luigi.task_register import Register

from ..settings import Settings
from ..tasks.batch import name_place


@contextmanager
def naming_tasks(settings: Settings) -> Iterator[None]:
    """Give tasks names that tell one data folder and remote from another, while the body runs.

    A scheduler knows a task by its name and its parameters, which say nothing of the settings.
    """
    name = f"pset_4-{name_place(settings)}"
    earlier = {kind: kind._namespace_at_class_time for kind in set(Register._reg) if _is_ours(kind)}
    Register.clear_instance_cache()  # a task keeps the name that it got when it was made
    try:
        for kind in earlier:
            kind._namespace_at_class_time = name
        yield
    finally:
        for kind, namespace in earlier.items():
            kind._namespace_at_class_time = namespace
        Register.clear_instance_cache()


def _is_ours(kind: Any) -> bool:
    """Return whether a class is a task; Luigi finds its own settings by their names."""
    return not issubclass(kind, luigi.Config) and not kind.__module__.startswith("luigi.")
