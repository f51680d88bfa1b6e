"""Up again: results are published, too."""

from luigi.target import FileSystemTarget

from csci_utils.errors import ChangedError
from csci_utils.luigi.copying import CopyTask

from ..records import is_unaltered
from ..remote import target_at
from ..settings import FromSettings
from .parameters import PaintingParameters
from .stylize import Stylize


class UploadResult(PaintingParameters, CopyTask):
    """Publishes a result; made from the remote's own things, it may replace an older one."""

    RESULT_ROOT = FromSettings(lambda settings: settings.remote_results)

    def requires(self) -> Stylize:
        return self.clone(Stylize)

    def run(self) -> None:
        """Copy.

        Raises:
            ChangedError: the result was altered since it was painted.
        """
        path = self.input().path
        if not is_unaltered(path):
            raise ChangedError(
                f"{path} was altered since it was painted, and was not published: "
                "remove it and run again to paint it anew"
            )
        super().run()

    def output(self) -> FileSystemTarget:
        return target_at(f"{self.RESULT_ROOT}/{self.model}/{self.image}")

    def complete(self) -> bool:
        """Whether the result is current, and the remote has its bytes."""
        return self.requires().complete() and self.is_copied()
