"""Names that cannot be used are reported, wherever they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.pipeline.projects import Project, assert_failed, failures
from tests.support.remotes.stores import S3Store

HOSTILE_KEYS = [
    "images/../x",
    "images/../x.jpg",
    "images/../../x",
    "images//etc/x",
    "images/a/../../x",
    "images/./x",
    "images/CON/x",
    "images/a\\b",
    "images/a\u202eb/x",
]


@pytest.mark.parametrize("key", HOSTILE_KEYS)
def test_a_hostile_key_is_reported(
    s3_store: S3Store, tmp_path: Path, photograph: bytes, key: str
) -> None:
    s3_store.write(key, photograph)
    s3_store.write("images/photo.jpg", photograph)
    (tmp_path / "machine").mkdir()
    project = Project(tmp_path / "machine", s3_store.url)

    result = project.run("download")

    assert result.exit_code == 1
    assert len(failures(result)) == 1
    assert project.files(".") == ["images/photo.jpg"]


@pytest.mark.parametrize("key", ["images/.git/x.jpg", "images/folder/notes", "images/.DS_Store"])
def test_files_of_other_programs_in_the_remote_are_ignored(
    s3_store: S3Store, tmp_path: Path, photograph: bytes, key: str
) -> None:
    s3_store.write(key, photograph)
    (tmp_path / "machine").mkdir()

    Project(tmp_path / "machine", s3_store.url).run_well("download")


@pytest.mark.parametrize("command", ["upload", "main", "stylize"])
def test_a_named_link_is_called_a_link(project: Project, photograph: bytes, command: str) -> None:
    target = project.folder / "photo.jpg"
    target.write_bytes(photograph)
    project.uploads.mkdir(parents=True)
    (project.uploads / "link.jpg").symlink_to(target)

    assert_failed(project.run(command, "--image", "link.jpg"), "link.jpg: a link; copy the file")


def test_a_named_drop_in_that_is_missing_is_not_there(project: Project) -> None:
    assert_failed(project.run("upload", "--image", "no.jpg"), "no.jpg: not there; drop it in")
