"""Running tasks with Luigi, and describing the outcome.

Importing this package imports no Luigi: `luigi_configuration` has to come first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from csci_utils.lazy import lazy_names

if TYPE_CHECKING:
    from .outcome import Failure, Outcome
    from .run import run_tasks
else:
    __getattr__, __dir__ = lazy_names(
        __name__, {"Failure": "outcome", "Outcome": "outcome", "run_tasks": "run"}
    )

__all__ = ["Failure", "Outcome", "run_tasks"]
