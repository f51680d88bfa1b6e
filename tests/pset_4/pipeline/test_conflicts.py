"""A drop-in whose name the remote has with other bytes."""

from __future__ import annotations

import hashlib

import pytest

from tests.support.networks.models import make_model
from tests.support.pipeline.projects import (
    Project,
    assert_failed,
    failures,
    read_summary,
)
from tests.support.remotes import faults
from tests.support.remotes.faults import FaultProxy
from tests.support.remotes.stores import RemoteStore, S3Store

pytestmark = pytest.mark.s3_in_soak

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


@pytest.mark.s3_every_day
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


@pytest.mark.s3_every_day
def test_a_conflict_changes_neither_the_remote_nor_the_drop_in(
    disputed: Project, store: RemoteStore, photograph: bytes, drawing: bytes
) -> None:
    disputed.run("main")

    assert store.read("images/photo.jpg") == drawing
    assert (disputed.uploads / "photo.jpg").read_bytes() == photograph


def test_a_conflict_paints_nothing_under_the_disputed_name(disputed: Project) -> None:
    disputed.run("main")

    assert disputed.files("stylized") == ["stylized/one.pth/drawing.png"]


@pytest.mark.s3_every_day
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


@pytest.mark.s3_every_day
def test_the_same_bytes_under_the_same_name_are_no_conflict(
    project: Project, store: RemoteStore, photograph: bytes
) -> None:
    store.write("images/photo.jpg", photograph)
    project.drop("photo.jpg", photograph)

    assert project.run_well("upload")["published"] == 0


def test_status_shows_the_conflict(disputed: Project) -> None:
    images = {image["name"]: image["drop_in"] for image in disputed.status()["images"]}

    assert images == {"photo.jpg": "conflict", "drawing.png": "yes"}


def test_a_conflict_ends_when_the_drop_in_is_renamed(disputed: Project) -> None:
    (disputed.uploads / "photo.jpg").rename(disputed.uploads / "another.jpg")

    disputed.run_well("main")


@pytest.mark.s3_every_day
@pytest.mark.parametrize("command", ["main", "stylize", "upload"])
def test_keep_remote_goes_on_with_the_remote_and_says_so(
    disputed: Project, store: RemoteStore, drawing: bytes, command: str
) -> None:
    result = disputed.run(command, "--on-conflict", "keep-remote")

    assert result.exit_code == 0, result.output
    assert result.stderr.count(f"note: kept {store.url}/images/photo.jpg; the drop-in") == 1
    assert store.read("images/photo.jpg") == drawing


def test_keep_remote_paints_the_remote_image(disputed: Project, drawing: bytes) -> None:
    disputed.run_well("main", "--on-conflict", "keep-remote")

    assert (disputed.data / "images/photo.jpg").read_bytes() == drawing
    assert disputed.status()["results"][1] == {
        "model": "one.pth",
        "image": "photo.jpg",
        "local": "current",
        "remote": "yes",
    }


def test_keep_remote_publishes_drop_ins_without_conflict(
    disputed: Project, store: RemoteStore
) -> None:
    assert disputed.run_well("upload", "--on-conflict", "keep-remote")["published"] == 2
    assert "images/drawing.png" in store.list()


def test_keep_remote_counts_the_styles_of_the_remote_file(
    project: Project, store: RemoteStore, photograph: bytes, many_styles: bytes
) -> None:
    store.write("saved_models/many.onnx", many_styles)
    project.drop("many.onnx", b"another file")
    project.drop("photo.jpg", photograph)

    result = project.run("stylize", "--on-conflict", "keep-remote", "--max-side", "16")

    assert read_summary(result)["painted"] == 26


@pytest.mark.s3_every_day
@pytest.mark.parametrize("command", ["main", "stylize", "upload"])
def test_replace_replaces_the_remote_file_and_says_so(
    disputed: Project, store: RemoteStore, photograph: bytes, command: str
) -> None:
    result = disputed.run(command, "--on-conflict", "replace")

    assert result.exit_code == 0, result.output
    assert "replaced images/photo.jpg" in result.stderr.splitlines()
    assert "published images/drawing.png" in result.stderr.splitlines()
    assert store.read("images/photo.jpg") == photograph


def test_replace_paints_anew_what_was_painted_before(
    disputed: Project, store: RemoteStore, photograph: bytes
) -> None:
    disputed.run_well("main", "--on-conflict", "keep-remote")

    summary = disputed.run_well("main", "--on-conflict", "replace")

    assert summary["painted"] == 1
    assert (disputed.data / "images/photo.jpg").read_bytes() == photograph
    assert {result["local"] for result in disputed.status()["results"]} == {"current"}
    assert disputed.run_well("main")["painted"] == 0


def test_replace_publishes_nothing_that_is_not_an_image(
    project: Project, store: RemoteStore, photograph: bytes
) -> None:
    store.write("images/photo.jpg", photograph)
    project.drop("photo.jpg", b"not an image")

    assert project.run("upload", "--on-conflict", "replace").exit_code == 1
    assert store.read("images/photo.jpg") == photograph


def test_an_upload_that_arrives_damaged_replaces_nothing(
    s3_project: Project,
    proxy: FaultProxy,
    s3_store: S3Store,
    photograph: bytes,
    drawing: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    s3_store.write("images/photo.jpg", drawing)
    s3_project.drop("photo.jpg", photograph)
    monkeypatch.setattr("csci_utils.s3.uploading.sending.PUT_PAUSE_SECONDS", 0)
    proxy.permanent_faults["PUT"] = faults.flip_upload

    result = s3_project.run("upload", "--on-conflict", "replace")

    assert_failed(result, "damaged in transit; run again")
    assert s3_store.read("images/photo.jpg") == drawing
    assert s3_store.list() == ["images/photo.jpg"]


def test_a_result_that_arrives_damaged_replaces_no_earlier_one(
    s3_project: Project,
    proxy: FaultProxy,
    s3_store: S3Store,
    photograph: bytes,
    model: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    s3_project.drop("photo.jpg", photograph)
    s3_project.drop("one.pth", model)
    s3_project.run_well("main")
    published = s3_store.digests()
    monkeypatch.setattr("csci_utils.s3.uploading.sending.PUT_PAUSE_SECONDS", 0)
    proxy.permanent_faults["PUT"] = faults.flip_upload

    result = s3_project.run("main", "--precision", "fast")

    assert_failed(result, "damaged in transit; run again")
    assert s3_store.digests() == published


@pytest.mark.s3_every_day
def test_replacing_leaves_nothing_else_in_the_remote(
    project: Project, store: RemoteStore, photograph: bytes, drawing: bytes
) -> None:
    store.write("images/photo.jpg", drawing)
    project.drop("photo.jpg", photograph)

    project.run_well("upload", "--on-conflict", "replace")

    assert store.list() == ["images/photo.jpg"]


def test_package_replaces_the_remote_model(
    project: Project,
    store: RemoteStore,
    model: bytes,
) -> None:
    pytest.importorskip("mlflow")
    store.write("saved_models/one.pth", make_model(2))
    project.drop("one.pth", model)

    refused = project.run("package")
    project.run_well("package", "--on-conflict", "replace")

    assert refused.exit_code == 1
    assert store.read("saved_models/one.pth") == model


def test_a_conflict_names_the_ways_out(disputed: Project) -> None:
    (line,) = failures(disputed.run("upload"))

    assert "--on-conflict keep-remote" in line
    assert "--on-conflict replace" in line
