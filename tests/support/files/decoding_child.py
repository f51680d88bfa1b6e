"""Decode files in a process of its own, to see all that they can do to one.

Run as ``python -m tests.support.files.decoding_child FILE...``: decodes each file and prints a JSON
line with the peak memory and the longest time.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple


class DecodingReport(NamedTuple):
    """What a process that decoded files needed."""

    decoded: int
    """How many files were decoded; the others raised `PictureError`."""
    memory: int
    """The memory at its peak, in bytes, beyond what it was before."""
    seconds: float
    """The longest processor time that a file took."""


def decode_in_child(paths: Sequence[Path]) -> DecodingReport:
    """Decode files in another process; Linux only.

    Raises:
        AssertionError: The process printed an error, raised another one than `PictureError`, or was
            ended by a signal.
    """
    command = [sys.executable, "-m", "tests.support.files.decoding_child", *map(str, paths)]
    root = Path(__file__).parents[3]
    process = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert (process.returncode, process.stderr) == (0, "")
    return DecodingReport(*json.loads(process.stdout))


def main(paths: Sequence[str]) -> None:
    """Decode files and print a report."""
    from PIL import Image

    from neural_style import PictureError, load_picture

    Image.init()
    decoded, seconds, before = 0, 0.0, _read_status("VmRSS")
    for path in paths:
        start = time.process_time()
        try:
            load_picture(path)
            decoded += 1
        except PictureError as error:
            assert str(error).isprintable(), path
        seconds = max(seconds, time.process_time() - start)
    print(json.dumps((decoded, _read_status("VmHWM") - before, seconds)))


def _read_status(name: str) -> int:
    """Return a size in this process's status, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


if __name__ == "__main__":
    main(sys.argv[1:])
