"""Tasks of our own, on top of pset_4's."""

from typing import Any

import luigi
import neural_style
import pset_4
from csci_utils import file_digest
from csci_utils.luigi import CopyTask
from luigi.target import FileSystemTarget

SHEETS = "contact_sheets"
"""The folder of the sheets, in the data folder and in the remote."""

SIDE = 320
"""The longest side of each picture on a sheet, in px."""


class ContactSheet(pset_4.RenderingParameters, luigi.Task):
    """One image in several styles, at ``data/contact_sheets/<image>``."""

    LOCAL_ROOT = pset_4.FromSettings("data")

    image = pset_4.Stylize.image
    models = luigi.ListParameter(description="names of styles, in the order of the sheet")
    upload = pset_4.Stylize.upload

    def requires(self) -> list[pset_4.Stylize]:
        return [self.clone(pset_4.Stylize, model=model) for model in self.models]

    def output(self) -> FileSystemTarget:
        return pset_4.target_at(f"{self.LOCAL_ROOT}/{SHEETS}/{self.image}")

    def complete(self) -> bool:
        """Return whether the sheet shows these styles, painted from what the remote holds now."""
        return (
            all(stylize.complete() for stylize in self.requires())
            and pset_4.read_origin(self.output().path) == self._origin()
        )

    def run(self) -> None:
        """Lay the results out.

        Raises:
            neural_style.PictureError: A result cannot be read, or the sheet cannot be written.
        """
        # Read first: a result that is replaced from here on makes the sheet stale, never wrong.
        origin = self._origin()
        results = [_shrink(result.path) for result in self.input()]
        sheet = pset_4.lay_out(list(zip(self.models, results, strict=True)))
        final_path = self.output().path
        with self.output().temporary_path() as path:
            neural_style.save_picture(sheet, path, final_path=final_path)
            digest = file_digest(path)
        pset_4.write_origin(final_path, origin, digest)

    def _origin(self) -> dict[str, Any]:
        """Return the names of the styles, each with what its result is made from.

        Plain JSON values, lists among them, because a record returns no tuples.
        """
        results = [pset_4.read_origin(result.path) for result in self.input()]
        return {"results": [list(pair) for pair in zip(self.models, results, strict=True)]}


class UploadSheet(pset_4.RenderingParameters, CopyTask):
    """Publishes a sheet, which may replace an older one: both come from the remote's objects."""

    REMOTE_ROOT = pset_4.FromSettings("remote")

    image = ContactSheet.image
    models = ContactSheet.models
    upload = ContactSheet.upload

    def requires(self) -> ContactSheet:
        return self.clone(ContactSheet)

    def output(self) -> FileSystemTarget:
        return pset_4.target_at(f"{self.REMOTE_ROOT}/{SHEETS}/{self.image}")

    def complete(self) -> bool:
        """Return whether the sheet is current, and the remote has its bytes."""
        return self.requires().complete() and self.is_copied()


def _shrink(path: str) -> Any:
    return neural_style.limit_side(neural_style.load_picture(path), SIDE)
