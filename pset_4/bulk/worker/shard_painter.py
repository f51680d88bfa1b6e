"""Paint one shard: images are fetched ahead, and results published behind the painting."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from csci_utils.errors import (
    ChangedError,
    DescribedError,
    LinkError,
    NothingWrittenError,
    S3KeyMissingError,
    TooLargeError,
    instead_of_path,
)
from neural_style import NeuralStyleError
from neural_style.pictures.file_formats import MAX_PICTURE_BYTES

from ...errors import PipelineError
from ...execution.messages import describe_error
from ...names import check_image_name
from ...runners import current_runner
from ..coordination.leases import Lease, LeaseLostError
from ..failures import FailedPicture, describe
from ..shards import Tally
from ..transfers import fetch_target, publish, source_at
from .existing_results import ExistingResults

if TYPE_CHECKING:
    from neural_style import PaintingRequest, Provenance

    from ..runs import Run
    from .workspace import Workspace

_Sending = tuple[str, str, Future[None]]  # image, style, and its way to the remote

AHEAD = 6
"""Images that are fetched before it is their turn, and results that wait to be published."""

SUSPICIOUS_ATTEMPTS = 3
"""From this attempt on, a shard's lease names the image that is painted: it may kill workers."""

_OF_ONE_PICTURE = (
    NeuralStyleError,
    PipelineError,
    S3KeyMissingError,
    TooLargeError,
    NothingWrittenError,
    LinkError,
    ChangedError,
    FileNotFoundError,
    FileExistsError,
    IsADirectoryError,
    NotADirectoryError,
    MemoryError,
)
"""Errors that say nothing about the next image. Others, as of the network, end a worker."""


class StoppedError(PipelineError, RuntimeError):
    """The worker was asked to end."""


@dataclass
class _FetchedImage:
    """An image, fetched if anything of it is to be painted."""

    name: str
    missing: Sequence[str]
    """The styles in which it is to be painted."""
    path: str = ""
    """Its file in the scratch folder, if there are any."""
    unpainted: int = 0
    """In how many styles it is yet to be painted; then the file is not needed any more."""


@dataclass(frozen=True)
class _PendingResult:
    """A result that is being painted."""

    fetched: _FetchedImage
    model: str
    url: str
    """Where the result goes."""
    is_replacement: bool
    """Whether another result is there."""


class ShardPainter:
    """Paints the images of one shard in all styles of the run."""

    def __init__(self, workspace: Workspace, lease: Lease, names: Sequence[str]) -> None:
        """Take the worker's workspace, the shard's lease, and the names of its images."""
        self._workspace = workspace
        self._lease = lease
        self._names = names
        self._pending: dict[Path, _PendingResult] = {}  # by the path of the result
        self._painted = self._current = 0
        self._begin = time.monotonic()
        self.failures: list[FailedPicture] = []

    def figures(self) -> dict[str, float]:
        """Return the progress, as the lease tells it."""
        return asdict(self.tally())

    def tally(self) -> Tally:
        """Return the progress."""
        milliseconds = int((time.monotonic() - self._begin) * 1000)
        return Tally(self._painted, self._current, len(self.failures), milliseconds)

    def paint(self) -> None:
        """Paint what is not current, and publish it; what cannot be painted is a failure.

        Raises:
            LeaseLostError: The lease is over.
            StoppedError: The worker was asked to end.
            CsciUtilsError, OSError: The remote refuses, or the scratch folder is full.
        """
        self._existing = ExistingResults(self._workspace.settings, self._workspace.run, self._names)
        is_careful = self._lease.state.attempt >= SUSPICIOUS_ATTEMPTS
        if is_careful:
            self._fail_suspect(self._lease.state.doing)
        with ThreadPoolExecutor(2 * AHEAD) as pool:
            try:
                self._paint_all(pool, 1 if is_careful else AHEAD, is_careful)
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _paint_all(self, pool: Executor, ahead: int, is_careful: bool) -> None:
        sending: deque[_Sending] = deque()
        runner = current_runner()
        paint = runner.paint_each if is_careful else runner.paint_all
        requests = self._make_requests(pool, ahead, is_careful)
        for request, outcome in paint(requests, lambda _: None, lambda _: lambda *_: None):
            pending, path = self._pending.pop(request.output_image), str(request.output_image)
            fetched, model = pending.fetched, pending.model
            with (
                self._noting(fetched.name, [model]),
                instead_of_path(fetched.path, fetched.name),
                instead_of_path(path, pending.url),
            ):
                if isinstance(outcome, Exception):
                    raise outcome
                publishing = partial(self._publish, pending, path, outcome.provenance)
                sending.append((fetched.name, model, pool.submit(publishing)))
            self._leave(fetched)
            self._settle(sending, 0 if is_careful else ahead)
        self._settle(sending, 0)

    def _make_requests(
        self, pool: Executor, ahead: int, is_careful: bool
    ) -> Iterator[PaintingRequest]:
        """Yield what is to be painted, a little ahead of the painting."""
        for fetched in self._fetch_ahead(pool, ahead):
            self._check()
            if is_careful and fetched.path:
                self._lease.renew(fetched.name, self.figures())
            for model in fetched.missing:
                pending = self._plan(fetched, model)
                if pending is None:
                    self._leave(fetched)
                    continue
                path = self._workspace.make_path(pending.url)
                self._pending[Path(path)] = pending
                yield self._workspace.make_request(fetched.path, fetched.name, model, path)

    def _plan(self, fetched: _FetchedImage, model: str) -> _PendingResult | None:
        """Return what is to be painted; None if a larger result is there and has to stay."""
        url = self._existing.path_of(model, fetched.name)
        is_replacement = self._existing.has(model, fetched.name)
        with self._noting(fetched.name, [model]):
            if is_replacement:
                check_place(self._workspace.run, model, fetched.name)
            return _PendingResult(fetched, model, url, is_replacement)
        return None

    @staticmethod
    def _leave(fetched: _FetchedImage) -> None:
        """Remove an image that was painted in its last style."""
        fetched.unpainted -= 1
        if fetched.unpainted == 0:
            os.remove(fetched.path)

    def _check(self) -> None:
        """Check that the work may go on."""
        if self._workspace.stop.is_set():
            raise StoppedError("asked to end")
        self._lease.check()

    def _fetch_ahead(self, pool: Executor, ahead: int) -> Iterator[_FetchedImage]:
        """Yield the images in which something is to be painted, or whose results are current."""
        waiting: deque[tuple[str, Future[_FetchedImage]]] = deque()
        for name in self._names:
            waiting.append((name, pool.submit(self._fetch, name)))
            if len(waiting) >= ahead:
                yield from self._take(*waiting.popleft())
        while waiting:
            yield from self._take(*waiting.popleft())

    def _take(self, name: str, future: Future[_FetchedImage]) -> Iterator[_FetchedImage]:
        with self._noting(name, list(self._workspace.run.models)):
            fetched = future.result()
            self._current += len(self._workspace.run.models) - len(fetched.missing)
            yield fetched

    def _fetch(self, name: str) -> _FetchedImage:
        """Look which results are missing, and fetch the image if any are; in another thread."""
        check_image_name(name)  # again: others may write to the remote, too
        source = source_at(self._workspace.root, name)
        missing = self._existing.find_missing(name, source)
        if not missing:
            return _FetchedImage(name, missing)
        path = self._workspace.make_path(name)
        fetch_target(source, path, MAX_PICTURE_BYTES)
        return _FetchedImage(name, missing, path, len(missing))

    def _publish(self, pending: _PendingResult, path: str, provenance: Provenance | None) -> None:
        """Publish a result, if the shard is still this worker's; in another thread."""
        self._lease.check()
        rendering, is_replacement = self._workspace.run.rendering(), pending.is_replacement
        publish(path, pending.url, provenance, rendering, is_replacement)

    def _settle(self, sending: deque[_Sending], left: int) -> None:
        """Wait until at most `left` results are on their way."""
        while len(sending) > left:
            name, model, future = sending.popleft()
            with self._noting(name, [model]):
                future.result()
                self._painted += 1

    @contextmanager
    def _noting(self, image: str, models: Sequence[str]) -> Iterator[None]:
        """Make an error about one image a failure in these styles; others are raised."""
        try:
            yield
        except LeaseLostError:
            raise
        except _OF_ONE_PICTURE as error:
            self._fail(image, models, describe_error(error))

    def _fail(self, image: str, models: Iterable[str], error: DescribedError) -> None:
        self.failures += [describe(image, model, error) for model in models]

    def _fail_suspect(self, suspect: str) -> None:
        """Make the image a failure at which the last worker was killed."""
        if suspect in self._names:
            self._names = [name for name in self._names if name != suspect]
            error = PipelineError(
                f"its worker was killed while it was painted, in attempt "
                f"{self._lease.state.attempt - 1} at its shard",
                remedy="if memory was short, give workers more, or --max-side",
            )
            self._fail(suspect, self._workspace.run.models, error)


def check_place(run: Run, model: str, image: str) -> None:
    """Check that a result may take the place of the one that is there, as `main` does.

    Raises:
        ConflictError: A larger one is there, and the run has a limit of the size.
    """
    from ...tasks.results import PlaceOfResult

    place = PlaceOfResult(image=image, model=model, upload=False, **run.options)
    if not place.complete():
        raise place.explain(image)
