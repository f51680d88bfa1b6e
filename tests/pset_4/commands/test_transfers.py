"""The commands upload and download."""

from __future__ import annotations

from tests.support.pipeline.projects import Project
from tests.support.remotes.stores import RemoteStore


def test_upload_publishes_and_paints_nothing(filled_project: Project, store: RemoteStore) -> None:
    assert filled_project.run_well("upload")["published"] == 2
    assert store.list() == ["images/photo.jpg", "saved_models/one.pth"]


def test_upload_publishes_only_what_is_named(
    project: Project, store: RemoteStore, photograph: bytes, drawing: bytes
) -> None:
    project.drop("photo.jpg", photograph)
    project.drop("drawing.png", drawing)

    project.run_well("upload", "--image", "drawing.png")

    assert store.list() == ["images/drawing.png"]


def test_upload_without_drop_ins_does_nothing(project: Project, store: RemoteStore) -> None:
    assert project.run_well("upload")["published"] == 0
    assert store.list() == []


def test_upload_says_whether_the_folder_is_missing_or_empty(directory_project: Project) -> None:
    missing = directory_project.run("upload").stderr
    directory_project.uploads.mkdir(parents=True)
    empty = directory_project.run("upload").stderr

    assert "nothing is dropped in: machine/data/uploads does not exist\n" in missing
    assert "nothing is dropped in: machine/data/uploads has no image or model\n" in empty


def test_download_fetches_everything(
    project: Project, store: RemoteStore, photograph: bytes, model: bytes
) -> None:
    store.write("images/photo.jpg", photograph)
    store.write("saved_models/one.pth", model)

    assert project.run_well("download")["fetched"] == 2
    assert (project.data / "images/photo.jpg").read_bytes() == photograph
    assert (project.data / "saved_models/one.pth").read_bytes() == model


def test_download_fetches_only_what_is_named(
    project: Project, store: RemoteStore, photograph: bytes, drawing: bytes
) -> None:
    store.write("images/photo.jpg", photograph)
    store.write("images/drawing.png", drawing)

    project.run_well("download", "--image", "photo.jpg")

    assert project.files("images") == ["images/photo.jpg"]
