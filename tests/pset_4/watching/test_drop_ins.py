"""Drop-ins of `watch`: what comes, goes, grows and moves."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from csci_utils.luigi.rooted import RootedFileSystem
from neural_style import StyleDescription
from neural_style.backends import loading
from neural_style.backends.base import Style
from pset_4.runners.in_process import InProcessRunner
from pset_4.tasks.snapshot import QUIET_SECONDS
from tests.support.pipeline.programs import wait_until
from tests.support.pipeline.projects import Project, failures
from tests.support.pipeline.watching import wait_for_files, wait_for_text, watch
from tests.support.remotes.stores import DirectoryStore, RemoteStore

RESULT = "stylized/model.pth/photo.jpg"


@pytest.fixture
def styled(directory_project: Project, model: bytes) -> Project:
    """A project with a style dropped in."""
    directory_project.drop("model.pth", model)
    return directory_project


def drop_whole(project: Project, name: str, content: bytes) -> Path:
    """Drop a file in as a person does: with its true times."""
    path = project.uploads / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_a_drop_in_is_painted_and_published(
    project: Project, store: RemoteStore, photograph: bytes, model: bytes
) -> None:
    project.drop("model.pth", model)

    def act() -> None:
        drop_whole(project, "photo.jpg", photograph)
        wait_for_text("painted 1")

    result = watch(project, meanwhile=act)

    assert result.exit_code == 130
    assert store.list() == ["images/photo.jpg", "saved_models/model.pth", RESULT]
    assert failures(result) == []


def test_drop_ins_are_painted_like_an_existing_painting(
    styled: Project, photograph: bytes, drawing: bytes
) -> None:
    styled.drop("photo.jpg", photograph)
    styled.run_well("main", "--strength", "0.5")
    painting = "model.pth@strength=0.5/photo.jpg"

    def act() -> None:
        drop_whole(styled, "new.png", drawing)
        wait_for_files(styled, "stylized/model.pth@strength=0.5/new.png")

    result = watch(styled, "--like", painting, meanwhile=act)

    assert f"like {painting}: model.pth, --strength 0.5" in result.stderr
    assert failures(result) == []


@pytest.mark.parametrize("option", ["--dry-run", "--json"])
def test_options_for_a_single_answer_are_refused(option: str, directory_project: Project) -> None:
    result = directory_project.run("watch", option)

    assert result.exit_code == 2
    assert f"No such option '{option}'" in result.stderr


def test_a_style_is_loaded_once_for_all_drop_ins(
    styled: Project, photograph: bytes, drawing: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = []
    load_style = loading.load_style

    def load_and_count(*arguments: Any) -> Style:
        loaded.append(arguments)
        return load_style(*arguments)

    monkeypatch.setattr("neural_style.painting.painter.load_style", load_and_count)

    def act() -> None:
        for count, content in enumerate((photograph, drawing), 1):
            drop_whole(styled, f"{count}.png", content)
            wait_for_files(styled, f"stylized/model.pth/{count}.png")

    watch(styled, meanwhile=act)

    assert len(loaded) == 1


def test_the_styles_of_a_file_are_counted_once(
    directory_project: Project,
    photograph: bytes,
    many_styles: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    directory_project.drop("many.onnx", many_styles)
    inspected: list[str] = []

    def inspect(runner: InProcessRunner, path: str) -> StyleDescription:
        inspected.append(path)
        return StyleDescription(None, 1)

    monkeypatch.setattr(InProcessRunner, "inspect", inspect)

    def act() -> None:
        for name in ("first.jpg", "second.jpg"):
            drop_whole(directory_project, name, photograph)
            wait_for_files(directory_project, f"stylized/many.onnx@0/{name}")

    watch(directory_project, meanwhile=act)

    assert len(inspected) <= 2  # before it is published, and to count


def test_the_gallery_shows_what_was_painted(styled: Project, photograph: bytes) -> None:
    page = styled.data / "gallery" / "index.html"

    def act() -> None:
        wait_for_files(styled, "gallery/index.html")
        drop_whole(styled, "photo.jpg", photograph)
        wait_for_text("painted 1")
        wait_until(lambda: "photo.jpg" in page.read_text())

    watch(styled, meanwhile=act)


def test_a_bad_picture_is_reported_once_and_ends_nothing(
    styled: Project, photograph: bytes, drawing: bytes
) -> None:
    kept = styled.data / "gallery" / ".failures.json"

    def act() -> None:
        bad = drop_whole(styled, "bad.png", b"not an image")
        wait_for_text("bad.png: expected a picture")
        drop_whole(styled, "photo.jpg", photograph)
        wait_for_files(styled, RESULT)
        bad.write_bytes(b"not an image either")
        wait_for_text("bad.png: expected a picture", 2)
        bad.write_bytes(drawing)
        wait_for_files(styled, "stylized/model.pth/bad.png")
        wait_until(lambda: "bad.png" not in kept.read_text())

    result = watch(styled, meanwhile=act)

    assert len(failures(result)) == 2


def test_a_bad_style_is_reported_once(styled: Project, photograph: bytes, drawing: bytes) -> None:
    styled.drop("bad.pth", b"not a style")

    def act() -> None:
        for name, content in (("photo.jpg", photograph), ("drawing.png", drawing)):
            drop_whole(styled, name, content)
            wait_for_files(styled, f"stylized/model.pth/{name}")

    result = watch(styled, meanwhile=act)

    assert len(failures(result)) == 1


def test_a_deletion_deletes_nothing(
    styled: Project, directory_store: DirectoryStore, photograph: bytes, drawing: bytes
) -> None:
    path = styled.drop("photo.jpg", photograph)

    def act() -> None:
        wait_for_files(styled, RESULT)
        path.unlink()
        drop_whole(styled, "drawing.png", drawing)
        wait_for_files(styled, "stylized/model.pth/drawing.png")

    result = watch(styled, meanwhile=act)

    assert failures(result) == []
    assert {"images/photo.jpg", RESULT} <= {*directory_store.list()}
    assert (styled.data / RESULT).exists()


def test_a_finished_download_is_painted_under_its_last_name(
    styled: Project, photograph: bytes
) -> None:
    def act() -> None:
        part = drop_whole(styled, "photo.jpg.crdownload", photograph)
        part.rename(styled.uploads / "photo.jpg")
        wait_for_files(styled, RESULT)

    assert failures(watch(styled, meanwhile=act)) == []


def test_a_file_that_an_editor_replaces_is_a_conflict_and_then_replaced(
    styled: Project, directory_store: DirectoryStore, photograph: bytes, drawing: bytes
) -> None:
    path = styled.drop("photo.jpg", photograph)

    def act() -> None:
        wait_for_files(styled, RESULT)
        drop_whole(styled, ".photo.jpg.new", drawing).replace(path)
        wait_for_text("replaced images/photo.jpg")
        wait_for_text("painted 1", 2)

    watch(styled, "--on-conflict", "replace", meanwhile=act)

    assert directory_store.read("images/photo.jpg") == drawing


def test_a_file_is_not_published_while_a_program_writes_it(
    styled: Project, directory_store: DirectoryStore, photograph: bytes, drawing: bytes
) -> None:
    def act() -> None:
        with (styled.uploads / "photo.jpg").open("wb") as file:
            file.write(photograph)
            file.flush()
            then = time.time() - 2 * QUIET_SECONDS
            os.utime(file.fileno(), (then, then))  # as if the program had stalled
            drop_whole(styled, "drawing.png", drawing)
            wait_for_files(styled, "stylized/model.pth/drawing.png")
            assert "images/photo.jpg" not in directory_store.list()
            file.write(b"trailing")
        wait_for_files(styled, RESULT)

    result = watch(styled, meanwhile=act)

    assert failures(result) == []
    assert directory_store.read("images/photo.jpg") == photograph + b"trailing"


def test_a_folder_that_is_moved_in_is_painted(
    styled: Project, tmp_path: Path, photograph: bytes
) -> None:
    trip = tmp_path / "trip"
    trip.mkdir()
    (trip / "photo.jpg").write_bytes(photograph)

    def act() -> None:
        trip.rename(styled.uploads / "trip")
        wait_for_files(styled, "stylized/model.pth/trip/photo.jpg")

    watch(styled, meanwhile=act)


@pytest.mark.parametrize("polls", [False, True])
def test_a_folder_that_is_replaced_is_watched(
    styled: Project, photograph: bytes, model: bytes, polls: bool
) -> None:
    def act() -> None:
        shutil.rmtree(styled.uploads)
        wait_for_text("is not there")
        drop_whole(styled, "photo.jpg", photograph)
        drop_whole(styled, "model.pth", model)
        wait_for_files(styled, RESULT)
        drop_whole(styled, "second.jpg", photograph)
        wait_for_files(styled, "stylized/model.pth/second.jpg")

    watch(styled, *(["--poll"] if polls else []), meanwhile=act)


def test_a_folder_is_used_in_place_and_only_read(
    styled: Project,
    tmp_path: Path,
    photograph: bytes,
    model: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WATCHFILES_FORCE_POLLING", "1")
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "model.pth").write_bytes(model)

    def act() -> None:
        (folder / "photo.jpg").write_bytes(photograph)
        wait_for_files(styled, RESULT)

    watch(styled, "--uploads", str(folder), meanwhile=act)

    assert sorted(os.listdir(folder)) == ["model.pth", "photo.jpg"]


def test_only_what_is_named_is_painted(
    styled: Project, directory_store: DirectoryStore, photograph: bytes
) -> None:
    arguments = ("--image", "trip/*", "--exclude", "trip/draft*", "--model", "model")

    def act() -> None:
        for name in ("photo.jpg", "trip/draft.jpg", "trip/photo.jpg"):
            drop_whole(styled, name, photograph)
        wait_for_text("painted 1")

    result = watch(styled, *arguments, meanwhile=act)

    assert failures(result) == []
    assert [path for path in directory_store.list() if path.endswith(".jpg")] == [
        "images/trip/photo.jpg",
        "stylized/model.pth/trip/photo.jpg",
    ]


def test_a_stranger_is_reported_if_it_stays(styled: Project) -> None:
    def act() -> None:
        drop_whole(styled, "notes.txt", b"text")
        wait_for_text("notes.txt: neither an image")

    assert len(failures(watch(styled, meanwhile=act))) == 1


def test_without_a_style_the_one_of_the_remote_is_used(
    directory_project: Project, directory_store: DirectoryStore, photograph: bytes, model: bytes
) -> None:
    directory_store.write("saved_models/model.pth", model)
    directory_store.write("images/other.jpg", photograph)

    def act() -> None:
        drop_whole(directory_project, "photo.jpg", photograph)
        wait_for_files(directory_project, RESULT)

    watch(directory_project, meanwhile=act)

    assert directory_project.files("stylized") == [RESULT]


def test_the_remote_is_not_made_anew_where_its_drive_was(
    styled: Project, directory_store: DirectoryStore, photograph: bytes, drawing: bytes
) -> None:
    remote = Path(directory_store.url)

    def act() -> None:
        wait_for_text("published 1")
        away = remote.rename(remote.with_name("away"))
        drop_whole(styled, "photo.jpg", photograph)
        wait_for_text("not there any more")
        drop_whole(styled, "drawing.png", drawing)
        assert not remote.exists()
        away.rename(remote)
        wait_for_files(styled, RESULT, "stylized/model.pth/drawing.png")
        wait_for_text("the remote answers again")

    result = watch(styled, meanwhile=act)

    assert len(failures(result)) == 1
    assert RootedFileSystem(remote).exists(f"{remote}/{RESULT}")
