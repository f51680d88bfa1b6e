"""Painting in this process: the default, and the fastest, since a loaded style is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from ..settings import Settings
from . import Job, Runner

if TYPE_CHECKING:
    from neural_style import Style, StyleDescription


class InProcessRunner(Runner):
    """Calls ``neural_style``, whose engines have to be installed here."""

    def inspect(self, path: str) -> StyleDescription:
        from neural_style import inspect

        return inspect(path)

    def paint(
        self,
        job: Job,
        path: str,
        final_path: str,
        tell: Callable[[str], None],
        progress: Callable[[int, int], None],
    ) -> None:
        from csci_utils.errors import at_path
        from neural_style import load_picture, save_picture
        from neural_style.pictures.file_formats import format_for
        from neural_style.pictures.resizing import resize

        picture = load_picture(job.image_path)
        with at_path(job.image_path):
            picture = resize(picture, job.content_scale, job.max_side)
        with at_path(final_path):
            format_for(final_path).check_size(picture.size)
        style = _load_style(
            _Wanted(job.model_path, job.model_version, job.precision, self.settings, tell)
        )
        if job.number is not None:
            style = style.with_number(job.number)
        with at_path(job.image_path):
            painted = style(picture, progress)
        save_picture(painted, path, final_path=final_path)


@dataclass(frozen=True)
class _Wanted:
    """What a loaded style is kept for."""

    path: str
    version: str
    precision: str
    settings: Settings
    tell: Callable[[str], None] = field(compare=False)


@lru_cache(maxsize=1)
def _load_style(wanted: _Wanted) -> Style:
    """Load a file once for all pictures that are painted with it one after the other."""
    from neural_style import load

    return load(
        wanted.path,
        wanted.settings.device,
        precision=wanted.precision,
        threads=wanted.settings.threads,
        memory=wanted.settings.memory,
        tell=wanted.tell,
    )
