"""The whole benchmark: one process after another, from the smallest size to the largest."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from neural_style.options import EXACT, FAST
from neural_style.system.resources import available_memory

from .. import machine, programs
from ..contenders import CONTENDERS, REFERENCES, Contender, kernel_of
from ..errors import BenchmarkError
from ..programs import PIPELINE_PROGRAM, PROGRAMS, Program, Workplace
from ..results import Measurement, Quality, Results
from ..sizes import SMALL, Size
from .pictures import make_picture
from .prediction import predict_failure
from .process import Limits, ProcessResult, run_process
from .quality import compare

_JPEG_QUALITY = 92  # about that of phones
_WARM_SECONDS = 30.0  # no painting of a process begins later after its first one
_MEMORY_SHARE = 0.9  # of the available memory: what is expected to need more is not tried


@dataclass(frozen=True)
class Settings:
    """The choices of the command line."""

    sizes: Sequence[Size]
    threads: int
    seconds: float
    """The limit for each process."""
    folder: Path
    """The folder for all intermediate files; it is emptied first, and removed at the end."""
    style: Path | None = None
    """The checkpoint to paint with; None for random weights."""
    reference: Path | None = None
    """The folder of the reference implementation; None for the stand-in."""
    rounds: int | None = None
    """The most rounds; None for those of each size."""
    only: frozenset[str] | None = None
    """The names of the contenders and programs to measure; None for all."""

    def includes(self, runnable: Contender | Program) -> bool:
        """Return True if the contender or program is to be measured."""
        return self.only is None or runnable.name in self.only

    def rounds_of(self, runnable: Contender | Program, size: Size) -> int:
        """Return in how many rounds the contender or program is measured at `size`."""
        rounds = size.rounds if isinstance(runnable, Contender) else size.program_rounds
        return rounds if self.rounds is None else min(rounds, self.rounds)


def run_benchmark(settings: Settings, results: Results, notify: Callable[[str], None]) -> None:
    """Measure everything, and fill `results`; `notify` gets a line for each measurement.

    A contender or program that fails loses only its own figures.

    Raises:
        BenchmarkError: The style cannot be read or written, the photograph is not installed, or
            there are fewer cores than threads.
    """
    benchmark = _Benchmark(settings, results, notify)
    shutil.rmtree(settings.folder, ignore_errors=True)
    settings.folder.mkdir(parents=True)
    try:
        benchmark.run()
    finally:
        shutil.rmtree(settings.folder, ignore_errors=True)


class _Benchmark:
    def __init__(self, settings: Settings, results: Results, notify: Callable[[str], None]) -> None:
        self._settings = settings
        self._results = results
        self._notify = notify
        self._limits = Limits(machine.choose_cores(settings.threads), settings.seconds)
        self._memory = int((available_memory() or 0) * _MEMORY_SHARE) or None
        self._contenders = [each for each in CONTENDERS if settings.includes(each)]
        self._programs = [each for each in PROGRAMS if settings.includes(each)]
        self._folder = settings.folder.resolve()
        self._place = Workplace(
            folder=self._folder,
            weights_path=self._folder / "style.pth",
            picture_path=self._folder / "picture.jpg",
            painted_path=self._folder / "painted.jpg",
            threads=settings.threads,
            reference=settings.reference,
        )
        self._graph_path = self._folder / "style.onnx"
        self._picture_path = self._folder / "picture.npy"

    def run(self) -> None:
        begin = time.monotonic()
        self._describe()
        self._prepare()
        for size in sorted(self._settings.sizes, key=lambda size: size.pixels):
            self._measure(size)
        self._results.seconds = time.monotonic() - begin

    def _describe(self) -> None:
        settings, results = self._settings, self._results
        results.machine = machine.describe()
        results.kernels = {name: kernel_of(name) or "none" for name in (EXACT, FAST)}
        results.sizes = [size.name for size in settings.sizes]
        results.settings = {
            "threads": str(settings.threads),
            "style": settings.style.name if settings.style else "",
            "reference": str(settings.reference or ""),
        }

    def _prepare(self) -> None:
        """Write the style in the formats that are needed, and measure the processor's peak."""
        style = self._settings.style
        needs_graph = any(each.needs_graph for each in self._contenders)
        process, answer = self._run_job(
            kind="prepare",
            style=str(style.resolve()) if style else None,
            graph=str(self._graph_path) if needs_graph else None,
        )
        if process.failure:
            raise BenchmarkError(f"the style cannot be prepared ({process.failure})", path=style)
        self._results.rates = answer["rates"]
        self._results.base_width = answer["base_width"]

    def _measure(self, size: Size) -> None:
        contenders = [each for each in self._contenders if each.takes(size)]
        chosen = [each for each in self._programs if size in each.sizes]
        self._write_picture(size)
        self._warm_up(chosen, size)
        for runnable in self._order([*contenders, *chosen], size):
            self._try(runnable, size)
        self._compare(contenders, size)

    def _write_picture(self, size: Size) -> None:
        picture = make_picture(size)
        np.save(self._picture_path, picture)
        Image.fromarray(picture).save(self._place.picture_path, quality=_JPEG_QUALITY)

    def _warm_up(self, chosen: Sequence[Program], size: Size) -> None:
        """Fill the system's cache of files, and the programs' own caches."""
        for program in chosen:
            if program.find_obstacle() is not None:
                continue
            if program.name == PIPELINE_PROGRAM:
                self._run(programs.drop_in(self._place))
            elif size == SMALL:  # at other sizes the caches are full already
                self._run(program.command(self._place))

    def _order(
        self, runnables: Sequence[Contender | Program], size: Size
    ) -> Iterator[Contender | Program]:
        """Yield each in all of its rounds.

        Every second round is in reverse order, so that a drift of the machine favors nobody.
        """
        rounds = [self._settings.rounds_of(each, size) for each in runnables]
        for index in range(max(rounds, default=0)):
            present = [r for r, count in zip(runnables, rounds, strict=True) if index < count]
            yield from present[:: -1 if index % 2 else 1]

    def _try(self, runnable: Contender | Program, size: Size) -> None:
        failure = runnable.find_obstacle() or predict_failure(
            self._results.measurements,
            runnable.name,
            size,
            self._memory,
            self._settings.seconds,
        )
        if failure:
            measurement = Measurement(runnable.name, size.name, failure=failure)
        elif isinstance(runnable, Contender):
            measurement = self._paint(runnable, size)
        else:
            measurement = self._run_program(runnable, size)
        self._results.measurements.append(measurement)
        self._notify(_format(measurement))

    def _paint(self, contender: Contender, size: Size) -> Measurement:
        painted_path = self._painted_path(contender.name, size)
        process, answer = self._run_job(
            kind="paint",
            contender=contender.name,
            picture=str(self._picture_path),
            painted=None if painted_path.exists() else str(painted_path),
            graph=str(self._graph_path),
            warm=size.warm,
            budget=_WARM_SECONDS,
        )
        if process.failure:
            return Measurement(contender.name, size.name, failure=process.failure)
        return Measurement(
            contender.name, size.name, peak_anonymous=process.peak_anonymous, **answer
        )

    def _run_program(self, program: Program, size: Size) -> Measurement:
        programs.remove_results(program, self._place)
        process = self._run(program.command(self._place))
        failure = process.failure
        if failure is None and not program.find_result(self._place).is_file():
            failure = "the program painted nothing"
        if failure:
            return Measurement(program.name, size.name, failure=failure)
        return Measurement(
            program.name,
            size.name,
            whole=process.seconds,
            peak_memory=process.peak_memory,
            peak_anonymous=process.peak_anonymous,
        )

    def _run_job(self, **job: Any) -> tuple[ProcessResult, dict[str, Any]]:
        """Run a job in a `worker`; the answer is empty if it fails."""
        job_path, answer_path = self._folder / "job.json", self._folder / "answer.json"
        answer_path.unlink(missing_ok=True)
        job["weights"] = str(self._place.weights_path)
        job["threads"] = self._settings.threads
        job["answer"] = str(answer_path)
        job_path.write_text(json.dumps(job))
        process = self._run([sys.executable, "-m", "bench.measuring.worker", str(job_path)])
        return process, {} if process.failure else json.loads(answer_path.read_text())

    def _run(self, command: Sequence[str]) -> ProcessResult:
        environment = programs.environment(self._place)
        return run_process(command, environment, self._limits, self._folder)

    def _compare(self, contenders: Sequence[Contender], size: Size) -> None:
        """Compare the pictures with the reference's, and remove them all."""
        names = [each.name for each in contenders if not each.is_other_network]
        paths = {name: self._painted_path(name, size) for name in names}
        paths = {name: path for name, path in paths.items() if path.exists()}
        reference = next((name for name in REFERENCES if name in paths), None)
        for name, path in paths.items():
            if reference is not None and name != reference:
                psnr, largest = compare(path, paths[reference])
                quality = Quality(name, size.name, reference, psnr, largest)
                self._results.qualities.append(quality)
        for path in self._folder.glob("painted-*.npy"):
            path.unlink()

    def _painted_path(self, name: str, size: Size) -> Path:
        return self._folder / f"painted-{name}-{size.name}.npy"


def _format(measurement: Measurement) -> str:
    """Return a line about a measurement for the terminal."""
    times = [*measurement.warm, *filter(None, [measurement.whole])]
    shown = ", ".join(f"{seconds:.3f}" for seconds in times or filter(None, [measurement.first]))
    outcome = measurement.failure or f"{shown} s"
    return f"{measurement.size:>12}  {measurement.name:20}  {outcome}"
