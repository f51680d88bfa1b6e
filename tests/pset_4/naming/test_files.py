"""Files anywhere on this machine, given as arguments of commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.pipeline.projects import Project, assert_failed, failures, set_at_rest
from tests.support.remotes.stores import RemoteStore

pytestmark = pytest.mark.s3_in_soak


@pytest.fixture
def pictures(tmp_path: Path, photograph: bytes, drawing: bytes, model: bytes) -> Path:
    """A folder with two images and a model."""
    folder = tmp_path / "Pictures"
    folder.mkdir()
    for name, content in {"a.jpg": photograph, "b.png": drawing, "new.pth": model}.items():
        (folder / name).write_bytes(content)
        set_at_rest(folder / name)
    return folder


@pytest.mark.parametrize("words", [("main",), ()])
def test_files_are_dropped_in_and_only_they_are_painted(
    project: Project,
    store: RemoteStore,
    pictures: Path,
    photograph: bytes,
    model: bytes,
    words: tuple[str, ...],
) -> None:
    project.drop("other.jpg", photograph)
    project.drop("candy.pth", model)

    files = [str(pictures / "a.jpg"), str(pictures / "b.png")]
    summary = project.run_well(*words, *files, "--style", "candy")

    assert summary["painted"] == 2
    assert [path for path in store.list() if path.startswith("stylized")] == [
        "stylized/candy.pth/a.jpg",
        "stylized/candy.pth/b.png",
    ]
    assert (project.uploads / "a.jpg").read_bytes() == photograph


@pytest.mark.s3_every_day
def test_upload_publishes_only_the_files_given(
    project: Project, store: RemoteStore, pictures: Path, photograph: bytes
) -> None:
    project.drop("other.jpg", photograph)

    files = [str(pictures / "a.jpg"), str(pictures / "new.pth")]
    assert project.run_well("upload", *files)["published"] == 2

    assert store.list() == ["images/a.jpg", "saved_models/new.pth"]


def test_a_model_is_given_as_a_file(project: Project, pictures: Path) -> None:
    summary = project.run_well("main", str(pictures / "a.jpg"), str(pictures / "new.pth"))

    assert (summary["painted"], project.files("stylized")) == (1, ["stylized/new.pth/a.jpg"])


@pytest.mark.parametrize("words", [["--style", "typo"], ["./notes.txt"], ["./absent.jpg"]])
def test_nothing_is_dropped_in_if_another_word_is_wrong(
    directory_project: Project,
    pictures: Path,
    words: list[str],
    model: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    directory_project.drop("candy.pth", model)
    (pictures / "notes.txt").write_text("notes")
    monkeypatch.chdir(pictures)

    result = directory_project.run("main", "./a.jpg", *words)

    assert result.exit_code != 0
    assert not (directory_project.uploads / "a.jpg").exists()


@pytest.mark.parametrize("command", ["main", "upload", "stylize"])
def test_a_file_that_is_not_what_its_name_says_is_not_dropped_in(
    project: Project, pictures: Path, model: bytes, command: str
) -> None:
    project.drop("candy.pth", model)
    page, cut = pictures / "page.png", pictures / "cut.pth"
    page.write_bytes(b"<!DOCTYPE html><title>Not found</title>")
    cut.write_bytes(model[: len(model) // 2])

    result = project.run(command, str(page), str(cut), str(pictures / "a.jpg"))

    assert result.exit_code == 1
    assert [line.partition(": ")[2].partition(": ")[0] for line in failures(result)] == [
        str(page),
        str(cut),
    ]
    assert project.files("uploads") == ["uploads/a.jpg", "uploads/candy.pth"]


@pytest.mark.parametrize("command", ["main", "upload"])
def test_a_single_file_that_is_bad_stands_for_nothing_else(
    project: Project, store: RemoteStore, pictures: Path, model: bytes, command: str
) -> None:
    project.drop("candy.pth", model)
    project.drop("other.jpg", (pictures / "a.jpg").read_bytes())
    (pictures / "page.png").write_bytes(b"<html>")

    result = project.run(command, str(pictures / "page.png"))

    assert result.exit_code == 1
    assert [path for path in store.list() if path.startswith(("images", "stylized"))] == []


def test_a_home_folder_is_known(
    directory_project: Project, pictures: Path, model: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(pictures))
    monkeypatch.setenv("USERPROFILE", str(pictures))
    directory_project.drop("candy.pth", model)

    assert directory_project.run_well("stylize", "~/a.jpg")["painted"] == 1


def test_a_file_among_the_drop_ins_stands_for_its_name(
    directory_project: Project, photograph: bytes, model: bytes
) -> None:
    path = directory_project.drop("lisbon/tram.jpg", photograph)
    directory_project.drop("candy.pth", model)

    directory_project.run_well("main", str(path))

    assert directory_project.files("stylized") == ["stylized/candy.pth/lisbon/tram.jpg"]
    assert directory_project.files("uploads") == ["uploads/candy.pth", "uploads/lisbon/tram.jpg"]


def test_a_file_that_is_dropped_in_already_is_fine(
    directory_project: Project, pictures: Path, photograph: bytes, model: bytes
) -> None:
    directory_project.drop("a.jpg", photograph)
    directory_project.drop("candy.pth", model)

    result = directory_project.run("main", str(pictures / "a.jpg"))

    assert (result.exit_code, "dropped in" in result.stderr) == (0, False), result.output


def test_another_drop_in_of_the_name_is_a_conflict_and_stays(
    directory_project: Project, pictures: Path
) -> None:
    path = directory_project.drop("a.jpg", b"other bytes")

    result = directory_project.run("main", str(pictures / "a.jpg"))

    assert_failed(result, f"{path}: conflict: the drop-in (SHA-256 ")
    assert path.read_bytes() == b"other bytes"


@pytest.mark.parametrize("kind", ["link", "folder"])
def test_what_is_in_the_way_is_named_and_stays(
    directory_project: Project, pictures: Path, kind: str
) -> None:
    directory_project.uploads.mkdir()
    obstacle = directory_project.uploads / "a.jpg"
    obstacle.mkdir() if kind == "folder" else obstacle.symlink_to("nowhere.jpg")

    result = directory_project.run("main", str(pictures / "a.jpg"))

    assert_failed(result, f"{obstacle}: {'not a file' if kind == 'folder' else 'a link'}")
    assert obstacle.is_dir() or obstacle.is_symlink()


@pytest.mark.parametrize(
    ("path", "message", "exit_code"),
    [
        ("nowhere.jpg", "nowhere.jpg: there is no such file; check the path", 2),
        ("Pictures", "Pictures: a folder; name the files in it, or use it in place with", 2),
        ("Pictures/notes.txt", "Pictures/notes.txt: neither an image", 1),
        ("Pictures/con.png", "con.png: Windows reserves the name for a device", 1),
    ],
)
def test_what_cannot_be_dropped_in_is_explained(
    directory_project: Project, pictures: Path, path: str, message: str, exit_code: int
) -> None:
    for name in ("notes.txt", "con.png"):
        (pictures / name).write_bytes(b"")

    assert_failed(directory_project.run("main", path), message, exit_code)
    assert not directory_project.uploads.exists()


def test_a_file_that_must_not_be_published_is_a_usage_error(
    directory_project: Project, pictures: Path
) -> None:
    result = directory_project.run("main", str(pictures / "a.jpg"), "--no-upload")

    assert_failed(result, "leave out --no-upload", exit_code=2)
    assert not directory_project.uploads.exists()
