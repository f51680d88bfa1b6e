"""Several pictures painted at once: `--workers`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from pset_4.context import current
from pset_4.runners import current_runner
from tests.support.pipeline.programs import MakePython
from tests.support.pipeline.projects import Project, assert_failed, failures

pytestmark = pytest.mark.s3_in_soak

IMAGES = ("a.png", "b.png", "c.png", "d.png")
PROGRAM = f'exec {shlex.quote(sys.executable)} "$@"'
"""The line of a script that runs the true program."""


@pytest.fixture
def full_project(project: Project, drawing: bytes, model: bytes) -> Project:
    """A project with four images and a model to publish."""
    for image in IMAGES:
        project.drop(image, drawing)
    project.drop("one.pth", model)
    return project


def read_results(project: Project) -> dict[str, bytes]:
    """Return the bytes of all results by path."""
    return {path: (project.data / path).read_bytes() for path in project.files("stylized")}


@pytest.mark.s3_every_day
def test_each_picture_is_painted_and_published_once(full_project: Project) -> None:
    summary = full_project.run_well("main", "--workers", "3")

    assert summary == {"painted": 4, "published": 9, "fetched": 5}
    results = read_results(full_project)
    assert list(results) == [f"stylized/one.pth/{image}" for image in IMAGES]
    assert full_project.run_well("main", "--workers", "3")["painted"] == 0
    assert full_project.run_well("main", "--force")["painted"] == 4
    assert read_results(full_project) == results


def test_two_paint_at_once_and_never_three(
    full_project: Project, make_python: MakePython, tmp_path: Path
) -> None:
    running, started = tmp_path / "running", tmp_path / "started"
    running.mkdir()
    python = make_python(
        f"""
        [ "$3" = eval ] || {PROGRAM}
        echo > "{running}/$$"
        ls "{running}" | wc -l >> "{started}"
        for i in $(seq 1200); do  # until another one paints, too
            [ $(wc -l < "{started}") -ge 2 ] && break
            sleep 0.05
        done
        {PROGRAM.removeprefix("exec ")}
        rm "{running}/$$"
        """
    )

    summary = full_project.run_well(
        "main", "--workers", "2", "--runner", "program", "--python", str(python)
    )

    assert summary["painted"] == 4
    assert max(map(int, started.read_text().split())) == 2


def test_a_failure_costs_only_its_own_picture(
    full_project: Project, make_python: MakePython
) -> None:
    python = make_python(f'case "$*" in *--image-name=b.png*) exit 3 ;; esac\n{PROGRAM}')

    result = full_project.run(
        "main", "--workers", "2", "--runner", "program", "--python", str(python)
    )

    assert_failed(result, "b.png")
    assert len(failures(result)) == 1
    others = [f"stylized/one.pth/{image}" for image in IMAGES if image != "b.png"]
    assert list(read_results(full_project)) == others


def test_programs_share_threads_and_memory(
    full_project: Project, make_python: MakePython, tmp_path: Path
) -> None:
    calls = tmp_path / "calls"
    python = make_python(f'[ "$3" = eval ] && echo "$*" >> "{calls}"\n{PROGRAM}')
    limits = ("--threads", "5", "--memory", "2GiB")

    full_project.run_well(
        "main", *limits, "--workers", "2", "--runner", "program", "--python", str(python)
    )

    lines = calls.read_text().splitlines()
    assert len(lines) == 4
    assert all({"--threads=2", f"--memory={2**30}"} <= set(line.split()) for line in lines)


def test_paintings_in_this_process_share_threads(
    directory_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    shares = []
    monkeypatch.setattr(
        "pset_4.commands.paint.paint",
        lambda *arguments: shares.append((current().settings.workers, current_runner().machine)),
    )
    for arguments in (["--workers", "2", "--threads", "1"], ["--memory", "1GiB"]):
        directory_project.run_well("main", *arguments)

    assert shares == [(2, {"threads": 1}), (1, {"memory": 2**30})]


@pytest.mark.parametrize("workers", ["0", "-1", "65", "two", "1.5"])
def test_a_wrong_number_is_a_usage_error(workers: str, directory_project: Project) -> None:
    assert_failed(directory_project.run("main", "--workers", workers), "--workers", exit_code=2)
