"""`watch` as a process: signals, and a second one."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.support.pipeline.projects import Project
from tests.support.pipeline.watching import wait_for_files

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


@pytest.fixture
def process(directory_project: Project) -> Iterator[subprocess.Popen[str]]:
    """A process that watches."""
    with subprocess.Popen(
        directory_project.command("watch"), stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        next(line for line in process.stderr if line.startswith("watching"))
        wait_for_files(directory_project, "gallery/index.html")  # what is imported is imported
        yield process
        process.kill()


def test_a_second_watcher_is_told_and_ctrl_c_ends_the_first(
    directory_project: Project, process: subprocess.Popen[str]
) -> None:
    second = directory_project.run("watch")

    assert (second.exit_code, "another process is watching" in second.stderr) == (1, True)
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=60)
    assert (process.returncode, rest.splitlines()) == (
        130,
        ["interrupted: finished work is kept; run again to continue"],
    )
    assert not (directory_project.data / ".watch.lock").exists()


def test_sigterm_ends_it_as_well(process: subprocess.Popen[str]) -> None:
    process.terminate()
    _, rest = process.communicate(timeout=60)

    assert (process.returncode, "Traceback" in rest) == (130, False)
