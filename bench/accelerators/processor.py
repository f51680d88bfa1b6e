"""Single pictures on the CPU: all contenders take turns, with equal numbers of threads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from .. import machine
from ..contenders import CONTENDERS, Contender
from ..programs import ROOT
from .figures import Row

NAMES = ("torch", "onnxruntime", "openvino", "exact", "fast", "avx512", "avx2")
"""The contenders, in the order of the tables."""


def measure(
    folder: Path, threads: Sequence[int], seconds: float, notify: Callable[[str], None]
) -> Iterator[Row]:
    """Yield a row for each contender and number of threads.

    Args:
        folder: Has ``style.pth``, ``style.onnx`` (if it could be made) and ``picture.npy``.
        threads: The numbers of threads.
        seconds: How long contenders take turns, for each number of threads.
        notify: Gets a line for each row.
    """
    contenders = {each.name: each for each in CONTENDERS}
    for count in threads:
        for row in _measure_with(folder, count, [contenders[name] for name in NAMES], seconds):
            notify(f"{count:3} threads  {row.name:12} {_format(row)}")
            yield row


def _measure_with(
    folder: Path, threads: int, contenders: Sequence[Contender], seconds: float
) -> Iterator[Row]:
    failures: dict[str, str] = {}
    times: dict[str, list[float]] = {}
    with ExitStack() as stack:
        workers: dict[str, _Worker] = {}
        for contender in contenders:
            failure = contender.find_obstacle()
            if failure is None and contender.needs_graph and not (folder / "style.onnx").exists():
                failure = "the style could not be exported"
            if failure is None:
                worker = stack.enter_context(_Worker(folder, contender.name, threads))
                workers[contender.name] = worker
                failure = worker.wait()
            if failure is not None:
                workers.pop(contender.name, None)
                failures[contender.name] = failure
        begin, step = time.monotonic(), 1
        while workers and time.monotonic() - begin < seconds:
            # Every second round is in reverse order, so that a drift of the machine favors nobody.
            for name in list(workers)[::step]:
                times.setdefault(name, []).append(workers[name].paint())
            step = -step
    for contender in contenders:
        name = contender.name
        yield Row(name, threads, times.get(name, []), failures.get(name))


class _Worker:
    """A contender in a process of its own, on as many cores as it has threads."""

    def __init__(self, folder: Path, contender: str, threads: int) -> None:
        job = {
            "contender": contender,
            "threads": threads,
            "picture": str(folder / "picture.npy"),
            "weights": str(folder / "style.pth"),
            "graph": str(folder / "style.onnx"),
        }
        cores = machine.choose_cores(threads)
        self._log = (folder / f"{contender}.log").open("w+")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.accelerators.worker", json.dumps(job)],
            cwd=ROOT,
            env=os.environ | {"OMP_NUM_THREADS": str(threads)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            preexec_fn=(lambda: os.sched_setaffinity(0, cores)) if cores else None,
        )

    def __enter__(self) -> _Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._log.close()

    def wait(self) -> str | None:
        """Wait until it is built, and return why it could not be."""
        if self._read():
            return None
        self._process.wait()
        self._log.seek(0)
        reason = self._log.read().strip().rpartition("\n")[2]
        return "not installed" if "No module named" in reason else reason or "the process ended"

    def paint(self) -> float:
        """Return the seconds that a picture took."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._read())

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def _format(row: Row) -> str:
    return row.failure or f"{row.median or 0:.3f} s ({len(row.seconds)} times)"
