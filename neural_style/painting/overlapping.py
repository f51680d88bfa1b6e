"""Paint many requests: decode ahead, paint in the calling thread, encode and save behind."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from PIL import Image

from csci_utils.errors import at_path

from ..backends.base import Frame, Progress, Style, take
from ..errors import NeuralStyleError
from ..pictures.arrays import Colors
from ..pictures.io import load_with_digest
from ..request import PaintingRequest
from ..system.resources import count_threads
from .brush import carry
from .budget import BYTES_PER_PIXEL, MemoryBudget, estimate_bytes
from .painter import Painter
from .stages import PaintingResult, Photograph, Saver, complete, describe, prepare, save_painting

Begin = Callable[[PaintingRequest], Progress | None]

Outcome = tuple[PaintingRequest, PaintingResult | Exception]
"""A request, and its result or what it failed with."""

_AHEAD_PER_THREAD = 4  # pictures that are decoded or wait to be painted, at least
_BATCHES_AHEAD = 2
_BEHIND_PER_THREAD = 4  # paintings that are encoded and saved, or wait for it


def paint_all(
    painter: Painter,
    requests: Iterable[PaintingRequest],
    save: Saver = save_painting,
    begin: Begin = lambda request: None,
    calls: int = 1,
) -> Iterator[Outcome]:
    """Paint requests, and yield each with its outcome as soon as it is finished, in any order.

    A file that several requests in a row name is decoded once. Pictures of one size in one style
    are painted together where that is faster: on an accelerator, or in several threads if they are
    small. How much is held in memory at once depends neither on the number of requests nor, beyond
    one, on the size of the pictures.

    Args:
        painter: Loads and keeps the styles. Nothing else may use it until this ends.
        requests: Taken one by one, a little ahead of the painting, in the calling thread. The
            `threads` of the first one are how many pictures are decoded and encoded at once.
        save: As for `Painter.paint`; called in other threads.
        begin: Called when a picture is painted that is not painted together with others, and
            returns the callback for its progress.
        calls: How many threads call this at once; their pictures share the memory.
    """
    requests = iter(requests)
    first = next(requests, None)
    if first is None:
        return
    threads = first.options.threads or count_threads()
    with ThreadPoolExecutor(threads, "picture") as pool:
        overlap = _Overlap(painter, pool, threads, save, begin, calls)
        try:
            yield from overlap.run(chain([first], requests))
        except BaseException:  # an interrupt, or the caller has had enough
            pool.shutdown(wait=False, cancel_futures=True)
            raise


class _Source:
    """A picture's file, decoded once for all requests that name it."""

    def __init__(self, request: PaintingRequest) -> None:
        self._path = request.content_image
        self._memory = request.options.memory
        self._lock = threading.Lock()
        self._decoded: tuple[Image.Image, str] | None = None

    def is_of(self, request: PaintingRequest) -> bool:
        return (self._path, self._memory) == (request.content_image, request.options.memory)

    def decode(self) -> tuple[Image.Image, str]:
        """Return the picture, and the SHA-256 of its file."""
        with self._lock:
            if self._decoded is None:
                self._decoded = load_with_digest(self._path, self._memory)
            return self._decoded


@dataclass(frozen=True)
class _Taken:
    """A decoded picture, ready to be painted."""

    photograph: Photograph
    colors: Colors
    frame: Frame


@dataclass(frozen=True)
class _Waiting:
    """A request whose picture is being decoded."""

    request: PaintingRequest
    source: _Source
    taken: Future[_Taken]
    size: int
    """Estimated, in bytes of memory; 0 if another request accounts for the picture."""


class _Finishing(NamedTuple):
    """A painting that is carried to its size, encoded and saved."""

    request: PaintingRequest
    future: Future[PaintingResult]
    size: int
    """In bytes of memory, if that is more than what was painted."""


class _Overlap:
    def __init__(
        self,
        painter: Painter,
        pool: ThreadPoolExecutor,
        threads: int,
        save: Saver,
        begin: Begin,
        calls: int,
    ) -> None:
        self._painter = painter
        self._pool = pool
        self._save = save
        self._begin = begin
        self._budget = MemoryBudget(calls)
        self._ahead: deque[_Waiting] = deque()
        self._behind: deque[_Finishing] = deque()
        self._next: PaintingRequest | None = None
        self._most_ahead = _AHEAD_PER_THREAD * threads
        self._most_behind = _BEHIND_PER_THREAD * threads

    def run(self, requests: Iterator[PaintingRequest]) -> Iterator[Outcome]:
        self._fill(requests)
        while self._ahead:
            yield from self._paint_next()
            yield from self._collect(self._most_behind)
            self._fill(requests)
        yield from self._collect(0)

    def _fill(self, requests: Iterator[PaintingRequest]) -> None:
        """Have further pictures decoded, as long as there is room for them."""
        while len(self._ahead) < self._most_ahead:
            request = self._next or next(requests, None)
            if request is None:
                return
            source, size = self._ahead[-1].source if self._ahead else None, 0
            if source is None or not source.is_of(request):
                source, size = _Source(request), estimate_bytes(request.content_image)
                if not self._budget.take(size):
                    self._next = request
                    return
            taken = self._pool.submit(_take, request, source)
            self._ahead.append(_Waiting(request, source, taken, size))
            self._next = None

    def _paint_next(self) -> Iterator[Outcome]:
        """Paint the first picture, together with those that fit."""
        first = self._ahead.popleft()
        try:
            taken = first.taken.result()
            style = self._painter.load(first.request)
        except Exception as error:
            self._budget.give_back(first.size)
            yield first.request, error
            return
        most = style.batch_size(*taken.colors.shape[:2])
        self._most_ahead = max(self._most_ahead, _BATCHES_AHEAD * most)
        batch = [(first, taken), *self._find_similar(first.request, taken, most - 1)]
        paintings = _paint(style, batch, self._begin)
        for (waiting, taken), outcome in zip(batch, paintings, strict=True):
            self._budget.give_back(waiting.size)
            if isinstance(outcome, Exception):
                yield waiting.request, outcome
            else:
                self._finish(waiting.request, taken, style, outcome)

    def _find_similar(
        self, request: PaintingRequest, taken: _Taken, most: int
    ) -> list[tuple[_Waiting, _Taken]]:
        """Take out of those that wait the ones with the same style, options and size."""
        found: list[tuple[_Waiting, _Taken]] = []
        others: list[_Waiting] = []
        while self._ahead and len(found) < most:
            waiting = self._ahead.popleft()
            other = waiting.request
            if _style_of(other) == _style_of(request):
                # One that failed is reported when it is the first.
                similar = None if waiting.taken.exception() else waiting.taken.result()
                if similar is not None and similar.colors.shape == taken.colors.shape:
                    found.append((waiting, similar))
                    continue
            others.append(waiting)
        self._ahead.extendleft(reversed(others))
        return found

    def _finish(
        self, request: PaintingRequest, taken: _Taken, style: Style, painted: Colors
    ) -> None:
        provenance = describe(request, taken.photograph, style)

        def finish() -> PaintingResult:
            with at_path(style.path):
                picture = taken.frame.put(painted)
            canvas, original = taken.photograph.canvas, taken.photograph.picture
            with at_path(request.content_image):
                picture = carry(picture, canvas, original, memory=request.options.memory)
            result = complete(picture, request, taken.photograph, provenance)
            self._save(picture, request.output_image, request.options)
            return result

        photograph = taken.photograph
        is_carried = photograph.canvas is not photograph.picture
        size = math.prod(photograph.picture.size) * BYTES_PER_PIXEL if is_carried else 0
        self._behind.append(_Finishing(request, self._pool.submit(finish), size))

    def _collect(self, most: int) -> Iterator[Outcome]:
        """Yield what is finished; wait until at most `most` are not, and their memory fits."""
        for _ in range(len(self._behind)):
            first = self._behind.popleft()
            fits = first.size + sum(other.size for other in self._behind) <= self._budget.most
            if not first.future.done() and len(self._behind) < most and fits:
                self._behind.append(first)
                continue
            error = first.future.exception()
            if error is not None and not isinstance(error, Exception):
                raise error
            yield first.request, error or first.future.result()


def _style_of(request: PaintingRequest) -> tuple[object, ...]:
    """Return what requests in one style, and painted alike, have in common."""
    return request.model, request.blend, request.options


def _take(request: PaintingRequest, source: _Source) -> _Taken:
    photograph = prepare(request, *source.decode())
    with at_path(request.content_image):
        return _Taken(photograph, *take(photograph.canvas))


def _paint(
    style: Style, batch: Sequence[tuple[_Waiting, _Taken]], begin: Begin
) -> Iterator[Colors | Exception]:
    """Yield each painting or error: if they fail together, each is painted alone."""
    if len(batch) > 1:
        try:
            yield from style.paint_taken([taken.colors for _, taken in batch])
            return
        except NeuralStyleError:
            pass
    for waiting, taken in batch:
        try:
            with at_path(waiting.request.content_image):
                yield style.paint_taken([taken.colors], begin(waiting.request)).pop()
        except Exception as error:
            yield error
