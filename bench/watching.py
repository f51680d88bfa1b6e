"""A process, and what it takes: time, and memory."""

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
from pathlib import Path

from neural_style.system.resources import available_memory

_POLL_SECONDS = 0.005
_KEPT_FREE = 0.1  # of the memory that was available: below it a process is stopped
_LONGEST_REASON = 160  # characters


@dataclass(frozen=True)
class Limits:
    """What a process may have: cores by their numbers (any if there are none), and seconds."""

    cores: Sequence[int]
    seconds: float


@dataclass(frozen=True)
class Watched:
    """What a process took; memory in bytes, at its peak, None where the system does not tell."""

    seconds: float
    peak_memory: int | None
    peak_anonymous: int | None
    failure: str | None


def run_watched(
    command: Sequence[str], environment: Mapping[str, str], limits: Limits, folder: Path
) -> Watched:
    """Run `command` in `folder` to its end, or until it is stopped for what it takes.

    Peaks are the process's own, without those of its children.
    """
    with tempfile.TemporaryFile() as errors:
        begin = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
            preexec_fn=lambda: _keep_to(limits.cores),
        )
        watcher = _Watcher(process, limits.seconds)
        watcher.start()
        try:
            process.wait()
            seconds = time.perf_counter() - begin
        finally:
            _stop(process)
            watcher.join()
        errors.seek(0)
        told = errors.read().decode(errors="replace")
    failure = watcher.stopped_for
    if failure is None and process.returncode != 0:
        failure = _last_line(told) or f"exit code {process.returncode}"
    return Watched(seconds, watcher.peak_memory, watcher.peak_anonymous, failure)


class _Watcher(threading.Thread):
    """Looks at a process until it ends, and stops it if it takes too much."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        super().__init__(daemon=True)
        self.peak_memory: int | None = None
        self.peak_anonymous: int | None = None
        self.stopped_for: str | None = None
        self._process = process
        self._seconds = seconds
        self._least_free = int((available_memory() or 0) * _KEPT_FREE)

    def run(self) -> None:
        begin = time.monotonic()
        looks = 0
        while self._process.returncode is None:
            self._look()
            looks += 1
            if looks % 4 == 0 and (available_memory() or self._least_free) < self._least_free:
                self._give_up(f"took the machine's memory: {(self.peak_memory or 0) / 1e9:.1f} GB")
            if time.monotonic() - begin > self._seconds:
                self._give_up(f"took longer than {self._seconds:.0f} s")
            time.sleep(_POLL_SECONDS)

    def _look(self) -> None:
        # The high-water mark is that of the program: `ru_maxrss` would count what this process had
        # when it forked.
        fields = read_status(self._process.pid)
        for name, field in (("peak_memory", "VmHWM:"), ("peak_anonymous", "RssAnon:")):
            if field in fields:
                setattr(self, name, max(getattr(self, name) or 0, fields[field]))

    def _give_up(self, reason: str) -> None:
        if self.stopped_for is None:
            self.stopped_for = reason
            _stop(self._process)


def read_status(process_id: int | str) -> dict[str, int]:
    """The amounts of memory in a process's status file, in bytes; see proc_pid_status(5)."""
    try:
        lines = Path(f"/proc/{process_id}/status").read_text().splitlines()
    except OSError:
        return {}
    parts = (line.split() for line in lines)
    return {part[0]: int(part[1]) * 1024 for part in parts if part[-1:] == ["kB"]}


def _keep_to(cores: Sequence[int]) -> None:
    if cores:
        os.sched_setaffinity(0, cores)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End it, and what it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:_LONGEST_REASON] if lines else ""
