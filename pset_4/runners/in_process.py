"""Painting in this process: the default, and the fastest, because loaded styles are kept."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from .base import Notify, Progress, Runner

if TYPE_CHECKING:
    from neural_style import Painter, PaintingRequest, PaintingResult, StyleDescription


class InProcessRunner(Runner):
    """Calls `neural_style`, whose engines have to be installed in this environment."""

    @cached_property
    def _painter(self) -> Painter:
        from neural_style import Painter

        return Painter()

    def inspect(self, path: str) -> StyleDescription:
        """Load the model here."""
        from neural_style import inspect

        return inspect(path)

    def check_image(self, path: str) -> None:
        """Decode the image, and keep it if it is painted next."""
        self._painter.load_picture(path, self.settings.machine.get("memory"))

    def paint(
        self,
        request: PaintingRequest,
        notify: Notify,
        progress: Progress,
        package_path: str | None = None,
    ) -> PaintingResult:
        """Paint with what is loaded already, if it fits."""
        self._painter.notify = notify
        return self._painter.paint(request, progress)
