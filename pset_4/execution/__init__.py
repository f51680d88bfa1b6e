"""Running tasks with Luigi, and describing the outcome."""

from __future__ import annotations

from .outcome import Failure, Outcome
from .run import run_tasks

__all__ = ["Failure", "Outcome", "run_tasks"]
