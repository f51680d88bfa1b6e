"""The result: a picture of the cache, painted in a style of the cache."""

import time
from collections.abc import Callable

import luigi
from luigi.target import FileSystemTarget

from csci_utils.digest import file_digest
from csci_utils.errors import ChangedError
from neural_style.options import EXACT

from .. import runners
from ..names import ModelName, parse_model_name
from ..records import Origin, read_origin, write_origin
from ..remote import target_at
from ..runners import Job
from ..settings import RESULTS, FromSettings
from .download import DownloadImage, DownloadModel, DownloadTask
from .package import DownloadPackage
from .parameters import PaintingParameters

NOTE = "pset_4.note"
"""A Luigi event, with a task and a line of text: whoever waits for the task should know this."""

PATIENCE = 1.0
"""Seconds of painting until it is said how far it is."""

FIRST_FRAME_REMARK = "only its first frame"


class Stylize(PaintingParameters, luigi.Task):
    """Paints one picture in one style, at ``data/stylized/<model>/<image>``."""

    LOCAL_ROOT = FromSettings(lambda settings: settings.data)

    remark = ""
    """What people should know of the picture that was painted last; empty if nothing."""

    @property
    def style_name(self) -> ModelName:
        """The model's file and the number of the style in it."""
        return parse_model_name(self.model)

    def requires(self) -> dict[str, luigi.Task]:
        required: dict[str, luigi.Task] = {**self._downloads()}
        if runners.current().needs_package:
            required["package"] = DownloadPackage(model=self.style_name.file)
        return required

    def output(self) -> FileSystemTarget:
        return target_at(f"{self.LOCAL_ROOT}/{RESULTS}/{self.model}/{self.image}")

    def complete(self) -> bool:
        """Whether the result was painted from what the remote holds now, with these options.

        The cache is not asked: a result stays current when the files it was made from are gone.
        """
        downloads = self._downloads()
        recorded = read_result_origin(self.output().path)
        return (
            recorded is not None
            and all(download.requires().complete() for download in downloads.values())
            and recorded == self._origin({kind: task.origin() for kind, task in downloads.items()})
        )

    def run(self) -> None:
        """Paint.

        Raises:
            neural_style.NeuralStyleError, PipelineError: the picture or the style cannot be used.
            ChangedError: a cached file was altered since it was fetched, or replaced meanwhile.
        """
        from neural_style.pictures.io import has_more_frames

        inputs = {kind: target.path for kind, target in self.input().items()}
        origins = self._read_cached_origins(inputs)
        job = Job(
            inputs,
            origins["model"]["version"],
            self.style_name.number,
            self.content_scale,
            self.max_side,
            self.precision,
        )
        self.remark = FIRST_FRAME_REMARK if has_more_frames(job.image_path) else ""
        final_path = self.output().path
        with self.output().temporary_path() as path:
            runners.current().paint(job, path, final_path, self._note, self._make_progress())
            digest = file_digest(path)
            # Another process may have fetched a new version while this one was read or painted.
            if self._read_cached_origins(inputs) != origins:
                raise ChangedError(
                    f"{final_path} was not painted: its picture or model was replaced in the "
                    "cache meanwhile: run again"
                )
        write_origin(final_path, self._origin(origins), digest)

    def _note(self, message: str) -> None:
        self.trigger_event(NOTE, self, message)

    def _make_progress(self) -> Callable[[int, int], None]:
        """Say how far the painting is in Luigi's own way; not of short ones."""
        begin = time.monotonic()

        def tell(done: int, total: int) -> None:
            is_long = time.monotonic() - begin >= PATIENCE
            if is_long and self.set_progress_percentage:  # a worker sets it
                self.set_progress_percentage(100 * done // total)

        return tell

    def _downloads(self) -> dict[str, DownloadTask]:
        """What the result is made from."""
        return {
            "image": self.clone(DownloadImage),
            "model": self.clone(DownloadModel, model=self.style_name.file),
        }

    def _read_cached_origins(self, inputs: dict[str, str]) -> dict[str, Origin]:
        return {kind: _read_cached_origin(inputs[kind]) for kind in self._downloads()}

    def _origin(self, inputs: dict[str, Origin]) -> Origin:
        return {
            **inputs,
            "number": self.style_name.number,
            "max_side": self.max_side,
            "content_scale": self.content_scale,
            "precision": self.precision,
        }


def read_result_origin(path: str) -> Origin | None:
    """What a result was made from, as `read_origin` says it."""
    origin = read_origin(path)
    # The first results were painted, and written down, when there was one precision.
    return None if origin is None else {"precision": EXACT, **origin}


def _read_cached_origin(path: str) -> Origin:
    origin = read_origin(path)
    if origin is None:
        raise ChangedError(f"{path} was altered since it was fetched: run again to fetch it anew")
    return origin
