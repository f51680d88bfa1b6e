"""Up again: results are published."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

import luigi
from luigi.target import FileSystemTarget

from csci_utils.digest import file_digest
from csci_utils.errors import BusyError, ChangedError
from csci_utils.luigi import CopyTask, copy
from csci_utils.transfers import work_on_many

from .. import context
from ..errors import ConflictError
from ..provenance.object_metadata import metadata_of
from ..provenance.published import fetch_published, is_made_from, read_published
from ..provenance.recorded import from_record
from ..settings import Settings
from ..storage.image_sizes import read_size
from ..storage.offline import record_published
from ..storage.records import Record, read_record
from ..storage.remote import file_system_of, target_at
from ..styles.digests import digest_style
from ..styles.results import join_result
from .batch import BatchTask
from .download import DownloadImage
from .events import PUBLISHED, report_made
from .parameters import PaintingParameters
from .snapshot import take_snapshot
from .stylize import Stylize

if TYPE_CHECKING:
    from neural_style import Provenance

PLACE = "place"
"""What `ResultToPublish` requires besides the files that it paints from."""


class RemoteResult(PaintingParameters, BatchTask):
    """Results in the remote, at ``stylized/<style>/<image>``."""

    RESULT_ROOT = context.FromSettings("remote_results")

    def path_of(self, name: str) -> str:
        """Return a result's path or URL in the remote."""
        return f"{self.RESULT_ROOT}/{join_result(self.style, name)}"


class UploadResult(RemoteResult, CopyTask):
    """Publishes results, which may replace older ones: all come from the remote's objects."""

    VERB = PUBLISHED
    is_transfer = True

    def requires(self) -> Stylize:
        """Return the task that paints the results."""
        return self.clone(ResultToPublish)

    @cached_property
    def painted(self) -> Stylize:
        """The task that paints the results."""
        return self.requires()

    def run(self) -> None:
        """Publish each result."""
        self.do_each(self.publish)

    def publish(self, name: str) -> None:
        """Publish a private copy of a result, unless the remote has its bytes already.

        Raises:
            ChangedError: The result was altered since it was painted.
        """
        path, destination = self.painted.path_of(name), self.target(name)
        if path == destination.path:  # offline, the data folder stands for the remote
            return
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
                copy(snapshot.target, self._describe_target(name, record))
        record_published(destination.path)
        if not is_there:
            report_made(self, name)

    def _describe_target(self, name: str, record: Record) -> FileSystemTarget:
        """Return a target, which keeps an earlier version until the new one arrived."""
        target = self.target(name)
        metadata = metadata_of(from_record(record), self.rendering())
        return target_at(target.path, keep_earlier=target.exists(), metadata=metadata)

    def is_done(self, name: str) -> bool:
        """Return whether the result is current and the remote has its bytes."""
        is_published = self.painted.is_done(name) and self.has_same(name)
        if is_published:
            record_published(self.path_of(name))
        return is_published

    @contextmanager
    def sharing(self) -> Iterator[None]:
        """Ask only once for the model."""
        with self.painted.sharing():
            yield

    def has_same(self, name: str) -> bool:
        """Return whether the remote has the bytes of the result that is on this machine."""
        path = self.path_of(name)
        return bool(file_system_of(path).same_bytes(path, self.painted.path_of(name)))


class ResultToPublish(Stylize):
    """Paints results that are to be published, unless the remote has larger ones.

    If the remote has the very results, made by `bulk` or on another machine, they are fetched
    instead.
    """

    @cached_property
    def places(self) -> PlaceOfResult:
        """The places of the results in the remote."""
        return self.clone(PlaceOfResult)

    def requires(self) -> dict[str, luigi.Task]:
        """Return the downloads, and for smaller pictures that the results may be published."""
        limited = {PLACE: self.places} if self.places.is_limited else {}
        return {**super().requires(), **limited}

    def is_done(self, name: str) -> bool:
        """Return whether the result is current, and may be published."""
        return super().is_done(name) and self.places.is_done(name)

    def fetch_made(self) -> dict[str, BaseException]:
        """Fetch results that the remote has, and return what failed, by name."""
        settings = context.current().settings
        if settings.force or settings.is_offline:
            return {}
        published = [name for name in self.names if self._is_published(name)]
        outcomes = work_on_many(self._fetch_made, published)
        return {each.item: each.error for each in outcomes if each.error is not None}

    def _is_published(self, name: str) -> bool:
        path = self.places.path_of(name)
        return bool(file_system_of(path).exists(path)) and not self.is_done(name)

    def _fetch_made(self, name: str) -> None:
        """Fetch a result if it was painted from the bytes that are here, as asked."""
        from neural_style import PaintingResult

        files = self.files_of(name)
        inputs = (task.path_of(files[kind]) for kind, task in self.downloads.items())
        image, *models = map(file_digest, inputs)
        made = self.find_made(name, image, models)
        try:
            painting = None if made is None else self.begin(name, waits=False)
        except BusyError:  # the painting that follows waits
            return
        if painting is None:
            return
        try:
            if fetch_published(self.places.path_of(name), str(painting.request.output_image)):
                painting.is_fetched = True
                self.finish((painting, PaintingResult(False, made)))
        finally:
            painting.abandon()

    def find_made(
        self, name: str, image_sha256: str, models_sha256: Sequence[str]
    ) -> Provenance | None:
        """Return the provenance of the remote's result if it is what would be painted; else None.

        Args:
            name: The image.
            image_sha256: The digest of the image that would be painted.
            models_sha256: Those of the model's files.
        """
        style, settings = self.style_name, context.current().settings
        if settings.force or settings.is_offline:
            return None
        made = read_published(self.places.path_of(name), name, style.source)
        options = self.rendering(number=style.number)
        sha256 = digest_style(style, models_sha256)
        return made if is_made_from(made, image_sha256, sha256, options) else None


class PlaceOfResult(RemoteResult, luigi.ExternalTask):
    """Places of results in the remote, free for smaller ones only with ``--force``."""

    @cached_property
    def is_limited(self) -> bool:
        """Whether the options ask for less than the picture's size."""
        options = self.rendering()
        return bool(options.max_side) or (options.content_scale or 1) > 1

    def is_done(self, name: str) -> bool:
        """Return whether nothing larger than what is asked for is there."""
        settings = context.current().settings
        is_free = settings.force or settings.is_offline
        if is_free or not self.is_limited or not self.target(name).exists():
            return True
        size = _read_size(self.target(name))
        return size is None or max(size) <= self._find_limit(name)

    def explain(self, name: str) -> ConflictError:
        """Return what is there, and what to do."""
        width, height = _read_size(self.target(name)) or (0, 0)
        return ConflictError(
            f"not replaced by a result of at most {self._find_limit(name):.0f} px: "
            f"the remote has it at {width}x{height}",
            path=self.path_of(name),
            remedy="paint it with stylize, which publishes nothing, or as a --proof, or add "
            "--force to replace it",
        )

    def _find_limit(self, name: str) -> float:
        """Return the longest side in px that is asked for; infinite if it is not known."""
        options = self.rendering()
        limit, scale = options.max_side or math.inf, options.content_scale or 1
        if scale > 1 and (size := self._read_image_size(name)):
            limit = min(limit, max(1, int(max(size) / scale)))
        return limit

    def _read_image_size(self, name: str) -> tuple[int, int] | None:
        """Return the size of the image that would be painted; None if it is not known."""
        download = self.clone(DownloadImage)
        if download.is_done(name):
            return _read_size(download.target(name))
        content = download.content
        image = (content.drop_ins if content.has_upload(name) else content).target(name)
        return _read_size(image) if image.exists() else None


def _read_size(target: FileSystemTarget) -> tuple[int, int] | None:
    """Return width and height in px, read once for each version; None if they are not known."""
    sizes = context.current().keep(_make_sizes)
    version = target.path, str(target.fs.version(target.path))
    if version not in sizes:
        sizes[version] = read_size(target)
    return sizes[version]


def _make_sizes(settings: Settings) -> dict[tuple[str, str], tuple[int, int] | None]:
    """Return an empty dictionary for the sizes of images, by path or URL and version."""
    return {}
