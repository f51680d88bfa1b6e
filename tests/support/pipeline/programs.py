"""Programs that stand in for another Python interpreter, and processes to wait for."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from csci_utils import liveness

FIND_OUTPUT = (
    'for word in "$@"; do case "$word" in --output-image=*) out="${word#*=}" ;; esac; done'
)
"""Lines of a shell script that set ``$out`` to the path of the wanted image."""

_WITHOUT = """
import sys
for name in {modules}:
    sys.modules[name] = None
from pset_4.cli import cli
cli({arguments})
"""


class Lifeline:
    """A FIFO that programs hold open as long as they live.

    A process id may belong to another program soon after, and to one that only its parent has not
    asked for.
    """

    def __init__(self, path: Path) -> None:
        """Create it; `holding` is the line of a shell script that holds it."""
        os.mkfifo(path)
        self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.holding = f'exec 9> "{path}"'

    def is_held(self) -> bool:
        """Return True while a program holds it."""
        try:
            return os.read(self._descriptor, 1) != b""
        except BlockingIOError:
            return True

    def close(self) -> None:
        """Give back the descriptor."""
        os.close(self._descriptor)


class MakePython(Protocol):
    """Creates a program for ``--python``."""

    def __call__(self, lines: str, name: str = "python-of-another-environment") -> Path:
        """Create a shell script with these lines and return its path."""


def write_program(path: Path, lines: str) -> Path:
    """Write an executable shell script and return its path."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{lines}\n")
    path.chmod(0o755)
    return path


def run_without(
    modules: Sequence[str], arguments: Sequence[str]
) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process in which some modules cannot be imported."""
    script = _WITHOUT.format(modules=list(modules), arguments=list(arguments))
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for a condition of another process.

    Raises:
        AssertionError: The condition did not come true in time.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain"
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    """Return True if a process with this id exists and has not ended."""
    return liveness._is_alive(pid)
