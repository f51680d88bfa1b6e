"""Tasks of our own, on top of pset_4's."""

from typing import Any

import luigi
from csci_utils.digest import file_digest
from csci_utils.luigi.copying import CopyTask
from csci_utils.luigi.target import SuffixPreservingLocalTarget
from luigi.format import Nop
from luigi.target import FileSystemTarget
from pset_4.records import read_origin, write_origin
from pset_4.remote import target_at
from pset_4.settings import FromSettings
from pset_4.tasks.stylize import Stylize

SHEETS = "contact_sheets"
"""The folder of the sheets, in the data folder and in the remote."""

SIDE = 320
"""The longest side of each picture on a sheet, in px."""


class ContactSheet(luigi.Task):
    """One picture in several styles, at ``data/contact_sheets/<image>``."""

    LOCAL_ROOT = FromSettings(lambda settings: settings.data)

    image = Stylize.image
    models = luigi.ListParameter(description="names of styles, in the order of the sheet")
    upload = Stylize.upload
    max_side = Stylize.max_side
    content_scale = Stylize.content_scale
    precision = Stylize.precision

    def requires(self) -> list[Stylize]:
        return [self.clone(Stylize, model=model) for model in self.models]

    def output(self) -> FileSystemTarget:
        return SuffixPreservingLocalTarget(f"{self.LOCAL_ROOT}/{SHEETS}/{self.image}", format=Nop)

    def complete(self) -> bool:
        """Whether the sheet shows these styles, painted from what the remote holds now."""
        return (
            all(stylize.complete() for stylize in self.requires())
            and read_origin(self.output().path) == self._origin()
        )

    def run(self) -> None:
        """Lay the results out.

        Raises:
            neural_style.PictureError: a result cannot be read, or the sheet not written.
        """
        from neural_style import load_picture, save_picture
        from neural_style.pictures.resizing import limit_side

        from .layout import lay_out

        # Read first: a result that is replaced from here on makes the sheet stale, never wrong.
        origin = self._origin()
        results = [limit_side(load_picture(result.path), SIDE) for result in self.input()]
        sheet = lay_out(list(zip(self.models, results, strict=True)))
        final_path = self.output().path
        with self.output().temporary_path() as path:
            save_picture(sheet, path, final_path=final_path)
            digest = file_digest(path)
        write_origin(final_path, origin, digest)

    def _origin(self) -> dict[str, Any]:
        """What the sheet is made from: for each style its name, and what its result is made from.

        Plain JSON values, lists among them, because a record gives back no tuples.
        """
        results = [read_origin(result.path) for result in self.input()]
        return {"results": [list(pair) for pair in zip(self.models, results, strict=True)]}


class UploadSheet(CopyTask):
    """Publishes a sheet; made from the remote's own things, it may replace an older one."""

    REMOTE_ROOT = FromSettings(lambda settings: settings.remote)

    image = ContactSheet.image
    models = ContactSheet.models
    upload = ContactSheet.upload
    max_side = ContactSheet.max_side
    content_scale = ContactSheet.content_scale
    precision = ContactSheet.precision

    def requires(self) -> ContactSheet:
        return self.clone(ContactSheet)

    def output(self) -> FileSystemTarget:
        return target_at(f"{self.REMOTE_ROOT}/{SHEETS}/{self.image}")

    def complete(self) -> bool:
        """Whether the sheet is current, and the remote has its bytes."""
        return self.requires().complete() and self.is_copied()
