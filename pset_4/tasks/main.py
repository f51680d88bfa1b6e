"""The whole road for one picture and one style: up, down, painted, and up again."""

from collections.abc import Iterator

import luigi

from .parameters import PaintingParameters
from .results import UploadResult
from .stylize import Stylize


class MainTask(PaintingParameters, luigi.WrapperTask):
    """Publishes the drop-ins, fetches what is painted from, paints, and publishes the result.

    With ``upload`` off, nothing is written to the remote.
    """

    def requires(self) -> Iterator[luigi.Task]:
        stylize = self.clone(Stylize)
        downloads = stylize.requires().values()
        for download in downloads:
            yield from download.requires().requires()  # the uploads, where there are drop-ins
        yield from downloads
        yield stylize
        if self.upload:
            yield self.clone(UploadResult)
