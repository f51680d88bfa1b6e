"""How much of a command's work is done, and how long the rest will take."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

import luigi

from neural_style.options import RenderingOptions
from neural_style.pictures.decoding import read_size

from ..errors import PipelineError
from ..places import IMAGES
from ..settings import Settings
from ..storage.regular_files import open_regular
from ..tasks.batch import list_pieces
from ..tasks.parameters import RenderingParameters

_PIXELS = 1e6  # the work of a picture of unknown size, while no other size is known
_MOST_READ = 500  # pictures whose size is read at the beginning

_Pair = tuple[str | None, str | None]


class Workload:
    """The work of the tasks that were asked for: pixels to paint, or else one for each task."""

    def __init__(self, asked: Sequence[luigi.Task], settings: Settings) -> None:
        """Read the sizes of images that are on this machine, `_MOST_READ` at most."""
        self._settings = settings
        self._left = {piece.pair: task for task in asked for piece in list_pieces(task)}
        self.count = len(self._left)
        self.is_painting = bool(self._left) and all(map(all, self._left))
        self._images = Counter(image for image, _ in self._left if self.is_painting and image)
        self._options = next(iter(self._left.values()), None)  # the same for all
        self._sizes: dict[str, float] = {}
        self._known_left = 0.0
        self._known_total, self._known_count = 0.0, 0
        self._unknown_left = self.count
        self._settled_work = 0.0
        self._done_work = 0.0
        self._begin = 0.0
        for image in [*self._images][:_MOST_READ]:
            self.measure(image)

    @property
    def settled(self) -> int:
        """How many of the tasks are complete."""
        return self.count - len(self._left)

    def measure(self, image: str) -> None:
        """Read the size of an image that is on this machine now."""
        if image in self._sizes or image not in self._images:
            return
        size = _find_size(self._settings, image)
        if size is None:
            return
        self._sizes[image] = pixels = _count_pixels(size, self._options)
        left = self._images[image]
        self._known_left += left * pixels
        self._unknown_left -= left
        self._known_total += pixels
        self._known_count += 1

    def start(self) -> None:
        """Start the clock, with the first task that runs."""
        self._begin = self._begin or time.monotonic()

    def settle(self, pair: _Pair, ran: bool) -> None:
        """Count a pair that is complete now; only those that ran count for the speed."""
        if self._left.pop(pair, None) is None:
            return
        image = pair[0]
        work = self.work_of(image)
        if image in self._sizes:
            self._known_left -= work
        else:
            self._unknown_left -= 1
        if image is not None and image in self._images:
            self._images[image] -= 1
        self._settled_work += work
        self._done_work += work if ran else 0

    def work_of(self, image: str | None) -> float:
        """Return the work for an image: pixels, or 1."""
        if not self.is_painting:
            return 1.0
        known = self._sizes.get(image or "")
        return known if known is not None else self._mean()

    def fraction(self, current: float = 0) -> float:
        """Return the part of the work that is done, `current` of it in tasks that still run."""
        total = self._settled_work + self._all_left()
        return min(1, (self._settled_work + current) / total) if total else 1

    def speed(self, current: float = 0) -> float:
        """Return the work per second; 0 while nothing is done."""
        seconds = time.monotonic() - self._begin if self._begin else 0
        return (self._done_work + current) / seconds if seconds else 0

    def seconds_left(self, current: float = 0) -> float | None:
        """Return an estimate of the seconds that the rest takes; None while nothing is done."""
        speed = self.speed(current)
        return max(0, self._all_left() - current) / speed if speed else None

    def _all_left(self) -> float:
        return self._known_left + self._unknown_left * (self._mean() if self.is_painting else 1)

    def _mean(self) -> float:
        return self._known_total / self._known_count if self._known_count else _PIXELS


def _find_size(settings: Settings, image: str) -> tuple[int, int] | None:
    """Return the size of an image that is cached or dropped in."""
    for folder in (f"{settings.data}/{IMAGES}", settings.uploads):
        with suppress(OSError, PipelineError), open_regular(f"{folder}/{image}") as file:
            return read_size(file)
    return None


def _count_pixels(size: tuple[int, int], task: luigi.Task | None) -> float:
    """Return the pixels of a picture that the task paints."""
    options = task.rendering() if isinstance(task, RenderingParameters) else RenderingOptions()
    return options.count_pixels(size)
