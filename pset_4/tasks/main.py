"""The whole pipeline for images and one style: up, down, painted, and up again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

import luigi
from luigi.target import FileSystemTarget

from .batch import BatchTask
from .parameters import PaintingParameters
from .results import UploadResult
from .stylize import Stylize


class MainTask(PaintingParameters, BatchTask, luigi.WrapperTask):
    """Publishes the drop-ins, fetches the images and the model, paints, and publishes the results.

    With ``upload`` off, nothing is written to the remote.
    """

    @cached_property
    def last(self) -> UploadResult | Stylize:
        """The task at the end of the way."""
        return self.clone(UploadResult) if self.upload else self.clone(Stylize)

    @cached_property
    def stylize(self) -> Stylize:
        """The task that paints."""
        return self.last.painted if isinstance(self.last, UploadResult) else self.last

    def requires(self) -> Iterator[luigi.Task]:
        """Yield all tasks of the way, each for its own sake, so that the cache is filled, too."""
        downloads = self.stylize.downloads.values()
        for download in downloads:
            yield from download.content.requires()  # the uploads, if there are drop-ins
        yield from downloads
        yield self.stylize
        if self.last is not self.stylize:
            yield self.last

    def path_of(self, name: str) -> str:
        """Return the path or URL of what is made at the end of the way."""
        return self.last.path_of(name)

    def output(self) -> list[FileSystemTarget]:
        """Return nothing: other tasks make it all."""
        return []

    def is_done(self, name: str) -> bool:
        """Return whether the image and the model are cached, and the result is there."""
        image = self.stylize.downloads["image"]
        return (
            self.last.is_done(name) and image.is_current(name) and self.stylize.has_cached_models()
        )

    @contextmanager
    def sharing(self) -> Iterator[None]:
        """Ask only once for the models."""
        with self.last.sharing():
            yield

    def run(self) -> None:
        """Do nothing: what it requires is all."""
