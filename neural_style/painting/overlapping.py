"""Paint many requests: decode ahead, paint in the calling thread, encode and save behind."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from PIL import Image

from csci_utils.errors import at_path
from csci_utils.files import read_file

from ..backends.base import Style
from ..errors import NeuralStyleError, PictureError
from ..pictures.io import MAX_PICTURE_BYTES, decode_picture, save_picture
from ..request import PaintingRequest
from ..system.resources import count_threads
from .budget import Budget, estimate_bytes
from .painter import Painter
from .stages import PaintingResult, Photograph, Saver, complete, describe, prepare

Outcome = tuple[PaintingRequest, PaintingResult | Exception]
"""A request, and its result or what it failed with."""

_AHEAD_PER_THREAD = 4  # pictures that are decoded or wait to be painted, at least
_BATCHES_AHEAD = 2
_BEHIND_PER_THREAD = 4  # paintings that are encoded and saved, or wait for it


def paint_all(
    painter: Painter, requests: Iterable[PaintingRequest], save: Saver = save_picture
) -> Iterator[Outcome]:
    """Paint requests, and yield each with its outcome as soon as it is finished, in any order.

    A file that several requests in a row name is decoded once. Pictures of one size in one style
    are painted together where that is faster: on an accelerator, or in several threads if they are
    small. How much is held in memory at once depends neither on the number of requests nor, beyond
    one, on the size of the pictures.

    Args:
        painter: Loads and keeps the styles. It is not to be used otherwise meanwhile.
        requests: Taken one by one, a little ahead of the painting, in the calling thread.
        save: As for `Painter.paint`; called in other threads.
    """
    with ThreadPoolExecutor(count_threads(), "picture") as pool:
        overlap = _Overlap(painter, pool, save)
        try:
            yield from overlap.run(iter(requests))
        except BaseException:  # an interrupt, or the caller has had enough
            pool.shutdown(wait=False, cancel_futures=True)
            raise


class _Waiting:
    """A request whose picture is being decoded."""

    def __init__(self, request: PaintingRequest, decoded: Future[_Decoded], size: int) -> None:
        self.request = request
        self.decoded = decoded
        self.size = size
        """Estimated, in bytes of memory; 0 if another request accounts for the picture."""


_Decoded = tuple[Image.Image, str]  # and the SHA-256 of its file


class _Overlap:
    def __init__(self, painter: Painter, pool: ThreadPoolExecutor, save: Saver) -> None:
        self._painter = painter
        self._pool = pool
        self._save = save
        self._budget = Budget()
        self._ahead: deque[_Waiting] = deque()
        self._behind: deque[tuple[PaintingRequest, Future[PaintingResult]]] = deque()
        self._next: PaintingRequest | None = None
        self._most_ahead = _AHEAD_PER_THREAD * count_threads()
        self._most_behind = _BEHIND_PER_THREAD * count_threads()

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
            last = self._ahead[-1] if self._ahead else None
            if last is not None and _reads_the_same(last.request, request):
                self._ahead.append(_Waiting(request, last.decoded, 0))
            else:
                size = estimate_bytes(request.content_image)
                if not self._budget.take(size):
                    self._next = request
                    return
                self._ahead.append(_Waiting(request, self._pool.submit(_decode, request), size))
            self._next = None

    def _paint_next(self) -> Iterator[Outcome]:
        """Paint the first picture, together with those that fit."""
        first = self._ahead.popleft()
        try:
            photograph = _prepare(first)
            style = self._painter.load_style(first.request.model, first.request.options)
        except Exception as error:
            self._budget.give_back(first.size)
            yield first.request, error
            return
        width, height = photograph.picture.size
        batch = [(first, photograph)]
        most = style.batch_size(height, width)
        self._most_ahead = max(self._most_ahead, _BATCHES_AHEAD * most)
        if most > 1:
            batch += self._find_similar(first.request, photograph, most - 1)
        for (waiting, taken), outcome in zip(batch, _paint(style, batch), strict=True):
            self._budget.give_back(waiting.size)
            if isinstance(outcome, Exception):
                yield waiting.request, outcome
            else:
                self._finish(waiting.request, taken, style, outcome)

    def _find_similar(
        self, request: PaintingRequest, photograph: Photograph, most: int
    ) -> list[tuple[_Waiting, Photograph]]:
        """Take out of those that wait the ones with the same style, options and size."""
        found: list[tuple[_Waiting, Photograph]] = []
        others: deque[_Waiting] = deque()
        while self._ahead and len(found) < most:
            waiting = self._ahead.popleft()
            similar = None
            if (waiting.request.model, waiting.request.options) == (request.model, request.options):
                try:
                    similar = _prepare(waiting)
                except Exception:  # raised again when it is the first
                    similar = None
            if similar is not None and similar.picture.size == photograph.picture.size:
                found.append((waiting, similar))
            else:
                others.append(waiting)
        self._ahead.extendleft(reversed(others))
        return found

    def _finish(
        self, request: PaintingRequest, photograph: Photograph, style: Style, painted: Image.Image
    ) -> None:
        provenance = describe(request, photograph, style)

        def finish() -> PaintingResult:
            result = complete(painted, request, photograph, provenance)
            self._save(painted, request.output_image, keep_location=request.options.keep_location)
            return result

        self._behind.append((request, self._pool.submit(finish)))

    def _collect(self, most: int) -> Iterator[Outcome]:
        """Yield what is finished, and wait until at most so many are not."""
        for _ in range(len(self._behind)):
            request, future = self._behind.popleft()
            if not future.done() and len(self._behind) < most:
                self._behind.append((request, future))
                continue
            error = future.exception()
            if error is not None and not isinstance(error, Exception):
                raise error
            yield request, error or future.result()


def _decode(request: PaintingRequest) -> _Decoded:
    with at_path(request.content_image):
        data = read_file(request.content_image, PictureError, MAX_PICTURE_BYTES)
        return decode_picture(data, request.options.memory), hashlib.sha256(data).hexdigest()


def _prepare(waiting: _Waiting) -> Photograph:
    return prepare(waiting.request, *waiting.decoded.result())


def _reads_the_same(first: PaintingRequest, second: PaintingRequest) -> bool:
    def key(request: PaintingRequest) -> tuple[Path, int | None]:
        return request.content_image, request.options.memory

    return key(first) == key(second)


def _paint(
    style: Style, batch: Sequence[tuple[_Waiting, Photograph]]
) -> Iterator[Image.Image | Exception]:
    """Yield each painting or error: if they fail together, each is painted alone."""
    if len(batch) > 1:
        try:
            yield from style.paint_pictures([photograph.picture for _, photograph in batch])
            return
        except (NeuralStyleError, OSError):
            pass
    for waiting, photograph in batch:
        try:
            with at_path(waiting.request.content_image):
                yield style(photograph.picture)
        except Exception as error:
            yield error
