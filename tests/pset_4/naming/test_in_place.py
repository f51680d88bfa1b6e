"""Drop-ins in a folder of somebody's own, which is only read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pset_4.places import UPLOADS_VARIABLE
from tests.support.pipeline.projects import Project, assert_failed, set_at_rest
from tests.support.remotes.stores import RemoteStore


@pytest.fixture
def pictures(tmp_path: Path, photograph: bytes) -> Path:
    """A folder of photographs."""
    folder = tmp_path / "Pictures"
    file = folder / "lisbon" / "tram.jpg"
    file.parent.mkdir(parents=True)
    file.write_bytes(photograph)
    set_at_rest(file)
    return folder


def read_tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Return size and time of the last change of each file and folder."""
    paths = [folder, *folder.rglob("*")]
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in paths}


def test_a_folder_in_place_is_published_and_only_read(
    project: Project, store: RemoteStore, pictures: Path, model: bytes
) -> None:
    store.write("saved_models/one.pth", model)
    before = read_tree(pictures)

    summary = project.run_well("main", "--uploads", str(pictures), "--model", "one.pth")

    assert summary["painted"] == 1
    assert "stylized/one.pth/lisbon/tram.jpg" in store.list()
    assert read_tree(pictures) == before
    assert not project.uploads.exists()


def test_the_environment_may_name_the_folder(
    directory_project: Project, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(UPLOADS_VARIABLE, str(pictures))

    assert directory_project.run_well("upload")["published"] == 1


def test_dotenv_may_not_name_the_folder(
    directory_project: Project, pictures: Path, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(f"{UPLOADS_VARIABLE}={pictures}\n")
    (tmp_path / ".env").chmod(0o600)

    result = directory_project.run("upload")

    assert f"not used: {UPLOADS_VARIABLE}" in result.stderr
    assert "published images" not in result.stderr
    assert UPLOADS_VARIABLE not in os.environ


def test_a_data_folder_is_created_for_it(
    directory_project: Project, pictures: Path, tmp_path: Path
) -> None:
    result = directory_project.run("upload", "--uploads", str(pictures), "--data", "new/data")

    assert result.exit_code == 0, result.output
    assert (tmp_path / "new" / "data").is_dir()


def test_files_of_other_kinds_are_left_alone_with_a_note(
    directory_project: Project, pictures: Path
) -> None:
    (pictures / "movie.mov").write_bytes(b"")
    (pictures / "lisbon" / "notes.txt").write_bytes(b"")

    result = directory_project.run("upload", "--uploads", str(pictures))

    assert result.exit_code == 0, result.output
    note = f"note: ignored in {pictures}: 2 other files, such as lisbon/notes.txt"
    assert note in result.stderr.splitlines()

    (pictures / "movie.mov").unlink()
    result = directory_project.run("upload", "--uploads", str(pictures))

    note = f"note: ignored in {pictures}: 1 other file, lisbon/notes.txt"
    assert note in result.stderr.splitlines()


def test_a_folder_that_does_not_exist_is_a_usage_error(directory_project: Project) -> None:
    result = directory_project.run("upload", "--uploads", "nowhere")

    assert_failed(result, "--uploads 'nowhere': there is no such folder", exit_code=2)


@pytest.mark.parametrize(
    "place",
    [
        lambda project: project.data,
        lambda project: project.data / "images" / "deeper",
        lambda project: project.data / "stylized",
        lambda project: project.folder,
        lambda project: Path(project.remote_url),
        lambda project: Path(project.remote_url) / "images",
        lambda project: Path(project.remote_url).parent,
    ],
)
def test_a_folder_that_is_written_to_is_a_usage_error(
    directory_project: Project, place: Callable[[Project], Path]
) -> None:
    folder = place(directory_project)
    folder.mkdir(parents=True, exist_ok=True)

    result = directory_project.run("upload", "--uploads", str(folder))

    assert_failed(result, "what is fetched and painted is kept in", exit_code=2)


def test_the_data_folder_s_own_drop_ins_may_be_named(
    directory_project: Project, photograph: bytes
) -> None:
    directory_project.drop("photo.jpg", photograph)

    summary = directory_project.run_well("upload", "--uploads", str(directory_project.uploads))

    assert summary["published"] == 1


@pytest.mark.parametrize("words", [("demo",), ("models", "fetch"), ("main", "photo.jpg")])
def test_nothing_is_dropped_into_a_folder_in_place(
    directory_project: Project,
    pictures: Path,
    tmp_path: Path,
    photograph: bytes,
    words: tuple[str, ...],
) -> None:
    (tmp_path / "photo.jpg").write_bytes(photograph)
    before = read_tree(pictures)

    result = directory_project.run(*words, "--uploads", str(pictures))

    assert_failed(result, "drop-ins are used in place, and nothing is written there", exit_code=2)
    assert read_tree(pictures) == before
