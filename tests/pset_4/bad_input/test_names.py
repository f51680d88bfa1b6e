"""Names on the command line that are hostile, or that nothing has."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.pipeline.projects import Project, assert_failed
from tests.support.remotes.stores import RemoteStore

pytestmark = pytest.mark.s3_in_soak


@pytest.mark.parametrize("option", ["--image", "--model"])
@pytest.mark.parametrize("command", ["main", "stylize", "upload", "download"])
def test_a_hostile_name_is_a_usage_error(
    directory_project: Project, command: str, option: str
) -> None:
    result = directory_project.run(command, option, "../outside.png")

    assert_failed(result, "../outside.png: folder '..': the name begins or ends with", exit_code=2)


@pytest.mark.parametrize("option", ["--image", "--model"])
def test_a_path_in_place_of_a_name_is_explained(
    directory_project: Project, tmp_path: Path, option: str
) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(b"")

    result = directory_project.run("main", option, str(file))

    assert result.exit_code == 2
    assert "a path, not a name; give it as an argument" in " ".join(result.stderr.split())


@pytest.mark.s3_every_day
@pytest.mark.parametrize("path", ["images/nowhere.png", "saved_models/nowhere.pth"])
def test_a_name_that_exists_nowhere_is_reported_with_the_remedy(
    project: Project, store: RemoteStore, path: str
) -> None:
    result = project.run("main", "--image", "nowhere.png", "--model", "nowhere.pth")

    (line,) = [line for line in result.stderr.splitlines() if f"{store.url}/{path}" in line]
    assert result.exit_code == 1
    assert "drop it into" in line


def test_a_name_to_upload_that_is_not_dropped_in_is_reported(project: Project) -> None:
    result = project.run("upload", "--image", "nowhere.png")

    assert_failed(result, str(project.uploads / "nowhere.png"))


def test_a_style_number_beyond_the_last_is_reported_with_the_last(
    project: Project, photograph: bytes, many_styles: bytes
) -> None:
    project.drop("photo.jpg", photograph)
    project.drop("many.onnx", many_styles)

    assert_failed(project.run("main", "--model", "many.onnx@26"), "25")
