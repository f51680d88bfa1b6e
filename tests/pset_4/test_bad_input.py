"""Bad input gets one clear line, loses nothing, and lets its neighbours through."""

import io
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support.projects import read_summary


@pytest.fixture
def with_good_ones(project: Any, photograph: bytes, model: bytes) -> Any:
    """A project with a picture and a style that are in order."""
    project.drop("photo.jpg", photograph)
    project.drop("one.pth", model)
    return project


class Malicious:
    """Unpickled without care, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return os.mkdir, (str(self.path),)


BAD_DROP_INS = {
    "empty.png": b"",
    "text.jpg": b"This is no picture.",
    "truncated.pth": b"PK\x03\x04",
    "text.pth": b"This is no model.",
    "text.onnx": b"This is no model.",
    "notes.txt": b"Neither by its suffix.",
    "con.png": b"A device on Windows.",
}


@pytest.mark.parametrize("name", BAD_DROP_INS)
def test_a_bad_drop_in_is_told_in_one_line(with_good_ones: Any, name: str) -> None:
    with_good_ones.drop(name, BAD_DROP_INS[name])
    result = with_good_ones.run("main")
    lines = [line for line in result.stderr.splitlines() if "failed" in line or "error" in line]
    assert (result.exit_code, len(lines)) == (1, 1), result.stderr
    assert name in lines[0]
    assert "Traceback" not in result.output


@pytest.mark.parametrize("name", BAD_DROP_INS)
def test_a_bad_drop_in_is_not_published(with_good_ones: Any, store: Any, name: str) -> None:
    with_good_ones.drop(name, BAD_DROP_INS[name])
    with_good_ones.run("main")
    assert [path for path in store.list() if name in path] == []


def test_the_neighbours_of_bad_drop_ins_are_painted(with_good_ones: Any, store: Any) -> None:
    for name, content in BAD_DROP_INS.items():
        with_good_ones.drop(name, content)
    summary = read_summary(with_good_ones.run("main"))
    assert summary["painted"] == 1
    assert "stylized/one.pth/photo.jpg" in store.list()


def test_a_truncated_picture_is_not_published(
    with_good_ones: Any, store: Any, photograph: bytes
) -> None:
    with_good_ones.drop("cut.jpg", photograph[: len(photograph) // 2])
    assert with_good_ones.run("upload").exit_code == 1
    assert store.list() == ["images/photo.jpg", "saved_models/one.pth"]


def test_a_picture_dropped_in_as_a_model_is_named_as_such(
    with_good_ones: Any, photograph: bytes
) -> None:
    with_good_ones.drop("photo.pth", photograph)
    assert "JPEG" in with_good_ones.run("upload").stderr


def test_a_malicious_model_executes_nothing(with_good_ones: Any, tmp_path: Path) -> None:
    proof = tmp_path / "executed"
    with_good_ones.drop("evil.pth", pickle.dumps(Malicious(proof)))
    assert with_good_ones.run("main").exit_code == 1
    assert not proof.exists()


@pytest.mark.parametrize("link", ["file", "folder", "nowhere"])
def test_a_link_is_not_followed(
    with_good_ones: Any, store: Any, tmp_path: Path, photograph: bytes, link: str
) -> None:
    target = tmp_path / "elsewhere.png"
    if link == "file":
        target.write_bytes(photograph)
    elif link == "folder":
        target.mkdir()
    (with_good_ones.data / "uploads" / "link.png").symlink_to(target)
    result = with_good_ones.run("upload")
    assert (result.exit_code, "link.png" in result.stderr) == (1, True)
    assert "images/link.png" not in store.list()


@pytest.mark.parametrize("command", ["main", "stylize"])
def test_a_link_that_is_named_is_not_taken_for_the_remote_s_picture(
    project: Any, store: Any, tmp_path: Path, photograph: bytes, model: bytes, command: str
) -> None:
    store.write("images/link.jpg", photograph)
    project.drop("one.pth", model)
    (project.data / "uploads" / "link.jpg").symlink_to(tmp_path / "elsewhere.jpg")
    result = project.run(command, "--image", "link.jpg", "--model", "one.pth")
    assert (result.exit_code, "is a link" in result.stderr) == (1, True)
    assert project.files("stylized") == []


def test_beside_a_refused_picture_only_what_was_asked_for_is_published(
    project: Any, store: Any, photograph: bytes, model: bytes
) -> None:
    project.drop("con.png", b"")
    project.drop("photo.jpg", photograph)
    project.drop("one.pth", model)
    project.drop("two.pth", model)
    (project.data / "uploads" / "link.jpg").symlink_to("photo.jpg")
    project.run("main", "--image", "link.jpg", "--model", "one.pth")
    assert store.list() == ["saved_models/one.pth"]


def test_with_uploads_off_a_name_is_the_remote_s_whatever_is_dropped_in(
    project: Any, store: Any, tmp_path: Path, photograph: bytes, model: bytes
) -> None:
    store.write("images/link.jpg", photograph)
    store.write("saved_models/one.pth", model)
    project.drop("link.jpg", b"").unlink()
    (project.data / "uploads" / "link.jpg").symlink_to(tmp_path / "elsewhere.jpg")
    chosen = ("--image", "link.jpg", "--model", "one.pth")
    assert project.run_well("stylize", "--no-upload", *chosen)["painted"] == 1


def test_the_default_is_not_painted_for_a_picture_that_was_refused(
    project: Any, store: Any, model: bytes
) -> None:
    project.drop("photo.heic", b"")
    project.drop("one.pth", model)
    result = project.run("main")
    assert (result.exit_code, "luigi.jpg" in result.stderr) == (1, False)
    assert store.list() == ["saved_models/one.pth"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_a_fifo_is_not_waited_for(directory_project: Any, photograph: bytes) -> None:
    directory_project.drop("photo.jpg", photograph)
    os.mkfifo(directory_project.data / "uploads" / "pipe.png")
    result = directory_project.run("upload")
    assert (result.exit_code, "pipe.png" in result.stderr) == (1, True)


def test_a_folder_of_drop_ins_is_reported(directory_project: Any, photograph: bytes) -> None:
    (directory_project.data / "uploads" / "holidays").mkdir(parents=True)
    result = directory_project.run("upload")
    assert (result.exit_code, "holidays" in result.stderr) == (1, True)


@pytest.mark.parametrize(
    "name", [".DS_Store", "Thumbs.db", "photo.jpg~", ".photo.jpg.swp", "photo.jpg.part"]
)
def test_what_programs_leave_behind_is_ignored(with_good_ones: Any, store: Any, name: str) -> None:
    with_good_ones.drop(name, b"left behind")
    with_good_ones.run_well("upload")
    assert store.list() == ["images/photo.jpg", "saved_models/one.pth"]


@pytest.mark.parametrize("option", ["--image", "--model"])
@pytest.mark.parametrize("command", ["main", "stylize", "upload", "download"])
def test_a_hostile_name_on_the_command_line_is_a_usage_error(
    directory_project: Any, command: str, option: str
) -> None:
    result = directory_project.run(command, option, "../outside.png")
    assert result.exit_code == 2
    assert "'../outside.png'" in result.stderr


def test_a_name_that_is_nowhere_is_told_with_the_remedy(project: Any, store: Any) -> None:
    result = project.run("main", "--image", "nowhere.png", "--model", "nowhere.pth")
    assert result.exit_code == 1
    for path in ("images/nowhere.png", "saved_models/nowhere.pth"):
        (line,) = [line for line in result.stderr.splitlines() if f"{store.url}/{path}" in line]
        assert "drop it into" in line


def test_a_name_to_upload_that_is_not_dropped_in_is_told(project: Any) -> None:
    result = project.run("upload", "--image", "nowhere.png")
    assert result.exit_code == 1
    assert str(project.data / "uploads" / "nowhere.png") in result.stderr


def test_a_style_number_that_the_file_does_not_have_is_told(
    project: Any, photograph: bytes, many_styles: bytes
) -> None:
    project.drop("photo.jpg", photograph)
    project.drop("many.onnx", many_styles)
    result = project.run("main", "--model", "many.onnx@26")
    assert result.exit_code == 1
    assert "25" in result.stderr


def test_a_hostile_name_in_the_remote_is_reported_and_not_fetched(
    directory_project: Any, directory_store: Any, photograph: bytes
) -> None:
    directory_store.write("images/CON.png", photograph)
    directory_store.write("images/photo.jpg", photograph)
    result = directory_project.run("download")
    assert (result.exit_code, "CON.png" in result.stderr) == (1, True)
    assert directory_project.files("images") == ["images/photo.jpg"]


@pytest.mark.parametrize("name", [".hidden.png", "sub/y.png", "sub/../y.png"])
def test_a_picture_that_is_not_fetched_for_its_place_in_the_remote_is_reported(
    name: str, make_project: Any, s3_store: Any, drawing: bytes
) -> None:
    s3_store.write(f"images/{name}", drawing)
    s3_store.write("images/drawing.png", drawing)
    project = make_project("machine", s3_store.url)
    result = project.run("download")
    assert (result.exit_code, repr(name) in result.stderr) == (1, True)
    assert project.files("images") == ["images/drawing.png"]


@pytest.mark.parametrize(
    "name",
    [
        ".DS_Store",
        "sub/.DS_Store",
        "sub/readme.txt",
        "._photo.jpg",
        ".records/photo.jpg",
        ".luigi-tmp-0123456789abcdef.jpg",
    ],
)
def test_what_programs_keep_in_the_remote_is_nobody_s_concern(
    name: str, project: Any, store: Any, photograph: bytes
) -> None:
    store.write(f"images/{name}", b"kept")
    store.write("images/photo.jpg", photograph)
    assert project.run_well("download")["fetched"] == 1


def test_a_file_of_another_kind_in_the_remote_is_nobody_s_concern(
    project: Any, store: Any, photograph: bytes
) -> None:
    store.write("images/readme.txt", b"about these pictures")
    store.write("images/photo.jpg", photograph)
    assert project.run_well("download")["fetched"] == 1


def test_bad_drop_ins_that_are_not_asked_for_are_not_reported(with_good_ones: Any) -> None:
    with_good_ones.drop("notes.txt", b"")
    with_good_ones.drop("con.png", b"")
    with_good_ones.run_well("main", "--image", "photo.jpg")


def test_bad_drop_ins_of_the_kind_that_is_not_named_are_reported(with_good_ones: Any) -> None:
    with_good_ones.drop("con.pth", b"")
    assert with_good_ones.run("main", "--image", "photo.jpg").exit_code == 1
    assert with_good_ones.run("main", "--model", "one.pth").exit_code == 0


def test_a_drop_in_that_is_not_published_is_told_as_such(with_good_ones: Any) -> None:
    result = with_good_ones.run("main", "--no-upload")
    assert (result.exit_code, "uploads are off" in result.stderr) == (1, True)


def test_a_result_that_cannot_be_written_is_named_as_people_know_it(
    directory_project: Any, model: bytes
) -> None:
    file = io.BytesIO()
    Image.new("L", (16000, 8)).save(file, "WEBP")
    directory_project.drop("wide.webp", file.getvalue())
    directory_project.drop("one.pth", model)
    result = directory_project.run("main", "--content-scale", "0.9")  # beyond WebP's 16383 px
    assert result.exit_code == 1
    assert "stylized/one.pth/wide.webp: cannot be written" in result.stderr


def test_an_endpoint_that_is_none_is_told(
    make_project: Any, s3_environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "127.0.0.1")
    result = make_project("machine", "s3://bucket").run("status")
    assert (result.exit_code, "check AWS_ENDPOINT_URL" in result.stderr) == (1, True)


@pytest.mark.usefixtures("bound_by_permissions")
def test_a_drop_in_that_may_not_be_read_is_told(with_good_ones: Any, photograph: bytes) -> None:
    with_good_ones.drop("locked.jpg", photograph).chmod(0)
    result = with_good_ones.run("main")
    assert (result.exit_code, "locked.jpg" in result.stderr) == (1, True)


def test_a_cache_that_cannot_be_written_is_told(with_good_ones: Any) -> None:
    (with_good_ones.data / "images").write_text("in the way")
    result = with_good_ones.run("main")
    assert result.exit_code == 1
    assert str(with_good_ones.data / "images") in result.stderr


def test_a_bucket_that_is_missing_is_told_once_and_not_created(
    make_project: Any, s3_store: Any, photograph: bytes, model: bytes
) -> None:
    project = make_project("machine", "s3://no-such-bucket-here/prefix")
    project.drop("photo.jpg", photograph)
    project.drop("one.pth", model)
    result = project.run("main")
    assert (result.exit_code, result.stderr.count("no-such-bucket-here'")) == (1, 1)
    names = [bucket["Name"] for bucket in s3_store.client.list_buckets()["Buckets"]]
    assert "no-such-bucket-here" not in names


def test_a_server_that_does_not_answer_is_told(
    make_project: Any, s3_environment: None, monkeypatch: pytest.MonkeyPatch, photograph: bytes
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    project = make_project("machine", "s3://bucket/prefix")
    project.drop("photo.jpg", photograph)
    result = project.run("upload")
    (line,) = result.stderr.splitlines()
    assert (result.exit_code, "check the network and AWS_ENDPOINT_URL" in line) == (1, True)


@pytest.mark.parametrize("command", ["main", "upload", "status"])
def test_a_file_in_the_place_of_the_drop_ins_is_told(directory_project: Any, command: str) -> None:
    directory_project.data.mkdir()
    (directory_project.data / "uploads").write_text("in the way")
    result = directory_project.run(command)
    (line,) = result.stderr.splitlines()
    assert (result.exit_code, "uploads is not a folder: take away" in line) == (2, True)


@pytest.mark.parametrize("command", ["upload", "download"])
@pytest.mark.parametrize("kind", ["folder", "fifo"])
def test_what_is_no_file_in_the_remote_is_told_as_such(
    kind: str, command: str, directory_project: Any, directory_store: Any, photograph: bytes
) -> None:
    if kind == "fifo" and not hasattr(os, "mkfifo"):
        pytest.skip("this system has no FIFOs")
    path = Path(directory_store.url, "images", "photo.jpg")
    path.parent.mkdir()
    path.mkdir() if kind == "folder" else os.mkfifo(path)
    directory_project.drop("photo.jpg", photograph)
    result = directory_project.run(command, "--image", "photo.jpg")
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("failed: ")]
    assert line == f"failed: {path} is not a file: take it away and run again"
