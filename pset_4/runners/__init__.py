"""The ways to paint: here, by another program, by an MLflow model. All give the same pixels.

`Stylize` asks the runner in force for one painting at a time, and knows of no other difference.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from .. import settings
from ..settings import Settings

if TYPE_CHECKING:
    from neural_style import StyleDescription


@dataclass(frozen=True)
class Job:
    """One picture to be painted in one style."""

    inputs: Mapping[str, str]
    """Cached paths: ``image``, ``model``, and ``package`` for a runner that needs one."""
    model_version: str
    """Tells one state of the model's file from another."""
    number: int | None
    """Which style of a file of many; None for a file of one."""
    content_scale: float | None
    max_side: int | None
    precision: str
    """``exact`` or ``fast``: see `neural_style.load`."""

    @property
    def image_path(self) -> str:
        """The picture, as it was fetched."""
        return self.inputs["image"]

    @property
    def model_path(self) -> str:
        """The model's file, as it was fetched."""
        return self.inputs["model"]


class Runner(ABC):
    """A way to paint, with what the settings allow it."""

    needs_package: ClassVar[bool] = False
    """Whether the model has to be there as an MLflow model, too."""

    def __init__(self, chosen: Settings) -> None:
        self.settings = chosen

    def list_options(self, job: Job) -> dict[str, object]:
        """How to paint, by the names that `neural_style` gives it; without what is left open."""
        options = {
            "style": job.number,
            "content_scale": job.content_scale,
            "max_side": job.max_side,
            "precision": job.precision,
            "threads": self.settings.threads,
            "memory": self.settings.memory,
            "device": self.settings.device,
        }
        return {name: value for name, value in options.items() if value is not None}

    @abstractmethod
    def inspect(self, path: str) -> StyleDescription:
        """Load a model's file, and say what it is.

        Raises:
            neural_style.NeuralStyleError, RunnerError: it is no style.
        """

    @abstractmethod
    def paint(
        self,
        job: Job,
        path: str,
        final_path: str,
        tell: Callable[[str], None],
        progress: Callable[[int, int], None],
    ) -> None:
        """Paint, and write the result.

        Args:
            path: where to, in the format of its suffix.
            final_path: where it will be moved to, for messages.
            tell: is told, in a line each, what somebody who waits should know.
            progress: is told how many steps of the painting are done, and how many there are,
                where that is known. What it raises ends the painting.

        Raises:
            neural_style.NeuralStyleError, PipelineError: it cannot be done.
        """


def current() -> Runner:
    """The runner that the settings in force ask for."""
    chosen = settings.current()
    if chosen.runner == settings.PROGRAM:
        from .program import ProgramRunner

        return ProgramRunner(chosen)
    if chosen.runner == settings.MLFLOW:
        from .mlflow import MlflowRunner

        return MlflowRunner(chosen)
    from .in_process import InProcessRunner

    return InProcessRunner(chosen)
