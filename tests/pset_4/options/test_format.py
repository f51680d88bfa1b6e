"""Results in another format than their image's: where they are, and that all commands know it."""

from __future__ import annotations

import pytest
from PIL import Image

from pset_4.names import check_image_name
from pset_4.styles.results import join_result, split_result
from tests.support.pipeline.projects import Project, assert_failed, read_summary
from tests.support.remotes.stores import RemoteStore

pytestmark = pytest.mark.s3_in_soak

JPEG = ("--format", "jpeg")
FOLDER = "stylized/model.pth@format=jpeg"


@pytest.fixture
def painted(project: Project, drawing: bytes, photograph: bytes, model: bytes) -> Project:
    """A project with an image of each of two formats, painted to JPEG."""
    project.drop("drawing.png", drawing)
    project.drop("lisbon/photo.jpeg", photograph)
    project.drop("model.pth", model)
    assert project.run_well("main", *JPEG)["painted"] == 2
    return project


@pytest.mark.s3_every_day
def test_results_are_of_the_format_and_known_everywhere(
    painted: Project, store: RemoteStore
) -> None:
    expected = ["stylized/model.pth/lisbon/photo.jpeg", f"{FOLDER}/drawing.png.jpg"]

    assert painted.files("stylized") == expected
    assert set(expected) <= set(store.list())
    for name in expected:
        with Image.open(painted.data / name) as result:
            assert result.format == "JPEG"
    found = [(each["image"], each["local"], each["remote"]) for each in painted.status()["results"]]
    assert found == [(name, "current", "yes") for name in ("lisbon/photo.jpeg", "drawing.png")]
    assert painted.run_well("main", *JPEG)["painted"] == 0
    assert painted.run("verify").exit_code == 0
    assert painted.run("explain", "model.pth@format=jpeg/drawing.png.jpg").exit_code == 0


def test_another_quality_replaces_the_result(painted: Project) -> None:
    path = painted.data / FOLDER / "drawing.png.jpg"
    before = path.stat().st_size

    assert painted.run_well("main", *JPEG, "--quality", "30")["painted"] == 2
    assert path.stat().st_size < before


def test_a_result_goes_with_its_image(painted: Project, store: RemoteStore) -> None:
    store.remove("images/drawing.png")
    (painted.uploads / "drawing.png").unlink()

    assert painted.run("prune", "--yes").exit_code == 0
    assert painted.files("stylized") == ["stylized/model.pth/lisbon/photo.jpeg"]


def test_a_format_may_be_named_by_its_suffix(published: Project) -> None:
    published.run_well("main", "-i", "drawing.png", "-m", "model.pth", "--format", "jpg")

    assert published.files("stylized") == [f"{FOLDER}/drawing.png.jpg"]


def test_what_does_not_go_together_is_refused_at_once(directory_project: Project) -> None:
    result = directory_project.run("main", "--format", "png", "--quality", "90")

    assert_failed(result, "expected no quality for png, which loses nothing", exit_code=2)


def test_the_format_of_an_image_itself_makes_the_usual_result(painted: Project) -> None:
    command = ("main", "-m", "model@format=jpeg", "-i", "photo")

    assert painted.run_well(*command)["skipped"] == 1
    assert painted.run_well("main", "-m", "model", "-i", "photo")["skipped"] == 1


def test_a_quality_is_that_of_the_images_whose_format_has_one(painted: Project) -> None:
    painted.run_well("stylize")

    result = painted.run("stylize", "--quality", "30")

    assert result.exit_code == 0, result.output
    assert "note: no --quality for 1 image drawing.png: the format loses" in result.stderr
    counts = read_summary(result)
    assert (counts["painted"], counts["skipped"]) == (1, 1)


@pytest.mark.parametrize(
    ("image", "file"),
    [
        ("a.png", "a.png.jpg"),
        ("a.jpg", "a.jpg"),
        ("a.JFIF", "a.JFIF"),
        ("a.png.jpg", "a.png.jpg.jpg"),
        ("a.jpg.jpg", "a.jpg.jpg.jpg"),
        ("b.c/a.d.tif", "b.c/a.d.tif.jpg"),
        (f"{'x' * 196}.png", f"{'x' * 196}.png.jpg"),
    ],
)
def test_no_two_images_have_one_result(image: str, file: str) -> None:
    check_image_name(image)
    path = f"m.pth@format=jpeg/{file}"

    assert join_result("m.pth@format=jpeg", image) == path
    assert split_result(path) == ("m.pth@format=jpeg", image)


@pytest.mark.parametrize("file", ["a.png", "a.txt.jpg.gif", "a.jpg.png"])
def test_what_no_image_would_have_is_no_result(file: str) -> None:
    assert split_result(f"m.pth@format=jpeg/{file}") is None
