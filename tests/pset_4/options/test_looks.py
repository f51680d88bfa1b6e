"""Two looks of one picture in one style: each has a place of its own, and all commands know it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.pipeline.projects import Project, assert_failed
from tests.support.remotes.stores import RemoteStore

pytestmark = pytest.mark.s3_in_soak

USUAL, PALE = "model.pth/photo.jpg", "model.pth@strength=0.5,preserve-color/photo.jpg"
LOOK = ("--strength", "0.5", "--preserve-color")


@pytest.fixture
def painted(project: Project, photograph: bytes, model: bytes) -> Project:
    """A project with two looks of one picture in one style, here and in the remote."""
    project.drop("photo.jpg", photograph)
    project.drop("model.pth", model)
    project.run_well("main")
    assert project.run_well("main", *LOOK)["published"] == 1
    return project


@pytest.mark.s3_every_day
def test_both_are_kept_and_current(painted: Project, store: RemoteStore) -> None:
    assert painted.files("stylized") == [f"stylized/{name}" for name in (USUAL, PALE)]
    assert {f"stylized/{USUAL}", f"stylized/{PALE}"} <= set(store.list())
    states = [(result["local"], result["remote"]) for result in painted.status()["results"]]
    assert states == [("current", "yes")] * 2
    for options in ((), LOOK):
        assert painted.run_well("main", *options)["skipped"] == 1
    assert painted.run("verify").exit_code == 0


def test_its_name_names_it_on_the_command_line(painted: Project) -> None:
    style, image = PALE.split("/")
    counts = painted.run_well("main", "-m", style, "-m", "model@strength=0.25", "-i", image)

    assert (counts["skipped"], counts["painted"]) == (1, 1)
    assert_failed(painted.run("main", "-m", "model.pth@strength=7"), "not a look", exit_code=2)


def test_it_is_explained_and_followed(painted: Project, photograph: bytes) -> None:
    found = painted.run("explain", PALE, "--json")
    assert json.loads(found.stdout)["matches"] is True
    painted.drop("second.jpg", photograph)
    painted.run_well("stylize", "-i", "second.jpg", "--like", PALE)
    assert (painted.data / "stylized" / PALE.replace("photo", "second")).exists()


def test_it_is_painted_again_where_it_was_damaged(painted: Project) -> None:
    path = painted.data / "stylized" / PALE
    before = path.read_bytes()
    path.write_bytes(before[:-9])

    assert painted.run("verify", "--repair").exit_code == 0
    assert path.read_bytes() == before


def test_a_favorite_is_painted_as_its_proof_was(painted: Project, tmp_path: Path) -> None:
    style, image = PALE.split("/")
    picks = tmp_path / "picks.json"
    picks.write_text(json.dumps({"picks": [{"image": image, "model": style}]}))
    path = painted.data / "stylized" / PALE
    path.unlink()

    assert painted.run_well("stylize", "--only", str(picks))["painted"] == 1
    assert path.exists()


def test_it_goes_with_its_picture(painted: Project, store: RemoteStore) -> None:
    store.remove("images/photo.jpg")
    (painted.uploads / "photo.jpg").unlink()

    result = painted.run("prune", "--yes", "--in-remote", "--even-all", "--json")
    assert PALE in result.stdout
    assert painted.files("stylized") == []
    assert not [name for name in store.list() if name.startswith("stylized/")]


def test_a_look_and_an_option_that_contradicts_it_are_refused(directory_project: Project) -> None:
    style = "model@strength=0.5"
    result = directory_project.run("main", "-m", style, "--strength", "0.7")

    assert_failed(result, f"for {style}, got @strength=0.5 and --strength 0.7", exit_code=2)


def test_a_look_and_the_same_option_may_be_given(painted: Project) -> None:
    style = "model@strength=0.5,preserve-color"

    assert painted.run_well("main", "-m", style, *LOOK, "-i", "photo.jpg")["skipped"] == 1


@pytest.mark.parametrize("style", ["model@sparkle=1", "model.pth@strength=7"])
def test_what_is_meant_as_a_look_and_is_none_is_refused(
    directory_project: Project, style: str
) -> None:
    result = directory_project.run("main", "-m", style)

    assert_failed(result, "not a look", exit_code=2)
    assert "looks have the options" in result.stderr
