"""The tasks through Luigi's own command, as the course uses them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import luigi
import pytest
from luigi.execution_summary import LuigiStatusCode

from pset_4 import MainTask, places
from tests.support.pipeline.projects import Project
from tests.support.remotes.stores import RemoteStore

pytestmark = pytest.mark.s3_in_soak

SUCCESS = "This progress looks :)"
MISSING = "This progress looks :| because there were missing external dependencies"


def run_luigi(project: Project, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a task of a module with Luigi's command."""
    environment = {
        **os.environ,
        places.REMOTE_VARIABLE: project.remote_url,
        places.DATA_VARIABLE: str(project.data),
    }
    # Luigi's lock would refuse the same task in another test process.
    options = ("--local-scheduler", "--no-lock")
    command = [sys.executable, "-m", "luigi", "--module", module, *arguments, *options]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def run_content_image(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the task `ContentImage` for luigi.jpg, with the command in the course's text."""
    words = ("ContentImage", "--image", "luigi.jpg", *arguments)
    return run_luigi(project, "pset_4.tasks.data", *words)


def test_content_image_finds_an_image_of_the_remote(
    project: Project, store: RemoteStore, photograph: bytes
) -> None:
    store.write("images/luigi.jpg", photograph)

    result = run_content_image(project)

    assert SUCCESS in result.stderr


def test_content_image_publishes_a_drop_in(
    project: Project, store: RemoteStore, photograph: bytes
) -> None:
    project.drop("luigi.jpg", photograph)

    result = run_content_image(project)

    assert SUCCESS in result.stderr
    assert store.list() == ["images/luigi.jpg"]


def test_content_image_with_uploads_off_publishes_nothing(
    project: Project, store: RemoteStore, photograph: bytes
) -> None:
    project.drop("luigi.jpg", photograph)

    result = run_content_image(project, "--upload", "false")

    assert MISSING in result.stderr
    assert store.list() == []


def test_a_bad_name_ends_in_one_line(directory_project: Project) -> None:
    result = run_luigi(
        directory_project, "pset_4.tasks.data", "ContentImage", "--image", "../x.jpg"
    )

    assert result.returncode == 2
    assert result.stderr.startswith("error: ../x.jpg: folder '..': ")
    assert len(result.stderr.splitlines()) == 1


def test_the_exit_code_tells_of_a_missing_image(project: Project, tmp_path: Path) -> None:
    shutil.copy(Path(__file__).parents[3] / "luigi.cfg", tmp_path)

    result = run_content_image(project)

    assert result.returncode == 20


@pytest.mark.s3_every_day
def test_main_paints(project: Project, store: RemoteStore, photograph: bytes, model: bytes) -> None:
    project.drop("photo.jpg", photograph)
    project.drop("one.pth", model)

    names = ("--image", "photo.jpg", "--model", "one.pth")
    result = run_luigi(project, "pset_4.tasks.main", "MainTask", *names)

    assert SUCCESS in result.stderr, result.stderr
    assert "stylized/one.pth/photo.jpg" in store.list()


def test_build_reports_a_missing_image_as_a_missing_dependency(project: Project) -> None:
    with project.in_force():
        task = MainTask(image="absent.png", model="absent.pth")
        result = luigi.build([task], local_scheduler=True, detailed_summary=True)

    assert result.status is LuigiStatusCode.MISSING_EXT


def test_a_setting_that_cannot_be_used_is_one_line(directory_project: Project) -> None:
    Path(".env").write_text("this is no setting\n")
    Path(".env").chmod(0o600)

    result = run_content_image(directory_project)

    assert result.returncode == 2
    assert result.stderr == (
        f"error: {Path.cwd()}/.env: line 1: expected NAME=value; "
        "repair the line, or put # before it\n"
    )
