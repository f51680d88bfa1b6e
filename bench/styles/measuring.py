"""The measurements: one process after another, all contenders of a network in turns."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import machine, programs
from ..contenders import Contender
from ..measuring.pictures import make_picture
from ..measuring.process import Limits, run_process
from ..measuring.quality import compare
from ..programs import Workplace
from ..results import Measurement, Quality, Results
from ..sizes import Size
from .contenders import NETWORKS, REFERENCE, Network

_SECONDS = 300.0  # the limit for each process
_WARM_SECONDS = 20.0  # no painting of a process begins later after its first one


@dataclass(frozen=True)
class Settings:
    """The choices of the command line."""

    sizes: Sequence[Size]
    rounds: int
    threads: int
    folder: Path
    """The folder for all intermediate files; it is emptied first, and removed at the end."""


def measure(settings: Settings, results: Results, notify: Callable[[str], None]) -> None:
    """Measure all contenders, and fill `results`; `notify` gets a line for each measurement.

    Raises:
        BenchmarkError: A picture or a network is not installed, or there are fewer cores than
            threads.
    """
    shutil.rmtree(settings.folder, ignore_errors=True)
    settings.folder.mkdir(parents=True)
    try:
        for network in NETWORKS:
            for size in settings.sizes:
                _Turns(settings, results, notify, network, size).run()
    finally:
        shutil.rmtree(settings.folder, ignore_errors=True)


class _Turns:
    """All contenders of a network at one size."""

    def __init__(
        self,
        settings: Settings,
        results: Results,
        notify: Callable[[str], None],
        network: Network,
        size: Size,
    ) -> None:
        self._settings = settings
        self._results = results
        self._notify = notify
        self._network = network
        self._size = size
        self._folder = settings.folder.resolve()
        self._limits = Limits(machine.choose_cores(settings.threads), _SECONDS)

    def run(self) -> None:
        self._style_path, self._graph_path = self._network.write(self._folder)
        np.save(self._folder / "picture.npy", make_picture(self._size))
        for index in range(self._settings.rounds):
            # Every second round is in reverse order, so that a drift of the machine favors nobody.
            for contender in self._network.contenders[:: -1 if index % 2 else 1]:
                measurement = self._paint(contender)
                self._results.measurements.append(measurement)
                times = ", ".join(f"{seconds:.3f}" for seconds in measurement.warm)
                outcome = measurement.failure or f"{times} s"
                self._notify(f"{measurement.size:>12}  {measurement.name:28}  {outcome}")
        self._compare()

    def _paint(self, contender: Contender) -> Measurement:
        painted_path = self._painted_path(contender)
        answer_path = self._folder / "answer.json"
        job: dict[str, Any] = {
            "kind": "paint",
            "contender": contender.name,
            "picture": str(self._folder / "picture.npy"),
            "painted": None if painted_path.exists() else str(painted_path),
            "weights": str(self._style_path),
            "graph": str(self._graph_path),
            "threads": self._settings.threads,
            "warm": self._size.warm,
            "budget": _WARM_SECONDS,
            "answer": str(answer_path),
        }
        job_path = self._folder / "job.json"
        job_path.write_text(json.dumps(job))
        command = [sys.executable, "-m", "bench.measuring.worker", str(job_path)]
        process = run_process(command, self._environment(), self._limits, self._folder)
        if process.failure:
            return Measurement(contender.name, self._size.name, failure=process.failure)
        answer = json.loads(answer_path.read_text())
        return Measurement(
            contender.name, self._size.name, peak_anonymous=process.peak_anonymous, **answer
        )

    def _environment(self) -> dict[str, str]:
        folder = self._folder
        return programs.environment(
            Workplace(folder, self._style_path, folder, folder, self._settings.threads, None)
        )

    def _compare(self) -> None:
        """Compare the pictures with the reference's, and remove them all."""
        same = [each for each in self._network.contenders if not each.is_other_network]
        reference = next(each for each in same if each.name.endswith(REFERENCE))
        for contender in same:
            paths = self._painted_path(contender), self._painted_path(reference)
            if contender is not reference and all(path.exists() for path in paths):
                psnr, largest = compare(*paths)
                quality = Quality(contender.name, self._size.name, reference.name, psnr, largest)
                self._results.qualities.append(quality)
        for path in self._folder.glob("painted-*.npy"):
            path.unlink()

    def _painted_path(self, contender: Contender) -> Path:
        return self._folder / f"painted-{contender.name}.npy"
