"""How many pixels would be painted, and how long that takes on this machine."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from luigi.target import FileSystemTarget

from csci_utils.files import read_file, write_atomically
from neural_style.options import RenderingOptions

from ..errors import PipelineError
from ..execution.outcome import Outcome
from ..places import is_s3
from ..settings import Settings
from ..storage.image_sizes import read_size
from ..storage.remote import target_at

SECONDS_PER_MEGAPIXEL = 1.1
"""The rate where none was measured yet: that of a base width of 32 on two cores with AVX2, see
docs/performance.md."""

UNKNOWN_PIXELS = 12_000_000
"""What counts for an image whose size is not known: a telephone's photograph."""

PACE_FILE = ".pace.json"
"""What was measured, in the data folder: pixels and seconds for each way to paint."""

_MAX_PACE_BYTES = 1 << 16

MEASURED_PIXELS = 200_000
"""The smallest result that is measured: of a smaller one, loading the style takes the time."""

MEASURED_RESULTS = 20
"""How many results of a run are measured, at most."""


def count_pixels(image: FileSystemTarget, options: RenderingOptions) -> int:
    """Return how many pixels of an image are painted; 0 if that cannot be told.

    Of an image on this machine or in a directory, the header is read; one in S3 is not fetched.
    """
    if is_s3(image.path):
        return 0
    size = read_size(image)
    return 0 if size is None else round(options.count_pixels(size))


def estimate_seconds(settings: Settings, pixels: Iterable[int]) -> float:
    """Return about how long it takes to paint this many pixels; 0 stands for unknown."""
    counts = list(pixels)
    known = [count for count in counts if count]
    typical = sum(known) / len(known) if known else UNKNOWN_PIXELS
    return sum(count or typical for count in counts) * _read_pace(settings)


def is_measured(settings: Settings) -> bool:
    """Return whether an earlier run measured how fast this machine paints."""
    return _way_of(settings) in _read(settings)


def measure(settings: Settings, outcome: Outcome) -> None:
    """Record how fast a run painted. Earlier runs count half; a failure to write is ignored.

    With a brush, the sizes of the results do not tell how many pixels were painted.
    """
    if any(getattr(task, "brush", None) for task in outcome.asked):
        return
    painted = [made for made in outcome.done if made.seconds]
    pixels, seconds = 0, 0.0
    for made in painted[-MEASURED_RESULTS:]:
        with suppress(OSError):
            size = read_size(target_at(made.path))
            if size is not None and size[0] * size[1] >= MEASURED_PIXELS:
                pixels += size[0] * size[1]
                seconds += made.seconds / settings.workers
    if pixels:
        found, way = _read(settings), _way_of(settings)
        earlier = found.get(way, (0, 0.0))
        found[way] = pixels + earlier[0] / 2, seconds + earlier[1] / 2
        with suppress(OSError):
            write_atomically(os.path.join(settings.data, PACE_FILE), json.dumps(found).encode())


def _read_pace(settings: Settings) -> float:
    """Return the seconds that a pixel takes."""
    pixels, seconds = _read(settings).get(_way_of(settings), (1e6, SECONDS_PER_MEGAPIXEL))
    return seconds / pixels


def _way_of(settings: Settings) -> str:
    return f"{settings.runner} {settings.machine.get('device', 'cpu')}"


def _read(settings: Settings) -> dict[str, tuple[float, float]]:
    """Return pixels and seconds by way to paint; a missing or damaged file counts as empty."""
    try:
        path = Path(settings.data, PACE_FILE)
        found = json.loads(read_file(path, PipelineError, _MAX_PACE_BYTES))
        pairs = {way: (float(pixels), float(seconds)) for way, (pixels, seconds) in found.items()}
    except (PipelineError, RecursionError, ValueError, TypeError, AttributeError):
        return {}
    return {way: pair for way, pair in pairs.items() if min(pair) > 0}
