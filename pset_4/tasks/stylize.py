"""The result: an image from the cache, painted in a style from the cache."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import luigi

from csci_utils.errors import BusyError, is_crowded
from csci_utils.transfers import work_on_many
from neural_style.system.interruption import check_interrupted

from .. import context
from ..names import parse_model_name
from ..places import RESULTS
from ..provenance.recorded import read_result_origin
from ..rendering_options import to_origin
from ..runners import current_runner
from ..settings import Settings
from ..storage.claims import claim
from ..storage.records import Origin
from ..storage.unfinished import UnfinishedResult, read_origins
from ..styles.model_name import ModelName
from ..styles.results import join_result
from .batch import BatchTask
from .download import DownloadImage, DownloadModel, DownloadTask
from .events import FETCHED, PAINTED, notify, report_begin, report_made
from .package import DownloadPackage
from .parameters import PaintingParameters

if TYPE_CHECKING:
    from neural_style import PaintingRequest, PaintingResult

PATIENCE = 0.3
"""Seconds of painting before progress is reported."""

MODEL = "model"
"""The kind of the model's file; a blend has further ones, of the kinds ``model 2`` and so on."""

FIRST_FRAME_REMARK = "only its first frame"

FINISHING = 8
"""How many results are committed at once: the disk syncs them together."""


class Stylize(PaintingParameters, BatchTask):
    """Paints images in one style, at ``data/stylized/<style>/<image>``."""

    LOCAL_ROOT = context.FromSettings("data")
    RESULT_FOLDER: ClassVar[str] = RESULTS
    VERB = PAINTED

    @cached_property
    def style_name(self) -> ModelName:
        """The model's file, and the number of the style in it."""
        return parse_model_name(self.model)

    @cached_property
    def downloads(self) -> dict[str, DownloadTask]:
        """The tasks that fetch what the results are made from."""
        files = self.files_of(self.names[0])
        return {
            kind: self.clone(DownloadModel, model=file)
            if kind.startswith(MODEL)
            else self.clone(DownloadImage)
            for kind, file in files.items()
        }

    def files_of(self, name: str) -> dict[str, str]:
        """Return the names of the files that a result is made from, as `downloads` has them."""
        first, *others = self.style_name.files
        blended = {f"{MODEL} {number}": file for number, file in enumerate(others, 2)}
        return {"image": name, MODEL: first, **blended}

    def requires(self) -> dict[str, luigi.Task]:
        """Return the downloads, and the package if the runner needs one."""
        required: dict[str, luigi.Task] = {**self.downloads}
        if current_runner().needs_package:
            required["package"] = DownloadPackage(model=self.style_name.file)
        return required

    def path_of(self, name: str) -> str:
        """Return a result's place in the data folder."""
        return f"{self.LOCAL_ROOT}/{self.RESULT_FOLDER}/{join_result(self.style, name)}"

    def is_done(self, name: str) -> bool:
        """Return whether the result was painted from what the remote holds now, as asked.

        The cache is not asked: a result stays current when the files it was made from are gone.
        With ``--force`` it is complete once it was painted in this run.
        """
        if self._is_forced(name):
            return False
        return self.matches(name, read_result_origin(self.path_of(name)))

    def matches(self, name: str, recorded: Origin | None) -> bool:
        """Return whether a result of this record is what would be painted now."""
        if recorded is None:
            return False
        image, models = self.downloads["image"], self._find_model_origins()
        if models is None or not image.content.is_done(name):
            return False
        return recorded == self.origin({"image": image.origin_of(name), **models})

    @contextmanager
    def sharing(self) -> Iterator[None]:
        """Ask only once for the models."""
        with super().sharing():
            self._find_model_origins()
            yield

    def _find_model_origins(self) -> dict[str, Origin] | None:
        """Return the versions of the models in the remote; None if one is not complete there."""

        def find() -> dict[str, Origin] | None:
            models = self._list_models()
            if not all(task.content.is_done(file) for _, file, task in models):
                return None
            return {kind: task.origin_of(file) for kind, file, task in models}

        return self.share("versions", find)

    def has_cached_models(self) -> bool:
        """Return whether the cached models are the remote's, whatever is dropped in."""
        models = self._list_models()
        return self.share("caches", lambda: all(task.is_current(file) for _, file, task in models))

    def _list_models(self) -> list[tuple[str, str, DownloadTask]]:
        """Return kind, file and download of each model."""
        names = {kind: name for kind, name in self.files_of("").items() if kind.startswith(MODEL)}
        return [(kind, name, self.downloads[kind]) for kind, name in names.items()]

    def run(self) -> None:
        """Paint each image, unless another run is painting it or has just done so.

        What another run paints is waited for in the end, and painted only if it did not.

        Raises:
            neural_style.NeuralStyleError, PipelineError: An image or the style cannot be used.
            ChangedError: A cached file was altered since it was fetched, or replaced meanwhile.
        """
        errors = self.fetch_made()
        names = [name for name in self.names if name not in errors]
        errors |= _Round(self, names, waits=False).paint()
        claimed_by_others = _pop(errors, lambda error: isinstance(error, BusyError))
        errors |= _Round(self, claimed_by_others).paint()
        for name in _pop(errors, is_crowded):  # others took the room at that moment
            errors |= _Round(self, [name]).paint()
        self.raise_errors({name: errors[name] for name in self.names if name in errors})

    def fetch_made(self) -> dict[str, BaseException]:
        """Fetch results that need not be painted here, and return what failed, by name."""
        return {}

    def begin(self, name: str, waits: bool) -> UnfinishedResult | None:
        """Claim a result, and return what is to be painted; None if it is current.

        Raises:
            BusyError: Another run has the claim, and is not waited for.
        """
        files = self.files_of(name)
        inputs = {kind: task.path_of(files[kind]) for kind, task in self.downloads.items()}
        with ExitStack() as on_error:
            notes = partial(notify, self) if waits else None
            try:
                on_error.enter_context(claim(self.path_of(name), notes))
            except OSError as error:
                # A result that is current needs no claim, such as one on a disk that is read-only.
                if isinstance(error, BusyError) or not self.is_done(name):
                    raise
            if self.is_done(name):
                return None
            origins, file = read_origins(inputs), ExitStack()
            path = file.enter_context(self.target(name).temporary_path())
            request = self._request(name, inputs, path)
            return UnfinishedResult(name, request, inputs, origins, file, on_error.pop_all())

    def finish(self, painted: tuple[UnfinishedResult, PaintingResult | Exception]) -> None:
        """Commit a result, and record what it was made from."""
        (painting, result), here = painted, context.current()
        name = painting.name
        is_waiting = here.settings.is_offline and self.RESULT_FOLDER == RESULTS
        done = painting.commit(result, self.path_of(name), self.origin, is_waiting)
        here.keep(_make_painted).add(self.path_of(name))
        verb = FETCHED if painting.is_fetched else None
        remark = FIRST_FRAME_REMARK * done.has_more_frames
        report_made(self, name, verb, remark=remark, seconds=painting.seconds)

    def accept_from_others(self) -> None:
        """Count the results as painted in this run."""
        context.current().keep(_make_painted).update(map(self.path_of, self.names))

    def _is_forced(self, name: str) -> bool:
        here = context.current()
        return here.settings.force and self.path_of(name) not in here.keep(_make_painted)

    def _request(self, name: str, inputs: dict[str, str], path: str) -> PaintingRequest:
        from neural_style import PaintingRequest

        style = self.style_name
        options = self.rendering(number=style.number, **current_runner().machine)
        files = (Path(inputs["image"]), Path(inputs[MODEL]), Path(path))
        paths = {file: inputs[kind] for kind, file in self.files_of(name).items()}
        blend = style.blend and style.blend.renamed(paths.__getitem__)
        return PaintingRequest(*files, options, name, style.source, blend)

    def origin(self, inputs: dict[str, Origin]) -> Origin:
        """Return what a result should be made from: these versions, and the options."""
        return {**inputs, **self._options}

    @cached_property
    def _options(self) -> dict[str, Any]:
        return to_origin(self.rendering(number=self.style_name.number))


@dataclass
class _Round:
    """Images of a task that are painted together; each is finished behind the painting."""

    task: Stylize
    names: Sequence[str]
    waits: bool = True
    """Whether what another run paints is waited for; otherwise it fails with a BusyError."""
    paintings: dict[str, UnfinishedResult] = field(default_factory=dict)
    errors: dict[str, BaseException] = field(default_factory=dict)

    def paint(self) -> dict[str, BaseException]:
        """Paint them, and return what failed, by name."""
        painted = self._paint_each()
        try:
            for outcome in work_on_many(self.task.finish, painted, FINISHING):
                if outcome.error is not None:
                    self.errors[outcome.item[0].name] = outcome.error
        finally:
            painted.close()
            while self.paintings:  # errors keep what they were raised in
                self.paintings.popitem()[1].abandon()
        return self.errors

    def _begin_each(self) -> Iterator[PaintingRequest]:
        for name in self.names:
            check_interrupted()
            try:
                painting = self.task.begin(name, self.waits)
            except Exception as error:
                self.errors[name] = error
                continue
            if painting is not None:
                self.paintings[name] = painting
                yield painting.request

    def _paint_each(
        self,
    ) -> Generator[tuple[UnfinishedResult, PaintingResult | Exception], None, None]:
        """Yield each painting with its result, or what it failed with."""
        runner, package = current_runner(), self.task.requires().get("package")
        if package is not None:
            runner = runner.with_package(package.output().path)
        paint_all = runner.paint_all if len(self.task.names) > 1 else runner.paint_each
        last = time.monotonic()
        for request, result in paint_all(
            self._begin_each(), partial(notify, self.task), self._make_progress
        ):
            painting = self.paintings[request.image_name]
            painting.seconds, last = time.monotonic() - last, time.monotonic()
            yield painting, result

    def _make_progress(self, request: PaintingRequest) -> Callable[[int, int], None]:
        """Report that a painting begins, and progress in Luigi's own way, unless it is short."""
        report_begin(self.task, request.image_name)
        begin = time.monotonic()

        def progress(done: int, total: int) -> None:
            check_interrupted()
            is_long = time.monotonic() - begin >= PATIENCE
            if is_long and self.task.set_progress_percentage:  # set by a worker
                self.task.set_progress_percentage(100 * done // total)

        return progress


def _pop(errors: dict[str, BaseException], is_meant: Callable[[BaseException], bool]) -> list[str]:
    """Take errors of a kind out, and return the names that they are about."""
    names = [name for name, error in errors.items() if is_meant(error)]
    for name in names:
        del errors[name]
    return names


def _make_painted(settings: Settings) -> set[str]:
    """Return an empty set for the paths of results that were painted in this run."""
    return set()
