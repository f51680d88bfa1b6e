"""From files to files, in one process or several, as the workers of ``bulk`` share a GPU."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import neural_style
from neural_style.options import RenderingOptions
from neural_style.system.resources import count_cores

from ..errors import BenchmarkError

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier

_JPEG_QUALITY = 92
_WARM_UP = 64  # pictures, for each process
_START_SECONDS = 120  # for imports, loading and the first pictures


@dataclass(frozen=True)
class Work:
    """What is painted, by several processes together."""

    style: Path
    photos: Sequence[Path]
    results: Path
    """A folder."""
    precision: str

    def requests(self, first: int, step: int) -> list[neural_style.PaintingRequest]:
        """Return the part of one of `step` processes, which share the cores."""
        threads = max(1, count_cores() // step)
        options = RenderingOptions(device="auto", precision=self.precision, threads=threads)
        return [
            neural_style.PaintingRequest(path, self.style, self.results / path.name, options)
            for path in self.photos[first::step]
        ]


def write_photos(folder: Path, pictures: Sequence[NDArray[np.uint8]]) -> list[Path]:
    """Write pictures as JPEG files, and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{index}.jpg" for index in range(len(pictures))]
    for path, picture in zip(paths, pictures, strict=True):
        Image.fromarray(picture).save(path, quality=_JPEG_QUALITY)
    return paths


def time_work(work: Work, processes: int) -> float:
    """Return the seconds from the first picture until all processes have ended.

    The styles are loaded before.

    Raises:
        BenchmarkError: A process failed.
    """
    work.results.mkdir(exist_ok=True)
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(processes + 1)
    painters = [
        context.Process(target=_paint, args=(work, index, processes, barrier))
        for index in range(processes)
    ]
    for painter in painters:
        painter.start()
    barrier.wait(_START_SECONDS)
    begin = time.perf_counter()
    for painter in painters:
        painter.join()
    seconds = time.perf_counter() - begin
    if any(painter.exitcode for painter in painters):
        raise BenchmarkError("a process that painted files failed", path=work.results)
    return seconds


def _paint(work: Work, first: int, step: int, barrier: Barrier) -> None:
    painter = neural_style.Painter()
    requests = work.requests(first, step)
    try:
        _paint_all(painter, requests[:_WARM_UP])
    except BaseException:
        barrier.abort()
        raise
    barrier.wait(_START_SECONDS)
    _paint_all(painter, requests)


def _paint_all(
    painter: neural_style.Painter, requests: Sequence[neural_style.PaintingRequest]
) -> None:
    outcome: Any
    for request, outcome in neural_style.paint_all(painter, requests):
        if isinstance(outcome, Exception):
            raise BenchmarkError(str(outcome), path=request.content_image)
