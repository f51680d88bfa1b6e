"""Measure `bulk` with 1 and 2 workers, on Ray and in processes.

Usage: ``python -m bench.scale.cluster [MODEL]``.

The pictures lie in an S3 server in memory (`s3_server`). Each round runs all four ways one after
the other, so that whatever else the machine does meets them alike.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.scale.driver import REMOTE, serving
from bench.scale.pipeline import find_style
from pset_4 import context
from pset_4.bulk.driver import Driver
from pset_4.bulk.pools import make_pool
from pset_4.bulk.pools.on_ray import AUTO
from pset_4.bulk.runs import Run
from pset_4.bulk.shards import list_done
from pset_4.bulk.starting import RunRequest, start_run
from pset_4.settings import Settings, read_settings
from pset_4.storage.remote import target_at

ROUNDS = 3
PICTURES = 48
SIDE = 256
SHARD_SIZE = 8
WAYS = (("processes", 1), ("Ray", 1), ("processes", 2), ("Ray", 2))
STYLE = "style.pth"


@dataclass(frozen=True)
class Rate:
    """What one run of one way took."""

    way: str
    workers: int
    milliseconds: float
    """For each picture, from the beginning of the first shard to the end of the last."""
    worker_milliseconds: float
    """For each picture, of one worker."""
    whole_seconds: float
    """Of the whole run, with the start of its workers."""


def publish_pictures(settings: Settings, model: Path) -> None:
    """Publish the style, and pictures that differ."""
    import numpy as np
    from PIL import Image

    def write(path: str, data: bytes) -> None:
        with target_at(path).open("w") as file:
            file.write(data)

    write(f"{settings.remote_models}/{STYLE}", model.read_bytes())
    for number in range(PICTURES):
        pixels = np.random.default_rng(number).integers(0, 256, (SIDE // 8, SIDE // 8, 3), np.uint8)
        picture = Image.fromarray(pixels).resize((SIDE, SIDE))
        path = Path(f"picture-{number:04}.jpg")
        picture.save(path)
        write(f"{settings.remote_images}/{path.name}", path.read_bytes())
        path.unlink()


def measure(settings: Settings, way: str, workers: int) -> Rate:
    """Paint all pictures in one way, and remove the results."""
    request = RunRequest(None, [STYLE], None, False, SHARD_SIZE, 60)
    run, _ = start_run(settings, request, {})
    begin = time.monotonic()
    pool = make_pool(settings, run, print, workers, AUTO if way == "Ray" else None)
    progress = Driver(settings, run, pool).bring_to_end()
    whole = time.monotonic() - begin
    assert (progress.painted, progress.failed) == (PICTURES, 0), progress
    files = target_at(settings.remote).fs
    for path in list(files.listdir(settings.remote_results)):
        files.remove(path)
    return Rate(
        way,
        workers,
        find_span(settings, run) / PICTURES * 1000,
        progress.worker_seconds / PICTURES * 1000,
        whole,
    )


def find_span(settings: Settings, run: Run) -> float:
    """Return the seconds from the beginning of the first shard to the end of the last."""
    shards = [
        (tally.milliseconds / 1000, age) for _, tally, age in list_done(run.documents(settings))
    ]
    return max(seconds + age for seconds, age in shards) - min(age for _, age in shards)


def format_table(rates: Sequence[Rate]) -> str:
    """Return medians and spreads as a table in Markdown."""
    groups = defaultdict(list)
    for rate in rates:
        groups[rate.way, rate.workers].append(rate)
    lines = ["| workers | ms a picture | of one worker | whole run |", "|---|---|---|---|"]
    for (way, workers), found in groups.items():
        cells = [
            _format_spread([each.milliseconds for each in found], "ms"),
            _format_spread([each.worker_milliseconds for each in found], "ms"),
            _format_spread([each.whole_seconds for each in found], "s"),
        ]
        lines.append(f"| {workers}, {way} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _format_spread(values: Sequence[float], unit: str) -> str:
    middle, low, high = statistics.median(values), min(values), max(values)
    return f"{middle:.3g} {unit} ({low:.3g} to {high:.3g})"


def main(arguments: Sequence[str]) -> None:
    """Measure with the style in a file, and print the figures as JSON, and a table."""
    model = Path(arguments[0]) if arguments else find_style()
    os.environ["PSET_4_THREADS"] = "1"
    with serving(0):
        settings = read_settings(REMOTE)
        with context.activated(settings):
            publish_pictures(settings, model)
            rates = []
            for way, workers in WAYS * ROUNDS:
                rates.append(measure(settings, way, workers))
                print(json.dumps(asdict(rates[-1])), flush=True)
    print(format_table(rates))


if __name__ == "__main__":
    main(sys.argv[1:])
