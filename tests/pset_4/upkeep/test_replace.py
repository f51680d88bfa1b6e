"""The command replace."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.networks.models import make_model
from tests.support.pipeline.projects import Project, assert_failed, failures, read_summary
from tests.support.remotes.stores import RemoteStore


@pytest.fixture
def disputed(project: Project, store: RemoteStore, photograph: bytes, drawing: bytes) -> Project:
    """A project with an image for which the remote has other bytes."""
    store.write("images/photo.jpg", drawing)
    project.drop("photo.jpg", photograph)
    return project


def test_a_drop_in_replaces_the_object(
    disputed: Project, store: RemoteStore, photograph: bytes
) -> None:
    result = disputed.run("replace", "photo.jpg", "--yes")

    assert read_summary(result) == {"replaced": 1}
    assert store.read("images/photo.jpg") == photograph
    assert store.list() == ["images/photo.jpg"]


def test_a_name_may_lack_its_suffix(
    disputed: Project, store: RemoteStore, photograph: bytes
) -> None:
    assert disputed.run("replace", "photo", "--yes").exit_code == 0

    assert store.read("images/photo.jpg") == photograph


def test_a_file_replaces_the_object_and_the_drop_in_stays(
    disputed: Project, store: RemoteStore, photograph: bytes, tmp_path: Path, drawing: bytes
) -> None:
    store.write("images/photo.jpg", photograph)
    file = tmp_path / "retouched.png"
    file.write_bytes(drawing)

    result = disputed.run("replace", "photo.jpg", str(file), "--yes")

    assert result.exit_code == 0, result.output
    assert store.read("images/photo.jpg") == drawing
    assert (disputed.uploads / "photo.jpg").read_bytes() == photograph
    assert f"{disputed.uploads}/photo.jpg differs, and is a conflict for the next run" in (
        result.stderr
    )


def test_a_model_is_replaced_by_a_file(
    project: Project, store: RemoteStore, tmp_path: Path
) -> None:
    store.write("saved_models/one.pth", make_model(1))
    file = tmp_path / "retrained.pth"
    file.write_bytes(make_model(2))

    project.run("replace", "one.pth", str(file), "--yes")

    assert store.read("saved_models/one.pth") == make_model(2)
    assert project.files("uploads") == []


def test_what_cannot_be_decoded_replaces_nothing(
    disputed: Project, store: RemoteStore, drawing: bytes
) -> None:
    disputed.drop("photo.jpg", b"not an image")

    result = disputed.run("replace", "photo.jpg", "--yes")

    assert (result.exit_code, len(failures(result))) == (1, 1)
    assert store.read("images/photo.jpg") == drawing


def test_without_yes_and_terminal_nothing_is_replaced(
    disputed: Project, store: RemoteStore, drawing: bytes
) -> None:
    result = disputed.run("replace", "photo.jpg")

    assert_failed(result, "not confirmed, and there is no terminal to ask; add --yes", 2)
    assert store.read("images/photo.jpg") == drawing


def test_there_has_to_be_something_to_replace(project: Project, photograph: bytes) -> None:
    project.drop("photo.jpg", photograph)

    assert_failed(project.run("replace", "photo.jpg", "--yes"), "photo.jpg: not in the remote; ")


def test_a_file_of_another_kind_is_refused(disputed: Project, tmp_path: Path) -> None:
    file = tmp_path / "one.pth"
    file.write_bytes(b"weights")

    result = disputed.run("replace", "photo.jpg", str(file), "--yes")

    assert_failed(result, "expected a file .jpg, as photo.jpg is")


def test_the_same_bytes_need_no_confirmation(project: Project, photograph: bytes) -> None:
    project.drop("photo.jpg", photograph)
    project.run_well("upload")

    result = project.run("replace", "photo.jpg")

    assert (result.exit_code, read_summary(result)) == (0, {"skipped": 1})
