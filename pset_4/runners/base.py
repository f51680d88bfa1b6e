"""The base of runners."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any, ClassVar

from ..settings import Settings

if TYPE_CHECKING:
    from neural_style import PaintingRequest, PaintingResult, StyleDescription

Notify = Callable[[str], None]
"""Called with one line that somebody who waits should know."""

Progress = Callable[[int, int], None]
"""Called with how many steps of a painting are done, and how many there are."""

Begin = Callable[["PaintingRequest"], Progress]
"""Called when a painting begins; returns the callback for its progress."""

_CHECKS = BoundedSemaphore(os.cpu_count() or 1)
"""Decoded images are large, so no more are decoded at once than there are cores."""


class Runner(ABC):
    """A way to paint, with what the settings allow it."""

    needs_package: ClassVar[bool] = False
    """Whether the model must also be available as an MLflow model: see `with_package`."""

    def __init__(self, settings: Settings) -> None:
        """Take the settings; nothing is loaded or started yet."""
        self.settings = settings

    @cached_property
    def machine(self) -> Mapping[str, Any]:
        """The machine options of a painting: the settings', or its share with several workers."""
        is_alone = self.settings.workers == 1
        return self.settings.machine if is_alone else self.share(self.settings.workers)

    def share(self, workers: int) -> dict[str, Any]:
        """Return the machine options of each painting where `workers` paint at once.

        In one process they share a count of the memory, so only the threads are divided.
        """
        from neural_style.system.resources import count_threads

        machine = dict(self.settings.machine)
        threads = machine.get("threads") or count_threads()
        return {**machine, "threads": max(1, threads // workers)}

    def release(self) -> None:  # noqa: B027  (most runners keep nothing)
        """Release what is kept for the next painting, such as loaded styles."""

    def with_package(self, manifest_path: str) -> Runner:
        """Return the runner for the model of an MLflow package."""
        return self

    @abstractmethod
    def inspect(self, path: str) -> StyleDescription:
        """Load the model in a file, and describe it.

        Raises:
            neural_style.NeuralStyleError: It is not a style, or cannot be loaded here.
            RunnerError: The program that was to load it failed.
        """

    def check_image(self, path: str) -> None:
        """Decode the image in a file.

        Raises:
            neural_style.PictureError: It is not an image that can be painted.
        """
        from neural_style import load_picture

        with _CHECKS:
            load_picture(path, self.settings.machine.get("memory"))

    def paint_all(
        self, requests: Iterable[PaintingRequest], notify: Notify, begin: Begin
    ) -> Iterator[tuple[PaintingRequest, PaintingResult | Exception]]:
        """Paint many requests, and yield each with its result or what it failed with."""
        return self.paint_each(requests, notify, begin)

    def paint_each(
        self, requests: Iterable[PaintingRequest], notify: Notify, begin: Begin
    ) -> Iterator[tuple[PaintingRequest, PaintingResult | Exception]]:
        """Paint requests one after the other, as `paint` does."""
        for request in requests:
            try:
                yield request, self.paint(request, notify, begin(request))
            except Exception as error:
                yield request, error

    @abstractmethod
    def paint(self, request: PaintingRequest, notify: Notify, progress: Progress) -> PaintingResult:
        """Paint, and write exactly the file `output_image`.

        Args:
            request: What to paint and how.
            notify: Called while painting.
            progress: Called while painting, where progress is known. Whatever it raises ends the
                painting.

        Raises:
            neural_style.NeuralStyleError, PipelineError: It cannot be done.
        """
