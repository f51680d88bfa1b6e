"""A drop-in whose name the remote has with other bytes."""

from __future__ import annotations

import hashlib

import pytest

from tests.support.projects import Project, failures
from tests.support.stores import RemoteStore

CHOSEN = ("--image", "photo.jpg", "--model", "one.pth")


@pytest.fixture
def disputed(
    project: Project, store: RemoteStore, photograph: bytes, drawing: bytes, model: bytes
) -> Project:
    """A project with two images and a model; the remote has other bytes for photo.jpg."""
    store.write("images/photo.jpg", drawing)
    project.drop("photo.jpg", photograph)
    project.drop("drawing.png", drawing)
    project.drop("one.pth", model)
    return project


@pytest.mark.parametrize("command", ["main", "upload", "stylize"])
def test_a_conflict_fails_the_command(disputed: Project, command: str) -> None:
    assert disputed.run(command).exit_code == 1


def test_a_conflict_is_reported_in_one_line_with_both_digests(
    disputed: Project, store: RemoteStore, photograph: bytes, drawing: bytes
) -> None:
    result = disputed.run("main")

    (line,) = failures(result)
    for part in (
        "conflict",
        str(disputed.uploads / "photo.jpg"),
        f"{store.url}/images/photo.jpg",
        hashlib.sha256(photograph).hexdigest(),
        hashlib.sha256(drawing).hexdigest(),
    ):
        assert part in line


def test_a_conflict_changes_neither_the_remote_nor_the_drop_in(
    disputed: Project, store: RemoteStore, photograph: bytes, drawing: bytes
) -> None:
    disputed.run("main")

    assert store.read("images/photo.jpg") == drawing
    assert (disputed.uploads / "photo.jpg").read_bytes() == photograph


def test_a_conflict_paints_nothing_under_the_disputed_name(disputed: Project) -> None:
    disputed.run("main")

    assert disputed.files("stylized") == ["stylized/one.pth/drawing.png"]


@pytest.mark.parametrize("command", ["main", "stylize"])
def test_a_conflict_is_found_after_the_remote_image_was_painted(
    command: str,
    project: Project,
    store: RemoteStore,
    photograph: bytes,
    drawing: bytes,
    model: bytes,
) -> None:
    store.write("images/photo.jpg", drawing)
    store.write("saved_models/one.pth", model)
    project.run_well("main", *CHOSEN)
    project.drop("photo.jpg", photograph)

    assert project.run(command, *CHOSEN).exit_code == 1


def test_no_upload_paints_the_remote_image(
    disputed: Project, store: RemoteStore, model: bytes
) -> None:
    store.write("saved_models/one.pth", model)

    assert disputed.run_well("stylize", "--no-upload", *CHOSEN)["painted"] == 1


def test_the_same_bytes_under_the_same_name_are_no_conflict(
    project: Project, store: RemoteStore, photograph: bytes
) -> None:
    store.write("images/photo.jpg", photograph)
    project.drop("photo.jpg", photograph)

    assert project.run_well("upload")["published"] == 0


def test_status_shows_the_conflict(disputed: Project) -> None:
    images = {image["name"]: image["drop_in"] for image in disputed.status()["pictures"]}

    assert images == {"photo.jpg": "conflict", "drawing.png": "yes"}


def test_a_conflict_ends_when_the_drop_in_is_renamed(disputed: Project) -> None:
    (disputed.uploads / "photo.jpg").rename(disputed.uploads / "another.jpg")

    disputed.run_well("main")
