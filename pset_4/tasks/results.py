"""Up again: results are published."""

from __future__ import annotations

from luigi.target import FileSystemTarget

from csci_utils.errors import ChangedError
from csci_utils.luigi import CopyTask, copy
from neural_style.options import NONE

from .. import context
from ..provenance.object_metadata import to_object_metadata
from ..provenance.recorded import from_record
from ..storage.offline import record_published
from ..storage.records import Record, read_record
from ..storage.remote import target_at
from .parameters import PaintingParameters
from .snapshot import take_snapshot
from .stylize import Stylize


class UploadResult(PaintingParameters, CopyTask):
    """Publishes a result, which may replace an older one: both come from the remote's objects."""

    RESULT_ROOT = context.FromSettings("remote_results")

    def requires(self) -> Stylize:
        """Return the task that paints the result."""
        return self.clone(Stylize)

    def run(self) -> None:
        """Publish a private copy of the result, unless the remote has its bytes already.

        Raises:
            ChangedError: The result was altered since it was painted.
        """
        path, destination = self.input().path, self.output()
        with take_snapshot(path) as snapshot:
            record = read_record(path)
            if record is None or record.sha256 != snapshot.sha256:
                raise ChangedError(
                    "not published: it was altered since it was painted",
                    path=path,
                    remedy="remove it and run again to paint it again",
                )
            is_there = destination.fs.same_bytes(destination.path, snapshot.path)
            described = target_at(destination.path, metadata=self._metadata(record))
            self.copied_digest = "" if is_there else copy(snapshot.target, described)
        record_published(destination.path)

    def _metadata(self, record: Record) -> dict[str, str]:
        """Return what the remote's object says of the result: what the file says, too."""
        provenance = from_record(record)
        if provenance is None or self.rendering().metadata == NONE:
            return {}
        return to_object_metadata(provenance)

    def output(self) -> FileSystemTarget:
        """Return the result's place in the remote."""
        return target_at(f"{self.RESULT_ROOT}/{self.model}/{self.image}")

    def complete(self) -> bool:
        """Return whether the result is current and the remote has its bytes."""
        is_published = self.requires().complete() and self.is_copied()
        if is_published:
            record_published(self.output().path)
        return is_published
