"""Blends of styles in the pipeline: a task that requires all their files, and a name of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from neural_style import read_provenance
from tests.support.networks.models import make_model
from tests.support.pipeline.projects import MakeProject, Project, assert_failed
from tests.support.remotes.stores import DirectoryStore, RemoteStore

pytestmark = pytest.mark.s3_in_soak

BLEND = "one.pth=0.25,shared/two.pth=0.75"
RESULT = f"{BLEND}/drawing.png"


@pytest.fixture
def dropped(project: Project, drawing: bytes, model: bytes) -> Project:
    """A project with a picture and two styles, of which one is in a folder."""
    project.drop("drawing.png", drawing)
    project.drop("one.pth", model)
    project.drop("shared/two.pth", make_model(2))
    return project


@pytest.fixture
def painted(dropped: Project) -> Project:
    """The same with the blend."""
    counts = dropped.run_well("main", "-m", "two:0.75,one:0.25")
    assert (counts["painted"], counts["published"], counts["fetched"]) == (1, 4, 3)
    return dropped


@pytest.mark.s3_every_day
def test_it_is_painted_published_and_current(painted: Project, store: RemoteStore) -> None:
    assert painted.files("stylized") == [f"stylized/{RESULT}"]
    assert f"stylized/{RESULT}" in store.list()
    (found,) = painted.status()["results"]
    assert (found["model"], found["local"], found["remote"]) == (BLEND, "current", "yes")
    assert painted.run_well("main", "-m", BLEND)["painted"] == 0
    assert painted.run("verify").exit_code == 0


def test_it_says_what_it_was_made_from(
    painted: Project, drawing: bytes, store: RemoteStore
) -> None:
    explained = json.loads(painted.run("explain", RESULT, "--json").stdout)
    assert (explained["provenance"]["model"], explained["model"]) == (BLEND, "current")
    painted.drop("new.png", drawing)
    painted.run_well("stylize", "-i", "new.png", "--like", RESULT)
    assert (painted.data / "stylized" / BLEND / "new.png").exists()

    store.write("saved_models/shared/two.pth", store.read("saved_models/one.pth"))

    assert json.loads(painted.run("explain", RESULT, "--json").stdout)["model"] == "replaced"


def test_another_version_of_either_file_is_painted_anew(
    painted: Project,
    store: RemoteStore,
) -> None:
    (painted.uploads / "shared/two.pth").unlink()
    store.write("saved_models/shared/two.pth", make_model(3))

    plan = json.loads(painted.run("main", "-m", BLEND, "--dry-run", "--json").stdout)
    assert [each["reason"] for each in plan["painted"]] == ["model 2 replaced in the remote"]
    assert painted.run_well("main", "-m", BLEND)["painted"] == 1


@pytest.mark.s3_every_day
def test_another_machine_fetches_it(
    painted: Project, make_project: MakeProject, drawing: bytes
) -> None:
    other = make_project("other", painted.remote_url)

    counts = other.run_well("main", "-i", "drawing.png", "-m", BLEND)

    assert (counts["painted"], counts["fetched"]) == (0, 4)


def test_it_goes_with_either_file(painted: Project, store: RemoteStore) -> None:
    store.remove("saved_models/shared/two.pth")
    (painted.uploads / "shared/two.pth").unlink()

    assert painted.run("prune", "--yes").exit_code == 0
    assert painted.files("stylized") == []


def test_a_file_that_is_missing_is_named(dropped: Project) -> None:
    result = dropped.run("main", "-m", "one.pth:0.5,missing.pth:0.5")

    assert_failed(result, "saved_models/missing.pth")
    result = dropped.run("main", "-m", "one:0.5,nothing:0.5")
    assert_failed(result, "nothing: no style model has such a name")


@pytest.mark.parametrize(
    ("style", "message"),
    [
        ("one:0.5,shared/two:x", "above 0 for shared/two, got 'x'; write one:0.5,shared/two:0.5"),
        ("one.pth,two.pth", "above 0 for one.pth, got none; write one.pth:0.5,two.pth:0.5"),
        ("one:0,shared/two:1", "expected a weight above 0 for one, got 0"),
        ("one:1,one.pth:3", "got one.pth twice; name each style once, with its whole weight"),
    ],
)
def test_a_blend_that_is_none_is_refused_at_once(
    directory_project: Project, style: str, message: str
) -> None:
    result = directory_project.run("main", "-m", style)

    assert_failed(result, message, exit_code=2)
    assert "skipped" not in result.stderr + result.stdout


@pytest.mark.parametrize("style", ["many.onnx@3:0.5,12:0.5", "many@3:0.5,12:0.5"])
def test_of_a_file_beside_its_own_styles_only_these_are_painted(
    directory_project: Project, tmp_path: Path, drawing: bytes, many_styles: bytes, style: str
) -> None:
    path = tmp_path / "many.onnx"
    path.write_bytes(many_styles)
    directory_project.drop("drawing.png", drawing)
    command = ("stylize", "-m", style, str(path), "-i", "drawing")

    plan = json.loads(directory_project.run(*command, "--dry-run", "--json").stdout)
    expected = "stylized/many.onnx@3=0.5,12=0.5/drawing.png"
    assert [each["path"] for each in plan["painted"]] == [f"{directory_project.data}/{expected}"]
    assert directory_project.run_well(*command)["painted"] == 1
    assert directory_project.files("stylized") == [expected]


def test_styles_of_one_file_are_mixed_by_number(
    directory_project: Project, directory_store: DirectoryStore, drawing: bytes, many_styles: bytes
) -> None:
    directory_store.write("images/drawing.png", drawing)
    directory_store.write("saved_models/many.onnx", many_styles)

    counts = directory_project.run_well(
        "main", "-i", "drawing.png", "-m", "many.onnx@12:1,3:1", "--preserve-color"
    )

    assert counts["painted"] == 1
    style = "many.onnx@3=0.5,12=0.5@preserve-color"
    made = read_provenance(directory_project.data / "stylized" / style / "drawing.png")
    assert made is not None
    assert (made.model, made.options["number"]) == ("many.onnx", "3=0.5,12=0.5")
