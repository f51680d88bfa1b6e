"""The ways to paint: in this process, in another program, in MLflow. All make the same pixels.

`Stylize` and `bulk` ask the current context's runner to paint, and know no other difference.
"""

from __future__ import annotations

from .. import context
from ..settings import MLFLOW, PROGRAM, Settings
from .base import Runner

__all__ = ["Runner", "current_runner", "make_runner"]


def current_runner() -> Runner:
    """Return the runner of the current context, with what it has loaded."""
    return context.current().keep(make_runner)


def make_runner(settings: Settings) -> Runner:
    """Return the runner that the settings ask for."""
    if settings.runner == PROGRAM:
        from .program import ProgramRunner

        return ProgramRunner(settings)
    if settings.runner == MLFLOW:
        from .mlflow import MlflowRunner

        return MlflowRunner(settings)
    from .in_process import InProcessRunner

    return InProcessRunner(settings)
