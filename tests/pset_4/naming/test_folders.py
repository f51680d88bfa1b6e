"""Images and models in folders, among the drop-ins, in the remote and in the data folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from pset_4.cli import cli
from tests.support.pipeline.projects import MakeProject, Project, assert_failed, failures
from tests.support.remotes.stores import DirectoryStore, RemoteStore, S3Store

pytestmark = pytest.mark.s3_in_soak

IMAGE, MODEL = "lisbon/day 1/tram.jpg", "shared/one.pth"
RESULT = f"stylized/{MODEL}/{IMAGE}"
PATHS = [f"images/{IMAGE}", f"saved_models/{MODEL}", RESULT]


@pytest.fixture
def filled_project(project: Project, photograph: bytes, model: bytes) -> Project:
    """A project with an image and a model dropped in, both in folders."""
    project.drop(IMAGE, photograph)
    project.drop(MODEL, model)
    return project


def test_drop_ins_in_folders_keep_them_everywhere(
    filled_project: Project, store: RemoteStore
) -> None:
    filled_project.run_well("main")

    assert store.list() == PATHS
    assert filled_project.files("images", "saved_models", "stylized") == PATHS


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_all_may_lie_in_a_folder_whose_name_is_not_utf_8(
    make_project: MakeProject,
    photograph: bytes,
    model: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project = make_project(os.fsdecode(b"caf\xe9"), "")
    project.drop("photo.jpg", photograph)
    project.drop("one.pth", model)
    monkeypatch.chdir(project.folder)

    for command in ("main", "status", "verify"):
        result = CliRunner().invoke(cli, [command])
        assert result.exit_code == 0, result.output

    assert project.files("stylized") == ["stylized/one.pth/photo.jpg"]


def test_what_lies_in_folders_is_not_done_twice(filled_project: Project) -> None:
    filled_project.run_well("main")

    summary = filled_project.run_well("main", "--image", IMAGE, "--model", MODEL)

    assert (summary["painted"], summary["skipped"]) == (0, 1)


@pytest.mark.s3_every_day
def test_status_and_verify_find_what_lies_in_folders(filled_project: Project) -> None:
    filled_project.run_well("main")

    status = filled_project.status()

    assert [picture["name"] for picture in status["images"]] == [IMAGE]
    assert status["results"] == [
        {"model": MODEL, "image": IMAGE, "local": "current", "remote": "yes"}
    ]
    assert filled_project.run_well("verify") == {"checked": 4, "damaged": 0}


def test_a_damaged_result_in_a_folder_is_repaired(filled_project: Project) -> None:
    filled_project.run_well("main")
    (filled_project.data / RESULT).write_bytes(b"altered")

    result = filled_project.run("verify", "--repair")

    assert f"repaired: machine/data/{RESULT}: truncated" in result.stdout
    assert result.exit_code == 0


@pytest.mark.s3_every_day
def test_what_others_put_into_folders_of_the_remote_is_painted(
    project: Project, store: RemoteStore, photograph: bytes, model: bytes
) -> None:
    store.write(PATHS[0], photograph)
    store.write(PATHS[1], model)

    options = ("--no-upload", "--image", IMAGE, "--model", MODEL)
    summary = project.run_well("stylize", *options)

    assert (summary["painted"], project.files("stylized")) == (1, [RESULT])


def test_models_in_folders_of_each_place_are_listed(filled_project: Project) -> None:
    filled_project.run_well("main")

    result = filled_project.run("models", "list")

    assert result.stdout.count(MODEL) == 3, result.output


@pytest.mark.parametrize("folder", ["photo.jpg", "one.pth", "many.onnx@7", "con"])
def test_a_folder_that_passes_for_something_else_is_reported(
    filled_project: Project, store: RemoteStore, photograph: bytes, folder: str
) -> None:
    filled_project.drop(f"{folder}/tram.jpg", photograph)

    result = filled_project.run("upload")

    (line,) = failures(result)
    assert line.startswith(f"failed: {folder}: folder '{folder}': ")
    assert store.list() == PATHS[:2]


def test_beside_an_image_a_key_below_its_name_is_reported(
    s3_project: Project, s3_store: S3Store, photograph: bytes
) -> None:
    s3_store.write("images/a.jpg", photograph)
    s3_store.write("images/a.jpg/b.jpg", photograph)

    result = s3_project.run("download")

    assert_failed(result, "a.jpg/b.jpg: folder 'a.jpg': a folder must not be named like an image")
    assert s3_project.files("images") == ["images/a.jpg"]


@pytest.mark.parametrize("place", ["remote/images", "data/images", "data/stylized/one.pth"])
def test_a_file_where_a_folder_is_needed_is_reported_and_kept(
    place: str, make_project: MakeProject, tmp_path: Path, photograph: bytes, model: bytes
) -> None:
    remote = tmp_path / "machine" / "remote"
    project = make_project("machine", str(remote))
    project.drop("lisbon/tram.jpg", photograph)
    project.drop("one.pth", model)
    obstacle = project.folder / place / "lisbon"
    obstacle.parent.mkdir(parents=True)
    obstacle.write_text("in the way")

    result = project.run("main")

    assert result.exit_code == 1
    (line,) = failures(result)
    assert f"{place}/lisbon" in line
    assert "move away" in line
    assert obstacle.read_text() == "in the way"


def test_a_linked_folder_is_not_followed(
    project: Project, store: RemoteStore, tmp_path: Path, photograph: bytes
) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "tram.jpg").write_bytes(photograph)
    project.drop("photo.jpg", photograph)
    (project.uploads / "linked").symlink_to(tmp_path / "private", target_is_directory=True)

    assert_failed(project.run("upload"), "uploads/linked: a link; copy the files themselves")
    assert store.list() == ["images/photo.jpg"]


@pytest.mark.parametrize("command", ["main", "upload"])
def test_an_image_in_a_linked_folder_is_not_published(
    project: Project,
    store: RemoteStore,
    tmp_path: Path,
    photograph: bytes,
    model: bytes,
    command: str,
) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "tram.jpg").write_bytes(photograph)
    store.write("saved_models/one.pth", model)
    project.uploads.mkdir()
    (project.uploads / "linked").symlink_to(tmp_path / "private", target_is_directory=True)

    result = project.run(command, "--image", "linked/tram.jpg")

    assert_failed(result, "uploads/linked: a link; copy the files themselves")
    assert store.list() == ["saved_models/one.pth"]


def test_hidden_folders_and_leftovers_in_folders_are_ignored(
    filled_project: Project, store: RemoteStore, photograph: bytes
) -> None:
    for path in (".hidden/a.jpg", "lisbon/@eaDir/a.jpg", "lisbon/Thumbs.db", "lisbon/a.jpg.part"):
        filled_project.drop(path, photograph)

    filled_project.run_well("upload")

    assert store.list() == PATHS[:2]


@pytest.mark.usefixtures("bound_by_permissions")
def test_a_folder_that_may_not_be_read_hides_no_other(
    filled_project: Project, store: RemoteStore
) -> None:
    locked = filled_project.uploads / "locked"
    locked.mkdir()
    locked.chmod(0)

    result = filled_project.run("upload")
    locked.chmod(0o700)

    assert_failed(result, "uploads/locked: cannot be read")
    assert store.list() == PATHS[:2]


@pytest.mark.s3_every_day
def test_an_accent_in_a_folder_is_found_composed_or_decomposed(
    project: Project, store: RemoteStore, photograph: bytes
) -> None:
    store.write("images/\u00e9t\u00e9/e\u0301.jpg", photograph)

    summary = project.run_well("download", "--image", "e\u0301te\u0301/\u00e9.jpg")

    assert summary["fetched"] == 1


def test_drop_ins_are_listed_in_the_order_of_their_names(
    directory_project: Project, directory_store: DirectoryStore, drawing: bytes
) -> None:
    names = ["b/a.png", "a.png", "b.png", "a/z.png", "b/a/a.png"]
    for name in names:
        directory_project.drop(name, drawing)

    planned = directory_project.run("upload", "--dry-run")
    directory_project.run("upload")

    lines = [line for line in planned.stdout.splitlines() if line.startswith("would publish")]
    assert [line.split(":")[0] for line in lines] == [
        f"would publish images/{name}" for name in sorted(names)
    ]
    assert os.listdir(directory_store.url) == ["images"]
