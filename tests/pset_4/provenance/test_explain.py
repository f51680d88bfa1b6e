"""The command explain, and where it learns what it says."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support.files.painted import write_painting
from tests.support.files.pictures import encode
from tests.support.networks.models import make_model
from tests.support.pipeline.projects import MakeProject, Project, assert_failed
from tests.support.remotes.rclone import serve_rclone
from tests.support.remotes.stores import (
    DirectoryStore,
    RemoteStore,
    S3Store,
    create_s3_client,
    create_s3_store,
)
from tests.support.servers import aws_environment

pytestmark = pytest.mark.s3_in_soak

IMAGE, MODEL = "lisbon/Caf\u00e9 28.png", "shared/one.pth"
NAME = f"{MODEL}/{IMAGE}"


@pytest.fixture
def painted(project: Project, drawing: bytes, model: bytes) -> Project:
    """A project that has published a result whose names have folders and an accent."""
    return paint(project, IMAGE, drawing, model)


def paint(project: Project, image: str, content: bytes, model: bytes, *options: str) -> Project:
    project.drop(image, content)
    project.drop(MODEL, model)
    project.run_well("main", *options)
    return project


def explain(project: Project, painting: str) -> dict[str, Any]:
    """Return what the command says as JSON, and check that its exit code agrees."""
    result = project.run("explain", "--json", painting)
    found: dict[str, Any] = json.loads(result.stdout)
    assert result.exit_code == (0 if found["matches"] else 1)
    return found


def test_a_result_is_explained_by_its_file(painted: Project, drawing: bytes, model: bytes) -> None:
    path = painted.data / "stylized" / NAME

    found = explain(painted, str(path))

    assert found["provenance"]["image"] == IMAGE
    assert found["provenance"]["image_sha256"] == hashlib.sha256(drawing).hexdigest()
    assert found["provenance"]["model_sha256"] == hashlib.sha256(model).hexdigest()
    assert found["path"] == str(path)
    assert (found["source"], found["image"], found["model"]) == ("file", "current", "current")
    assert found["is_this_version"] and found["matches"]


def test_a_result_has_a_name(painted: Project) -> None:
    names = [NAME, f"stylized/{NAME}", NAME.replace("\u00e9", "e\u0301")]

    assert [explain(painted, name)["source"] for name in names] == ["file"] * 3


def test_people_get_a_line_for_each_fact(
    directory_project: Project, drawing: bytes, model: bytes
) -> None:
    paint(directory_project, "a.png", drawing, model, "--max-side", "16")

    result = directory_project.run("explain", f"{MODEL}/a.png")

    lines = result.stdout.splitlines()
    assert lines[0] == f"machine/data/stylized/{MODEL}/a.png, according to its file:"
    assert lines[1].split("  ")[-1].strip() == "a.png (current)"
    assert lines[5].endswith("  --max-side 16")
    assert lines[7].endswith("(this one)")


def test_what_is_replaced_or_gone_no_longer_matches(
    painted: Project,
    store: RemoteStore,
) -> None:
    store.remove(f"images/{IMAGE}")
    store.write(f"saved_models/{MODEL}", make_model(2))

    found = explain(painted, NAME)

    assert (found["image"], found["model"], found["matches"]) == ("gone", "replaced", False)


@pytest.mark.s3_every_day
def test_a_result_that_only_the_remote_has_is_explained(
    painted: Project, store: RemoteStore, make_project: MakeProject
) -> None:
    elsewhere = make_project("elsewhere", painted.remote_url)

    found = explain(elsewhere, NAME)

    assert found["path"] == f"{store.url}/stylized/{NAME}"
    assert found["source"] == ("object metadata" if isinstance(store, S3Store) else "file")
    assert found["provenance"] == explain(painted, NAME)["provenance"]
    assert found["matches"]


def test_a_result_that_another_program_copied_to_s3_is_read(
    s3_project: Project, make_project: MakeProject, s3_store: S3Store, drawing: bytes, model: bytes
) -> None:
    painted = paint(s3_project, IMAGE, drawing, model)
    s3_store.write(f"stylized/{NAME}", s3_store.read(f"stylized/{NAME}"))

    found = explain(make_project("elsewhere", s3_store.url), NAME)

    assert (found["source"], found["matches"]) == ("file", True)
    assert found["provenance"] == explain(painted, NAME)["provenance"]


def test_a_format_without_room_is_explained_by_its_record(
    directory_project: Project, model: bytes
) -> None:
    picture = encode(Image.new("RGB", (32, 24), "red"), "JPEG2000")
    paint(directory_project, "photo.jp2", picture, model)
    path = directory_project.data / "stylized" / MODEL / "photo.jp2"

    found = explain(directory_project, str(path))

    assert (found["source"], found["matches"]) == ("record", True)
    path.write_bytes(picture)
    assert_failed(directory_project.run("explain", str(path)), "nothing says where it comes from")


def test_a_format_without_room_has_object_metadata_in_s3(
    s3_project: Project, make_project: MakeProject, s3_store: S3Store, model: bytes
) -> None:
    picture = encode(Image.new("RGB", (32, 24), "red"), "GIF")
    paint(s3_project, "photo.gif", picture, model)

    found = explain(make_project("elsewhere", s3_store.url), f"{MODEL}/photo.gif")

    assert (found["source"], found["matches"]) == ("object metadata", True)


def test_without_metadata_nothing_is_published(
    project: Project, store: RemoteStore, drawing: bytes, model: bytes
) -> None:
    paint(project, IMAGE, drawing, model, "--metadata", "none")
    (project.data / "stylized" / NAME).unlink()

    assert_failed(project.run("explain", NAME), "nothing says where it comes from")
    if isinstance(store, S3Store):
        key = f"{store.prefix}stylized/{NAME}"
        head = store.client.head_object(Bucket=store.bucket, Key=key)
        assert head["Metadata"].keys() == {"sha256"}


def test_rclone_keeps_object_metadata(
    make_project: MakeProject,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    drawing: bytes,
    model: bytes,
) -> None:
    with serve_rclone(tmp_path / "buckets") as endpoint:
        for name, value in aws_environment(endpoint).items():
            monkeypatch.setenv(name, value)
        store = create_s3_store(create_s3_client(endpoint))
        paint(make_project("machine", store.url), IMAGE, drawing, model)

        found = explain(make_project("elsewhere", store.url), NAME)

    assert (found["source"], found["matches"]) == ("object metadata", True)
    assert found["provenance"]["image"] == IMAGE


# What anybody can have written


def test_hostile_names_are_only_shown(
    directory_project: Project, directory_store: DirectoryStore, tmp_path: Path
) -> None:
    directory_store.write("images/a.png", b"other bytes")
    directory_store.write("secret.png", b"secret")  # where the name would lead from there
    path = write_painting(
        tmp_path / "painting.png",
        image="../secret.png",
        image_sha256=hashlib.sha256(b"secret").hexdigest(),
        model="\u202e" + "x" * 20_000,
        engine="\x9b31m\nfailed: everything",
        version="2",
        options={"strength": "\x9b31m", "other": "x" * 20_000},
    )

    result = directory_project.run("explain", str(path))

    assert result.exit_code == 1
    assert result.stdout.replace("\n", "").isprintable()
    assert len(result.stdout.splitlines()) == 8
    assert max(map(len, result.stdout.splitlines())) < 1_100
    assert "../secret.png (gone)" in result.stdout
    assert "2 (this one is " in result.stdout
    found = explain(directory_project, str(path))
    assert (found["image"], found["model"], found["is_this_version"]) == ("gone", "gone", False)


def test_a_name_of_two_images_is_that_of_none(
    directory_project: Project, directory_store: DirectoryStore, tmp_path: Path
) -> None:
    directory_store.write("images/a.png", b"some bytes")
    path = write_painting(tmp_path / "painting.png", image="a.png|a.png")

    assert explain(directory_project, str(path))["image"] == "gone"


def test_hostile_object_metadata_says_nothing(
    s3_project: Project, s3_store: S3Store, drawing: bytes
) -> None:
    s3_store.client.put_object(
        Bucket=s3_store.bucket,
        Key=f"{s3_store.prefix}stylized/{MODEL}/a.png",
        Body=drawing,
        Metadata={"image": "%ff%00", "image-sha256": "../..", "options": "[" * 500},
    )

    result = s3_project.run("explain", f"{MODEL}/a.png")

    assert_failed(result, f"stylized/{MODEL}/a.png: nothing says where it comes from")


# Errors


def test_near_misses_are_suggested(
    directory_project: Project, directory_store: DirectoryStore
) -> None:
    directory_store.write(f"stylized/{NAME}", b"")

    result = directory_project.run("explain", f"{MODEL}/lisbon/Cafe 28.png")

    assert_failed(result, f"did you mean {NAME}?")


@pytest.mark.parametrize("name", ["nothing.png", "../../etc/passwd", "", "s3://bucket/a.png"])
def test_what_does_not_exist_is_named(name: str, directory_project: Project) -> None:
    assert_failed(directory_project.run("explain", name), "no such file or result")


def test_a_photograph_says_nothing(directory_project: Project, drawing: bytes) -> None:
    result = directory_project.run("explain", str(directory_project.drop(IMAGE, drawing)))

    assert_failed(result, "nothing says where it comes from")


def test_what_is_not_a_picture_is_refused(directory_project: Project, tmp_path: Path) -> None:
    (tmp_path / "notes.png").write_text("notes")

    assert_failed(directory_project.run("explain", "notes.png"), "notes.png: expected a picture")
