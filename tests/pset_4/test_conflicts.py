"""A drop-in whose name the remote has with other bytes."""

import hashlib
from typing import Any

import pytest


@pytest.fixture
def disputed(project: Any, store: Any, photograph: bytes, drawing: bytes, model: bytes) -> Any:
    """Two pictures and a style are dropped in; the remote has other bytes for one of them."""
    store.write("images/photo.jpg", drawing)
    project.drop("photo.jpg", photograph)
    project.drop("drawing.png", drawing)
    project.drop("one.pth", model)
    return project


@pytest.mark.parametrize("command", ["main", "upload", "stylize"])
def test_a_conflict_fails_the_command(disputed: Any, command: str) -> None:
    assert disputed.run(command).exit_code == 1


def test_a_conflict_is_told_in_one_line_with_both_digests(
    disputed: Any, store: Any, photograph: bytes, drawing: bytes
) -> None:
    lines = disputed.run("main").stderr.splitlines()
    (line,) = [line for line in lines if line.startswith("failed:")]
    for part in (
        "conflict",
        str(disputed.data / "uploads" / "photo.jpg"),
        f"{store.url}/images/photo.jpg",
        hashlib.sha256(photograph).hexdigest(),
        hashlib.sha256(drawing).hexdigest(),
    ):
        assert part in line


def test_a_conflict_leaves_the_remote_as_it_is(disputed: Any, store: Any, drawing: bytes) -> None:
    disputed.run("main")
    assert store.read("images/photo.jpg") == drawing


def test_a_conflict_leaves_the_drop_in_as_it_is(disputed: Any, photograph: bytes) -> None:
    disputed.run("main")
    assert (disputed.data / "uploads" / "photo.jpg").read_bytes() == photograph


def test_a_conflict_paints_nothing_under_the_disputed_name(disputed: Any) -> None:
    disputed.run("main")
    assert disputed.files("stylized") == ["stylized/one.pth/drawing.png"]


def test_a_conflict_is_found_although_the_remote_s_picture_was_painted(
    project: Any, store: Any, photograph: bytes, drawing: bytes, model: bytes
) -> None:
    store.write("images/photo.jpg", drawing)
    store.write("saved_models/one.pth", model)
    chosen = ("--image", "photo.jpg", "--model", "one.pth")
    project.run_well("main", *chosen)
    project.drop("photo.jpg", photograph)
    for command in ("main", "stylize"):
        assert project.run(command, *chosen).exit_code == 1, command


def test_no_upload_goes_on_with_the_remote_s_picture(
    disputed: Any, store: Any, model: bytes
) -> None:
    store.write("saved_models/one.pth", model)
    disputed.run_well("stylize", "--no-upload", "--image", "photo.jpg", "--model", "one.pth")


def test_the_same_bytes_under_the_same_name_are_no_conflict(
    project: Any, store: Any, photograph: bytes
) -> None:
    store.write("images/photo.jpg", photograph)
    project.drop("photo.jpg", photograph)
    assert project.run_well("upload")["published"] == 0


def test_status_shows_the_conflict(disputed: Any) -> None:
    pictures = {picture["name"]: picture for picture in disputed.status()["pictures"]}
    assert pictures["photo.jpg"]["drop_in"] == "conflict"
    assert pictures["drawing.png"]["drop_in"] == "yes"


def test_a_conflict_ends_when_the_drop_in_is_renamed(disputed: Any) -> None:
    uploads = disputed.data / "uploads"
    (uploads / "photo.jpg").rename(uploads / "another.jpg")
    disputed.run_well("main")
