"""Remotes with unusable names in them, and remotes that do not answer."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.support.pipeline.projects import MakeProject, Project, assert_failed, failures
from tests.support.remotes.stores import DirectoryStore, RemoteStore, S3Store


def test_a_hostile_name_is_reported_and_not_fetched(
    directory_project: Project, directory_store: DirectoryStore, photograph: bytes
) -> None:
    directory_store.write("images/CON.png", photograph)
    directory_store.write("images/photo.jpg", photograph)

    result = directory_project.run("download")

    assert_failed(result, "CON.png")
    assert directory_project.files("images") == ["images/photo.jpg"]


@pytest.mark.parametrize("name", [".hidden.png", "drawing.png/y.png", "sub/../y.png", "sub/"])
def test_an_image_at_an_unusable_key_is_reported_and_not_fetched(
    s3_project: Project, name: str, s3_store: S3Store, drawing: bytes
) -> None:
    s3_store.write(f"images/{name}", drawing)
    s3_store.write("images/drawing.png", drawing)
    s3_store.write("images/empty/", b"")  # the folder of a program that shows folders

    result = s3_project.run("download")

    assert_failed(result, f"{name}: ")
    assert s3_project.files("images") == ["images/drawing.png"]


def test_a_linked_folder_in_a_directory_remote_is_reported_and_not_followed(
    directory_project: Project, directory_store: DirectoryStore, photograph: bytes, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret.jpg").write_bytes(photograph)
    directory_store.write("images/photo.jpg", photograph)
    for link in ("holiday", "deep/holiday", ".hidden"):
        path = Path(directory_store.url, "images", link)
        path.parent.mkdir(exist_ok=True)
        path.symlink_to(tmp_path / "elsewhere")

    result = directory_project.run("download")

    assert result.exit_code == 1
    assert failures(result) == [
        f"failed: {directory_store.url}/images/{link}: a link to a folder, which is not followed "
        "in a shared folder; put the folder itself there"
        for link in ("deep/holiday", "holiday")
    ]
    assert directory_project.files("images") == ["images/photo.jpg"]


def test_a_link_in_place_of_a_file_hides_no_other_file(
    directory_project: Project, directory_store: DirectoryStore, photograph: bytes, drawing: bytes
) -> None:
    directory_store.write("images/photo.jpg", photograph)
    directory_store.write("images/drawing.png", drawing)
    directory_project.run_well("download")
    link = Path(directory_store.url, "images", "photo.jpg")
    link.unlink()
    link.symlink_to(directory_project.data / "images" / "photo.jpg")

    status = directory_project.run("status").stdout
    verified = directory_project.run_well("verify")

    assert f"refused: {link}: a link, which is not followed in a shared folder" in status
    assert [line.split()[0::3] for line in status.splitlines() if ".png" in line] == [
        ["drawing.png", "current"]
    ]
    assert (verified["checked"], verified["damaged"]) == (2, 0)


@pytest.mark.parametrize("name", [".holiday.jpg.icloud", "deep/holiday.jpg.nextcloud"])
def test_a_placeholder_of_a_cloud_in_a_directory_remote_is_reported(
    name: str, directory_project: Project, directory_store: DirectoryStore, photograph: bytes
) -> None:
    directory_store.write("images/photo.jpg", photograph)
    directory_store.write(f"images/{name}", b"bplist00")
    directory_store.write("images/.notes.txt.icloud", b"bplist00")

    result = directory_project.run("download")

    (failure,) = failures(result)
    folder = Path(directory_store.url, "images", name).parent
    assert failure.startswith(f"failed: {folder}/holiday.jpg: not downloaded from ")
    assert directory_project.files("images") == ["images/photo.jpg"]


def test_a_file_beyond_all_limits_is_refused_before_it_is_read(
    directory_project: Project, directory_store: DirectoryStore, photograph: bytes
) -> None:
    directory_store.write("images/photo.jpg", photograph)
    directory_project.run_well("download")
    for name in ("photo.jpg", "large.png"):
        with Path(directory_store.url, "images", name).open("wb") as file:
            file.truncate(10**13)  # reading it would take hours

    result = directory_project.run("download")

    assert [line.partition(": ")[2].partition(" is ")[0] for line in failures(result)] == [
        f"{directory_store.url}/images/{name}: expected at most 1,073,741,824 bytes, "
        "got 10,000,000,000,000;"
        for name in ("large.png", "photo.jpg")
    ]
    assert directory_project.run("status").exit_code == 0


def test_a_result_and_its_image_beyond_all_limits_are_not_read(
    directory_project: Project, directory_store: DirectoryStore, photograph: bytes, model: bytes
) -> None:
    directory_project.drop("photo.jpg", photograph)
    directory_project.drop("model.pth", model)
    directory_project.run_well("main")
    result, image = (
        Path(directory_store.url, name)
        for name in ("stylized/model.pth/photo.jpg", "images/photo.jpg")
    )

    os.truncate(result, 10**13)  # reading it would take hours
    assert "photo.jpg: unreadable" in directory_project.run("verify").stdout
    assert_failed(directory_project.run("main", "--max-side", "16"), f"{result}: expected at most")

    os.truncate(image, 10**13)
    assert_failed(directory_project.run("main"), f"{image}: expected at most")
    assert_failed(directory_project.run("explain", "model.pth/photo.jpg"), "expected at most")
    assert directory_project.run("status").exit_code == 0


@pytest.mark.parametrize(
    "name",
    [
        ".DS_Store",
        "sub/.DS_Store",
        "sub/readme.txt",
        "readme.txt",
        "._photo.jpg",
        ".records/photo.jpg",
        ".luigi-tmp-0123456789abcdef.jpg",
    ],
)
def test_files_of_other_programs_and_kinds_are_ignored(
    name: str, project: Project, store: RemoteStore, photograph: bytes
) -> None:
    store.write(f"images/{name}", b"kept")
    store.write("images/photo.jpg", photograph)

    assert project.run_well("download")["fetched"] == 1


@pytest.mark.parametrize("command", ["upload", "download"])
@pytest.mark.parametrize("kind", ["folder", "fifo"])
def test_a_folder_or_fifo_in_place_of_a_file_is_reported(
    kind: str,
    command: str,
    directory_project: Project,
    directory_store: DirectoryStore,
    photograph: bytes,
) -> None:
    if kind == "fifo" and not hasattr(os, "mkfifo"):
        pytest.skip("this system has no FIFOs")
    path = Path(directory_store.url, "images", "photo.jpg")
    path.parent.mkdir()
    path.mkdir() if kind == "folder" else os.mkfifo(path)
    directory_project.drop("photo.jpg", photograph)

    result = directory_project.run_apart(command, "--image", "photo.jpg")

    assert failures(result) == [f"failed: {path}: not a file; remove it and run again"]


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("images/photo.jpg", "neural_style.pictures.file_formats.MAX_PICTURE_BYTES"),
        ("saved_models/one.pth", "neural_style.formats.model_file.MAX_STYLE_BYTES"),
    ],
)
def test_a_file_larger_than_any_that_is_read_is_not_fetched(
    name: str, limit: str, project: Project, store: RemoteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limit, 1000)
    store.write(name, bytes(1001))

    result = project.run("download")

    assert_failed(result, "expected at most 1,000 bytes, got 1,001")
    assert project.files(name.partition("/")[0]) == []


def test_an_endpoint_that_is_no_url_is_reported(
    make_project: MakeProject, s3_environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "127.0.0.1")

    result = make_project("machine", "s3://bucket").run("status")

    assert_failed(result, "check AWS_ENDPOINT_URL")


def test_a_missing_bucket_is_reported_once(
    make_project: MakeProject, s3_environment: None, photograph: bytes, model: bytes
) -> None:
    project = make_project("machine", "s3://no-such-bucket-here/prefix")
    project.drop("photo.jpg", photograph)
    project.drop("one.pth", model)

    result = project.run("main")

    assert (result.exit_code, result.stderr.count("no-such-bucket-here'")) == (1, 1)


def test_a_missing_bucket_is_not_created(
    make_project: MakeProject, s3_store: S3Store, photograph: bytes
) -> None:
    project = make_project("machine", "s3://no-such-bucket-here/prefix")
    project.drop("photo.jpg", photograph)

    project.run("main")

    names = [bucket["Name"] for bucket in s3_store.client.list_buckets()["Buckets"]]
    assert s3_store.bucket in names
    assert "no-such-bucket-here" not in names


def test_a_server_that_does_not_answer_is_reported_in_one_line(
    make_project: MakeProject,
    s3_environment: None,
    monkeypatch: pytest.MonkeyPatch,
    photograph: bytes,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    project = make_project("machine", "s3://bucket/prefix")
    project.drop("photo.jpg", photograph)

    result = project.run("upload")

    assert_failed(result, "check the network and AWS_ENDPOINT_URL")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows connects to no unspecified address")
@pytest.mark.parametrize(("host", "count"), [("0.0.0.0", 1), ("127.0.0.1", 0), ("localhost", 0)])
def test_a_remote_without_tls_is_noted_once_unless_it_is_this_machine(
    s3_project: Project, host: str, count: int, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_endpoint.replace("127.0.0.1", host))

    result = s3_project.run("status")

    assert result.exit_code == 0
    assert result.stderr.count(f"note: http://{host}: what is sent can be read and") == count
