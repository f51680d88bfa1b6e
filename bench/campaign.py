"""Measures everything, one process after the other."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from neural_style.options import EXACT, FAST
from neural_style.system.resources import available_memory

from . import machine, programs
from .contenders import CONTENDERS, REFERENCES, Contender, kernel_of
from .foresight import foresee
from .pictures import make_picture
from .programs import PIPELINE_PROGRAM, PROGRAMS, Program, Workplace
from .quality import compare
from .results import Measurement, Quality, Results
from .sizes import SMALL, Size
from .watching import Limits, Watched, run_watched

Tell = Callable[[str], None]

_JPEG_QUALITY = 92  # about what telephones write
_WARM_SECONDS = 30.0  # in a process: no further painting begins after them
_PART_OF_MEMORY = 0.9  # of what is available: whatever is expected to take more is not tried


@dataclass(frozen=True)
class Settings:
    """What the command line says."""

    sizes: Sequence[Size]
    threads: int
    seconds: float
    """How long a process may take."""
    folder: Path
    """Where everything is made on the way; removed at the end."""
    style: Path | None = None
    reference: Path | None = None
    rounds: int | None = None
    """How many at most; None for as many as each size says."""
    only: frozenset[str] | None = None
    """Names of contenders and programs; None for all."""

    def wants(self, what: Contender | Program) -> bool:
        return self.only is None or what.name in self.only


class FailedError(RuntimeError):
    """What every measurement needs could not be made."""


def run_campaign(settings: Settings, results: Results, tell: Tell) -> None:
    """Fill `results`; a contender or program that fails costs only its own figures.

    Raises:
        FailedError: the style could not be read or written.
        FileNotFoundError: there is no photograph.
        ValueError: there are fewer cores than threads.
    """
    campaign = _Campaign(settings, results, tell)
    shutil.rmtree(settings.folder, ignore_errors=True)
    settings.folder.mkdir(parents=True)
    try:
        campaign.run()
    finally:
        shutil.rmtree(settings.folder, ignore_errors=True)


class _Campaign:
    def __init__(self, settings: Settings, results: Results, tell: Tell) -> None:
        self._settings = settings
        self._results = results
        self._tell = tell
        self._limits = Limits(machine.choose_cores(settings.threads), settings.seconds)
        self._memory = int((available_memory() or 0) * _PART_OF_MEMORY) or None
        self._contenders = [each for each in CONTENDERS if settings.wants(each)]
        self._programs = [each for each in PROGRAMS if settings.wants(each)]
        folder = settings.folder.resolve()
        self._place = Workplace(
            folder=folder,
            weights_path=folder / "style.pth",
            picture_path=folder / "picture.jpg",
            painted_path=folder / "painted.jpg",
            threads=settings.threads,
            reference=settings.reference,
        )
        self._graph_path = folder / "style.onnx"
        self._picture_path = folder / "picture.npy"

    def run(self) -> None:
        begin = time.monotonic()
        settings, results = self._settings, self._results
        results.machine = machine.describe()
        results.kernels = {name: kernel_of(name) or "none" for name in (EXACT, FAST)}
        results.sizes = [size.name for size in settings.sizes]
        results.settings = {
            "threads": str(settings.threads),
            "style": settings.style.name if settings.style else "",
            "reference": str(settings.reference or ""),
        }
        self._prepare()
        for size in sorted(settings.sizes, key=lambda size: size.pixels):
            self._measure(size)
        results.seconds = time.monotonic() - begin

    def _prepare(self) -> None:
        """Write the style in the formats that are needed, and time the processor."""
        style = self._settings.style
        needs_graph = any(each.needs_graph for each in self._contenders)
        watched, answer = self._run_job(
            kind="prepare",
            style=str(style.resolve()) if style else None,
            graph=str(self._graph_path) if needs_graph else None,
        )
        if watched.failure:
            raise FailedError(f"the style cannot be prepared: {watched.failure}")
        self._results.rates = answer["rates"]
        self._results.base_width = answer["base_width"]

    def _measure(self, size: Size) -> None:
        contenders = [each for each in self._contenders if each.takes(size)]
        chosen = [each for each in self._programs if size in each.sizes]
        picture = make_picture(size)
        np.save(self._picture_path, picture)
        Image.fromarray(picture).save(self._place.picture_path, quality=_JPEG_QUALITY)
        del picture
        self._warm_up(chosen, size)
        most = self._settings.rounds or max(size.rounds, size.program_rounds)
        for index in range(min(most, max(size.rounds, size.program_rounds))):
            everybody: list[Contender | Program] = []
            everybody += contenders if index < size.rounds else []
            everybody += chosen if index < size.program_rounds else []
            # There and back again, so that a drift of the machine favours nobody.
            for what in everybody[:: -1 if index % 2 else 1]:
                self._try(what, size)
        self._compare(contenders, size)

    def _warm_up(self, chosen: Sequence[Program], size: Size) -> None:
        """Fill the caches: the system's with files of programs, our own with what they keep."""
        for program in chosen:
            if program.obstacle() is not None:
                continue
            if program.name == PIPELINE_PROGRAM:
                self._run(programs.drop_in(self._place))
            elif size == SMALL:  # what is larger would take long, and there is nothing else to fill
                self._run(program.command(self._place))

    def _try(self, what: Contender | Program, size: Size) -> None:
        earlier, seconds = self._results.measurements, self._settings.seconds
        reason = what.obstacle() or foresee(earlier, what.name, size, self._memory, seconds)
        if reason:
            measurement = Measurement(what.name, size.name, failure=reason)
        elif isinstance(what, Contender):
            measurement = self._paint(what, size)
        else:
            measurement = self._run_program(what, size)
        self._results.measurements.append(measurement)
        self._tell(_describe(measurement))

    def _paint(self, contender: Contender, size: Size) -> Measurement:
        painted_path = self._painted_path(contender.name, size)
        watched, answer = self._run_job(
            kind="paint",
            contender=contender.name,
            picture=str(self._picture_path),
            painted=None if painted_path.exists() else str(painted_path),
            graph=str(self._graph_path),
            warm=size.warm,
            budget=_WARM_SECONDS,
        )
        if watched.failure:
            return Measurement(contender.name, size.name, failure=watched.failure)
        return Measurement(
            contender.name,
            size.name,
            first=answer["first"],
            warm=answer["warm"],
            peak_memory=answer["peak_memory"],
            peak_anonymous=watched.peak_anonymous,
        )

    def _run_program(self, program: Program, size: Size) -> Measurement:
        programs.forget_painted(program, self._place)
        watched = self._run(program.command(self._place))
        failure = watched.failure
        if failure is None and not program.paints(self._place).is_file():
            failure = "it painted nothing"
        if failure:
            return Measurement(program.name, size.name, failure=failure)
        return Measurement(
            program.name,
            size.name,
            whole=watched.seconds,
            peak_memory=watched.peak_memory,
            peak_anonymous=watched.peak_anonymous,
        )

    def _run_job(self, **job: Any) -> tuple[Watched, dict[str, Any]]:
        """Have a `worker` do this; its answer is empty where it failed."""
        job_path, answer_path = (self._place.folder / f"{name}.json" for name in ("job", "answer"))
        answer_path.unlink(missing_ok=True)
        job["weights"] = str(self._place.weights_path)
        job["threads"] = self._settings.threads
        job["answer"] = str(answer_path)
        job_path.write_text(json.dumps(job))
        watched = self._run([sys.executable, "-m", "bench.worker", str(job_path)])
        return watched, {} if watched.failure else json.loads(answer_path.read_text())

    def _run(self, command: Sequence[str]) -> Watched:
        place = self._place
        return run_watched(command, programs.environment(place), self._limits, place.folder)

    def _compare(self, contenders: Sequence[Contender], size: Size) -> None:
        """Compare what was painted at this size, and remove it."""
        paths = {
            each.name: path
            for each in contenders
            if (path := self._painted_path(each.name, size)).exists() and not each.is_other_network
        }
        reference = next((name for name in REFERENCES if name in paths), None)
        for name, path in paths.items():
            if reference is not None and name != reference:
                psnr, largest = compare(path, paths[reference])
                found = Quality(name, size.name, reference, psnr, largest)
                self._results.qualities.append(found)
        for path in self._place.folder.glob("painted-*.npy"):
            path.unlink()

    def _painted_path(self, name: str, size: Size) -> Path:
        return self._place.folder / f"painted-{name}-{size.name}.npy"


def _describe(measurement: Measurement) -> str:
    """A line for those who wait."""
    times = [*measurement.warm, *filter(None, [measurement.whole])]
    shown = ", ".join(f"{seconds:.3f}" for seconds in times or filter(None, [measurement.first]))
    what = measurement.failure or f"{shown} s"
    return f"{measurement.size:>12}  {measurement.name:20}  {what}"
