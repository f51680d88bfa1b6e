"""Two runs on one data folder at once."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pset_4.storage.claims import claim
from tests.support.pipeline.programs import wait_until
from tests.support.pipeline.projects import Project

pytestmark = pytest.mark.s3_in_soak

HOLD = """
import sys, time
from pset_4.storage.claims import claim
with claim(sys.argv[1], print):
    print("claimed", flush=True)
    sys.stdin.read()
"""


def hold(path: Path) -> subprocess.Popen[str]:
    """Start a process that holds the claim on a file until its standard input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "claimed\n"
    return process


def ignore(text: str) -> None:
    """Take a note."""


def test_two_runs_paint_each_result_once(
    project: Project, photograph: bytes, drawing: bytes, model: bytes
) -> None:
    project.drop("photo.jpg", photograph)
    project.drop("drawing.png", drawing)
    project.drop("one.pth", model)

    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _: project.run_apart("main"), range(2)))

    painted = sum(run.stderr.count("painted stylized/") for run in runs)
    assert ([run.returncode for run in runs], painted) == ([0, 0], 2), [run.stderr for run in runs]
    assert not list(project.data.rglob("*.lock"))


def test_a_claim_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "result.png"
    notes: list[str] = []
    with hold(path) as holder:

        def release(text: str) -> None:
            notes.append(text)
            assert holder.stdin is not None
            holder.stdin.close()

        with claim(str(path), release):
            assert holder.wait(60) == 0

    assert notes == [f"waiting for another run, which is making {path}"]
    assert list(path.parent.iterdir()) == []


def test_the_claim_of_a_killed_process_is_free(tmp_path: Path) -> None:
    path = tmp_path / "result.png"
    with hold(path) as holder:
        holder.kill()
        holder.wait()

        with claim(str(path), pytest.fail):
            pass


def test_a_claim_is_released_after_an_error(tmp_path: Path) -> None:
    path = tmp_path / "result.png"
    with pytest.raises(ZeroDivisionError), claim(str(path), ignore):
        raise ZeroDivisionError

    with claim(str(path), pytest.fail):
        pass


def test_a_run_waits_for_a_result_that_another_one_paints(
    directory_project: Project, photograph: bytes, model: bytes
) -> None:
    directory_project.drop("photo.jpg", photograph)
    directory_project.drop("one.pth", model)
    result = directory_project.data / "stylized/one.pth/photo.jpg"

    with hold(result) as holder:
        waiting = subprocess.Popen(
            directory_project.command("main"), stderr=subprocess.PIPE, text=True
        )
        assert waiting.stderr is not None
        seen: list[str] = []

        def is_waiting() -> bool:
            assert waiting.stderr is not None
            seen.append(waiting.stderr.readline())
            return "waiting for another run" in seen[-1]

        wait_until(is_waiting)
        assert not result.exists()
        holder.kill()
    waiting.communicate()

    assert waiting.returncode == 0
    assert result.exists()
