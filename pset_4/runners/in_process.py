"""Painting in this process: the default, and the fastest, because loaded styles are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..settings import Settings
from .base import Begin, Notify, Progress, Runner

if TYPE_CHECKING:
    from neural_style import Painter, PaintingRequest, PaintingResult, StyleDescription


class InProcessRunner(Runner):
    """Calls `neural_style`, whose engines have to be installed in this environment."""

    def __init__(self, settings: Settings) -> None:
        """Load nothing yet."""
        super().__init__(settings)
        self._idle: list[Painter] = []

    @contextmanager
    def _painter(self, notify: Notify) -> Iterator[Painter]:
        """Lend a painter to one thread: the last one that is idle, with what it has loaded."""
        from neural_style import Painter

        try:
            painter = self._idle.pop()
        except IndexError:
            painter = Painter()
        painter.notify = notify
        try:
            yield painter
        finally:
            self._idle.append(painter)

    def release(self) -> None:
        """Release the painters that are idle, with the styles and the memory that they keep."""
        self._idle.clear()

    def inspect(self, path: str) -> StyleDescription:
        """Load the model here."""
        from neural_style import inspect

        return inspect(path)

    def paint_all(
        self, requests: Iterable[PaintingRequest], notify: Notify, begin: Begin
    ) -> Iterator[tuple[PaintingRequest, PaintingResult | Exception]]:
        """Decode ahead, paint with what is loaded already, if it fits, and save behind."""
        from neural_style.painting import paint_all

        with self._painter(notify) as painter:
            yield from paint_all(painter, requests, begin=begin, calls=self.settings.workers)

    def paint(self, request: PaintingRequest, notify: Notify, progress: Progress) -> PaintingResult:
        """Paint with what is loaded already, if it fits."""
        with self._painter(notify) as painter:
            return painter.paint(request, progress)
