"""The whole pipeline for one image and one style: up, down, painted, and up again."""

from __future__ import annotations

from collections.abc import Iterator

import luigi

from .parameters import PaintingParameters
from .results import PLACE, UploadResult
from .stylize import Stylize


class MainTask(PaintingParameters, luigi.WrapperTask):
    """Publishes the drop-ins, fetches the image and the model, paints, and publishes the result.

    With ``upload`` off, nothing is written to the remote.
    """

    def requires(self) -> Iterator[luigi.Task]:
        """Yield all tasks of the way, each for its own sake, so that the cache is filled, too."""
        publish = self.clone(UploadResult) if self.upload else None
        stylize = publish.requires() if publish else self.clone(Stylize)
        downloads = [task for kind, task in stylize.requires().items() if kind != PLACE]
        for download in downloads:
            yield from download.requires().requires()  # the uploads, if there are drop-ins
        yield from downloads
        yield stylize
        if publish:
            yield publish
