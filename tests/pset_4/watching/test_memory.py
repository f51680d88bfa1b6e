"""Memory of `watch` over many events."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from tests.support.files.pictures import encode
from tests.support.pipeline.programs import wait_until
from tests.support.pipeline.projects import Project

ROUNDS, AT_ONCE = 60, 20
"""How many rounds of how many new versions of pictures come."""

WARM_UP = 15
"""After how many rounds memory is measured first."""

MAX_GROWTH = 8 << 20
"""Bytes. If each task stayed in memory, it would be some 30 MB."""


@pytest.mark.soak
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process's memory so")
def test_memory_does_not_grow_with_events(
    directory_project: Project, tmp_path: Path, model: bytes
) -> None:
    directory_project.drop("model.pth", model)
    log, sizes = tmp_path / "log", []
    with (
        log.open("wb") as stderr,
        subprocess.Popen(
            directory_project.command("watch", "--on-conflict", "replace"),
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        ) as process,
    ):
        for round_number in range(ROUNDS):
            for number in range(AT_ONCE):
                picture = Image.new("RGB", (16, 16), (round_number, number, 99))
                path = directory_project.uploads / f"{number}.png"
                path.write_bytes(encode(picture, "PNG"))
            expected = (round_number + 1) * AT_ONCE
            wait_until(partial(has_published, log, expected))
            if round_number in (WARM_UP, ROUNDS - 1):
                sizes.append(resident_bytes(process.pid))
        process.send_signal(signal.SIGINT)

    assert "failed" not in log.read_text()
    assert sizes[1] - sizes[0] < MAX_GROWTH, sizes


def has_published(log: Path, count: int) -> bool:
    """Return whether a log tells of so many results."""
    return log.read_text().count("published stylized/") >= count


def resident_bytes(pid: int) -> int:
    """Return how much memory a process has."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
