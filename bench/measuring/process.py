"""A process with limits, and the time and memory that it takes."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from neural_style.system.resources import available_memory

_POLL_SECONDS = 0.005
_POLLS_PER_MEMORY_CHECK = 4
_RESERVE = 0.1  # of the available memory at the start: below it, the process is stopped
_LONGEST_REASON = 160  # characters


@dataclass(frozen=True)
class Limits:
    """The limits of a process."""

    cores: Sequence[int]
    """The numbers of the cores that it runs on; empty for any."""
    seconds: float


@dataclass(frozen=True)
class ProcessResult:
    """The outcome of a process; peaks are in bytes, and None where the system has no /proc."""

    seconds: float
    peak_memory: int | None
    peak_anonymous: int | None
    failure: str | None
    """Why it failed or was stopped; None if it succeeded."""


def run_process(
    command: Sequence[str], environment: Mapping[str, str], limits: Limits, folder: Path
) -> ProcessResult:
    """Run `command` in `folder`, and stop it with its children when it exceeds a limit.

    A process is also stopped before it exhausts the machine's memory. Peaks do not include child
    processes.
    """
    with tempfile.TemporaryFile() as errors:
        begin = time.perf_counter()
        process = _start(command, environment, limits.cores, folder, errors.fileno())
        monitor = _Monitor(process, limits.seconds)
        monitor.start()
        try:
            process.wait()
            seconds = time.perf_counter() - begin
        finally:
            _stop(process)
            monitor.join()
        errors.seek(0)
        last_line = _last_line(errors.read().decode(errors="replace"))
    failure = monitor.stop_reason
    if failure is None and process.returncode != 0:
        failure = last_line or f"exit code {process.returncode}"
    return ProcessResult(seconds, monitor.peak_memory, monitor.peak_anonymous, failure)


def read_status(process_id: int | str) -> dict[str, int]:
    """Return the fields of a process in bytes, such as ``VmHWM:``; see proc_pid_status(5).

    The result is empty when the process has ended, and outside Linux.
    """
    try:
        lines = Path(f"/proc/{process_id}/status").read_text().splitlines()
    except OSError:
        return {}
    parts = (line.split() for line in lines)
    return {part[0]: int(part[1]) * 1024 for part in parts if part[-1:] == ["kB"]}


def _start(
    command: Sequence[str],
    environment: Mapping[str, str],
    cores: Sequence[int],
    folder: Path,
    errors: int,
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=errors,
        start_new_session=True,
        # Windows accepts no function here; there and on macOS, `cores` is empty.
        preexec_fn=partial(_bind, cores) if cores else None,
    )


def _bind(cores: Sequence[int]) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Kill the process and, except on Windows, its children."""
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:_LONGEST_REASON] if lines else ""


class _Monitor(threading.Thread):
    """Samples a process's memory until it ends, and stops it at a limit."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        super().__init__(daemon=True)
        self.peak_memory: int | None = None
        self.peak_anonymous: int | None = None
        self.stop_reason: str | None = None
        self._process = process
        self._seconds = seconds
        self._reserve = int((available_memory() or 0) * _RESERVE)

    def run(self) -> None:
        begin = time.monotonic()
        polls = 0
        while self._process.returncode is None:
            self._sample()
            polls += 1
            if polls % _POLLS_PER_MEMORY_CHECK == 0:
                self._check_memory()
            if time.monotonic() - begin > self._seconds:
                self._give_up(f"stopped after {self._seconds:.0f} s")
            time.sleep(_POLL_SECONDS)

    def _sample(self) -> None:
        # VmHWM belongs to the program alone. `ru_maxrss` would include this process's own memory
        # from before the exec.
        fields = read_status(self._process.pid)
        for name, field in (("peak_memory", "VmHWM:"), ("peak_anonymous", "RssAnon:")):
            if field in fields:
                setattr(self, name, max(getattr(self, name) or 0, fields[field]))

    def _check_memory(self) -> None:
        available = available_memory()
        if available is not None and available < self._reserve:
            taken = (self.peak_memory or 0) / 1e9
            self._give_up(f"stopped at {taken:.1f} GB, before the machine's memory ran out")

    def _give_up(self, reason: str) -> None:
        if self.stop_reason is None:
            self.stop_reason = reason
            _stop(self._process)
