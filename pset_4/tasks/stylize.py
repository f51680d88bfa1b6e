"""The result: an image from the cache, painted in a style from the cache."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import luigi
from luigi.target import FileSystemTarget

from csci_utils.digest import file_digest
from csci_utils.errors import ChangedError, instead_of_path

from .. import context
from ..names import ModelName, parse_model_name
from ..places import PROOFS, RESULTS
from ..rendering_options import RESULT_OPTIONS, complete_origin, to_origin
from ..runners import current_runner
from ..settings import Settings
from ..storage.claims import claim
from ..storage.records import Origin, read_origin, write_origin
from ..storage.remote import target_at
from .download import DownloadImage, DownloadModel, DownloadTask
from .notes import notify
from .package import DownloadPackage
from .parameters import PaintingParameters

if TYPE_CHECKING:
    from neural_style import PaintingRequest

PATIENCE = 0.3
"""Seconds of painting before progress is reported."""

PROOF_SIDE = 512
"""The longest side of a proof, in px, unless another is asked for."""

FIRST_FRAME_REMARK = "only its first frame"


class Stylize(PaintingParameters, luigi.Task):
    """Paints one image in one style, at ``data/stylized/<model>/<image>``."""

    LOCAL_ROOT = context.FromSettings("data")
    RESULT_FOLDER: ClassVar[str] = RESULTS

    remark = ""
    """What people should know about the image that was painted; empty if nothing."""

    is_made = False
    """Whether `run` painted. It does not if another run just did."""

    is_fetched = False
    """Whether the result was fetched, because the remote had it already."""

    seconds = 0.0
    """How long that took."""

    @property
    def style_name(self) -> ModelName:
        """The model's file, and the number of the style in it."""
        return parse_model_name(self.model)

    def requires(self) -> dict[str, luigi.Task]:
        """Return the downloads, and the package if the runner needs one."""
        required: dict[str, luigi.Task] = {**self.downloads()}
        if current_runner().needs_package:
            required["package"] = DownloadPackage(model=self.style_name.file)
        return required

    def output(self) -> FileSystemTarget:
        """Return the result's place in the data folder."""
        return target_at(f"{self.LOCAL_ROOT}/{self.RESULT_FOLDER}/{self.model}/{self.image}")

    def complete(self) -> bool:
        """Return whether the result was painted from what the remote holds now, as asked.

        The cache is not asked: a result stays current when the files it was made from are gone.
        With ``--force`` it is complete once it was painted in this run.
        """
        if self._is_forced():
            return False
        return self.matches(read_result_origin(self.output().path))

    def matches(self, recorded: Origin | None) -> bool:
        """Return whether a result of this record is what would be painted now."""
        downloads = self.downloads()
        return (
            recorded is not None
            and all(download.requires().complete() for download in downloads.values())
            and recorded == self.origin({kind: task.origin() for kind, task in downloads.items()})
        )

    def run(self) -> None:
        """Paint, and record what the result was made from.

        If another run is painting it, wait for that, and paint only if it did not.

        Raises:
            neural_style.NeuralStyleError, PipelineError: The image or the style cannot be used.
            ChangedError: A cached file was altered since it was fetched, or replaced meanwhile.
        """
        with claim(self.output().path, partial(notify, self)):
            self.is_made = not self.complete()
            if self.is_made:
                self._make()
                context.current().keep(_make_painted).add(self.output().path)

    def _is_forced(self) -> bool:
        here = context.current()
        return here.settings.force and self.output().path not in here.keep(_make_painted)

    def _make(self) -> None:
        inputs = {kind: target.path for kind, target in self.input().items()}
        origins = self._read_cached_origins(inputs)
        final_path = self.output().path
        with self.output().temporary_path() as path, instead_of_path(path, final_path):
            provenance = self._paint(inputs, path)
            digest = file_digest(path)
            # Another process may have fetched a new version while this one was painting.
            if self._read_cached_origins(inputs) != origins:
                raise ChangedError(
                    "not painted: its image or model was replaced in the cache meanwhile",
                    path=final_path,
                    remedy="run again",
                )
        is_waiting = context.current().settings.is_offline and self.RESULT_FOLDER == RESULTS
        write_origin(final_path, self.origin(origins), digest, is_waiting, provenance)

    def _paint(self, inputs: dict[str, str], path: str) -> dict[str, Any] | None:
        """Paint, and return where the painting comes from, if the runner knows it."""
        begin = time.monotonic()
        result = current_runner().paint(
            self._request(inputs, path),
            partial(notify, self),
            self._make_progress(),
            inputs.get("package"),
        )
        self.seconds = time.monotonic() - begin
        self.remark = FIRST_FRAME_REMARK if result.has_more_frames else ""
        return None if result.provenance is None else result.provenance.to_json()

    def _request(self, inputs: dict[str, str], path: str) -> PaintingRequest:
        from neural_style import PaintingRequest

        options = self.rendering(
            number=self.style_name.number, **context.current().settings.machine
        )
        files = (Path(inputs["image"]), Path(inputs["model"]), Path(path))
        return PaintingRequest(*files, options, self.image, self.style_name.file)

    def _make_progress(self) -> Callable[[int, int], None]:
        """Report progress in Luigi's own way, unless the painting is short."""
        begin = time.monotonic()

        def progress(done: int, total: int) -> None:
            is_long = time.monotonic() - begin >= PATIENCE
            if is_long and self.set_progress_percentage:  # set by a worker
                self.set_progress_percentage(100 * done // total)

        return progress

    def downloads(self) -> dict[str, DownloadTask]:
        """Return the tasks that fetch what the result is made from."""
        return {
            "image": self.clone(DownloadImage),
            "model": self.clone(DownloadModel, model=self.style_name.file),
        }

    def _read_cached_origins(self, inputs: dict[str, str]) -> dict[str, Origin]:
        return {kind: _read_cached_origin(inputs[kind]) for kind in self.downloads()}

    def origin(self, inputs: dict[str, Origin]) -> Origin:
        """Return what the result should be made from: these versions, and the options."""
        return {**inputs, **to_origin(self.rendering(number=self.style_name.number))}


class Proof(Stylize):
    """Paints a proof, a small result to choose by, at ``data/proofs/<model>/<image>``.

    It is never published. Its size is a parameter like that of other results.
    """

    RESULT_FOLDER = PROOFS


def make_proofs(options: dict[str, Any]) -> type[Proof]:
    """Return the task of proofs, and limit their size in its parameters unless they do."""
    options["max_side"] = options["max_side"] or PROOF_SIDE
    return Proof


def read_result_origin(path: str) -> Origin | None:
    """Return what a result was made from, as `read_origin` does, with all options."""
    origin = read_origin(path)
    return None if origin is None else complete_origin(origin)


def recorded_task(model: str, image: str, recorded: Origin | None) -> Stylize | None:
    """Return the task that paints a result as its record says; None if that is not usable."""
    try:
        options = {option.name: (recorded or {})[option.name] for option in RESULT_OPTIONS}
        return Stylize(image=image, model=model, upload=False, **options)
    except (KeyError, TypeError, ValueError):
        return None


def _make_painted(settings: Settings) -> set[str]:
    """Return the start of the set of results that were painted in this run."""
    return set()


def _read_cached_origin(path: str) -> Origin:
    origin = read_origin(path)
    if origin is None:
        raise ChangedError(
            "altered since it was fetched", path=path, remedy="run again to fetch it again"
        )
    return origin
