"""Up again: results are published."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import luigi
from luigi.target import FileSystemTarget

from csci_utils.digest import file_digest
from csci_utils.errors import ChangedError
from csci_utils.luigi import CopyTask, copy

from .. import context
from ..errors import ConflictError
from ..provenance.object_metadata import metadata_of
from ..provenance.published import fetch_published, is_made_from, read_published
from ..provenance.recorded import from_record
from ..settings import Settings
from ..storage.image_sizes import read_size
from ..storage.offline import record_published
from ..storage.records import Record, read_record
from ..storage.remote import target_at
from .download import DownloadImage
from .parameters import PaintingParameters
from .remote import ContentImage
from .snapshot import take_snapshot
from .stylize import Stylize

if TYPE_CHECKING:
    from neural_style import Provenance

PLACE = "place"
"""What `ResultToPublish` requires besides the files that it paints from."""


class UploadResult(PaintingParameters, CopyTask):
    """Publishes a result, which may replace an older one: both come from the remote's objects."""

    RESULT_ROOT = context.FromSettings("remote_results")

    def requires(self) -> Stylize:
        """Return the task that paints the result."""
        return self.clone(ResultToPublish)

    def run(self) -> None:
        """Publish a private copy of the result, unless the remote has its bytes already.

        Raises:
            ChangedError: The result was altered since it was painted.
        """
        path, destination = self.input().path, self.output()
        self.copied_digest = ""
        with take_snapshot(path) as snapshot:
            record = read_record(path)
            if record is None or record.sha256 != snapshot.sha256:
                raise ChangedError(
                    "not published: it was altered since it was painted",
                    path=path,
                    remedy="remove it and run again to paint it again",
                )
            is_there = destination.fs.same_bytes(destination.path, snapshot.path)
            if not is_there:
                self.copied_digest = copy(snapshot.target, self._describe_output(record))
        record_published(destination.path)

    def _describe_output(self, record: Record) -> FileSystemTarget:
        """Return the output, which keeps an earlier version until the new one arrived."""
        is_replacement = self.output().exists()
        metadata = metadata_of(from_record(record), self.rendering())
        return target_at(self.output().path, keep_earlier=is_replacement, metadata=metadata)

    def output(self) -> FileSystemTarget:
        """Return the result's place in the remote."""
        return target_at(f"{self.RESULT_ROOT}/{self.model}/{self.image}")

    def complete(self) -> bool:
        """Return whether the result is current and the remote has its bytes."""
        is_published = self.requires().complete() and self.is_copied()
        if is_published:
            record_published(self.output().path)
        return is_published


class ResultToPublish(Stylize):
    """Paints a result that is to be published, unless the remote has a larger one.

    If the remote has this very one, made by `bulk` or on another machine, it is fetched instead.
    """

    RESULT_ROOT = context.FromSettings("remote_results")

    def requires(self) -> dict[str, luigi.Task]:
        """Return the downloads, and for a smaller picture that the result may be published."""
        place = self.clone(PlaceOfResult)
        return {**super().requires(), **({PLACE: place} if place.is_limited() else {})}

    def complete(self) -> bool:
        """Return whether the result is current, and may be published."""
        return super().complete() and self.clone(PlaceOfResult).complete()

    def _paint(self, inputs: dict[str, str], path: str) -> dict[str, Any] | None:
        made = self.find_published(file_digest(inputs["image"]), file_digest(inputs["model"]))
        self.is_fetched = made is not None and fetch_published(self._published_url, path)
        if made is not None and self.is_fetched:
            return made.to_json()
        return super()._paint(inputs, path)

    def find_published(self, image_sha256: str, model_sha256: str) -> Provenance | None:
        """Return where the result in the remote comes from if it is this one; else None.

        Args:
            image_sha256: The digest of the image that would be painted.
            model_sha256: That of the model's file.
        """
        style = self.style_name
        settings = context.current().settings
        if settings.force or settings.is_offline:
            return None
        made = read_published(self._published_url, self.image, style.file)
        options = self.rendering(number=style.number)
        return made if is_made_from(made, image_sha256, model_sha256, options) else None

    @property
    def _published_url(self) -> str:
        return f"{self.RESULT_ROOT}/{self.model}/{self.image}"


class PlaceOfResult(PaintingParameters, luigi.ExternalTask):
    """A result's place in the remote, which is free for a smaller one only with ``--force``."""

    RESULT_ROOT = context.FromSettings("remote_results")

    def output(self) -> FileSystemTarget:
        """Return the result's place in the remote."""
        return target_at(f"{self.RESULT_ROOT}/{self.model}/{self.image}")

    def is_limited(self) -> bool:
        """Return whether the options ask for less than the picture's size."""
        options = self.rendering()
        return bool(options.max_side) or (options.content_scale or 1) > 1

    def complete(self) -> bool:
        """Return whether nothing larger than what is asked for is there."""
        settings = context.current().settings
        is_free = settings.force or settings.is_offline
        if is_free or not self.is_limited() or not self.output().exists():
            return True
        size = _read_size(self.output())
        return size is None or max(size) <= self._find_limit()

    def explain_absence(self) -> ConflictError:
        """Return what is there, and what to do."""
        width, height = _read_size(self.output()) or (0, 0)
        return ConflictError(
            f"not replaced by a result of at most {self._find_limit():.0f} px: "
            f"the remote has it at {width}x{height}",
            path=self.output().path,
            remedy="paint it with stylize, which publishes nothing, or as a --proof, or add "
            "--force to replace it",
        )

    def _find_limit(self) -> float:
        """Return the longest side in px that is asked for; infinite if it is not known."""
        options = self.rendering()
        limit, scale = options.max_side or math.inf, options.content_scale or 1
        if scale > 1 and (size := self._read_image_size()):
            limit = min(limit, max(1, int(max(size) / scale)))
        return limit

    def _read_image_size(self) -> tuple[int, int] | None:
        """Return the size of the image that would be painted; None if it is not known."""
        download = self.clone(DownloadImage)
        if download.complete():
            return _read_size(download.output())
        published = self.clone(ContentImage)
        drop_in = published.drop_in()
        image = drop_in if self.upload and drop_in.complete() else published
        return _read_size(image.output()) if image.output().exists() else None


def _read_size(target: FileSystemTarget) -> tuple[int, int] | None:
    """Return width and height in px, read once for each version; None if they are not known."""
    sizes = context.current().keep(_make_sizes)
    version = target.path, str(target.fs.version(target.path))
    if version not in sizes:
        sizes[version] = read_size(target)
    return sizes[version]


def _make_sizes(settings: Settings) -> dict[tuple[str, str], tuple[int, int] | None]:
    """Return the start of the sizes of images, by path or URL and version."""
    return {}
