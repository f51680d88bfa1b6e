"""The command remove."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from pset_4.cli import cli
from tests.support.pipeline.database import list_records
from tests.support.pipeline.projects import Project, assert_failed
from tests.support.remotes.stores import DirectoryStore, RemoteStore

pytestmark = pytest.mark.s3_in_soak

IMAGE, MODEL, RESULT = "images/drawing.png", "saved_models/one.pth", "stylized/one.pth/drawing.png"


@pytest.fixture
def painted(project: Project, drawing: bytes, model: bytes) -> Project:
    """A project with one result, published."""
    project.drop("drawing.png", drawing)
    project.drop("one.pth", model)
    project.run_well("main")
    return project


@pytest.mark.s3_every_day
def test_remove_takes_the_object_and_the_cached_copy(painted: Project, store: RemoteStore) -> None:
    result = painted.run("remove", "drawing.png", "--yes")

    assert result.exit_code == 0, result.output
    assert store.list() == [MODEL, RESULT]
    assert painted.files("images", "stylized", "uploads") == [
        RESULT,
        "uploads/drawing.png",
        "uploads/one.pth",
    ]
    assert "images/drawing.png" not in list_records(painted.data)


def test_it_says_that_a_drop_in_is_published_again(painted: Project, store: RemoteStore) -> None:
    result = painted.run("remove", "drawing.png", "--yes")
    painted.run_well("main")

    assert f"{painted.uploads}/drawing.png stays, and the next run publishes it" in result.stderr
    assert IMAGE in store.list()


def test_a_drop_in_is_removed_on_request(painted: Project, store: RemoteStore) -> None:
    painted.run("remove", "drawing.png", "--drop-in", "--yes")

    assert painted.files("uploads") == ["uploads/one.pth"]
    assert IMAGE not in store.list()


@pytest.mark.s3_every_day
def test_results_are_removed_on_request(painted: Project, store: RemoteStore) -> None:
    store.write("mlflow/one.pth/manifest.json", b"{}")
    store.write("stylized/other.pth/drawing.png", b"by another style")

    painted.run("remove", "one.pth", "--results", "--yes")

    assert store.list() == [IMAGE, "stylized/other.pth/drawing.png"]
    assert painted.files("saved_models", "stylized") == []


@pytest.mark.parametrize(("words", "verb"), [((), "keeps"), (("--results",), "removed")])
def test_a_package_takes_one_line(
    directory_project: Project,
    directory_store: DirectoryStore,
    model: bytes,
    words: tuple[str, ...],
    verb: str,
) -> None:
    directory_store.write("saved_models/one.pth", model)
    for name in ("MLmodel", "artifacts/style.pth", "manifest.json"):
        directory_store.write(f"mlflow/one.pth/{name}", b"{}")

    result = directory_project.run("remove", "one.pth", "--yes", *words)

    lines = [line for line in result.stderr.splitlines() if "mlflow" in line]
    assert lines == [f"{verb} remote-directory/mlflow/one.pth/ (3 files)"]


@pytest.mark.parametrize("words", [(), ("--drop-in", "--results")])
def test_without_yes_and_terminal_nothing_is_removed(
    painted: Project, store: RemoteStore, words: tuple[str, ...]
) -> None:
    before = store.list(), painted.files("")

    result = painted.run("remove", "drawing.png", *words)

    assert_failed(result, "not confirmed, and there is no terminal to ask; add --yes", 2)
    assert f"/{IMAGE}\n" in result.stderr
    assert (store.list(), painted.files("")) == before


@pytest.mark.parametrize(("reply", "exit_code"), [("y", 0), ("n", 1)])
def test_at_a_terminal_somebody_is_asked(
    directory_project: Project,
    directory_store: DirectoryStore,
    drawing: bytes,
    monkeypatch: pytest.MonkeyPatch,
    reply: str,
    exit_code: int,
) -> None:
    directory_store.write(IMAGE, drawing)
    monkeypatch.setattr("pset_4.commands.upkeep.confirming._has_terminal", lambda: True)

    words = directory_project.arguments("remove", "drawing.png")
    result = CliRunner().invoke(cli, words, input=f"{reply}\n")

    assert result.exit_code == exit_code, result.output
    assert "Remove these files? [y/N]" in result.stderr
    assert directory_store.list() == ([] if reply == "y" else [IMAGE])


def test_json_lists_what_was_removed_and_what_stays(
    directory_project: Project, directory_store: DirectoryStore, drawing: bytes
) -> None:
    directory_project.drop("drawing.png", drawing)
    directory_project.run_well("upload")

    result = directory_project.run("remove", "drawing.png", "--yes", "--json")

    found = json.loads(result.stdout)
    assert found == {
        "removed": [f"{directory_store.url}/{IMAGE}"],
        "kept": [f"{directory_project.uploads}/drawing.png"],
    }


def test_an_unknown_name_is_answered_with_the_nearest(painted: Project) -> None:
    result = painted.run("remove", "drawings.png", "--yes")

    assert_failed(result, "drawings.png: nothing has this name; did you mean drawing.png?")


def test_a_name_may_lack_its_suffix(painted: Project, store: RemoteStore) -> None:
    assert painted.run("remove", "one", "--yes").exit_code == 0

    assert MODEL not in store.list()


def test_a_name_of_several_files_needs_its_suffix(
    painted: Project, store: RemoteStore, model: bytes
) -> None:
    store.write("saved_models/drawing.pth", model)

    result = painted.run("remove", "drawing", "--yes")

    assert_failed(result, "drawing: several files have this name; name one of drawing.p")
    assert IMAGE in store.list()


def test_a_name_without_a_suffix_that_nothing_has_is_refused(painted: Project) -> None:
    result = painted.run("remove", "drawings", "--yes")

    assert_failed(result, "drawings: no image or style model has such a name; did you mean drawing")


def test_a_folder_in_place_is_only_read(
    directory_project: Project, drawing: bytes, tmp_path: Path
) -> None:
    folder = tmp_path / "Pictures"
    folder.mkdir()
    (folder / "drawing.png").write_bytes(drawing)

    result = directory_project.run(
        "--uploads", str(folder), "remove", "drawing.png", "--drop-in", "--yes"
    )

    assert_failed(result, "drop-ins are used in place, and nothing is written there", 2)
    assert (folder / "drawing.png").exists()
