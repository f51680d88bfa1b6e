"""Painting in this process: the default, and the fastest, because loaded styles are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from .base import Begin, Notify, Progress, Runner

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

    def paint_all(
        self,
        requests: Iterable[PaintingRequest],
        notify: Notify,
        begin: Begin,
        package_path: str | None = None,
    ) -> Iterator[tuple[PaintingRequest, PaintingResult | Exception]]:
        """Decode ahead, paint with what is loaded already, if it fits, and save behind."""
        from neural_style.painting import paint_all

        self._painter.notify = notify
        return paint_all(self._painter, requests, begin=begin)

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
