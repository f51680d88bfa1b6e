"""Links, folders, FIFOs and other programs' files among the drop-ins."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.projects import Project, assert_failed
from tests.support.stores import RemoteStore


@pytest.mark.parametrize("link", ["file", "folder", "nowhere"])
def test_a_link_is_not_followed(
    valid_project: Project, store: RemoteStore, tmp_path: Path, photograph: bytes, link: str
) -> None:
    target = tmp_path / "elsewhere.png"
    if link == "file":
        target.write_bytes(photograph)
    elif link == "folder":
        target.mkdir()
    (valid_project.uploads / "link.png").symlink_to(target)

    result = valid_project.run("upload")

    assert_failed(result, "link.png")
    assert "images/link.png" not in store.list()


@pytest.mark.parametrize("command", ["main", "stylize"])
def test_a_link_does_not_stand_for_the_remote_image_of_its_name(
    project: Project,
    store: RemoteStore,
    tmp_path: Path,
    photograph: bytes,
    model: bytes,
    command: str,
) -> None:
    store.write("images/link.jpg", photograph)
    project.drop("one.pth", model)
    (project.uploads / "link.jpg").symlink_to(tmp_path / "elsewhere.jpg")

    result = project.run(command, "--image", "link.jpg", "--model", "one.pth")

    assert_failed(result, "link.jpg: a link")
    assert project.files("stylized") == []


def test_beside_a_refused_image_only_what_was_asked_for_is_published(
    project: Project, store: RemoteStore, photograph: bytes, model: bytes
) -> None:
    project.drop("con.png", b"")
    project.drop("photo.jpg", photograph)
    project.drop("one.pth", model)
    project.drop("two.pth", model)
    (project.uploads / "link.jpg").symlink_to("photo.jpg")

    project.run("main", "--image", "link.jpg", "--model", "one.pth")

    assert store.list() == ["saved_models/one.pth"]


def test_with_uploads_off_a_link_hides_no_remote_image(
    project: Project, store: RemoteStore, tmp_path: Path, photograph: bytes, model: bytes
) -> None:
    store.write("images/link.jpg", photograph)
    store.write("saved_models/one.pth", model)
    project.uploads.mkdir(parents=True)
    (project.uploads / "link.jpg").symlink_to(tmp_path / "elsewhere.jpg")

    summary = project.run_well(
        "stylize", "--no-upload", "--image", "link.jpg", "--model", "one.pth"
    )

    assert summary["painted"] == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_a_fifo_is_not_waited_for(directory_project: Project, photograph: bytes) -> None:
    directory_project.drop("photo.jpg", photograph)
    os.mkfifo(directory_project.uploads / "pipe.png")

    result = directory_project.run_apart("upload")

    assert result.returncode == 1
    assert "pipe.png" in result.stderr


def test_a_folder_of_drop_ins_is_reported(directory_project: Project) -> None:
    (directory_project.uploads / "holidays").mkdir(parents=True)

    assert_failed(directory_project.run("upload"), "holidays")


@pytest.mark.parametrize(
    "name", [".DS_Store", "Thumbs.db", "photo.jpg~", ".photo.jpg.swp", "photo.jpg.part"]
)
def test_leftovers_of_other_programs_are_ignored(
    valid_project: Project, store: RemoteStore, name: str
) -> None:
    valid_project.drop(name, b"left behind")

    valid_project.run_well("upload")

    assert store.list() == ["images/photo.jpg", "saved_models/one.pth"]


@pytest.mark.parametrize("command", ["main", "upload", "status"])
def test_a_file_in_place_of_the_uploads_folder_is_reported(
    directory_project: Project, command: str
) -> None:
    directory_project.data.mkdir()
    directory_project.uploads.write_text("in the way")

    result = directory_project.run(command)

    assert_failed(result, "uploads: not a folder; take away", exit_code=2)
    assert len(result.stderr.splitlines()) == 1


def test_a_cache_that_cannot_be_written_is_reported(valid_project: Project) -> None:
    (valid_project.data / "images").write_text("in the way")

    assert_failed(valid_project.run("main"), str(valid_project.data / "images"))
